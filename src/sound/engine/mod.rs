//! Owns the whole mix as one source: tracks, score, beds, breath and signals, their gains, and the last limiter. Runs in
//! the audio callback, so it does not allocate, lock, wait or read a clock. Does not own the device or the reading of
//! files.

mod breath_sound;
mod deck;
pub mod limiter;
mod orders;
mod signals;
#[cfg(test)]
mod tests;

use std::f32::consts::FRAC_PI_2;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rodio::{ChannelCount, SampleRate, Source};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::sound::beds::{Beds, Swell};
use crate::sound::dsp::ramp::{BLOCK, Block, Ramp, SILENCE, Span, add_scaled, block_seconds, frames};
use crate::sound::score::Score;

pub use deck::{Deck, Length, UNKNOWN_FRAMES};
pub use limiter::LATENCY_FRAMES;
pub use orders::{DeckOrder, DeckPort, EngineLink, Levels, Order, Progress};
pub use signals::Signal;
pub use signals::clips::{CLIP_RATE_HZ, Clip, ClipBank, clip_names, is_clip_name};

use breath_sound::BreathVoice;
use limiter::Limiter;
use signals::Signals;

/// Orders that may wait for one callback.
const ORDERS: usize = 256;
/// Decks that may wait for one callback, or to be taken back.
const DECKS: usize = 16;
/// Decks that may be fading out at one time.
const LEAVING: usize = 3;

/// Seconds of each kind of fade. Down is quicker than up: nothing startles by being quieter.
mod fade_s {
    pub const LEVEL: f32 = 2.0;
    pub const QUIETER: f32 = 0.4;
    pub const LOUDER: f32 = 1.6;
    pub const DUCK: f32 = 0.3;
    pub const UNDUCK: f32 = 2.5;
    pub const HOLD: f32 = 1.4;
    pub const RESUME: f32 = 3.0;
    pub const BREATH: f32 = 1.5;
    pub const OPENING: f32 = 1.2;
}

/// The clock is led back to the device's own by at most this much a block, a change of speed nobody hears.
const CLOCK_STEP_S: f64 = 0.000_02;
/// Further off than this the clock is set anew.
const CLOCK_JUMP_S: f64 = 0.25;

/// One bed, those that it takes over from, and its level.
struct BedLine {
    beds: Beds,
    gain: Ramp,
}

/// The mix, as one endless source of interleaved stereo.
pub struct Engine {
    /// Tells engines apart, so that one given back late is known.
    pub serial: u64,
    rate_hz: u32,
    orders: Consumer<Order>,
    deck_orders: Consumer<DeckOrder>,
    finished: Producer<Deck>,
    progress: Arc<Progress>,
    playing: Option<Deck>,
    queued: Option<Deck>,
    leaving: [Option<Deck>; LEAVING],
    score: Score,
    beds: [BedLine; 2],
    breath: BreathVoice,
    signals: Signals,
    levels: Levels,
    music: Ramp,
    score_level: Ramp,
    /// An angle: its sine is how much of the score is there, so that score and tracks change over at equal power.
    score_presence: Ramp,
    breath_gain: Ramp,
    swell: Ramp,
    volume: Ramp,
    duck: Ramp,
    hold: Ramp,
    opening: Ramp,
    closing: Ramp,
    limiter: Limiter,
    now_s: f64,
    clock_error_s: f64,
    clock_is_set: bool,
    block: Block,
    taken_samples: usize,
}

impl Engine {
    /// An engine that is silent and knows no tracks yet.
    pub fn new(rate_hz: u32, seed: u64) -> (Self, EngineLink) {
        let (orders_in, orders) = RingBuffer::new(ORDERS);
        let (decks_in, deck_orders) = RingBuffer::new(DECKS);
        let (finished, returned) = RingBuffer::new(DECKS);
        let progress = Arc::new(Progress::default());
        let port = DeckPort { orders: decks_in, returned, progress: Arc::clone(&progress), rate_hz };
        let engine = Self {
            serial: 0,
            rate_hz,
            orders,
            deck_orders,
            finished,
            progress,
            playing: None,
            queued: None,
            leaving: [const { None }; LEAVING],
            score: Score::new(rate_hz),
            beds: [0, 1].map(|line| BedLine {
                beds: Beds::new(seed.wrapping_add(line * 0x0BED), rate_hz),
                gain: Ramp::resting(0.0),
            }),
            breath: BreathVoice::new(seed.wrapping_add(0xB4EA), rate_hz),
            signals: Signals::new(rate_hz as f32),
            levels: Levels::default(),
            music: Ramp::resting(1.0),
            score_level: Ramp::resting(0.0),
            score_presence: Ramp::resting(0.0),
            breath_gain: Ramp::resting(0.0),
            swell: Ramp::resting(0.0),
            volume: Ramp::resting(0.0),
            duck: Ramp::resting(1.0),
            hold: Ramp::resting(1.0),
            opening: Ramp::resting(0.0),
            closing: Ramp::resting(1.0),
            limiter: Limiter::new(rate_hz as f32),
            now_s: 0.0,
            clock_error_s: 0.0,
            clock_is_set: false,
            block: SILENCE,
            taken_samples: 2 * BLOCK,
        };
        (engine, EngineLink { orders: orders_in, decks: port })
    }

    /// Gives it the clinic's own words and the effective amplitude of the reading's tone. Not in the callback.
    pub fn speak(&mut self, clips: Arc<ClipBank>, reading: f32) {
        self.signals.speak(clips, reading);
    }

    /// A new stream begins to draw from it: all but the signals comes up from silence.
    pub fn reopen(&mut self) {
        self.limiter.clear();
        self.opening = Ramp::resting(0.0);
        self.opening.aim(1.0, frames(fade_s::OPENING, self.rate_hz));
        self.clock_is_set = false;
        self.taken_samples = 2 * BLOCK;
    }

    /// The frame drawn next will be heard at `heard_s` on the clock that breath starts are given in.
    pub fn set_clock(&mut self, heard_s: f64) {
        // What was rendered but not yet drawn is heard first.
        let ahead_frames = (2 * BLOCK - self.taken_samples) / 2 + LATENCY_FRAMES;
        let ahead_s = ahead_frames as f64 / f64::from(self.rate_hz);
        let error_s = heard_s + ahead_s - self.now_s;
        if !self.clock_is_set || error_s.abs() > CLOCK_JUMP_S {
            self.now_s += error_s;
            self.clock_error_s = 0.0;
            self.clock_is_set = true;
            self.breath.resume(self.now_s);
        } else {
            self.clock_error_s = error_s;
        }
    }

    /// The next frame. Source and frames may be drawn from alike.
    pub fn next_frame(&mut self) -> [f32; 2] {
        [self.next().unwrap_or_default(), self.next().unwrap_or_default()]
    }

    fn render_block(&mut self) {
        self.take_orders();
        self.take_decks();
        let mut out = SILENCE;
        let hold = self.hold.advance();
        let volume = self.volume.advance();
        let duck = self.duck.advance();
        let opening = self.opening.advance();
        let program = hold.times(volume).times(duck).times(opening);
        let breath_level = self.breath.advance(self.now_s);
        // In silence nothing moves on: a track and the score go on later from where they were, so that nobody comes
        // back from a rest to music they do not know, and the processor rests.
        if self.hold.is_silent() || (self.volume.is_silent() && volume.start <= 0.0) {
            self.let_go_in_silence();
        } else {
            self.render_program(&mut out, program, breath_level);
        }
        if !self.signals.is_silent() {
            self.signals.render(&mut out);
        }
        let closing = self.closing.advance();
        if closing != Span::constant(1.0) {
            let open = out;
            out = SILENCE;
            add_scaled(&mut out, &open, closing);
        }
        self.limiter.run(&mut out);
        self.block = out;
        let correction_s = self.clock_error_s.clamp(-CLOCK_STEP_S, CLOCK_STEP_S);
        self.clock_error_s -= correction_s;
        self.now_s += block_seconds(self.rate_hz) + correction_s;
    }

    fn render_program(&mut self, out: &mut Block, program: Span, breath_level: Span) {
        let mut part = SILENCE;
        self.render_decks(&mut part);
        add_scaled(out, &part, program.times(self.music.advance()));
        self.render_score(out, &mut part, program);
        let swell = Swell { level: breath_level, share: self.swell.advance() };
        for line in &mut self.beds {
            let gain = line.gain.advance();
            if !line.beds.is_silent() {
                line.beds.render(&mut part, swell);
                add_scaled(out, &part, program.times(gain));
            }
        }
        let breath = self.breath_gain.advance();
        if breath.start > 0.0 || breath.end > 0.0 {
            self.breath.render(&mut part, breath_level);
            add_scaled(out, &part, program.times(breath));
        }
    }

    fn render_score(&mut self, out: &mut Block, part: &mut Block, program: Span) {
        let level = self.score_level.advance();
        let presence = self.score_presence.advance().map(f32::sin);
        if self.score.is_resting() {
            return;
        }
        self.score.render(part);
        add_scaled(out, part, program.times(level).times(presence));
        if self.score_presence.is_silent() {
            self.score.rest();
        }
    }

    fn render_decks(&mut self, out: &mut Block) {
        self.go_over_at_the_end();
        if let Some(deck) = &mut self.playing {
            deck.render(out);
        }
        for place in &mut self.leaving {
            if let Some(deck) = place {
                deck.render(out);
                if deck.is_over()
                    && let Some(deck) = place.take()
                {
                    give_back(&mut self.finished, deck);
                }
            }
        }
    }

    fn go_over_at_the_end(&mut self) {
        let Some(present) = &mut self.playing else {
            if let Some(deck) = self.queued.take() {
                let fade_frames = deck.entry_fade_frames;
                self.play(deck, fade_frames);
            }
            return;
        };
        let Some(remaining) = present.remaining_frames() else { return };
        let following = self.queued.take_if(|deck| remaining <= u64::from(deck.entry_fade_frames));
        if let Some(deck) = following {
            let fade_frames = u32::try_from(remaining).unwrap_or(deck.entry_fade_frames);
            self.play(deck, fade_frames);
        } else if remaining == 0 {
            if let Some(deck) = self.playing.take() {
                give_back(&mut self.finished, deck);
            }
        } else if self.queued.is_none() && remaining <= u64::from(frames(fade_s::OPENING, self.rate_hz)) {
            // Nothing follows: the end is faded, since a file may end in the middle of a sound.
            present.leave(u32::try_from(remaining).unwrap_or(BLOCK as u32));
        }
    }

    fn play(&mut self, mut deck: Deck, fade_frames: u32) {
        deck.come(fade_frames);
        // What leaves in a long fade does not outstay a short one.
        self.leaving.iter_mut().flatten().for_each(|gone| gone.leave(fade_frames));
        self.progress.playing.store(deck.number, Ordering::Release);
        if let Some(present) = self.playing.replace(deck) {
            self.send_off(present, fade_frames);
        }
        if let Some(stale) = self.queued.take() {
            give_back(&mut self.finished, stale);
        }
    }

    fn send_off(&mut self, mut deck: Deck, fade_frames: u32) {
        deck.leave(fade_frames);
        // The reading thread keeps fewer decks out than there are places, so one is always free.
        match self.leaving.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(deck),
            None => give_back(&mut self.finished, deck),
        }
    }

    fn take_decks(&mut self) {
        while let Ok(order) = self.deck_orders.pop() {
            match order {
                DeckOrder::Play { deck, fade_frames } => self.play(deck, fade_frames),
                DeckOrder::Queue(deck) => {
                    if let Some(stale) = self.queued.replace(deck) {
                        give_back(&mut self.finished, stale);
                    }
                }
                DeckOrder::Recall => {
                    if let Some(stale) = self.queued.take() {
                        give_back(&mut self.finished, stale);
                    }
                }
                DeckOrder::Silence { fade_frames } => {
                    if let Some(present) = self.playing.take() {
                        self.send_off(present, fade_frames);
                    }
                    if let Some(stale) = self.queued.take() {
                        give_back(&mut self.finished, stale);
                    }
                }
            }
        }
    }

    /// Decks on their way out need not wait for sound to come back: nobody hears them.
    fn let_go_in_silence(&mut self) {
        for place in &mut self.leaving {
            if let Some(deck) = place.take() {
                give_back(&mut self.finished, deck);
            }
        }
    }

    fn take_orders(&mut self) {
        while let Ok(order) = self.orders.pop() {
            match order {
                Order::Levels(levels) => self.move_towards(levels),
                Order::Signal(signal) => {
                    let gain = if signal.carries() { self.levels.chime } else { self.levels.signal };
                    self.signals.begin(signal, gain);
                }
                Order::Close(within_frames) => self.closing.aim(0.0, within_frames),
            }
        }
    }

    fn move_towards(&mut self, levels: Levels) {
        let rate_hz = self.rate_hz;
        self.music.aim(levels.music, frames(fade_s::LEVEL, rate_hz));
        if let Some(aim) = levels.score {
            if self.score.is_resting() {
                self.score_level = Ramp::resting(levels.score_gain);
            }
            self.score.want(aim);
            self.score_level.aim(levels.score_gain, frames(fade_s::LEVEL, rate_hz));
        }
        let presence = if levels.score.is_some() { FRAC_PI_2 } else { 0.0 };
        self.score_presence.aim(presence, frames(levels.crossfade_s.max(fade_s::OPENING), rate_hz));
        for (line, wanted) in self.beds.iter_mut().zip(levels.beds) {
            line.beds.want(wanted.map(|(bed, _)| bed));
            if let Some((_, gain)) = wanted {
                line.gain.aim(gain, frames(fade_s::LEVEL, rate_hz));
            }
        }
        let breath_gain = levels.breath.map_or(0.0, |(_, _, gain)| gain);
        self.breath_gain.aim(breath_gain, frames(fade_s::BREATH, rate_hz));
        if let Some((pattern, origin_s, _)) = levels.breath {
            self.breath.follow(pattern, origin_s, self.now_s);
        }
        let swell = if levels.swell && levels.breath.is_some() { 1.0 } else { 0.0 };
        self.swell.aim(swell, frames(fade_s::LEVEL, rate_hz));
        aim_by_direction(&mut self.volume, levels.volume, fade_s::QUIETER, fade_s::LOUDER, rate_hz);
        aim_by_direction(&mut self.duck, levels.duck, fade_s::DUCK, fade_s::UNDUCK, rate_hz);
        let hold = if levels.held { 0.0 } else { 1.0 };
        aim_by_direction(&mut self.hold, hold, fade_s::HOLD, fade_s::RESUME, rate_hz);
        self.levels = levels;
    }
}

fn aim_by_direction(ramp: &mut Ramp, to: f32, down_s: f32, up_s: f32, rate_hz: u32) {
    let seconds = if to < ramp.value() { down_s } else { up_s };
    ramp.aim(to, frames(seconds, rate_hz));
}

/// The ring back has more places than there are ever decks, so nothing is dropped, and thus freed, in the callback.
fn give_back(finished: &mut Producer<Deck>, deck: Deck) {
    let _ = finished.push(deck);
}

impl Iterator for Engine {
    type Item = f32;

    /// Interleaved samples, without end.
    fn next(&mut self) -> Option<f32> {
        if self.taken_samples >= 2 * BLOCK {
            self.render_block();
            self.taken_samples = 0;
        }
        let sample = self.block[self.taken_samples / 2][self.taken_samples % 2];
        self.taken_samples += 1;
        Some(sample)
    }
}

impl Source for Engine {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        const STEREO: ChannelCount = NonZero::<u16>::MIN.saturating_add(1);
        STEREO
    }

    fn sample_rate(&self) -> SampleRate {
        NonZero::new(self.rate_hz).unwrap_or(NonZero::<u32>::MIN)
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}
