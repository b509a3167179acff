//! Owns the breathing patterns, and the breath as a pure function of time. Picture and sound evaluate it from the same
//! start time, so they agree. Does not own what is drawn or played for the breath.

use crate::vocabulary::Named;
use std::f64::consts::PI;
use std::time::Duration;

/// A breathing pattern, that is, the length of each phase of a breath.
///
/// The default is six breaths a minute with a longer exhale, because people found an inhale/exhale ratio of 0.42 more
/// relaxing than 2.33 at the same rate (Van Diest et al. 2014, n = 30).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BreathPattern {
    /// In for 4 s, out for 6 s.
    #[default]
    FourSix,
    /// In for 3 s, out for 7 s.
    ThreeSeven,
    /// In for 5 s, out for 5 s.
    FiveFive,
    /// Box breathing: in for 4 s, hold for 4 s, out for 4 s, hold for 4 s. It is meant for people who know it, and is
    /// refused during a session.
    Box4,
}

impl Named for BreathPattern {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }
}

impl BreathPattern {
    /// All patterns, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::FourSix, Self::ThreeSeven, Self::FiveFive, Self::Box4];

    /// The pattern's name in files and messages: `4-6`, `3-7`, `5-5` or `4-4-4-4`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FourSix => "4-6",
            Self::ThreeSeven => "3-7",
            Self::FiveFive => "5-5",
            Self::Box4 => "4-4-4-4",
        }
    }

    /// Returns the pattern with this name, or `None` if no pattern has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        <Self as Named>::from_name(name)
    }

    /// Durations of inhaling, holding, exhaling and holding, in seconds.
    #[must_use]
    pub const fn seconds(self) -> [f64; 4] {
        match self {
            Self::FourSix => [4.0, 0.0, 6.0, 0.0],
            Self::ThreeSeven => [3.0, 0.0, 7.0, 0.0],
            Self::FiveFive => [5.0, 0.0, 5.0, 0.0],
            Self::Box4 => [4.0, 4.0, 4.0, 4.0],
        }
    }

    /// Duration of one whole breath.
    #[must_use]
    pub fn cycle(self) -> Duration {
        Duration::from_secs_f64(self.seconds().iter().sum())
    }

    /// The breath when `since_start` has passed since the first inhale began. The level and its slope are continuous.
    #[must_use]
    pub fn at(self, since_start: Duration) -> Breath {
        let [inhale, full, exhale, empty] = self.seconds();
        let cycle = inhale + full + exhale + empty;
        let mut t = since_start.as_secs_f64() % cycle;
        if t < inhale {
            return Breath { level: ease(t / inhale), phase: BreathPhase::Inhale };
        }
        t -= inhale;
        if t < full {
            return Breath { level: 1.0, phase: BreathPhase::HoldFull };
        }
        t -= full;
        if t < exhale {
            return Breath { level: ease(1.0 - t / exhale), phase: BreathPhase::Exhale };
        }
        Breath { level: 0.0, phase: BreathPhase::HoldEmpty }
    }
}

/// The state of a breath at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breath {
    /// How full the lungs are, from 0 (empty) to 1 (full).
    pub level: f64,
    /// The phase at that moment.
    pub phase: BreathPhase,
}

/// A phase of the breathing cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreathPhase {
    /// The level rises from 0 to 1.
    Inhale,
    /// The level stays at 1.
    HoldFull,
    /// The level falls from 1 to 0.
    Exhale,
    /// The level stays at 0.
    HoldEmpty,
}

fn ease(x: f64) -> f64 {
    0.5 - 0.5 * (PI * x).cos()
}
