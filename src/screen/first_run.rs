//! Owns the first run: what this machine is and is not, the room's name, the staff PIN, the screen's size, what a sound
//! meter reads at the pillow, and the loudest level. Nothing is chosen for the clinic in secret, and no PIN is there by default.

use iced::widget::{Space, column, container, row};
use iced::{Element, Length};

use super::pin::{self, PinPad};
use super::write::{self, Pad};
use super::{Action, TestTone};
use crate::config::READING_DBA;
use crate::room::notes::PatientText;
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

const NAME_CHARS_MAX: usize = 40;
const PIN_DIGITS_MIN: usize = 4;
const INCHES: std::ops::RangeInclusive<f32> = 7.0..=32.0;
const INCH_STEP: f32 = 0.1;
const CAP_DB: std::ops::RangeInclusive<f32> = -40.0..=0.0;
const CAP_STEP_DB: f32 = 2.0;
/// What a meter is likely to read: a step up or down sets out from here.
const READING_FROM_DBA: f32 = 48.0;

/// What the first run decided. It has no `Debug`, since it carries the PIN.
pub struct SetupChoices {
    /// The room's name.
    pub room_name: String,
    /// The staff PIN; it is hashed at once and kept nowhere else.
    pub pin: String,
    /// The screen's diagonal.
    pub diagonal_inches: f32,
    /// No sound goes above, dB below full scale.
    pub cap_db: f32,
    /// What a sound meter read at the pillow, in dB(A), if there was one.
    pub reading_dba: Option<f32>,
}

/// The first run.
pub struct FirstRun {
    step: Step,
    name: Pad,
    pin: PinPad,
    first_pin: Option<String>,
    mismatch: bool,
    diagonal_inches: f32,
    cap_db: f32,
    reading_dba: Option<f32>,
    not_saved: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Safety,
    Name,
    Pin,
    Screen,
    Meter,
    Cap,
}

/// What happened in the first run.
#[derive(Clone, Debug)]
pub enum Message {
    /// On to the next step.
    NextPressed,
    /// Back to the one before.
    BackPressed,
    /// The room's name was written.
    Wrote(write::Message),
    /// The PIN pad was used.
    Pin(pin::Message),
    /// The screen is larger or smaller, in steps.
    SizePressed(f32),
    /// The tone that a meter is read by.
    ReadingTonePressed,
    /// The meter read more or less, in dB.
    ReadingPressed(f32),
    /// There is no meter.
    NoMeterPressed,
    /// The cap is higher or lower, in steps.
    CapPressed(f32),
    /// A tone at the cap.
    TonePressed,
    /// All is chosen.
    FinishPressed,
}

impl FirstRun {
    /// A first run that starts from what the configuration already says.
    #[must_use]
    pub fn new(room_name: &str, diagonal_inches: f32, cap_db: f32) -> Self {
        Self {
            step: Step::Safety,
            name: Pad::with_text(&PatientText::new(room_name), NAME_CHARS_MAX),
            pin: PinPad::default(),
            first_pin: None,
            mismatch: false,
            diagonal_inches,
            cap_db,
            reading_dba: None,
            not_saved: None,
        }
    }

    /// What was chosen could not be kept.
    pub fn was_not_saved(&mut self, why: String) {
        self.not_saved = Some(why);
    }

    fn room_name(&self) -> String {
        let text = self.name.text();
        text.reveal().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect()
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: Message) -> Action {
        match message {
            Message::NextPressed => {
                self.step = match self.step {
                    Step::Safety => Step::Name,
                    Step::Name if !self.room_name().is_empty() => Step::Pin,
                    Step::Pin if self.first_pin.is_some() => Step::Screen,
                    Step::Screen => Step::Meter,
                    Step::Meter if self.reading_dba.is_some() => Step::Cap,
                    // Nothing goes on without a name, a PIN, a reading or an end.
                    stays => stays,
                };
                return if self.step == Step::Name { Action::Focus(write::PAGE) } else { Action::None };
            }
            Message::BackPressed => {
                self.step = match self.step {
                    Step::Safety | Step::Name => Step::Safety,
                    Step::Pin => Step::Name,
                    Step::Screen => self.ask_pin_anew(),
                    Step::Meter => Step::Screen,
                    Step::Cap => Step::Meter,
                };
            }
            Message::Wrote(message) => {
                self.name.update(message);
            }
            Message::Pin(pin::Message::ClosePressed) => self.step = Step::Name,
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
            Message::ReadingTonePressed => return Action::Play(TestTone::Meter),
            Message::ReadingPressed(more_db) => {
                let reading_dba = self.reading_dba.map_or(READING_FROM_DBA, |reading_dba| reading_dba + more_db);
                self.reading_dba = Some(reading_dba.clamp(*READING_DBA.start(), *READING_DBA.end()));
            }
            Message::NoMeterPressed => {
                self.reading_dba = None;
                self.step = Step::Cap;
            }
            Message::TonePressed => return Action::Play(TestTone::Cap),
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

    fn ask_pin_anew(&mut self) -> Step {
        self.first_pin = None;
        self.mismatch = false;
        Step::Pin
    }

    fn take_pin(&mut self, pin: String) {
        if pin.len() < PIN_DIGITS_MIN {
            self.mismatch = false;
            self.first_pin = None;
            return;
        }
        match self.first_pin.take() {
            None => {
                self.mismatch = false;
                self.first_pin = Some(pin);
            }
            Some(first) if first == pin => {
                self.first_pin = Some(pin);
                self.step = Step::Screen;
            }
            Some(_) => self.mismatch = true,
        }
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.step {
            Step::Safety => sheet(
                ctx,
                ctx.staff("first-run-title"),
                vec![parts::line(ctx.staff("safety-line"), ctx.scale.body(), theme::CONTROL, theme::SAND).into()],
                vec![Space::new().into(), next(ctx)],
            ),
            Step::Name => {
                let head = column![
                    parts::line(
                        ctx.staff("first-run-room-title"),
                        ctx.scale.title(),
                        theme::CONTROL_STRONG,
                        theme::SAND
                    ),
                    parts::note(ctx, ctx.staff("first-run-room-hint")),
                ];
                let controls = vec![
                    write::side_control(ctx, "back", ctx.say("back"), Message::BackPressed),
                    write::side_control(ctx, "next", ctx.say("next"), Message::NextPressed),
                ];
                self.name.view(ctx, head.into(), String::new(), None, controls, Message::Wrote)
            }
            Step::Pin => self.pin_step(ctx),
            Step::Screen => self.screen_step(ctx),
            Step::Meter => self.meter_step(ctx),
            Step::Cap => self.cap_step(ctx),
        }
    }

    fn pin_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let (head, below) = if self.mismatch {
            ("first-run-pin-title", "first-run-pin-mismatch")
        } else if self.first_pin.is_some() {
            ("first-run-pin-again", "first-run-pin-rules")
        } else {
            ("first-run-pin-title", "first-run-pin-rules")
        };
        let pad = self.pin.view(ctx, ctx.staff(head), ctx.staff(below), Message::Pin);
        parts::ground(theme::INK, pad)
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
        sheet(
            ctx,
            ctx.staff("first-run-screen-title"),
            vec![parts::line(help, ctx.scale.body(), theme::CONTROL, theme::SAND).into(), sizes.into()],
            vec![back(ctx), next(ctx)],
        )
    }

    fn meter_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let help = parts::line(ctx.staff("first-run-meter-help"), ctx.scale.body(), theme::CONTROL, theme::SAND);
        let read = match self.reading_dba {
            Some(reading_dba) => ctx.staff_words.say_with("staff-dba", &[("dba", Value::from(f64::from(reading_dba)))]),
            None => ctx.staff("first-run-meter-unread"),
        };
        let read = parts::line(read, ctx.scale.title(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
        let step = |id: &'static str, label: &'static str, more_db: f32| {
            parts::control(ctx, id, label, Message::ReadingPressed(more_db)).width(ctx.mm(28.0))
        };
        let controls = row![
            parts::control(ctx, "reading-tone", ctx.staff("first-run-meter-tone"), Message::ReadingTonePressed)
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
        sheet(ctx, ctx.staff("first-run-meter-title"), lines, foot)
    }

    /// How loud the cap is: at the pillow, where a meter was read.
    fn cap_words(&self, ctx: &ViewContext) -> String {
        let db = Value::from(f64::from(self.cap_db));
        match self.reading_dba {
            Some(reading_dba) => {
                let calibration = ctx.clinic.config.sound.calibrated_by(reading_dba);
                let dba = Value::from(f64::from(calibration.dba_of_volume(self.cap_db).round()));
                ctx.staff_words.say_with("staff-volume-dba", &[("db", db), ("dba", dba)])
            }
            None => ctx.staff_words.say_with("staff-volume", &[("db", db)]),
        }
    }

    fn cap_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let help = parts::line(ctx.staff("first-run-cap-help"), ctx.scale.body(), theme::CONTROL, theme::SAND);
        let level = parts::line(self.cap_words(ctx), ctx.scale.title(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
        let levels = row![
            parts::control(ctx, "cap-less", "−2", Message::CapPressed(-1.0)).width(ctx.mm(28.0)),
            parts::control(ctx, "cap-more", "+2", Message::CapPressed(1.0)).width(ctx.mm(28.0)),
            parts::control(ctx, "cap-tone", ctx.staff("first-run-test-tone"), Message::TonePressed).width(ctx.mm(60.0)),
        ]
        .spacing(ctx.mm(GAP_MM));
        let not_saved = self.not_saved.as_ref().map(|why| {
            let words = ctx.staff_words.say_with("first-run-not-saved", &[("why", Value::from(why.as_str()))]);
            parts::line(words, ctx.scale.body(), theme::CONTROL, theme::AMBER).into()
        });
        let finish = parts::choice(ctx, "finish", ctx.staff("first-run-finish"), true, Message::FinishPressed);
        let mut lines: Vec<Element<'a, Message>> = vec![help.into(), level.into(), levels.into()];
        lines.extend(not_saved);
        sheet(ctx, ctx.staff("first-run-cap-title"), lines, vec![back(ctx), finish.into()])
    }
}

fn sheet<'a>(
    ctx: &ViewContext,
    head: String,
    lines: Vec<Element<'a, Message>>,
    controls: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let title = parts::line(head, ctx.scale.title(), theme::CONTROL_STRONG, theme::SAND);
    let content = column![
        container(title).height(Length::Fixed(ctx.mm(CALL_MM - 4.0))),
        container(column(lines).spacing(ctx.mm(6.0)).max_width(ctx.mm(160.0))).height(Length::Fill),
        parts::controls_row(ctx, controls),
    ]
    .spacing(ctx.mm(GAP_MM))
    .padding(ctx.mm(MARGIN_MM));
    parts::ground(theme::INK, content)
}

fn next<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::choice(ctx, "next", ctx.say("next"), true, Message::NextPressed).into()
}

fn back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::control(ctx, "back", ctx.say("back"), Message::BackPressed).into()
}
