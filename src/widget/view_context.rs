//! Owns what every view is drawn from: the room's snapshot, the words, the sizes and what the clinic set up. The app
//! replaces its parts as they change; screens and widgets only read it. Does not own how anything is drawn.

use std::sync::Arc;

use iced::Size;

use super::place::Pictures;
use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::profile::Profile;
use crate::room::{Place, Snapshot, SoundChoice};
use crate::theme::Scale;
use crate::words::Words;

/// What the clinic set up, as far as screens show it.
#[derive(Debug)]
pub struct Clinic {
    /// The configuration.
    pub config: Config,
    /// The profiles that are right.
    pub profiles: Vec<Profile>,
    /// How many things are wrong in the clinic's files.
    pub findings: usize,
}

/// What every screen is drawn from.
#[derive(Clone)]
pub struct ViewContext {
    /// The room as it stands.
    pub snapshot: Arc<Snapshot>,
    /// The words in the patient's language.
    pub words: Arc<Words>,
    /// The words in the clinic's language.
    pub staff_words: Arc<Words>,
    /// Sizes.
    pub scale: Scale,
    /// The window.
    pub window: Size,
    /// The room's time.
    pub clock: RoomClock,
    /// What the clinic set up.
    pub clinic: Arc<Clinic>,
    /// The room's name.
    pub room_name: String,
    /// What places are drawn with.
    pub pictures: Pictures,
}

impl ViewContext {
    /// A length in logical pixels.
    #[must_use]
    pub fn mm(&self, mm: f32) -> f32 {
        self.scale.mm(mm)
    }

    /// A patient's line.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// A staff line.
    #[must_use]
    pub fn staff(&self, key: &str) -> String {
        self.staff_words.say(key)
    }

    /// The places that the patient may choose. Darkness is always among them.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let allowed = self.profile().map_or(&[Place::Beach, Place::Dark][..], |profile| &profile.places_allowed);
        Place::ALL.iter().copied().filter(|place| allowed.contains(place) && self.pictures.offers(*place)).collect()
    }

    /// What the patient may choose to hear. Silence is always among it; the profile's own sound is, unless it has none.
    #[must_use]
    pub fn sounds(&self) -> Vec<SoundChoice> {
        let Some(profile) = self.profile() else { return vec![SoundChoice::Silence] };
        let offered = |choice: &SoundChoice| {
            profile.sounds_allowed.contains(choice) && (*choice != SoundChoice::Music || !profile.is_silent())
        };
        SoundChoice::ALL.iter().copied().filter(offered).collect()
    }

    /// The chosen profile, if its file is right.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.clinic.profiles.iter().find(|profile| profile.name == self.snapshot.profile)
    }
}
