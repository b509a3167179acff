//! Owns the reading of one music file: the check whether it can be played, and its frames at its own sample rate. Never
//! runs in the audio callback. Does not own the order of files (`playlist`), or the use of their frames (`piece`).

use std::fs::File;
use std::io::{BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rodio::{Decoder, Source};

use super::decode;
use super::resample::RATES_HZ;

/// Maximum length of a file in seconds. It is longer than any session, and makes an endless file end.
pub const LONGEST_S: u64 = 6 * 3_600;
/// Maximum size of a file in bytes.
pub const LARGEST_BYTES: u64 = 4 << 30;
/// Maximum number of channels that can be mixed down to stereo.
const CHANNELS_MAX: u16 = 8;
/// Number of frames decoded at a time.
const PIECE_FRAMES: usize = 4_096;
/// Time in seconds by which a file may end earlier than declared, because encoders are not exact. The fraction
/// [`EARLY_SHARE`] of the length is allowed in addition.
const EARLY_S: f64 = 0.1;
/// Fraction of its declared length by which a file may end earlier, in addition to [`EARLY_S`].
const EARLY_SHARE: f64 = 0.005;

/// A file that was skipped or ended early, and the reason.
pub type TrackProblem = (PathBuf, String);

/// Why a file cannot be played at all or only in part. The message does not name the file; the code that reports it
/// does.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    /// The system refused to open the file.
    #[error("it cannot be opened: {0}")]
    Open(std::io::Error),
    /// The path leads to a folder, FIFO or device.
    #[error("it is not a file")]
    NotAFile,
    /// The file has zero bytes.
    #[error("it is empty (0 bytes)")]
    Empty,
    /// The file is larger than any recording of a session would be.
    #[error("it is larger than {} GiB", LARGEST_BYTES >> 30)]
    Huge,
    /// The file is longer than any session.
    #[error("it is longer than {} h", LONGEST_S / 3_600)]
    Long,
    /// No decoder accepts the file.
    #[error("it cannot be decoded: {0}")]
    Decode(String),
    /// The decoder panicked.
    #[error("it is damaged in a way that the decoder does not recognise")]
    Broken,
    /// The file has no channels, or more than can be mixed down to stereo.
    #[error("it has {0} channels; 1 to {CHANNELS_MAX} can be mixed down to two")]
    Channels(u16),
    /// The file's sample rate is outside [`RATES_HZ`].
    #[error("its sample rate of {0} Hz is outside {low} to {high} Hz", low = RATES_HZ.start(), high = RATES_HZ.end())]
    Rate(u32),
    /// The file can be opened but contains no frames.
    #[error("there is no sound in it")]
    Silent,
    /// The file is truncated.
    #[error("it is cut short: it ends after {} although it should last {}", minutes(*after_s), minutes(*of_s))]
    Early {
        /// Seconds that can be played.
        after_s: f64,
        /// Seconds that the file's header declares.
        of_s: f64,
    },
    /// The last page of an Ogg file is missing.
    #[error("it is cut short after {}: its last page is missing", minutes(*after_s))]
    Unfinished {
        /// Seconds that can be played.
        after_s: f64,
    },
}

fn minutes(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// An open file that yields stereo frames at its own sample rate.
pub struct TrackFile {
    decoder: Decoder<BufReader<File>>,
    rate_hz: u32,
    /// The first sample after a change of the sample rate, kept for the next read.
    kept: Option<f32>,
    expected_frames: Option<u64>,
    read_frames: u64,
    lacks_last_page: bool,
    over: bool,
}

impl TrackFile {
    /// Opens the file at `path`, and checks what can be checked without decoding all of it.
    pub fn open(path: &Path) -> Result<Self, TrackError> {
        // The type is checked before the file is opened, because opening a FIFO would block.
        let about = std::fs::metadata(path).map_err(TrackError::Open)?;
        let bytes = about.len();
        if !about.is_file() {
            return Err(TrackError::NotAFile);
        }
        match bytes {
            0 => return Err(TrackError::Empty),
            1..=LARGEST_BYTES => {}
            _ => return Err(TrackError::Huge),
        }
        let mut file = File::open(path).map_err(TrackError::Open)?;
        let ending = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        let source = length_source(&mut file, &ending, bytes).map_err(TrackError::Open)?;
        if let Some((channels, rate_hz)) = decode::wav_form(&mut file).map_err(TrackError::Open)? {
            check_form(channels, rate_hz)?;
        }
        // Broken files have made decoders panic. Such a panic must cost one track, not all the music.
        let opened = decode::guarded(|| {
            let data = BufReader::with_capacity(1 << 16, file);
            Decoder::builder().with_data(data).with_byte_len(bytes).with_hint(&ending).with_gapless(true).build()
        });
        let decoder = opened.ok_or(TrackError::Broken)?.map_err(|error| TrackError::Decode(error.to_string()))?;
        let rate_hz = decoder.sample_rate().get();
        check_form(decoder.channels().get(), rate_hz)?;
        let length = decoder.total_duration().filter(|_| source != LengthSource::Estimate);
        // WAV files that were written to a pipe declare the maximum length, which says nothing about the actual one.
        let length = length.filter(|length| ending != "wav" || length.as_secs() < LONGEST_S);
        if length.is_some_and(|length| length.as_secs() >= LONGEST_S) {
            return Err(TrackError::Long);
        }
        Ok(Self {
            decoder,
            rate_hz,
            kept: None,
            expected_frames: length.map(|length| frames_in(length, rate_hz)),
            read_frames: 0,
            lacks_last_page: source == LengthSource::WithoutLastPage,
            over: false,
        })
    }

    /// Returns the sample rate of the frames that [`TrackFile::read`] will append next.
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Returns the number of frames that the file declares; `None` if the declaration is missing or unreliable.
    pub const fn expected_frames(&self) -> Option<u64> {
        self.expected_frames
    }

    /// Appends the next frames to `out`, all at the same sample rate. Returns false at the end of the file. Data that
    /// cannot be decoded also ends the file.
    pub fn read(&mut self, out: &mut Vec<[f32; 2]>) -> bool {
        if self.over {
            return false;
        }
        let before = out.len();
        let decoded = decode::guarded(|| self.decode_piece(out));
        self.over = !decoded.unwrap_or(false);
        self.read_frames += (out.len() - before) as u64;
        if self.read_frames > LONGEST_S * u64::from(self.rate_hz) {
            self.over = true;
        }
        out.len() > before || !self.over
    }

    /// Returns what was wrong with the file, if anything. Must be called only once the file has been read to its end.
    pub fn problem(&self) -> Option<TrackError> {
        let seconds = |frames: u64| frames as f64 / f64::from(self.rate_hz);
        let after_s = seconds(self.read_frames);
        if self.read_frames == 0 {
            return Some(TrackError::Silent);
        }
        if self.read_frames > LONGEST_S * u64::from(self.rate_hz) {
            return Some(TrackError::Long);
        }
        if let Some(of_s) = self.expected_frames.map(seconds)
            && after_s + EARLY_S + of_s * EARLY_SHARE < of_s
        {
            return Some(TrackError::Early { after_s, of_s });
        }
        self.lacks_last_page.then_some(TrackError::Unfinished { after_s })
    }

    /// Decodes some frames, all at the same sample rate. Returns false at the end of the file.
    fn decode_piece(&mut self, out: &mut Vec<[f32; 2]>) -> bool {
        let full = out.len() + PIECE_FRAMES;
        while out.len() < full {
            let Some(first) = self.kept.take().or_else(|| self.decoder.next()) else { return false };
            // Chained streams may change the format. The decoder has the new format as soon as the first sample of a
            // frame in that format has been read.
            let rate_hz = self.decoder.sample_rate().get();
            if rate_hz != self.rate_hz {
                self.kept = Some(first);
                self.rate_hz = rate_hz;
                return RATES_HZ.contains(&rate_hz);
            }
            let mut frame = [first; 2];
            for channel in 1..self.decoder.channels().get() {
                let Some(sample) = self.decoder.next() else { return false };
                downmix(&mut frame, channel, sample);
            }
            out.push(frame.map(|sample| if sample.is_finite() { sample.clamp(-4.0, 4.0) } else { 0.0 }));
        }
        true
    }
}

/// Checks that a number of channels and a sample rate are supported.
pub fn check_form(channels: u16, rate_hz: u32) -> Result<(), TrackError> {
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(TrackError::Channels(channels));
    }
    if !RATES_HZ.contains(&rate_hz) {
        return Err(TrackError::Rate(rate_hz));
    }
    Ok(())
}

/// Checks whether the file at `path` can be played, by opening it and decoding its beginning. The error does not name
/// the file. Truncated files are not noticed here; [`super::LoudnessLibrary::scan`], which reads files completely,
/// finds them.
pub fn try_track(path: &Path) -> Result<(), String> {
    let mut file = TrackFile::open(path).map_err(|error| error.to_string())?;
    let mut first = Vec::new();
    while first.is_empty() {
        if !file.read(&mut first) {
            return Err(TrackError::Silent.to_string());
        }
    }
    Ok(())
}

/// Mixes one more channel into a stereo frame that starts with the first channel on both sides. Channel 1, the second
/// one, becomes the right side. The centre goes to both sides, and each surround channel to its own side; the LFE
/// channel is left out.
fn downmix(frame: &mut [f32; 2], channel: u16, sample: f32) {
    match channel {
        1 => frame[1] = sample,
        2 => {
            frame[0] += sample * 0.707;
            frame[1] += sample * 0.707;
        }
        4 | 6 => frame[0] += sample * 0.5,
        5 | 7 => frame[1] += sample * 0.5,
        _ => {}
    }
}

fn frames_in(length: Duration, rate_hz: u32) -> u64 {
    let exact = (length.as_nanos() * u128::from(rate_hz) + 500_000_000) / 1_000_000_000;
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// How reliable the declared length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LengthSource {
    Exact,
    /// The decoder estimates the length from the first second of the file, for example for an MP3 without a frame
    /// table.
    Estimate,
    /// The file is a truncated Ogg file, which declares the length of what is left.
    WithoutLastPage,
}

fn length_source(file: &mut File, ending: &str, bytes: u64) -> std::io::Result<LengthSource> {
    let source = match ending {
        "mp3" if !has_frame_table(file)? => LengthSource::Estimate,
        "aac" => LengthSource::Estimate,
        "ogg" if !has_last_page(file, bytes)? => LengthSource::WithoutLastPage,
        _ => LengthSource::Exact,
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(source)
}

/// Returns whether an MP3 begins with a frame table, which gives the length of the audio.
fn has_frame_table(file: &mut File) -> std::io::Result<bool> {
    let mut head = [0; 10];
    let read = file.read(&mut head)?;
    // An ID3v2 tag gives its length in four bytes of seven bits each.
    let tag_bytes = if read == head.len() && head.starts_with(b"ID3") {
        10 + head[6..].iter().fold(0_u64, |length, byte| length << 7 | u64::from(byte & 0x7F))
    } else {
        0
    };
    file.seek(SeekFrom::Start(tag_bytes))?;
    let mut first = Vec::new();
    file.take(1_024).read_to_end(&mut first)?;
    Ok(first.windows(4).any(|four| matches!(four, b"Xing" | b"Info" | b"VBRI")))
}

/// Returns whether the last page of an Ogg file is marked as the end of the stream.
fn has_last_page(file: &mut File, bytes: u64) -> std::io::Result<bool> {
    const LARGEST_PAGE_BYTES: u64 = 65_307;
    file.seek(SeekFrom::Start(bytes.saturating_sub(LARGEST_PAGE_BYTES)))?;
    let mut end = Vec::new();
    file.take(LARGEST_PAGE_BYTES).read_to_end(&mut end)?;
    let last = end.windows(6).rev().find(|six| six.starts_with(b"OggS"));
    Ok(last.is_none_or(|six| six[5] & 4 != 0))
}
