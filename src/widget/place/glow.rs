//! Owns the glow of the breath over a still: a lit copy of a part of the picture, blended over it with the level of the
//! breath. So only that part of the screen is redrawn as the patient breathes.

use iced::Rectangle;
use iced::widget::image::Handle;
use image::{Rgba, RgbaImage};

use super::flash;
use super::picture_source::PictureSource;
use super::shader::PlaceShader;
use crate::vocabulary::place::TimeOfDay;

/// Maximum change of relative luminance in one breath. The quickest pattern makes half of it in a second, which is well
/// below what [`flash`] allows.
const CHANGE_MAX: f32 = 0.15;

/// A part of a picture in the light of a full breath in.
#[derive(Clone, Debug)]
pub struct BreathGlow {
    /// The lit part, which fades to transparent at its edges.
    pub handle: Handle,
    /// Where it lies, in pixels of the picture.
    pub bounds: Rectangle,
}

/// A soft light over a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct GlowLight {
    /// Centre, as fractions of the picture's width and height.
    center: [f32; 2],
    /// Radii, as fractions of the picture's width and height.
    radii: [f32; 2],
    /// Relative gain of red, green and blue at the centre.
    gain: [f32; 3],
    /// What is added to red, green and blue at the centre, in 255ths.
    offset: [f32; 3],
}

/// The light of a picture. It lies where the shipped stills are brightest.
fn light_of(source: PictureSource) -> GlowLight {
    let warm =
        GlowLight { center: [0.5, 0.45], radii: [0.32, 0.28], gain: [0.34, 0.27, 0.18], offset: [16.0, 12.0, 7.0] };
    let cool = GlowLight { gain: [0.30, 0.34, 0.40], offset: [8.0, 11.0, 17.0], ..warm };
    let PictureSource::Still(variant) = source else { return warm };
    let is_night = variant.hour == TimeOfDay::Night;
    match variant.shader {
        PlaceShader::Beach => {
            let base = if is_night { cool } else { warm };
            // Around the sun or the moon and its path. By day the light is everywhere.
            let across = match variant.hour {
                TimeOfDay::Dawn => 0.35,
                TimeOfDay::Day => 0.5,
                TimeOfDay::Dusk | TimeOfDay::Night => 0.65,
            };
            GlowLight { center: [across, 0.48], radii: [0.34, 0.20], ..base }
        }
        PlaceShader::Forest => {
            let base = if is_night { cool } else { warm };
            GlowLight { center: [0.54, 0.42], radii: [0.28, 0.30], ..base }
        }
        PlaceShader::QuietRoom => {
            GlowLight { center: [0.64, 0.64], radii: [0.24, 0.28], gain: [0.42, 0.28, 0.14], offset: [18.0, 10.0, 3.0] }
        }
        PlaceShader::NightSky => GlowLight { center: [0.5, 0.50], radii: [0.32, 0.26], ..cool },
        PlaceShader::DriftingColour => GlowLight { radii: [0.30, 0.28], ..warm },
    }
}

/// Where a picture glows: centre x and y, radius x and y, as fractions of its width and height.
pub(super) fn area_of(source: PictureSource) -> [f32; 4] {
    let GlowLight { center, radii, .. } = light_of(source);
    [center[0], center[1], radii[0], radii[1]]
}

/// The glow of a full breath over a picture.
pub(super) fn glow_over(source: PictureSource, picture: &RgbaImage) -> BreathGlow {
    let light = light_of(source);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let edge = |axis: usize, side: f32, length: u32| {
        ((light.center[axis] + side * light.radii[axis]) * length as f32).clamp(0.0, length as f32) as u32
    };
    let (left, right) = (edge(0, -1.0, picture.width()), edge(0, 1.0, picture.width()));
    let (top, bottom) = (edge(1, -1.0, picture.height()), edge(1, 1.0, picture.height()));
    let lit = RgbaImage::from_fn((right - left).max(1), (bottom - top).max(1), |x, y| {
        let (x, y) = ((left + x).min(picture.width() - 1), (top + y).min(picture.height() - 1));
        let across = ((x as f32 + 0.5) / width - light.center[0]) / light.radii[0];
        let down = ((y as f32 + 0.5) / height - light.center[1]) / light.radii[1];
        let strength = bell(across * across + down * down);
        let below = picture.get_pixel(x, y).0;
        let lit = std::array::from_fn(|index| {
            let value = f32::from(below[index]);
            // Bright pixels gain less, so that they do not clip.
            let gained = value * light.gain[index] * (1.0 - value / 320.0) + light.offset[index];
            (value + gained).min(255.0) as u8
        });
        let [red, green, blue] = within_limit([below[0], below[1], below[2]], lit);
        Rgba([red, green, blue, (strength * 255.0) as u8])
    });
    let bounds = Rectangle { x: left as f32, y: top as f32, width: lit.width() as f32, height: lit.height() as f32 };
    BreathGlow { handle: Handle::from_rgba(lit.width(), lit.height(), lit.into_raw()), bounds }
}

/// `lit`, or as much of the way to it from `below` as [`CHANGE_MAX`] allows.
fn within_limit(below: [u8; 3], lit: [u8; 3]) -> [u8; 3] {
    let change = flash::luminance(lit) - flash::luminance(below);
    let part = (CHANGE_MAX / change.max(CHANGE_MAX)).min(1.0);
    std::array::from_fn(|index| {
        let (from, to) = (f32::from(below[index]), f32::from(lit[index]));
        (from + (to - from) * part) as u8
    })
}

/// 1 at the centre, falling to 0 at a distance of 1 without an edge.
fn bell(distance_squared: f32) -> f32 {
    let inside = (1.0 - distance_squared).max(0.0);
    inside * inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::place::SceneVariant;

    #[test]
    fn a_full_breath_stays_within_the_flash_limit_in_every_place_and_has_no_edge() {
        for shader in PlaceShader::ALL {
            for hour in TimeOfDay::ALL {
                for shade in [0_u8, 40, 90, 140, 200, 255] {
                    let variant = SceneVariant { shader, hour: *hour, mood_percent: 0 };
                    let picture = RgbaImage::from_pixel(320, 200, Rgba([shade, shade, shade, 255]));
                    let glow = glow_over(PictureSource::Still(variant), &picture);
                    let Handle::Rgba { pixels, width, height, .. } = &glow.handle else { panic!("no pixels") };
                    let at = |x: u32, y: u32| &pixels[((y * width + x) * 4) as usize..][..4];
                    let middle = at(width / 2, height / 2);
                    let change = flash::luminance([middle[0], middle[1], middle[2]]) - flash::luminance([shade; 3]);
                    // A breath in takes at least three seconds, and goes at most half of its way within one.
                    assert!(change >= 0.0 && change * 0.5 < flash::OUR_CHANGE, "{variant:?} {shade}: {change}");
                    assert!(at(0, 0)[3] < 3 && at(width - 1, 0)[3] < 3 && at(0, height - 1)[3] < 3);
                    assert!(at(width / 2, 0)[3] < 6 && at(0, height / 2)[3] < 6);
                }
            }
        }
    }
}
