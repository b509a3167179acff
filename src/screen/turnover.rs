//! Owns Turnover: the wipe and its proof, the surface, the speaker, the call's line, and then ready again.
//! And Blocked: why the room takes nobody.

use std::time::{Duration, Instant};

use iced::widget::{Space, column, container, row};
use iced::{Element, Length};

use super::{Action, Setting};
use crate::room::call::CallPhase;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::parts;
use crate::widget::wake::wake;
use crate::words::Value;

/// Touch is dead for so long while the surface is wiped.
const SURFACE_FOR: Duration = Duration::from_mins(1);

/// The room between two people.
#[derive(Debug, Default)]
pub struct Turnover {
    cleaning_until: Option<Instant>,
    cleaned: bool,
    call_tested: bool,
}

/// What happened in Turnover.
#[derive(Clone, Debug)]
pub enum Message {
    /// The surface is about to be wiped.
    SurfacePressed,
    /// A second of it went by, or all of it.
    SurfaceTicked,
    /// The speaker is to be tested.
    SpeakerPressed,
    /// The room is ready.
    ReadyPressed,
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
    pub fn update(&mut self, message: &Message) -> Outcome {
        match message {
            Message::SurfacePressed => self.cleaning_until = Some(parts::after(Instant::now(), SURFACE_FOR)),
            Message::SurfaceTicked => {
                if self.cleaning_until.is_some_and(|until| Instant::now() >= until) {
                    self.cleaning_until = None;
                    self.cleaned = true;
                }
            }
            Message::SpeakerPressed => return Outcome::Act(Action::Tell(Event::SpeakerTested)),
            Message::ReadyPressed => return Outcome::Act(Action::Tell(Event::TurnoverDone)),
            Message::AgainHeld => return Outcome::Act(Action::Tell(Event::StaffReset)),
            Message::CallTestPressed => return Outcome::PracticeCall,
            Message::CallTestDone => {
                self.call_tested = true;
                return Outcome::Act(Action::Tell(Event::CallCleared));
            }
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
        let surface = item(setting, "surface", "turnover-surface", self.cleaned, Message::SurfacePressed);
        let speaker = item(setting, "speaker", "turnover-speaker", snapshot.speaker_tested, Message::SpeakerPressed);
        let (call_words, call_message) = call_test(snapshot, self.call_tested);
        let call = item(setting, "call-test", call_words, self.call_tested, call_message);
        let ready =
            parts::choice(setting, "turnover-ready", setting.staff("turnover-ready"), true, Message::ReadyPressed)
                .width(setting.mm(100.0));
        let todo = column![surface, speaker, call, ready].spacing(setting.mm(GAP_MM));
        row![container(column![].push(proof)).width(Length::Fill), todo]
            .spacing(setting.mm(8.0))
            .height(Length::Fill)
            .into()
    }
}

fn call_test(snapshot: &Snapshot, tested: bool) -> (&'static str, Message) {
    match snapshot.call.as_ref() {
        Some(call) if call.phase >= CallPhase::Received => ("turnover-call-ok", Message::CallTestDone),
        Some(call) if call.line_down_told => ("turnover-call-no-desk", Message::CallTestPressed),
        Some(_) => ("turnover-call-waiting", Message::CallTestPressed),
        None if tested => ("turnover-call-ok", Message::CallTestPressed),
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
    column![words.width(Length::Fixed(setting.mm(150.0)))].push(proof).push(again).spacing(setting.mm(6.0)).into()
}

fn cleaning<'a>(setting: &Setting, until: Instant) -> Element<'a, Message> {
    let left = until.saturating_duration_since(Instant::now());
    let seconds = left.as_secs_f32().ceil() as u64;
    let words = setting.staff_words.say_with("turnover-surface-left", &[("seconds", Value::from(seconds))]);
    let next_second = parts::after(Instant::now(), left.saturating_sub(Duration::from_secs(seconds.saturating_sub(1))));
    let content = column![
        parts::line(words, setting.scale.title(), theme::CONTROL, theme::SAND),
        wake(next_second, Message::SurfaceTicked),
        Space::new(),
    ];
    parts::ground(theme::INK, container(content).center(Length::Fill))
}
