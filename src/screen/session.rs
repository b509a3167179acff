//! Owns the session's screen: the place, sparse words, and as few controls as the part of the arc allows. The app lays the
//! call band over its foot. Does not own the session.

use std::time::{Duration, Instant};

use iced::widget::{Space, column, container, stack};
use iced::{Element, Length, Padding};

use super::Action;
use crate::room::timeline::Part;
use crate::room::{Event, RoomTime, Snapshot};
use crate::theme::{self, CALL_MM, MARGIN_MM, TARGET_MM};
use crate::vocabulary::place::Guide;
use crate::vocabulary::place::Place;
use crate::widget::timer::timer;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, breath_ring, fade, parts};

/// Time without a touch after which the controls go.
const CONTROLS_TIME: Duration = Duration::from_secs(8);
/// Time that a line of words is shown.
const WORDS_TIME_MS: u64 = 40_000;
/// Distance of a line of words from the top.
const WORDS_TOP_MM: f32 = 9.0;
/// Time that the loss of the note in a power failure is shown.
const RESTORED_TIME: Duration = Duration::from_mins(1);
/// Number of lines of words.
const WORDS_COUNT: u64 = 12;
/// One step of the patient's volume, in dB.
const VOLUME_STEP_DB: f32 = 4.0;

/// The screen of the session.
#[derive(Debug)]
pub struct SessionScreen {
    group: ControlGroup,
    opened_at: Instant,
    touched_at: Instant,
    has_controls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ControlGroup {
    Controls,
    Sound,
    Places,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The place was touched: the controls return, and nothing else happens.
    PlaceTouched,
    /// A timer ran out: the controls may go, or the words change.
    TimerElapsed,
    /// The pacer was switched on or off.
    BreathePressed(bool),
    /// The places were asked for.
    PlacesPressed,
    /// A place was chosen.
    PlaceChosen(Place),
    /// The controls of the sound were asked for.
    SoundPressed,
    /// The volume was changed by this many steps.
    VolumePressed(f32),
    /// The next piece was asked for.
    SkipPressed,
    /// Silence was switched on or off.
    SilencePressed(bool),
    /// The dark was asked for.
    DarkPressed,
    /// *Too much* was pressed, or is over.
    AnchorPressed(bool),
    /// Back to the first controls.
    ClosePressed,
    /// The patient is ready for After.
    ReadyPressed,
}

impl Default for SessionScreen {
    fn default() -> Self {
        Self {
            group: ControlGroup::Controls,
            opened_at: Instant::now(),
            touched_at: Instant::now(),
            has_controls: true,
        }
    }
}

impl SessionScreen {
    /// Handles a message.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        if matches!(message, Message::TimerElapsed) {
            if self.touched_at.elapsed() >= CONTROLS_TIME {
                self.has_controls = false;
                self.group = ControlGroup::Controls;
            }
            return Action::None;
        }
        self.touched_at = Instant::now();
        self.has_controls = true;
        match message {
            Message::PlaceTouched | Message::TimerElapsed => Action::None,
            Message::BreathePressed(on) => Action::Send(Event::Breath { on: *on }),
            Message::PlacesPressed => self.open(ControlGroup::Places),
            Message::PlaceChosen(place) => Action::Send(Event::PlaceChosen(*place)),
            Message::SoundPressed => self.open(ControlGroup::Sound),
            Message::VolumePressed(steps) => {
                Action::Send(Event::Volume { db: snapshot.volume_db + steps * VOLUME_STEP_DB })
            }
            Message::SkipPressed => Action::Send(Event::SkipPiece),
            Message::SilencePressed(on) => Action::Send(Event::Silence { on: *on }),
            Message::DarkPressed => Action::Send(Event::Dark { on: true }),
            Message::AnchorPressed(on) => Action::Send(Event::Anchor { on: *on }),
            Message::ClosePressed => self.open(ControlGroup::Controls),
            Message::ReadyPressed => Action::Send(Event::AfterBegins),
        }
    }

    fn open(&mut self, group: ControlGroup) -> Action {
        self.group = group;
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
        let foot: Element<'a, Message> = if self.has_controls {
            container(self.controls(ctx)).center_x(Length::Fill).into()
        } else {
            Space::new().into()
        };
        let content = column![
            container(words(ctx, self.opened_at))
                .width(Length::Fill)
                .height(Length::Fill)
                .center_x(Length::Fill)
                .padding(Padding { top: ctx.mm(WORDS_TOP_MM), ..Padding::ZERO }),
            foot,
            Space::new().height(Length::Fixed(ctx.mm(CALL_MM + MARGIN_MM))),
        ];
        // Between the words above and the controls below.
        let pacer = container(plain_pacer(ctx)).center(Length::Fill).padding(Padding {
            top: ctx.mm(WORDS_TOP_MM + 18.0),
            bottom: ctx.mm(CALL_MM + MARGIN_MM + TARGET_MM),
            ..Padding::ZERO
        });
        let mut layers = stack![touch, pacer, content];
        if self.has_controls {
            layers = layers.push(timer(parts::deadline(self.touched_at, CONTROLS_TIME), Message::TimerElapsed));
        }
        parts::over_place(ctx, 1.0, layers)
    }

    fn controls<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let controls = match self.group {
            ControlGroup::Controls => first_controls(ctx),
            ControlGroup::Sound => sound_controls(ctx),
            ControlGroup::Places => place_controls(ctx),
        };
        let rows = parts::even_rows(ctx, controls, CONTROLS_ACROSS_MAX);
        let loudness = (self.group == ControlGroup::Sound && !ctx.snapshot.silence).then(|| {
            let (loudness, _) = ctx.clinic.config.sound.loudness(ctx.snapshot.volume_db);
            let level = ctx.say(&format!("volume-{}", loudness.step())).to_lowercase();
            let told = ctx.words.say_with("sound-level", &[("level", level.into())]);
            parts::scrim(ctx, parts::body(ctx, told))
        });
        column![].push(loudness).push(rows).spacing(ctx.mm(4.0)).align_x(iced::Center).into()
    }
}

/// Maximum number of controls in a row.
const CONTROLS_ACROSS_MAX: usize = 5;

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
        // In the place of one control, so that all others stay where a hand knows them.
        controls[1] = narrow(ctx, "ready", ctx.say("landing-ready"), Message::ReadyPressed);
    }
    controls
}

fn sound_controls<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let silent = ctx.snapshot.silence;
    let silence = if silent { "sound-return" } else { "sound-silence" };
    let mut controls = if silent {
        // Silence has no volume; the other controls stay where they were.
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

/// What is left when it is too much: the breath, one steady line, and a way back.
fn anchor<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let line = parts::scrim(ctx, parts::phrase(ctx, ctx.say("anchor-line-1")));
    let mut content = column![line].spacing(ctx.mm(4.0)).align_x(iced::Center);
    if let Some(breath) = ctx.snapshot.breath {
        let is_still = ctx.place_renderer.reduce_motion;
        content = content.push(breath_ring::breath_ring(breath, ctx.clock, ctx.mm(34.0), is_still));
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

/// A ring or an orb, if the profile asks for one or motion is reduced. Otherwise the place itself breathes.
fn plain_pacer<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let Some(breath) = ctx.snapshot.breath else { return Space::new().into() };
    let is_still = ctx.place_renderer.reduce_motion;
    let size = ctx.mm(42.0);
    match ctx.profile().map_or(Guide::Scene, |profile| profile.breath.guide) {
        Guide::Orb => breath_ring::breath_orb(breath, ctx.clock, size, is_still),
        Guide::Ring => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene if is_still => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene => Space::new().into(),
    }
}

/// The sparse words, or what is shown instead of them.
fn words<'a>(ctx: &ViewContext, opened_at: Instant) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let Some(session) = snapshot.session.filter(|_| snapshot.call.is_none()) else { return Space::new().into() };
    if session.paused {
        return parts::scrim(ctx, parts::title(ctx, ctx.say("session-paused")));
    }
    let lost = snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    if lost && opened_at.elapsed() < RESTORED_TIME {
        let line = iced::widget::text(ctx.say("session-restored"))
            .size(ctx.scale.body())
            .font(theme::VOICE_SMALL)
            .line_height(theme::LINE_HEIGHT);
        let padded = container(line).padding(Padding::from([ctx.mm(4.0), ctx.mm(8.0)]));
        let until = parts::deadline(opened_at, RESTORED_TIME);
        return stack![fade::fade(padded, opened_at, Some(until), ctx.mm(6.0)), timer(until, Message::TimerElapsed)]
            .into();
    }
    let Some(settings) = ctx.profile().map(|profile| &profile.words).filter(|words| words.on) else {
        return Space::new().into();
    };
    let now = ctx.clock.now();
    let every_ms = u64::from(settings.every_minutes) * crate::room::timeline::MINUTE_MS;
    let Some(line) = scheduled_line(session.clock_ms(now), every_ms, session.speed, now) else {
        return Space::new().into();
    };
    let text = iced::widget::text(ctx.say(&format!("session-word-{}", line.index + 1)))
        .size(ctx.scale.phrase())
        .font(theme::VOICE)
        .line_height(theme::LINE_HEIGHT);
    let padded = container(text).padding(Padding::from([ctx.mm(4.0), ctx.mm(8.0)]));
    let (from, until) = (ctx.clock.instant_of(line.from), ctx.clock.instant_of(line.until));
    stack![
        fade::fade(padded, from, Some(until), ctx.mm(6.0)),
        timer(ctx.clock.instant_of(line.next), Message::TimerElapsed),
    ]
    .into()
}

/// A line of words and when it is shown.
struct ScheduledLine {
    index: u64,
    from: RoomTime,
    until: RoomTime,
    /// When the next span begins.
    next: RoomTime,
}

/// The line of the span of `every_ms` of the session clock in which `now` falls. It appears in the middle of the span.
fn scheduled_line(clock_ms: Option<u64>, every_ms: u64, speed: u32, now: RoomTime) -> Option<ScheduledLine> {
    let clock_ms = clock_ms?;
    let every_ms = every_ms.max(1);
    let speed = u64::from(speed.max(1));
    let span = clock_ms / every_ms;
    let began = now - Duration::from_millis((clock_ms % every_ms) / speed);
    let from = began + Duration::from_millis(every_ms / 2 / speed);
    let next = began + Duration::from_millis(every_ms / speed);
    let until = (from + Duration::from_millis(WORDS_TIME_MS)).min(next);
    Some(ScheduledLine { index: span % WORDS_COUNT, from, until, next })
}
