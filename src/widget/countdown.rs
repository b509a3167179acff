//! Owns a ring that counts down: full at first, empty at the end, with the seconds left at its centre. Also owns the
//! shape of a part of a ring. The countdown requests its own frames, because a message for each frame would rebuild the
//! view. Does not own what happens at the end.

use std::f32::consts::{FRAC_PI_2, TAU};
use std::time::{Duration, Instant};

use iced::widget::canvas::{self, Action, Canvas, Frame, Geometry, Path, Text};
use iced::{Element, Event, Length, Point, Rectangle, Renderer, Theme, alignment, mouse, window};

use crate::theme;

/// Time between two frames. At this rate, the ring of a one-minute countdown shrinks by steps too small to see.
const FRAME: Duration = Duration::from_millis(200);
/// Thickness of the ring, as a fraction of its diameter.
const RING_WIDTH: f32 = 0.05;
/// Number of straight segments that a full ring consists of, each a few pixels long.
const SEGMENTS: f32 = 240.0;
/// Font size of the seconds, as a fraction of the ring's diameter.
const DIGIT_SIZE: f32 = 0.3;

struct Countdown {
    until: Instant,
    duration: Duration,
}

/// Creates a ring with this diameter, in logical pixels. It shrinks for `duration`, and is empty at `until`.
#[must_use]
pub fn countdown<'a, Message: 'a>(until: Instant, duration: Duration, diameter_px: f32) -> Element<'a, Message> {
    let side = Length::Fixed(diameter_px);
    Canvas::new(Countdown { until, duration }).width(side).height(side).into()
}

/// Returns the fraction `part` of a ring, clockwise from its top, as a shape to fill. A stroked path would leave
/// specks, because iced's software renderer computes the area to redraw from the centre line of a stroke, without its
/// width.
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

/// Returns the seconds left, rounded up: 1 during the last second, 0 from `until` on.
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
