//! Owns the threads and tasks of the room's parts. One that ends on a fault would be missed by nobody: what is asked of
//! it would only never be answered. So a thread is begun anew, and staff are told. Does not own what a part does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::driver::RoomHandle;
use crate::room::{Event, Trouble};

/// A part that fails at once, again and again, takes no processor.
const BEGINS_ANEW_AFTER: Duration = Duration::from_secs(1);

/// Starts a part on a thread of its own. `run` ends when nobody asks anything of it any more.
pub(super) fn start(name: &'static str, room: &RoomHandle, run: impl FnMut() + Send + 'static) {
    let told = room.clone();
    start_telling(name, move || has_failed(&told), run);
}

/// Starts a part as a task. One that ends on a fault is not begun anew: what it held is gone with it.
pub fn spawn(name: &'static str, runtime: &Handle, room: &RoomHandle, part: impl Future<Output = ()> + Send + 'static) {
    let (told, running) = (room.clone(), runtime.spawn(part));
    runtime.spawn(async move {
        if running.await.is_err_and(|error| error.is_panic()) {
            tracing::error!(part = name, "a part of the room ended on a fault of the program");
            has_failed(&told);
        }
    });
}

fn has_failed(room: &RoomHandle) {
    room.report(Event::TroubleChanged { trouble: Trouble::PartFailed, on: true });
}

fn start_telling(
    name: &'static str,
    fails: impl Fn() + Clone + Send + 'static,
    mut run: impl FnMut() + Send + 'static,
) {
    let failed = fails.clone();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        while catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
            tracing::error!(part = name, "a part of the room ended on a fault of the program, and is begun anew");
            failed();
            std::thread::sleep(BEGINS_ANEW_AFTER);
        }
    });
    if let Err(error) = started {
        tracing::error!(part = name, %error, "the system gives no thread for a part of the room");
        fails();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_part_that_ends_on_a_fault_is_told_and_goes_on_with_what_is_asked_next() {
        let (ask, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let (fail, failed) = mpsc::channel();
        let run = move || {
            while let Ok(number) = asked.recv() {
                assert!(number != 2, "a fault that is planted");
                answer.send(number).unwrap();
            }
        };
        start_telling("test-part", move || fail.send(()).unwrap(), run);
        for number in [1, 2, 3] {
            ask.send(number).unwrap();
        }
        let within = Duration::from_secs(10);
        assert_eq!((answers.recv_timeout(within), failed.recv_timeout(within)), (Ok(1), Ok(())));
        assert_eq!((answers.recv_timeout(within), failed.try_recv().is_err()), (Ok(3), true));
    }
}
