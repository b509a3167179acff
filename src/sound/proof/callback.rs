//! Owns the proof that nothing in the audio callback allocates, frees, locks or waits, whatever is asked of the engine.
//!
//! Allocations and frees are counted by an allocator that counts for each thread. A wait is seen in the kernel's own
//! count of how often the thread gave up its processor, while other threads hold the locks that they have as much as
//! they can. Locks that are free when they are taken leave no trace, so the source is read for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::output::cpal_stream::fill;
use super::super::output::dither::Dither;
use super::super::output::{Gate, Shared};
use super::hands::Hands;
use super::{PERIOD_FRAMES, Pieces, Proof};

/// What runs in the callback: every file in these folders, and these files, …
const IN_THE_CALLBACK: [&str; 5] = ["dsp", "beds", "score", "engine", "output/dither.rs"];
/// … but for this one, whose lock only the handle and the reader of clips take. The callback reads what they chose.
const LOCKED_OUTSIDE: &str = "engine/signals/clips.rs";

/// Words of what waits or leaves the program.
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

/// How often this thread gave up its processor by itself.
fn waits() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn the_callback_neither_allocates_nor_frees_nor_waits() {
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 9]))).count_total, 1);
    let pieces = Pieces::new(4.0);
    let (mut hands, mut proof) = (Hands::new(11, &pieces.paths), Proof::new(48_000));
    let shared = Shared::new();
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
                voice.want("es-US", Some("Ana Ruiz"));
                drop(held);
                voice.want("en-US", None);
            }
        });
        for _ in 0..90 {
            hands.ask(&mut proof);
            for _ in 0..hands.chance.below(30) {
                if proof.is_reading {
                    proof.reader.work(&mut |_| ());
                }
                gate.set(hands.chance.unit() < 0.8, false);
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
    // A page that is touched for the first time may wait for the kernel's own lock.
    assert!(waited <= 2, "{waited} waits in {periods} periods");
}

/// Every file in a folder and below it, or the file itself.
fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    fs::read_dir(path).unwrap().flat_map(|entry| files_of(&entry.unwrap().path())).collect()
}

#[test]
fn what_runs_in_the_callback_names_nothing_that_waits() {
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
