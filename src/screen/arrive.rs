//! Owns Arrive, which shows one optional idea at a time, from the choice of language to the wait for the session. Does
//! not own what the patient writes.

use iced::widget::{column, container, row, text};
use iced::{Element, Length};

use super::Action;
use super::draw::{self, DrawPad};
use super::write::{self, TextPad};
use crate::room::call::CallPhase;
use crate::room::drawing::{Drawing, POINTS_MAX};
use crate::room::notes::{INTENTIONS, PatientText};
use crate::room::{Event, Snapshot};
use crate::theme::{self, GAP_MM, TARGET_MM};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::vocabulary::sound::SoundChoice;
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry, StepProgress, TITLE_GAP_MM, lines_of};
use crate::widget::place::shader::PlaceShader;
use crate::widget::place::tile_picture::TilePicture;
use crate::widget::tile::{Tile, picture, tiles};
use crate::widget::{ViewContext, breath_ring, parts, tile_faces};

/// One step of Arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArriveStep {
    /// The choice of language.
    Language,
    /// What Arrive is for, with a control that skips all of it.
    Welcome,
    /// The choice of the free hand and of the size of words.
    Comfort,
    /// Pictures and words about what ketamine does and how it feels.
    Expect,
    /// Three questions about the patient's intentions, and one about what the clinician should know.
    Questions,
    /// The choice of a place.
    Place,
    /// The choice of a sound.
    Sound,
    /// Breathing with the pacer, until the patient moves on.
    Breath,
    /// A practice call and, if the patient likes, another one on the dark screen.
    TryCall,
    /// The end of Arrive, where the patient waits for the session.
    Waiting,
}

/// Maximum height of the control of a question, in millimetres.
const QUESTION_MM: f32 = 30.0;
/// Height of the control of a language, in millimetres.
const LANGUAGE_MM: f32 = 24.0;
/// Maximum height of the control that chooses a hand or a size of words, in millimetres.
const COMFORT_MM: f32 = 26.0;
/// Maximum width of such a control, in millimetres.
const COMFORT_WIDTH_MM: f32 = 66.0;
/// Maximum diameter of the breath ring, in millimetres.
const RING_MM: f32 = 34.0;
/// Maximum number of languages for which the question about the language is the title of its page, with a line for each
/// language. For more languages, the question is body text without line breaks.
const TITLE_LANGUAGES_MAX: usize = 3;

const STEPS: [ArriveStep; 10] = [
    ArriveStep::Language,
    ArriveStep::Welcome,
    ArriveStep::Comfort,
    ArriveStep::Expect,
    ArriveStep::Questions,
    ArriveStep::Place,
    ArriveStep::Sound,
    ArriveStep::Breath,
    ArriveStep::TryCall,
    ArriveStep::Waiting,
];
/// Number of progress dots: one for each step except the first two and the last.
const PROGRESS_DOTS: usize = 7;

impl ArriveStep {
    /// Whether a call on this step is a practice call.
    const fn is_practice(self) -> bool {
        matches!(self, Self::TryCall)
    }

    fn progress(self) -> Option<StepProgress> {
        let at = match self {
            Self::Language | Self::Welcome | Self::Waiting => return None,
            Self::Comfort => 0,
            Self::Expect => 1,
            Self::Questions => 2,
            Self::Place => 3,
            Self::Sound => 4,
            Self::Breath => 5,
            Self::TryCall => 6,
        };
        Some(StepProgress { at, of: PROGRESS_DOTS })
    }
}

/// The screen of Arrive.
#[derive(Default)]
pub struct ArriveScreen {
    /// Index of the current step in [`STEPS`].
    at: usize,
    answering: Answering,
    has_tried_call: bool,
}

/// Something that the patient can answer in writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// One of the three questions about the patient's intentions, by its index from 0. A drawing can answer it, too.
    Intention(usize),
    /// What the clinician should know. It can be answered only in writing.
    ForClinician,
}

impl Question {
    /// Returns all questions, in the order in which they are shown.
    fn all() -> impl Iterator<Item = Self> {
        (0..INTENTIONS).map(Self::Intention).chain([Self::ForClinician])
    }

    /// Returns the id of the control that opens the question.
    fn id(self) -> String {
        match self {
            Self::Intention(index) => format!("question-{}", index + 1),
            Self::ForClinician => "question-clinician".to_owned(),
        }
    }

    fn title(self, ctx: &ViewContext) -> String {
        match self {
            Self::Intention(index) => ctx.say(&format!("arrive-question-{}-title", index + 1)),
            Self::ForClinician => ctx.say("arrive-clinician-title"),
        }
    }

    /// Returns the question in full, for an empty page of text.
    fn hint(self, ctx: &ViewContext) -> String {
        match self {
            Self::Intention(index) => ctx.say(&format!("arrive-question-{}", index + 1)),
            Self::ForClinician => ctx.say("arrive-clinician-text"),
        }
    }

    fn text(self, snapshot: &Snapshot) -> &PatientText {
        match self {
            Self::Intention(index) => &snapshot.notes.intentions[index].text,
            Self::ForClinician => &snapshot.notes.for_clinician,
        }
    }

    fn drawing(self, snapshot: &Snapshot) -> Option<&Drawing> {
        match self {
            Self::Intention(index) => Some(&snapshot.notes.intentions[index].drawing),
            Self::ForClinician => None,
        }
    }

    fn is_answered(self, snapshot: &Snapshot) -> bool {
        !self.text(snapshot).is_blank() || self.is_drawn(snapshot)
    }

    fn is_drawn(self, snapshot: &Snapshot) -> bool {
        self.drawing(snapshot).is_some_and(|drawing| !drawing.is_blank())
    }
}

/// The question that the patient is answering, with the pad for the answer.
#[derive(Default)]
enum Answering {
    /// No question is being answered. The screen shows all questions.
    #[default]
    None,
    /// The patient is writing an answer.
    Writing(Question, TextPad),
    /// The patient is drawing an answer to the question with this index.
    Drawing(usize, DrawPad),
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A language was chosen.
    LanguageChosen(Language),
    /// *Next* was pressed.
    NextPressed,
    /// *Back* was pressed.
    BackPressed,
    /// The control that skips all of Arrive was pressed.
    SkipAllPressed,
    /// A question was pressed.
    QuestionPressed(Question),
    /// *Write* was pressed on the drawing pad of the question with this index.
    WritePressed(usize),
    /// *Draw* was pressed on the text pad of the question with this index.
    DrawPressed(usize),
    /// The patient went back from a pad to the questions.
    PadClosed,
    /// Something happened on the text pad.
    Pad(write::Message),
    /// Something happened on the drawing pad.
    Draw(draw::Message),
    /// Sharing the text with the clinician was switched on or off.
    SharePressed(bool),
    /// The patient said which hand is free.
    HandChosen(Hand),
    /// A size of words was chosen.
    TypeSizeChosen(TypeSize),
    /// A place was chosen.
    PlaceChosen(Place),
    /// A sound was chosen.
    SoundChosen(SoundChoice),
    /// *Try the dark* was pressed.
    DarkPressed,
}

impl ArriveScreen {
    /// Whether a page to write or draw on is open.
    #[must_use]
    pub const fn is_answering(&self) -> bool {
        !matches!(self.answering, Answering::None)
    }

    /// Identifies the page that is shown.
    #[must_use]
    pub const fn page_id(&self) -> usize {
        let answering = match self.answering {
            Answering::None => 0,
            Answering::Writing(..) => 1,
            Answering::Drawing(..) => 2,
        };
        3 * self.at + answering
    }

    /// The current step.
    #[must_use]
    pub fn step(&self) -> ArriveStep {
        STEPS[self.at.min(STEPS.len() - 1)]
    }

    /// Whether a call that is placed now is a practice call.
    #[must_use]
    pub fn call_is_practice(&self) -> bool {
        self.step().is_practice()
    }

    /// Remembers that a call was placed during Arrive. The step with the practice call then shows other words and lets
    /// the patient try the dark screen.
    pub fn on_call_placed(&mut self) {
        self.has_tried_call = true;
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        let action = self.handle(message, snapshot);
        // The focus is set again after every message, since iced's text editor loses it when the mouse presses an
        // on-screen key.
        let focus = match self.answering {
            Answering::Writing(..) => Action::Focus(write::PAGE),
            Answering::None | Answering::Drawing(..) => Action::None,
        };
        Action::Batch(vec![action, focus])
    }

    fn handle(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::LanguageChosen(language) => {
                Action::Batch(vec![Action::Send(Event::LanguageChosen(language)), self.go(1, snapshot)])
            }
            Message::NextPressed => self.go(1, snapshot),
            Message::BackPressed => self.go(-1, snapshot),
            Message::SkipAllPressed => self.go(STEPS.len().cast_signed(), snapshot),
            Message::QuestionPressed(question) => {
                self.answering = match question {
                    // An answer that was only drawn is opened as a drawing.
                    Question::Intention(index) if question.is_drawn(snapshot) && question.text(snapshot).is_blank() => {
                        drawing(index, snapshot)
                    }
                    Question::Intention(_) | Question::ForClinician => writing(question, snapshot),
                };
                Action::None
            }
            Message::WritePressed(index) => {
                self.answering = writing(Question::Intention(index), snapshot);
                Action::None
            }
            Message::DrawPressed(index) => {
                self.answering = drawing(index, snapshot);
                Action::None
            }
            Message::PadClosed => {
                self.answering = Answering::None;
                Action::None
            }
            Message::Pad(message) => self.edit(message),
            Message::Draw(message) => self.draw(message),
            Message::SharePressed(on) => Action::Send(Event::ForClinicianShared { on }),
            Message::HandChosen(hand) => Action::Send(Event::HandChosen(hand)),
            Message::TypeSizeChosen(size) => Action::Send(Event::TypeSizeChosen(size)),
            Message::PlaceChosen(place) => Action::Send(Event::PlaceChosen(place)),
            Message::SoundChosen(choice) => Action::Send(Event::SoundChosen(choice)),
            Message::DarkPressed => {
                // On the dark screen, the patient practises placing a call, so no call may be open yet.
                let ends = is_practising(snapshot).then_some(Event::CallCleared);
                Action::send_all(ends.into_iter().chain([Event::Dark { on: true }]))
            }
        }
    }

    fn edit(&mut self, message: write::Message) -> Action {
        let Answering::Writing(question, pad) = &mut self.answering else { return Action::None };
        if !pad.update(message) {
            return Action::None;
        }
        let text = pad.text();
        Action::Send(match *question {
            Question::Intention(question) => Event::IntentionWritten { question, text },
            Question::ForClinician => Event::ForClinicianWritten { text },
        })
    }

    fn draw(&mut self, message: draw::Message) -> Action {
        let Answering::Drawing(question, pad) = &mut self.answering else { return Action::None };
        match pad.update(message) {
            Some(drawing) => Action::Send(Event::IntentionDrawn { question: *question, drawing }),
            None => Action::None,
        }
    }

    /// Moves by this many steps, but not beyond the first or the last. Leaving a step ends its pacer or its practice
    /// call, and entering the step for breathing starts the pacer.
    fn go(&mut self, by: isize, snapshot: &Snapshot) -> Action {
        let from = self.step();
        self.at = self.at.saturating_add_signed(by).min(STEPS.len() - 1);
        self.answering = Answering::None;
        let mut actions = Vec::new();
        if from == ArriveStep::Breath {
            actions.push(Action::Send(Event::Breath { on: false }));
        }
        if self.step() == ArriveStep::Breath {
            actions.push(Action::Send(Event::Breath { on: true }));
        }
        if from.is_practice() && is_practising(snapshot) {
            actions.push(Action::Send(Event::CallCleared));
        }
        Action::Batch(actions)
    }

    /// The screen of Arrive.
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        match self.step() {
            ArriveStep::Language => language(ctx),
            ArriveStep::Welcome => {
                let skip = parts::secondary(ctx, "skip-all", ctx.say("arrive-skip-all"), None, Message::SkipAllPressed);
                let page = self.page(ctx).title(ctx.say("arrive-welcome-title")).words(ctx.say("arrive-welcome-text"));
                page.start(skip).view(ctx)
            }
            ArriveStep::Comfort => self.comfort(ctx),
            ArriveStep::Expect => self.expect(ctx),
            ArriveStep::Questions => match &self.answering {
                Answering::None => self.questions(ctx),
                Answering::Writing(question, pad) => writing_pad(ctx, *question, pad),
                Answering::Drawing(index, pad) => drawing_pad(ctx, *index, pad),
            },
            ArriveStep::Place => self.place(ctx),
            ArriveStep::Sound => self.sound(ctx),
            ArriveStep::Breath => self.breath(ctx),
            ArriveStep::TryCall => self.try_call(ctx),
            ArriveStep::Waiting => Page::new()
                .title(ctx.say("arrive-waiting-title"))
                .words(ctx.say("arrive-waiting-text"))
                .start(back(ctx))
                .view(ctx),
        }
    }

    /// The page of the current step, with *Back*, *Next* and the progress dots.
    fn page<'a>(&self, ctx: &ViewContext) -> Page<'a, Message> {
        let step = self.step();
        let page = Page::new().progress(step.progress()).start(back(ctx));
        page.end(parts::primary(ctx, "next", ctx.say("next"), Some(Icon::Forward), Message::NextPressed))
    }

    fn comfort<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let geometry = PageGeometry::of(ctx);
        let hands = Hand::ALL.iter().map(|hand| {
            let icon = match hand {
                Hand::Left => Icon::LeftHand,
                Hand::Right => Icon::Hand,
            };
            let key = format!("hand-{}", hand.name());
            let label = ctx.say(&format!("hand-{}", hand.name()));
            let style = parts::control_style(ctx, snapshot.hand == *hand);
            parts::icon_offer(ctx, key, icon, label, Message::HandChosen(*hand)).style(style).into()
        });
        let sizes = TypeSize::ALL.iter().map(|size| {
            let id = format!("type-{}", size.name());
            let label = ctx.say(&format!("type-{}", size.name()));
            let style = parts::control_style(ctx, snapshot.type_size == *size);
            parts::icon_offer(ctx, id, Icon::TextSize, label, Message::TypeSizeChosen(*size)).style(style).into()
        });
        // A small display has no room for larger words. Those in normal type have the same size on every display.
        let has_sizes = !geometry.is_small();
        let (groups_across, groups_down) = match (has_sizes, geometry.is_portrait()) {
            (false, _) => (1.0, 1.0),
            (true, true) => (1.0, 2.0),
            (true, false) => (2.0, 1.0),
        };
        let gap_mm = 3.0 * GAP_MM;
        let width_mm = (geometry.content_width_mm() - (groups_across - 1.0) * gap_mm) / groups_across;
        let title = ctx.say("comfort-title");
        let body_mm = geometry.body_height_mm(geometry.title_lines(&title));
        let lines_mm = |words: &str, width_mm: f32| {
            let size_mm = ctx.scale.body() / ctx.mm(1.0);
            lines_of(words, size_mm, width_mm) * size_mm * theme::LINE_HEIGHT
        };
        let questions = if has_sizes { &["comfort-hand", "comfort-type"][..] } else { &["comfort-hand"] };
        let asked_mm = questions.iter().map(|key| lines_mm(&ctx.say(key), width_mm)).fold(0.0, f32::max) + GAP_MM;
        let each_mm = ((body_mm + gap_mm) / groups_down - gap_mm - asked_mm).clamp(TARGET_MM, COMFORT_MM);
        let groups_mm = groups_down * (asked_mm + each_mm + gap_mm) - gap_mm;
        let group = |question: &str, choices: Vec<Element<'a, Message>>| -> Element<'a, Message> {
            // The left hand is always on the left and the right hand on the right, so these choices are not mirrored
            // for a patient whose left hand is free.
            let wide_mm = ((width_mm - GAP_MM) / 2.0).min(COMFORT_WIDTH_MM);
            let across = choices
                .into_iter()
                .map(|choice| container(choice).width(ctx.mm(wide_mm)).height(ctx.mm(each_mm)).into());
            let asked = parts::body(ctx, ctx.say(question));
            column![asked, row(across).spacing(ctx.mm(GAP_MM))].spacing(ctx.mm(GAP_MM)).width(ctx.mm(width_mm)).into()
        };
        let sizes = has_sizes.then(|| group("comfort-type", sizes.collect()));
        let groups = [Some(group("comfort-hand", hands.collect())), sizes].into_iter().flatten();
        let groups: Element<'a, Message> = if geometry.is_portrait() {
            column(groups).spacing(ctx.mm(gap_mm)).into()
        } else {
            row(groups).spacing(ctx.mm(gap_mm)).align_y(iced::Bottom).into()
        };
        let mut page = self.page(ctx).title(title);
        // The explanation is left out where the controls need its space.
        let words = ctx.say("comfort-text");
        if groups_mm + lines_mm(&words, geometry.words_width_mm()) + TITLE_GAP_MM <= body_mm {
            page = page.words(words);
        }
        page.wide_content(groups).view(ctx)
    }

    fn expect<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        const PICTURES: [TilePicture; 3] = [
            TilePicture::part(PlaceShader::Forest, TimeOfDay::Dawn, [0.20, 0.10, 0.75, 0.75]),
            TilePicture::part(PlaceShader::NightSky, TimeOfDay::Night, [0.15, 0.05, 0.75, 0.75]),
            TilePicture::part(PlaceShader::Beach, TimeOfDay::Dawn, [0.30, 0.15, 0.70, 0.70]),
        ];
        let geometry = PageGeometry::of(ctx);
        let gap = ctx.mm(GAP_MM * 2.0);
        let words = |number: usize| {
            let title = ctx.say(&format!("arrive-expect-{number}-title"));
            let title = parts::text_line(title, ctx.scale.type_mm(6.2), theme::VOICE, theme::LAMPLIGHT);
            let text = parts::body(ctx, ctx.say(&format!("arrive-expect-{number}-text")));
            column![title, text].spacing(ctx.mm(1.0)).width(Length::Fill)
        };
        let title = ctx.say("arrive-expect-title");
        // Larger words need the space that the pictures would take.
        let has_pictures = geometry.type_factor <= 1.0;
        let cards: Element<'a, Message> = if geometry.is_portrait() {
            let cards = PICTURES.into_iter().enumerate().map(|(index, shown)| {
                let picture = || container(picture(ctx, shown)).width(ctx.mm(40.0)).height(ctx.mm(34.0));
                let picture = has_pictures.then(picture);
                row![].push(picture).push(words(index + 1)).spacing(gap).align_y(iced::Center).into()
            });
            column(cards).spacing(gap).into()
        } else {
            // The pictures take the height that the words leave.
            let pictures = PICTURES.into_iter().map(|shown| container(picture(ctx, shown)).width(Length::Fill).into());
            let pictures = has_pictures.then(|| row(pictures).spacing(gap).height(Length::Fill));
            let words = row((1..=PICTURES.len()).map(|number| words(number).into())).spacing(gap);
            let height = ctx.mm(geometry.body_height_mm(geometry.title_lines(&title)));
            column![].push(pictures).push(words).spacing(ctx.mm(2.0)).height(height).into()
        };
        self.page(ctx).title(title).wide_content(cards).view(ctx)
    }

    /// The screen with all questions. Each question has a tick once it is answered.
    fn questions<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let geometry = PageGeometry::of(ctx);
        let title = ctx.say("arrive-questions-title");
        let controls: Vec<Element<'a, Message>> = Question::all()
            .map(|question| {
                let icon = match question {
                    Question::Intention(_) => Icon::Pen,
                    Question::ForClinician => Icon::Person,
                };
                let is_answered = question.is_answered(snapshot);
                let message = Message::QuestionPressed(question);
                parts::icon_choice(ctx, question.id(), icon, question.title(ctx), is_answered, message).into()
            })
            .collect();
        let columns = if geometry.is_portrait() { 1 } else { 2 };
        let rows = controls.len().div_ceil(columns) as f32;
        let body_mm = geometry.body_height_mm(geometry.title_lines(&title));
        let each_mm = ((body_mm - (rows - 1.0) * GAP_MM) / rows).clamp(TARGET_MM, QUESTION_MM);
        let controls = parts::control_grid(ctx, controls, columns, geometry.content_width_mm(), each_mm);
        self.page(ctx).title(title).wide_content(controls).view(ctx)
    }

    fn place<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let title = ctx.say("arrive-place-title");
        let grid = PageGeometry::of(ctx).tile_grid(ctx.places().len(), &title);
        let choices = tile_faces::place_tiles(ctx, Message::PlaceChosen);
        self.page(ctx).title(title).wide_content(tiles(ctx, grid, choices)).view(ctx)
    }

    fn sound<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let snapshot = &ctx.snapshot;
        let chosen = if snapshot.silence { SoundChoice::Silence } else { snapshot.sound };
        let sounds = ctx.sounds();
        let title = ctx.say("arrive-sound-title");
        let grid = PageGeometry::of(ctx).tile_grid(sounds.len(), &title);
        let choices = sounds.into_iter().map(|choice| Tile {
            id: format!("sound-{}", choice.name()),
            caption: ctx.say(&format!("hear-{}", choice.name())),
            face: tile_faces::of_sound(choice),
            is_chosen: choice == chosen,
            message: Message::SoundChosen(choice),
        });
        let choices = tiles(ctx, grid, choices.collect());
        self.page(ctx).title(title).wide_content(choices).view(ctx)
    }

    fn breath<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let is_still = ctx.place_renderer.reduce_motion;
        let page = self.page(ctx).title(ctx.say("arrive-breath-title")).words(ctx.say("arrive-breath-text"));
        let Some(breath) = ctx.snapshot.breath else { return page.view(ctx) };
        let word = |key: &str| text(ctx.say(key)).size(ctx.scale.title()).font(theme::VOICE).line_height(1.2);
        let ring = breath_ring::breath_ring(breath, ctx.clock, ctx.mm(RING_MM), is_still);
        // The ring is among the words, so that it does not cover the light of the place: that light moves with the
        // breath, too.
        page.content(ring.words(word("breath-in"), word("breath-out"))).view(ctx)
    }

    fn try_call<'a>(&self, ctx: &ViewContext) -> Element<'a, Message> {
        let page = self.page(ctx).title(ctx.say("arrive-call-title")).words(self.call_words(ctx));
        let is_line_down = ctx.snapshot.call.as_ref().is_some_and(|call| call.no_desk_told);
        if !self.has_tried_call || is_line_down {
            return page.view(ctx);
        }
        let dark =
            parts::secondary(ctx, "try-dark", ctx.say("arrive-dark-try"), Some(Icon::Moon), Message::DarkPressed);
        let geometry = PageGeometry::of(ctx);
        let words =
            container(parts::body(ctx, ctx.say("arrive-dark-text"))).max_width(ctx.mm(geometry.words_width_mm()));
        page.content(words).start(dark).view(ctx)
    }

    /// Words that explain the practice call, or say how far it has come.
    fn call_words(&self, ctx: &ViewContext) -> String {
        ctx.say(match ctx.snapshot.call.as_ref() {
            Some(call) if call.phase >= CallPhase::OnTheWay => "arrive-call-answered",
            Some(call) if call.phase.is_received() => "arrive-call-reached",
            Some(call) if call.no_desk_told => "arrive-call-no-desk",
            Some(_) => "arrive-call-waiting",
            None if self.has_tried_call => "arrive-call-done",
            None => "arrive-call-text",
        })
    }
}

fn is_practising(snapshot: &Snapshot) -> bool {
    snapshot.call.as_ref().is_some_and(|call| call.practice)
}

fn writing(question: Question, snapshot: &Snapshot) -> Answering {
    let pad = TextPad::with_text(question.text(snapshot), snapshot.note_limits.page_chars_max);
    Answering::Writing(question, pad)
}

fn drawing(index: usize, snapshot: &Snapshot) -> Answering {
    let drawing = Question::Intention(index).drawing(snapshot).cloned().unwrap_or_default();
    Answering::Drawing(index, DrawPad::with_drawing(drawing))
}

fn writing_pad<'a>(ctx: &ViewContext, question: Question, pad: &'a TextPad) -> Element<'a, Message> {
    let notes = &ctx.snapshot.notes;
    let title = match question {
        Question::ForClinician if notes.shared => ctx.say("arrive-shared"),
        Question::ForClinician | Question::Intention(_) => question.title(ctx),
    };
    // A small display has no room for a title above the keyboard, so the empty page shows the title instead of the
    // question in full.
    let hint = if PageGeometry::of(ctx).is_small() { title.clone() } else { question.hint(ctx) };
    let other = match question {
        Question::Intention(index) => {
            write::side_control(ctx, "draw", ctx.say("note-draw"), Message::DrawPressed(index))
        }
        Question::ForClinician if notes.for_clinician.is_blank() => write::side_gap(ctx),
        Question::ForClinician => {
            let key = if notes.shared { "arrive-unshare" } else { "arrive-share" };
            write::side_control(ctx, "share", ctx.say(key), Message::SharePressed(!notes.shared))
        }
    };
    pad.view(ctx, parts::title(ctx, title).into(), hint, vec![other, close(ctx)], Message::Pad)
}

fn drawing_pad<'a>(ctx: &ViewContext, index: usize, pad: &'a DrawPad) -> Element<'a, Message> {
    let hint = pad.is_blank().then(|| Question::Intention(index).title(ctx));
    let write = write::side_control(ctx, "write", ctx.say("note-write"), Message::WritePressed(index));
    pad.view(ctx, index, POINTS_MAX, hint, None, vec![Some(write), Some(close(ctx))], Message::Draw)
}

/// The control that leads from a pad back to the questions.
fn close<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    write::side_control(ctx, "close", ctx.say("done"), Message::PadClosed)
}

fn back<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    parts::secondary(ctx, "back", ctx.say("back"), Some(Icon::Back), Message::BackPressed).into()
}

fn language<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let locales = &ctx.clinic.config.locales;
    let languages = locales.languages();
    let are_few = languages.len() <= TITLE_LANGUAGES_MAX;
    let geometry = PageGeometry::of(ctx);
    let columns = match (geometry.is_portrait(), are_few) {
        (true, _) => 2,
        (false, true) => languages.len(),
        (false, false) => 4,
    };
    let choices = languages.iter().map(|language| {
        let id = format!("language-{language}");
        parts::offer(ctx, id, locales.own_name(*language), Message::LanguageChosen(*language))
            .width(Length::Fill)
            .height(Length::Fill)
            .into()
    });
    let choices = parts::control_grid(ctx, choices.collect(), columns, geometry.content_width_mm(), LANGUAGE_MM);
    // The question is asked in every language, since none is chosen yet.
    let mut questions: Vec<String> =
        languages.iter().map(|language| locales.words(*language).say("arrive-language-title")).collect();
    questions.dedup();
    let page = Page::new().wide_content(choices);
    let page = if are_few { page.title(questions.join("\n")) } else { page.words(questions.join(" · ")) };
    page.view(ctx)
}
