//! Owns touch: each finger is judged by its own position, so that a resting palm or an idle mouse pointer elsewhere
//! blocks nothing. Does not own the meaning of a touch.
//!
//! iced's own buttons are not suitable, as of iced 0.14, for these reasons:
//! - All widgets share one cursor, which the mouse and every finger move. Before a batch of events is delivered, the
//!   cursor moves to its last position in the batch. With two fingers in one batch, the first is therefore judged by
//!   the position of the second. Here a touch is judged by the position in its own event.
//! - A button has one `is_pressed` flag for all fingers. The first finger to lift clears the flag, so a palm that lifts
//!   elsewhere cancels a press. Here each finger is tracked separately.
//! - Widget state is matched by position in the tree, so a finger that landed on one control could press a different
//!   control that has since taken that position. Here a control whose id changes forgets its fingers.

use std::time::{Duration, Instant};

use iced::advanced::graphics::geometry::Renderer as _;
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::touch::Finger;
use iced::widget::canvas::Frame;
use iced::{
    Background, Color, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, Vector, window,
};

use super::countdown::arc;

/// Thickness of the ring that fills during a hold, as a fraction of its diameter.
const RING_WIDTH: f32 = 0.08;
/// Id of the mouse, which counts as one more finger.
const MOUSE: Finger = Finger(u64::MAX);
/// Maximum number of fingers that are tracked on one control.
const FINGERS_MAX: usize = 10;
/// Time between two frames of the progress of a hold.
const HOLD_FRAME: Duration = Duration::from_millis(33);
/// Maximum duration of a slide. A resting hand that slips takes longer, so it triggers nothing.
const SLIDE_TIME_MAX: Duration = Duration::from_secs(4);
/// Touch slop by default, in logical pixels.
const SLOP_PX: f32 = 60.0;

/// What makes a control publish its message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trigger {
    /// A finger lands. Only two controls use this: the call, because an unintended press costs little and a missed one
    /// may cost a lot; and the dark screen, whose first touch shows the call.
    Press,
    /// A finger lifts.
    Release,
    /// A finger lifts, or another finger lands. This is used for keys, because two thumbs may press keys at overlapping
    /// times and the letters must keep their order.
    ReleaseOrNextPress,
    /// Like [`Trigger::ReleaseOrNextPress`], but the message is also published repeatedly while the finger stays, as
    /// when a key of a keyboard is held down.
    Repeat {
        /// Time until the first repeat.
        delay: Duration,
        /// Time between two repeats.
        interval: Duration,
        /// Maximum number of repeats for one touch, which limits what a resting palm can do.
        max: u32,
    },
    /// A finger has stayed for this time. This is used for controls for staff that must not be triggered by accident.
    Hold(Duration),
    /// A finger that landed in the left half has moved this many logical pixels to the right, and lifts within 4 s of
    /// landing. This is used for controls for staff that a resting hand must never trigger: a palm may hold a control,
    /// but it does not slide it.
    Slide(f32),
}

/// How a control is drawn.
#[derive(Clone, Copy, Debug)]
pub struct ControlStyle {
    /// Background while no finger is on the control.
    pub background: Color,
    /// Background while a finger is on the control.
    pub pressed: Color,
    /// Border colour.
    pub border: Color,
    /// Border width, in logical pixels.
    pub border_px: f32,
    /// Corner radius, in logical pixels.
    pub radius_px: f32,
    /// Colour that fills the control from the left as a hold or a slide progresses.
    pub progress: Color,
    /// Colour of the knob that a slide moves, if the control has one.
    pub knob: Option<Color>,
}

impl ControlStyle {
    /// An invisible control: an area that reacts to touch.
    pub const INVISIBLE: Self = Self {
        background: Color::TRANSPARENT,
        pressed: Color::TRANSPARENT,
        border: Color::TRANSPARENT,
        border_px: 0.0,
        radius_px: 0.0,
        progress: Color::TRANSPARENT,
        knob: None,
    };
}

/// A control that is pressed by touch or mouse. Made by [`touchable`].
pub struct Touchable<'a, Message> {
    id: String,
    content: Element<'a, Message>,
    on_press: Option<Message>,
    trigger: Trigger,
    slop_px: f32,
    style: ControlStyle,
    ring: Option<HoldRing>,
    width: Length,
    height: Length,
}

/// A ring that fills while a control is held.
#[derive(Clone, Copy, Debug)]
pub struct HoldRing {
    /// Colour of the ring.
    pub color: Color,
    /// Diameter of the ring, in logical pixels. The ring may be larger than the control.
    pub diameter_px: f32,
    /// Distance of the ring's centre from the left edge of the control, and also from its top edge, in logical pixels.
    pub centre_px: f32,
}

/// Creates a control around `content`. The `id` has to be unique on its screen, because tests, the trace and the
/// control's own state identify the control by it.
pub fn touchable<'a, Message>(
    id: impl Into<String>,
    content: impl Into<Element<'a, Message>>,
) -> Touchable<'a, Message> {
    Touchable {
        id: id.into(),
        content: content.into(),
        on_press: None,
        trigger: Trigger::Release,
        slop_px: SLOP_PX,
        style: ControlStyle::INVISIBLE,
        ring: None,
        width: Length::Shrink,
        height: Length::Shrink,
    }
}

impl<Message> Touchable<'_, Message> {
    /// Sets the message to publish when the control is triggered. A control without a message is disabled. The name is
    /// that of a method of iced's button; when the message is published, however, depends on [`Self::trigger`].
    #[must_use]
    pub fn on_press(mut self, message: Message) -> Self {
        self.on_press = Some(message);
        self
    }

    /// Sets what triggers the control; [`Trigger::Release`] by default.
    #[must_use]
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// Sets the touch slop, in logical pixels: the distance that a finger may drift from where it landed without
    /// cancelling its press.
    #[must_use]
    pub fn slop_px(mut self, slop_px: f32) -> Self {
        self.slop_px = slop_px;
        self
    }

    /// Sets how the control is drawn; [`ControlStyle::INVISIBLE`] by default.
    #[must_use]
    pub fn style(mut self, style: ControlStyle) -> Self {
        self.style = style;
        self
    }

    /// Shows the progress of a hold as a ring. Without a ring, the progress fills the control from the left.
    #[must_use]
    pub fn ring(mut self, ring: HoldRing) -> Self {
        self.ring = Some(ring);
        self
    }

    /// Sets the width.
    #[must_use]
    pub fn width(mut self, width: impl Into<Length>) -> Self {
        self.width = width.into();
        self
    }

    /// Sets the height.
    #[must_use]
    pub fn height(mut self, height: impl Into<Length>) -> Self {
        self.height = height.into();
        self
    }
}

/// What a control tells a widget operation about itself, through [`Operation::custom`].
#[derive(Clone, Debug, PartialEq)]
pub struct ControlInfo {
    /// The control's id.
    pub id: String,
    /// Whether the control has a message to publish.
    pub is_enabled: bool,
}

#[derive(Default)]
struct State {
    id: String,
    presses: Vec<TrackedPress>,
    /// Position of the mouse according to its own events. The shared cursor is of no use, because it is already where
    /// the last event of the batch leaves it.
    mouse: Option<Point>,
}

struct TrackedPress {
    finger: Finger,
    start: Point,
    at: Point,
    since: Instant,
    has_strayed: bool,
    has_fired: bool,
    /// Number of repeats so far.
    repeats: u32,
}

impl State {
    fn is_pressed(&self) -> bool {
        self.presses.iter().any(|press| !press.has_strayed)
    }

    fn held_since(&self) -> Option<Instant> {
        self.presses.iter().filter(|press| !press.has_strayed && !press.has_fired).map(|press| press.since).min()
    }
}

impl TrackedPress {
    /// Returns which fraction of a slide of `slide_px` logical pixels is done, 0 to 1.
    fn slide_progress(&self, slide_px: f32) -> f32 {
        ((self.at.x - self.start.x) / slide_px.max(1.0)).clamp(0.0, 1.0)
    }
}

impl<Message: Clone> Touchable<'_, Message> {
    /// Whether a finger that lands at `at` starts a press. A slide can start only in the left half of the control.
    fn accepts(&self, bounds: Rectangle, at: Point) -> bool {
        !matches!(self.trigger, Trigger::Slide(_)) || at.x <= bounds.center_x()
    }

    /// Whether a finger at `to` has drifted too far for its press to count. A finger that slides may move along the
    /// whole control.
    fn is_beyond_slop(&self, press: &TrackedPress, bounds: Rectangle, to: Point) -> bool {
        if let Trigger::Slide(_) = self.trigger {
            let along = (press.start.x - self.slop_px)..=(bounds.x + bounds.width + self.slop_px);
            return (to.y - press.start.y).abs() > self.slop_px || !along.contains(&to.x);
        }
        press.start.distance(to) > self.slop_px
    }

    fn handle_press(
        &self,
        state: &mut State,
        finger: Finger,
        bounds: Rectangle,
        at: Point,
        shell: &mut Shell<'_, Message>,
    ) {
        shell.capture_event();
        if !self.accepts(bounds, at) {
            return;
        }
        if state.presses.len() >= FINGERS_MAX || state.presses.iter().any(|press| press.finger == finger) {
            return;
        }
        state.presses.push(TrackedPress {
            finger,
            start: at,
            at,
            since: Instant::now(),
            has_strayed: false,
            has_fired: false,
            repeats: 0,
        });
        if self.trigger == Trigger::Press {
            self.publish(shell);
        }
        shell.request_redraw();
    }

    fn handle_move(
        &self,
        state: &mut State,
        finger: Finger,
        bounds: Rectangle,
        to: Point,
        shell: &mut Shell<'_, Message>,
    ) {
        for press in state.presses.iter_mut().filter(|press| press.finger == finger && !press.has_strayed) {
            press.at = to;
            press.has_strayed = self.is_beyond_slop(press, bounds, to);
            if press.has_strayed || matches!(self.trigger, Trigger::Slide(_)) {
                shell.request_redraw();
            }
        }
    }

    fn handle_release(
        &self,
        state: &mut State,
        finger: Finger,
        bounds: Rectangle,
        at: Point,
        shell: &mut Shell<'_, Message>,
    ) {
        let Some(index) = state.presses.iter().position(|press| press.finger == finger) else { return };
        self.handle_move(state, finger, bounds, at, shell);
        let press = state.presses.swap_remove(index);
        let fires = match self.trigger {
            Trigger::Release | Trigger::ReleaseOrNextPress => true,
            Trigger::Repeat { .. } => press.repeats == 0,
            Trigger::Slide(slide_px) => {
                press.slide_progress(slide_px) >= 1.0 && press.since.elapsed() <= SLIDE_TIME_MAX
            }
            Trigger::Press | Trigger::Hold(_) => false,
        };
        if fires && !press.has_strayed && !press.has_fired {
            self.publish(shell);
        }
        shell.capture_event();
        shell.request_redraw();
    }

    fn handle_lost(state: &mut State, finger: Finger, shell: &mut Shell<'_, Message>) {
        let before = state.presses.len();
        state.presses.retain(|press| press.finger != finger);
        if state.presses.len() != before {
            shell.request_redraw();
        }
    }

    /// Handles the landing of another finger. A key that is still held down is typed first, which keeps the letters in
    /// order.
    fn handle_other_press(&self, state: &mut State, by: Finger, shell: &mut Shell<'_, Message>) {
        if !matches!(self.trigger, Trigger::ReleaseOrNextPress | Trigger::Repeat { .. }) {
            return;
        }
        for press in state.presses.iter_mut().filter(|press| press.finger != by) {
            if !press.has_strayed && !press.has_fired && press.repeats == 0 {
                press.has_fired = true;
                self.publish(shell);
            }
        }
    }

    fn update_repeats(&self, state: &mut State, now: Instant, shell: &mut Shell<'_, Message>) {
        let Trigger::Repeat { delay, interval, max } = self.trigger else { return };
        for press in state.presses.iter_mut().filter(|press| !press.has_strayed && !press.has_fired) {
            let mut due = press.since + delay + interval * press.repeats;
            if press.repeats < max && now >= due {
                press.repeats += 1;
                due += interval;
                self.publish(shell);
            }
            if press.repeats < max {
                shell.request_redraw_at(due.max(now));
            }
        }
    }

    fn update_hold(&self, state: &mut State, now: Instant, shell: &mut Shell<'_, Message>) {
        let Trigger::Hold(span) = self.trigger else { return };
        let mut fires = false;
        for press in state.presses.iter_mut().filter(|press| !press.has_strayed && !press.has_fired) {
            if now.saturating_duration_since(press.since) >= span {
                press.has_fired = true;
                fires = true;
            }
        }
        if fires {
            self.publish(shell);
        }
        if state.held_since().is_some() {
            shell.request_redraw_at(now + HOLD_FRAME);
        }
    }

    fn publish(&self, shell: &mut Shell<'_, Message>) {
        if let Some(message) = &self.on_press {
            shell.publish(message.clone());
        }
    }
}

impl<Message: Clone> Widget<Message, Theme, Renderer> for Touchable<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State { id: self.id.clone(), ..State::default() })
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        let state = tree.state.downcast_mut::<State>();
        if state.id != self.id {
            // A finger that landed on another control must not trigger this one.
            *state = State { id: self.id.clone(), presses: Vec::new(), mouse: state.mouse };
        }
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        Size::new(self.width, self.height)
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::contained(limits, self.width, self.height, |limits| {
            self.content.as_widget_mut().layout(&mut tree.children[0], renderer, limits)
        })
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        let mut info = ControlInfo { id: self.id.clone(), is_enabled: self.on_press.is_some() };
        operation.custom(None, layout.bounds(), &mut info);
        operation.traverse(&mut |operation| {
            if let Some(child) = layout.children().next() {
                self.content.as_widget_mut().operate(&mut tree.children[0], child, renderer, operation);
            }
        });
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "iced has many events, and the others do not matter here")]
    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        if let Some(child) = layout.children().next() {
            self.content.as_widget_mut().update(
                &mut tree.children[0],
                event,
                child,
                cursor,
                renderer,
                clipboard,
                shell,
                viewport,
            );
        }
        let state = tree.state.downcast_mut::<State>();
        let bounds = layout.bounds();
        if let Event::Touch(iced::touch::Event::FingerPressed { id, .. }) = *event {
            self.handle_other_press(state, id, shell);
        }
        match *event {
            Event::Touch(iced::touch::Event::FingerPressed { id, position })
                if self.on_press.is_some() && bounds.contains(position) && !shell.is_event_captured() =>
            {
                self.handle_press(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerMoved { id, position }) => {
                self.handle_move(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerLifted { id, position }) => {
                self.handle_release(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerLost { id, .. }) => Self::handle_lost(state, id, shell),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                if let Some(position) = state.mouse.or(cursor.position())
                    && bounds.contains(position)
                    && self.on_press.is_some()
                    && !shell.is_event_captured()
                {
                    self.handle_press(state, MOUSE, bounds, position, shell);
                }
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                state.mouse = Some(position);
                self.handle_move(state, MOUSE, bounds, position, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                let at = state
                    .mouse
                    .or(cursor.position())
                    .or_else(|| state.presses.iter().find(|press| press.finger == MOUSE).map(|press| press.start));
                if let Some(position) = at {
                    self.handle_release(state, MOUSE, bounds, position, shell);
                }
            }
            Event::Window(window::Event::RedrawRequested(now)) => {
                self.update_hold(state, now, shell);
                self.update_repeats(state, now, shell);
            }
            _ => {}
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_ref::<State>();
        let bounds = layout.bounds();
        let border =
            Border { color: self.style.border, width: self.style.border_px, radius: self.style.radius_px.into() };
        let background = if state.is_pressed() { self.style.pressed } else { self.style.background };
        if background.a >= 1.0 && border.color.a >= 1.0 {
            // The edge of a ground below the border would show around it, so the ground is drawn inside the border.
            let inner = Border { width: 0.0, radius: (self.style.radius_px - border.width).max(0.0).into(), ..border };
            fill(renderer, bounds, Border { width: 0.0, ..border }, border.color);
            fill(renderer, bounds.shrink(border.width), inner, background);
        } else if background.a > 0.0 || border.width > 0.0 {
            fill(renderer, bounds, border, background);
        }
        let done = match self.trigger {
            Trigger::Hold(span) => {
                state.held_since().map(|since| (since.elapsed().as_secs_f32() / span.as_secs_f32()).clamp(0.0, 1.0))
            }
            Trigger::Slide(slide_px) => {
                let slid =
                    state.presses.iter().filter(|press| !press.has_strayed).map(|press| press.slide_progress(slide_px));
                slid.reduce(f32::max)
            }
            Trigger::Press | Trigger::Release | Trigger::ReleaseOrNextPress | Trigger::Repeat { .. } => None,
        };
        if let (Some(part), Some(ring)) = (done, self.ring) {
            draw_ring(renderer, bounds, ring, part);
        } else if let Some(part) = done {
            let filled = Rectangle { width: bounds.width * part, ..bounds };
            fill(renderer, filled, Border { width: 0.0, ..border }, self.style.progress);
        }
        if let Some(knob) = self.style.knob {
            let inset = bounds.height * 0.12;
            let side = bounds.height - 2.0 * inset;
            let x = bounds.x + inset + (bounds.width - 2.0 * inset - side) * done.unwrap_or(0.0);
            let round = Border::default().rounded(side / 2.0);
            fill(renderer, Rectangle { x, y: bounds.y + inset, width: side, height: side }, round, knob);
        }
        if let Some(child) = layout.children().next() {
            self.content.as_widget().draw(&tree.children[0], renderer, theme, style, child, cursor, viewport);
        }
    }

    fn mouse_interaction(
        &self,
        _tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _viewport: &Rectangle,
        _renderer: &Renderer,
    ) -> mouse::Interaction {
        if self.on_press.is_some() && cursor.is_over(layout.bounds()) {
            mouse::Interaction::Pointer
        } else {
            mouse::Interaction::None
        }
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<iced::advanced::overlay::Element<'b, Message, Theme, Renderer>> {
        let child = layout.children().next()?;
        self.content.as_widget_mut().overlay(&mut tree.children[0], child, renderer, viewport, translation)
    }
}

fn draw_ring(renderer: &mut Renderer, bounds: Rectangle, ring: HoldRing, part: f32) {
    let size = Size::new(ring.diameter_px, ring.diameter_px);
    let mut frame = Frame::new(renderer, size);
    let width = ring.diameter_px * RING_WIDTH;
    let (centre, radius) = (frame.center(), (ring.diameter_px - width) / 2.0);
    frame.fill(&arc(centre, radius, width, 1.0), Color { a: ring.color.a * 0.3, ..ring.color });
    if part > 0.0 {
        frame.fill(&arc(centre, radius, width, part), ring.color);
    }
    let corner = ring.centre_px - ring.diameter_px / 2.0;
    renderer.with_translation(Vector::new(bounds.x + corner, bounds.y + corner), |renderer| {
        renderer.draw_geometry(frame.into_geometry());
    });
}

fn fill(renderer: &mut Renderer, bounds: Rectangle, border: Border, color: Color) {
    let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
    renderer.fill_quad(quad, Background::Color(color));
}

impl<'a, Message: Clone + 'a> From<Touchable<'a, Message>> for Element<'a, Message> {
    fn from(touchable: Touchable<'a, Message>) -> Self {
        Self::new(touchable)
    }
}
