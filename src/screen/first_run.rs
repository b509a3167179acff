//! Owns the first-run setup: the safety notice, the room's name, the staff PIN, the size of the screen, the reading of
//! a sound meter at the pillow, and the loudest level. There is no default PIN. Does not own how the setup is saved.

use iced::border::Border;
use iced::widget::text::IntoFragment;
use iced::widget::{column, container, row, stack};
use iced::{Background, Element, Length, Size};

use super::pin::{self, PinPad};
use super::write::{self, TextPad};
use super::{Action, TestTone};
use crate::config::{DIAGONAL_INCHES, READING_DBA, diagonal_inches_of, smallest_diagonal_inches};
use crate::room::notes::PatientText;
use crate::theme::{self, GAP_MM, Scale};
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry, StepProgress};
use crate::widget::staff_parts::{self, STAFF_CONTROL_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

/// Maximum length of a room's name, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Minimum number of digits in a PIN.
const PIN_DIGITS_MIN: usize = 4;
/// Shorter and longer side of the smallest screen for which the first-run setup is laid out, in millimetres. On a
/// smaller screen, the whole layout is scaled down, so that all its controls fit. The controls that only staff touch,
/// and the outline of a bank card, are not scaled down.
const LEAST_DRAWN_MM: (f32, f32) = (135.9, 217.0);
/// Amount by which one step changes the diagonal, in inches.
const INCH_STEP: f32 = 0.1;
/// Width and height of a bank card, in millimetres (ISO/IEC 7810, ID-1).
const CARD_MM: (f32, f32) = (85.60, 53.98);
/// Corner radius of a bank card, in millimetres (ISO/IEC 7810, ID-1).
const CARD_RADIUS_MM: f32 = 3.18;
/// Width of the PIN pad on a landscape screen, in millimetres.
const KEYS_MM: f32 = 80.0;
/// Maximum width of the safety notice, in millimetres.
const SAFETY_MM: f32 = 140.0;
/// Range in which staff can set the cap (the loudest level), in dB relative to full scale.
const CAP_DB: std::ops::RangeInclusive<f32> = -40.0..=0.0;
/// Amount by which one step changes the cap, in dB.
const CAP_STEP_DB: f32 = 2.0;
/// Reading that is shown after the first press on *−1*, *+1* or *+10*, in dB(A).
const FIRST_READING_DBA: f32 = 48.0;

/// What staff entered in the first-run setup. It has no `Debug`, since it carries the PIN.
pub struct SetupChoices {
    /// The room's name, as one line.
    pub room_name: String,
    /// The staff PIN, which is dropped once it has been hashed.
    pub pin: String,
    /// Diagonal of the screen, in inches.
    pub diagonal_inches: f32,
    /// Maximum level, in dB relative to full scale.
    pub cap_db: f32,
    /// Reading of a sound meter at the pillow, in dB(A). `None` if staff have no meter.
    pub reading_dba: Option<f32>,
}

/// The screen of the first-run setup.
pub struct FirstRunScreen {
    step: SetupStep,
    name: TextPad,
    pin: PinPad,
    first_pin: Option<String>,
    is_mismatch: bool,
    diagonal_inches: f32,
    /// The diagonal for which the screen is drawn, in inches. It follows the one that is set only after *Next*.
    drawn_inches: f32,
    cap_db: f32,
    reading_dba: Option<f32>,
    /// Why the setup could not be saved. `None` until saving has failed.
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

impl SetupStep {
    /// All steps, in the order in which they are shown.
    const ALL: [Self; 6] = [Self::Safety, Self::Name, Self::Pin, Self::Screen, Self::Meter, Self::Cap];
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// *Next* was pressed.
    NextPressed,
    /// *Back* was pressed.
    BackPressed,
    /// Something happened on the text pad for the room's name.
    Name(write::Message),
    /// Something happened on the PIN pad.
    Pin(pin::Message),
    /// The screen's diagonal was changed by this many steps of 0.1 inch; negative for a smaller screen.
    SizePressed(f32),
    /// The calibration tone was requested.
    MeterTonePressed,
    /// The reading was changed by this many dB.
    ReadingPressed(f32),
    /// Staff said that they have no meter, which skips the reading.
    NoMeterPressed,
    /// The cap was changed by this many steps of 2 dB; negative for a lower cap.
    CapPressed(f32),
    /// A tone at the cap was requested.
    CapTonePressed,
    /// *Finish* was pressed, which saves the setup.
    FinishPressed,
}

/// Returns the diagonal, in inches, of the smallest screen for which the first-run setup is laid out, given a screen
/// with the shape of this window.
#[must_use]
pub fn least_drawn_inches(window: Size) -> f32 {
    diagonal_inches_of(LEAST_DRAWN_MM, (window.width, window.height))
}

/// Returns the diagonal, in inches, of the smallest screen that has room for every control, given a screen with the
/// shape of this window.
fn least_inches(window: Size) -> f32 {
    smallest_diagonal_inches((window.width, window.height))
}

/// Returns the smallest diagonal that staff can set, in inches. It is one step below the smallest diagonal that the
/// program accepts: staff whose screen is smaller reach this step and are told that the screen is too small.
fn lowest_inches(window: Size) -> f32 {
    to_tenth(least_inches(window) - INCH_STEP)
}

fn to_tenth(inches: f32) -> f32 {
    (inches * 10.0).round() / 10.0
}

impl FirstRunScreen {
    /// A first-run setup whose fields start with these values from the configuration.
    #[must_use]
    pub fn new(room_name: &str, diagonal_inches: f32, cap_db: f32) -> Self {
        Self {
            step: SetupStep::Safety,
            name: TextPad::with_text(&PatientText::new(room_name), NAME_CHARS_MAX),
            pin: PinPad::default(),
            first_pin: None,
            is_mismatch: false,
            diagonal_inches,
            drawn_inches: diagonal_inches,
            cap_db,
            reading_dba: None,
            save_error: None,
        }
    }

    /// Shows why the setup could not be saved.
    pub fn on_save_failed(&mut self, why: String) {
        self.save_error = Some(why);
    }

    /// The diagonal that is set, in inches, limited to what staff can set. The configured diagonal may be outside this
    /// range.
    fn inches(&self, window: Size) -> f32 {
        self.diagonal_inches.min(*DIAGONAL_INCHES.end()).max(lowest_inches(window))
    }

    /// Height of a control for staff in millimetres of the layout, which may be scaled down.
    fn control_mm(&self, ctx: &ViewContext) -> f32 {
        let least_drawn = least_drawn_inches(ctx.window);
        STAFF_CONTROL_MM * (least_drawn / self.drawn_inches.max(least_inches(ctx.window))).max(1.0)
    }

    fn action<'a>(
        &self,
        ctx: &ViewContext,
        id: &'static str,
        words: impl IntoFragment<'a>,
        message: Message,
    ) -> Element<'a, Message> {
        staff_parts::action(ctx, id, words, message).height(ctx.mm(self.control_mm(ctx))).into()
    }

    fn is_too_small(&self, window: Size) -> bool {
        self.inches(window) < least_inches(window)
    }

    fn room_name(&self) -> String {
        let text = self.name.text();
        text.reveal().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect()
    }

    /// Handles a message in a window of this size.
    pub fn update(&mut self, message: Message, window: Size) -> Action {
        match message {
            Message::NextPressed => {
                self.step = match self.step {
                    SetupStep::Safety => SetupStep::Name,
                    SetupStep::Screen if !self.is_too_small(window) => {
                        self.step = SetupStep::Meter;
                        self.drawn_inches = self.inches(window);
                        return Action::Rescale(self.drawn_inches);
                    }
                    SetupStep::Name if !self.room_name().is_empty() => SetupStep::Pin,
                    SetupStep::Pin if self.first_pin.is_some() => SetupStep::Screen,
                    SetupStep::Meter if self.reading_dba.is_some() => SetupStep::Cap,
                    // *Next* does nothing while the name, the PIN or the reading that the step asks for is missing, or
                    // the screen is too small.
                    step @ (SetupStep::Name
                    | SetupStep::Pin
                    | SetupStep::Screen
                    | SetupStep::Meter
                    | SetupStep::Cap) => step,
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
            Message::Pin(message) => {
                if let Some(pin) = self.pin.update(&message) {
                    self.take_pin(pin);
                }
            }
            Message::SizePressed(steps) => {
                self.diagonal_inches = to_tenth(self.inches(window) + steps * INCH_STEP);
                self.diagonal_inches = self.inches(window);
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
                        diagonal_inches: self.inches(window),
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

    /// Identifies the page that is shown.
    #[must_use]
    pub const fn page_id(&self) -> usize {
        self.step as usize
    }

    /// The screen of the first-run setup.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.step {
            SetupStep::Safety => {
                let words = column![
                    parts::body(ctx, ctx.staff("safety-line")),
                    parts::staff_text(ctx, ctx.staff("first-run-needs")),
                ];
                let content = container(words.spacing(ctx.mm(6.0))).max_width(ctx.mm(SAFETY_MM));
                self.page(ctx, "first-run-title").content(content).end(next(ctx)).view_on_ink(ctx)
            }
            SetupStep::Name => {
                let hint = format!("{} · {}", self.step_words(ctx), ctx.staff("first-run-room-hint"));
                let head = column![parts::title(ctx, ctx.staff("first-run-room-title")), parts::staff_note(ctx, hint),];
                let controls =
                    vec![write::side_control(ctx, "back", ctx.say("back"), Message::BackPressed), side_next(ctx)];
                self.name.view(ctx, head.into(), String::new(), controls, Message::Name)
            }
            SetupStep::Pin => self.pin_step(ctx),
            SetupStep::Screen => self.screen_step(ctx),
            SetupStep::Meter => self.meter_step(ctx),
            SetupStep::Cap => self.cap_step(ctx),
        }
    }

    fn step_words(&self, ctx: &ViewContext) -> String {
        // The steps are shown to people, who count from 1.
        let at = SetupStep::ALL.iter().position(|step| *step == self.step).unwrap_or(0) + 1;
        let of = SetupStep::ALL.len();
        ctx.staff_words.say_with("first-run-step", &[("step", Value::from(at)), ("of", Value::from(of))])
    }

    /// The layout of every step except the room's name, which has the layout of a text pad. The safety notice is the
    /// first step, so it has no *Back*.
    fn page<'a>(&self, ctx: &ViewContext, title: &str) -> Page<'a, Message> {
        let progress = StepProgress { at: self.step as usize, of: SetupStep::ALL.len() };
        let page = Page::new().overline(self.step_words(ctx)).title(ctx.staff(title)).progress(Some(progress));
        if self.step == SetupStep::Safety { page } else { page.start(back(ctx)) }
    }

    fn pin_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let (title, below) = if self.is_mismatch {
            ("first-run-pin-title", "first-run-pin-mismatch")
        } else if self.first_pin.is_some() {
            ("first-run-pin-again", "first-run-pin-rules")
        } else {
            ("first-run-pin-title", "first-run-pin-rules")
        };
        let words = self.pin.notice(ctx).unwrap_or_else(|| ctx.staff(below));
        let words = column![parts::staff_text(ctx, words), self.pin.field(ctx)].spacing(ctx.mm(5.0));
        let keys = self.pin.keys(ctx, &pin::PAD, self.control_mm(ctx), Message::Pin);
        let geometry = PageGeometry::of(ctx);
        if geometry.is_portrait() {
            let content = column![words, keys].spacing(ctx.mm(6.0));
            return self.page(ctx, title).wide_content(content).view_on_ink(ctx);
        }
        // Between the call and the lower edge there is more height for the keys than beside the words.
        let words = container(words).width(ctx.mm(geometry.content_width_mm() - KEYS_MM - 10.0));
        let keys = container(keys.width(ctx.mm(KEYS_MM))).align_right(Length::Fill).align_bottom(Length::Fill);
        let page = self.page(ctx, title).wide_content(words).view_on_ink(ctx);
        stack![page, keys.padding(ctx.mm(geometry.margin_mm()))].into()
    }

    /// The step that sets the screen's diagonal by comparison with a bank card, which is at hand in every clinic and
    /// has the same size everywhere. Staff cannot go on from this step while the diagonal is so small that not all
    /// controls would fit.
    fn screen_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        // The outline is drawn larger if the screen is assumed to be smaller, so *+* reduces the diagonal.
        let step = |id: &'static str, sign: &'static str, steps: f32| -> Element<'a, Message> {
            self.action(ctx, id, sign, Message::SizePressed(steps))
        };
        let sizes = staff_parts::side_by_side(
            ctx,
            [
                step("card-much-smaller", "− −", 10.0),
                step("card-smaller", "−", 1.0),
                step("card-larger", "+", -1.0),
                step("card-much-larger", "+ +", -10.0),
            ],
        );
        let say_inches =
            |key: &str, inches: f32| ctx.staff_words.say_with(key, &[("inches", Value::from(f64::from(inches)))]);
        let page = self.page(ctx, "first-run-screen-title");
        let (page, words) = if self.is_too_small(ctx.window) {
            let words = say_inches("first-run-screen-too-small", least_inches(ctx.window));
            (page, column![parts::staff_text(ctx, words)])
        } else {
            (
                page.end(next(ctx)),
                staff_parts::numbered(
                    ctx,
                    ["first-run-screen-lay", "first-run-screen-match"].map(|key| ctx.staff(key)),
                ),
            )
        };
        let size = value(ctx, say_inches("first-run-screen-size", self.inches(ctx.window)));
        // The words change, and the outline grows. The controls come before both, so that they stay where they are.
        let sizes = column![size, sizes].spacing(ctx.mm(GAP_MM));
        let content: Element<'a, Message> = if PageGeometry::of(ctx).is_portrait() {
            column![sizes, self.card(ctx), words].spacing(ctx.mm(5.0)).into()
        } else {
            let largest = Scale::new(lowest_inches(ctx.window), ctx.window).mm(CARD_MM.0);
            let left = column![sizes, words].spacing(ctx.mm(4.0)).width(Length::Fill);
            row![left, container(self.card(ctx)).width(Length::Fixed(largest))].spacing(ctx.mm(8.0)).into()
        };
        page.wide_content(content).view_on_ink(ctx)
    }

    /// The outline of a bank card. It has the size of a real card if the diagonal that is being set is right.
    /// Everything else is rescaled only after *Next*, so that no control moves out from under a finger.
    fn card<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let scale = Scale::new(self.inches(ctx.window), ctx.window);
        let (line, radius) = (ctx.mm(0.5), scale.mm(CARD_RADIUS_MM));
        let words = parts::staff_note(ctx, ctx.staff("first-run-screen-card")).center();
        container(words)
            .center_x(Length::Fixed(scale.mm(CARD_MM.0)))
            .center_y(Length::Fixed(scale.mm(CARD_MM.1)))
            .padding(ctx.mm(4.0))
            .style(move |_| container::Style {
                background: Some(Background::Color(theme::KEY)),
                border: Border { color: theme::LAMPLIGHT, width: line, radius: radius.into() },
                ..container::Style::default()
            })
            .into()
    }

    fn meter_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let read = match self.reading_dba {
            Some(reading_dba) => ctx.staff_words.say_with("staff-dba", &[("dba", Value::from(f64::from(reading_dba)))]),
            None => ctx.staff("first-run-meter-unread"),
        };
        let step = |id: &'static str, sign: &'static str, more_db: f32| -> Element<'a, Message> {
            self.action(ctx, id, sign, Message::ReadingPressed(more_db))
        };
        let steps =
            [step("reading-less", "−1", -1.0), step("reading-more", "+1", 1.0), step("reading-much-more", "+10", 10.0)];
        let tone = self.action(ctx, "reading-tone", ctx.staff("first-run-meter-tone"), Message::MeterTonePressed);
        let controls = column![tone, value(ctx, read), staff_parts::side_by_side(ctx, steps)];
        let words = staff_parts::numbered(
            ctx,
            ["first-run-meter-lay", "first-run-meter-play", "first-run-meter-set"].map(|key| ctx.staff(key)),
        );
        let page = self.page(ctx, "first-run-meter-title");
        // Both ways on stand in the same place: without a reading, the one without a meter.
        let page = if self.reading_dba.is_some() {
            page.end(next(ctx))
        } else {
            let none = ctx.staff("first-run-no-meter");
            page.end(parts::secondary(ctx, "no-meter", none, None, Message::NoMeterPressed))
        };
        page.wide_content(halves(ctx, words, controls.spacing(ctx.mm(GAP_MM)))).view_on_ink(ctx)
    }

    /// Words for the cap: in dB and, if a meter was read, in dB(A) at the pillow.
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
        let step = |id: &'static str, sign: &'static str, steps: f32| -> Element<'a, Message> {
            self.action(ctx, id, sign, Message::CapPressed(steps))
        };
        let steps = [step("cap-less", "−2 dB", -1.0), step("cap-more", "+2 dB", 1.0)];
        let tone = self.action(ctx, "cap-tone", ctx.staff("first-run-test-tone"), Message::CapTonePressed);
        let controls = column![tone, value(ctx, self.cap_text(ctx)), staff_parts::side_by_side(ctx, steps)];
        let save_error = self.save_error.as_ref().map(|why| {
            let words = ctx.staff_words.say_with("first-run-not-saved", &[("why", Value::from(why.as_str()))]);
            parts::text_line(words, ctx.scale.staff(), theme::CONTROL_STRONG, theme::SAND)
        });
        let words = staff_parts::numbered(
            ctx,
            ["first-run-cap-play", "first-run-cap-listen", "first-run-cap-set"].map(|key| ctx.staff(key)),
        );
        let words = words.push(save_error);
        let finish =
            parts::primary(ctx, "finish", ctx.staff("first-run-finish"), Some(Icon::Tick), Message::FinishPressed);
        let page = self.page(ctx, "first-run-cap-title").end(finish);
        let content = halves(ctx, words, controls.spacing(ctx.mm(GAP_MM)));
        page.wide_content(content).view_on_ink(ctx)
    }
}

/// The words for a value that is being set.
fn value<'a>(ctx: &ViewContext, words: String) -> Element<'a, Message> {
    let words = parts::text_line(words, ctx.scale.label(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
    container(words.center()).center_x(Length::Fill).into()
}

/// Words and controls side by side, or one below the other if a card would not fit beside the words.
fn halves<'a>(
    ctx: &ViewContext,
    left: impl Into<Element<'a, Message>>,
    right: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    let (left, right) = (left.into(), right.into());
    if PageGeometry::of(ctx).content_width_mm() < 2.0 * CARD_MM.0 {
        return column![left, right].spacing(ctx.mm(6.0)).into();
    }
    let half = |content: Element<'a, Message>| container(content).width(Length::FillPortion(1));
    row![half(left), half(right)].spacing(ctx.mm(10.0)).into()
}

/// *Next* beside the text pad, where there is no bottom row.
fn side_next<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let next = staff_parts::primary(ctx, "next", ctx.say("next"), Message::NextPressed);
    let width = if PageGeometry::of(ctx).is_portrait() { Length::Fill } else { Length::Fixed(ctx.mm(write::SIDE_MM)) };
    next.width(width).height(ctx.mm(theme::TARGET_MM)).into()
}

fn next<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::primary(ctx, "next", ctx.say("next"), Some(Icon::Forward), Message::NextPressed).into()
}

fn back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::secondary(ctx, "back", ctx.say("back"), Some(Icon::Back), Message::BackPressed).into()
}
