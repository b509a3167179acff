use super::*;
use crate::line::message::{OrderRequest, VitalAges};
use crate::line::order::DeskOrder;
use crate::line::view::{LIST_MAX, Offers, ProfileOffer, RoomView, SENTENCE_CHARS_MAX};

#[test]
fn a_call_is_sent_although_the_rest_of_the_state_is_too_long() {
    let mut end = RoomEnd::new(RoomId::new("room-2").unwrap(), Ulid(1), []);
    end.connected();
    end.call_placed(0, CallId(7), false, 1);
    let profile = ProfileOffer {
        name: "gentle-tide".into(),
        title: "Gentle tide".into(),
        // Each of these characters has four bytes, so the state exceeds the maximum size of a message.
        description: "\u{1d11e}".repeat(SENTENCE_CHARS_MAX).into(),
        scored: true,
        place: "beach".into(),
        time: "dusk".into(),
    };
    let offers = Offers { profiles: vec![profile; LIST_MAX].into(), cap_db: -14.0 };
    let report = || RoomReport {
        name: "Room 2".to_owned(),
        call: None,
        vitals: VitalAges::default(),
        view: RoomView { offers: Some(offers.clone()), ..RoomView::default() },
    };
    let sent: Vec<_> = std::iter::from_fn(|| end.poll_transmit(0, report)).collect();
    let sent = sent.iter().map(|sent| parse::<FromRoom>(&sent.payload, |message| message.head().v).unwrap());
    let states = sent.filter_map(|message| if let FromRoom::State(state) = message { Some(state) } else { None });
    let states: Vec<_> = states.collect();
    assert_eq!((states.len(), states[0].call.as_ref().map(|call| call.id)), (1, Some(Ulid(7))));
}

#[test]
fn desks_that_flood_the_room_are_heard_again_once_it_has_caught_up() {
    let room = RoomId::new("room-2").unwrap();
    let mut end = RoomEnd::new(room.clone(), Ulid(1), []);
    let send = |end: &mut RoomEnd, seq: u64| {
        let state = DeskState {
            v: VERSION,
            desk: 5,
            connection: 1,
            seq,
            can_receive: true,
            received_call: Some(Ulid(9)),
            orders: vec![OrderRequest { id: Ulid(seq.into()), order: DeskOrder::Pause }],
            shared_cleared_at: None,
            is_shown: true,
        };
        end.on_message(seq * 10, &room.desk_topic(), &serialise(&state).unwrap());
    };
    for seq in 1..5_000 {
        send(&mut end, seq);
    }
    let pending = std::iter::from_fn(|| end.poll_input()).count();
    assert!((INPUTS_MAX..INPUTS_MAX + 8).contains(&pending), "{pending}");
    send(&mut end, 5_000);
    assert!(std::iter::from_fn(|| end.poll_input()).any(|input| input.order == Some(Ulid(5_000))));
}
