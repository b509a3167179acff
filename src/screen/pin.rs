//! Owns the staff PIN pad and the digits typed so far. Does not own the PIN, or how it is checked.

use iced::border::Border;
use iced::widget::{Column, column, container, row};
use iced::{Background, Element, Length};

use crate::theme::{self, GAP_MM};
use crate::widget::staff_parts::{self, STAFF_CONTROL_MM};
use crate::widget::staff_sheet::{SheetGeometry, staff_sheet};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

/// Maximum number of digits in a PIN.
const DIGITS_MAX: usize = 12;
/// Width of the *Close* control, in millimetres.
const CLOSE_MM: f32 = 16.0;
/// Height of the field that shows how many digits were typed, in millimetres.
const FIELD_MM: f32 = 9.0;
/// Maximum width of that field, in millimetres. As many dots as a PIN can have digits fit in it.
const FIELD_MAX_MM: f32 = 64.0;
/// Height of the hint below the keys, in millimetres.
const HINT_MM: f32 = 16.0;
/// Stands for *Delete* and for *Enter* in the rows of a pad.
const DELETE: char = '<';
const ENTER: char = '>';
/// The rows of the pad.
pub const PAD: [&str; 4] = ["123", "456", "789", "<0>"];
/// The rows of the pad on a sheet that is too low for four.
const LOW_PAD: [&str; 2] = ["12345<", "67890>"];
/// Maximum height of a key, in millimetres.
const KEY_MAX_MM: f32 = 20.0;

/// A pad on which staff type their PIN.
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
    Unchecked,
    Unreadable,
}

/// What happened on the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A digit key was pressed.
    DigitPressed(char),
    /// *Delete* was pressed.
    DeletePressed,
    /// *Enter* was pressed.
    EnterPressed,
    /// *Close* was pressed.
    ClosePressed,
}

impl PinPad {
    /// Handles a message. Returns the typed digits when *Enter* is pressed, or `None` if there are none. The caller
    /// handles [`Message::ClosePressed`].
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

    /// Shows that the PIN was wrong. If `wait` is a second or longer, shows instead that the pad is locked, and for how
    /// many seconds.
    pub fn on_wrong_pin(&mut self, wait: std::time::Duration) {
        let seconds = wait.as_secs();
        self.notice = if seconds == 0 { PadNotice::Wrong } else { PadNotice::Locked { seconds } };
    }

    /// Shows that this PIN was not checked, and that staff should try again.
    pub fn on_unchecked_pin(&mut self) {
        self.notice = PadNotice::Unchecked;
    }

    /// Shows that no PIN can be checked, for example because the file that stores the staff PIN is damaged.
    pub fn on_unreadable_pin(&mut self) {
        self.notice = PadNotice::Unreadable;
    }

    /// Why the last PIN was not accepted. `None` if nothing went wrong, or if a digit has been typed since.
    #[must_use]
    pub fn notice(&self, ctx: &ViewContext) -> Option<String> {
        match self.notice {
            PadNotice::None => None,
            PadNotice::Wrong => Some(ctx.staff("staff-pin-wrong")),
            PadNotice::Unchecked => Some(ctx.staff("staff-pin-unchecked")),
            PadNotice::Unreadable => Some(ctx.staff("trouble-staff-pin-lost")),
            PadNotice::Locked { seconds } => {
                Some(ctx.staff_words.say_with("staff-pin-locked", &[("seconds", Value::from(seconds))]))
            }
        }
    }

    /// A field with one dot for each digit typed so far. It has no placeholders, which would tell how long the PIN is.
    #[must_use]
    pub fn field<'a, M: 'a>(&self, ctx: &ViewContext) -> Element<'a, M> {
        let dots = "•".repeat(self.typed.len());
        let dots = parts::text_line(dots, ctx.scale.title(), theme::CONTROL_STRONG, theme::LAMPLIGHT).line_height(1.0);
        let (line, radius) = (ctx.mm(0.35), ctx.mm(2.5));
        container(dots)
            .center_x(Length::Fill)
            .center_y(Length::Fixed(ctx.mm(FIELD_MM)))
            .max_width(ctx.mm(FIELD_MAX_MM))
            .style(move |_| container::Style {
                background: Some(Background::Color(theme::DEEP_WATER)),
                border: Border {
                    color: theme::faded(theme::SAND, theme::BORDER_OPACITY),
                    width: line,
                    radius: radius.into(),
                },
                ..container::Style::default()
            })
            .into()
    }

    /// The keys of the pad in these rows, each `key_mm` high.
    pub fn keys<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        rows: &[&str],
        key_mm: f32,
        wrap: impl Fn(Message) -> M + Copy,
    ) -> Column<'a, M> {
        let key = |face: char| {
            let key = match face {
                DELETE => {
                    staff_parts::key(ctx, "pin-delete", ctx.staff("staff-pin-delete"), wrap(Message::DeletePressed))
                }
                ENTER => {
                    staff_parts::primary(ctx, "pin-enter", ctx.staff("staff-pin-enter"), wrap(Message::EnterPressed))
                }
                digit => {
                    let message = wrap(Message::DigitPressed(digit));
                    staff_parts::key(ctx, format!("pin-{digit}"), digit.to_string(), message)
                }
            };
            key.height(ctx.mm(key_mm)).into()
        };
        let rows = rows.iter().map(|row| staff_parts::side_by_side(ctx, row.chars().map(key)));
        Column::with_children(rows).spacing(ctx.mm(GAP_MM))
    }

    /// The pad as a staff sheet, which always leaves the call visible.
    #[must_use]
    pub fn sheet<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let geometry = SheetGeometry::of(ctx);
        let close = staff_parts::action(ctx, "pin-close", ctx.staff("staff-close"), Message::ClosePressed)
            .width(ctx.mm(CLOSE_MM));
        // After a PIN that was not accepted nothing is typed, so the notice may take the place of the field.
        let note = |words: String| parts::staff_note(ctx, words).line_height(1.2);
        let notice = self.notice(ctx);
        // A tall head is narrow, so a notice takes the place of the hint below the keys.
        let (in_head, hint) = if geometry.has_tall_head() {
            (None, Some(notice.unwrap_or_else(|| ctx.staff("staff-pin-forgotten"))))
        } else {
            (notice, None)
        };
        let title = || {
            let title = ctx.staff("staff-pin-title");
            parts::text_line(title, ctx.scale.label(), theme::CONTROL_STRONG, theme::SAND).line_height(1.2)
        };
        let head: Element<'a, Message> = if geometry.has_tall_head() {
            let field = row![container(self.field(ctx)).width(Length::Fill), close];
            let field = field.spacing(ctx.mm(GAP_MM)).align_y(iced::Center);
            column![container(title()).height(Length::Fill), field].into()
        } else {
            let below = in_head.map_or_else(|| self.field(ctx), |notice| note(notice).into());
            let words = column![title(), below].spacing(ctx.mm(1.5));
            row![container(words).width(Length::Fill), close].spacing(ctx.mm(GAP_MM)).into()
        };
        // If the sheet has no tall head, only the keys fit below it.
        let hint = hint.map(note);
        let is_below = hint.is_some() && !geometry.has_two_columns();
        let hint_mm = if is_below { HINT_MM + GAP_MM } else { 0.0 };
        let key_mm = |rows: &[&str]| (geometry.body_height_mm - hint_mm + GAP_MM) / rows.len() as f32 - GAP_MM;
        // A low sheet has no room for four rows.
        let rows = if key_mm(&PAD) >= STAFF_CONTROL_MM { &PAD[..] } else { &LOW_PAD };
        let key_mm = key_mm(rows).clamp(STAFF_CONTROL_MM, KEY_MAX_MM);
        staff_sheet(
            ctx,
            head,
            self.keys(ctx, rows, key_mm, |message| message),
            hint.map(|hint| column![hint]),
            Message::ClosePressed,
        )
    }
}
