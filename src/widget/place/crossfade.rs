//! Owns which still picture is on the screen and which is coming: what fades into what, and how long it takes. A value
//! that is told the time; it loads nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pictures::{Grade, Picture, Subject, fade_for, smooth};

/// One place gives way to another in no less than this.
pub const PLACE_FADE: Duration = Duration::from_millis(1_600);
/// One of the clinic's pictures gives way to the next in no less than this.
pub const SLIDE_FADE: Duration = Duration::from_secs(4);
/// Each of the clinic's pictures stays so long.
pub const SLIDE_STAYS: Duration = Duration::from_mins(1);
/// A change of the dimming takes so long.
pub const DIM_FADE: Duration = Duration::from_millis(1_400);
/// The light that a desk or somebody's presence asks for comes and goes within this.
pub const LIGHT_FADE: Duration = Duration::from_secs(4);
/// Somebody who chose another place waits for it no longer than this, however different it is.
const PLACE_FADE_MAX: Duration = Duration::from_secs(7);

/// What is on the screen.
#[derive(Clone, Debug, Default)]
pub struct Showing {
    shown: Option<Arc<Picture>>,
    coming: Option<Coming>,
}

#[derive(Clone, Debug)]
struct Coming {
    picture: Arc<Picture>,
    since: Instant,
    length: Duration,
}

/// What is to be drawn at one moment.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// The picture beneath.
    pub under: Option<Arc<Picture>>,
    /// The picture that is coming over it, and how much of it is there, 0 to 1.
    pub over: Option<(Arc<Picture>, f32)>,
}

impl Sight {
    /// Whether nothing is coming.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.over.is_none()
    }
}

impl Showing {
    /// Whether a picture of that subject, grade and size has to be found: it is neither there nor coming, and nothing
    /// else is on its way.
    #[must_use]
    pub fn wants(&self, subject: Subject, grade: Grade, size: (u32, u32)) -> bool {
        let is_it = |picture: &Picture| {
            picture.subject == subject && picture.grade == grade && (picture.width, picture.height) == size
        };
        match (&self.coming, &self.shown) {
            (Some(_), _) => false,
            (None, Some(shown)) => !is_it(shown),
            (None, None) => true,
        }
    }

    /// Whether nothing has been shown yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_none()
    }

    /// Lets that picture come. The first one is there at once; so is one that is the same in another size.
    pub fn bring(&mut self, picture: Arc<Picture>, now: Instant) {
        let Some(shown) = &self.shown else {
            self.shown = Some(picture);
            return;
        };
        if shown.subject == picture.subject && (shown.width, shown.height) != (picture.width, picture.height) {
            (self.shown, self.coming) = (Some(picture), None);
            return;
        }
        let is_slide = matches!(picture.subject, Subject::Slide(_)) && matches!(shown.subject, Subject::Slide(_));
        let length = if is_slide {
            fade_for(shown, &picture, SLIDE_FADE)
        } else {
            fade_for(shown, &picture, PLACE_FADE).min(PLACE_FADE_MAX)
        };
        self.coming = Some(Coming { picture, since: now, length });
    }

    /// What is to be drawn now. A picture that is there altogether takes the place of the one beneath.
    pub fn sight(&mut self, now: Instant) -> Sight {
        if self.coming.as_ref().is_some_and(|coming| now >= coming.since + coming.length) {
            self.shown = self.coming.take().map(|coming| coming.picture);
        }
        let over = self.coming.as_ref().map(|coming| {
            let part = now.saturating_duration_since(coming.since).as_secs_f32() / coming.length.as_secs_f32();
            (Arc::clone(&coming.picture), smooth(part))
        });
        Sight { under: self.shown.clone(), over }
    }
}

/// A value that follows another without a leap.
#[derive(Clone, Copy, Debug)]
pub struct Eased {
    way: Option<Way>,
    takes: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    from: f32,
    to: f32,
    since: Instant,
}

impl Eased {
    /// A value that takes so long from one target to the next.
    #[must_use]
    pub const fn within(takes: Duration) -> Self {
        Self { way: None, takes }
    }

    /// The value at `now` on its way to `target`. The first target is there at once.
    pub fn towards(&mut self, target: f32, now: Instant) -> f32 {
        let way = self.way.get_or_insert(Way { from: target, to: target, since: now });
        let value = way.at(now, self.takes);
        if (way.to - target).abs() > 1e-4 {
            *way = Way { from: value, to: target, since: now };
        }
        value
    }

    /// Whether it has arrived.
    #[must_use]
    pub fn is_settled(&self, now: Instant) -> bool {
        self.way.is_none_or(|way| (way.to - way.from).abs() < 1e-4 || now >= way.since + self.takes)
    }
}

impl Way {
    fn at(&self, now: Instant, takes: Duration) -> f32 {
        let part = now.saturating_duration_since(self.since).as_secs_f32() / takes.as_secs_f32();
        self.from + (self.to - self.from) * smooth(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(number: u32, shade: u8) -> Arc<Picture> {
        Arc::new(Picture::plain(Subject::Slide(number), shade))
    }

    const SIZE: (u32, u32) = (64, 40);

    #[test]
    fn the_first_picture_is_there_at_once_and_the_next_one_fades_in_without_a_leap() {
        let mut showing = Showing::default();
        let start = Instant::now();
        assert!(showing.wants(Subject::Slide(0), Grade::default(), SIZE));
        showing.bring(picture(0, 50), start);
        assert!(showing.sight(start).is_settled());
        assert!(!showing.wants(Subject::Slide(0), Grade::default(), SIZE));
        assert!(showing.wants(Subject::Slide(0), Grade::default(), (65, 40)));
        assert!(showing.wants(Subject::Slide(1), Grade::default(), SIZE));
        showing.bring(picture(1, 60), start);
        assert!(!showing.wants(Subject::Slide(2), Grade::default(), SIZE), "one fade at a time");
        let mut before = 0.0;
        for ms in (0..4_000).step_by(100) {
            let sight = showing.sight(start + Duration::from_millis(ms));
            let opacity = sight.over.map_or(1.0, |(_, opacity)| opacity);
            assert!(opacity >= before && opacity - before < 0.05, "{ms}: {before} to {opacity}");
            before = opacity;
        }
        let after = showing.sight(start + Duration::from_secs(5));
        assert!(after.is_settled() && after.under.unwrap().subject == Subject::Slide(1));
    }

    #[test]
    fn a_window_of_another_size_gets_its_picture_without_a_fade() {
        let mut showing = Showing::default();
        let now = Instant::now();
        showing.bring(picture(0, 50), now);
        let mut larger = Picture::plain(Subject::Slide(0), 50);
        larger.width = 65;
        showing.bring(Arc::new(larger), now);
        let sight = showing.sight(now);
        assert!(sight.is_settled() && sight.under.unwrap().width == 65);
    }

    #[test]
    fn dimming_begins_where_it_is_and_takes_its_time() {
        let mut eased = Eased::within(DIM_FADE);
        let start = Instant::now();
        assert!((eased.towards(0.9, start) - 0.9).abs() < 1e-6 && eased.is_settled(start));
        let mut before = eased.towards(0.4, start);
        for ms in (0..1_400).step_by(50) {
            let now = start + Duration::from_millis(ms);
            let target = if ms < 700 { 0.4 } else { 0.8 };
            let value = eased.towards(target, now);
            assert!((value - before).abs() < 0.04 && !eased.is_settled(now), "{ms}: {before} to {value}");
            before = value;
        }
        let end = start + Duration::from_secs(4);
        assert!((eased.towards(0.8, end) - 0.8).abs() < 1e-6 && eased.is_settled(end));
    }
}
