//! Owns Farewell: the last kind words, until staff reset the room. It has no state and no controls.

use iced::Element;
use iced::widget::column;

use crate::widget::{ViewContext, parts};

/// The screen.
#[must_use]
pub fn view<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    let words = parts::text_block(ctx, ctx.say("farewell-title"), ctx.say("farewell-text"));
    parts::one_idea(ctx, column![words], Vec::new())
}
