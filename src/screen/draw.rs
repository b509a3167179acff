//! Owns the drawing pad: a page to draw on, its colours and brushes, *Undo* and *Clear*. Used by Arrive and the note.
//! Does not own where the drawing goes.

use iced::widget::{Space, column, container, row, stack};
use iced::{Background, Border, Color, Element, Length};

use super::write::{self, CALL_SPACE_MM, CORNER_SPACE_MM, MARGIN_MM, SIDE_MM, side_control, side_gap};
use crate::room::drawing::{Drawing, Tint};
use crate::theme::{self, CALL_MM, GAP_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::page::PageGeometry;
use crate::widget::sketch::{Brush, StrokeUpdate, sketch};
use crate::widget::touch::{ControlStyle, touchable};
use crate::widget::{ViewContext, parts};

/// Diameter of the spot in the control of a colour, and length of the line in the control of a brush, in millimetres.
const SWATCH_MM: f32 = 11.0;
/// Maximum number of cleared drawings that *Undo* can bring back.
const CLEARED_MAX: usize = 8;

/// A drawing in progress.
#[derive(Default)]
pub struct DrawPad {
    drawing: Drawing,
    tint: Tint,
    brush: Brush,
    /// The drawings that were cleared, the latest last. *Undo* brings them back one by one.
    cleared: Vec<Drawing>,
}

/// What happened on the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A finger drew or was lifted.
    Drew(StrokeUpdate),
    /// A colour was chosen.
    TintPressed(Tint),
    /// A brush was chosen.
    BrushPressed(Brush),
    /// *Undo* was pressed.
    UndoPressed,
    /// *Clear* was pressed.
    ClearPressed,
}

impl DrawPad {
    /// A pad with this drawing on it.
    #[must_use]
    pub fn with_drawing(drawing: Drawing) -> Self {
        Self { drawing, ..Self::default() }
    }

    /// The same pad with the colour and the brush of `other`.
    #[must_use]
    pub fn with_tools_of(self, other: &Self) -> Self {
        Self { tint: other.tint, brush: other.brush, ..self }
    }

    /// Whether nothing is drawn.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.drawing.is_blank()
    }

    /// Number of points of the drawing.
    #[must_use]
    pub fn point_count(&self) -> usize {
        self.drawing.point_count()
    }

    /// Handles a message. Returns the drawing, including unfinished strokes, if it changed.
    pub fn update(&mut self, message: Message) -> Option<Drawing> {
        match message {
            Message::Drew(update) => {
                if let Some(stroke) = update.finished {
                    self.drawing.push(stroke);
                }
                let mut with_unfinished = self.drawing.clone();
                for stroke in update.unfinished {
                    with_unfinished.push(stroke);
                }
                return Some(with_unfinished);
            }
            Message::UndoPressed => {
                if self.drawing.pop().is_none() {
                    self.drawing = self.cleared.pop()?;
                }
            }
            Message::ClearPressed => {
                if self.is_blank() {
                    return None;
                }
                if self.cleared.len() >= CLEARED_MAX {
                    self.cleared.remove(0);
                }
                self.cleared.push(std::mem::take(&mut self.drawing));
            }
            Message::TintPressed(tint) => {
                self.tint = tint;
                return None;
            }
            Message::BrushPressed(brush) => {
                self.brush = brush;
                return None;
            }
        }
        Some(self.drawing.clone())
    }

    /// The pad over the dimmed place. `page` is the index of the page; when it changes, unfinished strokes are dropped,
    /// so that they do not move to another page. The drawing can have at most `points_max` points. `hint` is shown on
    /// the page. `next_page` takes the place of *Clear*, because a new page loses nothing. `ways` are the controls that
    /// lead away from the page; the last one closes the pad. A `None` among them leaves an empty space, so that the
    /// other controls do not move.
    #[expect(clippy::too_many_arguments, reason = "they are what one screen differs in from another")]
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        page: usize,
        points_max: usize,
        hint: Option<String>,
        next_page: Option<Element<'a, M>>,
        ways: Vec<Option<Element<'a, M>>>,
        wrap: impl Fn(Message) -> M + Copy + 'a,
    ) -> Element<'a, M> {
        let drawn = sketch(ctx, page, &self.drawing, (self.tint, self.brush), points_max, move |update| {
            wrap(Message::Drew(update))
        });
        let hint = hint
            .map(|hint| container(parts::body(ctx, hint).color(theme::faded(theme::SAND, 0.82))).padding(ctx.mm(6.0)));
        // The stack is as large as the page, so that the page is in the middle of the space for it.
        let sketch = stack![drawn].push(hint).width(Length::Shrink).height(Length::Shrink);
        let mut tools: Vec<Element<'a, M>> = Vec::new();
        tools.extend(Tint::ALL.map(|tint| self.tint_control(ctx, tint, wrap)));
        tools.extend(Brush::ALL.map(|brush| self.brush_control(ctx, brush, wrap)));
        let can_undo = !self.is_blank() || !self.cleared.is_empty();
        let undo = can_undo.then(|| side_control(ctx, "draw-undo", ctx.say("key-undo"), wrap(Message::UndoPressed)));
        let clear = || side_control(ctx, "draw-clear", ctx.say("draw-clear"), wrap(Message::ClearPressed));
        let clear = next_page.or_else(|| (!self.is_blank()).then(clear));
        let changes = [undo, clear].map(|control| control.unwrap_or_else(|| side_gap(ctx)));
        let ways = ways.into_iter().map(|way| way.unwrap_or_else(|| side_gap(ctx))).collect();
        if PageGeometry::of(ctx).is_portrait() {
            portrait(ctx, sketch.into(), tools, changes.into(), ways)
        } else {
            landscape(ctx, sketch.into(), tools.into_iter().chain(changes).collect(), ways)
        }
    }

    fn tint_control<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        tint: Tint,
        wrap: impl Fn(Message) -> M,
    ) -> Element<'a, M> {
        let id = format!("tint-{}", tint.name());
        let swatch = spot(ctx, SWATCH_MM, SWATCH_MM, theme::tint(tint));
        tool(ctx, id, swatch, tint == self.tint, wrap(Message::TintPressed(tint)))
    }

    /// A control that shows a line of the brush's width in the chosen colour.
    fn brush_control<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        brush: Brush,
        wrap: impl Fn(Message) -> M,
    ) -> Element<'a, M> {
        let line = spot(ctx, SWATCH_MM, brush.width_mm(), theme::tint(self.tint));
        let id = format!("brush-{}", brush.name());
        tool(ctx, id, line, brush == self.brush, wrap(Message::BrushPressed(brush)))
    }
}

fn spot<'a, M: 'a>(ctx: &ViewContext, width_mm: f32, height_mm: f32, color: Color) -> Element<'a, M> {
    let (width, height) = (ctx.mm(width_mm), ctx.mm(height_mm));
    container(Space::new().width(width).height(height))
        .style(move |_| container::Style {
            background: Some(Background::Color(color)),
            border: Border::default().rounded(height / 2.0),
            ..container::Style::default()
        })
        .into()
}

fn tool<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: String,
    face: Element<'a, M>,
    is_chosen: bool,
    message: M,
) -> Element<'a, M> {
    let quiet = ControlStyle { border: theme::faded(theme::LAMPLIGHT, 0.38), ..parts::control_style(ctx, false) };
    touchable(id, container(face).center(Length::Fill))
        .width(Length::Fixed(ctx.mm(TARGET_MM)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(if is_chosen { parts::control_style(ctx, true) } else { quiet })
        .on_press(message)
        .into()
}

/// Number of controls of this width that fit into a length, at least 1.
fn fit(length_mm: f32, control_mm: f32) -> usize {
    (((length_mm + GAP_MM) / (control_mm + GAP_MM) + 0.01) as usize).max(1)
}

/// The layout of a landscape screen: as many tools as fit in a row beside the call, and the other tools and the ways
/// out in columns beside the page.
fn landscape<'a, M: 'a>(
    ctx: &ViewContext,
    sketch: Element<'a, M>,
    mut tools: Vec<Element<'a, M>>,
    ways: Vec<Element<'a, M>>,
) -> Element<'a, M> {
    let geometry = PageGeometry::of(ctx);
    let gap = ctx.mm(GAP_MM);
    let head_mm = geometry.width_mm - 2.0 * MARGIN_MM - CALL_SPACE_MM - CORNER_SPACE_MM;
    let tints_and_brushes = Tint::ALL.len() + Brush::ALL.len();
    // *Undo* and *Clear* are wider than the other tools.
    let fits_all = head_mm >= tints_and_brushes as f32 * (TARGET_MM + GAP_MM) + 2.0 * (SIDE_MM + GAP_MM);
    let count = if fits_all { tools.len() } else { fit(head_mm, TARGET_MM).min(tints_and_brushes) };
    let mut rest = tools.split_off(count.min(tools.len()));
    let side_mm = geometry.height_mm - 2.0 * MARGIN_MM - CALL_MM - GAP_MM;
    let rows = fit(side_mm, TARGET_MM);
    let columns = (rest.len() + ways.len()).div_ceil(rows);
    let filled = (rest.len() + ways.len()).div_ceil(columns.max(1)) * columns.max(1);
    let missing = filled - rest.len() - ways.len();
    let out = ways.len().saturating_sub(1);
    for (index, way) in ways.into_iter().enumerate() {
        if index == out {
            rest.extend((0..missing).map(|_| side_gap(ctx)));
        }
        rest.push(way);
    }
    let side = column(in_rows(rest, columns).into_iter().map(|across| {
        let cells = across.into_iter().map(|cell| container(cell).center_x(Length::Fixed(ctx.mm(SIDE_MM))).into());
        row(cells).spacing(gap).into()
    }));
    let head = row(tools).spacing(gap).height(Length::Fixed(ctx.mm(CALL_MM))).align_y(iced::Center);
    let head = write::past_corner(ctx, head);
    let page = container(sketch).center(Length::Fill);
    let side = container(side.spacing(gap)).align_bottom(Length::Fill);
    write::on_dim_place(
        ctx,
        column![head, parts::row_by_hand(ctx, vec![page.into(), side.into()]).spacing(gap)].spacing(gap),
    )
}

/// The layout of a portrait screen: *Undo* and *Clear* beside the call, the tools above the page, and the ways out
/// below it. Ways out that do not fit below the page are put among the tools.
fn portrait<'a, M: 'a>(
    ctx: &ViewContext,
    sketch: Element<'a, M>,
    mut tools: Vec<Element<'a, M>>,
    changes: Vec<Element<'a, M>>,
    mut ways: Vec<Element<'a, M>>,
) -> Element<'a, M> {
    let gap = ctx.mm(GAP_MM);
    let width_mm = PageGeometry::of(ctx).width_mm - 2.0 * MARGIN_MM;
    let too_many = ways.len().saturating_sub(fit(width_mm, TARGET_MM));
    tools.extend(ways.drain(..too_many).map(|way| container(way).width(Length::Fixed(ctx.mm(SIDE_MM))).into()));
    let count = changes.len().max(1) as f32;
    let change_mm = ((width_mm - CALL_SPACE_MM - CORNER_SPACE_MM + GAP_MM) / count - GAP_MM).min(SIDE_MM);
    let beside_call =
        changes.into_iter().map(|change| container(change).width(Length::Fixed(ctx.mm(change_mm))).into());
    let head = row(beside_call).spacing(gap).height(Length::Fixed(ctx.mm(CALL_MM))).align_y(iced::Center);
    let head = write::past_corner(ctx, head);
    let tools = in_rows(tools, fit(width_mm, TARGET_MM)).into_iter().map(|across| row(across).spacing(gap).into());
    let ways = row(ways.into_iter().map(|way| container(way).width(Length::Fill).into())).spacing(gap);
    let content = column![head, column(tools).spacing(gap), container(sketch).center(Length::Fill), ways];
    write::on_dim_place(ctx, content.spacing(gap))
}

fn in_rows<T>(cells: Vec<T>, columns: usize) -> Vec<Vec<T>> {
    let mut rows: Vec<Vec<T>> = Vec::new();
    for cell in cells {
        match rows.last_mut() {
            Some(row) if row.len() < columns => row.push(cell),
            Some(_) | None => rows.push(vec![cell]),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::room::drawing::{Stroke, StrokePoint};

    fn draw(pad: &mut DrawPad) {
        let stroke = Stroke::new(Tint::Sea, vec![StrokePoint { x: 1, y: 1, width: 1 }]).map(Arc::new);
        pad.update(Message::Drew(StrokeUpdate { finished: stroke, unfinished: Vec::new() }));
    }

    #[test]
    fn undo_brings_back_what_was_cleared() {
        let mut pad = DrawPad::default();
        assert_eq!(pad.update(Message::UndoPressed), None);
        assert_eq!(pad.update(Message::ClearPressed), None);
        for _ in 0..3 {
            draw(&mut pad);
        }
        pad.update(Message::ClearPressed);
        assert!(pad.is_blank());
        draw(&mut pad);
        let strokes = |drawing: Option<Drawing>| drawing.map(|drawing| drawing.strokes().len());
        assert_eq!(strokes(pad.update(Message::UndoPressed)), Some(0));
        assert_eq!(strokes(pad.update(Message::UndoPressed)), Some(3));
        assert_eq!(strokes(pad.update(Message::UndoPressed)), Some(2));
    }
}
