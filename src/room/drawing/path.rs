//! Owns the conversion of a stroke's points to smooth paths, which are the same on the screen, in print and in a file.
//! Does not own colours or the renderer.

use std::ops::Range;

use super::{Stroke, StrokePoint};

/// Change in the width of a stroke, in page units, at which a new path starts. Neighbouring paths then differ in width
/// by about 0.06 mm on a 10.1" tablet, a difference too small to see.
const WIDTH_STEP: f32 = 4.0;

/// A quadratic Bézier curve that begins where the previous one ends. Coordinates are in page units.
#[derive(Clone, Copy, PartialEq)]
pub struct QuadraticBezier {
    /// The control point, which the curve need not pass through.
    pub control: (f32, f32),
    /// Where the curve ends.
    pub to: (f32, f32),
}

/// A smooth path of constant width with round caps and joins. Coordinates are in page units.
#[derive(Clone, PartialEq)]
pub struct StrokePath {
    /// Width of the path, in page units.
    pub width: f32,
    /// Where the path starts.
    pub from: (f32, f32),
    /// The curves, the first of which begins at `from`. A dot is one curve that ends where it starts.
    pub curves: Vec<QuadraticBezier>,
}

/// Splits a stroke into paths of constant width. Their round caps overlap, which makes them look like one stroke.
#[must_use]
pub fn stroke_paths(stroke: &Stroke) -> Vec<StrokePath> {
    stroke_paths_between(stroke.points(), 0..stroke.points().len())
}

/// Returns the paths for only the points in `range`, so that a growing stroke can be drawn piece by piece. The path at
/// a point is final once the next point is known.
#[must_use]
pub fn stroke_paths_between(points: &[StrokePoint], range: Range<usize>) -> Vec<StrokePath> {
    let mut paths: Vec<StrokePath> = Vec::new();
    for index in range.start..range.end.min(points.len()) {
        let point = points[index];
        let (before, after) = (points[index.saturating_sub(1)], points.get(index + 1).copied().unwrap_or(point));
        // The points are control points; the path itself passes through the midpoints between them.
        let from = midpoint(coordinates(before), coordinates(point));
        let to = midpoint(coordinates(point), coordinates(after));
        let width_towards = |other: StrokePoint| f32::midpoint(f32::from(other.width), f32::from(point.width));
        let (width_from, width_to) = (width_towards(before), width_towards(after));
        let piece_count = ((width_from - width_to).abs() / WIDTH_STEP).ceil().max(1.0);
        let mut piece_from = from;
        for piece in 0..piece_count as usize {
            let (t0, t1) = (piece as f32 / piece_count, (piece + 1) as f32 / piece_count);
            let mut curve = subdivide(from, coordinates(point), to, t0, t1);
            if piece + 1 == piece_count as usize {
                // The end point is set exactly, because paths must meet without a rounding error.
                curve.to = to;
            }
            if piece_count < 2.0 {
                curve.control = coordinates(point);
            }
            let width = width_from + (width_to - width_from) * f32::midpoint(t0, t1);
            match paths.last_mut() {
                Some(path) if (path.width - width).abs() < WIDTH_STEP => path.curves.push(curve),
                _ => paths.push(StrokePath { width, from: piece_from, curves: vec![curve] }),
            }
            piece_from = curve.to;
        }
    }
    paths
}

/// Returns the part of a quadratic Bézier curve between the parameters `t0` and `t1`, by blossoming (de Casteljau).
fn subdivide(from: (f32, f32), control: (f32, f32), to: (f32, f32), t0: f32, t1: f32) -> QuadraticBezier {
    let lerp = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let blossom = |first: f32, second: f32| {
        let axis =
            |from: f32, control: f32, to: f32| lerp(lerp(from, control, first), lerp(control, to, first), second);
        (axis(from.0, control.0, to.0), axis(from.1, control.1, to.1))
    };
    QuadraticBezier { control: blossom(t0, t1), to: blossom(t1, t1) }
}

fn coordinates(point: StrokePoint) -> (f32, f32) {
    (f32::from(point.x), f32::from(point.y))
}

fn midpoint(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (f32::midpoint(a.0, b.0), f32::midpoint(a.1, b.1))
}

#[cfg(test)]
mod tests {
    use super::super::Tint;
    use super::*;

    fn stroke(points: &[(u16, u16, u16)]) -> Stroke {
        let points = points.iter().map(|&(x, y, width)| StrokePoint { x, y, width }).collect();
        Stroke::new(Tint::Sand, points).unwrap()
    }

    #[test]
    fn a_path_starts_and_ends_where_the_finger_did() {
        let paths = stroke_paths(&stroke(&[(0, 0, 100), (100, 0, 100), (100, 100, 100), (300, 100, 100)]));
        assert_eq!(paths.len(), 1);
        assert_eq!(paths[0].from, (0.0, 0.0));
        assert_eq!(paths[0].curves.last().unwrap().to, (300.0, 100.0));
    }

    #[test]
    fn a_dot_is_a_curve_without_length() {
        let paths = stroke_paths(&stroke(&[(7, 9, 200)]));
        assert!(paths.len() == 1 && paths[0].curves.len() == 1);
        assert!(paths[0].from == (7.0, 9.0) && paths[0].curves[0].to == (7.0, 9.0));
    }

    #[test]
    fn paths_of_changing_width_join_without_a_gap() {
        let points: Vec<(u16, u16, u16)> = (0..60).map(|at| (at * 40, at % 7 * 30, 60 + at * 3)).collect();
        let paths = stroke_paths(&stroke(&points));
        assert!(paths.len() > 25);
        for pair in paths.windows(2) {
            assert!(pair[0].curves.last().unwrap().to == pair[1].from);
            assert!((pair[1].width - pair[0].width).abs() < 2.0 * WIDTH_STEP);
        }
    }

    /// Pieces drawn while the finger is moving must equal the stroke drawn after the finger has lifted.
    #[test]
    fn a_stroke_drawn_in_pieces_equals_the_stroke_drawn_at_once() {
        let points: Vec<(u16, u16, u16)> = (0..50).map(|at| (at * 31, at * at, 90)).collect();
        let whole = stroke(&points);
        let all: Vec<QuadraticBezier> = stroke_paths(&whole).into_iter().flat_map(|path| path.curves).collect();
        let mut pieces = Vec::new();
        for from in (0..50).step_by(16) {
            let to = (from + 16).min(50);
            // A piece is drawn once the point after it is known, so later points are left out here.
            let known = &whole.points()[..(to + 1).min(50)];
            pieces.extend(stroke_paths_between(known, from..to).into_iter().flat_map(|path| path.curves));
        }
        assert!(all == pieces);
    }
}
