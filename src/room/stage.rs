//! Owns the stages of the room and the groups of stages that rules refer to. Does not own the transitions between
//! stages (`transitions`).

use crate::vocabulary::named;

named! {
    /// Where the room is in the cycle from one patient to the next.
    Stage {
        /// Waiting for a patient.
        Ready = "ready",
        /// The patient has arrived and is preparing for the session.
        Arrive = "arrive",
        /// The infusion and its music, from settling to the landing.
        Session = "session",
        /// The session is over, and the patient may write.
        After = "after",
        /// The patient is leaving.
        Farewell = "farewell",
        /// Between two patients: the room is being wiped, checked and prepared.
        Turnover = "turnover",
        /// The wipe could not be verified, so the next patient is not admitted.
        Blocked = "blocked",
    }
}

impl Stage {
    /// The stages in which a patient is here.
    pub const VISIT: &[Self] = &[Self::Arrive, Self::Session, Self::After, Self::Farewell];
    /// The stages in which a patient is here or may arrive.
    pub const READY_OR_VISIT: &[Self] = &[Self::Ready, Self::Arrive, Self::Session, Self::After, Self::Farewell];
    /// The stages in which a session may begin.
    pub const BEFORE_SESSION: &[Self] = &[Self::Ready, Self::Arrive];
    /// The stages in which the session is over and the patient is still here.
    pub const AFTER_SESSION: &[Self] = &[Self::After, Self::Farewell];
    /// The stages in which a patient is here and no session is in progress.
    pub const VISIT_BUT_SESSION: &[Self] = &[Self::Arrive, Self::After, Self::Farewell];
    /// The stages between two patients, in which nobody is admitted.
    pub const TURNOVER: &[Self] = &[Self::Turnover, Self::Blocked];
    /// The stages in which staff prepare and test the room.
    pub const PREPARING: &[Self] = &[Self::Turnover, Self::Ready];

    /// Whether a patient is here.
    #[must_use]
    pub fn is_in_visit(self) -> bool {
        Self::VISIT.contains(&self)
    }

    /// Whether the session is over and the patient is still here.
    #[must_use]
    pub fn is_after_session(self) -> bool {
        Self::AFTER_SESSION.contains(&self)
    }

    /// Whether the last patient has left and the next one is not admitted yet.
    #[must_use]
    pub fn is_in_turnover(self) -> bool {
        Self::TURNOVER.contains(&self)
    }

    /// Whether desks may show what the patient has shared. They may from arrival until the farewell begins.
    #[must_use]
    pub fn is_sharing(self) -> bool {
        self.is_in_visit() && self != Self::Farewell
    }

    /// Whether staff prepare and test the room in this stage.
    #[must_use]
    pub fn is_preparing(self) -> bool {
        Self::PREPARING.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_either_ready_in_a_visit_or_in_turnover() {
        for stage in Stage::ALL.iter().copied() {
            let groups = [stage == Stage::Ready, stage.is_in_visit(), stage.is_in_turnover()];
            assert_eq!(groups.into_iter().filter(|is_in| *is_in).count(), 1, "{stage}");
            assert_eq!(Stage::READY_OR_VISIT.contains(&stage), !stage.is_in_turnover(), "{stage}");
            assert!(stage.is_in_visit() || !stage.is_after_session(), "{stage}");
        }
    }
}
