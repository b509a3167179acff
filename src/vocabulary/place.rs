//! Owns the safe places and their times of day, the guides that pace the breath on the screen, the parts of a picture
//! that words may cover, the parts that nothing may cover, and the part of the screen that the call button covers. Does
//! not own how places are drawn.

use super::named;

named! {
    /// A safe place that the screen shows.
    Place {
        /// A shore whose waves follow the breath.
        Beach = "beach",
        /// Trunks and light in mist.
        Forest = "forest",
        /// A room with a lamp, a hearth and a window.
        QuietRoom = "quiet-room",
        /// Stars over a lake.
        NightSky = "night-sky",
        /// Mist on still water under snow peaks.
        MountainLake = "mountain-lake",
        /// Slowly drifting colour and nothing else.
        DriftingColour = "drifting-colour",
        /// The clinic's own pictures, shown one after another.
        Pictures = "pictures",
        /// A dark screen with nothing to look at.
        Dark = "dark",
    }
}

named! {
    /// The time of day in a place.
    TimeOfDay {
        /// First light.
        Dawn = "dawn",
        /// Daylight.
        Day = "day",
        /// Last light.
        Dusk = "dusk",
        /// Night.
        Night = "night",
    }
}

named! {
    /// What paces the breath on the screen.
    Guide {
        /// The place itself, which moves with the breath.
        Scene = "scene",
        /// A plain ring.
        Ring = "ring",
        /// A plain orb.
        Orb = "orb",
    }
}

/// A part of a place's picture. Its edges are fractions of the picture's width and height, from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureBox {
    /// Left edge, 0 to 1.
    pub left: f32,
    /// Upper edge, 0 to 1.
    pub top: f32,
    /// Right edge, 0 to 1.
    pub right: f32,
    /// Lower edge, 0 to 1.
    pub bottom: f32,
}

impl PictureBox {
    const fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { left, top, right, bottom }
    }

    /// The coordinates of the centre, x and y.
    #[must_use]
    pub const fn center(self) -> [f32; 2] {
        [f32::midpoint(self.left, self.right), f32::midpoint(self.top, self.bottom)]
    }

    /// Whether the two boxes overlap. Boxes that only touch do not.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// How much of a landscape or square screen the call button covers, at the bottom, during a session, as a fraction of
/// the screen's height. On the smallest tablet, this is 30 of 136 mm.
pub const CALL_PART_LANDSCAPE: f32 = 0.22;
/// How much of a portrait screen the call button covers, at the bottom, during a session, as a fraction of the screen's
/// height. On the smallest tablet, this is 30 of 217 mm.
pub const CALL_PART_PORTRAIT: f32 = 0.14;
/// The aspect ratio that the pictures are composed for. A wider screen shows more of the picture at both sides; a
/// narrower screen compresses the picture.
const COMPOSED_ASPECT: f32 = 1.6;

impl Place {
    /// Returns the part of the picture that contains the light of the place and that nothing may cover. It lies above
    /// the call button. `aspect` is the screen's width divided by its height. `None` if the part is unknown (the
    /// clinic's own pictures) or there is nothing to see.
    #[must_use]
    pub fn focal_box(self, aspect: f32) -> Option<PictureBox> {
        let (landscape, portrait) = match self {
            // The sun or the moon, and its path to the shore.
            Self::Beach => (PictureBox::new(0.54, 0.12, 0.76, 0.64), PictureBox::new(0.54, 0.14, 0.78, 0.64)),
            // The light in the mist.
            Self::Forest => (PictureBox::new(0.46, 0.16, 0.74, 0.58), PictureBox::new(0.46, 0.16, 0.86, 0.54)),
            // The hearth. A still that is cropped for a portrait screen shows it lower than the animated place does, so
            // the portrait box is tall enough for both.
            Self::QuietRoom => (PictureBox::new(0.53, 0.40, 0.80, 0.76), PictureBox::new(0.48, 0.36, 0.92, 0.74)),
            // The brightest part of the sky and the lake.
            Self::NightSky => (PictureBox::new(0.54, 0.18, 0.82, 0.77), PictureBox::new(0.52, 0.18, 0.86, 0.77)),
            // The summit, the cabin and their reflections in the water.
            Self::MountainLake => (PictureBox::new(0.50, 0.12, 0.80, 0.76), PictureBox::new(0.48, 0.12, 0.86, 0.66)),
            // The sheen of the lamp.
            Self::DriftingColour => (PictureBox::new(0.46, 0.14, 0.80, 0.60), PictureBox::new(0.46, 0.14, 0.88, 0.54)),
            Self::Pictures | Self::Dark => return None,
        };
        Some(fitted(landscape, portrait, aspect))
    }

    /// Returns the part of the picture in which words may be placed. It does not overlap the focal box and lies above
    /// the call button. `aspect` is the screen's width divided by its height.
    #[must_use]
    pub fn quiet_box(self, aspect: f32) -> PictureBox {
        let landscape = PictureBox::new(0.04, 0.08, 0.44, 0.76);
        let portrait = match self {
            Self::Beach | Self::MountainLake => PictureBox::new(0.06, 0.67, 0.94, 0.85),
            Self::Forest | Self::DriftingColour | Self::Pictures | Self::Dark => {
                PictureBox::new(0.06, 0.56, 0.94, 0.85)
            }
            Self::QuietRoom => PictureBox::new(0.06, 0.05, 0.94, 0.34),
            Self::NightSky => PictureBox::new(0.06, 0.05, 0.50, 0.50),
        };
        fitted(landscape, portrait, aspect)
    }
}

fn fitted(landscape: PictureBox, portrait: PictureBox, aspect: f32) -> PictureBox {
    if aspect < 1.0 {
        return portrait;
    }
    let part = (COMPOSED_ASPECT / aspect).min(1.0);
    PictureBox { left: 0.5 + (landscape.left - 0.5) * part, right: 0.5 + (landscape.right - 0.5) * part, ..landscape }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_keeps_its_light_and_its_words_apart_and_above_the_call() {
        for place in Place::ALL {
            for aspect in [1.0, 4.0 / 3.0, 1.6, 16.0 / 9.0, 2.4, 0.999, 0.75, 0.625, 0.5] {
                let foot = 1.0 - if aspect < 1.0 { CALL_PART_PORTRAIT } else { CALL_PART_LANDSCAPE };
                let quiet = place.quiet_box(aspect);
                let focal = place.focal_box(aspect);
                for part in focal.into_iter().chain([quiet]) {
                    assert!(
                        0.0 <= part.left && part.left < part.right && part.right <= 1.0,
                        "{place} {aspect}: {part:?}"
                    );
                    assert!(
                        0.0 <= part.top && part.top < part.bottom && part.bottom <= foot,
                        "{place} {aspect}: {part:?}"
                    );
                }
                assert!(!focal.is_some_and(|focal| focal.overlaps(quiet)), "{place} {aspect}");
            }
        }
    }

    #[test]
    fn the_call_covers_thirty_millimetres_of_the_smallest_tablet() {
        assert!((CALL_PART_LANDSCAPE * 136.0 - 30.0).abs() < 0.5);
        assert!((CALL_PART_PORTRAIT * 217.0 - 30.0).abs() < 0.5);
    }
}
