//! Owns the loudness of each file (EBU R 128), and the gain that makes files equally loud. Does not own the stored
//! measurements (`cache`), or the levels of a mix.

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

use super::file::{TrackError, TrackFile, TrackProblem};
use cache::{FileStamp, LoudnessCache};

/// Target loudness of every track, in LUFS. It is low enough that most music is turned down, which leaves headroom for
/// the mix.
pub const TARGET_LUFS: f32 = -24.0;
/// Maximum gain, in dB, for quiet recordings.
const GAIN_MAX_DB: f32 = 12.0;
/// Minimum gain, in dB, for loud recordings.
const GAIN_MIN_DB: f32 = -30.0;
/// Maximum true peak of a single track, in dBTP, so that the limiter stays idle.
const PEAK_MAX_DB: f32 = -1.0;
/// Gain of files that have not been measured yet, in dB. It is right for a loud file of −14 LUFS. Most other files play
/// too quietly until they are measured, which startles nobody.
const CAREFUL_GAIN_DB: f32 = TARGET_LUFS + 14.0;

/// Measurement of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredLoudness {
    /// Integrated loudness in LUFS; `None` for silence.
    pub loudness_lufs: Option<f32>,
    /// Maximum true peak in dBTP; `None` for silence.
    pub true_peak_db: Option<f32>,
    /// Seconds that can be played.
    pub seconds: f64,
    /// Why the file cannot be played at all or only in part; `None` if nothing is wrong.
    pub trouble: Option<String>,
}

/// Progress of a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanProgress<'a> {
    /// Number of files done.
    pub scanned: usize,
    /// Number of files in all.
    pub of: usize,
    /// The file that is being read; `None` at the end of the scan.
    pub path: Option<&'a Path>,
    /// Seconds of audio read from that file so far.
    pub seconds: f64,
}

/// Loudness of the clinic's music. Clones share their measurements.
#[derive(Clone, Default)]
pub struct LoudnessLibrary {
    /// `None` if every track plays at its original level.
    book: Option<Arc<LoudnessTable>>,
}

struct LoudnessTable {
    files: Mutex<HashMap<PathBuf, MeasuredLoudness>>,
    /// Locked for a whole scan, so that no file is measured twice.
    cache: Mutex<LoudnessCache>,
}

impl LoudnessLibrary {
    /// Creates a library that measures nothing: every track plays at its original level.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Creates a library that keeps its measurements in `cache_dir`, which is created if it is missing. With `None`,
    /// they are kept only in memory.
    #[must_use]
    pub fn kept_in(cache_dir: Option<&Path>) -> Self {
        let cache = Mutex::new(LoudnessCache::open(cache_dir));
        Self { book: Some(Arc::new(LoudnessTable { files: Mutex::new(HashMap::new()), cache })) }
    }

    /// Measures every file in `paths` that has no stored measurement, or has changed since it was measured. Returns the
    /// files that cannot be played at all or only in part, each with the reason. Takes two to three seconds for ten
    /// minutes of music.
    pub fn scan(&self, paths: &[PathBuf], progress: &mut dyn FnMut(ScanProgress<'_>)) -> Vec<(PathBuf, String)> {
        self.scan_at(paths, progress, ScanSpeed::Full)
    }

    /// Measures files as [`scan`](Self::scan) does, but on a separate thread and at half speed, to leave processor time
    /// for the rest of the program. Problems are logged. Fails if the thread cannot be started.
    pub fn scan_in_background(
        &self,
        paths: Vec<PathBuf>,
        mut progress: impl FnMut(ScanProgress<'_>) + Send + 'static,
    ) -> io::Result<()> {
        let loudness = self.clone();
        let scan = move || {
            for (path, why) in loudness.scan_at(&paths, &mut progress, ScanSpeed::Half) {
                warn!(track = %path.display(), %why, "a track cannot be played as it should");
            }
        };
        thread::Builder::new().name("sound-loudness".to_owned()).spawn(scan).map(drop)
    }

    /// Stores a measurement of the file at `path` that was made while the file had another name.
    pub fn remember(&self, path: &Path, measured: MeasuredLoudness) {
        let Some(book) = &self.book else { return };
        book.note(path, measured.clone());
        if let Some(stamp) = FileStamp::of(path) {
            let mut cache = book.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(path, &stamp, measured);
            cache.save();
        }
    }

    /// Returns the measurement of the file at `path`; `None` if it has not been measured.
    #[must_use]
    pub fn measured(&self, path: &Path) -> Option<MeasuredLoudness> {
        self.book.as_ref().and_then(|book| book.files().get(path).cloned())
    }

    /// Returns the gain in dB for the piece made of `parts`. It is the same for all parts, because the level must not
    /// change where they join. Until every part has been measured, the gain is `CAREFUL_GAIN_DB`.
    pub(super) fn gain_db(&self, parts: &[PathBuf]) -> f32 {
        let Some(book) = &self.book else { return 0.0 };
        let files = book.files();
        let parts: Option<Vec<&MeasuredLoudness>> = parts.iter().map(|path| files.get(path)).collect();
        parts.map_or(CAREFUL_GAIN_DB, |parts| matching_gain_db(&parts))
    }

    fn scan_at(
        &self,
        paths: &[PathBuf],
        progress: &mut dyn FnMut(ScanProgress<'_>),
        pace: ScanSpeed,
    ) -> Vec<TrackProblem> {
        let Some(book) = &self.book else { return Vec::new() };
        let mut cache = book.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut problems = Vec::new();
        // Files with a stored measurement come first, so that they need not wait for the slow measuring of the others.
        let mut unknown = Vec::new();
        for path in paths {
            let stamp = FileStamp::of(path);
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
            // If measuring panics, only this file goes unmeasured.
            let measured = catch_unwind(AssertUnwindSafe(|| measure(path, &mut at, pace)));
            let measured = measured.unwrap_or(Err(TrackError::Broken)).unwrap_or_else(|error| MeasuredLoudness {
                loudness_lufs: None,
                true_peak_db: None,
                seconds: 0.0,
                trouble: Some(error.to_string()),
            });
            book.note(path, measured.clone());
            // A result without any audio is not stored, because another attempt may succeed although the file has not
            // changed.
            if let Some(stamp) = stamp.as_ref().filter(|_| measured.seconds > 0.0) {
                cache.put(path, stamp, measured);
                // Measuring a file takes seconds, so the cache is saved after each file. A power cut then loses no
                // finished measurement.
                cache.save();
            }
        }
        for path in paths {
            if let Some(problem) = self.measured(path).and_then(|measured| measured.trouble) {
                problems.push((path.clone(), problem));
            }
        }
        progress(ScanProgress { scanned: paths.len(), of: paths.len(), path: None, seconds: 0.0 });
        problems
    }
}

impl LoudnessTable {
    fn files(&self) -> MutexGuard<'_, HashMap<PathBuf, MeasuredLoudness>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, path: &Path, measured: MeasuredLoudness) {
        self.files().insert(path.to_owned(), measured);
    }
}

impl std::fmt::Debug for LoudnessLibrary {
    fn fmt(&self, form: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = self.book.as_ref().map(|book| book.files().len());
        form.debug_struct("LoudnessLibrary").field("files", &files).finish()
    }
}

impl PartialEq for LoudnessLibrary {
    /// Returns whether both share their measurements.
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
enum ScanSpeed {
    Full,
    Half,
}

/// Measures the file at `path` by reading it to its end. Passes the seconds read so far to `at`, about once per second
/// of audio.
fn measure(path: &Path, at: &mut dyn FnMut(f64), pace: ScanSpeed) -> Result<MeasuredLoudness, TrackError> {
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
            // This never fails for whole frames.
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
        if pace == ScanSpeed::Half {
            thread::sleep(began.elapsed());
        }
    }
    let loudness = EbuR128::loudness_global_multiple(meters.iter()).unwrap_or(f64::NEG_INFINITY);
    let peak = meters.iter().flat_map(|meter| [meter.true_peak(0), meter.true_peak(1)]).flatten().fold(0.0, f64::max);
    let peak_db = 20.0 * peak.log10();
    let problem = file.problem().map(|problem| problem.to_string());
    Ok(MeasuredLoudness {
        loudness_lufs: loudness.is_finite().then_some(loudness as f32),
        true_peak_db: peak_db.is_finite().then_some(peak_db as f32),
        seconds,
        trouble: problem,
    })
}

/// Returns the gain in dB for the parts of a work together. The loudness of each part is weighted by its length.
fn matching_gain_db(parts: &[&MeasuredLoudness]) -> f32 {
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

    fn part(loudness_lufs: f32, true_peak_db: f32, seconds: f64) -> MeasuredLoudness {
        MeasuredLoudness {
            loudness_lufs: Some(loudness_lufs),
            true_peak_db: Some(true_peak_db),
            seconds,
            trouble: None,
        }
    }

    #[test]
    fn a_stereo_sine_measures_as_specified_by_bs_1770() {
        let folder = tempfile::tempdir().unwrap();
        // By BS.1770, 997 Hz at 0 dBFS in both channels measures 0.0 LUFS.
        let path = sine(folder.path(), "a.wav", 3.0, 0.1);
        let loudness = LoudnessLibrary::kept_in(None);
        let mut told = Vec::new();
        let problems = loudness.scan(std::slice::from_ref(&path), &mut |at| told.push((at.scanned, at.of)));
        assert!(problems.is_empty(), "{problems:?}");
        let measured = loudness.measured(&path).unwrap();
        assert!((measured.loudness_lufs.unwrap() + 20.0).abs() < 0.1, "{measured:?}");
        assert!((measured.true_peak_db.unwrap() + 20.0).abs() < 0.1 && (measured.seconds - 3.0).abs() < 1e-9);
        assert_eq!((told.first(), told.last()), (Some(&(0, 1)), Some(&(1, 1))));
        assert!((loudness.gain_db(&[path]) - (TARGET_LUFS + 20.0)).abs() < 0.1);
    }

    #[test]
    fn measurements_are_kept_until_the_file_changes() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = sine(folder.path(), "a.wav", 1.0, 0.1);
        let list = [path.clone()];
        let scanned = |loudness: &LoudnessLibrary| {
            let mut files = 0;
            loudness.scan(&list, &mut |at| files += usize::from(at.path.is_some() && at.seconds < 0.2));
            files
        };
        assert_eq!(scanned(&LoudnessLibrary::kept_in(Some(cache.path()))), 1);
        let second = LoudnessLibrary::kept_in(Some(cache.path()));
        assert_eq!(scanned(&second), 0);
        assert!(second.measured(&path).is_some());
        sine(folder.path(), "a.wav", 1.5, 0.1);
        assert_eq!(scanned(&LoudnessLibrary::kept_in(Some(cache.path()))), 1);
        std::fs::write(cache.path().join("loudness.json"), b"{\"version\":1,\"files\":[broken").unwrap();
        assert_eq!(scanned(&LoudnessLibrary::kept_in(Some(cache.path()))), 1);
        assert!(!std::fs::read_dir(folder.path()).unwrap().any(|entry| entry.unwrap().path() != path));
        let moved = folder.path().join("moved.wav");
        std::fs::rename(&path, &moved).unwrap();
        let third = LoudnessLibrary::kept_in(Some(cache.path()));
        third.remember(&moved, second.measured(&path).unwrap());
        let again = LoudnessLibrary::kept_in(Some(cache.path()));
        let mut read = false;
        again.scan(std::slice::from_ref(&moved), &mut |at| read |= at.path.is_some());
        assert!(!read && again.measured(&moved) == second.measured(&path));
    }

    #[test]
    fn gains_are_limited_and_leave_headroom_for_peaks() {
        assert!((matching_gain_db(&[&part(-12.0, -0.1, 60.0)]) + 12.0).abs() < 1e-4);
        assert!((matching_gain_db(&[&part(-60.0, -40.0, 60.0)]) - 12.0).abs() < 1e-4);
        assert!((matching_gain_db(&[&part(-32.0, -3.0, 60.0)]) - 2.0).abs() < 1e-4);
        assert!(matching_gain_db(&[&MeasuredLoudness { loudness_lufs: None, ..part(0.0, 0.0, 9.0) }]).abs() < 1e-6);
        // One minute at −20 and three at −26 make −23.6 LUFS.
        let work = matching_gain_db(&[&part(-20.0, -9.0, 60.0), &part(-26.0, -9.0, 180.0)]);
        assert!((work - -0.419).abs() < 0.01, "{work}");
    }

    #[test]
    fn an_unmeasured_file_plays_quietly_and_a_broken_one_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.flac");
        let loudness = LoudnessLibrary::kept_in(None);
        assert!((loudness.gain_db(std::slice::from_ref(&missing)) - CAREFUL_GAIN_DB).abs() < 1e-6);
        assert!(LoudnessLibrary::off().gain_db(std::slice::from_ref(&missing)).abs() < 1e-6);
        let problems = loudness.scan(std::slice::from_ref(&missing), &mut |_| {});
        assert_eq!(problems.len(), 1);
        assert!(problems[0].1.contains("cannot be opened"), "{problems:?}");
    }
}
