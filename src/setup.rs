//! Owns what the first run decided for this machine: the room's name, the screen's size, what a sound meter read at the
//! pillow, the loudest level. It lies in
//! the state directory and stands above kiosk.toml. The PIN is kept apart, as a hash.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::paths::private;

/// Its file in the state directory.
pub const SETUP_FILE: &str = "setup.toml";

/// What the first run decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The room's name.
    pub room_name: String,
    /// The screen's diagonal, in inches.
    pub diagonal_inches: f32,
    /// No sound goes above, dB below full scale.
    pub cap_db: f32,
    /// What a sound meter read at the pillow for the room's tone, in dB(A).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_dba: Option<f32>,
}

/// Why a setup could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// It cannot be written.
    #[error("{}: {source}; make the state directory writable", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It cannot be read as what it should be.
    #[error("{}: {why}; remove it, and the first run asks anew", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Setup {
    /// The setup in a state directory, if there was a first run.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn load(state: &Path) -> Result<Option<Self>, SetupError> {
        let path = state.join(SETUP_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => match toml::from_str::<Self>(&text) {
                Ok(setup) => Ok(Some(setup)),
                Err(error) => Err(SetupError::Unreadable { path, why: error.message().to_owned() }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SetupError::Unreadable { path, why: error.to_string() }),
        }
    }

    /// Keeps it, atomically.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, state: &Path) -> Result<(), SetupError> {
        let path = state.join(SETUP_FILE);
        let text = toml::to_string(self)
            .map_err(|error| SetupError::Unreadable { path: path.clone(), why: error.to_string() })?;
        private::write_whole(&path, text.as_bytes()).map_err(|source| SetupError::Unwritable { path, source })
    }

    /// Puts what was decided here above what kiosk.toml says.
    pub fn apply(&self, config: &mut Config) {
        config.room.name.clone_from(&self.room_name);
        config.screen.diagonal_inches = self.diagonal_inches;
        config.sound.cap_db = self.cap_db;
        if let Some(reading_dba) = self.reading_dba {
            config.sound.calibration = Some(config.sound.calibrated_by(reading_dba));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Setup::load(dir.path()).unwrap(), None);
        let setup =
            Setup { room_name: "Room \"4\"".to_owned(), diagonal_inches: 10.1, cap_db: -14.0, reading_dba: None };
        setup.save(dir.path()).unwrap();
        assert_eq!(Setup::load(dir.path()).unwrap(), Some(setup.clone()));
        let read = Setup { reading_dba: Some(52.0), ..setup };
        read.save(dir.path()).unwrap();
        assert_eq!(Setup::load(dir.path()).unwrap(), Some(read.clone()));
        let mut config = Config::default();
        read.apply(&mut config);
        // Music at −16 dB is 10 dB below the tone that read 52 dB(A).
        assert_eq!(config.sound.loudness(-16.0).1, Some(42.0));
    }

    #[test]
    fn a_damaged_file_is_named_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(SETUP_FILE), "room_name = 4").unwrap();
        let error = Setup::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains(SETUP_FILE) && error.contains("first run asks anew"), "{error}");
    }
}
