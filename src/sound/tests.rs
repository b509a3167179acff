//! Tests that a panic of one of the sound's threads is reported, that the thread then restarts, and that a silent sound
//! can be stopped without blocking.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::output::OutputCommand;
use super::{Mix, Options, SoundEvent, SoundHandle, Track};

const SOON: Duration = Duration::from_secs(10);

/// Starts a sound whose output does not exist, because tests must be silent. Returns its handle and its events.
fn unheard() -> (SoundHandle, Receiver<SoundEvent>) {
    let (tell, news) = channel();
    let device = Some("an output that no machine has".to_owned());
    let sound = SoundHandle::start(Options { device, ..Options::default() }, move |told| drop(tell.send(told)));
    (sound, news)
}

fn wait_for(news: &Receiver<SoundEvent>, is_it: impl Fn(&SoundEvent) -> bool) {
    while !is_it(&news.recv_timeout(SOON).expect("it is not told")) {}
}

fn music_that_is_not_there() -> Mix {
    Mix { tracks: vec![Track::from(PathBuf::from("/nowhere/at-all.flac"))], ..Mix::default() }
}

fn is_lost_by_a_fault(news: &SoundEvent) -> bool {
    matches!(news, SoundEvent::DeviceLost { why } if why.contains("a fault in the program"))
}

#[test]
fn after_a_panic_of_the_output_thread_the_sound_resumes_with_the_same_mix() {
    let (sound, news) = unheard();
    sound.set_mix(music_that_is_not_there());
    wait_for(&news, |told| *told == SoundEvent::TracksGone);
    for _ in 0..2 {
        sound.send(OutputCommand::Panic { of_reading: false });
        wait_for(&news, is_lost_by_a_fault);
        // The new reader was given the same tracks, and cannot play them either.
        wait_for(&news, |told| *told == SoundEvent::TracksGone);
    }
}

#[test]
fn after_a_panic_of_the_reading_thread_tracks_are_read_again() {
    let (sound, news) = unheard();
    sound.set_mix(music_that_is_not_there());
    wait_for(&news, |told| matches!(told, SoundEvent::TrackSkipped { .. }));
    wait_for(&news, |told| *told == SoundEvent::TracksGone);
    sound.send(OutputCommand::Panic { of_reading: true });
    wait_for(&news, |told| *told == SoundEvent::TracksGone);
    wait_for(&news, |told| matches!(told, SoundEvent::TrackSkipped { .. }));
}

#[test]
fn stopping_a_silent_sound_does_not_block() {
    let began = std::time::Instant::now();
    SoundHandle::silent().stop_within(SOON);
    assert!(began.elapsed() < SOON / 2);
}
