//! Tests that the software renderer leaves no specks. As in the window, each frame draws only what, according to the
//! renderer, has changed since the frame before. The result must equal a full redraw, pixel by pixel.

use std::time::{Duration, Instant};

use iced::advanced::renderer::Style;
use iced::widget::{center, text};
use iced::window::RedrawRequest;
use iced::{Color, Element, Rectangle, Size, Theme, mouse};
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::Cache;
use iced_tiny_skia::graphics::{Viewport, damage};
use iced_tiny_skia::{Layer, Renderer};
use stillroom::driver::clock::RoomClock;
use stillroom::room::breath::BreathPattern;
use stillroom::room::call::{CallId, DeskId};
use stillroom::room::snapshot::BreathView;
use stillroom::room::{Event, RoomTime, Stage};
use stillroom::theme;
use stillroom::vocabulary::language::Language;
use stillroom::widget::breath_ring::breath_ring;
use stillroom::widget::fade::{FADE, fade_on_veil};
use stillroom::widget::resting::{Look, Wakefulness, resting};
use stillroom::widget::reveal::REVEAL;
use tiny_skia::{Mask, Pixmap, PremultipliedColorU8};

use crate::drawing::draw;
use crate::tablet::{ENGLISH, SIZE, Tablet, new_renderer, software};

/// A window's buffer, updated in the same way as in `iced_tiny_skia::window::compositor::present`.
struct Buffer {
    pixels: Pixmap,
    whole: Pixmap,
    mask: Mask,
    shown: Option<Vec<Layer>>,
    frames: usize,
    /// The name of each frame after which the buffer differed from a full redraw, and the number of pixels that
    /// differed.
    wrong: Vec<(String, usize)>,
}

impl Buffer {
    fn of_size(size: Size) -> Self {
        let (width, height) = (size.width as u32, size.height as u32);
        let pixmap = || Pixmap::new(width, height).unwrap();
        let mask = Mask::new(width, height).unwrap();
        Self { pixels: pixmap(), whole: pixmap(), mask, shown: None, frames: 0, wrong: Vec::new() }
    }

    /// Presents the frame that `renderer` holds, and compares the buffer with a full redraw.
    fn present(&mut self, renderer: &mut Renderer, frame: &str) {
        let size = Size::new(self.pixels.width(), self.pixels.height());
        let viewport = Viewport::with_physical_size(size, 1.0);
        let window = Rectangle::with_size(viewport.logical_size());
        let changed = self.shown.as_ref().map_or_else(
            || vec![window],
            |shown| damage::diff(shown, renderer.layers(), |layer| vec![layer.bounds], Layer::damage),
        );
        if !changed.is_empty() {
            self.shown = Some(renderer.layers().to_vec());
            let changed = damage::group(changed, window);
            renderer.draw(&mut self.pixels.as_mut(), &mut self.mask, &viewport, &changed, theme::INK);
        }
        renderer.draw(&mut self.whole.as_mut(), &mut self.mask, &viewport, &[window], theme::INK);
        let pairs = self.pixels.pixels().iter().zip(self.whole.pixels());
        let wrong = pairs.filter(|(shown, right)| differ(**shown, **right)).count();
        self.frames += 1;
        if wrong > 0 {
            self.wrong.push((frame.to_owned(), wrong));
        }
    }

    /// Presents a frame, and those that follow while the words of the page are emerging.
    fn present_tablet(&mut self, tablet: &mut Tablet, frame: &str) {
        let until = Instant::now() + REVEAL;
        loop {
            let next = tablet.draw_frame().0;
            self.present(tablet.software_renderer(), frame);
            if next == RedrawRequest::Wait || Instant::now() >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn assert_right(&self) {
        let frames = self.frames;
        assert_eq!(self.wrong, [], "{} of {frames} frames left pixels that are not theirs", self.wrong.len());
    }
}

/// Returns whether two pixels differ by more than rounding. Where a redrawn area cuts through a smooth edge, the renderer
/// blends the edge in another way, which rounds differently.
fn differ(shown: PremultipliedColorU8, right: PremultipliedColorU8) -> bool {
    const ROUNDING: u8 = 2;
    let channels = |pixel: PremultipliedColorU8| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()];
    channels(shown).into_iter().zip(channels(right)).any(|(shown, right)| shown.abs_diff(right) > ROUNDING)
}

/// Goes through a visit in a language, and presents a frame of every screen and of every state of the call.
fn visit(language: Language) -> Buffer {
    let mut tablet = Tablet::new();
    let mut buffer = Buffer::of_size(SIZE);
    let mut see = |tablet: &mut Tablet, frame: &str| buffer.present_tablet(tablet, frame);
    see(&mut tablet, "ready");
    tablet.send(Event::VisitBegins);
    see(&mut tablet, "language");
    tablet.tap(1, tablet.at(&format!("language-{language}")).center());
    for step in 1.. {
        see(&mut tablet, &format!("arrive {step}"));
        if !tablet.shows("next") {
            break;
        }
        tablet.tap(1, tablet.at("next").center());
    }
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
    see(&mut tablet, "session");
    for id in ["places", "sound"] {
        tablet.tap(1, tablet.at(id).center());
        see(&mut tablet, id);
        tablet.tap(1, tablet.at("close").center());
        see(&mut tablet, &format!("{id} closed"));
    }
    tablet.send(Event::Breath { on: true });
    for frame in 0..12 {
        see(&mut tablet, &format!("breath {frame}"));
        std::thread::sleep(Duration::from_millis(50));
    }
    for (frame, on, off) in [
        ("anchor", Event::Anchor { on: true }, Event::Anchor { on: false }),
        ("silence", Event::Silence { on: true }, Event::Silence { on: false }),
        ("staff speak", Event::TalkNow { on: true }, Event::TalkNow { on: false }),
    ] {
        tablet.send(on);
        see(&mut tablet, frame);
        tablet.send(off);
        see(&mut tablet, &format!("{frame} ends"));
    }
    call(&mut tablet, &mut see);
    tablet.send(Event::Dark { on: true });
    see(&mut tablet, "dark");
    tablet.send(Event::DarkTouched);
    see(&mut tablet, "dark panel");
    tablet.send(Event::Dark { on: false });
    tablet.open_staff();
    see(&mut tablet, "staff sheet");
    tablet.tap(1, tablet.at("staff-more").center());
    see(&mut tablet, "more of the staff sheet");
    tablet.tap(1, tablet.at("staff-close").center());
    tablet.send(Event::AfterBegins);
    see(&mut tablet, "after");
    tablet.tap(1, tablet.at("write").center());
    for key in ["q", "u", "i", "f"] {
        tablet.tap(1, tablet.at(&format!("key-{key}")).center());
        see(&mut tablet, &format!("written {key}"));
    }
    tablet.tap(1, tablet.at("draw").center());
    see(&mut tablet, "draw");
    let page = tablet.at("sketch");
    tablet.press(1, page.center());
    for step in 1..6_u8 {
        let to = page.center() + iced::Vector::new(f32::from(step) * 20.0, f32::from(step * step));
        tablet.drag(1, to);
        see(&mut tablet, &format!("drawn {step}"));
    }
    tablet.lift(1, page.center());
    draw(&mut tablet, 2, &[page.position(), page.center()]);
    see(&mut tablet, "drawn");
    tablet.tap(1, tablet.at("close").center());
    crate::take_home::every_state(&mut tablet, &mut see);
    tablet.send(Event::Farewell);
    see(&mut tablet, "farewell");
    buffer
}

fn call(tablet: &mut Tablet, see: &mut dyn FnMut(&mut Tablet, &str)) {
    let (id, desk) = (CallId(1), DeskId(1));
    tablet.send(Event::DeskConnected { desk });
    tablet.send(Event::CallPressed { id, practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    see(tablet, "calling");
    tablet.send(Event::CallSent { id });
    see(tablet, "call sent");
    tablet.send(Event::CallReceived { id, desk });
    see(tablet, "call received");
    tablet.tap(1, tablet.at("reason-temperature").center());
    see(tablet, "call with a reason");
    tablet.send(Event::CallComing { id, name: "Maria".to_owned() });
    see(tablet, "coming");
    tablet.send(Event::CallHere { id: Some(id) });
    see(tablet, "here");
    tablet.send(Event::CallCleared);
    see(tablet, "call cleared");
}

#[test]
fn an_english_visit_leaves_no_specks() {
    visit(ENGLISH).assert_right();
}

#[test]
fn a_french_visit_leaves_no_specks() {
    visit(Language::from_name("fr-FR").unwrap()).assert_right();
}

/// Presents `count` frames of a view, 200 ms apart. `view` builds each of them, given the time since its animation
/// began.
fn frames(count: u32, view: impl Fn(Duration) -> Element<'static, ()>) -> Buffer {
    let size = Size::new(640.0, 240.0);
    let (mut renderer, mut buffer, mut cache) = (new_renderer(), Buffer::of_size(size), Cache::default());
    for step in 0..count {
        let since = Duration::from_millis(200) * step;
        let mut content = UserInterface::build(view(since), size, cache, &mut renderer);
        content.draw(&mut renderer, &Theme::Dark, &Style { text_color: Color::WHITE }, mouse::Cursor::Unavailable);
        cache = content.into_cache();
        buffer.present(software(&mut renderer), &format!("after {since:?}"));
    }
    buffer
}

/// Words whose ink reaches beyond their measured box at both ends.
fn overhanging() -> iced::widget::Text<'static> {
    text("jQuof").size(60.0).font(theme::VOICE).line_height(1.0)
}

#[test]
fn a_fade_leaves_no_specks() {
    let buffer = frames(28, |since| {
        let from = Instant::now().checked_sub(since).unwrap();
        center(fade_on_veil(overhanging(), from, Some(from + 2 * FADE))).into()
    });
    buffer.assert_right();
    let pixels = buffer.pixels.pixels();
    assert!(pixels.iter().all(|pixel| *pixel == pixels[0]), "the words have faded out");
}

#[test]
fn a_control_that_rests_leaves_no_specks() {
    let look = |ink| Look { ground: 0.0, border: 0.0, ink };
    let buffer = frames(14, |since| {
        let began = Instant::now().checked_sub(since).unwrap();
        let mut wakefulness = Wakefulness::awake(began);
        wakefulness.rest(began);
        center(resting(overhanging(), wakefulness, look(1.0), look(0.0))).into()
    });
    buffer.assert_right();
}

#[test]
fn the_words_of_the_breath_leave_no_specks() {
    let breath = BreathView { pattern: BreathPattern::FourSix, started: RoomTime(0), next: None };
    let buffer = frames(52, |since| {
        let clock = RoomClock::resuming_from(RoomTime(since.as_millis() as u64));
        center(breath_ring(breath, clock, 120.0, false).words(overhanging(), overhanging())).into()
    });
    buffer.assert_right();
}
