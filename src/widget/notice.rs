//! Owns the words at the top of a patient's screen about something that has just happened in the room: staff are
//! speaking, or a call was cleared. Does not own the decision when a notice is shown.

use iced::widget::{container, text};
use iced::{Element, Length, Padding};

use super::page::PageGeometry;
use super::view_context::{Notice, NoticeKind, ViewContext};
use super::{fade, parts};
use crate::room::Stage;
use crate::theme;

/// Distance of a notice from the top of the screen, in millimetres.
pub const TOP_MM: f32 = 5.0;

/// Draws the current notice as a layer over a screen, between the staff's corner and the call. `sheet_mm` is the width
/// that the staff sheet covers at the right, in millimetres; 0 if it covers nothing there. Returns `None` if there is
/// no current notice.
#[must_use]
pub fn layer<'a, M: 'a>(ctx: &ViewContext, sheet_mm: f32) -> Option<Element<'a, M>> {
    let notice = ctx.current_notice()?;
    let geometry = PageGeometry::of(ctx);
    let corner = ctx.mm(theme::TARGET_MM + theme::GAP_MM);
    // In the session, the call is at the bottom, so the notice is centred.
    let call = if ctx.snapshot.stage == Stage::Session { corner } else { ctx.mm(geometry.call_corner_mm()) };
    let (left, right) = if ctx.is_mirrored() { (call, corner) } else { (corner, call) };
    // The staff sheet is at the right whichever hand is free.
    let right = if sheet_mm > 0.0 { ctx.mm(sheet_mm + theme::GAP_MM) } else { right };
    let padding = Padding { top: ctx.mm(TOP_MM), right, bottom: 0.0, left };
    Some(container(line(ctx, notice)).center_x(Length::Fill).padding(padding).into())
}

/// Draws a notice as words that fade in and out together with the ink behind them.
#[must_use]
pub fn line<'a, M: 'a>(ctx: &ViewContext, notice: Notice) -> Element<'a, M> {
    let key = match notice.kind {
        NoticeKind::StaffSpeak => "notice-staff-speak",
        NoticeKind::CallCleared => "notice-call-cleared",
    };
    let words = text(ctx.say(key)).size(ctx.scale.body()).font(theme::VOICE).line_height(theme::LINE_HEIGHT);
    parts::fading_plate(ctx, words, |content, radius| fade::fade(content, notice.from, notice.until, radius))
}
