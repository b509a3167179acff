//! Owns a ring that counts down: full at its start, empty at its end, with the seconds left in its middle. It redraws
//! itself and nothing else. Does not own what happens at the end.

use std::f32::consts::{FRAC_PI_2, TAU};
use std::time::{Duration, Instant};

use iced::widget::canvas::{self, Action, Canvas, Frame, Geometry, LineCap, Path, Stroke, Text};
use iced::{Element, Event, Length, Point, Radians, Rectangle, Renderer, Theme, alignment, mouse, window};

use crate::theme;

/// The ring moves on so often: a hundredth of its way in a minute is not seen as a step.
const FRAME: Duration = Duration::from_millis(200);
/// How wide the ring is, as a part of its diameter.
const WIDTH: f32 = 0.05;
/// How tall the digits are, as a part of its diameter.
const DIGITS: f32 = 0.3;

struct Countdown {
    until: Instant,
    whole: Duration,
}

/// A ring of that diameter that empties until `until`, and was full `whole` before.
#[must_use]
pub fn countdown<'a, Message: 'a>(until: Instant, whole: Duration, diameter_px: f32) -> Element<'a, Message> {
    let side = Length::Fixed(diameter_px);
    Canvas::new(Countdown { until, whole }).width(side).height(side).into()
}

/// Whole seconds until then, as people count them down: the last one is 1.
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
        match event {
            Event::Window(window::Event::RedrawRequested(now)) if *now < self.until => {
                Some(Action::request_redraw_at(*now + FRAME))
            }
            _ => None,
        }
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
        let left = self.until.saturating_duration_since(now).as_secs_f32() / self.whole.as_secs_f32().max(1.0);
        let mut frame = Frame::new(renderer, bounds.size());
        let (centre, width) = (frame.center(), bounds.width * WIDTH);
        let radius = (bounds.width - width) / 2.0;
        let stroke = Stroke::default().with_width(width).with_line_cap(LineCap::Butt);
        frame.stroke(&Path::circle(centre, radius), stroke.with_color(theme::faded(theme::SAND, 0.14)));
        if left > 0.0 {
            let arc = Path::new(|path| {
                path.arc(canvas::path::Arc {
                    center: centre,
                    radius,
                    start_angle: Radians(-FRAC_PI_2),
                    end_angle: Radians(TAU * left.min(1.0) - FRAC_PI_2),
                });
            });
            frame.stroke(&arc, stroke.with_color(theme::LAMPLIGHT));
        }
        frame.fill_text(Text {
            content: seconds_left(self.until, now).to_string(),
            position: Point::new(centre.x, centre.y),
            color: theme::SAND,
            size: (bounds.width * DIGITS).into(),
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
    fn seconds_are_counted_down_to_one_and_end_at_nought() {
        let now = Instant::now();
        let left = |millis| seconds_left(now + Duration::from_millis(millis), now);
        assert_eq!([60_000, 59_999, 59_001, 1_001, 1_000, 1, 0].map(left), [60, 60, 60, 2, 1, 1, 0]);
        assert_eq!(seconds_left(now, now + Duration::from_secs(1)), 0);
    }
}
