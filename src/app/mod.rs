//! Owns the window: which screen is shown, what lies over it, and the way of every touch to the room. It decides
//! nothing about the room itself.

mod apart;
mod layers;
mod shell;
mod trace;

pub use shell::run;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use iced::{Event as WindowEvent, Size, Subscription, Task, keyboard, window};
use tokio_stream::wrappers::WatchStream;
use ulid::Ulid;

use self::apart::{apart, keep_setup};
use crate::driver::RoomHandle;
use crate::driver::vitals::Vitals;
use crate::pin::{Secret, Verdict};
use crate::room::call::CallId;
use crate::room::{DARK_PANEL_FOR, Event, Refusal, Snapshot, Stage};
use crate::screen::after::{self, After};
use crate::screen::arrive::{self, Arrive};
use crate::screen::first_run::{self, FirstRun};
use crate::screen::pin::{self, PinPad};
use crate::screen::ready::{self, Ready};
use crate::screen::session::{self, Session};
use crate::screen::staff::{self, Staff};
use crate::screen::turnover::{self, Turnover};
use crate::screen::{Action, TestTone};
use crate::setup::Setup;
use crate::sound::{Signal, Sound};
use crate::theme::Scale;
use crate::widget::place::Pictures;
use crate::widget::touch::ControlInfo;
use crate::widget::{Clinic, ViewContext};

/// The sound fades out for so long before the program starts afresh.
const FADES_WITHIN: Duration = Duration::from_millis(300);

/// The fingers and the palm of one hand are felt within so long of each other.
const HAND_LANDS_WITHIN: Duration = Duration::from_millis(300);

/// What the window needs from the rest of the program.
pub struct Parts {
    /// The room.
    pub room: RoomHandle,
    /// What the clinic set up.
    pub clinic: Arc<Clinic>,
    /// The room's name; empty before the first run.
    pub room_name: String,
    /// What places are drawn with.
    pub pictures: Pictures,
    /// The staff PIN.
    pub pin: Arc<Secret>,
    /// The state directory.
    pub state: PathBuf,
    /// The sound, for the tone of the first run.
    pub sound: Sound,
    /// Notes each frame, so that a desk hears of a window that stands still.
    pub vitals: Arc<Vitals>,
    /// The size of the window in logical pixels; the whole screen if none is named.
    pub windowed: Option<Size>,
    /// Starts the program afresh after the first run, so that all of it goes by what was chosen. Comes back only with
    /// what went wrong.
    pub start_afresh: Arc<dyn Fn() -> std::io::Error + Send + Sync>,
    /// Where each control lies is written here after each change, for whoever drives the window from outside.
    pub trace: Option<PathBuf>,
}

/// The window.
pub struct App {
    ctx: ViewContext,
    room: RoomHandle,
    screen: Screen,
    staff: StaffLayer,
    pin: Arc<Secret>,
    state: PathBuf,
    sound: Sound,
    vitals: Arc<Vitals>,
    start_afresh: Arc<dyn Fn() -> std::io::Error + Send + Sync>,
    trace: Option<trace::Trace>,
    diagonal_inches: f32,
    /// Whether the clipboard was emptied in this turnover.
    clipboard_is_empty: bool,
}

enum Screen {
    FirstRun(Box<FirstRun>),
    Ready(Ready),
    Arrive(Box<Arrive>),
    Session(Session),
    After(Box<After>),
    Farewell,
    Turnover(Turnover),
}

enum StaffLayer {
    Closed,
    Pin(PinPad),
    Open(Staff),
}

/// What happened at the window.
#[derive(Clone, Debug)]
pub enum Message {
    /// The room changed.
    RoomChanged(Arc<Snapshot>),
    /// The window has this size.
    Resized(Size),
    /// A key was pressed, by its name.
    KeyPressed(String),
    /// The call was pressed.
    CallPressed,
    /// Staff slid *Here*.
    HereSlid,
    /// Staff slid *Clear*.
    ClearSlid,
    /// The staff corner was held.
    CornerHeld,
    /// The dark screen was touched.
    DarkTouched,
    /// The dark is to end.
    DarkLeft,
    /// The room answered.
    Answered(Result<(), Refusal>),
    /// The PIN was checked.
    PinChecked(Result<Verdict, String>),
    /// What the first run chose was kept, or not.
    SetupKept(Result<Setup, String>),
    /// The controls on the screen and their bounds.
    Traced(Vec<(ControlInfo, iced::Rectangle)>),
    /// The screen.
    Screen(ScreenMessage),
    /// The PIN pad.
    Pin(pin::Message),
    /// The staff panel.
    Staff(staff::Message),
}

/// What happened on a screen. Farewell has no controls.
#[derive(Clone, Debug)]
pub enum ScreenMessage {
    /// The first run.
    FirstRun(first_run::Message),
    /// Ready.
    Ready(ready::Message),
    /// Arrive.
    Arrive(arrive::Message),
    /// The session.
    Session(session::Message),
    /// After.
    After(after::Message),
    /// Turnover.
    Turnover(turnover::Message),
}

impl App {
    /// A window of that size on that room.
    #[must_use]
    pub fn new(parts: Parts, size: Size) -> Self {
        let snapshot = parts.room.snapshots().borrow().clone();
        let config = &parts.clinic.config;
        let diagonal_inches = config.screen.diagonal_inches;
        let ctx = ViewContext {
            words: Arc::new(config.locales.words(snapshot.language)),
            staff_words: Arc::new(config.locales.words(config.room.locale)),
            scale: Scale::new(diagonal_inches, size),
            window: size,
            clock: parts.room.clock(),
            clinic: Arc::clone(&parts.clinic),
            room_name: parts.room_name,
            pictures: parts.pictures,
            snapshot,
        };
        let mut app = Self {
            screen: Screen::Ready(Ready),
            ctx,
            room: parts.room,
            staff: StaffLayer::Closed,
            pin: parts.pin,
            state: parts.state,
            sound: parts.sound,
            vitals: parts.vitals,
            start_afresh: parts.start_afresh,
            trace: parts.trace.map(trace::Trace::to),
            diagonal_inches,
            clipboard_is_empty: false,
        };
        app.screen = if app.pin.is_set() { app.screen_of_stage() } else { app.first_run() };
        app
    }

    fn first_run(&self) -> Screen {
        let config = &self.ctx.clinic.config;
        Screen::FirstRun(Box::new(FirstRun::new(
            &self.ctx.room_name,
            config.screen.diagonal_inches,
            config.sound.cap_db,
        )))
    }

    fn screen_of_stage(&self) -> Screen {
        match self.ctx.snapshot.stage {
            Stage::Ready => Screen::Ready(Ready),
            Stage::Arrive => Screen::Arrive(Box::default()),
            Stage::Session => Screen::Session(Session::default()),
            Stage::After => Screen::After(Box::default()),
            Stage::Farewell => Screen::Farewell,
            Stage::Turnover | Stage::Blocked => Screen::Turnover(Turnover::default()),
        }
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        let traced = matches!(message, Message::Traced(_));
        let task = self.take(message);
        if traced { task } else { Task::batch([task, self.trace_controls()]) }
    }

    fn trace_controls(&self) -> Task<Message> {
        if self.trace.is_some() { trace::collect_controls().map(Message::Traced) } else { Task::none() }
    }

    fn take(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::RoomChanged(snapshot) => self.room_changed(snapshot),
            Message::Resized(size) => {
                self.ctx.window = size;
                self.ctx.scale = Scale::new(self.diagonal_inches, size);
                Task::none()
            }
            Message::KeyPressed(name) if self.ctx.clinic.config.call.keys.contains(&name) => self.press_call(false),
            // One hand that lands in the dark is one touch, however many of its fingers the glass feels.
            Message::CallPressed if self.a_hand_is_landing_in_the_dark() => Task::none(),
            Message::CallPressed => {
                let practice = self.call_is_practice();
                self.press_call(practice)
            }
            Message::HereSlid => self.tell(Event::CallHere { id: None }),
            Message::ClearSlid => self.tell(Event::CallCleared),
            Message::CornerHeld => {
                self.staff = StaffLayer::Pin(PinPad::default());
                self.tell(Event::StaffTouched)
            }
            Message::DarkTouched => self.tell(Event::DarkTouched),
            Message::DarkLeft => self.tell(Event::Dark { on: false }),
            Message::KeyPressed(_) | Message::Answered(Ok(())) => Task::none(),
            Message::Answered(Err(refusal)) => {
                tracing::info!(%refusal, "the room did not take a touch");
                Task::none()
            }
            Message::PinChecked(checked) => self.pin_checked(checked),
            Message::SetupKept(kept) => self.setup_kept(kept),
            Message::Traced(controls) => {
                if let Some(trace) = &mut self.trace {
                    trace.write(controls, self.screen.name());
                }
                Task::none()
            }
            Message::Pin(message) => self.pin_message(&message),
            Message::Staff(message) => self.staff_message(message),
            Message::Screen(message) => self.screen_message(message),
        }
    }

    fn screen_message(&mut self, message: ScreenMessage) -> Task<Message> {
        use ScreenMessage::{After, Arrive, FirstRun, Ready, Session, Turnover};
        let snapshot = Arc::clone(&self.ctx.snapshot);
        let action = match (message, &mut self.screen) {
            (FirstRun(message), Screen::FirstRun(first_run)) => first_run.update(message),
            (Ready(message), Screen::Ready(ready)) => ready.update(&message),
            (Arrive(message), Screen::Arrive(arrive)) => arrive.update(message, &snapshot),
            (Session(message), Screen::Session(session)) => session.update(&message, &snapshot),
            (After(message), Screen::After(after)) => after.update(message, &snapshot),
            (Turnover(message), Screen::Turnover(turnover)) => turnover.update(&message, &snapshot),
            // A touch on a screen that has gone in the meantime.
            (FirstRun(_) | Ready(_) | Arrive(_) | Session(_) | After(_) | Turnover(_), _) => Action::None,
        };
        self.perform(action)
    }

    fn pin_message(&mut self, message: &pin::Message) -> Task<Message> {
        let StaffLayer::Pin(pad) = &mut self.staff else { return Task::none() };
        if matches!(message, pin::Message::ClosePressed) {
            self.staff = StaffLayer::Closed;
            return Task::none();
        }
        let Some(typed) = pad.update(message) else { return Task::none() };
        let pin = Arc::clone(&self.pin);
        let check = move || pin.check(&typed, SystemTime::now()).map_err(|error| error.to_string());
        Task::perform(apart(check), Message::PinChecked)
    }

    fn pin_checked(&mut self, checked: Result<Verdict, String>) -> Task<Message> {
        self.tell_of_the_pin(checked.is_err());
        let StaffLayer::Pin(pad) = &mut self.staff else { return Task::none() };
        match checked {
            Ok(Verdict::Right) => {
                self.staff = StaffLayer::Open(Staff::default());
                return self.tell(Event::StaffTouched);
            }
            Ok(Verdict::Wrong { wait } | Verdict::Locked { wait }) => pad.was_wrong(wait),
            Err(error) => {
                tracing::error!(%error, "the staff PIN could not be checked");
                pad.cannot_be_checked();
            }
        }
        Task::none()
    }

    fn staff_message(&mut self, message: staff::Message) -> Task<Message> {
        let snapshot = Arc::clone(&self.ctx.snapshot);
        let StaffLayer::Open(panel) = &mut self.staff else { return Task::none() };
        let action = panel.update(message, &snapshot);
        Task::batch([self.tell(Event::StaffTouched), self.perform(action)])
    }

    fn setup_kept(&mut self, kept: Result<Setup, String>) -> Task<Message> {
        match kept {
            Ok(setup) => {
                self.sound.stop_within(FADES_WITHIN);
                let error = (self.start_afresh)();
                tracing::warn!(%error, "the program goes on as it is; all of the setup holds after the next start");
                self.ctx.room_name = setup.room_name;
                self.screen = self.screen_of_stage();
            }
            Err(why) => {
                if let Screen::FirstRun(first_run) = &mut self.screen {
                    first_run.was_not_saved(why);
                }
            }
        }
        Task::none()
    }

    fn room_changed(&mut self, snapshot: Arc<Snapshot>) -> Task<Message> {
        let before = std::mem::replace(&mut self.ctx.snapshot, snapshot);
        let now = &self.ctx.snapshot;
        if before.language != now.language {
            self.ctx.words = Arc::new(self.ctx.clinic.config.locales.words(now.language));
        }
        if let (Screen::Arrive(arrive), true) = (&mut self.screen, now.call.is_some()) {
            arrive.call_was_tried();
        }
        if before.stage != now.stage && !matches!(self.screen, Screen::FirstRun(_)) {
            let stays = matches!((&self.screen, now.stage), (Screen::Turnover(_), Stage::Turnover | Stage::Blocked));
            if !stays {
                self.screen = self.screen_of_stage();
            }
            // Printers take a moment to answer, so they are asked before anyone wants to know.
            if self.ctx.snapshot.stage == Stage::After {
                return self.tell(Event::TakeHomeLooked);
            }
        }
        self.empty_clipboard()
    }

    /// What was copied from a note goes with it: once as the reset begins, and once more in the fresh process, whoever
    /// else may have kept it.
    fn empty_clipboard(&mut self) -> Task<Message> {
        let in_turnover = matches!(self.ctx.snapshot.stage, Stage::Turnover | Stage::Blocked);
        if !in_turnover || std::mem::replace(&mut self.clipboard_is_empty, in_turnover) {
            self.clipboard_is_empty = in_turnover;
            return Task::none();
        }
        Task::batch([iced::clipboard::write(String::new()), iced::clipboard::write_primary(String::new())])
    }

    /// Does what a screen asks for.
    fn perform(&mut self, action: Action) -> Task<Message> {
        match action {
            Action::None => Task::none(),
            Action::Send(event) => self.tell(event),
            Action::Focus(id) => iced::widget::operation::focus(id),
            Action::PracticeCall => self.press_call(true),
            Action::Play(tone) => {
                self.sound.signal(match tone {
                    TestTone::Cap => Signal::TestTone,
                    TestTone::Meter => Signal::Reading,
                });
                Task::none()
            }
            Action::Rescale(diagonal_inches) => {
                self.diagonal_inches = diagonal_inches;
                self.ctx.scale = Scale::new(diagonal_inches, self.ctx.window);
                Task::none()
            }
            Action::SaveSetup(choices) => {
                let (pin, state) = (Arc::clone(&self.pin), self.state.clone());
                Task::perform(apart(move || keep_setup(&pin, &state, choices)), Message::SetupKept)
            }
            Action::ClosePanel => {
                self.staff = StaffLayer::Closed;
                Task::none()
            }
            Action::Exit => iced::exit(),
            Action::Batch(actions) => {
                Task::batch(actions.into_iter().map(|action| self.perform(action)).collect::<Vec<_>>())
            }
        }
    }

    fn tell(&self, event: Event) -> Task<Message> {
        Task::perform(self.room.tell_in_order(event), Message::Answered)
    }

    fn press_call(&self, practice: bool) -> Task<Message> {
        self.tell(Event::CallPressed { id: CallId(Ulid::new().0), practice })
    }

    fn a_hand_is_landing_in_the_dark(&self) -> bool {
        let snapshot = &self.ctx.snapshot;
        let landed = snapshot.dark_panel_until.filter(|_| snapshot.dark && snapshot.call.is_none());
        landed.is_some_and(|until| self.ctx.clock.now() + DARK_PANEL_FOR < until + HAND_LANDS_WITHIN)
    }

    fn call_is_practice(&self) -> bool {
        let staff_closed = matches!(self.staff, StaffLayer::Closed);
        matches!(&self.screen, Screen::Arrive(arrive) if staff_closed && arrive.call_is_practice())
    }

    fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            Subscription::run_with(Watching(self.room.clone()), |watching| {
                use tokio_stream::StreamExt;
                WatchStream::new(watching.0.snapshots()).map(Message::RoomChanged)
            }),
            iced::event::listen_with(|event, _, _| match event {
                WindowEvent::Window(window::Event::Opened { size, .. } | window::Event::Resized(size)) => {
                    Some(Message::Resized(size))
                }
                // A held key is one press.
                WindowEvent::Keyboard(keyboard::Event::KeyPressed {
                    key: keyboard::Key::Named(named),
                    repeat: false,
                    ..
                }) => Some(Message::KeyPressed(format!("{named:?}"))),
                _ => None,
            }),
        ])
    }
}

/// One window watches one room.
struct Watching(RoomHandle);

impl std::hash::Hash for Watching {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        "the room".hash(state);
    }
}

impl Screen {
    const fn name(&self) -> &'static str {
        match self {
            Self::FirstRun(_) => "first-run",
            Self::Ready(_) => "ready",
            Self::Arrive(_) => "arrive",
            Self::Session(_) => "session",
            Self::After(_) => "after",
            Self::Farewell => "farewell",
            Self::Turnover(_) => "turnover",
        }
    }
}
