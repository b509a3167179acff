//! Owns the window: its settings, its messages, the choice of the screen and of the staff's layer over it, the notice
//! that the patient sees, and the delivery of events to the room. Does not own any decision about the room itself.

mod background;
mod trace;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use iced::{Element, Event as WindowEvent, Size, Subscription, Task, keyboard, window};
use tokio_stream::wrappers::WatchStream;
use ulid::Ulid;

pub use self::background::WorkError;
use self::background::{run_on_thread, save_setup};
use crate::driver::RoomHandle;
use crate::driver::liveness::Liveness;
use crate::room::call::CallId;
use crate::room::{DARK_PANEL_DURATION, Event, Refusal, RoomTime, Snapshot, Stage};
use crate::screen::first_run::{self, FirstRunScreen};
use crate::screen::pin::{self, PinPad};
use crate::screen::ready::ReadyScreen;
use crate::screen::staff::{self, StaffSheet};
use crate::screen::{Action, Screen, ScreenMessage, TestTone};
use crate::secret::{Secret, Verification};
use crate::setup::Setup;
use crate::sound::SoundHandle;
use crate::theme::{self, Scale};
use crate::vocabulary::patient::CallReason;
use crate::vocabulary::signal::Signal;
use crate::widget::fade::FADE;
use crate::widget::place::PlaceRenderer;
use crate::widget::reveal::REVEAL;
use crate::widget::touch::ControlInfo;
use crate::widget::{Clinic, Notice, NoticeKind, ViewContext};

/// Duration of the sound's fade-out before the program restarts.
const SOUND_FADE: Duration = Duration::from_millis(300);

/// Time for which a notice with kind words stays on the screen after staff have cleared a real call.
const CLOSING_WORDS: Duration = Duration::from_secs(9);

/// For this long after the panel has appeared on the dark screen, fingers that land on it count as fingers of the hand
/// whose touch showed it.
const HAND_LANDING: Duration = Duration::from_millis(300);

/// What the window needs from the rest of the program.
pub struct Dependencies {
    /// The room, which receives events and publishes snapshots.
    pub room: RoomHandle,
    /// The clinic's configuration and profiles.
    pub clinic: Arc<Clinic>,
    /// The room's name; empty if neither the configuration nor the first-run setup has set one.
    pub room_name: String,
    /// The renderer of places.
    pub place_renderer: PlaceRenderer,
    /// The staff PIN.
    pub pin: Arc<Secret>,
    /// The state directory.
    pub state: PathBuf,
    /// The sound, which plays the test tones of the first-run setup.
    pub sound: SoundHandle,
    /// The record of drawn frames, from which a desk learns when the window has stopped drawing.
    pub liveness: Arc<Liveness>,
    /// The size of a window with a title bar, in logical pixels. If `None`, the window has no title bar, and the
    /// configuration says whether it is fullscreen.
    pub windowed: Option<Size>,
    /// Restarts the program after the first-run setup, because all parts of the program must use the new settings.
    /// Returns only on failure.
    pub restart: Arc<dyn Fn() -> std::io::Error + Send + Sync>,
    /// The file in which to list the controls on the screen and their bounds, for programs that drive the window from
    /// outside. If `None`, no such file is written.
    pub trace: Option<PathBuf>,
}

/// Opens the window and runs it until staff end the program.
///
/// # Errors
/// If the window system fails.
pub fn run(dependencies: Dependencies) -> iced::Result {
    let windowed = dependencies.windowed;
    let fullscreen = windowed.is_none() && dependencies.clinic.config.screen.fullscreen;
    let size = windowed.unwrap_or(Size::new(1280.0, 800.0));
    let dependencies = std::sync::Mutex::new(Some(dependencies));
    let boot = move || {
        let dependencies = dependencies.lock().ok().and_then(|mut dependencies| dependencies.take());
        (WindowApp(dependencies.map(|dependencies| App::new(dependencies, size))), Task::none())
    };
    iced::application(boot, WindowApp::update, WindowApp::view)
        .title("Stillroom")
        .subscription(WindowApp::subscription)
        .theme(|_: &WindowApp| iced::Theme::Dark)
        .style(|_, _| iced::theme::Style { background_color: theme::INK, text_color: theme::SAND })
        .settings(iced::Settings {
            id: Some("stillroom".to_owned()),
            fonts: theme::FONTS.iter().map(|font| (*font).into()).collect(),
            default_font: theme::CONTROL,
            // The strokes of a drawing need this, because iced's wgpu renderer smooths canvases only by multisampling.
            antialiasing: true,
            ..iced::Settings::default()
        })
        .window(window::Settings {
            size,
            fullscreen,
            decorations: windowed.is_some(),
            exit_on_close_request: windowed.is_some(),
            ..window::Settings::default()
        })
        .run()
}

/// The application that iced runs. iced may boot it more than once, but there is only one room. The first boot takes
/// the [`App`]; any later boot shows an empty window.
struct WindowApp(Option<App>);

impl WindowApp {
    fn update(&mut self, message: Message) -> Task<Message> {
        self.0.as_mut().map_or_else(Task::none, |app| app.update(message))
    }

    fn view(&self) -> Element<'_, Message> {
        self.0.as_ref().map_or_else(|| iced::widget::Space::new().into(), App::view)
    }

    fn subscription(&self) -> Subscription<Message> {
        self.0.as_ref().map_or_else(Subscription::none, App::subscription)
    }
}

/// The state of the window: what it shows, and the handles through which it acts.
pub struct App {
    ctx: ViewContext,
    room: RoomHandle,
    screen: Screen,
    staff: StaffLayer,
    /// When the PIN pad or the staff sheet was last opened or touched.
    staff_touched_at: Instant,
    pin: Arc<Secret>,
    state: PathBuf,
    sound: SoundHandle,
    liveness: Arc<Liveness>,
    restart: Arc<dyn Fn() -> std::io::Error + Send + Sync>,
    trace: Option<trace::Trace>,
    /// When the panel of the call appeared on the dark screen. Touches that prolong it do not change this.
    dark_panel_since: Option<RoomTime>,
    diagonal_inches: f32,
    /// Number of messages handled, except those of the trace. Each may have changed the view, so the software renderer
    /// redraws the whole window when this number changes.
    changes: u32,
    /// Whether the clipboard has already been cleared in the current turnover.
    is_clipboard_cleared: bool,
}

enum StaffLayer {
    Closed,
    Pin(PinPad),
    Open(StaffSheet),
}

/// An event in the window: a change of the room, an input, or the result of a task.
#[derive(Clone, Debug)]
pub enum Message {
    /// The room published a new snapshot.
    RoomChanged(Arc<Snapshot>),
    /// The window was opened, or resized to this size in logical pixels.
    Resized(Size),
    /// A named key was pressed, such as `F12`. Configured keys place a call.
    KeyPressed(String),
    /// The call on the screen was pressed.
    CallPressed,
    /// Staff in the room slid the control that says that they are here.
    HereSlid,
    /// Staff in the room slid the control that clears the call.
    ClearSlid,
    /// The patient touched a reason for the open call.
    ReasonTouched(CallReason),
    /// Staff held their corner of the screen, which opens the PIN pad.
    CornerHeld,
    /// The dark screen was touched, which shows the call as a dim panel.
    DarkTouched,
    /// The control that leaves the dark was touched.
    DarkLeft,
    /// The room accepted or refused an event.
    Answered(Result<(), Refusal>),
    /// The PIN that staff typed was checked, or the check failed with this error.
    PinChecked(Result<Verification, WorkError>),
    /// The first-run setup was saved, or saving failed with this error.
    SetupSaved(Result<Setup, WorkError>),
    /// The controls on the screen and their bounds were collected for the trace.
    Traced(Vec<(ControlInfo, iced::Rectangle)>),
    /// Something happened on the current screen.
    Screen(ScreenMessage),
    /// Something happened on the PIN pad.
    Pin(pin::Message),
    /// Something happened on the staff sheet.
    Staff(staff::Message),
    /// Nobody has touched the PIN pad or the staff sheet for a while, so it closes.
    StaffIdle,
}

impl App {
    /// Creates the state of a window of this size, in logical pixels. Without a staff PIN, it begins with the first-run
    /// setup.
    #[must_use]
    pub fn new(dependencies: Dependencies, size: Size) -> Self {
        let snapshot = dependencies.room.snapshots().borrow().clone();
        let config = &dependencies.clinic.config;
        let diagonal_inches = config.screen.diagonal_inches;
        let ctx = ViewContext {
            words: Arc::new(config.locales.words(snapshot.language)),
            staff_words: Arc::new(config.locales.words(config.room.locale)),
            scale: Scale::new(diagonal_inches, size).with_type(snapshot.type_size),
            window: size,
            clock: dependencies.room.clock(),
            clinic: Arc::clone(&dependencies.clinic),
            room_name: dependencies.room_name,
            place_renderer: dependencies.place_renderer,
            hand: snapshot.hand,
            notice: None,
            // The first page counts as fully revealed, so that it appears at once.
            page_since: Instant::now().checked_sub(REVEAL).unwrap_or_else(Instant::now),
            veil: Arc::default(),
            snapshot,
        };
        let mut app = Self {
            screen: Screen::Ready(ReadyScreen),
            ctx,
            room: dependencies.room,
            staff: StaffLayer::Closed,
            staff_touched_at: Instant::now(),
            pin: dependencies.pin,
            state: dependencies.state,
            sound: dependencies.sound,
            liveness: dependencies.liveness,
            restart: dependencies.restart,
            trace: dependencies.trace.map(trace::Trace::to),
            dark_panel_since: None,
            diagonal_inches,
            changes: 0,
            is_clipboard_cleared: false,
        };
        app.screen = if app.pin.is_set() { Screen::of(app.ctx.snapshot.stage) } else { app.first_run() };
        app.rescale();
        app.dark_panel_since = app.panel_since(None);
        app
    }

    fn first_run(&self) -> Screen {
        let config = &self.ctx.clinic.config;
        Screen::FirstRun(Box::new(FirstRunScreen::new(
            &self.ctx.room_name,
            config.screen.diagonal_inches,
            config.sound.cap_db,
        )))
    }

    /// Handles a message, and returns the tasks that iced has to run next.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        let is_trace = matches!(message, Message::Traced(_));
        let page = self.screen.page_id(&self.ctx.snapshot);
        let task = self.handle(message);
        if page != self.screen.page_id(&self.ctx.snapshot) {
            self.ctx.page_since = Instant::now();
        }
        if is_trace {
            return task;
        }
        self.changes = self.changes.wrapping_add(1);
        Task::batch([task, self.trace_controls()])
    }

    fn trace_controls(&self) -> Task<Message> {
        if self.trace.is_some() { trace::collect_controls().map(Message::Traced) } else { Task::none() }
    }

    fn handle(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::RoomChanged(snapshot) => self.room_changed(snapshot),
            Message::Resized(size) => {
                self.ctx.window = size;
                self.rescale();
                Task::none()
            }
            Message::KeyPressed(name) if self.ctx.clinic.config.call.keys.contains(&name) => self.press_call(false),
            // The first finger of a hand on the dark screen shows the panel of the call. The hand's other fingers may
            // land on the panel, but must not place a call.
            Message::CallPressed if self.is_hand_landing_in_dark() => Task::none(),
            Message::CallPressed => {
                let practice = self.call_is_practice();
                self.press_call(practice)
            }
            Message::HereSlid => self.tell_in_order(Event::CallHere { id: None }),
            Message::ClearSlid => self.tell_in_order(Event::CallCleared),
            Message::ReasonTouched(reason) => self.tell_in_order(Event::CallReasonChosen(reason)),
            Message::CornerHeld => {
                self.staff = StaffLayer::Pin(PinPad::default());
                self.staff_touched_at = Instant::now();
                self.tell_in_order(Event::StaffTouched)
            }
            Message::DarkTouched => self.tell_in_order(Event::DarkTouched),
            Message::DarkLeft => self.tell_in_order(Event::Dark { on: false }),
            Message::KeyPressed(_) | Message::Answered(Ok(())) => Task::none(),
            Message::Answered(Err(refusal)) => {
                tracing::info!(%refusal, "the room refused what was touched or pressed");
                Task::none()
            }
            Message::PinChecked(checked) => self.pin_checked(checked),
            Message::SetupSaved(saved) => self.setup_saved(saved),
            Message::Traced(controls) => {
                if let Some(trace) = &mut self.trace {
                    trace.write(controls, self.screen.name());
                }
                Task::none()
            }
            Message::Pin(message) => self.pin_message(&message),
            Message::Staff(message) => self.staff_message(message),
            Message::StaffIdle => self.staff_idle(),
            Message::Screen(message) => {
                let action = self.screen.update(message, &self.ctx);
                self.perform(action)
            }
        }
    }

    fn pin_message(&mut self, message: &pin::Message) -> Task<Message> {
        self.staff_touched_at = Instant::now();
        let StaffLayer::Pin(pad) = &mut self.staff else { return Task::none() };
        if matches!(message, pin::Message::ClosePressed) {
            self.staff = StaffLayer::Closed;
            return Task::none();
        }
        let Some(typed) = pad.update(message) else { return Task::none() };
        let pin = Arc::clone(&self.pin);
        let verify = move || pin.verify(&typed, SystemTime::now()).map_err(|error| error.to_string());
        Task::perform(run_on_thread(verify), Message::PinChecked)
    }

    fn pin_checked(&mut self, checked: Result<Verification, WorkError>) -> Task<Message> {
        // A check that did not run says nothing about the PIN.
        if checked != Err(WorkError::NotRun) {
            self.report_pin(checked.is_err());
        }
        let StaffLayer::Pin(pad) = &mut self.staff else { return Task::none() };
        match checked {
            Ok(Verification::Correct) => {
                self.staff = StaffLayer::Open(StaffSheet::default());
                self.staff_touched_at = Instant::now();
                return self.tell_in_order(Event::StaffTouched);
            }
            Ok(Verification::Wrong { retry_after } | Verification::TooEarly { retry_after }) => {
                pad.on_wrong_pin(retry_after);
            }
            Err(error) => {
                tracing::error!(%error, "the staff PIN could not be checked");
                match error {
                    WorkError::NotRun => pad.on_unchecked_pin(),
                    WorkError::Failed(_) => pad.on_unreadable_pin(),
                }
            }
        }
        Task::none()
    }

    fn staff_message(&mut self, message: staff::Message) -> Task<Message> {
        self.staff_touched_at = Instant::now();
        let snapshot = Arc::clone(&self.ctx.snapshot);
        let StaffLayer::Open(sheet) = &mut self.staff else { return Task::none() };
        let action = sheet.update(message, &snapshot);
        Task::batch([self.tell_in_order(Event::StaffTouched), self.perform(action)])
    }

    fn staff_idle(&mut self) -> Task<Message> {
        match &mut self.staff {
            StaffLayer::Open(sheet) => {
                let action = sheet.close();
                self.perform(action)
            }
            StaffLayer::Pin(_) | StaffLayer::Closed => {
                self.staff = StaffLayer::Closed;
                Task::none()
            }
        }
    }

    fn setup_saved(&mut self, saved: Result<Setup, WorkError>) -> Task<Message> {
        match saved {
            Ok(setup) => {
                self.sound.stop_within(SOUND_FADE);
                let error = (self.restart)();
                tracing::warn!(%error, "the program could not restart itself; the whole setup takes effect at the next start");
                self.ctx.room_name = setup.room_name;
                self.screen = Screen::of(self.ctx.snapshot.stage);
                self.rescale();
            }
            Err(why) => {
                if let Screen::FirstRun(first_run) = &mut self.screen {
                    first_run.on_save_failed(why.to_string());
                }
            }
        }
        Task::none()
    }

    fn room_changed(&mut self, snapshot: Arc<Snapshot>) -> Task<Message> {
        let before = std::mem::replace(&mut self.ctx.snapshot, snapshot);
        self.ctx.hand = self.ctx.snapshot.hand;
        self.rescale();
        self.dark_panel_since = self.panel_since(before.dark_panel_until);
        self.ctx.notice = notice_after(self.ctx.notice, &before, &self.ctx.snapshot, Instant::now());
        let now = &self.ctx.snapshot;
        if before.language != now.language {
            self.ctx.words = Arc::new(self.ctx.clinic.config.locales.words(now.language));
        }
        if let (Screen::Arrive(arrive), true) = (&mut self.screen, now.call.is_some()) {
            arrive.on_call_placed();
        }
        if before.stage != now.stage && !matches!(self.screen, Screen::FirstRun(_)) {
            let stays = matches!(self.screen, Screen::Turnover(_)) && now.stage.is_in_turnover();
            if !stays {
                self.screen = Screen::of(self.ctx.snapshot.stage);
            }
            // Printers take a moment to answer, so the take-home methods are requested before the patient needs them.
            if self.ctx.snapshot.stage == Stage::After {
                return self.tell_in_order(Event::TakeHomeMethodsRequested);
            }
        }
        self.clear_clipboard()
    }

    /// Adapts the scale to the size of the window, the diagonal of the screen and the type size that the patient has
    /// chosen. During the first-run setup, the diagonal counts as at least [`first_run::least_drawn_inches`].
    fn rescale(&mut self) {
        let is_first_run = matches!(self.screen, Screen::FirstRun(_));
        let least_inches = if is_first_run { first_run::least_drawn_inches(self.ctx.window) } else { 0.0 };
        let scale = Scale::new(self.diagonal_inches.max(least_inches), self.ctx.window);
        self.ctx.scale = scale.with_type(self.ctx.snapshot.type_size);
    }

    /// Clears the clipboard once in each turnover, because it may contain text from a note. The process that starts
    /// after the reset clears it again, because a clipboard manager may have kept the text.
    fn clear_clipboard(&mut self) -> Task<Message> {
        let in_turnover = self.ctx.snapshot.stage.is_in_turnover();
        if !in_turnover || std::mem::replace(&mut self.is_clipboard_cleared, in_turnover) {
            self.is_clipboard_cleared = in_turnover;
            return Task::none();
        }
        Task::batch([iced::clipboard::write(String::new()), iced::clipboard::write_primary(String::new())])
    }

    /// Performs the action that a screen has returned.
    fn perform(&mut self, action: Action) -> Task<Message> {
        match action {
            Action::None => Task::none(),
            Action::Send(event) => self.tell_in_order(event),
            Action::Focus(id) => iced::widget::operation::focus(id),
            Action::PracticeCall => self.press_call(true),
            Action::Play(tone) => {
                self.sound.signal(match tone {
                    TestTone::Cap => Signal::TestTone,
                    TestTone::Meter => Signal::MeterTone,
                });
                Task::none()
            }
            Action::Rescale(diagonal_inches) => {
                self.diagonal_inches = diagonal_inches;
                self.rescale();
                Task::none()
            }
            Action::SaveSetup(choices) => {
                let (pin, state) = (Arc::clone(&self.pin), self.state.clone());
                Task::perform(run_on_thread(move || save_setup(&pin, &state, choices)), Message::SetupSaved)
            }
            Action::CloseSheet => {
                self.staff = StaffLayer::Closed;
                Task::none()
            }
            Action::Exit => iced::exit(),
            Action::Batch(actions) => {
                Task::batch(actions.into_iter().map(|action| self.perform(action)).collect::<Vec<_>>())
            }
        }
    }

    fn tell_in_order(&self, event: Event) -> Task<Message> {
        Task::perform(self.room.tell_in_order(event), Message::Answered)
    }

    fn press_call(&self, practice: bool) -> Task<Message> {
        self.tell_in_order(Event::CallPressed { id: CallId(Ulid::new().0), practice })
    }

    fn is_hand_landing_in_dark(&self) -> bool {
        let snapshot = &self.ctx.snapshot;
        let since = self.dark_panel_since.filter(|_| snapshot.dark && snapshot.call.is_none());
        since.is_some_and(|since| self.ctx.clock.now() < since + HAND_LANDING)
    }

    /// Returns when the panel on the dark screen appeared; `None` if there is none. `before` is the end of the panel in
    /// the previous snapshot.
    fn panel_since(&self, before: Option<RoomTime>) -> Option<RoomTime> {
        let until = self.ctx.snapshot.dark_panel_until?;
        // The latest touch of the dark screen was `DARK_PANEL_DURATION` before the panel's end.
        let touched = until - DARK_PANEL_DURATION;
        // The window may have missed the snapshot without a panel, so a panel that ended before this touch is another.
        let goes_on = before.is_some_and(|before| touched < before);
        Some(self.dark_panel_since.filter(|_| goes_on).unwrap_or(touched))
    }

    fn call_is_practice(&self) -> bool {
        let staff_closed = matches!(self.staff, StaffLayer::Closed);
        matches!(&self.screen, Screen::Arrive(arrive) if staff_closed && arrive.call_is_practice())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "iced has many events, and the others do not matter here")]
    fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            Subscription::run_with(RoomSubscription(self.room.clone()), |subscription| {
                use tokio_stream::StreamExt;
                WatchStream::new(subscription.0.snapshots()).map(Message::RoomChanged)
            }),
            iced::event::listen_with(|event, _, _| match event {
                WindowEvent::Window(window::Event::Opened { size, .. } | window::Event::Resized(size)) => {
                    Some(Message::Resized(size))
                }
                // Repeats are ignored, so that a key that is held down counts as one press.
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

/// Returns the notice after the room has changed from `before` to `now`. While staff speak, the notice that they are
/// speaking takes precedence over the one about a cleared call. While a call is open, there is no notice, because the
/// control with which staff answer the call is in its place.
fn notice_after(notice: Option<Notice>, before: &Snapshot, now: &Snapshot, at: Instant) -> Option<Notice> {
    if !now.is_in_visit() {
        return None;
    }
    let is_speaking = |notice: &Notice| notice.kind == NoticeKind::StaffSpeak;
    let may_show = |snapshot: &Snapshot| snapshot.talk_now && snapshot.call.is_none();
    match (may_show(before), may_show(now)) {
        (_, true) => {
            let goes_on = notice.filter(|notice| is_speaking(notice) && notice.until.is_none());
            return goes_on.or(Some(Notice { kind: NoticeKind::StaffSpeak, from: at, until: None }));
        }
        (true, false) => return notice.map(|notice| Notice { until: Some(at + FADE), ..notice }),
        (false, false) => {}
    }
    let was_real = before.call.as_ref().is_some_and(|call| !call.practice);
    if was_real && now.call.is_none() {
        return Some(Notice { kind: NoticeKind::CallCleared, from: at, until: Some(at + CLOSING_WORDS) });
    }
    // The words about staff who were speaking may still be fading out.
    notice.filter(|notice| now.call.is_none() || is_speaking(notice))
}

/// The identity of the subscription to the room's snapshots. There is only one room, so the hash is constant and iced
/// keeps the subscription.
struct RoomSubscription(RoomHandle);

impl std::hash::Hash for RoomSubscription {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        "the room".hash(state);
    }
}
