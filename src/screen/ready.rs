//! Owns Ready: a dim living place, the room's name, and nothing else for a patient to read.

use iced::widget::{Space, column, container, stack};
use iced::{Element, Length};

use super::Action;
use crate::room::Event;
use crate::theme::{self, MARGIN_MM};
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts};

/// So many lines stand below the name at most.
const LINES_FOR_STAFF: usize = 4;

/// A waiting room.
#[derive(Debug, Default)]
pub struct Ready;

/// What happened in Ready.
#[derive(Clone, Debug)]
pub enum Message {
    /// Someone touched the screen.
    Touched,
}

impl Ready {
    /// Takes in what happened.
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
        let mut for_staff = column![].spacing(ctx.mm(1.0));
        let quiet = ctx.snapshot.desks > 0 && ctx.snapshot.troubles.is_empty() && ctx.snapshot.receipt.is_none();
        for words in parts::troubles(ctx, no_desk, LINES_FOR_STAFF) {
            for_staff = for_staff.push(parts::note(ctx, words));
        }
        if let Some(receipt) = &ctx.snapshot.receipt {
            let at = receipt.at.get(11..16).unwrap_or(&receipt.at).to_owned();
            let words = ctx.staff_words.say_with("turnover-wiped", &[("at", at.into())]);
            for_staff = for_staff.push(parts::line(words, ctx.scale.small(), theme::CONTROL, theme::SAND));
        }
        let name = container(parts::scrim(ctx, name)).align_left(Length::Fill).center_y(Length::Fill);
        // Below the name and apart from it: whatever staff is told, the name stays where it is.
        let told = (!quiet)
            .then(|| container(parts::scrim(ctx, for_staff)).align_bottom(Length::Fill).padding(ctx.mm(MARGIN_MM)));
        let content = stack![name.padding(ctx.mm(MARGIN_MM))].push(told);
        let touch = touchable("ready", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::Touched);
        parts::over_place(ctx, 0.85, stack![touch, content])
    }
}
