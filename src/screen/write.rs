//! Owns the text pad (a page of text with an on-screen keyboard and undo), the frame around a page of text, and the
//! parts that pages of text and drawing pads share. Used by Arrive, the note, the drawing pad and the first-run setup.
//! Does not own where the text goes.

use iced::widget::text_editor::{self, Action as Edit, Content, Cursor};
use iced::widget::{Space, column, container, row, text_editor as editor};
use iced::{Background, Border, Color, Element, Length, Padding};

use crate::room::notes::PatientText;
use crate::theme::{self, CALL_MM, GAP_MM, TARGET_MM};
use crate::widget::ViewContext;
use crate::widget::call_band::{CORNER_CALL_MM, CORNER_MARGIN_MM};
use crate::widget::icon::Icon;
use crate::widget::keyboard::{self, KeyGrid, KeyLayer, KeyboardState, Keystroke};
use crate::widget::page::{PageGeometry, lines_of};
use crate::widget::parts;
use crate::widget::touch::touchable;
use crate::widget::touch_as_mouse::touch_as_mouse;
use crate::widget::veil::Veil;

/// Id of the text editor, for [`super::Action::Focus`].
pub const PAGE: &str = "page";
/// Maximum number of undo steps.
const UNDO_MAX: usize = 200;
/// Width of a control beside a page, in millimetres.
pub const SIDE_MM: f32 = 23.0;
/// Width that the label of a side control may take, in millimetres.
const SIDE_WORDS_MM: f32 = SIDE_MM - 1.6;
/// Font sizes of the label of a side control, from the largest to the smallest, in millimetres.
const SIDE_LABELS_MM: [f32; 3] = [5.6, 5.0, 4.5];
/// Font size of a label that fits at none of [`SIDE_LABELS_MM`], in millimetres.
const SIDE_LABEL_LEAST_MM: f32 = 4.1;
/// Assumed width of a letter, relative to the font size. No ordinary word has wider letters on average.
const LETTER_WIDTH_MAX: f32 = 0.6;
/// Margin around a page and its keyboard, in millimetres. It is that of the call, so that both are aligned.
pub const MARGIN_MM: f32 = CORNER_MARGIN_MM;
/// Width that the call takes up beside the top row of a page, in millimetres.
pub const CALL_SPACE_MM: f32 = CORNER_CALL_MM + GAP_MM;
/// Width of the space that a row beside the call leaves empty at its start, in millimetres. Staff hold this corner of
/// the screen to open the PIN pad.
pub const CORNER_SPACE_MM: f32 = 16.5;
/// Minimum height of a page above a keyboard, in millimetres: three lines of normal type between its margins.
const PAGE_MIN_MM: f32 = 31.0;
/// Minimum width of a tab in which a long word fits, in millimetres.
const TAB_MIN_MM: f32 = 29.5;
/// Brightness of the place behind a page, 0 to 1. Together with [`VEIL_ALPHA`], it leaves about 15 % of the place's
/// light.
const BEHIND_PAGE: f32 = 0.3;
/// Opacity of the dark overlay between the place and a page, 0 to 1. The place takes seconds to dim, but the overlay is
/// there within half a second, so that words on [`theme::PAPER`] soon have a contrast ratio of 7.
const VEIL_ALPHA: f32 = 0.5;

/// A page of text that is being edited.
pub struct TextPad {
    content: Content,
    chars_max: usize,
    keys: KeyboardState,
    undo: Vec<UndoStep>,
    run: EditRun,
}

/// The state of the page before a change.
struct UndoStep {
    text: String,
    cursor: Cursor,
}

/// The kind of the current run of changes. A run is undone in one step; a space ends a run of typing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EditRun {
    None,
    Typing,
    Deleting,
}

/// What happened on the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key of the on-screen keyboard was pressed.
    KeyPressed(Keystroke),
    /// The text was edited by touch or a hardware keyboard.
    Edited(Edit),
}

impl TextPad {
    /// A pad with `text` on it. The pad takes at most `chars_max` characters in all.
    #[must_use]
    pub fn with_text(text: &PatientText, chars_max: usize) -> Self {
        let mut content = Content::with_text(text.reveal());
        content.perform(Edit::Move(text_editor::Motion::DocumentEnd));
        let mut pad = Self { content, chars_max, keys: KeyboardState::default(), undo: Vec::new(), run: EditRun::None };
        pad.keys.is_shifted = pad.starts_sentence();
        pad
    }

    /// The current text, without trailing line breaks.
    #[must_use]
    pub fn text(&self) -> PatientText {
        PatientText::new(self.content.text().trim_end_matches('\n'))
    }

    /// Number of characters that can still be added.
    #[must_use]
    pub fn chars_left(&self) -> usize {
        self.chars_max.saturating_sub(self.content.text().chars().count())
    }

    /// Handles a message. Returns whether the text changed.
    #[expect(clippy::wildcard_enum_match_arm, reason = "iced's other actions only move the cursor or scroll")]
    pub fn update(&mut self, message: Message) -> bool {
        match message {
            Message::KeyPressed(key) => self.press_key(key),
            Message::Edited(action) => {
                let edited = match action {
                    Edit::Edit(edit) => self.edit(edit),
                    action => {
                        self.run = EditRun::None;
                        self.content.perform(action);
                        false
                    }
                };
                self.keys.is_shifted = self.starts_sentence();
                edited
            }
        }
    }

    fn press_key(&mut self, key: Keystroke) -> bool {
        let edit = match key {
            // Whether the letter is a capital or accented depends on the current state of the keyboard and not on the
            // keys that the view shows, because two letters can arrive before the view is rebuilt.
            Keystroke::Char { letter, accented } => text_editor::Edit::Insert(self.keys.letter(letter, accented)),
            Keystroke::Return => text_editor::Edit::Enter,
            Keystroke::Delete => text_editor::Edit::Backspace,
            Keystroke::Shift => {
                self.keys.is_shifted = !self.keys.is_shifted;
                return false;
            }
            Keystroke::Layer(layer) => {
                self.keys.layer = layer;
                return false;
            }
            Keystroke::Accent => {
                self.keys.is_accented = !self.keys.is_accented;
                self.keys.layer = KeyLayer::default();
                return false;
            }
            Keystroke::Undo => {
                let Some(before) = self.undo.pop() else { return false };
                self.content = Content::with_text(&before.text);
                self.content.move_to(before.cursor);
                self.run = EditRun::None;
                self.keys.is_shifted = self.starts_sentence();
                return true;
            }
        };
        let edited = self.edit(edit);
        self.keys.is_shifted = self.starts_sentence();
        self.keys.is_accented = false;
        // A space returns to the layer of letters. So does an accented letter on a layer of marks, because it is
        // usually followed by more letters.
        let is_marks = matches!(self.keys.layer, KeyLayer::Marks(_));
        if matches!(key, Keystroke::Char { letter, .. } if letter == ' ' || is_marks && letter.is_alphabetic()) {
            self.keys.layer = KeyLayer::default();
        }
        edited
    }

    fn edit(&mut self, edit: text_editor::Edit) -> bool {
        let Some(edit) = self.limited(edit) else { return false };
        let run = match &edit {
            text_editor::Edit::Insert(_) => EditRun::Typing,
            text_editor::Edit::Backspace | text_editor::Edit::Delete => EditRun::Deleting,
            text_editor::Edit::Paste(_)
            | text_editor::Edit::Enter
            | text_editor::Edit::Indent
            | text_editor::Edit::Unindent => EditRun::None,
        };
        let continues = run != EditRun::None && run == self.run;
        if !continues || self.content.selection().is_some() {
            self.save_undo_step();
        }
        self.run = if matches!(edit, text_editor::Edit::Insert(letter) if letter.is_whitespace()) {
            EditRun::None
        } else {
            run
        };
        self.content.perform(Edit::Edit(edit));
        true
    }

    /// The part of the edit that fits on the page, or `None` if nothing would change.
    #[expect(clippy::wildcard_enum_match_arm, reason = "iced's other edits are unlimited")]
    fn limited(&self, edit: text_editor::Edit) -> Option<text_editor::Edit> {
        let selected = self.content.selection().map_or(0, |selected| selected.chars().count());
        let left = self.chars_left() + selected;
        match edit {
            text_editor::Edit::Insert(_) | text_editor::Edit::Enter if left == 0 => None,
            text_editor::Edit::Backspace | text_editor::Edit::Delete if self.content.text().is_empty() => None,
            text_editor::Edit::Paste(pasted) => {
                let pasted: String = pasted.chars().take(left).collect();
                (!pasted.is_empty()).then(|| text_editor::Edit::Paste(pasted.into()))
            }
            // A page has no indentation.
            text_editor::Edit::Indent | text_editor::Edit::Unindent => None,
            edit => Some(edit),
        }
    }

    fn save_undo_step(&mut self) {
        if self.undo.len() >= UNDO_MAX {
            self.undo.remove(0);
        }
        self.undo.push(UndoStep { text: self.content.text(), cursor: self.content.cursor() });
    }

    /// Whether the next letter starts a sentence, judged by what precedes the cursor on its line.
    fn starts_sentence(&self) -> bool {
        let at = self.content.cursor().position;
        let Some(line) = self.content.line(at.line) else { return true };
        let before: String = line.text.get(..at.column).unwrap_or(&line.text).to_owned();
        let ends = before.trim_end_matches(' ');
        ends.is_empty() || ends.ends_with(['¿', '¡']) || (ends.len() < before.len() && ends.ends_with(['.', '?', '!']))
    }

    /// Whether the text contains `word` as a whole word, in upper or lower case.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        find_word(&self.content.text(), word).is_some()
    }

    /// Adds a word at the end or, if the text already contains the word, removes it. *Undo* reverts either in one step.
    /// Returns `false` if the word does not fit; the text is then unchanged.
    pub fn toggle_word(&mut self, word: &str) -> bool {
        let text = self.content.text();
        let text = text.trim_end_matches('\n');
        let changed = if let Some(at) = find_word(text, word) {
            let (before, after) = (&text[..at], &text[at + word.len()..]);
            match before.strip_suffix(", ") {
                Some(before) => format!("{before}{after}"),
                None => format!("{before}{}", after.strip_prefix(", ").unwrap_or(after)),
            }
        } else {
            let joint = match text.chars().last() {
                None => "",
                Some(last) if last.is_whitespace() => "",
                Some('.' | '!' | '?' | ',') => " ",
                Some(_) => ", ",
            };
            format!("{text}{joint}{word}")
        };
        if changed.chars().count() > self.chars_max {
            return false;
        }
        self.save_undo_step();
        self.run = EditRun::None;
        self.content = Content::with_text(&capitalized(&changed));
        self.content.perform(Edit::Move(text_editor::Motion::DocumentEnd));
        self.keys.is_shifted = self.starts_sentence();
        true
    }

    /// The pad in its frame, with the keyboard below the page. `hint` is shown while the page is empty.
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        head: Element<'a, M>,
        hint: String,
        controls: Vec<Element<'a, M>>,
        wrap: impl Fn(Message) -> M + Copy + 'a,
    ) -> Element<'a, M> {
        let page = self.page(ctx, hint, wrap);
        PageFrame { head, tabs: Vec::new(), page, below: Some(self.keyboard(ctx, wrap)), controls }.view(ctx)
    }

    /// The on-screen keyboard, as large as the frame allows.
    pub fn keyboard<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        wrap: impl Fn(Message) -> M + Copy + 'a,
    ) -> Element<'a, M> {
        let geometry = PageGeometry::of(ctx);
        let (width_mm, height_mm) = room_below_page_mm(geometry);
        let grid = KeyGrid::within(ctx.words.layout(), width_mm, height_mm);
        let keys = keyboard::keyboard(ctx, grid, self.keys, move |key| wrap(Message::KeyPressed(key)));
        container(keys).center_x(Length::Fill).height(Length::Fixed(ctx.mm(grid.height_mm()))).into()
    }

    /// The editable page without its frame. `hint` is shown while the page is empty.
    pub fn page<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        hint: String,
        wrap: impl Fn(Message) -> M + 'a,
    ) -> Element<'a, M> {
        let radius = ctx.mm(4.0);
        let outline = ctx.mm(0.35);
        let page = editor(&self.content)
            .id(PAGE)
            .placeholder(hint)
            .on_action(move |action| wrap(Message::Edited(action)))
            .font(theme::VOICE)
            .size(ctx.scale.body())
            .line_height(theme::LINE_HEIGHT)
            .padding(ctx.mm(4.0))
            .height(Length::Fill)
            .style(move |_, _| text_editor::Style {
                background: Background::Color(theme::PAPER),
                border: Border::default()
                    .rounded(radius)
                    .color(theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY))
                    .width(outline),
                placeholder: theme::faded(theme::SAND, 0.78),
                value: theme::SAND,
                selection: Color::from_rgb8(0x4A, 0x48, 0x6A),
            });
        touch_as_mouse(container(page).height(Length::Fill))
    }
}

/// The byte index at which `word` occurs in `text` as a whole word, in upper or lower case.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_letter = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    text.char_indices().map(|(at, _)| at).find(|at| {
        let Some(found) = text.get(*at..at + word.len()) else { return false };
        found.to_lowercase() == word.to_lowercase()
            && !is_letter(text[..*at].chars().last())
            && !is_letter(text[at + word.len()..].chars().next())
    })
}

/// The text with its first letter as a capital.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Width and height that the frame leaves for a keyboard or a choice of words below a page, in millimetres.
#[must_use]
pub fn room_below_page_mm(geometry: PageGeometry) -> (f32, f32) {
    let width_mm = geometry.width_mm - 2.0 * MARGIN_MM;
    let height_mm = geometry.height_mm - 2.0 * MARGIN_MM - CALL_MM - GAP_MM;
    match (geometry.is_portrait(), geometry.is_small()) {
        (false, false) => (width_mm - SIDE_MM - GAP_MM, height_mm - PAGE_MIN_MM - GAP_MM),
        // On a small landscape display, the page shares the top row with the call, so it takes no height of its own.
        (false, true) => (width_mm, height_mm),
        (true, true) => (width_mm, height_mm - PAGE_MIN_MM - GAP_MM),
        (true, false) => (width_mm, height_mm - PAGE_MIN_MM - GAP_MM - 2.0 * (TARGET_MM + GAP_MM)),
    }
}

/// The frame around a page of text. On a small display with something in `below`, the head and the tabs are left out,
/// and there is space for only a few controls.
pub struct PageFrame<'a, M> {
    /// Words beside the call that say what the page is for. A landscape screen has no space for them if there are tabs.
    pub head: Element<'a, M>,
    /// Controls that choose what to do with the page: write, for example, or pick words for feelings.
    pub tabs: Vec<Element<'a, M>>,
    /// The page itself.
    pub page: Element<'a, M>,
    /// A keyboard or a choice of words, if one is shown.
    pub below: Option<Element<'a, M>>,
    /// Controls that lead away from the page. The last one closes it.
    pub controls: Vec<Element<'a, M>>,
}

impl<'a, M: 'a> PageFrame<'a, M> {
    /// The frame over the dimmed place.
    #[must_use]
    pub fn view(self, ctx: &ViewContext) -> Element<'a, M> {
        let geometry = PageGeometry::of(ctx);
        let gap = ctx.mm(GAP_MM);
        let is_focused = geometry.is_small() && self.below.is_some();
        let Self { head, tabs, page, below, controls } = self;
        let beside_call = |content: Element<'a, M>| {
            let space = Space::new().width(Length::Fixed(ctx.mm(CALL_SPACE_MM)));
            let content = container(content).width(Length::Fill).height(Length::Fill).center_y(Length::Fill);
            parts::row_by_hand(ctx, vec![content.into(), space.into()])
        };
        let call_height = Length::Fixed(ctx.mm(CALL_MM));
        let page = container(page).width(Length::Fill).height(Length::Fill);
        let content = match (geometry.is_portrait(), is_focused) {
            (false, true) => {
                let above = parts::row_by_hand(ctx, vec![page.into(), row(controls).spacing(gap).into()]).spacing(gap);
                column![beside_call(above.into()).height(Length::Fill)].push(below)
            }
            (true, true) => {
                let controls = past_corner(ctx, row(controls).spacing(gap));
                column![beside_call(controls).height(call_height), page].push(below)
            }
            (false, false) => {
                let head = if tabs.is_empty() { head } else { past_corner(ctx, row(tabs).spacing(gap)) };
                let controls = container(column(controls).spacing(gap)).align_bottom(Length::Fill);
                let main = column![page].push(below).spacing(gap);
                let below = parts::row_by_hand(ctx, vec![main.into(), controls.into()]).spacing(gap);
                column![beside_call(head).height(call_height), below]
            }
            (true, false) => {
                let rows = tab_rows(ctx, geometry, tabs);
                let controls = row(controls.into_iter().map(|control| container(control).width(Length::Fill).into()));
                column![beside_call(head).height(call_height)]
                    .push(rows)
                    .push(page)
                    .push(below)
                    .push(controls.spacing(gap))
            }
        };
        on_dim_place(ctx, content.spacing(gap))
    }
}

/// Controls at the start of the top row, clear of the corner that staff hold.
pub fn past_corner<'a, M: 'a>(ctx: &ViewContext, controls: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let (controls, corner) = (container(controls), ctx.mm(CORNER_SPACE_MM));
    if ctx.is_mirrored() {
        controls.align_right(Length::Fill).padding(Padding::ZERO.right(corner)).into()
    } else {
        controls.padding(Padding::ZERO.left(corner)).into()
    }
}

/// Tabs across the screen, in two rows if one is too narrow for them.
fn tab_rows<'a, M: 'a>(ctx: &ViewContext, geometry: PageGeometry, tabs: Vec<Element<'a, M>>) -> Option<Element<'a, M>> {
    if tabs.is_empty() {
        return None;
    }
    let fit = ((geometry.width_mm - 2.0 * MARGIN_MM + GAP_MM) / (TAB_MIN_MM + GAP_MM)) as usize;
    let columns = if tabs.len() <= fit { tabs.len() } else { tabs.len().div_ceil(2) };
    let width_mm = geometry.width_mm - 2.0 * MARGIN_MM;
    Some(parts::control_grid(ctx, tabs, columns, width_mm, TARGET_MM))
}

/// Content with a margin over the dimmed place.
pub fn on_dim_place<'a, M: 'a>(ctx: &ViewContext, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let padded = container(content).padding(ctx.mm(MARGIN_MM)).width(Length::Fill).height(Length::Fill);
    parts::over_place(ctx, BEHIND_PAGE, Veil::Whole(VEIL_ALPHA), padded)
}

/// Empty space in place of a side control that is not available now, so that the other controls do not move.
#[must_use]
pub fn side_gap<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    Space::new().width(Length::Fixed(ctx.mm(SIDE_MM))).height(Length::Fixed(ctx.mm(TARGET_MM))).into()
}

/// Returns the largest of [`SIDE_LABELS_MM`] at which the label of a side control fits, or [`SIDE_LABEL_LEAST_MM`] if
/// it fits at none, in millimetres.
fn side_label_mm(label: &str) -> f32 {
    let letters = label.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
    let fits = |size_mm: &f32| {
        let longest_mm = letters as f32 * LETTER_WIDTH_MAX * size_mm;
        longest_mm <= SIDE_WORDS_MM && lines_of(label, *size_mm, SIDE_WORDS_MM) <= 2.0
    };
    SIDE_LABELS_MM.into_iter().find(fits).unwrap_or(SIDE_LABEL_LEAST_MM)
}

/// A control beside a page or, on a portrait screen, in a row above or below it.
pub fn side_control<'a, M: Clone + 'a>(ctx: &ViewContext, id: &str, label: String, message: M) -> Element<'a, M> {
    let size = ctx.mm(side_label_mm(&label));
    let words = parts::text_line(label, size, theme::CONTROL, theme::LAMPLIGHT).line_height(1.2).center();
    touchable(id.to_owned(), container(words).center(Length::Fill).padding(ctx.mm(0.8)))
        .width(if PageGeometry::of(ctx).is_portrait() { Length::Fill } else { Length::Fixed(ctx.mm(SIDE_MM)) })
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
        .style(parts::control_style(ctx, false))
        .on_press(message)
        .into()
}

/// A tab of a page; lit if `is_on`. On a landscape screen, it is as tall as the call beside it.
pub fn tab<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: &str,
    icon: Icon,
    label: String,
    is_on: bool,
    message: M,
) -> Element<'a, M> {
    let geometry = PageGeometry::of(ctx);
    let height_mm = if geometry.is_portrait() { TARGET_MM } else { CALL_MM };
    let (icon_mm, label_mm) = if geometry.is_portrait() || geometry.is_small() { (6.6, 4.6) } else { (8.6, 5.4) };
    let words = parts::text_line(label, ctx.mm(label_mm), theme::CONTROL, theme::SAND).line_height(1.15).center();
    let inner = column![icon.view(ctx.mm(icon_mm), theme::LAMPLIGHT), words].spacing(ctx.mm(0.8));
    touchable(id.to_owned(), container(inner.align_x(iced::Center)).center(Length::Fill))
        .width(Length::Fill)
        .height(Length::Fixed(ctx.mm(height_mm)))
        .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
        .style(parts::control_style(ctx, is_on))
        .on_press(message)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pad(text: &str, chars_max: usize) -> TextPad {
        TextPad::with_text(&PatientText::new(text), chars_max)
    }

    fn strike(pad: &mut TextPad, keys: &str) {
        for key in keys.chars() {
            pad.update(Message::KeyPressed(match key {
                '<' => Keystroke::Delete,
                '\n' => Keystroke::Return,
                '^' => Keystroke::Undo,
                letter => Keystroke::Char { letter, accented: letter },
            }));
        }
    }

    fn text(pad: &TextPad) -> String {
        pad.text().reveal().to_owned()
    }

    #[test]
    fn undo_takes_back_a_word_or_a_run_of_deleting_at_a_time() {
        let mut pad = pad("", 100);
        strike(&mut pad, "the sea was<<<");
        let mut seen = Vec::new();
        for _ in 0..4 {
            strike(&mut pad, "^");
            seen.push(text(&pad));
        }
        assert_eq!(seen, ["The sea was", "The sea ", "The ", ""]);
        strike(&mut pad, "^again");
        assert_eq!(text(&pad), "Again");
    }

    #[test]
    fn undo_restores_the_cursor() {
        let mut pad = pad("one two", 100);
        pad.update(Message::Edited(Edit::Move(text_editor::Motion::Home)));
        strike(&mut pad, "x^y");
        assert_eq!(text(&pad), "Yone two");
    }

    #[test]
    fn a_full_page_takes_no_more_and_loses_nothing() {
        let mut pad = pad("", 5);
        strike(&mut pad, "ñandú y\n");
        assert_eq!(text(&pad), "Ñandú");
        assert_eq!(pad.chars_left(), 0);
        let pasted = text_editor::Edit::Paste(String::from("abc").into());
        assert!(!pad.update(Message::Edited(Edit::Edit(pasted.clone()))));
        strike(&mut pad, "<<");
        assert!(pad.update(Message::Edited(Edit::Edit(pasted))));
        assert_eq!(text(&pad), "Ñanab");
    }

    #[test]
    fn a_word_is_added_once_and_taken_out_again() {
        let mut pad = pad("", 40);
        let mut toggled = |word: &str| {
            pad.toggle_word(word);
            text(&pad)
        };
        assert_eq!(toggled("calm"), "Calm");
        assert_eq!(toggled("heavy"), "Calm, heavy");
        assert_eq!(toggled("sad"), "Calm, heavy, sad");
        assert_eq!(toggled("heavy"), "Calm, sad");
        assert_eq!(toggled("calm"), "Sad");
        assert_eq!(toggled("sad"), "");
        assert_eq!(toggled("miedo á"), "Miedo á");
        strike(&mut pad, "^^");
        assert_eq!(text(&pad), "Sad");
        strike(&mut pad, ". saddle");
        assert!(pad.has_word("sad") && !pad.has_word("saddl"));
        assert!(pad.toggle_word("light") && !pad.toggle_word("a word that does not fit on it"));
        assert_eq!(text(&pad), "Sad. Saddle, light");
    }

    #[test]
    fn a_sentence_starts_with_a_capital_wherever_the_cursor_is() {
        for (before, capital) in
            [("", true), ("a", false), ("a. ", true), ("a.", false), ("¿", true), ("a, ", false), ("a\n", true)]
        {
            assert_eq!(pad(before, 100).keys.is_shifted, capital, "after {before:?}");
        }
    }
}
