//! Owns Farewell: the last kind words, until staff resets the room.

use iced::Element;
use iced::widget::column;

use super::Setting;
use crate::widget::parts;

/// The screen.
#[must_use]
pub fn view<'a, M: 'a>(setting: &Setting) -> Element<'a, M> {
    let words = parts::said(setting, setting.say("farewell-title"), setting.say("farewell-text"));
    parts::one_idea(setting, column![words], Vec::new())
}
