//! Owns the staff panel on the tablet: begin, pause, extend, end, talk now, reset. Reached by a held corner and the PIN.

use iced::widget::{Column, Space, column, container, row};
use iced::{Element, Length};

use super::Action;
use crate::profile::Profile;
use crate::room::arc::MINUTE_MS;
use crate::room::{Event, Snapshot, Stage, Trouble};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::{ViewContext, parts};
use crate::words::Value;

const MINUTES_OFFERED: [u32; 3] = [40, 60, 120];
/// So many profiles stand in one row, each as wide as this.
const PROFILES_IN_A_ROW: usize = 5;
const PROFILE_MM: f32 = 37.5;
/// Where there are more, so many stand between two controls that turn to the ones before and after them.
const PROFILES_ON_A_PAGE: usize = 4;
const PAGED_PROFILE_MM: f32 = 36.0;
const TURN_MM: f32 = 20.0;
const EXTEND_MINUTES: u32 = 5;
const TROUBLES_IN_THE_HEAD: usize = 2;

/// The staff panel.
#[derive(Debug, Default)]
pub struct Staff {
    asking: Asking,
    minutes: Option<u32>,
    settle: bool,
    /// The page of profiles that was turned to; that of the chosen one until then.
    page: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asking {
    #[default]
    Nothing,
    BeginWithoutDesk,
    End,
}

/// What happened in the staff panel.
#[derive(Clone, Debug)]
pub enum Message {
    /// A profile was picked.
    ProfileChosen(String),
    /// That page of profiles, counted from 0.
    PageTurned(usize),
    /// A length was picked, in minutes.
    MinutesChosen(u32),
    /// Whether the clock waits for the pump.
    SettlePressed(bool),
    /// The session is to begin.
    BeginPressed,
    /// … although no desk listens.
    BeginAnyway,
    /// *End* was pressed: asked once more.
    EndPressed,
    /// *End* was meant.
    EndMeant,
    /// Never mind.
    CancelPressed,
    /// Something the room is to be told as it is.
    Told(Event),
    /// The same, with which the panel has done its work.
    ToldLast(Event),
    /// The panel closes.
    ClosePressed,
    /// The kiosk closes.
    ExitPressed,
}

impl Staff {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let asking = std::mem::take(&mut self.asking);
        match message {
            Message::ProfileChosen(name) => {
                self.minutes = None;
                Action::Send(Event::ProfileChosen { name })
            }
            Message::PageTurned(page) => self.keep(|staff| staff.page = Some(page)),
            Message::MinutesChosen(minutes) => self.keep(|staff| staff.minutes = Some(minutes)),
            Message::SettlePressed(settle) => self.keep(|staff| staff.settle = settle),
            Message::BeginPressed if snapshot.line_is_up() => self.begin(),
            Message::BeginPressed => self.keep(|staff| staff.asking = Asking::BeginWithoutDesk),
            Message::BeginAnyway if asking == Asking::BeginWithoutDesk => self.begin(),
            Message::EndPressed => self.keep(|staff| staff.asking = Asking::End),
            Message::EndMeant if asking == Asking::End => Action::Send(Event::End { landing_minutes: None }),
            Message::BeginAnyway | Message::EndMeant | Message::CancelPressed => Action::None,
            Message::Told(event) => Action::Send(event),
            Message::ToldLast(event) => send_and_close(event),
            Message::ClosePressed => Action::ClosePanel,
            Message::ExitPressed => Action::Exit,
        }
    }

    fn keep(&mut self, change: impl FnOnce(&mut Self)) -> Action {
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
        let rows = match self.asking {
            Asking::BeginWithoutDesk => {
                asked(ctx, "staff-line-ask", ("begin-anyway", "staff-begin-anyway", Message::BeginAnyway))
            }
            Asking::End => asked(ctx, "staff-end-confirm", ("end-meant", "staff-end", Message::EndMeant)),
            Asking::Nothing => match snapshot.stage {
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
                Message::Told(Event::TalkNow { on: !snapshot.talk_now }),
            )
            .width(ctx.mm(40.0)),
        );
        if snapshot.troubles.contains(&Trouble::OutputNotCalibrated) {
            let label = ctx.staff("staff-accept-output");
            foot = foot.push(
                parts::held(ctx, "accept-output", label, Message::Told(Event::OutputAccepted)).width(ctx.mm(44.0)),
            );
        }
        if snapshot.call.as_ref().is_some_and(|call| !call.practice) {
            foot = foot.push(parts::note(ctx, ctx.staff("staff-reset-call-open")).width(ctx.mm(60.0)));
        } else {
            foot = foot.push(
                parts::held(ctx, "staff-reset", ctx.staff("staff-reset-hold"), Message::ToldLast(Event::StaffReset))
                    .width(ctx.mm(76.0)),
            );
        }
        if snapshot.stage == Stage::Ready {
            foot = foot.push(
                parts::held(ctx, "staff-exit", ctx.staff("staff-exit"), Message::ExitPressed).width(ctx.mm(34.0)),
            );
        }
        let content = column![
            container(head(ctx)).height(Length::Fixed(ctx.mm(CALL_MM - 2.0))),
            container(rows.spacing(ctx.mm(GAP_MM))).height(Length::Fill),
            foot,
        ]
        .spacing(ctx.mm(GAP_MM))
        .padding(ctx.mm(MARGIN_MM));
        parts::ground(theme::INK, content)
    }

    /// Every profile: in one row, or page by page, round and round.
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
            // A page counts from 1 for a person.
            let label = format!("{sign}\n{}/{pages}", to + 1);
            parts::control(ctx, id, label, Message::PageTurned(to)).width(ctx.mm(TURN_MM))
        };
        let shown = profiles.chunks(PROFILES_ON_A_PAGE).nth(page).unwrap_or_default();
        row.push(turn("profiles-before", (page + pages - 1) % pages, "‹"))
            .extend(shown.iter().map(|profile| one(profile, PAGED_PROFILE_MM)))
            // Where the last page is not full, the control stays where the finger found it.
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
            begin = begin.push(control(ctx, "begin-visit", label, Message::ToldLast(Event::VisitBegins)));
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
    let told = |id: &'static str, label: String, event: Event| control(ctx, id, label, Message::Told(event));
    let mut clock = row![].spacing(ctx.mm(GAP_MM));
    if session.clock_at_snapshot_ms.is_none() {
        clock = clock.push(told("infusion-starts", ctx.staff("staff-infusion-starts"), Event::InfusionStarts));
    } else if session.paused {
        clock = clock.push(told("resume", ctx.staff("staff-resume"), Event::Resume));
    } else if !session.landed {
        clock = clock.push(told("pause", ctx.staff("staff-pause"), Event::Pause));
    }
    if !session.arc.ended {
        let label = ctx.staff_words.say_with("staff-extend", &[("minutes", Value::from(EXTEND_MINUTES))]);
        clock = clock.push(told("extend", label, Event::Extend { minutes: EXTEND_MINUTES }));
        clock = clock.push(control(ctx, "end", ctx.staff("staff-end"), Message::EndPressed));
    }
    let way = row![
        control(ctx, "to-after", ctx.staff("staff-after"), Message::ToldLast(Event::AfterBegins)),
        control(ctx, "to-farewell", ctx.staff("staff-farewell"), Message::ToldLast(Event::Farewell)),
    ]
    .spacing(ctx.mm(GAP_MM));
    column![clock, way]
}

fn head<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let line = if snapshot.line_is_up() {
        ctx.staff_words.say_with("staff-line-up", &[("desks", Value::from(snapshot.desks))])
    } else {
        ctx.staff("staff-line-down")
    };
    let stage = ctx.staff(&format!("stage-{}", snapshot.stage.name()));
    let clock = snapshot.session.map(|session| {
        let minutes = session.clock_ms(ctx.clock.now()).unwrap_or(0) / MINUTE_MS;
        let of = session.arc.end_ms / MINUTE_MS;
        let part = ctx.staff(&format!("part-{}", session.part.name()));
        let clock =
            ctx.staff_words.say_with("staff-clock", &[("minutes", Value::from(minutes)), ("of", Value::from(of))]);
        format!(" · {part} · {clock}")
    });
    let title = format!("{} · {}{}", ctx.staff("staff-title"), stage, clock.unwrap_or_default());
    let db = volume_words(ctx, snapshot.volume_db);
    let mut lines = column![
        parts::line(title, ctx.scale.title() * 0.8, theme::CONTROL_STRONG, theme::SAND),
        parts::note(ctx, format!("{line} · {db}")),
    ]
    .spacing(ctx.mm(1.0));
    for words in parts::troubles(ctx, None, TROUBLES_IN_THE_HEAD) {
        lines = lines.push(parts::line(words, ctx.scale.small(), theme::CONTROL, theme::LAMPLIGHT));
    }
    container(lines).width(Length::Fixed(ctx.mm(158.0))).into()
}

/// How loud it is: a word, the level, and what a meter would read at the pillow where one was read.
fn volume_words(ctx: &ViewContext, volume_db: f32) -> String {
    let (loudness, dba) = ctx.clinic.config.sound.loudness(volume_db);
    let rounded = |level: f32| Value::from(f64::from(level.round()));
    let level = match dba {
        Some(dba) => ctx.staff_words.say_with("staff-volume-dba", &[("db", rounded(volume_db)), ("dba", rounded(dba))]),
        None => ctx.staff_words.say_with("staff-volume", &[("db", rounded(volume_db))]),
    };
    format!("{level} ({})", ctx.staff(&format!("volume-{}", loudness.step())).to_lowercase())
}

fn asked<'a>(ctx: &ViewContext, question: &str, yes: (&'static str, &str, Message)) -> Column<'a, Message> {
    let (id, key, message) = yes;
    column![
        parts::line(ctx.staff(question), ctx.scale.body(), theme::CONTROL, theme::SAND),
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
