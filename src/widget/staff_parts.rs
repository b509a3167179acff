//! Owns the parts of the screens for staff. They always show a state in the same way: a chosen option has a tick and a
//! thick outline, a setting that is on has a filled switch, a step that is done has a tick without a frame, and the
//! single primary action is filled with lamplight. Does not own any screen.

use iced::alignment::Vertical;
use iced::border::Border;
use iced::widget::{Column, Space, column, container, row, stack, text};
use iced::{Background, Color, Element, Length, Padding};

use super::ViewContext;
use super::icon::Icon;
use super::parts::{self, STAFF_HOLD};
use super::tile::{TileFace, picture};
use super::touch::{ControlStyle, Touchable, Trigger, touchable};
use crate::theme::{self, GAP_MM, TOUCH_SLOP_MM};

/// Height of a control for staff, in millimetres. Staff have steady hands and clear sight, so this is less than for a
/// patient, but more than the 11.6 mm (44 CSS pixels) of WCAG 2.2 (2.5.5, AAA).
pub const STAFF_CONTROL_MM: f32 = 14.0;
/// Corner radius of a control, in millimetres.
const RADIUS_MM: f32 = 4.0;
/// Number of letters beyond which the words beside a switch are in small print, so that they take at most three lines.
const TOGGLE_LETTERS: usize = 16;
/// Width of the space between the words of a control and its frame, in millimetres.
const PADDING_MM: f32 = 1.6;
/// Width of the number of an instruction, in millimetres.
const NUMBER_MM: f32 = 6.0;
/// Font size of the words of the switch for an emergency, in millimetres.
const URGENT_MM: f32 = 5.0;
/// Width and height of the tick on the chosen picture, in millimetres.
const TICK_MM: f32 = 4.6;
/// Width and height of an icon in a control, in millimetres.
const ICON_MM: f32 = 5.4;

fn outlined(ctx: &ViewContext) -> ControlStyle {
    ControlStyle {
        background: theme::faded(theme::KEY, 0.95),
        pressed: theme::DUSK_LIT,
        border: theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY),
        border_px: ctx.mm(0.35),
        radius_px: ctx.mm(RADIUS_MM),
        progress: theme::faded(theme::LAMPLIGHT, 0.34),
        knob: None,
    }
}

fn framed<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    inner: impl Into<Element<'a, M>>,
    style: ControlStyle,
) -> Touchable<'a, M> {
    let inner = container(inner).padding(Padding::from([0.0, ctx.mm(PADDING_MM)])).center(Length::Fill);
    touchable(id, inner)
        .width(Length::Fill)
        .height(Length::Fixed(ctx.mm(STAFF_CONTROL_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(style)
}

fn label<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>, color: Color) -> iced::widget::Text<'a> {
    parts::text_line(words, ctx.scale.staff(), theme::CONTROL, color).line_height(1.18).center()
}

/// An action, as wide as its parent.
pub fn action<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    framed(ctx, id, label(ctx, words, theme::LAMPLIGHT), outlined(ctx)).on_press(message)
}

/// A key of the PIN pad, labelled with a digit or a word.
pub fn key<'a, M: Clone + 'a>(ctx: &ViewContext, id: impl Into<String>, face: String, message: M) -> Touchable<'a, M> {
    let is_digit = face.chars().count() == 1;
    let size_px = if is_digit { ctx.scale.title() } else { ctx.scale.staff() };
    let face = parts::text_line(face, size_px, theme::CONTROL, theme::LAMPLIGHT).line_height(1.1);
    framed(ctx, id, face, outlined(ctx)).on_press(message)
}

/// An action with an icon above its words.
pub fn icon_action<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    words: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    let icon = icon.view(ctx.mm(ICON_MM), theme::LAMPLIGHT);
    let words = parts::text_line(words, ctx.scale.small(), theme::CONTROL, theme::SAND).line_height(1.1).center();
    let inner = column![icon, words].spacing(ctx.mm(0.8)).align_x(iced::Center);
    framed(ctx, id, inner, outlined(ctx)).on_press(message)
}

/// The primary action of a screen, which is the next thing for staff to do.
pub fn primary<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    framed(ctx, id, primary_label(ctx, words), lit(ctx)).on_press(message)
}

/// The primary action of a screen, if it has to be held for [`STAFF_HOLD`].
pub fn primary_hold<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    let inner = row![Icon::Hand.view(ctx.mm(ICON_MM), theme::INK), primary_label(ctx, words)];
    let inner = inner.spacing(ctx.mm(2.0)).align_y(Vertical::Center);
    framed(ctx, id, inner, lit(ctx)).on_press(message).trigger(Trigger::Hold(STAFF_HOLD))
}

fn primary_label<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> iced::widget::Text<'a> {
    parts::text_line(words, ctx.scale.staff(), theme::CONTROL_STRONG, theme::INK).line_height(1.18).center()
}

/// The style of a primary action, which is filled with lamplight.
fn lit(ctx: &ViewContext) -> ControlStyle {
    ControlStyle {
        background: theme::LAMPLIGHT,
        pressed: theme::SAND,
        border: theme::LAMPLIGHT,
        progress: theme::faded(theme::INK, 0.25),
        ..outlined(ctx)
    }
}

/// An action that has to be held for [`STAFF_HOLD`].
pub fn hold<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    let inner = row![Icon::Hand.view(ctx.mm(ICON_MM), theme::SAND), label(ctx, words, theme::SAND)];
    let inner = inner.spacing(ctx.mm(2.0)).align_y(Vertical::Center);
    framed(ctx, id, inner, outlined(ctx)).on_press(message).trigger(Trigger::Hold(STAFF_HOLD))
}

/// An action with a note in small print below its words. It is the primary action if `is_primary`.
pub fn noted_action<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: String,
    note: String,
    is_primary: bool,
    message: M,
) -> Touchable<'a, M> {
    let (words, color, style) = if is_primary {
        (primary_label(ctx, words), theme::INK, lit(ctx))
    } else {
        (label(ctx, words, theme::LAMPLIGHT), theme::SAND, outlined(ctx))
    };
    let note = parts::text_line(note, ctx.scale.small(), theme::CONTROL, color).line_height(1.15).center();
    framed(ctx, id, column![words, note].align_x(iced::Center), style).on_press(message)
}

/// The switch for an emergency. It stands out from the other switches by its colour, its border and its larger words,
/// but is not filled like the primary action.
pub fn urgent_toggle<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: impl text::IntoFragment<'a>,
    is_on: bool,
    message: M,
) -> Touchable<'a, M> {
    let words = parts::text_line(words, ctx.mm(URGENT_MM), theme::CONTROL_STRONG, theme::LAMPLIGHT).line_height(1.1);
    let inner = row![switch(ctx, is_on, 5.0), words].spacing(ctx.mm(2.4)).align_y(Vertical::Center);
    let style =
        ControlStyle { background: theme::DUSK_LIT, border: theme::LAMPLIGHT, border_px: ctx.mm(0.8), ..outlined(ctx) };
    framed(ctx, id, inner, style).on_press(message)
}

/// A switch beside its words, or above them if `is_portrait`.
pub fn toggle<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    words: String,
    is_on: bool,
    is_portrait: bool,
    message: M,
) -> Touchable<'a, M> {
    let is_long = words.chars().count() > TOGGLE_LETTERS;
    let size_px = if is_portrait || is_long { ctx.scale.small() } else { ctx.scale.staff() };
    let words = parts::text_line(words, size_px, theme::CONTROL, theme::SAND).line_height(1.1);
    let inner: Element<'a, M> = if is_portrait {
        column![switch(ctx, is_on, 4.0), words.center()].spacing(ctx.mm(0.8)).align_x(iced::Center).into()
    } else {
        row![switch(ctx, is_on, 5.0), words].spacing(ctx.mm(2.4)).align_y(Vertical::Center).into()
    };
    framed(ctx, id, inner, outlined(ctx)).on_press(message)
}

/// A switch of this height, drawn as a track with a knob. If it is on, the track is filled and the knob is at the
/// right.
fn switch<'a, M: 'a>(ctx: &ViewContext, is_on: bool, height_mm: f32) -> Element<'a, M> {
    let (width, height, line) = (ctx.mm(1.8 * height_mm), ctx.mm(height_mm), ctx.mm(0.4));
    let knob_px = ctx.mm(height_mm - 1.6);
    let (track, knob) =
        if is_on { (theme::LAMPLIGHT, theme::INK) } else { (Color::TRANSPARENT, theme::faded(theme::SAND, 0.8)) };
    let border = if is_on { theme::LAMPLIGHT } else { theme::faded(theme::SAND, 0.7) };
    let knob = container(Space::new().width(knob_px).height(knob_px)).style(move |_| container::Style {
        background: Some(Background::Color(knob)),
        border: Border::default().rounded(knob_px / 2.0),
        ..container::Style::default()
    });
    let inset = ctx.mm(0.8);
    container(knob)
        .width(Length::Fixed(width))
        .height(Length::Fixed(height))
        .padding(Padding::from([0.0, inset]))
        .align_x(if is_on { iced::alignment::Horizontal::Right } else { iced::alignment::Horizontal::Left })
        .align_y(Vertical::Center)
        .style(move |_| container::Style {
            background: Some(Background::Color(track)),
            border: Border { color: border, width: line, radius: (height / 2.0).into() },
            ..container::Style::default()
        })
        .into()
}

/// Words about a level and, below them, a control that lowers the level and one that raises it. Each control has an id
/// and a message.
pub fn stepper<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    words: String,
    (less, softer): (&str, M),
    (more, louder): (&str, M),
) -> Element<'a, M> {
    let side = |id: &str, sign: &'static str, message: M| {
        let sign = parts::text_line(sign, ctx.scale.title(), theme::CONTROL, theme::LAMPLIGHT).line_height(1.0);
        framed(ctx, id, sign, outlined(ctx)).on_press(message)
    };
    column![
        container(parts::staff_note(ctx, words).line_height(1.15)).center_x(Length::Fill),
        row![side(less, "−", softer), side(more, "+", louder)].spacing(ctx.mm(GAP_MM)),
    ]
    .width(Length::Fill)
    .into()
}

/// A row of controls. Those that fill the available width share it equally.
pub fn side_by_side<'a, M: 'a>(
    ctx: &ViewContext,
    controls: impl IntoIterator<Item = Element<'a, M>>,
) -> Element<'a, M> {
    row(controls).spacing(ctx.mm(GAP_MM)).width(Length::Fill).into()
}

/// The state of a step that is carried out in the room, such as a step of the turnover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// The step is done.
    Done,
    /// The step is under way.
    UnderWay,
    /// The step needs an answer from staff.
    Asked,
    /// The step failed.
    Failed,
}

/// A step, shown as words and an icon for its state. It has no frame, because it is not a control.
pub fn step<'a, M: 'a>(ctx: &ViewContext, state: StepState, words: impl text::IntoFragment<'a>) -> Element<'a, M> {
    let (mark, color) = match state {
        StepState::Done => (Icon::Tick, theme::LAMPLIGHT),
        StepState::UnderWay => (Icon::Clock, theme::faded(theme::SAND, 0.8)),
        StepState::Asked => (Icon::Sound, theme::LAMPLIGHT),
        StepState::Failed => (Icon::Close, theme::SAND),
    };
    let font = match state {
        StepState::Asked | StepState::Failed => theme::CONTROL_STRONG,
        StepState::Done | StepState::UnderWay => theme::CONTROL,
    };
    row![
        mark.view(ctx.mm(5.0), color),
        parts::text_line(words, ctx.scale.staff(), font, theme::SAND).width(Length::Fill)
    ]
    .spacing(ctx.mm(3.0))
    .align_y(Vertical::Center)
    .into()
}

/// Steps that staff take one after another, with a number before each.
pub fn numbered<'a, M: 'a>(ctx: &ViewContext, steps: impl IntoIterator<Item = String>) -> Column<'a, M> {
    let lines = steps.into_iter().enumerate().map(|(index, words)| {
        let number =
            parts::text_line((index + 1).to_string(), ctx.scale.staff(), theme::CONTROL_STRONG, theme::LAMPLIGHT);
        row![number.width(ctx.mm(NUMBER_MM)), parts::staff_text(ctx, words).width(Length::Fill)].into()
    });
    Column::with_children(lines).spacing(ctx.mm(3.0))
}

/// One of several choices, shown as a picture with a title.
pub struct PictureChoice<M> {
    /// Id of the control, unique on its screen.
    pub id: String,
    /// The title over the picture.
    pub title: String,
    /// The picture or icon.
    pub face: TileFace,
    /// Whether this choice is the chosen one.
    pub is_chosen: bool,
    /// The message that a touch publishes.
    pub message: M,
}

/// A tick on ink, which is visible over any picture.
fn tick<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    let radius = ctx.mm(TICK_MM);
    container(Icon::Tick.view(ctx.mm(TICK_MM), theme::LAMPLIGHT))
        .padding(ctx.mm(0.6))
        .style(move |_| container::Style {
            background: Some(Background::Color(theme::faded(theme::INK, 0.85))),
            border: Border::default().rounded(radius),
            ..container::Style::default()
        })
        .into()
}

/// Width of the frame around the chosen picture, in millimetres.
const FRAME_MM: f32 = 0.9;

/// A control that shows a choice as a picture, as wide as its parent.
pub fn picture_choice<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    choice: PictureChoice<M>,
    height_mm: f32,
) -> Element<'a, M> {
    let face: Element<'a, M> = match choice.face {
        TileFace::Picture(shown) => picture(ctx, shown),
        TileFace::Icon(icon) => container(icon.view(ctx.mm(6.0), theme::LAMPLIGHT))
            .align_right(Length::Fill)
            .padding(ctx.mm(2.0))
            .height(Length::Fill)
            .into(),
    };
    let words = parts::text_line(choice.title, ctx.scale.staff(), theme::CONTROL_STRONG, theme::SAND).line_height(1.15);
    let radius = ctx.mm(3.4);
    let words =
        container(words).padding(Padding::from([ctx.mm(0.9), ctx.mm(1.8)])).width(Length::Fill).style(move |_| {
            container::Style {
                background: Some(Background::Color(theme::faded(theme::INK, 0.8))),
                border: Border::default().rounded(iced::border::Radius::default().bottom(radius)),
                ..container::Style::default()
            }
        });
    let tick = choice.is_chosen.then(|| tick(ctx));
    let above = container(Column::new().push(tick)).align_right(Length::Fill).height(Length::Fill);
    let inner = container(stack![face, column![above, words]].width(Length::Fill).height(Length::Fill))
        .padding(ctx.mm(FRAME_MM))
        .width(Length::Fill)
        .height(Length::Fill);
    let border = if choice.is_chosen { theme::LAMPLIGHT } else { theme::faded(theme::LAMPLIGHT, 0.5) };
    let style = ControlStyle {
        background: theme::INK,
        border,
        border_px: ctx.mm(if choice.is_chosen { FRAME_MM } else { 0.3 }),
        ..outlined(ctx)
    };
    touchable(choice.id, inner)
        .on_press(choice.message)
        .width(Length::Fill)
        .height(Length::Fixed(ctx.mm(height_mm)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(style)
        .into()
}
