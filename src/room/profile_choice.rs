//! Owns the choice of a profile, and the choices made by hand on arrival, which survive a change of profile. Does not
//! own the profiles (`rules`) or the session (`transitions`).

use super::{Refusal, Room, Stage};
use crate::vocabulary::place::Place;

/// What was chosen by hand on arrival; `None` for what was left to the profile. These choices are kept when another
/// profile is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ArrivalChoices {
    pub(super) place: Option<Place>,
    pub(super) volume_db: Option<f32>,
}

impl Room {
    pub(super) fn choose_profile(&mut self, name: &str) -> Result<(), Refusal> {
        self.in_stages(Stage::BEFORE_SESSION)?;
        let index = self.rules.profile_index(name).ok_or(Refusal::UnknownProfile)?;
        if index == self.profile {
            self.apply_profile(index);
        } else {
            self.change_profile(index);
        }
        Ok(())
    }

    /// Changes to another profile. Keeps what was chosen on arrival; the volume is clamped to the limits of the new
    /// profile.
    pub(super) fn change_profile(&mut self, index: usize) {
        let chosen = self.on_arrival;
        self.apply_profile(index);
        self.on_arrival = chosen;
        self.place = chosen.place.unwrap_or(self.place);
        self.volume_db = self.clamp_volume_db(chosen.volume_db.unwrap_or(self.volume_db));
    }

    pub(super) fn apply_profile(&mut self, index: usize) {
        let profile = self.rules.profile(index);
        self.on_arrival = ArrivalChoices::default();
        self.profile = index;
        self.infusion_minutes = profile.infusion_minutes;
        self.place = profile.place;
        self.pattern = profile.pattern;
        self.volume_db = self.clamp_volume_db(profile.volume_db);
    }
}
