//! The threads of the sound when one of them dies of a fault of the program: it is told, and begun again.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::output::Command;
use super::{Mix, News, Options, Sound, Track};

const SOON: Duration = Duration::from_secs(10);

/// A sound whose output is not there, so that no test is heard, and what it tells.
fn unheard() -> (Sound, Receiver<News>) {
    let (tell, news) = channel();
    let device = Some("an output that no machine has".to_owned());
    let sound = Sound::start(Options { device, ..Options::default() }, move |told| drop(tell.send(told)));
    (sound, news)
}

fn wait_for(news: &Receiver<News>, is_it: impl Fn(&News) -> bool) {
    while !is_it(&news.recv_timeout(SOON).expect("it is not told")) {}
}

fn music_that_is_not_there() -> Mix {
    Mix { tracks: vec![Track::from(PathBuf::from("/nowhere/at-all.flac"))], ..Mix::default() }
}

fn is_lost_by_a_fault(news: &News) -> bool {
    matches!(news, News::DeviceLost { why } if why.contains("a fault of the program"))
}

#[test]
fn a_fault_of_the_device_thread_is_told_and_the_sound_goes_on_with_the_same_mix() {
    let (sound, news) = unheard();
    sound.set_mix(music_that_is_not_there());
    wait_for(&news, |told| *told == News::TracksGone);
    for _ in 0..2 {
        sound.order(Command::Panic { of_reading: false });
        wait_for(&news, is_lost_by_a_fault);
        // What reads is new, and was told what is to be read.
        wait_for(&news, |told| *told == News::TracksGone);
    }
}

#[test]
fn a_fault_of_the_reading_thread_is_told_and_tracks_are_read_again() {
    let (sound, news) = unheard();
    sound.set_mix(music_that_is_not_there());
    wait_for(&news, |told| matches!(told, News::TrackSkipped { .. }));
    wait_for(&news, |told| *told == News::TracksGone);
    sound.order(Command::Panic { of_reading: true });
    wait_for(&news, |told| *told == News::TracksGone);
    wait_for(&news, |told| matches!(told, News::TrackSkipped { .. }));
}

#[test]
fn a_sound_that_takes_no_orders_is_not_waited_for() {
    let began = std::time::Instant::now();
    Sound::silent().stop_within(SOON);
    assert!(began.elapsed() < SOON / 2);
}
