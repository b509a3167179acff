//! Owns where the room keeps its files, how a private file comes into being whole or not at all ([`private`]), and how a
//! small one outlives damage ([`kept`]).
//! Does not own what is in them.

pub mod kept;
pub mod private;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;

/// The name of our directory below a shared one.
const OWN_NAME: &str = "stillroom";
/// Where keys live if the environment names no runtime directory.
const RUNTIME_FALLBACK: &str = "/run/stillroom";
/// The file that keeps a second room out of the same state directory.
pub const LOCK_FILE: &str = "lock";
/// As wide as a run's name is in the lock: 48 bits in decimal digits.
const RUN_DIGITS: usize = 15;
/// The latest moment that can name a run: a ULID holds 48 bits of milliseconds.
const RUN_MAX: u64 = (1 << 48) - 1;
/// `f_type` of tmpfs, as `statfs(2)` gives it.
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// `f_type` of ramfs, as `statfs(2)` gives it.
const RAMFS_MAGIC: u64 = 0x8584_58f6;

/// Where the environment says that files belong. Nothing is made or looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// The state directory: journal, receipts, hashes, sealed notes.
    pub state: PathBuf,
    /// The runtime directory: visit keys, if it turns out to be memory.
    pub runtime: PathBuf,
}

/// Where visit keys live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHome {
    /// A directory on a memory-backed file system: a key outlives the program, not the power.
    Runtime(PathBuf),
    /// Process memory only: key and note end with the program.
    Memory,
}

/// Directories that stand and can be used.
#[derive(Debug)]
pub struct MadeHomes {
    /// The state directory, mode 0700.
    pub state: PathBuf,
    /// Where keys live.
    pub keys: KeyHome,
    /// Why keys live in process memory only; staff are told.
    pub keys_problem: Option<PathsError>,
    /// Whether memory may be written to a disk that outlives the power. Staff should switch that off.
    pub swaps_to_disk: bool,
}

/// Why a directory cannot be used.
#[derive(Debug, Error)]
pub enum PathsError {
    /// Nothing in the environment says where state belongs.
    #[error("no state directory: set STATE_DIRECTORY, XDG_STATE_HOME or HOME")]
    NoHome,
    /// A variable holds a path that depends on where the program was started.
    #[error("{variable} must be an absolute path")]
    NotAbsolute {
        /// The variable.
        variable: &'static str,
    },
    /// The directory cannot be made, or belongs to somebody else.
    #[error("{}: {source}; make it a directory that belongs to the user the room runs as", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime directory is on a disk.
    #[error("{}: not on a memory-backed file system (tmpfs or ramfs); set RUNTIME_DIRECTORY to one", path.display())]
    NotMemory {
        /// The directory.
        path: PathBuf,
    },
    /// Another room uses the state directory.
    #[error("{}: another room is running on this state directory; stop it first", path.display())]
    InUse {
        /// The lock's file.
        path: PathBuf,
    },
}

/// Holds the state directory for this process; the kernel lets go of it when the process ends or is replaced. Its file
/// says when this run of the program began, since the order of runs has to hold even where the clock was set back.
#[derive(Debug)]
pub struct StateLock(File);

impl StateLock {
    /// `clock_ms`, or just after the run before this one where the clock was set back since. Where the disk does not
    /// take it, the clock alone counts.
    fn run_begins(&self, clock_ms: u64) -> u64 {
        let mut written = [0; RUN_DIGITS];
        let read = self.0.read_at(&mut written, 0).unwrap_or(0);
        let before = std::str::from_utf8(&written[..read]).ok().and_then(|digits| digits.trim().parse::<u64>().ok());
        let after = before.filter(|began| *began < RUN_MAX).map_or(0, |began| began + 1);
        let begins = clock_ms.min(RUN_MAX).max(after);
        // In place and of one length: it goes onto a full disk as well.
        let kept =
            self.0.write_all_at(format!("{begins:0RUN_DIGITS$}").as_bytes(), 0).and_then(|()| self.0.sync_data());
        if let Err(error) = kept {
            tracing::warn!(%error, "the lock does not say when this run began; the next one goes by the clock alone");
        }
        begins
    }
}

impl Homes {
    /// Reads where files belong from an environment.
    ///
    /// # Errors
    /// If no variable names a place for state, or one that is ours holds a relative path.
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, PathsError> {
        let state = match service_directory(&env, "STATE_DIRECTORY")? {
            Some(path) => path,
            None => match absolute(&env, "XDG_STATE_HOME") {
                Some(path) => path.join(OWN_NAME),
                None => absolute(&env, "HOME").ok_or(PathsError::NoHome)?.join(".local/state").join(OWN_NAME),
            },
        };
        let runtime = match service_directory(&env, "RUNTIME_DIRECTORY")? {
            Some(path) => path,
            None => absolute(&env, "XDG_RUNTIME_DIR")
                .map_or_else(|| PathBuf::from(RUNTIME_FALLBACK), |path| path.join(OWN_NAME)),
        };
        Ok(Self { state, runtime })
    }

    /// Makes the state directory alone, 0700: for commands that need no keys.
    ///
    /// # Errors
    /// If it cannot be made or is somebody else's.
    pub fn make_state(&self) -> Result<(), PathsError> {
        private::make_dir(&self.state).map_err(|source| PathsError::Unusable { path: self.state.clone(), source })
    }

    /// Makes both directories, 0700. A runtime directory that cannot serve is not an error: keys stay in memory then.
    ///
    /// # Errors
    /// If the state directory cannot be made or is somebody else's.
    pub fn make(&self) -> Result<MadeHomes, PathsError> {
        self.make_state()?;
        let (keys, keys_problem) = match usable_for_keys(&self.runtime) {
            Ok(()) => (KeyHome::Runtime(self.runtime.clone()), None),
            Err(problem) => (KeyHome::Memory, Some(problem)),
        };
        let swaps_to_disk = fs::read_to_string("/proc/swaps").is_ok_and(|swaps| names_disk_swap(&swaps));
        Ok(MadeHomes { state: self.state.clone(), keys, keys_problem, swaps_to_disk })
    }
}

/// Names this run of the program by when it began, in milliseconds since 1970; with a lock, always later than every run
/// before it. A desk knows by it which of two runs is the later one.
#[must_use]
pub fn run_begins(lock: Option<&StateLock>) -> u64 {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let clock_ms = u64::try_from(clock.as_millis()).unwrap_or(u64::MAX);
    lock.map_or(clock_ms.min(RUN_MAX), |lock| lock.run_begins(clock_ms))
}

/// Keeps every other room out of this state directory for as long as the answer is held.
///
/// # Errors
/// If another process holds it, or the file cannot be made.
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

/// A service manager names several directories with colons between; the first is ours.
fn service_directory(
    env: &impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
) -> Result<Option<PathBuf>, PathsError> {
    let Some(value) = env(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
    let first = std::env::split_paths(&value).next().unwrap_or_default();
    if first.is_absolute() { Ok(Some(first)) } else { Err(PathsError::NotAbsolute { variable }) }
}

/// The base directory specification has relative paths ignored.
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
    private::write_whole(&probe, b"").and_then(|()| private::remove(&probe).map(|_| ())).map_err(unusable)
}

/// The kernel's number is a word whose sign differs between machines; its low 32 bits tell.
fn is_memory(f_type: i128) -> bool {
    let low = u64::try_from(f_type & 0xffff_ffff).unwrap_or_default();
    low == TMPFS_MAGIC || low == RAMFS_MAGIC
}

/// Whether `/proc/swaps` names anything but compressed memory.
fn names_disk_swap(swaps: &str) -> bool {
    swaps.lines().skip(1).any(|line| !line.trim().is_empty() && !line.starts_with("/dev/zram"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(pairs: &[(&str, &str)]) -> Result<Homes, PathsError> {
        Homes::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_service_manager_comes_before_the_desktop_and_the_desktop_before_home() {
        let all = [
            ("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"),
            ("XDG_STATE_HOME", "/x/state"),
            ("HOME", "/home/k"),
            ("RUNTIME_DIRECTORY", "/run/a"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ];
        let found = homes(&all).unwrap();
        assert_eq!((found.state, found.runtime), (PathBuf::from("/var/lib/a"), PathBuf::from("/run/a")));
        let found = homes(&[all[1], all[2], all[4]]).unwrap();
        assert_eq!(found.state, PathBuf::from("/x/state/stillroom"));
        assert_eq!(found.runtime, PathBuf::from("/run/user/7/stillroom"));
        let found = homes(&[all[2]]).unwrap();
        assert_eq!(found.state, PathBuf::from("/home/k/.local/state/stillroom"));
        assert_eq!(found.runtime, PathBuf::from("/run/stillroom"));
    }

    #[test]
    fn empty_is_unset_and_relative_is_refused_or_ignored() {
        let found = homes(&[("STATE_DIRECTORY", ""), ("XDG_STATE_HOME", "relative"), ("HOME", "/h")]).unwrap();
        assert_eq!(found.state, PathBuf::from("/h/.local/state/stillroom"));
        assert!(matches!(
            homes(&[("STATE_DIRECTORY", "here"), ("HOME", "/h")]),
            Err(PathsError::NotAbsolute { variable: "STATE_DIRECTORY" })
        ));
        assert!(matches!(homes(&[]), Err(PathsError::NoHome)));
    }

    #[test]
    fn memory_is_told_from_disk() {
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
    fn homes_are_made_private_and_locked_once() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let homes = Homes { state: dir.path().join("a/b"), runtime: PathBuf::from("/proc/none") };
        let made = homes.make().unwrap();
        assert_eq!(fs::metadata(&made.state).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(made.keys, KeyHome::Memory);
        assert!(matches!(made.keys_problem, Some(PathsError::Unusable { .. })));
        let held = lock_state(&made.state).unwrap();
        assert!(matches!(lock_state(&made.state), Err(PathsError::InUse { .. })));
        drop(held);
        assert!(lock_state(&made.state).is_ok());
    }

    #[test]
    fn a_later_run_is_named_later_whatever_the_clock_says() {
        let dir = tempfile::tempdir().unwrap();
        let run_at = |clock_ms| lock_state(dir.path()).unwrap().run_begins(clock_ms);
        assert_eq!(run_at(1_000_000), 1_000_000);
        assert_eq!(run_at(500), 1_000_001);
        assert_eq!(run_at(500), 1_000_002);
        assert_eq!(run_at(2_000_000), 2_000_000);
        assert_eq!(run_at(u64::MAX), RUN_MAX);
        // Nothing is later than the last moment there is: from there on the clock speaks again.
        assert_eq!(run_at(3_000_000), 3_000_000);
        fs::write(dir.path().join(LOCK_FILE), "no number").unwrap();
        assert_eq!(run_at(700), 700);
        fs::write(dir.path().join(LOCK_FILE), [0xff; 40]).unwrap();
        assert_eq!(run_at(800), 800);
        assert_eq!(run_at(700), 801);
    }

    #[test]
    fn shared_memory_serves_for_keys_where_there_is_any() {
        let Ok(dir) = tempfile::tempdir_in("/dev/shm") else { return };
        let homes = Homes { state: dir.path().join("s"), runtime: dir.path().join("r") };
        let made = homes.make().unwrap();
        assert_eq!(made.keys, KeyHome::Runtime(dir.path().join("r")));
        assert_eq!(fs::read_dir(dir.path().join("r")).unwrap().count(), 0);
    }
}
