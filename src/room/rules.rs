//! Owns the settings that the room's rules depend on: limits, defaults and profiles. Does not own the files that they
//! come from.

use std::time::Duration;

use super::breath::BreathPattern;
use super::call::ESCALATES_AFTER;
use super::notes::NoteLimits;
use super::timeline::Part;
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;

/// The clinic's settings for this room.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The profiles to choose from. The first one is used if [`Rules::default_profile`] names none of them.
    pub profiles: Vec<ProfileRules>,
    /// The name of the profile that a new visit starts with.
    pub default_profile: String,
    /// Minutes from *End now* until the session has landed.
    pub landing_minutes_after_end: u32,
    /// Maximum volume in dB relative to full scale, whatever a profile allows.
    pub cap_db: f32,
    /// The languages to choose from.
    pub languages: Vec<Language>,
    /// The language that a new visit starts with, which is one of [`Rules::languages`].
    pub language: Language,
    /// How much a note can hold.
    pub note_limits: NoteLimits,
    /// Delay of each step of the escalation list, in ascending order. Each counts from the moment at which the call was
    /// last left unacknowledged.
    pub escalation: Vec<Duration>,
    /// Session milliseconds per real millisecond; 1 except in demonstrations.
    pub speed: u32,
}

/// What the rules need to know about a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileRules {
    /// The stem of the profile's file name.
    pub name: String,
    /// Length of the infusion in minutes.
    pub infusion_minutes: u32,
    /// The place on the screen until another is chosen.
    pub place: Place,
    /// The volume until another is chosen, in dB relative to full scale.
    pub volume_db: f32,
    /// Minimum volume that a patient can choose, in dB relative to full scale.
    pub volume_min_db: f32,
    /// Maximum volume that a patient can choose, in dB relative to full scale. [`Rules::cap_db`] applies as well.
    pub volume_max_db: f32,
    /// The pattern of the pacer.
    pub pattern: BreathPattern,
    /// The parts in which the pacer is on unless it was switched off by hand.
    pub breath_parts: Vec<Part>,
    /// Whether the screen is dark from the start of the session.
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
            pattern: BreathPattern::default(),
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
            landing_minutes_after_end: 5,
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

    /// Returns the profile at `index`. If there is no such profile, returns a default that is silent and shows the
    /// beach, because a room without any valid profile must still work.
    pub(super) fn profile(&self, index: usize) -> ProfileRules {
        self.profiles.get(index).cloned().unwrap_or_default()
    }
}
