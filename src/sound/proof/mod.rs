//! Owns what the proofs of the whole engine share: an engine driven as an audio device would drive it, in periods and
//! with a clock, and a check of every sample. Does not own the commands given to the engine (`random_commands`, `long`,
//! `callback`), or how like a real sound a bed is (`texture`).

mod callback;
mod clicks;
mod long;
mod planted;
mod random_commands;
mod randomized;
mod texture;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ebur128::{EbuR128, Mode};

use super::dsp::smoothstep;
use super::engine::limiter::CEILING;
use super::engine::{ClipBank, Engine, EngineCommand};
use super::tracks::{TrackReader, TrackRequest};
use super::{CALM_DB, Mix, Options, WavWriter, levels_of};
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, Character};
use clicks::{Click, ClickDetector};

/// Frames per period: 48 ms at 48 kHz.
const PERIOD_FRAMES: usize = 2_304;
/// [`Click::ratio`] above which a residual is a click, unless [`CLICK_RATIO_OF_DROPS`] applies.
const CLICK_RATIO: f64 = 12.0;
/// The ratio that applies instead of [`CLICK_RATIO`] while fire, rain, snow or the score's glass may be heard. It is higher,
/// because these sounds consist of knocks, drops and grains.
const CLICK_RATIO_OF_DROPS: f64 = 100.0;
/// Peaks below this (−120 dBFS) count as silence.
const SILENCE_PEAK: f32 = 1e-6;
/// Maximum length of silence while tracks or beds should sound, in seconds.
const SILENT_S_MAX: f64 = 4.0;
/// Maximum length of silence while only the score should sound, in seconds. Bells are far apart.
const SILENT_BELLS_S_MAX: f64 = 20.0;

/// Number of pieces in [`Pieces`] that fade at both ends and can therefore be joined.
const JOINED: usize = 3;

/// Returns the number in an environment variable; `None` if it is not set or not a number.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A temporary folder of short pieces.
struct Pieces {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Pieces {
    /// Creates five pieces of low tones. Their sample rates vary, and their lengths rise from `seconds` to about one
    /// and a half times that. The first [`JOINED`] pieces fade at both ends and can therefore be joined; the others end
    /// abruptly. Adds the paths of a file that is not audio and of a file that does not exist.
    fn new(seconds: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tones = [(110.0, 48_000), (146.8, 44_100), (196.0, 32_000), (220.0, 96_000), (261.6, 48_000)];
        let mut paths = Vec::new();
        for (index, (pitch_hz, rate_hz)) in tones.into_iter().enumerate() {
            let path = folder.path().join(format!("{index}.wav"));
            let mut file = WavWriter::create(&path, rate_hz).unwrap();
            let length_s = seconds * (1.0 + 0.13 * index as f64);
            let at = |frame: usize, pitch_hz: f64| {
                (std::f64::consts::TAU * pitch_hz * frame as f64 / f64::from(rate_hz)).sin() as f32
            };
            let count = (length_s * f64::from(rate_hz)) as usize;
            let softly = |frame: usize| {
                let edge = frame.min(count - 1 - frame) as f32 / (rate_hz as f32 * 0.1);
                if index < JOINED { smoothstep(edge) } else { 1.0 }
            };
            let frames: Vec<[f32; 2]> = (0..count)
                .map(|frame| {
                    let [left, right] = [at(frame, pitch_hz) + 0.5 * at(frame, pitch_hz * 3.01), at(frame, pitch_hz)];
                    [0.4 * left * softly(frame), 0.5 * right * softly(frame)]
                })
                .collect();
            file.write(&frames).unwrap();
            file.finish().unwrap();
            paths.push(path);
        }
        let broken = folder.path().join("broken.flac");
        std::fs::write(&broken, b"fLaC and then nothing of use").unwrap();
        paths.push(broken);
        paths.push(folder.path().join("missing.mp3"));
        Self { folder, paths }
    }

    /// Returns whether the file at `path` is a piece that can be played.
    fn is_good(path: &std::path::Path) -> bool {
        path.extension().is_some_and(|ending| ending == "wav")
    }
}

/// Findings in all the audio rendered so far.
#[derive(Debug, Default)]
struct ProofReport {
    clicks: Vec<Click>,
    /// Largest [`Click::ratio`]: first while no fire, rain or glass may be heard, then during the rest of the time.
    worst_ratio: [f64; 2],
    true_peak: f64,
    longest_silence_s: f64,
    seconds: f64,
}

/// An engine whose output is checked, and its reader of tracks. A test drives both.
struct Proof {
    engine: Engine,
    commands: rtrb::Producer<EngineCommand>,
    reader: TrackReader,
    voice: Arc<ClipBank>,
    epoch: Instant,
    options: Options,
    mix: Mix,
    rate_hz: u32,
    now_s: f64,
    /// Current error of the device's clock, in seconds.
    jitter_s: f64,
    /// Whether the simulated disk responds and pieces are read ahead.
    is_reading: bool,
    /// Whether the output is checked for clicks, true peaks and silence; if not, only the size of each sample is
    /// checked.
    is_judging: bool,
    /// The frames rendered, if they are to be kept.
    kept: Option<Vec<[f32; 2]>>,
    detector: ClickDetector,
    meter: EbuR128,
    silent_since_s: f64,
    /// Time until which fire, rain or glass may be heard.
    drops_until_s: f64,
    signal_until_s: f64,
    found: ProofReport,
}

impl Proof {
    fn new(rate_hz: u32) -> Self {
        let instruments_dir = Some(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("media/instruments"));
        let options = Options { instruments_dir, ..Options::default() };
        let voice = Arc::new(ClipBank::empty());
        let (engine, commands, reader) = Self::engine(rate_hz, &options, &voice, None);
        Self {
            engine,
            commands,
            reader,
            voice,
            epoch: Instant::now(),
            options,
            mix: Mix::default(),
            rate_hz,
            now_s: 0.0,
            jitter_s: 0.0,
            is_reading: true,
            is_judging: true,
            kept: None,
            detector: ClickDetector::new(),
            meter: EbuR128::new(2, rate_hz, Mode::TRUE_PEAK).unwrap(),
            silent_since_s: 0.0,
            drops_until_s: 0.0,
            signal_until_s: 0.0,
            found: ProofReport::default(),
        }
    }

    fn engine(
        rate_hz: u32,
        options: &Options,
        voice: &Arc<ClipBank>,
        reader: Option<TrackReader>,
    ) -> (Engine, rtrb::Producer<EngineCommand>, TrackReader) {
        let (mut engine, link) = Engine::new(rate_hz, options.seed);
        engine.set_clips(Arc::clone(voice), super::dsp::ramp::db_to_gain(options.reading_db));
        let mut reader =
            reader.unwrap_or_else(|| TrackReader::new(options.loudness.clone(), options.instruments_dir.clone()));
        reader.connect(link.decks);
        engine.reopen();
        (engine, link.commands, reader)
    }

    fn set(&mut self, mix: Mix) {
        self.commands.push(EngineCommand::Levels(levels_of(&mix, self.epoch, &self.options))).unwrap();
        self.reader.set_request(TrackRequest::of(&mix));
        self.mix = mix;
    }

    fn signal(&mut self, signal: Signal) {
        self.commands.push(EngineCommand::Signal(signal)).unwrap();
        self.signal_until_s = self.now_s + crate::sound::engine::length_of(signal).as_secs_f64() + 1.0;
    }

    /// Fades the output out, and replaces the engine with one for an output of `rate_hz`.
    fn change_output(&mut self, rate_hz: u32) {
        self.commands.push(EngineCommand::Close(self.rate_hz / 20)).unwrap();
        self.draw(0.1);
        let unused = std::mem::replace(&mut self.reader, TrackReader::new(self.options.loudness.clone(), None));
        (self.engine, self.commands, self.reader) = Self::engine(rate_hz, &self.options, &self.voice, Some(unused));
        self.rate_hz = rate_hz;
        self.note_peak();
        self.meter = EbuR128::new(2, rate_hz, Mode::TRUE_PEAK).unwrap();
        self.silent_since_s = self.now_s;
        self.set(self.mix.clone());
    }

    /// Renders `seconds` of audio, rounded up to whole periods, and checks it.
    fn draw(&mut self, seconds: f64) {
        let until_s = self.now_s + seconds;
        let mut frames = vec![[0.0; 2]; PERIOD_FRAMES];
        while self.now_s < until_s {
            if self.is_reading {
                self.reader.run_once(&mut |_| ());
            }
            self.engine.set_clock(self.now_s + self.jitter_s);
            frames.fill_with(|| self.engine.next_frame());
            self.judge(&frames);
            if let Some(kept) = &mut self.kept {
                kept.extend(&frames);
            }
            self.now_s += PERIOD_FRAMES as f64 / f64::from(self.rate_hz);
            self.found.seconds += PERIOD_FRAMES as f64 / f64::from(self.rate_hz);
        }
    }

    fn judge(&mut self, frames: &[[f32; 2]]) {
        let mut peak = 0.0_f32;
        for sample in frames.iter().flatten() {
            assert!(sample.is_finite() && sample.abs() <= CEILING, "{sample} after {:.2} s", self.now_s);
            peak = peak.max(sample.abs());
        }
        if !self.is_judging {
            return;
        }
        self.meter.add_frames_f32(frames.as_flattened()).unwrap();
        let is_of_grains = |bed: &Bed| matches!(bed, Bed::Fire | Bed::Rain | Bed::RainThunder | Bed::Snow);
        if self.mix.beds.iter().flatten().any(|(bed, _)| is_of_grains(bed)) {
            self.drops_until_s = self.drops_until_s.max(self.now_s + 8.0);
        }
        if self.mix.score.is_some_and(|aim| aim.character == Character::Glass) {
            // The glass character includes a grainy breath sound, which fades out with the score.
            let leaves_s = f64::from(self.mix.crossfade_s.clamp(2.0, 60.0));
            self.drops_until_s = self.drops_until_s.max(self.now_s + 8.0 + leaves_s);
        }
        let has_drops = self.now_s < self.drops_until_s;
        let limit = if has_drops { CLICK_RATIO_OF_DROPS } else { CLICK_RATIO };
        let found = &mut self.found;
        self.detector.hear(frames, |click| {
            let worst = &mut found.worst_ratio[usize::from(has_drops)];
            *worst = worst.max(click.ratio);
            if click.ratio > limit {
                found.clicks.push(click);
            }
        });
        let bound_s = self.may_be_silent_for_s();
        if peak > SILENCE_PEAK || bound_s.is_none() {
            self.silent_since_s = self.now_s;
        }
        let silent_s = self.now_s - self.silent_since_s;
        self.found.longest_silence_s = self.found.longest_silence_s.max(silent_s);
        if let Some(bound_s) = bound_s {
            assert!(silent_s <= bound_s, "silent for {silent_s:.2} s at {:.2} s, with {:#?}", self.now_s, self.mix);
        }
    }

    /// Returns how long silence may last with the current mix; `None` if it may last indefinitely.
    fn may_be_silent_for_s(&self) -> Option<f64> {
        let mix = &self.mix;
        let calm_db = if mix.calmed { CALM_DB } else { 0.0 };
        let bed_alone = mix.calmed && mix.beds.iter().any(Option::is_some);
        let is_heard = |level_db: f32| level_db + mix.volume_db + mix.ducked_db + calm_db > -60.0;
        let track = mix.tracks.iter().any(|track| Pieces::is_good(&track.path));
        let tracks = !bed_alone && track && self.is_reading && is_heard(mix.music_db);
        let bed = mix.beds.iter().flatten().any(|(_, level_db)| is_heard(*level_db));
        let score = !bed_alone && mix.score.is_some_and(|aim| is_heard(aim.level_db));
        if mix.held || !self.is_reading {
            None
        } else if tracks || bed {
            Some(SILENT_S_MAX)
        } else {
            score.then_some(SILENT_BELLS_S_MAX)
        }
    }

    fn note_peak(&mut self) {
        for channel in 0..2 {
            self.found.true_peak = self.found.true_peak.max(self.meter.true_peak(channel).unwrap());
        }
    }

    /// Ends the proof and returns what was found.
    fn ended(mut self) -> ProofReport {
        self.note_peak();
        self.found
    }
}

impl ProofReport {
    /// Prints the findings, headed by `what`. Panics if there was a click or a true peak above −1 dBTP.
    fn is_clean(&self, what: &str) {
        let peak_dbtp = 20.0 * self.true_peak.log10();
        println!(
            "{what}: {:.0} s, {} clicks (largest remainder {:.1} medians, {:.1} where fire, rain or glass sound), \
             {peak_dbtp:.2} dBTP, longest silence where something should sound {:.2} s",
            self.seconds,
            self.clicks.len(),
            self.worst_ratio[0],
            self.worst_ratio[1],
            self.longest_silence_s,
        );
        let loudest = self.clicks.iter().map(|click| click.remainder).fold(0.0, f64::max);
        let some = &self.clicks[..self.clicks.len().min(8)];
        assert!(some.is_empty(), "{what}: the largest click is {:.1} dBFS; {some:?}", 20.0 * loudest.log10());
        assert!(self.true_peak <= f64::from(CEILING) + 1e-4, "{what}: {peak_dbtp:.3} dBTP");
    }
}
