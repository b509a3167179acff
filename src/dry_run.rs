//! Owns the dry run of a session, which computes what would be heard at any moment of it. No real time passes, no sound
//! is played, and no patient is present. Used by `stillroom render` and by the desk's previews, which are also made
//! here. Does not own the rendering of sound (`sound`).

use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::driver::mix;
use crate::profile::Profile;
use crate::room::{Event, Refusal, Room, RoomTime, Snapshot};
use crate::sound::{self, LoudnessLibrary, Mix, RENDERED_RATE_HZ, WavWriter};
use crate::wiring;

/// Approximate duration of a preview, in seconds.
const PREVIEW_S: u64 = 60;
/// The volume at which previews are rendered, in dB relative to full scale. Clinicians can turn a preview down on their
/// own device.
const PREVIEW_VOLUME_DB: f32 = -6.0;
/// The seed of every preview. It is constant, so that two previews of one profile are the same.
const PREVIEW_SEED: u64 = 1;

/// The room time at which the infusion starts.
const START: RoomTime = RoomTime(1_000);

/// A session with one profile, from the start of the infusion to the end of the arc.
pub struct DryRun<'a> {
    room: Room,
    profile: &'a Profile,
    media: &'a Path,
    clock: RoomClock,
    length: Duration,
    seed: u64,
}

impl<'a> DryRun<'a> {
    /// Begins a session with `profile` in a room with `config`, `speed_factor` times as fast as in reality. Equal seeds
    /// give equal scores, and an equal order of the tracks of a family.
    ///
    /// # Errors
    /// If the room refuses to begin the session.
    pub fn begin(config: &'a Config, profile: &'a Profile, speed_factor: u32, seed: u64) -> Result<Self, Refusal> {
        let rules = wiring::rules(config, std::slice::from_ref(profile), speed_factor);
        let mut room = Room::new(rules);
        room.handle_input(RoomTime(0), Event::VisitBegins)?;
        let begins =
            Event::SessionBegins { profile: Some(profile.name.clone()), infusion_minutes: None, settle: false };
        room.handle_input(START, begins)?;
        let arc_ms = room.snapshot(START).session.map_or(0, |session| session.timeline.end_ms);
        let length = Duration::from_millis(arc_ms / u64::from(speed_factor.max(1)));
        Ok(Self { room, profile, media: &config.media.dir, clock: RoomClock::resuming_from(START), length, seed })
    }

    /// The real time from the start of the infusion to the end of the arc, at the speed of this dry run.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The instant at which the infusion starts. The instants in a [`Mix`] are on the same time scale.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.clock.instant_of(START)
    }

    /// Returns what is heard at the time `since` after the start of the infusion. Successive invocations must not go
    /// back in time.
    pub fn mix_at(&mut self, since: Duration) -> Mix {
        let now = START + since;
        self.room.handle_timeout(now);
        while self.room.poll_effect().is_some() {}
        // The time at which a visit began is the seed of its score and of the order of its tracks.
        let snapshot = Snapshot { visit_began_at: RoomTime(self.seed), ..self.room.snapshot(now) };
        mix::target_mix(&snapshot, now, Some(self.profile), self.media, self.clock)
    }
}

/// Renders the whole arc of `profile`, sped up to take about `PREVIEW_S` seconds, and returns it as a WAV file in
/// memory. `scratch` is a folder for a temporary file; the folder is created if it does not exist.
pub fn preview(
    config: &Config,
    profile: &Profile,
    loudness: &LoudnessLibrary,
    scratch: &Path,
) -> Result<Vec<u8>, String> {
    let refused = |refusal: Refusal| refusal.to_string();
    let whole = DryRun::begin(config, profile, 1, PREVIEW_SEED).map_err(refused)?.length();
    let speed = u32::try_from(whole.as_secs().div_ceil(PREVIEW_S)).unwrap_or(u32::MAX).max(1);
    let mut quick = DryRun::begin(config, profile, speed, PREVIEW_SEED).map_err(refused)?;
    let (epoch, seconds) = (quick.epoch(), quick.length().as_secs_f64());
    let mix_at = |seconds| Mix { volume_db: PREVIEW_VOLUME_DB, ..quick.mix_at(Duration::from_secs_f64(seconds)) };
    let instruments_dir = Some(config.media.dir.join("instruments"));
    let options = sound::Options { loudness: loudness.clone(), instruments_dir, ..sound::Options::default() };
    let path = scratch.join("preview.wav");
    let written = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(scratch).map_err(written)?;
    let mut file = WavWriter::create(&path, RENDERED_RATE_HZ).map_err(written)?;
    let rendered = sound::render_to(&options, epoch, mix_at, &[], seconds, |frames| file.write(frames));
    let bytes = rendered.and_then(|_| file.finish()).and_then(|()| std::fs::read(&path)).map_err(written);
    // If the file cannot be removed, the next preview overwrites it.
    let _ = std::fs::remove_file(&path);
    bytes
}
