//! Pictures of the patient's screens, in which `make legible` measures how well words, icons and outlines stand out and
//! can be read. Beside each picture is a JSON file with the words, the icons and the controls on it.
//! `STILLROOM_PICTURES` names the folder; without it, the test fails.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use iced::{Rectangle, Size};
use serde_json::{Value, json};
use stillroom::profile::{PartLight, PerPart, Profile};
use stillroom::room::call::{CallId, CallPhase, DeskId};
use stillroom::room::timeline::Part;
use stillroom::room::{Event, Stage};
use stillroom::theme::Scale;
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::place::{Place, TimeOfDay};
use stillroom::widget::icon::Icon;
use stillroom::words::Locales;

use crate::tablet::{ENGLISH, SIZE, Tablet};

const PORTRAIT: Size = Size::new(800.0, 1280.0);
const DIAGONAL_INCHES: f32 = 10.1;
/// Number of tablets that are drawn at the same time. Most of the time, they are waiting for a fade.
const TABLETS: usize = 6;
/// Maximum time to wait for a screen to stop changing.
const SETTLES: Duration = Duration::from_secs(9);
/// Time after which the controls of the session rest, with a little to spare.
const RESTS: Duration = Duration::from_millis(8_200);
/// Time for which the anchor shows each line, including the fades at its beginning and end, in milliseconds.
const ANCHOR_LINE_MS: u64 = 16_000;
const DESK: DeskId = DeskId(1);
/// The controls of the session that fade to icons.
const RESTING: [&str; 5] = ["breathe", "places", "sound", "dark", "ready"];

/// The light in which a place is drawn.
#[derive(Clone, Copy)]
enum Light {
    /// The light that the shipped default profile sets.
    Shipped,
    /// The brightest light that a profile or the desk can choose.
    Full,
}

/// One tablet, with what is photographed on it.
#[derive(Clone, Copy)]
enum Job {
    /// The screens over a place, on a visit in English.
    Place(Place, TimeOfDay, Light),
    /// The controls during the peak, over a place.
    Peak(Place, TimeOfDay, Light),
    /// Every screen of a visit.
    Visit(Language, Size),
    /// The controls during the peak and during the landing.
    Parts(Language, Size),
}

#[test]
#[ignore = "draws a thousand pictures to measure: make legible"]
fn soak_legible_pictures_of_every_screen_over_every_place() {
    let folder = std::env::var_os("STILLROOM_PICTURES").map(PathBuf::from);
    let folder = folder.expect("STILLROOM_PICTURES must name the folder for the pictures, which make legible does");
    let mut jobs = VecDeque::new();
    for size in [SIZE, PORTRAIT] {
        for language in Locales::shipped().languages() {
            jobs.push_back(Job::Visit(language, size));
            jobs.push_back(Job::Parts(language, size));
        }
    }
    // The clinic's own pictures are not in the repository, and `Place::Dark` shows nothing.
    for place in Place::ALL.iter().filter(|place| !matches!(place, Place::Pictures | Place::Dark)) {
        for hour in TimeOfDay::ALL {
            for light in [Light::Shipped, Light::Full] {
                jobs.push_back(Job::Place(*place, *hour, light));
                jobs.push_back(Job::Peak(*place, *hour, light));
            }
        }
    }
    // If `STILLROOM_LEGIBLE` is set, only the jobs whose names contain its value are drawn, so that a change can be
    // checked quickly.
    if let Ok(words) = std::env::var("STILLROOM_LEGIBLE") {
        jobs.retain(|job| job.name().contains(&words));
    }
    let jobs = Mutex::new(jobs);
    std::thread::scope(|scope| {
        for _ in 0..TABLETS {
            scope.spawn(|| {
                loop {
                    let Some(job) = jobs.lock().unwrap().pop_front() else { break };
                    println!("{}", job.name());
                    job.draw(&folder);
                }
            });
        }
    });
}

impl Job {
    fn name(self) -> String {
        let lit = |light: Light| match light {
            Light::Shipped => "shipped",
            Light::Full => "full",
        };
        match self {
            Self::Place(place, hour, light) => format!("{}-{}-{}", place.name(), hour.name(), lit(light)),
            Self::Peak(place, hour, light) => format!("{}-{}-{}-peak", place.name(), hour.name(), lit(light)),
            Self::Visit(language, size) => format!("visit-{language}-{}", size.width),
            Self::Parts(language, size) => format!("parts-{language}-{}", size.width),
        }
    }

    fn draw(self, folder: &Path) {
        match self {
            Self::Place(place, hour, light) => {
                let tablet = over(place, hour, light, 1);
                over_a_place(&mut Camera::new(self, tablet, ENGLISH, folder));
            }
            Self::Peak(place, hour, light) => {
                // At this speed, the peak lasts from 7.5 s to 57 s, and reaches its light at 10 s.
                let tablet = over(place, hour, light, 120);
                in_the_peak(&mut Camera::new(self, tablet, ENGLISH, folder));
            }
            Self::Visit(language, size) => {
                let tablet = Tablet::with_adapted_profiles(size, 1, |profile| profile.words.on = false);
                a_visit(&mut Camera::new(self, tablet, language, folder));
            }
            Self::Parts(language, size) => {
                let tablet = Tablet::with_adapted_profiles(size, 120, |profile| profile.words.on = false);
                let mut camera = Camera::new(self, tablet, language, folder);
                in_the_peak(&mut camera);
                camera.tablet.send(Event::End { landing_minutes: Some(20) });
                camera.tablet.until("the landing", |snapshot| snapshot.part() == Some(Part::Landing));
                camera.tablet.send(Event::Breath { on: false });
                wake(&mut camera.tablet);
                camera.take("landing");
            }
        }
    }
}

/// A tablet whose profiles all show this place at this hour, in this light.
fn over(place: Place, hour: TimeOfDay, light: Light, speed: u32) -> Tablet {
    Tablet::with_adapted_profiles(SIZE, speed, |profile: &mut Profile| {
        (profile.place, profile.time) = (place, hour);
        profile.words.on = false;
        if let Light::Full = light {
            let full = PartLight { brightness: 1.0, warmth: 0.0, saturation: 1.0, movement: 0.0 };
            profile.light = PerPart::from_fn(|_| full);
        }
    })
}

/// A tablet with the film on which its pictures are saved.
struct Camera<'a> {
    tablet: Tablet,
    film: Film<'a>,
}

/// Where the pictures of one tablet are saved, and what is needed to describe the words on them.
struct Film<'a> {
    job: Job,
    language: Language,
    folder: &'a Path,
    /// The words that say when to breathe in and out. Only one of them is visible at a time.
    breath_words: [String; 2],
    /// The bounds of the controls of the session when they were last awake.
    of_session: Vec<Rectangle>,
}

impl<'a> Camera<'a> {
    fn new(job: Job, tablet: Tablet, language: Language, folder: &'a Path) -> Self {
        let words = Locales::shipped().words(language);
        let breath_words = [words.say("breath-in"), words.say("breath-out")];
        Self { tablet, film: Film { job, language, folder, breath_words, of_session: Vec::new() } }
    }

    /// Saves the screen once it has stopped changing, or after [`SETTLES`].
    fn take(&mut self, state: &str) {
        settle(&mut self.tablet);
        self.save(state);
    }

    fn save(&mut self, state: &str) {
        self.film.save(&mut self.tablet, state);
    }

    fn press(&mut self, id: &str) {
        let at = self.tablet.at(id).center();
        self.tablet.tap(1, at);
        self.tablet.settle();
    }

    /// Takes a call through all its states, and saves the screen in each.
    fn call(&mut self, id: CallId, with_reason: bool) {
        self.tablet.send(Event::DeskConnected { desk: DESK });
        self.tablet.send(Event::CallPressed { id, practice: false });
        self.tablet.try_send(Event::CallJournaled { id, ok: true });
        self.tablet.until("a call", |snapshot| snapshot.call.is_some());
        self.take("call-placed");
        self.tablet.send(Event::CallSent { id });
        self.tablet.send(Event::CallReceived { id, desk: DESK });
        self.take("call-received");
        if with_reason {
            self.press("reason-temperature");
            self.take("call-reason");
        }
        self.tablet.send(Event::CallComing { id, name: "Maria".to_owned() });
        self.take("call-coming");
        self.tablet.send(Event::CallHere { id: Some(id) });
        self.take("call-here");
        self.tablet.send(Event::CallCleared);
    }

    /// Saves the anchor while its line is neither fading in nor fading out.
    fn anchor(&mut self) {
        self.tablet.send(Event::Anchor { on: true });
        self.tablet.send(Event::Breath { on: false });
        loop {
            let shown_ms = self.tablet.now().0 % ANCHOR_LINE_MS;
            if (2_600..ANCHOR_LINE_MS - 7_000).contains(&shown_ms) {
                break;
            }
            self.tablet.draw_frame();
            std::thread::sleep(Duration::from_millis(100));
        }
        self.take("anchor");
        self.tablet.send(Event::Anchor { on: false });
        self.tablet.send(Event::Breath { on: false });
    }

    /// Saves the breath pacer two seconds after it has started, during the first in-breath.
    fn breath(&mut self, state: &str) {
        for _ in 0..20 {
            self.tablet.draw_frame();
            std::thread::sleep(Duration::from_millis(100));
        }
        self.save(state);
    }

    /// Saves the controls of the session at rest.
    fn rest(&mut self, state: &str) {
        std::thread::sleep(RESTS);
        self.take(state);
    }
}

impl Film<'_> {
    fn save(&mut self, tablet: &mut Tablet, state: &str) {
        let pixels = tablet.screenshot();
        let (size, name) = (tablet.size(), format!("{}-{state}", self.job.name()));
        let picture = self.folder.join(format!("{name}.png"));
        image::save_buffer(picture, &pixels, size.width as u32, size.height as u32, image::ColorType::Rgba8).unwrap();
        let bounds = |at: Rectangle| json!([at.x, at.y, at.width, at.height]);
        let controls = tablet.controls();
        // At rest, the controls of the session show no words and are not enabled.
        let of_session = controls.iter().filter(|(id, _)| RESTING.contains(&id.as_str()));
        let awake: Vec<Rectangle> = of_session.map(|(_, at)| *at).collect();
        let shows = |id: &str| controls.iter().any(|(control, _)| control == id);
        let is_resting = awake.is_empty() && !shows("close") && !shows("anchor-done") && shows("place");
        if !awake.is_empty() {
            self.of_session = awake;
        }
        let at_rest: &[Rectangle] = if is_resting { &self.of_session } else { &[] };
        let chosen = tablet.snapshot().call.and_then(|call| call.reason);
        let chosen = chosen.map(|reason| format!("reason-{}", reason.name()));
        let is_shown = |line: &str, at: &Rectangle| {
            let inside = |control: &Rectangle| control.contains(at.center());
            // A choice shows its tick only once it has been chosen.
            let is_icon = line.chars().all(|letter| ('\u{e000}'..'\u{f8ff}').contains(&letter));
            let is_tick = line.chars().eq(char::from_u32(Icon::Tick as u32));
            let is_choice = |id: &str| id.starts_with("reason-") || id.starts_with("question-");
            let is_unchosen = |id: &String| is_choice(id) && Some(id) != chosen.as_ref();
            let is_at_rest = !is_icon && at_rest.iter().any(inside);
            let is_no_tick = is_tick && controls.iter().any(|(id, control)| is_unchosen(id) && inside(control));
            !line.trim().is_empty() && !is_at_rest && !is_no_tick
        };
        let lines = tablet.lines().into_iter().filter(|(line, at)| is_shown(line, at)).map(|(line, at)| {
            // The label of a control may also be one of the words of the breath.
            let is_label =
                controls.iter().any(|(_, control)| at.is_within(control) && control.width < size.width / 2.0);
            let is_breath = self.breath_words.contains(&line) && !is_label;
            json!({ "words": line, "bounds": bounds(at), "one_of": is_breath.then_some("breath") })
        });
        let lines: Vec<Value> = lines.collect();
        let controls = controls.iter().map(|(id, at)| json!({ "id": id, "bounds": bounds(*at) }));
        let controls: Vec<Value> = controls.collect();
        let (place, hour, light) = match self.job {
            Job::Place(place, hour, light) | Job::Peak(place, hour, light) => {
                (place.name(), hour.name(), if let Light::Full = light { "full" } else { "shipped" })
            }
            Job::Visit(..) | Job::Parts(..) => ("beach", "dusk", "shipped"),
        };
        let told = json!({
            "state": state,
            "place": place,
            "hour": hour,
            "light": light,
            "language": self.language.name(),
            "is_visit": matches!(self.job, Job::Visit(..) | Job::Parts(..)),
            "call_is_open": tablet.snapshot().call.is_some(),
            "px_per_mm": Scale::new(DIAGONAL_INCHES, size).mm(1.0),
            "lines": lines,
            "controls": controls,
        });
        std::fs::write(self.folder.join(format!("{name}.json")), told.to_string()).unwrap();
    }
}

/// Draws frames until the screen has stopped changing, for at most [`SETTLES`].
fn settle(tablet: &mut Tablet) {
    let began = Instant::now();
    let mut same = 0;
    let mut before = Vec::new();
    while same < 2 && began.elapsed() < SETTLES {
        for _ in 0..3 {
            tablet.draw_frame();
            std::thread::sleep(Duration::from_millis(90));
        }
        tablet.after(Duration::ZERO);
        let shown = tablet.screenshot();
        // Until its still is decoded, a place is black.
        let black = shown.chunks_exact(4).filter(|pixel| pixel[..3] == [0, 0, 0]).count();
        let is_loaded = black < shown.len() / 8 || tablet.snapshot().dark;
        same = if shown == before && is_loaded { same + 1 } else { 0 };
        before = shown;
    }
}

fn wake(tablet: &mut Tablet) {
    let middle = iced::Point::new(tablet.size().width / 2.0, tablet.size().height / 3.0);
    tablet.tap(1, middle);
}

fn arrive(camera: &mut Camera<'_>) {
    camera.take("ready");
    camera.tablet.send(Event::VisitBegins);
    camera.take("language");
    let id = format!("language-{}", camera.film.language);
    camera.press(&id);
}

fn begin(camera: &mut Camera<'_>) {
    camera.tablet.send(Event::SessionBegins { profile: None, infusion_minutes: Some(120), settle: false });
    camera.tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
}

/// The screens of the session that do not need a long wait.
fn session(camera: &mut Camera<'_>) {
    begin(camera);
    camera.take("session-awake");
    for id in ["places", "sound"] {
        camera.press(id);
        camera.take(&format!("session-{id}"));
        camera.press("close");
    }
    camera.tablet.send(Event::TalkNow { on: true });
    // Waits until the notice has faded in.
    std::thread::sleep(Duration::from_millis(2_500));
    wake(&mut camera.tablet);
    camera.take("session-notice");
    camera.tablet.send(Event::TalkNow { on: false });
    std::thread::sleep(Duration::from_millis(2_500));
    camera.tablet.send(Event::Breath { on: true });
    camera.breath("session-breath");
    camera.tablet.send(Event::Breath { on: false });
    camera.tablet.send(Event::Silence { on: true });
    wake(&mut camera.tablet);
    camera.take("session-silence");
    camera.tablet.send(Event::Silence { on: false });
    camera.anchor();
}

fn over_a_place(camera: &mut Camera<'_>) {
    arrive(camera);
    camera.take("welcome");
    while !camera.tablet.shows("place-dark") {
        camera.press("next");
    }
    camera.take("tiles");
    while !camera.tablet.says("Breathe with") {
        camera.press("next");
    }
    camera.breath("arrive-breath");
    session(camera);
    wake(&mut camera.tablet);
    camera.rest("session-resting");
    camera.call(CallId(1), true);
    camera.tablet.send(Event::AfterBegins);
    camera.take("after");
    camera.press("cards");
    camera.take("card");
    camera.press("close");
    camera.tablet.send(Event::Farewell);
    camera.take("farewell");
}

fn in_the_peak(camera: &mut Camera<'_>) {
    camera.tablet.send(Event::VisitBegins);
    camera.tablet.send(Event::LanguageChosen(camera.film.language));
    begin(camera);
    let limit = Duration::from_secs(15);
    camera.tablet.until_within("the peak", limit, |snapshot| snapshot.part() == Some(Part::Peak));
    std::thread::sleep(Duration::from_millis(2_600));
    wake(&mut camera.tablet);
    camera.take("peak");
    camera.rest("peak-resting");
}

/// Every screen of a visit.
fn a_visit(camera: &mut Camera<'_>) {
    arrive(camera);
    let mut step = 2;
    while camera.tablet.shows("next") {
        if camera.tablet.shows("question-1") {
            camera.press("question-1");
            camera.take("question-write");
            camera.press("draw");
            camera.take("question-draw");
            camera.press("close");
        }
        if camera.tablet.snapshot().breath.is_some() {
            camera.breath(&format!("arrive-{step:02}"));
        } else {
            camera.take(&format!("arrive-{step:02}"));
        }
        if step == 9 {
            practice(camera);
        }
        camera.press("next");
        step += 1;
    }
    camera.take("waiting");
    session(camera);
    camera.tablet.send(Event::Dark { on: true });
    camera.tablet.send(Event::DarkTouched);
    camera.take("dark-panel");
    camera.tablet.send(Event::Dark { on: false });
    camera.call(CallId(11), true);
    camera.take("call-cleared");
    // Without a desk, the line counts as down after five seconds.
    camera.tablet.send(Event::DeskDisconnected { desk: DESK });
    camera.tablet.send(Event::CallPressed { id: CallId(12), practice: false });
    let told = |snapshot: &stillroom::room::Snapshot| snapshot.call.as_ref().is_some_and(|call| call.no_desk_told);
    camera.tablet.until_within("the line is down", Duration::from_secs(8), told);
    camera.take("call-line-down");
    camera.tablet.send(Event::CallCleared);
    camera.tablet.send(Event::AfterBegins);
    // Waits until the words about the cleared call have disappeared.
    std::thread::sleep(Duration::from_secs(9));
    camera.take("after");
    for id in ["write", "draw"] {
        camera.press(id);
        camera.take(&format!("after-{id}"));
        camera.press("close");
    }
    let Camera { tablet, .. } = camera;
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.send(Event::CallPressed { id: CallId(13), practice: false });
    tablet.until("a call", |snapshot| snapshot.call.is_some());
    camera.take("after-call-placed");
    camera.tablet.send(Event::CallReceived { id: CallId(13), desk: DESK });
    camera.take("after-call-received");
    camera.tablet.send(Event::CallComing { id: CallId(13), name: "Maria".to_owned() });
    camera.take("after-call-coming");
    camera.tablet.send(Event::CallHere { id: Some(CallId(13)) });
    camera.take("after-call-here");
    camera.tablet.send(Event::CallCleared);
    std::thread::sleep(Duration::from_secs(9));
    take_home(camera);
    camera.tablet.send(Event::Farewell);
    camera.take("farewell");
}

/// The call that a patient tries on arrival, in each state up to *On the way*.
fn practice(camera: &mut Camera<'_>) {
    camera.tablet.send(Event::DeskConnected { desk: DESK });
    camera.press("call");
    let called = camera.tablet.until("a practice call", |snapshot| snapshot.call.is_some());
    let id = called.call.unwrap().id;
    camera.take("practice-placed");
    camera.tablet.send(Event::CallReceived { id, desk: DESK });
    camera.tablet.until("received", |s| s.call.as_ref().is_some_and(|call| call.phase == CallPhase::Received));
    camera.take("practice-received");
    camera.tablet.send(Event::CallComing { id, name: "Maria".to_owned() });
    camera.take("practice-coming");
}

/// The cards, and every state of taking the note home.
fn take_home(camera: &mut Camera<'_>) {
    let mut number = 0;
    let Camera { tablet, film } = camera;
    crate::take_home::every_state(tablet, &mut |tablet, state| {
        number += 1;
        settle(tablet);
        film.save(tablet, &format!("take-{number:02}-{state}"));
    });
}
