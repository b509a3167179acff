//! Owns the pad: a page to write on with the keyboard below it. Arrive's questions and the note use the same one.
//! Does not own what becomes of the words.

use iced::alignment::Vertical;
use iced::widget::text_editor::{self, Action as Edit, Content};
use iced::widget::{Space, column, container, row, text_editor as editor};
use iced::{Background, Border, Color, Element, Length};

use super::Setting;
use crate::room::notes::PatientText;
use crate::theme::{self, CALL_MM, GAP_MM};
use crate::widget::keyboard::{self, Key, Layer};
use crate::widget::parts;
use crate::widget::touch_as_mouse::touch_as_mouse;

/// The text's name, for focus.
pub const PAGE: &str = "page";
/// Steps of undo kept.
const UNDO_MAX: usize = 200;

/// A page being written.
pub struct Pad {
    content: Content,
    layer: Layer,
    shifted: bool,
    undo: Vec<String>,
}

/// What happened on the pad.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key on the screen was struck.
    Struck(Key),
    /// The text was edited by touch or by a keyboard with wires.
    Edited(Edit),
}

impl Pad {
    /// A pad that already reads `text`.
    #[must_use]
    pub fn with_text(text: &PatientText) -> Self {
        let mut content = Content::with_text(text.reveal());
        content.perform(Edit::Move(text_editor::Motion::DocumentEnd));
        let mut pad = Self { content, layer: Layer::default(), shifted: false, undo: Vec::new() };
        pad.shifted = pad.begins_a_sentence();
        pad
    }

    /// What is written.
    #[must_use]
    pub fn text(&self) -> PatientText {
        PatientText::new(self.content.text().trim_end_matches('\n'))
    }

    /// Takes in what happened; says whether the words changed.
    pub fn update(&mut self, message: Message) -> bool {
        match message {
            Message::Struck(key) => self.strike(key),
            Message::Edited(action) => {
                let edits = action.is_edit();
                if edits {
                    self.remember();
                }
                self.content.perform(action);
                edits
            }
        }
    }

    fn strike(&mut self, key: Key) -> bool {
        let edit = match key {
            Key::Char(letter) => text_editor::Edit::Insert(letter),
            Key::Return => text_editor::Edit::Enter,
            Key::Delete => text_editor::Edit::Backspace,
            Key::Shift => {
                self.shifted = !self.shifted;
                return false;
            }
            Key::Layer => {
                self.layer = if self.layer == Layer::Letters { Layer::Marks } else { Layer::Letters };
                return false;
            }
            Key::Undo => {
                let Some(before) = self.undo.pop() else { return false };
                self.content = Content::with_text(&before);
                self.content.perform(Edit::Move(text_editor::Motion::DocumentEnd));
                return true;
            }
        };
        self.remember();
        self.content.perform(Edit::Edit(edit));
        self.shifted = self.begins_a_sentence();
        true
    }

    fn remember(&mut self) {
        if self.undo.len() >= UNDO_MAX {
            self.undo.remove(0);
        }
        self.undo.push(self.content.text());
    }

    fn begins_a_sentence(&self) -> bool {
        let text = self.content.text();
        let ends = text.trim_end_matches(' ');
        ends.is_empty() || ends.ends_with('\n') || (ends.len() < text.len() && ends.ends_with(['.', '?', '!']))
    }

    /// The pad: `head` above beside the call's place, the page, the keyboard, and `controls` beside it.
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        setting: &Setting,
        head: Element<'a, M>,
        hint: String,
        controls: Vec<Element<'a, M>>,
        wrap: impl Fn(Message) -> M + Copy + 'a,
    ) -> Element<'a, M> {
        let margin = setting.mm(4.0);
        let head = row![
            container(head).width(Length::Fill).height(Length::Fill).align_y(Vertical::Center),
            Space::new().width(Length::Fixed(setting.mm(CALL_MM + 4.0))),
        ]
        .height(Length::Fixed(setting.mm(CALL_MM)));
        let keys = keyboard::keyboard(setting, self.layer, self.shifted, move |key| wrap(Message::Struck(key)));
        let foot = row![
            container(keys).width(Length::Fill).center_x(Length::Fill),
            column(controls).spacing(setting.mm(GAP_MM)).align_x(iced::Center)
        ]
        .spacing(setting.mm(GAP_MM))
        .align_y(Vertical::Center)
        .height(Length::Fixed(setting.mm(keyboard::HEIGHT_MM)));
        let content = column![head, self.page(setting, hint, wrap), foot].spacing(setting.mm(GAP_MM)).padding(margin);
        parts::ground(theme::INK, content)
    }

    fn page<'a, M: Clone + 'a>(
        &'a self,
        setting: &Setting,
        hint: String,
        wrap: impl Fn(Message) -> M + 'a,
    ) -> Element<'a, M> {
        let radius = setting.mm(4.0);
        let outline = setting.mm(0.35);
        let paper = editor(&self.content)
            .id(PAGE)
            .placeholder(hint)
            .on_action(move |action| wrap(Message::Edited(action)))
            .font(theme::VOICE_SMALL)
            .size(setting.scale.body())
            .line_height(theme::LINE_HEIGHT)
            .padding(setting.mm(4.0))
            .height(Length::Fill)
            .style(move |_, _| text_editor::Style {
                background: Background::Color(theme::DEEP_WATER),
                border: Border::default().rounded(radius).color(theme::faded(theme::LAMPLIGHT, 0.45)).width(outline),
                placeholder: theme::faded(theme::SAND, 0.68),
                value: theme::SAND,
                selection: Color::from_rgb8(0x4A, 0x48, 0x6A),
            });
        touch_as_mouse(container(paper).height(Length::Fill))
    }
}

/// A control that fits beside the keyboard.
pub fn side_control<'a, M: Clone + 'a>(setting: &Setting, id: &str, label: String, message: M) -> Element<'a, M> {
    let words = parts::line(label, setting.mm(3.9), theme::CONTROL, theme::LAMPLIGHT).center();
    crate::widget::touch::touchable(id.to_owned(), container(words).center(Length::Fill).padding(setting.mm(1.6)))
        .width(Length::Fixed(setting.mm(23.0)))
        .height(Length::Fill)
        .drift_px(setting.mm(theme::DRIFT_MM))
        .look(parts::control_look(setting, false))
        .says(message)
        .into()
}
