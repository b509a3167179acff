//! Owns the glow of the breath over a still: a brighter copy of a part of the picture, blended over that part with the
//! level of the breath as its opacity. As the level changes, only that part of the screen is redrawn. Does not own the
//! drawing on the screen.

use iced::Rectangle;
use iced::widget::image::Handle;
use image::{Rgba, RgbaImage};

use super::flash;
use super::picture_source::PictureSource;

/// Maximum change of relative luminance in one breath. Even in the shortest in-breath, which takes 3 s, at most half of
/// this change happens within a second, and that half is well below [`flash::OUR_CHANGE`].
const CHANGE_MAX: f32 = 0.15;

/// A part of a picture, as bright as it is at the end of an in-breath.
#[derive(Clone, Debug)]
pub struct BreathGlow {
    /// The brighter copy of the part, which fades to transparent at its edges.
    pub handle: Handle,
    /// The bounds of the part, in pixels of the picture.
    pub bounds: Rectangle,
}

/// The light at the centre of the glow: a relative gain of red, green and blue, and an offset that is added to each, in
/// 255ths.
#[derive(Clone, Copy, Debug, PartialEq)]
struct GlowLight {
    gain: [f32; 3],
    offset: [f32; 3],
}

/// Lamplight, for a warm picture.
const WARM: GlowLight = GlowLight { gain: [0.34, 0.27, 0.18], offset: [16.0, 12.0, 7.0] };
/// Moonlight, for a cool picture.
const COOL: GlowLight = GlowLight { gain: [0.30, 0.34, 0.40], offset: [8.0, 11.0, 17.0] };
/// Horizontal and vertical radius of the glow, as fractions of the picture's width and height.
const RADII: [f32; 2] = [0.30, 0.27];

/// Returns the area where a picture glows: centre x and y, radius x and y, as fractions of its width and height. On the
/// still of a place, the centre is that of the place's focal box.
pub(super) fn area_of(source: PictureSource, aspect: f32) -> [f32; 4] {
    let [x, y] = match source {
        PictureSource::Still(variant) => variant.shader.focus(aspect),
        PictureSource::Slide(_) => [0.5, 0.45],
    };
    [x, y, RADII[0], RADII[1]]
}

fn light_over(picture: &RgbaImage, center: [f32; 2]) -> GlowLight {
    let reach = |axis: usize, length: u32| {
        let edge = |side: f32| ((center[axis] + side * RADII[axis] / 2.0).clamp(0.0, 1.0) * length as f32) as u32;
        (edge(-1.0), edge(1.0).max(edge(-1.0) + 1).min(length))
    };
    let (left, right) = reach(0, picture.width());
    let (top, bottom) = reach(1, picture.height());
    let warmth: i64 = (top..bottom)
        .flat_map(|y| (left..right).map(move |x| picture.get_pixel(x, y).0))
        .map(|[red, _, blue, _]| i64::from(red) - i64::from(blue))
        .sum();
    if warmth < 0 { COOL } else { WARM }
}

/// Renders the glow over a picture, as bright as it is at the end of an in-breath.
pub(super) fn glow_over(source: PictureSource, picture: &RgbaImage) -> BreathGlow {
    let [x, y, across, down] = area_of(source, picture.width() as f32 / picture.height().max(1) as f32);
    let (center, radii) = ([x, y], [across, down]);
    let light = light_over(picture, center);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let edge = |axis: usize, side: f32, length: u32| {
        ((center[axis] + side * radii[axis]) * length as f32).clamp(0.0, length as f32) as u32
    };
    let (left, right) = (edge(0, -1.0, picture.width()), edge(0, 1.0, picture.width()));
    let (top, bottom) = (edge(1, -1.0, picture.height()), edge(1, 1.0, picture.height()));
    let lit = RgbaImage::from_fn((right - left).max(1), (bottom - top).max(1), |x, y| {
        let (x, y) = ((left + x).min(picture.width() - 1), (top + y).min(picture.height() - 1));
        let across = ((x as f32 + 0.5) / width - center[0]) / radii[0];
        let down = ((y as f32 + 0.5) / height - center[1]) / radii[1];
        let strength = bell(across * across + down * down);
        let below = picture.get_pixel(x, y).0;
        let lit = std::array::from_fn(|index| {
            let value = f32::from(below[index]);
            // Bright pixels gain less, because they would otherwise clip to white.
            let gained = value * light.gain[index] * (1.0 - value / 320.0) + light.offset[index];
            (value + gained).min(255.0) as u8
        });
        let [red, green, blue] = within_limit([below[0], below[1], below[2]], lit);
        Rgba([red, green, blue, (strength * 255.0) as u8])
    });
    let bounds = Rectangle { x: left as f32, y: top as f32, width: lit.width() as f32, height: lit.height() as f32 };
    BreathGlow { handle: Handle::from_rgba(lit.width(), lit.height(), lit.into_raw()), bounds }
}

/// Returns `lit`, unless it is brighter than `below` by more than [`CHANGE_MAX`]. In that case, returns a colour
/// between the two that keeps to this limit.
fn within_limit(below: [u8; 3], lit: [u8; 3]) -> [u8; 3] {
    let change = flash::luminance(lit) - flash::luminance(below);
    let part = (CHANGE_MAX / change.max(CHANGE_MAX)).min(1.0);
    std::array::from_fn(|index| {
        let (from, to) = (f32::from(below[index]), f32::from(lit[index]));
        (from + (to - from) * part) as u8
    })
}

/// Returns the strength of the glow: 1 at the centre, falling smoothly to 0 at a distance of 1.
fn bell(distance_squared: f32) -> f32 {
    let inside = (1.0 - distance_squared).max(0.0);
    inside * inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::TimeOfDay;
    use crate::widget::place::SceneVariant;
    use crate::widget::place::shader::PlaceShader;

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
                    // An in-breath takes at least three seconds, and at most half of its change happens within one
                    // second.
                    assert!(change >= 0.0 && change * 0.5 < flash::OUR_CHANGE, "{variant:?} {shade}: {change}");
                    assert!(at(0, 0)[3] < 3 && at(width - 1, 0)[3] < 3 && at(0, height - 1)[3] < 3);
                    assert!(at(width / 2, 0)[3] < 6 && at(0, height / 2)[3] < 6);
                }
            }
        }
    }
}
