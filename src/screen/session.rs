//! Owns the session's screen: the place, few words, and as few controls as the part allows. The call band at its foot
//! is laid over it by the shell.

use std::time::{Duration, Instant};

use iced::widget::{Space, column, container, stack};
use iced::{Element, Length, Padding};

use super::Action;
use crate::profile::Guide;
use crate::room::arc::Part;
use crate::room::snapshot::Place;
use crate::room::{Event, RoomTime, Snapshot};
use crate::theme::{self, CALL_MM, MARGIN_MM, TARGET_MM};
use crate::widget::touch::touchable;
use crate::widget::wake::wake;
use crate::widget::{ViewContext, breath_ring, fade, parts};

/// Controls dim away when nothing was touched for so long.
const CONTROLS_STAY: Duration = Duration::from_secs(8);
/// A line of words stays so long.
const WORDS_STAY_MS: u64 = 40_000;
/// Where a line of words stands, from the top.
const WORDS_TOP_MM: f32 = 9.0;
/// What a power loss took is said once, for so long.
const RESTORED_STAYS: Duration = Duration::from_mins(1);
/// How many lines there are.
const WORDS: u64 = 12;
/// One step of the patient's volume, in dB.
const VOLUME_STEP_DB: f32 = 4.0;

/// The session's screen.
#[derive(Debug)]
pub struct Session {
    sheet: Sheet,
    opened: Instant,
    touched: Instant,
    controls_shown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sheet {
    Controls,
    Sound,
    Places,
}

/// What happened in the session.
#[derive(Clone, Debug)]
pub enum Message {
    /// The place itself was touched: controls come back, nothing else happens.
    PlaceTouched,
    /// Nothing was touched for a while.
    RestedAWhile,
    /// The pacer was asked for, or no longer.
    BreathePressed(bool),
    /// The list of places was asked for.
    PlacesPressed,
    /// A place was chosen.
    PlaceChosen(Place),
    /// The sound's controls were asked for.
    SoundPressed,
    /// Softer or louder, by so many steps.
    VolumePressed(f32),
    /// Another piece.
    SkipPressed,
    /// Silence, or the sound back.
    SilencePressed(bool),
    /// The screen dark.
    DarkPressed,
    /// It is too much, or no longer.
    AnchorPressed(bool),
    /// Back to the first controls.
    ClosePressed,
    /// Ready for what comes after.
    ReadyPressed,
}

impl Default for Session {
    fn default() -> Self {
        Self { sheet: Sheet::Controls, opened: Instant::now(), touched: Instant::now(), controls_shown: true }
    }
}

impl Session {
    /// Takes in what happened.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        if matches!(message, Message::RestedAWhile) {
            if self.touched.elapsed() >= CONTROLS_STAY {
                self.controls_shown = false;
                self.sheet = Sheet::Controls;
            }
            return Action::None;
        }
        self.touched = Instant::now();
        self.controls_shown = true;
        match message {
            Message::PlaceTouched | Message::RestedAWhile => Action::None,
            Message::BreathePressed(on) => Action::Send(Event::BreathWished { on: *on }),
            Message::PlacesPressed => self.open(Sheet::Places),
            Message::PlaceChosen(place) => Action::Send(Event::PlaceChosen(*place)),
            Message::SoundPressed => self.open(Sheet::Sound),
            Message::VolumePressed(steps) => {
                Action::Send(Event::Volume { db: snapshot.volume_db + steps * VOLUME_STEP_DB })
            }
            Message::SkipPressed => Action::Send(Event::SkipPiece),
            Message::SilencePressed(on) => Action::Send(Event::Silence { on: *on }),
            Message::DarkPressed => Action::Send(Event::Dark { on: true }),
            Message::AnchorPressed(on) => Action::Send(Event::Anchor { on: *on }),
            Message::ClosePressed => self.open(Sheet::Controls),
            Message::ReadyPressed => Action::Send(Event::AfterBegins),
        }
    }

    fn open(&mut self, sheet: Sheet) -> Action {
        self.sheet = sheet;
        Action::None
    }

    /// The screen.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        if ctx.snapshot.anchor {
            return anchor(ctx);
        }
        let touch = touchable("place", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::PlaceTouched);
        let foot: Element<'a, Message> = if self.controls_shown {
            container(self.controls(ctx)).center_x(Length::Fill).into()
        } else {
            Space::new().into()
        };
        let content = column![
            container(said(ctx, self.opened))
                .width(Length::Fill)
                .height(Length::Fill)
                .center_x(Length::Fill)
                .padding(Padding { top: ctx.mm(WORDS_TOP_MM), ..Padding::ZERO }),
            foot,
            Space::new().height(Length::Fixed(ctx.mm(CALL_MM + MARGIN_MM))),
        ];
        // The ring breathes between the words above and the controls below, and touches neither.
        let pacer = container(plain_pacer(ctx)).center(Length::Fill).padding(Padding {
            top: ctx.mm(WORDS_TOP_MM + 18.0),
            bottom: ctx.mm(CALL_MM + MARGIN_MM + TARGET_MM),
            ..Padding::ZERO
        });
        let mut layers = stack![touch, pacer, content];
        if self.controls_shown {
            layers = layers.push(wake(parts::after(self.touched, CONTROLS_STAY), Message::RestedAWhile));
        }
        parts::over_place(ctx, 1.0, layers)
    }

    fn controls<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let controls = match self.sheet {
            Sheet::Controls => first_controls(ctx),
            Sheet::Sound => sound_controls(ctx),
            Sheet::Places => place_controls(ctx),
        };
        let rows = parts::even_rows(ctx, controls, CONTROLS_ACROSS);
        let loudness = (self.sheet == Sheet::Sound && !ctx.snapshot.silence).then(|| {
            let (loudness, _) = ctx.clinic.config.sound.loudness(ctx.snapshot.volume_db);
            let level = ctx.say(&format!("volume-{}", loudness.step())).to_lowercase();
            let told = ctx.words.say_with("sound-level", &[("level", level.into())]);
            parts::scrim(ctx, parts::body(ctx, told))
        });
        column![].push(loudness).push(rows).spacing(ctx.mm(4.0)).align_x(iced::Center).into()
    }
}

/// The most controls in one row.
const CONTROLS_ACROSS: usize = 5;

fn first_controls<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let snapshot = &ctx.snapshot;
    let dark = narrow(ctx, "dark", ctx.say("session-dark"), Message::DarkPressed);
    if snapshot.part() == Some(Part::Peak) {
        return vec![dark];
    }
    let breathing = snapshot.breath.is_some();
    let breathe = if breathing { "session-breathe-stop" } else { "session-breathe" };
    let mut controls = vec![
        narrow(ctx, "breathe", ctx.say(breathe), Message::BreathePressed(!breathing)),
        narrow(ctx, "places", ctx.say("session-place"), Message::PlacesPressed),
        narrow(ctx, "sound", ctx.say("session-sound"), Message::SoundPressed),
        dark,
        narrow(ctx, "anchor", ctx.say("session-anchor"), Message::AnchorPressed(true)),
    ];
    if snapshot.part() == Some(Part::Landing) {
        // In one place's stead, so that all others stay where a hand knows them.
        controls[1] = narrow(ctx, "ready", ctx.say("landing-ready"), Message::ReadyPressed);
    }
    controls
}

fn sound_controls<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let silent = ctx.snapshot.silence;
    let silence = if silent { "sound-return" } else { "sound-silence" };
    let mut controls = if silent {
        // Silence has nothing to be made softer; what is left stays where it was.
        (0..3).map(|_| Space::new().width(ctx.mm(37.0)).into()).collect()
    } else {
        vec![
            narrow(ctx, "softer", ctx.say("sound-softer"), Message::VolumePressed(-1.0)),
            narrow(ctx, "louder", ctx.say("sound-louder"), Message::VolumePressed(1.0)),
            narrow(ctx, "skip", ctx.say("sound-skip"), Message::SkipPressed),
        ]
    };
    controls.push(narrow(ctx, "silence", ctx.say(silence), Message::SilencePressed(!silent)));
    controls.push(narrow(ctx, "close", ctx.say("done"), Message::ClosePressed));
    controls
}

fn place_controls<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let mut controls: Vec<Element<'a, Message>> = ctx
        .places()
        .into_iter()
        .filter(|place| *place != Place::Dark)
        .map(|place| {
            let key = format!("place-{}", place.name());
            let chosen = ctx.snapshot.place == place;
            parts::choice(ctx, key.clone(), ctx.say(&key), chosen, Message::PlaceChosen(place))
                .width(ctx.mm(37.0))
                .into()
        })
        .collect();
    controls.push(narrow(ctx, "dark", ctx.say("place-dark"), Message::DarkPressed));
    controls.push(narrow(ctx, "close", ctx.say("done"), Message::ClosePressed));
    controls
}

fn narrow<'a>(ctx: &ViewContext, id: &'static str, label: String, message: Message) -> Element<'a, Message> {
    parts::control(ctx, id, label, message).width(ctx.mm(37.0)).into()
}

/// When it is too much: the breath, one steady line, and a way back. Nothing else.
fn anchor<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let line = parts::scrim(ctx, parts::phrase(ctx, ctx.say("anchor-line-1")));
    let mut content = column![line].spacing(ctx.mm(4.0)).align_x(iced::Center);
    if let Some(breath) = ctx.snapshot.breath {
        let still = ctx.pictures.reduce_motion;
        content = content.push(breath_ring::breath_ring(breath, ctx.clock, ctx.mm(34.0), still));
    }
    let back =
        parts::control(ctx, "anchor-done", ctx.say("anchor-done"), Message::AnchorPressed(false)).width(ctx.mm(52.0));
    let content = column![
        Space::new().height(Length::Fixed(ctx.mm(MARGIN_MM))),
        container(content.push(back)).center(Length::Fill),
        Space::new().height(Length::Fixed(ctx.mm(CALL_MM + 4.0))),
    ];
    parts::over_place(ctx, 0.6, content)
}

/// A ring or an orb, where the profile asks for one or all is to be still. A place breathes by itself.
fn plain_pacer<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let Some(breath) = ctx.snapshot.breath else { return Space::new().into() };
    let still = ctx.pictures.reduce_motion;
    let size = ctx.mm(42.0);
    match ctx.profile().map_or(Guide::Scene, |profile| profile.breath.guide) {
        Guide::Orb => breath_ring::breath_orb(breath, ctx.clock, size, still),
        Guide::Ring => breath_ring::breath_ring(breath, ctx.clock, size, still),
        Guide::Scene if still => breath_ring::breath_ring(breath, ctx.clock, size, still),
        Guide::Scene => Space::new().into(),
    }
}

/// The sparse words, or what has to be said instead of them.
fn said<'a>(ctx: &ViewContext, opened: Instant) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let Some(session) = snapshot.session.filter(|_| snapshot.call.is_none()) else { return Space::new().into() };
    if session.paused {
        return parts::scrim(ctx, parts::title(ctx, ctx.say("session-paused")));
    }
    let lost = snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    if lost && opened.elapsed() < RESTORED_STAYS {
        let line = iced::widget::text(ctx.say("session-restored"))
            .size(ctx.scale.body())
            .font(theme::VOICE_SMALL)
            .line_height(theme::LINE_HEIGHT);
        let padded = container(line).padding(Padding::from([ctx.mm(4.0), ctx.mm(8.0)]));
        let until = parts::after(opened, RESTORED_STAYS);
        return stack![fade::fade(padded, opened, Some(until), ctx.mm(6.0)), wake(until, Message::RestedAWhile)].into();
    }
    let Some(words) = ctx.profile().map(|profile| &profile.words).filter(|words| words.on) else {
        return Space::new().into();
    };
    let now = ctx.clock.now();
    let every_ms = u64::from(words.every_minutes) * crate::room::arc::MINUTE_MS;
    let Some(showing) = showing_words(session.clock_ms(now), every_ms, session.speed, now) else {
        return Space::new().into();
    };
    let line = iced::widget::text(ctx.say(&format!("session-word-{}", showing.index + 1)))
        .size(ctx.scale.phrase())
        .font(theme::VOICE)
        .line_height(theme::LINE_HEIGHT);
    let padded = container(line).padding(Padding::from([ctx.mm(4.0), ctx.mm(8.0)]));
    let (from, until) = (ctx.clock.instant_of(showing.from), ctx.clock.instant_of(showing.until));
    stack![
        fade::fade(padded, from, Some(until), ctx.mm(6.0)),
        wake(ctx.clock.instant_of(showing.next), Message::RestedAWhile),
    ]
    .into()
}

struct Showing {
    index: u64,
    from: RoomTime,
    until: RoomTime,
    next: RoomTime,
}

/// Which line is shown around `now`: one in each span of `every_ms` of the session clock, from its middle on.
fn showing_words(clock_ms: Option<u64>, every_ms: u64, speed: u32, now: RoomTime) -> Option<Showing> {
    let clock_ms = clock_ms?;
    let every_ms = every_ms.max(1);
    let speed = u64::from(speed.max(1));
    let span = clock_ms / every_ms;
    let began = now - Duration::from_millis((clock_ms % every_ms) / speed);
    let from = began + Duration::from_millis(every_ms / 2 / speed);
    let next = began + Duration::from_millis(every_ms / speed);
    let until = (from + Duration::from_millis(WORDS_STAY_MS)).min(next);
    Some(Showing { index: span % WORDS, from, until, next })
}
