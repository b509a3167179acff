//! Owns the functions that create, replace and destroy private files. A power cut while a file is being replaced leaves
//! either the old file or the new one. Every file that the program replaces as a whole is written here, with a few
//! exceptions, which `tests/house` lists. Does not own the content of the files.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The mode of every file that is written here, and of the append-only files and the lock file in the state directory.
pub const FILE_MODE: u32 = 0o600;
/// The mode of every directory that is created here, such as the state and runtime directories.
pub const DIR_MODE: u32 = 0o700;
/// Number of bytes that are written at once when a file is overwritten with zeros.
const CHUNK_BYTES: usize = 4096;

/// Creates a directory with mode 0700, or gives an existing one that mode.
///
/// # Errors
/// If it cannot be created, is not a directory, or belongs to another user.
pub fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(path)?;
    let metadata = fs::metadata(path)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "belongs to another user"));
    }
    if metadata.permissions().mode() & 0o777 != DIR_MODE {
        fs::set_permissions(path, Permissions::from_mode(DIR_MODE))?;
    }
    Ok(())
}

/// The path of the temporary file that receives new content for the file at `path` and then replaces it.
#[must_use]
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Replaces the file at `path`, or creates it, with mode 0600. When this succeeds, the new content is on disk. After a
/// power cut at any moment, the file has either its old or its new content.
///
/// # Errors
/// The operating system's error. If only the sync of the directory failed, the file already has its new content;
/// otherwise it has its old content.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path);
    remove(&temporary)?;
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(problem) = written {
        // A failure does no harm, because the next write begins by removing the temporary file.
        let _ = fs::remove_file(&temporary);
        return Err(problem);
    }
    sync_parent(path)
}

/// Reads a file of at most `bytes_max` bytes. Returns `None` if it does not exist.
///
/// # Errors
/// The operating system's error, or `InvalidData` if the file is larger.
pub fn read_limited(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if size > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than it can be"));
    }
    // The buffer is large enough from the start, because a buffer that grows would leave a copy of a secret behind.
    let mut bytes = Vec::with_capacity(size + 1);
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Removes a file, if it exists, and syncs its directory. Returns whether the file existed.
///
/// # Errors
/// The operating system's error, unless the file did not exist.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path).map(|()| true),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Overwrites a file with zeros, if it exists, removes it and syncs its directory. Returns whether the file existed.
///
/// # Errors
/// The operating system's error. A file that cannot be overwritten is still removed.
pub fn destroy(path: &Path) -> io::Result<bool> {
    let overwritten = match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(file),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(problem) => Err(problem),
    };
    let removed = remove(path)?;
    overwritten.map(|()| removed)
}

/// Syncs the directory of `path`, so that the creation, renaming or removal of a file in it survives a power cut.
///
/// # Errors
/// The operating system's error.
pub fn sync_parent(path: &Path) -> io::Result<()> {
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
        let chunk = left.min(CHUNK_BYTES);
        file.write_all(&[0; CHUNK_BYTES][..chunk])?;
        left -= chunk;
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
        write_atomic(&path, b"old").unwrap();
        // If the program stops before the rename, the temporary file may be empty, half-written or complete.
        for left_over in [&b""[..], b"ne", b"new"] {
            fs::write(temporary_path(&path), left_over).unwrap();
            assert_eq!(read_limited(&path, 100).unwrap().unwrap(), b"old");
            write_atomic(&path, b"next").unwrap();
            assert_eq!(read_limited(&path, 100).unwrap().unwrap(), b"next");
            assert!(!temporary_path(&path).exists());
            write_atomic(&path, b"old").unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
    }

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thing");
        write_atomic(&path, b"old").unwrap();
        fs::create_dir(temporary_path(&path)).unwrap();
        assert!(write_atomic(&path, b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn destroying_overwrites_every_byte_and_may_be_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let other_name = dir.path().join("other-name");
        fs::write(&path, [7; CHUNK_BYTES + 5]).unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        assert!(destroy(&path).unwrap());
        assert_eq!(fs::read(&other_name).unwrap(), vec![0; CHUNK_BYTES + 5]);
        assert!(!destroy(&path).unwrap());
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        fs::write(&path, [1; 11]).unwrap();
        assert!(read_limited(&path, 10).is_err());
        assert_eq!(read_limited(&path, 11).unwrap().unwrap().len(), 11);
        assert_eq!(read_limited(&dir.path().join("none"), 10).unwrap(), None);
    }
}
