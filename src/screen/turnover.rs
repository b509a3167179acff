//! Owns Turnover: the receipt of the wipe, the cleaning of the surface, and the tests of the speaker and the call line.
//! Also owns Blocked, which says why the room cannot take the next patient. Does not own the wipe.

use std::time::{Duration, Instant};

use iced::widget::{column, container, row};
use iced::{Element, Length, Padding};

use super::Action;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::ViewContext;
use crate::widget::countdown::countdown;
use crate::widget::parts;
use crate::widget::timer::timer;
use crate::words::Value;

/// Time that touch is locked while the surface is cleaned.
const SURFACE_TIME: Duration = Duration::from_mins(1);
/// Diameter of the countdown, in mm.
const RING_MM: f32 = 56.0;

/// The screen of Turnover and Blocked.
#[derive(Debug, Default)]
pub struct TurnoverScreen {
    cleaning_until: Option<Instant>,
    /// Whether the test tone was played and staff have not yet said whether they heard it.
    awaits_hearing: bool,
    asks_about_ready: bool,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The surface is about to be cleaned.
    SurfacePressed,
    /// The time for cleaning is over.
    SurfaceTimeOver,
    /// The speaker test was requested.
    SpeakerPressed,
    /// The test tone was heard.
    SpeakerHeard,
    /// *Ready* was pressed.
    ReadyPressed,
    /// *Ready* was confirmed although steps are left.
    ReadyConfirmed,
    /// Back to the list.
    BackPressed,
    /// *Try the wipe again* was held.
    WipeAgainHeld,
    /// The test of the call line was requested.
    CallTestPressed,
    /// The test call is to end.
    CallTestDone,
}

impl TurnoverScreen {
    /// Whether the surface is being cleaned. Touch is then locked everywhere except on the call.
    #[must_use]
    pub fn is_being_cleaned(&self) -> bool {
        self.cleaning_until.is_some()
    }

    /// Handles a message.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        self.asks_about_ready = false;
        match message {
            Message::SurfacePressed => self.cleaning_until = Some(parts::deadline(Instant::now(), SURFACE_TIME)),
            Message::SurfaceTimeOver => {
                if self.cleaning_until.take().is_some() {
                    return Action::Send(Event::SurfaceCleaned);
                }
            }
            Message::SpeakerPressed => {
                self.awaits_hearing = true;
                return Action::Send(Event::TestToneRequested);
            }
            Message::SpeakerHeard => {
                self.awaits_hearing = false;
                return Action::Send(Event::TestToneHeard);
            }
            Message::ReadyPressed if open_steps(snapshot).next().is_some() => self.asks_about_ready = true,
            Message::ReadyPressed | Message::ReadyConfirmed => return Action::Send(Event::TurnoverDone),
            Message::WipeAgainHeld => return Action::Send(Event::StaffReset),
            Message::CallTestPressed => return Action::PracticeCall,
            Message::CallTestDone => return Action::Send(Event::CallCleared),
            Message::BackPressed => {}
        }
        Action::None
    }

    /// The screen.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        if let Some(until) = self.cleaning_until {
            return cleaning(ctx, until);
        }
        let content: Element<'a, Message> = if snapshot.wiping {
            parts::text_line(ctx.staff("turnover-wiping"), ctx.scale.title(), theme::CONTROL, theme::SAND).into()
        } else if snapshot.stage == Stage::Blocked {
            blocked(ctx)
        } else if self.asks_about_ready {
            ready_question(ctx)
        } else {
            self.list(ctx)
        };
        let title = ctx.staff(if snapshot.stage == Stage::Blocked { "blocked-title" } else { "turnover-title" });
        let across = column![
            container(parts::text_line(title, ctx.scale.title(), theme::CONTROL_STRONG, theme::SAND))
                .height(Length::Fixed(ctx.mm(CALL_MM - 4.0))),
            content,
        ]
        .spacing(ctx.mm(GAP_MM))
        .padding(ctx.mm(MARGIN_MM));
        parts::background(theme::INK, across)
    }

    fn list<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let receipt = snapshot.receipt.as_ref().map(|receipt| receipt_lines(ctx, receipt));
        let cleaned = snapshot.surface_cleaned;
        let surface_words = if cleaned { "turnover-surface-done" } else { "turnover-surface" };
        let surface = item(ctx, "surface", surface_words, cleaned, Message::SurfacePressed);
        let (call_words, call_message) = call_test(snapshot);
        let call = item(ctx, "call-test", call_words, snapshot.call_tested, call_message);
        let all_done = open_steps(snapshot).next().is_none();
        let label = ctx.staff("turnover-ready");
        let ready = parts::choice(ctx, "turnover-ready", label, all_done, Message::ReadyPressed).width(ctx.mm(100.0));
        let todo = column![surface, self.speaker(ctx), call, ready].spacing(ctx.mm(GAP_MM));
        row![container(column![].push(receipt)).width(Length::Fill), todo]
            .spacing(ctx.mm(8.0))
            .height(Length::Fill)
            .into()
    }

    /// After the tone, staff are asked whether they heard it: the program cannot know.
    fn speaker<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let heard = ctx.snapshot.speaker_tested;
        if !self.awaits_hearing {
            let words = if heard { "turnover-speaker-done" } else { "turnover-speaker" };
            return item(ctx, "speaker", words, heard, Message::SpeakerPressed);
        }
        let half = ctx.mm((100.0 - GAP_MM) / 2.0);
        let again = ctx.staff("turnover-speaker-again");
        row![
            parts::control(ctx, "speaker", again, Message::SpeakerPressed).width(half),
            parts::choice(ctx, "speaker-heard", ctx.staff("turnover-speaker-heard"), true, Message::SpeakerHeard)
                .width(half),
        ]
        .spacing(ctx.mm(GAP_MM))
        .into()
    }
}

/// The steps that are not done yet, by their messages.
fn open_steps(snapshot: &Snapshot) -> impl Iterator<Item = &'static str> {
    let steps = [
        ("turnover-surface", snapshot.surface_cleaned),
        ("turnover-speaker", snapshot.speaker_tested),
        ("turnover-call-test", snapshot.call_tested),
    ];
    steps.into_iter().filter(|(_, is_done)| !is_done).map(|(words, _)| words)
}

fn ready_question<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let mut words = column![parts::text_line(
        ctx.staff("turnover-open"),
        ctx.scale.staff(),
        theme::CONTROL_STRONG,
        theme::LAMPLIGHT
    )]
    .spacing(ctx.mm(1.6));
    for step in open_steps(&ctx.snapshot) {
        let step = format!("○  {}", ctx.staff(step));
        words = words.push(parts::text_line(step, ctx.scale.staff(), theme::CONTROL, theme::SAND));
    }
    let back = ctx.staff("turnover-back");
    let anyway = ctx.staff("turnover-ready-anyway");
    let answers = row![
        parts::choice(ctx, "turnover-back", back, true, Message::BackPressed).width(ctx.mm(60.0)),
        parts::control(ctx, "turnover-ready-anyway", anyway, Message::ReadyConfirmed).width(ctx.mm(60.0)),
    ];
    column![words, answers.spacing(ctx.mm(GAP_MM))].spacing(ctx.mm(8.0)).into()
}

fn call_test(snapshot: &Snapshot) -> (&'static str, Message) {
    match snapshot.call.as_ref() {
        Some(call) if call.phase.is_received() => ("turnover-call-ok", Message::CallTestDone),
        Some(call) if call.no_desk_told => ("turnover-call-no-desk", Message::CallTestPressed),
        Some(_) => ("turnover-call-waiting", Message::CallTestPressed),
        None if snapshot.call_tested => ("turnover-call-ok", Message::CallTestPressed),
        None => ("turnover-call-test", Message::CallTestPressed),
    }
}

fn item<'a>(ctx: &ViewContext, id: &'static str, key: &str, is_done: bool, message: Message) -> Element<'a, Message> {
    let mark = if is_done { "✓  " } else { "" };
    parts::choice(ctx, id, format!("{mark}{}", ctx.staff(key)), is_done, message).width(ctx.mm(100.0)).into()
}

fn receipt_lines<'a>(ctx: &ViewContext, receipt: &Receipt) -> Element<'a, Message> {
    let at = receipt.at.get(..16).unwrap_or(&receipt.at).replace('T', " ");
    let mut lines = column![].spacing(ctx.mm(1.6));
    if receipt.is_verified() {
        let words = ctx.staff_words.say_with("turnover-wiped", &[("at", Value::from(at))]);
        lines = lines.push(parts::text_line(words, ctx.scale.staff(), theme::CONTROL_STRONG, theme::LAMPLIGHT));
    }
    for check in &receipt.checks {
        let mark = if check.ok { "✓" } else { "✗" };
        let words = format!("{mark}  {}", ctx.staff(&format!("check-{}", check.name)));
        lines = lines.push(parts::text_line(words, ctx.mm(3.7), theme::CONTROL, theme::SAND));
    }
    let number = ctx.staff_words.say_with("turnover-receipt", &[("number", Value::from(receipt.number))]);
    let chain = receipt.chain.get(..16).unwrap_or(&receipt.chain);
    lines.push(parts::staff_note(ctx, format!("{number} · {chain}"))).into()
}

fn blocked<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let words = parts::text_line(ctx.staff("blocked-text"), ctx.scale.staff(), theme::CONTROL, theme::SAND);
    let again = parts::hold_control(ctx, "blocked-again", ctx.staff("blocked-again"), Message::WipeAgainHeld)
        .width(ctx.mm(70.0));
    let receipt = ctx.snapshot.receipt.as_ref().map(|receipt| receipt_lines(ctx, receipt));
    let way_out = column![words.width(Length::Fixed(ctx.mm(100.0))), again].spacing(ctx.mm(6.0));
    row![container(column![].push(receipt)).width(Length::Fill), way_out].spacing(ctx.mm(8.0)).into()
}

/// Nothing here can be touched. The call is above it, as on every screen.
fn cleaning<'a>(ctx: &ViewContext, until: Instant) -> Element<'a, Message> {
    let words = parts::text_line(ctx.staff("turnover-surface-left"), ctx.scale.staff(), theme::CONTROL, theme::SAND);
    let content = column![
        countdown(until, SURFACE_TIME, ctx.mm(RING_MM)),
        words.center(),
        timer(until, Message::SurfaceTimeOver),
    ]
    .spacing(ctx.mm(8.0))
    .align_x(iced::Center);
    // Below the call, which spans the top while it is open.
    let below_call = Padding { top: ctx.mm(CALL_MM + 6.0), ..Padding::ZERO };
    parts::background(theme::INK, container(content).center(Length::Fill).padding(below_call))
}
