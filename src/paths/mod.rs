//! Owns the directories in which the program stores its files, the lock on the state directory, the id of each run, the
//! functions that replace a file atomically ([`private`]), and the storage of small files that survive damage
//! ([`checksummed`]). Does not own the content of the files.

pub mod checksummed;
pub mod private;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;

/// The name of the program's own directory inside a directory that is shared with other programs.
const OWN_NAME: &str = "stillroom";
/// The runtime directory if the environment names none.
const RUNTIME_FALLBACK: &str = "/run/stillroom";
/// The name of the file that a room locks while it uses a state directory.
pub const LOCK_FILE: &str = "lock";
/// Number of decimal digits of a run's id in the lock file, enough for 48 bits.
const RUN_ID_DIGITS: usize = 15;
/// The largest possible id of a run. The id becomes the time in a ULID, which has 48 bits for it.
const RUN_ID_MAX: u64 = (1 << 48) - 1;
/// `f_type` of tmpfs, as `statfs(2)` gives it.
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// `f_type` of ramfs, as `statfs(2)` gives it.
const RAMFS_MAGIC: u64 = 0x8584_58f6;

/// The directories that the environment names. Nothing is created or checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// The state directory, which holds the journal, receipts, hashes of secrets and sealed notes.
    pub state: PathBuf,
    /// The runtime directory, which holds visit keys if it is in memory.
    pub runtime: PathBuf,
}

/// Where visit keys are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStorage {
    /// In this directory on a memory-backed file system, where a key outlives the program but not a power cut.
    Runtime(PathBuf),
    /// In process memory only. When the program ends, the key is lost, and nobody can open the notes any more.
    Memory,
}

/// The directories after they were created and checked.
#[derive(Debug)]
pub struct PreparedDirectories {
    /// The state directory, mode 0700.
    pub state: PathBuf,
    /// Where visit keys are stored.
    pub keys: KeyStorage,
    /// Why keys are stored in process memory only, for a message to staff. `None` if they are in the runtime directory.
    pub keys_problem: Option<PathsError>,
    /// Whether memory may be swapped to a disk, where its content would outlive a power cut. If so, the room advises
    /// staff to turn swap off.
    pub swaps_to_disk: bool,
}

/// Why a directory cannot be used.
#[derive(Debug, Error)]
pub enum PathsError {
    /// No variable names a state directory.
    #[error("no state directory: set STATE_DIRECTORY, XDG_STATE_HOME or HOME")]
    NoStateDirectory,
    /// A variable holds a relative path.
    #[error("{variable} must be an absolute path")]
    NotAbsolute {
        /// The name of the environment variable.
        variable: &'static str,
    },
    /// The directory cannot be created or written to, or belongs to another user, or the lock file in it cannot be
    /// opened or locked.
    #[error("{}: {source}; make it a directory that belongs to the user the room runs as", path.display())]
    Unusable {
        /// The directory or the lock file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The runtime directory is on a disk, where a key would outlive a power cut.
    #[error("{}: not on a memory-backed file system (tmpfs or ramfs); set RUNTIME_DIRECTORY to one", path.display())]
    NotMemory {
        /// The directory.
        path: PathBuf,
    },
    /// Another room uses the state directory.
    #[error("{}: another room is running on this state directory; stop it first", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
}

/// This process's lock on the state directory. The kernel releases it when the process ends or is replaced. The lock
/// file contains the id of this run, so that the next run gets a greater one even if the clock is set back.
#[derive(Debug)]
pub struct StateLock(File);

impl StateLock {
    /// Returns `clock_ms`, or the previous run's id plus one if the clock has been set back since. Stores the result in
    /// the lock file. If this fails, the next run cannot notice that the clock was set back.
    fn next_run_id(&self, clock_ms: u64) -> u64 {
        let mut digits = [0; RUN_ID_DIGITS];
        let read = self.0.read_at(&mut digits, 0).unwrap_or(0);
        let before = std::str::from_utf8(&digits[..read]).ok().and_then(|digits| digits.trim().parse::<u64>().ok());
        let after = before.filter(|id| *id < RUN_ID_MAX).map_or(0, |id| id + 1);
        let id = clock_ms.min(RUN_ID_MAX).max(after);
        // The id is written in place and always has the same length, so writing it needs no space on a full disk.
        let written = self.0.write_all_at(format!("{id:0RUN_ID_DIGITS$}").as_bytes(), 0);
        if let Err(error) = written.and_then(|()| self.0.sync_data()) {
            tracing::warn!(%error, "the id of this run cannot be stored; the next run relies on the clock alone");
        }
        id
    }
}

impl Directories {
    /// Determines the directories from environment variables: the state directory from `STATE_DIRECTORY`, otherwise
    /// `XDG_STATE_HOME`, otherwise `HOME`; the runtime directory from `RUNTIME_DIRECTORY`, otherwise `XDG_RUNTIME_DIR`,
    /// otherwise the default.
    ///
    /// # Errors
    /// If no variable names a state directory, or if `STATE_DIRECTORY` or `RUNTIME_DIRECTORY` holds a relative path.
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, PathsError> {
        let state = match service_directory(&env, "STATE_DIRECTORY")? {
            Some(path) => path,
            None => match absolute(&env, "XDG_STATE_HOME") {
                Some(path) => path.join(OWN_NAME),
                None => absolute(&env, "HOME").ok_or(PathsError::NoStateDirectory)?.join(".local/state").join(OWN_NAME),
            },
        };
        let runtime = match service_directory(&env, "RUNTIME_DIRECTORY")? {
            Some(path) => path,
            None => absolute(&env, "XDG_RUNTIME_DIR")
                .map_or_else(|| PathBuf::from(RUNTIME_FALLBACK), |path| path.join(OWN_NAME)),
        };
        Ok(Self { state, runtime })
    }

    /// Creates the state directory with mode 0700, for commands that need no visit key.
    ///
    /// # Errors
    /// If it cannot be created or belongs to another user.
    pub fn create_state(&self) -> Result<(), PathsError> {
        private::make_dir(&self.state).map_err(|source| PathsError::Unusable { path: self.state.clone(), source })
    }

    /// Creates both directories with mode 0700. If the runtime directory cannot be used, keys stay in process memory.
    ///
    /// # Errors
    /// If the state directory cannot be created or belongs to another user.
    pub fn create(&self) -> Result<PreparedDirectories, PathsError> {
        self.create_state()?;
        let (keys, keys_problem) = match usable_for_keys(&self.runtime) {
            Ok(()) => (KeyStorage::Runtime(self.runtime.clone()), None),
            Err(problem) => (KeyStorage::Memory, Some(problem)),
        };
        let swaps_to_disk = fs::read_to_string("/proc/swaps").is_ok_and(|swaps| names_disk_swap(&swaps));
        Ok(PreparedDirectories { state: self.state.clone(), keys, keys_problem, swaps_to_disk })
    }
}

/// Returns the id of this run of the program, which is normally the current time in milliseconds since 1970. With a
/// lock, the id is greater than the id of the previous run even if the clock was set back. A desk can therefore tell
/// which of two runs is later.
#[must_use]
pub fn run_id(lock: Option<&StateLock>) -> u64 {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let clock_ms = u64::try_from(clock.as_millis()).unwrap_or(u64::MAX);
    lock.map_or(clock_ms.min(RUN_ID_MAX), |lock| lock.next_run_id(clock_ms))
}

/// Locks the state directory against other rooms until the returned lock is dropped.
///
/// # Errors
/// If another process has locked it, or the lock file cannot be opened or locked.
pub fn lock_state(state: &Path) -> Result<StateLock, PathsError> {
    let path = state.join(LOCK_FILE);
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(private::FILE_MODE).open(&path);
    let file = opened.map_err(|source| PathsError::Unusable { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(StateLock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(PathsError::InUse { path }),
        Err(fs::TryLockError::Error(source)) => Err(PathsError::Unusable { path, source }),
    }
}

/// Returns the directory that a service manager sets in `variable`. If there are several, which systemd separates by
/// colons (systemd.exec(5)), returns the first.
fn service_directory(
    env: &impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
) -> Result<Option<PathBuf>, PathsError> {
    let Some(value) = env(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
    let first = std::env::split_paths(&value).next().unwrap_or_default();
    if first.is_absolute() { Ok(Some(first)) } else { Err(PathsError::NotAbsolute { variable }) }
}

/// Returns the path in `variable`. Ignores a relative path, as the XDG Base Directory Specification requires.
fn absolute(env: &impl Fn(&str) -> Option<OsString>, variable: &str) -> Option<PathBuf> {
    env(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn usable_for_keys(runtime: &Path) -> Result<(), PathsError> {
    let unusable = |source| PathsError::Unusable { path: runtime.to_owned(), source };
    private::make_dir(runtime).map_err(unusable)?;
    let kind = rustix::fs::statfs(runtime).map_err(|errno| unusable(errno.into()))?;
    if !is_memory(i128::from(kind.f_type)) {
        return Err(PathsError::NotMemory { path: runtime.to_owned() });
    }
    let probe = runtime.join("probe");
    private::write_atomic(&probe, b"").and_then(|()| private::remove(&probe).map(|_| ())).map_err(unusable)
}

/// Whether `f_type` denotes a memory-backed file system. Only its low 32 bits are compared, because its width and
/// signedness differ between machines.
fn is_memory(f_type: i128) -> bool {
    let low = u64::try_from(f_type & 0xffff_ffff).unwrap_or_default();
    low == TMPFS_MAGIC || low == RAMFS_MAGIC
}

/// Whether the content of `/proc/swaps` lists anything except compressed memory (zram).
fn names_disk_swap(swaps: &str) -> bool {
    swaps.lines().skip(1).any(|line| !line.trim().is_empty() && !line.starts_with("/dev/zram"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directories(pairs: &[(&str, &str)]) -> Result<Directories, PathsError> {
        Directories::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_service_manager_takes_precedence_over_the_desktop_and_the_desktop_over_home() {
        let all = [
            ("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"),
            ("XDG_STATE_HOME", "/x/state"),
            ("HOME", "/home/k"),
            ("RUNTIME_DIRECTORY", "/run/a"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ];
        let found = directories(&all).unwrap();
        assert_eq!((found.state, found.runtime), (PathBuf::from("/var/lib/a"), PathBuf::from("/run/a")));
        let found = directories(&[all[1], all[2], all[4]]).unwrap();
        assert_eq!(found.state, PathBuf::from("/x/state/stillroom"));
        assert_eq!(found.runtime, PathBuf::from("/run/user/7/stillroom"));
        let found = directories(&[all[2]]).unwrap();
        assert_eq!(found.state, PathBuf::from("/home/k/.local/state/stillroom"));
        assert_eq!(found.runtime, PathBuf::from("/run/stillroom"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset_and_a_relative_path_is_refused_or_ignored() {
        let found = directories(&[("STATE_DIRECTORY", ""), ("XDG_STATE_HOME", "relative"), ("HOME", "/h")]).unwrap();
        assert_eq!(found.state, PathBuf::from("/h/.local/state/stillroom"));
        assert!(matches!(
            directories(&[("STATE_DIRECTORY", "here"), ("HOME", "/h")]),
            Err(PathsError::NotAbsolute { variable: "STATE_DIRECTORY" })
        ));
        assert!(matches!(directories(&[]), Err(PathsError::NoStateDirectory)));
    }

    #[test]
    fn memory_is_distinguished_from_disk() {
        assert!(is_memory(0x0102_1994));
        assert!(is_memory(0x8584_58f6));
        assert!(is_memory(i128::from(0x8584_58f6_u32.cast_signed())));
        assert!(!is_memory(0xef53));
        assert!(!is_memory(0x9123_683e));
    }

    #[test]
    fn swap_on_a_disk_is_noticed_and_compressed_memory_is_not() {
        let head = "Filename\t\t\t\tType\t\tSize\n";
        assert!(!names_disk_swap(head));
        assert!(!names_disk_swap(&format!("{head}/dev/zram0 partition 100\n")));
        assert!(names_disk_swap(&format!("{head}/dev/zram0 partition 100\n/swapfile file 100\n")));
    }

    #[test]
    fn directories_are_private_and_can_be_locked_once() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let directories = Directories { state: dir.path().join("a/b"), runtime: PathBuf::from("/proc/none") };
        let prepared = directories.create().unwrap();
        assert_eq!(fs::metadata(&prepared.state).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(prepared.keys, KeyStorage::Memory);
        assert!(matches!(prepared.keys_problem, Some(PathsError::Unusable { .. })));
        let held = lock_state(&prepared.state).unwrap();
        assert!(matches!(lock_state(&prepared.state), Err(PathsError::InUse { .. })));
        drop(held);
        assert!(lock_state(&prepared.state).is_ok());
    }

    #[test]
    fn a_later_run_has_a_greater_id_whatever_the_clock_says() {
        let dir = tempfile::tempdir().unwrap();
        let run_at = |clock_ms| lock_state(dir.path()).unwrap().next_run_id(clock_ms);
        assert_eq!(run_at(1_000_000), 1_000_000);
        assert_eq!(run_at(500), 1_000_001);
        assert_eq!(run_at(500), 1_000_002);
        assert_eq!(run_at(2_000_000), 2_000_000);
        assert_eq!(run_at(u64::MAX), RUN_ID_MAX);
        // No id is greater than the maximum, so the next run uses the clock alone.
        assert_eq!(run_at(3_000_000), 3_000_000);
        fs::write(dir.path().join(LOCK_FILE), "no number").unwrap();
        assert_eq!(run_at(700), 700);
        fs::write(dir.path().join(LOCK_FILE), [0xff; 40]).unwrap();
        assert_eq!(run_at(800), 800);
        assert_eq!(run_at(700), 801);
    }

    #[test]
    fn keys_are_stored_in_shared_memory_where_there_is_any() {
        let Ok(dir) = tempfile::tempdir_in("/dev/shm") else { return };
        let directories = Directories { state: dir.path().join("s"), runtime: dir.path().join("r") };
        let prepared = directories.create().unwrap();
        assert_eq!(prepared.keys, KeyStorage::Runtime(dir.path().join("r")));
        assert_eq!(fs::read_dir(dir.path().join("r")).unwrap().count(), 0);
    }
}
