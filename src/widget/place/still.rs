//! Owns the widget of a place on a machine where no shader runs: a still that fades into another as the light changes,
//! and the glow of the breath over a part of the still. As the glow changes, only that part is redrawn. Does not own
//! the loading of stills.

use std::sync::Arc;
use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::widget::image::{FilterMethod, Handle};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

use super::crossfade::CrossfadeFrame;
use super::picture_source::ColorGrade;
use super::still_image::StillImage;
use super::{PlaceRenderer, Scenery};

/// Frame interval while only the light changes with the arc of the session. The light changes over minutes, so steps of
/// this length are too small to see.
const ARC_FRAME: Duration = Duration::from_secs(3);
/// Frame interval while a still is being loaded or is fading in, or while the breath glows over a still.
const FRAME: Duration = Duration::from_millis(100);

/// Creates the widget that shows a place as a still. It fills its parent.
pub(super) fn still<'a, Message: 'a>(renderer: &PlaceRenderer, scenery: Scenery) -> Element<'a, Message> {
    Element::new(StillPlace { renderer: renderer.clone(), scenery })
}

struct StillPlace {
    renderer: PlaceRenderer,
    scenery: Scenery,
}

impl StillPlace {
    fn grade(&self, now: Instant) -> ColorGrade {
        let time = self.scenery.clock.at(now);
        let light = &self.scenery.light;
        ColorGrade::of(
            self.scenery.follow(&light.warmth, time),
            self.scenery.follow(&light.saturation, time),
            self.scenery.brightness_at(time),
        )
    }

    fn size(&self, bounds: Rectangle) -> (u32, u32) {
        let factor = self.renderer.state.scale_factor();
        let side = |length: f32| ((length * factor).round().max(1.0) as u32).min(4096);
        (side(bounds.width), side(bounds.height))
    }

    /// Returns when the place will next look different, or `None` if it stays as it is.
    fn next_frame(&self, bounds: Rectangle, now: Instant) -> Option<Instant> {
        let state = &self.renderer.state;
        let (source, until) = state.picture_source(&self.scenery, self.scenery.clock.at(now));
        let is_changing = state.is_changing(source, self.grade(now), self.size(bounds), now);
        if is_changing || self.scenery.breath.is_some() {
            return Some(now + FRAME);
        }
        let light = self.scenery.light_moves().then(|| now + ARC_FRAME);
        let slide = until.map(|until| self.scenery.clock.instant_of(until));
        light.into_iter().chain(slide).min()
    }
}

impl<Message> Widget<Message, Theme, Renderer> for StillPlace {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, Length::Fill, Length::Fill)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "iced has many events, and the others do not matter here")]
    fn update(
        &mut self,
        _tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        match event {
            Event::Window(window::Event::Rescaled(factor)) => {
                self.renderer.state.set_scale_factor(*factor);
                shell.request_redraw();
            }
            Event::Window(window::Event::RedrawRequested(now)) => {
                if let Some(next) = self.next_frame(layout.bounds(), *now) {
                    shell.request_redraw_at(next);
                }
            }
            _ => {}
        }
    }

    fn draw(
        &self,
        _tree: &Tree,
        renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let now = Instant::now();
        let state = &self.renderer.state;
        let bounds = layout.bounds();
        let time = self.scenery.clock.at(now);
        let (source, _) = state.picture_source(&self.scenery, time);
        let stills = state.stills(source, self.grade(now), self.size(bounds), now);
        let breath =
            self.scenery.breath.filter(|breath| time >= breath.started).map(|breath| breath.at(time).level as f32);
        draw_stills(renderer, bounds, &stills, breath);
    }
}

/// Draws the stills with the glow of the breath at this level, 0 to 1. If the level is `None`, draws no glow.
fn draw_stills(renderer: &mut Renderer, bounds: Rectangle, stills: &CrossfadeFrame, breath: Option<f32>) {
    let Some(under) = &stills.under else { return };
    let opacity = stills.over.as_ref().map_or(0.0, |(_, opacity)| *opacity);
    draw_image(renderer, under.handle.clone(), bounds, 1.0);
    draw_glow(renderer, bounds, under, breath.map(|breath| breath * (1.0 - opacity)));
    let Some((over, _)) = &stills.over else { return };
    draw_image(renderer, over.handle.clone(), bounds, opacity);
    draw_glow(renderer, bounds, over, breath.map(|breath| breath * opacity));
}

/// Draws the glow of the breath over its part of a picture, with this opacity.
fn draw_glow(renderer: &mut Renderer, bounds: Rectangle, picture: &Arc<StillImage>, strength: Option<f32>) {
    let (Some(glow), Some(strength)) = (&picture.glow, strength) else { return };
    let (across, down) = (bounds.width / picture.width as f32, bounds.height / picture.height as f32);
    let part = Rectangle {
        x: bounds.x + glow.bounds.x * across,
        y: bounds.y + glow.bounds.y * down,
        width: glow.bounds.width * across,
        height: glow.bounds.height * down,
    };
    // The strength is rounded to eight bits, because a smaller change would redraw the glow without being visible.
    draw_image(renderer, glow.handle.clone(), part, (strength * 255.0).round() / 255.0);
}

fn draw_image(renderer: &mut Renderer, handle: Handle, bounds: Rectangle, opacity: f32) {
    let image = Image::new(handle).opacity(opacity).filter_method(FilterMethod::Linear).snap(true);
    renderer.draw_image(image, bounds, bounds);
}
