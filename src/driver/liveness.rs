//! Owns the record of when the room's loop last answered and when the window last drew a frame, and the check for a
//! stuck window. Does not own the messages that tell desks about these times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::RoomHandle;
use crate::room::{Event, Trouble};

/// Maximum time between two frames while a desk is connected. The window draws at least this often, even if nothing in
/// it moves.
pub const FRAME_INTERVAL_MAX: Duration = Duration::from_secs(3);
/// Time without a new frame after which the window counts as stuck. With [`CHECK_INTERVAL`] added, a desk learns of it
/// within ten seconds.
const STUCK_AFTER: Duration = Duration::from_secs(7);
/// Interval between two checks of the window while a desk is connected.
const CHECK_INTERVAL: Duration = Duration::from_millis(1_500);

/// The times at which the room's loop last answered and the window last drew a frame.
#[derive(Debug)]
pub struct Liveness {
    began: Instant,
    /// The time of the last answer, in milliseconds after `began`, plus one; 0 if there was none. `frame_drawn` holds
    /// the time of the last frame in the same form.
    loop_turned: AtomicU64,
    frame_drawn: AtomicU64,
}

impl Default for Liveness {
    fn default() -> Self {
        Self { began: Instant::now(), loop_turned: AtomicU64::new(0), frame_drawn: AtomicU64::new(0) }
    }
}

impl Liveness {
    /// Records that the driver's loop has answered.
    pub fn record_loop_turn(&self) {
        self.loop_turned.store(self.now_ms() + 1, Ordering::Relaxed);
    }

    /// Records that the window has drawn a frame.
    pub fn record_frame(&self) {
        self.frame_drawn.store(self.now_ms() + 1, Ordering::Relaxed);
    }

    /// Returns the time since the loop last answered; `None` if it has never answered.
    #[must_use]
    pub fn loop_age(&self) -> Option<Duration> {
        self.age(&self.loop_turned)
    }

    /// Returns the time since the window last drew a frame; `None` if it has never drawn one, for example because there
    /// is no window. Use it only while a desk is connected, because otherwise a window that shows no motion draws no
    /// frames.
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

/// Reports when the window gets stuck and when it draws again, until the room's loop ends. Checks nothing while no desk
/// is connected, because a window that shows no motion then draws no frames.
pub async fn watch_window(liveness: Arc<Liveness>, room: RoomHandle) {
    let mut snapshots = room.snapshots();
    let mut was_stuck = false;
    loop {
        if snapshots.wait_for(|snapshot| snapshot.desks > 0).await.is_err() {
            return;
        }
        let listened_since = Instant::now();
        while snapshots.borrow_and_update().desks > 0 {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let age = liveness.frame_age().unwrap_or_default().min(listened_since.elapsed());
            let is_stuck = age >= STUCK_AFTER;
            if is_stuck != was_stuck {
                was_stuck = is_stuck;
                room.report(Event::TroubleChanged { trouble: Trouble::ScreenStill, on: is_stuck });
            }
        }
    }
}
