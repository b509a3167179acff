//! Owns how lively the room is: when its loop last turned, and when its window last drew. Does not own who is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::RoomHandle;
use crate::room::{Event, Trouble};

/// A window that somebody relies on draws so often at least, even where nothing on it moves.
pub const DRAWS_EVERY: Duration = Duration::from_secs(3);
/// A window that has not drawn for so long stands still. With [`LOOKS_EVERY`] a desk hears of it within ten seconds.
const STILL_AFTER: Duration = Duration::from_secs(7);
/// It is looked at so often, while a desk listens.
const LOOKS_EVERY: Duration = Duration::from_millis(1_500);

/// When the room last turned and drew.
#[derive(Debug)]
pub struct Vitals {
    began: Instant,
    /// Milliseconds since `began`, and one, so that nought is never.
    loop_turned: AtomicU64,
    frame_drawn: AtomicU64,
}

impl Default for Vitals {
    fn default() -> Self {
        Self { began: Instant::now(), loop_turned: AtomicU64::new(0), frame_drawn: AtomicU64::new(0) }
    }
}

impl Vitals {
    /// The driver's loop has answered.
    pub fn loop_turned(&self) {
        self.loop_turned.store(self.now_ms() + 1, Ordering::Relaxed);
    }

    /// The window has drawn.
    pub fn frame_drawn(&self) {
        self.frame_drawn.store(self.now_ms() + 1, Ordering::Relaxed);
    }

    /// How long ago the loop answered; none if it was never asked.
    #[must_use]
    pub fn loop_age(&self) -> Option<Duration> {
        self.age(&self.loop_turned)
    }

    /// How long ago the window drew; none if there is none. It is only kept fresh while a desk listens.
    #[must_use]
    pub fn frame_age(&self) -> Option<Duration> {
        self.age(&self.frame_drawn)
    }

    fn age(&self, moment: &AtomicU64) -> Option<Duration> {
        let at_ms = moment.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(self.now_ms().saturating_sub(at_ms)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Tells the room when its window stands still, and when it draws again, for as long as the program runs. It sleeps
/// while no desk listens, since nobody would hear of it.
pub async fn watch_window(vitals: Arc<Vitals>, room: RoomHandle) {
    let mut snapshots = room.snapshots();
    let mut told = false;
    loop {
        if snapshots.wait_for(|snapshot| snapshot.desks > 0).await.is_err() {
            return;
        }
        let listened_since = Instant::now();
        while snapshots.borrow_and_update().desks > 0 {
            tokio::time::sleep(LOOKS_EVERY).await;
            let age = vitals.frame_age().unwrap_or_default().min(listened_since.elapsed());
            let still = age >= STILL_AFTER;
            if still != told {
                told = still;
                room.report(Event::TroubleChanged { trouble: Trouble::ScreenStill, on: still });
            }
        }
    }
}
