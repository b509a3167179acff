//! Tests typing. With two thumbs on the on-screen keyboard, no letter is lost or out of order, however the presses
//! overlap. Also tests *delete*, accents, a hardware keyboard, and the cursor.

use std::time::Duration;

use proptest::prelude::*;
use stillroom::room::notes::{NotePage, PatientText};
use stillroom::room::{Event, Snapshot};
use stillroom::vocabulary::language::Language;

use crate::drawing::in_after;
use crate::tablet::{Tablet, spanish};

fn writing() -> Tablet {
    let mut tablet = Tablet::new();
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("write").center());
    tablet
}

fn page(snapshot: &Snapshot) -> String {
    let words = snapshot.notes.pages.first().and_then(NotePage::words).map(PatientText::reveal);
    words.unwrap_or_default().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// Two thumbs type alternately. Which presses overlap is random, and so is the number of events in one frame, from
    /// one to four.
    #[test]
    fn two_thumbs_lose_no_letter(
        letters in prop::collection::vec(0_usize..26, 40),
        overlaps in prop::collection::vec(any::<bool>(), 40),
        at_once in prop::collection::vec(1_usize..5, 40),
    ) {
        let mut tablet = writing();
        let keys: Vec<_> = (b'a'..=b'z').map(|key| tablet.at(&format!("key-{}", char::from(key))).center()).collect();
        let mut events = Vec::new();
        let mut down: Option<(u64, usize)> = None;
        for (turn, (letter, overlaps)) in letters.iter().zip(&overlaps).enumerate() {
            let thumb = turn as u64 % 2 + 1;
            if let (Some((other, its)), false) = (down, *overlaps) {
                events.push(Tablet::up(other, keys[its]));
                down = None;
            }
            events.push(Tablet::down(thumb, keys[*letter]));
            if let Some((other, its)) = down {
                events.push(Tablet::up(other, keys[its]));
            }
            down = Some((thumb, *letter));
        }
        if let Some((thumb, its)) = down {
            events.push(Tablet::up(thumb, keys[its]));
        }
        let mut rest = &events[..];
        for count in at_once.iter().cycle() {
            let (frame, later) = rest.split_at((*count).min(rest.len()));
            tablet.batch(frame);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let wished: String = letters.iter().map(|letter| char::from(b'a' + *letter as u8)).collect();
        prop_assert_eq!(page(&tablet.snapshot()), wished[..1].to_uppercase() + &wished[1..]);
    }
}

#[test]
fn delete_repeats_while_it_is_held_and_stops_by_itself() {
    let mut tablet = writing();
    for _ in 0..5 {
        tablet.tap(1, tablet.at("key-e").center());
    }
    let delete = tablet.at("key-delete").center();
    tablet.tap(1, delete);
    assert_eq!(page(&tablet.snapshot()), "Eeee");
    tablet.press(1, delete);
    tablet.after(Duration::from_millis(510));
    tablet.after(Duration::from_millis(610));
    tablet.lift(1, delete);
    assert_eq!(page(&tablet.snapshot()), "Ee");
    tablet.tap(1, tablet.at("key-undo").center());
    assert_eq!(page(&tablet.snapshot()), "Eeeee", "a run of deleting is one step of undo");
    tablet.press(1, delete);
    for step in 0..200 {
        tablet.after(Duration::from_millis(600 + step * 100));
    }
    tablet.lift(1, delete);
    assert_eq!(page(&tablet.snapshot()), "");
}

#[test]
fn spanish_accents_can_be_typed() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.send(Event::LanguageChosen(spanish()));
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("write").center());
    let keys = ["symbols", "¿", "letters", "n", "i", "ñ", "accent", "o", "space", "symbols", "ü", "e", "symbols", "?"];
    for key in keys {
        tablet.tap(1, tablet.at(&format!("key-{key}")).center());
    }
    assert_eq!(page(&tablet.snapshot()), "¿Niñó üe?");
}

#[test]
fn french_is_typed_on_keys_in_the_french_order() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.send(Event::LanguageChosen(Language::from_name("fr-FR").unwrap()));
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("write").center());
    let first_row = ["a", "z", "e", "r", "t", "y"].map(|key| tablet.at(&format!("key-{key}")).x);
    assert!(first_row.is_sorted(), "{first_row:?}");
    let keys = ["accent", "c", "a", ",", "space", "c", "’", "e", "s", "t", "space", "m", "a", "space", "m"];
    for key in keys.into_iter().chain(["symbols", "è", "r", "e"]) {
        tablet.tap(1, tablet.at(&format!("key-{key}")).center());
    }
    assert_eq!(page(&tablet.snapshot()), "Ça, c’est ma mère");
}

#[test]
fn a_hardware_keyboard_can_be_used() {
    use iced::keyboard::{Event as Key, Key as Named, Location, Modifiers, key};
    let mut tablet = writing();
    tablet.focus();
    for letter in ["w", "a", "v", "é"] {
        tablet.batch(&[iced::Event::Keyboard(Key::KeyPressed {
            key: Named::Character(letter.into()),
            modified_key: Named::Character(letter.into()),
            physical_key: key::Physical::Unidentified(key::NativeCode::Unidentified),
            location: Location::Standard,
            modifiers: Modifiers::default(),
            text: Some(letter.into()),
            repeat: false,
        })]);
    }
    assert_eq!(page(&tablet.snapshot()), "wavé");
}

#[test]
fn a_touch_moves_the_cursor_of_the_note() {
    let mut tablet = writing();
    for key in ["key-b", "key-c"] {
        tablet.tap(1, tablet.at(key).center());
    }
    // The touch is at the upper left of the page, before the first letter.
    let first = tablet.at("key-q");
    tablet.tap(1, iced::Point::new(crate::tablet::mm(6.0), crate::tablet::mm(42.0)));
    tablet.tap(1, tablet.at("key-a").center());
    assert!(first.y > crate::tablet::mm(60.0));
    assert_eq!(page(&tablet.snapshot()), "ABc");
}
