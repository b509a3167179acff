//! Owns Farewell: the last kind words, until staff reset the room. It has no state and no controls.

use iced::Element;

use crate::widget::ViewContext;
use crate::widget::page::Page;

/// The screen.
#[must_use]
pub fn view<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    Page::new().title(ctx.say("farewell-title")).words(ctx.say("farewell-text")).view(ctx)
}
