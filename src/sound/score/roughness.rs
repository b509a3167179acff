//! Owns a model of the roughness of simultaneous notes. Players choose their notes with it, and the metrics judge a
//! performance by it. Does not own the choice of notes.
//!
//! The model is that of Plomp and Levelt (1965, *Tonal consonance and critical bandwidth*, J. Acoust. Soc. Am. 38,
//! 548–560), with the curve fitted by Sethares (1993, *Local consonance and the relationship between timbre and scale*,
//! J. Acoust. Soc. Am. 94, 1218–1228): two partials are rough if they lie within a critical bandwidth of each other,
//! and roughest at about a quarter of it.

/// One sounding partial.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partial {
    /// Frequency in hertz.
    pub pitch_hz: f32,
    /// Amplitude, in any unit that is the same for all partials.
    pub level: f32,
}

/// Maximum roughness of any sonority in the score. It is the roughness of an equal-tempered whole tone on middle C,
/// played by two string parts of equal level; `of_sonority` puts it at 0.326. For comparison: a fifth has 0.04, a major
/// third 0.16, a minor third 0.22, and a semitone 0.42.
///
/// The whole tone is the closest interval in any of the modes; in the middle register it is the mildest interval that
/// Western practice calls a dissonance.
pub const ROUGHNESS_LIMIT: f32 = 0.326;
/// Maximum mean roughness: that of a minor third on middle C. A minor third is the narrowest consonance. It spans about
/// a critical bandwidth, at which Plomp and Levelt's listeners no longer heard two tones as rough.
pub const ROUGHNESS_MEAN_LIMIT: f32 = 0.219;

/// Total amplitude below which a sonority is nearly silent, so that its roughness counts less and less.
pub const FAINT: f32 = 0.25;

/// Returns the roughness of two partials: 0 to about 0.9 if both have a level of 1.
fn between(one: Partial, other: Partial) -> f32 {
    let low_hz = one.pitch_hz.min(other.pitch_hz);
    let apart = (one.pitch_hz - other.pitch_hz).abs() * 0.24 / (0.020_7 * low_hz + 18.96);
    // Beyond 1.2 critical bandwidths, less than 8 % of the maximum is left.
    if apart > 1.2 {
        return 0.0;
    }
    one.level.min(other.level) * 5.0 * ((-3.51 * apart).exp() - (-5.75 * apart).exp())
}

/// Returns the roughness between two notes: the sum over all pairs with one partial from each.
///
/// Roughness among the partials of one note belongs to its timbre rather than to the interval, and is left out.
#[must_use]
pub fn between_notes(one: &[Partial], other: &[Partial]) -> f32 {
    one.iter().map(|low| other.iter().map(|high| between(*low, *high)).sum::<f32>()).sum()
}

/// Returns the roughness of simultaneous notes: the sum over all pairs of notes, divided by the total amplitude, so
/// that it does not depend on the level unless the notes are nearly silent ([`FAINT`]).
pub fn of_sonority<'a>(notes: impl Iterator<Item = &'a [Partial]> + Clone) -> f32 {
    let level: f32 = notes.clone().flatten().map(|partial| partial.level).sum();
    let mut sum = 0.0;
    let mut rest = notes;
    while let Some(one) = rest.next() {
        sum += rest.clone().map(|other| between_notes(one, other)).sum::<f32>();
    }
    sum / level.max(FAINT)
}
