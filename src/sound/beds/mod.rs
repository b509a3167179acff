//! Owns the set of nature beds, and the crossfade from one bed to another. Does not own the synthesis of each bed (the
//! submodules), or its level in the mix.

mod air;
mod crickets;
mod fire;
mod night_forest;
mod rain_thunder;
mod sea;
mod snow;
mod water;

use std::f32::consts::FRAC_PI_2;

use crate::sound::dsp::ramp::{AudioBlock, Ramp, SILENCE, Span, add_scaled, seconds_to_frames};
use crate::sound::dsp::{FilterCoefficients, Rng, StateVariableFilter};

use crate::vocabulary::sound::Bed;
use air::{BrownBed, WindBed};
use crickets::CricketsBed;
use fire::FireBed;
use night_forest::NightForestBed;
use rain_thunder::RainThunderBed;
use sea::SeaBed;
use snow::SnowBed;
use water::{RainBed, StreamBed};

/// The breath over one block, and how closely a bed follows it.
#[derive(Clone, Copy, Debug)]
pub struct BreathSwell {
    /// How full the breath is, 0 to 1.
    pub level: Span,
    /// How much of the bed's motion follows the breath: 0 for its own motion, 1 for the breath alone.
    pub share: Span,
}

/// One sounding bed. Everything is stored inline, because a bed is created in the audio callback, which must not
/// allocate.
#[derive(Debug)]
enum BedSynth {
    Sea(SeaBed),
    Rain(RainBed),
    RainThunder(RainThunderBed),
    Wind(WindBed),
    Stream(StreamBed),
    Fire(FireBed),
    Crickets(CricketsBed),
    NightForest(NightForestBed),
    Snow(SnowBed),
    Brown(BrownBed),
}

impl BedSynth {
    fn new(bed: Bed, seed: u64, rate_hz: f32) -> Self {
        match bed {
            Bed::Sea => Self::Sea(SeaBed::new(seed, rate_hz)),
            Bed::Rain => Self::Rain(RainBed::new(seed, rate_hz)),
            Bed::RainThunder => Self::RainThunder(RainThunderBed::new(seed, rate_hz)),
            Bed::Wind => Self::Wind(WindBed::new(seed, rate_hz)),
            Bed::Stream => Self::Stream(StreamBed::new(seed, rate_hz)),
            Bed::Fire => Self::Fire(FireBed::new(seed, rate_hz)),
            Bed::Crickets => Self::Crickets(CricketsBed::new(seed, rate_hz)),
            Bed::NightForest => Self::NightForest(NightForestBed::new(seed, rate_hz)),
            Bed::Snow => Self::Snow(SnowBed::new(seed, rate_hz)),
            Bed::Brown => Self::Brown(BrownBed::new(seed, rate_hz)),
        }
    }

    fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        match self {
            Self::Sea(synth) => synth.render(out, swell),
            Self::Rain(synth) => synth.render(out),
            Self::RainThunder(synth) => synth.render(out),
            Self::Wind(synth) => synth.render(out, swell),
            Self::Stream(synth) => synth.render(out),
            Self::Fire(synth) => synth.render(out, swell),
            Self::Crickets(synth) => synth.render(out),
            Self::NightForest(synth) => synth.render(out),
            Self::Snow(synth) => synth.render(out),
            Self::Brown(synth) => synth.render(out),
        }
    }
}

#[derive(Debug)]
struct BedSlot {
    bed: Bed,
    synth: BedSynth,
    /// High-pass filter against inaudible rumble that would only load the loudspeaker.
    floor: [StateVariableFilter; 2],
    fade_angle: Ramp,
}

/// The beds that sound at present on one of the mix's two channels: the requested bed, and any beds that are fading
/// out.
#[derive(Debug)]
pub struct Beds {
    slots: [Option<BedSlot>; 3],
    wanted: Option<Bed>,
    rate_hz: u32,
    seed: u64,
    made: u64,
}

/// Cutoff, in Hz, of the high-pass filter through which every bed passes.
const FLOOR_HZ: f32 = 45.0;
/// Length of the crossfade from one bed to the next, in seconds.
pub const BED_FADE_S: f32 = 4.0;

impl Beds {
    /// Creates a set that is silent until [`fade_to`](Self::fade_to) names a bed.
    pub const fn new(seed: u64, rate_hz: u32) -> Self {
        Self { slots: [None, None, None], wanted: None, rate_hz, seed, made: 0 }
    }

    /// Crossfades to `bed` at equal power within [`BED_FADE_S`]; with `None`, fades out.
    pub fn fade_to(&mut self, bed: Option<Bed>) {
        self.wanted = bed;
    }

    /// Returns whether nothing sounds and nothing is about to start.
    pub fn is_silent(&self) -> bool {
        self.wanted.is_none() && self.slots.iter().all(Option::is_none)
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        *out = SILENCE;
        let fade_frames = seconds_to_frames(BED_FADE_S, self.rate_hz);
        self.start_fades(fade_frames);
        let floor = FilterCoefficients::new(FLOOR_HZ, 0.65, self.rate_hz as f32);
        for entry in &mut self.slots {
            let Some(slot) = entry else { continue };
            let mut block = SILENCE;
            slot.synth.render(&mut block, swell);
            for frame in &mut block {
                for (sample, filter) in frame.iter_mut().zip(&mut slot.floor) {
                    *sample = filter.run(*sample, floor).2;
                }
            }
            add_scaled(out, &block, slot.fade_angle.advance().map(f32::sin));
            if slot.fade_angle.is_silent() {
                *entry = None;
            }
        }
    }

    fn start_fades(&mut self, fade_frames: u32) {
        let wanted = self.wanted;
        for slot in self.slots.iter_mut().flatten() {
            slot.fade_angle.set_target(if Some(slot.bed) == wanted { FRAC_PI_2 } else { 0.0 }, fade_frames);
        }
        let Some(bed) = wanted else { return };
        if self.slots.iter().flatten().any(|slot| slot.bed == bed) {
            return;
        }
        // While the beds in all slots are fading out, the new bed waits, because a late start is better than cutting
        // off a fade.
        let Some(free) = self.slots.iter_mut().find(|slot| slot.is_none()) else { return };
        self.made += 1;
        let mut fade_angle = Ramp::holding(0.0);
        fade_angle.set_target(FRAC_PI_2, fade_frames);
        let seed = Rng::new(self.seed.wrapping_add(self.made)).between(0.0, 16_777_216.0) as u64;
        *free = Some(BedSlot {
            bed,
            synth: BedSynth::new(bed, seed, self.rate_hz as f32),
            floor: Default::default(),
            fade_angle,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::sound::dsp::ramp::BLOCK;

    fn still() -> BreathSwell {
        BreathSwell { level: Span::constant(0.0), share: Span::constant(0.0) }
    }

    /// A breath of 4 s in and 6 s out, which a bed follows as closely as it can.
    fn breathing(at_s: f64) -> BreathSwell {
        let level = |at_s: f64| {
            let since_s = at_s % 10.0;
            let turn = if since_s < 4.0 { since_s / 4.0 } else { 1.0 + (since_s - 4.0) / 6.0 };
            (0.5 - 0.5 * (PI * turn).cos()) as f32
        };
        let next_s = at_s + BLOCK as f64 / 48_000.0;
        BreathSwell { level: Span { start: level(at_s), end: level(next_s) }, share: Span::constant(1.0) }
    }

    fn heard(bed: Bed, seconds: usize, seed: u64, swell: impl Fn(f64) -> BreathSwell) -> Vec<[f32; 2]> {
        let mut beds = Beds::new(seed, 48_000);
        beds.fade_to(Some(bed));
        let mut frames = Vec::new();
        for index in 0..seconds * 48_000 / BLOCK {
            let mut block = SILENCE;
            beds.render(&mut block, swell((index * BLOCK) as f64 / 48_000.0));
            frames.extend_from_slice(&block);
        }
        frames
    }

    fn seconds_of(bed: Bed, seconds: usize, seed: u64) -> Vec<[f32; 2]> {
        heard(bed, seconds, seed, |_| still())
    }

    #[test]
    fn every_bed_is_audible_bounded_and_reproducible() {
        for bed in Bed::ALL.iter().copied() {
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

    /// Largest rise of a bed within a second, in dB, from the mean of 400 ms to the mean of 400 ms.
    const RISE_MAX_DB: f64 = 6.0;

    fn largest_rise_db(frames: &[[f32; 2]]) -> f64 {
        let power = |frames: &[[f32; 2]]| frames.iter().flatten().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        let tenths: Vec<f64> = frames.chunks(4_800).map(power).collect();
        let levels_db: Vec<f64> = tenths.windows(4).map(|window| 10.0 * window.iter().sum::<f64>().log10()).collect();
        let rise_db = |at: usize| {
            let lowest_db = levels_db[at - 10..at].iter().copied().fold(f64::MAX, f64::min);
            levels_db[at] - lowest_db
        };
        (10..levels_db.len()).map(rise_db).fold(0.0, f64::max)
    }

    #[test]
    fn no_bed_becomes_loud_suddenly() {
        for bed in Bed::ALL.iter().copied() {
            for seed in 1..=2 {
                let own_db = largest_rise_db(&seconds_of(bed, 60, seed)[6 * 48_000..]);
                let led_db = largest_rise_db(&heard(bed, 60, seed, breathing)[6 * 48_000..]);
                println!("{}: {own_db:.1} dB, with the breath {led_db:.1} dB", bed.name());
                assert!(own_db <= RISE_MAX_DB && led_db <= RISE_MAX_DB, "{} with seed {seed}", bed.name());
            }
        }
    }

    /// Largest loss of level when the channels of a bed are mixed to mono, in dB. Channels without anything in common
    /// lose 3 dB.
    const MONO_LOSS_MAX_DB: f64 = 3.5;

    #[test]
    fn every_bed_is_whole_in_mono() {
        for bed in Bed::ALL.iter().copied() {
            let frames = &seconds_of(bed, 30, 1)[6 * 48_000..];
            let apart: f64 = frames.iter().flatten().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 2.0;
            let mono: f64 = frames.iter().map(|[left, right]| f64::from((left + right) / 2.0).powi(2)).sum();
            let loss_db = 10.0 * (apart / mono).log10();
            println!("{}: {loss_db:.1} dB", bed.name());
            assert!(loss_db <= MONO_LOSS_MAX_DB, "{}: {loss_db:.1} dB", bed.name());
        }
    }

    #[test]
    fn an_unwanted_bed_fades_out() {
        let mut beds = Beds::new(1, 48_000);
        beds.fade_to(Some(Bed::Brown));
        let mut block = SILENCE;
        for _ in 0..4_000 {
            beds.render(&mut block, still());
        }
        beds.fade_to(None);
        for _ in 0..4_000 {
            beds.render(&mut block, still());
        }
        assert!(beds.is_silent());
        assert!(block.iter().flatten().all(|sample| sample.abs() < 1e-9));
    }
}
