//! Owns the session's screen: the place, sparse words, and as few controls as the part of the arc allows. The controls
//! fade to dim glyphs while nobody touches the screen. The app draws the call over the bottom of the screen. Does not
//! own the session's clock or arc.

use std::time::{Duration, Instant};

use iced::widget::{Space, column, container, stack, text};
use iced::{Element, Length, Padding};

use super::Action;
use crate::room::timeline::Part;
use crate::room::{Event, RoomTime, Snapshot};
use crate::theme::{self, CALL_MM, GAP_MM, TARGET_MM};
use crate::vocabulary::place::Guide;
use crate::vocabulary::place::Place;
use crate::widget::breath_ring::Pacer;
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry, TileGrid, lines_of};
use crate::widget::parts::AtRest;
use crate::widget::resting::Wakefulness;
use crate::widget::tile::tiles_and;
use crate::widget::timer::timer;
use crate::widget::touch::touchable;
use crate::widget::veil::Veil;
use crate::widget::{ViewContext, breath_ring, fade, notice, orientation, parts, tile_faces};

/// Time without a touch after which the controls fade to dim glyphs.
const CONTROLS_TIME: Duration = Duration::from_secs(8);
/// Time without a touch after which an open sheet closes.
const SHEET_TIME: Duration = Duration::from_secs(20);
/// Time for which a line of words is shown, in milliseconds.
const WORDS_TIME_MS: u64 = 40_000;
/// Height at the top of the screen that is reserved for a line of words, in millimetres.
const WORDS_HEIGHT_MM: f32 = 24.0;
/// Time for which the screen says that the note was lost in a power failure.
const RESTORED_TIME: Duration = Duration::from_mins(1);
/// Number of lines of words that are shown in turn.
const WORDS_COUNT: u64 = 12;
/// Number of breaths during which a ring shows the rhythm. After that, only the place shows the rhythm.
const RING_BREATHS: u32 = 3;
/// Number of lines that the anchor shows in turn. The anchor is a calm page for a patient for whom the session is too
/// much.
const ANCHOR_LINES: u64 = 4;
/// Time for which each line of the anchor is shown, in milliseconds.
const ANCHOR_LINE_MS: u64 = 16_000;
/// Gap between the controls and the call, in millimetres.
const FOOT_GAP_MM: f32 = 7.0;
/// Minimum height of a control, enough for a label of one line, in millimetres.
const CONTROL_MM: f32 = 24.0;
/// Height of a control without its label, in millimetres.
const ABOVE_LABEL_MM: f32 = 12.5;
/// Left edge of the area that controls leave free, as a fraction of the width. It is the smallest left edge of any
/// place's focal box ([`Place::focal_box`]), so the controls have the same position in every place.
const LIGHT_LEFT: f32 = 0.46;
/// Font size of a control's label in normal type, in millimetres.
const LABEL_MM: f32 = 7.0;
/// Line height of a control's label, relative to its font size.
const LABEL_LINE_HEIGHT: f32 = 1.15;
/// Maximum height of a tile in the sheet of places, in millimetres.
const TILE_MAX_MM: f32 = 30.0;
/// Font size of body text in normal type, in millimetres.
const BODY_MM: f32 = 5.6;
/// Font sizes for a line of the anchor in normal type, from the largest to the smallest, in millimetres.
const ANCHOR_SIZES_MM: [f32; 3] = [9.0, 8.0, 7.0];
/// Minimum font size of the words that say where in the session the patient is, in millimetres.
const WHERE_LEAST_MM: f32 = 4.8;
/// Maximum diameter of the pacer, in millimetres.
const PACER_MM: f32 = 30.0;
/// Maximum diameter of the pacer while the anchor is shown, in millimetres.
const ANCHOR_PACER_MM: f32 = 30.0;
/// Number of controls in a row, and of controls in a sheet of sound. A portrait screen that is high enough has one
/// column of controls.
const COLUMNS: usize = 2;
/// Maximum number of controls that are shown while no sheet is open, apart from the one that leads to After.
const CONTROLS_MAX: usize = 4;
/// Keys of the labels of all controls that are shown while no sheet is open, apart from the one that leads to After.
const CONTROL_LABELS: [&str; 5] =
    ["session-place", "session-sound", "session-breathe", "session-dark", "session-anchor"];
/// Minimum width of a screen on which the four controls of the sound sheet are side by side, in millimetres.
const FOUR_COLUMNS_MIN_MM: f32 = 165.0;
/// Change of the patient's volume by one step, in dB.
const VOLUME_STEP_DB: f32 = 4.0;

/// The screen of the session.
#[derive(Debug)]
pub struct SessionScreen {
    group: ControlGroup,
    opened_at: Instant,
    touched_at: Instant,
    wakefulness: Wakefulness,
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
    /// The place was touched. This only wakes the controls.
    PlaceTouched,
    /// A timer ran out. If the screen has not been touched for long enough, the controls fade to dim glyphs and an open
    /// sheet closes. In any case, the view is built again, with other words if they are due.
    TimerElapsed,
    /// The pacer was switched on or off.
    BreathePressed(bool),
    /// The sheet of places was requested.
    PlacesPressed,
    /// A place was chosen.
    PlaceChosen(Place),
    /// The sheet with the controls of the sound was requested.
    SoundPressed,
    /// The volume was changed by this many steps; negative for softer.
    VolumePressed(f32),
    /// The next piece of music was requested.
    SkipPressed,
    /// Silence was switched on or off.
    SilencePressed(bool),
    /// *Dark*, the black screen, was chosen.
    DarkPressed,
    /// *Too much* was pressed, or the patient left the anchor.
    AnchorPressed(bool),
    /// A sheet was closed, which brings back the first controls.
    ClosePressed,
    /// The patient is ready to go on to After.
    ReadyPressed,
}

impl Default for SessionScreen {
    fn default() -> Self {
        let now = Instant::now();
        Self { group: ControlGroup::Controls, opened_at: now, touched_at: now, wakefulness: Wakefulness::awake(now) }
    }
}

impl SessionScreen {
    /// Handles a message.
    pub fn update(&mut self, message: &Message, snapshot: &Snapshot) -> Action {
        let now = Instant::now();
        if matches!(message, Message::TimerElapsed) {
            if now >= self.rests_at() && !self.wakefulness.is_resting() {
                self.wakefulness.rest(now);
                self.group = ControlGroup::Controls;
            }
            return Action::None;
        }
        self.touched_at = now;
        self.wakefulness.wake(now);
        match message {
            Message::PlaceTouched | Message::TimerElapsed => Action::None,
            Message::BreathePressed(on) => Action::Send(Event::Breath { on: *on }),
            Message::PlacesPressed => self.open(ControlGroup::Places),
            Message::PlaceChosen(place) => {
                // The sheet covers the light of the place that the patient wants to see now.
                self.group = ControlGroup::Controls;
                Action::Send(Event::PlaceChosen(*place))
            }
            Message::SoundPressed => self.open(ControlGroup::Sound),
            Message::VolumePressed(steps) => {
                Action::Send(Event::Volume { db: snapshot.volume_db + steps * VOLUME_STEP_DB })
            }
            Message::SkipPressed => Action::Send(Event::SkipPiece),
            Message::SilencePressed(on) => Action::Send(Event::Silence { on: *on }),
            Message::DarkPressed => {
                // A patient who comes back from the dark sees the place, not an open sheet.
                self.group = ControlGroup::Controls;
                Action::Send(Event::Dark { on: true })
            }
            Message::AnchorPressed(on) => Action::Send(Event::Anchor { on: *on }),
            Message::ClosePressed => self.open(ControlGroup::Controls),
            Message::ReadyPressed => Action::Send(Event::AfterBegins),
        }
    }

    fn open(&mut self, group: ControlGroup) -> Action {
        self.group = group;
        Action::None
    }

    /// The time at which the controls fade to dim glyphs if nobody touches the screen.
    fn rests_at(&self) -> Instant {
        let time = match self.group {
            ControlGroup::Controls => CONTROLS_TIME,
            ControlGroup::Sound | ControlGroup::Places => SHEET_TIME,
        };
        parts::deadline(self.touched_at, time)
    }

    /// The screen of the session or, while the anchor is on and no call is open, the anchor: a calm page for a patient
    /// for whom the session is too much.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        if shows_anchor(&ctx.snapshot) {
            return anchor(ctx);
        }
        let is_calling = ctx.snapshot.call.is_some();
        let touch = touchable("place", Space::new().width(Length::Fill).height(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
            .on_press(Message::PlaceTouched);
        let geometry = PageGeometry::of(ctx);
        // While a call is open, nothing else may compete for attention, so the controls are gone.
        let foot: Element<'a, Message> = if is_calling {
            Space::new().into()
        } else {
            container(self.controls(ctx))
                .center_x(Length::Fill)
                .padding(Padding::from([0.0, ctx.mm(geometry.margin_mm())]))
                .into()
        };
        let is_open = self.group != ControlGroup::Controls;
        let words = container(words(ctx, self.opened_at, is_open))
            .width(Length::Fill)
            .padding(Padding { top: ctx.mm(notice::TOP_MM), ..Padding::ZERO });
        // While a call is open, a control for staff is in one corner, so the words are on the other side.
        let words = match (is_calling, ctx.is_mirrored()) {
            (false, _) => words.center_x(Length::Fill),
            (true, false) => words.align_right(Length::Fill),
            (true, true) => words.align_left(Length::Fill),
        };
        let content = column![
            words.height(Length::Fill),
            foot,
            Space::new().height(Length::Fixed(ctx.mm(CALL_MM + FOOT_GAP_MM))),
        ];
        let pacer = (!is_calling && !is_open).then(|| pacer(ctx)).flatten();
        let rest = (!self.wakefulness.is_resting()).then(|| timer(self.rests_at(), Message::TimerElapsed));
        let layers = stack![touch].push(pacer).push(content).push(rest);
        parts::over_place(ctx, 1.0, Veil::None, layers)
    }

    fn controls<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.group {
            ControlGroup::Controls => first_controls(ctx, self.wakefulness),
            ControlGroup::Sound => sound_sheet(ctx),
            ControlGroup::Places => place_sheet(ctx),
        }
    }
}

/// Whether the anchor is shown instead of the session's own controls. An open call takes precedence.
#[must_use]
pub const fn shows_anchor(snapshot: &Snapshot) -> bool {
    snapshot.anchor && snapshot.call.is_none()
}

/// Height, in millimetres, that controls of this width need so that each of these labels fits into its control. All
/// controls get this same height.
fn control_height_mm(ctx: &ViewContext, labels: &[String], width_mm: f32) -> f32 {
    let size_mm = LABEL_MM * ctx.scale.type_factor();
    let lines = labels.iter().map(|label| lines_of(label, size_mm, width_mm - 3.0)).fold(1.0, f32::max);
    (ABOVE_LABEL_MM + lines * size_mm * LABEL_LINE_HEIGHT).max(CONTROL_MM)
}

/// Number of columns for four controls: 4, or 2 on a narrow screen.
fn columns_of_four(geometry: PageGeometry) -> usize {
    if geometry.width_mm < FOUR_COLUMNS_MIN_MM { 2 } else { 4 }
}

fn width_in_columns(width_mm: f32, columns: usize) -> f32 {
    let across = columns as f32;
    (width_mm - (across - 1.0) * GAP_MM) / across
}

/// One of the controls that are shown while no sheet is open.
struct FirstControl {
    id: &'static str,
    icon: Icon,
    label: String,
    is_on: bool,
    at_rest: AtRest,
    message: Message,
}

fn first_controls<'a>(ctx: &ViewContext, wakefulness: Wakefulness) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let geometry = PageGeometry::of(ctx);
    let control = |id: &'static str, icon: Icon, key: &str, message: Message| FirstControl {
        id,
        icon,
        label: ctx.say(key),
        is_on: false,
        at_rest: AtRest::Icon,
        message,
    };
    // A frightened person must not have to know that there is help behind an icon.
    let anchor = FirstControl {
        at_rest: AtRest::Words,
        ..control("anchor", Icon::Anchor, "session-anchor", Message::AnchorPressed(true))
    };
    let dark = control("dark", Icon::Moon, "session-dark", Message::DarkPressed);
    let is_breathing = snapshot.breath.is_some();
    let breathe = FirstControl {
        is_on: is_breathing,
        ..control("breathe", Icon::Breath, "session-breathe", Message::BreathePressed(!is_breathing))
    };
    let places = control("places", Icon::Place, "session-place", Message::PlacesPressed);
    let sound = control("sound", Icon::Sound, "session-sound", Message::SoundPressed);
    // *Dark* is offered in the peak, and in the onset while the pacer is off. Otherwise, *Breathe* takes its position.
    // Controls stay where the patient has learned to find them: the last two form the lower row or, in the peak, the
    // only row.
    let mut controls = match snapshot.part() {
        Some(Part::Peak) => vec![dark, anchor],
        Some(Part::Onset) if !is_breathing => vec![places, sound, dark, anchor],
        Some(Part::Settle | Part::Onset | Part::Return | Part::Landing) | None => vec![places, sound, breathe, anchor],
    };
    let ControlsLayout { columns, width_mm, control_mm: height_mm } = ControlsLayout::of(ctx, geometry);
    let ready = (snapshot.part() == Some(Part::Landing))
        .then(|| control("ready", Icon::Forward, "landing-ready", Message::ReadyPressed));
    // The control that goes on to After is above the others, which stay where they are. A small screen has no space for
    // it there, so it replaces the first of them.
    let label_mm = LABEL_MM * ctx.scale.type_factor() * LABEL_LINE_HEIGHT;
    let ready_mm = (ABOVE_LABEL_MM + label_mm).max(TARGET_MM);
    let rows = controls.len().div_ceil(columns) as f32;
    let has_room = ready_mm + rows * (height_mm + GAP_MM) <= room_for_controls_mm(geometry);
    let (above, height_mm) = match ready {
        Some(ready) if has_room => (Some(ready), height_mm),
        Some(ready) => {
            controls[0] = ready;
            let labels: Vec<String> = controls.iter().map(|control| control.label.clone()).collect();
            (None, control_height_mm(ctx, &labels, width_in_columns(width_mm, columns)))
        }
        None => (None, height_mm),
    };
    let element = |FirstControl { id, icon, label, is_on, at_rest, message }| {
        parts::resting_control(ctx, id, icon, label, is_on, at_rest, wakefulness, message)
    };
    let above = above.map(|ready| container(element(ready)).width(ctx.mm(width_mm)).height(ctx.mm(ready_mm)));
    let controls = controls.into_iter().map(element).collect();
    let controls = parts::control_grid(ctx, controls, columns, width_mm, height_mm);
    container(column![].push(above).push(controls).spacing(ctx.mm(GAP_MM))).width(Length::Fill).into()
}

/// Height for controls between the line of words and the call, in millimetres.
fn room_for_controls_mm(geometry: PageGeometry) -> f32 {
    geometry.height_mm - CALL_MM - FOOT_GAP_MM - WORDS_HEIGHT_MM
}

/// Width between the margin and the light of every place ([`LIGHT_LEFT`]), in millimetres.
fn beside_light_mm(geometry: PageGeometry) -> f32 {
    geometry.width_mm * LIGHT_LEFT - GAP_MM - geometry.margin_mm()
}

/// Sizes of the controls that are shown while no sheet is open, in millimetres. They are the same in every part of the
/// session.
struct ControlsLayout {
    columns: usize,
    width_mm: f32,
    control_mm: f32,
}

impl ControlsLayout {
    /// Returns a layout that leaves the light of every place free. A portrait screen on which that would be too high
    /// has controls across its whole width, which cover the lower part of the light.
    fn of(ctx: &ViewContext, geometry: PageGeometry) -> Self {
        let labels = CONTROL_LABELS.map(|key| ctx.say(key));
        let with_columns = |columns: usize, width_mm: f32| {
            let control_mm = control_height_mm(ctx, &labels, width_in_columns(width_mm, columns));
            Self { columns, width_mm, control_mm }
        };
        if !geometry.is_portrait() {
            return with_columns(COLUMNS, beside_light_mm(geometry));
        }
        let column = with_columns(1, beside_light_mm(geometry));
        if CONTROLS_MAX as f32 * (column.control_mm + GAP_MM) <= room_for_controls_mm(geometry) {
            column
        } else {
            with_columns(COLUMNS, geometry.content_width_mm())
        }
    }
}

/// The sheet with the current volume and the controls that change the sound.
fn sound_sheet<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let is_silent = ctx.snapshot.silence;
    let controls = if is_silent {
        vec![("silence", Icon::Sound, "sound-return", Message::SilencePressed(false))]
    } else {
        vec![
            ("softer", Icon::Softer, "sound-softer", Message::VolumePressed(-1.0)),
            ("louder", Icon::Louder, "sound-louder", Message::VolumePressed(1.0)),
            ("skip", Icon::OtherMusic, "sound-skip", Message::SkipPressed),
            ("silence", Icon::Silence, "sound-silence", Message::SilencePressed(true)),
        ]
    };
    let level = (!is_silent).then(|| {
        let (loudness, _) = ctx.clinic.config.sound.loudness(ctx.snapshot.volume_db);
        let level = ctx.say(&format!("volume-{}", loudness.step())).to_lowercase();
        parts::body(ctx, ctx.words.say_with("sound-level", &[("level", level.into())]))
    });
    let geometry = PageGeometry::of(ctx);
    let labels: Vec<String> = controls.iter().map(|(_, _, key, _)| ctx.say(key)).collect();
    let layout = SoundSheetLayout::of(ctx, geometry, &labels);
    let controls = controls
        .into_iter()
        .zip(labels)
        .map(|((id, icon, _, message), label)| parts::icon_control(ctx, id, icon, label, message).into());
    let columns = layout.columns.min(controls.len());
    let controls = parts::control_grid(ctx, controls.collect(), columns, layout.width_mm, layout.control_mm);
    let done = parts::secondary(ctx, "close", ctx.say("done"), Some(Icon::Tick), Message::ClosePressed);
    let level = container(column![].push(level)).width(Length::Fill);
    let foot = vec![level.into(), done.into()];
    let foot = parts::row_by_hand(ctx, foot).align_y(iced::Center).spacing(ctx.mm(GAP_MM));
    let content = column![controls, foot].spacing(ctx.mm(GAP_MM)).width(ctx.mm(layout.width_mm));
    container(sheet(ctx, content)).width(Length::Fill).into()
}

/// Sizes of the sheet of sound, in millimetres.
struct SoundSheetLayout {
    columns: usize,
    width_mm: f32,
    control_mm: f32,
}

impl SoundSheetLayout {
    /// Returns a layout that leaves the light of the place free, as the first controls do. If the sheet would be too
    /// high for that, it is as wide as the screen.
    fn of(ctx: &ViewContext, geometry: PageGeometry, labels: &[String]) -> Self {
        let with_columns = |columns: usize, width_mm: f32| {
            let width_mm = width_mm - 2.0 * SHEET_PADDING_MM;
            let control_mm = control_height_mm(ctx, labels, width_in_columns(width_mm, columns));
            Self { columns, width_mm, control_mm }
        };
        let beside_light_mm =
            if geometry.is_portrait() { geometry.content_width_mm() } else { beside_light_mm(geometry) };
        let beside_light = with_columns(COLUMNS, beside_light_mm);
        let rows = labels.len().div_ceil(COLUMNS) as f32;
        let height_mm = rows * (beside_light.control_mm + GAP_MM) + TARGET_MM + 2.0 * SHEET_PADDING_MM;
        let room_mm = geometry.height_mm - CALL_MM - FOOT_GAP_MM - geometry.margin_mm();
        if height_mm <= room_mm {
            beside_light
        } else {
            with_columns(columns_of_four(geometry), geometry.content_width_mm())
        }
    }
}

/// The sheet with the places as pictures, including *Dark*.
fn place_sheet<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let geometry = PageGeometry::of(ctx);
    let choices = tile_faces::place_tiles(ctx, |place| {
        if place == Place::Dark { Message::DarkPressed } else { Message::PlaceChosen(place) }
    });
    let columns = if geometry.is_portrait() { 2 } else { 4 };
    let rows = (choices.len() + 1).div_ceil(columns) as f32;
    let width_mm = width_in_columns(geometry.content_width_mm() - 2.0 * SHEET_PADDING_MM, columns);
    let room_mm = geometry.height_mm - CALL_MM - FOOT_GAP_MM - geometry.margin_mm() - 2.0 * SHEET_PADDING_MM;
    let height_mm = ((room_mm - (rows - 1.0) * GAP_MM) / rows).clamp(TARGET_MM, TILE_MAX_MM);
    let grid = TileGrid { columns, width_mm, height_mm };
    let done = parts::icon_control(ctx, "close", Icon::Tick, ctx.say("done"), Message::ClosePressed);
    sheet(ctx, tiles_and(ctx, grid, choices, done))
}

/// Padding of a sheet, in millimetres.
const SHEET_PADDING_MM: f32 = 3.0;

/// A sheet that leaves the call free below it, with ink behind its content.
fn sheet<'a>(ctx: &ViewContext, content: impl Into<Element<'a, Message>>) -> Element<'a, Message> {
    let radius = ctx.mm(7.0);
    container(content)
        .padding(ctx.mm(SHEET_PADDING_MM))
        .style(move |_| container::Style {
            background: Some(iced::Background::Color(theme::faded(theme::INK, 0.88))),
            border: iced::Border::default().rounded(radius),
            ..container::Style::default()
        })
        .into()
}

/// The anchor, for a patient for whom the session is too much: one calm line at a time, words that say where in the
/// session the patient is, the breath, and a way back. The place is not dimmed, because it is something to hold on to.
fn anchor<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let now = ctx.clock.now();
    let geometry = PageGeometry::of(ctx);
    let from = RoomTime(now.0 - now.0 % ANCHOR_LINE_MS);
    let until = ctx.clock.instant_of(from + Duration::from_millis(ANCHOR_LINE_MS));
    let line = if let Some(notice) = ctx.current_notice() {
        notice::line(ctx, notice)
    } else {
        let line = ctx.say(&format!("anchor-line-{}", (now.0 / ANCHOR_LINE_MS) % ANCHOR_LINES + 1));
        let size_mm = anchor_size_mm(geometry, &line);
        let line = text(line).size(ctx.mm(size_mm)).font(theme::VOICE).line_height(theme::LINE_HEIGHT);
        fade::fade_on_veil(line, ctx.clock.instant_of(from), Some(until))
    };
    let line = stack![line, timer(until, Message::TimerElapsed)];
    let width = ctx.mm(geometry.words_width_mm());
    // Space for two lines is kept even if the text takes only one, so that nothing below moves when the next text
    // appears.
    let line_mm = 26.0 * geometry.type_factor;
    // Larger words take more of the height, so the pacer is smaller.
    let pacer_mm = if geometry.type_factor > 1.0 { TARGET_MM } else { ANCHOR_PACER_MM };
    let place = ctx.snapshot.session.map(|session| {
        let words = orientation::words(&ctx.words, &session, now);
        // If the words are long, a smaller font size keeps them clear of the pacer and the call.
        let room_mm = geometry.height_mm - CALL_MM - 2.0 * geometry.margin_mm() - line_mm - pacer_mm - 3.0 * GAP_MM;
        // The words may fill this height completely, so the estimate of their lines assumes a tenth less width, in case
        // the letters are wide.
        let width_mm = 0.9 * geometry.words_width_mm();
        let fits = |size_mm: &f32| lines_of(&words, *size_mm, width_mm) * size_mm * theme::LINE_HEIGHT <= room_mm;
        let size_mm = [BODY_MM * geometry.type_factor, BODY_MM].into_iter().find(fits).unwrap_or(WHERE_LEAST_MM);
        parts::text_line(words, ctx.mm(size_mm), theme::VOICE, theme::SAND)
    });
    let line = container(line).height(Length::Fixed(ctx.mm(line_mm))).width(Length::Fill).align_y(iced::Bottom);
    let words = column![line].push(place).spacing(ctx.mm(4.0)).max_width(width);
    let back =
        parts::secondary(ctx, "anchor-done", ctx.say("anchor-done"), Some(Icon::Back), Message::AnchorPressed(false));
    let breath = ctx.snapshot.breath.map(|breath| -> Element<'_, Message> {
        let is_still = ctx.place_renderer.reduce_motion;
        let ring = if is_still {
            breath_ring::breath_ring(breath, ctx.clock, ctx.mm(pacer_mm), true)
        } else {
            breath_ring::passing_ring(breath, ctx.clock, ctx.mm(pacer_mm), RING_BREATHS)
        };
        // Larger words leave space for the ring only, so it has no words.
        if geometry.type_factor > 1.0 { ring } else { with_breath_words(ctx, ring, ctx.scale.title()) }.into()
    });
    // The pacer gets the width that the control leaves, never the other way round.
    let breath = container(column![].push(breath)).width(Length::Fill);
    let breath = if ctx.is_mirrored() { breath.align_right(Length::Fill) } else { breath };
    let foot = parts::row_by_hand(ctx, vec![back.into(), breath.into()]);
    let foot = foot.spacing(ctx.mm(2.0 * GAP_MM)).align_y(iced::Bottom);
    Page::new().content(words).foot(foot).from_head().above_call().view_over(ctx, 1.0)
}

/// The largest font size, in millimetres, at which this line of the anchor wraps onto at most two rows. The smallest
/// size if there is no such size.
fn anchor_size_mm(geometry: PageGeometry, line: &str) -> f32 {
    let [largest, middle, least] = ANCHOR_SIZES_MM.map(|size_mm| size_mm * geometry.type_factor);
    let fits = |size_mm: &f32| lines_of(line, *size_mm, geometry.words_width_mm()) <= 2.0;
    [largest, middle].into_iter().find(fits).unwrap_or(least)
}

/// A pacer with words that say when to breathe in and out.
fn with_breath_words<'a>(ctx: &ViewContext, pacer: Pacer<'a, Message>, size_px: f32) -> Pacer<'a, Message> {
    let word = |key: &str| text(ctx.say(key)).size(size_px).font(theme::VOICE).line_height(1.2).center();
    pacer.words(word("breath-in"), word("breath-out"))
}

/// What paces the breath; `None` while the pacer is off. It is a ring or an orb if the profile asks for one. Otherwise
/// the place itself breathes, and a ring shows the rhythm for the first [`RING_BREATHS`] breaths, or all the time if
/// motion is reduced. The pacer is beside the light of the place: on a landscape screen to the right of the light,
/// because the controls are on the left, and on a portrait screen to the left of the light.
fn pacer<'a>(ctx: &ViewContext) -> Option<Element<'a, Message>> {
    let breath = ctx.snapshot.breath?;
    let is_still = ctx.place_renderer.reduce_motion;
    let size = ctx.mm(PACER_MM);
    let pacer = match ctx.profile().map_or(Guide::Scene, |profile| profile.breath.guide) {
        Guide::Orb => breath_ring::breath_orb(breath, ctx.clock, size, is_still),
        Guide::Ring => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene if is_still => breath_ring::breath_ring(breath, ctx.clock, size, is_still),
        Guide::Scene => breath_ring::passing_ring(breath, ctx.clock, size, RING_BREATHS),
    };
    let geometry = PageGeometry::of(ctx);
    let pacer =
        container(with_breath_words(ctx, pacer, ctx.scale.body()).word_below(true).on_plate()).center(Length::Fill);
    let light = ctx.snapshot.place.focal_box(geometry.width_mm / geometry.height_mm);
    let padding = Padding { top: ctx.mm(WORDS_HEIGHT_MM), bottom: ctx.mm(CALL_MM + FOOT_GAP_MM), ..Padding::ZERO };
    let padding = if geometry.is_portrait() {
        let controls = ControlsLayout::of(ctx, geometry);
        let rows = CONTROLS_MAX.div_ceil(controls.columns) as f32;
        let controls_mm = rows * (controls.control_mm + GAP_MM);
        let right = light.map_or(0.0, |light| ctx.window.width * (1.0 - light.left));
        Padding { right, bottom: padding.bottom + ctx.mm(controls_mm), ..padding }
    } else {
        let left = light.map_or(LIGHT_LEFT, |light| light.right);
        Padding { left: ctx.window.width * left, right: ctx.mm(geometry.margin_mm()), ..padding }
    };
    Some(pacer.padding(padding).into())
}

/// The line at the top: a notice, a message about the session, or the words that are due. Empty if there is none.
fn words<'a>(ctx: &ViewContext, opened_at: Instant, is_sheet_open: bool) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    if let Some(notice) = ctx.current_notice() {
        let line = notice::line(ctx, notice);
        // The timer builds the view again once the notice has faded, so that other words can follow.
        return match notice.until {
            Some(until) => stack![line, timer(until, Message::TimerElapsed)].into(),
            None => line,
        };
    }
    let Some(session) = snapshot.session.filter(|_| snapshot.call.is_none()) else { return Space::new().into() };
    if snapshot.silence && !session.paused {
        return parts::scrim(ctx, parts::body(ctx, ctx.say("session-silence")));
    }
    if session.paused {
        return parts::scrim(ctx, parts::title(ctx, ctx.say("session-paused")));
    }
    let lost = snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    if lost && opened_at.elapsed() < RESTORED_TIME {
        let line =
            text(ctx.say("session-restored")).size(ctx.scale.body()).font(theme::VOICE).line_height(theme::LINE_HEIGHT);
        let until = parts::deadline(opened_at, RESTORED_TIME);
        let line = parts::fading_plate(ctx, line, |line, radius| fade::fade(line, opened_at, Some(until), radius));
        return stack![line, timer(until, Message::TimerElapsed)].into();
    }
    // An open sheet needs the height, so no words are shown until it has closed.
    let Some(settings) = ctx.profile().map(|profile| &profile.words).filter(|words| words.on && !is_sheet_open) else {
        return Space::new().into();
    };
    let now = ctx.clock.now();
    let every_ms = u64::from(settings.every_minutes) * crate::room::timeline::MINUTE_MS;
    let Some(line) = scheduled_line(session.clock_ms(now), every_ms, session.speed, now) else {
        return Space::new().into();
    };
    let words = text(ctx.say(&format!("session-word-{}", line.index + 1)))
        .size(ctx.scale.phrase())
        .font(theme::VOICE)
        .line_height(theme::LINE_HEIGHT);
    let (from, until) = (ctx.clock.instant_of(line.from), ctx.clock.instant_of(line.until));
    let words = parts::fading_plate(ctx, words, |words, radius| fade::fade(words, from, Some(until), radius));
    stack![words, timer(ctx.clock.instant_of(line.next), Message::TimerElapsed)].into()
}

/// A line of words, with the times between which it is shown.
struct ScheduledLine {
    index: u64,
    from: RoomTime,
    until: RoomTime,
    /// When the next line becomes current; see [`scheduled_line`].
    next: RoomTime,
}

/// Divides the session clock into spans of `every_ms` and returns the line of the span that contains `now`. The line is
/// shown from the middle of its span, for [`WORDS_TIME_MS`] or until the span ends, whichever is shorter. The session
/// clock runs `speed` times as fast as real time. Returns `None` if the clock has not started.
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
