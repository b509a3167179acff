//! Owns the parts of the program that run beside the room: one that cannot be started, or stops by a fault, is told to
//! staff and desk, and never just missing. Does not own what a part does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Handle;

use crate::driver::RoomHandle;
use crate::room::{Event, Trouble};

/// Runs a part on a thread of its own.
pub fn start_part(name: &'static str, room: &RoomHandle, part: impl FnOnce() + Send + 'static) {
    let told = room.clone();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        if catch_unwind(AssertUnwindSafe(part)).is_err() {
            has_stopped(name, &told);
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, part = name, "the system gives no thread");
        has_stopped(name, room);
    }
}

/// Runs a part as a task.
pub fn spawn_part(
    name: &'static str,
    runtime: &Handle,
    room: &RoomHandle,
    part: impl Future<Output = ()> + Send + 'static,
) {
    let (told, running) = (room.clone(), runtime.spawn(part));
    runtime.spawn(async move {
        if running.await.is_err_and(|error| error.is_panic()) {
            has_stopped(name, &told);
        }
    });
}

fn has_stopped(name: &'static str, room: &RoomHandle) {
    tracing::error!(part = name, "a part of the program has stopped; start the program anew once the room is empty");
    room.report(Event::TroubleChanged { trouble: Trouble::PartStopped, on: true });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use crate::driver::journal::Journal;
    use crate::driver::{Driver, Edges, Past};
    use crate::room::{Effect, RoomTime, Rules, Snapshot};

    struct NoEdges;
    impl Edges for NoEdges {
        fn carry_out(&mut self, _: Effect, _: RoomTime, _: &RoomHandle) {}
        fn changed(&mut self, _: &Snapshot) {}
    }

    #[test]
    fn a_part_that_stops_by_a_fault_is_told_and_one_that_is_done_is_not() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let told = |start: &dyn Fn(&RoomHandle)| {
            let folder = tempfile::tempdir().unwrap();
            let (journal, ..) = Journal::open(folder.path());
            let (driver, room) = Driver::recover(&Rules::default(), Arc::new(journal), Past::default(), Vec::new());
            driver.start(NoEdges, |_| ()).unwrap();
            start(&room);
            let mut snapshots = room.snapshots();
            let stopped = async {
                let is_told = |shown: &Arc<Snapshot>| shown.troubles.contains(&Trouble::PartStopped);
                tokio::time::timeout(Duration::from_secs(10), snapshots.wait_for(is_told)).await.is_ok()
            };
            runtime.block_on(stopped)
        };
        assert!(told(&|room| start_part("thread", room, || panic!("on purpose"))));
        assert!(told(&|room| spawn_part("task", runtime.handle(), room, async { panic!("on purpose") })));
        let done = |room: &RoomHandle| {
            let (tell, is_done) = std::sync::mpsc::channel();
            start_part("thread", room, move || tell.send(()).unwrap());
            is_done.recv().unwrap();
            // Whatever it had to tell is in the snapshot after this.
            runtime.block_on(room.ping()).unwrap();
            assert_eq!(room.snapshots().borrow().troubles, []);
        };
        let folder = tempfile::tempdir().unwrap();
        let (journal, ..) = Journal::open(folder.path());
        let (driver, room) = Driver::recover(&Rules::default(), Arc::new(journal), Past::default(), Vec::new());
        driver.start(NoEdges, |_| ()).unwrap();
        done(&room);
    }
}
