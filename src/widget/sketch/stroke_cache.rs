//! Owns how strokes come onto the page. What is finished is kept as geometry, a few strokes together, and never reckoned
//! anew; of a line under way, too, only its last piece is. So a long drawing costs no more a frame than a short one.
//! Does not own which finger draws.

use std::sync::Arc as Shared;

use iced::widget::canvas::path::Builder;
use iced::widget::canvas::{self, Cache, Frame, LineCap, LineJoin, Path};
use iced::{Color, Point, Rectangle, Renderer, Size};

use crate::room::drawing::{PAGE_HEIGHT, PAGE_WIDTH, Run, Stroke, StrokePoint, Tint, runs, runs_of};
use crate::theme;

/// Strokes are kept together until they have so many points.
const GROUP_POINTS: usize = 256;
/// A line under way is kept in pieces of so many points.
const PIECE_POINTS: usize = 48;
/// Smoothed edges reach so far beyond a stroke, in logical pixels.
const EDGE_PX: f32 = 2.0;

/// The finished strokes as they lie on the page.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    strokes: Vec<Shared<Stroke>>,
    points: usize,
    bounds: Bounds,
    kept: Cache,
}

impl Sheet {
    /// Follows the drawing: what is there already stays as it is.
    pub(super) fn follow(&mut self, strokes: &[Shared<Stroke>]) {
        let mut known = 0;
        let mut right = 0;
        for group in &self.groups {
            let there = strokes.get(known..known + group.strokes.len());
            if !there.is_some_and(|there| there.iter().zip(&group.strokes).all(|(a, b)| Shared::ptr_eq(a, b))) {
                break;
            }
            known += group.strokes.len();
            right += 1;
        }
        self.groups.truncate(right);
        for stroke in &strokes[known..] {
            if self.groups.last().is_none_or(|group| group.points >= GROUP_POINTS) {
                let (strokes, bounds, kept) = (Vec::new(), Bounds::default(), Cache::new());
                self.groups.push(Group { strokes, points: 0, bounds, kept });
            }
            if let Some(group) = self.groups.last_mut() {
                group.strokes.push(Shared::clone(stroke));
                group.points += stroke.points().len();
                group.bounds.reach(stroke.points());
                group.kept.clear();
            }
        }
    }

    /// The page of that size.
    pub(super) fn draw(&self, renderer: &Renderer, size: Size, mut put: impl FnMut(canvas::Geometry<Renderer>)) {
        for group in &self.groups {
            put(group.kept.draw_with_bounds(renderer, group.bounds.on(size), |frame| {
                for stroke in &group.strokes {
                    draw_runs(frame, size, stroke.tint(), &runs(stroke));
                }
            }));
        }
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> Vec<usize> {
        self.groups.iter().map(|group| group.strokes.len()).collect()
    }
}

/// A line under way, as it lies on the page.
#[derive(Debug, Default)]
pub(super) struct Underway {
    pieces: Vec<Cache>,
    end: Cache,
}

impl Underway {
    /// The line has grown: so many of its points stay.
    pub(super) fn grew(&mut self, points: usize) {
        self.pieces.resize_with(points.saturating_sub(1) / PIECE_POINTS, Cache::new);
        self.end.clear();
    }

    /// The line through those points, of which the last still moves.
    pub(super) fn draw(
        &self,
        renderer: &Renderer,
        size: Size,
        tint: Tint,
        points: &[StrokePoint],
        mut put: impl FnMut(canvas::Geometry<Renderer>),
    ) {
        let ends = self.pieces.len() * PIECE_POINTS;
        let pieces = self.pieces.iter().enumerate();
        let pieces = pieces.map(|(index, kept)| (kept, index * PIECE_POINTS..(index + 1) * PIECE_POINTS));
        for (kept, part) in pieces.chain([(&self.end, ends..points.len())]) {
            let mut bounds = Bounds::default();
            bounds.reach(points.get(part.start.saturating_sub(1)..(part.end + 1).min(points.len())).unwrap_or(&[]));
            put(kept.draw_with_bounds(renderer, bounds.on(size), |frame| {
                draw_runs(frame, size, tint, &runs_of(points, part));
            }));
        }
    }
}

/// How far strokes reach, in units of the page.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds(Option<(f32, f32, f32, f32)>);

impl Bounds {
    fn reach(&mut self, points: &[StrokePoint]) {
        for point in points {
            let (x, y, half) = (f32::from(point.x), f32::from(point.y), f32::from(point.width) / 2.0);
            let (left, top, right, bottom) = self.0.unwrap_or((x, y, x, y));
            self.0 = Some((left.min(x - half), top.min(y - half), right.max(x + half), bottom.max(y + half)));
        }
    }

    fn on(self, size: Size) -> Rectangle {
        let Some((left, top, right, bottom)) = self.0 else { return Rectangle::default() };
        let (across, down) = scale(size);
        Rectangle { x: left * across, y: top * down, width: (right - left) * across, height: (bottom - top) * down }
            .expand(EDGE_PX)
    }
}

fn scale(size: Size) -> (f32, f32) {
    (size.width / f32::from(PAGE_WIDTH), size.height / f32::from(PAGE_HEIGHT))
}

fn draw_runs(frame: &mut Frame, size: Size, tint: Tint, runs: &[Run]) {
    let (across, down) = scale(size);
    let place = |(x, y): (f32, f32)| Point::new(x * across, y * down);
    let color: Color = theme::tint(tint);
    for run in runs {
        let width = run.width * across;
        if run.curves.iter().all(|curve| curve.to == run.from) {
            frame.fill(&Path::circle(place(run.from), width / 2.0), color);
            continue;
        }
        let path = Path::new(|path: &mut Builder| {
            path.move_to(place(run.from));
            let mut from = run.from;
            for curve in &run.curves {
                // A curve without a bend is a line; some ways of drawing stumble over the other.
                if curve.control == from || curve.control == curve.to {
                    path.line_to(place(curve.to));
                } else {
                    path.quadratic_curve_to(place(curve.control), place(curve.to));
                }
                from = curve.to;
            }
        });
        let stroke = canvas::Stroke::default().with_color(color).with_width(width);
        frame.stroke(&path, stroke.with_line_cap(LineCap::Round).with_line_join(LineJoin::Round));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(points: usize) -> Shared<Stroke> {
        let points = (0..points).map(|at| StrokePoint { x: at as u16, y: 0, width: 9 }).collect();
        Shared::new(Stroke::new(Tint::Sea, points).unwrap())
    }

    #[test]
    fn a_stroke_more_or_less_leaves_all_but_the_last_group_as_it_is() {
        let mut strokes: Vec<_> = (0..40).map(|_| stroke(50)).collect();
        let mut sheet = Sheet::default();
        sheet.follow(&strokes);
        assert_eq!(sheet.groups(), [6, 6, 6, 6, 6, 6, 4]);
        let taken = strokes.pop();
        sheet.follow(&strokes);
        assert_eq!(sheet.groups(), [6, 6, 6, 6, 6, 6, 3]);
        strokes.extend(taken);
        strokes.push(stroke(400));
        strokes.push(stroke(1));
        sheet.follow(&strokes);
        assert_eq!(sheet.groups(), [6, 6, 6, 6, 6, 6, 5, 1]);
        sheet.follow(&[]);
        assert!(sheet.groups().is_empty());
    }

    #[test]
    fn another_drawing_takes_the_place_of_the_first() {
        let mut sheet = Sheet::default();
        sheet.follow(&[stroke(5), stroke(5)]);
        sheet.follow(&[stroke(5)]);
        assert_eq!(sheet.groups(), [1]);
    }
}
