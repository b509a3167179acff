//! Owns the conversion between digital levels and dB(A) at the patient's pillow, based on one reading of a sound meter,
//! and the steps in which a volume is shown to people. Does not own the cap on the volume.

/// The loudness to which tracks, score and beds are matched at a volume of 0 dB, in LUFS. The conversion to dB(A)
/// treats it as an RMS level in dBFS.
pub const PROGRAM_DB: f32 = -24.0;
/// Allowed readings of the sound meter, in dB(A).
pub const READING_DBA: std::ops::RangeInclusive<f32> = 20.0..=110.0;
/// Allowed levels of the test tone, in dBFS.
pub const TEST_TONE_DB: std::ops::RangeInclusive<f32> = -60.0..=-10.0;
/// RMS level of the test tone in a room without a calibration, in dBFS.
pub const READING_TONE_DB: f32 = -30.0;
/// Allowed values of the cap on the volume, in dB(A).
pub const CAP_DBA: std::ops::RangeInclusive<f32> = 30.0..=85.0;

/// One reading of a sound meter at the pillow.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The RMS level of the test tone in dBFS, within [`TEST_TONE_DB`].
    pub test_tone_db: f32,
    /// What the meter read during the tone, in dB(A) with slow time weighting, within [`READING_DBA`].
    pub reading_dba: f32,
    /// The output that played the tone. `None` with a port means [`SoundConfig::device`](super::SoundConfig::device),
    /// or any output if no device is set. `None` without a port means the output that the program finds at start.
    pub output: Option<String>,
    /// The port of the output, such as a headphone jack. `None` means any port or, if `output` is `None` as well, the
    /// port that is active at start.
    pub port: Option<String>,
}

impl Calibration {
    /// Returns the level at the pillow, in dB(A), of a sound whose RMS level is `level_db`.
    #[must_use]
    pub fn dba_of_level(&self, level_db: f32) -> f32 {
        self.reading_dba + level_db - self.test_tone_db
    }

    /// Returns the average level at the pillow, in dB(A), of music at the volume `volume_db`.
    #[must_use]
    pub fn dba_of_volume(&self, volume_db: f32) -> f32 {
        self.dba_of_level(volume_db + PROGRAM_DB)
    }

    /// Returns the volume in dB at which music averages `dba` at the pillow, but at most 0 dB.
    #[must_use]
    pub fn volume_of_dba(&self, dba: f32) -> f32 {
        (dba - self.reading_dba + self.test_tone_db - PROGRAM_DB).min(0.0)
    }
}

/// How loud a volume is relative to the room's cap, in the steps that are shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoudnessStep {
    /// More than 24 dB below the cap.
    VeryQuiet,
    /// More than 15 dB and up to 24 dB below the cap.
    Quiet,
    /// More than 8 dB and up to 15 dB below the cap.
    Medium,
    /// More than 2 dB and up to 8 dB below the cap.
    Strong,
    /// Up to 2 dB below the cap.
    Full,
}

impl LoudnessStep {
    /// Every step, from the quietest to the loudest.
    pub const ALL: [Self; 5] = [Self::VeryQuiet, Self::Quiet, Self::Medium, Self::Strong, Self::Full];

    /// Returns the step of `volume_db` in a room whose cap is `cap_db`.
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

    /// Returns the step's number, 1 (the quietest) to 5. The key of the step's message ends in this number.
    #[must_use]
    pub fn step(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).map_or(1, |index| index + 1)
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
    fn steps_rise_with_the_level() {
        let words: Vec<LoudnessStep> = (-60..=0).map(|level_db| LoudnessStep::of(level_db as f32, -12.0)).collect();
        assert!(words.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((words[0], words[48]), (LoudnessStep::VeryQuiet, LoudnessStep::Full));
        assert!(LoudnessStep::ALL.iter().all(|step| words.contains(step)));
    }
}
