//! Owns the text pad: a page to write on with the on-screen keyboard below it, with undo. Arrive, the note and the first run
//! use it. Does not own where the text goes.

use iced::alignment::Vertical;
use iced::widget::text_editor::{self, Action as Edit, Content, Cursor};
use iced::widget::{Space, column, container, row, text_editor as editor};
use iced::{Background, Border, Color, Element, Length};

use crate::room::notes::PatientText;
use crate::theme::{self, CALL_MM, GAP_MM};
use crate::widget::ViewContext;
use crate::widget::keyboard::{self, KeyLayer, KeyboardState, Keystroke};
use crate::widget::parts;
use crate::widget::touch_as_mouse::touch_as_mouse;

/// Id of the text editor, for focus.
pub const PAGE: &str = "page";
/// Maximum number of undo steps.
const UNDO_MAX: usize = 200;
/// Width and height of the controls beside a page.
const SIDE_MM: f32 = 23.0;
const SIDE_HEIGHT_MM: f32 = theme::TARGET_MM;
/// Margin around a page and its keyboard.
const MARGIN_MM: f32 = 4.0;
/// Brightness of the place behind a page, 0 to 1, and the opacity of the ink over it.
const BEHIND_PAGE: f32 = 0.6;
const VEIL_ALPHA: f32 = 0.78;

/// A page being written.
pub struct TextPad {
    content: Content,
    chars_max: usize,
    keys: KeyboardState,
    undo: Vec<UndoStep>,
    run: EditRun,
}

/// The page before a change.
struct UndoStep {
    text: String,
    cursor: Cursor,
}

/// The current run of changes. Changes of one run are one undo step; a space ends a run of typing.
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
    /// A pad with `text`, for at most `chars_max` characters.
    #[must_use]
    pub fn with_text(text: &PatientText, chars_max: usize) -> Self {
        let mut content = Content::with_text(text.reveal());
        content.perform(Edit::Move(text_editor::Motion::DocumentEnd));
        let mut pad = Self { content, chars_max, keys: KeyboardState::default(), undo: Vec::new(), run: EditRun::None };
        pad.keys.is_shifted = pad.starts_sentence();
        pad
    }

    /// The text without trailing line breaks.
    #[must_use]
    pub fn text(&self) -> PatientText {
        PatientText::new(self.content.text().trim_end_matches('\n'))
    }

    /// Number of characters that still fit.
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
            // From the current state, since two letters can arrive before the view is rebuilt.
            Keystroke::Char { letter, accented } => text_editor::Edit::Insert(self.keys.letter(letter, accented)),
            Keystroke::Return => text_editor::Edit::Enter,
            Keystroke::Delete => text_editor::Edit::Backspace,
            Keystroke::Shift => {
                self.keys.is_shifted = !self.keys.is_shifted;
                return false;
            }
            Keystroke::Layer => {
                self.keys.layer =
                    if self.keys.layer == KeyLayer::Letters { KeyLayer::Marks } else { KeyLayer::Letters };
                return false;
            }
            Keystroke::Accent => {
                self.keys.is_accented = !self.keys.is_accented;
                self.keys.layer = KeyLayer::Letters;
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
        // Back to letters after a space, and after an accented letter, which more letters usually follow.
        if matches!(key, Keystroke::Char { letter, .. } if letter == ' ' || letter.is_alphabetic()) {
            self.keys.layer = KeyLayer::Letters;
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

    /// As much of the edit as fits on the page.
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

    /// Whether the next letter starts a sentence, judged by the text before the cursor.
    fn starts_sentence(&self) -> bool {
        let at = self.content.cursor().position;
        let Some(line) = self.content.line(at.line) else { return true };
        let before: String = line.text.get(..at.column).unwrap_or(&line.text).to_owned();
        let ends = before.trim_end_matches(' ');
        ends.is_empty() || ends.ends_with(['¿', '¡']) || (ends.len() < before.len() && ends.ends_with(['.', '?', '!']))
    }

    /// The pad: `head` to the left of the call, the page with `beside` next to it, the keyboard, and `controls` on the
    /// right.
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        head: Element<'a, M>,
        hint: String,
        beside: Option<Element<'a, M>>,
        controls: Vec<Element<'a, M>>,
        wrap: impl Fn(Message) -> M + Copy + 'a,
    ) -> Element<'a, M> {
        let keys = keyboard::keyboard(ctx, self.keys, move |key| wrap(Message::KeyPressed(key)));
        let keys = container(keys).center_x(Length::Fill).height(Length::Fixed(ctx.mm(keyboard::HEIGHT_MM)));
        let gap = ctx.mm(GAP_MM);
        let page = row![self.page(ctx, hint, wrap)].push(beside).spacing(gap);
        framed(ctx, head, column![page, keys].spacing(gap).into(), controls)
    }

    fn page<'a, M: Clone + 'a>(
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
                background: Background::Color(theme::DEEP_WATER),
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

/// The layout of every page: `head` beside the call, the page below it, and `controls` at the side of the free hand, the
/// last one at the bottom.
#[must_use]
pub fn framed<'a, M: 'a>(
    ctx: &ViewContext,
    head: Element<'a, M>,
    page: Element<'a, M>,
    controls: Vec<Element<'a, M>>,
) -> Element<'a, M> {
    let gap = ctx.mm(GAP_MM);
    let head = container(head).width(Length::Fill).height(Length::Fill).align_y(Vertical::Center).into();
    let call = Space::new().width(Length::Fixed(ctx.mm(CALL_MM + MARGIN_MM + GAP_MM))).into();
    let head = parts::row_by_hand(ctx, vec![head, call]).height(Length::Fixed(ctx.mm(CALL_MM)));
    let side = container(column(controls).spacing(gap)).height(Length::Fill).align_y(Vertical::Bottom);
    let page = container(page).width(Length::Fill).height(Length::Fill).into();
    let below = parts::row_by_hand(ctx, vec![page, side.into()]).spacing(gap);
    let page = column![head, below].spacing(gap).padding(ctx.mm(MARGIN_MM));
    parts::over_place(ctx, BEHIND_PAGE, parts::background(theme::faded(theme::INK, VEIL_ALPHA), page))
}

/// Empty space for a side control that is not available now, which keeps the others in their places.
#[must_use]
pub fn side_gap<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    Space::new().width(Length::Fixed(ctx.mm(SIDE_MM))).height(Length::Fixed(ctx.mm(SIDE_HEIGHT_MM))).into()
}

/// A control beside a page.
pub fn side_control<'a, M: Clone + 'a>(ctx: &ViewContext, id: &str, label: String, message: M) -> Element<'a, M> {
    let words = parts::text_line(label, ctx.mm(3.9), theme::CONTROL, theme::LAMPLIGHT).center();
    crate::widget::touch::touchable(id.to_owned(), container(words).center(Length::Fill).padding(ctx.mm(1.6)))
        .width(Length::Fixed(ctx.mm(SIDE_MM)))
        .height(Length::Fixed(ctx.mm(SIDE_HEIGHT_MM)))
        .slop_px(ctx.mm(theme::TOUCH_SLOP_MM))
        .style(parts::control_style(ctx, false))
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
    fn a_sentence_starts_with_a_capital_wherever_the_cursor_is() {
        for (before, capital) in
            [("", true), ("a", false), ("a. ", true), ("a.", false), ("¿", true), ("a, ", false), ("a\n", true)]
        {
            assert_eq!(pad(before, 100).keys.is_shifted, capital, "after {before:?}");
        }
    }
}
