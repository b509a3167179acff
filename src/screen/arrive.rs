//! Owns Arrive: one idea at a time, each of them optional, from the language to the rest before the session. Does not own
//! what the patient writes.

use iced::Element;
use iced::widget::{Column, column};

use super::Action;
use super::write::{self, TextPad};
use crate::room::notes::INTENTIONS;
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM};
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use crate::widget::{ViewContext, breath_ring, parts};

/// One step of Arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArriveStep {
    /// The choice of language.
    Language,
    /// What Arrive is for.
    Welcome,
    /// One of three cards on what ketamine does, from 1.
    Card(usize),
    /// What the three questions are for.
    Questions,
    /// One of the three questions, from 0.
    Question(usize),
    /// What the clinician should know.
    ForClinician,
    /// The choice of a place.
    Place,
    /// The choice of a sound.
    Sound,
    /// A minute with the pacer.
    Breath,
    /// A practice call.
    TryCall,
    /// A practice call in the dark.
    TryDark,
    /// All is done; the session is awaited.
    Waiting,
}

/// Maximum number of languages that each ask in a line of their own, above large controls.
const LANGUAGES_AT_EASE: usize = 3;
/// Maximum number of choices in a row.
const CHOICES_ACROSS_MAX: usize = 3;
/// The same where there are more choices than two such rows hold: a wide screen has no height for a third row.
const MANY_CHOICES_ACROSS_MAX: usize = 4;

const STEPS: [ArriveStep; 16] = [
    ArriveStep::Language,
    ArriveStep::Welcome,
    ArriveStep::Card(1),
    ArriveStep::Card(2),
    ArriveStep::Card(3),
    ArriveStep::Questions,
    ArriveStep::Question(0),
    ArriveStep::Question(1),
    ArriveStep::Question(2),
    ArriveStep::ForClinician,
    ArriveStep::Place,
    ArriveStep::Sound,
    ArriveStep::Breath,
    ArriveStep::TryCall,
    ArriveStep::TryDark,
    ArriveStep::Waiting,
];

impl ArriveStep {
    /// Whether the patient tries the call here.
    const fn is_practice(self) -> bool {
        matches!(self, Self::TryCall | Self::TryDark)
    }
}

/// The screen of Arrive.
#[derive(Default)]
pub struct ArriveScreen {
    /// Index into [`STEPS`].
    at: usize,
    pad: Option<TextPad>,
    has_tried_call: bool,
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A language was chosen.
    LanguageChosen(Language),
    /// On to the next step.
    NextPressed,
    /// Back to the last step.
    BackPressed,
    /// The text pad.
    Pad(write::Message),
    /// Sharing the text for the clinician was switched on or off.
    SharePressed(bool),
    /// A place was chosen.
    PlaceChosen(Place),
    /// A sound was chosen.
    SoundChosen(SoundChoice),
    /// *Try the dark* was pressed.
    DarkPressed,
}

impl ArriveScreen {
    /// The present step.
    #[must_use]
    pub fn step(&self) -> ArriveStep {
        STEPS[self.at.min(STEPS.len() - 1)]
    }

    /// Whether a press on the call is a practice call here.
    #[must_use]
    pub fn call_is_practice(&self) -> bool {
        self.step().is_practice()
    }

    /// Notes that a call was placed.
    pub fn on_call_placed(&mut self) {
        self.has_tried_call = true;
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let action = self.handle(message, snapshot);
        // Each time, since iced's text editor loses the focus when the mouse presses an on-screen key.
        let focus = if self.pad.is_some() { Action::Focus(write::PAGE) } else { Action::None };
        Action::Batch(vec![action, focus])
    }

    fn handle(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::LanguageChosen(language) => {
                Action::Batch(vec![Action::Send(Event::LanguageChosen(language)), self.go(1, snapshot)])
            }
            Message::NextPressed => self.go(1, snapshot),
            Message::BackPressed => self.go(-1, snapshot),
            Message::Pad(message) => self.edit(message),
            Message::SharePressed(on) => Action::Send(Event::ForClinicianShared { on }),
            Message::PlaceChosen(place) => Action::Send(Event::PlaceChosen(place)),
            Message::SoundChosen(choice) => Action::Send(Event::SoundChosen(choice)),
            Message::DarkPressed => Action::Send(Event::Dark { on: true }),
        }
    }

    fn edit(&mut self, message: write::Message) -> Action {
        let step = self.step();
        let Some(pad) = &mut self.pad else { return Action::None };
        if !pad.update(message) {
            return Action::None;
        }
        let text = pad.text();
        match step {
            ArriveStep::Question(question) => Action::Send(Event::IntentionWritten { question, text }),
            ArriveStep::ForClinician => Action::Send(Event::ForClinicianWritten { text }),
            ArriveStep::Language
            | ArriveStep::Welcome
            | ArriveStep::Card(_)
            | ArriveStep::Questions
            | ArriveStep::Place
            | ArriveStep::Sound
            | ArriveStep::Breath
            | ArriveStep::TryCall
            | ArriveStep::TryDark
            | ArriveStep::Waiting => Action::None,
        }
    }

    /// Moves by this many steps. Ends what belongs to the old step and starts what belongs to the new one.
    fn go(&mut self, by: isize, snapshot: &Snapshot) -> Action {
        let from = self.step();
        self.at = self.at.saturating_add_signed(by).min(STEPS.len() - 1);
        let (notes, chars_max) = (&snapshot.notes, snapshot.note_limits.page_chars_max);
        self.pad = match self.step() {
            ArriveStep::Question(question) if question < INTENTIONS => {
                Some(TextPad::with_text(&notes.intentions[question], chars_max))
            }
            ArriveStep::ForClinician => Some(TextPad::with_text(&notes.for_clinician, chars_max)),
            ArriveStep::Question(_)
            | ArriveStep::Language
            | ArriveStep::Welcome
            | ArriveStep::Card(_)
            | ArriveStep::Questions
            | ArriveStep::Place
            | ArriveStep::Sound
            | ArriveStep::Breath
            | ArriveStep::TryCall
            | ArriveStep::TryDark
            | ArriveStep::Waiting => None,
        };
        let mut actions = Vec::new();
        if from == ArriveStep::Breath {
            actions.push(Action::Send(Event::Breath { on: false }));
        }
        if self.step() == ArriveStep::Breath {
            actions.push(Action::Send(Event::Breath { on: true }));
        }
        if from.is_practice() && snapshot.call.as_ref().is_some_and(|call| call.practice) {
            actions.push(Action::Send(Event::CallCleared));
        }
        Action::Batch(actions)
    }

    /// The screen.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.step() {
            ArriveStep::Language => Self::language(ctx),
            ArriveStep::Welcome => {
                Self::text_step(ctx, ctx.say("arrive-welcome-title"), ctx.say("arrive-welcome-text"))
            }
            ArriveStep::Card(card) => Self::text_step(
                ctx,
                ctx.say(&format!("arrive-card-{card}-title")),
                ctx.say(&format!("arrive-card-{card}-text")),
            ),
            ArriveStep::Questions => {
                Self::text_step(ctx, ctx.say("arrive-intentions-title"), ctx.say("arrive-intentions-text"))
            }
            ArriveStep::Question(question) => self.question(ctx, question),
            ArriveStep::ForClinician => self.for_clinician(ctx),
            ArriveStep::Place => Self::place(ctx),
            ArriveStep::Sound => Self::sound(ctx),
            ArriveStep::Breath => Self::breath(ctx),
            ArriveStep::TryCall => self.try_call(ctx),
            ArriveStep::TryDark => Self::try_dark(ctx),
            ArriveStep::Waiting => parts::one_idea(
                ctx,
                parts::text_block(ctx, ctx.say("arrive-waiting-title"), ctx.say("arrive-waiting-text")),
                vec![Self::back(ctx), iced::widget::Space::new().into()],
            ),
        }
    }

    fn language<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        let locales = &ctx.clinic.config.locales;
        let languages = locales.languages();
        let are_few = languages.len() <= LANGUAGES_AT_EASE;
        let (across, width_mm, height_mm) = if are_few { (2, 50.0, 28.0) } else { (3, 42.0, 22.0) };
        let choices = languages.iter().map(|language| {
            let id = format!("language-{language}");
            parts::control(ctx, id, locales.own_name(*language), Message::LanguageChosen(*language))
                .width(ctx.mm(width_mm))
                .height(ctx.mm(height_mm))
                .into()
        });
        let choices = parts::even_rows(ctx, choices.collect(), across);
        // In every language, since none is chosen yet.
        let asked = languages.iter().map(|language| locales.words(*language).say("arrive-language-title"));
        let words: Element<'a, Message> = if are_few {
            column(asked.map(|asked| parts::title(ctx, asked).into())).align_x(iced::Center).into()
        } else {
            let mut asked: Vec<String> = asked.collect();
            asked.dedup();
            parts::body(ctx, asked.join(" · ")).center().width(ctx.mm(width_mm * 3.0)).into()
        };
        parts::one_idea(
            ctx,
            parts::scrim(ctx, column![words, choices].spacing(ctx.mm(6.0)).align_x(iced::Center)),
            Vec::new(),
        )
    }

    fn text_step<'a>(ctx: &ViewContext, head: String, text: String) -> Element<'a, Message> {
        parts::one_idea(ctx, parts::text_block(ctx, head, text), Self::back_and_next(ctx))
    }

    fn question<'a>(&'a self, ctx: &ViewContext, question: usize) -> Element<'a, Message> {
        let head = parts::title(ctx, ctx.say(&format!("arrive-question-{}", question + 1)));
        self.pad_view(ctx, head.into(), ctx.say("arrive-write-hint"), Vec::new())
    }

    fn for_clinician<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let notes = &ctx.snapshot.notes;
        let text = if notes.shared { "arrive-shared" } else { "arrive-clinician-text" };
        let head = column![parts::title(ctx, ctx.say("arrive-clinician-title")), parts::body(ctx, ctx.say(text)),];
        let share = if notes.for_clinician.is_blank() {
            Vec::new()
        } else {
            let key = if notes.shared { "arrive-unshare" } else { "arrive-share" };
            vec![write::side_control(ctx, "share", ctx.say(key), Message::SharePressed(!notes.shared))]
        };
        self.pad_view(ctx, head.into(), ctx.say("arrive-write-hint"), share)
    }

    fn pad_view<'a>(
        &'a self,
        ctx: &ViewContext,
        head: Element<'a, Message>,
        hint: String,
        mut controls: Vec<Element<'a, Message>>,
    ) -> Element<'a, Message> {
        let Some(pad) = &self.pad else { return head };
        controls.push(write::side_control(ctx, "back", ctx.say("back"), Message::BackPressed));
        let key = if pad.text().is_blank() { "skip" } else { "next" };
        controls.push(write::side_control(ctx, "next", ctx.say(key), Message::NextPressed));
        pad.view(ctx, head, hint, None, controls, Message::Pad)
    }

    fn place<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        let choices = ctx.places().into_iter().map(|place| {
            let key = format!("place-{}", place.name());
            (key.clone(), ctx.say(&key), ctx.snapshot.place == place, Message::PlaceChosen(place))
        });
        Self::choice_step(ctx, ctx.say("arrive-place-title"), choices)
    }

    fn sound<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let chosen = if snapshot.silence { SoundChoice::Silence } else { snapshot.sound };
        let choices = ctx.sounds().into_iter().map(|choice| {
            let label = ctx.say(&format!("hear-{}", choice.name()));
            (format!("sound-{}", choice.name()), label, choice == chosen, Message::SoundChosen(choice))
        });
        Self::choice_step(ctx, ctx.say("arrive-sound-title"), choices)
    }

    /// A step with choices in even rows.
    fn choice_step<'a>(
        ctx: &ViewContext,
        head: String,
        choices: impl IntoIterator<Item = (String, String, bool, Message)>,
    ) -> Element<'a, Message> {
        let choices = choices.into_iter().map(|(id, label, chosen, message)| {
            let control = parts::choice(ctx, id, label, chosen, message);
            control.width(ctx.mm(35.0)).height(ctx.mm(22.0)).into()
        });
        let choices: Vec<_> = choices.collect();
        let is_wide = ctx.window.width > ctx.window.height;
        let are_many = is_wide && choices.len() > 2 * CHOICES_ACROSS_MAX;
        let across_max = if are_many { MANY_CHOICES_ACROSS_MAX } else { CHOICES_ACROSS_MAX };
        let choices = parts::even_rows(ctx, choices, across_max);
        let words = column![parts::title(ctx, head), choices].spacing(ctx.mm(GAP_MM * 2.0)).align_x(iced::Center);
        parts::one_idea(ctx, parts::scrim(ctx, words), Self::back_and_next(ctx))
    }

    fn breath<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        let words =
            column![parts::title(ctx, ctx.say("arrive-breath-title")), parts::body(ctx, ctx.say("arrive-breath-text"))]
                .spacing(ctx.mm(3.0))
                .max_width(ctx.mm(118.0));
        let mut across: Column<'a, Message> = column![parts::scrim(ctx, words)].spacing(ctx.mm(4.0));
        if let Some(breath) = ctx.snapshot.breath {
            let still = ctx.place_renderer.reduce_motion;
            across = across.push(breath_ring::breath_ring(breath, ctx.clock, ctx.mm(44.0), still));
        }
        parts::one_idea(ctx, across.align_x(iced::Center), Self::back_and_next(ctx))
    }

    fn try_call<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        use crate::room::call::CallPhase;
        let text = match ctx.snapshot.call.as_ref() {
            Some(call) if call.phase >= CallPhase::OnTheWay => "arrive-call-answered",
            Some(call) if call.phase.is_received() => "arrive-call-reached",
            Some(call) if call.line_down_told => "arrive-call-no-desk",
            Some(_) => "arrive-call-waiting",
            None if self.has_tried_call => "arrive-call-done",
            None => "arrive-call-text",
        };
        Self::text_step(ctx, ctx.say("arrive-call-title"), ctx.say(text))
    }

    fn try_dark<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        let dark =
            parts::control(ctx, "try-dark", ctx.say("arrive-dark-try"), Message::DarkPressed).width(ctx.mm(56.0));
        parts::one_idea(
            ctx,
            parts::text_block(ctx, ctx.say("arrive-dark-title"), ctx.say("arrive-dark-text")),
            vec![Self::back(ctx), dark.into(), Self::next(ctx)],
        )
    }

    fn back_and_next<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
        vec![Self::back(ctx), Self::next(ctx)]
    }

    fn back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        parts::control(ctx, "back", ctx.say("back"), Message::BackPressed).into()
    }

    fn next<'a>(ctx: &ViewContext) -> Element<'a, Message> {
        parts::control(ctx, "next", ctx.say("next"), Message::NextPressed)
            .style(parts::control_style(ctx, true))
            .width(ctx.mm(theme::TARGET_MM * 2.2))
            .into()
    }
}
