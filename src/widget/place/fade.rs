//! Owns the choice of a duration for a crossfade between two stills, long enough for the crossfade not to flash. Also
//! owns the flash test of the crossfades between the clinic's own pictures. Does not own the start of a crossfade.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::flash::{self, FlashVerdict, FrameSample};
use super::picture_file;
use super::picture_source::{ColorGrade, PictureSource};
use super::still_image::{SlideFolder, StillImage};
use crate::widget::easing::smoothstep;

/// Minimum duration of a crossfade from one place to another, or from one light to another in the same place.
pub const PLACE_FADE: Duration = Duration::from_millis(1_600);
/// Minimum duration of a crossfade from one of the clinic's own pictures to the next.
pub const SLIDE_FADE: Duration = Duration::from_secs(4);
/// Number of steps in which the flash test samples a crossfade.
const FADE_STEPS: u32 = 120;

/// Tests the crossfades from each picture of a folder to the next, and from the last to the first, for flashes. Returns
/// the verdicts, each with the file that fades in. Pictures that cannot be read are skipped, as on the screen.
/// `progress` receives the number of files done and the next file.
#[must_use]
pub fn fade_verdicts(
    slides: &SlideFolder,
    size: (u32, u32),
    progress: &mut dyn FnMut(usize, &Path),
) -> Vec<(PathBuf, FlashVerdict)> {
    let first = slides.files().iter().take(1);
    let mut before: Option<StillImage> = None;
    let mut verdicts = Vec::new();
    for (done, file) in slides.files().iter().chain(first).enumerate() {
        progress(done, file);
        let Ok(picture) = picture_file::decode(file) else { continue };
        let picture =
            StillImage::new(PictureSource::Slide(0), ColorGrade::default(), picture.crop_to_fill(size), false);
        if let Some(before) = &before {
            let length = calm_fade(before, &picture, SLIDE_FADE);
            let samples = (0..=FADE_STEPS).map(|step| {
                let weight = smoothstep(step as f32 / FADE_STEPS as f32);
                let mixed: Vec<u8> =
                    before.pixels().iter().zip(picture.pixels()).map(|(a, b)| mix(*a, *b, weight)).collect();
                FrameSample::of(length * step / FADE_STEPS, size.0, &mixed)
            });
            verdicts.push((file.clone(), flash::analyze(&samples.collect::<Vec<_>>())));
        }
        before = Some(picture);
    }
    verdicts
}

/// Returns a duration of at least `least` in which one picture can fade into another calmly: only in an area smaller
/// than [`flash::OUR_AREA`] may luminance change by [`flash::OUR_CHANGE`] within a second. The duration is the shortest
/// of several candidates that is long enough, or 20 times `least` if none is.
#[must_use]
pub fn calm_fade(from: &StillImage, to: &StillImage, least: Duration) -> Duration {
    const POINTS: usize = 64;
    let luminances: Vec<[f32; POINTS + 1]> = from
        .cell_colors
        .iter()
        .zip(&to.cell_colors)
        .map(|(before, after)| {
            std::array::from_fn(|point| {
                let weight = smoothstep(point as f32 / POINTS as f32);
                flash::luminance(std::array::from_fn(|channel| mix(before[channel], after[channel], weight)))
            })
        })
        .collect();
    let cells_max = (luminances.len() as f32 * flash::OUR_AREA).ceil() as usize;
    let is_calm = |length: Duration| {
        let window = ((POINTS as f32 / length.as_secs_f32()).ceil() as usize).clamp(1, POINTS);
        let beyond_limit = luminances.iter().filter(|luminance| {
            luminance.windows(window + 1).any(|seen| (seen[window] - seen[0]).abs() >= 0.9 * flash::OUR_CHANGE)
        });
        beyond_limit.count() < cells_max.max(1)
    };
    let longer = [1.0, 1.5, 2.2, 3.2, 4.5, 6.5, 9.5, 14.0].map(|factor| least.mul_f32(factor));
    longer.into_iter().find(|length| is_calm(*length)).unwrap_or(least.mul_f32(20.0))
}

fn mix(before: u8, after: u8, weight: f32) -> u8 {
    let (before, after) = (f32::from(before), f32::from(after));
    (before + (after - before) * weight).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_between_like_pictures_is_short_and_one_from_night_to_day_is_long() {
        let source = PictureSource::Slide(0);
        let [black, dim, white] = [0, 30, 255].map(|shade| StillImage::plain(source, shade));
        let least = Duration::from_secs(4);
        assert_eq!(calm_fade(&black, &dim, least), least);
        let long = calm_fade(&black, &white, least);
        assert!(long > Duration::from_secs(25) && long <= Duration::from_secs(80), "{long:?}");
    }
}
