//! Owns the dimming of a place. A place dims toward night, never toward grey. For machines where no shader runs, the
//! pixels of a still are dimmed here in the same way as in `dimming.wgsl`. Does not own the choice of a place's
//! brightness.

use image::RgbaImage;

use crate::widget::easing::smoothstep;

/// Returns the progress toward night, from 0 (as painted) to 1 (darkest), for a brightness of 0 to 1.
pub(super) fn night_veil(brightness: f32) -> f32 {
    let dark = 1.0 - brightness.clamp(0.0, 1.0);
    dark * dark.sqrt().sqrt()
}

/// Dims a displayed colour, whose channels are 0 to 1, by a progress toward night (`veil`) of 0 to 1.
fn toward_night(seen: [f32; 3], veil: f32) -> [f32; 3] {
    const COOL: [f32; 3] = [0.62, 0.82, 1.14];
    const WARM: [f32; 3] = [1.04, 0.87, 0.66];
    let [red, green, blue] = seen;
    let hue = veil * (2.0 - veil);
    let luma = 0.30 * red + 0.59 * green + 0.11 * blue;
    let square = luma * luma;
    let white = square * square;
    let warm = smoothstep(((red - blue) * (1.0 + 1.2 * white) + 0.08) / 0.36);
    let chroma = 1.0 + hue * (0.32 + 0.7 * white);
    let kept = 1.0 + (0.15 + 0.33 * square - 1.0) * veil;
    std::array::from_fn(|channel| {
        let tint = COOL[channel] + (WARM[channel] - COOL[channel]) * warm;
        let deeper = (luma + (seen[channel] - luma) * chroma).max(0.0);
        (deeper * (1.0 + (tint - 1.0) * hue) * kept).min(1.0)
    })
}

/// Dims a picture by a progress toward night (`veil`) of 0 to 1.
pub(super) fn dim(picture: &mut RgbaImage, veil: f32) {
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let [red, green, blue] = toward_night([red, green, blue].map(|channel| f32::from(channel) / 255.0), veil)
            .map(|channel| (channel * 255.0).round() as u8);
        pixel.0 = [red, green, blue, alpha];
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vocabulary::place::TimeOfDay;
    use crate::widget::place::flash;
    use crate::widget::place::offscreen::OffscreenRenderer;
    use crate::widget::place::shader::PlaceShader;
    use crate::widget::place::{SceneUniforms, SceneVariant};

    /// Returns the distance of a colour from grey.
    fn chroma(colour: [f32; 3]) -> f32 {
        let (least, most) = colour.iter().fold((1.0_f32, 0.0_f32), |(low, high), one| (low.min(*one), high.max(*one)));
        (most - least) / most.max(0.001)
    }

    #[test]
    fn a_place_as_painted_stays_as_painted_and_darkens_steadily() {
        for seen in [[0.0; 3], [1.0; 3], [1.0, 0.93, 0.75], [0.2, 0.4, 0.7], [0.5; 3]] {
            for (before, after) in seen.into_iter().zip(toward_night(seen, night_veil(1.0))) {
                assert!((before - after).abs() < 1e-6, "{seen:?}");
            }
            let mut before = f32::MAX;
            for step in (0..=20_u8).rev() {
                let colour = toward_night(seen, night_veil(f32::from(step) / 20.0));
                let luminance = flash::luminance(colour.map(|channel| (channel * 255.0).round() as u8));
                assert!(luminance <= before + 0.004, "{seen:?} at {step}");
                before = luminance;
            }
        }
    }

    #[test]
    fn no_colour_falls_to_grey_on_its_way_to_night() {
        let sun = [1.0, 0.93, 0.75];
        let ember = [0.9, 0.45, 0.2];
        let sea = [0.3, 0.5, 0.7];
        let snow = [0.90, 0.93, 0.97];
        for brightness in [0.8, 0.5, 0.35, 0.15, 0.0] {
            for seen in [sun, ember, sea, snow] {
                let colour = toward_night(seen, night_veil(brightness));
                assert!(chroma(colour) >= chroma(seen), "{seen:?} at {brightness} becomes {colour:?}");
                assert_eq!(colour[0] > colour[2], seen[0] > seen[2], "{seen:?} at {brightness} becomes {colour:?}");
            }
        }
    }

    /// The test ends early on a machine without a device that runs shaders.
    #[test]
    fn a_still_is_dimmed_like_the_place_itself() {
        let Ok(renderer) = OffscreenRenderer::open() else { return };
        let size = (96, 60);
        for hour in TimeOfDay::ALL {
            let variant = SceneVariant::of(PlaceShader::DriftingColour, *hour, 0.0);
            let scene = renderer.scene(variant, size, None).unwrap();
            let painted = SceneUniforms::neutral(*hour, 0.0, Duration::from_secs(40), None);
            for light in [1.0, 0.6, 0.35, 0.0] {
                let mut still = RgbaImage::from_raw(size.0, size.1, scene.render(painted).unwrap()).unwrap();
                dim(&mut still, night_veil(light));
                let place = scene.render(SceneUniforms { light, ..painted }).unwrap();
                let apart = still.as_raw().iter().zip(&place).map(|(one, other)| one.abs_diff(*other)).max();
                assert!(apart <= Some(3), "{hour:?} at {light}: {apart:?} of 255 apart");
            }
        }
    }
}
