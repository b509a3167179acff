//! Owns After: slow, and without a form. From here a person writes, reads the clinic's cards, takes the note home, or
//! leaves.

use iced::widget::{column, row};
use iced::{Element, Length};

use super::take_home::{self, TakeHome};
use super::write::{self, Pad};
use super::{Action, Setting};
use crate::room::notes::{Page, PatientText};
use crate::room::{Event, Language, Snapshot};
use crate::theme::GAP_MM;
use crate::widget::parts;

/// Cards of our own where the clinic sets none.
const OWN_CARDS: usize = 4;
const PROMPTS: [&str; 4] = ["note-prompt-emotions", "note-prompt-memories", "note-prompt-images", "note-prompt-word"];

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
    Writing {
        page: usize,
        pad: Pad,
    },
    LookingBack,
    Cards(usize),
    TakeHome(TakeHome),
    LeaveAsked,
}

/// What happened in After.
#[derive(Clone, Debug)]
pub enum Message {
    /// The note was opened.
    WritePressed,
    /// The pad was used.
    Wrote(write::Message),
    /// Another page was asked for.
    PagePressed(usize),
    /// What was written before was asked for.
    LookBackPressed,
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
            Message::WritePressed => self.open_page(snapshot.notes.pages.len().saturating_sub(1), snapshot),
            Message::PagePressed(page) => self.open_page(page, snapshot),
            Message::Wrote(message) => {
                if let At::Writing { page, pad } = &mut self.at
                    && pad.update(message)
                {
                    return Action::Tell(Event::NoteWritten { page: *page, text: pad.text() });
                }
                Action::None
            }
            Message::LookBackPressed => self.show(At::LookingBack),
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
                _ => Action::None,
            },
            // Asked once, and only of someone whose words would be gone.
            Message::LeavePressed if self.leave_was_asked || snapshot.note_is_taken() => Action::Tell(Event::Farewell),
            Message::LeavePressed => {
                self.leave_was_asked = true;
                self.show(At::LeaveAsked)
            }
            Message::LeaveMeant => Action::Tell(Event::Farewell),
            Message::ClosePressed => self.show(At::Hearth),
        }
    }

    fn show(&mut self, at: At) -> Action {
        self.at = at;
        Action::None
    }

    fn open_page(&mut self, page: usize, snapshot: &Snapshot) -> Action {
        let nothing = PatientText::default();
        let text = snapshot.notes.pages.get(page).and_then(Page::words).unwrap_or(&nothing);
        self.at = At::Writing { page, pad: Pad::with_text(text) };
        Action::Focus(write::PAGE)
    }

    /// The screen.
    pub fn view<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        match &self.at {
            At::Hearth => hearth(setting),
            At::Writing { page, pad } => writing(setting, *page, pad),
            At::LookingBack => looking_back(setting),
            At::Cards(card) => cards(setting, *card),
            At::TakeHome(take_home) => take_home.view(setting, Message::TakeHome, Message::ClosePressed),
            At::LeaveAsked => parts::one_idea(
                setting,
                parts::scrim(setting, parts::title(setting, setting.say("take-leave-ask"))),
                vec![
                    parts::control(setting, "leave-back", setting.say("take-leave-back"), Message::ClosePressed).into(),
                    parts::control(setting, "leave-yes", setting.say("take-leave-yes"), Message::LeaveMeant).into(),
                ],
            ),
        }
    }
}

fn hearth<'a>(setting: &Setting) -> Element<'a, Message> {
    let lost = setting.snapshot.troubles.contains(&crate::room::Trouble::NotesLost);
    let text = if lost { "session-restored" } else { "after-text" };
    let words = parts::said(setting, setting.say("after-title"), setting.say(text));
    let offer = |id: &'static str, key: &str, message: Message, chosen: bool| -> Element<'a, Message> {
        parts::choice(setting, id, setting.say(key), chosen, message).width(Length::Fill).into()
    };
    parts::one_idea(
        setting,
        words,
        vec![
            row![
                offer("write", "after-write", Message::WritePressed, true),
                offer("cards", "after-cards", Message::CardPressed(0), false),
                offer("take", "after-take", Message::TakePressed, false),
                offer("leave", "after-leave", Message::LeavePressed, false),
            ]
            .spacing(setting.mm(GAP_MM))
            .into(),
        ],
    )
}

fn writing<'a>(setting: &Setting, page: usize, pad: &'a Pad) -> Element<'a, Message> {
    let notes = &setting.snapshot.notes;
    let pages = notes.pages.len().max(page + 1);
    let limits = &setting.clinic.config.notes;
    let text = pad.text();
    let left = usize::try_from(limits.page_chars_max).unwrap_or(usize::MAX).saturating_sub(text.chars());
    let prompt = match left {
        0 => setting.say("note-full"),
        1..=60 => setting.say("note-nearly-full"),
        _ => setting.say(PROMPTS[page % PROMPTS.len()]),
    };
    let numbers = [("page", (page + 1).into()), ("pages", pages.into())];
    let head = column![
        parts::title(setting, prompt),
        row![
            parts::note(setting, setting.words.say_with("note-page", &numbers)),
            parts::control(setting, "look-back", setting.say("note-intentions-title"), Message::LookBackPressed)
                .width(setting.mm(64.0))
                .height(setting.mm(crate::theme::TARGET_MM * 0.6)),
        ]
        .spacing(setting.mm(6.0))
        .align_y(iced::Center),
    ]
    .spacing(setting.mm(1.0));
    let mut controls = Vec::new();
    if page + 1 < pages {
        controls.push(write::side_control(setting, "page-next", setting.say("next"), Message::PagePressed(page + 1)));
    } else if !text.is_blank() && pages < usize::try_from(limits.pages_max).unwrap_or(usize::MAX) {
        let message = Message::PagePressed(pages);
        controls.push(write::side_control(setting, "page-new", setting.say("note-new-page"), message));
    }
    if page > 0 {
        controls.push(write::side_control(setting, "page-back", setting.say("back"), Message::PagePressed(page - 1)));
    }
    controls.push(write::side_control(setting, "close", setting.say("done"), Message::ClosePressed));
    pad.view(setting, head.into(), String::new(), controls, Message::Wrote)
}

fn looking_back<'a>(setting: &Setting) -> Element<'a, Message> {
    let notes = &setting.snapshot.notes;
    let mut asked = column![].spacing(setting.mm(5.0)).max_width(setting.mm(160.0));
    for (index, answer) in notes.intentions.iter().enumerate() {
        let question = setting.say(&format!("arrive-question-{}", index + 1));
        let question = parts::line(question, setting.scale.body(), crate::theme::VOICE_SMALL, crate::theme::LAMPLIGHT);
        let answer = if answer.is_blank() { setting.say("note-empty-intention") } else { answer.reveal().to_owned() };
        asked = asked.push(column![question, parts::body(setting, answer)].spacing(setting.mm(1.0)));
    }
    let head = parts::title(setting, setting.say("note-intentions-title"));
    let scroll = iced::widget::scrollable(asked).height(Length::Fixed(setting.mm(66.0)));
    let words = parts::scrim(
        setting,
        column![head, crate::widget::touch_as_mouse::touch_as_mouse(scroll)].spacing(setting.mm(3.0)),
    );
    parts::one_idea(
        setting,
        words,
        vec![
            parts::control(setting, "write", setting.say("after-write"), Message::WritePressed).into(),
            parts::control(setting, "close", setting.say("done"), Message::ClosePressed).into(),
        ],
    )
}

fn cards<'a>(setting: &Setting, card: usize) -> Element<'a, Message> {
    let locale = match setting.snapshot.language {
        Language::English => crate::profile::Locale::EnUs,
        Language::Spanish => crate::profile::Locale::EsUs,
    };
    let clinics = setting.clinic.config.after.cards.get(locale);
    let (count, words): (usize, Element<'a, Message>) = if let Some(own) = clinics.get(card) {
        (clinics.len(), super::cards::card(setting, own))
    } else {
        let number = card % OWN_CARDS + 1;
        let head = setting.say(&format!("after-card-{number}-title"));
        (OWN_CARDS, parts::said(setting, head, setting.say(&format!("after-card-{number}-text"))))
    };
    let mut controls: Vec<Element<'a, Message>> = Vec::new();
    controls.push(parts::control(setting, "close", setting.say("done"), Message::ClosePressed).into());
    if card > 0 {
        controls.push(parts::control(setting, "card-back", setting.say("back"), Message::CardPressed(card - 1)).into());
    }
    if card + 1 < count {
        controls.push(parts::control(setting, "card-next", setting.say("next"), Message::CardPressed(card + 1)).into());
    } else {
        controls.push(iced::widget::Space::new().width(setting.mm(GAP_MM)).into());
    }
    parts::one_idea(setting, words, controls)
}
