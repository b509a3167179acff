//! Owns the parts that all screens are made of: text, controls, ink behind text, backgrounds, rows and grids of
//! controls, and the lines that list the room's troubles. Does not own any screen.

use std::time::Instant;

use iced::alignment::Vertical;
use iced::widget::{Row, Space, Text, column, container, row, stack, text};
use iced::{Background, Border, Color, Element, Font, Length, Padding};

use super::ViewContext;
use super::icon::Icon;
use super::place::{self, Scenery};
use super::resting::{Look, Wakefulness, resting};
use super::touch::{ControlStyle, Touchable, Trigger, touchable};
use super::veil::{self, Veil};
use crate::theme::{self, GAP_MM, LINE_HEIGHT, TARGET_MM, TOUCH_SLOP_MM};
use crate::words::Value;

/// Time for which staff have to hold a control that must not be triggered by accident.
pub const STAFF_HOLD: std::time::Duration = std::time::Duration::from_millis(1_500);
/// Distance by which staff have to slide a control that a resting hand must never trigger, in millimetres. It is half
/// of the control's width.
pub const STAFF_SLIDE_MM: f32 = 30.0;
/// Brightness of a place behind text, 0 to 1.
pub const BEHIND_TEXT: f32 = 0.95;

/// Width and height of a control's icon, in millimetres.
const ICON_MM: f32 = 8.0;
/// Distance by which the round background of a resting control extends beyond the icon, in millimetres.
const GLYPH_MARGIN_MM: f32 = 3.2;
/// Opacity of the round background of a resting control's icon, 0 to 1. The icon has a contrast of at least 3 on it,
/// even over the brightest place.
const GLYPH_GROUND: f32 = 0.66;
/// Opacity of the icon of a resting control, 0 to 1.
const GLYPH_INK: f32 = 0.9;
/// Opacity of the background of a control that keeps its words at rest, 0 to 1. The words have a contrast of at least 7
/// on it, even over the brightest place.
const WORDS_GROUND: f32 = 0.82;

/// What a control of the session shows while nobody touches the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRest {
    /// Only its icon, dimmed. The first touch wakes the control and does nothing else.
    Icon,
    /// Its icon and its words, without a border. A touch works at once, because nothing about the control is hidden.
    Words,
}

/// Text in this font and colour, with its font size in logical pixels.
pub fn text_line<'a>(words: impl text::IntoFragment<'a>, size_px: f32, font: Font, color: Color) -> Text<'a> {
    text(words).size(size_px).font(font).color(color).line_height(LINE_HEIGHT)
}

/// A title for the patient.
pub fn title<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.title(), theme::VOICE, theme::SAND)
}

/// Body text for the patient.
pub fn body<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.body(), theme::VOICE, theme::SAND)
}

/// Text for staff.
pub fn staff_text<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.staff(), theme::CONTROL, theme::SAND)
}

/// Small print in the font of text for staff.
pub fn staff_note<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.small(), theme::CONTROL, theme::SAND)
}

/// The style of a control. `is_chosen` marks it as the chosen one of several.
#[must_use]
pub fn control_style(ctx: &ViewContext, is_chosen: bool) -> ControlStyle {
    ControlStyle {
        background: if is_chosen { theme::faded(theme::DUSK_LIT, 0.96) } else { theme::faded(theme::INK, 0.90) },
        pressed: theme::DUSK_LIT,
        border: if is_chosen { theme::LAMPLIGHT } else { theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY) },
        border_px: ctx.mm(if is_chosen { 0.7 } else { 0.35 }),
        radius_px: ctx.mm(5.0),
        progress: theme::faded(theme::LAMPLIGHT, 0.28),
        knob: None,
    }
}

/// The style of a screen's main action.
#[must_use]
pub fn primary_style(ctx: &ViewContext) -> ControlStyle {
    ControlStyle {
        background: theme::LAMPLIGHT,
        pressed: theme::SAND,
        border: theme::INK,
        border_px: ctx.mm(0.35),
        radius_px: ctx.mm(TARGET_MM / 2.0),
        progress: theme::faded(theme::INK, 0.2),
        knob: None,
    }
}

/// A screen's main action, as wide as its label.
pub fn primary<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    icon: Option<Icon>,
    message: M,
) -> Touchable<'a, M> {
    let words = text_line(label, ctx.scale.label(), theme::CONTROL_STRONG, theme::INK);
    let icon = icon.map(|icon| icon.view(ctx.mm(5.0), theme::INK));
    pill(ctx, id, row![words].push(icon)).style(primary_style(ctx)).on_press(message)
}

/// An action other than a screen's main one, as wide as its label.
pub fn secondary<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    icon: Option<Icon>,
    message: M,
) -> Touchable<'a, M> {
    let words = text_line(label, ctx.scale.label(), theme::CONTROL, theme::LAMPLIGHT);
    let icon = icon.map(|icon| icon.view(ctx.mm(5.0), theme::LAMPLIGHT));
    let style = ControlStyle { radius_px: ctx.mm(TARGET_MM / 2.0), ..control_style(ctx, false) };
    pill(ctx, id, row![].push(icon).push(words)).style(style).on_press(message)
}

fn pill<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: iced::widget::Row<'a, M>,
) -> Touchable<'a, M> {
    let label = label.spacing(ctx.mm(3.0)).align_y(Vertical::Center);
    let inner = container(label).padding(Padding::from([0.0, ctx.mm(9.0)])).center_y(Length::Fill);
    touchable(id, inner).height(Length::Fixed(ctx.mm(TARGET_MM))).slop_px(ctx.mm(TOUCH_SLOP_MM))
}

/// A control of the session: an icon above one or two large words.
pub fn icon_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    icon_above(ctx, id, icon, label, ctx.scale.session_label(), 1.5, message)
}

/// A control like [`icon_control`] that fades to `at_rest` while nobody touches the screen.
#[expect(clippy::too_many_arguments, reason = "they are what one control differs in from another")]
pub fn resting_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    label: impl text::IntoFragment<'a>,
    is_on: bool,
    at_rest: AtRest,
    wakefulness: Wakefulness,
    message: M,
) -> Element<'a, M> {
    const GONE: Look = Look { ground: 0.0, border: 0.0, ink: 0.0 };
    let style = control_style(ctx, is_on);
    let icon = icon.fading(ctx.mm(ICON_MM));
    let lit = Look { ink: 1.0, ..GONE };
    let (icon_at_rest, words_at_rest, ground_at_rest) = match at_rest {
        AtRest::Icon => (Look { ground: GLYPH_GROUND, ink: GLYPH_INK, ..GONE }, GONE, 0.0),
        AtRest::Words => (lit, lit, WORDS_GROUND),
    };
    let icon = resting(icon, wakefulness, lit, icon_at_rest).color(theme::LAMPLIGHT).ground(
        theme::INK,
        0.0,
        ctx.mm(ICON_MM / 2.0 + GLYPH_MARGIN_MM),
        ctx.mm(GLYPH_MARGIN_MM),
    );
    let words = text(label).size(ctx.scale.session_label()).font(theme::CONTROL).line_height(1.15).center();
    let words = resting(words, wakefulness, lit, words_at_rest);
    let inner = column![icon, words].spacing(ctx.mm(0.8)).align_x(iced::Center);
    let inner = container(inner).padding(Padding::from([0.0, ctx.mm(1.5)])).center(Length::Fill);
    let pressed = ControlStyle {
        background: Color::TRANSPARENT,
        pressed: theme::faded(theme::LAMPLIGHT, 0.16),
        border_px: 0.0,
        ..style
    };
    let control =
        touchable(id, inner).width(Length::Fill).height(Length::Fill).slop_px(ctx.mm(TOUCH_SLOP_MM)).style(pressed);
    let is_asleep = wakefulness.is_resting() && at_rest == AtRest::Icon;
    let control = if is_asleep { control } else { control.on_press(message) };
    let slab = Look { ground: style.background.a, border: style.border.a, ink: 1.0 };
    resting(control, wakefulness, slab, Look { ground: ground_at_rest, ink: 1.0, ..GONE })
        .ground(theme::faded(style.background, 1.0), style.border_px, style.radius_px, 0.0)
        .into()
}

/// A control for one of a few choices: an icon beside a few words, and a tick if it is the chosen one.
pub fn icon_choice<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    label: impl text::IntoFragment<'a>,
    is_chosen: bool,
    message: M,
) -> Touchable<'a, M> {
    let icon = icon.view(ctx.mm(ICON_MM), theme::LAMPLIGHT);
    let words = text_line(label, ctx.scale.label(), theme::CONTROL, theme::SAND).line_height(1.15);
    // The tick takes up space even while it is invisible, so nothing moves when it appears.
    let tick = if is_chosen { theme::LAMPLIGHT } else { Color::TRANSPARENT };
    let tick = Icon::Tick.view(ctx.mm(5.0), tick);
    let inner = row![icon, container(words).width(Length::Fill), tick]
        .spacing(ctx.mm(3.0))
        .align_y(Vertical::Center)
        .width(Length::Fill);
    let inner = container(inner).padding(Padding::from([0.0, ctx.mm(4.0)])).center_y(Length::Fill);
    touchable(id, inner)
        .width(Length::Fill)
        .height(Length::Fill)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(control_style(ctx, is_chosen))
        .on_press(message)
}

/// A control outside the session: an icon above a few words, in smaller type than in [`icon_control`].
pub fn icon_offer<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    icon_above(ctx, id, icon, label, ctx.scale.label(), 3.0, message)
}

/// A control with an icon above its label. `side_mm` is the space at each side of the label, in millimetres.
fn icon_above<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    icon: Icon,
    label: impl text::IntoFragment<'a>,
    label_px: f32,
    side_mm: f32,
    message: M,
) -> Touchable<'a, M> {
    let icon = icon.view(ctx.mm(ICON_MM), theme::LAMPLIGHT);
    let words = text_line(label, label_px, theme::CONTROL, theme::SAND).line_height(1.15).center();
    let inner = column![icon, words].spacing(ctx.mm(0.8)).align_x(iced::Center);
    let inner = container(inner).padding(Padding::from([0.0, ctx.mm(side_mm)])).center(Length::Fill);
    touchable(id, inner)
        .width(Length::Fill)
        .height(Length::Fill)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(control_style(ctx, false))
        .on_press(message)
}

/// A patient's control with a centred label.
pub fn offer<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    with_label(ctx, id, text_line(label, ctx.scale.label(), theme::CONTROL, theme::LAMPLIGHT), false).on_press(message)
}

/// A control for staff with a centred label.
pub fn control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false).on_press(message)
}

/// A control for one of several choices, with a centred label in the font and size of text for staff.
pub fn choice<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    is_chosen: bool,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, is_chosen).on_press(message)
}

/// A control for staff that has to be held for [`STAFF_HOLD`].
pub fn hold_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false).on_press(message).trigger(Trigger::Hold(STAFF_HOLD))
}

/// A control for staff that has to be slid to the right by [`STAFF_SLIDE_MM`], starting in its left half. A hand that
/// rests on the screen can hold a control by accident, but does not slide it.
pub fn slide_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    let words = text_line(label, ctx.scale.staff(), theme::CONTROL, theme::SAND);
    let forward = Icon::Forward.view(ctx.mm(5.0), theme::LAMPLIGHT);
    let inner = row![words, Space::new().width(Length::Fill), forward].align_y(Vertical::Center).spacing(ctx.mm(1.0));
    // The knob takes up the space to the left of the words.
    let inner = container(inner).center_y(Length::Fill).padding(Padding {
        top: 0.0,
        right: ctx.mm(4.0),
        bottom: 0.0,
        left: ctx.mm(TARGET_MM),
    });
    let style = ControlStyle {
        radius_px: ctx.mm(TARGET_MM / 2.0),
        // The knob is dimmer than the patient's controls, so it does not attract the patient.
        knob: Some(theme::faded(theme::LAMPLIGHT, 0.32)),
        ..control_style(ctx, false)
    };
    touchable(id, inner)
        .on_press(message)
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(style)
        .width(ctx.mm(STAFF_SLIDE_MM * 2.0))
        .trigger(Trigger::Slide(ctx.mm(STAFF_SLIDE_MM)))
}

fn labelled<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    is_chosen: bool,
) -> Touchable<'a, M> {
    with_label(ctx, id, text_line(label, ctx.scale.staff(), theme::CONTROL, theme::LAMPLIGHT), is_chosen)
}

fn with_label<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: Text<'a>,
    is_chosen: bool,
) -> Touchable<'a, M> {
    let inner = container(label.center()).padding(Padding::from([0.0, ctx.mm(4.0)])).center(Length::Fill);
    touchable(id, inner)
        .width(Length::Fixed(ctx.mm(44.0)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(control_style(ctx, is_chosen))
}

/// Puts content on ink with round corners. The ink keeps text legible over any picture.
pub fn scrim<'a, M: 'a>(ctx: &ViewContext, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let radius = ctx.mm(6.0);
    container(content)
        .padding(Padding::from([ctx.mm(6.0), ctx.mm(9.0)]))
        .style(move |_| container::Style {
            background: Some(Background::Color(theme::faded(theme::INK, 0.86))),
            border: Border::default().rounded(radius),
            ..container::Style::default()
        })
        .into()
}

/// Puts words on ink that fades together with them. `fade` adds the ink: it is called with the words and their margin,
/// and with the ink's corner radius in logical pixels.
pub fn fading_plate<'a, M: 'a>(
    ctx: &ViewContext,
    words: impl Into<Element<'a, M>>,
    fade: impl FnOnce(Element<'a, M>, f32) -> Element<'a, M>,
) -> Element<'a, M> {
    fade(container(words).padding(Padding::from([ctx.mm(4.0), ctx.mm(8.0)])).into(), ctx.mm(6.0))
}

/// A row of elements, in reverse order for a patient whose left hand is free.
#[must_use]
pub fn row_by_hand<'a, M: 'a>(ctx: &ViewContext, mut elements: Vec<Element<'a, M>>) -> Row<'a, M> {
    if ctx.is_mirrored() {
        elements.reverse();
    }
    row(elements)
}

/// Puts a line of words on ink that is just large enough for it.
#[must_use]
pub fn scrim_line<'a, M: 'a>(ctx: &ViewContext, line: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let radius = ctx.mm(5.0);
    container(line)
        .padding(Padding::from([ctx.mm(0.8), ctx.mm(5.0)]))
        .style(move |_| container::Style {
            background: Some(Background::Color(theme::faded(theme::INK, 0.86))),
            border: Border::default().rounded(radius),
            ..container::Style::default()
        })
        .into()
}

/// Puts content on a background of one colour that fills the parent.
pub fn background<'a, M: 'a>(color: Color, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    container(content)
        .width(Length::Fill)
        .height(Length::Fill)
        .style(move |_| container::Style { background: Some(Background::Color(color)), ..container::Style::default() })
        .into()
}

/// A bar in [`theme::INK`] across the top of a screen. It hides what is under it, but only its controls stop touches: a
/// touch elsewhere on the bar reaches what is below.
pub fn top_bar<'a, M: 'a>(height_px: f32, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let ink = container(content)
        .width(Length::Fill)
        .height(Length::Fixed(height_px))
        .style(|_| container::Style { background: Some(Background::Color(theme::INK)), ..container::Style::default() });
    ink.into()
}

/// Puts content over the room's place, which is drawn at a brightness of `dimmed_to`, 0 to 1, with a veil over it.
pub fn over_place<'a, M: 'a>(
    ctx: &ViewContext,
    dimmed_to: f32,
    veil: Veil,
    content: impl Into<Element<'a, M>>,
) -> Element<'a, M> {
    let scenery = Scenery::of(&ctx.snapshot, ctx.profile(), ctx.clock, dimmed_to);
    let place = place::place(&ctx.place_renderer, scenery);
    stack![place, veil::veil(ctx, veil), content.into()].width(Length::Fill).height(Length::Fill).into()
}

/// A row of controls across the bottom of a screen. The last one is at the right edge, and the others are at the left.
#[must_use]
pub fn controls_row<'a, M: 'a>(ctx: &ViewContext, controls: Vec<Element<'a, M>>) -> Element<'a, M> {
    let mut across = row![].spacing(ctx.mm(GAP_MM)).align_y(Vertical::Center);
    let last = controls.len().saturating_sub(1);
    for (index, control) in controls.into_iter().enumerate() {
        if index == last && last > 0 {
            across = across.push(Space::new().width(Length::Fill));
        }
        across = across.push(control);
    }
    across.into()
}

/// A grid of controls of equal size. A full row is `width_mm` wide, and each control is `height_mm` high. The grid is
/// mirrored for a patient whose left hand is free.
#[must_use]
pub fn control_grid<'a, M: 'a>(
    ctx: &ViewContext,
    mut controls: Vec<Element<'a, M>>,
    columns: usize,
    width_mm: f32,
    height_mm: f32,
) -> Element<'a, M> {
    let columns = columns.max(1);
    let each_mm = (width_mm - (columns - 1) as f32 * GAP_MM) / columns as f32;
    let (width, height) = (Length::Fixed(ctx.mm(each_mm)), Length::Fixed(ctx.mm(height_mm)));
    let mut rows = column![].spacing(ctx.mm(GAP_MM)).align_x(iced::Center).width(Length::Fixed(ctx.mm(width_mm)));
    while !controls.is_empty() {
        let rest = controls.split_off(columns.min(controls.len()));
        let across = controls.into_iter().map(|control| container(control).width(width).height(height).into());
        rows = rows.push(row_by_hand(ctx, across.collect()).spacing(ctx.mm(GAP_MM)));
        controls = rest;
    }
    rows.into()
}

/// Returns the lines in `first`, and after them the room's troubles, in at most `lines_max` lines. If not all fit, the last
/// line also says how many are left out.
#[must_use]
pub fn trouble_lines(ctx: &ViewContext, first: impl Iterator<Item = String>, lines_max: usize) -> Vec<String> {
    let troubles = ctx.snapshot.troubles.iter().map(|trouble| ctx.staff(&format!("trouble-{}", trouble.name())));
    let mut lines: Vec<String> = first.chain(troubles).collect();
    let more = lines.len().saturating_sub(lines_max);
    lines.truncate(lines_max);
    if let (Some(last), 1..) = (lines.last_mut(), more) {
        let words = ctx.staff_words.say_with("staff-troubles-more", &[("count", Value::from(more))]);
        *last = format!("{last} · {words}");
    }
    lines
}

/// Returns the time `duration` after `start`, or `start` itself if that time cannot be represented.
#[must_use]
pub fn deadline(start: Instant, duration: std::time::Duration) -> Instant {
    start.checked_add(duration).unwrap_or(start)
}
