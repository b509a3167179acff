//! Owns the words that tell a disoriented patient where in the session they are and, towards the end, how many minutes
//! are left. The minutes are rounded, because exact minutes would invite counting. Does not own the arc of the session.

use crate::room::RoomTime;
use crate::room::snapshot::SessionView;
use crate::room::timeline::{MINUTE_MS, Part};
use crate::words::{Value, Words};

/// The remaining time is rounded up to a multiple of this length, in minutes.
const STEP_MINUTES: u64 = 5;

/// Returns the words for the part of the session that the patient is in at `now`.
#[must_use]
pub fn words(words: &Words, session: &SessionView, now: RoomTime) -> String {
    let Some(clock_ms) = session.clock_ms(now) else { return words.say("where-settle") };
    let left = session.timeline.end_ms.saturating_sub(clock_ms);
    let minutes = rounded_minutes(left);
    let key = match session.timeline.part_at(clock_ms) {
        Part::Settle => "where-settle",
        _ if session.landed || minutes == 0 => "where-landed",
        Part::Onset => "where-onset",
        Part::Peak => "where-peak",
        Part::Return => "where-return",
        Part::Landing => "where-landing",
    };
    words.say_with(key, &[("minutes", Value::from(minutes as usize))])
}

/// Converts the remaining time to minutes, rounded up to a multiple of [`STEP_MINUTES`]. It is rounded up because
/// nobody is disappointed if a session ends a little early.
fn rounded_minutes(left_ms: u64) -> u64 {
    left_ms.div_ceil(MINUTE_MS * STEP_MINUTES) * STEP_MINUTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_rounded_up_to_steps_of_five() {
        for (left_ms, minutes) in [(0, 0), (1, 5), (5 * MINUTE_MS, 5), (5 * MINUTE_MS + 1, 10), (19 * MINUTE_MS, 20)] {
            assert_eq!(rounded_minutes(left_ms), minutes);
        }
    }
}
