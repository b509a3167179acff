//! Owns the rendering of strokes, and the cache of what has been rendered. Finished strokes are cached as geometry,
//! several in a group. An unfinished stroke is cached in pieces, of which only the last is tessellated again. A frame
//! of a long drawing therefore costs no more than a frame of a short drawing. Does not own the decision which finger
//! draws.

use std::sync::Arc;

use iced::widget::canvas::path::Builder;
use iced::widget::canvas::{self, Cache, Frame, LineCap, LineJoin, Path};
use iced::{Color, Point, Rectangle, Renderer, Size};

use crate::room::drawing::{
    PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePath, StrokePoint, Tint, stroke_paths, stroke_paths_between,
};
use crate::theme;

/// Number of points at or above which a group of strokes is full.
const GROUP_POINTS: usize = 256;
/// Number of points in a piece of an unfinished stroke.
const PIECE_POINTS: usize = 48;
/// Distance by which antialiasing extends beyond a stroke, in logical pixels.
const ANTIALIASING_PX: f32 = 2.0;

/// The finished strokes of a page, with their cached geometry.
#[derive(Debug, Default)]
pub(super) struct StrokeCache {
    groups: Vec<StrokeGroup>,
}

#[derive(Debug)]
struct StrokeGroup {
    strokes: Vec<Arc<Stroke>>,
    points: usize,
    bounds: InkBounds,
    geometry: Cache,
}

impl StrokeCache {
    /// Updates the cache to these strokes. Groups whose strokes have not changed are kept.
    pub(super) fn update(&mut self, strokes: &[Arc<Stroke>]) {
        let mut known = 0;
        let mut unchanged = 0;
        for group in &self.groups {
            let present = strokes.get(known..known + group.strokes.len());
            if !present.is_some_and(|present| present.iter().zip(&group.strokes).all(|(a, b)| Arc::ptr_eq(a, b))) {
                break;
            }
            known += group.strokes.len();
            unchanged += 1;
        }
        self.groups.truncate(unchanged);
        for stroke in &strokes[known..] {
            if self.groups.last().is_none_or(|group| group.points >= GROUP_POINTS) {
                let (strokes, bounds, geometry) = (Vec::new(), InkBounds::default(), Cache::new());
                self.groups.push(StrokeGroup { strokes, points: 0, bounds, geometry });
            }
            if let Some(group) = self.groups.last_mut() {
                group.strokes.push(Arc::clone(stroke));
                group.points += stroke.points().len();
                group.bounds.include(stroke.points());
                group.geometry.clear();
            }
        }
    }

    /// Draws the strokes on a page of `size`, in logical pixels. `color` returns the colour of each tint.
    pub(super) fn draw(
        &self,
        renderer: &Renderer,
        size: Size,
        color: fn(Tint) -> Color,
        mut emit: impl FnMut(canvas::Geometry<Renderer>),
    ) {
        for group in &self.groups {
            emit(group.geometry.draw_with_bounds(renderer, group.bounds.scaled(size), |frame| {
                for stroke in &group.strokes {
                    draw_paths(frame, size, color(stroke.tint()), &stroke_paths(stroke));
                }
            }));
        }
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> Vec<usize> {
        self.groups.iter().map(|group| group.strokes.len()).collect()
    }
}

/// The cached geometry of an unfinished stroke.
#[derive(Debug, Default)]
pub(super) struct LiveStroke {
    pieces: Vec<Cache>,
    tail: Cache,
}

impl LiveStroke {
    /// Records that the stroke has grown to this many fixed points.
    pub(super) fn grow(&mut self, points: usize) {
        self.pieces.resize_with(points.saturating_sub(1) / PIECE_POINTS, Cache::new);
        self.tail.clear();
    }

    /// Draws the stroke through these points, of which the last one is still moving.
    pub(super) fn draw(
        &self,
        renderer: &Renderer,
        size: Size,
        tint: Tint,
        points: &[StrokePoint],
        mut emit: impl FnMut(canvas::Geometry<Renderer>),
    ) {
        let tail_start = self.pieces.len() * PIECE_POINTS;
        let pieces = self.pieces.iter().enumerate();
        let pieces = pieces.map(|(index, geometry)| (geometry, index * PIECE_POINTS..(index + 1) * PIECE_POINTS));
        for (geometry, part) in pieces.chain([(&self.tail, tail_start..points.len())]) {
            let mut bounds = InkBounds::default();
            bounds.include(points.get(part.start.saturating_sub(1)..(part.end + 1).min(points.len())).unwrap_or(&[]));
            emit(geometry.draw_with_bounds(renderer, bounds.scaled(size), |frame| {
                draw_paths(frame, size, theme::tint(tint), &stroke_paths_between(points, part));
            }));
        }
    }
}

/// The bounding box of strokes, including their width, in units of the page.
#[derive(Clone, Copy, Debug, Default)]
struct InkBounds(Option<(f32, f32, f32, f32)>);

impl InkBounds {
    fn include(&mut self, points: &[StrokePoint]) {
        for point in points {
            let (x, y, half) = (f32::from(point.x), f32::from(point.y), f32::from(point.width) / 2.0);
            let (left, top, right, bottom) = self.0.unwrap_or((x, y, x, y));
            self.0 = Some((left.min(x - half), top.min(y - half), right.max(x + half), bottom.max(y + half)));
        }
    }

    fn scaled(self, size: Size) -> Rectangle {
        let Some((left, top, right, bottom)) = self.0 else { return Rectangle::default() };
        let (across, down) = page_scale(size);
        Rectangle { x: left * across, y: top * down, width: (right - left) * across, height: (bottom - top) * down }
            .expand(ANTIALIASING_PX)
    }
}

fn page_scale(size: Size) -> (f32, f32) {
    (size.width / f32::from(PAGE_WIDTH), size.height / f32::from(PAGE_HEIGHT))
}

fn draw_paths(frame: &mut Frame, size: Size, color: Color, paths: &[StrokePath]) {
    let (across, down) = page_scale(size);
    let place = |(x, y): (f32, f32)| Point::new(x * across, y * down);
    for stroke_path in paths {
        let width = stroke_path.width * across;
        if stroke_path.curves.iter().all(|curve| curve.to == stroke_path.from) {
            frame.fill(&Path::circle(place(stroke_path.from), width / 2.0), color);
            continue;
        }
        let path = Path::new(|path: &mut Builder| {
            path.move_to(place(stroke_path.from));
            let mut from = stroke_path.from;
            for curve in &stroke_path.curves {
                // A straight curve is drawn as a line, because tessellators can fail on a degenerate curve.
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

    fn stroke(points: usize) -> Arc<Stroke> {
        let points = (0..points).map(|at| StrokePoint { x: at as u16, y: 0, width: 9 }).collect();
        Arc::new(Stroke::new(Tint::Sea, points).unwrap())
    }

    #[test]
    fn adding_or_removing_a_stroke_changes_only_the_last_group() {
        let mut strokes: Vec<_> = (0..40).map(|_| stroke(50)).collect();
        let mut cache = StrokeCache::default();
        cache.update(&strokes);
        assert_eq!(cache.groups(), [6, 6, 6, 6, 6, 6, 4]);
        let taken = strokes.pop();
        cache.update(&strokes);
        assert_eq!(cache.groups(), [6, 6, 6, 6, 6, 6, 3]);
        strokes.extend(taken);
        strokes.push(stroke(400));
        strokes.push(stroke(1));
        cache.update(&strokes);
        assert_eq!(cache.groups(), [6, 6, 6, 6, 6, 6, 5, 1]);
        cache.update(&[]);
        assert!(cache.groups().is_empty());
    }

    #[test]
    fn another_drawing_replaces_the_first() {
        let mut cache = StrokeCache::default();
        cache.update(&[stroke(5), stroke(5)]);
        cache.update(&[stroke(5)]);
        assert_eq!(cache.groups(), [1]);
    }
}
