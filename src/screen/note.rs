//! Owns the note while it is open: its pages of words and of drawing, the way from one to the other, and what was written
//! before, beside them. Nothing here has to be saved by hand, and nothing is required. Does not own the pad or the page
//! to draw on.

use std::sync::Arc;

use iced::widget::{Space, column, container, row, scrollable, stack};
use iced::{Background, Border, Element, Length};

use super::Action;
use super::write::{self, Pad, framed, side_control, side_gap};
use crate::room::drawing::{Drawing, NOTE_POINTS_MAX, POINTS_MAX, Tint};
use crate::room::notes::{Notes, Page, PatientText};
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::sketch::{self, sketch};
use crate::widget::touch::{ControlStyle, touchable};
use crate::widget::{ViewContext, parts};

const PROMPTS: [&str; 4] = ["note-prompt-emotions", "note-prompt-memories", "note-prompt-images", "note-prompt-word"];
/// Told when so few characters are left on a page, or so few points.
const CHARS_NEARLY_FULL: usize = 60;
const POINTS_NEARLY_FULL: usize = 1_500;
/// What was written before, beside the page.
const BESIDE_MM: f32 = 60.0;
/// A colour to choose, within its control.
const SWATCH_MM: f32 = 11.0;

/// The note while it is open.
pub struct Note {
    page: usize,
    sheet: Sheet,
    looking_back: bool,
}

enum Sheet {
    Words(Pad),
    Drawn { drawing: Drawing, tint: Tint },
}

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To write on.
    Words,
    /// To draw on.
    Drawing,
}

/// What happened to the note.
#[derive(Clone, Debug)]
pub enum Message {
    /// The pad was used.
    Wrote(write::Message),
    /// Something was drawn.
    Drew(sketch::Drawn),
    /// A colour was chosen.
    TintPressed(Tint),
    /// The last line drawn is to go.
    UndoPressed,
    /// Another page was asked for.
    PagePressed(usize),
    /// A page of that kind was asked for.
    KindPressed(Kind),
    /// What was written before was asked for, or has been read.
    LookBackPressed(bool),
    /// The note is to close.
    ClosePressed,
}

impl Note {
    /// The note, open where it was left if that page is of this kind, or else at a fresh one.
    #[must_use]
    pub fn open(kind: Kind, snapshot: &Snapshot) -> Self {
        let last = snapshot.notes.pages.len().saturating_sub(1);
        Self::at(fresh_or(last, kind, snapshot), kind, snapshot)
    }

    /// The note at a page: as what it is, or as `kind` where nothing is on it.
    fn at(page: usize, kind: Kind, snapshot: &Snapshot) -> Self {
        let there = snapshot.notes.pages.get(page).filter(|there| !there.is_blank());
        let sheet = match (there, kind) {
            (Some(Page::Drawing(drawing)), _) => Sheet::drawn(drawing.clone()),
            (Some(Page::Words(text)), _) => Sheet::words(text, snapshot),
            (None, Kind::Drawing) => Sheet::drawn(Drawing::default()),
            (None, Kind::Words) => Sheet::words(&PatientText::default(), snapshot),
        };
        Self { page, sheet, looking_back: false }
    }

    /// What wants the keyboard, if this page does.
    #[must_use]
    pub fn focus(&self) -> Action {
        match self.sheet {
            Sheet::Words(_) if !self.looking_back => Action::Focus(write::PAGE),
            Sheet::Words(_) | Sheet::Drawn { .. } => Action::None,
        }
    }

    /// Takes in what happened. Closing is for whoever opened it.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let page = self.page;
        match (message, &mut self.sheet) {
            (Message::Wrote(message), Sheet::Words(pad)) => {
                if pad.update(message) {
                    Action::Send(Event::NoteWritten { page, text: pad.text() })
                } else {
                    Action::None
                }
            }
            (Message::Drew(drawn), Sheet::Drawn { drawing, .. }) => {
                if let Some(stroke) = drawn.finished {
                    drawing.add(stroke);
                }
                let mut told = drawing.clone();
                for stroke in drawn.underway {
                    told.add(stroke);
                }
                Action::Send(Event::NoteDrawn { page, drawing: told })
            }
            (Message::UndoPressed, Sheet::Drawn { drawing, .. }) => {
                if drawing.take_last().is_none() {
                    return Action::None;
                }
                Action::Send(Event::NoteDrawn { page, drawing: drawing.clone() })
            }
            (Message::TintPressed(chosen), Sheet::Drawn { tint, .. }) => {
                *tint = chosen;
                Action::None
            }
            (Message::PagePressed(page), _) => self.turn(page, self.sheet.kind(), snapshot),
            (Message::KindPressed(kind), _) => {
                // The room may not have told yet that this page is there.
                let behind = snapshot.notes.pages.len().max(page + 1);
                let page = if self.sheet.is_blank() { page } else { fresh_or(behind, kind, snapshot) };
                self.turn(page, kind, snapshot)
            }
            (Message::LookBackPressed(on), _) => {
                self.looking_back = on;
                self.focus()
            }
            // A touch on a page that has been turned in the meantime.
            (Message::Wrote(_), Sheet::Drawn { .. })
            | (Message::Drew(_) | Message::UndoPressed | Message::TintPressed(_), Sheet::Words(_))
            // Whoever opened the note closes it.
            | (Message::ClosePressed, _) => Action::None,
        }
    }

    fn turn(&mut self, page: usize, kind: Kind, snapshot: &Snapshot) -> Action {
        let tint = self.sheet.tint();
        *self = Self::at(page, kind, snapshot);
        if let (Sheet::Drawn { tint: kept, .. }, Some(tint)) = (&mut self.sheet, tint) {
            *kept = tint;
        }
        self.focus()
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        if self.looking_back {
            return looking_back(ctx);
        }
        match &self.sheet {
            Sheet::Words(pad) => self.writing(ctx, pad),
            Sheet::Drawn { drawing, tint } => self.drawing(ctx, drawing, *tint),
        }
    }

    fn writing<'a>(&'a self, ctx: &ViewContext, pad: &'a Pad) -> Element<'a, Message> {
        let is_blank = pad.text().is_blank();
        let head = match self.fullness(ctx, pad.chars_left(), CHARS_NEARLY_FULL) {
            Some(told) => column![parts::body(ctx, ctx.say(told))],
            None => column![
                parts::title(ctx, ctx.say(PROMPTS[self.page % PROMPTS.len()])),
                parts::body(ctx, ctx.say("note-prompts")),
            ],
        };
        let beside = has_intentions(&ctx.snapshot.notes).then(|| beside(ctx));
        let controls = self.controls(ctx, is_blank, Kind::Drawing, "note-draw");
        pad.view(ctx, head.spacing(ctx.mm(1.0)).into(), String::new(), beside, controls, Message::Wrote)
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
            head = head.push(side_control(ctx, "look-back", label, Message::LookBackPressed(true)));
        }
        let points_max = points_max(self.page, &ctx.snapshot.notes);
        let left = points_max.saturating_sub(drawing.points());
        let told = self.fullness(ctx, left.saturating_sub(POINTS_NEARLY_FULL / 10), POINTS_NEARLY_FULL);
        let told = told.or(drawing.is_blank().then_some("draw-hint"));
        let told = told.map(|told| {
            container(parts::body(ctx, ctx.say(told)).color(theme::faded(theme::SAND, 0.75))).padding(ctx.mm(6.0))
        });
        let page = stack![sketch(ctx, self.page, drawing, tint, points_max, Message::Drew)].push(told);
        let controls = self.controls(ctx, drawing.is_blank(), Kind::Words, "note-write");
        framed(ctx, head.into(), page.into(), controls)
    }

    /// A page that is full, or nearly so, says it in time.
    fn fullness(&self, ctx: &ViewContext, left: usize, nearly: usize) -> Option<&'static str> {
        let last = self.page + 1 >= ctx.snapshot.note_limits.pages_max;
        match left {
            0 if last => Some("note-pages-full"),
            0 => Some("note-full"),
            left if left <= nearly => Some("note-nearly-full"),
            _ => None,
        }
    }

    /// Each has a place of its own, from the top: the page before, the page after, the other kind of page, the end.
    fn controls<'a>(&self, ctx: &ViewContext, is_blank: bool, other: Kind, label: &str) -> Vec<Element<'a, Message>> {
        let pages = ctx.snapshot.notes.pages.len().max(self.page + 1);
        let more = pages < ctx.snapshot.note_limits.pages_max;
        let control = |id: &str, key: &str, message| side_control(ctx, id, ctx.say(key), message);
        let back = (self.page > 0).then(|| control("page-back", "note-page-back", Message::PagePressed(self.page - 1)));
        let on = if self.page + 1 < pages {
            Some(control("page-next", "note-page-next", Message::PagePressed(self.page + 1)))
        } else {
            (!is_blank && more).then(|| control("page-new", "note-new-page", Message::PagePressed(pages)))
        };
        let id = if other == Kind::Drawing { "draw" } else { "write" };
        let other = (is_blank || more).then(|| control(id, label, Message::KindPressed(other)));
        let mut controls: Vec<Element<'a, Message>> =
            [back, on, other].into_iter().map(|one| one.unwrap_or_else(|| side_gap(ctx))).collect();
        controls.push(control("close", "done", Message::ClosePressed));
        controls
    }
}

impl Sheet {
    fn words(text: &PatientText, snapshot: &Snapshot) -> Self {
        Self::Words(Pad::with_text(text, snapshot.note_limits.page_chars_max))
    }

    fn drawn(drawing: Drawing) -> Self {
        Self::Drawn { drawing, tint: Tint::default() }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Words(_) => Kind::Words,
            Self::Drawn { .. } => Kind::Drawing,
        }
    }

    const fn tint(&self) -> Option<Tint> {
        match self {
            Self::Words(_) => None,
            Self::Drawn { tint, .. } => Some(*tint),
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Words(pad) => pad.text().is_blank(),
            Self::Drawn { drawing, .. } => drawing.is_blank(),
        }
    }
}

/// That page if it is of this kind or blank; or else a fresh one, as long as there is any.
fn fresh_or(page: usize, kind: Kind, snapshot: &Snapshot) -> usize {
    let pages = &snapshot.notes.pages;
    let suits = match pages.get(page) {
        None => true,
        Some(there) => there.is_blank() || there.drawing().is_some() == (kind == Kind::Drawing),
    };
    if suits && page < snapshot.note_limits.pages_max {
        page
    } else {
        pages.len().min(snapshot.note_limits.pages_max.saturating_sub(1))
    }
}

/// How many points a page may have, with what is drawn on all others.
fn points_max(page: usize, notes: &Arc<Notes>) -> usize {
    let others = notes.pages.iter().enumerate().filter(|(index, _)| *index != page);
    let drawn: usize = others.filter_map(|(_, page)| page.drawing()).map(Drawing::points).sum();
    POINTS_MAX.min(NOTE_POINTS_MAX.saturating_sub(drawn))
}

fn has_intentions(notes: &Notes) -> bool {
    notes.intentions.iter().any(|answer| !answer.is_blank())
}

fn swatch<'a>(ctx: &ViewContext, tint: Tint, chosen: bool) -> Element<'a, Message> {
    let side = ctx.mm(SWATCH_MM);
    let colour = container(Space::new().width(side).height(side)).style(move |_| container::Style {
        background: Some(Background::Color(theme::tint(tint))),
        border: Border::default().rounded(side / 2.0),
        ..container::Style::default()
    });
    let style =
        ControlStyle { border: theme::faded(theme::LAMPLIGHT, theme::OUTLINE), ..parts::control_style(ctx, false) };
    let style = if chosen { parts::control_style(ctx, true) } else { style };
    touchable(format!("tint-{}", tint.name()), container(colour).center(Length::Fill))
        .width(Length::Fixed(ctx.mm(TARGET_MM)))
        .height(Length::Fixed(ctx.mm(TARGET_MM)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(style)
        .on_press(Message::TintPressed(tint))
        .into()
}

/// What was written before, as far as it fits beside the page; a touch shows all of it.
fn beside<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let label = ctx.say("note-intentions-title");
    let mut words = column![parts::line(label, ctx.mm(3.9), theme::CONTROL, theme::LAMPLIGHT)];
    for answer in ctx.snapshot.notes.intentions.iter().filter(|answer| !answer.is_blank()) {
        words = words.push(parts::body(ctx, answer.reveal().to_owned()));
    }
    let style = ControlStyle { background: theme::INK, ..parts::control_style(ctx, false) };
    let inner = container(words.spacing(ctx.mm(1.0)).width(Length::Fill)).height(Length::Fill).clip(true);
    touchable("look-back", container(inner).padding(ctx.mm(4.0)).height(Length::Fill))
        .width(Length::Fixed(ctx.mm(BESIDE_MM)))
        .height(Length::Fill)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(ControlStyle { border: theme::faded(theme::LAMPLIGHT, theme::OUTLINE), radius_px: ctx.mm(4.0), ..style })
        .on_press(Message::LookBackPressed(true))
        .into()
}

fn looking_back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let mut asked = column![].spacing(ctx.mm(5.0)).width(Length::Fill);
    for (index, answer) in ctx.snapshot.notes.intentions.iter().enumerate() {
        let question = ctx.say(&format!("arrive-question-{}", index + 1));
        let question = parts::line(question, ctx.scale.body(), theme::VOICE_SMALL, theme::LAMPLIGHT);
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
    let back = side_control(ctx, "look-back-close", ctx.say("back"), Message::LookBackPressed(false));
    framed(ctx, head.into(), paper.into(), vec![back])
}
