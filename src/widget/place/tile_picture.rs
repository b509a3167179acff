//! Owns the pictures of tiles: a part of a still, cropped to the size of a tile, with round corners. The corners are
//! made transparent in the pixels, because iced's software renderer cannot round the corners of pictures. Does not own
//! the drawing of a tile.

use image::{RgbImage, RgbaImage, imageops};

use super::picture_file::crop_to_fill;
use super::shader::PlaceShader;
use super::still_image::embedded_still;
use crate::vocabulary::place::TimeOfDay;

/// The point around which a picture is cropped to the shape of a tile, as fractions of its width and height. Most
/// places are brightest a little above the middle.
const LIGHT: [f32; 2] = [0.5, 0.42];

/// The part of a place's still that a tile shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TilePicture {
    /// The place.
    pub shader: PlaceShader,
    /// The time of day.
    pub hour: TimeOfDay,
    /// Left, top, width and height of the part, as fractions of the still's size.
    pub part: [f32; 4],
}

/// The pixels of a tile's picture.
#[derive(Debug)]
pub struct TilePixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows of RGBA pixels.
    pub rgba: Vec<u8>,
}

impl TilePicture {
    /// Returns the whole still of a place at a time of day.
    #[must_use]
    pub const fn whole(shader: PlaceShader, hour: TimeOfDay) -> Self {
        Self { shader, hour, part: [0.0, 0.0, 1.0, 1.0] }
    }

    /// Returns a part of the still of a place at a time of day: left, top, width and height, as fractions of the
    /// still's size.
    #[must_use]
    pub const fn part(shader: PlaceShader, hour: TimeOfDay, part: [f32; 4]) -> Self {
        Self { shader, hour, part }
    }

    /// Decodes the picture at this size and with this corner radius, both in pixels. Returns `None` only if the
    /// embedded file is damaged.
    #[must_use]
    pub fn load(self, size: (u32, u32), radius_px: f32) -> Option<TilePixels> {
        let file = embedded_still(self.shader, self.hour);
        let whole = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).ok()?.into_rgb8();
        let part = cut(&whole, self.part);
        let mut pixels = crop_to_fill(&part, size, LIGHT);
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

/// Rounds the corners by making the pixels outside them transparent, with antialiasing.
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
    fn a_tile_has_its_size_and_round_corners() {
        let picture = TilePicture::whole(PlaceShader::Beach, TimeOfDay::Day).load((120, 80), 12.0).unwrap();
        assert_eq!((picture.width, picture.height), (120, 80));
        let at = |x: usize, y: usize| &picture.rgba[(y * 120 + x) * 4..][..4];
        assert_eq!((at(0, 0)[3], at(60, 40)[3], at(119, 79)[3]), (0, 255, 0));
    }
}
