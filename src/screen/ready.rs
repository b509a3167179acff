//! Owns Ready: a dim living place, the room's name, and nothing else for a patient to read.

use iced::widget::{Space, column, container, stack};
use iced::{Element, Length};

use super::{Action, Setting};
use crate::room::Event;
use crate::theme::{self, MARGIN_MM};
use crate::widget::parts;
use crate::widget::touch::touchable;

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
            Message::Touched => Action::Tell(Event::VisitBegins),
        }
    }

    /// The screen.
    #[must_use]
    pub fn view<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        let name = column![
            parts::phrase(setting, setting.room_name.clone()),
            parts::body(setting, setting.say("ready-begin")),
        ]
        .spacing(setting.mm(2.0))
        .align_x(iced::Center);
        let no_desk = (setting.snapshot.desks == 0).then(|| setting.staff("staff-no-desk-ready"));
        let mut for_staff = column![].spacing(setting.mm(1.0));
        let quiet =
            setting.snapshot.desks > 0 && setting.snapshot.troubles.is_empty() && setting.snapshot.receipt.is_none();
        for words in parts::troubles(setting, no_desk, LINES_FOR_STAFF) {
            for_staff = for_staff.push(parts::note(setting, words));
        }
        if let Some(receipt) = &setting.snapshot.receipt {
            let at = receipt.at.get(11..16).unwrap_or(&receipt.at).to_owned();
            let words = setting.staff_words.say_with("turnover-wiped", &[("at", at.into())]);
            for_staff = for_staff.push(parts::line(words, setting.scale.small(), theme::CONTROL, theme::SAND));
        }
        let name = container(parts::scrim(setting, name)).align_left(Length::Fill).center_y(Length::Fill);
        // Below the name and apart from it: whatever staff is told, the name stays where it is.
        let told = (!quiet).then(|| {
            container(parts::scrim(setting, for_staff)).align_bottom(Length::Fill).padding(setting.mm(MARGIN_MM))
        });
        let content = stack![name.padding(setting.mm(MARGIN_MM))].push(told);
        let touch = touchable("ready", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .drift_px(setting.mm(theme::DRIFT_MM))
            .says(Message::Touched);
        parts::over_place(setting, 0.85, stack![touch, content])
    }
}
