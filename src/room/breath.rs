//! Owns the breath: one pure function of time that the eye and the ear both follow.
//! Does not own what is drawn or heard for it.

use crate::vocabulary::Named;
use std::f64::consts::PI;
use std::time::Duration;

/// A way to breathe, in seconds for each quarter of the cycle.
///
/// Six breaths a minute with the out-breath longer than the in-breath is the default: an inhale/exhale ratio of 0.42
/// was felt as more relaxing than 2.33 at the same rate (Van Diest et al. 2014, n = 30).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// In for 4 s, out for 6 s.
    #[default]
    FourSix,
    /// In for 3 s, out for 7 s.
    ThreeSeven,
    /// In for 5 s, out for 5 s.
    FiveFive,
    /// In 4 s, hold 4 s, out 4 s, hold 4 s; for those who know it, never during the infusion.
    Box4,
}

impl Named for Pattern {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }
}

impl Pattern {
    /// Every pattern that is offered.
    pub const ALL: [Self; 4] = [Self::FourSix, Self::ThreeSeven, Self::FiveFive, Self::Box4];

    /// Its name in files: `4-6`, `3-7`, `5-5`, `4-4-4-4`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FourSix => "4-6",
            Self::ThreeSeven => "3-7",
            Self::FiveFive => "5-5",
            Self::Box4 => "4-4-4-4",
        }
    }

    /// The pattern of that name in files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        <Self as Named>::from_name(name)
    }

    /// Seconds of in-breath, hold, out-breath, hold.
    #[must_use]
    pub const fn seconds(self) -> [f64; 4] {
        match self {
            Self::FourSix => [4.0, 0.0, 6.0, 0.0],
            Self::ThreeSeven => [3.0, 0.0, 7.0, 0.0],
            Self::FiveFive => [5.0, 0.0, 5.0, 0.0],
            Self::Box4 => [4.0, 4.0, 4.0, 4.0],
        }
    }

    /// One whole breath.
    #[must_use]
    pub fn cycle(self) -> Duration {
        Duration::from_secs_f64(self.seconds().iter().sum())
    }

    /// The breath that began `since_start` ago. Level and speed are both continuous.
    #[must_use]
    pub fn at(self, since_start: Duration) -> Breath {
        let [inhale, full, exhale, empty] = self.seconds();
        let cycle = inhale + full + exhale + empty;
        let mut t = since_start.as_secs_f64() % cycle;
        if t < inhale {
            return Breath { level: ease(t / inhale), phase: Phase::In };
        }
        t -= inhale;
        if t < full {
            return Breath { level: 1.0, phase: Phase::Full };
        }
        t -= full;
        if t < exhale {
            return Breath { level: ease(1.0 - t / exhale), phase: Phase::Out };
        }
        Breath { level: 0.0, phase: Phase::Empty }
    }
}

/// A moment of a breath.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breath {
    /// How full the lungs are, 0 to 1.
    pub level: f64,
    /// Which way the breath goes.
    pub phase: Phase,
}

/// Which way the breath goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Breathing in.
    In,
    /// Holding, full.
    Full,
    /// Breathing out.
    Out,
    /// Holding, empty.
    Empty,
}

fn ease(x: f64) -> f64 {
    0.5 - 0.5 * (PI * x).cos()
}
