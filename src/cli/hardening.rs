//! Owns the process settings that are applied first: a panic hook that quotes no patient text, the limit on open files,
//! and the protection of memory. Does not own the means of protecting memory ([`vault`]).

use std::panic::PanicHookInfo;
use std::time::Duration;

use crate::sound;
use crate::stdio;
use crate::vault::{self, MemoryLock};

/// Maximum time for which the panic hook waits for its message to be written. It has to wait, because the process may
/// end as soon as the hook returns.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);
/// The limit on open files that the process asks for. It is enough for a room whose desk serves many pages.
const OPEN_FILES_MAX: u64 = 4_096;

/// Installs a panic hook that does not quote the data that the program was working on, because this data could contain
/// the patient's words.
pub(super) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        // Nothing is printed if a file makes a decoder panic, because the code that reads the file reports the failure.
        if sound::decodes_here() {
            return;
        }
        stdio::eprint(&panic_message(panic));
        stdio::stderr().flush_within(FLUSH_TIMEOUT);
    }));
}

/// Returns the report of a panic. Quotes the panic's message only if it is a literal in the source, because a message
/// formatted at run time may contain anything.
fn panic_message(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let why = panic.payload().downcast_ref::<&'static str>().map_or_else(String::new, |why| format!(": {why}"));
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    format!("stillroom: a fault in the program itself, thread {thread}{place}{why}; please report this line")
}

/// Raises the soft limit on open files. The system's default is low only because of programs that use `select(2)`,
/// which this program does not use.
pub(super) fn raise_open_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(OPEN_FILES_MAX);
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })
    {
        tracing::info!(%error, "the limit of open files cannot be raised; fewer desk pages can be open");
    }
}

/// Raises the limit on open files and protects the memory. Logs what the system refuses, and continues.
pub(super) fn harden_process() {
    raise_open_file_limit();
    let protection = vault::protect_memory();
    if let Err(error) = &protection.no_core_dumps {
        tracing::warn!(%error, "a crash could write memory to disk");
    }
    if let Err(error) = &protection.not_dumpable {
        tracing::warn!(%error, "other programs of this user could read this one's memory");
    }
    match &protection.memory_lock {
        MemoryLock::Locked => {}
        MemoryLock::Limited { limit_bytes } => {
            tracing::info!(
                limit_bytes,
                "memory is not locked, since it is limited; LimitMEMLOCK=infinity lifts the limit"
            );
        }
        MemoryLock::Refused(error) => {
            tracing::info!(%error, "memory is not locked; make sure that this machine has no swap");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_message_names_the_place_and_quotes_nothing_that_was_formatted_at_run_time() {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let before = std::panic::take_hook();
        let recorded = Arc::clone(&messages);
        std::panic::set_hook(Box::new(move |panic| recorded.lock().unwrap().push(panic_message(panic))));
        let words = String::from("a white horse é");
        let split = std::thread::spawn(move || words.split_at(15).0.len()).join();
        let literal = std::thread::spawn(|| panic!("a literal")).join();
        std::panic::set_hook(before);
        assert!(split.is_err() && literal.is_err());
        let messages = messages.lock().unwrap().concat();
        assert!(messages.contains("a literal") && messages.contains("hardening.rs"), "{messages}");
        assert!(!messages.contains("horse"), "{messages}");
    }
}
