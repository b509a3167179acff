//! Owns the staff PIN pad. The call stays above it. Does not own the PIN, only what is being typed.

use iced::widget::{Space, column, container, row};
use iced::{Element, Length};

use super::Setting;
use crate::theme::{self, CALL_MM, GAP_MM};
use crate::widget::parts;
use crate::words::Value;

/// The longest PIN.
const DIGITS_MAX: usize = 12;

/// A PIN being typed.
#[derive(Default)]
pub struct PinPad {
    typed: String,
    said: Said,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Said {
    #[default]
    Nothing,
    Wrong,
    Locked {
        seconds: u64,
    },
    Unreadable,
}

/// What happened at the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A digit.
    DigitPressed(char),
    /// The last digit goes.
    DeletePressed,
    /// The PIN is complete.
    EnterPressed,
    /// Never mind.
    ClosePressed,
}

/// What the pad asks of the shell.
pub enum Action {
    /// Nothing.
    None,
    /// Check this PIN.
    Check(String),
    /// Close the pad.
    Close,
}

impl PinPad {
    /// Takes in what happened.
    pub fn update(&mut self, message: &Message) -> Action {
        match message {
            Message::DigitPressed(digit) => {
                self.said = Said::Nothing;
                if self.typed.len() < DIGITS_MAX {
                    self.typed.push(*digit);
                }
                Action::None
            }
            Message::DeletePressed => {
                self.typed.pop();
                Action::None
            }
            Message::EnterPressed if self.typed.is_empty() => Action::None,
            Message::EnterPressed => Action::Check(std::mem::take(&mut self.typed)),
            Message::ClosePressed => Action::Close,
        }
    }

    /// The PIN was wrong; `wait` tells how long the pad stays locked.
    pub fn was_wrong(&mut self, wait: std::time::Duration) {
        let seconds = wait.as_secs();
        self.said = if seconds == 0 { Said::Wrong } else { Said::Locked { seconds } };
    }

    /// No PIN can be looked at: its file is damaged.
    pub fn cannot_be_checked(&mut self) {
        self.said = Said::Unreadable;
    }

    /// The pad, under a title; `below` is said there unless something else has to be.
    pub fn view<'a, M: Clone + 'a>(
        &self,
        setting: &Setting,
        head: String,
        below: String,
        wrap: impl Fn(Message) -> M + Copy,
    ) -> Element<'a, M> {
        let said = match self.said {
            Said::Nothing => below,
            Said::Wrong => setting.staff("staff-pin-wrong"),
            Said::Unreadable => setting.staff("trouble-staff-pin-lost"),
            Said::Locked { seconds } => {
                setting.staff_words.say_with("staff-pin-locked", &[("seconds", Value::from(seconds))])
            }
        };
        // A space keeps the line's height: a dot would look like a digit that was typed.
        let dots: String = if self.typed.is_empty() { "\u{a0}".to_owned() } else { "•".repeat(self.typed.len()) };
        let words = column![
            parts::line(head, setting.scale.title(), theme::CONTROL, theme::SAND),
            parts::line(dots, setting.scale.phrase(), theme::CONTROL_STRONG, theme::LAMPLIGHT),
            parts::note(setting, said),
            key(setting, "pin-close", setting.staff("staff-close"), wrap(Message::ClosePressed), 44.0),
        ]
        .spacing(setting.mm(5.0))
        .width(Length::Fixed(setting.mm(90.0)));
        let mut pad = column![].spacing(setting.mm(GAP_MM));
        for digits in ["123", "456", "789"] {
            let keys = digits.chars().map(|digit| digit_key(setting, digit, wrap));
            pad = pad.push(row(keys).spacing(setting.mm(GAP_MM)));
        }
        pad = pad.push(
            row![
                key(setting, "pin-delete", setting.staff("staff-pin-delete"), wrap(Message::DeletePressed), 26.0),
                digit_key(setting, '0', wrap),
                key(setting, "pin-enter", setting.staff("staff-pin-enter"), wrap(Message::EnterPressed), 26.0),
            ]
            .spacing(setting.mm(GAP_MM)),
        );
        // Below the call's place, which is as wide as the screen while a call is open.
        column![
            Space::new().height(setting.mm(CALL_MM + 6.0)),
            container(row![pad, words].spacing(setting.mm(12.0)).align_y(iced::Center)).center(Length::Fill),
        ]
        .into()
    }
}

fn digit_key<'a, M: Clone + 'a>(setting: &Setting, digit: char, wrap: impl Fn(Message) -> M) -> Element<'a, M> {
    key(setting, &format!("pin-{digit}"), digit.to_string(), wrap(Message::DigitPressed(digit)), 26.0)
}

fn key<'a, M: Clone + 'a>(setting: &Setting, id: &str, label: String, message: M, width_mm: f32) -> Element<'a, M> {
    parts::control(setting, id.to_owned(), label, message).width(setting.mm(width_mm)).into()
}
