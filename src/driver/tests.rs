use super::*;
use std::sync::Mutex;
use std::sync::mpsc;

const CALL: CallId = CallId(9);

/// An effect handler that panics or waits if a test asks it to.
#[derive(Clone, Default)]
struct TestHandler {
    panics_on_dark: bool,
    waits: Arc<Mutex<()>>,
}

impl EffectHandler for TestHandler {
    fn execute(&mut self, _: Effect, _: RoomTime, _: &RoomHandle) {}
    fn changed(&mut self, snapshot: &Snapshot) {
        drop(self.waits.lock());
        assert!(!(self.panics_on_dark && snapshot.dark), "the handler panics");
    }
}

struct Driven {
    room: RoomHandle,
    folder: tempfile::TempDir,
    ended: mpsc::Receiver<()>,
}

impl Driven {
    fn start(handler: TestHandler) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), handler)
    }

    fn start_in(folder: tempfile::TempDir, handler: TestHandler) -> Self {
        let (journal, records, health) = Journal::open(folder.path());
        let past = RecoveryInput { records, health, wipe_was_begun: false };
        Self::start_on(journal, past, folder, handler)
    }

    fn start_on(journal: Journal, past: RecoveryInput, folder: tempfile::TempDir, handler: TestHandler) -> Self {
        let (driver, room) = Driver::recover(&Rules::default(), Arc::new(journal), past, Vec::new());
        let (tell, ended) = mpsc::channel();
        let after = move |fault: &LoopFault| {
            fault.save(Duration::from_secs(10));
            let _ = tell.send(());
        };
        driver.start(handler, after).unwrap();
        Self { room, folder, ended }
    }

    fn tell(&self, event: Event) -> Result<(), Refusal> {
        wait_for(self.room.tell_in_order(event))
    }

    fn until(&self, what: &str, holds: impl Fn(&Snapshot) -> bool) {
        let limit = Instant::now() + Duration::from_secs(10);
        while !holds(&self.room.snapshots().borrow()) {
            assert!(Instant::now() < limit, "it never came to: {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn wait_for_end(self) -> tempfile::TempDir {
        self.ended.recv_timeout(Duration::from_secs(10)).unwrap();
        self.folder
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn press(id: u128) -> Event {
    Event::CallPressed { id: CallId(id), practice: false }
}

#[test]
fn a_loop_that_ended_answers_gone_to_everybody() {
    let driven = Driven::start(TestHandler::default());
    driven.tell(Event::VisitBegins).unwrap();
    let mut snapshots = driven.room.snapshots();
    driven.room.fail();
    driven.ended.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(driven.tell(press(1)), Err(Refusal::Gone));
    assert_eq!(driven.tell(Event::Volume { db: -30.0 }), Err(Refusal::Gone));
    assert_eq!(wait_for(driven.room.tell(press(1))), Err(Refusal::Gone));
    assert_eq!(wait_for(driven.room.tell(Event::Pause)), Err(Refusal::Gone));
    assert_eq!(wait_for(driven.room.ping()), Err(Refusal::Gone));
    driven.room.report(Event::CallCleared);
    assert!(snapshots.borrow_and_update().call.is_none(), "Calling is shown although the loop is gone");
    assert!(wait_for(snapshots.changed()).is_err());
}

#[test]
fn a_press_in_the_middle_of_a_fault_comes_back_with_the_room() {
    let handler = TestHandler { panics_on_dark: true, ..TestHandler::default() };
    let waits = Arc::clone(&handler.waits);
    let driven = Driven::start(handler);
    driven.tell(Event::VisitBegins).unwrap();
    let held = waits.lock().unwrap();
    // The loop waits in its effect handler until `held` is dropped. The handler then panics at the dark screen.
    let dark = driven.room.tell_in_order(Event::Dark { on: true });
    let pressed = driven.room.tell_in_order(press(9));
    drop(held);
    assert_eq!(wait_for(dark), Err(Refusal::Gone));
    // The press was either handled just before the panic or never answered. In both cases, the next start must know the
    // call.
    let _ = wait_for(pressed);
    let again = Driven::start_in(driven.wait_for_end(), TestHandler::default());
    again.until("the call again", |shown| shown.call.as_ref().is_some_and(|call| call.id == CALL));
}

#[test]
fn a_press_is_on_disk_before_the_program_ends_however_busy_the_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, records, health) = Journal::open(folder.path());
    // The callback of this earlier record blocks the writing thread.
    let (release, held) = mpsc::channel::<()>();
    journal.append(RoomTime::default(), &Event::VisitBegins, move |_| {
        let _ = held.recv();
    });
    let past = RecoveryInput { records, health, wipe_was_begun: false };
    let driven = Driven::start_on(journal, past, folder, TestHandler::default());
    let pressed = driven.room.tell_in_order(press(9));
    driven.room.fail();
    let _ = wait_for(pressed);
    assert!(driven.ended.recv_timeout(Duration::from_millis(100)).is_err(), "it ends before the press is on disk");
    drop(release);
    let folder = driven.wait_for_end();
    let written = std::fs::read_to_string(folder.path().join(journal::JOURNAL_FILE)).unwrap();
    assert!(written.contains("call_pressed"), "{written}");
}

#[test]
fn a_record_that_ends_the_loop_three_times_is_set_aside_and_the_call_is_kept() {
    let handler = TestHandler { panics_on_dark: true, ..TestHandler::default() };
    let driven = Driven::start(handler.clone());
    driven.tell(Event::VisitBegins).unwrap();
    driven.tell(press(9)).unwrap();
    driven.until("the call", |shown| shown.call.is_some());
    assert_eq!(driven.tell(Event::Dark { on: true }), Err(Refusal::Gone));
    let mut folder = driven.wait_for_end();
    for _ in 0..2 {
        // The recovered room has a dark screen, at which the handler panics and ends the loop.
        folder = Driven::start_in(folder, handler.clone()).wait_for_end();
    }
    let driven = Driven::start_in(folder, handler);
    driven.until("the room without it", |shown| shown.troubles.contains(&Trouble::RecordSetAside));
    let snapshot = driven.room.snapshots().borrow().clone();
    assert!(snapshot.is_in_visit() && !snapshot.dark);
    assert_eq!(snapshot.call.as_ref().map(|call| call.id), Some(CALL));
    assert_eq!(driven.tell(Event::CallHere { id: None }), Ok(()));
}

#[test]
fn a_flood_of_comfort_is_refused_before_it_holds_anything_up_and_a_call_goes_first() {
    let handler = TestHandler::default();
    let waits = Arc::clone(&handler.waits);
    let driven = Driven::start(handler);
    driven.tell(Event::VisitBegins).unwrap();
    let held = waits.lock().unwrap();
    let comfort = |number: u32| driven.room.tell_in_order(Event::Volume { db: -30.0 - (number % 10) as f32 });
    let asked: Vec<_> = (0..5_000).map(comfort).collect();
    let pressed = driven.room.tell_in_order(press(9));
    // The call takes the priority lane, so it is answered before the volume events that were admitted.
    drop(held);
    assert_eq!(wait_for(pressed), Ok(()));
    let refused = asked.into_iter().map(wait_for).filter(|answer| *answer == Err(Refusal::Busy)).count();
    assert!((4_000..5_000).contains(&refused), "{refused} of 5000 were refused");
    driven.until("the call", |shown| shown.call.is_some());
}

#[test]
fn reports_of_the_rooms_own_parts_are_never_dropped() {
    let handler = TestHandler::default();
    let waits = Arc::clone(&handler.waits);
    let driven = Driven::start(handler);
    let held = waits.lock().unwrap();
    driven.room.report(Event::TroubleChanged { trouble: Trouble::SoundLost, on: true });
    for number in 0..20_000 {
        driven.room.report(Event::TroubleChanged { trouble: Trouble::ChimeLost, on: number % 2 == 0 });
    }
    driven.room.report(Event::TroubleChanged { trouble: Trouble::SoundLost, on: false });
    driven.room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
    drop(held);
    driven.until("the last report", |shown| shown.troubles == [Trouble::LineDown]);
}

#[test]
fn a_call_is_over_once_that_is_on_disk_and_a_press_in_between_is_a_new_call() {
    let driven = Driven::start(TestHandler::default());
    driven.tell(press(9)).unwrap();
    driven.until("the call", |shown| shown.call.is_some());
    driven.tell(Event::CallHere { id: None }).unwrap();
    let cleared = driven.room.tell_in_order(Event::CallCleared);
    assert_eq!(wait_for(cleared), Ok(()));
    assert!(driven.room.snapshots().borrow().call.is_none());
    let written = std::fs::read_to_string(driven.folder.path().join(journal::JOURNAL_FILE)).unwrap();
    assert!(written.trim_end().ends_with(r#"{"event":"call_cleared"}"#), "{written}");
    assert_eq!(driven.tell(Event::CallCleared), Err(Refusal::NoSuchCall));
    driven.tell(press(10)).unwrap();
    let (cleared, pressed) = (driven.room.tell_in_order(Event::CallCleared), driven.room.tell_in_order(press(11)));
    assert_eq!((wait_for(cleared), wait_for(pressed)), (Ok(()), Ok(())));
    driven.until("the new call", |shown| shown.call.as_ref().is_some_and(|call| call.id == CallId(11)));
}

#[test]
fn a_cleared_call_is_over_even_if_the_disk_hangs() {
    let journal = Journal::on_a_disk_that_hangs();
    let driven =
        Driven::start_on(journal, RecoveryInput::default(), tempfile::tempdir().unwrap(), TestHandler::default());
    driven.tell(press(9)).unwrap();
    driven.until("the call, on no disk", |shown| shown.call.is_some());
    assert_eq!(driven.tell(Event::CallCleared), Ok(()));
    driven.until("no call", |shown| shown.call.is_none());
}
