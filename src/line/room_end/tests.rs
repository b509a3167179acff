use super::*;
use crate::line::message::Vitals;
use crate::line::view::{LIST_MAX, Offers, Profile, RoomView, WORDS_CHARS_MAX};

#[test]
fn a_call_goes_out_though_all_the_rest_is_too_long() {
    let mut end = RoomEnd::new(RoomId::new("room-2").unwrap(), Ulid(1), []);
    end.linked();
    end.offer(0, CallId(7), false, 1);
    let profile = Profile {
        name: "gentle-tide".into(),
        title: "Gentle tide".into(),
        // Four bytes each.
        description: "\u{1d11e}".repeat(WORDS_CHARS_MAX).into(),
        scored: true,
    };
    let offers = Offers { profiles: vec![profile; LIST_MAX].into(), cap_db: -14.0 };
    let told = || Told {
        name: "Room 2".to_owned(),
        call: None,
        vitals: Vitals::default(),
        view: RoomView { offers: Some(offers.clone()), ..RoomView::default() },
    };
    let said: Vec<_> = std::iter::from_fn(|| end.poll_publication(0, told)).collect();
    let said = said.iter().map(|said| read::<FromRoom>(&said.payload, |said| said.head().v).unwrap());
    let states = said.filter_map(|said| if let FromRoom::State(state) = said { Some(state) } else { None });
    let states: Vec<_> = states.collect();
    assert_eq!((states.len(), states[0].call.as_ref().map(|call| call.id)), (1, Some(Ulid(7))));
}

#[test]
fn desks_that_say_more_than_the_room_takes_are_heard_again_once_it_has() {
    let room = RoomId::new("room-2").unwrap();
    let mut end = RoomEnd::new(room.clone(), Ulid(1), []);
    let says = |end: &mut RoomEnd, seq: u64| {
        let order =
            super::super::message::NamedOrder { id: Ulid(seq.into()), order: super::super::order::Order::Pause };
        let (received, orders) = (Some(Ulid(9)), vec![order]);
        let stance = DeskStance {
            v: VERSION,
            desk: 5,
            link: 1,
            seq,
            receives: true,
            shows: true,
            received,
            orders,
            cleared: None,
        };
        end.heard(seq * 10, &room.desk_topic(), &write(&stance).unwrap());
    };
    for seq in 1..5_000 {
        says(&mut end, seq);
    }
    let waiting = std::iter::from_fn(|| end.poll_tell()).count();
    assert!((TELLS_MAX..TELLS_MAX + 8).contains(&waiting), "{waiting}");
    says(&mut end, 5_000);
    assert!(std::iter::from_fn(|| end.poll_tell()).any(|tell| tell.order == Some(Ulid(5_000))));
}
