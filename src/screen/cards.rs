//! Owns the clinic's own cards: their words, and the code by which a link or a phone number gets onto the patient's phone.
//! Does not own the row of controls beneath.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use iced::Element;
use iced::widget::{column, row};

use super::take_home::Code;
use crate::config::Card;
use crate::takeaway::qr;
use crate::theme;
use crate::widget::{ViewContext, parts};

const CODE_MM: f32 = 46.0;

/// The codes of the clinic's links. A picture made anew for each view would be a new picture each time; there are no more
/// of these than links in the configuration, and nothing of a patient is in them.
static CODES: LazyLock<Mutex<BTreeMap<String, Option<Code>>>> = LazyLock::new(Mutex::default);

/// A card of the clinic.
pub(super) fn card<'a, M: 'a>(ctx: &ViewContext, card: &Card) -> Element<'a, M> {
    let code = card.link.as_deref().and_then(code_of);
    let width_mm = if code.is_some() { 84.0 } else { 128.0 };
    let said = column![parts::title(ctx, card.title.clone()), parts::body(ctx, card.text.clone())]
        .push(card.link.as_deref().map(|link| parts::body(ctx, as_read(link)).color(theme::LAMPLIGHT)))
        .spacing(ctx.mm(4.0))
        .max_width(ctx.mm(width_mm));
    let beside = code.map(|code| {
        let hint = parts::line(ctx.say("card-scan"), ctx.mm(3.6), theme::VOICE_SMALL, theme::SAND);
        column![code.view(ctx, CODE_MM), hint].spacing(ctx.mm(2.0)).align_x(iced::Center)
    });
    parts::scrim(ctx, row![said].push(beside).spacing(ctx.mm(8.0)).align_y(iced::Center))
}

/// A link as a person reads it.
fn as_read(link: &str) -> String {
    let rest = ["https://", "tel:", "mailto:"].iter().find_map(|start| link.strip_prefix(start));
    rest.unwrap_or(link).trim_end_matches('/').to_owned()
}

/// A phone number without what people put between its digits.
fn as_dialled(link: &str) -> String {
    match link.strip_prefix("tel:") {
        Some(number) => format!("tel:{}", number.replace([' ', '-', '.', '(', ')'], "")),
        None => link.to_owned(),
    }
}

fn code_of(link: &str) -> Option<Code> {
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = codes.get(link) {
        return known.clone();
    }
    let made =
        qr::link(&as_dialled(link)).map_err(|error| tracing::warn!(%error, "a link is too long for a code")).ok();
    let code = made.as_ref().map(Code::of);
    codes.insert(link.to_owned(), code.clone());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_without_what_only_machines_need() {
        assert_eq!(as_read("tel:+1-555-0100"), "+1-555-0100");
        assert_eq!(as_read("https://clinic.example/"), "clinic.example");
        assert_eq!(as_read("mailto:a@b.example"), "a@b.example");
        assert_eq!(as_dialled("tel:+1 (555) 010-0100"), "tel:+15550100100");
    }
}
