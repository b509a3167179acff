//! Owns the note while it is open: its pages of words and of drawing, the way from one to the other, and what was written
//! before, beside them. Nothing here has to be saved by hand, and nothing is required. Does not own the pad or the page
//! to draw on.

use std::sync::Arc;

use iced::widget::{Space, column, container, row, scrollable, stack};
use iced::{Background, Border, Element, Length};

use super::write::{self, Pad, framed, side_control, side_gap};
use super::{Action, Setting};
use crate::room::drawing::{Drawing, NOTE_POINTS_MAX, POINTS_MAX, Tint};
use crate::room::notes::{Notes, Page, PatientText};
use crate::room::{Event, Snapshot};
use crate::theme::{self, DRIFT_MM, GAP_MM, TARGET_MM};
use crate::widget::parts;
use crate::widget::sketch::{self, sketch};
use crate::widget::touch::{Look, touchable};

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
                    Action::Tell(Event::NoteWritten { page, text: pad.text() })
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
                Action::Tell(Event::NoteDrawn { page, drawing: told })
            }
            (Message::UndoPressed, Sheet::Drawn { drawing, .. }) => {
                if drawing.take_last().is_none() {
                    return Action::None;
                }
                Action::Tell(Event::NoteDrawn { page, drawing: drawing.clone() })
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
            _ => Action::None,
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
    pub fn view<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        if self.looking_back {
            return looking_back(setting);
        }
        match &self.sheet {
            Sheet::Words(pad) => self.writing(setting, pad),
            Sheet::Drawn { drawing, tint } => self.drawing(setting, drawing, *tint),
        }
    }

    fn writing<'a>(&'a self, setting: &Setting, pad: &'a Pad) -> Element<'a, Message> {
        let is_blank = pad.text().is_blank();
        let head = match self.fullness(setting, pad.chars_left(), CHARS_NEARLY_FULL) {
            Some(told) => column![parts::body(setting, setting.say(told))],
            None => column![
                parts::title(setting, setting.say(PROMPTS[self.page % PROMPTS.len()])),
                parts::body(setting, setting.say("note-prompts")),
            ],
        };
        let beside = has_intentions(&setting.snapshot.notes).then(|| beside(setting));
        let controls = self.controls(setting, is_blank, Kind::Drawing, "note-draw");
        pad.view(setting, head.spacing(setting.mm(1.0)).into(), String::new(), beside, controls, Message::Wrote)
    }

    fn drawing<'a>(&'a self, setting: &Setting, drawing: &'a Drawing, tint: Tint) -> Element<'a, Message> {
        let mut head = row![].spacing(setting.mm(GAP_MM)).align_y(iced::Center);
        for choice in Tint::ALL {
            head = head.push(swatch(setting, choice, choice == tint));
        }
        if !drawing.is_blank() {
            head = head.push(side_control(setting, "draw-undo", setting.say("key-undo"), Message::UndoPressed));
        }
        head = head.push(Space::new().width(Length::Fill));
        if has_intentions(&setting.snapshot.notes) {
            let label = setting.say("note-intentions-title");
            head = head.push(side_control(setting, "look-back", label, Message::LookBackPressed(true)));
        }
        let points_max = points_max(self.page, &setting.snapshot.notes);
        let left = points_max.saturating_sub(drawing.points());
        let told = self.fullness(setting, left.saturating_sub(POINTS_NEARLY_FULL / 10), POINTS_NEARLY_FULL);
        let told = told.or(drawing.is_blank().then_some("draw-hint"));
        let told = told.map(|told| {
            container(parts::body(setting, setting.say(told)).color(theme::faded(theme::SAND, 0.75)))
                .padding(setting.mm(6.0))
        });
        let page = stack![sketch(setting, self.page, drawing, tint, points_max, Message::Drew)].push(told);
        let controls = self.controls(setting, drawing.is_blank(), Kind::Words, "note-write");
        framed(setting, head.into(), page.into(), controls)
    }

    /// A page that is full, or nearly so, says it in time.
    fn fullness(&self, setting: &Setting, left: usize, nearly: usize) -> Option<&'static str> {
        let last = self.page + 1 >= setting.snapshot.note_limits.pages_max;
        match left {
            0 if last => Some("note-pages-full"),
            0 => Some("note-full"),
            left if left <= nearly => Some("note-nearly-full"),
            _ => None,
        }
    }

    /// Each has a place of its own, from the top: the page before, the page after, the other kind of page, the end.
    fn controls<'a>(&self, setting: &Setting, is_blank: bool, other: Kind, label: &str) -> Vec<Element<'a, Message>> {
        let pages = setting.snapshot.notes.pages.len().max(self.page + 1);
        let more = pages < setting.snapshot.note_limits.pages_max;
        let control = |id: &str, key: &str, message| side_control(setting, id, setting.say(key), message);
        let back = (self.page > 0).then(|| control("page-back", "note-page-back", Message::PagePressed(self.page - 1)));
        let on = if self.page + 1 < pages {
            Some(control("page-next", "note-page-next", Message::PagePressed(self.page + 1)))
        } else {
            (!is_blank && more).then(|| control("page-new", "note-new-page", Message::PagePressed(pages)))
        };
        let id = if other == Kind::Drawing { "draw" } else { "write" };
        let other = (is_blank || more).then(|| control(id, label, Message::KindPressed(other)));
        let mut controls: Vec<Element<'a, Message>> =
            [back, on, other].into_iter().map(|one| one.unwrap_or_else(|| side_gap(setting))).collect();
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

fn swatch<'a>(setting: &Setting, tint: Tint, chosen: bool) -> Element<'a, Message> {
    let side = setting.mm(SWATCH_MM);
    let colour = container(Space::new().width(side).height(side)).style(move |_| container::Style {
        background: Some(Background::Color(theme::tint(tint))),
        border: Border::default().rounded(side / 2.0),
        ..container::Style::default()
    });
    let look = Look { outline: theme::faded(theme::LAMPLIGHT, theme::OUTLINE), ..parts::control_look(setting, false) };
    let look = if chosen { parts::control_look(setting, true) } else { look };
    touchable(format!("tint-{}", tint.name()), container(colour).center(Length::Fill))
        .width(Length::Fixed(setting.mm(TARGET_MM)))
        .height(Length::Fixed(setting.mm(TARGET_MM)))
        .drift_px(setting.mm(DRIFT_MM))
        .look(look)
        .says(Message::TintPressed(tint))
        .into()
}

/// What was written before, as far as it fits beside the page; a touch shows all of it.
fn beside<'a>(setting: &Setting) -> Element<'a, Message> {
    let label = setting.say("note-intentions-title");
    let mut words = column![parts::line(label, setting.mm(3.9), theme::CONTROL, theme::LAMPLIGHT)];
    for answer in setting.snapshot.notes.intentions.iter().filter(|answer| !answer.is_blank()) {
        words = words.push(parts::body(setting, answer.reveal().to_owned()));
    }
    let look = Look { ground: theme::INK, ..parts::control_look(setting, false) };
    let inner = container(words.spacing(setting.mm(1.0)).width(Length::Fill)).height(Length::Fill).clip(true);
    touchable("look-back", container(inner).padding(setting.mm(4.0)).height(Length::Fill))
        .width(Length::Fixed(setting.mm(BESIDE_MM)))
        .height(Length::Fill)
        .drift_px(setting.mm(DRIFT_MM))
        .look(Look { outline: theme::faded(theme::LAMPLIGHT, theme::OUTLINE), radius_px: setting.mm(4.0), ..look })
        .says(Message::LookBackPressed(true))
        .into()
}

fn looking_back<'a>(setting: &Setting) -> Element<'a, Message> {
    let mut asked = column![].spacing(setting.mm(5.0)).width(Length::Fill);
    for (index, answer) in setting.snapshot.notes.intentions.iter().enumerate() {
        let question = setting.say(&format!("arrive-question-{}", index + 1));
        let question = parts::line(question, setting.scale.body(), theme::VOICE_SMALL, theme::LAMPLIGHT);
        let answer = if answer.is_blank() { setting.say("note-empty-intention") } else { answer.reveal().to_owned() };
        asked = asked.push(column![question, parts::body(setting, answer)].spacing(setting.mm(1.0)));
    }
    let head = parts::title(setting, setting.say("note-intentions-title"));
    let read = container(scrollable(asked).spacing(setting.mm(3.0))).padding(setting.mm(6.0)).height(Length::Fill);
    let radius = setting.mm(4.0);
    let paper = read.width(Length::Fill).style(move |_| container::Style {
        background: Some(Background::Color(theme::DEEP_WATER)),
        border: Border::default().rounded(radius),
        ..container::Style::default()
    });
    let back = side_control(setting, "look-back-close", setting.say("back"), Message::LookBackPressed(false));
    framed(setting, head.into(), paper.into(), vec![back])
}
