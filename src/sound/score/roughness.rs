//! Owns how rough notes are that sound together: a model of hearing, used by the players before they choose a note and
//! by the figures afterwards. Does not own which notes those are.
//!
//! The model is that of Plomp and Levelt (1965, *Tonal consonance and critical bandwidth*, J. Acoust. Soc. Am. 38,
//! 548–560) in the curve that Sethares fitted to it (1993, *Local consonance and the relationship between timbre and
//! scale*, J. Acoust. Soc. Am. 94, 1218–1228): two partials are rough where they lie within a critical bandwidth of each
//! other, most of all at about a quarter of it.

/// One partial that sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partial {
    /// Its pitch.
    pub pitch_hz: f32,
    /// Its amplitude, in any unit that all partials share.
    pub level: f32,
}

/// What no sonority of the score may pass: the roughness of a bare equal-tempered whole tone on middle C, played by two
/// of its own string parts at one level. By [`of_sonority`] it comes to 0.326. There a fifth has 0.04, a major third
/// 0.16, a minor third 0.22, a semitone 0.42.
///
/// The whole tone is the closest that two tones of any of its modes can come; in the middle register it is the mildest
/// of what Western practice calls a dissonance.
pub const ROUGHNESS_LIMIT: f32 = 0.326;
/// What the score may not pass on average: the same of a minor third on middle C. That is about a critical bandwidth,
/// where Plomp and Levelt's listeners stopped hearing two tones as rough, and the narrowest of the consonances.
pub const ROUGHNESS_MEAN_LIMIT: f32 = 0.219;

/// Below this amplitude in all a sonority is nearly silence, and no longer rough for being so.
pub const FAINT: f32 = 0.25;

/// How rough two partials are against each other, 0 to about 0.9 at equal levels of 1.
fn between(one: Partial, other: Partial) -> f32 {
    let low_hz = one.pitch_hz.min(other.pitch_hz);
    let apart = (one.pitch_hz - other.pitch_hz).abs() * 0.24 / (0.020_7 * low_hz + 18.96);
    // Beyond 1.2 critical bandwidths less than a fiftieth is left.
    if apart > 1.2 {
        return 0.0;
    }
    one.level.min(other.level) * 5.0 * ((-3.51 * apart).exp() - (-5.75 * apart).exp())
}

/// How rough two notes are against each other: the sum over all pairs of one partial from each.
///
/// What partials of one note do among themselves belongs to its timbre, not to the interval, and is left out.
#[must_use]
pub fn between_notes(one: &[Partial], other: &[Partial]) -> f32 {
    one.iter().map(|low| other.iter().map(|high| between(*low, *high)).sum::<f32>()).sum()
}

/// How rough a sonority is: the sum over all pairs of notes for each unit of amplitude, so that it does not depend on
/// how loud it is.
pub fn of_sonority<'a>(notes: impl Iterator<Item = &'a [Partial]> + Clone) -> f32 {
    let level: f32 = notes.clone().flatten().map(|partial| partial.level).sum();
    let mut sum = 0.0;
    let mut rest = notes;
    while let Some(one) = rest.next() {
        sum += rest.clone().map(|other| between_notes(one, other)).sum::<f32>();
    }
    sum / level.max(FAINT)
}
