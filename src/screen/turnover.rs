//! Owns Turnover: the receipt of the wipe, the cleaning of the screen's surface, the tests of the speaker and of the
//! call line, and the question whether the tone was heard. The tests run by themselves during the cleaning; only a
//! person can answer the question. Also owns Blocked, the screen that says why the room cannot take the next patient.
//! Does not own the wipe.

use std::time::{Duration, Instant};

use iced::widget::{Column, column, container, row, stack};
use iced::{Element, Length};

use super::Action;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage, Trouble};
use crate::theme::{self, GAP_MM};
use crate::widget::ViewContext;
use crate::widget::countdown::countdown;
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry};
use crate::widget::parts;
use crate::widget::staff_parts::{self, StepState};
use crate::widget::timer::timer;
use crate::widget::touch::Touchable;
use crate::words::Value;

/// Time before touch is locked, in which staff can still choose to skip the cleaning.
const LOCK_WARNING: Duration = Duration::from_secs(8);
/// Time for which touch is locked while the surface is cleaned.
const SURFACE_TIME: Duration = Duration::from_mins(1);
/// Time from the verified wipe to the test tone. The screen announces the tone meanwhile.
const TONE_AFTER: Duration = Duration::from_secs(4);
/// Time for which the practice call stays open after a desk has received it, long enough to be seen there.
const CALL_TEST_SHOWN: Duration = Duration::from_secs(3);
/// Diameter of the countdown, in millimetres.
const RING_MM: f32 = 44.0;
/// Width of a control at the bottom of the screen, in millimetres.
const WAY_MM: f32 = 42.0;
/// Width of a control at the bottom whose label is a sentence, in millimetres.
const HEARD_MM: f32 = 66.0;
/// Maximum width of the rows with the results, in millimetres.
const RESULTS_MM: f32 = 150.0;
/// Width of the control that repeats a test where little space is left for its row, in millimetres.
const AGAIN_LEAST_MM: f32 = 26.0;
/// Width of a control beside or below a step, in millimetres.
const AGAIN_MM: f32 = 38.0;

/// The screen of Turnover and Blocked.
#[derive(Debug, Default)]
pub struct TurnoverScreen {
    step: TurnoverStep,
    /// When the test tone is due. `None` before the wipe is verified and once the tone has been played.
    tone_at: Option<Instant>,
    /// Whether the test tone was played at least once.
    has_sounded: bool,
    /// Whether the practice call was placed at least once.
    has_called: bool,
    over: Option<OverResults>,
}

/// A page that covers the results until staff leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OverResults {
    /// What the wipe checked, in full.
    Checks,
    /// What to do if the tone was not heard. `is_repeated` is true once the tone was played again from this page.
    NoTone { is_repeated: bool },
    /// The question whether the room is to be ready although some steps are not done.
    ReadyQuestion,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TurnoverStep {
    /// The wipe is in progress, or has just been verified. If the surface was cleaned before a restart of the program,
    /// the results are shown.
    #[default]
    Opened,
    /// The cleaning is announced. Touch will be locked at `until`.
    Warned { until: Instant },
    /// Touch is locked until `until`, so that the surface can be cleaned.
    Locked { until: Instant },
    /// The cleaning is over or was skipped. The results are shown.
    Results,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The wipe was verified, so the cleaning and the tests can begin.
    WipeSeen,
    /// The time to skip the cleaning is over, or staff asked to clean after all.
    LockBegan,
    /// Staff skipped the cleaning.
    CleaningSkipped,
    /// The time for cleaning is over.
    SurfaceTimeOver,
    /// The test tone is due, or staff asked for it again.
    ToneDue,
    /// Staff heard the test tone.
    ToneHeard,
    /// Staff did not hear the test tone.
    ToneNotHeard,
    /// Staff asked what the wipe checked.
    ChecksPressed,
    /// The test of the call line is due, or staff asked for it again.
    CallTestDue,
    /// A desk has shown the practice call for long enough.
    CallTestShown,
    /// *Ready* was pressed.
    ReadyPressed,
    /// *Ready* was confirmed although some steps are not done.
    ReadyConfirmed,
    /// Staff went back to the results.
    BackPressed,
    /// *Try the wipe again* was held.
    WipeAgainHeld,
}

impl TurnoverScreen {
    /// Whether the surface is being cleaned. Touch is then locked everywhere except on the call.
    #[must_use]
    pub const fn is_being_cleaned(&self) -> bool {
        matches!(self.step, TurnoverStep::Locked { .. })
    }

    /// Identifies the page that is shown.
    #[must_use]
    pub const fn page_id(&self) -> usize {
        match self.step {
            TurnoverStep::Opened => 0,
            TurnoverStep::Warned { .. } => 1,
            TurnoverStep::Locked { .. } => 2,
            TurnoverStep::Results => match self.over {
                None => 3,
                Some(OverResults::Checks) => 4,
                Some(OverResults::NoTone { .. }) => 5,
                Some(OverResults::ReadyQuestion) => 6,
            },
        }
    }

    /// Handles a message.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        let over = self.over.take();
        let now = Instant::now();
        match message {
            Message::WipeSeen => {
                self.step = TurnoverStep::Warned { until: parts::deadline(now, LOCK_WARNING) };
                self.tone_at = Some(parts::deadline(now, TONE_AFTER));
            }
            Message::LockBegan => self.step = TurnoverStep::Locked { until: parts::deadline(now, SURFACE_TIME) },
            Message::CleaningSkipped => self.step = TurnoverStep::Results,
            Message::SurfaceTimeOver => {
                if self.is_being_cleaned() {
                    self.step = TurnoverStep::Results;
                    return Action::Send(Event::SurfaceCleaned);
                }
            }
            Message::ToneDue => {
                self.tone_at = None;
                self.has_sounded = true;
                self.over = over.map(|over| match over {
                    OverResults::NoTone { .. } => OverResults::NoTone { is_repeated: true },
                    OverResults::Checks | OverResults::ReadyQuestion => over,
                });
                return Action::Send(Event::TestToneRequested);
            }
            Message::ToneHeard => {
                let heard = Action::Send(Event::TestToneHeard);
                // If the speaker is the only step left, confirming the tone also makes the room ready.
                if open_steps(snapshot).all(|(step, _)| step == Step::Speaker) {
                    return Action::Batch(vec![heard, Action::Send(Event::TurnoverDone)]);
                }
                return heard;
            }
            Message::ToneNotHeard => self.over = Some(OverResults::NoTone { is_repeated: false }),
            Message::ChecksPressed => self.over = Some(OverResults::Checks),
            // The test runs by itself, so it leaves the page that staff are reading.
            Message::CallTestDue => {
                self.over = over;
                self.has_called = true;
                return Action::PracticeCall;
            }
            Message::CallTestShown => {
                self.over = over;
                return Action::Send(Event::PracticeEnds);
            }
            Message::ReadyPressed if open_steps(snapshot).next().is_some() => {
                self.over = Some(OverResults::ReadyQuestion);
            }
            Message::ReadyPressed | Message::ReadyConfirmed => return Action::Send(Event::TurnoverDone),
            Message::WipeAgainHeld => return Action::Send(Event::StaffReset),
            Message::BackPressed => {}
        }
        Action::None
    }

    /// The screen of Turnover or Blocked, depending on the stage.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        if snapshot.stage == Stage::Blocked {
            return blocked(ctx);
        }
        let is_verified = !snapshot.wiping && snapshot.receipt.is_some();
        if !is_verified {
            let page = Page::new().title(ctx.staff("turnover-wiping")).words(ctx.staff("turnover-wiping-note"));
            return page.view_on_ink(ctx);
        }
        let page = match self.step {
            TurnoverStep::Opened if !snapshot.surface_cleaned => {
                return parts::background(theme::INK, timer(Instant::now(), Message::WipeSeen));
            }
            TurnoverStep::Warned { until } => self.cleaning(ctx, until, LOCK_WARNING),
            TurnoverStep::Locked { until } => self.cleaning(ctx, until, SURFACE_TIME),
            TurnoverStep::Opened | TurnoverStep::Results => match self.over {
                None => results(ctx),
                Some(OverResults::Checks) => checks(ctx),
                Some(OverResults::NoTone { is_repeated }) => no_tone(ctx, is_repeated),
                Some(OverResults::ReadyQuestion) => ready_question(ctx),
            },
        };
        stack![page.view_on_ink(ctx), self.timers(ctx)].into()
    }

    /// The timers of what runs by itself: the test tone, the practice call as soon as a desk is connected, and the end
    /// of that call.
    fn timers<'a>(&self, ctx: &ViewContext) -> Column<'a, Message> {
        let snapshot = &ctx.snapshot;
        let tone = self.tone_at.map(|at| timer(at, Message::ToneDue));
        let may_call = snapshot.is_line_up() && snapshot.call.is_none();
        let call = (may_call && !self.has_called && !snapshot.call_tested)
            .then(|| timer(Instant::now(), Message::CallTestDue));
        let received = snapshot.call.as_ref().filter(|call| call.practice && call.phase.is_received());
        let end = received
            .map(|call| timer(ctx.clock.instant_of(call.phase_since + CALL_TEST_SHOWN), Message::CallTestShown));
        column![].push(tone).push(call).push(end)
    }

    /// A page with a countdown that takes `length` and ends at `until`, and with the states of both tests. While touch
    /// is locked, the page has no controls; the call still works, because the app puts it above every screen.
    fn cleaning<'a>(&self, ctx: &ViewContext, until: Instant, length: Duration) -> Page<'a, Message> {
        let is_locked = self.is_being_cleaned();
        let (title, words, over) = if is_locked {
            ("turnover-locked-title", "turnover-locked", Message::SurfaceTimeOver)
        } else {
            ("turnover-clean-title", "turnover-clean", Message::LockBegan)
        };
        let ring = container(countdown(until, length, ctx.mm(RING_MM))).center_x(Length::Fill);
        let upper = column![
            parts::staff_text(ctx, ctx.staff(words)),
            self.tone_step(ctx),
            call_step(ctx, StepState::UnderWay),
            timer(until, over),
        ];
        let content = halves(ctx, upper.spacing(ctx.mm(4.0)), column![ring]);
        let page = Page::new().title(ctx.staff(title)).wide_content(content);
        if is_locked {
            return page;
        }
        let skip = staff_parts::action(ctx, "skip-cleaning", ctx.staff("turnover-skip"), Message::CleaningSkipped);
        page.end(skip.width(ctx.mm(WAY_MM)).height(ctx.mm(theme::TARGET_MM)))
    }

    fn tone_step<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let (state, words) = if ctx.snapshot.speaker_tested {
            (StepState::Done, "turnover-speaker-done")
        } else if self.has_sounded {
            (StepState::UnderWay, "turnover-tone-played")
        } else {
            (StepState::UnderWay, "turnover-tone-soon")
        };
        staff_parts::step(ctx, state, ctx.staff(words))
    }
}

/// What the wipe has proved, the results of the tests, and the question whether the tone was heard. The room can be made
/// ready only after the question was answered.
fn results<'a>(ctx: &ViewContext) -> Page<'a, Message> {
    let snapshot = &ctx.snapshot;
    let geometry = PageGeometry::of(ctx);
    let title = ctx.staff("turnover-closing");
    // On a low display, two of the four rows are beside the other two.
    let rows_mm = 4.0 * (staff_parts::STAFF_CONTROL_MM + GAP_MM) - GAP_MM;
    let is_low = rows_mm > geometry.body_height_mm(geometry.title_lines(&title));
    let again_mm = if is_low { AGAIN_LEAST_MM } else { AGAIN_MM };
    let again = |id: &str, key: &str, message: Message| -> Element<'a, Message> {
        staff_parts::action(ctx, id.to_owned(), ctx.staff(key), message).width(ctx.mm(again_mm)).into()
    };
    let line = |step: Element<'a, Message>, control: Option<Element<'a, Message>>| {
        row![container(step).width(Length::Fill)]
            .push(control)
            .spacing(ctx.mm(GAP_MM))
            .align_y(iced::Center)
            .height(Length::Fixed(ctx.mm(staff_parts::STAFF_CONTROL_MM)))
    };
    let cleaned = snapshot.surface_cleaned;
    let surface = if cleaned {
        staff_parts::step(ctx, StepState::Done, ctx.staff("turnover-surface-done"))
    } else {
        staff_parts::step(ctx, StepState::Failed, ctx.staff("turnover-not-cleaned"))
    };
    let surface = line(surface, (!cleaned).then(|| again("surface", "turnover-surface", Message::LockBegan)));
    // If an earlier practice call is still open, pressing this control makes it ring at the desk again.
    let may_call = !snapshot.call_tested && snapshot.is_line_up();
    let call = line(
        call_step(ctx, StepState::Failed),
        may_call.then(|| again("call-test", "turnover-call-again", Message::CallTestDue)),
    );
    let is_heard = snapshot.speaker_tested;
    let speaker = if is_heard {
        line(staff_parts::step(ctx, StepState::Done, ctx.staff("turnover-speaker-done")), None)
    } else {
        let question = staff_parts::step(ctx, StepState::Asked, ctx.staff("turnover-speaker-question"));
        line(question, Some(again("speaker", "turnover-speaker-again", Message::ToneDue)))
    };
    let proof = snapshot.receipt.as_ref().map(|receipt| {
        let what = again("turnover-checks", "turnover-checks", Message::ChecksPressed);
        line(receipt_line(ctx, receipt), Some(what))
    });
    let gap = ctx.mm(GAP_MM);
    let (upper, lower) = (column![].push(proof).push(surface).spacing(gap), column![call, speaker].spacing(gap));
    let content = if is_low {
        halves(ctx, upper, lower)
    } else {
        container(column![upper, lower].spacing(gap)).max_width(ctx.mm(RESULTS_MM)).into()
    };
    let page = Page::new().title(title).wide_content(content);
    let is_last = open_steps(snapshot).all(|(step, _)| step == Step::Speaker);
    if is_heard {
        let ready = ctx.staff("turnover-ready");
        let ready = if is_last {
            staff_parts::primary(ctx, "turnover-ready", ready, Message::ReadyPressed)
        } else {
            staff_parts::action(ctx, "turnover-ready", ready, Message::ReadyPressed)
        };
        return page.end(way(ctx, ready, HEARD_MM));
    }
    let heard = ctx.staff(if is_last { "turnover-heard-ready" } else { "turnover-speaker-heard" });
    let heard = staff_parts::primary(ctx, "speaker-heard", heard, Message::ToneHeard);
    let unheard = ctx.staff("turnover-speaker-unheard");
    let unheard = staff_parts::action(ctx, "speaker-unheard", unheard, Message::ToneNotHeard);
    let heard_mm = HEARD_MM.min(PageGeometry::of(ctx).content_width_mm() - AGAIN_MM - GAP_MM);
    page.end(way(ctx, unheard, AGAIN_MM)).end(way(ctx, heard, heard_mm))
}

/// A control of the bottom row.
fn way<'a>(ctx: &ViewContext, control: Touchable<'a, Message>, width_mm: f32) -> Element<'a, Message> {
    control.width(ctx.mm(width_mm)).height(ctx.mm(theme::TARGET_MM)).into()
}

/// What staff can do about a tone that they did not hear. Playing it again is the main action until it was played from
/// here. Without it, the room can be made ready only through the question about open steps.
fn no_tone<'a>(ctx: &ViewContext, is_repeated: bool) -> Page<'a, Message> {
    let sound = &ctx.clinic.config.sound;
    let named =
        sound.device.as_ref().or(sound.calibration.as_ref().and_then(|calibration| calibration.output.as_ref()));
    let output = match named {
        Some(output) => ctx.staff_words.say_with("turnover-tone-output", &[("output", Value::from(output.as_str()))]),
        None => ctx.staff("turnover-tone-default-output"),
    };
    let known = [Trouble::SoundLost, Trouble::OutputNotCalibrated, Trouble::OutputUnmeasured];
    let known = known.into_iter().find(|trouble| ctx.snapshot.troubles.contains(trouble));
    let cause = known
        .map(|trouble| staff_parts::step(ctx, StepState::Failed, ctx.staff(&format!("trouble-{}", trouble.name()))));
    let steps = [ctx.staff("turnover-tone-power"), output, ctx.staff("turnover-tone-still")];
    let advice = column![].push(cause).push(staff_parts::numbered(ctx, steps)).spacing(ctx.mm(4.0));
    let (again, heard) = (ctx.staff("turnover-speaker-again"), ctx.staff("turnover-speaker-heard"));
    let is_silent = matches!(known, Some(Trouble::SoundLost | Trouble::OutputNotCalibrated));
    // While the room is silent, nobody can have heard the tone.
    let (again, heard) = if is_repeated && !is_silent {
        (
            staff_parts::action(ctx, "speaker", again, Message::ToneDue),
            staff_parts::primary(ctx, "speaker-heard", heard, Message::ToneHeard),
        )
    } else {
        (
            staff_parts::primary(ctx, "speaker", again, Message::ToneDue),
            staff_parts::action(ctx, "speaker-heard", heard, Message::ToneHeard),
        )
    };
    let third_mm = AGAIN_MM.min((PageGeometry::of(ctx).content_width_mm() - 2.0 * GAP_MM) / 3.0);
    let without = ctx.staff("turnover-without-tone");
    let without = staff_parts::action(ctx, "turnover-ready", without, Message::ReadyPressed);
    Page::new()
        .title(ctx.staff("turnover-tone-title"))
        .content(container(advice).max_width(ctx.mm(PageGeometry::of(ctx).title_width_mm())))
        .start(way(ctx, without, third_mm))
        .end(way(ctx, again, third_mm))
        .end(way(ctx, heard, third_mm))
}

/// Everything that the wipe checked, for those who want to know.
fn checks<'a>(ctx: &ViewContext) -> Page<'a, Message> {
    let receipt = ctx.snapshot.receipt.as_ref().map(|receipt| receipt_lines(ctx, receipt));
    let back = staff_parts::primary(ctx, "turnover-back", ctx.staff("turnover-back"), Message::BackPressed);
    Page::new().title(ctx.staff("turnover-checks")).wide_content(column![].push(receipt)).end(way(ctx, back, WAY_MM))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Surface,
    Speaker,
    Call,
}

/// The steps that are not done yet, each with the key of the words for it.
fn open_steps(snapshot: &Snapshot) -> impl Iterator<Item = (Step, &'static str)> {
    let steps = [
        (Step::Surface, "turnover-not-cleaned", snapshot.surface_cleaned),
        (Step::Speaker, "turnover-speaker", snapshot.speaker_tested),
        (Step::Call, "turnover-call-test", snapshot.call_tested),
    ];
    steps.into_iter().filter(|(.., is_done)| !is_done).map(|(step, words, _)| (step, words))
}

/// Two columns side by side, or one below the other on a portrait screen.
fn halves<'a>(
    ctx: &ViewContext,
    left: impl Into<Element<'a, Message>>,
    right: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    let (left, right) = (left.into(), right.into());
    if PageGeometry::of(ctx).is_portrait() {
        return column![left, right].spacing(ctx.mm(8.0)).into();
    }
    let half = |content: Element<'a, Message>| container(content).width(Length::FillPortion(1));
    row![half(left), half(right)].spacing(ctx.mm(8.0)).into()
}

fn ready_question<'a>(ctx: &ViewContext) -> Page<'a, Message> {
    let mut words = column![].spacing(ctx.mm(3.0));
    for (_, step) in open_steps(&ctx.snapshot) {
        words = words.push(staff_parts::step(ctx, StepState::Failed, ctx.staff(step)));
    }
    let action = |id: &str, key: &str, message: Message| {
        way(ctx, staff_parts::action(ctx, id.to_owned(), ctx.staff(key), message), WAY_MM)
    };
    // Going back is the main action, because what is open should be done.
    let back = staff_parts::primary(ctx, "turnover-back", ctx.staff("turnover-back"), Message::BackPressed);
    Page::new()
        .title(ctx.staff("turnover-open"))
        .content(words)
        .start(action("turnover-ready-anyway", "turnover-ready-anyway", Message::ReadyConfirmed))
        .end(way(ctx, back, WAY_MM))
}

/// The result of the practice call. If the call has not reached a desk and none is connected, the step has the state
/// `without_desk`. A failure says what staff can do.
fn call_step<'a>(ctx: &ViewContext, without_desk: StepState) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let is_told = snapshot.call.as_ref().is_some_and(|call| call.practice && call.no_desk_told);
    let (state, words) = match (snapshot.call_tested, snapshot.is_line_up()) {
        (true, _) => (StepState::Done, "turnover-call-ok"),
        (false, true) if is_told => (StepState::Failed, "turnover-call-no-desk"),
        (false, true) => (StepState::UnderWay, "turnover-call-waiting"),
        // After the reset, a desk needs a moment to connect to the room again, so a missing desk is not a failure yet.
        (false, false) if without_desk == StepState::UnderWay => (StepState::UnderWay, "turnover-call-soon"),
        (false, false) => (StepState::Failed, "turnover-call-no-desk"),
    };
    staff_parts::step(ctx, state, ctx.staff(words))
}

/// When the wipe was verified, and the number of its receipt.
fn receipt_line<'a>(ctx: &ViewContext, receipt: &Receipt) -> Element<'a, Message> {
    let at = receipt.at.get(11..16).unwrap_or(&receipt.at).to_owned();
    let values = [("at", Value::from(at)), ("number", Value::from(receipt.number))];
    let words = ctx.staff_words.say_with("turnover-proof", &values);
    row![
        Icon::Tick.view(ctx.mm(5.0), theme::LAMPLIGHT),
        parts::text_line(words, ctx.scale.staff(), theme::CONTROL_STRONG, theme::SAND).width(Length::Fill)
    ]
    .spacing(ctx.mm(3.0))
    .align_y(iced::Center)
    .height(Length::Fixed(ctx.mm(staff_parts::STAFF_CONTROL_MM)))
    .into()
}

/// Every check of the wipe with its result, and the receipt's number, time and chain.
fn receipt_lines<'a>(ctx: &ViewContext, receipt: &Receipt) -> Element<'a, Message> {
    let small = |words: String| parts::staff_note(ctx, words).line_height(1.2);
    let at = receipt.at.get(..16).unwrap_or(&receipt.at).replace('T', " ");
    let mut lines = column![].spacing(ctx.mm(1.0));
    for check in &receipt.checks {
        let mark = if check.ok { "✓" } else { "✗" };
        let words = small(format!("{mark}  {}", ctx.staff(&format!("check-{}", check.name))));
        lines = lines.push(if check.ok { words } else { words.font(theme::CONTROL_STRONG).color(theme::LAMPLIGHT) });
    }
    let number = ctx.staff_words.say_with("turnover-receipt", &[("number", Value::from(receipt.number))]);
    let chain = receipt.chain.get(..16).unwrap_or(&receipt.chain);
    lines.push(small(format!("{number} · {at} · {chain}"))).into()
}

fn blocked<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let words = parts::staff_text(ctx, ctx.staff("blocked-text"));
    let again = staff_parts::primary_hold(ctx, "blocked-again", ctx.staff("blocked-again"), Message::WipeAgainHeld);
    let receipt = ctx.snapshot.receipt.as_ref().map(|receipt| receipt_lines(ctx, receipt));
    let content = halves(ctx, column![].push(receipt), column![words]);
    let page = Page::new()
        .title(ctx.staff("blocked-title"))
        .wide_content(content)
        .end(again.width(ctx.mm(HEARD_MM)).height(ctx.mm(theme::TARGET_MM)));
    page.view_on_ink(ctx)
}
