//! Owns the small parts all screens are made of: lines, buttons, scrims, and the ground they stand on.

use std::time::Instant;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Space, Text, column, container, row, stack, text};
use iced::{Background, Border, Color, Element, Font, Length, Padding};

use super::ViewContext;
use super::place::{self, Scenery};
use super::touch::{ControlStyle, Touchable, Trigger, touchable};
use crate::theme::{self, CALL_MM, GAP_MM, LINE_HEIGHT, MARGIN_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::words::Value;

/// How long staff holds what must not happen by accident.
pub const STAFF_HOLD: std::time::Duration = std::time::Duration::from_millis(1_500);
/// How far staff slides what a hand that rests must never do, in millimetres: half of its control.
pub const STAFF_SLIDE_MM: f32 = 30.0;
/// Places behind words are dimmed to this.
pub const BEHIND_WORDS: f32 = 0.95;

/// A line of words.
pub fn line<'a>(words: impl text::IntoFragment<'a>, size_px: f32, font: Font, color: Color) -> Text<'a> {
    text(words).size(size_px).font(font).color(color).line_height(LINE_HEIGHT)
}

/// A phrase that speaks to the patient.
pub fn phrase<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    line(words, ctx.scale.phrase(), theme::VOICE, theme::SAND)
}

/// A title that speaks to the patient.
pub fn title<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    line(words, ctx.scale.title(), theme::VOICE, theme::SAND)
}

/// Running words to the patient.
pub fn body<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    line(words, ctx.scale.body(), theme::VOICE_SMALL, theme::SAND)
}

/// Words to staff.
pub fn note<'a>(ctx: &ViewContext, words: impl text::IntoFragment<'a>) -> Text<'a> {
    line(words, ctx.scale.small(), theme::CONTROL, theme::SAND)
}

/// How a patient's control looks.
#[must_use]
pub fn control_style(ctx: &ViewContext, chosen: bool) -> ControlStyle {
    ControlStyle {
        background: if chosen { theme::faded(theme::DUSK_LIT, 0.96) } else { theme::faded(theme::INK, 0.90) },
        pressed: theme::DUSK_LIT,
        border: if chosen { theme::LAMPLIGHT } else { theme::faded(theme::LAMPLIGHT, theme::OUTLINE) },
        border_px: ctx.mm(if chosen { 0.7 } else { 0.35 }),
        radius_px: ctx.mm(5.0),
        progress: theme::faded(theme::LAMPLIGHT, 0.28),
    }
}

/// A control with a label in its middle.
pub fn control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false).on_press(message)
}

/// A control that is one choice of several; `chosen` marks the one that holds.
pub fn choice<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    chosen: bool,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, chosen).on_press(message)
}

/// A staff control that must be held.
pub fn held<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: impl Into<String>,
    label: impl text::IntoFragment<'a>,
    message: M,
) -> Touchable<'a, M> {
    labelled(ctx, id, label, false).on_press(message).trigger(Trigger::Hold(STAFF_HOLD))
}

/// A staff control that takes a slide from its left half to its right: a hand that is laid on it holds it, too, but
/// never slides.
pub fn slid<'a, M: Clone + 'a>(
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
    chosen: bool,
) -> Touchable<'a, M> {
    let words = line(label, ctx.scale.label(), theme::CONTROL, theme::LAMPLIGHT).center();
    let inner = container(words).padding(Padding::from([0.0, ctx.mm(4.0)])).center(Length::Fill);
    touchable(id, inner)
        .width(Length::Fixed(ctx.mm(44.0)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(control_style(ctx, chosen))
}

/// Ink behind words over a place, so that they can be read on any picture.
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

/// A ground of one colour.
pub fn ground<'a, M: 'a>(color: Color, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    container(content)
        .width(Length::Fill)
        .height(Length::Fill)
        .style(move |_| container::Style { background: Some(Background::Color(color)), ..container::Style::default() })
        .into()
}

/// Ink across the top of a screen, so high: what lies under it is neither read nor touched while it is there.
pub fn slab<'a, M: 'a>(height_px: f32, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let ink = container(content)
        .width(Length::Fill)
        .height(Length::Fixed(height_px))
        .style(|_| container::Style { background: Some(Background::Color(theme::INK)), ..container::Style::default() });
    ink.into()
}

/// The room's place behind `content`.
pub fn over_place<'a, M: 'a>(ctx: &ViewContext, dimmed_to: f32, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let scenery = Scenery::of(&ctx.snapshot, ctx.profile(), ctx.clock, dimmed_to);
    stack![place::place(&ctx.pictures, scenery), content.into()].width(Length::Fill).height(Length::Fill).into()
}

/// A screen of one idea: words at the left, half way down, and a row of controls under them. It leaves the fixed place of
/// the call free, and the right of the place, where its light is, to be looked at.
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
        BEHIND_WORDS,
        column![middle, controls_row(ctx, controls)].padding(ctx.mm(MARGIN_MM)).spacing(ctx.mm(GAP_MM)),
    )
}

/// A row of controls across the foot of a screen: the last stands at the right.
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

/// Controls of equal worth, in rows that are as even as can be, none longer than `most_across`.
#[must_use]
pub fn even_rows<'a, M: 'a>(
    ctx: &ViewContext,
    mut controls: Vec<Element<'a, M>>,
    most_across: usize,
) -> Element<'a, M> {
    let rows = controls.len().div_ceil(most_across.max(1)).max(1);
    let across = controls.len().div_ceil(rows).max(1);
    let mut stacked = column![].spacing(ctx.mm(GAP_MM)).align_x(iced::Center);
    while !controls.is_empty() {
        let rest = controls.split_off(across.min(controls.len()));
        stacked = stacked.push(row(controls).spacing(ctx.mm(GAP_MM)).align_y(Vertical::Center));
        controls = rest;
    }
    stacked.into()
}

/// A title and running words beneath, as one block.
#[must_use]
pub fn said<'a, M: 'a>(ctx: &ViewContext, head: String, text: String) -> Element<'a, M> {
    scrim(
        ctx,
        column![title(ctx, head), body(ctx, text)].spacing(ctx.mm(4.0)).width(ctx.mm(106.0)).align_x(Horizontal::Left),
    )
}

/// What is wrong with the room in so many lines, `first` before all; the last line says how much more there is.
#[must_use]
pub fn troubles(ctx: &ViewContext, first: Option<String>, lines_max: usize) -> Vec<String> {
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

/// When something that began at `instant` was so long ago.
#[must_use]
pub fn after(instant: Instant, span: std::time::Duration) -> Instant {
    instant.checked_add(span).unwrap_or(instant)
}
