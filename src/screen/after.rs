//! Owns After: slow, and without a form. From here a person writes, reads the clinic's cards, takes the note home, or
//! leaves.

use iced::widget::row;
use iced::{Element, Length};

use super::Action;
use super::note::{self, Kind, Note};
use super::take_home::{self, TakeHome};
use crate::room::{Event, Snapshot};
use crate::theme::GAP_MM;
use crate::widget::{ViewContext, parts};

/// Cards of our own where the clinic sets none.
const OWN_CARDS: usize = 4;

/// A person who is back.
#[derive(Default)]
pub struct After {
    at: At,
    leave_was_asked: bool,
}

#[derive(Default)]
enum At {
    #[default]
    Hearth,
    Note(Box<Note>),
    Cards(usize),
    TakeHome(TakeHome),
    LeaveAsked,
}

/// What happened in After.
#[derive(Clone, Debug)]
pub enum Message {
    /// The note was opened at a page of that kind.
    NotePressed(Kind),
    /// Something happened to it.
    Note(note::Message),
    /// The clinic's cards were asked for, or another of them.
    CardPressed(usize),
    /// Taking it home was asked for.
    TakePressed,
    /// Something happened there.
    TakeHome(take_home::Message),
    /// Leaving was asked for.
    LeavePressed,
    /// Leaving was meant.
    LeaveMeant,
    /// Back to where all of it is offered.
    ClosePressed,
}

impl After {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::NotePressed(kind) => self.open_note(kind, snapshot),
            Message::ClosePressed | Message::Note(note::Message::ClosePressed) => self.show(At::Hearth),
            Message::Note(message) => match &mut self.at {
                At::Note(note) => note.update(message, snapshot),
                // A touch on a view that has closed in the meantime.
                At::Hearth | At::Cards(_) | At::TakeHome(_) | At::LeaveAsked => Action::None,
            },
            Message::CardPressed(card) => self.show(At::Cards(card)),
            Message::TakePressed => {
                let mut take_home = TakeHome::of(&snapshot.notes);
                let ways: Vec<_> = snapshot.take_home.ways().collect();
                let action = take_home.opened(&ways);
                self.at = At::TakeHome(take_home);
                action
            }
            Message::TakeHome(message) => match &mut self.at {
                At::TakeHome(take_home) => take_home.update(&message),
                At::Hearth | At::Note(_) | At::Cards(_) | At::LeaveAsked => Action::None,
            },
            // Asked once, and only of someone whose words would be gone.
            Message::LeavePressed if self.leave_was_asked || snapshot.note_is_taken() => Action::Send(Event::Farewell),
            Message::LeavePressed => {
                self.leave_was_asked = true;
                self.show(At::LeaveAsked)
            }
            Message::LeaveMeant => Action::Send(Event::Farewell),
        }
    }

    fn show(&mut self, at: At) -> Action {
        self.at = at;
        Action::None
    }

    fn open_note(&mut self, kind: Kind, snapshot: &Snapshot) -> Action {
        let note = Note::open(kind, snapshot);
        let focus = note.focus();
        self.at = At::Note(Box::new(note));
        focus
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match &self.at {
            At::Hearth => hearth(ctx),
            At::Note(note) => note.view(ctx).map(Message::Note),
            At::Cards(card) => cards(ctx, *card),
            At::TakeHome(take_home) => take_home.view(ctx, Message::TakeHome, Message::ClosePressed),
            At::LeaveAsked => parts::one_idea(
                ctx,
                parts::scrim(ctx, parts::title(ctx, ctx.say("take-leave-ask"))),
                vec![
                    parts::control(ctx, "leave-yes", ctx.say("take-leave-yes"), Message::LeaveMeant).into(),
                    parts::choice(ctx, "leave-back", ctx.say("take-leave-back"), true, Message::ClosePressed).into(),
                ],
            ),
        }
    }
}

fn hearth<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let lost = ctx.snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    let damaged = ctx.snapshot.troubles.contains(&crate::room::Trouble::NotesDamaged);
    let text = match (lost, damaged) {
        (true, _) => "session-restored",
        (false, true) => "session-note-damaged",
        (false, false) => "after-text",
    };
    let words = parts::said(ctx, ctx.say("after-title"), ctx.say(text));
    let offer = |id: &'static str, key: &str, message: Message, chosen: bool| -> Element<'a, Message> {
        parts::choice(ctx, id, ctx.say(key), chosen, message).width(Length::Fill).into()
    };
    parts::one_idea(
        ctx,
        words,
        vec![
            row![
                offer("write", "after-write", Message::NotePressed(Kind::Words), true),
                offer("draw", "after-draw", Message::NotePressed(Kind::Drawing), false),
                offer("cards", "after-cards", Message::CardPressed(0), false),
                offer("take", "after-take", Message::TakePressed, false),
                offer("leave", "after-leave", Message::LeavePressed, false),
            ]
            .spacing(ctx.mm(GAP_MM))
            .into(),
        ],
    )
}

fn cards<'a>(ctx: &ViewContext, card: usize) -> Element<'a, Message> {
    // The clinic's, where it has some in a language that comes before the words of our own.
    let languages = ctx.words.languages_up_to("after-card-1-title");
    let clinics = ctx.clinic.config.after.cards.first_of(&languages).map_or(&[][..], Vec::as_slice);
    let (count, words): (usize, Element<'a, Message>) = if let Some(own) = clinics.get(card) {
        (clinics.len(), super::cards::card(ctx, own))
    } else {
        let number = card % OWN_CARDS + 1;
        let head = ctx.say(&format!("after-card-{number}-title"));
        (OWN_CARDS, parts::said(ctx, head, ctx.say(&format!("after-card-{number}-text"))))
    };
    let mut controls: Vec<Element<'a, Message>> = Vec::new();
    controls.push(parts::control(ctx, "close", ctx.say("done"), Message::ClosePressed).into());
    if card > 0 {
        controls.push(parts::control(ctx, "card-back", ctx.say("back"), Message::CardPressed(card - 1)).into());
    }
    if card + 1 < count {
        controls.push(parts::control(ctx, "card-next", ctx.say("next"), Message::CardPressed(card + 1)).into());
    } else {
        controls.push(iced::widget::Space::new().width(ctx.mm(GAP_MM)).into());
    }
    parts::one_idea(ctx, words, controls)
}
