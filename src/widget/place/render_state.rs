//! Owns the state that all views of a place share while the program runs: the crossfade of stills, the jobs that load
//! stills and bake layers, the easing of light, the clock of a calmed place, and the resolution. A view is rebuilt with
//! each message, so the state cannot be part of it. Does not own any drawing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::background_job::{BackgroundJob, JobResult};
use super::baked_layers::{BakedLayers, LayerCache};
use super::crossfade::{Crossfade, CrossfadeFrame};
use super::governor::{ResolutionGovernor, SCALE_MIN};
use super::offscreen::OffscreenRenderer;
use super::picture_source::{ColorGrade, PictureSource};
use super::shader::{PlaceShader, cache_file_name};
use super::slowing::SlowedClock;
use super::still_image::{SlideFolder, StillImage, load_still};
use super::{Backend, SceneVariant, Scenery, power};
use crate::room::RoomTime;
use crate::vocabulary::place::Place;
use crate::vocabulary::place::TimeOfDay;
use crate::widget::easing::EasedValue;

/// Initial scale on a graphics device, as a fraction of each side of the screen. The governor adjusts it.
const DEVICE_SCALE: f32 = 0.75;
/// Time for which each of the clinic's own pictures is shown.
const SLIDE_TIME: Duration = Duration::from_mins(1);
/// Duration of a change of the dimming, for example when words appear over the place.
const DIM_FADE: Duration = Duration::from_millis(1_400);
/// Duration of a change of light after staff have adjusted it, or after somebody has come to a call or left.
const LIGHT_FADE: Duration = Duration::from_secs(4);
/// Time between two reads of the system's power state.
const POWER_INTERVAL: Duration = Duration::from_secs(30);

/// The state that all views of a place share.
#[derive(Clone, Debug)]
pub(super) struct RenderState {
    backend: Backend,
    slides: Arc<SlideFolder>,
    cache: Option<LayerCache>,
    stills: BackgroundJob<(PictureSource, ColorGrade, (u32, u32)), Arc<StillImage>>,
    bakes: BackgroundJob<(SceneVariant, (u32, u32)), BakedLayers>,
    state: Arc<Mutex<State>>,
    governor: Arc<Mutex<ResolutionGovernor>>,
}

/// How ready the living place is. The time of the next frame depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LiveReadiness {
    /// A still is being loaded, or the living place is being compiled or baked.
    Pending,
    /// A still or the living place is fading in.
    Fading,
    /// The living place has faded in completely.
    Ready,
    /// The living place cannot be shown, and the still remains.
    Failed,
}

#[derive(Debug)]
struct State {
    crossfade: Crossfade,
    dim: EasedValue,
    trim: EasedValue,
    slowed: SlowedClock,
    scale_factor: f32,
    live_readiness: LiveReadiness,
    power_read_at: Option<Instant>,
}

impl RenderState {
    pub(super) fn new(backend: Backend, frame_interval: Duration) -> Self {
        let scale = if backend == (Backend::Live { software: true }) { SCALE_MIN } else { DEVICE_SCALE };
        Self {
            backend,
            slides: Arc::default(),
            cache: None,
            stills: BackgroundJob::default(),
            bakes: BackgroundJob::default(),
            state: Arc::new(Mutex::new(State {
                crossfade: Crossfade::default(),
                dim: EasedValue::new(DIM_FADE),
                trim: EasedValue::new(LIGHT_FADE),
                slowed: SlowedClock::default(),
                scale_factor: 1.0,
                live_readiness: LiveReadiness::Pending,
                power_read_at: None,
            })),
            governor: Arc::new(Mutex::new(ResolutionGovernor::new(frame_interval, scale))),
        }
    }

    pub(super) fn cached_in(mut self, folder: PathBuf) -> Self {
        self.cache = Some(LayerCache::in_folder(folder));
        self
    }

    pub(super) fn with_slides(mut self, slides: SlideFolder) -> Self {
        self.slides = Arc::new(slides);
        self
    }

    pub(super) fn has_slides(&self) -> bool {
        !self.slides.is_empty()
    }

    pub(super) fn governor(&self) -> MutexGuard<'_, ResolutionGovernor> {
        self.governor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the governor for the thread that measures frames.
    pub(super) fn governor_handle(&self) -> Arc<Mutex<ResolutionGovernor>> {
        Arc::clone(&self.governor)
    }

    /// Returns the picture for a scenery at `now`, and the time at which the next picture is due. The time is `None`
    /// unless the clinic's own pictures are shown.
    pub(super) fn picture_source(&self, scenery: &Scenery, now: RoomTime) -> (PictureSource, Option<RoomTime>) {
        if scenery.place == Place::Pictures && self.has_slides() {
            let slide_ms = SLIDE_TIME.as_millis() as u64;
            let number = now.0 / slide_ms;
            // The number wraps after about 8,000 years.
            return (
                PictureSource::Slide((number % u64::from(u32::MAX)) as u32),
                Some(RoomTime((number + 1) * slide_ms)),
            );
        }
        // If the clinic has no pictures of its own, the calmest place replaces them.
        let shader = PlaceShader::of(scenery.place).unwrap_or(PlaceShader::DriftingColour);
        (PictureSource::Still(SceneVariant::of(shader, scenery.hour, scenery.mood)), None)
    }

    /// Returns the frame of the crossfade at `now`, for a view of `size` pixels. A picture that is missing is loaded on
    /// another thread. Only the very first picture is loaded on the caller's thread, because the window has to open
    /// with it.
    pub(super) fn stills(
        &self,
        source: PictureSource,
        grade: ColorGrade,
        size: (u32, u32),
        now: Instant,
    ) -> CrossfadeFrame {
        let mut state = self.state();
        if state.crossfade.needs(source, grade, size) {
            let (slides, with_glow) = (Arc::clone(&self.slides), self.backend == Backend::Still);
            let load = move || {
                let still = match source {
                    PictureSource::Still(variant) => load_still(variant, grade, size, with_glow),
                    PictureSource::Slide(number) => slides.load(number, grade, size, with_glow),
                };
                still.map(Arc::new)
            };
            let loaded = if state.crossfade.is_empty() {
                // If none of the clinic's own pictures can be read, the window opens with a calm place.
                let calm = SceneVariant::of(PlaceShader::DriftingColour, TimeOfDay::Dusk, 0.0);
                load().or_else(|| load_still(calm, grade, size, with_glow).map(Arc::new))
            } else {
                match self.stills.take(&(source, grade, size), load) {
                    JobResult::Ready(picture) => Some(picture),
                    JobResult::Pending | JobResult::Failed => None,
                }
            };
            if let Some(picture) = loaded {
                state.crossfade.start(picture, now);
            }
        }
        state.crossfade.frame_at(now)
    }

    /// Returns whether another still is being loaded or fading in.
    pub(super) fn is_changing(&self, source: PictureSource, grade: ColorGrade, size: (u32, u32), now: Instant) -> bool {
        let mut state = self.state();
        let is_needed = state.crossfade.needs(source, grade, size);
        is_needed && !self.stills.has_failed(&(source, grade, size)) || !state.crossfade.frame_at(now).is_settled()
    }

    /// Returns the scenery with its dimming, its trim and its clock eased at `now`, and whether the dimming and the
    /// trim have settled.
    pub(super) fn eased(&self, scenery: &Scenery, now: Instant) -> (Scenery, bool) {
        let mut state = self.state();
        let dimmed_to = state.dim.towards(scenery.dimmed_to, now);
        let trim = state.trim.towards(scenery.trim, now);
        let lag_ms = state.slowed.lag_ms_at(scenery.is_calm, now);
        (Scenery { trim, dimmed_to, lag_ms, ..*scenery }, state.dim.is_settled(now) && state.trim.is_settled(now))
    }

    /// Takes the layers of a variant at a size in pixels. If they are not available, starts to load or bake them on
    /// another thread.
    pub(super) fn take_bake(&self, variant: SceneVariant, size: (u32, u32)) -> JobResult<BakedLayers> {
        self.bakes.take(&(variant, size), self.bake_job(variant, size))
    }

    /// Starts loading or baking the layers of a variant that will soon be needed.
    pub(super) fn start_bake(&self, variant: SceneVariant, size: (u32, u32)) {
        if variant.shader.layer_count() > 0 {
            self.bakes.start(&(variant, size), self.bake_job(variant, size));
        }
    }

    fn bake_job(&self, variant: SceneVariant, size: (u32, u32)) -> impl FnOnce() -> Option<BakedLayers> + Send + use<> {
        let cache = self.cache.clone();
        move || {
            let file_name = cache_file_name(variant, size.0, size.1);
            let fits = |baked: &BakedLayers| {
                baked.layer_count() == variant.shader.layer_count() && (baked.width, baked.height) == size
            };
            if let Some(baked) = cache.as_ref().and_then(|cache| cache.load(&file_name)).filter(fits) {
                return Some(baked);
            }
            match OffscreenRenderer::open().and_then(|renderer| renderer.bake(variant, size)) {
                Ok(baked) => {
                    if let Some(cache) = &cache {
                        cache.store(&file_name, &baked);
                    }
                    Some(baked)
                }
                Err(error) => {
                    tracing::warn!(%error, "{} stays a still picture", variant.shader.name());
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

    pub(super) fn live_readiness(&self) -> LiveReadiness {
        self.state().live_readiness
    }

    pub(super) fn set_live_readiness(&self, readiness: LiveReadiness) {
        self.state().live_readiness = readiness;
    }

    /// Reads the system's power state every [`POWER_INTERVAL`], on another thread, because sysfs can be slow.
    pub(super) fn poll_power_state(&self, now: Instant) {
        let mut state = self.state();
        if state.power_read_at.is_some_and(|then| now < then + POWER_INTERVAL) {
            return;
        }
        state.power_read_at = Some(now);
        let governor = self.governor_handle();
        // If the system cannot start a thread, the next attempt follows after `POWER_INTERVAL`.
        drop(std::thread::Builder::new().name("power".to_owned()).spawn(move || {
            let power_state = power::read();
            governor.lock().unwrap_or_else(PoisonError::into_inner).set_power_state(power_state);
        }));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
