//! Owns the open note: its pages of text and drawings, turning the pages, words for feelings, and a view of what the
//! patient wrote and drew on arrival. Every change is sent to the room at once, so nothing has to be saved. Does not
//! own the pads.

use std::sync::Arc;

use iced::widget::{column, container, scrollable};
use iced::{Background, Border, Element, Length};

use super::Action;
use super::draw::{self, DrawPad};
use super::write::{self, MARGIN_MM, PageFrame, TextPad, side_control, side_gap};
use crate::room::drawing::{Drawing, NOTE_POINTS_MAX, PAGE_HEIGHT, PAGE_WIDTH, POINTS_MAX};
use crate::room::notes::{Answer, NotePage, Notes, PatientText};
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::icon::Icon;
use crate::widget::page::PageGeometry;
use crate::widget::sketch::shown_drawing;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts};

/// Keys of the titles of text pages. After the last one, they repeat.
const PROMPTS: [&str; 4] = ["note-prompt-emotions", "note-prompt-memories", "note-prompt-images", "note-prompt-word"];
/// A page of text counts as nearly full when it can take at most this many more characters.
const CHARS_NEARLY_FULL: usize = 60;
/// A drawing counts as nearly full when it can take at most about this many more points, and as full when it can take
/// at most a tenth of this number.
const POINTS_NEARLY_FULL: usize = 1_500;
/// Number of words for feelings that are offered.
const FEELINGS: usize = 12;
/// Minimum width of a button with a word for a feeling, in millimetres.
const FEELING_MM: f32 = 24.5;
/// Maximum number of buttons with words for feelings in a row.
const FEELINGS_ACROSS_MAX: usize = 6;
/// Maximum width of a drawing that answers a question of Arrive, in millimetres.
const DRAWN_ANSWER_MM: f32 = 76.0;

/// The editor of the note, with one page open.
pub struct NoteEditor {
    page: usize,
    content: PageContent,
    shown: Shown,
}

enum PageContent {
    Text(TextPad),
    Drawing(DrawPad),
}

/// What is shown below a page of text, or instead of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Nothing below the page. Used only on a small display, which has no space for the page, its tabs and a keyboard
    /// at once.
    Page,
    /// The keyboard.
    Keys,
    /// The words for feelings.
    Feelings,
    /// What the patient wrote and drew on arrival, instead of the page.
    Before,
}

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Text.
    Text,
    /// A drawing.
    Drawing,
}

/// What happened in the editor.
#[derive(Clone, Debug)]
pub enum Message {
    /// Something happened on the text pad.
    Pad(write::Message),
    /// Something happened on the drawing pad.
    Draw(draw::Message),
    /// The page with this index was requested. An index one past the last page requests a new page.
    PagePressed(usize),
    /// A page of this kind was requested. The open page is used if it is blank.
    KindPressed(PageKind),
    /// The keyboard was requested.
    KeysPressed,
    /// The words for feelings were requested.
    FeelingsPressed,
    /// This word for a feeling was touched, which adds it to the text or removes it.
    FeelingPressed(PatientText),
    /// The keyboard or the words for feelings were closed to show the whole page.
    PageShown,
    /// The view of what the patient wrote and drew on arrival was requested.
    BeforePressed,
    /// *Done* was pressed. The screen that opened the note closes it.
    ClosePressed,
}

impl NoteEditor {
    /// Opens the last page if it is blank or of this kind, and otherwise a new page.
    #[must_use]
    pub fn open(kind: PageKind, snapshot: &Snapshot) -> Self {
        let last = snapshot.notes.pages.len().saturating_sub(1);
        Self::open_page(page_of_kind(last, kind, snapshot), kind, snapshot)
    }

    /// Opens a page. A blank page is opened as `kind`; any other page keeps its own kind.
    fn open_page(page: usize, kind: PageKind, snapshot: &Snapshot) -> Self {
        let existing = snapshot.notes.pages.get(page).filter(|existing| !existing.is_blank());
        let content = match (existing, kind) {
            (Some(NotePage::Drawing(drawing)), _) => PageContent::Drawing(DrawPad::with_drawing(drawing.clone())),
            (Some(NotePage::Words(text)), _) => PageContent::text(text, snapshot),
            (None, PageKind::Drawing) => PageContent::Drawing(DrawPad::default()),
            (None, PageKind::Text) => PageContent::text(&PatientText::default(), snapshot),
        };
        Self { page, content, shown: Shown::Keys }
    }

    /// Returns the action that focuses the text editor, if the keyboard is shown.
    #[must_use]
    pub fn focus(&self) -> Action {
        match (&self.content, self.shown) {
            (PageContent::Text(_), Shown::Keys) => Action::Focus(write::PAGE),
            (PageContent::Text(_), Shown::Page | Shown::Feelings | Shown::Before) | (PageContent::Drawing(_), _) => {
                Action::None
            }
        }
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let page = self.page;
        match (message, &mut self.content) {
            (Message::Pad(message), PageContent::Text(pad)) => {
                // Touching the text brings back the keyboard.
                self.shown = Shown::Keys;
                if pad.update(message) {
                    Action::Send(Event::NoteWritten { page, text: pad.text() })
                } else {
                    Action::None
                }
            }
            (Message::FeelingPressed(word), PageContent::Text(pad)) => {
                if pad.toggle_word(word.reveal()) {
                    Action::Send(Event::NoteWritten { page, text: pad.text() })
                } else {
                    Action::None
                }
            }
            (Message::Draw(message), PageContent::Drawing(pad)) => match pad.update(message) {
                Some(drawing) => Action::Send(Event::NoteDrawn { page, drawing }),
                None => Action::None,
            },
            (Message::PagePressed(page), _) => self.turn(page, self.content.kind(), snapshot),
            (Message::KindPressed(kind), content) if kind == content.kind() => self.show(Shown::Keys),
            (Message::KindPressed(kind), _) => {
                // If the room has not stored the open page yet, the snapshot does not contain it.
                let next = snapshot.notes.pages.len().max(page + 1);
                let page = if self.content.is_blank() { page } else { page_of_kind(next, kind, snapshot) };
                self.turn(page, kind, snapshot)
            }
            (Message::KeysPressed, _) => self.show(Shown::Keys),
            (Message::FeelingsPressed, _) => self.show(Shown::Feelings),
            (Message::PageShown, _) => self.show(Shown::Page),
            (Message::BeforePressed, _) => self.show(Shown::Before),
            // The touch was meant for a page that has since been turned.
            (Message::Pad(_) | Message::FeelingPressed(_), PageContent::Drawing(_))
            | (Message::Draw(_), PageContent::Text(_))
            // The screen that opened the note closes it.
            | (Message::ClosePressed, _) => Action::None,
        }
    }

    fn show(&mut self, shown: Shown) -> Action {
        self.shown = shown;
        self.focus()
    }

    fn turn(&mut self, page: usize, kind: PageKind, snapshot: &Snapshot) -> Action {
        let turned = Self::open_page(page, kind, snapshot);
        let before = std::mem::replace(self, turned);
        if let (PageContent::Drawing(pad), PageContent::Drawing(before)) = (&mut self.content, &before.content) {
            *pad = std::mem::take(pad).with_tools_of(before);
        }
        self.focus()
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        if self.shown == Shown::Before {
            return self.before(ctx);
        }
        match &self.content {
            PageContent::Text(pad) => self.writing(ctx, pad),
            PageContent::Drawing(pad) => self.drawing(ctx, pad),
        }
    }

    fn writing<'a>(&'a self, ctx: &ViewContext, pad: &'a TextPad) -> Element<'a, Message> {
        let is_small = PageGeometry::of(ctx).is_small();
        let shown = if self.shown == Shown::Page && !is_small { Shown::Keys } else { self.shown };
        let below = match shown {
            Shown::Page | Shown::Before => None,
            Shown::Keys => Some(pad.keyboard(ctx, Message::Pad)),
            Shown::Feelings => Some(feelings(ctx, pad)),
        };
        let controls = if is_small && below.is_some() {
            vec![side_control(ctx, "page-show", ctx.say("done"), Message::PageShown)]
        } else {
            let [back, on] = self.page_controls(ctx);
            let gap = || side_gap(ctx);
            vec![back.unwrap_or_else(gap), on.unwrap_or_else(gap), close(ctx)]
        };
        let prompt = ctx.say(PROMPTS[self.page % PROMPTS.len()]);
        // A landscape screen has no space for the prompt beside the call, so an empty page begins with it.
        let hint = ctx.say("note-prompts");
        let hint = if PageGeometry::of(ctx).is_portrait() { hint } else { format!("{prompt}\n{hint}") };
        let page = column![pad.page(ctx, hint, Message::Pad)]
            .push(self.fullness(ctx, pad.chars_left(), CHARS_NEARLY_FULL).map(|key| parts::body(ctx, ctx.say(key))))
            .spacing(ctx.mm(1.0));
        let head = parts::body(ctx, prompt);
        let tabs = self.tabs(ctx, shown);
        PageFrame { head: head.into(), tabs, page: page.into(), below, controls }.view(ctx)
    }

    fn drawing<'a>(&'a self, ctx: &ViewContext, pad: &'a DrawPad) -> Element<'a, Message> {
        let points_max = points_max(self.page, &ctx.snapshot.notes);
        let left = points_max.saturating_sub(pad.point_count());
        let hint = self.fullness(ctx, left.saturating_sub(POINTS_NEARLY_FULL / 10), POINTS_NEARLY_FULL);
        let hint = hint.or(pad.is_blank().then_some("draw-hint")).map(|key| ctx.say(key));
        let can_write = pad.is_blank() || self.can_have_more_pages(ctx);
        let write = || side_control(ctx, "write", ctx.say("note-write"), Message::KindPressed(PageKind::Text));
        // Only four controls fit beside the drawing. What the patient wrote on arrival, and another page of text, are
        // one touch further away, on a page of text.
        let [back, on] = self.page_controls(ctx);
        let ways = vec![back.or_else(|| can_write.then(write)), Some(close(ctx))];
        pad.view(ctx, self.page, points_max, hint, on, ways, Message::Draw)
    }

    /// What the patient wrote and drew on arrival, shown in place of the page.
    fn before<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let mut asked = column![].spacing(ctx.mm(6.0)).width(Length::Fill);
        for (index, answer) in ctx.snapshot.notes.intentions.iter().enumerate() {
            let question = ctx.say(&format!("arrive-question-{}-title", index + 1));
            let question = parts::text_line(question, ctx.scale.body(), theme::VOICE, theme::LAMPLIGHT);
            asked = asked.push(column![question].extend(shown_answer(ctx, answer)).spacing(ctx.mm(1.5)));
        }
        let read = container(scrollable(asked).spacing(ctx.mm(3.0)).height(Length::Fill)).padding(ctx.mm(6.0));
        let radius = ctx.mm(4.0);
        let paper = read.width(Length::Fill).height(Length::Fill).style(move |_| container::Style {
            background: Some(Background::Color(theme::PAPER)),
            border: Border::default().rounded(radius),
            ..container::Style::default()
        });
        let head = parts::body(ctx, ctx.say("note-intentions-title"));
        let (tabs, controls) = (self.tabs(ctx, Shown::Before), vec![close(ctx)]);
        PageFrame { head: head.into(), tabs, page: paper.into(), below: None, controls }.view(ctx)
    }

    /// The tabs, each of which chooses something to do with the page. The tab of what is shown now is lit.
    fn tabs<'a>(&self, ctx: &ViewContext, shown: Shown) -> Vec<Element<'a, Message>> {
        let is_text = self.content.kind() == PageKind::Text;
        let can_turn = self.content.is_blank() || self.can_have_more_pages(ctx);
        let mut tabs = Vec::new();
        if is_text || can_turn {
            let is_on = is_text && matches!(shown, Shown::Keys | Shown::Page);
            let message = if is_text { Message::KeysPressed } else { Message::KindPressed(PageKind::Text) };
            tabs.push(write::tab(ctx, "write", Icon::Pen, ctx.say("note-write"), is_on, message));
        }
        if is_text {
            let is_on = shown == Shown::Feelings;
            let label = ctx.say("note-feelings");
            tabs.push(write::tab(ctx, "feelings", Icon::Heart, label, is_on, Message::FeelingsPressed));
        }
        if !is_text || can_turn {
            let message = Message::KindPressed(PageKind::Drawing);
            tabs.push(write::tab(ctx, "draw", Icon::Brush, ctx.say("note-draw"), false, message));
        }
        if has_intentions(&ctx.snapshot.notes) {
            let is_on = shown == Shown::Before;
            tabs.push(write::tab(ctx, "before", Icon::Clock, ctx.say("note-before"), is_on, Message::BeforePressed));
        }
        tabs
    }

    /// Key of the words that say that a page is full or nearly full. `None` if it is neither. `left` is the number of
    /// characters or points left.
    fn fullness(&self, ctx: &ViewContext, left: usize, nearly_full: usize) -> Option<&'static str> {
        let is_last = self.page + 1 >= ctx.snapshot.note_limits.pages_max;
        match left {
            0 if is_last => Some("note-pages-full"),
            0 => Some("note-full"),
            left if left <= nearly_full => Some("note-nearly-full"),
            _ => None,
        }
    }

    fn page_count(&self, ctx: &ViewContext) -> usize {
        ctx.snapshot.notes.pages.len().max(self.page + 1)
    }

    fn can_have_more_pages(&self, ctx: &ViewContext) -> bool {
        self.page_count(ctx) < ctx.snapshot.note_limits.pages_max
    }

    /// The controls for the previous page and for the next one. On the last page, the second control adds a page.
    fn page_controls<'a>(&self, ctx: &ViewContext) -> [Option<Element<'a, Message>>; 2] {
        let pages = self.page_count(ctx);
        let control = |id: &str, key: &str, page| side_control(ctx, id, ctx.say(key), Message::PagePressed(page));
        let back = (self.page > 0).then(|| control("page-back", "note-page-back", self.page - 1));
        let on = if self.page + 1 < pages {
            Some(control("page-next", "note-page-next", self.page + 1))
        } else {
            (!self.content.is_blank() && self.can_have_more_pages(ctx))
                .then(|| control("page-new", "note-new-page", pages))
        };
        [back, on]
    }
}

impl PageContent {
    fn text(text: &PatientText, snapshot: &Snapshot) -> Self {
        Self::Text(TextPad::with_text(text, snapshot.note_limits.page_chars_max))
    }

    const fn kind(&self) -> PageKind {
        match self {
            Self::Text(_) => PageKind::Text,
            Self::Drawing(_) => PageKind::Drawing,
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(pad) => pad.text().is_blank(),
            Self::Drawing(pad) => pad.is_blank(),
        }
    }
}

fn close<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    side_control(ctx, "close", ctx.say("done"), Message::ClosePressed)
}

/// Returns `page` if that page is blank or of this kind, and otherwise the index of a new page. If no more pages are
/// allowed, returns the index of the last page.
fn page_of_kind(page: usize, kind: PageKind, snapshot: &Snapshot) -> usize {
    let pages = &snapshot.notes.pages;
    let suits = match pages.get(page) {
        None => true,
        Some(existing) => existing.is_blank() || existing.drawing().is_some() == (kind == PageKind::Drawing),
    };
    if suits && page < snapshot.note_limits.pages_max {
        page
    } else {
        pages.len().min(snapshot.note_limits.pages_max.saturating_sub(1))
    }
}

/// Maximum number of points that this page can have, given the points of the drawings on the other pages.
fn points_max(page: usize, notes: &Arc<Notes>) -> usize {
    let others = notes.pages.iter().enumerate().filter(|(index, _)| *index != page);
    let drawn: usize = others.filter_map(|(_, page)| page.drawing()).map(Drawing::point_count).sum();
    POINTS_MAX.min(NOTE_POINTS_MAX.saturating_sub(drawn))
}

fn has_intentions(notes: &Notes) -> bool {
    notes.intentions.iter().any(|answer| !answer.is_blank())
}

/// Buttons with words for feelings. A touch adds the word to the page, and another touch removes it.
fn feelings<'a>(ctx: &ViewContext, pad: &TextPad) -> Element<'a, Message> {
    let (width_mm, _) = write::room_below_page_mm(PageGeometry::of(ctx));
    let columns = (((width_mm + GAP_MM) / (FEELING_MM + GAP_MM)) as usize).clamp(2, FEELINGS_ACROSS_MAX);
    let words = (1..=FEELINGS).map(|number| {
        let word = ctx.say(&format!("feeling-{number}"));
        let label = parts::text_line(word.clone(), ctx.mm(4.8), theme::VOICE, theme::SAND);
        touchable(format!("feeling-{number}"), container(label).center(Length::Fill))
            .width(Length::Fill)
            .height(Length::Fill)
            .slop_px(ctx.mm(TOUCH_SLOP_MM))
            .style(parts::control_style(ctx, pad.has_word(&word)))
            .on_press(Message::FeelingPressed(PatientText::new(word)))
            .into()
    });
    let grid = parts::control_grid(ctx, words.collect(), columns, width_mm, TARGET_MM);
    container(grid).center_x(Length::Fill).into()
}

fn shown_answer<'a>(ctx: &ViewContext, answer: &Answer) -> Vec<Element<'a, Message>> {
    if answer.is_blank() {
        let left_open = parts::body(ctx, ctx.say("note-empty-intention"));
        return vec![left_open.color(theme::faded(theme::SAND, 0.8)).into()];
    }
    let mut shown: Vec<Element<'a, Message>> = Vec::new();
    if !answer.text.is_blank() {
        shown.push(parts::body(ctx, answer.text.reveal().to_owned()).into());
    }
    if !answer.drawing.is_blank() {
        let width_mm = (PageGeometry::of(ctx).width_mm - 4.0 * MARGIN_MM - 2.0 * GAP_MM).min(DRAWN_ANSWER_MM);
        let height_mm = width_mm * f32::from(PAGE_HEIGHT) / f32::from(PAGE_WIDTH);
        let drawn = shown_drawing(answer.drawing.clone(), theme::tint);
        shown.push(container(drawn).width(ctx.mm(width_mm)).height(ctx.mm(height_mm)).into());
    }
    shown
}
