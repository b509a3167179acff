//! Owns the reading of the score's recorded instruments from `media/instruments`, and their transfer to the engine and
//! back. Runs on the reading thread. Does not own the choice of the instruments that the score needs, or their sound
//! (`score`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file::TrackFile;
use crate::sound::SoundEvent;
use crate::sound::engine::DeckPort;
use crate::sound::score::{Instrument, SampleFrames, SampledInstrument, SampledNote};

/// Name of the file that lists the notes of every instrument.
const INDEX: &str = "instruments.toml";
/// Maximum length of a note in seconds, so that a wrong file cannot fill the memory.
const LONGEST_NOTE_S: usize = 30;

/// A recorded instrument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongInstrument {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

#[derive(Deserialize)]
struct InstrumentEntry {
    notes: Vec<NoteEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteEntry {
    key: i32,
    file: String,
    loop_frames: Option<[usize; 2]>,
}

/// Reads one instrument. Returns `None` if `instrument` is not a recorded one.
pub fn read_instrument(folder: &Path, instrument: Instrument) -> Option<Result<SampledInstrument, WrongInstrument>> {
    let recording = instrument.timbre().recording?;
    Some(read_named(folder, instrument, recording.name))
}

fn read_named(folder: &Path, instrument: Instrument, name: &str) -> Result<SampledInstrument, WrongInstrument> {
    let index = folder.join(INDEX);
    let wrong = |path: &Path, why: String| WrongInstrument { path: path.to_owned(), why };
    let text = fs::read_to_string(&index).map_err(|error| wrong(&index, format!("it cannot be read: {error}")))?;
    let mut listed: BTreeMap<String, InstrumentEntry> =
        toml::from_str(&text).map_err(|error| wrong(&index, error.message().to_owned()))?;
    let entry = listed.remove(name).ok_or_else(|| wrong(&index, format!("it lists no {name}")))?;
    let mut notes = Vec::with_capacity(entry.notes.len());
    for note in entry.notes {
        let path = folder.join(&note.file);
        notes.push(read_note(&path, &note).map_err(|why| wrong(&path, why))?);
    }
    SampledInstrument::new(instrument, notes).map_err(|why| wrong(&index, format!("{name}: {why}")))
}

fn read_note(path: &Path, entry: &NoteEntry) -> Result<SampledNote, String> {
    let mut file = TrackFile::open(path).map_err(|error| error.to_string())?;
    let rate_hz = file.rate_hz();
    let mut frames = Vec::new();
    while file.read(&mut frames) {
        if frames.len() > LONGEST_NOTE_S * rate_hz as usize {
            return Err(format!("it is longer than {LONGEST_NOTE_S} s"));
        }
    }
    if let Some(problem) = file.problem() {
        return Err(problem.to_string());
    }
    // The rounding is exact for files of 16 bits.
    let coarse = |sample: f32| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    let frames = if frames.iter().all(|frame| frame[0].to_bits() == frame[1].to_bits()) {
        SampleFrames::Mono(frames.iter().map(|frame| coarse(frame[0])).collect())
    } else {
        SampleFrames::Stereo(frames.iter().map(|frame| frame.map(coarse)).collect())
    };
    Ok(SampledNote { key: entry.key, rate_hz: rate_hz as f32, frames, loop_frames: entry.loop_frames })
}

/// Checks every recorded instrument in the media folder `media_dir`, and returns those that cannot be used. The list is
/// empty if there is no index, because the score can do without recordings.
#[must_use]
pub fn check_instruments(media_dir: &Path) -> Vec<WrongInstrument> {
    let folder = media_dir.join("instruments");
    if !folder.join(INDEX).exists() {
        return Vec::new();
    }
    let mut wrong: Vec<WrongInstrument> =
        Instrument::ALL.into_iter().filter_map(|instrument| read_instrument(&folder, instrument)?.err()).collect();
    wrong.dedup();
    wrong
}

/// Keeps the engine supplied with the instruments that the score is played on.
#[derive(Debug, Default)]
pub struct InstrumentReader {
    folder: Option<PathBuf>,
    wanted: Vec<Instrument>,
    /// The instruments that the engine has.
    given: Vec<Instrument>,
    /// The instruments that could not be read. They are tried again when the wanted instruments change.
    failed: Vec<Instrument>,
    /// An instrument that has been read but not sent, because the queue to the engine is full.
    waiting: Option<Box<SampledInstrument>>,
    /// The last mistake that was reported. It is reported only once, although a missing index, for example, concerns
    /// every instrument.
    told: Option<WrongInstrument>,
}

impl InstrumentReader {
    /// Creates a reader for the instruments in `folder`. With `None`, every instrument is synthesised.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Starts over with a new engine, which has no instruments.
    pub fn connect(&mut self) {
        self.given.clear();
        self.waiting = None;
    }

    /// Returns the number of instruments that the engine has.
    #[cfg(test)]
    pub fn given(&self) -> usize {
        self.given.len()
    }

    /// Sets the instruments to be read from now on.
    pub fn set_wanted(&mut self, wanted: &[Instrument]) {
        if wanted != self.wanted {
            self.wanted = wanted.to_vec();
            self.failed.clear();
            self.told = None;
        }
    }

    /// Takes back the instruments that the engine no longer needs, and reads and sends at most one that it lacks,
    /// because tracks must not wait while several are read. Returns whether more are to be read or sent.
    pub fn run_once(&mut self, port: &mut DeckPort, tell: &mut dyn FnMut(SoundEvent)) -> bool {
        while let Ok(unneeded) = port.unneeded.pop() {
            self.given.retain(|instrument| *instrument != unneeded.instrument());
        }
        if self.waiting.is_none() {
            self.waiting = self.read_next(tell);
        }
        if let Some(sampled) = self.waiting.take() {
            let instrument = sampled.instrument();
            match port.instruments.push(sampled) {
                Ok(()) => self.given.push(instrument),
                Err(rtrb::PushError::Full(sampled)) => self.waiting = Some(sampled),
            }
        }
        self.waiting.is_some() || self.next().is_some()
    }

    fn next(&self) -> Option<Instrument> {
        self.folder.as_ref()?;
        let is_due = |instrument: &&Instrument| !self.given.contains(instrument) && !self.failed.contains(instrument);
        self.wanted.iter().find(is_due).copied()
    }

    fn read_next(&mut self, tell: &mut dyn FnMut(SoundEvent)) -> Option<Box<SampledInstrument>> {
        let instrument = self.next()?;
        match read_instrument(self.folder.as_deref()?, instrument)? {
            Ok(sampled) => Some(Box::new(sampled)),
            Err(wrong) => {
                self.failed.push(instrument);
                if self.told.as_ref() != Some(&wrong) {
                    self.told = Some(wrong.clone());
                    tell(SoundEvent::InstrumentSkipped { path: wrong.path, why: wrong.why });
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use realfft::RealFftPlanner;

    use super::*;
    use crate::sound::score::recordings_of;
    use crate::vocabulary::sound::Character;

    /// Maximum deviation of a note from its key, in cents.
    const TUNING_CENTS_MAX: f32 = 5.0;
    /// Maximum amount, in dB, by which the level at the point where a loop closes may lie outside the range of levels
    /// elsewhere in the loop.
    const SEAM_STEP_DB_MAX: f32 = 1.5;
    /// Maximum memory that the recordings for one [`Character`] of the score may take, in bytes.
    const BYTES_MAX: usize = 24 << 20;
    /// Number of frames, including silence as padding, from which the spectrum of a note is computed to measure its
    /// tuning.
    const SPECTRUM: usize = 1 << 18;

    fn library() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("media/instruments")
    }

    fn recorded() -> Vec<SampledInstrument> {
        Instrument::ALL
            .into_iter()
            .filter_map(|instrument| read_instrument(&library(), instrument))
            .map(Result::unwrap)
            .collect()
    }

    fn mono(note: &SampledNote) -> Vec<f32> {
        match &note.frames {
            SampleFrames::Mono(frames) => frames.iter().map(|sample| f32::from(*sample)).collect(),
            SampleFrames::Stereo(frames) => {
                frames.iter().map(|frame| f32::from(frame[0]) + f32::from(frame[1])).collect()
            }
        }
    }

    /// Returns how many cents a note is above its key. The note's pitch is taken to be the one whose harmonics have the
    /// highest total level in the spectrum.
    fn cents_off(note: &SampledNote) -> f32 {
        let samples = mono(note);
        let first = (0.25 * note.rate_hz) as usize;
        let part = &samples[first..samples.len().min(first + (3.0 * note.rate_hz) as usize)];
        let mut padded = vec![0.0; SPECTRUM];
        for (at, (into, sample)) in padded.iter_mut().zip(part).enumerate() {
            *into = sample * (std::f32::consts::PI * at as f32 / part.len() as f32).sin().powi(2);
        }
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(SPECTRUM);
        let mut spectrum = transform.make_output_vec();
        transform.process(&mut padded, &mut spectrum).unwrap();
        let pitch_hz = 440.0 * ((note.key - 69) as f32 / 12.0).exp2();
        let partials = if note.key > 48 { 4 } else { 6 };
        let under = |cents: f32| -> f32 {
            let level = |partial: i32| {
                let bin = pitch_hz * (cents / 1_200.0).exp2() * partial as f32 / note.rate_hz * SPECTRUM as f32;
                let (below, along) = (bin as usize, bin.fract());
                let between = spectrum[below].norm() * (1.0 - along) + spectrum[below + 1].norm() * along;
                between / (partial as f32).sqrt()
            };
            (1..=partials).map(level).sum()
        };
        let tried = (-120..=120).map(|half_cents| half_cents as f32 / 2.0);
        tried.max_by(|one, other| under(*one).total_cmp(&under(*other))).unwrap()
    }

    #[test]
    fn every_recorded_note_is_in_tune() {
        for sampled in recorded() {
            for note in sampled.notes() {
                let cents = cents_off(note);
                assert!(cents.abs() <= TUNING_CENTS_MAX, "{:?} {}: {cents} cents", sampled.instrument(), note.key);
            }
        }
    }

    /// Returns the levels in dB over windows of a twentieth of a second, smoothed over five windows.
    fn levels_db(samples: &[f32], rate_hz: f32) -> Vec<f32> {
        let window = (rate_hz / 20.0) as usize;
        let power: Vec<f32> =
            samples.chunks_exact(window).map(|part| part.iter().map(|sample| sample * sample).sum::<f32>()).collect();
        power.windows(5).map(|five| 10.0 * (five.iter().sum::<f32>() + 1.0).log10()).collect()
    }

    #[test]
    fn no_loop_has_a_seam() {
        let mut loops = 0;
        for sampled in recorded() {
            for note in sampled.notes() {
                let Some([start, end]) = note.loop_frames else { continue };
                loops += 1;
                let name = format!("{:?} {}", sampled.instrument(), note.key);
                let samples = mono(note);
                let bend = |at: usize| {
                    let wrapped = |at: usize| samples[if at < end { at } else { at - (end - start) }];
                    (wrapped(at + 1) - 2.0 * wrapped(at) + wrapped(at - 1)).abs()
                };
                let reach = (note.rate_hz / 50.0) as usize;
                let usual = (end - 2 * reach..end - 2).map(bend).fold(0.0, f32::max);
                let at_seam = (end - 2..end + 2).map(bend).fold(0.0, f32::max);
                assert!(at_seam <= 1.5 * usual, "{name}: a step of {at_seam}, usually {usual}");
                let held = &samples[start..end];
                let twice = levels_db(&[held, held].concat(), note.rate_hz);
                let seam = twice.len() / 2;
                let across = &twice[seam - 16..seam + 4];
                let away = &twice[4..seam - 16];
                let extent = |levels: &[f32]| {
                    levels.iter().fold((f32::MAX, f32::MIN), |(low, high), level| (low.min(*level), high.max(*level)))
                };
                let ((low_db, high_db), (usual_low_db, usual_high_db)) = (extent(across), extent(away));
                let step_db = (usual_low_db - low_db).max(high_db - usual_high_db);
                assert!(step_db <= SEAM_STEP_DB_MAX, "{name}: {step_db} dB");
            }
        }
        assert!(loops > 0, "no instrument has a loop");
    }

    #[test]
    fn what_a_character_keeps_in_memory_is_bounded() {
        let mut any_recorded = false;
        for character in Character::ALL {
            let needed: Vec<Instrument> = recordings_of(*character).collect();
            let bytes: usize = recorded()
                .iter()
                .filter(|sampled| needed.contains(&sampled.instrument()))
                .flat_map(SampledInstrument::notes)
                .map(|note| note.frames.bytes())
                .sum();
            println!("{}: {:.1} MiB", character.name(), bytes as f64 / f64::from(1 << 20));
            assert!(bytes <= BYTES_MAX, "{}: {bytes}", character.name());
            any_recorded |= bytes > 0;
        }
        assert!(any_recorded);
    }

    #[test]
    fn a_wrong_library_is_named_by_file_and_reason() {
        let media = tempfile::tempdir().unwrap();
        let folder = media.path().join("instruments");
        let why = |index: &str| {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(INDEX), index).unwrap();
            let wrong = read_instrument(&folder, Instrument::Piano).unwrap().unwrap_err();
            format!("{}: {}", wrong.path.strip_prefix(&folder).unwrap().display(), wrong.why)
        };
        let one = |entry: &str| format!("[piano]\nnotes = [{{ {entry} }}]\n");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(library().join("strings-59.flac"), folder.join("good.flac")).unwrap();
        let whole = fs::read(library().join("piano-60.flac")).unwrap();
        fs::write(folder.join("short.flac"), &whole[..whole.len() / 2]).unwrap();
        fs::write(folder.join("text.flac"), "no music").unwrap();
        let wrong = [
            why("[piano"),
            why("[harp]\nnotes = []\n"),
            why("[piano]\nnotes = []\n"),
            why(&one("key = 60, file = \"none.flac\"")),
            why(&one("key = 60, file = \"text.flac\"")),
            why(&one("key = 60, file = \"short.flac\"")),
            why(&one("key = 60, file = \"good.flac\", loop_frames = [9, 999999999]")),
            why(&one("key = 60, file = \"good.flac\", loop = [1, 2]")),
        ];
        let expected = [
            ("instruments.toml", "unclosed table"),
            ("instruments.toml", "it lists no piano"),
            ("instruments.toml", "piano: it has no notes"),
            ("none.flac", "it cannot be opened"),
            ("text.flac", "it cannot be decoded"),
            ("short.flac", "it is cut short"),
            ("instruments.toml", "piano: key 60: found a loop from 9 to 999999999"),
            ("instruments.toml", "unknown field"),
        ];
        for (found, (file, reason)) in wrong.iter().zip(expected) {
            assert!(found.starts_with(file) && found.contains(reason), "{found}");
        }
        assert!(check_instruments(media.path()).iter().any(|wrong| wrong.why.contains("unknown field")));
        assert!(check_instruments(&media.path().join("nowhere")).is_empty(), "the score can do without");
        assert!(read_instrument(&folder, Instrument::Bell).is_none(), "a bell is synthesised");
    }

    #[test]
    fn the_shipped_library_has_nothing_wrong() {
        assert_eq!(check_instruments(&Path::new(env!("CARGO_MANIFEST_DIR")).join("media")), []);
    }
}
