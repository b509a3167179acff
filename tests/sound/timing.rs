//! Owns the tests of how soon a signal is heard, how accurately the time of each frame is known, and that no frame is
//! missed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stillroom::sound::{Mix, Options, ScoreAim, ScoreShape, Track};
use stillroom::vocabulary::signal::Signal;
use stillroom::vocabulary::sound::{Bed, Character};

use crate::server::{Ear, Kept, Room, wait_for, with_server};

#[test]
fn a_call_tone_is_heard_within_300_ms() {
    with_server("timing::a_call_tone_is_heard_within_300_ms", &["room"], |_| {
        let ear = Ear::at("room");
        let room = Room::open(Options::default());
        room.sound.set_mix(Mix { volume_db: -15.0, ..Mix::default() });
        room.is_playing();
        std::thread::sleep(Duration::from_secs(2));
        let mut delays = Vec::new();
        for _ in 0..8 {
            ear.attend();
            let pressed = Instant::now();
            room.signal(Signal::CallPlaced);
            let heard = ear.wait_for(0.012, Duration::from_secs(2)).expect("the call tone is not heard");
            delays.push(heard.duration_since(pressed));
            // The tone decays during this pause. The pause has a different length each time, so that presses fall at
            // different moments of the server's period.
            std::thread::sleep(Duration::from_millis(3_400 + 7 * delays.len() as u64));
        }
        delays.sort();
        // A recorder receives frames when the server mixes them, but a patient hears them only when the output has
        // played its buffer. The measured delays therefore do not include the output's own latency, which is part of
        // `wait`.
        let wait = Duration::from_micros(room.sound.health().latency_us);
        println!("a call tone is heard by a listener after {delays:?}; a frame waits {wait:?}");
        assert!(delays[6] < Duration::from_millis(300), "{delays:?} and {wait:?}");
        // A tone is rendered at most one period, 48 ms, after the press, and its soft attack is audible 60 ms later.
        assert!(wait + Duration::from_millis(48 + 60) < Duration::from_millis(300), "{wait:?}");
        assert_eq!(room.sound.health().underruns, 0);
    });
}

#[test]
fn the_time_a_frame_is_heard_is_known() {
    with_server("timing::the_time_a_frame_is_heard_is_known", &["room"], |_| {
        let room = Room::open(Options::default());
        room.is_playing();
        wait_for("the notes of the clock", Duration::from_secs(30), || room.sound.health().clock_notes >= 5);
        let health = room.sound.health();
        println!("{health:?}");
        assert!(health.clock_error_us < 20_000, "{health:?}");
    });
}

/// Plays tracks, a score and beds at the same time, skips pieces, and sounds call tones, while other processes keep
/// every processor busy. `STILLROOM_MINUTES=n` sets the duration in minutes, 120 by default. `STILLROOM_LOAD=n` sets
/// the number of busy processes, one per processor by default.
#[test]
#[ignore = "two hours: make soak"]
fn soak_two_hours_on_busy_processors_have_no_underrun() {
    with_server("timing::soak_two_hours_on_busy_processors_have_no_underrun", &["room"], |_| {
        let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        let minutes = number("STILLROOM_MINUTES").unwrap_or(120);
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let load: Vec<Kept> = (0..number("STILLROOM_LOAD").unwrap_or(processors))
            .map(|_| Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap())
            .map(Kept)
            .collect();
        let music = Path::new(env!("CARGO_MANIFEST_DIR")).join("media/music");
        let mut pieces: Vec<_> = std::fs::read_dir(&music).unwrap().map(|entry| entry.unwrap().path()).collect();
        pieces.retain(|path| path.extension().is_some_and(|ending| ending == "ogg" || ending == "flac"));
        pieces.sort();
        assert!(pieces.len() > 1, "{}: no pieces", music.display());
        let room = Room::open(Options::default());
        let mut mix = Mix {
            tracks: pieces.into_iter().map(Track::from).collect(),
            crossfade_s: 8.0,
            score: Some(ScoreAim {
                character: Character::Tidal,
                seed: 1,
                level_db: -6.0,
                shape: ScoreShape::default(),
            }),
            beds: [Some((Bed::Sea, -9.0)), Some((Bed::Wind, -12.0))],
            volume_db: -24.0,
            ..Mix::default()
        };
        room.sound.set_mix(mix.clone());
        room.is_playing();
        let began = Instant::now();
        let mut told = 0;
        for half_minute in 0..2 * minutes {
            std::thread::sleep(Duration::from_secs(30));
            match half_minute % 4 {
                0 => mix.skips += 1,
                1 => room.signal(Signal::CallPlaced),
                2 => mix.volume_db = if mix.volume_db < -27.0 { -24.0 } else { mix.volume_db - 1.5 },
                _ => mix.score = mix.score.map(|aim| ScoreAim { seed: aim.seed + 1, ..aim }),
            }
            room.sound.set_mix(mix.clone());
            let health = room.sound.health();
            if health.underruns > told || half_minute % 20 == 0 {
                told = health.underruns;
                println!("after {:.0} s: {health:?}", began.elapsed().as_secs_f64());
            }
        }
        drop(load);
        let health = room.sound.health();
        println!("{minutes} minutes: {health:?}");
        assert_eq!(health.underruns, 0);
        assert!(room.sound.last_buffer_age().is_some_and(|age| age < Duration::from_secs(1)), "it has fallen silent");
    });
}
