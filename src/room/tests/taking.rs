//! Owns the way of a note home: which way may be chosen when, what comes of it, and that nothing of it outlives a reset.

use super::take_home::{Fault, Going, Way};
use super::*;

fn offered(paper: bool, sealed: bool) -> Event {
    Event::TakeHomeOffered { paper, sealed }
}

fn chosen(way: Way) -> Event {
    Event::TakeHomeChosen { way }
}

/// In After, with words, and both edges open.
fn written() -> Play {
    let mut play = Play::in_stage(Stage::After);
    play.ok(0, typed("words"));
    play.ok(0, offered(true, true));
    play.effects();
    play
}

#[test]
fn looking_asks_the_edges_and_their_answer_is_shown() {
    let mut play = Play::in_stage(Stage::After);
    play.effects();
    play.ok(0, Event::TakeHomeLooked);
    assert_eq!(play.effects(), [Effect::LookForWays]);
    let ways = |play: &Play| play.snapshot().take_home.ways().collect::<Vec<_>>();
    assert_eq!(ways(&play), [Way::Phone]);
    play.ok(0, offered(true, true));
    assert_eq!(ways(&play), Way::ALL);
    play.ok(0, offered(false, true));
    assert_eq!(ways(&play), [Way::Phone, Way::Sealed]);
}

#[test]
fn a_chosen_way_is_gone_once_and_told_when_it_is_there() {
    for way in [Way::Paper, Way::Sealed] {
        let mut play = written();
        play.ok(0, chosen(way));
        let effects = play.effects();
        let [Effect::TakeHome { way: gone, notes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((*gone, notes.version), (way, play.snapshot().notes.version));
        assert_eq!(play.snapshot().take_home.going(way), Some(&Going::UnderWay));
        play.refused(0, chosen(Way::Paper));
        play.refused(0, chosen(Way::Sealed));
        let code = Some("AB12-CD34".to_owned());
        play.ok(0, Event::TakeHomeWent { way, version: notes.version, outcome: Ok(code.clone()) });
        assert_eq!(play.snapshot().take_home.going(way), Some(&Going::Done { code }));
        assert_eq!(play.snapshot().take_home.taken, Some(notes.version));
    }
}

#[test]
fn what_fails_can_be_tried_again() {
    let mut play = written();
    play.ok(0, chosen(Way::Paper));
    play.ok(0, Event::TakeHomeWent { way: Way::Paper, version: 1, outcome: Err(Fault::PrinterStopped) });
    assert_eq!(play.snapshot().take_home.going(Way::Paper), Some(&Going::Failed(Fault::PrinterStopped)));
    assert_eq!(play.snapshot().take_home.taken, None);
    play.ok(0, chosen(Way::Paper));
    assert_eq!(play.snapshot().take_home.going(Way::Paper), Some(&Going::UnderWay));
}

#[test]
fn the_phone_is_always_open_and_leaves_the_room_untouched() {
    let mut play = Play::in_stage(Stage::After);
    play.ok(0, typed("words"));
    play.effects();
    play.ok(0, chosen(Way::Phone));
    assert!(!play.effects().iter().any(|effect| matches!(effect, Effect::TakeHome { .. })));
    assert_eq!(play.snapshot().take_home.taken, Some(play.snapshot().notes.version));
}

#[test]
fn who_drew_is_asked_before_leaving_since_codes_hold_words_only() {
    let mut play = written();
    play.ok(0, super::writing::drawn(1, &[3, 5]));
    play.ok(0, chosen(Way::Phone));
    assert!(!play.snapshot().note_is_taken());
    play.ok(0, chosen(Way::Paper));
    let version = play.snapshot().notes.version;
    play.ok(0, Event::TakeHomeWent { way: Way::Paper, version, outcome: Ok(None) });
    assert!(play.snapshot().note_is_taken());
}

#[test]
fn what_is_not_open_or_not_written_is_refused() {
    let mut play = Play::in_stage(Stage::After);
    play.ok(0, offered(true, true));
    play.refused(0, chosen(Way::Paper));
    play.ok(0, typed("words"));
    play.ok(0, offered(false, false));
    play.refused(0, chosen(Way::Paper));
    play.refused(0, chosen(Way::Sealed));
}

#[test]
fn a_reset_forgets_it_and_a_late_answer_changes_nothing() {
    let mut play = written();
    play.ok(0, chosen(Way::Paper));
    play.ok(0, Event::StaffReset);
    play.ok(0, Event::TakeHomeWent { way: Way::Paper, version: 1, outcome: Ok(None) });
    let left = play.snapshot().take_home;
    assert!(left.going.is_empty() && left.taken.is_none());
}
