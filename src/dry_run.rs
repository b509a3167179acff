//! Owns a session that nobody lives through: the room, its rules and what would be heard, at any speed, without a clock
//! or an output. Renderings and previews are made from it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::driver::hearing;
use crate::profile::Profile;
use crate::room::{Event, Refusal, Room, RoomTime};
use crate::sound::{self, LoudnessLibrary, Mix, RENDERED_RATE_HZ, ScoreAim, WavWriter};
use crate::wiring;

/// A preview lasts about so long, in seconds.
const PREVIEW_S: u64 = 60;
/// A preview is heard in a browser at the desk, whose own level is the desk's.
const PREVIEW_VOLUME_DB: f32 = -6.0;
/// Two previews of one profile are the same.
const PREVIEW_SEED: u64 = 1;

/// The room's time at which the pump starts.
const BEGINS: RoomTime = RoomTime(1_000);

/// A session of one profile, from the pump's start to the end of its arc.
pub struct DryRun<'a> {
    room: Room,
    profile: &'a Profile,
    media: &'a Path,
    clock: RoomClock,
    length: Duration,
    seed: u64,
}

impl<'a> DryRun<'a> {
    /// A session with `profile` in a room set up by `config`, `times` as fast. The same
    /// `seed` gives the same score.
    ///
    /// # Errors
    /// The room's own refusal.
    pub fn begin(config: &'a Config, profile: &'a Profile, times: u32, seed: u64) -> Result<Self, Refusal> {
        let rules = wiring::rules(config, std::slice::from_ref(profile), times);
        let mut room = Room::new(rules);
        room.handle_input(RoomTime(0), Event::VisitBegins)?;
        let begins =
            Event::SessionBegins { profile: Some(profile.name.clone()), infusion_minutes: None, settle: false };
        room.handle_input(BEGINS, begins)?;
        let arc_ms = room.snapshot(BEGINS).session.map_or(0, |session| session.arc.end_ms);
        let length = Duration::from_millis(arc_ms / u64::from(times.max(1)));
        Ok(Self { room, profile, media: &config.media.dir, clock: RoomClock::going_on_from(BEGINS), length, seed })
    }

    /// How long it lasts, at its speed.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The instant that stands for its beginning.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.clock.instant_of(BEGINS)
    }

    /// What is heard so long after its beginning. Times must not go back.
    pub fn mix_at(&mut self, since: Duration) -> Mix {
        let now = BEGINS + since;
        self.room.handle_timeout(now);
        while self.room.poll_effect().is_some() {}
        let mix = hearing::mix(&self.room.snapshot(now), now, Some(self.profile), self.media, self.clock);
        Mix { score: mix.score.map(|aim| ScoreAim { seed: self.seed, ..aim }), ..mix }
    }
}

/// The whole arc of `profile` within a minute, as a WAV file in memory. It passes through a file in `scratch`.
///
/// # Errors
/// In words: what the room or the disk did not take.
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
    let options = sound::Options { loudness: loudness.clone(), ..sound::Options::default() };
    let path = scratch.join("preview.wav");
    let written = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(scratch).map_err(written)?;
    let mut file = WavWriter::create(&path, RENDERED_RATE_HZ).map_err(written)?;
    let rendered = sound::render_to(&options, epoch, mix_at, &[], seconds, |frames| file.write(frames));
    let bytes = rendered.and_then(|_| file.finish()).and_then(|()| std::fs::read(&path)).map_err(written);
    // It holds no word of anybody, but it has done its work.
    let _ = std::fs::remove_file(&path);
    bytes
}
