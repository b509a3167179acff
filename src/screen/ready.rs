//! Owns Ready: a dim living place, the room's name, and a touch anywhere that begins the visit. Has no state.
//! Everything for staff is in their sheet, because the next patient reads this screen.

use iced::widget::{Space, column, stack};
use iced::{Element, Length};

use super::Action;
use crate::room::Event;
use crate::room::snapshot::Receipt;
use crate::theme;
use crate::widget::page::Page;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts};

/// The screen of Ready.
#[derive(Debug, Default)]
pub struct ReadyScreen;

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The screen was touched, which begins the visit.
    Touched,
}

impl ReadyScreen {
    /// Handles a message.
    pub fn update(&mut self, message: &Message) -> Action {
        match message {
            Message::Touched => Action::Send(Event::VisitBegins),
        }
    }

    /// The screen.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let begin = parts::body(ctx, ctx.say("ready-begin"));
        // Staff have seen the receipt. The patient is told only what it means: nothing from an earlier visit is left.
        let is_fresh = ctx.snapshot.receipt.as_ref().is_some_and(Receipt::is_verified);
        let fresh =
            is_fresh.then(|| parts::text_line(ctx.say("ready-fresh"), ctx.scale.staff(), theme::VOICE, theme::SAND));
        let content = column![begin].push(fresh).spacing(ctx.mm(2.0));
        let page = Page::new().at_foot().title(ctx.room_name.clone()).content(content).view_over(ctx, 0.85);
        let touch = touchable("ready", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::Touched);
        stack![page, touch].into()
    }
}
