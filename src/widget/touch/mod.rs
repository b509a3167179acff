//! Owns touch: each finger is judged by where it is itself, never by a cursor that all fingers share. A resting palm or
//! a parked pointer elsewhere blocks nothing. Does not own what a touch means.

mod look;

use std::time::{Duration, Instant};

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::touch::Finger;
use iced::{
    Background, Color, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, Vector, window,
};

pub use look::Look;

/// A mouse button counts as one more finger.
const MOUSE: Finger = Finger(u64::MAX);
/// Hands have ten fingers; more contacts than this on one control are not followed.
const FINGERS_MAX: usize = 10;
/// A filling ring is redrawn this often.
const HOLD_FRAME: Duration = Duration::from_millis(33);
/// A slide takes no longer: a hand that slips while it rests takes its time.
const SLIDES_WITHIN: Duration = Duration::from_secs(4);

/// When a control answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answers {
    /// As soon as a finger lands: the call.
    OnDown,
    /// When the finger lifts: everything else.
    OnLift,
    /// When the finger lifts, or as soon as another one lands: a key, so that two thumbs keep the order of their letters.
    OnLiftOrNext,
    /// Like a key, and while the finger stays again and again: after `first`, then each `every`, at most `most` times,
    /// so that a palm that lies there does little.
    Repeating {
        /// Until it repeats.
        first: Duration,
        /// From one time to the next.
        every: Duration,
        /// How often it answers to one finger.
        most: u32,
    },
    /// After a finger has stayed so long: staff.
    AfterHold(Duration),
    /// When a finger that landed in its left half has slid so many logical pixels to the right and lifts there: staff,
    /// where a hand that is laid down and rests must never do it.
    AfterSlide(f32),
}

/// A control that answers to fingers.
pub struct Touchable<'a, Message> {
    id: String,
    content: Element<'a, Message>,
    message: Option<Message>,
    answers: Answers,
    drift_px: f32,
    look: Look,
    width: Length,
    height: Length,
}

/// A control of that name around `content`.
pub fn touchable<'a, Message>(
    id: impl Into<String>,
    content: impl Into<Element<'a, Message>>,
) -> Touchable<'a, Message> {
    Touchable {
        id: id.into(),
        content: content.into(),
        message: None,
        answers: Answers::OnLift,
        drift_px: 60.0,
        look: Look::bare(),
        width: Length::Shrink,
        height: Length::Shrink,
    }
}

impl<Message> Touchable<'_, Message> {
    /// What it says when it is touched; without it, it is at rest.
    #[must_use]
    pub fn says(mut self, message: Message) -> Self {
        self.message = Some(message);
        self
    }

    /// When it answers.
    #[must_use]
    pub fn answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// How far a finger may drift and still count, in logical pixels.
    #[must_use]
    pub fn drift_px(mut self, drift_px: f32) -> Self {
        self.drift_px = drift_px;
        self
    }

    /// How it looks.
    #[must_use]
    pub fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// Its width.
    #[must_use]
    pub fn width(mut self, width: impl Into<Length>) -> Self {
        self.width = width.into();
        self
    }

    /// Its height.
    #[must_use]
    pub fn height(mut self, height: impl Into<Length>) -> Self {
        self.height = height.into();
        self
    }
}

/// A control's name and bounds as it lies on the screen, for whoever asks by an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its name.
    pub id: String,
    /// Whether it answers now.
    pub answers: bool,
}

#[derive(Default)]
struct State {
    id: String,
    contacts: Vec<Contact>,
    /// Where the mouse is by its own events: the shared cursor is that of the end of a batch.
    mouse: Option<Point>,
}

struct Contact {
    finger: Finger,
    start: Point,
    at: Point,
    since: Instant,
    strayed: bool,
    answered: bool,
    /// How often it has answered while the finger stayed.
    repeats: u32,
}

impl State {
    fn is_pressed(&self) -> bool {
        self.contacts.iter().any(|contact| !contact.strayed)
    }

    fn held_since(&self) -> Option<Instant> {
        self.contacts.iter().filter(|contact| !contact.strayed && !contact.answered).map(|contact| contact.since).min()
    }
}

impl Contact {
    /// How much of a slide of so many pixels is done, 0 to 1.
    fn slid(&self, slide_px: f32) -> f32 {
        ((self.at.x - self.start.x) / slide_px.max(1.0)).clamp(0.0, 1.0)
    }
}

impl<Message: Clone> Touchable<'_, Message> {
    /// Whether a finger that lands there begins something.
    fn begins(&self, bounds: Rectangle, at: Point) -> bool {
        !matches!(self.answers, Answers::AfterSlide(_)) || at.x <= bounds.center_x()
    }

    /// Whether a finger that is there is no longer on what it began.
    fn strays(&self, contact: &Contact, bounds: Rectangle, to: Point) -> bool {
        if let Answers::AfterSlide(_) = self.answers {
            let along = (contact.start.x - self.drift_px)..=(bounds.x + bounds.width + self.drift_px);
            return (to.y - contact.start.y).abs() > self.drift_px || !along.contains(&to.x);
        }
        contact.start.distance(to) > self.drift_px
    }

    fn press(&self, state: &mut State, finger: Finger, bounds: Rectangle, at: Point, shell: &mut Shell<'_, Message>) {
        shell.capture_event();
        if !self.begins(bounds, at) {
            return;
        }
        if state.contacts.len() >= FINGERS_MAX || state.contacts.iter().any(|contact| contact.finger == finger) {
            return;
        }
        state.contacts.push(Contact {
            finger,
            start: at,
            at,
            since: Instant::now(),
            strayed: false,
            answered: false,
            repeats: 0,
        });
        if self.answers == Answers::OnDown {
            self.speak(shell);
        }
        shell.request_redraw();
    }

    fn moved(&self, state: &mut State, finger: Finger, bounds: Rectangle, to: Point, shell: &mut Shell<'_, Message>) {
        for contact in state.contacts.iter_mut().filter(|contact| contact.finger == finger && !contact.strayed) {
            contact.at = to;
            contact.strayed = self.strays(contact, bounds, to);
            if contact.strayed || matches!(self.answers, Answers::AfterSlide(_)) {
                shell.request_redraw();
            }
        }
    }

    fn lift(&self, state: &mut State, finger: Finger, bounds: Rectangle, at: Point, shell: &mut Shell<'_, Message>) {
        let Some(index) = state.contacts.iter().position(|contact| contact.finger == finger) else { return };
        self.moved(state, finger, bounds, at, shell);
        let contact = state.contacts.swap_remove(index);
        let answers = match self.answers {
            Answers::OnLift | Answers::OnLiftOrNext => true,
            Answers::Repeating { .. } => contact.repeats == 0,
            Answers::AfterSlide(slide_px) => contact.slid(slide_px) >= 1.0 && contact.since.elapsed() <= SLIDES_WITHIN,
            Answers::OnDown | Answers::AfterHold(_) => false,
        };
        if answers && !contact.strayed && !contact.answered {
            self.speak(shell);
        }
        shell.capture_event();
        shell.request_redraw();
    }

    fn lost(state: &mut State, finger: Finger, shell: &mut Shell<'_, Message>) {
        let before = state.contacts.len();
        state.contacts.retain(|contact| contact.finger != finger);
        if state.contacts.len() != before {
            shell.request_redraw();
        }
    }

    /// Another finger lands: keys that were struck before it have their turn first.
    fn overtaken(&self, state: &mut State, by: Finger, shell: &mut Shell<'_, Message>) {
        if !matches!(self.answers, Answers::OnLiftOrNext | Answers::Repeating { .. }) {
            return;
        }
        for contact in state.contacts.iter_mut().filter(|contact| contact.finger != by) {
            if !contact.strayed && !contact.answered && contact.repeats == 0 {
                contact.answered = true;
                self.speak(shell);
            }
        }
    }

    fn repeat(&self, state: &mut State, now: Instant, shell: &mut Shell<'_, Message>) {
        let Answers::Repeating { first, every, most } = self.answers else { return };
        for contact in state.contacts.iter_mut().filter(|contact| !contact.strayed && !contact.answered) {
            let mut due = contact.since + first + every * contact.repeats;
            if contact.repeats < most && now >= due {
                contact.repeats += 1;
                due += every;
                self.speak(shell);
            }
            if contact.repeats < most {
                shell.request_redraw_at(due.max(now));
            }
        }
    }

    fn hold(&self, state: &mut State, now: Instant, shell: &mut Shell<'_, Message>) {
        let Answers::AfterHold(span) = self.answers else { return };
        let mut answered = false;
        for contact in state.contacts.iter_mut().filter(|contact| !contact.strayed && !contact.answered) {
            if now.saturating_duration_since(contact.since) >= span {
                contact.answered = true;
                answered = true;
            }
        }
        if answered {
            self.speak(shell);
        }
        if state.held_since().is_some() {
            shell.request_redraw_at(now + HOLD_FRAME);
        }
    }

    fn speak(&self, shell: &mut Shell<'_, Message>) {
        if let Some(message) = &self.message {
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
            // A finger that came down on another control must not lift on this one.
            *state = State { id: self.id.clone(), contacts: Vec::new(), mouse: state.mouse };
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
        let mut placed = Placed { id: self.id.clone(), answers: self.message.is_some() };
        operation.custom(None, layout.bounds(), &mut placed);
        operation.traverse(&mut |operation| {
            if let Some(child) = layout.children().next() {
                self.content.as_widget_mut().operate(&mut tree.children[0], child, renderer, operation);
            }
        });
    }

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
            self.overtaken(state, id, shell);
        }
        match *event {
            Event::Touch(iced::touch::Event::FingerPressed { id, position })
                if self.message.is_some() && bounds.contains(position) && !shell.is_event_captured() =>
            {
                self.press(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerMoved { id, position }) => {
                self.moved(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerLifted { id, position }) => {
                self.lift(state, id, bounds, position, shell);
            }
            Event::Touch(iced::touch::Event::FingerLost { id, .. }) => Self::lost(state, id, shell),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                if let Some(position) = state.mouse.or(cursor.position())
                    && bounds.contains(position)
                    && self.message.is_some()
                    && !shell.is_event_captured()
                {
                    self.press(state, MOUSE, bounds, position, shell);
                }
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                state.mouse = Some(position);
                self.moved(state, MOUSE, bounds, position, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                let at = state.mouse.or(cursor.position()).or_else(|| {
                    state.contacts.iter().find(|contact| contact.finger == MOUSE).map(|contact| contact.start)
                });
                if let Some(position) = at {
                    self.lift(state, MOUSE, bounds, position, shell);
                }
            }
            Event::Window(window::Event::RedrawRequested(now)) => {
                self.hold(state, now, shell);
                self.repeat(state, now, shell);
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
            Border { color: self.look.outline, width: self.look.outline_px, radius: self.look.radius_px.into() };
        let ground = if state.is_pressed() { self.look.pressed } else { self.look.ground };
        if ground.a > 0.0 || self.look.outline_px > 0.0 {
            fill(renderer, bounds, border, ground);
        }
        let done = match self.answers {
            Answers::AfterHold(span) => {
                state.held_since().map(|since| (since.elapsed().as_secs_f32() / span.as_secs_f32()).clamp(0.0, 1.0))
            }
            Answers::AfterSlide(slide_px) => {
                let slid =
                    state.contacts.iter().filter(|contact| !contact.strayed).map(|contact| contact.slid(slide_px));
                slid.reduce(f32::max)
            }
            Answers::OnDown | Answers::OnLift | Answers::OnLiftOrNext | Answers::Repeating { .. } => None,
        };
        if let Some(part) = done {
            let filled = Rectangle { width: bounds.width * part, ..bounds };
            fill(renderer, filled, Border { width: 0.0, ..border }, self.look.filling);
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
        if self.message.is_some() && cursor.is_over(layout.bounds()) {
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

fn fill(renderer: &mut Renderer, bounds: Rectangle, border: Border, color: Color) {
    let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
    renderer.fill_quad(quad, Background::Color(color));
}

impl<'a, Message: Clone + 'a> From<Touchable<'a, Message>> for Element<'a, Message> {
    fn from(touchable: Touchable<'a, Message>) -> Self {
        Self::new(touchable)
    }
}
