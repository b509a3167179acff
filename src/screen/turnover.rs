//! Owns Turnover: the wipe and its proof, the surface, the speaker, the call's line, and then ready again.
//! And Blocked: why the room takes nobody.

use std::time::{Duration, Instant};

use iced::widget::{column, container, row};
use iced::{Element, Length, Padding};

use super::{Action, Setting};
use crate::room::call::CallPhase;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
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

/// What Turnover asks of the shell.
pub enum Outcome {
    /// As any screen.
    Act(Action),
    /// Place a practice call.
    PracticeCall,
}

impl Turnover {
    /// Whether the surface is being wiped, and touch is dead but for the call.
    #[must_use]
    pub fn is_being_cleaned(&self) -> bool {
        self.cleaning_until.is_some()
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Outcome {
        self.ready_asked = false;
        match message {
            Message::SurfacePressed => self.cleaning_until = Some(parts::after(Instant::now(), SURFACE_FOR)),
            Message::SurfaceTimeOver => {
                if self.cleaning_until.take().is_some() {
                    return Outcome::Act(Action::Tell(Event::SurfaceCleaned));
                }
            }
            Message::SpeakerPressed => {
                self.tone_played = true;
                return Outcome::Act(Action::Tell(Event::SpeakerTested));
            }
            Message::SpeakerHeard => {
                self.tone_played = false;
                return Outcome::Act(Action::Tell(Event::SpeakerHeard));
            }
            Message::ReadyPressed if open_steps(snapshot).next().is_some() => self.ready_asked = true,
            Message::ReadyPressed | Message::ReadyMeant => return Outcome::Act(Action::Tell(Event::TurnoverDone)),
            Message::AgainHeld => return Outcome::Act(Action::Tell(Event::StaffReset)),
            Message::CallTestPressed => return Outcome::PracticeCall,
            Message::CallTestDone => return Outcome::Act(Action::Tell(Event::CallCleared)),
            Message::BackPressed => {}
        }
        Outcome::Act(Action::None)
    }

    /// The screen.
    #[must_use]
    pub fn view<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        let snapshot = &setting.snapshot;
        if let Some(until) = self.cleaning_until {
            return cleaning(setting, until);
        }
        let content: Element<'a, Message> = if snapshot.wiping {
            parts::line(setting.staff("turnover-wiping"), setting.scale.title(), theme::CONTROL, theme::SAND).into()
        } else if snapshot.stage == Stage::Blocked {
            blocked(setting)
        } else if self.ready_asked {
            ready_asked(setting)
        } else {
            self.list(setting)
        };
        let title = setting.staff(if snapshot.stage == Stage::Blocked { "blocked-title" } else { "turnover-title" });
        let across = column![
            container(parts::line(title, setting.scale.title(), theme::CONTROL_STRONG, theme::SAND))
                .height(Length::Fixed(setting.mm(CALL_MM - 4.0))),
            content,
        ]
        .spacing(setting.mm(GAP_MM))
        .padding(setting.mm(MARGIN_MM));
        parts::ground(theme::INK, across)
    }

    fn list<'a>(&self, setting: &Setting) -> Element<'a, Message> {
        let snapshot = &setting.snapshot;
        let proof = snapshot.receipt.as_ref().map(|receipt| proof(setting, receipt));
        let cleaned = snapshot.surface_cleaned;
        let surface_words = if cleaned { "turnover-surface-done" } else { "turnover-surface" };
        let surface = item(setting, "surface", surface_words, cleaned, Message::SurfacePressed);
        let (call_words, call_message) = call_test(snapshot);
        let call = item(setting, "call-test", call_words, snapshot.call_tested, call_message);
        let all_done = open_steps(snapshot).next().is_none();
        let label = setting.staff("turnover-ready");
        let ready =
            parts::choice(setting, "turnover-ready", label, all_done, Message::ReadyPressed).width(setting.mm(100.0));
        let todo = column![surface, self.speaker(setting), call, ready].spacing(setting.mm(GAP_MM));
        row![container(column![].push(proof)).width(Length::Fill), todo]
            .spacing(setting.mm(8.0))
            .height(Length::Fill)
            .into()
    }

    /// A tone that was played is asked about: only an ear knows whether it came out.
    fn speaker<'a>(&self, setting: &Setting) -> Element<'a, Message> {
        let heard = setting.snapshot.speaker_tested;
        if !self.tone_played {
            let words = if heard { "turnover-speaker-done" } else { "turnover-speaker" };
            return item(setting, "speaker", words, heard, Message::SpeakerPressed);
        }
        let half = setting.mm((100.0 - GAP_MM) / 2.0);
        let again = setting.staff("turnover-speaker-again");
        row![
            parts::control(setting, "speaker", again, Message::SpeakerPressed).width(half),
            parts::choice(
                setting,
                "speaker-heard",
                setting.staff("turnover-speaker-heard"),
                true,
                Message::SpeakerHeard
            )
            .width(half),
        ]
        .spacing(setting.mm(GAP_MM))
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

fn ready_asked<'a>(setting: &Setting) -> Element<'a, Message> {
    let mut words = column![parts::line(
        setting.staff("turnover-open"),
        setting.scale.body(),
        theme::CONTROL_STRONG,
        theme::LAMPLIGHT
    )]
    .spacing(setting.mm(1.6));
    for step in open_steps(&setting.snapshot) {
        let step = format!("○  {}", setting.staff(step));
        words = words.push(parts::line(step, setting.scale.body(), theme::CONTROL, theme::SAND));
    }
    let back = setting.staff("turnover-back");
    let anyway = setting.staff("turnover-ready-anyway");
    let answers = row![
        parts::choice(setting, "turnover-back", back, true, Message::BackPressed).width(setting.mm(60.0)),
        parts::control(setting, "turnover-ready-anyway", anyway, Message::ReadyMeant).width(setting.mm(60.0)),
    ];
    column![words, answers.spacing(setting.mm(GAP_MM))].spacing(setting.mm(8.0)).into()
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

fn item<'a>(setting: &Setting, id: &'static str, key: &str, done: bool, message: Message) -> Element<'a, Message> {
    let mark = if done { "✓  " } else { "" };
    parts::choice(setting, id, format!("{mark}{}", setting.staff(key)), done, message).width(setting.mm(100.0)).into()
}

fn proof<'a>(setting: &Setting, receipt: &Receipt) -> Element<'a, Message> {
    let at = receipt.at.get(..16).unwrap_or(&receipt.at).replace('T', " ");
    let mut lines = column![].spacing(setting.mm(1.6));
    if receipt.is_verified() {
        let words = setting.staff_words.say_with("turnover-wiped", &[("at", Value::from(at))]);
        lines = lines.push(parts::line(words, setting.scale.body(), theme::CONTROL_STRONG, theme::LAMPLIGHT));
    }
    for check in &receipt.checks {
        let mark = if check.ok { "✓" } else { "✗" };
        let words = format!("{mark}  {}", setting.staff(&format!("check-{}", check.name)));
        lines = lines.push(parts::line(words, setting.mm(3.7), theme::CONTROL, theme::SAND));
    }
    let number = setting.staff_words.say_with("turnover-receipt", &[("number", Value::from(receipt.number))]);
    let chain = receipt.chain.get(..16).unwrap_or(&receipt.chain);
    lines.push(parts::note(setting, format!("{number} · {chain}"))).into()
}

fn blocked<'a>(setting: &Setting) -> Element<'a, Message> {
    let words = parts::line(setting.staff("blocked-text"), setting.scale.body(), theme::CONTROL, theme::SAND);
    let again = parts::held(setting, "blocked-again", setting.staff("blocked-again"), Message::AgainHeld)
        .width(setting.mm(70.0));
    let proof = setting.snapshot.receipt.as_ref().map(|receipt| proof(setting, receipt));
    let way_out = column![words.width(Length::Fixed(setting.mm(100.0))), again].spacing(setting.mm(6.0));
    row![container(column![].push(proof)).width(Length::Fill), way_out].spacing(setting.mm(8.0)).into()
}

/// Nothing here can be touched; the call lies above it as everywhere.
fn cleaning<'a>(setting: &Setting, until: Instant) -> Element<'a, Message> {
    let words = parts::line(setting.staff("turnover-surface-left"), setting.scale.body(), theme::CONTROL, theme::SAND);
    let content = column![
        countdown(until, SURFACE_FOR, setting.mm(RING_MM)),
        words.center(),
        wake(until, Message::SurfaceTimeOver),
    ]
    .spacing(setting.mm(8.0))
    .align_x(iced::Center);
    // Below the call, which may be open and then lies across the top.
    let below_call = Padding { top: setting.mm(CALL_MM + 6.0), ..Padding::ZERO };
    parts::ground(theme::INK, container(content).center(Length::Fill).padding(below_call))
}
