//! Owns what a patient draws: strokes on a page that has its own measure, the same on every screen and on paper. Does
//! not own how a stroke is seen, sealed or taken home.

mod shape;

use std::fmt;
use std::sync::Arc as Shared;

pub use shape::{Curve, Run, runs, runs_of};

/// Width of a page in its own units, each about a sixty-fifth of a millimetre on a tablet of 10.1 inches.
pub const PAGE_WIDTH: u16 = 12_000;
/// Height of a page in the same units.
pub const PAGE_HEIGHT: u16 = 6_250;
/// Strokes of one page at most.
pub const STROKES_MAX: usize = 2_000;
/// Points of one page at most, those of all its strokes together.
pub const POINTS_MAX: usize = 24_000;
/// Points of all pages of a note together at most.
pub const NOTE_POINTS_MAX: usize = 240_000;

/// What a stroke is drawn with. The colours themselves belong to whoever shows them: a dark screen and white paper need
/// others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tint {
    /// As words are written.
    #[default]
    Sand,
    /// A warm yellow.
    Honey,
    /// A quiet red.
    Rose,
    /// A grey green.
    Moss,
    /// A light blue.
    Sea,
}

impl Tint {
    /// Every one there is.
    pub const ALL: [Self; 5] = [Self::Sand, Self::Honey, Self::Rose, Self::Moss, Self::Sea];

    /// Its name in files and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sand => "sand",
            Self::Honey => "honey",
            Self::Rose => "rose",
            Self::Moss => "moss",
            Self::Sea => "sea",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tint| tint.name() == name)
    }
}

/// One point of a stroke, in units of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StrokePoint {
    /// From the left edge, 0 to [`PAGE_WIDTH`].
    pub x: u16,
    /// From the upper edge, 0 to [`PAGE_HEIGHT`].
    pub y: u16,
    /// How wide the stroke is here, 1 to 255.
    pub width: u8,
}

impl fmt::Debug for StrokePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StrokePoint(…)")
    }
}

/// What one finger drew from landing to lifting. It has at least one point; a single one is a dot.
#[derive(Clone, PartialEq, Eq)]
pub struct Stroke {
    tint: Tint,
    points: Vec<StrokePoint>,
}

impl Stroke {
    /// A stroke through those points, kept within the page; `None` without any.
    #[must_use]
    pub fn new(tint: Tint, mut points: Vec<StrokePoint>) -> Option<Self> {
        for point in &mut points {
            point.x = point.x.min(PAGE_WIDTH);
            point.y = point.y.min(PAGE_HEIGHT);
            point.width = point.width.max(1);
        }
        (!points.is_empty()).then_some(Self { tint, points })
    }

    /// What it is drawn with.
    #[must_use]
    pub const fn tint(&self) -> Tint {
        self.tint
    }

    /// Its points in the order in which they were drawn.
    #[must_use]
    pub fn points(&self) -> &[StrokePoint] {
        &self.points
    }
}

impl fmt::Debug for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stroke(…)")
    }
}

/// A page that is drawn. Copies share their strokes, so that one costs next to nothing. Like words of a patient it never
/// appears in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    strokes: Vec<Shared<Stroke>>,
}

impl Drawing {
    /// A drawing of those strokes, the first lowest.
    #[must_use]
    pub const fn of(strokes: Vec<Shared<Stroke>>) -> Self {
        Self { strokes }
    }

    /// Its strokes, the first lowest.
    #[must_use]
    pub fn strokes(&self) -> &[Shared<Stroke>] {
        &self.strokes
    }

    /// Puts a stroke over the others.
    pub fn add(&mut self, stroke: Shared<Stroke>) {
        self.strokes.push(stroke);
    }

    /// Takes the uppermost stroke away.
    pub fn take_last(&mut self) -> Option<Shared<Stroke>> {
        self.strokes.pop()
    }

    /// Whether nothing is drawn.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.strokes.is_empty()
    }

    /// How many points all its strokes have.
    #[must_use]
    pub fn points(&self) -> usize {
        self.strokes.iter().map(|stroke| stroke.points.len()).sum()
    }

    /// Whether it is within what one page holds.
    #[must_use]
    pub fn fits_a_page(&self) -> bool {
        self.strokes.len() <= STROKES_MAX && self.points() <= POINTS_MAX
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawing(…)")
    }
}
