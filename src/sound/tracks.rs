//! Owns the reading side of tracks: which comes next, decoding ahead into rings, changing their rate. Runs in a thread
//! of its own (or between blocks when rendering offline). Does not own fades (`deck`, `engine`).

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rodio::{Decoder, Source};
use rtrb::{Consumer, Producer, RingBuffer};

use super::deck::{Deck, UNKNOWN_FRAMES};
use super::engine::{DeckOrder, Progress};
use super::resample::Resampler;

/// Seconds decoded before a deck is handed over.
const HEAD_START_S: u32 = 2;
/// Seconds in a ring beyond the longest crossfade, so that an end is known before its fade begins.
const AHEAD_S: f32 = 5.0;
/// Decks that may be out at one time: one sounding, one leaving, one waiting, one in the post.
const MOST_DECKS: usize = 4;
/// The longest the reader sleeps while anything sounds.
const NAP: Duration = Duration::from_secs(2);

/// A skip is an answer to a touch, so its crossfade is shorter than that between pieces.
const SKIP_FADE_S: f32 = 3.0;

/// The ends of the rings that lead to and from an engine.
#[derive(Debug)]
pub struct DeckPort {
    /// Decks for the engine.
    pub orders: Producer<DeckOrder>,
    /// Decks that the engine is done with.
    pub returned: Consumer<Deck>,
    /// What the engine is playing.
    pub progress: Arc<Progress>,
    /// The engine's rate.
    pub rate_hz: u32,
}

/// One file being read.
struct Reading {
    deck_number: u64,
    path: PathBuf,
    file: TrackFile,
    samples: Producer<f32>,
    length_frames: Arc<AtomicU64>,
    written_frames: u64,
    waiting: Vec<[f32; 2]>,
    waiting_from: usize,
}

/// Reads tracks ahead and hands them to the engine in order.
pub struct Reader {
    port: Option<DeckPort>,
    crossfade_s: f32,
    playlist: Vec<PathBuf>,
    position: usize,
    skips: u32,
    /// A change that the engine has not been told of yet.
    pending: Option<Pending>,
    readings: Vec<Reading>,
    /// The deck sent to follow the present one.
    queued: Option<u64>,
    playing: u64,
    last_number: u64,
    decks_out: usize,
    /// Nothing in this playlist can be read; it is left alone until it changes.
    exhausted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pending {
    Start { fade_s: f32 },
    Silence,
}

impl Reader {
    /// `crossfade_s` between pieces, 0.1 to 30 seconds.
    pub fn new(crossfade_s: f32) -> Self {
        Self {
            port: None,
            crossfade_s: crossfade_s.clamp(0.1, 30.0),
            playlist: Vec::new(),
            position: 0,
            skips: 0,
            pending: None,
            readings: Vec::new(),
            queued: None,
            playing: 0,
            last_number: 0,
            decks_out: 0,
            exhausted: false,
        }
    }

    /// Serves a new engine. The present track begins anew there.
    pub fn connect(&mut self, port: DeckPort) {
        self.port = Some(port);
        self.readings.clear();
        self.queued = None;
        self.decks_out = 0;
        self.playing = 0;
        if !self.playlist.is_empty() {
            self.pending = Some(Pending::Start { fade_s: 1.2 });
        }
    }

    /// Plays `playlist` around and around. A track that is in both the old and the new list goes on playing.
    pub fn want(&mut self, playlist: &[PathBuf], skips: u32) {
        let steps = skips.saturating_sub(self.skips);
        self.skips = skips;
        if playlist != self.playlist {
            self.exhausted = false;
            let present = self.playlist.get(self.position).cloned();
            self.playlist = playlist.to_vec();
            let kept = present.and_then(|path| self.playlist.iter().position(|other| *other == path));
            if let (Some(position), false) = (kept, self.readings.is_empty()) {
                self.position = position;
                self.recall_queued();
            } else {
                self.position = 0;
                let fade_s = if self.readings.is_empty() { 3.0 } else { self.crossfade_s };
                self.pending =
                    Some(if self.playlist.is_empty() { Pending::Silence } else { Pending::Start { fade_s } });
            }
        }
        if steps > 0 && !self.playlist.is_empty() {
            self.position = (self.position + steps as usize) % self.playlist.len();
            self.pending = Some(Pending::Start { fade_s: SKIP_FADE_S });
        }
    }

    /// Does what can be done now and says how long it may sleep. `report` hears of each file left out, and why.
    pub fn work(&mut self, report: &mut dyn FnMut(&Path, String)) -> Duration {
        self.take_back();
        self.act_on_change(report);
        self.fill_all();
        self.queue_next(report);
        if self.pending.is_some() { Duration::from_millis(100) } else { NAP }
    }

    /// Whether there is nothing to read and nothing to wait for.
    pub fn is_idle(&self) -> bool {
        self.pending.is_none() && self.readings.is_empty() && self.decks_out == 0
    }

    fn take_back(&mut self) {
        let Some(port) = &mut self.port else { return };
        while let Ok(deck) = port.returned.pop() {
            self.decks_out = self.decks_out.saturating_sub(1);
            self.readings.retain(|reading| reading.deck_number != deck.number);
            if self.queued == Some(deck.number) {
                self.queued = None;
            }
        }
        let playing = port.progress.playing.load(Ordering::Acquire);
        if playing != self.playing {
            self.playing = playing;
            if self.queued == Some(playing) {
                self.queued = None;
                self.position = (self.position + 1) % self.playlist.len().max(1);
            }
            let present = self.readings.iter().find(|reading| reading.deck_number == playing).map(|r| &r.path);
            // A recall may come too late; what is heard decides.
            if let Some(path) = present
                && self.pending.is_none()
                && self.playlist.get(self.position) != Some(path)
                && let Some(position) = self.playlist.iter().position(|other| other == path)
            {
                self.position = position;
            }
        }
    }

    fn act_on_change(&mut self, report: &mut dyn FnMut(&Path, String)) {
        let Some(pending) = self.pending else { return };
        match pending {
            Pending::Silence => {
                let fade_frames = self.fade_frames(self.crossfade_s.min(4.0));
                let Some(port) = &mut self.port else { return };
                if port.orders.push(DeckOrder::Silence { fade_frames }).is_ok() {
                    self.pending = None;
                    self.queued = None;
                }
            }
            Pending::Start { fade_s } => {
                if self.decks_out >= MOST_DECKS {
                    return;
                }
                let fade_frames = self.fade_frames(fade_s);
                let Some(deck) = self.open_from(self.position, report) else {
                    self.pending = Some(Pending::Silence).filter(|_| self.port.is_some());
                    return;
                };
                let Some(port) = &mut self.port else { return };
                if port.orders.push(DeckOrder::Play { deck, fade_frames }).is_ok() {
                    self.decks_out += 1;
                    self.pending = None;
                    self.queued = None;
                }
            }
        }
    }

    /// Opens the track at `position`, or the first after it that can be read, and moves to it.
    fn open_from(&mut self, position: usize, report: &mut dyn FnMut(&Path, String)) -> Option<Deck> {
        let rate_hz = self.port.as_ref()?.rate_hz;
        for step in 0..self.playlist.len() {
            let at = (position + step) % self.playlist.len();
            let path = self.playlist.get(at)?.clone();
            match TrackFile::open(&path, rate_hz) {
                Ok(file) => {
                    let (reading, deck) = self.start_reading(path, file, rate_hz);
                    if reading.is_empty() {
                        report(&reading.path, "there is no sound in it".to_owned());
                        continue;
                    }
                    self.readings.push(reading);
                    self.position = at;
                    return Some(deck);
                }
                Err(why) => report(&path, why),
            }
        }
        self.exhausted = true;
        None
    }

    fn start_reading(&mut self, path: PathBuf, file: TrackFile, rate_hz: u32) -> (Reading, Deck) {
        let ring_frames = ((self.crossfade_s + AHEAD_S) * rate_hz as f32) as usize;
        let (samples, consumer) = RingBuffer::new(ring_frames * 2);
        let length_frames = Arc::new(AtomicU64::new(UNKNOWN_FRAMES));
        self.last_number += 1;
        let deck = Deck::new(self.last_number, consumer, Arc::clone(&length_frames), rate_hz);
        let mut reading = Reading {
            deck_number: self.last_number,
            path,
            file,
            samples,
            length_frames,
            written_frames: 0,
            waiting: Vec::new(),
            waiting_from: 0,
        };
        reading.fill(u64::from(HEAD_START_S * rate_hz));
        (reading, deck)
    }

    fn fill_all(&mut self) {
        for reading in &mut self.readings {
            reading.fill(u64::MAX);
        }
    }

    /// Once the present track has been read to its end, hands over the one after it.
    fn queue_next(&mut self, report: &mut dyn FnMut(&Path, String)) {
        if self.queued.is_some() || self.pending.is_some() || self.playlist.is_empty() || self.decks_out >= MOST_DECKS {
            return;
        }
        if self.exhausted {
            return;
        }
        let playing = self.playing;
        let read_out = self.readings.iter().any(|reading| reading.deck_number == playing && reading.is_read_out());
        if !read_out {
            return;
        }
        let present = self.position;
        let next = (present + 1) % self.playlist.len();
        let Some(deck) = self.open_from(next, report) else { return };
        // The one before the opened one: moving on by one leads to it when it begins.
        self.position = (self.position + self.playlist.len() - 1) % self.playlist.len();
        let number = deck.number;
        let Some(port) = &mut self.port else { return };
        if port.orders.push(DeckOrder::Queue(deck)).is_ok() {
            self.decks_out += 1;
            self.queued = Some(number);
        }
    }

    fn recall_queued(&mut self) {
        if self.queued.take().is_some()
            && let Some(port) = &mut self.port
        {
            // A full ring means that the engine stands still; the old follower is then as good as any.
            let _ = port.orders.push(DeckOrder::Recall);
        }
    }

    fn fade_frames(&self, seconds: f32) -> u32 {
        let rate_hz = self.port.as_ref().map_or(48_000, |port| port.rate_hz);
        super::ramp::frames(seconds, rate_hz)
    }
}

impl Reading {
    fn is_read_out(&self) -> bool {
        self.length_frames.load(Ordering::Relaxed) != UNKNOWN_FRAMES
    }

    fn is_empty(&self) -> bool {
        self.is_read_out() && self.written_frames == 0
    }

    /// Decodes until the ring is full, the track is at its end, or `most_frames` were written.
    fn fill(&mut self, most_frames: u64) {
        let mut room_frames = (self.samples.slots() / 2) as u64;
        room_frames = room_frames.min(most_frames);
        while room_frames > 0 {
            if self.waiting_from >= self.waiting.len() {
                self.waiting.clear();
                self.waiting_from = 0;
                if self.is_read_out() || !self.file.read(&mut self.waiting) {
                    self.length_frames.store(self.written_frames, Ordering::Release);
                    return;
                }
            }
            let rest = &self.waiting[self.waiting_from..];
            let count = rest.len().min(room_frames as usize);
            let Ok(chunk) = self.samples.write_chunk_uninit(count * 2) else { return };
            chunk.fill_from_iter(rest[..count].iter().flatten().copied());
            self.waiting_from += count;
            self.written_frames += count as u64;
            room_frames -= count as u64;
        }
    }
}

/// An open file that gives stereo frames at the engine's rate.
struct TrackFile {
    decoder: Decoder<BufReader<File>>,
    channels: usize,
    from_hz: u32,
    to_hz: u32,
    resampler: Option<Resampler>,
    scratch: Vec<[f32; 2]>,
    over: bool,
}

/// Frames decoded at one time.
const PIECE_FRAMES: usize = 4_096;

impl TrackFile {
    fn open(path: &Path, to_hz: u32) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
        let bytes = file.metadata().map_err(|error| format!("it cannot be looked at: {error}"))?.len();
        let hint = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        // Broken files have made decoders panic; a broken file must cost one track, not the music.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            Decoder::builder()
                .with_data(BufReader::new(file))
                .with_byte_len(bytes)
                .with_hint(&hint)
                .with_gapless(true)
                .build()
        }));
        let decoder = match opened {
            Ok(Ok(decoder)) => decoder,
            Ok(Err(error)) => return Err(format!("it cannot be decoded: {error}")),
            Err(_) => return Err("it is broken in a way the decoder does not know".to_owned()),
        };
        let (channels, from_hz) = (usize::from(decoder.channels().get()), decoder.sample_rate().get());
        let resampler = (from_hz != to_hz).then(|| Resampler::new(from_hz, to_hz));
        Ok(Self { decoder, channels, from_hz, to_hz, resampler, scratch: Vec::new(), over: false })
    }

    /// Appends the next frames; false at the end.
    fn read(&mut self, out: &mut Vec<[f32; 2]>) -> bool {
        while out.is_empty() {
            if self.over {
                return false;
            }
            let decoded = catch_unwind(AssertUnwindSafe(|| self.decode_piece()));
            self.over = !decoded.unwrap_or(false);
            match &mut self.resampler {
                Some(resampler) => {
                    resampler.run(&self.scratch, out);
                    if self.over {
                        resampler.finish(out);
                    }
                }
                None => out.extend_from_slice(&self.scratch),
            }
        }
        true
    }

    /// Decodes some frames into `scratch`; false at the end.
    fn decode_piece(&mut self) -> bool {
        self.scratch.clear();
        while self.scratch.len() < PIECE_FRAMES {
            let Some(first) = self.decoder.next() else { return false };
            // Chained files may change in the middle; the first sample of a frame already belongs to the new form.
            let channels = usize::from(self.decoder.channels().get());
            let rate_hz = self.decoder.sample_rate().get();
            self.channels = channels;
            if rate_hz != self.from_hz {
                self.from_hz = rate_hz;
                self.resampler = (rate_hz != self.to_hz).then(|| Resampler::new(rate_hz, self.to_hz));
            }
            let mut frame = [first; 2];
            for channel in 1..channels {
                let Some(sample) = self.decoder.next() else { return false };
                fold(&mut frame, channel, sample);
            }
            self.scratch.push(frame.map(|sample| if sample.is_finite() { sample.clamp(-2.0, 2.0) } else { 0.0 }));
        }
        true
    }
}

/// Whether the file at `path` can be played: it is opened and its first tenth of a second decoded. The error says what
/// is wrong with it, without naming it.
pub fn try_track(path: &Path) -> Result<(), String> {
    let mut first = Vec::new();
    if TrackFile::open(path, 48_000)?.read(&mut first) && !first.is_empty() {
        Ok(())
    } else {
        Err("there is no sound in it".to_owned())
    }
}

/// Brings a further channel into stereo: second to the right, centre to both, surrounds to their sides, no bass channel.
fn fold(frame: &mut [f32; 2], channel: usize, sample: f32) {
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
