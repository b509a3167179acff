//! Owns the crossfade of stills: the still on the screen, the still that fades in, and the duration of the fade. It
//! reads no clock; the time is passed in. Does not own the loading of stills.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fade::{PLACE_FADE, SLIDE_FADE, calm_fade};
use super::picture_source::{ColorGrade, PictureSource};
use super::still_image::StillImage;
use crate::widget::easing::smoothstep;

/// Maximum duration of a crossfade from one place to another, even if [`calm_fade`] asks for longer. It is short
/// because the patient has chosen the new place and is waiting for it.
const PLACE_FADE_MAX: Duration = Duration::from_secs(7);
/// Maximum duration of a crossfade from one light to another in the same place, even if [`calm_fade`] asks for longer.
/// It is short because words that need a dimmer light may already be shown.
const LIGHT_FADE_MAX: Duration = Duration::from_secs(3);

/// The still on the screen and the one that is fading in.
#[derive(Clone, Debug, Default)]
pub struct Crossfade {
    current: Option<Arc<StillImage>>,
    incoming: Option<Incoming>,
}

#[derive(Clone, Debug)]
struct Incoming {
    picture: Arc<StillImage>,
    since: Instant,
    length: Duration,
}

/// What a crossfade shows at one moment.
#[derive(Clone, Debug, Default)]
pub struct CrossfadeFrame {
    /// The picture below; `None` before the first picture has been loaded.
    pub under: Option<Arc<StillImage>>,
    /// The picture that is fading in over it, and its opacity, 0 to 1.
    pub over: Option<(Arc<StillImage>, f32)>,
}

impl CrossfadeFrame {
    /// Returns whether nothing is fading in.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.over.is_none()
    }
}

impl Crossfade {
    /// Returns whether this picture has to be loaded now, that is, whether it is not the current picture and no picture
    /// is fading in.
    #[must_use]
    pub fn needs(&self, source: PictureSource, grade: ColorGrade, size: (u32, u32)) -> bool {
        let is_it = |picture: &StillImage| {
            picture.source == source && picture.grade == grade && (picture.width, picture.height) == size
        };
        match (&self.incoming, &self.current) {
            (Some(_), _) => false,
            (None, Some(current)) => !is_it(current),
            (None, None) => true,
        }
    }

    /// Returns whether nothing has been shown so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_none()
    }

    /// Starts fading a picture in. The first picture appears immediately, and so does the current picture in another
    /// size.
    pub fn start(&mut self, picture: Arc<StillImage>, now: Instant) {
        let Some(current) = &self.current else {
            self.current = Some(picture);
            return;
        };
        if current.source == picture.source && (current.width, current.height) != (picture.width, picture.height) {
            (self.current, self.incoming) = (Some(picture), None);
            return;
        }
        let is_slide =
            matches!(picture.source, PictureSource::Slide(_)) && matches!(current.source, PictureSource::Slide(_));
        let length = if is_slide {
            calm_fade(current, &picture, SLIDE_FADE)
        } else {
            let longest = if current.source == picture.source { LIGHT_FADE_MAX } else { PLACE_FADE_MAX };
            calm_fade(current, &picture, PLACE_FADE).min(longest)
        };
        self.incoming = Some(Incoming { picture, since: now, length });
    }

    /// Returns the frame at `now`. A picture that has faded in completely becomes the current picture.
    pub fn frame_at(&mut self, now: Instant) -> CrossfadeFrame {
        if self.incoming.as_ref().is_some_and(|incoming| now >= incoming.since + incoming.length) {
            self.current = self.incoming.take().map(|incoming| incoming.picture);
        }
        let over = self.incoming.as_ref().map(|incoming| {
            let progress = now.saturating_duration_since(incoming.since).as_secs_f32() / incoming.length.as_secs_f32();
            (Arc::clone(&incoming.picture), smoothstep(progress))
        });
        CrossfadeFrame { under: self.current.clone(), over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(number: u32, shade: u8) -> Arc<StillImage> {
        Arc::new(StillImage::plain(PictureSource::Slide(number), shade))
    }

    const SIZE: (u32, u32) = (64, 40);

    #[test]
    fn the_first_picture_appears_at_once_and_the_next_one_fades_in_smoothly() {
        let mut crossfade = Crossfade::default();
        let start = Instant::now();
        assert!(crossfade.needs(PictureSource::Slide(0), ColorGrade::default(), SIZE));
        crossfade.start(picture(0, 50), start);
        assert!(crossfade.frame_at(start).is_settled());
        assert!(!crossfade.needs(PictureSource::Slide(0), ColorGrade::default(), SIZE));
        assert!(crossfade.needs(PictureSource::Slide(0), ColorGrade::default(), (65, 40)));
        assert!(crossfade.needs(PictureSource::Slide(1), ColorGrade::default(), SIZE));
        crossfade.start(picture(1, 60), start);
        assert!(!crossfade.needs(PictureSource::Slide(2), ColorGrade::default(), SIZE), "one fade at a time");
        let mut before = 0.0;
        for ms in (0..4_000).step_by(100) {
            let frame = crossfade.frame_at(start + Duration::from_millis(ms));
            let opacity = frame.over.map_or(1.0, |(_, opacity)| opacity);
            assert!(opacity >= before && opacity - before < 0.05, "{ms}: {before} to {opacity}");
            before = opacity;
        }
        let after = crossfade.frame_at(start + Duration::from_secs(5));
        assert!(after.is_settled() && after.under.unwrap().source == PictureSource::Slide(1));
    }

    #[test]
    fn a_resized_window_gets_its_picture_without_a_fade() {
        let mut crossfade = Crossfade::default();
        let now = Instant::now();
        crossfade.start(picture(0, 50), now);
        let mut larger = StillImage::plain(PictureSource::Slide(0), 50);
        larger.width = 65;
        crossfade.start(Arc::new(larger), now);
        let frame = crossfade.frame_at(now);
        assert!(frame.is_settled() && frame.under.unwrap().width == 65);
    }
}
