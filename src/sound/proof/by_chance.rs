//! The engine as a whole under commands by chance: whatever is asked, in whatever order, nothing clicks, nothing is not a
//! number, no true peak passes −1 dBTP, and what should sound does. `STILLROOM_SEED=n` replays one seed,
//! `STILLROOM_SEEDS=n` plays so many; every failure names its seed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::hands::Hands;
use super::{Pieces, Proof, number};

fn play(seed: u64, commands: usize) {
    let pieces = Pieces::new(6.0);
    let mut hands = Hands::new(seed, &pieces.paths);
    let mut proof = Proof::new(48_000);
    for _ in 0..commands {
        hands.ask(&mut proof);
        let pause_s = if hands.chance.unit() < 0.2 { 5.0 } else { 0.9 };
        proof.draw(f64::from(hands.chance.between(0.01, pause_s)));
    }
    proof.ended().is_clean(&format!("seed {seed}, {commands} commands"));
    drop(pieces.folder);
}

fn play_all(seeds: u64, commands: usize) {
    let seeds = number("STILLROOM_SEED").map_or(1..=number("STILLROOM_SEEDS").unwrap_or(seeds), |seed| seed..=seed);
    for seed in seeds {
        if let Err(failure) = catch_unwind(AssertUnwindSafe(|| play(seed, commands))) {
            eprintln!("failed with STILLROOM_SEED={seed}");
            resume_unwind(failure);
        }
    }
}

#[test]
fn commands_by_chance_neither_click_nor_pass_the_ceiling_nor_fall_silent() {
    play_all(3, 40);
}

#[test]
#[ignore = "long: make soak"]
fn soak_commands_by_chance_neither_click_nor_pass_the_ceiling_nor_fall_silent() {
    play_all(40, 400);
}
