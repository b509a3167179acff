//! Owns the tests of sound outputs that are chosen by name, missing, lost, suspended, or not the one for which the room
//! was calibrated. Also owns the tests of the corridor's chime.

use std::time::{Duration, Instant};

use stillroom::sound::{Options, SoundEvent, output_missing, outputs};
use stillroom::vocabulary::signal::Signal;

use crate::server::{Ear, Room, Server, add_sink, pactl, remove_sink, wait_for, with_server};

/// Peak amplitude below which an output counts as silent. Full scale is 1, and the bed in these tests is far above this
/// limit.
const SILENCE: f32 = 1e-4;
const SOON: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(15);

fn named(device: &str) -> Options {
    Options { device: Some(device.to_owned()), ..Options::default() }
}

fn lost(news: &SoundEvent) -> bool {
    matches!(news, SoundEvent::DeviceLost { .. })
}

fn hears(ear: &Ear) {
    assert!(ear.wait_for(0.01, LONG).is_some(), "nothing is heard");
}

#[test]
fn sound_goes_to_the_named_output_only() {
    with_server("devices::sound_goes_to_the_named_output_only", &["tv", "room"], |_| {
        let names: Vec<String> = outputs().into_iter().map(|output| output.name).collect();
        assert_eq!(names, ["tv", "room"]);
        assert_eq!(output_missing("room"), None);
        let (room_ear, tv_ear) = (Ear::at("room"), Ear::at("tv"));
        let room = Room::open(named("room"));
        room.is_playing();
        hears(&room_ear);
        assert!(tv_ear.loudest_for(SOON) < SILENCE);
        drop(room);
    });
}

#[test]
fn no_other_output_replaces_a_missing_named_one() {
    with_server("devices::no_other_output_replaces_a_missing_named_one", &["tv"], |_| {
        let tv_ear = Ear::at("tv");
        let room = Room::open(named("room"));
        let (_, told) = room.news_within(LONG, lost);
        let SoundEvent::DeviceLost { why } = told else { unreachable!() };
        assert_eq!(why, "no output is named \"room\"; there is \"tv\"");
        assert!(tv_ear.loudest_for(SOON) < SILENCE);
        add_sink("room");
        room.is_playing();
        hears(&Ear::at("room"));
        assert!(Ear::at("tv").loudest_for(SOON) < SILENCE);
    });
}

#[test]
fn the_chime_is_loud_in_the_corridor_and_soft_in_the_room() {
    with_server("devices::the_chime_is_loud_in_the_corridor_and_soft_in_the_room", &["room", "corridor"], |_| {
        let (room_ear, corridor_ear) = (Ear::at("room"), Ear::at("corridor"));
        let options = Options { chime_device: Some("corridor".to_owned()), chime_db: Some(-3.0), ..named("room") };
        let room = Room::open(options);
        room.sound.set_mix(stillroom::sound::Mix { volume_db: -60.0, ..stillroom::sound::Mix::default() });
        room.is_playing();
        corridor_ear.attend();
        let rung = Instant::now();
        room.signal(Signal::NoDesk);
        let heard = corridor_ear.wait_for(0.15, LONG).expect("the chime is not heard in the corridor");
        println!("the chime is heard in the corridor after {:?}", heard.duration_since(rung));
        assert!(room_ear.loudest_for(Duration::from_secs(4)) < 0.06, "the chime carries into the patient's ears");
        // The room closes the chime's stream once the chime has decayed.
        wait_for("the chime's stream ends", LONG, || {
            pactl(&["list", "short", "sink-inputs"]).unwrap().lines().count() == 1
        });
    });
}

#[test]
fn a_missing_corridor_output_is_reported_before_it_is_needed() {
    with_server("devices::a_missing_corridor_output_is_reported_before_it_is_needed", &["room"], |_| {
        let options = Options { chime_device: Some("corridor".to_owned()), ..named("room") };
        let room = Room::open(options);
        room.news_within(LONG, |news| matches!(news, SoundEvent::ChimeLost { .. }));
        add_sink("corridor");
        room.signal(Signal::NoDesk);
        room.news_within(Duration::from_secs(30), |news| *news == SoundEvent::ChimeBack);
    });
}

fn loss_is_told_soon(what: &str, room: &Room, lose: impl FnOnce()) {
    let began = Instant::now();
    lose();
    let (told, _) = room.news_within(LONG, lost);
    let after = told.saturating_duration_since(began);
    println!("{what}: told after {after:?}");
    assert!(after < SOON, "{what}: told only after {after:?}");
}

#[test]
fn a_lost_output_is_reported_within_two_seconds_and_recovers() {
    with_server(
        "devices::a_lost_output_is_reported_within_two_seconds_and_recovers",
        &["room"],
        |server: &mut Server| {
            let room = Room::open(Options::default());
            room.is_playing();
            loss_is_told_soon("the server is killed", &room, || server.kill());
            server.start();
            room.is_playing();
            hears(&Ear::at("room"));
            loss_is_told_soon("the output is taken away", &room, || remove_sink("room"));
            add_sink("room");
            room.is_playing();
            hears(&Ear::at("room"));
            loss_is_told_soon("the output is suspended", &room, || {
                pactl(&["suspend-sink", "room", "1"]).unwrap();
            });
            pactl(&["suspend-sink", "room", "0"]).unwrap();
            room.is_playing();
            hears(&Ear::at("room"));
        },
    );
}

#[test]
fn sound_never_moves_to_an_uncalibrated_output() {
    with_server("devices::sound_never_moves_to_an_uncalibrated_output", &["room", "tv"], |_| {
        pactl(&["set-default-sink", "room"]).unwrap();
        let room = Room::open(Options::default());
        room.is_playing();
        // The server may move a recorder to another output when outputs come and go, so each check opens a new
        // recorder.
        let tv_is_silent = || assert!(Ear::at("tv").loudest_for(SOON) < SILENCE, "the loud output sounds");
        tv_is_silent();
        remove_sink("room");
        let silent =
            |news: &SoundEvent| matches!(news, SoundEvent::OutputNotCalibrated { output, .. } if output == "tv");
        room.news_within(LONG, silent);
        tv_is_silent();
        add_sink("room");
        room.news_within(LONG, |news| *news == SoundEvent::OutputCalibrated);
        hears(&Ear::at("room"));
        tv_is_silent();
        remove_sink("room");
        room.news_within(LONG, silent);
        room.sound.accept_output();
        room.news_within(LONG, |news| *news == SoundEvent::OutputCalibrated);
        hears(&Ear::at("tv"));
    });
}
