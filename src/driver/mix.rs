//! Owns the target mix: which tracks, score, beds and breath sound should be playing, and at which levels. The mix is a
//! pure function of the snapshot, the profile and the time. Does not own playback (`sound`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::clock::RoomClock;
use crate::profile::{PartSound, Profile};
use crate::room::call::CallPhase;
use crate::room::timeline::{Part, SessionTimeline};
use crate::room::{RoomTime, Snapshot};
use crate::sound::{BreathSound, Mix, ScoreAim, ScoreShape, Track};
use crate::vocabulary::sound::SoundChoice;

/// Gain of the mix in dB while a call is open and nobody has come yet.
const CALL_DUCK_DB: f32 = -9.0;
/// Gain of the mix in dB while somebody is in the room for a call, or while staff speak to the patient.
const VOICE_DUCK_DB: f32 = -18.0;
/// Level of the breath's sound in dB, low enough to stay below the music.
const BREATH_DB: f32 = -4.0;
/// Level in dB of a bed that the patient chose to hear without music.
const SOLO_BED_DB: f32 = -6.0;

/// Returns the mix at `now`, which must not be earlier than the snapshot. Outside a visit, or without a profile, the
/// mix is silent.
#[must_use]
pub fn target_mix(
    snapshot: &Snapshot,
    now: RoomTime,
    profile: Option<&Profile>,
    media: &Path,
    clock: RoomClock,
) -> Mix {
    let Some(profile) = profile.filter(|_| snapshot.is_in_visit()) else {
        return Mix { held: true, volume_db: snapshot.volume_db, ..Mix::default() };
    };
    let part = if snapshot.stage.is_after_session() { Part::Landing } else { snapshot.part().unwrap_or(Part::Settle) };
    let solo = solo_sound(snapshot.sound);
    let sound = solo.as_ref().unwrap_or_else(|| profile.sound.get(part));
    let landed = snapshot.session.is_some_and(|session| session.landed);
    Mix {
        tracks: if landed { Vec::new() } else { tracks(sound, media, snapshot.visit_began_at.0) },
        session: snapshot.visit_began_at.0,
        crossfade_s: profile.crossfade_s,
        skips: snapshot.skips,
        music_db: sound.music_db,
        score: sound.score.filter(|_| !landed).map(|character| ScoreAim {
            character,
            seed: snapshot.visit_began_at.0,
            level_db: sound.score_db,
            shape: score_shape(snapshot, now).nudged((sound.intensity + snapshot.intensity_nudge).clamp(-1.0, 1.0)),
        }),
        beds: [(sound.bed, sound.bed_db), (sound.second_bed, sound.second_bed_db)]
            .map(|(bed, level_db)| Some((bed?, level_db))),
        breath: snapshot.breath.map(|breath| {
            let (pattern, started) = breath.running_at(now);
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
        ducked_db: duck_db(snapshot),
        calmed: snapshot.calm,
    }
}

/// Returns the playlist of a part. The tracks of a family are shuffled by `seed`, so that a patient who returns does not
/// hear them in the same order, and a room that restarts goes on in the same one. Each track's place depends on its name
/// and the seed alone, so the order is similar in parts that leave some of them out.
fn tracks(sound: &PartSound, media: &Path, seed: u64) -> Vec<Track> {
    let mut files: Vec<&PathBuf> = sound.tracks.iter().collect();
    if sound.family.is_some() {
        files.sort_by_cached_key(|file| {
            let mut place = DefaultHasher::new();
            (seed, file).hash(&mut place);
            place.finish()
        });
    }
    files.into_iter().map(|file| Track { path: media.join(file), joins: sound.joined.contains(file) }).collect()
}

/// Returns the shape of the score at the present point of the session's arc. Before a session, that is the start of the
/// arc; after it, the end.
fn score_shape(snapshot: &Snapshot, now: RoomTime) -> ScoreShape {
    match snapshot.session {
        Some(session) => ScoreShape::along(&session.timeline, session.clock_ms(now)),
        None if snapshot.stage.is_after_session() => {
            let timeline = SessionTimeline::new(snapshot.infusion_minutes);
            ScoreShape::along(&timeline, Some(timeline.end_ms))
        }
        None => ScoreShape::along(&SessionTimeline::new(snapshot.infusion_minutes), None),
    }
}

fn duck_db(snapshot: &Snapshot) -> f32 {
    match snapshot.call.as_ref().map(|call| call.phase) {
        _ if snapshot.talk_now => VOICE_DUCK_DB,
        Some(CallPhase::Here) => VOICE_DUCK_DB,
        Some(_) => CALL_DUCK_DB,
        None => 0.0,
    }
}

/// Returns the sound that replaces the profile's if the patient chose a single bed or silence; `None` if the patient
/// chose music.
fn solo_sound(choice: SoundChoice) -> Option<PartSound> {
    let bed = match choice {
        SoundChoice::Music => return None,
        SoundChoice::Bed(bed) => Some(bed),
        SoundChoice::Silence => None,
    };
    Some(PartSound { bed, bed_db: SOLO_BED_DB, ..PartSound::default() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::room::call::CallId;
    use crate::room::{Event, Room, Rules};
    use crate::vocabulary::sound::{Bed, Character, Family};

    const START: RoomTime = RoomTime(1_000);

    fn room() -> Room {
        Room::new(Rules::default())
    }

    fn sounding() -> Profile {
        let mut profile = Profile::bare();
        profile.sound = crate::profile::PerPart::from_fn(|part| PartSound {
            tracks: vec![format!("{}.ogg", part.name()).into()],
            music_db: -3.0,
            score: Some(Character::Bells),
            bed: Some(Bed::Sea),
            bed_db: -6.0,
            ..PartSound::default()
        });
        profile
    }

    fn heard_after(events: &[Event]) -> Mix {
        let mut room = room();
        for event in events {
            room.handle_input(START, event.clone()).unwrap();
        }
        target_mix(&room.snapshot(START), START, Some(&sounding()), Path::new("media"), RoomClock::resuming_from(START))
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
        assert_eq!(heard_after(&[begins()]).tracks, [Path::new("media/onset.ogg").into()]);
        assert_eq!(heard_after(&[begins(), Event::AfterBegins]).tracks, [Path::new("media/landing.ogg").into()]);
    }

    #[test]
    fn a_family_is_shuffled_by_the_session_and_named_tracks_are_not() {
        let files: Vec<PathBuf> = (0..9).map(|number| format!("music/{number}.ogg").into()).collect();
        let family = PartSound { tracks: files, family: Some(Family::Strings), ..PartSound::default() };
        let order = |sound: &PartSound, seed| -> Vec<PathBuf> {
            tracks(sound, Path::new("media"), seed).into_iter().map(|track| track.path).collect()
        };
        let named = PartSound { family: None, ..family.clone() };
        let in_order = order(&named, 1);
        assert_eq!((in_order[0].as_path(), &in_order), (Path::new("media/music/0.ogg"), &order(&named, 2)));
        let shuffled = order(&family, 1);
        assert_eq!(shuffled, order(&family, 1), "a restart keeps the order");
        let orders: BTreeSet<Vec<PathBuf>> = (0..20).map(|seed| order(&family, seed)).collect();
        assert_eq!(orders.len(), 20);
        let firsts: BTreeSet<&PathBuf> = orders.iter().map(|order| &order[0]).collect();
        assert!(firsts.len() > 5, "{firsts:?}");
        let mut sorted = shuffled;
        sorted.sort();
        assert_eq!(sorted, in_order, "every track is played");
    }

    #[test]
    fn the_score_follows_the_arc_and_the_desk() {
        let intensity = |mix: Mix| mix.score.expect("there is a score").shape.intensity;
        let mut room = room();
        room.handle_input(START, begins()).unwrap();
        let mut at = |minutes: u64| {
            let now = START + std::time::Duration::from_mins(minutes);
            room.handle_timeout(now);
            intensity(target_mix(
                &room.snapshot(now),
                now,
                Some(&sounding()),
                Path::new("media"),
                RoomClock::resuming_from(START),
            ))
        };
        let (onset, peak, end) = (at(1), at(25), at(54));
        assert!(end < onset && onset < peak, "{onset} {peak} {end}");
        let nudged = heard_after(&[begins(), Event::Intensity { nudge: 1.0 }]);
        assert!(intensity(nudged) > intensity(heard_after(&[begins()])));
    }

    #[test]
    fn a_bed_chosen_on_its_own_is_heard_on_its_own() {
        let rain = heard_after(&[begins(), Event::SoundChosen(SoundChoice::Bed(Bed::Rain))]);
        assert_eq!(rain.beds, [Some((Bed::Rain, SOLO_BED_DB)), None]);
        assert!(rain.tracks.is_empty() && rain.score.is_none() && !rain.held);
        assert!(heard_after(&[begins(), Event::SoundChosen(SoundChoice::Silence)]).held);
    }

    #[test]
    fn a_call_ducks_and_a_person_in_the_room_ducks_further() {
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
    fn a_calmed_room_keeps_its_tracks_so_that_undoing_it_brings_back_the_same_music() {
        let calmed = heard_after(&[begins(), Event::Calm { on: true }]);
        assert!(calmed.calmed && !heard_after(&[begins()]).calmed);
        assert_eq!(calmed.tracks, heard_after(&[begins()]).tracks);
    }

    #[test]
    fn silence_holds_everything_except_the_anchors_breath() {
        let silence = Event::Silence { on: true };
        assert!(heard_after(&[begins(), silence.clone()]).held);
        let anchored = heard_after(&[begins(), silence, Event::Anchor { on: true }]);
        assert!(!anchored.held && anchored.breath.is_some());
    }
}
