//! Owns the translation of one finger's touches into mouse events for iced's text editor, which ignores touch events as
//! of iced 0.14. Does not own the editor.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::touch::{self, Finger};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme};

struct TouchAsMouse<'a, Message> {
    content: Element<'a, Message>,
}

/// Wraps `content`. The touches of the first finger that lands on `content` are sent to it as mouse events. Other
/// fingers are ignored until that finger lifts.
pub fn touch_as_mouse<'a, Message: 'a>(content: impl Into<Element<'a, Message>>) -> Element<'a, Message> {
    Element::new(TouchAsMouse { content: content.into() })
}

#[derive(Default)]
struct TrackedFinger(Option<Finger>);

impl<Message> Widget<Message, Theme, Renderer> for TouchAsMouse<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<TrackedFinger>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(TrackedFinger::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        self.content.as_widget().size()
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let child = self.content.as_widget_mut().layout(&mut tree.children[0], renderer, limits);
        layout::Node::with_children(child.size(), vec![child])
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        if let Some(child) = layout.children().next() {
            self.content.as_widget_mut().operate(&mut tree.children[0], child, renderer, operation);
        }
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
        let Some(child) = layout.children().next() else { return };
        let tracked = &mut tree.state.downcast_mut::<TrackedFinger>().0;
        let (events, cursor) = match *event {
            Event::Touch(touch::Event::FingerPressed { id, position }) => {
                if tracked.is_some() || !child.bounds().contains(position) {
                    return;
                }
                *tracked = Some(id);
                (vec![mouse::Event::ButtonPressed(mouse::Button::Left)], mouse::Cursor::Available(position))
            }
            Event::Touch(touch::Event::FingerMoved { id, position }) => {
                if *tracked != Some(id) {
                    return;
                }
                (vec![mouse::Event::CursorMoved { position }], mouse::Cursor::Available(position))
            }
            Event::Touch(touch::Event::FingerLifted { id, position } | touch::Event::FingerLost { id, position }) => {
                if *tracked != Some(id) {
                    return;
                }
                *tracked = None;
                (vec![mouse::Event::ButtonReleased(mouse::Button::Left)], mouse::Cursor::Available(position))
            }
            _ => {
                let content = self.content.as_widget_mut();
                content.update(&mut tree.children[0], event, child, cursor, renderer, clipboard, shell, viewport);
                return;
            }
        };
        for mouse_event in events {
            self.content.as_widget_mut().update(
                &mut tree.children[0],
                &Event::Mouse(mouse_event),
                child,
                cursor,
                renderer,
                clipboard,
                shell,
                viewport,
            );
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
        if let Some(child) = layout.children().next() {
            self.content.as_widget().draw(&tree.children[0], renderer, theme, style, child, cursor, viewport);
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        layout.children().next().map_or(mouse::Interaction::None, |child| {
            self.content.as_widget().mouse_interaction(&tree.children[0], child, cursor, viewport, renderer)
        })
    }
}
