//! Owns Ready: a dim living place and the room's name, with what staff have to know below it. It has no state.

use iced::widget::{Space, column, container, stack};
use iced::{Element, Length};

use super::Action;
use crate::room::Event;
use crate::theme::{self, MARGIN_MM};
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
        let name = column![parts::phrase(ctx, ctx.room_name.clone()), parts::body(ctx, ctx.say("ready-begin")),]
            .spacing(ctx.mm(2.0))
            .align_x(iced::Center);
        let no_desk = (ctx.snapshot.desks == 0).then(|| ctx.staff("staff-no-desk-ready"));
        let mut staff_lines = column![].spacing(ctx.mm(1.0));
        let is_quiet = ctx.snapshot.desks > 0 && ctx.snapshot.troubles.is_empty() && ctx.snapshot.receipt.is_none();
        for words in parts::trouble_lines(ctx, no_desk, STAFF_LINES_MAX) {
            staff_lines = staff_lines.push(parts::staff_note(ctx, words));
        }
        if let Some(receipt) = &ctx.snapshot.receipt {
            let at = receipt.at.get(11..16).unwrap_or(&receipt.at).to_owned();
            let words = ctx.staff_words.say_with("turnover-wiped", &[("at", at.into())]);
            staff_lines = staff_lines.push(parts::text_line(words, ctx.scale.small(), theme::CONTROL, theme::SAND));
        }
        let name = container(parts::scrim(ctx, name)).align_left(Length::Fill).center_y(Length::Fill);
        // In a layer of its own, so that the name stays where it is whatever staff are told.
        let told = (!is_quiet)
            .then(|| container(parts::scrim(ctx, staff_lines)).align_bottom(Length::Fill).padding(ctx.mm(MARGIN_MM)));
        let content = stack![name.padding(ctx.mm(MARGIN_MM))].push(told);
        let touch = touchable("ready", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::Touched);
        parts::over_place(ctx, 0.85, stack![touch, content])
    }
}
