//! Owns how a place is put on the screen: alive where shaders run, as a still with the light of the breath where the
//! processor has to draw. Does not own when a place is shown.
//!
//! A still is what is seen first, on either renderer; where shaders run, the living place fades in over it once its
//! shader is compiled and its layers are baked, both beside the window.

pub mod bake;
mod bench;
pub mod drawn;
pub mod flash;
mod glow;
pub mod governor;
mod live;
mod pace;
mod painter;
mod picture_file;
pub mod pictures;
mod pipeline;
mod sheet;
pub mod showing;
mod stage;
mod still;
mod strain;
pub mod studio;
mod values;

pub use values::{SCENE_BYTES, SceneValues, WRAP_MS};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use iced::widget::Space;
use iced::{Color, Element, Length};

use crate::driver::clock::RoomClock;
use crate::profile::{Profile, TimeOfDay};
use crate::room::RoomTime;
use crate::room::arc::Part;
use crate::room::call::CallPhase;
use crate::room::snapshot::{BreathView, Place, SessionView, Snapshot};
use drawn::Drawn;
use stage::Stage;

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

/// What places are drawn with. Clones draw on the same stage.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// What draws the window.
    pub backend: Backend,
    /// The least time between two pictures.
    pub frame: Duration,
    /// Whether all is to be still, and only light to move.
    pub reduce_motion: bool,
    stage: Arc<Stage>,
}

impl Pictures {
    /// Pictures for a window drawn by `backend`, with at most so many pictures a second.
    #[must_use]
    pub fn new(backend: Backend, frames_per_second: u32, reduce_motion: bool) -> Self {
        let frame = Duration::from_secs_f64(1.0 / f64::from(frames_per_second.clamp(1, 60)));
        Self { backend, frame, reduce_motion, stage: Arc::new(Stage::new(backend, frame)) }
    }

    /// Keeps baked layers in this folder of the state directory, so that they are drawn once and not at each start.
    #[must_use]
    pub fn cached_in(mut self, folder: PathBuf) -> Self {
        self.stage = Arc::new(Stage::clone(&self.stage).cached_in(folder));
        self
    }

    /// Shows the clinic's own pictures from this folder.
    #[must_use]
    pub fn with_own(mut self, folder: &Path) -> Self {
        self.stage = Arc::new(Stage::clone(&self.stage).with_slides(pictures::Slides::of(folder)));
        self
    }

    /// Whether a place can be shown: the clinic's own pictures only if there are any.
    #[must_use]
    pub fn offers(&self, place: Place) -> bool {
        place != Place::Pictures || self.stage.has_slides()
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

/// A place at an hour in a weather: what its layers are baked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The place.
    pub drawn: Drawn,
    /// The time of day.
    pub hour: TimeOfDay,
    /// The weather, 0 to 100.
    pub mood_percent: u8,
}

impl Look {
    /// A place at an hour, with a weather from 0 to 1.
    #[must_use]
    pub fn of(drawn: Drawn, hour: TimeOfDay, mood: f32) -> Self {
        Self { drawn, hour, mood_percent: (mood.clamp(0.0, 1.0) * 100.0).round() as u8 }
    }

    /// The weather, 0 to 1.
    #[must_use]
    pub fn mood(self) -> f32 {
        f32::from(self.mood_percent) / 100.0
    }
}

/// Everything a place needs to know to draw itself at any moment, without asking anyone again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenery {
    /// The place.
    pub place: Place,
    /// The time of day it shows.
    pub hour: TimeOfDay,
    /// The weather, 0 to 1: what that is, each place says itself.
    pub mood: f32,
    /// The pacer, if the place is to breathe.
    pub breath: Option<BreathView>,
    /// The running session, whose arc the light follows.
    pub session: Option<SessionView>,
    /// The light of each part.
    pub light: LightCurve,
    /// Trim of the brightness, −0.5 to 0.5, and what is added while somebody is here.
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
            place: snapshot.place,
            hour: profile.map_or(TimeOfDay::Dusk, |profile| profile.time),
            mood: profile.map_or(0.0, |profile| profile.mood),
            breath: snapshot.breath,
            session: snapshot.session,
            light: LightCurve::of(profile),
            trim: snapshot.brightness_trim + if is_somebody_here(snapshot) { PRESENCE_LIGHT } else { 0.0 },
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

/// While somebody has come to a call, it is lighter by this: they see the person, and the person sees them.
const PRESENCE_LIGHT: f32 = 0.15;

fn is_somebody_here(snapshot: &Snapshot) -> bool {
    snapshot.call.as_ref().is_some_and(|call| call.phase == CallPhase::Here && !call.practice)
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
    if scenery.place == Place::Dark {
        let black = iced::widget::container::Style { background: Some(Color::BLACK.into()), ..Default::default() };
        return iced::widget::container(Space::new().width(Length::Fill).height(Length::Fill))
            .style(move |_| black)
            .into();
    }
    match pictures.backend {
        Backend::Live { .. } => live::live(pictures, scenery),
        Backend::Still => still::still(pictures, scenery),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::CallId;
    use crate::room::{Event, Room, Rules};

    #[test]
    fn it_is_lighter_while_somebody_is_here_and_not_in_a_rehearsal() {
        for (practice, added) in [(false, PRESENCE_LIGHT), (true, 0.0)] {
            let mut room = Room::new(Rules::default());
            let now = RoomTime(1_000);
            let clock = RoomClock::going_on_from(now);
            let trim = |room: &Room| Scenery::of(&room.snapshot(now), None, clock, 1.0).trim;
            let id = CallId(1);
            room.handle(now, Event::VisitBegins).unwrap();
            room.handle(now, Event::CallPressed { id, practice }).unwrap();
            room.handle(now, Event::CallJournaled { id, ok: true }).unwrap();
            room.handle(now, Event::CallComing { id, name: "Ana".to_owned() }).unwrap();
            assert!(trim(&room).abs() < f32::EPSILON, "nobody has come yet");
            room.handle(now, Event::CallHere { id: Some(id) }).unwrap();
            assert!((trim(&room) - added).abs() < f32::EPSILON, "{practice}");
        }
    }
}
