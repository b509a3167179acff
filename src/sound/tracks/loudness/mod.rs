//! Owns how loud each file is (EBU R 128) and so how much it is turned up or down to sound like the others. Does not own
//! where the figures are kept between starts (`cache`), nor the levels of a mix.

mod cache;

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use ebur128::{EbuR128, Mode};
use tracing::warn;

use super::file::{TrackError, TrackFile, Trouble};
use cache::{Cache, Stamp};

/// What every track is brought to, in LUFS: as loud as a mix has room for when most music is turned down, not up.
pub const TARGET_LUFS: f32 = -24.0;
/// A quiet recording is turned up by no more than this.
const GAIN_MAX_DB: f32 = 12.0;
/// A loud one is turned down by no more than this.
const GAIN_MIN_DB: f32 = -30.0;
/// Peaks of a single track stay under this, in dBTP, so that the limiter has nothing to do.
const PEAK_MAX_DB: f32 = -1.0;
/// A file that has not been measured is taken for a loud one of −14 LUFS: too soft startles nobody.
const CAREFUL_GAIN_DB: f32 = TARGET_LUFS + 14.0;

/// What has been found out about a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Integrated loudness in LUFS; none for silence.
    pub loudness_lufs: Option<f32>,
    /// The highest true peak in dBTP; none for silence.
    pub true_peak_db: Option<f32>,
    /// Seconds that can be played.
    pub seconds: f64,
    /// Why it cannot be played, or not to its end.
    pub trouble: Option<String>,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanProgress<'a> {
    /// Files done.
    pub scanned: usize,
    /// Files in all.
    pub of: usize,
    /// The file that is being read; none at the end.
    pub path: Option<&'a Path>,
    /// Seconds of it that have been read.
    pub seconds: f64,
}

/// The loudness of the clinic's music. Clones lead to the same figures.
#[derive(Clone, Default)]
pub struct Loudness {
    /// None: every track plays as it is.
    book: Option<Arc<Book>>,
}

struct Book {
    files: Mutex<HashMap<PathBuf, Measured>>,
    /// Held for a whole scan, so that two do not measure the same file.
    cache: Mutex<Cache>,
}

impl Loudness {
    /// Nothing is matched: every track plays as it is.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Figures kept in `cache_dir` (made if it is missing), or only in memory.
    #[must_use]
    pub fn kept_in(cache_dir: Option<&Path>) -> Self {
        let cache = Mutex::new(Cache::open(cache_dir));
        Self { book: Some(Arc::new(Book { files: Mutex::new(HashMap::new()), cache })) }
    }

    /// Measures every one of `paths` that has changed since it was last measured, and keeps the figures. Returns the
    /// files that cannot be played, or not to their end, and why. Takes two to three seconds for ten minutes of music.
    pub fn scan(&self, paths: &[PathBuf], progress: &mut dyn FnMut(ScanProgress<'_>)) -> Vec<(PathBuf, String)> {
        self.scan_at(paths, progress, Pace::Full)
    }

    /// The same in a thread of its own that leaves half of a processor to the room.
    pub fn scan_in_background(
        &self,
        paths: Vec<PathBuf>,
        mut progress: impl FnMut(ScanProgress<'_>) + Send + 'static,
    ) -> io::Result<()> {
        let loudness = self.clone();
        let scan = move || {
            for (path, why) in loudness.scan_at(&paths, &mut progress, Pace::Half) {
                warn!(track = %path.display(), %why, "a track cannot be played as it should");
            }
        };
        thread::Builder::new().name("sound-loudness".to_owned()).spawn(scan).map(drop)
    }

    /// What is known of the file at `path`.
    #[must_use]
    pub fn measured(&self, path: &Path) -> Option<Measured> {
        self.book.as_ref().and_then(|book| book.files().get(path).cloned())
    }

    /// How much the piece made of `parts` is turned up or down: all its parts alike, so that nothing moves where they
    /// join. Careful while one of them has not been measured.
    pub(super) fn gain_db(&self, parts: &[PathBuf]) -> f32 {
        let Some(book) = &self.book else { return 0.0 };
        let files = book.files();
        let parts: Option<Vec<&Measured>> = parts.iter().map(|path| files.get(path)).collect();
        parts.map_or(CAREFUL_GAIN_DB, |parts| matching_gain_db(&parts))
    }

    fn scan_at(&self, paths: &[PathBuf], progress: &mut dyn FnMut(ScanProgress<'_>), pace: Pace) -> Vec<Trouble> {
        let Some(book) = &self.book else { return Vec::new() };
        let mut cache = book.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut troubles = Vec::new();
        // What is known already is known at once, before the first long look.
        let mut unknown = Vec::new();
        for path in paths {
            let stamp = Stamp::of(path);
            match stamp.as_ref().and_then(|stamp| cache.get(path, stamp)) {
                Some(measured) => book.note(path, measured),
                None => unknown.push((path, stamp)),
            }
        }
        let known = paths.len() - unknown.len();
        for (index, (path, stamp)) in unknown.iter().enumerate() {
            let mut at = |seconds: f64| {
                progress(ScanProgress { scanned: known + index, of: paths.len(), path: Some(path), seconds });
            };
            // A file that brings the measuring down costs its own figures, not those of all after it.
            let measured = catch_unwind(AssertUnwindSafe(|| measure(path, &mut at, pace)));
            let measured = measured.unwrap_or(Err(TrackError::Broken)).unwrap_or_else(|error| Measured {
                loudness_lufs: None,
                true_peak_db: None,
                seconds: 0.0,
                trouble: Some(error.to_string()),
            });
            book.note(path, measured.clone());
            // A file that could not be opened may be whole the next time, with the same stamp.
            if let Some(stamp) = stamp.as_ref().filter(|_| measured.seconds > 0.0) {
                cache.put(path, stamp, measured);
                // Each costs seconds to measure, so none is lost when the power goes.
                cache.save();
            }
        }
        for path in paths {
            if let Some(trouble) = self.measured(path).and_then(|measured| measured.trouble) {
                troubles.push((path.clone(), trouble));
            }
        }
        progress(ScanProgress { scanned: paths.len(), of: paths.len(), path: None, seconds: 0.0 });
        troubles
    }
}

impl Book {
    fn files(&self) -> MutexGuard<'_, HashMap<PathBuf, Measured>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, path: &Path, measured: Measured) {
        self.files().insert(path.to_owned(), measured);
    }
}

impl std::fmt::Debug for Loudness {
    fn fmt(&self, form: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = self.book.as_ref().map(|book| book.files().len());
        form.debug_struct("Loudness").field("files", &files).finish()
    }
}

impl PartialEq for Loudness {
    /// Whether both lead to the same figures.
    fn eq(&self, other: &Self) -> bool {
        match (&self.book, &other.book) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        }
    }
}

/// How much of a processor a scan takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Full,
    Half,
}

/// Reads the file at `path` to its end.
fn measure(path: &Path, at: &mut dyn FnMut(f64), pace: Pace) -> Result<Measured, TrackError> {
    let mut file = TrackFile::open(path)?;
    let meter = |rate_hz: u32| {
        let mode = Mode::I | Mode::TRUE_PEAK | Mode::HISTOGRAM;
        EbuR128::new(2, rate_hz, mode).map_err(|error| TrackError::Decode(error.to_string()))
    };
    let mut rate_hz = file.rate_hz();
    let mut meters = vec![meter(rate_hz)?];
    let (mut frames, mut seconds) = (Vec::new(), 0.0);
    let mut told_s = -1.0;
    loop {
        let began = Instant::now();
        frames.clear();
        let next_hz = file.rate_hz();
        if next_hz != rate_hz {
            rate_hz = next_hz;
            meters.push(meter(rate_hz)?);
        }
        let more = file.read(&mut frames);
        if let Some(meter) = meters.last_mut() {
            // Frames of whole pairs never fail.
            let _ = meter.add_frames_f32(frames.as_flattened());
        }
        seconds += frames.len() as f64 / f64::from(rate_hz);
        if seconds - told_s >= 1.0 {
            told_s = seconds;
            at(seconds);
        }
        if !more {
            break;
        }
        if pace == Pace::Half {
            thread::sleep(began.elapsed());
        }
    }
    let loudness = EbuR128::loudness_global_multiple(meters.iter()).unwrap_or(f64::NEG_INFINITY);
    let peak = meters.iter().flat_map(|meter| [meter.true_peak(0), meter.true_peak(1)]).flatten().fold(0.0, f64::max);
    let peak_db = 20.0 * peak.log10();
    let trouble = file.trouble().map(|trouble| trouble.to_string());
    Ok(Measured {
        loudness_lufs: loudness.is_finite().then_some(loudness as f32),
        true_peak_db: peak_db.is_finite().then_some(peak_db as f32),
        seconds,
        trouble,
    })
}

/// The gain for a work: its parts count by their lengths.
fn matching_gain_db(parts: &[&Measured]) -> f32 {
    let heard = parts.iter().filter_map(|part| Some((f64::from(part.loudness_lufs?), part.seconds)));
    let (energy, seconds) = heard.fold((0.0, 0.0), |(energy, all), (loudness, seconds)| {
        (energy + seconds * 10.0_f64.powf(loudness / 10.0), all + seconds)
    });
    if seconds <= 0.0 || energy <= 0.0 {
        return 0.0;
    }
    let loudness_lufs = (10.0 * (energy / seconds).log10()) as f32;
    let peak_db = parts.iter().filter_map(|part| part.true_peak_db).fold(-120.0, f32::max);
    let room_db = (PEAK_MAX_DB - peak_db).min(GAIN_MAX_DB);
    (TARGET_LUFS - loudness_lufs).min(room_db).max(GAIN_MIN_DB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::WavWriter;

    fn sine(folder: &Path, name: &str, seconds: f64, size: f32) -> PathBuf {
        let path = folder.join(name);
        let wave = |at: usize| (std::f32::consts::TAU * 997.0 * at as f32 / 48_000.0).sin() * size;
        let frames: Vec<[f32; 2]> = (0..(seconds * 48_000.0) as usize).map(|at| [wave(at); 2]).collect();
        let mut file = WavWriter::create(&path, 48_000).unwrap();
        file.write(&frames).unwrap();
        file.finish().unwrap();
        path
    }

    fn part(loudness_lufs: f32, true_peak_db: f32, seconds: f64) -> Measured {
        Measured { loudness_lufs: Some(loudness_lufs), true_peak_db: Some(true_peak_db), seconds, trouble: None }
    }

    #[test]
    fn a_stereo_sine_measures_as_the_standard_says() {
        let folder = tempfile::tempdir().unwrap();
        // 0 dBFS of 997 Hz in both channels is 0.0 LUFS − 0.691 + 0.691 + 3.01 − 3.01.
        let path = sine(folder.path(), "a.wav", 3.0, 0.1);
        let loudness = Loudness::kept_in(None);
        let mut told = Vec::new();
        let troubles = loudness.scan(std::slice::from_ref(&path), &mut |at| told.push((at.scanned, at.of)));
        assert!(troubles.is_empty(), "{troubles:?}");
        let measured = loudness.measured(&path).unwrap();
        assert!((measured.loudness_lufs.unwrap() + 20.0).abs() < 0.1, "{measured:?}");
        assert!((measured.true_peak_db.unwrap() + 20.0).abs() < 0.1 && (measured.seconds - 3.0).abs() < 1e-9);
        assert_eq!((told.first(), told.last()), (Some(&(0, 1)), Some(&(1, 1))));
        assert!((loudness.gain_db(&[path]) - (TARGET_LUFS + 20.0)).abs() < 0.1);
    }

    #[test]
    fn what_is_measured_is_kept_until_the_file_changes() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = sine(folder.path(), "a.wav", 1.0, 0.1);
        let list = [path.clone()];
        let scanned = |loudness: &Loudness| {
            let mut files = 0;
            loudness.scan(&list, &mut |at| files += usize::from(at.path.is_some() && at.seconds < 0.2));
            files
        };
        assert_eq!(scanned(&Loudness::kept_in(Some(cache.path()))), 1);
        let second = Loudness::kept_in(Some(cache.path()));
        assert_eq!(scanned(&second), 0);
        assert!(second.measured(&path).is_some());
        sine(folder.path(), "a.wav", 1.5, 0.1);
        assert_eq!(scanned(&Loudness::kept_in(Some(cache.path()))), 1);
        std::fs::write(cache.path().join("loudness.json"), b"{\"version\":1,\"files\":[broken").unwrap();
        assert_eq!(scanned(&Loudness::kept_in(Some(cache.path()))), 1);
        assert!(!std::fs::read_dir(folder.path()).unwrap().any(|entry| entry.unwrap().path() != path));
    }

    #[test]
    fn a_gain_is_limited_and_leaves_room_for_peaks() {
        assert!((matching_gain_db(&[&part(-12.0, -0.1, 60.0)]) + 12.0).abs() < 1e-4);
        assert!((matching_gain_db(&[&part(-60.0, -40.0, 60.0)]) - 12.0).abs() < 1e-4);
        assert!((matching_gain_db(&[&part(-32.0, -3.0, 60.0)]) - 2.0).abs() < 1e-4);
        assert!(matching_gain_db(&[&Measured { loudness_lufs: None, ..part(0.0, 0.0, 9.0) }]).abs() < 1e-6);
        // A minute at −20 and three at −26 are −23.6 together.
        let work = matching_gain_db(&[&part(-20.0, -9.0, 60.0), &part(-26.0, -9.0, 180.0)]);
        assert!((work - -0.419).abs() < 0.01, "{work}");
    }

    #[test]
    fn an_unknown_file_plays_carefully_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.flac");
        let loudness = Loudness::kept_in(None);
        assert!((loudness.gain_db(std::slice::from_ref(&missing)) - CAREFUL_GAIN_DB).abs() < 1e-6);
        assert!(Loudness::off().gain_db(std::slice::from_ref(&missing)).abs() < 1e-6);
        let troubles = loudness.scan(std::slice::from_ref(&missing), &mut |_| {});
        assert_eq!(troubles.len(), 1);
        assert!(troubles[0].1.contains("cannot be opened"), "{troubles:?}");
    }
}
