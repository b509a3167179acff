//! Owns the keyboard on the screen: large keys, two thumbs, sentence case, nothing that corrects or shames.
//! Does not own the text that is written, nor which letters a language has (`words::keyboard`).

use iced::alignment::Vertical;
use iced::widget::{column, container, row};
use iced::{Color, Element, Length};

use super::parts;
use super::touch::{Answers, Look, touchable};
use crate::screen::Setting;
use crate::theme;
use crate::words::keyboard::Layout;

const KEY_WIDTH_MM: f32 = 16.0;
const KEY_HEIGHT_MM: f32 = 13.0;
const KEY_GAP_MM: f32 = 2.0;
/// The whole keyboard: four rows and the gaps between them.
pub const HEIGHT_MM: f32 = 4.0 * KEY_HEIGHT_MM + 3.0 * KEY_GAP_MM;
const WIDE_KEY_MM: f32 = 24.0;
/// Held down, *delete* goes on after so long, then each time after so long, and so often for one finger at most.
const DELETES: Answers = Answers::Repeating {
    first: std::time::Duration::from_millis(500),
    every: std::time::Duration::from_millis(90),
    most: 60,
};
/// A finger that slid further than this meant another key.
const KEY_DRIFT_MM: f32 = 12.0;

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
    setting: &Setting,
    keys: Keys,
    struck: impl Fn(Key) -> M + Copy + 'a,
) -> Element<'a, M> {
    let Keys { layer, shifted, accented } = keys;
    let layout = setting.words.layout();
    let [first, second, third] = if layer == Layer::Letters { &layout.letters } else { &layout.marks };
    let letters = |letters: &[char]| -> Vec<Element<'a, M>> {
        letters.iter().map(|letter| letter_key(setting, layout, *letter, keys, struck)).collect()
    };
    let gap = setting.mm(KEY_GAP_MM);
    let across = |keys: Vec<Element<'a, M>>| row(keys).spacing(gap).align_y(Vertical::Center);
    let mut third_row = vec![wide(setting, "key-shift", WIDE_KEY_MM, shifted, struck(Key::Shift))];
    third_row.extend(letters(third));
    third_row.push(wide(setting, "key-delete", WIDE_KEY_MM, false, struck(Key::Delete)));
    let layer_key = if layer == Layer::Letters { "key-symbols" } else { "key-letters" };
    let mut last_row = vec![
        wide(setting, layer_key, WIDE_KEY_MM, false, struck(Key::Layer)),
        wide(setting, "key-undo", WIDE_KEY_MM, false, struck(Key::Undo)),
    ];
    let accent_label = layout.accent_label();
    let space_mm = if accent_label.is_some() { 52.0 - KEY_WIDTH_MM - KEY_GAP_MM } else { 52.0 };
    if let Some(label) = accent_label {
        let label = parts::line(label, setting.mm(4.8), theme::CONTROL, theme::LAMPLIGHT);
        let id = "key-accent".to_owned();
        last_row.push(key(setting, id, label.into(), KEY_WIDTH_MM, accented, struck(Key::Accent)));
    }
    last_row.extend([
        letter_key(setting, layout, ',', keys, struck),
        wide(setting, "key-space", space_mm, false, struck(Key::Char { letter: ' ', accented: ' ' })),
        letter_key(setting, layout, '.', keys, struck),
        wide(setting, "key-return", 34.0, false, struck(Key::Return)),
    ]);
    column![across(letters(first)), across(letters(second)), across(third_row), across(last_row)]
        .spacing(gap)
        .align_x(iced::Center)
        .into()
}

fn letter_key<'a, M: Clone + 'a>(
    setting: &Setting,
    layout: &Layout,
    letter: char,
    keys: Keys,
    struck: impl Fn(Key) -> M,
) -> Element<'a, M> {
    let accented = layout.accented(letter);
    let label = parts::line(keys.letter(letter, accented).to_string(), setting.mm(6.4), theme::CONTROL, theme::SAND);
    key(setting, format!("key-{letter}"), label.into(), KEY_WIDTH_MM, false, struck(Key::Char { letter, accented }))
}

fn wide<'a, M: Clone + 'a>(setting: &Setting, words: &str, width_mm: f32, lit: bool, message: M) -> Element<'a, M> {
    let label = parts::line(setting.say(words), setting.mm(4.0), theme::CONTROL, theme::LAMPLIGHT);
    key(setting, words.to_owned(), label.into(), width_mm, lit, message)
}

fn key<'a, M: Clone + 'a>(
    setting: &Setting,
    id: String,
    label: Element<'a, M>,
    width_mm: f32,
    lit: bool,
    message: M,
) -> Element<'a, M> {
    let look = Look {
        ground: if lit { theme::DUSK } else { theme::KEY },
        pressed: Color::from_rgb8(0x3A, 0x3A, 0x52),
        outline: theme::faded(theme::LAMPLIGHT, theme::OUTLINE),
        outline_px: setting.mm(0.25),
        radius_px: setting.mm(2.5),
        filling: Color::TRANSPARENT,
    };
    let answers = if id == "key-delete" { DELETES } else { Answers::OnLiftOrNext };
    touchable(id, container(label).center(Length::Fill))
        .answers(answers)
        .width(Length::Fixed(setting.mm(width_mm)))
        .height(Length::Fixed(setting.mm(KEY_HEIGHT_MM)))
        .drift_px(setting.mm(KEY_DRIFT_MM))
        .look(look)
        .says(message)
        .into()
}
