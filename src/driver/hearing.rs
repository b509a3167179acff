//! Owns what should be heard: a pure function of the snapshot and the profile. Does not own how it is made to sound.

use std::path::Path;

use super::clock::RoomClock;
use crate::profile::{self, Profile};
use crate::room::arc::Part;
use crate::room::call::CallPhase;
use crate::room::{Snapshot, Stage};
use crate::sound::{Bed, BreathSound, Mix};

/// Music steps back by this while a call is open.
const DUCKED_FOR_CALL_DB: f32 = -9.0;
/// … and by this while someone is in the room, or staff speaks.
const DUCKED_FOR_VOICES_DB: f32 = -18.0;
/// The pacer lies so far under the music.
const BREATH_DB: f32 = -4.0;

/// What should be heard now.
#[must_use]
pub fn mix(snapshot: &Snapshot, profile: Option<&Profile>, media: &Path, clock: RoomClock) -> Mix {
    let Some(profile) = profile.filter(|_| snapshot.in_visit()) else {
        return Mix { held: true, volume_db: snapshot.volume_db, ..Mix::default() };
    };
    let part = match snapshot.stage {
        Stage::Session => snapshot.part().unwrap_or(Part::Settle),
        Stage::After | Stage::Farewell => Part::Landing,
        _ => Part::Settle,
    };
    let sound = profile.sound.get(part);
    let landed = snapshot.session.is_some_and(|session| session.landed);
    Mix {
        tracks: if landed { Vec::new() } else { sound.tracks.iter().map(|track| media.join(track)).collect() },
        skips: snapshot.skips,
        music_db: sound.music_db,
        bed: bed(sound.bed),
        bed_db: sound.bed_db,
        breath: snapshot.breath.map(|breath| {
            let (pattern, started) = breath.running_at(snapshot.taken_at);
            let silent = profile.is_silent() || snapshot.silence;
            BreathSound {
                pattern,
                started: clock.instant_of(started),
                level_db: if silent && !snapshot.anchor { f32::NEG_INFINITY } else { BREATH_DB },
            }
        }),
        swell_bed: snapshot.breath.is_some(),
        volume_db: snapshot.volume_db,
        held: snapshot.silence && !snapshot.anchor,
        ducked_db: ducked_db(snapshot),
    }
}

fn ducked_db(snapshot: &Snapshot) -> f32 {
    match snapshot.call.as_ref().map(|call| call.phase) {
        _ if snapshot.talk_now => DUCKED_FOR_VOICES_DB,
        Some(CallPhase::Here) => DUCKED_FOR_VOICES_DB,
        Some(_) => DUCKED_FOR_CALL_DB,
        None => 0.0,
    }
}

fn bed(bed: profile::Bed) -> Option<Bed> {
    Bed::from_name(bed.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::CallId;
    use crate::room::{Event, Room, RoomTime, Rules};

    const START: RoomTime = RoomTime(1_000);

    fn room() -> Room {
        Room::new(Rules::default())
    }

    fn sounding() -> Profile {
        let mut profile = Profile::bare();
        profile.sound = profile::PerPart::from_fn(|part| profile::PartSound {
            tracks: vec![format!("{}.ogg", part.name()).into()],
            music_db: -3.0,
            bed: profile::Bed::Sea,
            bed_db: -6.0,
        });
        profile
    }

    fn heard_after(events: &[Event]) -> Mix {
        let mut room = room();
        for event in events {
            room.handle(START, event.clone()).unwrap();
        }
        mix(&room.snapshot(START), Some(&sounding()), Path::new("media"), RoomClock::going_on_from(START))
    }

    fn begins() -> Event {
        Event::SessionBegins { profile: None, infusion_minutes: None, settle: false }
    }

    #[test]
    fn a_room_without_a_person_is_silent() {
        assert!(heard_after(&[]).held);
        assert!(!heard_after(&[Event::VisitBegins]).held);
        assert!(heard_after(&[begins(), Event::StaffReset]).held);
    }

    #[test]
    fn each_part_has_its_own_tracks() {
        assert_eq!(heard_after(&[begins()]).tracks, [Path::new("media/onset.ogg")]);
        assert_eq!(heard_after(&[begins(), Event::AfterBegins]).tracks, [Path::new("media/landing.ogg")]);
    }

    #[test]
    fn a_call_ducks_and_someone_here_ducks_more() {
        let pressed = Event::CallPressed { id: CallId(1), practice: false };
        let open = heard_after(&[begins(), pressed.clone(), Event::CallJournaled { id: CallId(1), ok: true }]);
        let here = heard_after(&[
            begins(),
            pressed,
            Event::CallJournaled { id: CallId(1), ok: true },
            Event::CallHere { id: None },
        ]);
        assert!(here.ducked_db < open.ducked_db && open.ducked_db < 0.0);
        assert_eq!(heard_after(&[begins()]).ducked_db.total_cmp(&0.0), std::cmp::Ordering::Equal);
    }

    #[test]
    fn silence_holds_all_but_the_anchors_breath() {
        let silence = Event::Silence { on: true };
        assert!(heard_after(&[begins(), silence.clone()]).held);
        let anchored = heard_after(&[begins(), silence, Event::Anchor { on: true }]);
        assert!(!anchored.held && anchored.breath.is_some());
    }
}
