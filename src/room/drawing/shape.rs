//! Owns how the points of a stroke become a smooth line: the same line on the screen, in a print and in a file. Does not
//! own any colour, nor what it is drawn with.

use std::ops::Range;

use super::{Stroke, StrokePoint};

/// A line whose width has changed by so much goes on as another one, in units of the page: less than half a pixel, so
/// that no step is seen.
const WIDTH_STEP: f32 = 4.0;

/// A piece of a curve: a quadratic Bézier that begins where the one before ends. In units of the page.
#[derive(Clone, Copy, PartialEq)]
pub struct Curve {
    /// What it bends towards.
    pub control: (f32, f32),
    /// Where it ends.
    pub to: (f32, f32),
}

/// A smooth line of one width with round ends and joins. In units of the page.
#[derive(Clone, PartialEq)]
pub struct Run {
    /// How wide it is.
    pub width: f32,
    /// Where it begins.
    pub from: (f32, f32),
    /// How it goes on. A dot is one curve that ends where it begins.
    pub curves: Vec<Curve>,
}

/// A stroke as lines of one width each. They overlap by their round ends, so that all of them together are one stroke.
#[must_use]
pub fn runs(stroke: &Stroke) -> Vec<Run> {
    runs_of(stroke.points(), 0..stroke.points().len())
}

/// The part of a stroke that those of its points bend. A point's part is final once the point after it is there.
#[must_use]
pub fn runs_of(points: &[StrokePoint], part: Range<usize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let part = part.start..part.end.min(points.len());
    for index in part {
        let point = points[index];
        let (before, after) = (points[index.saturating_sub(1)], points.get(index + 1).copied().unwrap_or(point));
        // Each point is only bent towards; the line itself goes through the middles between them.
        let from = middle(spot(before), spot(point));
        let to = middle(spot(point), spot(after));
        let width = |other: StrokePoint| f32::midpoint(f32::from(other.width), f32::from(point.width));
        let (begins, ends) = (width(before), width(after));
        let pieces = ((begins - ends).abs() / WIDTH_STEP).ceil().max(1.0);
        let mut at = from;
        for piece in 0..pieces as usize {
            let (since, until) = (piece as f32 / pieces, (piece + 1) as f32 / pieces);
            let mut curve = cut(from, spot(point), to, since, until);
            if piece + 1 == pieces as usize {
                // Without a rounding, so that lines join where they meet.
                curve.to = to;
            }
            if pieces < 2.0 {
                curve.control = spot(point);
            }
            let width = begins + (ends - begins) * f32::midpoint(since, until);
            match runs.last_mut() {
                Some(run) if (run.width - width).abs() < WIDTH_STEP => run.curves.push(curve),
                _ => runs.push(Run { width, from: at, curves: vec![curve] }),
            }
            at = curve.to;
        }
    }
    runs
}

/// The piece of a curve between two parts of its way, 0 to 1.
fn cut(from: (f32, f32), control: (f32, f32), to: (f32, f32), since: f32, until: f32) -> Curve {
    let between = |a: f32, b: f32, part: f32| a + (b - a) * part;
    // de Casteljau, once for the end and once, blended, for what the piece bends towards.
    let at = |first: f32, second: f32| {
        let along = |from: f32, control: f32, to: f32| {
            between(between(from, control, first), between(control, to, first), second)
        };
        (along(from.0, control.0, to.0), along(from.1, control.1, to.1))
    };
    Curve { control: at(since, until), to: at(until, until) }
}

fn spot(point: StrokePoint) -> (f32, f32) {
    (f32::from(point.x), f32::from(point.y))
}

fn middle(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (f32::midpoint(a.0, b.0), f32::midpoint(a.1, b.1))
}

#[cfg(test)]
mod tests {
    use super::super::Tint;
    use super::*;

    fn stroke(points: &[(u16, u16, u8)]) -> Stroke {
        let points = points.iter().map(|&(x, y, width)| StrokePoint { x, y, width }).collect();
        Stroke::new(Tint::Sand, points).unwrap()
    }

    #[test]
    fn a_stroke_begins_and_ends_where_the_finger_did() {
        let runs = runs(&stroke(&[(0, 0, 100), (100, 0, 100), (100, 100, 100), (300, 100, 100)]));
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].from, (0.0, 0.0));
        assert_eq!(runs[0].curves.last().unwrap().to, (300.0, 100.0));
    }

    #[test]
    fn a_dot_is_a_curve_without_length() {
        let runs = runs(&stroke(&[(7, 9, 200)]));
        assert!(runs.len() == 1 && runs[0].curves.len() == 1);
        assert!(runs[0].from == (7.0, 9.0) && runs[0].curves[0].to == (7.0, 9.0));
    }

    #[test]
    fn a_stroke_stays_one_line_where_its_width_changes() {
        let points: Vec<(u16, u16, u8)> = (0..60).map(|at| (at * 40, at % 7 * 30, 60 + at as u8 * 3)).collect();
        let runs = runs(&stroke(&points));
        assert!(runs.len() > 25);
        for pair in runs.windows(2) {
            assert!(pair[0].curves.last().unwrap().to == pair[1].from);
            assert!((pair[1].width - pair[0].width).abs() < 2.0 * WIDTH_STEP);
        }
    }

    /// What was drawn in pieces while the finger moved is what is drawn in one when it has lifted.
    #[test]
    fn pieces_make_the_whole() {
        let points: Vec<(u16, u16, u8)> = (0..50).map(|at| (at * 31, at * at, 90)).collect();
        let whole = stroke(&points);
        let all: Vec<Curve> = runs(&whole).into_iter().flat_map(|run| run.curves).collect();
        let mut pieces = Vec::new();
        for from in (0..50).step_by(16) {
            let to = (from + 16).min(50);
            // Only as many points as there are at that moment.
            let known = &whole.points()[..(to + 1).min(50)];
            pieces.extend(runs_of(known, from..to).into_iter().flat_map(|run| run.curves));
        }
        assert!(all == pieces);
    }
}
