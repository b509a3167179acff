//! Owns the flash test: whether a sequence of frames flashes, by WCAG 2.3.1 and by this program's own limit, which is
//! far stricter. Does not own the source of the frames.
//!
//! WCAG 2.2, success criterion 2.3.1, with its definition of *general flash and red flash thresholds*:
//! - There are at most three flashes within any second.
//! - A general flash is a pair of opposing changes in relative luminance of 10 % or more of the maximum, where the
//!   darker image is below 0.80.
//! - A red flash is a pair of opposing changes that involve a saturated red: R/(R+G+B) ≥ 0.8, with a change of
//!   (R−G−B)·320 above 20.
//! - An area counts if it is at least 25 % of any 10 degrees of the visual field, which is 21 824 of 1024 × 768 pixels.
//!   That is 2.8 % of the screen. WCAG counts contiguous areas; this test counts scattered ones, too.

use std::sync::LazyLock;
use std::time::Duration;

/// Number of columns in the grid of cells in which a frame is sampled.
pub const COLUMNS: usize = 32;
/// Number of rows in the grid of cells in which a frame is sampled.
pub const ROWS: usize = 20;
const CELLS: usize = COLUMNS * ROWS;
/// Every rule counts flashes and changes within a period of this length.
const SECOND: Duration = Duration::from_secs(1);
/// WCAG: maximum number of flashes within a second.
const FLASHES_MAX: u32 = 3;
/// WCAG: smallest change of relative luminance that counts.
const GENERAL_CHANGE: f32 = 0.10;
/// WCAG: luminance of the darker image at or above which a change does not count.
const GENERAL_DARKER: f32 = 0.80;
/// WCAG: minimum of R/(R+G+B) for a colour to be a saturated red.
const RED_SHARE: f32 = 0.8;
/// WCAG: value above which a change of (R−G−B)·320 counts.
const RED_CHANGE: f32 = 20.0;
/// WCAG: smallest share of the screen that counts.
const WCAG_AREA: f32 = 21_824.0 / (1024.0 * 768.0);
/// This program's limit: smallest share of the screen that counts.
pub const OUR_AREA: f32 = 0.05;
/// This program's limit: relative luminance has to change by less than this within a second.
pub const OUR_CHANGE: f32 = 0.10;

/// The result of the flash test.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlashVerdict {
    /// Maximum number of general flashes within one second, in an area that counts.
    pub general_flashes: u32,
    /// Maximum number of red flashes within one second, in an area that counts.
    pub red_flashes: u32,
    /// Largest change of relative luminance within one second, in at least 5 % of the screen, 0 to 1.
    pub largest_change: f32,
}

impl FlashVerdict {
    /// Returns whether the frames keep to WCAG 2.3.1 and to this program's own limit.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.general_flashes <= FLASHES_MAX && self.red_flashes <= FLASHES_MAX && self.largest_change < OUR_CHANGE
    }
}

/// A frame, reduced to the mean luminance and redness of each cell.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameSample {
    at: Duration,
    luminance: Vec<f32>,
    red: Vec<RedSample>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct RedSample {
    measure: f32,
    is_saturated: bool,
}

impl FrameSample {
    /// Samples a frame from rows of RGBA pixels, each row `width` pixels wide. `at` is the time from the first frame to
    /// this one. A frame smaller than [`COLUMNS`] × [`ROWS`] pixels counts as black.
    #[must_use]
    pub fn of(at: Duration, width: u32, rgba: &[u8]) -> Self {
        let width = width as usize;
        let height = rgba.len() / 4 / width.max(1);
        let mut sums = vec![[0.0_f32; 4]; CELLS];
        if width >= COLUMNS && height >= ROWS {
            for (y, row) in rgba.chunks_exact(width * 4).enumerate() {
                let row_start = y * ROWS / height * COLUMNS;
                for (x, pixel) in row.chunks_exact(4).enumerate() {
                    let sum = &mut sums[row_start + x * COLUMNS / width];
                    for channel in 0..3 {
                        sum[channel] += LINEAR[usize::from(pixel[channel])];
                    }
                    sum[3] += 1.0;
                }
            }
        }
        let means = sums.into_iter().map(|[r, g, b, count]| [r, g, b].map(|sum| sum / count.max(1.0)));
        Self::of_cells(at, means)
    }

    /// Creates a frame whose cells have these mean colours, in linear light.
    fn of_cells(at: Duration, cells: impl Iterator<Item = [f32; 3]>) -> Self {
        let (luminance, red) = cells
            .map(|[r, g, b]| {
                let measure = ((r - g - b) * 320.0).max(0.0);
                let is_saturated = r > 0.0 && r / (r + g + b) >= RED_SHARE;
                (0.2126 * r + 0.7152 * g + 0.0722 * b, RedSample { measure, is_saturated })
            })
            .unzip();
        Self { at, luminance, red }
    }
}

/// Returns the relative luminance of an sRGB colour, 0 to 1, as WCAG 2.2 defines it.
#[must_use]
pub fn luminance(srgb: [u8; 3]) -> f32 {
    let [r, g, b] = srgb.map(|channel| LINEAR[usize::from(channel)]);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Linear light of each value of an sRGB channel, 0 to 1.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let encoded = value as f32 / 255.0;
        if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
    })
});

/// Tests whether a sequence of frames flashes. The frames are passed in the order in which they are shown.
#[must_use]
pub fn analyze(samples: &[FrameSample]) -> FlashVerdict {
    let general = flashes(samples, general_change, |sample, cell| sample.luminance[cell]);
    let red = flashes(samples, red_change, |sample, cell| sample.red[cell].measure);
    FlashVerdict {
        general_flashes: flashes_within_a_second(samples, &general),
        red_flashes: flashes_within_a_second(samples, &red),
        largest_change: largest_change(samples),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    const fn of(is_up: bool) -> Self {
        if is_up { Self::Up } else { Self::Down }
    }
}

/// Returns the direction in which luminance changed, if it changed enough to be half of a flash.
fn general_change(from: &FrameSample, to: &FrameSample, cell: usize) -> Option<Direction> {
    let (before, after) = (from.luminance[cell], to.luminance[cell]);
    let counts = (after - before).abs() >= GENERAL_CHANGE && before.min(after) < GENERAL_DARKER;
    counts.then(|| Direction::of(after > before))
}

/// Returns the direction in which the red measure changed, if it changed enough to be half of a flash.
fn red_change(from: &FrameSample, to: &FrameSample, cell: usize) -> Option<Direction> {
    let (before, after) = (from.red[cell], to.red[cell]);
    let counts = (before.is_saturated || after.is_saturated) && (after.measure - before.measure).abs() > RED_CHANGE;
    counts.then(|| Direction::of(after.measure > before.measure))
}

/// Returns, for each cell, the indices of the frames in which a flash was completed. A flash is a change followed by
/// the opposite change.
fn flashes(
    samples: &[FrameSample],
    change: fn(&FrameSample, &FrameSample, usize) -> Option<Direction>,
    level: fn(&FrameSample, usize) -> f32,
) -> Vec<Vec<usize>> {
    let one = |cell: usize| {
        let mut complete = Vec::new();
        let (mut lowest, mut highest, mut half) = (0, 0, None);
        for now in 0..samples.len() {
            if change(&samples[lowest], &samples[now], cell) == Some(Direction::Up) {
                if half == Some(Direction::Down) {
                    complete.push(now);
                    half = None;
                } else {
                    half = Some(Direction::Up);
                }
                (lowest, highest) = (now, now);
            } else if change(&samples[highest], &samples[now], cell) == Some(Direction::Down) {
                if half == Some(Direction::Up) {
                    complete.push(now);
                    half = None;
                } else {
                    half = Some(Direction::Down);
                }
                (lowest, highest) = (now, now);
            }
            if level(&samples[now], cell) < level(&samples[lowest], cell) {
                lowest = now;
            }
            if level(&samples[now], cell) > level(&samples[highest], cell) {
                highest = now;
            }
        }
        complete
    };
    (0..CELLS).map(one).collect()
}

/// Returns the maximum number of flashes within a second in an area large enough to count.
fn flashes_within_a_second(samples: &[FrameSample], complete: &[Vec<usize>]) -> u32 {
    let mut most = 0;
    for (start, first) in samples.iter().enumerate() {
        let end = samples.partition_point(|sample| sample.at <= first.at + SECOND);
        let mut counts: Vec<u32> = complete
            .iter()
            .map(|flashes| flashes.iter().filter(|now| (start..end).contains(*now)).count() as u32)
            .collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        most = most.max(counts[cells_of(WCAG_AREA) - 1]);
    }
    most
}

/// Returns the number of cells that make up a share of the screen.
fn cells_of(area: f32) -> usize {
    ((CELLS as f32 * area).ceil() as usize).clamp(1, CELLS)
}

/// Returns the largest change of luminance within a second in at least [`OUR_AREA`] of the screen.
fn largest_change(samples: &[FrameSample]) -> f32 {
    let mut largest = 0.0_f32;
    for (start, first) in samples.iter().enumerate() {
        let end = samples.partition_point(|sample| sample.at <= first.at + SECOND);
        let mut changes: Vec<f32> = (0..CELLS)
            .map(|cell| {
                let seen = samples[start..end].iter().map(|sample| sample.luminance[cell]);
                let (low, high) =
                    seen.fold((f32::MAX, 0.0_f32), |(low, high), level| (low.min(level), high.max(level)));
                high - low
            })
            .collect();
        changes.sort_unstable_by(|a, b| b.total_cmp(a));
        largest = largest.max(changes[cells_of(OUR_AREA) - 1]);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests five seconds at 20 frames a second. `shade` returns the linear colour of a cell at a time in seconds.
    fn run(shade: impl Fn(f32, usize) -> [f32; 3]) -> FlashVerdict {
        let samples: Vec<FrameSample> = (0..100_u32)
            .map(|index| {
                let at = Duration::from_millis(u64::from(index) * 50);
                FrameSample::of_cells(at, (0..CELLS).map(|cell| shade(at.as_secs_f32(), cell)))
            })
            .collect();
        analyze(&samples)
    }

    fn square(time_s: f32, hertz: f32) -> bool {
        (time_s * hertz).fract() < 0.5
    }

    #[test]
    fn four_flashes_a_second_are_found_and_stillness_is_calm() {
        let verdict = run(|time_s, _| if square(time_s, 4.0) { [0.5; 3] } else { [0.1; 3] });
        assert!(verdict.general_flashes >= 4, "{verdict:?}");
        assert!(!verdict.is_calm());
        let still = run(|_, cell| [cell as f32 / CELLS as f32; 3]);
        assert_eq!(still, FlashVerdict::default());
        assert!(still.is_calm());
    }

    #[test]
    fn two_flashes_a_second_pass_wcag_and_fail_our_own_limit() {
        let verdict = run(|time_s, _| if square(time_s, 2.0) { [0.5; 3] } else { [0.1; 3] });
        assert!((1..=3).contains(&verdict.general_flashes), "{verdict:?}");
        assert!(verdict.largest_change > 0.35 && !verdict.is_calm());
    }

    #[test]
    fn a_small_light_may_flicker_and_a_larger_one_may_not() {
        let flicker = |cells: usize| {
            run(move |time_s, cell| if cell < cells && square(time_s, 5.0) { [0.6; 3] } else { [0.1; 3] })
        };
        assert_eq!(flicker(cells_of(WCAG_AREA) - 1).general_flashes, 0);
        assert!(flicker(cells_of(WCAG_AREA)).general_flashes > FLASHES_MAX);
        assert!(flicker(cells_of(OUR_AREA) - 1).largest_change < OUR_CHANGE);
        assert!(flicker(cells_of(OUR_AREA)).largest_change > OUR_CHANGE);
    }

    #[test]
    fn a_red_flash_is_found_where_luminance_hardly_changes() {
        let verdict = run(|time_s, _| if square(time_s, 4.0) { [0.35, 0.0, 0.0] } else { [0.0, 0.104, 0.0] });
        assert!(verdict.red_flashes > FLASHES_MAX, "{verdict:?}");
        assert_eq!(verdict.general_flashes, 0);
        let green = run(|time_s, _| if square(time_s, 4.0) { [0.0, 0.12, 0.0] } else { [0.0, 0.10, 0.0] });
        assert_eq!(green.red_flashes, 0);
    }

    #[test]
    fn two_bright_frames_are_no_general_flash() {
        let verdict = run(|time_s, _| if square(time_s, 4.0) { [1.0; 3] } else { [0.85; 3] });
        assert_eq!(verdict.general_flashes, 0);
    }

    #[test]
    fn a_slow_breath_of_light_is_calm_and_a_quick_one_is_not() {
        let breath = |cycle_s: f32, swing: f32| {
            run(move |time_s, _| [0.3 + swing * (std::f32::consts::TAU * time_s / cycle_s).sin(); 3])
        };
        assert!(breath(10.0, 0.08).is_calm());
        assert!(!breath(2.0, 0.08).is_calm());
        assert_eq!(breath(2.0, 0.08).general_flashes, 1);
    }

    #[test]
    fn pixels_are_sampled_into_the_right_cells() {
        let (width, height) = (64_usize, 40_usize);
        let rgba: Vec<u8> = (0..width * height)
            .flat_map(|index| if index % width < width / 2 { [255, 255, 255, 255] } else { [0, 0, 0, 255] })
            .collect();
        let sample = FrameSample::of(Duration::ZERO, width as u32, &rgba);
        assert!((sample.luminance[0] - 1.0).abs() < 1e-4 && sample.luminance[COLUMNS - 1] < 1e-4);
        assert!((sample.luminance.iter().sum::<f32>() / CELLS as f32 - 0.5).abs() < 1e-3);
        assert!(FrameSample::of(Duration::ZERO, 3, &[0; 12]).luminance.iter().all(|light| light.abs() < 1e-6));
    }
}
