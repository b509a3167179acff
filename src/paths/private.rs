//! Owns the ways in which a private file is made, replaced and destroyed so that a power cut at any moment leaves
//! either the old one or the new one. Does not own what is in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The mode of every file of ours.
pub const FILE_MODE: u32 = 0o600;
/// The mode of every directory of ours.
pub const DIR_MODE: u32 = 0o700;
/// Overwriting goes on in pieces of this many bytes.
const PIECE_BYTES: usize = 4096;

/// Makes a directory for our eyes only, or makes one that is ours so.
///
/// # Errors
/// If it cannot be made, is no directory, or belongs to another user.
pub fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(path)?;
    let found = fs::metadata(path)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "belongs to another user"));
    }
    if found.permissions().mode() & 0o777 != DIR_MODE {
        fs::set_permissions(path, Permissions::from_mode(DIR_MODE))?;
    }
    Ok(())
}

/// The name under which a file is written before it takes its place.
#[must_use]
pub fn temporary_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Puts `bytes` in the place of `path`, mode 0600: afterwards, and after a power cut at any moment, the file is
/// either whole and new or as it was.
///
/// # Errors
/// What the system said; the file is as it was then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_of(path);
    remove(&temporary)?;
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(problem) = written {
        // What is left of a failed attempt helps nobody; the next attempt would remove it as well.
        let _ = fs::remove_file(&temporary);
        return Err(problem);
    }
    sync_dir_of(path)
}

/// Reads a file of at most `bytes_max`; `None` if there is none.
///
/// # Errors
/// What the system said, or `InvalidData` if the file is larger.
pub fn read_limited(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if size > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than it can ever be"));
    }
    // One allocation that never moves, so that a secret read leaves no second copy behind.
    let mut bytes = Vec::with_capacity(size + 1);
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Removes a file for good. Answers whether there was one.
///
/// # Errors
/// What the system said, unless there was none.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => sync_dir_of(path).map(|()| true),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Overwrites a file with zeros, then removes it. Answers whether there was one.
///
/// # Errors
/// What the system said, unless there was none. It tries to remove even what it could not overwrite.
pub fn destroy(path: &Path) -> io::Result<bool> {
    let overwritten = match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(file),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(problem) => Err(problem),
    };
    let removed = remove(path)?;
    overwritten.map(|()| removed)
}

/// Makes a change of names in a file's directory last.
///
/// # Errors
/// What the system said.
pub fn sync_dir_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or_else(|| Path::new("/")))?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn overwrite(mut file: File) -> io::Result<()> {
    let mut left = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    while left > 0 {
        let piece = left.min(PIECE_BYTES);
        file.write_all(&[0; PIECE_BYTES][..piece])?;
        left -= piece;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_between_any_two_steps_leaves_the_old_or_the_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thing");
        write_whole(&path, b"old").unwrap();
        // Stopped after opening, after a part, and after the whole of the temporary file, before the rename.
        for left_over in [&b""[..], b"ne", b"new"] {
            fs::write(temporary_of(&path), left_over).unwrap();
            assert_eq!(read_limited(&path, 100).unwrap().unwrap(), b"old");
            write_whole(&path, b"next").unwrap();
            assert_eq!(read_limited(&path, 100).unwrap().unwrap(), b"next");
            assert!(!temporary_of(&path).exists());
            write_whole(&path, b"old").unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
    }

    #[test]
    fn a_failed_write_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thing");
        write_whole(&path, b"old").unwrap();
        fs::create_dir(temporary_of(&path)).unwrap();
        assert!(write_whole(&path, b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn destroying_overwrites_every_byte_and_may_be_said_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let other_name = dir.path().join("other-name");
        fs::write(&path, [7; PIECE_BYTES + 5]).unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        assert!(destroy(&path).unwrap());
        assert_eq!(fs::read(&other_name).unwrap(), vec![0; PIECE_BYTES + 5]);
        assert!(!destroy(&path).unwrap());
    }

    #[test]
    fn a_file_larger_than_it_can_be_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        fs::write(&path, [1; 11]).unwrap();
        assert!(read_limited(&path, 10).is_err());
        assert_eq!(read_limited(&path, 11).unwrap().unwrap().len(), 11);
        assert_eq!(read_limited(&dir.path().join("none"), 10).unwrap(), None);
    }
}
