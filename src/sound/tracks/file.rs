//! Owns one file of music: whether it can be played at all, and its frames at its own rate. Runs in reading threads
//! only. Does not own which file comes next (`playlist`) nor what becomes of its frames (`piece`).

use std::fs::File;
use std::io::{BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rodio::{Decoder, Source};

use super::decode;
use super::resample::RATES_HZ;

/// The longest file that is played, in seconds: longer than any session, so that a file without an end has one.
pub const LONGEST_S: u64 = 6 * 3_600;
/// The largest file that is opened, in bytes.
pub const LARGEST_BYTES: u64 = 4 << 30;
/// The most channels that can be brought down to two.
const CHANNELS_MAX: u16 = 8;
/// Frames decoded at one time.
const PIECE_FRAMES: usize = 4_096;
/// A file may end this much before it says, in seconds and as a share of its length; encoders are not exact.
const EARLY_S: f64 = 0.1;
const EARLY_SHARE: f64 = 0.005;

/// A file that was left out or cut short, and why.
pub type Trouble = (PathBuf, String);

/// Why a file is not played, or not to its end. The file is named by whoever asks.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    /// The system did not give it.
    #[error("it cannot be opened: {0}")]
    Open(std::io::Error),
    /// A folder, a pipe, a device.
    #[error("it is not a file")]
    NotAFile,
    /// Zero bytes.
    #[error("it is empty (0 bytes)")]
    Empty,
    /// More bytes than any recording of a session.
    #[error("it is larger than {} GiB", LARGEST_BYTES >> 30)]
    Huge,
    /// More hours than any session.
    #[error("it is longer than {} h", LONGEST_S / 3_600)]
    Long,
    /// No decoder knows it.
    #[error("it cannot be decoded: {0}")]
    Decode(String),
    /// The decoder gave up in a way of its own.
    #[error("it is broken in a way the decoder does not know")]
    Broken,
    /// None, or too many channels.
    #[error("it has {0} channels, and 1 to {CHANNELS_MAX} can be brought down to two")]
    Channels(u16),
    /// A rate no recording has.
    #[error("its sample rate of {0} Hz is outside {low} to {high} Hz", low = RATES_HZ.start(), high = RATES_HZ.end())]
    Rate(u32),
    /// It opens, but holds no frame.
    #[error("there is no sound in it")]
    Silent,
    /// It is cut short.
    #[error("it is cut short: it ends after {} although it should last {}", minutes(*after_s), minutes(*of_s))]
    Early {
        /// Seconds that can be played.
        after_s: f64,
        /// Seconds that its header promises.
        of_s: f64,
    },
    /// Its last page is missing.
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

/// An open file that gives stereo frames at its own rate.
pub struct TrackFile {
    decoder: Decoder<BufReader<File>>,
    rate_hz: u32,
    /// The first sample of a frame at a new rate, which the next piece begins with.
    kept: Option<f32>,
    expected_frames: Option<u64>,
    read_frames: u64,
    lacks_last_page: bool,
    over: bool,
}

impl TrackFile {
    /// Opens the file at `path`.
    pub fn open(path: &Path) -> Result<Self, TrackError> {
        // Looked at before it is opened: opening a pipe would wait for whoever writes to it.
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
        let promise = promise_of(&mut file, &ending, bytes).map_err(TrackError::Open)?;
        if let Some((channels, rate_hz)) = decode::wav_form(&mut file).map_err(TrackError::Open)? {
            check_form(channels, rate_hz)?;
        }
        // Broken files have made decoders panic; a broken file must cost one track, not the music.
        let opened = decode::guarded(|| {
            let data = BufReader::with_capacity(1 << 16, file);
            Decoder::builder().with_data(data).with_byte_len(bytes).with_hint(&ending).with_gapless(true).build()
        });
        let decoder = opened.ok_or(TrackError::Broken)?.map_err(|error| TrackError::Decode(error.to_string()))?;
        let rate_hz = decoder.sample_rate().get();
        check_form(decoder.channels().get(), rate_hz)?;
        let length = decoder.total_duration().filter(|_| promise != Promise::Guess);
        // Files written into a pipe say that they fill all the space there is.
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
            lacks_last_page: promise == Promise::WithoutLastPage,
            over: false,
        })
    }

    /// The rate of the frames that [`TrackFile::read`] gives next.
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Frames that it says it has; none where it says nothing to rely on.
    pub const fn expected_frames(&self) -> Option<u64> {
        self.expected_frames
    }

    /// Appends the next frames to `out`, all at one rate; false when there are no more, and never an error: what cannot
    /// be decoded ends there.
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

    /// Once it has been read out: what was wrong with it, if anything.
    pub fn trouble(&self) -> Option<TrackError> {
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

    /// False at the end.
    fn decode_piece(&mut self, out: &mut Vec<[f32; 2]>) -> bool {
        let full = out.len() + PIECE_FRAMES;
        while out.len() < full {
            let Some(first) = self.kept.take().or_else(|| self.decoder.next()) else { return false };
            // Chained files may change in the middle; the first sample of a frame already belongs to the new form.
            let rate_hz = self.decoder.sample_rate().get();
            if rate_hz != self.rate_hz {
                self.kept = Some(first);
                self.rate_hz = rate_hz;
                return RATES_HZ.contains(&rate_hz);
            }
            let mut frame = [first; 2];
            for channel in 1..self.decoder.channels().get() {
                let Some(sample) = self.decoder.next() else { return false };
                fold(&mut frame, channel, sample);
            }
            out.push(frame.map(|sample| if sample.is_finite() { sample.clamp(-4.0, 4.0) } else { 0.0 }));
        }
        true
    }
}

/// Whether sound of this form can be brought to ours.
pub fn check_form(channels: u16, rate_hz: u32) -> Result<(), TrackError> {
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(TrackError::Channels(channels));
    }
    if !RATES_HZ.contains(&rate_hz) {
        return Err(TrackError::Rate(rate_hz));
    }
    Ok(())
}

/// Whether the file at `path` can be played: it is opened and its beginning decoded. The error says what is wrong with
/// it, without naming it. A file that is cut short is found by [`super::Loudness::scan`], which reads it to its end.
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

/// Brings a further channel into stereo: second to the right, centre to both, surrounds to their sides, no bass channel.
fn fold(frame: &mut [f32; 2], channel: u16, sample: f32) {
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

/// What the length that a file gives is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    Kept,
    /// Reckoned from its first second, as of an MP3 without a table of its frames.
    Guess,
    /// An Ogg file that stops in the middle gives the length of what is there.
    WithoutLastPage,
}

fn promise_of(file: &mut File, ending: &str, bytes: u64) -> std::io::Result<Promise> {
    let promise = match ending {
        "mp3" if !has_frame_table(file)? => Promise::Guess,
        "aac" => Promise::Guess,
        "ogg" if !has_last_page(file, bytes)? => Promise::WithoutLastPage,
        _ => Promise::Kept,
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(promise)
}

/// Whether an MP3 begins with the frame that tells how many there are.
fn has_frame_table(file: &mut File) -> std::io::Result<bool> {
    let mut head = [0; 10];
    let read = file.read(&mut head)?;
    // The tag before the music gives its own length in four times seven bits.
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

/// Whether the last page of an Ogg file says that it is the last.
fn has_last_page(file: &mut File, bytes: u64) -> std::io::Result<bool> {
    const LARGEST_PAGE_BYTES: u64 = 65_307;
    file.seek(SeekFrom::Start(bytes.saturating_sub(LARGEST_PAGE_BYTES)))?;
    let mut end = Vec::new();
    file.take(LARGEST_PAGE_BYTES).read_to_end(&mut end)?;
    let last = end.windows(6).rev().find(|six| six.starts_with(b"OggS"));
    Ok(last.is_none_or(|six| six[5] & 4 != 0))
}
