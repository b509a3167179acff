//! Owns the drawing of a place, and the scenery from which it is drawn. If shaders run, the place is alive; if not, it
//! is a still with a glow of the breath. Does not own the choice of the place.
//!
//! In both cases, a still is shown first. If shaders run, the living place fades in over the still once its shader is
//! compiled and its layers are baked, both on other threads. The living place and the still are separate widgets,
//! because iced's `shader` widget draws nothing on the software renderer.

pub(super) mod background_job;
pub mod baked_layers;
pub mod crossfade;
mod dimming;
pub mod fade;
pub mod flash;
mod frame_timing;
mod glow;
pub mod governor;
mod live;
pub mod offscreen;
mod picture_file;
mod picture_source;
mod pipeline;
mod power;
mod render_state;
mod scene_pipeline;
pub mod shader;
mod slowing;
mod still;
pub mod still_image;
pub mod tile_picture;
mod uniforms;

pub use picture_source::{ColorGrade, PictureSource};
pub use uniforms::{SCENE_BYTES, SceneUniforms, WRAP_MS};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use iced::widget::Space;
use iced::{Color, Element, Length};

use crate::driver::clock::RoomClock;
use crate::profile::Profile;
use crate::room::RoomTime;
use crate::room::call::CallPhase;
use crate::room::snapshot::{BreathView, SessionView, Snapshot};
use crate::room::timeline::Part;
use crate::vocabulary::place::Place;
use crate::vocabulary::place::TimeOfDay;
use render_state::RenderState;
use shader::PlaceShader;

/// The renderer that draws the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// wgpu, which runs shaders, so places are alive.
    Live {
        /// Whether wgpu runs on a software driver, that is, on the processor.
        software: bool,
    },
    /// tiny-skia, which runs no shaders, so places are stills.
    Still,
}

/// The renderer of places. All clones share one state, so a rebuilt view continues where the previous view left off.
#[derive(Clone, Debug)]
pub struct PlaceRenderer {
    /// The renderer that draws the window.
    pub backend: Backend,
    /// Shortest time between two frames.
    pub frame_interval: Duration,
    /// Whether motion is reduced. If so, nothing moves and only the light changes.
    pub reduce_motion: bool,
    state: Arc<RenderState>,
}

impl PlaceRenderer {
    /// Creates a renderer for a window drawn by `backend`, at 1 to 60 frames per second.
    #[must_use]
    pub fn new(backend: Backend, frames_per_second: u32, reduce_motion: bool) -> Self {
        let frame_interval = Duration::from_secs_f64(1.0 / f64::from(frames_per_second.clamp(1, 60)));
        let state = Arc::new(RenderState::new(backend, frame_interval));
        Self { backend, frame_interval, reduce_motion, state }
    }

    /// Caches baked layers in this folder. They are then not baked again at each start.
    #[must_use]
    pub fn cached_in(mut self, folder: PathBuf) -> Self {
        self.state = Arc::new(RenderState::clone(&self.state).cached_in(folder));
        self
    }

    /// Shows the clinic's own pictures from this folder if the place is [`Place::Pictures`].
    #[must_use]
    pub fn with_slides(mut self, folder: &Path) -> Self {
        self.state = Arc::new(RenderState::clone(&self.state).with_slides(still_image::SlideFolder::open(folder)));
        self
    }

    /// Returns whether a place can be shown. [`Place::Pictures`] needs at least one picture; all other places can
    /// always be shown.
    #[must_use]
    pub fn can_show(&self, place: Place) -> bool {
        place != Place::Pictures || self.state.has_slides()
    }
}

/// The light and the movement of a place through the session, with one keyframe for each part of the arc.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LightCurve {
    /// Brightness in each part, 0 to 1.
    pub brightness: [f32; 5],
    /// Colour temperature in each part, −1 (moonlight) to 1 (lamplight).
    pub warmth: [f32; 5],
    /// Saturation in each part, 0 (grey) to 1 (as painted).
    pub saturation: [f32; 5],
    /// Strength of the place's own motion in each part, 0 (still) to 1.
    pub movement: [f32; 5],
}

impl LightCurve {
    /// Returns the light curve of a profile, or the default curve if there is no profile.
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

/// A place at one time of day, in one weather. Layers are baked separately for each such variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SceneVariant {
    /// The place.
    pub shader: PlaceShader,
    /// The time of day.
    pub hour: TimeOfDay,
    /// The weather, 0 to 100 percent.
    pub mood_percent: u8,
}

impl SceneVariant {
    /// Creates the variant of a place at a time of day, with a weather of 0 to 1.
    #[must_use]
    pub fn of(shader: PlaceShader, hour: TimeOfDay, mood: f32) -> Self {
        Self { shader, hour, mood_percent: (mood.clamp(0.0, 1.0) * 100.0).round() as u8 }
    }

    /// Returns the weather, 0 to 1.
    #[must_use]
    pub fn mood(self) -> f32 {
        f32::from(self.mood_percent) / 100.0
    }
}

/// Everything from which a place is drawn at any time, so that a new frame does not need a new view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenery {
    /// The place.
    pub place: Place,
    /// The time of day that the place shows, called `time` in a profile. The clock of the place's motion is separate.
    pub hour: TimeOfDay,
    /// The weather, 0 to 1. Each place decides what it means.
    pub mood: f32,
    /// The breath that the place follows, if any.
    pub breath: Option<BreathView>,
    /// The session, if any, whose arc the light follows.
    pub session: Option<SessionView>,
    /// The light through the session.
    pub light: LightCurve,
    /// Offset that is added to the brightness: the trim of −0.5 to 0.5 that staff have set, and more light while
    /// somebody who came to a call is here.
    pub trim: f32,
    /// Factor by which the brightness is multiplied, 0 to 1. It is less than 1 behind text, for example.
    pub dimmed_to: f32,
    /// Whether staff have calmed the room, which slows all movement.
    pub is_calm: bool,
    /// Milliseconds by which the place's own clock is behind the room's, because it runs slower while the room is calm.
    pub lag_ms: u64,
    /// The room's clock, from which the place's motion follows.
    pub clock: RoomClock,
}

impl Scenery {
    /// Returns the scenery for a snapshot.
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
            is_calm: snapshot.calm,
            lag_ms: 0,
            clock,
        }
    }

    /// Returns the brightness at `now`, 0 to 1.
    #[must_use]
    pub fn brightness_at(&self, now: RoomTime) -> f32 {
        ((self.follow(&self.light.brightness, now) + self.trim) * self.dimmed_to).clamp(0.0, 1.0)
    }

    fn follow(&self, values: &[f32; 5], now: RoomTime) -> f32 {
        match self.session {
            Some(session) => session.timeline.interpolate(values, session.clock_ms(now)),
            None => values[0],
        }
    }

    fn light_moves(&self) -> bool {
        self.session.is_some_and(|session| session.running)
    }
}

/// Brightness added while somebody who came to a call is here, because they and the patient have to see each other.
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

/// Creates the widget that shows a place. It fills its parent.
#[must_use]
pub fn place<'a, Message: 'a>(renderer: &PlaceRenderer, scenery: Scenery) -> Element<'a, Message> {
    if scenery.place == Place::Dark {
        let black = iced::widget::container::Style { background: Some(Color::BLACK.into()), ..Default::default() };
        return iced::widget::container(Space::new().width(Length::Fill).height(Length::Fill))
            .style(move |_| black)
            .into();
    }
    match renderer.backend {
        Backend::Live { .. } => live::live(renderer, scenery),
        Backend::Still => still::still(renderer, scenery),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::CallId;
    use crate::room::{Event, Room, Rules};

    #[test]
    fn it_is_brighter_while_somebody_is_here_but_not_in_a_practice_call() {
        for (practice, added) in [(false, PRESENCE_LIGHT), (true, 0.0)] {
            let mut room = Room::new(Rules::default());
            let now = RoomTime(1_000);
            let clock = RoomClock::resuming_from(now);
            let trim = |room: &Room| Scenery::of(&room.snapshot(now), None, clock, 1.0).trim;
            let id = CallId(1);
            room.handle_input(now, Event::VisitBegins).unwrap();
            room.handle_input(now, Event::CallPressed { id, practice }).unwrap();
            room.handle_input(now, Event::CallJournaled { id, ok: true }).unwrap();
            room.handle_input(now, Event::CallComing { id, name: "Ana".to_owned() }).unwrap();
            assert!(trim(&room).abs() < f32::EPSILON, "nobody has come yet");
            room.handle_input(now, Event::CallHere { id: Some(id) }).unwrap();
            assert!((trim(&room) - added).abs() < f32::EPSILON, "{practice}");
        }
    }
}
