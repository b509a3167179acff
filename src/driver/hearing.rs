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
