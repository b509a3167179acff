//! Owns the place where there are no shaders: a still picture in the light of the arc, and the light of the breath over a
//! part of it, which is all that is drawn anew with each step of a breath.

use std::sync::Arc;
use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::widget::image::{FilterMethod, Handle};
use iced::{Background, Color, Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

use super::live::veil;
use super::pictures::{Grade, Picture};
use super::showing::Sight;
use super::{Pictures, Scenery};
use crate::theme;

/// The arc's light moves over minutes; a step this often cannot be seen.
const LIGHT_STEP: Duration = Duration::from_secs(3);
/// Light over a still needs no more than this many pictures a second to look unbroken.
const FRAME: Duration = Duration::from_millis(100);
/// A veil of ink would turn the sun grey; this one leaves it warm.
const WARM_DARK: Color = Color::from_rgb8(0x0A, 0x06, 0x08);

pub(super) fn still<'a, Message: 'a>(pictures: &Pictures, scenery: Scenery) -> Element<'a, Message> {
    Element::new(Still { pictures: pictures.clone(), scenery })
}

struct Still {
    pictures: Pictures,
    scenery: Scenery,
}

impl Still {
    fn grade(&self, now: Instant) -> Grade {
        let time = self.scenery.clock.at(now);
        let light = &self.scenery.light;
        Grade::of(self.scenery.follow(&light.warmth, time), self.scenery.follow(&light.saturation, time))
    }

    fn size(&self, bounds: Rectangle) -> (u32, u32) {
        let factor = self.pictures.stage.scale_factor();
        let side = |length: f32| ((length * factor).round().max(1.0) as u32).min(4096);
        (side(bounds.width), side(bounds.height))
    }

    /// When it next looks different; never if it will not by itself.
    fn next(&self, bounds: Rectangle, now: Instant) -> Option<Instant> {
        let stage = &self.pictures.stage;
        let (subject, until) = stage.subject(&self.scenery, self.scenery.clock.at(now));
        let (_, dim_is_settled) = stage.eased(&self.scenery, now);
        let is_changing = stage.is_changing(subject, self.grade(now), self.size(bounds), now);
        if is_changing || !dim_is_settled || self.scenery.breath.is_some() {
            return Some(now + FRAME);
        }
        let light = self.scenery.light_moves().then(|| now + LIGHT_STEP);
        let slide = until.map(|until| self.scenery.clock.instant_of(until));
        light.into_iter().chain(slide).min()
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Still {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, Length::Fill, Length::Fill)
    }

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
                self.pictures.stage.set_scale_factor(*factor);
                shell.request_redraw();
            }
            Event::Window(window::Event::RedrawRequested(now)) => {
                if let Some(next) = self.next(layout.bounds(), *now) {
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
        let stage = &self.pictures.stage;
        let bounds = layout.bounds();
        let (scenery, _) = stage.eased(&self.scenery, now);
        let time = scenery.clock.at(now);
        let (subject, _) = stage.subject(&scenery, time);
        let sight = stage.sight(subject, self.grade(now), self.size(bounds), now);
        let light = 1.0 - veil(scenery.brightness_at(time));
        let breath = scenery.breath.filter(|breath| time >= breath.started).map(|breath| breath.at(time).level as f32);
        draw(renderer, bounds, &sight, light, breath);
    }
}

/// Draws what is to be seen, `light` of it, with so much of the breath's light.
fn draw(renderer: &mut Renderer, bounds: Rectangle, sight: &Sight, light: f32, breath: Option<f32>) {
    let Some(under) = &sight.under else { return };
    let ground = |renderer: &mut Renderer, alpha: f32| {
        let quad = renderer::Quad { bounds, ..renderer::Quad::default() };
        renderer.fill_quad(quad, Background::Color(theme::faded(WARM_DARK, alpha)));
    };
    let Some((over, opacity)) = &sight.over else {
        // Quads lie beneath images of the same layer: a dark ground and a picture with that much opacity are one pass
        // less than a picture and a veil.
        ground(renderer, 1.0);
        lay(renderer, under.handle.clone(), bounds, light);
        shine(renderer, bounds, under, breath.map(|breath| breath * light));
        return;
    };
    lay(renderer, under.handle.clone(), bounds, 1.0);
    shine(renderer, bounds, under, breath.map(|breath| breath * (1.0 - opacity)));
    lay(renderer, over.handle.clone(), bounds, *opacity);
    shine(renderer, bounds, over, breath.map(|breath| breath * opacity));
    renderer.with_layer(bounds, |renderer| ground(renderer, 1.0 - light));
}

/// The light of the breath over its part of a picture.
fn shine(renderer: &mut Renderer, bounds: Rectangle, picture: &Arc<Picture>, strength: Option<f32>) {
    let (Some(glow), Some(strength)) = (&picture.glow, strength) else { return };
    let (across, down) = (bounds.width / picture.width as f32, bounds.height / picture.height as f32);
    let part = Rectangle {
        x: bounds.x + glow.bounds.x * across,
        y: bounds.y + glow.bounds.y * down,
        width: glow.bounds.width * across,
        height: glow.bounds.height * down,
    };
    // A step that eight bits cannot hold would only cost a picture.
    lay(renderer, glow.handle.clone(), part, (strength * 255.0).round() / 255.0);
}

fn lay(renderer: &mut Renderer, handle: Handle, bounds: Rectangle, opacity: f32) {
    let image = Image::new(handle).opacity(opacity).filter_method(FilterMethod::Linear).snap(true);
    renderer.draw_image(image, bounds, bounds);
}
