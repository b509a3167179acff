//! Owns the long proofs: two hours of a visit without a click, and a day without growth of memory. `STILLROOM_SEED=n`
//! sets the seed of the visit, and `STILLROOM_HOURS=n` the length of the day in hours. Does not own the checks of each
//! sample (`mod.rs`).

use super::super::dsp::Rng;
use super::super::{BreathSound, Mix, ScoreAim, ScoreShape};
use super::{Pieces, Proof, number};
use crate::room::breath::BreathPattern;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, Character};

/// Maximum growth of the heap from the first half of a day to the second, in bytes.
const GROWTH_BYTES_MAX: i64 = 256 << 10;
/// Maximum growth of resident memory from the first half of a day to the second, in KiB.
const GROWTH_RSS_KIB_MAX: i64 = 8 << 10;

/// A simulated visit with pauses, skips, calls, and changes of profile and volume, at intervals of seconds to half a
/// minute.
struct Visit {
    rng: Rng,
    mix: Mix,
    asked: u64,
}

impl Visit {
    fn new(seed: u64) -> Self {
        let mix = Mix { volume_db: -24.0, crossfade_s: 8.0, ..Mix::default() };
        Self { rng: Rng::new(seed), mix, asked: 0 }
    }

    /// Simulates the next `seconds` of the visit.
    fn go_on(&mut self, proof: &mut Proof, pieces: &Pieces, seconds: f64) {
        let until_s = proof.now_s + seconds;
        while proof.now_s < until_s {
            if self.asked.is_multiple_of(12) {
                self.take_profile(proof, pieces);
            } else {
                self.do_something(proof);
            }
            self.asked += 1;
            proof.draw(f64::from(self.rng.between(2.0, 28.0)));
        }
    }

    fn do_something(&mut self, proof: &mut Proof) {
        match self.rng.below(7) {
            0 => {
                proof.set(Mix { held: true, ..self.mix.clone() });
                // Some holds end before the fade to silence does.
                proof.draw(f64::from(self.rng.between(0.2, 20.0)));
            }
            1 | 2 => self.mix.skips += 1,
            3 => {
                proof.signal(Signal::CallPlaced);
                proof.set(Mix { ducked_db: -12.0, ..self.mix.clone() });
                proof.draw(f64::from(self.rng.between(0.1, 8.0)));
                proof.signal(Signal::DeskHasIt);
                proof.draw(f64::from(self.rng.between(0.5, 8.0)));
            }
            4 => {
                let step_db = if self.rng.unit() < 0.5 { 1.5 } else { -1.5 };
                self.mix.volume_db = (self.mix.volume_db + step_db).clamp(-34.0, -12.0);
            }
            5 => {
                if let Some(aim) = &mut self.mix.score {
                    aim.shape = ScoreShape::default().nudged(self.rng.white());
                }
            }
            _ => {
                self.mix.breath = (self.mix.breath.is_none()).then(|| BreathSound {
                    pattern: BreathPattern::ALL[self.rng.below(BreathPattern::ALL.len())],
                    started: proof.epoch + std::time::Duration::from_secs_f64(proof.now_s),
                    level_db: -6.0,
                });
                self.mix.swell_bed = self.mix.breath.is_some();
            }
        }
        proof.set(self.mix.clone());
    }

    /// Changes the profile: to other pieces or to the score, and to other beds.
    fn take_profile(&mut self, proof: &mut Proof, pieces: &Pieces) {
        let rng = &mut self.rng;
        let first = rng.below(3);
        let has_tracks = rng.unit() < 0.6;
        self.mix.tracks =
            if has_tracks { pieces.paths[first..].iter().cloned().map(Into::into).collect() } else { vec![] };
        self.mix.score = (!has_tracks).then(|| ScoreAim {
            character: Character::ALL[rng.below(Character::ALL.len())],
            seed: u64::from(rng.unit() < 0.5),
            level_db: -2.0,
            shape: ScoreShape::default(),
        });
        self.mix.beds = [Some((Bed::ALL[rng.below(Bed::ALL.len())], -10.0)), None];
        if rng.unit() < 0.3 {
            self.mix.beds[1] = Some((Bed::ALL[rng.below(Bed::ALL.len())], -16.0));
        }
        self.mix.session += u64::from(rng.unit() < 0.1);
        proof.set(self.mix.clone());
    }
}

#[test]
#[ignore = "long: make soak"]
fn soak_a_two_hour_visit_has_no_click() {
    let seed = number("STILLROOM_SEED").unwrap_or(1);
    let pieces = Pieces::new(120.0);
    let (mut proof, mut visit) = (Proof::new(48_000), Visit::new(seed));
    visit.go_on(&mut proof, &pieces, 7_200.0);
    let asked = visit.asked;
    proof.ended().is_clean(&format!("STILLROOM_SEED={seed}, {asked} changes in two hours"));
}

/// Returns the resident memory of this process, in KiB.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

#[test]
#[ignore = "a day takes most of an hour: make soak"]
fn soak_memory_does_not_grow_over_a_day() {
    let hours = number("STILLROOM_HOURS").unwrap_or(24).max(2);
    let pieces = Pieces::new(120.0);
    let (mut proof, mut visit) = (Proof::new(48_000), Visit::new(2));
    proof.is_judging = false;
    let mut held_bytes = 0;
    let mut after = Vec::new();
    for hour in 1..=hours {
        let info = allocation_counter::measure(|| visit.go_on(&mut proof, &pieces, 3_600.0));
        held_bytes += info.bytes_current;
        after.push((held_bytes, resident_kib()));
        println!("hour {hour}: {} KiB resident, {held_bytes} bytes on the heap", resident_kib());
    }
    // At the end of an hour, megabytes of a piece may have been read ahead, so the minima of the two halves of the day
    // are compared.
    let least = |half: &[(i64, i64)]| {
        let bytes = half.iter().map(|(bytes, _)| *bytes).min().unwrap_or_default();
        (bytes, half.iter().map(|(_, kib)| *kib).min().unwrap_or_default())
    };
    let (before, behind) = after.split_at(after.len() / 2);
    let (grown_bytes, grown_kib) = (least(behind).0 - least(before).0, least(behind).1 - least(before).1);
    println!("from one half of {hours} hours to the other: {grown_kib} KiB resident, {grown_bytes} bytes on the heap");
    assert!(grown_bytes <= GROWTH_BYTES_MAX, "{grown_bytes} bytes");
    assert!(grown_kib <= GROWTH_RSS_KIB_MAX, "{grown_kib} KiB");
}
