//! Owns the sealed copy of a note: its encryption to the therapist's key and the atomic write to its destination. Does
//! not own the sheets, or the sealed notes that stay in the room (`vault`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use chrono::NaiveDate;
use thiserror::Error;
use zeroize::Zeroizing;

use super::sticks;

/// Crockford's Base32 alphabet. It has no I, L or O, because they look like 1 and 0, and no U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 8;
/// Prefix of the name of a file that is still being written.
const UNFINISHED: &str = ".stillroom-unfinished-";

/// Why a note was not sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// The configured recipient is not an age key.
    #[error("the recipient is not an age key; `age-keygen` makes one, and its public half starts with age1")]
    Recipient,
    /// The note could not be encrypted.
    #[error("the note could not be sealed")]
    Sealing,
    /// No writable stick is mounted.
    #[error("no memory stick is mounted")]
    NoStick,
    /// The destination is full.
    #[error("there is no space left at {destination}")]
    Full {
        /// The folder, or the mount point of the stick.
        destination: PathBuf,
    },
    /// The destination cannot be written to.
    #[error("{destination} cannot be written: {source}")]
    Unwritable {
        /// The folder, or the mount point of the stick.
        destination: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// An unfinished file cannot be removed.
    #[error(
        "an unfinished file at {destination} cannot be removed: {source}; make the folder writable or remove the stick, \
         and reset again"
    )]
    Left {
        /// The folder, or the mount point of the stick.
        destination: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl SealError {
    fn at(destination: &Path, source: io::Error) -> Self {
        let destination = destination.to_owned();
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Self::Full { destination }
        } else {
            Self::Unwritable { destination, source }
        }
    }
}

/// The recipient and the destination of sealed notes.
#[derive(Clone)]
pub struct Sealer {
    recipient: Recipient,
    folder: Option<PathBuf>,
}

impl Sealer {
    /// Creates a sealer for this age key. It writes to `folder` or, if `folder` is `None`, to a memory stick.
    ///
    /// # Errors
    /// If the recipient is not an age key.
    pub fn new(recipient: &str, folder: Option<PathBuf>) -> Result<Self, SealError> {
        let recipient = recipient.parse().map_err(|_| SealError::Recipient)?;
        Ok(Self { recipient, folder })
    }

    /// Seals a PDF and writes it to its destination. Returns the code in the file name. With this code, the patient and
    /// the therapist can refer to the file without naming anybody.
    ///
    /// # Errors
    /// If the PDF cannot be sealed or written.
    pub fn seal(&self, pdf: &[u8], date: NaiveDate) -> Result<String, SealError> {
        let destination = match &self.folder {
            Some(folder) => folder.clone(),
            None => sticks::find().into_iter().next().ok_or(SealError::NoStick)?,
        };
        self.seal_to(&destination, pdf, date)
    }

    fn seal_to(&self, destination: &Path, pdf: &[u8], date: NaiveDate) -> Result<String, SealError> {
        let sealed = age::encrypt(&self.recipient, pdf).map_err(|_| SealError::Sealing)?;
        let code = code().map_err(|source| SealError::Unwritable { destination: destination.to_owned(), source })?;
        let name = format!("stillroom-{}-{code}.pdf.age", date.format("%Y-%m-%d"));
        write(destination, &name, &sealed)?;
        Ok(code)
    }

    /// Removes files that a power cut left incomplete. Nobody can read them, because they are sealed, but they are
    /// useless. A folder that does not exist has none, and a stick that is no longer there is left out.
    ///
    /// # Errors
    /// [`SealError::Left`] for the first destination that may still have one. The others are removed all the same.
    pub fn remove_unfinished(&self) -> Result<(), SealError> {
        let destinations = self.folder.clone().map_or_else(sticks::find, |folder| vec![folder]);
        let mut first_error = None;
        for destination in destinations {
            if let Err(source) = remove_unfinished_in(&destination)
                && (self.folder.is_some() || sticks::find().contains(&destination))
            {
                first_error.get_or_insert(SealError::Left { destination, source });
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}

/// Removes the unfinished files of a folder, and returns the first error.
fn remove_unfinished_in(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut outcome = Ok(());
    for entry in entries {
        // Another room may be writing this file to the same folder at this moment. That room then reports a failure,
        // and its patient can try again.
        let removed = entry.and_then(|entry| {
            let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            if is_unfinished { remove_if_there(&entry.path()) } else { Ok(()) }
        });
        outcome = outcome.and(removed);
    }
    outcome
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Writes a file atomically: after a power cut, or after the stick was pulled out, the file is either complete or
/// absent. Does not use `paths::private::write_atomic`, for two reasons. The file leaves the machine, so it gets the
/// default mode instead of 0600, and an unfinished file must be recognisable by its name.
fn write(destination: &Path, name: &str, bytes: &[u8]) -> Result<(), SealError> {
    let unfinished = destination.join(format!("{UNFINISHED}{name}"));
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, destination.join(name)));
    if let Err(problem) = written {
        return Err(match remove_if_there(&unfinished) {
            Ok(()) => SealError::at(destination, problem),
            Err(source) => SealError::Left { destination: destination.to_owned(), source },
        });
    }
    sync_folder(destination).map_err(|problem| SealError::at(destination, problem))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = File::open(path)?;
    match folder.sync_all() {
        // Some file systems on sticks cannot sync a folder, so sync the whole file system instead.
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
    getrandom::fill(random.as_mut_slice()).map_err(|_| io::Error::other("the system provides no randomness"))?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let letters: Vec<char> = random.iter().map(letter).collect();
    let (first, second) = letters.split_at(CODE_LETTERS / 2);
    Ok(format!("{}-{}", String::from_iter(first), String::from_iter(second)))
}

#[cfg(test)]
mod tests;
