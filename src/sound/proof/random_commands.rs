//! Owns random commands to the engine, both plausible and implausible ones. Does not own the checks of the output
//! (`mod.rs`).

use std::path::PathBuf;
use std::time::Duration;

use super::super::dsp::Rng;
use super::super::{BreathSound, Mix, ScoreAim, ScoreShape, Track};
use super::{JOINED, Proof};
use crate::room::breath::BreathPattern;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, Character};

const RATES_HZ: [u32; 4] = [48_000, 44_100, 96_000, 32_000];
/// Number of fields of a mix that can be changed, with each bed counted separately.
const FIELDS: usize = 14;

/// A source of random commands.
pub struct RandomCommands {
    pub rng: Rng,
    paths: Vec<PathBuf>,
    mix: Mix,
}

impl RandomCommands {
    pub fn new(seed: u64, paths: &[PathBuf]) -> Self {
        Self { rng: Rng::new(seed), paths: paths.to_vec(), mix: Mix::default() }
    }

    /// Gives random commands, or changes the simulated disk, clock or output.
    pub fn ask(&mut self, proof: &mut Proof) {
        match self.rng.below(13) {
            0 => {
                // Simulates a disk that stops responding, or responds again.
                proof.is_reading = !proof.is_reading;
            }
            1 => proof.signal(Signal::ALL[self.rng.below(Signal::ALL.len())]),
            2 if self.rng.unit() < 0.5 => proof.change_output(RATES_HZ[self.rng.below(RATES_HZ.len())]),
            3 => proof.jitter_s = f64::from(self.rng.between(-0.004, 0.004)),
            4 if self.rng.unit() < 0.3 => proof.jitter_s = f64::from(self.rng.between(-2.0, 2.0)),
            5 => {
                let languages = ["en-US", "es-US"];
                proof.voice.select(languages[self.rng.below(2)], Some("Ana Ruiz"));
            }
            6 => {
                proof.options.tone = [-2, -1, 0, 1, 2][self.rng.below(5)];
                proof.options.crossfeed = self.rng.unit() < 0.5;
                proof.set(self.mix.clone());
            }
            7 => {
                for field in 0..FIELDS {
                    self.change(field, proof);
                }
                proof.set(self.mix.clone());
            }
            _ => {
                for _ in 0..=self.rng.below(3) {
                    let field = self.rng.below(FIELDS);
                    self.change(field, proof);
                }
                proof.set(self.mix.clone());
            }
        }
    }

    fn change(&mut self, field: usize, proof: &Proof) {
        let rng = &mut self.rng;
        match field {
            0 => self.mix.tracks = tracks(rng, &self.paths),
            1 => self.mix.session += u64::from(rng.unit() < 0.3),
            2 => {
                self.mix.crossfade_s = [0.0, rng.between(0.0, 4.0), rng.between(0.0, 60.0), 1e4][rng.below(4)];
            }
            3 => self.mix.skips += [0, 1, 1, 3][rng.below(4)],
            4 => self.mix.music_db = level_db(rng),
            5 => {
                self.mix.score = (rng.unit() < 0.6).then(|| ScoreAim {
                    character: Character::ALL[rng.below(Character::ALL.len())],
                    seed: u64::from(rng.unit() < 0.5),
                    level_db: level_db(rng),
                    shape: ScoreShape::default().nudged(rng.white()),
                });
            }
            6 | 7 => {
                let bed = (rng.unit() < 0.6).then(|| (Bed::ALL[rng.below(Bed::ALL.len())], level_db(rng)));
                self.mix.beds[field - 6] = bed;
            }
            8 => {
                let later = Duration::from_secs_f64(proof.now_s + f64::from(rng.between(0.0, 20.0)));
                self.mix.breath = (rng.unit() < 0.6).then(|| BreathSound {
                    pattern: BreathPattern::ALL[rng.below(BreathPattern::ALL.len())],
                    started: proof.epoch + later,
                    level_db: level_db(rng),
                });
            }
            9 => self.mix.swell_bed = rng.unit() < 0.5,
            10 => {
                let wished = [f32::NAN, 3.0, 0.0, rng.between(-40.0, 0.0), rng.between(-20.0, 0.0)];
                self.mix.volume_db = wished[rng.below(wished.len())];
            }
            11 => self.mix.held = rng.unit() < 0.25,
            12 => self.mix.calmed = !self.mix.calmed,
            _ => self.mix.ducked_db = if rng.unit() < 0.4 { rng.between(-24.0, 0.0) } else { 0.0 },
        }
    }
}

/// Returns a random level, occasionally an invalid one.
fn level_db(rng: &mut Rng) -> f32 {
    match rng.below(12) {
        0 => f32::NEG_INFINITY,
        1 => 6.0,
        _ => rng.between(-24.0, 0.0),
    }
}

/// Returns a random playlist. Some of the pieces that can be joined are joined.
fn tracks(rng: &mut Rng, paths: &[PathBuf]) -> Vec<Track> {
    let first = rng.below(paths.len());
    let last = first + rng.below(paths.len() - first + 1);
    let mut track = |index: usize| {
        let joins = rng.unit() < 0.25 && index > first && index < JOINED;
        Track { path: paths[index].clone(), joins }
    };
    (first..last).map(&mut track).collect()
}
