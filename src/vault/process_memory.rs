//! Owns the protection of this process's memory against core dumps, tracing by other processes and, if the system
//! allows it, swap. No program can prevent the superuser from reading its memory.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Which protections the system granted. The program also runs without them.
#[derive(Debug)]
pub struct MemoryProtection {
    /// `Ok` if a crash writes no core dump.
    pub no_core_dumps: io::Result<()>,
    /// `Ok` if other processes of the same user cannot read this process's memory.
    pub not_dumpable: io::Result<()>,
    /// Whether this process's memory stays out of swap.
    pub memory_lock: MemoryLock,
}

/// Whether the process's memory is locked, which keeps it out of swap.
#[derive(Debug)]
pub enum MemoryLock {
    /// Every memory page is locked as soon as it is used.
    Locked,
    /// Nothing is locked, because the system limits locked memory and allocations would fail at that limit.
    Limited {
        /// The soft limit on locked memory (`RLIMIT_MEMLOCK`), in bytes.
        limit_bytes: u64,
    },
    /// Nothing is locked, because `mlockall` failed.
    Refused(io::Error),
}

/// Protects this process's memory as far as the system allows. Must run first in every process, because most of the
/// protection does not survive `exec`.
#[must_use]
pub fn protect_memory() -> MemoryProtection {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let no_core_dumps = setrlimit(Resource::Core, none).map_err(Into::into);
    let not_dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into);
    MemoryProtection { no_core_dumps, not_dumpable, memory_lock: lock_memory() }
}

fn lock_memory() -> MemoryLock {
    if let Some(limit_bytes) = getrlimit(Resource::Memlock).current {
        return MemoryLock::Limited { limit_bytes };
    }
    // A page is locked only once it is used, because a window maps gigabytes that it never uses, and these must not
    // become resident.
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
    fn a_protected_process_dumps_nothing() {
        let protection = protect_memory();
        assert!(protection.no_core_dumps.is_ok() && protection.not_dumpable.is_ok(), "{protection:?}");
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        match protection.memory_lock {
            MemoryLock::Limited { limit_bytes } => assert_eq!(getrlimit(Resource::Memlock).current, Some(limit_bytes)),
            MemoryLock::Locked | MemoryLock::Refused(_) => assert_eq!(getrlimit(Resource::Memlock).current, None),
        }
    }
}
