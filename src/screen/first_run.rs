//! Owns the first run: the safety notice, the room's name, the staff PIN, the size of the screen, the reading of a sound
//! meter at the pillow, and the loudest level. There is no default PIN. Does not own how the setup is saved.

use iced::widget::{Space, column, container, row};
use iced::{Element, Length};

use super::pin::{self, PinPad};
use super::write::{self, TextPad};
use super::{Action, TestTone};
use crate::config::READING_DBA;
use crate::room::notes::PatientText;
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

/// Maximum length of a room's name.
const NAME_CHARS_MAX: usize = 40;
/// Minimum number of digits in a PIN.
const PIN_DIGITS_MIN: usize = 4;
/// Range of diagonals that can be set, in inches.
const INCHES: std::ops::RangeInclusive<f32> = 7.0..=32.0;
const INCH_STEP: f32 = 0.1;
/// Range of caps that can be set, in dB relative to full scale.
const CAP_DB: std::ops::RangeInclusive<f32> = -40.0..=0.0;
const CAP_STEP_DB: f32 = 2.0;
/// Reading after the first press on a control that changes it, in dB(A).
const FIRST_READING_DBA: f32 = 48.0;

/// What the first run decided. It has no `Debug`, since it carries the PIN.
pub struct SetupChoices {
    /// The room's name.
    pub room_name: String,
    /// The staff PIN, which is hashed and then dropped.
    pub pin: String,
    /// Diagonal of the screen.
    pub diagonal_inches: f32,
    /// Cap on the level, in dB relative to full scale.
    pub cap_db: f32,
    /// Reading of a sound meter at the pillow, in dB(A), if there was one.
    pub reading_dba: Option<f32>,
}

/// The screen of the first run.
pub struct FirstRunScreen {
    step: SetupStep,
    name: TextPad,
    pin: PinPad,
    first_pin: Option<String>,
    is_mismatch: bool,
    diagonal_inches: f32,
    cap_db: f32,
    reading_dba: Option<f32>,
    /// Why the setup could not be saved.
    save_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetupStep {
    Safety,
    Name,
    Pin,
    Screen,
    Meter,
    Cap,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// On to the next step.
    NextPressed,
    /// Back to the previous step.
    BackPressed,
    /// The text pad for the room's name.
    Name(write::Message),
    /// The PIN pad.
    Pin(pin::Message),
    /// The screen is larger or smaller by this many steps of 0.1 inches.
    SizePressed(f32),
    /// The calibration tone was requested.
    MeterTonePressed,
    /// The reading was changed by this many dB.
    ReadingPressed(f32),
    /// There is no meter.
    NoMeterPressed,
    /// The cap is higher or lower by this many steps of 2 dB.
    CapPressed(f32),
    /// A tone at the cap was requested.
    CapTonePressed,
    /// The setup is complete.
    FinishPressed,
}

impl FirstRunScreen {
    /// A first run that starts from the configuration.
    #[must_use]
    pub fn new(room_name: &str, diagonal_inches: f32, cap_db: f32) -> Self {
        Self {
            step: SetupStep::Safety,
            name: TextPad::with_text(&PatientText::new(room_name), NAME_CHARS_MAX),
            pin: PinPad::default(),
            first_pin: None,
            is_mismatch: false,
            diagonal_inches,
            cap_db,
            reading_dba: None,
            save_error: None,
        }
    }

    /// Shows why the setup could not be saved.
    pub fn on_save_failed(&mut self, why: String) {
        self.save_error = Some(why);
    }

    fn room_name(&self) -> String {
        let text = self.name.text();
        text.reveal().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect()
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message) -> Action {
        match message {
            Message::NextPressed => {
                self.step = match self.step {
                    SetupStep::Safety => SetupStep::Name,
                    SetupStep::Name if !self.room_name().is_empty() => SetupStep::Pin,
                    SetupStep::Pin if self.first_pin.is_some() => SetupStep::Screen,
                    SetupStep::Screen => SetupStep::Meter,
                    SetupStep::Meter if self.reading_dba.is_some() => SetupStep::Cap,
                    // A name, a PIN and a reading are required.
                    step @ (SetupStep::Name | SetupStep::Pin | SetupStep::Meter | SetupStep::Cap) => step,
                };
                return if self.step == SetupStep::Name { Action::Focus(write::PAGE) } else { Action::None };
            }
            Message::BackPressed => {
                self.step = match self.step {
                    SetupStep::Safety | SetupStep::Name => SetupStep::Safety,
                    SetupStep::Pin => SetupStep::Name,
                    SetupStep::Screen => self.ask_pin_again(),
                    SetupStep::Meter => SetupStep::Screen,
                    SetupStep::Cap => SetupStep::Meter,
                };
            }
            Message::Name(message) => {
                self.name.update(message);
            }
            Message::Pin(pin::Message::ClosePressed) => self.step = SetupStep::Name,
            Message::Pin(message) => {
                if let Some(pin) = self.pin.update(&message) {
                    self.take_pin(pin);
                }
            }
            Message::SizePressed(steps) => {
                let inches = self.diagonal_inches + steps * INCH_STEP;
                self.diagonal_inches = (inches.clamp(*INCHES.start(), *INCHES.end()) * 10.0).round() / 10.0;
                return Action::Rescale(self.diagonal_inches);
            }
            Message::CapPressed(steps) => {
                self.cap_db = (self.cap_db + steps * CAP_STEP_DB).clamp(*CAP_DB.start(), *CAP_DB.end());
            }
            Message::MeterTonePressed => return Action::Play(TestTone::Meter),
            Message::ReadingPressed(more_db) => {
                let reading_dba = self.reading_dba.map_or(FIRST_READING_DBA, |reading_dba| reading_dba + more_db);
                self.reading_dba = Some(reading_dba.clamp(*READING_DBA.start(), *READING_DBA.end()));
            }
            Message::NoMeterPressed => {
                self.reading_dba = None;
                self.step = SetupStep::Cap;
            }
            Message::CapTonePressed => return Action::Play(TestTone::Cap),
            Message::FinishPressed => {
                if let Some(pin) = &self.first_pin {
                    return Action::SaveSetup(SetupChoices {
                        room_name: self.room_name(),
                        pin: pin.clone(),
                        diagonal_inches: self.diagonal_inches,
                        cap_db: self.cap_db,
                        reading_dba: self.reading_dba,
                    });
                }
            }
        }
        Action::None
    }

    fn ask_pin_again(&mut self) -> SetupStep {
        self.first_pin = None;
        self.is_mismatch = false;
        SetupStep::Pin
    }

    fn take_pin(&mut self, pin: String) {
        if pin.len() < PIN_DIGITS_MIN {
            self.is_mismatch = false;
            self.first_pin = None;
            return;
        }
        match self.first_pin.take() {
            None => {
                self.is_mismatch = false;
                self.first_pin = Some(pin);
            }
            Some(first) if first == pin => {
                self.first_pin = Some(pin);
                self.step = SetupStep::Screen;
            }
            Some(_) => self.is_mismatch = true,
        }
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.step {
            SetupStep::Safety => setup_view(
                ctx,
                ctx.staff("first-run-title"),
                vec![parts::text_line(ctx.staff("safety-line"), ctx.scale.staff(), theme::CONTROL, theme::SAND).into()],
                vec![Space::new().into(), next(ctx)],
            ),
            SetupStep::Name => {
                let head = column![
                    parts::text_line(
                        ctx.staff("first-run-room-title"),
                        ctx.scale.title(),
                        theme::CONTROL_STRONG,
                        theme::SAND
                    ),
                    parts::staff_note(ctx, ctx.staff("first-run-room-hint")),
                ];
                let controls = vec![
                    write::side_control(ctx, "back", ctx.say("back"), Message::BackPressed),
                    write::side_control(ctx, "next", ctx.say("next"), Message::NextPressed),
                ];
                self.name.view(ctx, head.into(), String::new(), None, controls, Message::Name)
            }
            SetupStep::Pin => self.pin_step(ctx),
            SetupStep::Screen => self.screen_step(ctx),
            SetupStep::Meter => self.meter_step(ctx),
            SetupStep::Cap => self.cap_step(ctx),
        }
    }

    fn pin_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let (head, below) = if self.is_mismatch {
            ("first-run-pin-title", "first-run-pin-mismatch")
        } else if self.first_pin.is_some() {
            ("first-run-pin-again", "first-run-pin-rules")
        } else {
            ("first-run-pin-title", "first-run-pin-rules")
        };
        let pad = self.pin.view(ctx, ctx.staff(head), ctx.staff(below), Message::Pin);
        parts::background(theme::INK, pad)
    }

    fn screen_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let help = ctx
            .staff_words
            .say_with("first-run-screen-help", &[("inches", Value::from(f64::from(self.diagonal_inches)))]);
        let step = |id: &'static str, label: &'static str, steps: f32| -> Element<'a, Message> {
            parts::control(ctx, id, label, Message::SizePressed(steps)).width(ctx.mm(28.0)).into()
        };
        let sizes = row![
            step("inch-much-less", "−1", -10.0),
            step("inch-less", "−0.1", -1.0),
            step("inch-more", "+0.1", 1.0),
            step("inch-much-more", "+1", 10.0)
        ]
        .spacing(ctx.mm(GAP_MM));
        setup_view(
            ctx,
            ctx.staff("first-run-screen-title"),
            vec![parts::text_line(help, ctx.scale.staff(), theme::CONTROL, theme::SAND).into(), sizes.into()],
            vec![back(ctx), next(ctx)],
        )
    }

    fn meter_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let help = parts::text_line(ctx.staff("first-run-meter-help"), ctx.scale.staff(), theme::CONTROL, theme::SAND);
        let read = match self.reading_dba {
            Some(reading_dba) => ctx.staff_words.say_with("staff-dba", &[("dba", Value::from(f64::from(reading_dba)))]),
            None => ctx.staff("first-run-meter-unread"),
        };
        let read = parts::text_line(read, ctx.scale.title(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
        let step = |id: &'static str, label: &'static str, more_db: f32| {
            parts::control(ctx, id, label, Message::ReadingPressed(more_db)).width(ctx.mm(28.0))
        };
        let controls = row![
            parts::control(ctx, "reading-tone", ctx.staff("first-run-meter-tone"), Message::MeterTonePressed)
                .width(ctx.mm(60.0)),
            step("reading-less", "−1", -1.0),
            step("reading-more", "+1", 1.0),
            step("reading-much-more", "+10", 10.0),
        ]
        .spacing(ctx.mm(GAP_MM));
        let none = parts::control(ctx, "no-meter", ctx.staff("first-run-no-meter"), Message::NoMeterPressed);
        let foot = match self.reading_dba {
            Some(_) => vec![back(ctx), none.into(), next(ctx)],
            None => vec![back(ctx), Space::new().into(), none.into()],
        };
        let lines = vec![help.into(), read.into(), controls.into()];
        setup_view(ctx, ctx.staff("first-run-meter-title"), lines, foot)
    }

    /// The cap in dB, and in dB(A) at the pillow if a meter was read.
    fn cap_text(&self, ctx: &ViewContext) -> String {
        let db = Value::from(f64::from(self.cap_db));
        match self.reading_dba {
            Some(reading_dba) => {
                let calibration = ctx.clinic.config.sound.calibrated_by(reading_dba);
                let dba = Value::from(f64::from(calibration.dba_of_volume(self.cap_db).round()));
                ctx.staff_words.say_with("first-run-cap-dba", &[("db", db), ("dba", dba)])
            }
            None => ctx.staff_words.say_with("first-run-cap-db", &[("db", db)]),
        }
    }

    fn cap_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let help = parts::text_line(ctx.staff("first-run-cap-help"), ctx.scale.staff(), theme::CONTROL, theme::SAND);
        let level = parts::text_line(self.cap_text(ctx), ctx.scale.title(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
        let levels = row![
            parts::control(ctx, "cap-less", "−2", Message::CapPressed(-1.0)).width(ctx.mm(28.0)),
            parts::control(ctx, "cap-more", "+2", Message::CapPressed(1.0)).width(ctx.mm(28.0)),
            parts::control(ctx, "cap-tone", ctx.staff("first-run-test-tone"), Message::CapTonePressed)
                .width(ctx.mm(60.0)),
        ]
        .spacing(ctx.mm(GAP_MM));
        let save_error = self.save_error.as_ref().map(|why| {
            let words = ctx.staff_words.say_with("first-run-not-saved", &[("why", Value::from(why.as_str()))]);
            parts::text_line(words, ctx.scale.staff(), theme::CONTROL, theme::AMBER).into()
        });
        let finish = parts::choice(ctx, "finish", ctx.staff("first-run-finish"), true, Message::FinishPressed);
        let mut lines: Vec<Element<'a, Message>> = vec![help.into(), level.into(), levels.into()];
        lines.extend(save_error);
        setup_view(ctx, ctx.staff("first-run-cap-title"), lines, vec![back(ctx), finish.into()])
    }
}

fn setup_view<'a>(
    ctx: &ViewContext,
    head: String,
    lines: Vec<Element<'a, Message>>,
    controls: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let title = parts::text_line(head, ctx.scale.title(), theme::CONTROL_STRONG, theme::SAND);
    let content = column![
        container(title).height(Length::Fixed(ctx.mm(CALL_MM - 4.0))),
        container(column(lines).spacing(ctx.mm(6.0)).max_width(ctx.mm(160.0))).height(Length::Fill),
        parts::controls_row(ctx, controls),
    ]
    .spacing(ctx.mm(GAP_MM))
    .padding(ctx.mm(MARGIN_MM));
    parts::background(theme::INK, content)
}

fn next<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::choice(ctx, "next", ctx.say("next"), true, Message::NextPressed).into()
}

fn back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::control(ctx, "back", ctx.say("back"), Message::BackPressed).into()
}
