//! Owns the reading side of tracks: it reads pieces ahead, hands them to the engine in order, and skips files that
//! fail. Runs on a thread of its own, or between blocks in offline rendering. Does not own the order of pieces
//! (`playlist`), the reading of one piece (`piece`), or fades (`engine`).

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::file::TrackProblem;
use super::instruments::InstrumentReader;
use super::loudness::LoudnessLibrary;
use super::piece::{DeckParams, PieceReader};
use super::playlist::{Playlist, TrackRequest};
use crate::sound::SoundEvent;
use crate::sound::dsp::ramp;
use crate::sound::engine::{Deck, DeckCommand, DeckPort};

/// Margin before a crossfade, in seconds. The next piece is opened once what is left to read of the current piece is at
/// most as long as the crossfade plus this margin.
const AHEAD_S: u32 = 4;
/// Maximum number of decks in use: one playing, one fading out, one queued, one on its way.
const DECKS_MAX: usize = 4;
/// Maximum time between two reads: a sixth of the ring buffer's length.
const SLEEP_MAX: Duration = Duration::from_secs(2);
/// Time after which all files are tried again if none could be opened, because a disk may come back.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
/// Maximum crossfade of a skip, in seconds. It is short, because a skip answers a touch.
const SKIP_FADE_S: f32 = 3.0;
/// Length of the fade-in from silence, in seconds.
const FIRST_FADE_S: f32 = 3.0;
/// Length of the fade-out to silence, in seconds.
const LAST_FADE_S: f32 = 4.0;
/// Length of the fade-in after a change of the output, in seconds.
const AGAIN_FADE_S: f32 = 1.2;
/// Minimum crossfade between pieces, in seconds: just long enough to avoid a click.
const SHORTEST_FADE_S: f32 = 0.03;
/// Minimum crossfade when the list changes or a track is skipped, in seconds.
const LEAST_FADE_S: f32 = 1.2;

/// Reads tracks ahead and hands them to the engine in order.
pub struct TrackReader {
    loudness: LoudnessLibrary,
    instruments: InstrumentReader,
    /// Whether an instrument is still to be read or sent.
    lacks_instruments: bool,
    port: Option<DeckPort>,
    wanted: TrackRequest,
    playlist: Playlist,
    position: usize,
    /// A change that has not reached the engine yet.
    pending: Option<PendingChange>,
    readings: Vec<PieceReader>,
    /// Number of the deck that is queued after the current one; `None` if no deck is queued.
    queued: Option<u64>,
    playing: u64,
    last_number: u64,
    decks_out: usize,
    /// Whether the last report said that no track can be played; `None` if the last report is not known.
    reported_gone: Option<bool>,
    /// Time at which all files are tried again, if none could be read.
    retry_at: Option<Instant>,
    /// Problems reported so far; each is reported once per playlist.
    reported: Vec<TrackProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PendingChange {
    Start { fade_s: f32 },
    Silence,
}

impl TrackReader {
    /// Creates a reader that matches the levels of tracks by `loudness`, and reads the recorded instruments in
    /// `instruments_dir`, if any.
    pub fn new(loudness: LoudnessLibrary, instruments_dir: Option<PathBuf>) -> Self {
        Self {
            loudness,
            instruments: InstrumentReader::new(instruments_dir),
            lacks_instruments: false,
            port: None,
            wanted: TrackRequest::default(),
            playlist: Playlist::default(),
            position: 0,
            pending: None,
            readings: Vec::new(),
            queued: None,
            playing: 0,
            last_number: 0,
            decks_out: 0,
            reported_gone: Some(false),
            retry_at: None,
            reported: Vec::new(),
        }
    }

    /// Creates the replacement for a reader that was lost to a panic. It reports in any case whether tracks can be
    /// played, because the last report of the lost reader is not known.
    pub fn after_panic(loudness: LoudnessLibrary, instruments_dir: Option<PathBuf>) -> Self {
        Self { reported_gone: None, ..Self::new(loudness, instruments_dir) }
    }

    /// From now on, feeds a new engine, on which the current track starts again from its beginning.
    pub fn connect(&mut self, port: DeckPort) {
        self.port = Some(port);
        self.instruments.connect();
        self.readings.clear();
        self.queued = None;
        self.decks_out = 0;
        self.playing = 0;
        if !self.playlist.tracks().is_empty() {
            self.pending = Some(PendingChange::Start { fade_s: AGAIN_FADE_S });
        }
    }

    /// Follows `wanted` from now on. A playing track that is also in the new list keeps playing.
    pub fn set_request(&mut self, wanted: TrackRequest) {
        if wanted.session != self.wanted.session {
            self.playlist.forget_heard();
            self.mark_heard();
        }
        if (wanted.crossfade_s - self.wanted.crossfade_s).abs() > f32::EPSILON {
            self.recall_queued();
        }
        self.instruments.set_wanted(&wanted.instruments);
        let steps = wanted.skips.saturating_sub(self.wanted.skips);
        let changed = wanted.tracks != self.wanted.tracks;
        self.wanted = wanted;
        if changed {
            self.change_list();
        }
        if steps > 0 {
            self.skip(steps);
        }
    }

    /// Does everything that can be done now, and returns the time after which to call this again. `tell` receives
    /// skipped files and other events.
    pub fn run_once(&mut self, tell: &mut dyn FnMut(SoundEvent)) -> Duration {
        self.take_returned_decks();
        self.retry_if_due();
        self.apply_pending_change(tell);
        self.fill_all(tell);
        self.queue_next(tell);
        self.lacks_instruments = self.port.as_mut().is_some_and(|port| self.instruments.run_once(port, tell));
        match (self.lacks_instruments, self.pending.is_some()) {
            (true, _) => Duration::ZERO,
            (false, true) => Duration::from_millis(100),
            (false, false) => SLEEP_MAX,
        }
    }

    /// Returns whether there is nothing to read and nothing to wait for.
    pub fn is_idle(&self) -> bool {
        self.pending.is_none()
            && self.readings.is_empty()
            && self.decks_out == 0
            && self.retry_at.is_none()
            && !self.lacks_instruments
    }

    /// Returns the number of recorded instruments that the engine has.
    #[cfg(test)]
    pub fn instruments_out(&self) -> usize {
        self.instruments.given()
    }

    fn change_list(&mut self) {
        let present = self.playlist.tracks().get(self.position).map(|track| track.path.clone());
        self.playlist.replace(&self.wanted.tracks);
        self.retry_at = None;
        self.reported.clear();
        let kept = present.and_then(|path| self.playlist.index_of(&path));
        if let (Some(position), false) = (kept, self.readings.is_empty()) {
            self.position = position;
            self.recall_queued();
            return;
        }
        self.pending = Some(match self.playlist.first() {
            Some(first) => {
                self.position = first;
                let fade_s = if self.readings.is_empty() { FIRST_FADE_S } else { self.wanted.crossfade_s };
                PendingChange::Start { fade_s: fade_s.max(LEAST_FADE_S) }
            }
            None => PendingChange::Silence,
        });
    }

    fn skip(&mut self, steps: u32) {
        for _ in 0..steps.min(64) {
            let passed = self.playlist.tracks().get(self.position).map(|track| track.path.clone());
            if let Some(path) = passed {
                self.playlist.mark_heard(&path);
            }
            let Some(next) = self.playlist.after(self.position) else { return };
            self.position = next;
        }
        let fade_s = self.wanted.crossfade_s.clamp(LEAST_FADE_S, SKIP_FADE_S);
        self.pending = Some(PendingChange::Start { fade_s });
    }

    fn take_returned_decks(&mut self) {
        let Some(port) = &mut self.port else { return };
        while let Ok(deck) = port.returned.pop() {
            self.decks_out = self.decks_out.saturating_sub(1);
            self.readings.retain(|reading| reading.deck_number != deck.number);
            if self.queued == Some(deck.number) {
                self.queued = None;
            }
        }
        let playing = port.progress.playing.load(Ordering::Acquire);
        if playing == self.playing {
            return;
        }
        self.playing = playing;
        if self.queued == Some(playing) {
            self.queued = None;
        }
        self.mark_heard();
        // A recall may have come too late, so the position is taken from the deck that actually plays.
        if self.pending.is_none()
            && let Some(path) = self.present().and_then(|reading| reading.paths().first())
            && let Some(position) = self.playlist.index_of(path)
        {
            self.position = position;
        }
    }

    fn present(&self) -> Option<&PieceReader> {
        self.readings.iter().find(|reading| reading.deck_number == self.playing)
    }

    fn mark_heard(&mut self) {
        let present = self.readings.iter().find(|reading| reading.deck_number == self.playing);
        for path in present.map_or(&[][..], PieceReader::paths) {
            self.playlist.mark_heard(path);
        }
    }

    /// Tries all tracks again [`RETRY_PAUSE`] after none of them could be read.
    fn retry_if_due(&mut self) {
        if self.retry_at.is_some_and(|at| Instant::now() >= at) {
            self.retry_at = None;
            self.playlist.try_all_again();
            if let Some(first) = self.playlist.first().filter(|_| self.present().is_none()) {
                self.position = first;
                self.pending = Some(PendingChange::Start { fade_s: FIRST_FADE_S });
            }
        }
    }

    fn apply_pending_change(&mut self, tell: &mut dyn FnMut(SoundEvent)) {
        let Some(pending) = self.pending else { return };
        if self.port.is_none() || self.decks_out >= DECKS_MAX {
            return;
        }
        let command = match pending {
            PendingChange::Silence => None,
            PendingChange::Start { fade_s } => self.open_from(self.position, tell).map(|deck| (deck, fade_s)),
        };
        let fade_frames = self.fade_frames(command.as_ref().map_or(LAST_FADE_S, |(_, fade_s)| *fade_s));
        let Some(port) = &mut self.port else { return };
        // The queue has room for every deck that can exist.
        let sent = match command {
            Some((deck, _)) => {
                port.commands.push(DeckCommand::Play { deck, fade_frames }).map(|()| self.decks_out += 1)
            }
            None => port.commands.push(DeckCommand::Silence { fade_frames }),
        };
        if sent.is_ok() {
            self.pending = None;
            self.queued = None;
        }
    }

    /// Opens the piece that begins at `position` or, if that cannot be read, one that [`Playlist::instead_of`] chooses,
    /// and moves there. If no piece can be read, reports this and returns `None`.
    fn open_from(&mut self, position: usize, tell: &mut dyn FnMut(SoundEvent)) -> Option<Deck> {
        let rate_hz = self.port.as_ref()?.rate_hz;
        let entry_fade_frames = self.fade_frames(self.wanted.crossfade_s.max(SHORTEST_FADE_S));
        let mut at = Some(position).filter(|position| *position < self.playlist.tracks().len());
        while let Some(index) = at {
            let parts = self.playlist.rest_of_work(index);
            let paths: Vec<PathBuf> = self.playlist.tracks()[parts].iter().map(|track| track.path.clone()).collect();
            self.last_number += 1;
            let plan = DeckParams { number: self.last_number, rate_hz, entry_fade_frames };
            match PieceReader::open(&paths, plan, &self.loudness) {
                Ok((reading, deck)) => {
                    self.readings.push(reading);
                    self.position = index;
                    self.retry_at = None;
                    if self.reported_gone.replace(false) != Some(false) {
                        tell(SoundEvent::TracksBack);
                    }
                    return Some(deck);
                }
                Err(error) => {
                    let path = &paths[0];
                    report_once(&mut self.reported, (path.clone(), error.to_string()), tell);
                    if !self.playlist.mark_unreadable(path) {
                        break;
                    }
                    at = self.playlist.instead_of(index);
                }
            }
        }
        self.retry_at = Some(Instant::now() + RETRY_PAUSE);
        if self.reported_gone.replace(true) != Some(true) {
            tell(SoundEvent::TracksGone);
        }
        None
    }

    fn fill_all(&mut self, tell: &mut dyn FnMut(SoundEvent)) {
        for reading in &mut self.readings {
            reading.fill(&self.loudness, &mut |problem| report_once(&mut self.reported, problem, tell));
        }
    }

    /// Queues the next piece once the current one has nearly been read to its end.
    fn queue_next(&mut self, tell: &mut dyn FnMut(SoundEvent)) {
        let busy = self.queued.is_some() || self.pending.is_some() || self.decks_out >= DECKS_MAX;
        if busy || self.retry_at.is_some() || self.playlist.tracks().is_empty() {
            return;
        }
        let rate_hz = self.port.as_ref().map_or(0, |port| port.rate_hz);
        let ahead_frames = u64::from(self.fade_frames(self.wanted.crossfade_s)) + u64::from(AHEAD_S * rate_hz);
        let Some(present) = self.present().filter(|reading| reading.is_nearly_read(ahead_frames)) else { return };
        let missed = present.skipped_part().and_then(|path| self.playlist.index_of(path));
        let position = self.position;
        let Some(next) = missed.or_else(|| self.playlist.after(position)) else { return };
        let opened = self.open_from(next, tell);
        // The position advances only when the engine starts the queued deck.
        self.position = position;
        let Some(deck) = opened else { return };
        let number = deck.number;
        let Some(port) = &mut self.port else { return };
        if port.commands.push(DeckCommand::Queue(deck)).is_ok() {
            self.decks_out += 1;
            self.queued = Some(number);
        }
    }

    fn recall_queued(&mut self) {
        if self.queued.take().is_some()
            && let Some(port) = &mut self.port
        {
            // If the queue is full, the engine is stuck, and the old deck may as well stay queued.
            let _ = port.commands.push(DeckCommand::Recall);
        }
    }

    fn fade_frames(&self, seconds: f32) -> u32 {
        let rate_hz = self.port.as_ref().map_or(48_000, |port| port.rate_hz);
        ramp::seconds_to_frames(seconds, rate_hz)
    }
}

fn report_once(reported: &mut Vec<TrackProblem>, problem: TrackProblem, tell: &mut dyn FnMut(SoundEvent)) {
    if !reported.contains(&problem) {
        reported.push(problem.clone());
        let (path, why) = problem;
        tell(SoundEvent::TrackSkipped { path, why });
    }
}
