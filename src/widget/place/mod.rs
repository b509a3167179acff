//! Owns how a place is put on the screen: alive where a real graphics device draws it, as a still with moving light
//! where the processor has to. Does not own the pictures themselves, nor when a place is shown.

mod live;
mod still;

pub use live::{BYTES as SCENE_BYTES, SceneValues};

use std::sync::Arc;
use std::time::Duration;

use iced::widget::{image, stack};
use iced::{ContentFit, Element, Length};

use crate::driver::clock::RoomClock;
use crate::profile::{Profile, TimeOfDay};
use crate::room::RoomTime;
use crate::room::arc::Part;
use crate::room::snapshot::{BreathView, Place, SessionView, Snapshot};

/// What draws the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A graphics device, or a processor that stands in for one.
    Live {
        /// Whether it is the processor that draws.
        software: bool,
    },
    /// The processor, without shaders.
    Still,
}

/// What places are drawn with.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// What draws the window.
    pub backend: Backend,
    /// The least time between two pictures.
    pub frame: Duration,
    /// Whether all is to be still, and only light to move.
    pub reduce_motion: bool,
    stills: Arc<[image::Handle; 4]>,
}

impl Pictures {
    /// Pictures for a window drawn by `backend`, with at most so many pictures a second.
    #[must_use]
    pub fn new(backend: Backend, frames_per_second: u32, reduce_motion: bool) -> Self {
        let still = |bytes: &'static [u8]| image::Handle::from_bytes(bytes);
        Self {
            backend,
            frame: Duration::from_secs_f64(1.0 / f64::from(frames_per_second.clamp(1, 60))),
            reduce_motion,
            stills: Arc::new([
                still(include_bytes!("../../../media/places/beach-dawn.jpg")),
                still(include_bytes!("../../../media/places/beach-day.jpg")),
                still(include_bytes!("../../../media/places/beach-dusk.jpg")),
                still(include_bytes!("../../../media/places/beach-night.jpg")),
            ]),
        }
    }

    fn still(&self, hour: TimeOfDay) -> image::Handle {
        self.stills[hour_index(hour)].clone()
    }
}

/// The light of a place through the session: one value for each part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LightCurve {
    /// Brightness, 0 to 1.
    pub brightness: [f32; 5],
    /// Warmth, −1 to 1.
    pub warmth: [f32; 5],
    /// Saturation, 0 to 1.
    pub saturation: [f32; 5],
    /// Movement, 0 to 1.
    pub movement: [f32; 5],
}

impl LightCurve {
    /// The curve a profile draws, or the default where there is none.
    #[must_use]
    pub fn of(profile: Option<&Profile>) -> Self {
        let light = |part: Part| {
            profile.map_or_else(|| crate::profile::PartLight::default_of(part), |profile| *profile.light.get(part))
        };
        let each = |of: fn(&crate::profile::PartLight) -> f32| Part::ALL.map(|part| of(&light(part)));
        Self {
            brightness: each(|light| light.brightness),
            warmth: each(|light| light.warmth),
            saturation: each(|light| light.saturation),
            movement: each(|light| light.movement),
        }
    }
}

/// Everything a place needs to know to draw itself at any moment, without asking anyone again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenery {
    /// The time of day it shows.
    pub hour: TimeOfDay,
    /// The pacer, if the place is to breathe.
    pub breath: Option<BreathView>,
    /// The running session, whose arc the light follows.
    pub session: Option<SessionView>,
    /// The light of each part.
    pub light: LightCurve,
    /// Trim of the brightness, −0.5 to 0.5.
    pub trim: f32,
    /// A further factor on the brightness: under words, or in a dim room, 0 to 1.
    pub dimmed_to: f32,
    /// The room's time.
    pub clock: RoomClock,
}

impl Scenery {
    /// The scenery the snapshot asks for.
    #[must_use]
    pub fn of(snapshot: &Snapshot, profile: Option<&Profile>, clock: RoomClock, dimmed_to: f32) -> Self {
        Self {
            hour: hour_of(snapshot.place, profile),
            breath: snapshot.breath,
            session: snapshot.session,
            light: LightCurve::of(profile),
            trim: snapshot.brightness_trim,
            dimmed_to,
            clock,
        }
    }

    /// Brightness at `now`, 0 to 1.
    #[must_use]
    pub fn brightness_at(&self, now: RoomTime) -> f32 {
        ((self.follow(&self.light.brightness, now) + self.trim) * self.dimmed_to).clamp(0.0, 1.0)
    }

    fn follow(&self, values: &[f32; 5], now: RoomTime) -> f32 {
        match self.session {
            Some(session) => session.arc.follow(values, session.clock_ms(now)),
            None => values[0],
        }
    }

    fn light_moves(&self) -> bool {
        self.session.is_some_and(|session| session.running)
    }
}

/// Which time of day a place opens with. Places that have no picture of their own yet are the shore at an hour that
/// suits them.
fn hour_of(place: Place, profile: Option<&Profile>) -> TimeOfDay {
    match place {
        Place::Forest => TimeOfDay::Dawn,
        Place::QuietRoom | Place::NightSky => TimeOfDay::Night,
        _ => profile.map_or(TimeOfDay::Dusk, |profile| profile.time),
    }
}

const fn hour_index(hour: TimeOfDay) -> usize {
    match hour {
        TimeOfDay::Dawn => 0,
        TimeOfDay::Day => 1,
        TimeOfDay::Dusk => 2,
        TimeOfDay::Night => 3,
    }
}

/// The place, filling whatever it lies in.
#[must_use]
pub fn place<'a, Message: 'a>(pictures: &Pictures, scenery: Scenery) -> Element<'a, Message> {
    match pictures.backend {
        Backend::Live { software } => live::live(scenery, pictures.frame, pictures.reduce_motion, software),
        Backend::Still => stack![
            image(pictures.still(scenery.hour)).width(Length::Fill).height(Length::Fill).content_fit(ContentFit::Cover),
            still::veil(scenery),
        ]
        .width(Length::Fill)
        .height(Length::Fill)
        .into(),
    }
}
