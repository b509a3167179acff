//! Owns Arrive: one idea a screen, each of them optional, from the language to the rest before the session.

use iced::Element;
use iced::widget::{Column, column};

use super::write::{self, Pad};
use super::{Action, Setting};
use crate::room::notes::INTENTIONS;
use crate::room::snapshot::{Place, SoundChoice};
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM};
use crate::vocabulary::language::Language;
use crate::widget::{breath_ring, parts};

/// One idea of Arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Which language.
    Language,
    /// What this screen is for.
    Welcome,
    /// One of three cards on what happens.
    Card(usize),
    /// What the three questions are.
    Questions,
    /// One of the three questions.
    Question(usize),
    /// Something the clinician should know.
    ForClinician,
    /// Where to be.
    Place,
    /// What to hear.
    Sound,
    /// A minute of breath.
    Breath,
    /// A practice call.
    TryCall,
    /// A practice in the dark.
    TryDark,
    /// All is ready.
    Waiting,
}

/// Up to this many languages, each asks in a line of its own above large controls.
const LANGUAGES_AT_EASE: usize = 3;
/// The most choices in one row.
const CHOICES_ACROSS: usize = 3;

const ORDER: [Step; 16] = [
    Step::Language,
    Step::Welcome,
    Step::Card(1),
    Step::Card(2),
    Step::Card(3),
    Step::Questions,
    Step::Question(0),
    Step::Question(1),
    Step::Question(2),
    Step::ForClinician,
    Step::Place,
    Step::Sound,
    Step::Breath,
    Step::TryCall,
    Step::TryDark,
    Step::Waiting,
];

/// A person settling in.
#[derive(Default)]
pub struct Arrive {
    at: usize,
    pad: Option<Pad>,
    call_tried: bool,
}

/// What happened in Arrive.
#[derive(Clone, Debug)]
pub enum Message {
    /// A language was chosen.
    LanguageChosen(Language),
    /// On to the next idea.
    NextPressed,
    /// Back to the one before.
    BackPressed,
    /// The pad was used.
    Wrote(write::Message),
    /// The words for the clinician are shared, or no longer.
    SharePressed(bool),
    /// A place was chosen.
    PlaceChosen(Place),
    /// A sound was chosen.
    SoundChosen(SoundChoice),
    /// The dark is tried.
    DarkPressed,
}

impl Arrive {
    /// The idea that is shown.
    #[must_use]
    pub fn step(&self) -> Step {
        ORDER[self.at.min(ORDER.len() - 1)]
    }

    /// Whether a press on the call is practice here.
    #[must_use]
    pub fn call_is_practice(&self) -> bool {
        matches!(self.step(), Step::TryCall | Step::TryDark)
    }

    /// The practice call was placed.
    pub fn call_was_tried(&mut self) {
        self.call_tried = true;
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::LanguageChosen(language) => {
                let mut actions = self.go(1, snapshot);
                actions.insert(0, Event::LanguageChosen(language));
                Action::TellAll(actions)
            }
            Message::NextPressed => Action::TellAll(self.go(1, snapshot)),
            Message::BackPressed => Action::TellAll(self.go(-1, snapshot)),
            Message::Wrote(message) => self.write(message),
            Message::SharePressed(on) => Action::Tell(Event::ForClinicianShared { on }),
            Message::PlaceChosen(place) => Action::Tell(Event::PlaceChosen(place)),
            Message::SoundChosen(choice) => Action::Tell(Event::SoundChosen(choice)),
            Message::DarkPressed => Action::Tell(Event::Dark { on: true }),
        }
    }

    fn write(&mut self, message: write::Message) -> Action {
        let step = self.step();
        let Some(pad) = &mut self.pad else { return Action::None };
        if !pad.update(message) {
            return Action::None;
        }
        let text = pad.text();
        match step {
            Step::Question(question) => Action::Tell(Event::IntentionWritten { question, text }),
            Step::ForClinician => Action::Tell(Event::ForClinicianWritten { text }),
            _ => Action::None,
        }
    }

    fn go(&mut self, by: isize, snapshot: &Snapshot) -> Vec<Event> {
        let from = self.step();
        self.at = self.at.saturating_add_signed(by).min(ORDER.len() - 1);
        let (notes, chars_max) = (&snapshot.notes, snapshot.note_limits.page_chars_max);
        self.pad = match self.step() {
            Step::Question(question) if question < INTENTIONS => {
                Some(Pad::with_text(&notes.intentions[question], chars_max))
            }
            Step::ForClinician => Some(Pad::with_text(&notes.for_clinician, chars_max)),
            _ => None,
        };
        let mut events = Vec::new();
        if from == Step::Breath {
            events.push(Event::BreathWished { on: false });
        }
        if self.step() == Step::Breath {
            events.push(Event::BreathWished { on: true });
        }
        if matches!(from, Step::TryCall | Step::TryDark) && snapshot.call.as_ref().is_some_and(|call| call.practice) {
            events.push(Event::CallCleared);
        }
        events
    }

    /// The text that wants the keyboard's focus, if one is shown.
    #[must_use]
    pub fn wants_focus(&self) -> Option<&'static str> {
        self.pad.as_ref().map(|_| write::PAGE)
    }

    /// The screen.
    pub fn view<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        match self.step() {
            Step::Language => Self::language(setting),
            Step::Welcome => {
                Self::words(setting, setting.say("arrive-welcome-title"), setting.say("arrive-welcome-text"))
            }
            Step::Card(card) => Self::words(
                setting,
                setting.say(&format!("arrive-card-{card}-title")),
                setting.say(&format!("arrive-card-{card}-text")),
            ),
            Step::Questions => {
                Self::words(setting, setting.say("arrive-intentions-title"), setting.say("arrive-intentions-text"))
            }
            Step::Question(question) => self.question(setting, question),
            Step::ForClinician => self.for_clinician(setting),
            Step::Place => Self::place(setting),
            Step::Sound => Self::sound(setting),
            Step::Breath => Self::breath(setting),
            Step::TryCall => self.try_call(setting),
            Step::TryDark => Self::try_dark(setting),
            Step::Waiting => parts::one_idea(
                setting,
                parts::said(setting, setting.say("arrive-waiting-title"), setting.say("arrive-waiting-text")),
                vec![Self::back(setting), iced::widget::Space::new().into()],
            ),
        }
    }

    fn language<'a>(setting: &Setting) -> Element<'a, Message> {
        let locales = &setting.clinic.config.locales;
        let languages = locales.languages();
        let are_few = languages.len() <= LANGUAGES_AT_EASE;
        let (across, width_mm, height_mm) = if are_few { (2, 50.0, 28.0) } else { (3, 42.0, 22.0) };
        let choices = languages.iter().map(|language| {
            let id = format!("language-{language}");
            parts::control(setting, id, locales.own_name(*language), Message::LanguageChosen(*language))
                .width(setting.mm(width_mm))
                .height(setting.mm(height_mm))
                .into()
        });
        let choices = parts::even_rows(setting, choices.collect(), across);
        // In each of them, since nobody has chosen yet.
        let asked = languages.iter().map(|language| locales.words(*language).say("arrive-language-title"));
        let words: Element<'a, Message> = if are_few {
            column(asked.map(|asked| parts::title(setting, asked).into())).align_x(iced::Center).into()
        } else {
            let mut asked: Vec<String> = asked.collect();
            asked.dedup();
            parts::body(setting, asked.join(" · ")).center().width(setting.mm(width_mm * 3.0)).into()
        };
        parts::one_idea(
            setting,
            parts::scrim(setting, column![words, choices].spacing(setting.mm(6.0)).align_x(iced::Center)),
            Vec::new(),
        )
    }

    fn words<'a>(setting: &Setting, head: String, text: String) -> Element<'a, Message> {
        parts::one_idea(setting, parts::said(setting, head, text), Self::back_and_next(setting))
    }

    fn question<'a>(&'a self, setting: &Setting, question: usize) -> Element<'a, Message> {
        let head = parts::title(setting, setting.say(&format!("arrive-question-{}", question + 1)));
        self.pad_view(setting, head.into(), setting.say("arrive-write-hint"), Vec::new())
    }

    fn for_clinician<'a>(&'a self, setting: &Setting) -> Element<'a, Message> {
        let notes = &setting.snapshot.notes;
        let text = if notes.shared { "arrive-shared" } else { "arrive-clinician-text" };
        let head = column![
            parts::title(setting, setting.say("arrive-clinician-title")),
            parts::body(setting, setting.say(text)),
        ];
        let share = if notes.for_clinician.is_blank() {
            Vec::new()
        } else {
            let key = if notes.shared { "arrive-unshare" } else { "arrive-share" };
            vec![write::side_control(setting, "share", setting.say(key), Message::SharePressed(!notes.shared))]
        };
        self.pad_view(setting, head.into(), setting.say("arrive-write-hint"), share)
    }

    fn pad_view<'a>(
        &'a self,
        setting: &Setting,
        head: Element<'a, Message>,
        hint: String,
        mut controls: Vec<Element<'a, Message>>,
    ) -> Element<'a, Message> {
        let Some(pad) = &self.pad else { return head };
        controls.push(write::side_control(setting, "back", setting.say("back"), Message::BackPressed));
        let key = if pad.text().is_blank() { "skip" } else { "next" };
        controls.push(write::side_control(setting, "next", setting.say(key), Message::NextPressed));
        pad.view(setting, head, hint, None, controls, Message::Wrote)
    }

    fn place<'a>(setting: &Setting) -> Element<'a, Message> {
        let choices = setting.places().into_iter().map(|place| {
            let key = format!("place-{}", place.name());
            (key.clone(), setting.say(&key), setting.snapshot.place == place, Message::PlaceChosen(place))
        });
        Self::choosing(setting, setting.say("arrive-place-title"), choices)
    }

    fn sound<'a>(setting: &Setting) -> Element<'a, Message> {
        let snapshot = &setting.snapshot;
        let chosen = if snapshot.silence { SoundChoice::Silence } else { snapshot.sound };
        let choices = setting.sounds().into_iter().map(|choice| {
            let label = setting.say(&format!("hear-{}", choice.name()));
            (format!("sound-{}", choice.name()), label, choice == chosen, Message::SoundChosen(choice))
        });
        Self::choosing(setting, setting.say("arrive-sound-title"), choices)
    }

    /// Choices of equal worth, in rows as even as can be.
    fn choosing<'a>(
        setting: &Setting,
        head: String,
        choices: impl IntoIterator<Item = (String, String, bool, Message)>,
    ) -> Element<'a, Message> {
        let choices = choices.into_iter().map(|(id, label, chosen, message)| {
            let control = parts::choice(setting, id, label, chosen, message);
            control.width(setting.mm(35.0)).height(setting.mm(22.0)).into()
        });
        let choices = parts::even_rows(setting, choices.collect(), CHOICES_ACROSS);
        let words =
            column![parts::title(setting, head), choices].spacing(setting.mm(GAP_MM * 2.0)).align_x(iced::Center);
        parts::one_idea(setting, parts::scrim(setting, words), Self::back_and_next(setting))
    }

    fn breath<'a>(setting: &Setting) -> Element<'a, Message> {
        let words = column![
            parts::title(setting, setting.say("arrive-breath-title")),
            parts::body(setting, setting.say("arrive-breath-text"))
        ]
        .spacing(setting.mm(3.0))
        .max_width(setting.mm(118.0));
        let mut across: Column<'a, Message> = column![parts::scrim(setting, words)].spacing(setting.mm(4.0));
        if let Some(breath) = setting.snapshot.breath {
            let still = setting.pictures.reduce_motion;
            across = across.push(breath_ring::breath_ring(breath, setting.clock, setting.mm(44.0), still));
        }
        parts::one_idea(setting, across.align_x(iced::Center), Self::back_and_next(setting))
    }

    fn try_call<'a>(&self, setting: &Setting) -> Element<'a, Message> {
        use crate::room::call::CallPhase;
        let text = match setting.snapshot.call.as_ref() {
            Some(call) if call.phase >= CallPhase::OnTheWay => "arrive-call-answered",
            Some(call) if call.phase >= CallPhase::Received => "arrive-call-reached",
            Some(call) if call.line_down_told => "arrive-call-no-desk",
            Some(_) => "arrive-call-waiting",
            None if self.call_tried => "arrive-call-done",
            None => "arrive-call-text",
        };
        Self::words(setting, setting.say("arrive-call-title"), setting.say(text))
    }

    fn try_dark<'a>(setting: &Setting) -> Element<'a, Message> {
        let dark = parts::control(setting, "try-dark", setting.say("arrive-dark-try"), Message::DarkPressed)
            .width(setting.mm(56.0));
        parts::one_idea(
            setting,
            parts::said(setting, setting.say("arrive-dark-title"), setting.say("arrive-dark-text")),
            vec![Self::back(setting), dark.into(), Self::next(setting)],
        )
    }

    fn back_and_next<'a>(setting: &Setting) -> Vec<Element<'a, Message>> {
        vec![Self::back(setting), Self::next(setting)]
    }

    fn back<'a>(setting: &Setting) -> Element<'a, Message> {
        parts::control(setting, "back", setting.say("back"), Message::BackPressed).into()
    }

    fn next<'a>(setting: &Setting) -> Element<'a, Message> {
        parts::control(setting, "next", setting.say("next"), Message::NextPressed)
            .look(parts::control_look(setting, true))
            .width(setting.mm(theme::TARGET_MM * 2.2))
            .into()
    }
}
