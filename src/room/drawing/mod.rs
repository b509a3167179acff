//! Owns a patient's drawings: strokes on a page, in units that do not depend on the screen or the paper. Does not own
//! how a stroke is rendered, sealed or taken home.

mod path;

use std::fmt;
use std::sync::Arc;

pub use path::{QuadraticBezier, StrokePath, stroke_paths, stroke_paths_between};

/// Width of a page in page units. One unit is about 1/65 mm on a 10.1" tablet.
pub const PAGE_WIDTH: u16 = 12_000;
/// Height of a page in page units.
pub const PAGE_HEIGHT: u16 = 6_250;
/// Maximum width of a stroke in page units.
pub const STROKE_WIDTH_MAX: u16 = 1_000;
/// Maximum number of strokes on a page.
pub const STROKES_MAX: usize = 2_000;
/// Maximum number of points on a page, all strokes together.
pub const POINTS_MAX: usize = 24_000;
/// Maximum number of points in a note, all pages together.
pub const NOTE_POINTS_MAX: usize = 240_000;

/// The colour of a stroke. Its RGB value depends on where it is shown, since a dark screen and white paper need
/// different values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tint {
    /// The colour of text.
    #[default]
    Sand,
    /// A warm yellow.
    Honey,
    /// A muted red.
    Rose,
    /// A greyish green.
    Moss,
    /// A light blue.
    Sea,
}

impl Tint {
    /// All tints, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Sand, Self::Honey, Self::Rose, Self::Moss, Self::Sea];

    /// The tint's name, used in the id of its button.
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
}

/// One point of a stroke, in page units. `Debug` does not print the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StrokePoint {
    /// Distance from the left edge, 0 to [`PAGE_WIDTH`].
    pub x: u16,
    /// Distance from the top edge, 0 to [`PAGE_HEIGHT`].
    pub y: u16,
    /// Width of the stroke here, 1 to [`STROKE_WIDTH_MAX`].
    pub width: u16,
}

impl fmt::Debug for StrokePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StrokePoint(…)")
    }
}

/// What one finger draws between touching the page and lifting. It has at least one point; a single point is a dot.
#[derive(Clone, PartialEq, Eq)]
pub struct Stroke {
    tint: Tint,
    points: Vec<StrokePoint>,
}

impl Stroke {
    /// Creates a stroke through `points`, which are clamped to the page. Returns `None` if there are no points.
    #[must_use]
    pub fn new(tint: Tint, mut points: Vec<StrokePoint>) -> Option<Self> {
        for point in &mut points {
            point.x = point.x.min(PAGE_WIDTH);
            point.y = point.y.min(PAGE_HEIGHT);
            point.width = point.width.clamp(1, STROKE_WIDTH_MAX);
        }
        (!points.is_empty()).then_some(Self { tint, points })
    }

    /// The colour of the stroke.
    #[must_use]
    pub const fn tint(&self) -> Tint {
        self.tint
    }

    /// The points in the order in which they were drawn.
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

/// The drawing on a page. Clones share their strokes, so they are cheap. `Debug` does not print the content.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    strokes: Vec<Arc<Stroke>>,
}

impl Drawing {
    /// Creates a drawing of `strokes`, listed from bottom to top.
    #[must_use]
    pub const fn new(strokes: Vec<Arc<Stroke>>) -> Self {
        Self { strokes }
    }

    /// The strokes, from bottom to top.
    #[must_use]
    pub fn strokes(&self) -> &[Arc<Stroke>] {
        &self.strokes
    }

    /// Adds a stroke on top of the others.
    pub fn push(&mut self, stroke: Arc<Stroke>) {
        self.strokes.push(stroke);
    }

    /// Removes and returns the topmost stroke, or returns `None` if there is none.
    pub fn pop(&mut self) -> Option<Arc<Stroke>> {
        self.strokes.pop()
    }

    /// Whether there are no strokes.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.strokes.is_empty()
    }

    /// Number of points of all strokes together.
    #[must_use]
    pub fn point_count(&self) -> usize {
        self.strokes.iter().map(|stroke| stroke.points.len()).sum()
    }

    /// Whether the drawing is within [`STROKES_MAX`] and [`POINTS_MAX`].
    #[must_use]
    pub fn fits_a_page(&self) -> bool {
        self.strokes.len() <= STROKES_MAX && self.point_count() <= POINTS_MAX
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawing(…)")
    }
}
