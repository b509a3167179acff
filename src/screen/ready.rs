//! Owns Ready: a dim living place and the room's name, and below them what staff have to know. It has no state.

use iced::widget::{Space, column, stack};
use iced::{Element, Length};

use super::Action;
use crate::room::Event;
use crate::theme;
use crate::widget::page::Page;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts};

/// Maximum number of lines for staff.
const STAFF_LINES_MAX: usize = 4;

/// The screen of Ready.
#[derive(Debug, Default)]
pub struct ReadyScreen;

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The screen was touched.
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
        let no_desk = (ctx.snapshot.desks == 0).then(|| ctx.staff("staff-no-desk-ready"));
        let mut staff_lines = column![].spacing(ctx.mm(1.0));
        for words in parts::trouble_lines(ctx, no_desk, STAFF_LINES_MAX) {
            staff_lines = staff_lines.push(parts::staff_note(ctx, words));
        }
        if let Some(receipt) = &ctx.snapshot.receipt {
            let at = receipt.at.get(11..16).unwrap_or(&receipt.at).to_owned();
            let words = ctx.staff_words.say_with("turnover-wiped", &[("at", at.into())]);
            staff_lines = staff_lines.push(parts::staff_note(ctx, words));
        }
        let begin = parts::body(ctx, ctx.say("ready-begin"));
        let content = column![begin, staff_lines].spacing(ctx.mm(4.0));
        let page = Page::new().at_foot().title(ctx.room_name.clone()).content(content).layer(ctx);
        let touch = touchable("ready", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::Touched);
        parts::over_place(ctx, 0.85, stack![touch, page])
    }
}
