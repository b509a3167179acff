//! Tests of the whole engine: random changes of the mix, crossfades, holds, underruns, unplayable files, and
//! reproducible renderings.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::limiter::CEILING;
use super::{Engine, EngineCommand};
use crate::room::breath::BreathPattern;
use crate::sound::dsp::Rng;
use crate::sound::score::measure::{CLICK_LIMIT, click_ratio};
use crate::sound::tracks::{TrackReader, TrackRequest};
use crate::sound::{
    BreathSound, Mix, Options, ScoreAim, ScoreShape, SoundEvent, Track, WavWriter, levels_of, render, try_track,
};
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, Character};

/// A temporary folder, removed when the test ends.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sound-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn track(&self, name: &str, rate_hz: u32, seconds: f64, sample: impl Fn(f64) -> [f32; 2]) -> PathBuf {
        let path = self.0.join(name);
        let mut file = WavWriter::create(&path, rate_hz).unwrap();
        let frames: Vec<[f32; 2]> =
            (0..(seconds * f64::from(rate_hz)) as usize).map(|at| sample(at as f64 / f64::from(rate_hz))).collect();
        file.write(&frames).unwrap();
        file.finish().unwrap();
        path
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sine(pitch_hz: f64) -> impl Fn(f64) -> [f32; 2] {
    move |at_s| [(TAU * pitch_hz * at_s).sin() as f32 * 0.5; 2]
}

/// An engine and its reader, which the test advances by hand.
struct TestEngine {
    engine: Engine,
    commands: rtrb::Producer<EngineCommand>,
    reader: TrackReader,
    epoch: Instant,
    options: Options,
    crossfade_s: f32,
    skipped: Vec<PathBuf>,
}

impl TestEngine {
    fn new(crossfade_s: f32) -> Self {
        let options = Options::default();
        let (mut engine, link) = Engine::new(48_000, 1);
        let mut reader = TrackReader::new(options.loudness.clone(), options.instruments_dir.clone());
        reader.connect(link.decks);
        engine.reopen();
        engine.set_clock(0.0);
        Self {
            engine,
            commands: link.commands,
            reader,
            epoch: Instant::now(),
            options,
            crossfade_s,
            skipped: Vec::new(),
        }
    }

    fn set(&mut self, mix: &Mix) {
        let mix = Mix { crossfade_s: self.crossfade_s, ..mix.clone() };
        self.commands.push(EngineCommand::Levels(levels_of(&mix, self.epoch, &self.options))).unwrap();
        self.reader.set_request(TrackRequest::of(&mix));
    }

    fn draw(&mut self, seconds: f64) -> Vec<[f32; 2]> {
        let mut frames = Vec::new();
        for at in 0..(seconds * 48_000.0) as usize {
            if at % 4_800 == 0 {
                self.reader.run_once(&mut |news| {
                    if let SoundEvent::TrackSkipped { path, .. } = news {
                        self.skipped.push(path);
                    }
                });
            }
            frames.push(self.engine.next_frame());
        }
        frames
    }
}

fn loud(tracks: &[&Path]) -> Mix {
    Mix { tracks: tracks.iter().map(|path| Track::from(*path)).collect(), volume_db: 0.0, ..Mix::default() }
}

fn level_db(frames: &[[f32; 2]]) -> f64 {
    let power: f64 = frames.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / frames.len() as f64 + 1e-12).log10()
}

fn largest_step(frames: &[[f32; 2]]) -> f32 {
    frames
        .windows(2)
        .map(|pair| (pair[1][0] - pair[0][0]).abs().max((pair[1][1] - pair[0][1]).abs()))
        .fold(0.0, f32::max)
}

fn random_mix(rng: &mut Rng, tracks: &[PathBuf], skips: &mut u32, started: Instant, all: bool) -> Mix {
    let first = rng.below(tracks.len());
    let last = first + rng.below(tracks.len() - first + 1);
    *skips += u32::from(rng.unit() < 0.3);
    Mix {
        tracks: tracks[first..last].iter().cloned().map(Track::from).collect(),
        skips: *skips,
        music_db: rng.between(-20.0, 0.0),
        score: (rng.unit() < 0.6).then(|| ScoreAim {
            character: Character::ALL[rng.below(Character::ALL.len())],
            seed: u64::from(rng.unit() < 0.5),
            level_db: rng.between(-20.0, 0.0),
            shape: ScoreShape::default().nudged(rng.white()),
        }),
        beds: std::array::from_fn(|_| {
            (all && rng.unit() < 0.6).then(|| (Bed::ALL[rng.below(Bed::ALL.len())], rng.between(-20.0, 0.0)))
        }),
        breath: (all && rng.unit() < 0.6).then(|| BreathSound {
            pattern: BreathPattern::ALL[rng.below(BreathPattern::ALL.len())],
            started: started + Duration::from_secs_f32(rng.between(0.0, 20.0)),
            level_db: rng.between(-12.0, 0.0),
        }),
        swell_bed: rng.unit() < 0.5,
        volume_db: rng.between(-40.0, 0.0),
        held: rng.unit() < 0.2,
        ducked_db: if rng.unit() < 0.3 { rng.between(-24.0, 0.0) } else { 0.0 },
        ..Mix::default()
    }
}

#[test]
fn no_change_of_the_mix_causes_a_step() {
    let folder = TempFolder::new("steps");
    let tracks: Vec<PathBuf> = [(90.0, 48_000), (70.0, 44_100), (110.0, 32_000)]
        .iter()
        .enumerate()
        .map(|(index, (pitch, rate))| folder.track(&format!("{index}.wav"), *rate, 7.0, sine(*pitch)))
        .collect();
    // A sine of 110 Hz at half scale changes by at most 0.0072 per frame. Up to three may overlap in a crossfade.
    let limit = 0.02;
    for seed in 0..6 {
        let (mut bench, mut rng, mut skips) = (TestEngine::new(2.0), Rng::new(seed), 0);
        let mut last = [0.0; 2];
        for step in 0..40 {
            let epoch = bench.epoch;
            let mix = random_mix(&mut rng, &tracks, &mut skips, epoch, false);
            bench.set(&mix);
            let pause_s = f64::from(rng.between(0.01, 1.6));
            let mut frames = vec![last];
            frames.extend(bench.draw(pause_s));
            last = frames[frames.len() - 1];
            let largest = largest_step(&frames);
            assert!(largest < limit, "seed {seed}, change {step}: a step of {largest:.4}");
        }
    }
}

#[test]
fn no_sequence_of_commands_exceeds_the_ceiling() {
    let folder = TempFolder::new("peaks");
    let tracks = [folder.track("a.wav", 48_000, 9.0, |at| sine(120.0)(at).map(|s| s * 1.99))];
    for seed in 0..4 {
        let (mut bench, mut rng, mut skips) = (TestEngine::new(1.0), Rng::new(100 + seed), 0);
        for step in 0..30 {
            let epoch = bench.epoch;
            let mix = random_mix(&mut rng, &tracks, &mut skips, epoch, true);
            bench.set(&mix);
            if rng.unit() < 0.5 {
                let signals = [Signal::CallPlaced, Signal::NoDesk, Signal::SomeoneComing, Signal::TestTone];
                bench.commands.push(EngineCommand::Signal(signals[rng.below(4)])).unwrap();
            }
            let pause_s = f64::from(rng.between(0.05, 2.0));
            for frame in bench.draw(pause_s) {
                for sample in frame {
                    assert!(sample.is_finite() && sample.abs() <= CEILING, "seed {seed}, change {step}: {sample}");
                }
            }
        }
    }
}

#[test]
fn crossfades_between_tracks_keep_constant_power() {
    let folder = TempFolder::new("power");
    // Each track sounds on one side only, so their powers add.
    let left = folder.track("left.wav", 48_000, 30.0, |at| [sine(1_000.0)(at)[0], 0.0]);
    let right = folder.track("right.wav", 48_000, 30.0, |at| [0.0, sine(1_000.0)(at)[0]]);
    let mut bench = TestEngine::new(8.0);
    bench.set(&loud(&[&left, &right]));
    let frames = bench.draw(40.0);
    let settled = level_db(&frames[10 * 48_000..11 * 48_000]);
    // The crossfade runs from 22 to 30 s.
    for from in (20 * 480..33 * 480).step_by(5) {
        let apart = level_db(&frames[from * 100..from * 100 + 480]) - settled;
        assert!(apart.abs() < 0.1, "{apart:.3} dB at {:.2} s", from as f64 / 480.0);
    }
    let gone = level_db(&frames[31 * 48_000..32 * 48_000].iter().map(|f| [f[0], 0.0]).collect::<Vec<_>>());
    assert!(gone < -90.0, "the first track is still heard at {gone:.1} dB");
}

#[test]
fn a_hold_pauses_tracks_and_lets_signals_through() {
    let folder = TempFolder::new("hold");
    // The track grows steadily louder, so its level reveals the position.
    let track = folder.track("rise.wav", 48_000, 60.0, |at| sine(300.0)(at).map(|s| s * at as f32 / 60.0));
    let mut bench = TestEngine::new(4.0);
    let mut mix = loud(&[&track]);
    bench.set(&mix);
    let before = level_db(&bench.draw(20.0)[19 * 48_000..]);
    mix.held = true;
    bench.set(&mix);
    assert!(level_db(&bench.draw(3.0)[2 * 48_000..]) < -100.0);
    bench.commands.push(EngineCommand::Signal(Signal::CallPlaced)).unwrap();
    let tone = bench.draw(0.06);
    assert!(level_db(&tone[1_440..]) > -45.0, "the tone is heard within 60 ms: {:.1} dB", level_db(&tone[1_440..]));
    assert!(level_db(&bench.draw(30.0)[29 * 48_000..]) < -100.0);
    mix.held = false;
    bench.set(&mix);
    let after = level_db(&bench.draw(4.5)[4 * 48_000..]);
    assert!((after - before - 1.9).abs() < 1.0, "went on from where it was: {before:.1} dB, {after:.1} dB");
}

#[test]
fn an_underrun_fades_instead_of_clicking() {
    let folder = TempFolder::new("dry");
    let track = folder.track("long.wav", 48_000, 120.0, sine(100.0));
    let mut bench = TestEngine::new(2.0);
    bench.set(&loud(&[&track]));
    bench.draw(4.0);
    let starved: Vec<[f32; 2]> = (0..48_000 * 14).map(|_| bench.engine.next_frame()).collect();
    assert!(level_db(&starved[48_000 * 13..]) < -100.0);
    let back = bench.draw(2.0);
    assert!(level_db(&back[48_000..]) > -9.0);
    let all: Vec<[f32; 2]> = starved.into_iter().chain(back).collect();
    assert!(largest_step(&all) < 0.01, "{}", largest_step(&all));
}

fn score_mix(character: Character, beds: [Option<(Bed, f32)>; 2]) -> Mix {
    let aim = ScoreAim { character, seed: 1, level_db: 0.0, shape: ScoreShape::default() };
    Mix { score: Some(aim), beds, volume_db: 0.0, ..Mix::default() }
}

#[test]
fn the_score_pauses_during_a_hold() {
    let mut mix = score_mix(Character::Strings, [None; 2]);
    let (mut through, mut rested) = (TestEngine::new(1.2), TestEngine::new(1.2));
    through.set(&mix);
    rested.set(&mix);
    let same = through.draw(20.0) == rested.draw(20.0);
    mix.held = true;
    rested.set(&mix);
    rested.draw(2.0);
    assert!(same && level_db(&rested.draw(30.0)) < -100.0);
    mix.held = false;
    rested.set(&mix);
    // The music advanced by another 1.4 s, give or take a few blocks, while it faded out for the hold.
    let expected = through.draw(11.0);
    let heard = &rested.draw(8.0)[4 * 48_000..];
    let apart_db = (0..40)
        .map(|blocks| &expected[(5 * 48_000 + 19_200 - 20 * 64 + blocks * 64)..][..heard.len()])
        .map(|part| part.iter().zip(heard).map(|(one, two)| [one[0] - two[0], one[1] - two[1]]).collect::<Vec<_>>())
        .map(|difference| level_db(&difference) - level_db(heard))
        .fold(f64::INFINITY, f64::min);
    assert!(apart_db < -40.0, "{apart_db:.1} dB");
}

#[test]
fn two_beds_and_the_score_play_together_at_their_own_levels() {
    let mut bench = TestEngine::new(1.2);
    bench.set(&Mix { score: None, ..score_mix(Character::Tidal, [Some((Bed::Brown, -6.0)), None]) });
    let one = level_db(&bench.draw(12.0)[8 * 48_000..]);
    bench
        .set(&Mix { score: None, ..score_mix(Character::Tidal, [Some((Bed::Brown, -6.0)), Some((Bed::Brown, -6.0))]) });
    let two = level_db(&bench.draw(12.0)[8 * 48_000..]);
    assert!((two - one - 3.0).abs() < 1.0, "{one:.1} dB, {two:.1} dB");
    bench.set(&score_mix(Character::Tidal, [None; 2]));
    let score = level_db(&bench.draw(40.0)[30 * 48_000..]);
    assert!((-34.0..-18.0).contains(&score), "{score:.1} dB");
    bench.set(&Mix { volume_db: 0.0, ..Mix::default() });
    assert!(level_db(&bench.draw(6.0)[4 * 48_000..]) < -100.0);
}

/// The tones and crossfeeds of an engine, one after another.
const SETTINGS: [(i8, bool); 6] = [(2, false), (-2, true), (0, false), (1, true), (-1, false), (0, false)];

#[test]
fn tone_and_crossfeed_change_without_a_click_and_leave_nothing_behind() {
    let mix = score_mix(Character::Strings, [None; 2]);
    let [mut changed, mut plain] = [(); 2].map(|()| TestEngine::new(1.2));
    changed.set(&mix);
    plain.set(&mix);
    let mut frames = changed.draw(12.0);
    let mut heard = plain.draw(12.0);
    assert!(frames == heard);
    for (at, (tone, crossfeed)) in SETTINGS.into_iter().enumerate() {
        changed.options = Options { tone, crossfeed, ..changed.options.clone() };
        changed.set(&mix);
        // Some changes come before the previous one is complete.
        frames.extend(changed.draw([0.6, 3.0][at % 2]));
    }
    heard.extend(plain.draw((frames.len() - heard.len()) as f64 / 48_000.0));
    assert!(heard.len() == frames.len() && heard != frames);
    assert!(click_ratio(&frames, 48_000) < CLICK_LIMIT, "{}", click_ratio(&frames, 48_000));
    assert!(largest_step(&frames) < 0.02, "{}", largest_step(&frames));
    assert!(changed.draw(2.0) == plain.draw(2.0), "off is as if they had never been on");
}

#[test]
fn tone_and_crossfeed_keep_true_peaks_below_the_ceiling() {
    let folder = TempFolder::new("tones");
    // Full scale, alternating, and different on both sides.
    let square = |at: f64, pitch_hz: f64| if (at * pitch_hz).fract() < 0.5 { 0.999 } else { -0.999 };
    let track = folder.track("a.wav", 48_000, 40.0, |at| [square(at, 61.0), square(at, 2_399.0)]);
    let mut bench = TestEngine::new(1.0);
    let mut meter = ebur128::EbuR128::new(2, 48_000, ebur128::Mode::TRUE_PEAK).unwrap();
    for (tone, crossfeed) in SETTINGS {
        bench.options = Options { tone, crossfeed, ..bench.options.clone() };
        bench.set(&loud(&[&track]));
        meter.add_frames_f32(bench.draw(4.0).as_flattened()).unwrap();
    }
    let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
    println!("{:.2} dBTP", 20.0 * peak.log10());
    assert!((0.5..=f64::from(CEILING) + 1e-4).contains(&peak), "{peak}");
}

#[test]
fn signals_have_neither_tone_nor_crossfeed() {
    let [plain, toned] = [(0, false), (2, true)].map(|(tone, crossfeed)| {
        let mut bench = TestEngine::new(1.0);
        bench.options = Options { tone, crossfeed, ..bench.options.clone() };
        bench.set(&Mix { volume_db: -20.0, ..Mix::default() });
        bench.draw(3.0);
        bench.commands.push(EngineCommand::Signal(Signal::CallPlaced)).unwrap();
        bench.draw(2.0)
    });
    let apart = plain.as_flattened().iter().zip(toned.as_flattened()).map(|(one, other)| (one - other).abs());
    assert!(level_db(&plain) > -60.0 && apart.fold(0.0, f32::max) < 1e-7);
}

#[test]
fn unplayable_files_are_skipped() {
    let folder = TempFolder::new("broken");
    let good = folder.track("good.wav", 48_000, 20.0, sine(200.0));
    let broken = folder.0.join("broken.flac");
    std::fs::write(&broken, b"fLaC and then nothing of use").unwrap();
    let missing = folder.0.join("missing.mp3");
    let mut bench = TestEngine::new(2.0);
    bench.set(&loud(&[&missing, &broken, &good]));
    assert!(try_track(&good).is_ok() && try_track(&broken).is_err() && try_track(&missing).is_err());
    let frames = bench.draw(6.0);
    assert!(level_db(&frames[5 * 48_000..]) > -9.0);
    assert_eq!(bench.skipped, [missing, broken]);
}

#[test]
fn two_renderings_give_the_same_bytes() {
    let folder = TempFolder::new("bytes");
    let track = folder.track("a.wav", 44_100, 9.0, sine(220.0));
    let epoch = Instant::now();
    let mix_at = |second: f64| Mix {
        tracks: vec![track.clone().into()],
        score: Some(ScoreAim { character: Character::Strings, seed: 4, level_db: -3.0, shape: ScoreShape::default() }),
        beds: [Some((if second < 6.0 { Bed::Sea } else { Bed::Fire }, 0.0)), Some((Bed::Rain, -9.0))],
        breath: Some(BreathSound { pattern: BreathPattern::FourSix, started: epoch, level_db: -6.0 }),
        swell_bed: true,
        volume_db: -10.0,
        ..Mix::default()
    };
    let signals = [(2.0, Signal::CallPlaced), (4.0, Signal::NoDesk)];
    let bytes = |name: &str, seed: u64| {
        let out = folder.0.join(name);
        let options = Options { seed, ..Options::default() };
        render(&options, epoch, mix_at, &signals, 12.0, &out).unwrap();
        std::fs::read(out).unwrap()
    };
    let first = bytes("1.wav", 1);
    assert_eq!(first.len(), 44 + 12 * 48_000 * 6);
    assert_eq!(first, bytes("2.wav", 1));
    assert_ne!(first, bytes("3.wav", 2));
}
