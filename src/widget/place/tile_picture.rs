//! Owns the pictures of tiles: a part of a still, cut to the size of a tile, with rounded corners and a foot dark enough
//! for a caption. Both are in the pixels, since iced draws pictures above all rectangles of a layer, and its software
//! renderer cannot round them.

use image::{RgbImage, RgbaImage, imageops};

use super::picture_file::crop_to_fill;
use super::shader::PlaceShader;
use super::still_image::embedded_still;
use crate::vocabulary::place::TimeOfDay;

/// Ink at the foot of a tile: opacity at its edge.
const FOOT_ALPHA: f32 = 0.90;
/// Fraction of a tile's height over which the ink fades in.
const FOOT_FADE: f32 = 0.30;
/// Fraction of a tile's height that is darkest: behind the caption.
const FOOT_SOLID: f32 = 0.30;
/// The colour of the foot: ink.
const FOOT: [f32; 3] = [11.0, 20.0, 32.0];

/// What a tile shows: a part of a place's still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TilePicture {
    /// The place.
    pub shader: PlaceShader,
    /// The time of day.
    pub hour: TimeOfDay,
    /// Left, top, width and height of the part, relative to the still.
    pub part: [f32; 4],
}

/// Pixels of a tile.
#[derive(Debug)]
pub struct TilePixels {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Rows of RGBA.
    pub rgba: Vec<u8>,
}

impl TilePicture {
    /// The whole of a place at an hour.
    #[must_use]
    pub const fn whole(shader: PlaceShader, hour: TimeOfDay) -> Self {
        Self { shader, hour, part: [0.0, 0.0, 1.0, 1.0] }
    }

    /// A part of a place at an hour.
    #[must_use]
    pub const fn part(shader: PlaceShader, hour: TimeOfDay, part: [f32; 4]) -> Self {
        Self { shader, hour, part }
    }

    /// Decodes it at a size in pixels. `None` only if the embedded file were damaged.
    #[must_use]
    pub fn load(self, size: (u32, u32), radius_px: f32, has_caption: bool) -> Option<TilePixels> {
        let file = embedded_still(self.shader, self.hour);
        let whole = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).ok()?.into_rgb8();
        let part = cut(&whole, self.part);
        let mut pixels = crop_to_fill(&part, size, [0.5, 0.5]);
        if has_caption {
            darken_foot(&mut pixels);
        }
        round_corners(&mut pixels, radius_px);
        let (width, height) = pixels.dimensions();
        Some(TilePixels { width, height, rgba: pixels.into_raw() })
    }
}

fn cut(whole: &RgbImage, [left, top, width, height]: [f32; 4]) -> RgbImage {
    let (across, down) = (whole.width() as f32, whole.height() as f32);
    let (x, y) = ((left * across) as u32, (top * down) as u32);
    let (wide, tall) = ((width * across).max(1.0) as u32, (height * down).max(1.0) as u32);
    imageops::crop_imm(whole, x, y, wide, tall).to_image()
}

fn darken_foot(pixels: &mut RgbaImage) {
    let height = pixels.height().max(1) as f32;
    for (_, y, pixel) in pixels.enumerate_pixels_mut() {
        let from_foot = 1.0 - (y as f32 + 0.5) / height;
        let fade = 1.0 - ((from_foot - FOOT_SOLID) / FOOT_FADE).clamp(0.0, 1.0);
        let alpha = FOOT_ALPHA * fade * fade * (3.0 - 2.0 * fade);
        for (value, ink) in pixel.0.iter_mut().zip(FOOT) {
            *value = (f32::from(*value) * (1.0 - alpha) + ink * alpha).round() as u8;
        }
    }
}

/// Makes the corners round and transparent, with antialiasing.
fn round_corners(pixels: &mut RgbaImage, radius_px: f32) {
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let radius = radius_px.min(width / 2.0).min(height / 2.0).max(0.0);
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let (dx, dy) =
            ((radius - x).max(x - (width - radius)).max(0.0), (radius - y).max(y - (height - radius)).max(0.0));
        let inside = (radius - dx.hypot(dy) + 0.5).clamp(0.0, 1.0);
        if dx > 0.0 && dy > 0.0 {
            pixel.0[3] = (255.0 * inside).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_its_size_round_corners_and_a_dark_foot() {
        let picture = TilePicture::whole(PlaceShader::Beach, TimeOfDay::Day).load((120, 80), 12.0, true).unwrap();
        assert_eq!((picture.width, picture.height), (120, 80));
        let at = |x: usize, y: usize| &picture.rgba[(y * 120 + x) * 4..][..4];
        assert_eq!((at(0, 0)[3], at(60, 40)[3], at(119, 79)[3]), (0, 255, 0));
        // Sand on the brightest foot has to keep a contrast of 7: its luminance stays below 0.05.
        let brightest = (20..100).map(|x| at(x, 76)[..3].iter().copied().max().unwrap()).max().unwrap();
        assert!(brightest < 62, "{brightest}");
    }
}
