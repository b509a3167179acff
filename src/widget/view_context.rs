//! Owns the context from which every view is drawn: the room's snapshot, the words, the scale, the current notice and
//! the clinic's settings. The app keeps the context up to date; screens and widgets only read it. Does not own any
//! drawing.

use std::sync::Arc;
use std::time::Instant;

use iced::Size;

use super::place::PlaceRenderer;
use super::veil::VeilFade;
use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::profile::Profile;
use crate::room::Snapshot;
use crate::theme::Scale;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use crate::words::Words;

/// The clinic's configuration and profiles, as read at the start of the program.
#[derive(Debug)]
pub struct Clinic {
    /// The configuration.
    pub config: Config,
    /// The profiles whose files have no findings. The others cannot be chosen.
    pub profiles: Vec<Profile>,
    /// Number of findings in the clinic's files.
    pub findings: usize,
}

/// The data that every view is drawn from.
#[derive(Clone)]
pub struct ViewContext {
    /// The room's latest snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The words in the patient's language.
    pub words: Arc<Words>,
    /// The words in the clinic's language.
    pub staff_words: Arc<Words>,
    /// Converts millimetres to logical pixels on this display.
    pub scale: Scale,
    /// Size of the window, in logical pixels.
    pub window: Size,
    /// The room's clock.
    pub clock: RoomClock,
    /// The clinic's configuration and profiles.
    pub clinic: Arc<Clinic>,
    /// The room's name.
    pub room_name: String,
    /// The renderer of places.
    pub place_renderer: PlaceRenderer,
    /// The patient's free hand, for which screens are laid out.
    pub hand: Hand,
    /// The notice that tells the patient what has just happened in the room. It may have expired; use
    /// [`Self::current_notice`].
    pub notice: Option<Notice>,
    /// When the current page appeared on the screen.
    pub page_since: Instant,
    /// The ink between the place and the words. It changes gradually from page to page.
    pub veil: Arc<VeilFade>,
}

/// Words at the top of a patient's screen about something that has just happened in the room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// When the words begin to fade in.
    pub from: Instant,
    /// When the words have faded out; `None` as long as what they report is still going on.
    pub until: Option<Instant>,
}

/// What a [`Notice`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Staff are speaking to the patient.
    StaffSpeak,
    /// A call was cleared.
    CallCleared,
}

impl ViewContext {
    /// Converts a length in millimetres to logical pixels.
    #[must_use]
    pub fn mm(&self, mm: f32) -> f32 {
        self.scale.mm(mm)
    }

    /// Returns the words with this key in the patient's language.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// Returns the words with this key in the clinic's language.
    #[must_use]
    pub fn staff(&self, key: &str) -> String {
        self.staff_words.say(key)
    }

    /// Returns this context for the PIN pad and the staff sheet, which are never mirrored and always in normal type.
    #[must_use]
    pub fn for_staff(&self) -> Self {
        Self { hand: Hand::Right, scale: self.scale.with_type(TypeSize::Normal), ..self.clone() }
    }

    /// Whether screens are mirrored, for a patient whose left hand is free.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.hand == Hand::Left
    }

    /// The notice, unless it has expired.
    #[must_use]
    pub fn current_notice(&self) -> Option<Notice> {
        self.notice.filter(|notice| notice.until.is_none_or(|until| Instant::now() < until))
    }

    /// Returns the places that the patient may choose, out of those that the window can show. The dark is always one of
    /// them.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let allowed = self.profile().map_or(&[Place::Beach, Place::Dark][..], |profile| &profile.places_allowed);
        Place::ALL
            .iter()
            .copied()
            .filter(|place| allowed.contains(place) && self.place_renderer.can_show(*place))
            .collect()
    }

    /// Returns the sounds that the patient may choose. Silence is always one of them, and so is the profile's own sound
    /// ([`SoundChoice::Music`]), unless the profile has no sound.
    #[must_use]
    pub fn sounds(&self) -> Vec<SoundChoice> {
        let Some(profile) = self.profile() else { return vec![SoundChoice::Silence] };
        let offered = |choice: &SoundChoice| {
            profile.sounds_allowed.contains(choice) && (*choice != SoundChoice::Music || !profile.is_silent())
        };
        SoundChoice::ALL.iter().copied().filter(offered).collect()
    }

    /// Returns the profile that staff have chosen, or `None` if its file is missing or has findings.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.clinic.profiles.iter().find(|profile| profile.name == self.snapshot.profile)
    }
}
