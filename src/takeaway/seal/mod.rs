//! Owns sealing a note to the therapist's key, and putting it whole where it is to go. Does not own the sheets, nor the
//! visit's own seal on disk (`vault`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use chrono::NaiveDate;
use thiserror::Error;
use zeroize::Zeroizing;

use super::sticks;

/// Letters that are not taken for one another when they are read aloud.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 8;
/// A file is begun under a name that starts so.
const UNFINISHED: &str = ".stillroom-unfinished-";

/// Why nothing was sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// The key of the configuration is none.
    #[error("the recipient is no age key; `age-keygen` makes one, and its public half starts with age1")]
    Recipient,
    /// It could not be sealed in memory.
    #[error("the note could not be sealed")]
    Sealing,
    /// No stick is mounted.
    #[error("no memory stick is mounted")]
    NoStick,
    /// There is no room left.
    #[error("there is no room left at {place}")]
    Full {
        /// Where.
        place: PathBuf,
    },
    /// It could not be written there.
    #[error("{place} cannot be written: {source}")]
    Unwritable {
        /// Where.
        place: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SealError {
    fn at(place: &Path, source: io::Error) -> Self {
        let place = place.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { place },
            _ => Self::Unwritable { place, source },
        }
    }
}

/// Where sealed notes go, and for whom.
#[derive(Clone)]
pub struct Sealer {
    recipient: Recipient,
    folder: Option<PathBuf>,
}

impl Sealer {
    /// For that key, into that folder; without one, onto a memory stick.
    pub fn new(recipient: &str, folder: Option<PathBuf>) -> Result<Self, SealError> {
        let recipient = recipient.parse().map_err(|_| SealError::Recipient)?;
        Ok(Self { recipient, folder })
    }

    /// Seals the PDF and puts it where it is to go. Gives the code in the file's name, by which patient and therapist can
    /// speak of it.
    pub fn seal(&self, pdf: &[u8], on: NaiveDate) -> Result<String, SealError> {
        let place = match &self.folder {
            Some(folder) => folder.clone(),
            None => sticks::find().into_iter().next().ok_or(SealError::NoStick)?,
        };
        self.seal_to(&place, pdf, on)
    }

    fn seal_to(&self, place: &Path, pdf: &[u8], on: NaiveDate) -> Result<String, SealError> {
        let sealed = age::encrypt(&self.recipient, pdf).map_err(|_| SealError::Sealing)?;
        let code = code().map_err(|source| SealError::Unwritable { place: place.to_owned(), source })?;
        let name = format!("stillroom-{}-{code}.pdf.age", on.format("%Y-%m-%d"));
        match put(place, &name, &sealed) {
            Ok(()) => Ok(code),
            Err(source) => Err(SealError::at(place, source)),
        }
    }

    /// Removes what a power cut left unfinished; it is sealed, but it is of no use to anybody.
    pub fn tidy(&self) {
        let places = self.folder.clone().map_or_else(sticks::find, |folder| vec![folder]);
        for place in places {
            let Ok(entries) = fs::read_dir(place) else { continue };
            for entry in entries.filter_map(Result::ok) {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    // Whoever else writes there now tries again.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}

/// Writes, syncs, gives it its name, syncs the folder: after a power cut or a pulled stick the file is whole or not there.
fn put(place: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = place.join(format!("{UNFINISHED}{name}"));
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, place.join(name)));
    if let Err(problem) = written {
        // A stick that is gone took it along.
        let _ = fs::remove_file(&unfinished);
        return Err(problem);
    }
    let folder = File::open(place)?;
    match folder.sync_all() {
        // Some file systems of sticks cannot sync a folder; then the whole of it is synced.
        Err(problem) if problem.kind() == io::ErrorKind::InvalidInput => {
            rustix::fs::syncfs(&folder).map_err(Into::into)
        }
        synced => synced,
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn code() -> io::Result<String> {
    let mut random = Zeroizing::new([0_u8; CODE_LETTERS]);
    getrandom::fill(random.as_mut_slice()).map_err(|_| io::Error::other("the system gives no randomness"))?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let letters: Vec<char> = random.iter().map(letter).collect();
    let (first, second) = letters.split_at(CODE_LETTERS / 2);
    Ok(format!("{}-{}", String::from_iter(first), String::from_iter(second)))
}

#[cfg(test)]
mod tests;
