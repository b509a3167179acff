//! Owns the keyboard on the screen: large keys, two thumbs, sentence case, nothing that corrects or shames.
//! Does not own the text that is written, nor which letters a language has (`words::keyboard`).

use iced::alignment::Vertical;
use iced::widget::{column, container, row};
use iced::{Color, Element, Length};

use super::{ViewContext, parts};
use super::touch::{ControlStyle, Trigger, touchable};
use crate::theme;
use crate::words::keyboard::Layout;

const KEY_WIDTH_MM: f32 = 16.0;
const KEY_HEIGHT_MM: f32 = 13.0;
const KEY_GAP_MM: f32 = 2.0;
/// The whole keyboard: four rows and the gaps between them.
pub const HEIGHT_MM: f32 = 4.0 * KEY_HEIGHT_MM + 3.0 * KEY_GAP_MM;
const WIDE_KEY_MM: f32 = 24.0;
/// *Delete* repeats while it is held, up to a page line or so for one finger.
const DELETE_TRIGGER: Trigger = Trigger::Repeat {
    delay: std::time::Duration::from_millis(500),
    interval: std::time::Duration::from_millis(90),
    max: 60,
};
/// A finger that slid further than this meant another key.
const KEY_SLOP_MM: f32 = 12.0;

/// A key that was struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter, digit or mark: [`Keys::letter`] says which of its forms it gives.
    Char {
        /// As it stands on the key at rest.
        letter: char,
        /// With its accent; the same again if it has none.
        accented: char,
    },
    /// A new line.
    Return,
    /// The letter before the cursor goes.
    Delete,
    /// The next letter is a capital.
    Shift,
    /// Letters or marks.
    Layer,
    /// The last change goes.
    Undo,
    /// The next letter bears an accent.
    Accent,
}

/// What the keys carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    /// Letters.
    #[default]
    Letters,
    /// Digits, marks and accents.
    Marks,
}

/// How the keys stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// What they carry.
    pub layer: Layer,
    /// Whether the next letter is a capital.
    pub shifted: bool,
    /// Whether the next letter bears an accent.
    pub accented: bool,
}

impl Keys {
    /// What a key gives now: one of its two forms, as a capital if *shift* holds.
    #[must_use]
    pub fn letter(self, letter: char, accented: char) -> char {
        let letter = if self.accented { accented } else { letter };
        if self.shifted { letter.to_uppercase().next().unwrap_or(letter) } else { letter }
    }
}

/// The keyboard.
pub fn keyboard<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    keys: Keys,
    struck: impl Fn(Key) -> M + Copy + 'a,
) -> Element<'a, M> {
    let Keys { layer, shifted, accented } = keys;
    let layout = ctx.words.layout();
    let [first, second, third] = if layer == Layer::Letters { &layout.letters } else { &layout.marks };
    let letters = |letters: &[char]| -> Vec<Element<'a, M>> {
        letters.iter().map(|letter| letter_key(ctx, layout, *letter, keys, struck)).collect()
    };
    let gap = ctx.mm(KEY_GAP_MM);
    let across = |keys: Vec<Element<'a, M>>| row(keys).spacing(gap).align_y(Vertical::Center);
    let mut third_row = vec![wide(ctx, "key-shift", WIDE_KEY_MM, shifted, struck(Key::Shift))];
    third_row.extend(letters(third));
    third_row.push(wide(ctx, "key-delete", WIDE_KEY_MM, false, struck(Key::Delete)));
    let layer_key = if layer == Layer::Letters { "key-symbols" } else { "key-letters" };
    let mut last_row = vec![
        wide(ctx, layer_key, WIDE_KEY_MM, false, struck(Key::Layer)),
        wide(ctx, "key-undo", WIDE_KEY_MM, false, struck(Key::Undo)),
    ];
    let accent_label = layout.accent_label();
    let space_mm = if accent_label.is_some() { 52.0 - KEY_WIDTH_MM - KEY_GAP_MM } else { 52.0 };
    if let Some(label) = accent_label {
        let label = parts::line(label, ctx.mm(4.8), theme::CONTROL, theme::LAMPLIGHT);
        let id = "key-accent".to_owned();
        last_row.push(key(ctx, id, label.into(), KEY_WIDTH_MM, accented, struck(Key::Accent)));
    }
    last_row.extend([
        letter_key(ctx, layout, ',', keys, struck),
        wide(ctx, "key-space", space_mm, false, struck(Key::Char { letter: ' ', accented: ' ' })),
        letter_key(ctx, layout, '.', keys, struck),
        wide(ctx, "key-return", 34.0, false, struck(Key::Return)),
    ]);
    column![across(letters(first)), across(letters(second)), across(third_row), across(last_row)]
        .spacing(gap)
        .align_x(iced::Center)
        .into()
}

fn letter_key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    layout: &Layout,
    letter: char,
    keys: Keys,
    struck: impl Fn(Key) -> M,
) -> Element<'a, M> {
    let accented = layout.accented(letter);
    let label = parts::line(keys.letter(letter, accented).to_string(), ctx.mm(6.4), theme::CONTROL, theme::SAND);
    key(ctx, format!("key-{letter}"), label.into(), KEY_WIDTH_MM, false, struck(Key::Char { letter, accented }))
}

fn wide<'a, M: Clone + 'a>(ctx: &ViewContext, words: &str, width_mm: f32, lit: bool, message: M) -> Element<'a, M> {
    let label = parts::line(ctx.say(words), ctx.mm(4.0), theme::CONTROL, theme::LAMPLIGHT);
    key(ctx, words.to_owned(), label.into(), width_mm, lit, message)
}

fn key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: String,
    label: Element<'a, M>,
    width_mm: f32,
    lit: bool,
    message: M,
) -> Element<'a, M> {
    let style = ControlStyle {
        background: if lit { theme::DUSK } else { theme::KEY },
        pressed: Color::from_rgb8(0x3A, 0x3A, 0x52),
        border: theme::faded(theme::LAMPLIGHT, theme::OUTLINE),
        border_px: ctx.mm(0.25),
        radius_px: ctx.mm(2.5),
        progress: Color::TRANSPARENT,
    };
    let trigger = if id == "key-delete" { DELETE_TRIGGER } else { Trigger::ReleaseOrNextPress };
    touchable(id, container(label).center(Length::Fill))
        .trigger(trigger)
        .width(Length::Fixed(ctx.mm(width_mm)))
        .height(Length::Fixed(ctx.mm(KEY_HEIGHT_MM)))
        .slop_px(ctx.mm(KEY_SLOP_MM))
        .style(style)
        .on_press(message)
        .into()
}
