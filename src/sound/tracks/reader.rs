//! Owns the reading side of tracks: reading pieces ahead and handing them to the engine in order, with what follows when
//! a file fails. Runs in a thread of its own (or between blocks when rendering offline). Does not own the order
//! (`playlist`), the reading of a piece (`piece`) or fades (`deck`, `engine`).

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::file::Trouble;
use super::loudness::Loudness;
use super::piece::{DeckPlan, Reading};
use super::playlist::{Playlist, Wanted};
use crate::sound::News;
use crate::sound::dsp::ramp;
use crate::sound::engine::{Deck, DeckOrder, DeckPort};

/// The next piece is opened so many seconds before its fade begins, counted from what has been read.
const AHEAD_S: u32 = 4;
/// Decks that may be out at one time: one sounding, one leaving, one waiting, one in the post.
const MOST_DECKS: usize = 4;
/// The longest the reader sleeps while anything sounds: a sixth of a ring.
const NAP: Duration = Duration::from_secs(2);
/// When no file could be opened, all are tried again after this long: a disk may come back.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// A skip is an answer to a touch, so its crossfade is no longer than this, in seconds.
const SKIP_FADE_S: f32 = 3.0;
/// From silence, in seconds.
const FIRST_FADE_S: f32 = 3.0;
/// To silence, in seconds.
const LAST_FADE_S: f32 = 4.0;
/// After a change of the output, in seconds.
const AGAIN_FADE_S: f32 = 1.2;
/// A crossfade of no length still takes this long, in seconds, so that it does not click.
const SHORTEST_FADE_S: f32 = 0.03;
/// No change asked for from outside is quicker, in seconds.
const LEAST_FADE_S: f32 = 1.2;

/// Reads tracks ahead and hands them to the engine in order.
pub struct Reader {
    loudness: Loudness,
    port: Option<DeckPort>,
    wanted: Wanted,
    playlist: Playlist,
    position: usize,
    /// A change that the engine has not been told of yet.
    pending: Option<Pending>,
    readings: Vec<Reading>,
    /// The deck sent to follow the present one.
    queued: Option<u64>,
    playing: u64,
    last_number: u64,
    decks_out: usize,
    /// Whether nothing in this playlist can be read, as far as was told; none where nobody knows what was told.
    gone: Option<bool>,
    /// … and it is tried again then.
    try_again: Option<Instant>,
    /// Troubles already told of, so that each is told once for each playlist.
    told: Vec<Trouble>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pending {
    Start { fade_s: f32 },
    Silence,
}

impl Reader {
    /// Matches levels by `loudness`.
    pub fn new(loudness: Loudness) -> Self {
        Self {
            loudness,
            port: None,
            wanted: Wanted::default(),
            playlist: Playlist::default(),
            position: 0,
            pending: None,
            readings: Vec::new(),
            queued: None,
            playing: 0,
            last_number: 0,
            decks_out: 0,
            gone: Some(false),
            try_again: None,
            told: Vec::new(),
        }
    }

    /// The same after one that a fault ended: whether there is music is told in any case.
    pub fn after_a_fault(loudness: Loudness) -> Self {
        Self { gone: None, ..Self::new(loudness) }
    }

    /// Serves a new engine. The present track begins anew there.
    pub fn connect(&mut self, port: DeckPort) {
        self.port = Some(port);
        self.readings.clear();
        self.queued = None;
        self.decks_out = 0;
        self.playing = 0;
        if !self.playlist.tracks().is_empty() {
            self.pending = Some(Pending::Start { fade_s: AGAIN_FADE_S });
        }
    }

    /// Moves towards `wanted`. A track that is in both the old and the new list goes on playing.
    pub fn want(&mut self, wanted: Wanted) {
        if wanted.session != self.wanted.session {
            self.playlist.forget_heard();
            self.mark_heard();
        }
        if (wanted.crossfade_s - self.wanted.crossfade_s).abs() > f32::EPSILON {
            self.recall_queued();
        }
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

    /// Does what can be done now and says how long it may sleep. `tell` hears of each file left out, and why.
    pub fn work(&mut self, tell: &mut dyn FnMut(News)) -> Duration {
        self.take_back();
        self.look_again();
        self.act_on_change(tell);
        self.fill_all(tell);
        self.queue_next(tell);
        if self.pending.is_some() { Duration::from_millis(100) } else { NAP }
    }

    /// Whether there is nothing to read and nothing to wait for.
    pub fn is_idle(&self) -> bool {
        self.pending.is_none() && self.readings.is_empty() && self.decks_out == 0 && self.try_again.is_none()
    }

    fn change_list(&mut self) {
        let present = self.playlist.tracks().get(self.position).map(|track| track.path.clone());
        self.playlist.replace(&self.wanted.tracks);
        self.try_again = None;
        self.told.clear();
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
                Pending::Start { fade_s: fade_s.max(LEAST_FADE_S) }
            }
            None => Pending::Silence,
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
        self.pending = Some(Pending::Start { fade_s });
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
        if playing == self.playing {
            return;
        }
        self.playing = playing;
        if self.queued == Some(playing) {
            self.queued = None;
        }
        self.mark_heard();
        // A recall may come too late; what is heard decides.
        if self.pending.is_none()
            && let Some(path) = self.present().and_then(|reading| reading.paths().first())
            && let Some(position) = self.playlist.index_of(path)
        {
            self.position = position;
        }
    }

    fn present(&self) -> Option<&Reading> {
        self.readings.iter().find(|reading| reading.deck_number == self.playing)
    }

    fn mark_heard(&mut self) {
        let present = self.readings.iter().find(|reading| reading.deck_number == self.playing);
        for path in present.map_or(&[][..], Reading::paths) {
            self.playlist.mark_heard(path);
        }
    }

    /// After a time without any file that can be read.
    fn look_again(&mut self) {
        if self.try_again.is_some_and(|at| Instant::now() >= at) {
            self.try_again = None;
            self.playlist.try_all_again();
            if let Some(first) = self.playlist.first().filter(|_| self.present().is_none()) {
                self.position = first;
                self.pending = Some(Pending::Start { fade_s: FIRST_FADE_S });
            }
        }
    }

    fn act_on_change(&mut self, tell: &mut dyn FnMut(News)) {
        let Some(pending) = self.pending else { return };
        if self.port.is_none() || self.decks_out >= MOST_DECKS {
            return;
        }
        let order = match pending {
            Pending::Silence => None,
            Pending::Start { fade_s } => self.open_from(self.position, tell).map(|deck| (deck, fade_s)),
        };
        let fade_frames = self.fade_frames(order.as_ref().map_or(LAST_FADE_S, |(_, fade_s)| *fade_s));
        let Some(port) = &mut self.port else { return };
        // The ring has more places than there are ever decks.
        let sent = match order {
            Some((deck, _)) => port.orders.push(DeckOrder::Play { deck, fade_frames }).map(|()| self.decks_out += 1),
            None => port.orders.push(DeckOrder::Silence { fade_frames }),
        };
        if sent.is_ok() {
            self.pending = None;
            self.queued = None;
        }
    }

    /// Opens the piece that begins at `position`, or the first after it that can be read, and moves to it.
    fn open_from(&mut self, position: usize, tell: &mut dyn FnMut(News)) -> Option<Deck> {
        let rate_hz = self.port.as_ref()?.rate_hz;
        let entry_fade_frames = self.fade_frames(self.wanted.crossfade_s.max(SHORTEST_FADE_S));
        let mut at = Some(position).filter(|position| *position < self.playlist.tracks().len());
        while let Some(index) = at {
            let parts = self.playlist.rest_of_work(index);
            let paths: Vec<PathBuf> = self.playlist.tracks()[parts].iter().map(|track| track.path.clone()).collect();
            self.last_number += 1;
            let plan = DeckPlan { number: self.last_number, rate_hz, entry_fade_frames };
            match Reading::open(&paths, plan, &self.loudness) {
                Ok((reading, deck)) => {
                    self.readings.push(reading);
                    self.position = index;
                    self.try_again = None;
                    if self.gone.replace(false) != Some(false) {
                        tell(News::TracksBack);
                    }
                    return Some(deck);
                }
                Err(error) => {
                    let path = &paths[0];
                    tell_once(&mut self.told, (path.clone(), error.to_string()), tell);
                    if !self.playlist.mark_unreadable(path) {
                        break;
                    }
                    at = self.playlist.instead_of(index);
                }
            }
        }
        self.try_again = Some(Instant::now() + TRY_AGAIN);
        if self.gone.replace(true) != Some(true) {
            tell(News::TracksGone);
        }
        None
    }

    fn fill_all(&mut self, tell: &mut dyn FnMut(News)) {
        for reading in &mut self.readings {
            reading.fill(&self.loudness, &mut |trouble| tell_once(&mut self.told, trouble, tell));
        }
    }

    /// Once the present piece has been read nearly to its end, hands over the one after it.
    fn queue_next(&mut self, tell: &mut dyn FnMut(News)) {
        let busy = self.queued.is_some() || self.pending.is_some() || self.decks_out >= MOST_DECKS;
        if busy || self.try_again.is_some() || self.playlist.tracks().is_empty() {
            return;
        }
        let rate_hz = self.port.as_ref().map_or(0, |port| port.rate_hz);
        let ahead_frames = u64::from(self.fade_frames(self.wanted.crossfade_s)) + u64::from(AHEAD_S * rate_hz);
        let Some(present) = self.present().filter(|reading| reading.is_nearly_read(ahead_frames)) else { return };
        let missed = present.missed_part().and_then(|path| self.playlist.index_of(path));
        let position = self.position;
        let Some(next) = missed.or_else(|| self.playlist.after(position)) else { return };
        let opened = self.open_from(next, tell);
        // It moves on when the engine does.
        self.position = position;
        let Some(deck) = opened else { return };
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
        ramp::frames(seconds, rate_hz)
    }
}

fn tell_once(told: &mut Vec<Trouble>, trouble: Trouble, tell: &mut dyn FnMut(News)) {
    if !told.contains(&trouble) {
        told.push(trouble.clone());
        let (path, why) = trouble;
        tell(News::TrackSkipped { path, why });
    }
}
