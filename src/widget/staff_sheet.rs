//! Owns the frame of the staff sheet, which is at the right of a landscape screen and below the place on a portrait
//! screen. The call always stays visible. The place also stays visible, except on a small landscape display. An open
//! call covers at most the head of the sheet, never its body. Does not own the content of the sheet.

use iced::border::Radius;
use iced::widget::{Column, Space, column, container, row};
use iced::{Background, Border, Element, Length, Padding};

use super::ViewContext;
use super::page::PageGeometry;
use super::touch::touchable;
use crate::room::Stage;
use crate::theme::{self, CALL_MM, GAP_MM};

/// Minimum width of the sheet in the session, in millimetres. It is little more than a third of a 10.1-inch screen, and
/// four controls for staff fit side by side in it.
const WIDTH_MIN_MM: f32 = 78.0;
/// Minimum width of the sheet outside the session, in millimetres. The sheet is then wider, because the call takes up a
/// part of its head, and because profiles are chosen by name.
const WIDTH_BESIDE_CALL_MIN_MM: f32 = 92.0;
/// Margin inside the sheet, in millimetres.
const PADDING_MM: f32 = 4.0;
/// Width that the call and the gaps around it take up in their corner, in millimetres.
const CALL_CORNER_MM: f32 = CALL_MM + 4.0 + 6.0;
/// Height that the call and the gaps around it take up at the top of the screen, in millimetres.
const CALL_TOP_MM: f32 = CALL_MM + 5.0;
/// Height of the sheet's head on a portrait screen, in millimetres.
const HEAD_MM: f32 = 21.0;
/// Height of the sheet's head in the session, in millimetres. The arc and the clock are below the state and the
/// controls.
const SESSION_HEAD_MM: f32 = 24.0;
/// Fraction of a portrait screen's height that stays free above the sheet, on a usual and on a small display.
const PLACE_PART: (f32, f32) = (0.36, 0.2);
/// Minimum width of the sheet's body at which its two halves are side by side, in millimetres.
const TWO_COLUMNS_MIN_MM: f32 = 150.0;

/// The sizes and positions of the parts of the sheet, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SheetGeometry {
    width_mm: f32,
    top_mm: f32,
    /// Width of the head at the top of the sheet, in millimetres.
    pub head_width_mm: f32,
    /// Height of the head, in millimetres.
    pub head_height_mm: f32,
    /// Width of the body below the head, in millimetres.
    pub body_width_mm: f32,
    /// Height of the body, in millimetres.
    pub body_height_mm: f32,
    is_portrait: bool,
    is_above_band: bool,
}

impl SheetGeometry {
    /// Returns the geometry of the sheet on the display that a view is drawn on.
    #[must_use]
    pub fn of(ctx: &ViewContext) -> Self {
        Self::on(PageGeometry::of(ctx), ctx.snapshot.stage == Stage::Session)
    }

    /// Returns the width that the sheet covers at the right of the screen's top edge, in millimetres; 0 on a portrait
    /// screen, whose top edge it does not reach.
    #[must_use]
    pub const fn covered_top_mm(&self) -> f32 {
        if self.is_portrait { 0.0 } else { self.width_mm }
    }

    /// Returns the geometry of the sheet on a display. `is_above_band` is true if the call is a band across the
    /// bottom, as it is in the session.
    fn on(page: PageGeometry, is_above_band: bool) -> Self {
        let is_portrait = page.is_portrait();
        // A small display has no room for the place beside the sheet: it is too low for the controls one below the
        // other, and two columns of them take its whole width.
        let is_small = page.is_small();
        let width_min_mm = if is_above_band { WIDTH_MIN_MM } else { WIDTH_BESIDE_CALL_MIN_MM };
        let width_mm = if is_portrait || is_small { page.width_mm } else { (page.width_mm / 3.0).max(width_min_mm) };
        let place_part = if is_small { PLACE_PART.1 } else { PLACE_PART.0 };
        let top_mm = if is_portrait { (page.height_mm * place_part).max(CALL_TOP_MM) } else { 0.0 };
        let body_width_mm = width_mm - 2.0 * PADDING_MM;
        let is_beside_call = !is_portrait && !is_above_band;
        let (head_width_mm, head_height_mm) = if is_beside_call {
            (width_mm - PADDING_MM - CALL_CORNER_MM, CALL_TOP_MM - PADDING_MM)
        } else {
            (body_width_mm, if is_above_band { SESSION_HEAD_MM } else { HEAD_MM })
        };
        let foot_mm = PADDING_MM + if is_above_band { CALL_MM } else { 0.0 };
        let body_height_mm = page.height_mm - top_mm - PADDING_MM - head_height_mm - GAP_MM - foot_mm;
        Self {
            width_mm,
            top_mm,
            head_width_mm,
            head_height_mm,
            body_width_mm,
            body_height_mm,
            is_portrait,
            is_above_band,
        }
    }

    /// Whether the head is narrow and tall, because it is beside the call.
    #[must_use]
    pub fn has_tall_head(self) -> bool {
        self.head_height_mm > SESSION_HEAD_MM
    }

    /// Whether the two halves of the body are side by side.
    #[must_use]
    pub fn has_two_columns(self) -> bool {
        self.body_width_mm >= TWO_COLUMNS_MIN_MM
    }

    /// Returns the width of a column, in millimetres: half of the body if its halves are side by side, and otherwise
    /// all of it.
    #[must_use]
    pub fn column_width_mm(self) -> f32 {
        if self.has_two_columns() { (self.body_width_mm - GAP_MM) / 2.0 } else { self.body_width_mm }
    }
}

/// Draws a sheet with this head. Its body is `upper` and, below or beside it, `lower`, if any. A touch outside the
/// sheet publishes `on_outside`.
#[must_use]
pub fn staff_sheet<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    head: impl Into<Element<'a, M>>,
    upper: Column<'a, M>,
    lower: Option<Column<'a, M>>,
    on_outside: M,
) -> Element<'a, M> {
    let geometry = SheetGeometry::of(ctx);
    let gap = ctx.mm(GAP_MM);
    let (upper, lower) = (upper.spacing(gap), lower.map(|lower| lower.spacing(gap)));
    let body: Element<'a, M> = if geometry.has_two_columns() {
        row![upper.width(Length::Fill)].push(lower.map(|lower| lower.width(Length::Fill))).spacing(gap).into()
    } else {
        column![upper.height(Length::Fill)].push(lower).spacing(gap).into()
    };
    let head = container(head)
        .width(Length::Fixed(ctx.mm(geometry.head_width_mm)))
        .height(Length::Fixed(ctx.mm(geometry.head_height_mm)));
    let radius = ctx.mm(7.0);
    let corners = if geometry.is_portrait { Radius::default().top(radius) } else { Radius::default().left(radius) };
    let inner = container(column![head, container(body).height(Length::Fill)].spacing(gap))
        .padding(ctx.mm(PADDING_MM))
        .width(if geometry.is_portrait { Length::Fill } else { Length::Fixed(ctx.mm(geometry.width_mm)) })
        .height(Length::Fill)
        .style(move |_| container::Style {
            background: Some(Background::Color(theme::faded(theme::INK, 0.93))),
            border: Border::default().rounded(corners),
            ..container::Style::default()
        });
    let outside = touchable("staff-outside", Space::new().width(Length::Fill).height(Length::Fill))
        .width(Length::Fill)
        .height(if geometry.is_portrait { Length::Fixed(ctx.mm(geometry.top_mm)) } else { Length::Fill })
        .on_press(on_outside);
    let foot = Padding { bottom: ctx.mm(if geometry.is_above_band { CALL_MM } else { 0.0 }), ..Padding::ZERO };
    let across: Element<'a, M> =
        if geometry.is_portrait { column![outside, inner].into() } else { row![outside, inner].into() };
    container(across).padding(foot).width(Length::Fill).height(Length::Fill).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_stays_visible_and_the_body_has_room_on_every_usual_display() {
        // Sizes of displays of 10.1, 12.9 and 15.6 inches, landscape and portrait.
        for (width_mm, height_mm) in
            [(217.0, 136.0), (278.0, 174.0), (336.0, 210.0), (136.0, 217.0), (174.0, 278.0), (210.0, 336.0)]
        {
            for is_above_band in [false, true] {
                let sheet = SheetGeometry::on(PageGeometry { width_mm, height_mm, type_factor: 1.0 }, is_above_band);
                let seen = if sheet.is_portrait { sheet.top_mm / height_mm } else { 1.0 - sheet.width_mm / width_mm };
                let least = match (sheet.is_portrait, is_above_band) {
                    (true, _) => 0.35,
                    (false, true) => 0.64,
                    (false, false) => 0.57,
                };
                assert!(seen >= least, "{width_mm} x {height_mm}: {seen} of the place");
                assert!(sheet.body_height_mm >= 70.0, "{width_mm} x {height_mm}: {sheet:?}");
            }
        }
    }
}
