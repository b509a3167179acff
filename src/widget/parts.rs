//! Owns the parts that all screens are made of: text, controls, scrims, backgrounds and the layout of a screen. Does not
//! own any screen.

use std::time::Instant;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Space, Text, column, container, row, stack, text};
use iced::{Background, Border, Color, Element, Font, Length, Padding};

use super::ViewContext;
use super::place::{self, Scenery};
use super::touch::{ControlStyle, Touchable, Trigger, touchable};
use crate::theme::{self, CALL_MM, GAP_MM, LINE_HEIGHT, MARGIN_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::words::Value;

/// How long staff hold a control that must not be triggered by accident.
pub const STAFF_HOLD: std::time::Duration = std::time::Duration::from_millis(1_500);
/// How far staff slide a control that a resting hand must never trigger, in millimetres: half of its width.
pub const STAFF_SLIDE_MM: f32 = 30.0;
/// Brightness of a place behind text, 0 to 1.
pub const BEHIND_TEXT: f32 = 0.95;

/// Text of a size in logical pixels.
pub fn text_line<'a>(words: impl text::IntoFragment<'a>, size_px: f32, font: Font, color: Color) -> Text<'a> {
    text(words).size(size_px).font(font).color(color).line_height(LINE_HEIGHT)
}

/// A phrase to the patient that fills the screen.
pub fn phrase<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.phrase(), theme::VOICE, theme::SAND)
}

/// A title for the patient.
pub fn title<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.title(), theme::VOICE, theme::SAND)
}

/// Body text for the patient.
pub fn body<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.body(), theme::VOICE_SMALL, theme::SAND)
}

/// Small print for staff.
pub fn staff_note<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    text_line(words, ctx.scale.small(), theme::CONTROL, theme::SAND)
}

/// The style of a control; that of the chosen one of several if `is_chosen`.
#[must_use]
pub fn control_style(ctx: &ViewContext, is_chosen: bool) -> ControlStyle {
    ControlStyle {
        background: if is_chosen { theme::faded(theme::DUSK_LIT, 0.96) } else { theme::faded(theme::INK, 0.90) },
        pressed: theme::DUSK_LIT,
        border: if is_chosen { theme::LAMPLIGHT } else { theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY) },
        border_px: ctx.mm(if is_chosen { 0.7 } else { 0.35 }),
        radius_px: ctx.mm(5.0),
        progress: theme::faded(theme::LAMPLIGHT, 0.28),
    }
}

/// A control with a centred label.
pub fn control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false).on_press(message)
}

/// A control that is one of several choices.
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

/// A control for staff that has to be slid from its left half to its right. A resting hand would hold a control, but it
/// does not slide one.
pub fn slide_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false)
        .on_press(message)
        .width(ctx.mm(STAFF_SLIDE_MM * 2.0))
        .trigger(Trigger::Slide(ctx.mm(STAFF_SLIDE_MM)))
}

fn labelled<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    is_chosen: bool,
) -> Touchable<'a, M> {
    let words = text_line(label, ctx.scale.label(), theme::CONTROL, theme::LAMPLIGHT).center();
    let inner = container(words).padding(Padding::from([0.0, ctx.mm(4.0)])).center(Length::Fill);
    touchable(id, inner)
        .width(Length::Fixed(ctx.mm(44.0)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(control_style(ctx, is_chosen))
}

/// Ink behind text, so that it can be read over any picture.
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

/// A full background of one colour.
pub fn background<'a, M: 'a>(color: Color, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    container(content)
        .width(Length::Fill)
        .height(Length::Fill)
        .style(move |_| container::Style { background: Some(Background::Color(color)), ..container::Style::default() })
        .into()
}

/// An ink bar across the top of a screen. What lies under it can be neither seen nor touched.
pub fn top_bar<'a, M: 'a>(height_px: f32, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let ink = container(content)
        .width(Length::Fill)
        .height(Length::Fixed(height_px))
        .style(|_| container::Style { background: Some(Background::Color(theme::INK)), ..container::Style::default() });
    ink.into()
}

/// `content` over the room's place, at a brightness of `dimmed_to`, 0 to 1.
pub fn over_place<'a, M: 'a>(ctx: &ViewContext, dimmed_to: f32, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let scenery = Scenery::of(&ctx.snapshot, ctx.profile(), ctx.clock, dimmed_to);
    stack![place::place(&ctx.place_renderer, scenery), content.into()].width(Length::Fill).height(Length::Fill).into()
}

/// A screen of one idea: text on the left, halfway down, and a row of controls at the foot. The call's fixed place stays
/// free, and so does the right of the place, where its light is.
pub fn one_idea<'a, M: 'a>(
    ctx: &ViewContext,
    words: impl Into<Element<'a, M>>,
    controls: Vec<Element<'a, M>>,
) -> Element<'a, M> {
    let middle = container(words).align_left(Length::Fill).center_y(Length::Fill).padding(Padding {
        top: ctx.mm(6.0),
        right: ctx.mm(CALL_MM + 6.0),
        bottom: 0.0,
        left: 0.0,
    });
    over_place(
        ctx,
        BEHIND_TEXT,
        column![middle, controls_row(ctx, controls)].padding(ctx.mm(MARGIN_MM)).spacing(ctx.mm(GAP_MM)),
    )
}

/// A row of controls across the foot of a screen, the last one at the right.
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

/// Controls in rows that are as even as possible, with at most `across_max` in each.
#[must_use]
pub fn even_rows<'a, M: 'a>(ctx: &ViewContext, mut controls: Vec<Element<'a, M>>, across_max: usize) -> Element<'a, M> {
    let rows = controls.len().div_ceil(across_max.max(1)).max(1);
    let across = controls.len().div_ceil(rows).max(1);
    let mut stacked = column![].spacing(ctx.mm(GAP_MM)).align_x(iced::Center);
    while !controls.is_empty() {
        let rest = controls.split_off(across.min(controls.len()));
        stacked = stacked.push(row(controls).spacing(ctx.mm(GAP_MM)).align_y(Vertical::Center));
        controls = rest;
    }
    stacked.into()
}

/// A title with body text, on a scrim.
#[must_use]
pub fn text_block<'a, M: 'a>(ctx: &ViewContext, head: String, text: String) -> Element<'a, M> {
    scrim(
        ctx,
        column![title(ctx, head), body(ctx, text)].spacing(ctx.mm(4.0)).width(ctx.mm(106.0)).align_x(Horizontal::Left),
    )
}

/// The room's troubles in at most `lines_max` lines, after `first`. The last line counts those that did not fit.
#[must_use]
pub fn trouble_lines(ctx: &ViewContext, first: Option<String>, lines_max: usize) -> Vec<String> {
    let troubles = ctx.snapshot.troubles.iter().map(|trouble| ctx.staff(&format!("trouble-{}", trouble.name())));
    let mut lines: Vec<String> = first.into_iter().chain(troubles).collect();
    let more = lines.len().saturating_sub(lines_max);
    lines.truncate(lines_max);
    if let (Some(last), 1..) = (lines.last_mut(), more) {
        let words = ctx.staff_words.say_with("staff-troubles-more", &[("count", Value::from(more))]);
        *last = format!("{last} · {words}");
    }
    lines
}

/// The moment `duration` after `start`.
#[must_use]
pub fn deadline(start: Instant, duration: std::time::Duration) -> Instant {
    start.checked_add(duration).unwrap_or(start)
}
