//! Owns what a room is told about its clinic: limits, defaults and profiles, as far as rules depend on them.
//! Does not own the files they come from.

use std::time::Duration;

use super::arc::Part;
use super::breath::Pattern;
use super::call::ESCALATES_AFTER;
use super::notes::NoteLimits;
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;

/// What the clinic decided for this room.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The profiles that can be chosen; the first stands in where the default is missing.
    pub profiles: Vec<ProfileRules>,
    /// The name of the profile of a fresh visit.
    pub default_profile: String,
    /// Infusion length where a profile names none, in minutes.
    pub infusion_minutes: u32,
    /// Minutes until landed after *end now*.
    pub landing_minutes_after_end: u32,
    /// Volume where a profile names none, dB below full scale.
    pub start_volume_db: f32,
    /// No volume goes above, dB below full scale.
    pub cap_db: f32,
    /// The languages that can be chosen.
    pub languages: Vec<Language>,
    /// The language of a fresh visit: one of `languages`.
    pub language: Language,
    /// How much a note can hold.
    pub note_limits: NoteLimits,
    /// How long a call goes unacknowledged before each step of the escalation list, in order.
    pub escalation: Vec<Duration>,
    /// Session milliseconds in a real one; 1 outside a trial.
    pub speed: u32,
}

/// What the rules need to know of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileRules {
    /// Its name: the file's stem.
    pub name: String,
    /// Infusion length, in minutes.
    pub infusion_minutes: u32,
    /// The place it opens with.
    pub place: Place,
    /// The volume it opens with, dB below full scale.
    pub volume_db: f32,
    /// The least volume a patient can choose, dB below full scale.
    pub volume_min_db: f32,
    /// The most, dB below full scale; the room's cap binds as well.
    pub volume_max_db: f32,
    /// The pattern of the pacer.
    pub pattern: Pattern,
    /// The parts in which the pacer is on by itself.
    pub breath_parts: Vec<Part>,
    /// Whether the screen is dark from the start.
    pub dark: bool,
}

impl Default for ProfileRules {
    fn default() -> Self {
        Self {
            name: "silence".to_owned(),
            infusion_minutes: 40,
            place: Place::Beach,
            volume_db: -30.0,
            volume_min_db: -60.0,
            volume_max_db: -12.0,
            pattern: Pattern::default(),
            breath_parts: vec![Part::Settle, Part::Landing],
            dark: false,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            profiles: vec![ProfileRules::default()],
            default_profile: String::new(),
            infusion_minutes: 40,
            landing_minutes_after_end: 5,
            start_volume_db: -30.0,
            cap_db: -12.0,
            languages: vec![Language::FALLBACK],
            language: Language::FALLBACK,
            note_limits: NoteLimits::default(),
            escalation: vec![ESCALATES_AFTER],
            speed: 1,
        }
    }
}

impl Rules {
    pub(super) fn default_profile_index(&self) -> usize {
        self.profile_index(&self.default_profile).unwrap_or(0)
    }

    pub(super) fn profile_index(&self, name: &str) -> Option<usize> {
        self.profiles.iter().position(|profile| profile.name == name)
    }

    /// A room without a single right profile still stands: silence, and the beach.
    pub(super) fn profile(&self, index: usize) -> ProfileRules {
        self.profiles.get(index).cloned().unwrap_or_default()
    }
}
