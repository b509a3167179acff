//! Owns the context from which every view is drawn: the room's snapshot, the words, the scale and the clinic's
//! settings. The app keeps it up to date; screens and widgets only read it. Not here: drawing.

use std::sync::Arc;
use std::time::Instant;

use iced::Size;

use super::place::PlaceRenderer;
use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::profile::Profile;
use crate::room::Snapshot;
use crate::theme::Scale;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use crate::words::Words;

/// What the clinic set up.
#[derive(Debug)]
pub struct Clinic {
    /// The configuration.
    pub config: Config,
    /// The profiles without findings.
    pub profiles: Vec<Profile>,
    /// Number of findings in the clinic's files.
    pub findings: usize,
}

/// What every view is drawn from.
#[derive(Clone)]
pub struct ViewContext {
    /// The room's latest snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The words in the patient's language.
    pub words: Arc<Words>,
    /// The words in the clinic's language.
    pub staff_words: Arc<Words>,
    /// Millimetres to logical pixels.
    pub scale: Scale,
    /// Size of the window, in logical pixels.
    pub window: Size,
    /// The room's clock.
    pub clock: RoomClock,
    /// What the clinic set up.
    pub clinic: Arc<Clinic>,
    /// The room's name.
    pub room_name: String,
    /// Draws places.
    pub place_renderer: PlaceRenderer,
    /// The hand that screens are laid out for.
    pub hand: Hand,
    /// What has just happened in the room, for the patient.
    pub notice: Option<Notice>,
}

/// Words at the top of a patient's screen about something that has just happened in the room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// When the words begin to fade in.
    pub from: Instant,
    /// When they have faded out; `None` while it goes on.
    pub until: Option<Instant>,
}

/// What a [`Notice`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Staff are speaking to the patient.
    StaffSpeak,
    /// A call was cleared.
    CallCleared,
}

impl ViewContext {
    /// A length in millimetres as logical pixels.
    #[must_use]
    pub fn mm(&self, mm: f32) -> f32 {
        self.scale.mm(mm)
    }

    /// A message in the patient's language.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// A message in the clinic's language.
    #[must_use]
    pub fn staff(&self, key: &str) -> String {
        self.staff_words.say(key)
    }

    /// The same for a screen of staff: laid out the same way for every patient.
    #[must_use]
    pub fn for_staff(&self) -> Self {
        Self { hand: Hand::Right, scale: self.scale.with_type(TypeSize::Normal), ..self.clone() }
    }

    /// Whether screens are mirrored, for a patient whose left hand is free.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.hand == Hand::Left
    }

    /// The notice, unless it is over.
    #[must_use]
    pub fn current_notice(&self) -> Option<Notice> {
        self.notice.filter(|notice| notice.until.is_none_or(|until| Instant::now() < until))
    }

    /// The places that the patient may choose. The dark is always one of them.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let allowed = self.profile().map_or(&[Place::Beach, Place::Dark][..], |profile| &profile.places_allowed);
        Place::ALL
            .iter()
            .copied()
            .filter(|place| allowed.contains(place) && self.place_renderer.can_show(*place))
            .collect()
    }

    /// What the patient may choose to hear. Silence is always offered; the profile's own sound is, unless it has none.
    #[must_use]
    pub fn sounds(&self) -> Vec<SoundChoice> {
        let Some(profile) = self.profile() else { return vec![SoundChoice::Silence] };
        let offered = |choice: &SoundChoice| {
            profile.sounds_allowed.contains(choice) && (*choice != SoundChoice::Music || !profile.is_silent())
        };
        SoundChoice::ALL.iter().copied().filter(offered).collect()
    }

    /// The chosen profile, unless its file has findings.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.clinic.profiles.iter().find(|profile| profile.name == self.snapshot.profile)
    }
}
