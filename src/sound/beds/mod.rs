//! Owns the nature beds as a set: which there are, and how one gives way to another. Does not own how each is made
//! (`air`, `water`) or how loud it is in the mix.

mod air;
mod water;

use std::f32::consts::FRAC_PI_2;

use crate::sound::dsp::ramp::{Block, Ramp, SILENCE, Span, add_scaled, frames};
use crate::sound::dsp::{Chance, Tuning, Variable};

use air::{BrownBed, FireBed, WindBed};
use water::{RainBed, SeaBed, StreamBed};

/// A nature bed: synthesised, endless, without a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bed {
    /// Waves that run up and draw back over a distant rumble.
    Sea,
    /// Many fine drops and their hiss.
    Rain,
    /// Gusts in leaves.
    Wind,
    /// A small stream over stones.
    Stream,
    /// A low fire with sparse, soft crackle.
    Fire,
    /// Brown noise.
    Brown,
}

impl Bed {
    /// Every bed.
    pub const ALL: [Self; 6] = [Self::Sea, Self::Rain, Self::Wind, Self::Stream, Self::Fire, Self::Brown];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sea => "sea",
            Self::Rain => "rain",
            Self::Wind => "wind",
            Self::Stream => "stream",
            Self::Fire => "fire",
            Self::Brown => "brown",
        }
    }

    /// The bed of that name in files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bed| bed.name() == name)
    }
}

/// A breath that a bed may swell with: how full, from the block's start to its end.
#[derive(Clone, Copy, Debug)]
pub struct Swell {
    /// 0 to 1.
    pub level: Span,
    /// How much the bed gives itself to the breath, 0 (its own motion) to 1.
    pub share: Span,
}

/// One bed that sounds. All of it lives inline, so that it can be made in the audio callback.
#[derive(Debug)]
enum Voice {
    Sea(SeaBed),
    Rain(RainBed),
    Wind(WindBed),
    Stream(StreamBed),
    Fire(FireBed),
    Brown(BrownBed),
}

impl Voice {
    fn new(bed: Bed, seed: u64, rate_hz: f32) -> Self {
        match bed {
            Bed::Sea => Self::Sea(SeaBed::new(seed, rate_hz)),
            Bed::Rain => Self::Rain(RainBed::new(seed, rate_hz)),
            Bed::Wind => Self::Wind(WindBed::new(seed, rate_hz)),
            Bed::Stream => Self::Stream(StreamBed::new(seed, rate_hz)),
            Bed::Fire => Self::Fire(FireBed::new(seed, rate_hz)),
            Bed::Brown => Self::Brown(BrownBed::new(seed, rate_hz)),
        }
    }

    fn render(&mut self, out: &mut Block, swell: Swell) {
        match self {
            Self::Sea(voice) => voice.render(out, swell),
            Self::Rain(voice) => voice.render(out),
            Self::Wind(voice) => voice.render(out, swell),
            Self::Stream(voice) => voice.render(out),
            Self::Fire(voice) => voice.render(out, swell),
            Self::Brown(voice) => voice.render(out),
        }
    }
}

#[derive(Debug)]
struct Slot {
    bed: Bed,
    voice: Voice,
    /// Takes away what no speaker should be asked for and nobody would miss.
    floor: [Variable; 2],
    angle: Ramp,
}

/// The beds that sound: the wanted one and those on their way out.
#[derive(Debug)]
pub struct Beds {
    slots: [Option<Slot>; 3],
    wanted: Option<Bed>,
    rate_hz: u32,
    seed: u64,
    made: u64,
}

/// Beds are cut below this.
const FLOOR_HZ: f32 = 45.0;
/// How long one bed takes to give way to another, in seconds.
pub const BED_FADE_S: f32 = 4.0;

impl Beds {
    /// No bed yet.
    pub const fn new(seed: u64, rate_hz: u32) -> Self {
        Self { slots: [None, None, None], wanted: None, rate_hz, seed, made: 0 }
    }

    /// Goes over to `bed` at equal power.
    pub fn want(&mut self, bed: Option<Bed>) {
        self.wanted = bed;
    }

    /// Whether nothing sounds and nothing is about to.
    pub fn is_silent(&self) -> bool {
        self.wanted.is_none() && self.slots.iter().all(Option::is_none)
    }

    /// One block, replacing what is in `out`.
    pub fn render(&mut self, out: &mut Block, swell: Swell) {
        *out = SILENCE;
        let fade_frames = frames(BED_FADE_S, self.rate_hz);
        self.settle_wish(fade_frames);
        let floor = Tuning::new(FLOOR_HZ, 0.65, self.rate_hz as f32);
        for place in &mut self.slots {
            let Some(slot) = place else { continue };
            let mut block = SILENCE;
            slot.voice.render(&mut block, swell);
            for frame in &mut block {
                for (sample, filter) in frame.iter_mut().zip(&mut slot.floor) {
                    *sample = filter.run(*sample, floor).2;
                }
            }
            add_scaled(out, &block, slot.angle.advance().map(f32::sin));
            if slot.angle.is_silent() {
                *place = None;
            }
        }
    }

    fn settle_wish(&mut self, fade_frames: u32) {
        let wanted = self.wanted;
        for slot in self.slots.iter_mut().flatten() {
            slot.angle.aim(if Some(slot.bed) == wanted { FRAC_PI_2 } else { 0.0 }, fade_frames);
        }
        let Some(bed) = wanted else { return };
        if self.slots.iter().flatten().any(|slot| slot.bed == bed) {
            return;
        }
        // With every slot still fading the wish waits: better late than cut off.
        let Some(place) = self.slots.iter_mut().find(|slot| slot.is_none()) else { return };
        self.made += 1;
        let mut angle = Ramp::resting(0.0);
        angle.aim(FRAC_PI_2, fade_frames);
        let seed = Chance::new(self.seed.wrapping_add(self.made)).between(0.0, 16_777_216.0) as u64;
        *place =
            Some(Slot { bed, voice: Voice::new(bed, seed, self.rate_hz as f32), floor: Default::default(), angle });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::ramp::BLOCK;

    fn still() -> Swell {
        Swell { level: Span::constant(0.0), share: Span::constant(0.0) }
    }

    fn seconds_of(bed: Bed, seconds: usize, seed: u64) -> Vec<[f32; 2]> {
        let mut beds = Beds::new(seed, 48_000);
        beds.want(Some(bed));
        let mut frames = Vec::new();
        for _ in 0..seconds * 48_000 / BLOCK {
            let mut block = SILENCE;
            beds.render(&mut block, still());
            frames.extend_from_slice(&block);
        }
        frames
    }

    #[test]
    fn names_lead_back_to_their_beds() {
        for bed in Bed::ALL {
            assert_eq!(Bed::from_name(bed.name()), Some(bed));
        }
        assert_eq!(Bed::from_name("traffic"), None);
    }

    #[test]
    fn every_bed_sounds_stays_in_bounds_and_repeats_by_seed() {
        for bed in Bed::ALL {
            let frames = seconds_of(bed, 12, 7);
            let settled = &frames[5 * 48_000..];
            let power =
                settled.iter().flatten().map(|s| f64::from(*s).powi(2)).sum::<f64>() / settled.len() as f64 / 2.0;
            let level_db = 10.0 * power.log10();
            assert!((-42.0..-16.0).contains(&level_db), "{}: {level_db:.1} dB", bed.name());
            assert!(frames.iter().flatten().all(|s| s.is_finite() && s.abs() < 0.9), "{}", bed.name());
            assert_eq!(frames[..48_000], seconds_of(bed, 1, 7)[..], "{}", bed.name());
            assert_ne!(frames[..48_000], seconds_of(bed, 1, 8)[..], "{}", bed.name());
        }
    }

    #[test]
    fn a_bed_that_is_not_wanted_fades_and_goes() {
        let mut beds = Beds::new(1, 48_000);
        beds.want(Some(Bed::Brown));
        let mut block = SILENCE;
        for _ in 0..4_000 {
            beds.render(&mut block, still());
        }
        beds.want(None);
        for _ in 0..4_000 {
            beds.render(&mut block, still());
        }
        assert!(beds.is_silent());
        assert!(block.iter().flatten().all(|sample| sample.abs() < 1e-9));
    }
}
