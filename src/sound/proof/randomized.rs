//! Tests the whole engine under random commands. In whatever order they come, nothing clicks, no sample is NaN, no true
//! peak exceeds −1 dBTP, and everything that should sound does. `STILLROOM_SEED=n` replays one seed, and
//! `STILLROOM_SEEDS=n` sets the number of seeds. A failure names its seed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::random_commands::RandomCommands;
use super::{Pieces, Proof, number};

fn play(seed: u64, commands: usize) {
    let pieces = Pieces::new(6.0);
    let mut hands = RandomCommands::new(seed, &pieces.paths);
    let mut proof = Proof::new(48_000);
    for _ in 0..commands {
        hands.ask(&mut proof);
        let pause_s = if hands.rng.unit() < 0.2 { 5.0 } else { 0.9 };
        proof.draw(f64::from(hands.rng.between(0.01, pause_s)));
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
fn random_commands_never_click_exceed_the_ceiling_or_fall_silent() {
    play_all(3, 40);
}

#[test]
#[ignore = "long: make soak"]
fn soak_random_commands_never_click_exceed_the_ceiling_or_fall_silent() {
    play_all(40, 400);
}
