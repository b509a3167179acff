//! Owns Farewell, the screen with the last kind words, shown until staff reset the room. Has no state and no controls.

use iced::Element;

use crate::widget::ViewContext;
use crate::widget::page::Page;

/// The screen of Farewell.
#[must_use]
pub fn view<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    Page::new().title(ctx.say("farewell-title")).words(ctx.say("farewell-text")).view(ctx)
}
