//! Owns what a level means at the patient's pillow: one reading with a sound meter turns digital levels into dB(A), and
//! levels into words. Pure. Does not own the cap itself, which stays a digital level.

/// The loudness that tracks, score and beds are matched to at a volume of 0 dB, in dB below full scale.
pub const PROGRAM_DB: f32 = -24.0;
/// What a sound meter may have read, in dB(A).
pub const READING_DBA: std::ops::RangeInclusive<f32> = 20.0..=110.0;
/// What level the reading's tone may have had, in dB below full scale.
pub const TEST_TONE_DB: std::ops::RangeInclusive<f32> = -60.0..=-10.0;
/// The effective level of the tone that a meter is read by where kiosk.toml names none, in dB below full scale.
pub const READING_TONE_DB: f32 = -30.0;
/// What a cap in dB(A) may be.
pub const CAP_DBA: std::ops::RangeInclusive<f32> = 30.0..=85.0;

/// One reading at the pillow.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The effective (RMS) level of the test tone in dB below full scale, within [`TEST_TONE_DB`].
    pub test_tone_db: f32,
    /// What the meter read meanwhile in dB(A), slow, within [`READING_DBA`].
    pub reading_dba: f32,
    /// The output that it was read on; none for whichever there is at the start.
    pub output: Option<String>,
    /// The port of the output that it was read on, such as a headphone jack.
    pub port: Option<String>,
}

impl Calibration {
    /// What a sound of the effective level `level_db` reads at the pillow, in dB(A).
    #[must_use]
    pub fn dba_of_level(&self, level_db: f32) -> f32 {
        self.reading_dba + level_db - self.test_tone_db
    }

    /// What music at the volume `volume_db` reads at the pillow on average, in dB(A).
    #[must_use]
    pub fn dba_of_volume(&self, volume_db: f32) -> f32 {
        self.dba_of_level(volume_db + PROGRAM_DB)
    }

    /// The volume at which music reads `dba` at the pillow on average. Never above full scale.
    #[must_use]
    pub fn volume_of_dba(&self, dba: f32) -> f32 {
        (dba - self.reading_dba + self.test_tone_db - PROGRAM_DB).min(0.0)
    }
}

/// How loud a volume is beside the most this room allows, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// More than 24 dB below the cap.
    VeryQuiet,
    /// More than 15 dB below the cap.
    Quiet,
    /// More than 8 dB below the cap.
    Medium,
    /// More than 2 dB below the cap.
    Strong,
    /// The cap, or nearly.
    Full,
}

impl Loudness {
    /// Every step from the quietest to the fullest.
    pub const ALL: [Self; 5] = [Self::VeryQuiet, Self::Quiet, Self::Medium, Self::Strong, Self::Full];

    /// How loud `volume_db` is in a room whose cap is `cap_db`.
    #[must_use]
    pub fn of(volume_db: f32, cap_db: f32) -> Self {
        match cap_db - volume_db {
            below if below > 24.0 => Self::VeryQuiet,
            below if below > 15.0 => Self::Quiet,
            below if below > 8.0 => Self::Medium,
            below if below > 2.0 => Self::Strong,
            _ => Self::Full,
        }
    }

    /// Its place among the steps, 1 to 5, by which its word is known.
    #[must_use]
    pub fn step(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).map_or(1, |place| place + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Calibration {
        Calibration { test_tone_db: -30.0, reading_dba: 48.0, output: None, port: None }
    }

    #[test]
    fn a_reading_turns_levels_into_what_a_meter_shows_and_back() {
        assert!((reading().dba_of_level(-30.0) - 48.0).abs() < 1e-4);
        assert!((reading().dba_of_volume(-12.0) - 42.0).abs() < 1e-4);
        for volume_db in [-50.0, -30.0, -12.0, 0.0] {
            let back_db = reading().volume_of_dba(reading().dba_of_volume(volume_db));
            assert!((back_db - volume_db).abs() < 1e-3);
        }
        assert!(reading().volume_of_dba(200.0) <= 0.0, "no reading lifts a level above full scale");
    }

    #[test]
    fn words_grow_with_the_level() {
        let words: Vec<Loudness> = (-60..=0).map(|level_db| Loudness::of(level_db as f32, -12.0)).collect();
        assert!(words.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((words[0], words[48]), (Loudness::VeryQuiet, Loudness::Full));
        assert!(Loudness::ALL.iter().all(|step| words.contains(step)));
    }
}
