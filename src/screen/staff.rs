//! Owns the staff panel on the tablet: begin, pause, extend, end, talk now, reset. It opens after a held corner and the PIN.
//! Does not own the PIN.

use iced::widget::{Column, Space, column, container, row};
use iced::{Element, Length};

use super::Action;
use crate::config::LoudnessStep;
use crate::profile::Profile;
use crate::room::timeline::MINUTE_MS;
use crate::room::{Event, Snapshot, Stage, Trouble};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

/// Infusion lengths offered, in minutes.
const MINUTES_OFFERED: [u32; 3] = [40, 60, 120];
/// Maximum number of profiles in a single row, and their width.
const PROFILES_IN_A_ROW: usize = 5;
const PROFILE_MM: f32 = 37.5;
/// With more profiles than that, they are on pages: the number on each, and the widths of a profile and of the two controls
/// that turn the page.
const PROFILES_ON_A_PAGE: usize = 4;
const PAGED_PROFILE_MM: f32 = 36.0;
const TURN_MM: f32 = 20.0;
/// Length of one extension, in minutes.
const EXTEND_MINUTES: u32 = 5;
/// Maximum number of lines of troubles.
const TROUBLE_LINES_MAX: usize = 2;

/// The staff panel.
#[derive(Debug, Default)]
pub struct StaffPanel {
    question: StaffQuestion,
    minutes: Option<u32>,
    settle: bool,
    /// The page of profiles that staff turned to. `None` shows the page with the chosen profile.
    page: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum StaffQuestion {
    #[default]
    None,
    BeginWithoutDesk,
    End,
}

/// What happened in the panel.
#[derive(Clone, Debug)]
pub enum Message {
    /// A profile was picked.
    ProfileChosen(String),
    /// A page of profiles was turned to, by its index.
    PageTurned(usize),
    /// A length was picked, in minutes.
    MinutesChosen(u32),
    /// Settling, in which the clock waits for the pump, was switched on or off.
    SettlePressed(bool),
    /// *Begin* was pressed.
    BeginPressed,
    /// *Begin* was confirmed although no desk listens.
    BeginConfirmed,
    /// *End* was pressed.
    EndPressed,
    /// *End* was confirmed.
    EndConfirmed,
    /// A question was cancelled.
    CancelPressed,
    /// A control was pressed that sends this event.
    EventPressed(Event),
    /// A control was pressed that sends this event and closes the panel.
    ClosingEventPressed(Event),
    /// The panel is to close.
    ClosePressed,
    /// The program is to end.
    ExitPressed,
}

impl StaffPanel {
    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let question = std::mem::take(&mut self.question);
        match message {
            Message::ProfileChosen(name) => {
                self.minutes = None;
                Action::Send(Event::ProfileChosen { name })
            }
            Message::PageTurned(page) => self.change(|staff| staff.page = Some(page)),
            Message::MinutesChosen(minutes) => self.change(|staff| staff.minutes = Some(minutes)),
            Message::SettlePressed(settle) => self.change(|staff| staff.settle = settle),
            Message::BeginPressed if snapshot.is_line_up() => self.begin(),
            Message::BeginPressed => self.change(|staff| staff.question = StaffQuestion::BeginWithoutDesk),
            Message::BeginConfirmed if question == StaffQuestion::BeginWithoutDesk => self.begin(),
            Message::EndPressed => self.change(|staff| staff.question = StaffQuestion::End),
            Message::EndConfirmed if question == StaffQuestion::End => {
                Action::Send(Event::End { landing_minutes: None })
            }
            Message::BeginConfirmed | Message::EndConfirmed | Message::CancelPressed => Action::None,
            Message::EventPressed(event) => Action::Send(event),
            Message::ClosingEventPressed(event) => send_and_close(event),
            Message::ClosePressed => Action::ClosePanel,
            Message::ExitPressed => Action::Exit,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) -> Action {
        change(self);
        Action::None
    }

    fn begin(&self) -> Action {
        send_and_close(Event::SessionBegins { profile: None, infusion_minutes: self.minutes, settle: self.settle })
    }

    /// The panel.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let rows = match self.question {
            StaffQuestion::BeginWithoutDesk => {
                question(ctx, "staff-line-ask", ("begin-anyway", "staff-begin-anyway", Message::BeginConfirmed))
            }
            StaffQuestion::End => question(ctx, "staff-end-confirm", ("end-meant", "staff-end", Message::EndConfirmed)),
            StaffQuestion::None => match snapshot.stage {
                Stage::Ready | Stage::Arrive => self.before(ctx),
                Stage::Session => session(ctx),
                Stage::After | Stage::Farewell | Stage::Turnover | Stage::Blocked => column![],
            },
        };
        let mut foot =
            row![control(ctx, "staff-close", ctx.staff("staff-close"), Message::ClosePressed)].spacing(ctx.mm(GAP_MM));
        let talk = if snapshot.talk_now { "staff-talk-done" } else { "staff-talk-now" };
        foot = foot.push(
            parts::choice(
                ctx,
                "talk-now",
                ctx.staff(talk),
                snapshot.talk_now,
                Message::EventPressed(Event::TalkNow { on: !snapshot.talk_now }),
            )
            .width(ctx.mm(40.0)),
        );
        if snapshot.troubles.contains(&Trouble::OutputNotCalibrated) {
            let label = ctx.staff("staff-accept-output");
            foot = foot.push(
                parts::hold_control(ctx, "accept-output", label, Message::EventPressed(Event::OutputAccepted))
                    .width(ctx.mm(44.0)),
            );
        }
        if snapshot.call.as_ref().is_some_and(|call| !call.practice) {
            foot = foot.push(parts::staff_note(ctx, ctx.staff("staff-reset-call-open")).width(ctx.mm(60.0)));
        } else {
            foot = foot.push(
                parts::hold_control(
                    ctx,
                    "staff-reset",
                    ctx.staff("staff-reset-hold"),
                    Message::ClosingEventPressed(Event::StaffReset),
                )
                .width(ctx.mm(76.0)),
            );
        }
        if snapshot.stage == Stage::Ready {
            foot = foot.push(
                parts::hold_control(ctx, "staff-exit", ctx.staff("staff-exit"), Message::ExitPressed)
                    .width(ctx.mm(34.0)),
            );
        }
        let content = column![
            container(head(ctx)).height(Length::Fixed(ctx.mm(CALL_MM - 2.0))),
            container(rows.spacing(ctx.mm(GAP_MM))).height(Length::Fill),
            foot,
        ]
        .spacing(ctx.mm(GAP_MM))
        .padding(ctx.mm(MARGIN_MM));
        parts::background(theme::INK, content)
    }

    /// Every profile, in one row or on pages that wrap around.
    fn profiles<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let profiles = &ctx.clinic.profiles;
        let languages = ctx.staff_words.languages();
        let one = |profile: &Profile, width_mm: f32| -> Element<'a, Message> {
            let chosen = profile.name == ctx.snapshot.profile;
            let id = format!("profile-{}", profile.name);
            let label = profile.title_in(&languages).to_owned();
            parts::choice(ctx, id, label, chosen, Message::ProfileChosen(profile.name.clone()))
                .width(ctx.mm(width_mm))
                .into()
        };
        let row = row![].spacing(ctx.mm(GAP_MM));
        if profiles.len() <= PROFILES_IN_A_ROW {
            return row.extend(profiles.iter().map(|profile| one(profile, PROFILE_MM))).into();
        }
        let pages = profiles.len().div_ceil(PROFILES_ON_A_PAGE);
        let chosen = profiles.iter().position(|profile| profile.name == ctx.snapshot.profile);
        let page = self.page.unwrap_or(chosen.unwrap_or(0) / PROFILES_ON_A_PAGE).min(pages - 1);
        let turn = |id: &'static str, to: usize, sign: &str| {
            // People count pages from 1.
            let label = format!("{sign}\n{}/{pages}", to + 1);
            parts::control(ctx, id, label, Message::PageTurned(to)).width(ctx.mm(TURN_MM))
        };
        let shown = profiles.chunks(PROFILES_ON_A_PAGE).nth(page).unwrap_or_default();
        row.push(turn("profiles-before", (page + pages - 1) % pages, "‹"))
            .extend(shown.iter().map(|profile| one(profile, PAGED_PROFILE_MM)))
            // Empty space holds the control in its place where the last page is not full.
            .extend((shown.len()..PROFILES_ON_A_PAGE).map(|_| Space::new().width(ctx.mm(PAGED_PROFILE_MM)).into()))
            .push(turn("profiles-after", (page + 1) % pages, "›"))
            .into()
    }

    fn before<'a>(&'a self, ctx: &ViewContext) -> Column<'a, Message> {
        let snapshot = &ctx.snapshot;
        let profiles = self.profiles(ctx);
        let picked = self.minutes.unwrap_or(snapshot.infusion_minutes);
        let mut offered: Vec<u32> = MINUTES_OFFERED.to_vec();
        if !offered.contains(&snapshot.infusion_minutes) {
            offered.push(snapshot.infusion_minutes);
        }
        let minutes = row(offered.into_iter().map(|minutes| {
            let label = ctx.staff_words.say_with("staff-minutes", &[("minutes", Value::from(minutes))]);
            parts::choice(ctx, format!("minutes-{minutes}"), label, minutes == picked, Message::MinutesChosen(minutes))
                .width(ctx.mm(30.0))
                .into()
        }))
        .push(
            parts::choice(ctx, "settle", ctx.staff("staff-settle"), self.settle, Message::SettlePressed(!self.settle))
                .width(ctx.mm(44.0)),
        )
        .spacing(ctx.mm(GAP_MM));
        let mut begin = row![].spacing(ctx.mm(GAP_MM));
        if snapshot.stage == Stage::Ready {
            let label = ctx.staff("staff-begin-visit");
            begin = begin.push(control(ctx, "begin-visit", label, Message::ClosingEventPressed(Event::VisitBegins)));
        }
        let label = ctx.staff("staff-begin-session");
        let begin =
            begin.push(parts::choice(ctx, "begin-session", label, true, Message::BeginPressed).width(ctx.mm(46.0)));
        column![profiles, minutes, begin]
    }
}

fn send_and_close(event: Event) -> Action {
    Action::Batch(vec![Action::Send(event), Action::ClosePanel])
}

fn session<'a>(ctx: &ViewContext) -> Column<'a, Message> {
    let Some(session) = ctx.snapshot.session else { return column![] };
    let send = |id: &'static str, label: String, event: Event| control(ctx, id, label, Message::EventPressed(event));
    let mut clock = row![].spacing(ctx.mm(GAP_MM));
    if session.clock_at_snapshot_ms.is_none() {
        clock = clock.push(send("infusion-starts", ctx.staff("staff-infusion-starts"), Event::InfusionStarts));
    } else if session.paused {
        clock = clock.push(send("resume", ctx.staff("staff-resume"), Event::Resume));
    } else if !session.landed {
        clock = clock.push(send("pause", ctx.staff("staff-pause"), Event::Pause));
    }
    if !session.timeline.is_ended() {
        let label = ctx.staff_words.say_with("staff-extend", &[("minutes", Value::from(EXTEND_MINUTES))]);
        clock = clock.push(send("extend", label, Event::Extend { minutes: EXTEND_MINUTES }));
        clock = clock.push(control(ctx, "end", ctx.staff("staff-end"), Message::EndPressed));
    }
    let way = row![
        control(ctx, "to-after", ctx.staff("staff-after"), Message::ClosingEventPressed(Event::AfterBegins)),
        control(ctx, "to-farewell", ctx.staff("staff-farewell"), Message::ClosingEventPressed(Event::Farewell)),
    ]
    .spacing(ctx.mm(GAP_MM));
    column![clock, way]
}

fn head<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let line = if snapshot.is_line_up() {
        ctx.staff_words.say_with("staff-line-up", &[("desks", Value::from(snapshot.desks))])
    } else {
        ctx.staff("staff-line-down")
    };
    let stage = ctx.staff(&format!("stage-{}", snapshot.stage.name()));
    let clock = snapshot.session.map(|session| {
        let minutes = session.clock_ms(ctx.clock.now()).unwrap_or(0) / MINUTE_MS;
        let of = session.timeline.end_ms / MINUTE_MS;
        let part = ctx.staff(&format!("part-{}", session.part.name()));
        let clock =
            ctx.staff_words.say_with("staff-clock", &[("minutes", Value::from(minutes)), ("of", Value::from(of))]);
        format!(" · {part} · {clock}")
    });
    let title = format!("{} · {}{}", ctx.staff("staff-title"), stage, clock.unwrap_or_default());
    let db = volume_text(ctx, snapshot.volume_db);
    let mut lines = column![
        parts::text_line(title, ctx.scale.title() * 0.8, theme::CONTROL_STRONG, theme::SAND),
        parts::staff_note(ctx, format!("{line} · {db}")),
    ]
    .spacing(ctx.mm(1.0));
    for words in parts::trouble_lines(ctx, None, TROUBLE_LINES_MAX) {
        lines = lines.push(parts::text_line(words, ctx.scale.small(), theme::CONTROL, theme::LAMPLIGHT));
    }
    container(lines).width(Length::Fixed(ctx.mm(158.0))).into()
}

/// The volume: its step, and its level in dB(A) at the pillow if a meter was read, or else in dB.
fn volume_text(ctx: &ViewContext, volume_db: f32) -> String {
    let (loudness, dba) = ctx.clinic.config.sound.loudness(volume_db);
    let (key, unit, level) = match dba {
        Some(dba) => ("staff-volume-dba", "dba", dba),
        None => ("staff-volume", "db", volume_db),
    };
    let values = [
        ("step", Value::from(loudness.step())),
        ("of", Value::from(LoudnessStep::ALL.len())),
        (unit, Value::from(f64::from(level.round()))),
    ];
    ctx.staff_words.say_with(key, &values)
}

fn question<'a>(ctx: &ViewContext, question: &str, yes: (&'static str, &str, Message)) -> Column<'a, Message> {
    let (id, key, message) = yes;
    column![
        parts::text_line(ctx.staff(question), ctx.scale.staff(), theme::CONTROL, theme::SAND),
        row![
            control(ctx, "cancel", ctx.staff("staff-cancel"), Message::CancelPressed),
            control(ctx, id, ctx.staff(key), message),
        ]
        .spacing(ctx.mm(GAP_MM)),
    ]
}

fn control<'a>(ctx: &ViewContext, id: &'static str, label: String, message: Message) -> Element<'a, Message> {
    parts::control(ctx, id, label, message).width(ctx.mm(46.0)).into()
}
