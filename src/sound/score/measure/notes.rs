//! Owns the metrics measured from notes: attacks, onsets, modes and roughness. Does not own the metrics of samples
//! (`audio`).

use super::super::roughness::{Partial, ROUGHNESS_LIMIT, ROUGHNESS_MEAN_LIMIT, of_sonority};
use super::NoteEvent;

/// Fraction of the length of half a cosine that its rise from 10 % to 90 % takes.
const TENTH_TO_NINE_TENTHS: f32 = 0.59;
/// Interval at which the sounding notes are examined for roughness, in seconds.
const LOOK_S: f64 = 0.5;

/// Metrics of the notes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoteMetrics {
    /// Number of notes.
    pub notes: usize,
    /// Number of notes per second. The notes of a chord count separately.
    pub notes_per_s: f64,
    /// Shortest attack (10 % to 90 %) of an instrument without a quick attack, in milliseconds; infinite if none plays.
    pub shortest_attack_ms: f32,
    /// Shortest attack (10 % to 90 %) of an instrument with a quick attack, that is, a bell or the piano, in
    /// milliseconds; infinite if none plays.
    pub shortest_quick_attack_ms: f32,
    /// Shortest time between onsets that are not simultaneous, in milliseconds; infinite if there are fewer than two.
    pub closest_onsets_ms: f64,
    /// Shortest note from onset to silence, in seconds.
    pub shortest_note_s: f32,
    /// Number of cases in which a note sounds in a mode that it does not belong to.
    pub out_of_mode: usize,
    /// Number of changes of mode.
    pub mode_changes: usize,
    /// Shortest time between two changes of mode, in seconds; infinite if there are fewer than two.
    pub shortest_mode_s: f64,
    /// Smallest number of notes that two successive modes share; [`u32::MAX`] without a change of mode.
    pub fewest_shared_tones: u32,
    /// Smallest number of notes that sound across a change of mode; [`usize::MAX`] without a change.
    pub fewest_held: usize,
    /// Maximum roughness of the sounding notes; see [`ROUGHNESS_LIMIT`].
    pub roughest: f32,
    /// Mean roughness of the sounding notes; see [`ROUGHNESS_MEAN_LIMIT`].
    pub roughness_mean: f32,
    /// Maximum number of simultaneous notes.
    pub most_together: usize,
}

/// Measures the notes of a performance of `seconds`.
#[must_use]
pub fn note_metrics(notes: &[NoteEvent], seconds: f64) -> NoteMetrics {
    let mut metrics = NoteMetrics {
        notes: notes.len(),
        notes_per_s: notes.len() as f64 / seconds.max(1.0),
        shortest_attack_ms: f32::INFINITY,
        shortest_quick_attack_ms: f32::INFINITY,
        closest_onsets_ms: f64::INFINITY,
        shortest_note_s: f32::INFINITY,
        shortest_mode_s: f64::INFINITY,
        fewest_shared_tones: u32::MAX,
        fewest_held: usize::MAX,
        ..NoteMetrics::default()
    };
    for one in notes {
        let rise_ms = one.note.attack_s * TENTH_TO_NINE_TENTHS * 1_000.0;
        let shortest = if one.note.instrument.has_quick_attack() {
            &mut metrics.shortest_quick_attack_ms
        } else {
            &mut metrics.shortest_attack_ms
        };
        *shortest = shortest.min(rise_ms);
        metrics.shortest_note_s = metrics.shortest_note_s.min(one.note.length_s());
    }
    for pair in notes.windows(2) {
        let apart_ms = (pair[1].start_s - pair[0].start_s) * 1_000.0;
        if apart_ms > 0.0 {
            metrics.closest_onsets_ms = metrics.closest_onsets_ms.min(apart_ms);
        }
    }
    measure_modes(notes, &mut metrics);
    measure_roughness(notes, seconds, &mut metrics);
    metrics
}

/// Measures the changes of mode. A change takes place when the first note in the new mode begins.
fn measure_modes(notes: &[NoteEvent], metrics: &mut NoteMetrics) {
    let mut changed_s: Option<f64> = None;
    for (index, pair) in notes.windows(2).enumerate() {
        let (before, after) = (pair[0].mode, pair[1].mode);
        if before == after {
            continue;
        }
        let at_s = pair[1].start_s;
        if let Some(last_s) = changed_s {
            metrics.shortest_mode_s = metrics.shortest_mode_s.min(at_s - last_s);
        }
        changed_s = Some(at_s);
        metrics.mode_changes += 1;
        metrics.fewest_shared_tones = metrics.fewest_shared_tones.min(before.tones().shared(after.tones()).count());
        let sounding = notes[..=index].iter().filter(|one| sounds_at(one, at_s));
        metrics.fewest_held = metrics.fewest_held.min(sounding.clone().count());
        metrics.out_of_mode += sounding.filter(|one| !after.tones().has(one.note.key)).count();
    }
    metrics.out_of_mode += notes.iter().filter(|one| !one.mode.tones().has(one.note.key)).count();
}

fn measure_roughness(notes: &[NoteEvent], seconds: f64, metrics: &mut NoteMetrics) {
    let (mut sum, mut looks, mut first) = (0.0_f64, 0_u32, 0);
    let mut now_s = LOOK_S;
    while now_s < seconds {
        // No note is longer than 120 s.
        while notes.get(first).is_some_and(|one| now_s - one.start_s > 120.0) {
            first += 1;
        }
        let sounding: Vec<[Partial; 8]> = notes[first..]
            .iter()
            .take_while(|one| one.start_s <= now_s)
            .filter(|one| sounds_at(one, now_s))
            .map(|one| one.note.partials_at((now_s - one.start_s) as f32))
            .collect();
        let rough = of_sonority(sounding.iter().map(<[Partial; 8]>::as_slice));
        metrics.roughest = metrics.roughest.max(rough);
        metrics.most_together = metrics.most_together.max(sounding.len());
        sum += f64::from(rough);
        looks += 1;
        now_s += LOOK_S;
    }
    metrics.roughness_mean = (sum / f64::from(looks.max(1))) as f32;
}

fn sounds_at(one: &NoteEvent, at_s: f64) -> bool {
    one.start_s <= at_s && at_s < one.start_s + f64::from(one.note.length_s())
}

impl NoteMetrics {
    /// Returns a description of every limit that is exceeded.
    #[must_use]
    pub fn violations(&self, notes_per_s_max: f64) -> Vec<String> {
        let mut violations = Vec::new();
        let mut hold = |kept: bool, fault: String| {
            if !kept {
                violations.push(fault);
            }
        };
        hold(self.notes_per_s <= notes_per_s_max, format!("{:.2} notes a second", self.notes_per_s));
        hold(self.shortest_attack_ms >= 80.0, format!("an attack of {:.0} ms", self.shortest_attack_ms));
        hold(
            self.shortest_quick_attack_ms >= 15.0,
            format!("a quick attack of {:.0} ms", self.shortest_quick_attack_ms),
        );
        // Two onsets that are at least 500 ms apart cannot be mistaken for the pulses of an alarm burst.
        hold(self.closest_onsets_ms >= 500.0, format!("onsets {:.0} ms apart", self.closest_onsets_ms));
        hold(self.shortest_note_s >= 2.0, format!("a note of {:.2} s, near an alarm's pulse", self.shortest_note_s));
        hold(self.out_of_mode == 0, format!("{} notes out of mode", self.out_of_mode));
        hold(self.shortest_mode_s >= 238.0, format!("a mode of {:.0} s", self.shortest_mode_s));
        hold(self.fewest_shared_tones >= 3, format!("modes that share {} tones", self.fewest_shared_tones));
        hold(self.fewest_held >= 1, "a change of mode across which nothing is held".to_owned());
        hold(self.roughest <= ROUGHNESS_LIMIT, format!("a roughness of {:.4}", self.roughest));
        hold(
            self.roughness_mean <= ROUGHNESS_MEAN_LIMIT,
            format!("{:.4} of roughness on average", self.roughness_mean),
        );
        violations
    }
}
