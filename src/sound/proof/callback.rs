//! Owns the proof that the audio callback never allocates, frees, locks or waits, whatever commands it is given.
//!
//! An allocator that counts for each thread reveals allocations and frees. The kernel's count of voluntary context
//! switches reveals waits, while another thread keeps taking the locks of the shared state. Taking a lock that is free
//! leaves no trace, so the source is searched for locks as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::output::cpal_stream::fill;
use super::super::output::dither::Dither;
use super::super::output::{Gate, SoundState};
use super::super::{Mix, ScoreAim, ScoreShape};
use super::random_commands::RandomCommands;
use super::{PERIOD_FRAMES, Pieces, Proof};
use crate::vocabulary::sound::Character;

/// The folders and files in `src/sound` whose code runs in the callback, except for tests and `score/measure`.
const IN_THE_CALLBACK: [&str; 5] = ["dsp", "beds", "score", "engine", "output/dither.rs"];
/// A file in these folders that is exempt from the search, because it contains a lock. Only the handle and the reader
/// of clips take that lock; the callback reads atomics.
const LOCKED_OUTSIDE: &str = "engine/signals/clip_bank.rs";

/// Words that indicate waiting, locking or system calls.
const WAITING: [&str; 13] = [
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    ".lock()",
    ".recv",
    "sleep(",
    "park(",
    ".join()",
    "std::fs",
    "std::net",
    "Instant::now",
    "println!",
];

/// Returns the number of voluntary context switches of this thread.
fn waits() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn the_callback_never_allocates_frees_or_waits() {
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 9]))).count_total, 1);
    let pieces = Pieces::new(4.0);
    let (mut hands, mut proof) = (RandomCommands::new(11, &pieces.paths), Proof::new(48_000));
    let shared = SoundState::new();
    let mut gate = Gate::shut(48_000);
    let mut coarse = (vec![0_i16; PERIOD_FRAMES * 2], Some(Dither::new(16)));
    let mut around = (vec![0.0_f32; PERIOD_FRAMES * 6], None);
    let mut frames = vec![[0.0_f32; 2]; PERIOD_FRAMES];
    let ended = AtomicBool::new(false);
    let (mut periods, mut waited) = (0_u64, 0);
    std::thread::scope(|scope| {
        let voice = Arc::clone(&proof.voice);
        scope.spawn(|| {
            let voice = voice;
            while !ended.load(Ordering::Relaxed) {
                let held = shared.mix.lock();
                voice.select("es-US", Some("Ana Ruiz"));
                drop(held);
                voice.select("en-US", None);
            }
        });
        for _ in 0..90 {
            hands.ask(&mut proof);
            for _ in 0..hands.rng.below(30) {
                if proof.is_reading {
                    proof.reader.run_once(&mut |_| ());
                }
                gate.set(hands.rng.unit() < 0.8, false);
                let way = periods % 3;
                let before = waits();
                let info = allocation_counter::measure(|| {
                    let now_s = shared.mark_buffer();
                    shared.note_latency(0.1);
                    proof.engine.set_clock(now_s + proof.jitter_s);
                    match way {
                        0 => fill(&mut proof.engine, &mut coarse.0, 2, &mut coarse.1),
                        1 => fill(&mut proof.engine, &mut around.0, 6, &mut around.1),
                        _ => {
                            frames.fill_with(|| proof.engine.next_frame());
                            gate.run(&mut frames);
                        }
                    }
                });
                waited += waits() - before;
                periods += 1;
                let change = (info.count_total, info.count_current, info.bytes_current);
                assert_eq!(change, (0, 0, 0), "taken, left and freed in period {periods}, with {:#?}", proof.mix);
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    println!("{periods} periods: nothing taken, nothing freed, {waited} waits");
    // Two waits are tolerated, because the first access to a memory page may wait for a lock in the kernel.
    assert!(waited <= 2, "{waited} waits in {periods} periods");
}

#[test]
fn instruments_come_and_go_without_allocating_or_freeing() {
    let mut proof = Proof::new(48_000);
    let mut frames = vec![[0.0_f32; 2]; PERIOD_FRAMES];
    let periods_of = |seconds: f64| (seconds * 48_000.0 / PERIOD_FRAMES as f64) as u64;
    for (character, seconds) in
        [(Character::PianoStrings, 30.0), (Character::ChoirBells, 30.0), (Character::Bells, 60.0)]
    {
        let aim = ScoreAim { character, seed: 1, level_db: 0.0, shape: ScoreShape::default() };
        proof.set(Mix { score: Some(aim), volume_db: -6.0, ..Mix::default() });
        for period in 0..periods_of(seconds) {
            proof.reader.run_once(&mut |event| panic!("{event:?}"));
            let info = allocation_counter::measure(|| frames.fill_with(|| proof.engine.next_frame()));
            let change = (info.count_total, info.count_current, info.bytes_current);
            assert_eq!(change, (0, 0, 0), "{}, period {period}", character.name());
        }
    }
    assert_eq!(proof.reader.instruments_out(), 0, "bells need no recordings, so all have come back");
}

/// Returns every file in the folder `path` and its subfolders or, if `path` is a file, the file itself.
fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    fs::read_dir(path).unwrap().flat_map(|entry| files_of(&entry.unwrap().path())).collect()
}

#[test]
fn the_callbacks_source_never_locks_or_waits() {
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sound");
    let paths: Vec<PathBuf> = IN_THE_CALLBACK.iter().flat_map(|name| files_of(&sound.join(name))).collect();
    assert!(paths.len() > 25, "{paths:?}");
    let measure = sound.join("score/measure");
    for path in paths {
        if path.ends_with("tests.rs") || path.starts_with(&measure) || path == sound.join(LOCKED_OUTSIDE) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for word in WAITING {
            let line = code.lines().find(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert_eq!(line, None, "{}: {word}", path.display());
        }
    }
}
