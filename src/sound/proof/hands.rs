//! Owns what is asked of the engine by chance, as a patient, a clinician and a device would, and as none of them would.

use std::path::PathBuf;
use std::time::Duration;

use super::super::dsp::Chance;
use super::super::{Bed, BreathSound, Character, Mix, ScoreAim, Shape, Signal, Track};
use super::{JOINED, Proof};
use crate::room::breath::Pattern;

const SIGNALS: [Signal; 8] = [
    Signal::CallPlaced,
    Signal::DeskHasIt,
    Signal::SomeoneComing,
    Signal::LineDown,
    Signal::DarkPanel,
    Signal::TestTone,
    Signal::TalkNow,
    Signal::Reading,
];
const RATES_HZ: [u32; 4] = [48_000, 44_100, 96_000, 32_000];
/// The fields of a mix that can change, each by itself.
const FIELDS: usize = 13;

/// Hands that ask for anything.
pub struct Hands {
    pub chance: Chance,
    paths: Vec<PathBuf>,
    mix: Mix,
}

impl Hands {
    pub fn new(seed: u64, paths: &[PathBuf]) -> Self {
        Self { chance: Chance::new(seed), paths: paths.to_vec(), mix: Mix::default() }
    }

    /// One command, whichever.
    pub fn ask(&mut self, proof: &mut Proof) {
        match self.chance.below(12) {
            0 => {
                // Before anything is read anew, the disk may be slow for a while.
                proof.is_reading = !proof.is_reading;
            }
            1 => proof.signal(SIGNALS[self.chance.below(SIGNALS.len())]),
            2 if self.chance.unit() < 0.5 => proof.change_output(RATES_HZ[self.chance.below(RATES_HZ.len())]),
            3 => proof.jitter_s = f64::from(self.chance.between(-0.004, 0.004)),
            4 if self.chance.unit() < 0.3 => proof.jitter_s = f64::from(self.chance.between(-2.0, 2.0)),
            5 => {
                let languages = ["en-US", "es-US"];
                proof.voice.want(languages[self.chance.below(2)], Some("Ana Ruiz"));
            }
            6 => {
                for field in 0..FIELDS {
                    self.change(field, proof);
                }
                proof.set(self.mix.clone());
            }
            _ => {
                for _ in 0..=self.chance.below(3) {
                    let field = self.chance.below(FIELDS);
                    self.change(field, proof);
                }
                proof.set(self.mix.clone());
            }
        }
    }

    fn change(&mut self, field: usize, proof: &Proof) {
        let chance = &mut self.chance;
        match field {
            0 => self.mix.tracks = tracks(chance, &self.paths),
            1 => self.mix.session += u64::from(chance.unit() < 0.3),
            2 => {
                self.mix.crossfade_s = [0.0, chance.between(0.0, 4.0), chance.between(0.0, 60.0), 1e4][chance.below(4)];
            }
            3 => self.mix.skips += [0, 1, 1, 3][chance.below(4)],
            4 => self.mix.music_db = level_db(chance),
            5 => {
                self.mix.score = (chance.unit() < 0.6).then(|| ScoreAim {
                    character: Character::ALL[chance.below(4)],
                    seed: u64::from(chance.unit() < 0.5),
                    level_db: level_db(chance),
                    shape: Shape::default().nudged(chance.white()),
                });
            }
            6 | 7 => {
                let bed = (chance.unit() < 0.6).then(|| (Bed::ALL[chance.below(6)], level_db(chance)));
                self.mix.beds[field - 6] = bed;
            }
            8 => {
                let later = Duration::from_secs_f64(proof.now_s + f64::from(chance.between(0.0, 20.0)));
                self.mix.breath = (chance.unit() < 0.6).then(|| BreathSound {
                    pattern: Pattern::ALL[chance.below(4)],
                    started: proof.epoch + later,
                    level_db: level_db(chance),
                });
            }
            9 => self.mix.swell_bed = chance.unit() < 0.5,
            10 => {
                let wished = [f32::NAN, 3.0, 0.0, chance.between(-40.0, 0.0), chance.between(-20.0, 0.0)];
                self.mix.volume_db = wished[chance.below(wished.len())];
            }
            11 => self.mix.held = chance.unit() < 0.25,
            _ => self.mix.ducked_db = if chance.unit() < 0.4 { chance.between(-24.0, 0.0) } else { 0.0 },
        }
    }
}

/// Any level, now and then one that is none.
fn level_db(chance: &mut Chance) -> f32 {
    match chance.below(12) {
        0 => f32::NEG_INFINITY,
        1 => 6.0,
        _ => chance.between(-24.0, 0.0),
    }
}

/// Some of the pieces in their order, some of those that can be joined joined.
fn tracks(chance: &mut Chance, paths: &[PathBuf]) -> Vec<Track> {
    let first = chance.below(paths.len());
    let last = first + chance.below(paths.len() - first + 1);
    let mut track = |index: usize| {
        let joins = chance.unit() < 0.25 && index > first && index < JOINED;
        Track { path: paths[index].clone(), joins }
    };
    (first..last).map(&mut track).collect()
}
