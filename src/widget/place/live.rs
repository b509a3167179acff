//! Owns the widget of a living place: the time of its next frame, and the content of that frame. Does not own the
//! rendering of the frame.

use std::time::{Duration, Instant};

use iced::advanced::mouse;
use iced::widget::shader::{self, Action, Viewport};
use iced::{Element, Event, Length, Rectangle, wgpu, window};

use super::dimming::night_veil;
use super::picture_source::{ColorGrade, PictureSource};
use super::pipeline::{FrameRequest, PlaceLight, PlacePipeline};
use super::render_state::{LiveReadiness, RenderState};
use super::uniforms::SceneUniforms;
use super::{Backend, PlaceRenderer, Scenery};

/// Frame interval while only the light changes with the arc of the session. The light changes over minutes, so steps of
/// this length are too small to see.
const ARC_FRAME: Duration = Duration::from_secs(3);
/// Frame interval while only slow changes of light are visible, such as the glow of the breath over a still.
const LIGHT_FRAME: Duration = Duration::from_millis(100);
/// Maximum time by which a frame is drawn early, together with a frame that another widget requested.
const EARLY_MAX: Duration = Duration::from_millis(3);

/// Creates the widget that shows a living place. It fills its parent.
pub(super) fn live<'a, Message: 'a>(renderer: &PlaceRenderer, scenery: Scenery) -> Element<'a, Message> {
    let live = LivePlace { renderer: renderer.clone(), scenery };
    iced::widget::shader(live).width(Length::Fill).height(Length::Fill).into()
}

struct LivePlace {
    renderer: PlaceRenderer,
    scenery: Scenery,
}

/// The time at which the next frame is due, and the content of the previous frame.
#[derive(Debug, Default)]
pub(super) struct FrameSchedule {
    due: Option<Instant>,
    frame: Option<(SceneUniforms, PlaceLight)>,
}

impl LivePlace {
    fn state(&self) -> &RenderState {
        &self.renderer.state
    }

    /// Returns the place and the light on it at `now`.
    fn frame_at(&self, now: Instant) -> (SceneUniforms, PlaceLight) {
        let (scenery, _) = self.state().eased(&self.scenery, now);
        let time = scenery.clock.at(now);
        let uniforms = SceneUniforms::at(&scenery, time, self.renderer.reduce_motion);
        let is_still = self.renderer.reduce_motion || self.shows_slides(time);
        let breath = scenery.breath.filter(|_| is_still).map_or(0.0, |breath| breath.at(time).level as f32);
        let veil = night_veil(uniforms.light);
        let light = PlaceLight { veil, warmth: uniforms.warmth, grey: 1.0 - uniforms.saturation, breath };
        (uniforms, light)
    }

    fn shows_slides(&self, time: crate::room::RoomTime) -> bool {
        matches!(self.state().picture_source(&self.scenery, time).0, PictureSource::Slide(_))
    }

    /// Returns when the next frame is due after a frame at `now`. Returns `None` if nothing will change, because then
    /// no frame is needed.
    fn next_frame(&self, now: Instant) -> Option<Instant> {
        let time = self.scenery.clock.at(now);
        let (source, until) = self.state().picture_source(&self.scenery, time);
        let (_, dim_is_settled) = self.state().eased(&self.scenery, now);
        let is_slide = matches!(source, PictureSource::Slide(_));
        let moves = !is_slide && !self.renderer.reduce_motion;
        let readiness = self.state().live_readiness();
        let lives =
            readiness == LiveReadiness::Ready && moves && (self.scenery.breath.is_some() || self.moves_by_itself(time));
        if lives || readiness == LiveReadiness::Fading || !dim_is_settled {
            return Some(now + self.renderer.frame_interval);
        }
        if readiness == LiveReadiness::Pending {
            return Some(now + LIGHT_FRAME);
        }
        let breath = self.scenery.breath.map(|_| now + LIGHT_FRAME);
        let light = self.scenery.light_moves().then(|| now + ARC_FRAME);
        let slide = until.map(|until| self.scenery.clock.instant_of(until));
        [breath, light, slide].into_iter().flatten().min()
    }

    fn moves_by_itself(&self, time: crate::room::RoomTime) -> bool {
        self.scenery.follow(&self.scenery.light.movement, time) > 0.0
    }
}

impl<Message> shader::Program<Message> for LivePlace {
    type State = FrameSchedule;
    type Primitive = PlacePrimitive;

    fn update(
        &self,
        schedule: &mut FrameSchedule,
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return None };
        let due = schedule.due.unwrap_or(*now);
        if *now + EARLY_MAX >= due {
            schedule.frame = Some(self.frame_at(*now));
            // The next frame is scheduled from the time at which this frame was due, because delays would otherwise add
            // up.
            let on_time =
                if now.saturating_duration_since(due) < self.renderer.frame_interval { due.min(*now) } else { *now };
            schedule.due = self.next_frame(on_time);
        }
        schedule.due.map(Action::request_redraw_at)
    }

    fn draw(&self, schedule: &FrameSchedule, _cursor: mouse::Cursor, _bounds: Rectangle) -> PlacePrimitive {
        let (uniforms, light) = schedule.frame.unwrap_or_else(|| self.frame_at(Instant::now()));
        PlacePrimitive { renderer: self.renderer.clone(), scenery: self.scenery, uniforms, light }
    }
}

/// One frame that is to be drawn.
#[derive(Debug)]
pub(super) struct PlacePrimitive {
    renderer: PlaceRenderer,
    scenery: Scenery,
    uniforms: SceneUniforms,
    light: PlaceLight,
}

impl shader::Primitive for PlacePrimitive {
    type Pipeline = PlacePipeline;

    fn prepare(
        &self,
        pipeline: &mut PlacePipeline,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        bounds: &Rectangle,
        viewport: &Viewport,
    ) {
        let now = Instant::now();
        let state = &self.renderer.state;
        let pixels = |length: f32| ((length * viewport.scale_factor()).round().max(1.0) as u32).min(4096);
        let size = (pixels(bounds.width), pixels(bounds.height));
        let (source, _) = state.picture_source(&self.scenery, self.scenery.clock.at(now));
        let stills = state.stills(source, ColorGrade::default(), size, now);
        let request = FrameRequest {
            is_changing: state.is_changing(source, ColorGrade::default(), size, now),
            stills,
            size,
            uniforms: self.uniforms,
            light: self.light,
            is_still: self.renderer.reduce_motion,
            is_software: self.renderer.backend == Backend::Live { software: true },
            frame_interval: self.renderer.frame_interval,
            now,
        };
        pipeline.prepare(device, queue, state, &request);
    }

    fn draw(&self, pipeline: &PlacePipeline, render_pass: &mut wgpu::RenderPass<'_>) -> bool {
        pipeline.draw(render_pass);
        true
    }
}
