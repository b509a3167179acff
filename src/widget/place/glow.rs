//! Owns the light of the breath over a still picture: where it lies in each place, and what it looks like. It is a part
//! of the picture, lit, that is laid over it more or less; so only that part is drawn anew with each step of the breath.

use iced::Rectangle;
use iced::widget::image::Handle;
use image::{Rgba, RgbaImage};

use super::drawn::Drawn;
use super::flash;
use super::pictures::{Subject, handle_of};
use crate::profile::TimeOfDay;

/// A breath changes relative luminance by no more than this. The quickest goes half of its way in a second, which leaves
/// it well below what [`flash`] allows.
const CHANGE_MAX: f32 = 0.15;

/// A part of a picture in the light of a full breath.
#[derive(Clone, Debug)]
pub struct Glow {
    /// The lit part; its edges are clear.
    pub handle: Handle,
    /// Where it lies, in pixels of the picture.
    pub bounds: Rectangle,
}

/// Where light wells up, and in which colour.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Source {
    /// The middle, in parts of the picture's width and height.
    middle: [f32; 2],
    /// How far it reaches, in the same.
    reach: [f32; 2],
    /// What it gives each colour, at its middle.
    gain: [f32; 3],
    /// What it adds to each colour, at its middle, in steps of 255.
    adds: [f32; 3],
}

/// Where the shipped pictures are lightest.
fn source_of(subject: Subject) -> Source {
    let warm = Source { middle: [0.5, 0.45], reach: [0.32, 0.28], gain: [0.34, 0.27, 0.18], adds: [16.0, 12.0, 7.0] };
    let cool = Source { gain: [0.30, 0.34, 0.40], adds: [8.0, 11.0, 17.0], ..warm };
    let Subject::Still(look) = subject else { return warm };
    let is_night = look.hour == TimeOfDay::Night;
    match look.drawn {
        Drawn::Beach => {
            let base = if is_night { cool } else { warm };
            // About the sun or the moon and its path; by day the light is everywhere.
            let across = match look.hour {
                TimeOfDay::Dawn => 0.35,
                TimeOfDay::Day => 0.5,
                TimeOfDay::Dusk | TimeOfDay::Night => 0.65,
            };
            Source { middle: [across, 0.48], reach: [0.34, 0.20], ..base }
        }
        Drawn::Forest => {
            let base = if is_night { cool } else { warm };
            Source { middle: [0.54, 0.42], reach: [0.28, 0.30], ..base }
        }
        Drawn::QuietRoom => {
            Source { middle: [0.64, 0.64], reach: [0.24, 0.28], gain: [0.42, 0.28, 0.14], adds: [18.0, 10.0, 3.0] }
        }
        Drawn::NightSky => Source { middle: [0.5, 0.50], reach: [0.32, 0.26], ..cool },
        Drawn::DriftingColour => Source { reach: [0.30, 0.28], ..warm },
    }
}

/// Where light wells up in that picture: the middle and how far it reaches, in parts of width and height.
pub(super) fn place_of(subject: Subject) -> [f32; 4] {
    let Source { middle, reach, .. } = source_of(subject);
    [middle[0], middle[1], reach[0], reach[1]]
}

/// The light of a full breath over that picture.
pub(super) fn over(subject: Subject, picture: &RgbaImage) -> Glow {
    let source = source_of(subject);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let edge = |axis: usize, side: f32, length: u32| {
        ((source.middle[axis] + side * source.reach[axis]) * length as f32).clamp(0.0, length as f32) as u32
    };
    let (left, right) = (edge(0, -1.0, picture.width()), edge(0, 1.0, picture.width()));
    let (top, bottom) = (edge(1, -1.0, picture.height()), edge(1, 1.0, picture.height()));
    let lit = RgbaImage::from_fn((right - left).max(1), (bottom - top).max(1), |x, y| {
        let (x, y) = ((left + x).min(picture.width() - 1), (top + y).min(picture.height() - 1));
        let across = ((x as f32 + 0.5) / width - source.middle[0]) / source.reach[0];
        let down = ((y as f32 + 0.5) / height - source.middle[1]) / source.reach[1];
        let strength = bell(across * across + down * down);
        let below = picture.get_pixel(x, y).0;
        let lit = std::array::from_fn(|index| {
            let value = f32::from(below[index]);
            // What is bright already takes less: light wells up, it does not burn out.
            let more = value * source.gain[index] * (1.0 - value / 320.0) + source.adds[index];
            (value + more).min(255.0) as u8
        });
        let [red, green, blue] = within_limit([below[0], below[1], below[2]], lit);
        Rgba([red, green, blue, (strength * 255.0) as u8])
    });
    let bounds = Rectangle { x: left as f32, y: top as f32, width: lit.width() as f32, height: lit.height() as f32 };
    Glow { handle: handle_of(lit), bounds }
}

/// As much of the way from `below` to `lit` as the eye may be shown in one breath.
fn within_limit(below: [u8; 3], lit: [u8; 3]) -> [u8; 3] {
    let change = flash::luminance(lit) - flash::luminance(below);
    let part = (CHANGE_MAX / change.max(CHANGE_MAX)).min(1.0);
    std::array::from_fn(|index| {
        let (from, to) = (f32::from(below[index]), f32::from(lit[index]));
        (from + (to - from) * part) as u8
    })
}

/// 1 in the middle, 0 with no edge at a distance of one.
fn bell(distance_squared: f32) -> f32 {
    let inside = (1.0 - distance_squared).max(0.0);
    inside * inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widget::place::Look;

    #[test]
    fn a_full_breath_stays_within_our_limit_of_light_in_every_place_and_has_no_edge() {
        for drawn in Drawn::ALL {
            for hour in TimeOfDay::ALL {
                for shade in [0_u8, 40, 90, 140, 200, 255] {
                    let look = Look { drawn, hour: *hour, mood_percent: 0 };
                    let picture = RgbaImage::from_pixel(320, 200, Rgba([shade, shade, shade, 255]));
                    let glow = over(Subject::Still(look), &picture);
                    let Handle::Rgba { pixels, width, height, .. } = &glow.handle else { panic!("no pixels") };
                    let at = |x: u32, y: u32| &pixels[((y * width + x) * 4) as usize..][..4];
                    let middle = at(width / 2, height / 2);
                    let change = flash::luminance([middle[0], middle[1], middle[2]]) - flash::luminance([shade; 3]);
                    // A whole breath in takes three seconds at least, and a second of it at most 0.5 of the way.
                    assert!(change >= 0.0 && change * 0.5 < flash::OUR_CHANGE, "{look:?} {shade}: {change}");
                    assert!(at(0, 0)[3] < 3 && at(width - 1, 0)[3] < 3 && at(0, height - 1)[3] < 3);
                    assert!(at(width / 2, 0)[3] < 6 && at(0, height / 2)[3] < 6);
                }
            }
        }
    }
}
