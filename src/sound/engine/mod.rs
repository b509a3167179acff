//! Owns the whole mix as one audio source: tracks, score, beds, breath and signals, their gains, tone, crossfeed and
//! the limiter. Runs in the audio callback, so it never allocates, locks, waits or reads a clock. Does not own the
//! output or the reading of files.

mod breath;
mod commands;
mod crossfeed;
mod deck;
pub mod limiter;
mod signals;
#[cfg(test)]
mod tests;
mod tone;

use std::f32::consts::FRAC_PI_2;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rodio::{ChannelCount, SampleRate, Source};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::sound::beds::{Beds, BreathSwell};
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, Ramp, SILENCE, Span, add_scaled, block_s_f64, seconds_to_frames};
use crate::sound::score::{Instrument, SampledInstrument, Score};

pub use commands::{DeckCommand, DeckPort, DeckProgress, EngineCommand, EngineLink, Levels};
pub use deck::{Deck, TrackLength, UNKNOWN_FRAMES};
pub use limiter::LATENCY_FRAMES;
pub use signals::clip_bank::{CLIP_RATE_HZ, Clip, ClipBank, clip_names, is_clip_name};
pub use signals::length_of;

use breath::BreathSynth;
use crossfeed::Crossfeed;
use limiter::Limiter;
use signals::SignalPlayer;
use tone::ToneControl;

/// Capacity of the queue of [`EngineCommand`]s.
const COMMANDS: usize = 256;
/// Capacity of each queue of decks: from the reading thread, and back to it.
const DECKS: usize = 16;
/// Capacity of each queue of instruments: from the reading thread, and back to it.
const INSTRUMENTS: usize = 2 * Instrument::ALL.len();
/// Maximum number of decks fading out at a time.
const OUTGOING_MAX: usize = 3;

/// Fade times in seconds. Where a level has separate times for falling and rising, it falls faster, because a sound
/// that becomes quieter startles nobody.
mod fade_s {
    pub const LEVEL: f32 = 2.0;
    pub const QUIETER: f32 = 0.4;
    pub const LOUDER: f32 = 1.6;
    pub const DUCK: f32 = 0.3;
    pub const UNDUCK: f32 = 2.5;
    pub const CALM: f32 = 4.0;
    pub const HOLD: f32 = 1.4;
    pub const RESUME: f32 = 3.0;
    pub const BREATH: f32 = 1.5;
    pub const OPENING: f32 = 1.2;
}

/// Maximum correction of the clock per block, in seconds. Each correction changes the speed of the breath, and a change
/// this small is not noticed.
const CLOCK_STEP_S: f64 = 0.000_02;
/// Error of the clock, in seconds, above which it is corrected in one jump.
const CLOCK_JUMP_S: f64 = 0.25;

/// One bed channel: its beds and their common gain.
struct BedChannel {
    beds: Beds,
    gain: Ramp,
}

/// The mix, as one endless source of interleaved stereo.
pub struct Engine {
    /// Number of the engine, by which the output thread recognises an old engine that is returned late.
    pub serial: u64,
    rate_hz: u32,
    commands: Consumer<EngineCommand>,
    deck_commands: Consumer<DeckCommand>,
    finished: Producer<Deck>,
    instruments: Consumer<Box<SampledInstrument>>,
    unneeded: Producer<Box<SampledInstrument>>,
    progress: Arc<DeckProgress>,
    playing: Option<Deck>,
    queued: Option<Deck>,
    outgoing: [Option<Deck>; OUTGOING_MAX],
    score: Score,
    beds: [BedChannel; 2],
    breath: BreathSynth,
    signals: SignalPlayer,
    levels: Levels,
    music: Ramp,
    score_level: Ramp,
    /// Crossfade angle of the score. The gain is its sine, which makes score and tracks crossfade at equal power.
    score_presence: Ramp,
    breath_gain: Ramp,
    swell: Ramp,
    volume: Ramp,
    duck: Ramp,
    calm: Ramp,
    /// Gain of tracks and score together; 0 while [`Levels::bed_alone`] is set.
    music_presence: Ramp,
    hold: Ramp,
    opening: Ramp,
    closing: Ramp,
    tone: ToneControl,
    crossfeed: Crossfeed,
    limiter: Limiter,
    now_s: f64,
    clock_error_s: f64,
    clock_is_set: bool,
    block: AudioBlock,
    taken_samples: usize,
}

impl Engine {
    /// Creates a silent engine without tracks, and the other ends of its queues. `seed` determines the beds and the
    /// breath's noise.
    pub fn new(rate_hz: u32, seed: u64) -> (Self, EngineLink) {
        let (orders_in, commands) = RingBuffer::new(COMMANDS);
        let (decks_in, deck_commands) = RingBuffer::new(DECKS);
        let (finished, returned) = RingBuffer::new(DECKS);
        let progress = Arc::new(DeckProgress::default());
        let (instruments_in, instruments) = RingBuffer::new(INSTRUMENTS);
        let (unneeded, unneeded_out) = RingBuffer::new(INSTRUMENTS);
        let port = DeckPort {
            commands: decks_in,
            returned,
            instruments: instruments_in,
            unneeded: unneeded_out,
            progress: Arc::clone(&progress),
            rate_hz,
        };
        let engine = Self {
            serial: 0,
            rate_hz,
            commands,
            deck_commands,
            finished,
            instruments,
            unneeded,
            progress,
            playing: None,
            queued: None,
            outgoing: [const { None }; OUTGOING_MAX],
            score: Score::new(rate_hz),
            beds: [0, 1].map(|channel| BedChannel {
                beds: Beds::new(seed.wrapping_add(channel * 0x0BED), rate_hz),
                gain: Ramp::holding(0.0),
            }),
            breath: BreathSynth::new(seed.wrapping_add(0xB4EA), rate_hz),
            signals: SignalPlayer::new(rate_hz as f32),
            levels: Levels::default(),
            music: Ramp::holding(1.0),
            score_level: Ramp::holding(0.0),
            score_presence: Ramp::holding(0.0),
            breath_gain: Ramp::holding(0.0),
            swell: Ramp::holding(0.0),
            volume: Ramp::holding(0.0),
            duck: Ramp::holding(1.0),
            calm: Ramp::holding(1.0),
            music_presence: Ramp::holding(1.0),
            hold: Ramp::holding(1.0),
            opening: Ramp::holding(0.0),
            closing: Ramp::holding(1.0),
            tone: ToneControl::new(rate_hz as f32),
            crossfeed: Crossfeed::new(rate_hz as f32),
            limiter: Limiter::new(rate_hz as f32),
            now_s: 0.0,
            clock_error_s: 0.0,
            clock_is_set: false,
            block: SILENCE,
            taken_samples: 2 * BLOCK,
        };
        (engine, EngineLink { commands: orders_in, decks: port })
    }

    /// Sets the clinic's clips, and the RMS amplitude of the tone that staff measure with a sound level meter. Must not
    /// be called from the audio callback, because it frees the previous clips.
    pub fn set_clips(&mut self, clips: Arc<ClipBank>, calibration_gain: f32) {
        self.signals.set_clips(clips, calibration_gain);
    }

    /// Prepares for a new stream, in which the programme (everything but the signals) fades in from silence.
    pub fn reopen(&mut self) {
        self.limiter.clear();
        self.opening = Ramp::holding(0.0);
        self.opening.set_target(1.0, seconds_to_frames(fade_s::OPENING, self.rate_hz));
        self.clock_is_set = false;
        self.taken_samples = 2 * BLOCK;
    }

    /// Synchronises the engine with the stream's clock, by which the start times of breath patterns are given: the next
    /// frame taken from the engine will be heard at `heard_s` seconds. The first error in a stream, and any error above
    /// `CLOCK_JUMP_S`, is corrected at once; every other error is corrected gradually.
    pub fn set_clock(&mut self, heard_s: f64) {
        // The frames in the limiter, and the frames rendered but not yet taken, are heard before the next frame that is
        // rendered.
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

    /// Returns the next frame. Between frames, samples may also be taken one at a time through the iterator, but only
    /// an even number of them.
    pub fn next_frame(&mut self) -> [f32; 2] {
        [self.next().unwrap_or_default(), self.next().unwrap_or_default()]
    }

    fn render_block(&mut self) {
        self.take_commands();
        self.take_deck_commands();
        self.exchange_instruments();
        let mut out = SILENCE;
        let hold = self.hold.advance();
        let volume = self.volume.advance();
        let duck = self.duck.advance();
        let calm = self.calm.advance();
        let opening = self.opening.advance();
        let program = hold.times(volume).times(duck).times(calm).times(opening);
        let breath_level = self.breath.advance(self.now_s);
        // While the programme is silent, it does not advance. Tracks and score later continue where they stopped,
        // because nobody should return from a pause to unfamiliar music. The processor can rest meanwhile.
        if self.hold.is_silent() || (self.volume.is_silent() && volume.start <= 0.0) {
            self.return_outgoing_decks();
        } else {
            self.render_program(&mut out, program, breath_level);
        }
        // Signals come later, because staff measure and recognise them, and a call must sound the same in every room.
        self.tone.run(&mut out);
        self.crossfeed.run(&mut out);
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
        self.now_s += block_s_f64(self.rate_hz) + correction_s;
    }

    fn render_program(&mut self, out: &mut AudioBlock, program: Span, breath_level: Span) {
        let mut part = SILENCE;
        self.render_decks(&mut part);
        let music = program.times(self.music_presence.advance());
        add_scaled(out, &part, music.times(self.music.advance()));
        self.render_score(out, &mut part, music);
        let swell = BreathSwell { level: breath_level, share: self.swell.advance() };
        for channel in &mut self.beds {
            let gain = channel.gain.advance();
            if !channel.beds.is_silent() {
                channel.beds.render(&mut part, swell);
                add_scaled(out, &part, program.times(gain));
            }
        }
        let breath = self.breath_gain.advance();
        if breath.start > 0.0 || breath.end > 0.0 {
            self.breath.render(&mut part, breath_level);
            add_scaled(out, &part, program.times(breath));
        }
    }

    fn render_score(&mut self, out: &mut AudioBlock, part: &mut AudioBlock, music: Span) {
        let level = self.score_level.advance();
        let presence = self.score_presence.advance().map(f32::sin);
        if self.score.is_resting() {
            return;
        }
        self.score.render(part);
        add_scaled(out, part, music.times(level).times(presence));
        if self.score_presence.is_silent() {
            self.score.rest();
        }
    }

    fn render_decks(&mut self, out: &mut AudioBlock) {
        self.advance_at_end();
        if let Some(deck) = &mut self.playing {
            deck.render(out);
        }
        for slot in &mut self.outgoing {
            if let Some(deck) = slot {
                deck.render(out);
                if deck.is_finished()
                    && let Some(deck) = slot.take()
                {
                    return_deck(&mut self.finished, deck);
                }
            }
        }
    }

    fn advance_at_end(&mut self) {
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
                return_deck(&mut self.finished, deck);
            }
        } else if self.queued.is_none() && remaining <= u64::from(seconds_to_frames(fade_s::OPENING, self.rate_hz)) {
            // No deck follows. The end is faded out, because a file may end in the middle of a sound.
            present.fade_out(u32::try_from(remaining).unwrap_or(BLOCK as u32));
        }
    }

    fn play(&mut self, mut deck: Deck, fade_frames: u32) {
        deck.fade_in(fade_frames);
        // A fade-out that is already running must not outlast a new, shorter fade-out.
        self.outgoing.iter_mut().flatten().for_each(|gone| gone.fade_out(fade_frames));
        self.progress.playing.store(deck.number, Ordering::Release);
        if let Some(present) = self.playing.replace(deck) {
            self.retire(present, fade_frames);
        }
        if let Some(stale) = self.queued.take() {
            return_deck(&mut self.finished, stale);
        }
    }

    fn retire(&mut self, mut deck: Deck, fade_frames: u32) {
        deck.fade_out(fade_frames);
        // The reading thread has at most `DECKS_MAX` (4) decks in use, or at most three when it asks for silence. One
        // of them is being retired here and, unless silence was asked for, another one is starting. So at most two of
        // the `OUTGOING_MAX` (3) slots are taken, and a slot is free.
        match self.outgoing.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(deck),
            None => return_deck(&mut self.finished, deck),
        }
    }

    fn take_deck_commands(&mut self) {
        while let Ok(command) = self.deck_commands.pop() {
            match command {
                DeckCommand::Play { deck, fade_frames } => self.play(deck, fade_frames),
                DeckCommand::Queue(deck) => {
                    if let Some(stale) = self.queued.replace(deck) {
                        return_deck(&mut self.finished, stale);
                    }
                }
                DeckCommand::Recall => {
                    if let Some(stale) = self.queued.take() {
                        return_deck(&mut self.finished, stale);
                    }
                }
                DeckCommand::Silence { fade_frames } => {
                    if let Some(present) = self.playing.take() {
                        self.retire(present, fade_frames);
                    }
                    if let Some(stale) = self.queued.take() {
                        return_deck(&mut self.finished, stale);
                    }
                }
            }
        }
    }

    /// Takes at most one new instrument for the score. Sends at most one unneeded instrument back to the reading
    /// thread, which frees it.
    fn exchange_instruments(&mut self) {
        if self.unneeded.is_full() {
            return;
        }
        let refused = self.instruments.pop().ok().and_then(|sampled| self.score.put(sampled));
        if let Some(unneeded) = refused.or_else(|| self.score.take_unneeded()) {
            let _ = self.unneeded.push(unneeded);
        }
    }

    /// Sends decks back to the reading thread before their fade-outs have ended, because nobody hears the rest of a
    /// fade-out while the programme is silent.
    fn return_outgoing_decks(&mut self) {
        for slot in &mut self.outgoing {
            if let Some(deck) = slot.take() {
                return_deck(&mut self.finished, deck);
            }
        }
    }

    fn take_commands(&mut self) {
        while let Ok(command) = self.commands.pop() {
            match command {
                EngineCommand::Levels(levels) => self.apply_levels(levels),
                EngineCommand::Signal(signal) => {
                    let gain = if signal.carries() { self.levels.chime } else { self.levels.signal };
                    self.signals.start(signal, gain);
                }
                EngineCommand::Close(within_frames) => self.closing.set_target(0.0, within_frames),
            }
        }
    }

    fn apply_levels(&mut self, levels: Levels) {
        let rate_hz = self.rate_hz;
        self.music.set_target(levels.music, seconds_to_frames(fade_s::LEVEL, rate_hz));
        if let Some(aim) = levels.score {
            if self.score.is_resting() {
                self.score_level = Ramp::holding(levels.score_gain);
            }
            self.score.set_aim(aim);
            self.score_level.set_target(levels.score_gain, seconds_to_frames(fade_s::LEVEL, rate_hz));
        }
        let presence = if levels.score.is_some() { FRAC_PI_2 } else { 0.0 };
        self.score_presence.set_target(presence, seconds_to_frames(levels.crossfade_s.max(fade_s::OPENING), rate_hz));
        for (channel, wanted) in self.beds.iter_mut().zip(levels.beds) {
            channel.beds.fade_to(wanted.map(|(bed, _)| bed));
            if let Some((_, gain)) = wanted {
                channel.gain.set_target(gain, seconds_to_frames(fade_s::LEVEL, rate_hz));
            }
        }
        let breath_gain = levels.breath.map_or(0.0, |(_, _, gain)| gain);
        self.breath_gain.set_target(breath_gain, seconds_to_frames(fade_s::BREATH, rate_hz));
        if let Some((pattern, origin_s, _)) = levels.breath {
            self.breath.follow(pattern, origin_s, self.now_s);
        }
        let swell = if levels.swell && levels.breath.is_some() { 1.0 } else { 0.0 };
        self.swell.set_target(swell, seconds_to_frames(fade_s::LEVEL, rate_hz));
        set_target_by_direction(&mut self.volume, levels.volume, fade_s::QUIETER, fade_s::LOUDER, rate_hz);
        set_target_by_direction(&mut self.duck, levels.duck, fade_s::DUCK, fade_s::UNDUCK, rate_hz);
        self.calm.set_target(levels.calm, seconds_to_frames(fade_s::CALM, rate_hz));
        let music_presence = if levels.bed_alone { 0.0 } else { 1.0 };
        self.music_presence.set_target(music_presence, seconds_to_frames(fade_s::CALM, rate_hz));
        let hold = if levels.held { 0.0 } else { 1.0 };
        set_target_by_direction(&mut self.hold, hold, fade_s::HOLD, fade_s::RESUME, rate_hz);
        self.tone.set(levels.tone, seconds_to_frames(fade_s::LEVEL, rate_hz));
        self.crossfeed.set(levels.crossfeed, seconds_to_frames(fade_s::LEVEL, rate_hz));
        self.levels = levels;
    }
}

fn set_target_by_direction(ramp: &mut Ramp, to: f32, down_s: f32, up_s: f32, rate_hz: u32) {
    let seconds = if to < ramp.value() { down_s } else { up_s };
    ramp.set_target(to, seconds_to_frames(seconds, rate_hz));
}

/// Sends a deck back to the reading thread. The queue has room for every deck that can exist, so no deck is dropped,
/// and thereby freed, in the callback.
fn return_deck(finished: &mut Producer<Deck>, deck: Deck) {
    let _ = finished.push(deck);
}

impl Iterator for Engine {
    type Item = f32;

    /// Returns the next sample of the interleaved stereo stream, which never ends.
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
