//! Owns the on-screen keyboard: large keys for two thumbs, sentence case, no autocorrect. Does not own the text that is
//! typed, nor the letters of a language (`words::keyboard`).

use iced::alignment::Vertical;
use iced::widget::{column, container, row};
use iced::{Color, Element, Length};

use super::touch::{ControlStyle, Trigger, touchable};
use super::{ViewContext, parts};
use crate::theme;
use crate::words::keyboard::Layout;

/// DESIGN asks for keys of at least 16 × 13 mm, 2 mm apart.
const KEY_WIDTH_MM: f32 = 16.0;
const KEY_HEIGHT_MM: f32 = 13.0;
const KEY_GAP_MM: f32 = 2.0;
/// Height of the keyboard: four rows and the gaps between them.
pub const HEIGHT_MM: f32 = 4.0 * KEY_HEIGHT_MM + 3.0 * KEY_GAP_MM;
const WIDE_KEY_MM: f32 = 24.0;
/// *Delete* repeats while it is held, but no more than 60 times for one finger: a resting palm must not empty the page.
const DELETE_TRIGGER: Trigger = Trigger::Repeat {
    delay: std::time::Duration::from_millis(500),
    interval: std::time::Duration::from_millis(90),
    max: 60,
};
/// Touch slop of a key. A finger that slides further has missed its key.
const KEY_SLOP_MM: f32 = 12.0;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keystroke {
    /// Types a letter, digit or mark, in the form that [`KeyboardState::letter`] chooses.
    Char {
        /// The form on the key at rest.
        letter: char,
        /// The form with an accent, or the same one if there is none.
        accented: char,
    },
    /// Starts a new line.
    Return,
    /// Deletes the character before the cursor.
    Delete,
    /// Makes the next letter a capital.
    Shift,
    /// Switches between letters and marks.
    Layer,
    /// Undoes the last change.
    Undo,
    /// Puts an accent on the next letter.
    Accent,
}

/// What the keys show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyLayer {
    /// Letters.
    #[default]
    Letters,
    /// Digits, marks and accented letters.
    Marks,
}

/// The state of the keyboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyboardState {
    /// What the keys show.
    pub layer: KeyLayer,
    /// Whether the next letter is a capital.
    pub is_shifted: bool,
    /// Whether the next letter gets an accent.
    pub is_accented: bool,
}

impl KeyboardState {
    /// The character that a key types now: one of its two forms, as a capital if shifted.
    #[must_use]
    pub fn letter(self, letter: char, accented: char) -> char {
        let letter = if self.is_accented { accented } else { letter };
        if self.is_shifted { letter.to_uppercase().next().unwrap_or(letter) } else { letter }
    }
}

/// The keyboard, which publishes `on_key` for each key typed.
pub fn keyboard<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    keys: KeyboardState,
    on_key: impl Fn(Keystroke) -> M + Copy + 'a,
) -> Element<'a, M> {
    let KeyboardState { layer, is_shifted, is_accented } = keys;
    let layout = ctx.words.layout();
    let [first, second, third] = if layer == KeyLayer::Letters { &layout.letters } else { &layout.marks };
    let letters = |letters: &[char]| -> Vec<Element<'a, M>> {
        letters.iter().map(|letter| letter_key(ctx, layout, *letter, keys, on_key)).collect()
    };
    let gap = ctx.mm(KEY_GAP_MM);
    let across = |keys: Vec<Element<'a, M>>| row(keys).spacing(gap).align_y(Vertical::Center);
    let mut third_row = vec![wide(ctx, "key-shift", WIDE_KEY_MM, is_shifted, on_key(Keystroke::Shift))];
    third_row.extend(letters(third));
    third_row.push(wide(ctx, "key-delete", WIDE_KEY_MM, false, on_key(Keystroke::Delete)));
    let layer_key = if layer == KeyLayer::Letters { "key-symbols" } else { "key-letters" };
    let mut last_row = vec![
        wide(ctx, layer_key, WIDE_KEY_MM, false, on_key(Keystroke::Layer)),
        wide(ctx, "key-undo", WIDE_KEY_MM, false, on_key(Keystroke::Undo)),
    ];
    let accent_label = layout.accent_label();
    let space_mm = if accent_label.is_some() { 52.0 - KEY_WIDTH_MM - KEY_GAP_MM } else { 52.0 };
    if let Some(label) = accent_label {
        let label = parts::text_line(label, ctx.mm(4.8), theme::CONTROL, theme::LAMPLIGHT);
        let id = "key-accent".to_owned();
        last_row.push(key(ctx, id, label.into(), KEY_WIDTH_MM, is_accented, on_key(Keystroke::Accent)));
    }
    last_row.extend([
        letter_key(ctx, layout, ',', keys, on_key),
        wide(ctx, "key-space", space_mm, false, on_key(Keystroke::Char { letter: ' ', accented: ' ' })),
        letter_key(ctx, layout, '.', keys, on_key),
        wide(ctx, "key-return", 34.0, false, on_key(Keystroke::Return)),
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
    keys: KeyboardState,
    on_key: impl Fn(Keystroke) -> M,
) -> Element<'a, M> {
    let accented = layout.accented(letter);
    let label = parts::text_line(keys.letter(letter, accented).to_string(), ctx.mm(6.4), theme::CONTROL, theme::SAND);
    key(ctx, format!("key-{letter}"), label.into(), KEY_WIDTH_MM, false, on_key(Keystroke::Char { letter, accented }))
}

fn wide<'a, M: Clone + 'a>(ctx: &ViewContext, words: &str, width_mm: f32, is_lit: bool, message: M) -> Element<'a, M> {
    let label = parts::text_line(ctx.say(words), ctx.mm(4.0), theme::CONTROL, theme::LAMPLIGHT);
    key(ctx, words.to_owned(), label.into(), width_mm, is_lit, message)
}

fn key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: String,
    label: Element<'a, M>,
    width_mm: f32,
    is_lit: bool,
    message: M,
) -> Element<'a, M> {
    let style = ControlStyle {
        background: if is_lit { theme::DUSK } else { theme::KEY },
        pressed: Color::from_rgb8(0x3A, 0x3A, 0x52),
        border: theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY),
        border_px: ctx.mm(0.25),
        radius_px: ctx.mm(2.5),
        progress: Color::TRANSPARENT,
        knob: None,
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
