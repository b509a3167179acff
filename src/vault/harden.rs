//! Owns keeping this process's memory to itself: no core dumps, no tracing by others, no swap where that can be had.
//! The superuser can still read a running process; that is outside what a program can prevent.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// What could be had. Nothing in it is fatal.
#[derive(Debug)]
pub struct Hardened {
    /// Whether a crash writes no memory to disk.
    pub no_core_dumps: io::Result<()>,
    /// Whether other processes of the same user cannot read this one's memory.
    pub not_dumpable: io::Result<()>,
    /// Whether memory stays out of swap.
    pub memory_lock: MemoryLock,
}

/// Whether memory stays out of swap.
#[derive(Debug)]
pub enum MemoryLock {
    /// Every page that is touched stays in memory.
    Locked,
    /// There is a limit on locked memory: reaching it in mid-session would make allocations fail, so none is locked.
    Limited {
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// The system refused.
    Refused(io::Error),
}

/// Does what can be done. Call it first thing in every process: the marks do not outlive `exec`.
#[must_use]
pub fn harden() -> Hardened {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let no_core_dumps = setrlimit(Resource::Core, none).map_err(Into::into);
    let not_dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into);
    Hardened { no_core_dumps, not_dumpable, memory_lock: lock_memory() }
}

fn lock_memory() -> MemoryLock {
    if let Some(limit_bytes) = getrlimit(Resource::Memlock).current {
        return MemoryLock::Limited { limit_bytes };
    }
    // On fault: a window maps gigabytes that it never touches, and those must not become resident.
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    match mlockall(flags) {
        Ok(()) => MemoryLock::Locked,
        Err(errno) => MemoryLock::Refused(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardened_process_dumps_nothing() {
        let hardened = harden();
        assert!(hardened.no_core_dumps.is_ok() && hardened.not_dumpable.is_ok(), "{hardened:?}");
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        match hardened.memory_lock {
            MemoryLock::Limited { limit_bytes } => assert_eq!(getrlimit(Resource::Memlock).current, Some(limit_bytes)),
            MemoryLock::Locked | MemoryLock::Refused(_) => assert_eq!(getrlimit(Resource::Memlock).current, None),
        }
    }
}
