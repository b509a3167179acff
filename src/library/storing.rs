//! Owns the writing of music and entries into the library. A file gets a temporary name first and then its own, so that
//! a stop at any moment leaves nothing half-written under a name that the room reads. Does not own the decision whether
//! a file is accepted (`cli::media`).

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{FOLDER, NAME_BYTES_MAX, TrackTags, entry_path, is_music};
use crate::paths::private::sync_parent;
use crate::vocabulary::sound::TRACK_ENDINGS;

/// The beginning of the name of a file that is still being added.
const TEMPORARY_PREFIX: &str = ".adding-";
/// Number of bytes that are copied at a time.
const CHUNK_BYTES: usize = 1 << 18;

/// Why nothing can be written into the library, or a file not be copied. Each message names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The media folder does not exist.
    #[error(
        "{}: there is no such folder; create it, or set dir under [media] in kiosk.toml to the folder of the media",
        path.display()
    )]
    NoMediaFolder {
        /// The media folder.
        path: PathBuf,
    },
    /// Another process adds music to this folder.
    #[error("{}: another `stillroom media add` is at work here; try again when it has finished", path.display())]
    Busy {
        /// The library's folder.
        path: PathBuf,
    },
    /// The disk is full.
    #[error(
        "{}: no room for {} MiB more; free space there, or set dir under [media] in kiosk.toml to a folder on another \
         disk",
        path.display(),
        bytes.div_ceil(1 << 20)
    )]
    Full {
        /// The library's folder.
        path: PathBuf,
        /// The size of what was to be written, in bytes.
        bytes: u64,
    },
    /// This user has no permission to write there.
    #[error(
        "{}: this user may not write there; run the command as the user to whom the folder belongs, for example with \
         sudo",
        path.display()
    )]
    NotPermitted {
        /// The library's folder.
        path: PathBuf,
    },
    /// The file system is read-only.
    #[error(
        "{}: the file system is read-only; mount it so that it can be written (mount -o remount,rw), and try again",
        path.display()
    )]
    ReadOnly {
        /// The library's folder.
        path: PathBuf,
    },
    /// Meanwhile, a file with this name has appeared.
    #[error("{}: a file with this name has just appeared there; look at it, and try again", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The file that was to be copied cannot be read.
    #[error("{}: it cannot be read: {source}; check the disk or stick that it is on", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Anything else.
    #[error("{}: {source}; check the disk, and try again", path.display())]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether every further file would fail in the same way.
    #[must_use]
    pub const fn concerns_folder(&self) -> bool {
        !matches!(self, Self::Taken { .. } | Self::Unreadable { .. })
    }

    /// Makes an error from the system's, which occurred while `bytes` bytes were written to `path`.
    fn writing(path: &Path, bytes: u64, source: io::Error) -> Self {
        let path = path.to_owned();
        if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) {
            return Self::Full { path, bytes };
        }
        let kind = source.kind();
        if kind == ErrorKind::PermissionDenied {
            Self::NotPermitted { path }
        } else if kind == ErrorKind::ReadOnlyFilesystem {
            Self::ReadOnly { path }
        } else if kind == ErrorKind::AlreadyExists {
            Self::Taken { path }
        } else {
            Self::Failed { path, source }
        }
    }
}

/// Returns the name under which a file can be added.
///
/// # Errors
/// If profiles, lists or file systems could not handle the name. The error says why, and what to do.
pub fn name_in_library(file: &Path) -> Result<&str, String> {
    let name = file.file_name().ok_or_else(|| "it has no file name; name a music file".to_owned())?;
    let Some(name) = name.to_str() else {
        return Err("its name is not UTF-8; copy it to a name of plain letters, and add the copy".to_owned());
    };
    if name.chars().any(|char| char.is_control() || is_invisible(char)) {
        return Err(
            "its name has invisible characters; copy it to a name of plain letters, and add the copy".to_owned()
        );
    }
    if name.starts_with(['.', '-']) {
        return Err("its name begins with a full stop or a hyphen; rename it".to_owned());
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(format!("its name is longer than {NAME_BYTES_MAX} bytes; rename it"));
    }
    if !is_music(file) {
        return Err(format!(
            "its name ends in none of {}; convert it, for example with `ffmpeg -i FILE NAME.flac`, and add the result",
            TRACK_ENDINGS.map(|ending| format!(".{ending}")).join(", ")
        ));
    }
    Ok(name)
}

/// Whether a character takes no space or changes the direction of the text around it.
const fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The library's folder, opened for writing. Only one process at a time has it open.
#[derive(Debug)]
pub struct MusicFolder {
    path: PathBuf,
    /// Locked as long as it is open, where the file system has locks.
    _lock: File,
}

impl MusicFolder {
    /// Opens the library's folder in the media folder `media_dir`, and creates it if it is missing. Removes what an
    /// interrupted command left behind.
    ///
    /// # Errors
    /// If the media folder is missing, the library's folder cannot be created, or another process has it open.
    pub fn open(media_dir: &Path) -> Result<Self, StoreError> {
        if !media_dir.is_dir() {
            return Err(StoreError::NoMediaFolder { path: media_dir.to_owned() });
        }
        let path = media_dir.join(FOLDER);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(StoreError::writing(&path, 0, error)),
            _ => {}
        }
        let lock = File::open(&path).map_err(|error| StoreError::writing(&path, 0, error))?;
        match lock.try_lock() {
            Ok(()) => remove_leftovers(&path),
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Busy { path }),
            // Without locks, the temporary file of another process could not be told from one that was left behind.
            Err(fs::TryLockError::Error(_)) => {}
        }
        Ok(Self { path, _lock: lock })
    }

    /// The path of the file with this name.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Copies `source` into the folder under a temporary name. Passes the number of bytes copied so far to `progress`.
    ///
    /// # Errors
    /// If the file cannot be read or written. Nothing is left behind.
    pub fn stage(&self, source: &Path, name: &str, progress: &mut dyn FnMut(u64)) -> Result<StagedFile, StoreError> {
        let unreadable = |error| StoreError::Unreadable { path: source.to_owned(), source: error };
        let mut from = File::open(source).map_err(unreadable)?;
        let bytes = from.metadata().map_err(unreadable)?.len();
        let failed = |error| StoreError::writing(&self.path, bytes, error);
        let (staged, mut to) = self.create_staged(name).map_err(failed)?;
        let (mut chunk, mut copied) = (vec![0; CHUNK_BYTES], 0);
        loop {
            let read = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            to.write_all(&chunk[..read]).map_err(failed)?;
            copied += read as u64;
            progress(copied);
        }
        to.sync_all().map_err(failed)?;
        Ok(staged)
    }

    /// Writes the entry of the file with this name, and replaces an earlier one.
    ///
    /// # Errors
    /// If it cannot be written. An earlier entry is then still there.
    pub fn write_entry(&self, name: &str, tags: &TrackTags) -> Result<(), StoreError> {
        let text = tags.to_toml();
        let entry = entry_path(&self.path_of(name));
        let failed = |error| StoreError::writing(&self.path, text.len() as u64, error);
        let entry_name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (staged, mut file) = self.create_staged(&entry_name).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        staged.commit(true)
    }

    /// Creates the temporary file for the file with this name. Unlike the room's own files, it can be read by all users
    /// whom the umask lets read it, because another user may add music than the one that the room runs as.
    fn create_staged(&self, name: &str) -> io::Result<(StagedFile, File)> {
        let mut temporary = OsString::from(TEMPORARY_PREFIX);
        temporary.push(name);
        let staged = StagedFile { temporary: self.path.join(temporary), target: self.path_of(name), is_kept: false };
        match fs::remove_file(&staged.temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&staged.temporary)?;
        Ok((staged, file))
    }
}

/// A file under its temporary name. Dropping it removes it.
#[derive(Debug)]
pub struct StagedFile {
    temporary: PathBuf,
    target: PathBuf,
    is_kept: bool,
}

impl StagedFile {
    /// The present path of the file, with the extension that it will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Gives the file its own name. Replaces another file of that name only if `may_replace` is true.
    ///
    /// # Errors
    /// If there is such a file and it may not be replaced, or the system refuses. The temporary file is then removed.
    pub fn commit(mut self, may_replace: bool) -> Result<(), StoreError> {
        let failed = |error| StoreError::writing(&self.target, 0, error);
        let renamed = if may_replace {
            fs::rename(&self.temporary, &self.target)
        } else {
            rename_to_free_name(&self.temporary, &self.target)
        };
        renamed.map_err(failed)?;
        self.is_kept = true;
        sync_parent(&self.target).map_err(|error| StoreError::writing(&self.target, 0, error))
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // If this fails, the next command removes it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Renames a file, and never replaces another one.
fn rename_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot do this in one step.
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        renamed => renamed.map_err(Into::into),
    }
}

fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(TEMPORARY_PREFIX.as_bytes())) {
        // If this fails, the file only takes space.
        let _ = fs::remove_file(entry.path());
    }
}

/// Whether two files have the same content.
///
/// # Errors
/// The system's error, if either cannot be read.
pub fn are_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        (&one).take(CHUNK_BYTES as u64).read_to_end(&mut left)?;
        (&other).take(CHUNK_BYTES as u64).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let media = tempfile::tempdir().unwrap();
        let source = media.path().join("source.flac");
        fs::write(&source, vec![7; CHUNK_BYTES + 9]).unwrap();
        let music = media.path().join(FOLDER);
        {
            let folder = MusicFolder::open(media.path()).unwrap();
            let mut told = Vec::new();
            let staged = folder.stage(&source, "a.flac", &mut |bytes| told.push(bytes)).unwrap();
            assert_eq!(told, [CHUNK_BYTES as u64, CHUNK_BYTES as u64 + 9]);
            assert_eq!(names(&music), [".adding-a.flac"]);
            assert!(matches!(MusicFolder::open(media.path()), Err(StoreError::Busy { .. })));
            drop(staged);
            assert_eq!(names(&music), [""; 0]);
            folder.stage(&source, "a.flac", &mut |_| {}).unwrap().commit(false).unwrap();
            let refused = folder.stage(&source, "a.flac", &mut |_| {}).unwrap().commit(false);
            assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
            folder.write_entry("a.flac", &TrackTags::default()).unwrap();
            assert_eq!(names(&music), ["a.flac", "a.flac.toml"]);
        }
        // What a killed command left behind is removed by the next one.
        fs::write(music.join(".adding-b.flac"), "half").unwrap();
        drop(MusicFolder::open(media.path()).unwrap());
        assert_eq!(names(&music), ["a.flac", "a.flac.toml"]);
        assert!(are_equal(&source, &music.join("a.flac")).unwrap());
        fs::write(&source, vec![8; CHUNK_BYTES + 9]).unwrap();
        assert!(!are_equal(&source, &music.join("a.flac")).unwrap());
    }

    #[test]
    fn errors_name_the_place_and_the_remedy() {
        let media = tempfile::tempdir().unwrap();
        let gone = MusicFolder::open(&media.path().join("none")).unwrap_err().to_string();
        assert!(gone.contains("none: there is no such folder; create it"), "{gone}");
        let told = |kind: ErrorKind| StoreError::writing(Path::new("/m/music"), 3 << 20, kind.into()).to_string();
        assert!(told(ErrorKind::StorageFull).contains("/m/music: no room for 3 MiB more; free space"));
        assert!(told(ErrorKind::PermissionDenied).contains("/m/music: this user may not write there; run"));
        assert!(told(ErrorKind::ReadOnlyFilesystem).contains("/m/music: the file system is read-only; mount"));
        fs::write(media.path().join(FOLDER), "").unwrap();
        assert!(
            MusicFolder::open(media.path())
                .is_ok_and(|folder| folder.stage(Path::new("/none"), "a", &mut |_| {}).is_err())
        );
    }

    #[test]
    fn names_that_would_cause_trouble_later_are_refused() {
        for right in ["a.flac", "Été 2.MP3", "it's (live) & loud.wav"] {
            assert_eq!(name_in_library(&Path::new("/stick").join(right)), Ok(right));
        }
        let long = format!("{}.flac", "x".repeat(NAME_BYTES_MAX));
        for wrong in [".a.flac", "-a.flac", "a\nb.flac", "a\u{202e}b.flac", "a.opus", "a", &long, ".."] {
            assert!(name_in_library(Path::new(wrong)).is_err(), "{wrong:?}");
        }
    }
}
