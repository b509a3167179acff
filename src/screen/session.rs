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
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry, TileGrid};
use crate::widget::tile::tiles;
use crate::widget::timer::timer;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, breath_ring, fade, orientation, parts, tile_faces};

/// Time without a touch after which the controls disappear.
const CONTROLS_TIME: Duration = Duration::from_secs(8);
/// Time that a line of words is shown.
const WORDS_TIME_MS: u64 = 40_000;
/// Distance of a line of words from the top.
const WORDS_TOP_MM: f32 = 9.0;
/// Time that the loss of the note in a power failure is shown.
const RESTORED_TIME: Duration = Duration::from_mins(1);
/// Number of lines of words.
const WORDS_COUNT: u64 = 12;
/// Number of breaths during which a ring shows the rhythm. After them only the place shows it.
const RING_BREATHS: u32 = 3;
/// Number of lines of the anchor, and the time that each is shown.
const ANCHOR_LINES: u64 = 4;
const ANCHOR_LINE_MS: u64 = 16_000;
/// Gap between the controls and the call.
const FOOT_GAP_MM: f32 = 7.0;
/// Height of a control.
const CONTROL_MM: f32 = 24.0;
/// Height of a sound control, whose label may take two lines.
const SOUND_CONTROL_MM: f32 = 29.0;
/// Width of a screen from which four controls are side by side.
const FOUR_COLUMNS_MIN_MM: f32 = 165.0;
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
    /// A timer ran out: the controls may disappear, or the words change.
    TimerElapsed,
    /// The pacer was switched on or off.
    BreathePressed(bool),
    /// The choice of places was opened.
    PlacesPressed,
    /// A place was chosen.
    PlaceChosen(Place),
    /// The controls of the sound were opened.
    SoundPressed,
    /// The volume was changed by this many steps.
    VolumePressed(f32),
    /// The next piece was requested.
    SkipPressed,
    /// Silence was switched on or off.
    SilencePressed(bool),
    /// The dark was chosen.
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
        // Nothing may compete for attention with an open call.
        let foot: Element<'a, Message> = if self.has_controls && ctx.snapshot.call.is_none() {
            container(self.controls(ctx))
                .center_x(Length::Fill)
                .padding(Padding::from([0.0, ctx.mm(PageGeometry::of(ctx).margin_mm())]))
                .into()
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
            Space::new().height(Length::Fixed(ctx.mm(CALL_MM + FOOT_GAP_MM))),
        ];
        // Between the words above and the controls below.
        let pacer = container(pacer(ctx)).center(Length::Fill).padding(Padding {
            top: ctx.mm(WORDS_TOP_MM + 18.0),
            bottom: ctx.mm(CALL_MM + MARGIN_MM + CONTROL_MM),
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
            ControlGroup::Sound => return sound_sheet(ctx),
            ControlGroup::Places => return place_sheet(ctx),
        };
        let geometry = PageGeometry::of(ctx);
        let columns = if geometry.width_mm < FOUR_COLUMNS_MIN_MM { 2 } else { controls.len().max(3) };
        parts::control_grid(ctx, controls, columns, geometry.content_width_mm(), CONTROL_MM)
    }
}

fn first_controls<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let snapshot = &ctx.snapshot;
    let control = |id: &str, icon: Icon, key: &str, is_on: bool, message: Message| -> Element<'a, Message> {
        parts::icon_control(ctx, id, icon, ctx.say(key), is_on, message).into()
    };
    let anchor = control("anchor", Icon::Anchor, "session-anchor", false, Message::AnchorPressed(true));
    let is_breathing = snapshot.breath.is_some();
    let (breathe, place) = match snapshot.part() {
        Some(Part::Peak) => {
            return vec![control("dark", Icon::Moon, "session-dark", false, Message::DarkPressed), anchor];
        }
        // *Ready* replaces one control, and all others stay where the patient has learned to find them.
        Some(Part::Landing) => {
            ("session-breathe", control("ready", Icon::Forward, "landing-ready", false, Message::ReadyPressed))
        }
        Some(Part::Settle | Part::Onset | Part::Return) | None => {
            ("session-breathe", control("places", Icon::Place, "session-place", false, Message::PlacesPressed))
        }
    };
    vec![
        control("breathe", Icon::Breath, breathe, is_breathing, Message::BreathePressed(!is_breathing)),
        place,
        control("sound", Icon::Sound, "session-sound", false, Message::SoundPressed),
        anchor,
    ]
}

/// The current volume, and the controls that change the sound.
fn sound_sheet<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let is_silent = ctx.snapshot.silence;
    let control = |id: &str, icon: Icon, key: &str, message: Message| -> Element<'a, Message> {
        parts::icon_control(ctx, id, icon, ctx.say(key), false, message).into()
    };
    let controls = if is_silent {
        vec![control("silence", Icon::Sound, "sound-return", Message::SilencePressed(false))]
    } else {
        vec![
            control("softer", Icon::Softer, "sound-softer", Message::VolumePressed(-1.0)),
            control("louder", Icon::Louder, "sound-louder", Message::VolumePressed(1.0)),
            control("skip", Icon::OtherMusic, "sound-skip", Message::SkipPressed),
            control("silence", Icon::Silence, "sound-silence", Message::SilencePressed(true)),
        ]
    };
    let level = (!is_silent).then(|| {
        let (loudness, _) = ctx.clinic.config.sound.loudness(ctx.snapshot.volume_db);
        let level = ctx.say(&format!("volume-{}", loudness.step())).to_lowercase();
        parts::body(ctx, ctx.words.say_with("sound-level", &[("level", level.into())]))
    });
    let geometry = PageGeometry::of(ctx);
    let columns = if geometry.width_mm < FOUR_COLUMNS_MIN_MM { 2 } else { 4 };
    let width_mm = geometry.content_width_mm() - 2.0 * SHEET_PADDING_MM;
    sheet(ctx, level, parts::control_grid(ctx, controls, columns, width_mm, SOUND_CONTROL_MM))
}

/// The places as pictures, the dark among them.
fn place_sheet<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let geometry = PageGeometry::of(ctx);
    let choices = tile_faces::place_tiles(ctx, |place| {
        if place == Place::Dark { Message::DarkPressed } else { Message::PlaceChosen(place) }
    });
    let columns = if geometry.is_upright() { 2 } else { 4 };
    let across = columns as f32;
    let whole_mm = geometry.content_width_mm() - 2.0 * SHEET_PADDING_MM;
    let width_mm = (whole_mm - (across - 1.0) * theme::GAP_MM) / across;
    let grid = TileGrid { columns, width_mm, height_mm: TARGET_MM.max((geometry.height_mm * 0.16).min(30.0)) };
    sheet(ctx, None, tiles(ctx, grid, choices))
}

/// Padding of a sheet.
const SHEET_PADDING_MM: f32 = 3.0;

/// A sheet above the call: choices, the current state in words, and *Done*.
fn sheet<'a>(
    ctx: &ViewContext,
    status: Option<iced::widget::Text<'a>>,
    choices: Element<'a, Message>,
) -> Element<'a, Message> {
    let done = parts::secondary(ctx, "close", ctx.say("done"), Some(Icon::Tick), Message::ClosePressed);
    let foot = iced::widget::row![container(Space::new()).width(Length::Fill)]
        .push(status)
        .push(container(Space::new()).width(Length::Fill))
        .push(done)
        .align_y(iced::Center)
        .spacing(ctx.mm(theme::GAP_MM));
    let radius = ctx.mm(7.0);
    container(column![choices, foot].spacing(ctx.mm(theme::GAP_MM)))
        .padding(ctx.mm(SHEET_PADDING_MM))
        .style(move |_| container::Style {
            background: Some(iced::Background::Color(theme::faded(theme::INK, 0.88))),
            border: iced::Border::default().rounded(radius),
            ..container::Style::default()
        })
        .into()
}

/// The anchor, for a patient for whom the session is too much: one calm line at a time, words that say where the patient
/// is, and a way back. The place is not dimmed, since it is something to hold on to.
fn anchor<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let now = ctx.clock.now();
    let from = RoomTime(now.0 - now.0 % ANCHOR_LINE_MS);
    let until = ctx.clock.instant_of(from + Duration::from_millis(ANCHOR_LINE_MS));
    let line = ctx.say(&format!("anchor-line-{}", (now.0 / ANCHOR_LINE_MS) % ANCHOR_LINES + 1));
    let line = iced::widget::text(line).size(ctx.scale.phrase()).font(theme::VOICE).line_height(theme::LINE_HEIGHT);
    let line =
        stack![fade::fade_on_veil(line, ctx.clock.instant_of(from), Some(until)), timer(until, Message::TimerElapsed),];
    let place = ctx.snapshot.session.map(|session| parts::body(ctx, orientation::words(&ctx.words, &session, now)));
    let width = ctx.mm(PageGeometry::of(ctx).words_width_mm());
    // Always two lines high: nothing below moves when the next line comes.
    let line = container(line).height(Length::Fixed(ctx.mm(26.0))).width(Length::Fill).align_y(iced::Bottom);
    let words = column![line].push(place).spacing(ctx.mm(4.0)).max_width(width);
    let back =
        parts::secondary(ctx, "anchor-done", ctx.say("anchor-done"), Some(Icon::Leaf), Message::AnchorPressed(false));
    let mut page = Page::new().content(words).start(back).from_head().above_call();
    if let Some(breath) = ctx.snapshot.breath {
        let (is_still, size) = (ctx.place_renderer.reduce_motion, ctx.mm(36.0));
        page = page.beside(if is_still {
            breath_ring::breath_ring(breath, ctx.clock, size, true)
        } else {
            breath_ring::passing_ring(breath, ctx.clock, size, RING_BREATHS)
        });
    }
    parts::over_place(ctx, 1.0, page.layer(ctx))
}

/// A ring or an orb, if the profile asks for one or motion is reduced. Otherwise the place itself breathes, and a ring
/// shows the rhythm for the first breaths.
fn pacer<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let Some(breath) = ctx.snapshot.breath else { return Space::new().into() };
    let is_still = ctx.place_renderer.reduce_motion;
    let size = ctx.mm(42.0);
    match ctx.profile().map_or(Guide::Scene, |profile| profile.breath.guide) {
        Guide::Orb => breath_ring::breath_orb(breath, ctx.clock, size, is_still),
        Guide::Ring => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene if is_still => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene => breath_ring::passing_ring(breath, ctx.clock, size, RING_BREATHS),
    }
}

/// The line of words that is due, or the message that is shown instead.
fn words<'a>(ctx: &ViewContext, opened_at: Instant) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let Some(session) = snapshot.session.filter(|_| snapshot.call.is_none()) else { return Space::new().into() };
    if snapshot.silence && !session.paused {
        return parts::scrim(ctx, parts::body(ctx, ctx.say("session-silence")));
    }
    if session.paused {
        return parts::scrim(ctx, parts::title(ctx, ctx.say("session-paused")));
    }
    let lost = snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    if lost && opened_at.elapsed() < RESTORED_TIME {
        let line = iced::widget::text(ctx.say("session-restored"))
            .size(ctx.scale.body())
            .font(theme::VOICE)
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
    /// Start of the next span.
    next: RoomTime,
}

/// Divides the session clock into spans of `every_ms`, each with a line that appears in its middle, and returns the line
/// of the span that contains `now`.
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
