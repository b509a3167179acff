//! Owns the note while it is open: its pages of text and drawings, turning them, and the patient's intentions beside them.
//! Every change is sent to the room at once, so nothing has to be saved. Does not own the text pad or the sketch.

use std::sync::Arc;

use iced::widget::{Space, column, container, row, scrollable, stack};
use iced::{Background, Border, Element, Length};

use super::Action;
use super::write::{self, TextPad, framed, side_control, side_gap};
use crate::room::drawing::{Drawing, NOTE_POINTS_MAX, POINTS_MAX, Tint};
use crate::room::notes::{NotePage, Notes, PatientText};
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::sketch::{StrokeUpdate, sketch};
use crate::widget::touch::{ControlStyle, touchable};
use crate::widget::{ViewContext, parts};

/// Titles of the pages, in turn.
const PROMPTS: [&str; 4] = ["note-prompt-emotions", "note-prompt-memories", "note-prompt-images", "note-prompt-word"];
/// A page is nearly full when this many characters or points are left.
const CHARS_NEARLY_FULL: usize = 60;
const POINTS_NEARLY_FULL: usize = 1_500;
/// Width of the intentions beside a page.
const INTENTIONS_MM: f32 = 60.0;
/// Diameter of a colour within its control.
const SWATCH_MM: f32 = 11.0;

/// The editor of the note.
pub struct NoteEditor {
    page: usize,
    content: PageContent,
    /// Whether the intentions cover the page.
    shows_intentions: bool,
}

enum PageContent {
    Text(TextPad),
    Drawing { drawing: Drawing, tint: Tint },
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
    /// The text pad.
    Pad(write::Message),
    /// Something was drawn.
    Drew(StrokeUpdate),
    /// A colour was chosen.
    TintPressed(Tint),
    /// *Undo* was pressed.
    UndoPressed,
    /// A page was requested, by its index.
    PagePressed(usize),
    /// A page of this kind was requested.
    KindPressed(PageKind),
    /// The intentions were opened or closed.
    IntentionsPressed(bool),
    /// The note is to close, which the screen that opened it handles.
    ClosePressed,
}

impl NoteEditor {
    /// Opens the last page if it is of this kind, and a new one otherwise.
    #[must_use]
    pub fn open(kind: PageKind, snapshot: &Snapshot) -> Self {
        let last = snapshot.notes.pages.len().saturating_sub(1);
        Self::open_page(page_of_kind(last, kind, snapshot), kind, snapshot)
    }

    /// Opens a page: as text or a drawing according to what is on it, or as `kind` if it is blank.
    fn open_page(page: usize, kind: PageKind, snapshot: &Snapshot) -> Self {
        let existing = snapshot.notes.pages.get(page).filter(|existing| !existing.is_blank());
        let content = match (existing, kind) {
            (Some(NotePage::Drawing(drawing)), _) => PageContent::drawing(drawing.clone()),
            (Some(NotePage::Words(text)), _) => PageContent::text(text, snapshot),
            (None, PageKind::Drawing) => PageContent::drawing(Drawing::default()),
            (None, PageKind::Text) => PageContent::text(&PatientText::default(), snapshot),
        };
        Self { page, content, shows_intentions: false }
    }

    /// Focuses the page if it is a page of text.
    #[must_use]
    pub fn focus(&self) -> Action {
        match self.content {
            PageContent::Text(_) if !self.shows_intentions => Action::Focus(write::PAGE),
            PageContent::Text(_) | PageContent::Drawing { .. } => Action::None,
        }
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let page = self.page;
        match (message, &mut self.content) {
            (Message::Pad(message), PageContent::Text(pad)) => {
                if pad.update(message) {
                    Action::Send(Event::NoteWritten { page, text: pad.text() })
                } else {
                    Action::None
                }
            }
            (Message::Drew(update), PageContent::Drawing { drawing, .. }) => {
                if let Some(stroke) = update.finished {
                    drawing.push(stroke);
                }
                let mut with_unfinished = drawing.clone();
                for stroke in update.unfinished {
                    with_unfinished.push(stroke);
                }
                Action::Send(Event::NoteDrawn { page, drawing: with_unfinished })
            }
            (Message::UndoPressed, PageContent::Drawing { drawing, .. }) => {
                if drawing.pop().is_none() {
                    return Action::None;
                }
                Action::Send(Event::NoteDrawn { page, drawing: drawing.clone() })
            }
            (Message::TintPressed(chosen), PageContent::Drawing { tint, .. }) => {
                *tint = chosen;
                Action::None
            }
            (Message::PagePressed(page), _) => self.turn(page, self.content.kind(), snapshot),
            (Message::KindPressed(kind), _) => {
                // The snapshot may not contain this page yet.
                let next = snapshot.notes.pages.len().max(page + 1);
                let page = if self.content.is_blank() { page } else { page_of_kind(next, kind, snapshot) };
                self.turn(page, kind, snapshot)
            }
            (Message::IntentionsPressed(on), _) => {
                self.shows_intentions = on;
                self.focus()
            }
            // A touch on a page that has since been turned.
            (Message::Pad(_), PageContent::Drawing { .. })
            | (Message::Drew(_) | Message::UndoPressed | Message::TintPressed(_), PageContent::Text(_))
            // The screen that opened the note closes it.
            | (Message::ClosePressed, _) => Action::None,
        }
    }

    fn turn(&mut self, page: usize, kind: PageKind, snapshot: &Snapshot) -> Action {
        let tint = self.content.tint();
        *self = Self::open_page(page, kind, snapshot);
        if let (PageContent::Drawing { tint: kept, .. }, Some(tint)) = (&mut self.content, tint) {
            *kept = tint;
        }
        self.focus()
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        if self.shows_intentions {
            return intentions_view(ctx);
        }
        match &self.content {
            PageContent::Text(pad) => self.writing(ctx, pad),
            PageContent::Drawing { drawing, tint } => self.drawing(ctx, drawing, *tint),
        }
    }

    fn writing<'a>(&'a self, ctx: &ViewContext, pad: &'a TextPad) -> Element<'a, Message> {
        let is_blank = pad.text().is_blank();
        let head = match self.fullness(ctx, pad.chars_left(), CHARS_NEARLY_FULL) {
            Some(key) => column![parts::body(ctx, ctx.say(key))],
            None => column![
                parts::title(ctx, ctx.say(PROMPTS[self.page % PROMPTS.len()])),
                parts::body(ctx, ctx.say("note-prompts")),
            ],
        };
        let beside = has_intentions(&ctx.snapshot.notes).then(|| intentions_beside(ctx));
        let controls = self.controls(ctx, is_blank, PageKind::Drawing, "note-draw");
        pad.view(ctx, head.spacing(ctx.mm(1.0)).into(), String::new(), beside, controls, Message::Pad)
    }

    fn drawing<'a>(&'a self, ctx: &ViewContext, drawing: &'a Drawing, tint: Tint) -> Element<'a, Message> {
        let mut head = row![].spacing(ctx.mm(GAP_MM)).align_y(iced::Center);
        for choice in Tint::ALL {
            head = head.push(swatch(ctx, choice, choice == tint));
        }
        if !drawing.is_blank() {
            head = head.push(side_control(ctx, "draw-undo", ctx.say("key-undo"), Message::UndoPressed));
        }
        head = head.push(Space::new().width(Length::Fill));
        if has_intentions(&ctx.snapshot.notes) {
            let label = ctx.say("note-intentions-title");
            head = head.push(side_control(ctx, "look-back", label, Message::IntentionsPressed(true)));
        }
        let points_max = points_max(self.page, &ctx.snapshot.notes);
        let left = points_max.saturating_sub(drawing.point_count());
        let hint = self.fullness(ctx, left.saturating_sub(POINTS_NEARLY_FULL / 10), POINTS_NEARLY_FULL);
        let hint = hint.or(drawing.is_blank().then_some("draw-hint"));
        let hint = hint.map(|key| {
            container(parts::body(ctx, ctx.say(key)).color(theme::faded(theme::SAND, 0.75))).padding(ctx.mm(6.0))
        });
        let page = stack![sketch(ctx, self.page, drawing, tint, points_max, Message::Drew)].push(hint);
        let controls = self.controls(ctx, drawing.is_blank(), PageKind::Text, "note-write");
        framed(ctx, head.into(), page.into(), controls)
    }

    /// The message for a page that is full or nearly full.
    fn fullness(&self, ctx: &ViewContext, left: usize, nearly_full: usize) -> Option<&'static str> {
        let is_last = self.page + 1 >= ctx.snapshot.note_limits.pages_max;
        match left {
            0 if is_last => Some("note-pages-full"),
            0 => Some("note-full"),
            left if left <= nearly_full => Some("note-nearly-full"),
            _ => None,
        }
    }

    /// The controls beside a page, each always at the same height. From the top: previous page, next page, other kind,
    /// close.
    fn controls<'a>(
        &self,
        ctx: &ViewContext,
        is_blank: bool,
        other: PageKind,
        label: &str,
    ) -> Vec<Element<'a, Message>> {
        let pages = ctx.snapshot.notes.pages.len().max(self.page + 1);
        let more = pages < ctx.snapshot.note_limits.pages_max;
        let control = |id: &str, key: &str, message| side_control(ctx, id, ctx.say(key), message);
        let back = (self.page > 0).then(|| control("page-back", "note-page-back", Message::PagePressed(self.page - 1)));
        let on = if self.page + 1 < pages {
            Some(control("page-next", "note-page-next", Message::PagePressed(self.page + 1)))
        } else {
            (!is_blank && more).then(|| control("page-new", "note-new-page", Message::PagePressed(pages)))
        };
        let id = if other == PageKind::Drawing { "draw" } else { "write" };
        let other = (is_blank || more).then(|| control(id, label, Message::KindPressed(other)));
        let mut controls: Vec<Element<'a, Message>> =
            [back, on, other].into_iter().map(|one| one.unwrap_or_else(|| side_gap(ctx))).collect();
        controls.push(control("close", "done", Message::ClosePressed));
        controls
    }
}

impl PageContent {
    fn text(text: &PatientText, snapshot: &Snapshot) -> Self {
        Self::Text(TextPad::with_text(text, snapshot.note_limits.page_chars_max))
    }

    fn drawing(drawing: Drawing) -> Self {
        Self::Drawing { drawing, tint: Tint::default() }
    }

    const fn kind(&self) -> PageKind {
        match self {
            Self::Text(_) => PageKind::Text,
            Self::Drawing { .. } => PageKind::Drawing,
        }
    }

    const fn tint(&self) -> Option<Tint> {
        match self {
            Self::Text(_) => None,
            Self::Drawing { tint, .. } => Some(*tint),
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(pad) => pad.text().is_blank(),
            Self::Drawing { drawing, .. } => drawing.is_blank(),
        }
    }
}

/// This page if it is blank or of this kind, otherwise a new one. If no new one is allowed, the last.
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

/// Maximum number of points on a page, given what is drawn on the others.
fn points_max(page: usize, notes: &Arc<Notes>) -> usize {
    let others = notes.pages.iter().enumerate().filter(|(index, _)| *index != page);
    let drawn: usize = others.filter_map(|(_, page)| page.drawing()).map(Drawing::point_count).sum();
    POINTS_MAX.min(NOTE_POINTS_MAX.saturating_sub(drawn))
}

fn has_intentions(notes: &Notes) -> bool {
    notes.intentions.iter().any(|answer| !answer.is_blank())
}

fn swatch<'a>(ctx: &ViewContext, tint: Tint, is_chosen: bool) -> Element<'a, Message> {
    let side = ctx.mm(SWATCH_MM);
    let colour = container(Space::new().width(side).height(side)).style(move |_| container::Style {
        background: Some(Background::Color(theme::tint(tint))),
        border: Border::default().rounded(side / 2.0),
        ..container::Style::default()
    });
    let style = ControlStyle {
        border: theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY),
        ..parts::control_style(ctx, false)
    };
    let style = if is_chosen { parts::control_style(ctx, true) } else { style };
    touchable(format!("tint-{}", tint.name()), container(colour).center(Length::Fill))
        .width(Length::Fixed(ctx.mm(TARGET_MM)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(style)
        .on_press(Message::TintPressed(tint))
        .into()
}

/// As many of the intentions as fit beside a page. A touch shows all of them.
fn intentions_beside<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let label = ctx.say("note-intentions-title");
    let mut words = column![parts::text_line(label, ctx.mm(3.9), theme::CONTROL, theme::LAMPLIGHT)];
    for answer in ctx.snapshot.notes.intentions.iter().filter(|answer| !answer.is_blank()) {
        words = words.push(parts::body(ctx, answer.reveal().to_owned()));
    }
    let style = ControlStyle { background: theme::INK, ..parts::control_style(ctx, false) };
    let inner = container(words.spacing(ctx.mm(1.0)).width(Length::Fill)).height(Length::Fill).clip(true);
    touchable("look-back", container(inner).padding(ctx.mm(4.0)).height(Length::Fill))
        .width(Length::Fixed(ctx.mm(INTENTIONS_MM)))
        .height(Length::Fill)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(ControlStyle {
            border: theme::faded(theme::LAMPLIGHT, theme::BORDER_OPACITY),
            radius_px: ctx.mm(4.0),
            ..style
        })
        .on_press(Message::IntentionsPressed(true))
        .into()
}

fn intentions_view<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let mut asked = column![].spacing(ctx.mm(5.0)).width(Length::Fill);
    for (index, answer) in ctx.snapshot.notes.intentions.iter().enumerate() {
        let question = ctx.say(&format!("arrive-question-{}", index + 1));
        let question = parts::text_line(question, ctx.scale.body(), theme::VOICE, theme::LAMPLIGHT);
        let answer = if answer.is_blank() { ctx.say("note-empty-intention") } else { answer.reveal().to_owned() };
        asked = asked.push(column![question, parts::body(ctx, answer)].spacing(ctx.mm(1.0)));
    }
    let head = parts::title(ctx, ctx.say("note-intentions-title"));
    let read = container(scrollable(asked).spacing(ctx.mm(3.0))).padding(ctx.mm(6.0)).height(Length::Fill);
    let radius = ctx.mm(4.0);
    let paper = read.width(Length::Fill).style(move |_| container::Style {
        background: Some(Background::Color(theme::DEEP_WATER)),
        border: Border::default().rounded(radius),
        ..container::Style::default()
    });
    let back = side_control(ctx, "look-back-close", ctx.say("back"), Message::IntentionsPressed(false));
    framed(ctx, head.into(), paper.into(), vec![back])
}
