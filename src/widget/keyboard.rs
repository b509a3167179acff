//! Owns the on-screen keyboard: large keys for two thumbs, with accents and capitals but without autocorrect. Does not
//! own the text that is typed, the capital at the start of a sentence, or the letters of a language
//! (`words::keyboard`).

use iced::widget::{Space, column, container, row};
use iced::{Color, Element, Length};

use super::touch::{ControlStyle, Trigger, touchable};
use super::{ViewContext, parts};
use crate::theme;
use crate::words::keyboard::Layout;

/// Minimum width of a key, in millimetres.
const KEY_WIDTH_MM: f32 = 16.0;
/// Minimum height of a key, in millimetres.
const KEY_HEIGHT_MM: f32 = 13.0;
/// Maximum height of a key, in millimetres. Beyond it, the height is worth more to the page.
const KEY_HEIGHT_MAX_MM: f32 = 16.0;
/// Gap between two keys, in millimetres.
const KEY_GAP_MM: f32 = 2.0;
/// Maximum width of a key, in millimetres. Wider keys would only increase the distance between two letters.
const KEY_WIDTH_MAX_MM: f32 = 20.0;
/// Number of keys in the longest row of a familiar keyboard, such as QWERTY.
const FAMILIAR_COLUMNS: usize = 10;
/// Minimum number of columns at which the function keys, such as *Shift* and *Space*, fit into one row.
const ONE_ROW_COLUMNS: usize = 8;
/// Minimum number of columns at which the function keys fit into two rows.
const TWO_ROWS_COLUMNS: usize = 6;
/// Width of a key that is labelled with a word, in millimetres, unless the key fills the rest of its row.
const WORD_KEY_MM: f32 = 24.0;
/// Trigger of *Delete*. The key repeats while it is held, but at most 60 times for one touch, because a resting palm
/// must not empty the page.
const DELETE_TRIGGER: Trigger = Trigger::Repeat {
    delay: std::time::Duration::from_millis(500),
    interval: std::time::Duration::from_millis(90),
    max: 60,
};
/// Touch slop of a key, in millimetres. A finger that slides further types nothing.
const KEY_SLOP_MM: f32 = 12.0;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keystroke {
    /// Types a letter, digit or mark, in the form that [`KeyboardState::letter`] chooses.
    Char {
        /// The character without an accent.
        letter: char,
        /// The character with an accent, or the same character if it takes none.
        accented: char,
    },
    /// Starts a new line.
    Return,
    /// Deletes the character before the cursor.
    Delete,
    /// Makes the next letter a capital, or undoes that.
    Shift,
    /// Shows the keys of this layer.
    Layer(KeyLayer),
    /// Undoes the last change.
    Undo,
    /// Puts an accent on the next letter, or undoes that.
    Accent,
}

/// The characters that the keys show. If a display is too small for all letters or all marks at once, these are divided
/// into parts, which are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLayer {
    /// The letters: the part with this number.
    Letters(usize),
    /// The digits, marks and accented letters: the part with this number.
    Marks(usize),
}

impl Default for KeyLayer {
    fn default() -> Self {
        Self::Letters(0)
    }
}

/// The state of the keyboard, apart from the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyboardState {
    /// The characters that the keys show.
    pub layer: KeyLayer,
    /// Whether the next letter is a capital.
    pub is_shifted: bool,
    /// Whether the next letter gets an accent.
    pub is_accented: bool,
}

impl KeyboardState {
    /// Returns the character that a key types in this state: with or without an accent, and as a capital or not.
    #[must_use]
    pub fn letter(self, letter: char, accented: char) -> char {
        let letter = if self.is_accented { accented } else { letter };
        if self.is_shifted { letter.to_uppercase().next().unwrap_or(letter) } else { letter }
    }
}

/// The number and the size of the keys that fit on a display. No key is smaller than a finger needs. If fewer than ten
/// keys fit side by side, the letters are in alphabetical order, which is easy to follow in rows of any length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyGrid {
    columns: usize,
    letter_rows: usize,
    key_width_mm: f32,
    key_height_mm: f32,
}

impl KeyGrid {
    /// Fits the keys of a layout into a width and a height, in millimetres.
    #[must_use]
    pub fn within(layout: &Layout, width_mm: f32, height_mm: f32) -> Self {
        let fit = |length_mm: f32, key_mm: f32| ((length_mm + KEY_GAP_MM) / (key_mm + KEY_GAP_MM) + 0.01) as usize;
        let columns = fit(width_mm, KEY_WIDTH_MM).clamp(4, FAMILIAR_COLUMNS);
        let key_width_mm = ((width_mm + KEY_GAP_MM) / columns as f32 - KEY_GAP_MM).min(KEY_WIDTH_MAX_MM);
        let letter_rows = layout.letters.len();
        let mut grid = Self { columns, letter_rows, key_width_mm, key_height_mm: KEY_HEIGHT_MM };
        if !grid.is_familiar() {
            let letters: usize = layout.letters.iter().map(Vec::len).sum();
            let rows_max = fit(height_mm, KEY_HEIGHT_MM).saturating_sub(grid.function_rows()).max(1);
            grid.letter_rows = letters.div_ceil(columns).min(rows_max);
        }
        let key_height_mm = (height_mm + KEY_GAP_MM) / grid.row_count() as f32 - KEY_GAP_MM;
        grid.key_height_mm = key_height_mm.clamp(KEY_HEIGHT_MM, KEY_HEIGHT_MAX_MM);
        grid
    }

    /// Height of all rows with the gaps between them, in millimetres.
    #[must_use]
    pub fn height_mm(self) -> f32 {
        self.rows_height_mm(self.row_count())
    }

    /// Height of this many rows with the gaps between them, in millimetres.
    fn rows_height_mm(self, rows: usize) -> f32 {
        rows as f32 * (self.key_height_mm + KEY_GAP_MM) - KEY_GAP_MM
    }

    const fn row_count(self) -> usize {
        self.letter_rows + self.function_rows()
    }

    const fn is_familiar(self) -> bool {
        self.columns >= FAMILIAR_COLUMNS
    }

    /// Number of rows of function keys, such as *Shift* and *Space*.
    const fn function_rows(self) -> usize {
        match self.columns {
            ONE_ROW_COLUMNS.. => 1,
            TWO_ROWS_COLUMNS.. => 2,
            _ => 3,
        }
    }

    fn width_mm(self) -> f32 {
        self.columns as f32 * (self.key_width_mm + KEY_GAP_MM) - KEY_GAP_MM
    }

    /// Returns the characters of a layer in rows, and the layer that follows it.
    fn rows(self, layout: &Layout, layer: KeyLayer) -> (Vec<Vec<char>>, KeyLayer) {
        if self.is_familiar() {
            return match layer {
                KeyLayer::Letters(_) => (layout.letters.to_vec(), KeyLayer::Marks(0)),
                KeyLayer::Marks(_) => (layout.marks.to_vec(), KeyLayer::Letters(0)),
            };
        }
        let part_len = self.columns * self.letter_rows;
        let part_of = |keys: &[char], part: usize| {
            let parts = keys.len().div_ceil(part_len).max(1);
            let part = part.min(parts - 1);
            let shown = keys.chunks(part_len).nth(part).unwrap_or_default();
            (shown.chunks(self.columns).map(<[char]>::to_vec).collect(), part + 1 < parts, part + 1)
        };
        match layer {
            KeyLayer::Letters(part) => {
                let (rows, is_followed, next) = part_of(&letters_in_order(layout), part);
                (rows, if is_followed { KeyLayer::Letters(next) } else { KeyLayer::Marks(0) })
            }
            KeyLayer::Marks(part) => {
                let (rows, is_followed, next) = part_of(&self.marks(layout), part);
                (rows, if is_followed { KeyLayer::Marks(next) } else { KeyLayer::Letters(0) })
            }
        }
    }

    fn marks(self, layout: &Layout) -> Vec<char> {
        // If the function keys share a single row, the comma does not fit in it and is among the marks instead.
        let comma = (self.function_rows() == 1).then_some(',');
        comma.into_iter().chain(layout.marks.iter().flatten().copied()).collect()
    }

    /// Returns the label of the key that leads to a layer. It says what the layer shows, for example `A – M`.
    fn layer_label(self, ctx: &ViewContext, layout: &Layout, layer: KeyLayer) -> String {
        let (rows, _) = self.rows(layout, layer);
        let first_and_last = rows.first().and_then(|row| row.first()).zip(rows.last().and_then(|row| row.last()));
        match (layer, first_and_last) {
            (KeyLayer::Letters(_), Some((first, last)))
                if rows.iter().flatten().count() < letters_in_order(layout).len() =>
            {
                format!("{first} – {last}").to_uppercase()
            }
            (KeyLayer::Letters(_), _) => ctx.say("key-letters"),
            (KeyLayer::Marks(1..), _) => rows.iter().flatten().take(3).collect(),
            (KeyLayer::Marks(0), _) => ctx.say("key-symbols"),
        }
    }
}

fn letters_in_order(layout: &Layout) -> Vec<char> {
    let mut letters: Vec<char> = layout.letters.iter().flatten().copied().collect();
    letters.sort_unstable();
    letters
}

/// Draws the keyboard, which publishes for each keystroke the message that `on_key` returns.
pub fn keyboard<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    grid: KeyGrid,
    keys: KeyboardState,
    on_key: impl Fn(Keystroke) -> M + Copy + 'a,
) -> Element<'a, M> {
    let layout = ctx.words.layout();
    let (letters, next_layer) = grid.rows(layout, keys.layer);
    let is_marks = matches!(keys.layer, KeyLayer::Marks(_));
    let fixed = |width_mm: f32| Length::Fixed(ctx.mm(width_mm));
    let unit = fixed(grid.key_width_mm);
    let typed = |letter: char| letter_key(ctx, layout, letter, unit, keys, on_key);
    let word = |words: &str, width: Length, is_lit: bool, keystroke: Keystroke| {
        word_key(ctx, words, ctx.say(words), width, is_lit, on_key(keystroke))
    };
    let shift = |width: Length| word("key-shift", width, keys.is_shifted, Keystroke::Shift);
    let delete = |width: Length| word("key-delete", width, false, Keystroke::Delete);
    let undo = |width: Length| word("key-undo", width, false, Keystroke::Undo);
    let enter = |width: Length| word("key-return", width, false, Keystroke::Return);
    let space = || word("key-space", Length::Fill, false, Keystroke::Char { letter: ' ', accented: ' ' });
    let other = |width: Length| {
        let id = match next_layer {
            KeyLayer::Letters(_) => "key-letters",
            KeyLayer::Marks(_) => "key-symbols",
        };
        let label = grid.layer_label(ctx, layout, next_layer);
        word_key(ctx, id, label, width, false, on_key(Keystroke::Layer(next_layer)))
    };
    let accent = || {
        layout.accent_label().map(|label| {
            let label = parts::text_line(label, ctx.mm(4.8), theme::CONTROL, theme::LAMPLIGHT);
            let id = "key-accent".to_owned();
            key(ctx, id, label.into(), unit, keys.is_accented, on_key(Keystroke::Accent))
        })
    };
    let gap = ctx.mm(KEY_GAP_MM);
    let mut rows: Vec<iced::widget::Row<'a, M>> =
        letters.iter().map(|letters| row(letters.iter().map(|letter| typed(*letter)))).collect();
    // If this layer has fewer rows of letters than the tallest one, a filler keeps the function keys where they are.
    let rows_missing = grid.letter_rows.saturating_sub(rows.len());
    let filler = (rows_missing > 0).then(|| Space::new().height(fixed(grid.rows_height_mm(rows_missing))));
    let across = |row: iced::widget::Row<'a, M>| row.width(fixed(grid.width_mm()));
    let functions = match grid.columns {
        FAMILIAR_COLUMNS.. => {
            let wide = fixed(grid.key_width_mm * 1.5 + KEY_GAP_MM / 2.0);
            if let Some(third) = rows.pop() {
                rows.push(row![shift(wide), third.spacing(gap), delete(wide)]);
            }
            let last = row![other(wide), undo(wide)].push(accent()).push(typed(',')).push(space()).push(typed('.'));
            vec![across(last.push(enter(fixed(2.0 * grid.key_width_mm + KEY_GAP_MM))))]
        }
        ONE_ROW_COLUMNS.. => {
            let wide = fixed(WORD_KEY_MM);
            // Marks have no capitals, so *Undo* takes the place of *Shift*.
            let first = if is_marks { undo(wide) } else { shift(wide) };
            let row = row![first, other(unit)].push(accent()).push(space()).push(typed('.'));
            vec![across(row.push(delete(wide)).push(enter(wide)))]
        }
        TWO_ROWS_COLUMNS.. => {
            let fill = Length::Fill;
            vec![
                across(row![shift(fill), other(fill), undo(fill)].push(accent()).push(delete(fill))),
                across(row![typed(','), space(), typed('.'), enter(fixed(WORD_KEY_MM))]),
            ]
        }
        _ => {
            let fill = Length::Fill;
            vec![
                across(row![shift(fill), undo(fill), delete(fill)]),
                across(row![other(fill)].push(accent()).push(typed(',')).push(typed('.'))),
                across(row![space(), enter(fixed(2.0 * grid.key_width_mm + KEY_GAP_MM))]),
            ]
        }
    };
    let spaced =
        |row: iced::widget::Row<'a, M>| -> Element<'a, M> { row.spacing(gap).height(fixed(grid.key_height_mm)).into() };
    column(rows.into_iter().map(spaced))
        .push(filler)
        .extend(functions.into_iter().map(spaced))
        .spacing(gap)
        .align_x(iced::Center)
        .into()
}

fn letter_key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    layout: &Layout,
    letter: char,
    width: Length,
    keys: KeyboardState,
    on_key: impl Fn(Keystroke) -> M,
) -> Element<'a, M> {
    let accented = layout.accented(letter);
    let label = parts::text_line(keys.letter(letter, accented).to_string(), ctx.mm(6.4), theme::CONTROL, theme::SAND);
    key(ctx, format!("key-{letter}"), label.into(), width, false, on_key(Keystroke::Char { letter, accented }))
}

fn word_key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: &str,
    label: String,
    width: Length,
    is_lit: bool,
    message: M,
) -> Element<'a, M> {
    let label = parts::text_line(label, ctx.mm(4.0), theme::CONTROL, theme::LAMPLIGHT);
    key(ctx, id.to_owned(), label.into(), width, is_lit, message)
}

fn key<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: String,
    label: Element<'a, M>,
    width: Length,
    is_lit: bool,
    message: M,
) -> Element<'a, M> {
    let style = ControlStyle {
        background: if is_lit { theme::DUSK } else { theme::faded(theme::KEY, 0.92) },
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
        .width(width)
        .height(Length::Fill)
        .slop_px(ctx.mm(KEY_SLOP_MM))
        .style(style)
        .on_press(message)
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::Locales;

    #[test]
    fn on_every_width_each_letter_and_mark_can_be_reached_and_no_key_is_too_small() {
        let locales = Locales::shipped();
        for language in locales.languages() {
            let words = locales.words(language);
            let layout = words.layout();
            for width_mm in [88.0, 100.0, 124.0, 128.0, 164.0, 178.0, 183.0, 300.0] {
                for height_mm in [58.0, 88.0, 120.0] {
                    let grid = KeyGrid::within(layout, width_mm, height_mm);
                    assert!(grid.key_width_mm >= KEY_WIDTH_MM && grid.width_mm() <= width_mm + 0.01);
                    assert!(grid.key_height_mm >= KEY_HEIGHT_MM);
                    assert!(grid.height_mm() <= height_mm, "{width_mm} x {height_mm}: {grid:?}");
                    let (mut seen, mut layer) = (BTreeSet::new(), KeyLayer::default());
                    loop {
                        let (rows, next) = grid.rows(layout, layer);
                        assert!(rows.len() <= grid.letter_rows && rows.iter().all(|row| row.len() <= grid.columns));
                        seen.extend(rows.into_iter().flatten());
                        layer = next;
                        if layer == KeyLayer::default() {
                            break;
                        }
                    }
                    assert!(layout.letters.iter().chain(&layout.marks).flatten().all(|key| seen.contains(key)));
                }
            }
        }
    }

    #[test]
    fn ten_columns_keep_the_order_that_people_know() {
        let words = Locales::shipped().words(crate::vocabulary::language::Language::FALLBACK);
        let row = |width_mm: f32| {
            let grid = KeyGrid::within(words.layout(), width_mm, 88.0);
            grid.rows(words.layout(), KeyLayer::default()).0[0].iter().collect::<String>()
        };
        assert_eq!((row(183.0), row(128.0)), ("qwertyuiop".to_owned(), "abcdefg".to_owned()));
    }
}
