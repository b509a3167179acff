//! Owns the reading of the clinic's recorded clips, `media/voice/<locale>/<signal>.ogg`, into memory, where they are
//! trimmed and matched in loudness. Does not own the choice of the clip that replaces a signal, or when it sounds
//! (`engine`).

use std::fs::{self, File};
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use ebur128::{EbuR128, Mode};
use rodio::{Decoder, Source};
use tracing::warn;

use super::decode;
use super::file::check_form;
use super::resample::Resampler;
use crate::sound::engine::{CLIP_RATE_HZ, Clip, ClipBank, clip_names, is_clip_name};

/// Maximum length of a clip, in seconds.
const LENGTH_S_MAX: u32 = 10;
/// Maximum size of a clip's file, in bytes. Ten seconds of speech take far less.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Maximum number of clips per language.
const CLIPS_MAX: usize = 20;
/// Target loudness of a clip in LUFS, before the gain of its signal is applied. It matches the loudness of the tones
/// that a clip replaces.
const LOUDNESS_LUFS: f64 = -20.0;
/// Maximum sample peak of a clip, as an amplitude.
const PEAK_MAX: f32 = 0.8;
/// Fraction of a clip's peak below which its start and end are trimmed as silence.
const SILENCE_BELOW_PEAK: f32 = 0.01;
/// Length of the fade at either end of a clip, in frames (10 ms).
const FADE_FRAMES: usize = 480;
/// A file that cannot be used as a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongClip {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// Checks every clip in the media folder `media_dir`. An empty list means that all of them are fine or that there are
/// none.
#[must_use]
pub fn check_clips(media_dir: &Path) -> Vec<WrongClip> {
    read_clips(&media_dir.join("voice")).1
}

/// Reads the clips in `folder` into `bank` on a thread of its own. Signals use tones until all clips have been read.
/// Does nothing without a folder. `tell` receives every unusable file.
pub fn spawn_clip_reader(bank: &Arc<ClipBank>, folder: Option<PathBuf>, tell: impl Fn(WrongClip) + Send + 'static) {
    let Some(folder) = folder else { return };
    let bank = Arc::clone(bank);
    let reading = thread::Builder::new().name("sound-voice".to_owned()).spawn(move || {
        let read = || {
            let (clips, wrong) = read_clips(&folder);
            wrong.into_iter().for_each(&tell);
            bank.fill(clips);
        };
        // The clips are untrusted input. If reading them panics, this is reported, and the signals keep their tones.
        if catch_unwind(AssertUnwindSafe(read)).is_err() {
            let why = "a fault in the program stopped the reading of clips; tones are played instead".to_owned();
            tell(WrongClip { path: folder.clone(), why });
        }
    });
    if reading.is_err() {
        warn!("the clinic's spoken clips were not read, because the system could not start a thread");
    }
}

fn read_clips(folder: &Path) -> (Vec<Clip>, Vec<WrongClip>) {
    let (mut clips, mut wrong) = (Vec::new(), Vec::new());
    for language_dir in sorted_entries(folder, &mut wrong).into_iter().filter(|path| path.is_dir()) {
        let language = name_of(&language_dir);
        let mut count = 0;
        for path in sorted_entries(&language_dir, &mut wrong) {
            if path.extension().is_none_or(|ending| ending != "ogg") {
                if path.extension().is_none_or(|ending| ending != "md" && ending != "txt") {
                    wrong.push(WrongClip { path, why: "not a clip: it must end in .ogg".to_owned() });
                }
                continue;
            }
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            count += 1;
            let clip = match () {
                () if !is_clip_name(&name) => Err(format!("no signal has this name; there are {}", clip_names())),
                () if count > CLIPS_MAX => Err(format!("more than {CLIPS_MAX} clips of one language")),
                () => read_clip(&path),
            };
            match clip {
                Ok(samples) if clips.len() < ClipBank::CLIPS_MAX => {
                    clips.push(Clip { language: language.clone(), name, samples });
                }
                Ok(_) => wrong.push(WrongClip { path, why: "too many clips in all".to_owned() }),
                Err(why) => wrong.push(WrongClip { path, why }),
            }
        }
    }
    (clips, wrong)
}

/// Returns the entries of a folder that are not hidden, sorted by path. A missing folder counts as empty; an unreadable
/// one is added to `wrong`.
fn sorted_entries(folder: &Path, wrong: &mut Vec<WrongClip>) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = listed.unwrap_or_else(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            wrong.push(WrongClip { path: folder.to_owned(), why: format!("cannot be read: {error}") });
        }
        Vec::new()
    });
    let entries = entries.into_iter();
    let visible = entries.map(|entry| entry.path()).filter(|path| !name_of(path).starts_with('.'));
    let mut paths: Vec<PathBuf> = visible.collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_clip(path: &Path) -> Result<Box<[f32]>, String> {
    // The type is checked before the file is opened, because opening a FIFO would block.
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("not a file".to_owned());
    }
    let size = about.len();
    if size > FILE_BYTES_MAX {
        return Err("larger than 4 MiB; a clip is at most 10 seconds long".to_owned());
    }
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    if let Some((channels, rate_hz)) = decode::wav_form(&mut file).map_err(|error| error.to_string())? {
        check_form(channels, rate_hz).map_err(|error| error.to_string())?;
    }
    // The file is untrusted input: if the decoder panics, the clip is unusable.
    let read = decode::guarded(|| {
        let mut samples = trimmed(&decoded(file)?)?;
        match_loudness(&mut samples)?;
        Ok(samples.into_boxed_slice())
    });
    read.unwrap_or_else(|| Err("no decoder can read it".to_owned()))
}

/// Decodes a file to mono at [`CLIP_RATE_HZ`].
fn decoded(file: File) -> Result<Vec<f32>, String> {
    let decoder = Decoder::new(BufReader::new(file)).map_err(|error| format!("not audio: {error}"))?;
    let (rate_hz, channels) = (decoder.sample_rate().get(), decoder.channels().get());
    check_form(channels, rate_hz).map_err(|error| error.to_string())?;
    let channels = usize::from(channels);
    let most = rate_hz as usize * channels * LENGTH_S_MAX as usize;
    let samples: Vec<f32> = decoder.take(most + 1).collect();
    if samples.len() > most {
        return Err(format!("longer than {LENGTH_S_MAX} seconds"));
    }
    let mono = samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / frame.len() as f32);
    let frames: Vec<[f32; 2]> = mono.map(|sample| [if sample.is_finite() { sample } else { 0.0 }; 2]).collect();
    if rate_hz == CLIP_RATE_HZ {
        return Ok(frames.into_iter().map(|frame| frame[0]).collect());
    }
    let mut output = Vec::new();
    let resampled = Resampler::new(rate_hz, CLIP_RATE_HZ).and_then(|mut resampler| {
        resampler.run(&frames, &mut output)?;
        resampler.finish(&mut output)
    });
    resampled.map_err(|error| error.to_string())?;
    Ok(output.into_iter().map(|frame| frame[0]).collect())
}

/// Trims silence at both ends, because a signal must be heard at once, and applies short fades.
fn trimmed(samples: &[f32]) -> Result<Vec<f32>, String> {
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let is_speech = |sample: &f32| sample.abs() > peak * SILENCE_BELOW_PEAK;
    let ends = samples.iter().position(is_speech).zip(samples.iter().rposition(is_speech));
    let Some((first, last)) = ends.filter(|_| peak > 1e-4) else { return Err("silent".to_owned()) };
    let from = first.saturating_sub(FADE_FRAMES);
    let to = (last + FADE_FRAMES).min(samples.len());
    let mut kept = samples[from..to].to_vec();
    let length = kept.len();
    for (index, sample) in kept.iter_mut().enumerate() {
        let edge = index.min(length - 1 - index) as f32 / FADE_FRAMES as f32;
        *sample *= edge.min(1.0);
    }
    Ok(kept)
}

fn match_loudness(samples: &mut [f32]) -> Result<(), String> {
    let mut meter = EbuR128::new(1, CLIP_RATE_HZ, Mode::I).map_err(|error| error.to_string())?;
    meter.add_frames_f32(samples).map_err(|error| error.to_string())?;
    let measured = meter.loudness_global().ok().filter(|lufs| lufs.is_finite());
    // The meter needs a minimum length, so shorter clips are measured by their power.
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    let loudness_lufs = measured.unwrap_or_else(|| 10.0 * power.max(1e-12).log10());
    let gain = 10.0_f64.powf((LOUDNESS_LUFS - loudness_lufs) / 20.0) as f32;
    let peak = samples.iter().fold(1e-6_f32, |peak, sample| peak.max(sample.abs()));
    let gain = gain.min(PEAK_MAX / peak);
    for sample in samples.iter_mut() {
        *sample *= gain;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::signal::Signal;

    /// Writes WAV data to a file whose name ends in `.ogg`. This works because the decoder is chosen by the content of
    /// the file.
    fn write_clip(folder: &Path, name: &str, level: f32, silence_s: f32, length_s: f32) {
        fs::create_dir_all(folder).unwrap();
        let rate_hz = 44_100_u32;
        let count = ((silence_s + length_s) * rate_hz as f32) as u32;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(b"RIFF");
        bytes.extend_from_slice(&(36 + count * 2).to_le_bytes());
        bytes.extend_from_slice(b"WAVEfmt ");
        bytes.extend_from_slice(&16_u32.to_le_bytes());
        bytes.extend_from_slice(&1_u16.to_le_bytes());
        bytes.extend_from_slice(&1_u16.to_le_bytes());
        bytes.extend_from_slice(&rate_hz.to_le_bytes());
        bytes.extend_from_slice(&(rate_hz * 2).to_le_bytes());
        bytes.extend_from_slice(&2_u16.to_le_bytes());
        bytes.extend_from_slice(&16_u16.to_le_bytes());
        bytes.extend_from_slice(b"data");
        bytes.extend_from_slice(&(count * 2).to_le_bytes());
        for frame in 0..count {
            let time_s = frame as f32 / rate_hz as f32;
            let tone = (time_s * 440.0 * std::f32::consts::TAU).sin() * level;
            let sample = if time_s < silence_s { 0.0 } else { tone };
            bytes.extend_from_slice(&((sample * 32_000.0) as i16).to_le_bytes());
        }
        fs::write(folder.join(name), bytes).unwrap();
    }

    fn loudness(samples: &[f32]) -> f64 {
        let mut meter = EbuR128::new(1, CLIP_RATE_HZ, Mode::I).unwrap();
        meter.add_frames_f32(samples).unwrap();
        meter.loudness_global().unwrap()
    }

    #[test]
    fn clips_start_at_once_and_match_in_loudness() {
        let media = tempfile::tempdir().unwrap();
        let english = media.path().join("voice/en-US");
        write_clip(&english, "calling.ogg", 0.02, 0.7, 1.5);
        write_clip(&english, "received.ogg", 0.9, 0.0, 2.0);
        write_clip(&english, "coming.ogg", 0.3, 0.2, 1.0);
        write_clip(&english, "coming-ana-ruiz.ogg", 0.3, 0.2, 1.2);
        assert_eq!(check_clips(media.path()), []);
        let voice = ClipBank::empty();
        voice.select("en-US", None);
        let (clips, wrong) = read_clips(&media.path().join("voice"));
        assert_eq!(wrong, []);
        voice.fill(clips);
        for signal in [Signal::CallPlaced, Signal::DeskHasIt] {
            let samples = voice.samples(voice.clip_for(signal).unwrap());
            let loud = samples.iter().position(|sample| sample.abs() > 0.05).unwrap();
            assert!(loud < 1_200, "{signal:?} is heard after {loud} frames");
            assert!((loudness(samples) - LOUDNESS_LUFS).abs() < 0.5, "{signal:?}: {}", loudness(samples));
        }
        assert_eq!(voice.clip_for(Signal::NoDesk), None, "what is not spoken has its tone");
        let anybody = voice.clip_for(Signal::SomeoneComing).unwrap();
        voice.select("en-US", Some("Ana Ruiz"));
        assert_ne!(voice.clip_for(Signal::SomeoneComing).unwrap(), anybody);
        voice.select("es-US", Some("Ana Ruiz"));
        assert_eq!(voice.clip_for(Signal::SomeoneComing), None, "never in another language");
    }

    #[test]
    fn unusable_clips_are_reported() {
        let media = tempfile::tempdir().unwrap();
        let english = media.path().join("voice/en-US");
        write_clip(&english, "calling.ogg", 0.5, 0.0, 10.5);
        write_clip(&english, "hello.ogg", 0.5, 0.0, 1.0);
        write_clip(&english, "received.ogg", 0.0, 0.0, 1.0);
        fs::write(english.join("coming.ogg"), b"this is not audio").unwrap();
        fs::write(english.join("dark-press-again.ogg"), b"").unwrap();
        fs::write(english.join("line-down.mp3"), b"").unwrap();
        fs::write(english.join("README.md"), b"").unwrap();
        let wrong = check_clips(media.path());
        let named: Vec<String> = wrong.iter().map(|wrong| name_of(&wrong.path)).collect();
        assert_eq!(
            named,
            ["calling.ogg", "coming.ogg", "dark-press-again.ogg", "hello.ogg", "line-down.mp3", "received.ogg"],
            "{wrong:?}"
        );
        assert!(check_clips(&media.path().join("nowhere")).is_empty());
        let no_folder = tempfile::tempdir().unwrap();
        fs::write(no_folder.path().join("voice"), b"").unwrap();
        assert!(check_clips(no_folder.path())[0].why.starts_with("cannot be read"), "what cannot be read is told");
    }
}
