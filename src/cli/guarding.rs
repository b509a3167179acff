//! Owns what the process keeps to itself from its first line on: its memory, and what it would say when it stops on a
//! fault of its own.

use std::panic::PanicHookInfo;
use std::time::Duration;

use crate::output;
use crate::sound;
use crate::vault::{self, MemoryLock};

/// A fault is written within so long; where nobody reads, no thread waits longer for it.
const SAID_WITHIN: Duration = Duration::from_millis(100);

/// Lets no fault of the program quote what it was working on: words of a patient could be among it.
pub(super) fn keep_faults_quiet() {
    std::panic::set_hook(Box::new(|fault| {
        // A file that a decoder cannot stand is a finding, and told of as one.
        if sound::decodes_here() {
            return;
        }
        output::say(&told(fault));
        // This may be the last thing that the process does.
        output::errors().flush_within(SAID_WITHIN);
    }));
}

/// What was written in the program itself may be said; what was put together while it ran may hold anything.
fn told(fault: &PanicHookInfo<'_>) -> String {
    let place = fault.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let why = fault.payload().downcast_ref::<&'static str>().map_or_else(String::new, |why| format!(": {why}"));
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    format!("stillroom: a fault of the program itself, thread {thread}{place}{why}; please report this line")
}

/// A room with its desk full of pages opens no more files than this.
const OPEN_FILES: u64 = 4_096;

/// Takes what it is allowed of open files: the usual limit is low so that old programs do not break, and ours do not.
pub(super) fn take_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let found = getrlimit(Resource::Nofile);
    let wanted = found.maximum.unwrap_or(u64::MAX).min(OPEN_FILES);
    if found.current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..found })
    {
        tracing::info!(%error, "the limit of open files stays low; the desk has room for fewer pages");
    }
}

/// Hardens the process, and says what could not be had.
pub(super) fn harden() {
    take_open_files();
    let hardened = vault::harden();
    if let Err(error) = &hardened.no_core_dumps {
        tracing::warn!(%error, "a crash could write memory to disk");
    }
    if let Err(error) = &hardened.not_dumpable {
        tracing::warn!(%error, "other programs of this user could read this one's memory");
    }
    match &hardened.memory_lock {
        MemoryLock::Locked => {}
        MemoryLock::Limited { limit_bytes } => {
            tracing::info!(limit_bytes, "memory is not locked, since there is a limit; LimitMEMLOCK=infinity lifts it");
        }
        MemoryLock::Refused(error) => tracing::info!(%error, "memory is not locked; see that this machine has no swap"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_fault_is_told_by_its_place_and_quotes_nothing_that_was_put_together() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let before = std::panic::take_hook();
        let kept = Arc::clone(&said);
        std::panic::set_hook(Box::new(move |fault| kept.lock().unwrap().push(told(fault))));
        let words = String::from("a white horse é");
        let split = std::thread::spawn(move || words.split_at(15).0.len()).join();
        let literal = std::thread::spawn(|| panic!("said as it stands")).join();
        std::panic::set_hook(before);
        assert!(split.is_err() && literal.is_err());
        let said = said.lock().unwrap().concat();
        assert!(said.contains("said as it stands") && said.contains("guarding.rs"), "{said}");
        assert!(!said.contains("horse"), "{said}");
    }
}
