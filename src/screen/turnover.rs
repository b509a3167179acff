//! Owns Turnover: the wipe and its proof, the surface, the speaker, the call's line, and then ready again.
//! And Blocked: why the room takes nobody.

use std::time::{Duration, Instant};

use iced::widget::{column, container, row};
use iced::{Element, Length, Padding};

use super::Action;
use crate::room::call::CallPhase;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::ViewContext;
use crate::widget::countdown::countdown;
use crate::widget::parts;
use crate::widget::wake::wake;
use crate::words::Value;

/// Touch is dead for so long while the surface is wiped.
const SURFACE_FOR: Duration = Duration::from_mins(1);
/// The ring that counts it down, across.
const RING_MM: f32 = 56.0;

/// The room between two people.
#[derive(Debug, Default)]
pub struct Turnover {
    cleaning_until: Option<Instant>,
    tone_played: bool,
    ready_asked: bool,
}

/// What happened in Turnover.
#[derive(Clone, Debug)]
pub enum Message {
    /// The surface is about to be wiped.
    SurfacePressed,
    /// The time for it is over.
    SurfaceTimeOver,
    /// The speaker is to be tested.
    SpeakerPressed,
    /// The test tone was heard.
    SpeakerHeard,
    /// The room is ready.
    ReadyPressed,
    /// … although not all is done.
    ReadyMeant,
    /// Back to the list.
    BackPressed,
    /// The wipe is to be tried again.
    AgainHeld,
    /// The line of the call is to be tested.
    CallTestPressed,
    /// The tested call is done with.
    CallTestDone,
}

impl Turnover {
    /// Whether the surface is being wiped, and touch is dead but for the call.
    #[must_use]
    pub fn is_being_cleaned(&self) -> bool {
        self.cleaning_until.is_some()
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        self.ready_asked = false;
        match message {
            Message::SurfacePressed => self.cleaning_until = Some(parts::after(Instant::now(), SURFACE_FOR)),
            Message::SurfaceTimeOver => {
                if self.cleaning_until.take().is_some() {
                    return Action::Send(Event::SurfaceCleaned);
                }
            }
            Message::SpeakerPressed => {
                self.tone_played = true;
                return Action::Send(Event::SpeakerTested);
            }
            Message::SpeakerHeard => {
                self.tone_played = false;
                return Action::Send(Event::SpeakerHeard);
            }
            Message::ReadyPressed if open_steps(snapshot).next().is_some() => self.ready_asked = true,
            Message::ReadyPressed | Message::ReadyMeant => return Action::Send(Event::TurnoverDone),
            Message::AgainHeld => return Action::Send(Event::StaffReset),
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
            parts::line(ctx.staff("turnover-wiping"), ctx.scale.title(), theme::CONTROL, theme::SAND).into()
        } else if snapshot.stage == Stage::Blocked {
            blocked(ctx)
        } else if self.ready_asked {
            ready_asked(ctx)
        } else {
            self.list(ctx)
        };
        let title = ctx.staff(if snapshot.stage == Stage::Blocked { "blocked-title" } else { "turnover-title" });
        let across = column![
            container(parts::line(title, ctx.scale.title(), theme::CONTROL_STRONG, theme::SAND))
                .height(Length::Fixed(ctx.mm(CALL_MM - 4.0))),
            content,
        ]
        .spacing(ctx.mm(GAP_MM))
        .padding(ctx.mm(MARGIN_MM));
        parts::ground(theme::INK, across)
    }

    fn list<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let proof = snapshot.receipt.as_ref().map(|receipt| proof(ctx, receipt));
        let cleaned = snapshot.surface_cleaned;
        let surface_words = if cleaned { "turnover-surface-done" } else { "turnover-surface" };
        let surface = item(ctx, "surface", surface_words, cleaned, Message::SurfacePressed);
        let (call_words, call_message) = call_test(snapshot);
        let call = item(ctx, "call-test", call_words, snapshot.call_tested, call_message);
        let all_done = open_steps(snapshot).next().is_none();
        let label = ctx.staff("turnover-ready");
        let ready = parts::choice(ctx, "turnover-ready", label, all_done, Message::ReadyPressed).width(ctx.mm(100.0));
        let todo = column![surface, self.speaker(ctx), call, ready].spacing(ctx.mm(GAP_MM));
        row![container(column![].push(proof)).width(Length::Fill), todo]
            .spacing(ctx.mm(8.0))
            .height(Length::Fill)
            .into()
    }

    /// A tone that was played is asked about: only an ear knows whether it came out.
    fn speaker<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let heard = ctx.snapshot.speaker_tested;
        if !self.tone_played {
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

/// The steps that are not done yet, by the words that name them.
fn open_steps(snapshot: &Snapshot) -> impl Iterator<Item = &'static str> {
    let steps = [
        ("turnover-surface", snapshot.surface_cleaned),
        ("turnover-speaker", snapshot.speaker_tested),
        ("turnover-call-test", snapshot.call_tested),
    ];
    steps.into_iter().filter(|(_, is_done)| !is_done).map(|(words, _)| words)
}

fn ready_asked<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let mut words =
        column![parts::line(ctx.staff("turnover-open"), ctx.scale.body(), theme::CONTROL_STRONG, theme::LAMPLIGHT)]
            .spacing(ctx.mm(1.6));
    for step in open_steps(&ctx.snapshot) {
        let step = format!("○  {}", ctx.staff(step));
        words = words.push(parts::line(step, ctx.scale.body(), theme::CONTROL, theme::SAND));
    }
    let back = ctx.staff("turnover-back");
    let anyway = ctx.staff("turnover-ready-anyway");
    let answers = row![
        parts::choice(ctx, "turnover-back", back, true, Message::BackPressed).width(ctx.mm(60.0)),
        parts::control(ctx, "turnover-ready-anyway", anyway, Message::ReadyMeant).width(ctx.mm(60.0)),
    ];
    column![words, answers.spacing(ctx.mm(GAP_MM))].spacing(ctx.mm(8.0)).into()
}

fn call_test(snapshot: &Snapshot) -> (&'static str, Message) {
    match snapshot.call.as_ref() {
        Some(call) if call.phase >= CallPhase::Received => ("turnover-call-ok", Message::CallTestDone),
        Some(call) if call.line_down_told => ("turnover-call-no-desk", Message::CallTestPressed),
        Some(_) => ("turnover-call-waiting", Message::CallTestPressed),
        None if snapshot.call_tested => ("turnover-call-ok", Message::CallTestPressed),
        None => ("turnover-call-test", Message::CallTestPressed),
    }
}

fn item<'a>(ctx: &ViewContext, id: &'static str, key: &str, done: bool, message: Message) -> Element<'a, Message> {
    let mark = if done { "✓  " } else { "" };
    parts::choice(ctx, id, format!("{mark}{}", ctx.staff(key)), done, message).width(ctx.mm(100.0)).into()
}

fn proof<'a>(ctx: &ViewContext, receipt: &Receipt) -> Element<'a, Message> {
    let at = receipt.at.get(..16).unwrap_or(&receipt.at).replace('T', " ");
    let mut lines = column![].spacing(ctx.mm(1.6));
    if receipt.is_verified() {
        let words = ctx.staff_words.say_with("turnover-wiped", &[("at", Value::from(at))]);
        lines = lines.push(parts::line(words, ctx.scale.body(), theme::CONTROL_STRONG, theme::LAMPLIGHT));
    }
    for check in &receipt.checks {
        let mark = if check.ok { "✓" } else { "✗" };
        let words = format!("{mark}  {}", ctx.staff(&format!("check-{}", check.name)));
        lines = lines.push(parts::line(words, ctx.mm(3.7), theme::CONTROL, theme::SAND));
    }
    let number = ctx.staff_words.say_with("turnover-receipt", &[("number", Value::from(receipt.number))]);
    let chain = receipt.chain.get(..16).unwrap_or(&receipt.chain);
    lines.push(parts::note(ctx, format!("{number} · {chain}"))).into()
}

fn blocked<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let words = parts::line(ctx.staff("blocked-text"), ctx.scale.body(), theme::CONTROL, theme::SAND);
    let again = parts::held(ctx, "blocked-again", ctx.staff("blocked-again"), Message::AgainHeld).width(ctx.mm(70.0));
    let proof = ctx.snapshot.receipt.as_ref().map(|receipt| proof(ctx, receipt));
    let way_out = column![words.width(Length::Fixed(ctx.mm(100.0))), again].spacing(ctx.mm(6.0));
    row![container(column![].push(proof)).width(Length::Fill), way_out].spacing(ctx.mm(8.0)).into()
}

/// Nothing here can be touched; the call lies above it as everywhere.
fn cleaning<'a>(ctx: &ViewContext, until: Instant) -> Element<'a, Message> {
    let words = parts::line(ctx.staff("turnover-surface-left"), ctx.scale.body(), theme::CONTROL, theme::SAND);
    let content =
        column![countdown(until, SURFACE_FOR, ctx.mm(RING_MM)), words.center(), wake(until, Message::SurfaceTimeOver),]
            .spacing(ctx.mm(8.0))
            .align_x(iced::Center);
    // Below the call, which may be open and then lies across the top.
    let below_call = Padding { top: ctx.mm(CALL_MM + 6.0), ..Padding::ZERO };
    parts::ground(theme::INK, container(content).center(Length::Fill).padding(below_call))
}
