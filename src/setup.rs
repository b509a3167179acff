//! Owns the values that staff enter in the first-run setup: the room's name, the screen's size, the reading of a sound
//! meter at the pillow, and the cap on the volume. The values are stored in the state directory, and override those in
//! kiosk.toml. Does not own the staff PIN, which is stored separately.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Config, DIAGONAL_INCHES, READING_DBA};
use crate::paths::checksummed::{ChecksummedFile, ReadOutcome};
use crate::profile::LEVEL_DB;

/// The name of the setup's file in the state directory.
pub const SETUP_FILE: &str = "setup.toml";
const FILE_BYTES_MAX: usize = 4096;

/// What staff enter in the first-run setup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The room's name.
    pub room_name: String,
    /// The screen's diagonal, in inches.
    pub diagonal_inches: f32,
    /// The cap on the patient's volume, in dB relative to full scale.
    pub cap_db: f32,
    /// The reading of a sound meter at the pillow for the room's test tone, in dB(A). `None` if there was no meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_dba: Option<f32>,
}

/// Why a setup could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}; make the state directory writable")]
pub struct SetupError {
    path: String,
    source: std::io::Error,
}

impl Setup {
    /// Loads the setup from a state directory. If only the file or only its copy is damaged, repairs it from the other.
    #[must_use]
    pub fn load(state: &Path) -> ReadOutcome<Self> {
        file_in(state).read_and_repair(parse)
    }

    /// Saves the setup in a state directory.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, state: &Path) -> Result<(), SetupError> {
        let file = file_in(state);
        let written = toml::to_string(self).map_err(std::io::Error::other).and_then(|text| file.write(text.as_bytes()));
        written.map_err(|source| SetupError { path: file.path().display().to_string(), source })
    }

    /// Replaces the values in `config` that the setup overrides.
    pub fn apply(&self, config: &mut Config) {
        config.room.name.clone_from(&self.room_name);
        config.screen.diagonal_inches = self.diagonal_inches;
        config.sound.cap_db = self.cap_db;
        if let Some(reading_dba) = self.reading_dba {
            config.sound.calibration = Some(config.sound.calibrated_by(reading_dba));
        }
    }
}

/// Limits the volume to the lowest level that a configuration can set. Used if the stored cap cannot be read.
pub fn make_quietest(config: &mut Config) {
    config.sound.cap_db = *LEVEL_DB.start();
    config.sound.start_volume_db = *LEVEL_DB.start();
}

fn file_in(state: &Path) -> ChecksummedFile {
    ChecksummedFile::at(state.join(SETUP_FILE), FILE_BYTES_MAX)
}

fn parse(body: &[u8]) -> Result<Setup, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not text".to_owned())?;
    let setup: Setup = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let reading_dba = setup.reading_dba.unwrap_or(*READING_DBA.start());
    let levels = [
        ("diagonal_inches", setup.diagonal_inches, DIAGONAL_INCHES),
        ("cap_db", setup.cap_db, LEVEL_DB),
        ("reading_dba", reading_dba, READING_DBA),
    ];
    match levels.into_iter().find(|(_, value, allowed)| !allowed.contains(value)) {
        Some((key, value, allowed)) => {
            Err(format!("{key} is {value}, and {} to {} is allowed", allowed.start(), allowed.end()))
        }
        None => Ok(setup),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn quiet() -> Setup {
        Setup { room_name: "Room \"4\"".to_owned(), diagonal_inches: 10.1, cap_db: -40.0, reading_dba: None }
    }

    #[test]
    fn a_saved_setup_is_loaded_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Setup::load(dir.path()), ReadOutcome::Missing);
        let setup = quiet();
        setup.save(dir.path()).unwrap();
        assert_eq!(Setup::load(dir.path()), ReadOutcome::Intact(setup.clone()));
        let read = Setup { reading_dba: Some(52.0), ..setup };
        read.save(dir.path()).unwrap();
        assert_eq!(Setup::load(dir.path()), ReadOutcome::Intact(read.clone()));
        let mut config = Config::default();
        read.apply(&mut config);
        // The meter read 52 dB(A) for the test tone. Music at −16 dB is 10 dB below that.
        assert_eq!(config.sound.loudness(-16.0).1, Some(42.0));
    }

    #[test]
    fn no_truncation_and_no_flipped_bit_changes_the_cap() {
        let dir = tempfile::tempdir().unwrap();
        let (file, setup) = (dir.path().join(SETUP_FILE), Setup { reading_dba: Some(52.0), ..quiet() });
        setup.save(dir.path()).unwrap();
        let whole = fs::read(&file).unwrap();
        let copy = file_in(dir.path()).copy_path();
        let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len() * 8).map(|bit| {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        });
        for damaged in cuts.chain(flips) {
            fs::write(&file, &damaged).unwrap();
            let stored = file_in(dir.path());
            assert!(matches!(stored.read(parse), ReadOutcome::Restored { value, .. } if value == setup), "{damaged:?}");
            fs::write(&copy, &damaged).unwrap();
            assert!(matches!(stored.read(parse), ReadOutcome::Damaged { .. }), "{damaged:?}");
            fs::write(&copy, &whole).unwrap();
        }
    }

    #[test]
    fn a_level_that_the_first_run_cannot_set_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        for (from, to) in [("-40.0", "nan"), ("-40.0", "40.0"), ("-40.0", "-400.0"), ("10.1", "inf"), ("10.1", "0.0")] {
            let text = toml::to_string(&quiet()).unwrap().replace(from, to);
            fs::write(dir.path().join(SETUP_FILE), &text).unwrap();
            assert!(matches!(Setup::load(dir.path()), ReadOutcome::Damaged { .. }), "{text}");
        }
        let text = toml::to_string(&quiet()).unwrap();
        fs::write(dir.path().join(SETUP_FILE), &text).unwrap();
        assert_eq!(
            Setup::load(dir.path()),
            ReadOutcome::Intact(quiet()),
            "a file of an earlier version has no checksum"
        );
    }
}
