//! Owns the pace of the living place: when its next picture is due, and what that picture shows. The device's side of it
//! is the pipeline's.

use std::time::{Duration, Instant};

use iced::advanced::mouse;
use iced::widget::shader::{self, Action, Viewport};
use iced::{Element, Event, Length, Rectangle, wgpu, window};

use super::pictures::{Grade, Subject};
use super::pipeline::{Pipeline, Wish};
use super::sheet::Light;
use super::stage::{Coming, Stage};
use super::values::SceneValues;
use super::{Backend, Pictures, Scenery};

/// The arc's light moves over minutes; a step this often cannot be seen.
const LIGHT_STEP: Duration = Duration::from_secs(3);
/// Slow light alone needs no more than this many pictures a second.
const LIGHT_FRAME: Duration = Duration::from_millis(100);
/// A picture that is due within this is drawn with the one that somebody else asked for.
const SOON: Duration = Duration::from_millis(3);
/// A veil at no brightness at all: the place stays a shade, never a hole.
pub(super) const DARKEST: f32 = 0.92;
/// The eye takes the first thin veil for more than it is.
pub(super) const THICKENS: f32 = 1.4;

pub(super) fn live<'a, Message: 'a>(pictures: &Pictures, scenery: Scenery) -> Element<'a, Message> {
    let live = Live { pictures: pictures.clone(), scenery };
    iced::widget::shader(live).width(Length::Fill).height(Length::Fill).into()
}

struct Live {
    pictures: Pictures,
    scenery: Scenery,
}

#[derive(Debug, Default)]
pub(super) struct Pace {
    due: Option<Instant>,
    values: Option<(SceneValues, Light)>,
}

impl Live {
    fn stage(&self) -> &Stage {
        &self.pictures.stage
    }

    /// The place and the light on it at one moment.
    fn moment(&self, now: Instant) -> (SceneValues, Light) {
        let (scenery, _) = self.stage().eased(&self.scenery, now);
        let time = scenery.clock.at(now);
        let values = SceneValues::at(&scenery, time, self.pictures.reduce_motion);
        let is_still = self.pictures.reduce_motion || self.shows_slides(time);
        let breath = scenery.breath.filter(|_| is_still).map_or(0.0, |breath| breath.at(time).level as f32);
        (values, Light { veil: veil(values.light), warmth: values.warmth, grey: 1.0 - values.saturation, breath })
    }

    fn shows_slides(&self, time: crate::room::RoomTime) -> bool {
        matches!(self.stage().subject(&self.scenery, time).0, Subject::Slide(_))
    }

    /// When the next picture is due after one at `now`; never if nothing will be different.
    fn next(&self, now: Instant) -> Option<Instant> {
        let time = self.scenery.clock.at(now);
        let (subject, until) = self.stage().subject(&self.scenery, time);
        let (_, dim_is_settled) = self.stage().eased(&self.scenery, now);
        let is_slide = matches!(subject, Subject::Slide(_));
        let moves = !is_slide && !self.pictures.reduce_motion;
        let coming = self.stage().coming();
        let lives = coming == Coming::There && moves && (self.scenery.breath.is_some() || self.values_move(time));
        if lives || coming == Coming::Fading || !dim_is_settled {
            return Some(now + self.pictures.frame);
        }
        if coming == Coming::Prepared {
            return Some(now + LIGHT_FRAME);
        }
        let breath = self.scenery.breath.map(|_| now + LIGHT_FRAME);
        let light = self.scenery.light_moves().then(|| now + LIGHT_STEP);
        let slide = until.map(|until| self.scenery.clock.instant_of(until));
        [breath, light, slide].into_iter().flatten().min()
    }

    fn values_move(&self, time: crate::room::RoomTime) -> bool {
        self.scenery.follow(&self.scenery.light.movement, time) > 0.0
    }
}

/// How thick the veil over a still picture is at that brightness.
pub(super) fn veil(brightness: f32) -> f32 {
    DARKEST * (1.0 - brightness.clamp(0.0, 1.0)).powf(THICKENS)
}

impl<Message> shader::Program<Message> for Live {
    type State = Pace;
    type Primitive = Frame;

    fn update(
        &self,
        pace: &mut Pace,
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return None };
        let due = pace.due.unwrap_or(*now);
        if *now + SOON >= due {
            pace.values = Some(self.moment(*now));
            // From when it was due and not from now: lateness does not add up.
            let on_time = if now.saturating_duration_since(due) < self.pictures.frame { due.min(*now) } else { *now };
            pace.due = self.next(on_time);
        }
        pace.due.map(Action::request_redraw_at)
    }

    fn draw(&self, pace: &Pace, _cursor: mouse::Cursor, _bounds: Rectangle) -> Frame {
        let (values, light) = pace.values.unwrap_or_else(|| self.moment(Instant::now()));
        Frame { pictures: self.pictures.clone(), scenery: self.scenery, values, light }
    }
}

/// One picture to be drawn.
#[derive(Debug)]
pub(super) struct Frame {
    pictures: Pictures,
    scenery: Scenery,
    values: SceneValues,
    light: Light,
}

impl shader::Primitive for Frame {
    type Pipeline = Pipeline;

    fn prepare(
        &self,
        pipeline: &mut Pipeline,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        bounds: &Rectangle,
        viewport: &Viewport,
    ) {
        let now = Instant::now();
        let stage = &self.pictures.stage;
        let pixels = |length: f32| ((length * viewport.scale_factor()).round().max(1.0) as u32).min(4096);
        let size = (pixels(bounds.width), pixels(bounds.height));
        let (subject, _) = stage.subject(&self.scenery, self.scenery.clock.at(now));
        let sight = stage.sight(subject, Grade::default(), size, now);
        let wish = Wish {
            is_changing: stage.is_changing(subject, Grade::default(), size, now),
            sight,
            size,
            values: self.values,
            light: self.light,
            is_still: self.pictures.reduce_motion,
            is_software: self.pictures.backend == Backend::Live { software: true },
            frame: self.pictures.frame,
            now,
        };
        pipeline.prepare(device, queue, stage, &wish);
    }

    fn draw(&self, pipeline: &Pipeline, render_pass: &mut wgpu::RenderPass<'_>) -> bool {
        pipeline.draw(render_pass);
        true
    }
}
