//! Owns the works: pieces for piano that people know, as notes in `media/works`, and the pianist who plays them. The
//! pianist never plays a work the same way twice. Does not own the sound of a note (`synth`).

use std::sync::LazyLock;

use serde::Deserialize;

use super::ensemble::Ensemble;
use super::instruments::{Instrument, ScoreNote};
use crate::sound::dsp::Rng;

/// The files of the works, embedded in the program, because they are small and a work must not be missing in a session.
const FILES: [&str; 8] = [
    include_str!("../../../media/works/gymnopedie-1.toml"),
    include_str!("../../../media/works/gymnopedie-2.toml"),
    include_str!("../../../media/works/gymnopedie-3.toml"),
    include_str!("../../../media/works/gnossienne-1.toml"),
    include_str!("../../../media/works/prelude-in-c.toml"),
    include_str!("../../../media/works/clair-de-lune.toml"),
    include_str!("../../../media/works/traumerei.toml"),
    include_str!("../../../media/works/prelude-in-e-minor.toml"),
];

/// Time before the first work, in seconds.
const FIRST_PAUSE_S: f32 = 1.5;
/// Shortest and longest rest between two works, in seconds. By then, the last tone has decayed.
const PAUSE_S: [f32; 2] = [5.0, 9.0];
/// Time for which the last notes of a work are held beyond their written length, in seconds.
const LAST_HELD_S: f32 = 2.5;
/// Amplitude of a melody note at full dynamics.
const LEVEL: f32 = 0.42;
/// Amplitudes of the voices, relative to the melody.
const VOICE_LEVELS: [f32; 3] = [1.0, 0.58, 0.74];
/// Number of notes from which a chord does not get any louder: the more notes it has, the softer is each of them. The
/// dynamics of a work are those of what is heard, however many keys the composer needed for it.
const FULL_CHORD: f32 = 3.0;
/// Maximum random deviation of a note's amplitude, as a fraction.
const UNEVEN: f32 = 0.07;
/// Shortest and longest delay of each voice, in seconds. A pianist lets the melody lead slightly, and never strikes the
/// notes of a chord at exactly the same time.
const DELAYS_S: [[f32; 2]; 3] = [[0.0, 0.012], [0.004, 0.034], [0.0, 0.020]];
/// Maximum deviation of the tempo in the course of a few bars, as a fraction.
const RUBATO: f32 = 0.035;
/// Length of a swing of the tempo, in quarter notes.
const RUBATO_QUARTERS: f32 = 19.0;
/// Time for which a note sounds on after the pedal was changed, in seconds.
const PEDAL_OVERLAP_S: f32 = 0.12;
/// Length of the release when the dampers fall, in seconds.
const RELEASE_S: f32 = 0.9;
/// Maximum length of a note, in seconds. A piano tone has decayed by then.
const LONGEST_S: f32 = 14.0;
/// Pan positions of the lowest and the highest key that are used, as seen by the player.
const PAN: [f32; 2] = [-0.3, 0.3];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkFile {
    title: String,
    composer: String,
    published: u16,
    quarters_per_min: f32,
    /// Where the pedal is changed, in quarter notes.
    pedal: Vec<f32>,
    /// Dynamics, 0 to 1, at points in quarter notes.
    dynamics: Vec<[f32; 2]>,
    /// Factors on the tempo, at points in quarter notes.
    #[serde(default)]
    tempo: Vec<[f32; 2]>,
    /// Onset and length in quarter notes, MIDI key, and voice.
    notes: Vec<(f32, f32, i32, usize)>,
}

/// A work.
#[derive(Debug)]
pub struct Work {
    /// Title, as on the score.
    pub title: String,
    /// Composer.
    pub composer: String,
    /// Year of the first publication.
    pub published: u16,
    quarters_per_min: f32,
    pedal: Vec<f32>,
    dynamics: Vec<[f32; 2]>,
    tempo: Vec<[f32; 2]>,
    notes: Vec<WorkNote>,
    length_quarters: f32,
}

#[derive(Clone, Copy, Debug)]
struct WorkNote {
    onset: f32,
    length: f32,
    key: i32,
    voice: usize,
    /// Factor by which the note is softer because it belongs to a chord of many notes.
    share: f32,
}

impl Work {
    /// Reads a work. The error says what is wrong with it.
    fn parse(text: &str) -> Result<Self, String> {
        let file: WorkFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let notes: Vec<WorkNote> = file
            .notes
            .chunk_by(|one, other| one.0.to_bits() == other.0.to_bits())
            .flat_map(|chord| {
                let share = (FULL_CHORD / chord.len() as f32).sqrt().min(1.0);
                chord.iter().map(move |&(onset, length, key, voice)| WorkNote { onset, length, key, voice, share })
            })
            .collect();
        let is_sound = |note: &WorkNote| {
            note.onset >= 0.0 && note.length > 0.0 && (21..=108).contains(&note.key) && note.voice < VOICE_LEVELS.len()
        };
        if let Some(note) = notes.iter().find(|note| !is_sound(note)) {
            return Err(format!("the note at {} is wrong", note.onset));
        }
        let is_sorted = |points: &[[f32; 2]]| points.windows(2).all(|pair| pair[0][0] < pair[1][0]);
        if notes.is_empty()
            || !notes.windows(2).all(|pair| pair[0].onset <= pair[1].onset)
            || !file.pedal.windows(2).all(|pair| pair[0] < pair[1])
            || !is_sorted(&file.dynamics)
            || !is_sorted(&file.tempo)
        {
            return Err("it has no notes, or something is not in order".to_owned());
        }
        let length_quarters = notes.iter().map(|note| note.onset + note.length).fold(0.0, f32::max);
        Ok(Self {
            title: file.title,
            composer: file.composer,
            published: file.published,
            quarters_per_min: file.quarters_per_min.clamp(20.0, 200.0),
            pedal: file.pedal,
            dynamics: file.dynamics,
            tempo: file.tempo,
            notes,
            length_quarters,
        })
    }

    /// Returns the MIDI keys of all notes, in the order in which they are played.
    pub fn keys(&self) -> impl Iterator<Item = i32> + '_ {
        self.notes.iter().map(|note| note.key)
    }

    /// Returns the time at which the pedal releases a note that begins at `onset`, in quarter notes.
    fn pedal_end(&self, onset: f32) -> f32 {
        let after = self.pedal.partition_point(|change| *change <= onset + 1e-3);
        self.pedal.get(after).copied().unwrap_or(self.length_quarters)
    }
}

/// Returns the value at `at` of a line through `points`, which are sorted; `otherwise` if there are none.
fn along(points: &[[f32; 2]], at: f32, otherwise: f32) -> f32 {
    let after = points.partition_point(|point| point[0] <= at);
    match (after.checked_sub(1).map(|before| points[before]), points.get(after).copied()) {
        (Some([from, low]), Some([to, high])) => low + (high - low) * (at - from) / (to - from),
        (Some([_, value]), None) | (None, Some([_, value])) => value,
        (None, None) => otherwise,
    }
}

static WORKS: LazyLock<Vec<Work>> = LazyLock::new(|| FILES.iter().filter_map(|text| Work::parse(text).ok()).collect());

/// Returns all works. The first call reads them, so it must not be made in the audio callback.
#[must_use]
pub fn works() -> &'static [Work] {
    &WORKS
}

/// A pianist who plays one work after another.
#[derive(Debug)]
pub struct Recital {
    /// Index of the current work, or of the one that was played last.
    work: usize,
    has_begun: bool,
    is_playing: bool,
    pause_s: f32,
    /// Position in the work, in quarter notes.
    position: f32,
    /// Index of the next note, and the delay with which it is played, in seconds.
    next: usize,
    delay_s: f32,
    /// Phase of the swings of the tempo, in radians.
    swing: f32,
}

impl Recital {
    /// Creates a pianist who has not begun.
    pub const fn new() -> Self {
        Self {
            work: 0,
            has_begun: false,
            is_playing: false,
            pause_s: FIRST_PAUSE_S,
            position: 0.0,
            next: 0,
            delay_s: 0.0,
            swing: 0.0,
        }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        let works = works();
        if ensemble.is_waiting() || works.is_empty() {
            return;
        }
        ensemble.tint = 0.0;
        if !self.is_playing {
            self.pause_s -= seconds;
            if self.pause_s > 0.0 {
                return;
            }
            self.begin_next(works.len(), &mut ensemble.rng);
        }
        let Some(work) = works.get(self.work) else { return };
        let swing = (std::f32::consts::TAU * self.position / RUBATO_QUARTERS + self.swing).sin();
        let tempo = along(&work.tempo, self.position, 1.0) * (1.0 + RUBATO * swing);
        let quarters_per_s = work.quarters_per_min / 60.0 * tempo.clamp(0.3, 1.5);
        self.position += quarters_per_s * seconds;
        while let Some(note) = work.notes.get(self.next)
            && note.onset + self.delay_s * quarters_per_s <= self.position
        {
            ensemble.make_room();
            let played = played(work, *note, self.position, quarters_per_s, &mut ensemble.rng);
            ensemble.begin(played);
            self.next += 1;
            self.delay_s = work.notes.get(self.next).map_or(0.0, |next| {
                let [least, most] = DELAYS_S[next.voice];
                ensemble.rng.between(least, most)
            });
        }
        if self.next >= work.notes.len() && self.position >= work.length_quarters {
            self.is_playing = false;
            self.pause_s = LAST_HELD_S + ensemble.rng.between(PAUSE_S[0], PAUSE_S[1]);
        }
    }

    /// Chooses the next work, which differs from the last one if there is another.
    fn begin_next(&mut self, count: usize, rng: &mut Rng) {
        let chosen = rng.below(count);
        let is_repeated = self.has_begun && chosen == self.work;
        self.work = if is_repeated { (chosen + 1) % count } else { chosen };
        (self.has_begun, self.is_playing) = (true, true);
        (self.position, self.next, self.delay_s) = (0.0, 0, 0.0);
        self.swing = rng.between(0.0, std::f32::consts::TAU);
    }
}

/// Returns a note of a work as it is played at `position`.
fn played(work: &Work, note: WorkNote, position: f32, quarters_per_s: f32, rng: &mut Rng) -> ScoreNote {
    let dynamics = along(&work.dynamics, note.onset, 0.5);
    let is_last = note.onset + note.length >= work.length_quarters - 1e-3;
    let end = note.onset + note.length;
    let end = if note.length >= 0.25 { end.max(work.pedal_end(note.onset)) } else { end };
    let last_s = if is_last { LAST_HELD_S } else { PEDAL_OVERLAP_S };
    let attack_s = Instrument::Piano.timbre().attack_s;
    let [left, right] = PAN;
    ScoreNote {
        instrument: Instrument::Piano,
        key: note.key,
        level: LEVEL * dynamics * note.share * VOICE_LEVELS[note.voice] * (1.0 + UNEVEN * rng.white()),
        pan_position: left + (right - left) * ((note.key - 36) as f32 / 60.0).clamp(0.0, 1.0),
        attack_s: rng.between(attack_s[0], attack_s[1]),
        held_s: ((end - position) / quarters_per_s + last_s).clamp(0.15, LONGEST_S),
        release_s: RELEASE_S,
        is_melody: note.voice == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_is_read_and_lasts_for_minutes() {
        let mut minutes = 0.0;
        for text in FILES {
            let work = Work::parse(text).unwrap();
            let length = work.length_quarters / work.quarters_per_min;
            println!("{}, {} ({}): {length:.1} min", work.composer, work.title, work.published);
            assert!(!work.title.is_empty() && !work.composer.is_empty(), "{work:?}");
            assert!((1720..=1910).contains(&work.published) && (1.0..8.0).contains(&length), "{}", work.title);
            assert!(work.dynamics.iter().all(|[_, level]| (0.2..=0.7).contains(level)), "{}", work.title);
            assert!(work.tempo.iter().all(|[_, factor]| (0.5..=1.3).contains(factor)), "{}", work.title);
            minutes += length;
        }
        assert!(minutes > 0.0);
        assert_eq!(works().len(), FILES.len());
    }

    #[test]
    fn a_mistake_in_a_work_is_found() {
        let work = |notes: &str| {
            format!(
                "title = \"T\"\ncomposer = \"C\"\npublished = 1900\nquarters_per_min = 60\npedal = [0, 3]\n\
                 dynamics = [[0, 0.5]]\nnotes = [{notes}]\n"
            )
        };
        assert!(Work::parse(&work("[0, 1, 60, 0], [1, 1, 62, 0]")).is_ok());
        for wrong in ["", "[1, 1, 60, 0], [0, 1, 60, 0]", "[0, 0, 60, 0]", "[0, 1, 200, 0]", "[0, 1, 60, 3]", "[0, 1]"]
        {
            assert!(Work::parse(&work(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_through_points_is_followed() {
        let points = [[0.0, 0.2], [4.0, 0.6]];
        for (at, value) in [(-1.0, 0.2), (0.0, 0.2), (1.0, 0.3), (4.0, 0.6), (9.0, 0.6)] {
            assert!((along(&points, at, 0.0) - value).abs() < 1e-6, "{at}");
        }
        assert!((along(&[], 1.0, 0.5) - 0.5).abs() < 1e-6);
    }
}
