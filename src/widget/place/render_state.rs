//! Owns what all views of a place share while the program runs: the picture that is shown, the one that is coming, what
//! is being made beside the window, and the pace. Does not own any drawing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bake::{BakeCache, Baked};
use super::bench::{Bench, Made};
use super::drawn::{Drawn, bake_name};
use super::governor::{Governor, SCALE_MIN};
use super::pictures::{self, Grade, Picture, Slides, Subject};
use super::showing::{DIM_FADE, Eased, LIGHT_FADE, SLIDE_STAYS, Showing, Sight};
use super::studio::Studio;
use super::{Backend, Look, Scenery, strain};
use crate::profile::TimeOfDay;
use crate::room::RoomTime;
use crate::room::snapshot::Place;

/// A graphics device begins with this part of each side; the governor finds the right one.
const DEVICE_SCALE: f32 = 0.75;
/// The system is asked about its battery and its heat so often.
const STRAIN_EVERY: Duration = Duration::from_secs(30);

/// What all views of a place share.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    backend: Backend,
    slides: Arc<Slides>,
    cache: Option<BakeCache>,
    prints: Bench<(Subject, Grade, (u32, u32)), Arc<Picture>>,
    bakes: Bench<(Look, (u32, u32)), Baked>,
    state: Arc<Mutex<State>>,
    governor: Arc<Mutex<Governor>>,
}

/// How far the living place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coming {
    /// Something is being made beside the window.
    Prepared,
    /// Something fades in.
    Fading,
    /// All is there.
    There,
    /// The still picture is all there is or will be.
    Never,
}

#[derive(Debug)]
struct State {
    showing: Showing,
    dim: Eased,
    trim: Eased,
    scale_factor: f32,
    coming: Coming,
    strain_looked_at: Option<Instant>,
}

impl Stage {
    pub(super) fn new(backend: Backend, frame: Duration) -> Self {
        let scale = if backend == (Backend::Live { software: true }) { SCALE_MIN } else { DEVICE_SCALE };
        Self {
            backend,
            slides: Arc::default(),
            cache: None,
            prints: Bench::default(),
            bakes: Bench::default(),
            state: Arc::new(Mutex::new(State {
                showing: Showing::default(),
                dim: Eased::within(DIM_FADE),
                trim: Eased::within(LIGHT_FADE),
                scale_factor: 1.0,
                coming: Coming::Prepared,
                strain_looked_at: None,
            })),
            governor: Arc::new(Mutex::new(Governor::new(frame, scale))),
        }
    }

    pub(super) fn cached_in(mut self, folder: PathBuf) -> Self {
        self.cache = Some(BakeCache::in_folder(folder));
        self
    }

    pub(super) fn with_slides(mut self, slides: Slides) -> Self {
        self.slides = Arc::new(slides);
        self
    }

    pub(super) fn has_slides(&self) -> bool {
        !self.slides.is_empty()
    }

    pub(super) fn governor(&self) -> MutexGuard<'_, Governor> {
        self.governor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The governor, for whoever measures beside the window.
    pub(super) fn governor_handle(&self) -> Arc<Mutex<Governor>> {
        Arc::clone(&self.governor)
    }

    /// What a scenery shows at `now`, and until when if that changes by itself.
    pub(super) fn subject(&self, scenery: &Scenery, now: RoomTime) -> (Subject, Option<RoomTime>) {
        if scenery.place == Place::Pictures && self.has_slides() {
            let stays_ms = SLIDE_STAYS.as_millis() as u64;
            let number = now.0 / stays_ms;
            // The count begins anew after some thousand years.
            return (Subject::Slide((number % u64::from(u32::MAX)) as u32), Some(RoomTime((number + 1) * stays_ms)));
        }
        // Without pictures of the clinic's own their place is the calmest of ours.
        let drawn = Drawn::of(scenery.place).unwrap_or(Drawn::DriftingColour);
        (Subject::Still(Look::of(drawn, scenery.hour, scenery.mood)), None)
    }

    /// What is to be drawn at `now` in so many pixels. Whatever is missing is made beside the window; only the very first
    /// picture is waited for, so that the window opens with it.
    pub(super) fn sight(&self, subject: Subject, grade: Grade, size: (u32, u32), now: Instant) -> Sight {
        let mut state = self.state();
        if state.showing.wants(subject, grade, size) {
            let (slides, with_glow) = (Arc::clone(&self.slides), self.backend == Backend::Still);
            let print = move || {
                let print = match subject {
                    Subject::Still(look) => pictures::still(look, grade, size, with_glow),
                    Subject::Slide(number) => slides.print(number, grade, size, with_glow),
                };
                print.map(Arc::new)
            };
            let made = if state.showing.is_empty() {
                // Where not one of the clinic's own pictures can be read, the window still opens with something calm.
                let calm = Look::of(Drawn::DriftingColour, TimeOfDay::Dusk, 0.0);
                print().or_else(|| pictures::still(calm, grade, size, with_glow).map(Arc::new))
            } else {
                match self.prints.take(&(subject, grade, size), print) {
                    Made::Ready(picture) => Some(picture),
                    Made::NotYet | Made::Never => None,
                }
            };
            if let Some(picture) = made {
                state.showing.bring(picture, now);
            }
        }
        state.showing.sight(now)
    }

    /// Whether another picture than the one that is shown is wanted or coming.
    pub(super) fn is_changing(&self, subject: Subject, grade: Grade, size: (u32, u32), now: Instant) -> bool {
        let mut state = self.state();
        let is_wanted = state.showing.wants(subject, grade, size);
        is_wanted && !self.prints.has_failed(&(subject, grade, size)) || !state.showing.sight(now).is_settled()
    }

    /// The scenery with its dimming and its trim on the way to where they are to be, and whether they have arrived.
    pub(super) fn eased(&self, scenery: &Scenery, now: Instant) -> (Scenery, bool) {
        let mut state = self.state();
        let dimmed_to = state.dim.towards(scenery.dimmed_to, now);
        let trim = state.trim.towards(scenery.trim, now);
        (Scenery { trim, dimmed_to, ..*scenery }, state.dim.is_settled(now) && state.trim.is_settled(now))
    }

    /// The layers of a look at a size: from disk, or drawn beside the window.
    pub(super) fn bake(&self, look: Look, size: (u32, u32)) -> Made<Baked> {
        self.bakes.take(&(look, size), self.baker(look, size))
    }

    /// Begins with the layers of a look that will soon be wanted.
    pub(super) fn begin_bake(&self, look: Look, size: (u32, u32)) {
        if look.drawn.layers() > 0 {
            self.bakes.begin(&(look, size), self.baker(look, size));
        }
    }

    fn baker(&self, look: Look, size: (u32, u32)) -> impl FnOnce() -> Option<Baked> + Send + use<> {
        let cache = self.cache.clone();
        move || {
            let name = bake_name(look, size.0, size.1);
            let is_it = |baked: &Baked| baked.count() == look.drawn.layers() && (baked.width, baked.height) == size;
            if let Some(baked) = cache.as_ref().and_then(|cache| cache.load(&name)).filter(is_it) {
                return Some(baked);
            }
            match Studio::open().and_then(|studio| studio.bake(look, size)) {
                Ok(baked) => {
                    if let Some(cache) = &cache {
                        cache.keep(&name, &baked);
                    }
                    Some(baked)
                }
                Err(error) => {
                    tracing::warn!(%error, "{} stays a still picture", look.drawn.name());
                    None
                }
            }
        }
    }

    pub(super) fn scale_factor(&self) -> f32 {
        self.state().scale_factor
    }

    pub(super) fn set_scale_factor(&self, factor: f32) {
        self.state().scale_factor = factor.clamp(0.25, 8.0);
    }

    /// How far the living place is.
    pub(super) fn coming(&self) -> Coming {
        self.state().coming
    }

    pub(super) fn set_coming(&self, coming: Coming) {
        self.state().coming = coming;
    }

    /// Asks the system about its strength now and then, beside the drawing.
    pub(super) fn mind_strain(&self, now: Instant) {
        let mut state = self.state();
        if state.strain_looked_at.is_some_and(|then| now < then + STRAIN_EVERY) {
            return;
        }
        state.strain_looked_at = Some(now);
        let governor = self.governor_handle();
        // A system without threads to spare is asked again in half a minute.
        drop(std::thread::Builder::new().name("strain".to_owned()).spawn(move || {
            let found = strain::look();
            governor.lock().unwrap_or_else(PoisonError::into_inner).set_strain(found);
        }));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
