//! Owns the stages of the room and the groups of them by which rules are given. Does not own what leads from one to
//! another (`visit`).

use crate::vocabulary::named;

named! {
    /// Where the room is between one patient and the next.
    Stage {
        /// Waiting for a person.
        Ready = "ready",
        /// A person is settling in.
        Arrive = "arrive",
        /// The infusion and its music.
        Session = "session",
        /// Back, and writing.
        After = "after",
        /// Leaving.
        Farewell = "farewell",
        /// Between two people: wiping, verifying, preparing.
        Turnover = "turnover",
        /// The wipe could not be verified; no next person.
        Blocked = "blocked",
    }
}

impl Stage {
    /// A patient is here.
    pub const VISIT: &[Self] = &[Self::Arrive, Self::Session, Self::After, Self::Farewell];
    /// A patient is here or may come.
    pub const READY_OR_VISIT: &[Self] = &[Self::Ready, Self::Arrive, Self::Session, Self::After, Self::Farewell];
    /// A session may begin.
    pub const BEFORE_SESSION: &[Self] = &[Self::Ready, Self::Arrive];
    /// The session is over and the patient still here.
    pub const AFTER_SESSION: &[Self] = &[Self::After, Self::Farewell];
    /// A patient is here and no session runs.
    pub const VISIT_BUT_SESSION: &[Self] = &[Self::Arrive, Self::After, Self::Farewell];
    /// The last patient has left.
    pub const TURNOVER: &[Self] = &[Self::Turnover, Self::Blocked];
    /// The room is prepared and tried.
    pub const PREPARING: &[Self] = &[Self::Turnover, Self::Ready];

    /// Whether a patient is here.
    #[must_use]
    pub fn is_in_visit(self) -> bool {
        Self::VISIT.contains(&self)
    }

    /// Whether the session is over and the patient still here.
    #[must_use]
    pub fn is_after_session(self) -> bool {
        Self::AFTER_SESSION.contains(&self)
    }

    /// Whether the last patient has left and the room does not take the next one yet.
    #[must_use]
    pub fn is_in_turnover(self) -> bool {
        Self::TURNOVER.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_before_in_or_after_a_visit() {
        for stage in Stage::ALL.iter().copied() {
            let groups = [stage == Stage::Ready, stage.is_in_visit(), stage.is_in_turnover()];
            assert_eq!(groups.into_iter().filter(|is_in| *is_in).count(), 1, "{stage}");
            assert_eq!(Stage::READY_OR_VISIT.contains(&stage), !stage.is_in_turnover(), "{stage}");
            assert!(stage.is_in_visit() || !stage.is_after_session(), "{stage}");
        }
    }
}
