//! Owns the page that fingers draw on. Each finger is followed by itself and drawn at once, without the rest of the
//! window being made anew; the screen is told when a line is finished, and each second of one that takes long. Does not
//! own the drawing, nor what becomes of it.

mod hand;
mod sheet;

use std::sync::Arc as Shared;
use std::time::{Duration, Instant};

use iced::advanced::graphics::geometry::Renderer as _;
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::touch::{self, Finger};
use iced::{Background, Border, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, Vector};

use self::hand::{Hand, PenPoint, Spot};
use self::sheet::{Sheet, Underway};
use super::touch::ControlInfo;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, STROKES_MAX, Stroke, StrokePoint, Tint};
use crate::theme;
use crate::widget::ViewContext;

/// The mouse counts as one more finger.
const MOUSE: Finger = Finger(u64::MAX);
/// A line that takes longer than this is told as far as it has come, so that little of it can be lost.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// No more is drawn when so few points are left: a line under way still has to find its end.
const POINTS_KEPT_FREE: usize = 64;

/// What was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The line that is finished now.
    pub finished: Option<Shared<Stroke>>,
    /// Lines as far as they have come, by fingers that still draw.
    pub underway: Vec<Shared<Stroke>>,
}

/// A page to draw on.
pub struct Sketch<'a, Message> {
    page: usize,
    drawing: &'a Drawing,
    tint: Tint,
    points_max: usize,
    px_per_mm: f32,
    says: Box<dyn Fn(Drawn) -> Message + 'a>,
}

/// The page of that number as it is drawn. It takes up to `points_max` points, and is as large as there is room.
pub fn sketch<'a, Message: 'a>(
    ctx: &ViewContext,
    page: usize,
    drawing: &'a Drawing,
    tint: Tint,
    points_max: usize,
    says: impl Fn(Drawn) -> Message + 'a,
) -> Element<'a, Message> {
    Element::new(Sketch { page, drawing, tint, points_max, px_per_mm: ctx.mm(1.0), says: Box::new(says) })
}

struct State {
    page: usize,
    hand: Hand<Finger>,
    sheet: Sheet,
    underway: Vec<(Finger, Underway)>,
    began: Instant,
    told: Instant,
    /// Where the mouse is by its own events: the shared cursor is that of the end of a batch.
    mouse: Option<Point>,
}

impl State {
    fn of(page: usize) -> Self {
        let now = Instant::now();
        Self {
            page,
            hand: Hand::default(),
            sheet: Sheet::default(),
            underway: Vec::new(),
            began: now,
            told: now,
            mouse: None,
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn grow(&mut self, finger: Finger) {
        let points =
            self.hand.lines().find(|(drawing, ..)| *drawing == finger).map_or(0, |(_, points, _)| points.len());
        if let Some((_, line)) = self.underway.iter_mut().find(|(drawing, _)| *drawing == finger) {
            line.grew(points);
        } else {
            let mut line = Underway::default();
            line.grew(points);
            self.underway.push((finger, line));
        }
    }
}

impl<Message> Sketch<'_, Message> {
    fn spot(&self, at: Point, bounds: Rectangle) -> Spot {
        Spot { x: (at.x - bounds.x) / self.px_per_mm, y: (at.y - bounds.y) / self.px_per_mm }
    }

    /// A line in units of the page.
    fn points(&self, line: impl Iterator<Item = PenPoint>, width_px: f32) -> Vec<StrokePoint> {
        let units = self.px_per_mm * f32::from(PAGE_WIDTH) / width_px.max(1.0);
        let unit = |mm: f32, most: u16| (mm * units).round().clamp(0.0, f32::from(most)) as u16;
        let point = |pen: PenPoint| StrokePoint {
            x: unit(pen.at.x, PAGE_WIDTH),
            y: unit(pen.at.y, PAGE_HEIGHT),
            width: unit(pen.width_mm, 255).max(1) as u8,
        };
        line.map(point).collect()
    }

    fn is_full(&self, state: &State) -> bool {
        let strokes = self.drawing.strokes().len() + state.underway.len();
        self.drawing.points() + state.hand.points() + POINTS_KEPT_FREE > self.points_max || strokes + 10 > STROKES_MAX
    }

    fn lands(&self, state: &mut State, finger: Finger, at: Point, bounds: Rectangle, shell: &mut Shell<'_, Message>) {
        if !bounds.contains(at) || shell.is_event_captured() {
            return;
        }
        shell.capture_event();
        if !self.is_full(state) {
            let now_ms = state.now_ms();
            state.hand.lands(finger, self.spot(at, bounds), now_ms);
        }
    }

    fn moves(&self, state: &mut State, finger: Finger, to: Point, bounds: Rectangle, shell: &mut Shell<'_, Message>) {
        let now_ms = state.now_ms();
        if self.is_full(state) || !state.hand.moves(finger, self.spot(to, bounds), now_ms) {
            return;
        }
        state.grow(finger);
        shell.request_redraw();
        if state.told.elapsed() >= TOLD_EVERY {
            self.tell(state, None, bounds, shell);
        }
    }

    fn lifts(
        &self,
        state: &mut State,
        finger: Finger,
        at: Option<Point>,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        let now_ms = state.now_ms();
        let line = match at {
            Some(at) => state.hand.lifts(finger, self.spot(at, bounds), now_ms),
            None => state.hand.is_lost(finger, now_ms),
        };
        state.underway.retain(|(drawing, _)| *drawing != finger);
        shell.request_redraw();
        if let Some(line) = line
            && let Some(stroke) = Stroke::new(self.tint, self.points(line.into_iter(), bounds.width))
        {
            self.tell(state, Some(Shared::new(stroke)), bounds, shell);
        }
    }

    fn tell(
        &self,
        state: &mut State,
        finished: Option<Shared<Stroke>>,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        state.told = Instant::now();
        let underway = state.hand.lines().filter_map(|(_, points, tip)| {
            Stroke::new(self.tint, self.points(points.iter().copied().chain([tip]), bounds.width)).map(Shared::new)
        });
        shell.publish((self.says)(Drawn { finished, underway: underway.collect() }));
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Sketch<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        let mut state = State::of(self.page);
        state.sheet.follow(self.drawing.strokes());
        tree::State::new(state)
    }

    fn diff(&self, tree: &mut Tree) {
        let state = tree.state.downcast_mut::<State>();
        if state.page != self.page {
            // A finger that came down on another page must not draw on this one.
            *state = State { mouse: state.mouse, ..State::of(self.page) };
        }
        state.sheet.follow(self.drawing.strokes());
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
                self.lands(state, id, position, bounds, shell);
            }
            Event::Touch(touch::Event::FingerMoved { id, position }) => self.moves(state, id, position, bounds, shell),
            Event::Touch(touch::Event::FingerLifted { id, position }) => {
                self.lifts(state, id, Some(position), bounds, shell);
            }
            Event::Touch(touch::Event::FingerLost { id, .. }) => self.lifts(state, id, None, bounds, shell),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                if let Some(at) = state.mouse.or(cursor.position()) {
                    self.lands(state, MOUSE, at, bounds, shell);
                }
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                state.mouse = Some(position);
                self.moves(state, MOUSE, position, bounds, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                self.lifts(state, MOUSE, state.mouse.or(cursor.position()), bounds, shell);
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
            color: theme::faded(theme::LAMPLIGHT, theme::OUTLINE),
            width: self.px_per_mm * 0.35,
            radius: (self.px_per_mm * 4.0).into(),
        };
        let paper = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
        renderer.fill_quad(paper, Background::Color(theme::DEEP_WATER));
        renderer.with_layer(bounds.shrink(self.px_per_mm * 0.35), |renderer| {
            renderer.with_translation(Vector::new(bounds.x, bounds.y), |renderer| {
                let mut geometries = Vec::new();
                state.sheet.draw(renderer, bounds.size(), |geometry| geometries.push(geometry));
                for (finger, points, tip) in state.hand.lines() {
                    if let Some((_, line)) = state.underway.iter().find(|(drawing, _)| *drawing == finger) {
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
