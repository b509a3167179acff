//! Owns what patient and desk can change for comfort: volume, place, breath, dark, silence, anchor.

use super::{BreathView, DARK_PANEL_FOR, Effect, Event, Pattern, Refusal, Room, RoomTime, Stage};
use crate::vocabulary::place::Place;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::SoundChoice;

/// The most a desk can trim brightness by.
const BRIGHTNESS_TRIM_MAX: f32 = 0.5;

impl Room {
    pub(super) fn take_comfort(&mut self, now: RoomTime, event: &Event) -> Result<(), Refusal> {
        if !matches!(event, Event::TalkNow { .. }) {
            self.in_visit()?;
        }
        match *event {
            Event::Volume { db } => {
                if !db.is_finite() {
                    return Err(Refusal::OutOfRange { what: "db", min: -60, max: 0 });
                }
                self.volume_db = self.within_limits(db);
            }
            Event::PlaceChosen(place) => {
                self.place = place;
                if self.stage == Stage::Session {
                    self.dark = place == Place::Dark;
                    if !self.dark {
                        self.dark_panel_until = None;
                    }
                }
            }
            Event::BreathWished { on } => {
                self.breath_wished = Some(on);
                self.set_breath(now, on);
            }
            // Holds are off in the infusion.
            Event::BreathPattern(Pattern::Box4) if self.stage == Stage::Session => {
                return Err(Refusal::WrongStage { stage: self.stage, allowed: Stage::VISIT_BUT_SESSION });
            }
            Event::BreathPattern(pattern) => self.change_pattern(now, pattern),
            Event::Dark { on } => {
                self.dark = on;
                self.dark_panel_until = None;
            }
            Event::DarkTouched if self.dark => {
                self.dark_panel_until = Some(now + DARK_PANEL_FOR);
                self.effects.push_back(Effect::Signal(Signal::DarkPanel));
            }
            Event::Anchor { on } => {
                self.anchor = on;
                if on {
                    self.set_breath(now, true);
                } else {
                    if self.session.is_none() || self.breath_wished.is_some() {
                        self.set_breath(now, self.breath_wished.unwrap_or(false));
                    }
                    self.breathe_as_the_part_asks(now);
                }
            }
            Event::SoundChosen(SoundChoice::Silence) => self.silence = true,
            Event::SoundChosen(choice) => {
                self.sound = choice;
                self.silence = false;
            }
            Event::Silence { on } => self.silence = on,
            Event::SkipPiece => self.skips = self.skips.saturating_add(1),
            Event::Brightness { trim } => {
                if !trim.is_finite() {
                    return Err(Refusal::OutOfRange { what: "brightness in percent", min: -50, max: 50 });
                }
                self.brightness_trim = trim.clamp(-BRIGHTNESS_TRIM_MAX, BRIGHTNESS_TRIM_MAX);
            }
            Event::Intensity { nudge } => {
                if !nudge.is_finite() {
                    return Err(Refusal::OutOfRange { what: "intensity in percent", min: -100, max: 100 });
                }
                self.intensity_nudge = nudge.clamp(-1.0, 1.0);
            }
            Event::TalkNow { on } => {
                if on && !self.talk_now {
                    self.effects.push_back(Effect::Signal(Signal::TalkNow));
                }
                self.talk_now = on;
            }
            _ => {}
        }
        Ok(())
    }

    /// The pacer follows the part, unless the patient has said what they wish or holds on to it.
    pub(super) fn breathe_as_the_part_asks(&mut self, now: RoomTime) {
        let Some(part) = self.session.map(|session| session.part(now)) else { return };
        if self.anchor || self.breath_wished.is_some() {
            return;
        }
        let on = self.rules.profile(self.profile).breath_parts.contains(&part);
        self.set_breath(now, on);
    }

    pub(super) fn within_limits(&self, db: f32) -> f32 {
        let profile = self.rules.profile(self.profile);
        let most = profile.volume_max_db.min(self.rules.cap_db);
        db.clamp(profile.volume_min_db.min(most), most)
    }

    fn set_breath(&mut self, now: RoomTime, on: bool) {
        match (on, self.breath) {
            (true, None) => self.breath = Some(BreathView { pattern: self.pattern, started: now, next: None }),
            (false, Some(_)) => self.breath = None,
            _ => {}
        }
    }

    pub(super) fn change_pattern(&mut self, now: RoomTime, pattern: Pattern) {
        self.pattern = pattern;
        let Some(breath) = &mut self.breath else { return };
        let (running, started) = breath.running_at(now);
        let cycle_ms = super::time::millis(running.cycle());
        let whole = super::time::millis(now.since(started)) / cycle_ms + 1;
        *breath =
            BreathView { pattern: running, started, next: Some((pattern, RoomTime(started.0 + whole * cycle_ms))) };
    }
}
