//! Owns a real room for a desk under test, with a small driver. The driver keeps time, drops every effect, and records
//! every event from the desk.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stillroom::desk::single_room::{RoomAnswer, RoomClient};
use stillroom::room::{Event, ProfileRules, Room, RoomTime, Rules, Snapshot};
use tokio::sync::watch;

/// A room for a desk under test.
#[derive(Clone)]
pub struct TestRoom {
    inner: Arc<Inner>,
}

struct Inner {
    started: Instant,
    room: Mutex<Room>,
    told: Mutex<Vec<Event>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    frozen: AtomicBool,
}

impl TestRoom {
    /// A room in the stage *ready*, driven in real time. Requires a tokio runtime.
    pub fn new() -> Self {
        let profile = |name: &str, infusion_minutes| ProfileRules {
            name: name.to_owned(),
            infusion_minutes,
            ..ProfileRules::default()
        };
        let rules = Rules {
            profiles: vec![profile("gentle-tide", 40), profile("long-120", 120)],
            default_profile: "gentle-tide".to_owned(),
            ..Rules::default()
        };
        let room = Room::new(rules);
        let snapshots = watch::Sender::new(Arc::new(room.snapshot(RoomTime(0))));
        let inner = Arc::new(Inner {
            started: Instant::now(),
            room: Mutex::new(room),
            told: Mutex::default(),
            snapshots,
            frozen: AtomicBool::new(false),
        });
        let kept = Arc::downgrade(&inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let Some(inner) = kept.upgrade() else { return };
                let room = Self { inner };
                let now = room.now();
                let mut machine = room.inner.room.lock().unwrap();
                machine.handle_timeout(now);
                room.publish(&mut machine, now);
            }
        });
        Self { inner }
    }

    /// Gives the room an event without recording it as one from the desk. The error says why the room refused it.
    pub fn happen(&self, event: Event) -> Result<(), String> {
        let now = self.now();
        let mut machine = self.inner.room.lock().unwrap();
        let result = machine.handle_input(now, event).map_err(|refusal| refusal.to_string());
        self.publish(&mut machine, now);
        result
    }

    /// If `on` is true, the room no longer answers the desk, as if its loop had hung. Otherwise it answers again.
    #[allow(dead_code)] // not every test binary that includes this file uses it
    pub fn freeze(&self, on: bool) {
        self.inner.frozen.store(on, Ordering::Relaxed);
    }

    /// The events that the desk has sent so far, including those that the room refused.
    pub fn told(&self) -> Vec<Event> {
        self.inner.told.lock().unwrap().clone()
    }

    /// The current snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshots.borrow().clone()
    }

    fn publish(&self, machine: &mut Room, now: RoomTime) {
        while machine.poll_effect().is_some() {}
        let new = machine.snapshot(now);
        self.inner.snapshots.send_if_modified(|old| {
            let mut same_moment = (**old).clone();
            same_moment.taken_at = new.taken_at;
            if let (Some(session), Some(new)) = (&mut same_moment.session, &new.session)
                && session.clock_ms(now) == new.clock_ms(now)
            {
                session.clock_at_snapshot_ms = new.clock_at_snapshot_ms;
                session.taken_at = new.taken_at;
            }
            let changed = same_moment != new;
            if changed {
                *old = Arc::new(new);
            }
            changed
        });
    }
}

impl RoomClient for TestRoom {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.inner.snapshots.subscribe()
    }

    fn now(&self) -> RoomTime {
        RoomTime(u64::try_from(self.inner.started.elapsed().as_millis()).unwrap())
    }

    fn tell(&self, event: Event) -> RoomAnswer {
        if self.inner.frozen.load(Ordering::Relaxed) {
            return Box::pin(pending());
        }
        self.inner.told.lock().unwrap().push(event.clone());
        Box::pin(std::future::ready(self.happen(event)))
    }

    fn ping(&self) -> RoomAnswer {
        if self.inner.frozen.load(Ordering::Relaxed) {
            return Box::pin(pending());
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
