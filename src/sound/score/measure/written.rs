//! Owns the figures that can be read from the notes: attacks, onsets, modes and roughness. Does not own those of samples.

use super::super::roughness::{Partial, ROUGHNESS_LIMIT, ROUGHNESS_MEAN_LIMIT, of_sonority};
use super::Written;

/// Half a cosine goes from a tenth to nine tenths of its height in this part of its length.
const TENTH_TO_NINE_TENTHS: f32 = 0.59;
/// How often the sonority is looked at, in seconds.
const LOOK_S: f64 = 0.5;

/// Figures of the notes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrittenFigures {
    /// Notes, and notes a second.
    pub notes: usize,
    /// Notes a second, those of chords each for themselves.
    pub notes_per_s: f64,
    /// The shortest rise from a tenth to nine tenths of anything but a bell, in milliseconds; infinite if there is none.
    pub shortest_attack_ms: f32,
    /// The shortest rise of a bell, likewise.
    pub shortest_bell_attack_ms: f32,
    /// The shortest time between two onsets that are not one chord, in milliseconds.
    pub closest_onsets_ms: f64,
    /// The shortest note, from beginning to silence, in seconds.
    pub shortest_note_s: f32,
    /// Notes that sound in a mode that lacks them.
    pub out_of_mode: usize,
    /// Changes of mode, and the shortest time between two, in seconds (infinite below two).
    pub mode_changes: usize,
    /// See `mode_changes`.
    pub shortest_mode_s: f64,
    /// The fewest tones that two modes in turn share.
    pub fewest_shared_tones: u32,
    /// The fewest notes held across a change.
    pub fewest_held: usize,
    /// Roughness at its worst and on average.
    pub roughest: f32,
    /// See `roughest`.
    pub roughness_mean: f32,
    /// Most notes at a time.
    pub most_together: usize,
}

/// Reads the notes of a performance of `seconds`.
#[must_use]
pub fn read_notes(written: &[Written], seconds: f64) -> WrittenFigures {
    let mut figures = WrittenFigures {
        notes: written.len(),
        notes_per_s: written.len() as f64 / seconds.max(1.0),
        shortest_attack_ms: f32::INFINITY,
        shortest_bell_attack_ms: f32::INFINITY,
        closest_onsets_ms: f64::INFINITY,
        shortest_note_s: f32::INFINITY,
        shortest_mode_s: f64::INFINITY,
        fewest_shared_tones: u32::MAX,
        fewest_held: usize::MAX,
        ..WrittenFigures::default()
    };
    for one in written {
        let rise_ms = one.note.attack_s * TENTH_TO_NINE_TENTHS * 1_000.0;
        let shortest = if one.note.instrument.is_bell() {
            &mut figures.shortest_bell_attack_ms
        } else {
            &mut figures.shortest_attack_ms
        };
        *shortest = shortest.min(rise_ms);
        figures.shortest_note_s = figures.shortest_note_s.min(one.note.length_s());
    }
    for pair in written.windows(2) {
        let apart_ms = (pair[1].start_s - pair[0].start_s) * 1_000.0;
        if apart_ms > 0.0 {
            figures.closest_onsets_ms = figures.closest_onsets_ms.min(apart_ms);
        }
    }
    read_modes(written, &mut figures);
    read_roughness(written, seconds, &mut figures);
    figures
}

/// A change shows itself with the first note of the new mode, so it lies at or before that note.
fn read_modes(written: &[Written], figures: &mut WrittenFigures) {
    let mut changed_s: Option<f64> = None;
    for (index, pair) in written.windows(2).enumerate() {
        let (before, after) = (pair[0].mode, pair[1].mode);
        if before == after {
            continue;
        }
        let at_s = pair[1].start_s;
        if let Some(last_s) = changed_s {
            figures.shortest_mode_s = figures.shortest_mode_s.min(at_s - last_s);
        }
        changed_s = Some(at_s);
        figures.mode_changes += 1;
        figures.fewest_shared_tones = figures.fewest_shared_tones.min(before.tones().shared(after.tones()).count());
        let sounding = written[..=index].iter().filter(|one| sounds_at(one, at_s));
        figures.fewest_held = figures.fewest_held.min(sounding.clone().count());
        figures.out_of_mode += sounding.filter(|one| !after.tones().has(one.note.key)).count();
    }
    figures.out_of_mode += written.iter().filter(|one| !one.mode.tones().has(one.note.key)).count();
}

fn read_roughness(written: &[Written], seconds: f64, figures: &mut WrittenFigures) {
    let (mut sum, mut looks, mut first) = (0.0_f64, 0_u32, 0);
    let mut now_s = LOOK_S;
    while now_s < seconds {
        // No note lasts longer than this, so what began earlier is over.
        while written.get(first).is_some_and(|one| now_s - one.start_s > 120.0) {
            first += 1;
        }
        let sounding: Vec<[Partial; 8]> = written[first..]
            .iter()
            .take_while(|one| one.start_s <= now_s)
            .filter(|one| sounds_at(one, now_s))
            .map(|one| one.note.partials_at((now_s - one.start_s) as f32))
            .collect();
        let rough = of_sonority(sounding.iter().map(<[Partial; 8]>::as_slice));
        figures.roughest = figures.roughest.max(rough);
        figures.most_together = figures.most_together.max(sounding.len());
        sum += f64::from(rough);
        looks += 1;
        now_s += LOOK_S;
    }
    figures.roughness_mean = (sum / f64::from(looks.max(1))) as f32;
}

fn sounds_at(one: &Written, at_s: f64) -> bool {
    one.start_s <= at_s && at_s < one.start_s + f64::from(one.note.length_s())
}

impl WrittenFigures {
    /// Every limit that is not kept, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut hold = |kept: bool, fault: String| {
            if !kept {
                faults.push(fault);
            }
        };
        hold(self.notes_per_s <= 0.5, format!("{:.2} notes a second", self.notes_per_s));
        hold(self.shortest_attack_ms >= 80.0, format!("an attack of {:.0} ms", self.shortest_attack_ms));
        hold(
            self.shortest_bell_attack_ms >= 15.0,
            format!("a bell's attack of {:.0} ms", self.shortest_bell_attack_ms),
        );
        // 120 ms is what is asked for; beyond 500 ms no two onsets can be taken for pulses of an alarm's burst.
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
        faults
    }
}
