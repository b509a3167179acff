//! Owns what all compositions share: when a note may begin, which key suits, and the players who hold to both. Does not
//! own what any composition has them play.

use super::harmony::Harmony;
use super::instruments::{Instrument, Note, PARTIALS};
use super::roughness::{FAINT, Partial, ROUGHNESS_LIMIT, between_notes};
use super::voices::{VOICES, Voices};
use super::{Begun, Shape};
use crate::sound::dsp::Chance;
use crate::sound::dsp::ramp::{BLOCK, Block};

/// Two notes that do not belong together never begin closer than this, in seconds: far beyond what could be heard as
/// one event, and slower than pulses follow each other in any burst of IEC 60601-1-8 (0.50 s at most).
const APART_S: f32 = 0.55;
/// Notes a second in the sparsest and the densest score.
const RATE: [f32; 2] = [0.24, 0.48];
/// Notes that may be made up for after a rest.
const CREDIT: f32 = 3.0;
/// The amplitude of a struck note against that of all that sounds, at most.
const STRUCK_STANDS_OUT: f32 = 0.75;
/// The same of a held one, which comes in over seconds.
const HELD_STANDS_OUT: f32 = 2.5;
/// Nothing that sounds is taken to be softer than this, so that there is a way out of silence.
const SOFTEST: f32 = 0.06;
/// Over how long a time all that sounds is heard, in seconds.
const LISTENS_S: f32 = 2.0;
/// Players stay under the limit of roughness by this, since what sounds with a note goes on changing.
const CAUTION: f32 = 0.70;
/// What may be left of a sonority for a moment may come nearer to the limit than what stays: as part of `CAUTION`.
const IN_PASSING: f32 = 0.92;
/// With less left of a chord than this, in seconds, its next note waits for the next chord.
const HARDLY_ANY_S: f32 = 4.0;
/// A player who finds nothing to their taste waits so long for it, in seconds: until what stands against it has died away.
const WAITS_FOR_TASTE_S: f32 = 9.0;
/// A key that costs this much is against the taste.
const AGAINST_TASTE: f32 = 5.0;
/// Keys that a player remembers.
const RECENT: usize = 4;

/// Which tones a player chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taste {
    /// The chord's root, or its fifth.
    Root,
    /// Tones of the chord.
    Chord,
    /// Any tone of the mode, tones of the chord first.
    Mode,
}

impl Taste {
    /// How much against the taste a key is. It never forbids: near a change of mode there may be nothing else.
    const fn cost(self, is_of_chord: bool, above_root: i32) -> f32 {
        match (self, above_root) {
            (Self::Root, 0) => 0.0,
            (Self::Root, 7) => 1.0,
            (Self::Root, _) => 7.0,
            _ if is_of_chord => 0.0,
            (Self::Chord, _) => 5.0,
            (Self::Mode, _) => 0.6,
        }
    }
}

/// What a player has before them.
#[derive(Debug)]
pub struct Role {
    /// What they play.
    pub instrument: Instrument,
    /// Lowest and highest key where the register is in its middle.
    pub keys: [i32; 2],
    /// How long a note is held, in seconds.
    pub held_s: [f32; 2],
    /// From the end of one note's hold to the beginning of the next; below 0 they overlap.
    pub pause_s: [f32; 2],
    /// Amplitude.
    pub level: f32,
    /// Where they may sit, −1 to 1.
    pub place: [f32; 2],
    /// The intensity from which on they play.
    pub enters_at: f32,
    /// What they choose from.
    pub taste: Taste,
}

/// Somebody who plays one note after another.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    role: &'static Role,
    wait_s: f32,
    /// For how long they have waited for something to their taste.
    waited_s: f32,
    /// Their last keys, latest first; 0 for none.
    recent: [i32; RECENT],
}

impl Player {
    /// A player who first plays after `wait_s`.
    pub const fn new(role: &'static Role, wait_s: f32) -> Self {
        Self { role, wait_s, waited_s: 0.0, recent: [0; RECENT] }
    }

    /// Goes on by `seconds`; plays where it is time, and says whether it did.
    pub fn play(&mut self, stage: &mut Stage, seconds: f32) -> bool {
        self.wait_s -= seconds;
        if self.wait_s > 0.0 {
            return false;
        }
        let role = self.role;
        if stage.shape.intensity < role.enters_at {
            self.wait_s = stage.chance.between(2.0, 5.0);
            return false;
        }
        if !stage.may_begin() {
            return false;
        }
        let mut note = stage.note_of(role);
        let left_s = stage.harmony.chord_left_s();
        if role.taste == Taste::Root && left_s < HARDLY_ANY_S {
            self.wait_s = left_s + stage.chance.between(0.0, 1.5);
            return false;
        }
        let Some((key, is_to_taste)) = stage.choose_key(&note, role, &self.recent) else {
            // Nothing suits what sounds just now: a rest is a good note too.
            self.wait_s = stage.chance.between(1.0, 2.5);
            return false;
        };
        if !is_to_taste && self.waited_s < WAITS_FOR_TASTE_S {
            // Else the tones of the last chord would hold the next one back for ever.
            self.wait_s = stage.chance.between(0.8, 1.6);
            self.waited_s += self.wait_s;
            return false;
        }
        self.waited_s = 0.0;
        if role.taste == Taste::Root {
            // The roots make way when the chord changes; what lies above them is held across.
            let until_s = left_s + stage.chance.between(-1.0, 1.5);
            note.held_s = note.held_s.min(until_s).max(note.attack_s + 0.5);
        }
        stage.begin(Note { key, ..note });
        self.recent.rotate_right(1);
        self.recent[0] = key;
        let pause_s = stage.chance.between(role.pause_s[0], role.pause_s[1]);
        let patience = 1.35 - 0.7 * stage.shape.density;
        self.wait_s = (note.held_s + if pause_s > 0.0 { pause_s * patience } else { pause_s }).max(1.0);
        true
    }

    /// Waits at least so long before the next note.
    pub fn rest(&mut self, seconds: f32) {
        self.wait_s = self.wait_s.max(seconds);
    }
}

/// Where compositions are played.
#[derive(Debug)]
pub struct Stage {
    /// Chance of this performance.
    pub chance: Chance,
    /// What is in tune.
    pub harmony: Harmony,
    /// What is asked for now, already followed slowly.
    pub shape: Shape,
    /// How much brighter (above 0) or darker a composition makes itself just now.
    pub tint: f32,
    /// How many times as long as usual a composition dwells on a chord.
    pub dwells: f32,
    voices: Voices,
    since_s: f32,
    credit: f32,
    begun: Begun,
    /// Amplitude of what sounded in the last two seconds, before the hall.
    running: f32,
    listening: f32,
}

impl Stage {
    /// An empty stage.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        Self {
            chance: Chance::new(seed),
            harmony: Harmony::new(seed),
            shape: Shape::default(),
            tint: 0.0,
            dwells: 1.0,
            voices: Voices::new(rate_hz),
            since_s: APART_S,
            credit: CREDIT,
            begun: Begun::default(),
            running: 0.0,
            listening: BLOCK as f32 / (LISTENS_S * rate_hz),
        }
    }

    /// Everything from the beginning, in silence.
    pub fn clear(&mut self, seed: u64, shape: Shape) {
        self.chance = Chance::new(seed);
        self.harmony = Harmony::new(seed);
        self.shape = shape;
        self.voices.forget();
        self.since_s = APART_S;
        self.credit = CREDIT;
        self.running = 0.0;
    }

    /// Lets go of all that sounds.
    pub fn let_go(&mut self, within_s: f32) {
        self.voices.let_go(within_s);
    }

    /// Goes on by `seconds`.
    pub fn advance(&mut self, seconds: f32) {
        self.harmony.advance(seconds, self.shape.movement, self.dwells);
        self.since_s += seconds;
        let rate = RATE[0] + (RATE[1] - RATE[0]) * self.shape.density;
        self.credit = (self.credit + seconds * rate).min(CREDIT);
    }

    /// One block of all that sounds.
    pub fn render(&mut self, out: &mut Block) {
        let brightness = (self.shape.brightness + self.tint).clamp(0.0, 1.0);
        self.voices.render(out, brightness, self.shape.movement);
        let power = out.as_flattened().iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32;
        self.running = (self.running.powi(2) + (power - self.running.powi(2)) * self.listening).sqrt();
    }

    /// The notes begun since it was last asked.
    pub fn take_begun(&mut self) -> Begun {
        std::mem::take(&mut self.begun)
    }

    /// Whether a note may begin now.
    pub fn may_begin(&self) -> bool {
        self.since_s >= APART_S && self.credit >= 1.0 && self.voices.has_room()
    }

    /// Begins a note. It is up to the caller to have asked [`may_begin`](Self::may_begin); two notes of one chord may
    /// begin together.
    pub fn begin(&mut self, note: Note) {
        if self.voices.begin(note, &mut self.chance) {
            self.begun.push(note);
            self.since_s = 0.0;
            self.credit -= 1.0;
        }
    }

    /// A note for that role, still without its key.
    pub fn note_of(&mut self, role: &Role) -> Note {
        let timbre = role.instrument.timbre();
        let chance = &mut self.chance;
        let attack_s = chance.between(timbre.attack_s[0], timbre.attack_s[1]);
        // Nothing may stand out from what sounds: a bell after a rest is a soft bell.
        let stands_out = if role.instrument.is_struck() { STRUCK_STANDS_OUT } else { HELD_STANDS_OUT };
        let loudest = stands_out * self.running.max(SOFTEST);
        Note {
            instrument: role.instrument,
            key: 0,
            level: (role.level * chance.between(0.8, 1.0)).min(loudest),
            place: chance.between(role.place[0], role.place[1]),
            attack_s,
            held_s: chance.between(role.held_s[0], role.held_s[1]).max(attack_s + 0.5),
            release_s: timbre.release_s * chance.between(0.9, 1.2),
        }
    }

    /// The key that suits best: in tune until the note has died away, near the one before, doubling nobody, and not
    /// rough against what sounds. Says whether it is to the role's taste.
    pub fn choose_key(&mut self, note: &Note, role: &Role, recent: &[i32; RECENT]) -> Option<(i32, bool)> {
        // Until the hall has forgotten it, too.
        let tones = self.harmony.tones_for(note.length_s() + 4.0);
        let chord = self.harmony.chord();
        let root = i32::from(self.harmony.root());
        let around = Around::of(&self.voices, note.attack_s);
        let shift = (8.0 * (self.shape.register - 0.5)).round() as i32;
        let mut best: Option<(f32, i32, bool)> = None;
        for key in role.keys[0] + shift..=role.keys[1] + shift {
            if !tones.has(key) {
                continue;
            }
            let rough = around.roughness_with(&Note { key, ..*note });
            if rough > ROUGHNESS_LIMIT * CAUTION {
                continue;
            }
            let against_taste = role.taste.cost(chord.has(key), (key - root).rem_euclid(12));
            let cost = 0.4 * rough / ROUGHNESS_LIMIT
                + melodic_cost(key, recent)
                + against_taste
                + around.doubling_cost(key)
                + self.chance.between(0.0, 1.8);
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, key, against_taste < AGAINST_TASTE));
            }
        }
        best.map(|(_, key, is_to_taste)| (key, is_to_taste))
    }
}

/// Steps and small leaps sing; what was played just now leads nowhere.
fn melodic_cost(key: i32, recent: &[i32; RECENT]) -> f32 {
    const STALE: [f32; RECENT] = [3.2, 1.8, 1.0, 0.5];
    let stale: f32 = recent.iter().zip(STALE).filter(|(old, _)| **old == key).map(|(_, cost)| cost).sum();
    let leap = match (recent[0], (key - recent[0]).abs()) {
        (0, _) => 0.0,
        (_, apart @ 0..=7) => 0.10 * apart as f32,
        (_, apart) => 0.28 * apart as f32 - 1.26,
    };
    stale + leap
}

/// A note as a player hears it who is about to begin another.
#[derive(Clone, Copy, Default)]
struct Heard {
    key: i32,
    /// What sounds of it at each look.
    partials: [[Partial; PARTIALS]; MOMENTS],
    /// What will be left of it when its upper partials are gone.
    later: [Partial; PARTIALS],
    /// Whether it is still held when the new one has risen.
    stays: bool,
}

/// When a new note is looked at among those that die away meanwhile: part of its rise, and seconds more.
const LOOKS: [(f32, f32); 6] = [(0.12, 0.0), (0.25, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 2.5), (1.0, 5.0)];
const MOMENTS: usize = LOOKS.len();

fn moments(attack_s: f32) -> [f32; MOMENTS] {
    LOOKS.map(|(part, more_s)| part * attack_s + more_s)
}

fn level_of(partials: &[Partial]) -> f32 {
    partials.iter().map(|partial| partial.level).sum()
}

/// What sounds while a new note rises, as a player hears it beforehand.
struct Around {
    notes: [Heard; VOICES],
    count: usize,
    /// Roughness of each against each before it, where both stay.
    among: [[f32; VOICES]; VOICES],
    /// Roughness and level of all that sounds at each look,
    rising: [(f32, f32); MOMENTS],
    /// and of what will still sound when the rest has died away.
    later: (f32, f32),
}

impl Around {
    /// Around a note that rises for `attack_s`.
    fn of(voices: &Voices, attack_s: f32) -> Self {
        let mut around = Self {
            notes: [Heard::default(); VOICES],
            count: 0,
            among: [[0.0; VOICES]; VOICES],
            rising: [(0.0, 0.0); MOMENTS],
            later: (0.0, 0.0),
        };
        for (note, age_s) in voices.sounding().take(VOICES) {
            let heard = Heard {
                key: note.key,
                partials: moments(attack_s).map(|after_s| note.partials_at(age_s + after_s)),
                later: note.partials_later(age_s),
                stays: age_s + attack_s < note.held_s,
            };
            for moment in 0..MOMENTS {
                around.rising[moment].0 += around.rough_rising(&heard.partials[moment], moment);
                around.rising[moment].1 += level_of(&heard.partials[moment]);
            }
            if heard.stays {
                around.later.0 += around.rough_later(&heard.later);
                around.later.1 += level_of(&heard.later);
                for index in 0..around.count {
                    around.among[around.count][index] = between_notes(&heard.later, &around.notes[index].later);
                }
            }
            around.notes[around.count] = heard;
            around.count += 1;
        }
        around
    }

    fn heard(&self) -> &[Heard] {
        &self.notes[..self.count]
    }

    fn staying(&self) -> impl Iterator<Item = (usize, &Heard)> {
        self.heard().iter().enumerate().filter(|(_, other)| other.stays)
    }

    fn rough_rising(&self, partials: &[Partial], moment: usize) -> f32 {
        self.heard().iter().map(|other| between_notes(partials, &other.partials[moment])).sum()
    }

    fn rough_later(&self, partials: &[Partial]) -> f32 {
        self.staying().map(|(_, other)| between_notes(partials, &other.later)).sum()
    }

    /// How rough it will be at its worst with one more note.
    fn roughness_with(&self, note: &Note) -> f32 {
        let later = note.partials_later(0.0);
        let level = level_of(&later);
        let of_held = (self.later.0 + self.rough_later(&later)) / (self.later.1 + level).max(FAINT);
        let rising = moments(note.attack_s).into_iter().enumerate().map(|(moment, after_s)| {
            let mine = note.partials_at(after_s);
            let (rough, others) = self.rising[moment];
            (rough + self.rough_rising(&mine, moment)) / (others + level_of(&mine)).max(FAINT)
        });
        // Others may die away and leave any two alone, and then both will pass through the moment in which they are
        // equally loud. What is let go by the time the new note has risen only grows fainter.
        let of_pairs = self.staying().map(|(_, other)| {
            let share = level / level_of(&other.later).max(1e-6);
            let theirs = other.later.map(|partial| Partial { level: partial.level * share, ..partial });
            between_notes(&later, &theirs) / (level + level_of(&theirs)).max(FAINT)
        });
        let in_passing = of_pairs.fold(self.roughest_three_with(&later), f32::max);
        rising.fold(of_held, f32::max).max(in_passing * IN_PASSING)
    }

    /// The roughest that any three with that note among them may be, when nothing else is left.
    fn roughest_three_with(&self, mine: &[Partial]) -> f32 {
        let level = level_of(mine);
        let mut roughest: f32 = 0.0;
        for (index, one) in self.staying() {
            let (rough, level) = (between_notes(mine, &one.later), level + level_of(&one.later));
            for (before, other) in self.staying().take_while(|(before, _)| *before < index) {
                let all = rough + between_notes(mine, &other.later) + self.among[index][before];
                roughest = roughest.max(all / (level + level_of(&other.later)).max(FAINT));
            }
        }
        roughest
    }

    fn doubling_cost(&self, key: i32) -> f32 {
        let doubling = |other: &Heard| match key - other.key {
            0 => 5.0,
            apart if apart % 12 == 0 => 1.1,
            _ => 0.0,
        };
        self.heard().iter().map(doubling).sum()
    }
}
