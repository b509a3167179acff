//! Owns the supervision of the program's threads and tasks. A thread that panics is restarted, and staff are told.
//! Without this, nobody would notice a panic, and requests would never be answered. Does not own the work of the
//! threads and tasks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::driver::RoomHandle;
use crate::room::{Event, Trouble};

/// Delay before a thread is restarted. Without it, a thread that panics again and again would use up the processor.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Starts a thread that runs `run`, and restarts it if it panics. It ends when `run` returns.
pub(super) fn start_thread(name: &'static str, room: &RoomHandle, run: impl FnMut() + Send + 'static) {
    let room = room.clone();
    start_reporting(name, move || report_failure(&room), run);
}

/// Spawns a task. If it panics, staff are told, but it is not restarted, because the values that it owned are lost.
pub fn spawn_task(
    name: &'static str,
    runtime: &Handle,
    room: &RoomHandle,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let (room, running) = (room.clone(), runtime.spawn(task));
    runtime.spawn(async move {
        if running.await.is_err_and(|error| error.is_panic()) {
            tracing::error!(part = name, "a fault in the program stopped a part of the room");
            report_failure(&room);
        }
    });
}

fn report_failure(room: &RoomHandle) {
    room.report(Event::TroubleChanged { trouble: Trouble::PartFailed, on: true });
}

fn start_reporting(
    name: &'static str,
    on_failure: impl Fn() + Clone + Send + 'static,
    mut run: impl FnMut() + Send + 'static,
) {
    let on_panic = on_failure.clone();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        while catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
            tracing::error!(part = name, "a fault in the program stopped a part of the room; it is restarted");
            on_panic();
            std::thread::sleep(RESTART_DELAY);
        }
    });
    if let Err(error) = started {
        tracing::error!(part = name, %error, "the system could not start a thread for a part of the room");
        on_failure();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_part_that_ends_on_a_fault_is_reported_and_answers_the_next_request() {
        let (ask, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let (fail, failed) = mpsc::channel();
        let run = move || {
            while let Ok(number) = asked.recv() {
                assert!(number != 2, "a fault that is planted");
                answer.send(number).unwrap();
            }
        };
        start_reporting("test-part", move || fail.send(()).unwrap(), run);
        for number in [1, 2, 3] {
            ask.send(number).unwrap();
        }
        let within = Duration::from_secs(10);
        assert_eq!((answers.recv_timeout(within), failed.recv_timeout(within)), (Ok(1), Ok(())));
        assert_eq!((answers.recv_timeout(within), failed.try_recv().is_err()), (Ok(3), true));
    }
}
