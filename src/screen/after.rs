//! Owns After, the unhurried screen that follows the session. It has no form to fill in: the patient writes or draws,
//! reads cards with advice for the days ahead, takes the note home, or leaves. Does not own the note.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use iced::Element;
use iced::widget::column;

use super::Action;
use super::note::{self, NoteEditor, PageKind};
use super::take_home::{self, QrImage, TakeHomeScreen};
use crate::config::Card;
use crate::room::{Event, Snapshot};
use crate::takeaway::qr;
use crate::theme;
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry, StepProgress};
use crate::widget::{ViewContext, parts};

/// Number of built-in cards, which are shown if the clinic has none of its own.
const BUILT_IN_CARDS: usize = 4;
/// Height of each control of the first view, in millimetres, when words have their normal size.
const OFFER_MM: f32 = 27.0;
/// Side of the QR code of a clinic's link, in millimetres.
const CODE_MM: f32 = 46.0;

/// QR codes of the links on the clinic's cards, by link; `None` for a link that is too long for a code. They are cached
/// because iced uploads every new image handle: a code made for each view would be uploaded each time. The cache
/// is small: all links come from the configuration. It contains no patient data.
static LINK_CODES: LazyLock<Mutex<BTreeMap<String, Option<QrImage>>>> = LazyLock::new(Mutex::default);

/// The screen of After.
#[derive(Default)]
pub struct AfterScreen {
    view: AfterView,
    /// Whether the patient has already been asked about leaving without taking the note home.
    has_asked_to_leave: bool,
}

#[derive(Default)]
enum AfterView {
    #[default]
    Home,
    Note(Box<NoteEditor>),
    Cards(usize),
    TakeHome(TakeHomeScreen),
    LeaveQuestion,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// *Write* or *Draw* was pressed, on the first view or, if the note is empty, on the take-home screen.
    NotePressed(PageKind),
    /// Something happened in the editor of the note.
    Note(note::Message),
    /// The card with this index was requested.
    CardPressed(usize),
    /// *Take it home* was pressed.
    TakePressed,
    /// Something happened on the screen on which the patient takes the note home.
    TakeHome(take_home::Message),
    /// *Leave* was pressed.
    LeavePressed,
    /// The patient confirmed leaving without the note.
    LeaveConfirmed,
    /// The patient went back to the first view.
    ClosePressed,
}

impl AfterScreen {
    /// Whether a page to write or draw on is open.
    #[must_use]
    pub const fn has_open_note(&self) -> bool {
        matches!(self.view, AfterView::Note(_))
    }

    /// Identifies the page that is shown.
    #[must_use]
    pub const fn page_id(&self) -> usize {
        match &self.view {
            AfterView::Home => 0,
            AfterView::Note(_) => 1,
            AfterView::LeaveQuestion => 2,
            AfterView::TakeHome(take_home) => 3 + take_home.page_id(),
            AfterView::Cards(card) => 6 + *card,
        }
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::NotePressed(kind) => self.open_note(kind, snapshot),
            Message::ClosePressed | Message::Note(note::Message::ClosePressed) => self.show(AfterView::Home),
            Message::Note(message) => match &mut self.view {
                AfterView::Note(note) => note.update(message, snapshot),
                // The touch was meant for the note, which has since closed.
                AfterView::Home | AfterView::Cards(_) | AfterView::TakeHome(_) | AfterView::LeaveQuestion => {
                    Action::None
                }
            },
            Message::CardPressed(card) => self.show(AfterView::Cards(card)),
            Message::TakePressed => {
                let mut take_home = TakeHomeScreen::new(&snapshot.notes);
                let ways: Vec<_> = snapshot.take_home.methods().collect();
                let action = take_home.open(&ways);
                self.view = AfterView::TakeHome(take_home);
                action
            }
            Message::TakeHome(message) => match &mut self.view {
                AfterView::TakeHome(take_home) => take_home.update(&message),
                AfterView::Home | AfterView::Note(_) | AfterView::Cards(_) | AfterView::LeaveQuestion => Action::None,
            },
            // The patient is asked at most once whether to leave without the note, and only if something would be lost.
            Message::LeavePressed if self.has_asked_to_leave || snapshot.is_note_taken_home() => {
                Action::Send(Event::Farewell)
            }
            Message::LeavePressed => {
                self.has_asked_to_leave = true;
                self.show(AfterView::LeaveQuestion)
            }
            Message::LeaveConfirmed => Action::Send(Event::Farewell),
        }
    }

    fn show(&mut self, view: AfterView) -> Action {
        self.view = view;
        Action::None
    }

    fn open_note(&mut self, kind: PageKind, snapshot: &Snapshot) -> Action {
        let note = NoteEditor::open(kind, snapshot);
        let focus = note.focus();
        self.view = AfterView::Note(Box::new(note));
        focus
    }

    /// The screen of After.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match &self.view {
            AfterView::Home => home_view(ctx),
            AfterView::Note(note) => note.view(ctx).map(Message::Note),
            AfterView::Cards(card) => cards(ctx, *card),
            AfterView::TakeHome(take_home) => {
                take_home.view(ctx, Message::TakeHome, Message::NotePressed, Message::ClosePressed)
            }
            AfterView::LeaveQuestion => {
                let leave =
                    parts::secondary(ctx, "leave-yes", ctx.say("take-leave-yes"), None, Message::LeaveConfirmed);
                let stay = parts::primary(ctx, "leave-back", ctx.say("take-leave-back"), None, Message::ClosePressed);
                Page::new().words(ctx.say("take-leave-ask")).start(leave).end(stay).view(ctx)
            }
        }
    }
}

fn home_view<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let lost = ctx.snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    let damaged = ctx.snapshot.troubles.contains(&crate::room::Trouble::NotesDamaged);
    let text = match (lost, damaged) {
        (true, _) => "session-restored",
        (false, true) => "session-note-damaged",
        (false, false) => "after-text",
    };
    let offer = |id: &'static str, icon: Icon, key: &str, message: Message| -> Element<'a, Message> {
        parts::icon_offer(ctx, id, icon, ctx.say(key), message).into()
    };
    let offers = vec![
        offer("write", Icon::Pen, "after-write", Message::NotePressed(PageKind::Text)),
        offer("draw", Icon::Brush, "after-draw", Message::NotePressed(PageKind::Drawing)),
        offer("cards", Icon::Sun, "after-cards", Message::CardPressed(0)),
        offer("take", Icon::Phone, "after-take", Message::TakePressed),
        offer("leave", Icon::Leaf, "after-leave", Message::LeavePressed),
    ];
    let geometry = PageGeometry::of(ctx);
    let columns = if geometry.is_portrait() { 2 } else { offers.len() };
    // On a small display, the words need the space.
    let offer_mm = if geometry.is_small() { theme::TARGET_MM } else { OFFER_MM * geometry.type_factor };
    let offers = parts::control_grid(ctx, offers, columns, geometry.content_width_mm(), offer_mm);
    Page::new().title(ctx.say("after-title")).words(ctx.say(text)).foot(offers).view(ctx)
}

fn cards<'a>(ctx: &ViewContext, card: usize) -> Element<'a, Message> {
    // The clinic's own cards, which replace the built-in ones, are looked up in the patient's language and then in the
    // fallbacks of that language, but not beyond the first language that has built-in cards.
    let languages = ctx.words.languages_up_to("after-card-1-title");
    let own_cards = ctx.clinic.config.after.cards.first_of(&languages).map_or(&[][..], Vec::as_slice);
    let (count, page) = if let Some(own_card) = own_cards.get(card) {
        (own_cards.len(), clinic_card(ctx, own_card))
    } else {
        let number = card % BUILT_IN_CARDS + 1;
        let title = ctx.say(&format!("after-card-{number}-title"));
        (BUILT_IN_CARDS, Page::new().title(title).words(ctx.say(&format!("after-card-{number}-text"))))
    };
    let close = parts::secondary(ctx, "close", ctx.say("done"), Some(Icon::Tick), Message::ClosePressed);
    let mut page = page.progress(Some(StepProgress { at: card.min(count - 1), of: count })).start(close);
    if card > 0 {
        let back = Message::CardPressed(card - 1);
        page = page.start(parts::secondary(ctx, "card-back", ctx.say("back"), Some(Icon::Back), back));
    }
    if card + 1 < count {
        let next = Message::CardPressed(card + 1);
        page = page.end(parts::primary(ctx, "card-next", ctx.say("next"), Some(Icon::Forward), next));
    }
    page.view(ctx)
}

/// One of the clinic's own cards. A link or phone number on it is shown as text, and as a QR code for the patient's
/// phone.
fn clinic_card<'a>(ctx: &ViewContext, card: &Card) -> Page<'a, Message> {
    let mut page = Page::new().title(card.title.clone()).words(card.text.clone());
    if let Some(link) = card.link.as_deref() {
        page = page.content(parts::body(ctx, readable(link)).color(theme::LAMPLIGHT));
        if let Some(code) = link_code(link) {
            let hint = parts::body(ctx, ctx.say("card-scan")).center();
            page = page.beside(column![code.view(ctx, CODE_MM), hint].spacing(ctx.mm(2.0)).align_x(iced::Center));
        }
    }
    page
}

/// A link as a person reads it, without its scheme.
fn readable(link: &str) -> String {
    let rest = ["https://", "tel:", "mailto:"].iter().find_map(|start| link.strip_prefix(start));
    rest.unwrap_or(link).trim_end_matches('/').to_owned()
}

/// A link in the form that phones accept: phone numbers lose their separators.
fn dialable(link: &str) -> String {
    match link.strip_prefix("tel:") {
        Some(number) => format!("tel:{}", number.replace([' ', '-', '.', '(', ')'], "")),
        None => link.to_owned(),
    }
}

fn link_code(link: &str) -> Option<QrImage> {
    let mut codes = LINK_CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = codes.get(link) {
        return known.clone();
    }
    let made = qr::link(&dialable(link)).map_err(|error| tracing::warn!(%error, "a link is too long for a code")).ok();
    let code = made.as_ref().map(QrImage::new);
    codes.insert(link.to_owned(), code.clone());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_shown_without_its_scheme_and_dialled_without_separators() {
        assert_eq!(readable("tel:+1-555-0100"), "+1-555-0100");
        assert_eq!(readable("https://clinic.example/"), "clinic.example");
        assert_eq!(readable("mailto:a@b.example"), "a@b.example");
        assert_eq!(dialable("tel:+1 (555) 010-0100"), "tel:+15550100100");
    }
}
