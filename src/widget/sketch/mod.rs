//! Owns the page that fingers draw on, and the brushes. Each finger is tracked separately, and its stroke is drawn
//! immediately from the widget's own state, because a message for each point would rebuild the whole view. The widget
//! publishes a stroke when it is finished, and an unfinished stroke every `PUBLISH_INTERVAL`. Does not own the drawing,
//! or its storage.

mod contact_tracker;
mod shown_drawing;
mod stroke_cache;

use std::sync::Arc;
use std::time::{Duration, Instant};

use iced::advanced::graphics::geometry::Renderer as _;
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::touch::{self, Finger};
use iced::{Background, Border, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, Vector};

use self::contact_tracker::{ContactTracker, InkPoint, PagePoint};
pub use self::shown_drawing::shown_drawing;
use self::stroke_cache::{LiveStroke, StrokeCache};
use super::touch::ControlInfo;
use crate::room::drawing::{
    Drawing, PAGE_HEIGHT, PAGE_WIDTH, STROKE_WIDTH_MAX, STROKES_MAX, Stroke, StrokePoint, Tint,
};
use crate::theme;
use crate::widget::ViewContext;

/// Id of the mouse, which counts as a finger.
const MOUSE: Finger = Finger(u64::MAX);
/// Time after which an unfinished stroke is published again. This limits what is lost if the program is killed.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// Number of points kept free for the ends of strokes that are being drawn.
const POINTS_RESERVED: usize = 64;

/// The width of the strokes that a finger draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Brush {
    /// A narrow brush, for lines.
    #[default]
    Fine,
    /// A wide brush, for areas.
    Broad,
}

impl Brush {
    /// Every brush, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Fine, Self::Broad];

    /// The brush's name, used in the id of its button.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Broad => "broad",
        }
    }

    /// Width of a slow stroke, in millimetres. A quick stroke is narrower.
    #[must_use]
    pub fn width_mm(self) -> f32 {
        contact_tracker::WIDTH_MAX_MM * self.factor()
    }

    /// Width of a stroke, relative to a stroke of the fine brush.
    const fn factor(self) -> f32 {
        match self {
            Self::Fine => 1.0,
            Self::Broad => 3.2,
        }
    }
}

/// What was drawn since the last update.
#[derive(Clone, Debug)]
pub struct StrokeUpdate {
    /// The stroke that has just been finished, if any.
    pub finished: Option<Arc<Stroke>>,
    /// The unfinished strokes as they are now.
    pub unfinished: Vec<Arc<Stroke>>,
}

/// A page to draw on, created by [`sketch`].
pub struct Sketch<'a, Message> {
    page: usize,
    drawing: &'a Drawing,
    tint: Tint,
    brush: Brush,
    points_max: usize,
    px_per_mm: f32,
    on_draw: Box<dyn Fn(StrokeUpdate) -> Message + 'a>,
}

/// Creates the page with the number `page`. It shows the drawing so far, to which fingers add until it has `points_max`
/// points. The page is as large as the space allows at its aspect ratio.
pub fn sketch<'a, Message: 'a>(
    ctx: &ViewContext,
    page: usize,
    drawing: &'a Drawing,
    (tint, brush): (Tint, Brush),
    points_max: usize,
    on_draw: impl Fn(StrokeUpdate) -> Message + 'a,
) -> Element<'a, Message> {
    Element::new(Sketch { page, drawing, tint, brush, points_max, px_per_mm: ctx.mm(1.0), on_draw: Box::new(on_draw) })
}

struct State {
    page: usize,
    contacts: ContactTracker<Finger>,
    finished: StrokeCache,
    unfinished: Vec<(Finger, LiveStroke)>,
    created: Instant,
    published: Instant,
    /// Position of the mouse according to its own events. The shared cursor is of no use, because it is already where
    /// the last event of the batch leaves it.
    mouse: Option<Point>,
}

impl State {
    fn of(page: usize) -> Self {
        let now = Instant::now();
        Self {
            page,
            contacts: ContactTracker::default(),
            finished: StrokeCache::default(),
            unfinished: Vec::new(),
            created: now,
            published: now,
            mouse: None,
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn grow(&mut self, finger: Finger) {
        let points =
            self.contacts.strokes().find(|(drawing, ..)| *drawing == finger).map_or(0, |(_, points, _)| points.len());
        if let Some((_, line)) = self.unfinished.iter_mut().find(|(drawing, _)| *drawing == finger) {
            line.grow(points);
        } else {
            let mut line = LiveStroke::default();
            line.grow(points);
            self.unfinished.push((finger, line));
        }
    }
}

impl<Message> Sketch<'_, Message> {
    fn page_point(&self, at: Point, bounds: Rectangle) -> PagePoint {
        PagePoint { x: (at.x - bounds.x) / self.px_per_mm, y: (at.y - bounds.y) / self.px_per_mm }
    }

    /// Converts the points of a stroke to units of the page.
    fn points(&self, ink: impl Iterator<Item = InkPoint>, width_px: f32) -> Vec<StrokePoint> {
        let units = self.px_per_mm * f32::from(PAGE_WIDTH) / width_px.max(1.0);
        let unit = |mm: f32, most: u16| (mm * units).round().clamp(0.0, f32::from(most)) as u16;
        let to_units = |point: InkPoint| StrokePoint {
            x: unit(point.at.x, PAGE_WIDTH),
            y: unit(point.at.y, PAGE_HEIGHT),
            width: unit(point.width_mm * self.brush.factor(), STROKE_WIDTH_MAX).max(1),
        };
        ink.map(to_units).collect()
    }

    fn is_full(&self, state: &State) -> bool {
        let strokes = self.drawing.strokes().len() + state.unfinished.len();
        self.drawing.point_count() + state.contacts.point_count() + POINTS_RESERVED > self.points_max
            || strokes + 10 > STROKES_MAX
    }

    fn handle_press(
        &self,
        state: &mut State,
        finger: Finger,
        at: Point,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        if !bounds.contains(at) || shell.is_event_captured() {
            return;
        }
        shell.capture_event();
        if !self.is_full(state) {
            let now_ms = state.now_ms();
            state.contacts.press(finger, self.page_point(at, bounds), now_ms);
        }
    }

    fn handle_move(
        &self,
        state: &mut State,
        finger: Finger,
        to: Point,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        let now_ms = state.now_ms();
        if self.is_full(state) || !state.contacts.move_to(finger, self.page_point(to, bounds), now_ms) {
            return;
        }
        state.grow(finger);
        shell.request_redraw();
        if state.published.elapsed() >= PUBLISH_INTERVAL {
            self.publish(state, None, bounds, shell);
        }
    }

    fn handle_release(
        &self,
        state: &mut State,
        finger: Finger,
        at: Option<Point>,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        let now_ms = state.now_ms();
        let line = match at {
            Some(at) => state.contacts.release(finger, self.page_point(at, bounds), now_ms),
            None => state.contacts.lose(finger, now_ms),
        };
        state.unfinished.retain(|(drawing, _)| *drawing != finger);
        shell.request_redraw();
        if let Some(line) = line
            && let Some(stroke) = Stroke::new(self.tint, self.points(line.into_iter(), bounds.width))
        {
            self.publish(state, Some(Arc::new(stroke)), bounds, shell);
        }
    }

    fn publish(
        &self,
        state: &mut State,
        finished: Option<Arc<Stroke>>,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        state.published = Instant::now();
        let unfinished = state.contacts.strokes().filter_map(|(_, points, tip)| {
            Stroke::new(self.tint, self.points(points.iter().copied().chain([tip]), bounds.width)).map(Arc::new)
        });
        shell.publish((self.on_draw)(StrokeUpdate { finished, unfinished: unfinished.collect() }));
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Sketch<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        let mut state = State::of(self.page);
        state.finished.update(self.drawing.strokes());
        tree::State::new(state)
    }

    fn diff(&self, tree: &mut Tree) {
        let state = tree.state.downcast_mut::<State>();
        if state.page != self.page {
            // A finger that landed on another page must not draw on this one.
            *state = State { mouse: state.mouse, ..State::of(self.page) };
        }
        state.finished.update(self.drawing.strokes());
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let room = limits.max();
        let ratio = f32::from(PAGE_WIDTH) / f32::from(PAGE_HEIGHT);
        let width = room.width.min(room.height * ratio);
        layout::Node::new(Size::new(width, width / ratio))
    }

    fn operate(&mut self, _tree: &mut Tree, layout: Layout<'_>, _renderer: &Renderer, operation: &mut dyn Operation) {
        operation.custom(None, layout.bounds(), &mut ControlInfo { id: "sketch".to_owned(), is_enabled: true });
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "iced has many events, and the others do not matter here")]
    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_mut::<State>();
        let bounds = layout.bounds();
        match *event {
            Event::Touch(touch::Event::FingerPressed { id, position }) => {
                self.handle_press(state, id, position, bounds, shell);
            }
            Event::Touch(touch::Event::FingerMoved { id, position }) => {
                self.handle_move(state, id, position, bounds, shell);
            }
            Event::Touch(touch::Event::FingerLifted { id, position }) => {
                self.handle_release(state, id, Some(position), bounds, shell);
            }
            Event::Touch(touch::Event::FingerLost { id, .. }) => self.handle_release(state, id, None, bounds, shell),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                if let Some(at) = state.mouse.or(cursor.position()) {
                    self.handle_press(state, MOUSE, at, bounds, shell);
                }
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                state.mouse = Some(position);
                self.handle_move(state, MOUSE, position, bounds, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                self.handle_release(state, MOUSE, state.mouse.or(cursor.position()), bounds, shell);
            }
            _ => {}
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_ref::<State>();
        let bounds = layout.bounds();
        let border = Border {
            color: theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY),
            width: self.px_per_mm * 0.35,
            radius: (self.px_per_mm * 4.0).into(),
        };
        let paper = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
        renderer.fill_quad(paper, Background::Color(theme::PAPER));
        renderer.with_layer(bounds.shrink(self.px_per_mm * 0.35), |renderer| {
            renderer.with_translation(Vector::new(bounds.x, bounds.y), |renderer| {
                let mut geometries = Vec::new();
                state.finished.draw(renderer, bounds.size(), theme::tint, |geometry| geometries.push(geometry));
                for (finger, points, tip) in state.contacts.strokes() {
                    if let Some((_, line)) = state.unfinished.iter().find(|(drawing, _)| *drawing == finger) {
                        let points = self.points(points.iter().copied().chain([tip]), bounds.width);
                        line.draw(renderer, bounds.size(), self.tint, &points, |geometry| geometries.push(geometry));
                    }
                }
                for geometry in geometries {
                    renderer.draw_geometry(geometry);
                }
            });
        });
    }
}
