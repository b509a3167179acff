//! Owns protecting this process's memory: no core dumps, no tracing by other processes and, where the system allows it, no
//! swap. No program can prevent the superuser from reading its memory.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// What the system granted. The program can run without any of it.
#[derive(Debug)]
pub struct MemoryProtection {
    /// Whether a crash writes no core dump.
    pub no_core_dumps: io::Result<()>,
    /// Whether other processes of the same user cannot read this one's memory.
    pub not_dumpable: io::Result<()>,
    /// Whether memory stays out of swap.
    pub memory_lock: MemoryLock,
}

/// Whether memory stays out of swap.
#[derive(Debug)]
pub enum MemoryLock {
    /// Every page that is used stays in memory.
    Locked,
    /// None is locked, since there is a limit on locked memory, and allocations would fail once it is reached.
    Limited {
        /// The limit.
        limit_bytes: u64,
    },
    /// The system refused.
    Refused(io::Error),
}

/// Protects the memory as far as the system allows. Call it first in every process: the protection ends with `exec`.
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
    // Only on use: a window maps gigabytes that it never uses, and those must not become resident.
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
