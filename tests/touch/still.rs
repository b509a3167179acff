//! A still screen asks for nothing: no next picture, no word of its own. What breathes asks for its own pace and no more.

use std::time::{Duration, Instant};

use iced::window::RedrawRequest;
use stillroom::room::Event;
use stillroom::room::call::CallId;

use crate::tablet::Tablet;

/// A picture is read and its light is eased beside the screen. It comes to rest in seconds; a machine that is busy with
/// other tests is given this long before it counts as never.
const RESTS_WITHIN: Duration = Duration::from_mins(1);

fn assert_still(tablet: &mut Tablet, screen: &str) {
    let until = Instant::now() + RESTS_WITHIN;
    while tablet.drawn() != (RedrawRequest::Wait, 0) {
        assert!(Instant::now() < until, "{screen} does not come to rest");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(tablet.drawn(), (RedrawRequest::Wait, 0), "{screen}");
}

/// How long from one picture until it wants the next: by the time that the window was told, however long drawing took.
fn pace(tablet: &mut Tablet) -> Duration {
    let now = Instant::now();
    match tablet.drawn_at(now).0 {
        RedrawRequest::At(then) => then.saturating_duration_since(now),
        RedrawRequest::NextFrame => Duration::ZERO,
        RedrawRequest::Wait => Duration::MAX,
    }
}

#[test]
fn a_still_screen_draws_nothing_and_wakes_nothing() {
    let mut tablet = Tablet::new();
    assert_still(&mut tablet, "ready");
    tablet.tell(Event::VisitBegins);
    assert_still(&mut tablet, "language");
    tablet.tap(1, tablet.at("language-en-US").center());
    assert_still(&mut tablet, "welcome");
    tablet.tell(Event::CallPressed { id: CallId(1), practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    assert_still(&mut tablet, "welcome with a call open");
    tablet.tell(Event::Dark { on: true });
    assert_still(&mut tablet, "dark with a call open");
    tablet.tell(Event::CallCleared);
    assert_still(&mut tablet, "dark");
    tablet.tell(Event::DarkTouched);
    assert_still(&mut tablet, "dark with the panel");
    tablet.tell(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.tell(Event::AfterBegins);
    assert_still(&mut tablet, "after");
    tablet.tell(Event::Farewell);
    assert_still(&mut tablet, "farewell");
}

#[test]
fn a_session_that_does_not_breathe_looks_up_every_few_seconds_and_no_oftener() {
    let mut tablet = Tablet::new();
    tablet.tell(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.tell(Event::BreathWished { on: false });
    let until = Instant::now() + RESTS_WITHIN;
    while pace(&mut tablet) < Duration::from_secs(2) {
        assert!(Instant::now() < until, "it does not come to rest");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(pace(&mut tablet) <= Duration::from_secs(9));
}

#[test]
fn what_breathes_asks_for_its_own_pace() {
    let mut tablet = Tablet::new();
    tablet.tell(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.tell(Event::BreathWished { on: true });
    let pace = pace(&mut tablet);
    assert!(pace >= Duration::from_millis(50) && pace <= Duration::from_millis(150), "{pace:?}");
}
