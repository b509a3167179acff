//! Owns a ring that counts down: full at first, empty at the end, with the seconds left at its centre. It requests its
//! own frames, without messages that would rebuild the view. Not here: what happens at the end.

use std::f32::consts::{FRAC_PI_2, TAU};
use std::time::{Duration, Instant};

use iced::widget::canvas::{self, Action, Canvas, Frame, Geometry, Path, Text};
use iced::{Element, Event, Length, Point, Rectangle, Renderer, Theme, alignment, mouse, window};

use crate::theme;

/// Time between two frames. In a countdown of a minute, the ring's steps are then too small to be seen.
const FRAME: Duration = Duration::from_millis(200);
/// Width of the ring, as a fraction of its diameter.
const RING_WIDTH: f32 = 0.05;
/// Number of straight segments of a full ring, each a few pixels long.
const SEGMENTS: f32 = 240.0;
/// Size of the digits, as a fraction of the diameter.
const DIGIT_SIZE: f32 = 0.3;

struct Countdown {
    until: Instant,
    duration: Duration,
}

/// A ring that is full `duration` before `until` and empty at `until`, with its diameter in logical pixels.
#[must_use]
pub fn countdown<'a, Message: 'a>(until: Instant, duration: Duration, diameter_px: f32) -> Element<'a, Message> {
    let side = Length::Fixed(diameter_px);
    Canvas::new(Countdown { until, duration }).width(side).height(side).into()
}

/// An arc of a ring, clockwise from its top, as a filled shape. A stroked path would leave specks: iced's software
/// renderer computes the damage of a stroke from its centre line, without its width.
pub(super) fn arc(centre: Point, radius: f32, width: f32, part: f32) -> Path {
    let steps = (SEGMENTS * part).ceil().max(1.0) as u32;
    let at = |step: u32, radius: f32| {
        let angle = TAU * part * step as f32 / steps as f32 - FRAC_PI_2;
        Point::new(centre.x + radius * angle.cos(), centre.y + radius * angle.sin())
    };
    Path::new(|path| {
        path.move_to(at(0, radius + width / 2.0));
        (1..=steps).for_each(|step| path.line_to(at(step, radius + width / 2.0)));
        (0..=steps).rev().for_each(|step| path.line_to(at(step, radius - width / 2.0)));
        path.close();
    })
}

/// Whole seconds left, rounded up: the last second counts as 1.
#[must_use]
pub fn seconds_left(until: Instant, now: Instant) -> u64 {
    let left = until.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

impl<Message> canvas::Program<Message> for Countdown {
    type State = ();

    fn update(
        &self,
        _state: &mut (),
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return None };
        (*now < self.until).then(|| Action::request_redraw_at(*now + FRAME))
    }

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let now = Instant::now();
        let left = self.until.saturating_duration_since(now).as_secs_f32() / self.duration.as_secs_f32().max(1.0);
        let mut frame = Frame::new(renderer, bounds.size());
        let (centre, width) = (frame.center(), bounds.width * RING_WIDTH);
        let radius = (bounds.width - width) / 2.0;
        frame.fill(&arc(centre, radius, width, 1.0), theme::faded(theme::SAND, 0.14));
        if left > 0.0 {
            frame.fill(&arc(centre, radius, width, left.min(1.0)), theme::LAMPLIGHT);
        }
        frame.fill_text(Text {
            content: seconds_left(self.until, now).to_string(),
            position: Point::new(centre.x, centre.y),
            color: theme::SAND,
            size: (bounds.width * DIGIT_SIZE).into(),
            font: theme::CONTROL,
            align_x: alignment::Horizontal::Center.into(),
            align_y: alignment::Vertical::Center,
            ..Text::default()
        });
        vec![frame.into_geometry()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_count_down_to_one_and_end_at_zero() {
        let now = Instant::now();
        let left = |millis| seconds_left(now + Duration::from_millis(millis), now);
        assert_eq!([60_000, 59_999, 59_001, 1_001, 1_000, 1, 0].map(left), [60, 60, 60, 2, 1, 1, 0]);
        assert_eq!(seconds_left(now, now + Duration::from_secs(1)), 0);
    }
}
