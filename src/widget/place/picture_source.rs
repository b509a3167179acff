//! Owns the description of a still picture: what it shows, and its colour grade. Also owns how a grade changes pixels.
//! Does not own the loading of a picture.

use image::RgbaImage;

use super::SceneVariant;
use super::dimming;

/// What a still picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureSource {
    /// The shipped still of a place.
    Still(SceneVariant),
    /// The clinic's own picture with this number. A number past the last picture of the folder wraps around.
    Slide(u32),
}

/// A colour grade, rounded to steps that are too small to see. On machines where no shader runs, it is applied once to
/// the pixels of a still, instead of in each frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColorGrade {
    /// Colour temperature in tenths, from −10 (moonlight) to 10 (lamplight).
    pub warmth_tenths: i8,
    /// Desaturation in tenths, from 0 (as painted) to 10 (grey).
    pub grey_tenths: i8,
    /// Dimming in steps, from 0 (as painted) to `NIGHT_STEPS` (darkest).
    pub night_steps: u8,
}

/// Number of dimming steps from a place as painted to its darkest.
pub const NIGHT_STEPS: u8 = 24;

impl ColorGrade {
    /// Returns the grade nearest to a warmth of −1 to 1, a saturation of 0 to 1 and a brightness of 0 to 1.
    #[must_use]
    pub fn of(warmth: f32, saturation: f32, brightness: f32) -> Self {
        let tenths = |value: f32| (value.clamp(-1.0, 1.0) * 10.0).round() as i8;
        Self {
            warmth_tenths: tenths(warmth),
            grey_tenths: tenths(1.0 - saturation.clamp(0.0, 1.0)),
            night_steps: (dimming::night_veil(brightness) * f32::from(NIGHT_STEPS)).round() as u8,
        }
    }

    pub(super) fn apply(self, picture: &mut RgbaImage) {
        self.tint(picture);
        if self.night_steps > 0 {
            dimming::dim(picture, f32::from(self.night_steps) / f32::from(NIGHT_STEPS));
        }
    }

    fn tint(self, picture: &mut RgbaImage) {
        if (self.warmth_tenths, self.grey_tenths) == (0, 0) {
            return;
        }
        let warmth = f32::from(self.warmth_tenths) / 10.0;
        let grey = (f32::from(self.grey_tenths) / 10.0 * 256.0) as i32;
        let gains = warmth_gains(warmth).map(|gain| (gain * 256.0) as i32);
        for pixel in picture.pixels_mut() {
            let [r, g, b] = [0, 1, 2].map(|channel| i32::from(pixel.0[channel]));
            // Rec. 709 weights in 256ths.
            let luma = (54 * r + 183 * g + 19 * b) >> 8;
            for (channel, value) in [r, g, b].into_iter().enumerate() {
                let desaturated = value + (((luma - value) * grey) >> 8);
                pixel.0[channel] = ((desaturated * gains[channel]) >> 8).clamp(0, 255) as u8;
            }
        }
    }
}

/// Returns the factors by which red, green and blue are multiplied for a warmth of −1 to 1.
pub(super) fn warmth_gains(warmth: f32) -> [f32; 3] {
    [1.0 + 0.05 * warmth, 1.0 + 0.005 * warmth, 1.0 - 0.11 * warmth]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_rounded_to_steps_and_grey_has_no_color() {
        assert_eq!(ColorGrade::of(0.0, 1.0, 1.0), ColorGrade::default());
        assert_eq!(ColorGrade::of(0.31, 0.9, 1.0), ColorGrade { warmth_tenths: 3, grey_tenths: 1, night_steps: 0 });
        assert_eq!(ColorGrade::of(0.0, 1.0, 0.0).night_steps, NIGHT_STEPS);
        let mut picture = RgbaImage::from_pixel(2, 2, image::Rgba([200, 100, 50, 255]));
        ColorGrade::of(0.0, 0.0, 1.0).apply(&mut picture);
        let [r, g, b, a] = picture.get_pixel(0, 0).0;
        assert!(r.abs_diff(g) <= 1 && g.abs_diff(b) <= 1 && a == 255);
    }
}
