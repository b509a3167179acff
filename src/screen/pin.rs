//! Owns the staff PIN pad, which is below the call. Does not own the PIN, only what is being typed.

use iced::widget::{Space, column, container, row};
use iced::{Element, Length};

use crate::theme::{self, CALL_MM, GAP_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

/// Maximum number of digits in a PIN.
const DIGITS_MAX: usize = 12;

/// A PIN being typed.
#[derive(Default)]
pub struct PinPad {
    typed: String,
    notice: PadNotice,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PadNotice {
    #[default]
    None,
    Wrong,
    Locked {
        seconds: u64,
    },
    Unreadable,
}

/// What happened at the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A digit was pressed.
    DigitPressed(char),
    /// *Delete* was pressed.
    DeletePressed,
    /// The PIN is complete.
    EnterPressed,
    /// *Close* was pressed.
    ClosePressed,
}

impl PinPad {
    /// Handles a message, and returns the PIN once it is entered. The caller handles [`Message::ClosePressed`].
    pub fn update(&mut self, message: &Message) -> Option<String> {
        match message {
            Message::DigitPressed(digit) => {
                self.notice = PadNotice::None;
                if self.typed.len() < DIGITS_MAX {
                    self.typed.push(*digit);
                }
                None
            }
            Message::DeletePressed => {
                self.typed.pop();
                None
            }
            Message::EnterPressed => Some(std::mem::take(&mut self.typed)).filter(|typed| !typed.is_empty()),
            Message::ClosePressed => None,
        }
    }

    /// Shows that the PIN was wrong, and that the pad is locked for `wait` unless that is zero.
    pub fn on_wrong_pin(&mut self, wait: std::time::Duration) {
        let seconds = wait.as_secs();
        self.notice = if seconds == 0 { PadNotice::Wrong } else { PadNotice::Locked { seconds } };
    }

    /// Shows that no PIN can be checked, since its file is damaged.
    pub fn on_unreadable_pin(&mut self) {
        self.notice = PadNotice::Unreadable;
    }

    /// The pad with the title `head`, and `hint` where a notice would be.
    pub fn view<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        head: String,
        hint: String,
        wrap: impl Fn(Message) -> M + Copy,
    ) -> Element<'a, M> {
        let notice = match self.notice {
            PadNotice::None => hint,
            PadNotice::Wrong => ctx.staff("staff-pin-wrong"),
            PadNotice::Unreadable => ctx.staff("trouble-staff-pin-lost"),
            PadNotice::Locked { seconds } => {
                ctx.staff_words.say_with("staff-pin-locked", &[("seconds", Value::from(seconds))])
            }
        };
        // A space keeps the height of the line; a dot would look like a digit.
        let dots: String = if self.typed.is_empty() { "\u{a0}".to_owned() } else { "•".repeat(self.typed.len()) };
        let words = column![
            parts::text_line(head, ctx.scale.title(), theme::CONTROL, theme::SAND),
            parts::text_line(dots, ctx.scale.phrase(), theme::CONTROL_STRONG, theme::LAMPLIGHT),
            parts::staff_note(ctx, notice),
            key(ctx, "pin-close", ctx.staff("staff-close"), wrap(Message::ClosePressed), 44.0),
        ]
        .spacing(ctx.mm(5.0))
        .width(Length::Fixed(ctx.mm(90.0)));
        let mut pad = column![].spacing(ctx.mm(GAP_MM));
        for digits in ["123", "456", "789"] {
            let keys = digits.chars().map(|digit| digit_key(ctx, digit, wrap));
            pad = pad.push(row(keys).spacing(ctx.mm(GAP_MM)));
        }
        pad = pad.push(
            row![
                key(ctx, "pin-delete", ctx.staff("staff-pin-delete"), wrap(Message::DeletePressed), 26.0),
                digit_key(ctx, '0', wrap),
                key(ctx, "pin-enter", ctx.staff("staff-pin-enter"), wrap(Message::EnterPressed), 26.0),
            ]
            .spacing(ctx.mm(GAP_MM)),
        );
        // Below the call, which is as wide as the screen while it is open.
        column![
            Space::new().height(ctx.mm(CALL_MM + 6.0)),
            container(row![pad, words].spacing(ctx.mm(12.0)).align_y(iced::Center)).center(Length::Fill),
        ]
        .into()
    }
}

fn digit_key<'a, M: Clone + 'a>(ctx: &ViewContext, digit: char, wrap: impl Fn(Message) -> M) -> Element<'a, M> {
    key(ctx, &format!("pin-{digit}"), digit.to_string(), wrap(Message::DigitPressed(digit)), 26.0)
}

fn key<'a, M: Clone + 'a>(ctx: &ViewContext, id: &str, label: String, message: M, width_mm: f32) -> Element<'a, M> {
    parts::control(ctx, id.to_owned(), label, message).width(ctx.mm(width_mm)).into()
}
