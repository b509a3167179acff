//! Owns the simulated tablet: the program's own view on a running room, with touch events as iced delivers them and a
//! renderer that needs no screen. Widgets keep their state when the view is rebuilt, as they do in a window.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use iced::advanced::clipboard;
use iced::advanced::renderer::Headless;
use iced::advanced::widget::Operation;
use iced::touch::{Event as Touch, Finger};
use iced::{Event as WindowEvent, Point, Rectangle, Settings, Size, mouse, window};
use iced_test::Simulator;
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::{Cache, State};
use iced_test::selector::{Candidate, Selector};
use stillroom::app::{App, Dependencies, Message, WorkError};
use stillroom::config::Config;
use stillroom::driver::journal::Journal;
use stillroom::driver::{Driver, EffectHandler, RecoveryInput, RoomHandle};
use stillroom::profile::{self, Profile};
use stillroom::room::{Effect, Event, RoomTime, Snapshot};
use stillroom::secret::{Secret, Verification};
use stillroom::sound::SoundHandle;
use stillroom::theme;
use stillroom::vocabulary::language::Language;
use stillroom::widget::Clinic;
use stillroom::widget::place::{Backend, PlaceRenderer};
use stillroom::widget::reveal::REVEAL;
use stillroom::widget::touch::ControlInfo;
use stillroom::wiring;
use stillroom::words::Locales;

/// Default size of the window, in logical pixels.
pub const SIZE: Size = Size::new(1280.0, 800.0);
/// Default diagonal of the display, in inches.
pub const DIAGONAL_INCHES: f32 = 10.1;
/// Time between two frames while the words of a page are emerging.
const FRAME: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(5);

/// Converts millimetres to logical pixels on a 10.1-inch screen of [`SIZE`].
pub fn mm(length: f32) -> f32 {
    theme::Scale::new(10.1, SIZE).mm(length)
}

pub const ENGLISH: Language = Language::FALLBACK;

pub fn spanish() -> Language {
    Language::from_name("es-US").unwrap()
}

pub struct Tablet {
    app: App,
    room: RoomHandle,
    shown: Arc<Snapshot>,
    size: Size,
    cache: Option<Cache>,
    renderer: RefCell<iced::Renderer>,
    pointer: mouse::Cursor,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

struct NoEdges;

impl EffectHandler for NoEdges {
    fn execute(&mut self, _: Effect, _: RoomTime, _: &RoomHandle) {}
    fn changed(&mut self, _: &Snapshot) {}
}

impl Tablet {
    pub fn new() -> Self {
        Self::of_size(SIZE, true)
    }

    /// A tablet with a window of this size. Its first run is complete if `set_up` is true.
    pub fn of_size(size: Size, set_up: bool) -> Self {
        Self::with_profiles(size, set_up, None)
    }

    /// A tablet with `count` profiles, named `profile-1` and so on. `None` means the shipped profiles.
    pub fn with_profiles(size: Size, set_up: bool, count: Option<usize>) -> Self {
        let numbered = |shipped: Vec<Profile>| {
            let each = |number: usize| Profile {
                name: format!("profile-{number}"),
                ..shipped[(number - 1) % shipped.len()].clone()
            };
            count.map_or(shipped.clone(), |count| (1..=count).map(each).collect())
        };
        Self::with(size, set_up, numbered, Locales::shipped(), ENGLISH, DIAGONAL_INCHES, 1)
    }

    /// A tablet whose session clock runs `speed` times as fast as real time. Its profiles are the shipped ones, each
    /// changed by `adapt`.
    pub fn with_adapted_profiles(size: Size, speed: u32, adapt: impl FnMut(&mut Profile)) -> Self {
        let adapted = |mut profiles: Vec<Profile>| {
            profiles.iter_mut().for_each(adapt);
            profiles
        };
        Self::with(size, true, adapted, Locales::shipped(), ENGLISH, DIAGONAL_INCHES, speed)
    }

    /// A tablet whose configuration sets this language as the default, and whose display has this diagonal in inches.
    pub fn of_clinic(size: Size, diagonal_inches: f32, language: Language) -> Self {
        Self::with(size, true, |shipped| shipped, Locales::shipped(), language, diagonal_inches, 1)
    }

    /// A tablet that offers these languages.
    pub fn with_locales(size: Size, locales: &Locales) -> Self {
        Self::with(size, true, |shipped| shipped, locales.clone(), ENGLISH, DIAGONAL_INCHES, 1)
    }

    /// A tablet that offers these languages, on a display with this diagonal in inches.
    pub fn with_display(size: Size, diagonal_inches: f32, locales: &Locales) -> Self {
        Self::with(size, true, |shipped| shipped, locales.clone(), ENGLISH, diagonal_inches, 1)
    }

    /// A tablet before its first run. Its configuration sets this language as the default, and its display has this
    /// diagonal, in inches.
    pub fn first_run_on(size: Size, diagonal_inches: f32, locales: &Locales, language: Language) -> Self {
        Self::with(size, false, |shipped| shipped, locales.clone(), language, diagonal_inches, 1)
    }

    fn with(
        size: Size,
        set_up: bool,
        profiles: impl FnOnce(Vec<Profile>) -> Vec<Profile>,
        locales: Locales,
        language: Language,
        diagonal_inches: f32,
        speed: u32,
    ) -> Self {
        // The folder is in memory because some tests press a thousand times, and each press is written to it.
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config { locales, ..Config::defaults_in(repository) };
        config.room.locale = language;
        config.screen.diagonal_inches = diagonal_inches;
        let (shipped, findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
        assert_eq!(findings, []);
        let profiles = profiles(shipped);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (journal, records, health) = Journal::open(folder.path());
        let (driven, room) = Driver::recover(
            &wiring::rules(&config, &profiles, speed),
            Arc::new(journal),
            RecoveryInput { records, health, wipe_was_begun: false },
            Vec::new(),
        );
        driven.start(NoEdges, |_| ()).unwrap();
        let pin = Secret::staff_pin(folder.path());
        if set_up {
            pin.set("2718").unwrap();
        }
        let dependencies = Dependencies {
            room: room.clone(),
            clinic: Arc::new(Clinic { config, profiles, findings: 0 }),
            room_name: "Room 4".to_owned(),
            place_renderer: PlaceRenderer::new(Backend::Still, 30, false),
            pin: Arc::new(pin),
            state: folder.path().to_owned(),
            sound: SoundHandle::silent(),
            liveness: Arc::default(),
            windowed: Some(size),
            trace: None,
            restart: Arc::new(|| std::io::Error::other("a test has no other process")),
        };
        let shown = room.snapshots().borrow().clone();
        let mut app = App::new(dependencies, size);
        drop(app.update(Message::Resized(size)));
        Self {
            app,
            room,
            shown,
            size,
            cache: Some(Cache::default()),
            renderer: RefCell::new(new_renderer()),
            pointer: mouse::Cursor::Unavailable,
            _runtime: runtime,
            _folder: folder,
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.room.snapshots().borrow())
    }

    /// Sends the room an event. Panics if the room refuses it.
    pub fn send(&mut self, event: Event) {
        let answer = self.room.tell_in_order(event);
        block_on(answer).unwrap();
        self.sync();
    }

    /// Sends an event that the room may refuse. Returns whether the room accepted it.
    pub fn try_send(&mut self, event: Event) -> bool {
        let taken = block_on(self.room.tell_in_order(event)).is_ok();
        self.sync();
        taken
    }

    /// Waits until `holds` is true of the room's snapshot and the window shows that snapshot. Panics with `what` after
    /// [`PATIENCE`].
    pub fn until(&mut self, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
        self.until_within(what, PATIENCE, holds)
    }

    /// Like [`Self::until`], with the time limit `within`.
    pub fn until_within(&mut self, what: &str, within: Duration, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let limit = Instant::now() + within;
        loop {
            let snapshot = self.snapshot();
            if holds(&snapshot) {
                self.sync();
                return snapshot;
            }
            assert!(Instant::now() < limit, "it never came to: {what}; the room is in {:?}", snapshot.stage);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the room has handled everything sent so far.
    pub fn settle(&mut self) {
        block_on(self.room.ping()).unwrap();
        self.sync();
    }

    /// Opens the staff sheet, as if staff had held the corner and typed the right PIN.
    pub fn open_staff(&mut self) {
        self.try_pin(Ok(Verification::Correct));
    }

    /// Opens the PIN pad, as if staff had held the corner, and delivers `checked` as the result of checking a PIN.
    pub fn try_pin(&mut self, checked: Result<Verification, WorkError>) {
        drop(self.app.update(Message::CornerHeld));
        self.answer_pin(checked);
    }

    /// Delivers `checked` as the result of checking the PIN that was typed.
    pub fn answer_pin(&mut self, checked: Result<Verification, WorkError>) {
        drop(self.app.update(Message::PinChecked(checked)));
        self.settle();
    }

    /// Holds a control for 1.6 s, which is long enough for every control that staff have to hold.
    pub fn hold(&mut self, finger: u64, id: &str) {
        let at = self.at(id).center();
        self.press(finger, at);
        self.after(Duration::from_millis(1_600));
        self.lift(finger, at);
    }

    /// Whether a line on the screen contains these words.
    pub fn says(&self, words: &str) -> bool {
        self.lines().iter().any(|(line, _)| line.replace(['\u{2068}', '\u{2069}'], "").contains(words))
    }

    pub fn press(&mut self, finger: u64, at: Point) {
        self.batch(&[Self::down(finger, at)]);
    }

    pub fn lift(&mut self, finger: u64, at: Point) {
        self.batch(&[Self::up(finger, at)]);
    }

    pub fn drag(&mut self, finger: u64, to: Point) {
        self.batch(&[Self::moved(finger, to)]);
    }

    pub fn moved(finger: u64, to: Point) -> WindowEvent {
        WindowEvent::Touch(Touch::FingerMoved { id: Finger(finger), position: to })
    }

    /// Focuses the page of text, as the app does when it opens one.
    pub fn focus(&mut self) {
        let mut content =
            UserInterface::build(self.app.view(), self.size, self.cache.take().unwrap(), self.renderer.get_mut());
        let mut focus =
            iced::advanced::widget::operation::focusable::focus::<()>(stillroom::screen::write::PAGE.into());
        content.operate(self.renderer.get_mut(), &mut focus);
        self.cache = Some(content.into_cache());
    }

    pub fn tap(&mut self, finger: u64, at: Point) {
        self.press(finger, at);
        self.lift(finger, at);
    }

    pub fn down(finger: u64, at: Point) -> WindowEvent {
        WindowEvent::Touch(Touch::FingerPressed { id: Finger(finger), position: at })
    }

    pub fn up(finger: u64, at: Point) -> WindowEvent {
        WindowEvent::Touch(Touch::FingerLifted { id: Finger(finger), position: at })
    }

    /// Moves the mouse pointer to a position and leaves it there.
    pub fn park_pointer(&mut self, at: Point) {
        self.pointer = mouse::Cursor::Available(at);
        self.batch(&[WindowEvent::Mouse(mouse::Event::CursorMoved { position: at })]);
    }

    /// Tells the widgets that a frame is being drawn, as if `span` had already passed.
    pub fn after(&mut self, span: Duration) {
        self.batch(&[WindowEvent::Window(window::Event::RedrawRequested(Instant::now() + span))]);
    }

    /// Reports that the hardware key with this name, such as `F12`, was pressed.
    pub fn key(&mut self, name: &str) {
        drop(self.app.update(Message::KeyPressed(name.to_owned())));
        self.sync();
    }

    /// Delivers events in one batch, as iced does with the events that arrive between two frames.
    pub fn batch(&mut self, events: &[WindowEvent]) {
        let mut messages = Vec::new();
        let mut content =
            UserInterface::build(self.app.view(), self.size, self.cache.take().unwrap(), self.renderer.get_mut());
        content.update(events, self.pointer, self.renderer.get_mut(), &mut clipboard::Null, &mut messages);
        self.cache = Some(content.into_cache());
        for message in messages {
            drop(self.app.update(message));
        }
        // The room handles events in order, so by the time it answers the ping, it has handled every
        // event that these messages sent.
        block_on(self.room.ping()).unwrap();
        self.sync();
    }

    /// Draws a frame. Returns the window's request for the next frame, and the number of messages that widgets
    /// published.
    pub fn draw_frame(&mut self) -> (window::RedrawRequest, usize) {
        self.draw_frame_at(Instant::now())
    }

    /// Like [`Self::draw_frame`], as if the time were `now`.
    pub fn draw_frame_at(&mut self, now: Instant) -> (window::RedrawRequest, usize) {
        let mut messages = Vec::new();
        let mut content =
            UserInterface::build(self.app.view(), self.size, self.cache.take().unwrap(), self.renderer.get_mut());
        let drawn = WindowEvent::Window(window::Event::RedrawRequested(now));
        let (state, _) =
            content.update(&[drawn], self.pointer, self.renderer.get_mut(), &mut clipboard::Null, &mut messages);
        let style = iced::advanced::renderer::Style { text_color: iced::Color::WHITE };
        content.draw(self.renderer.get_mut(), &iced::Theme::Dark, &style, self.pointer);
        self.cache = Some(content.into_cache());
        match state {
            State::Updated { redraw_request, .. } => (redraw_request, messages.len()),
            State::Outdated => panic!("drawing a frame invalidated the view"),
        }
    }

    /// A screenshot as rows of RGBA pixels, 8 bits per channel. It is taken once the words of a new page have emerged.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let latest = Instant::now() + REVEAL;
        while self.draw_frame().0 != window::RedrawRequest::Wait && Instant::now() < latest {
            std::thread::sleep(FRAME);
        }
        let size = Size::new(self.size.width as u32, self.size.height as u32);
        self.renderer.get_mut().screenshot(size, 1.0, iced::Color::BLACK)
    }

    /// The software renderer, with the layers of the last frame that was drawn.
    pub fn software_renderer(&mut self) -> &mut iced_tiny_skia::Renderer {
        software(self.renderer.get_mut())
    }

    /// The time that the room's clock shows.
    pub fn now(&self) -> RoomTime {
        self.room.clock().now()
    }

    pub const fn size(&self) -> Size {
        self.size
    }

    /// Gives the app the room's latest snapshot, as the app's subscription does in the program.
    fn sync(&mut self) {
        let snapshot = self.room.snapshots().borrow().clone();
        if !Arc::ptr_eq(&snapshot, &self.shown) {
            self.shown = Arc::clone(&snapshot);
            drop(self.app.update(Message::RoomChanged(snapshot)));
        }
        // Rebuilding the view drops the state of widgets that are no longer in it.
        let content =
            UserInterface::build(self.app.view(), self.size, self.cache.take().unwrap(), self.renderer.get_mut());
        self.cache = Some(content.into_cache());
    }

    /// The ids and bounds of the enabled controls on the screen.
    pub fn controls(&self) -> Vec<(String, Rectangle)> {
        let mut found = CollectControls(Vec::new());
        let mut renderer = self.renderer.borrow_mut();
        let mut content = UserInterface::build(self.app.view(), self.size, Cache::default(), &mut renderer);
        content.operate(&renderer, &mut found);
        found.0
    }

    /// The lines of text on the screen and their bounds.
    pub fn lines(&self) -> Vec<(String, Rectangle)> {
        self.lines_on(self.size)
    }

    /// The lines of text that are cut off because the screen or their control is not tall enough.
    pub fn cut_lines(&self) -> Vec<String> {
        // The same view is laid out with twice the height at the same scale. A line that gets taller was cut off. If a
        // clock on the screen ticks meanwhile, the lines are taken again.
        let (lines, with_room) = loop {
            let lines = self.lines();
            let with_room = self.lines_on(Size::new(self.size.width, self.size.height * 2.0));
            if self.lines() == lines {
                break (lines, with_room);
            }
        };
        let cut_by_the_glass = lines.into_iter().zip(with_room).filter(|((line, at), (same, whole))| {
            assert_eq!(line, same, "the same lines in the same order");
            whole.height > at.height + 0.5
        });
        let controls = self.controls();
        let cut_by_a_control = self.lines().into_iter().filter(|(_, at)| {
            controls.iter().any(|(_, control)| at.is_within(control) && at.height > control.height - 0.5)
        });
        cut_by_the_glass.map(|((line, _), _)| line).chain(cut_by_a_control.map(|(line, _)| line)).collect()
    }

    fn lines_on(&self, size: Size) -> Vec<(String, Rectangle)> {
        let found = Arc::new(Mutex::new(Vec::new()));
        let mut simulator: Simulator<'_, Message> = Simulator::with_size(Settings::default(), size, self.app.view());
        drop(simulator.find(CollectLines(Arc::clone(&found))));
        found.lock().unwrap().clone()
    }

    pub fn shows(&self, id: &str) -> bool {
        self.controls().iter().any(|(control, _)| control == id)
    }

    pub fn at(&self, id: &str) -> Rectangle {
        let controls = self.controls();
        controls
            .iter()
            .rev()
            .find(|(control, _)| control == id)
            .unwrap_or_else(|| panic!("no control {id}; there are {controls:?}"))
            .1
    }
}

type SharedLines = Arc<Mutex<Vec<(String, Rectangle)>>>;

struct CollectControls(Vec<(String, Rectangle)>);

impl Operation for CollectControls {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn custom(&mut self, _id: Option<&iced::advanced::widget::Id>, bounds: Rectangle, state: &mut dyn std::any::Any) {
        if let Some(placed) = state.downcast_ref::<ControlInfo>().filter(|placed| placed.is_enabled) {
            self.0.push((placed.id.clone(), bounds));
        }
    }
}

struct CollectLines(SharedLines);

impl Selector for CollectLines {
    type Output = ();

    fn select(&mut self, candidate: Candidate<'_>) -> Option<()> {
        if let Candidate::Text { bounds, content, .. } = candidate {
            self.0.lock().unwrap().push((content.to_owned(), bounds));
        }
        None
    }

    fn description(&self) -> String {
        "every line".to_owned()
    }
}

/// Creates a renderer that draws with the program's fonts and needs no screen.
pub fn new_renderer() -> iced::Renderer {
    load_fonts();
    block_on(<iced::Renderer as Headless>::new(theme::CONTROL, 16.0.into(), Some("tiny-skia"))).unwrap()
}

pub fn software(renderer: &mut iced::Renderer) -> &mut iced_tiny_skia::Renderer {
    match renderer {
        iced::Renderer::Secondary(software) => software,
        iced::Renderer::Primary(_) => panic!("tests draw with the software renderer"),
    }
}

fn load_fonts() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        let settings = Settings {
            fonts: theme::FONTS.iter().map(|font| (*font).into()).collect(),
            default_font: theme::CONTROL,
            ..Settings::default()
        };
        let _: Simulator<'_, ()> = Simulator::with_settings(settings, iced::widget::text("fonts"));
    });
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    iced_test::futures::futures::executor::block_on(future)
}
