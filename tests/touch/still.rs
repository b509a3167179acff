//! Tests that a screen without movement requests no frames and publishes no messages, that a session without the breath
//! requests a frame only every few seconds, and that the breath requests frames at a low rate.

use std::time::{Duration, Instant};

use iced::window::RedrawRequest;
use stillroom::room::Event;
use stillroom::room::call::CallId;

use crate::tablet::Tablet;

/// Time limit for a screen to come to rest. Loading and fading take only seconds; the limit is a minute because other
/// tests may keep the machine busy.
const RESTS_WITHIN: Duration = Duration::from_mins(1);

fn assert_still(tablet: &mut Tablet, screen: &str) {
    let until = Instant::now() + RESTS_WITHIN;
    while tablet.draw_frame() != (RedrawRequest::Wait, 0) {
        assert!(Instant::now() < until, "{screen} does not come to rest");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(tablet.draw_frame(), (RedrawRequest::Wait, 0), "{screen}");
}

/// Time from this frame to the next one that the window requests. The time that drawing takes is not counted.
fn frame_interval(tablet: &mut Tablet) -> Duration {
    let now = Instant::now();
    match tablet.draw_frame_at(now).0 {
        RedrawRequest::At(then) => then.saturating_duration_since(now),
        RedrawRequest::NextFrame => Duration::ZERO,
        RedrawRequest::Wait => Duration::MAX,
    }
}

#[test]
fn a_still_screen_requests_no_frame_and_publishes_nothing() {
    let mut tablet = Tablet::new();
    assert_still(&mut tablet, "ready");
    tablet.send(Event::VisitBegins);
    assert_still(&mut tablet, "language");
    tablet.tap(1, tablet.at("language-en-US").center());
    assert_still(&mut tablet, "welcome");
    tablet.send(Event::CallPressed { id: CallId(1), practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    assert_still(&mut tablet, "welcome with a call open");
    tablet.send(Event::Dark { on: true });
    assert_still(&mut tablet, "dark with a call open");
    tablet.send(Event::CallCleared);
    assert_still(&mut tablet, "dark");
    tablet.send(Event::DarkTouched);
    assert_still(&mut tablet, "dark with the panel");
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::AfterBegins);
    assert_still(&mut tablet, "after");
    tablet.send(Event::Farewell);
    assert_still(&mut tablet, "farewell");
}

#[test]
fn a_session_without_breath_draws_only_every_few_seconds() {
    let mut tablet = Tablet::new();
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::Breath { on: false });
    let until = Instant::now() + RESTS_WITHIN;
    while frame_interval(&mut tablet) < Duration::from_secs(2) {
        assert!(Instant::now() < until, "it does not come to rest");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(frame_interval(&mut tablet) <= Duration::from_secs(9));
}

#[test]
fn a_breathing_screen_requests_frames_at_its_own_rate() {
    let mut tablet = Tablet::new();
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::Breath { on: true });
    let interval = frame_interval(&mut tablet);
    assert!(interval >= Duration::from_millis(50) && interval <= Duration::from_millis(150), "{interval:?}");
}
