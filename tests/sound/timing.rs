//! How soon a signal is heard, and how well the room knows when a frame is.

use std::time::{Duration, Instant};

use stillroom::sound::{Mix, Options, Signal};

use crate::server::{Ear, Room, with_server};

#[test]
fn a_call_tone_is_heard_within_300_ms() {
    with_server("timing::a_call_tone_is_heard_within_300_ms", &["room"], |_| {
        let ear = Ear::at("room");
        let room = Room::open(Options::default());
        room.sound.set_mix(Mix { volume_db: -15.0, ..Mix::default() });
        room.is_playing();
        std::thread::sleep(Duration::from_secs(2));
        let mut delays = Vec::new();
        for _ in 0..8 {
            ear.attend();
            let pressed = Instant::now();
            room.signal(Signal::CallPlaced);
            let heard = ear.wait_for(0.012, Duration::from_secs(2)).expect("the call tone is not heard");
            delays.push(heard.duration_since(pressed));
            // until it has died away, each time at another moment of the period
            std::thread::sleep(Duration::from_millis(3_400 + 7 * delays.len() as u64));
        }
        delays.sort();
        // A listener hears frames when the server mixes them, a patient when the output has played what it holds. All
        // that a frame waits is within the first figure but for the output's own part, which is less than the whole.
        let wait = Duration::from_micros(room.sound.health().latency_us);
        println!("a call tone is heard by a listener after {delays:?}; a frame waits {wait:?}");
        assert!(delays[6] < Duration::from_millis(300), "{delays:?} and {wait:?}");
        // from the press to the drawing at most a period, and 60 ms until a soft beginning is heard
        assert!(wait + Duration::from_millis(48 + 60) < Duration::from_millis(300), "{wait:?}");
        assert_eq!(room.sound.health().underruns, 0);
    });
}

#[test]
fn the_room_knows_when_a_frame_is_heard() {
    with_server("timing::the_room_knows_when_a_frame_is_heard", &["room"], |_| {
        let room = Room::open(Options::default());
        room.is_playing();
        std::thread::sleep(Duration::from_secs(12));
        let health = room.sound.health();
        println!("{health:?}");
        assert!(health.clock_notes >= 5, "{health:?}");
        assert!(health.clock_error_us < 20_000, "{health:?}");
    });
}
