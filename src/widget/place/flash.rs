//! Owns the flash test: whether a run of pictures could flash at anyone. WCAG 2.3.1, and a limit of our own that is far
//! stricter. Does not own where the pictures come from.
//!
//! WCAG 2.2, success criterion 2.3.1 and its definition of *general flash and red flash thresholds*: not more than three
//! flashes in any second; a general flash is a pair of opposing changes in relative luminance of 10 % or more of the
//! maximum where the darker is below 0.80; a red flash is a pair of opposing changes that involve a saturated red,
//! R/(R+G+B) ≥ 0.8 with a change of (R−G−B)·320 above 20. An area counts from a quarter of any 10 degrees of sight on:
//! 21 824 of 1024 × 768 pixels, 2.8 % of the screen. Here every such part of the screen counts, in one piece or not.

use std::sync::LazyLock;
use std::time::Duration;

/// A picture is looked at in so many parts across.
pub const ACROSS: usize = 32;
/// A picture is looked at in so many parts down.
pub const DOWN: usize = 20;
const CELLS: usize = ACROSS * DOWN;
/// Every rule speaks of one second.
const SECOND: Duration = Duration::from_secs(1);
/// WCAG: more flashes than this in a second fail.
const FLASHES_MAX: u32 = 3;
/// WCAG: a change of relative luminance counts from here on.
const GENERAL_CHANGE: f32 = 0.10;
/// WCAG: a change between two pictures that are both brighter than this does not count.
const GENERAL_DARKER: f32 = 0.80;
/// WCAG: the share of red from which on it is saturated.
const RED_SHARE: f32 = 0.8;
/// WCAG: a change of the red measure counts above this.
const RED_CHANGE: f32 = 20.0;
/// WCAG: the share of the screen that counts.
const WCAG_AREA: f32 = 21_824.0 / (1024.0 * 768.0);
/// Ours: the share of the screen that counts.
pub const OUR_AREA: f32 = 0.05;
/// Ours: relative luminance changes by less than this within a second.
pub const OUR_CHANGE: f32 = 0.10;

/// What was found in a run of pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The most general flashes within one second in a part of the screen that counts.
    pub general_flashes: u32,
    /// The most red flashes within one second in a part of the screen that counts.
    pub red_flashes: u32,
    /// By how much relative luminance changed within one second in at least 5 % of the screen, 0 to 1.
    pub largest_change: f32,
}

impl Verdict {
    /// Whether nobody is flashed at: by WCAG 2.3.1 and by our own limit.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.general_flashes <= FLASHES_MAX && self.red_flashes <= FLASHES_MAX && self.largest_change < OUR_CHANGE
    }
}

/// One picture, as the test sees it: the mean light of each part of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    at: Duration,
    luminance: Vec<f32>,
    red: Vec<Red>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Red {
    measure: f32,
    is_saturated: bool,
}

impl Glance {
    /// A picture of rows of red, green, blue and opacity, eight bits each, shown `at` after the first. One that is
    /// smaller than [`ACROSS`] × [`DOWN`] is seen as black.
    #[must_use]
    pub fn of(at: Duration, width: u32, rgba: &[u8]) -> Self {
        let width = width as usize;
        let height = rgba.len() / 4 / width.max(1);
        let mut sums = vec![[0.0_f32; 4]; CELLS];
        if width >= ACROSS && height >= DOWN {
            for (y, row) in rgba.chunks_exact(width * 4).enumerate() {
                let line = y * DOWN / height * ACROSS;
                for (x, pixel) in row.chunks_exact(4).enumerate() {
                    let sum = &mut sums[line + x * ACROSS / width];
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

    /// A picture whose parts have these mean colours, in linear light.
    fn of_cells(at: Duration, cells: impl Iterator<Item = [f32; 3]>) -> Self {
        let (luminance, red) = cells
            .map(|[r, g, b]| {
                let measure = ((r - g - b) * 320.0).max(0.0);
                let is_saturated = r > 0.0 && r / (r + g + b) >= RED_SHARE;
                (0.2126 * r + 0.7152 * g + 0.0722 * b, Red { measure, is_saturated })
            })
            .unzip();
        Self { at, luminance, red }
    }
}

/// Relative luminance of a colour as it is shown, 0 to 1.
#[must_use]
pub fn luminance(shown: [u8; 3]) -> f32 {
    let [r, g, b] = shown.map(|channel| LINEAR[usize::from(channel)]);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Light of a channel of eight bits (sRGB), 0 to 1.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let shown = value as f32 / 255.0;
        if shown <= 0.040_45 { shown / 12.92 } else { ((shown + 0.055) / 1.055).powf(2.4) }
    })
});

/// Looks through pictures in the order in which they are shown.
#[must_use]
pub fn look_through(glances: &[Glance]) -> Verdict {
    let general = flashes(glances, general_of, |glance, cell| glance.luminance[cell]);
    let red = flashes(glances, red_of, |glance, cell| glance.red[cell].measure);
    Verdict {
        general_flashes: most_in_a_second(glances, &general),
        red_flashes: most_in_a_second(glances, &red),
        largest_change: largest_change(glances),
    }
}

type Turn = Option<bool>;

/// Whether luminance rose (or fell) enough from one picture to another to be one half of a flash.
fn general_of(from: &Glance, to: &Glance, cell: usize) -> Turn {
    let (before, after) = (from.luminance[cell], to.luminance[cell]);
    let counts = (after - before).abs() >= GENERAL_CHANGE && before.min(after) < GENERAL_DARKER;
    counts.then_some(after > before)
}

fn red_of(from: &Glance, to: &Glance, cell: usize) -> Turn {
    let (before, after) = (from.red[cell], to.red[cell]);
    let counts = (before.is_saturated || after.is_saturated) && (after.measure - before.measure).abs() > RED_CHANGE;
    counts.then_some(after.measure > before.measure)
}

/// For each part of the screen the pictures in which a flash was complete: a change and the opposite one after it.
fn flashes(
    glances: &[Glance],
    turn: fn(&Glance, &Glance, usize) -> Turn,
    level: fn(&Glance, usize) -> f32,
) -> Vec<Vec<usize>> {
    let one = |cell: usize| {
        let mut complete = Vec::new();
        let (mut lowest, mut highest, mut half) = (0, 0, None);
        for now in 0..glances.len() {
            if turn(&glances[lowest], &glances[now], cell) == Some(true) {
                if half == Some(false) {
                    complete.push(now);
                    half = None;
                } else {
                    half = Some(true);
                }
                (lowest, highest) = (now, now);
            } else if turn(&glances[highest], &glances[now], cell) == Some(false) {
                if half == Some(true) {
                    complete.push(now);
                    half = None;
                } else {
                    half = Some(false);
                }
                (lowest, highest) = (now, now);
            }
            if level(&glances[now], cell) < level(&glances[lowest], cell) {
                lowest = now;
            }
            if level(&glances[now], cell) > level(&glances[highest], cell) {
                highest = now;
            }
        }
        complete
    };
    (0..CELLS).map(one).collect()
}

/// The most flashes in any second that are reached in a part of the screen that counts.
fn most_in_a_second(glances: &[Glance], complete: &[Vec<usize>]) -> u32 {
    let mut most = 0;
    for (start, first) in glances.iter().enumerate() {
        let end = glances.partition_point(|glance| glance.at <= first.at + SECOND);
        let mut counts: Vec<u32> = complete
            .iter()
            .map(|flashes| flashes.iter().filter(|now| (start..end).contains(*now)).count() as u32)
            .collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        most = most.max(counts[cells_of(WCAG_AREA) - 1]);
    }
    most
}

/// How many parts of the screen make up that share of it.
fn cells_of(area: f32) -> usize {
    ((CELLS as f32 * area).ceil() as usize).clamp(1, CELLS)
}

/// The largest change within a second that at least 5 % of the screen make.
fn largest_change(glances: &[Glance]) -> f32 {
    let mut largest = 0.0_f32;
    for (start, first) in glances.iter().enumerate() {
        let end = glances.partition_point(|glance| glance.at <= first.at + SECOND);
        let mut changes: Vec<f32> = (0..CELLS)
            .map(|cell| {
                let seen = glances[start..end].iter().map(|glance| glance.luminance[cell]);
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

    /// Five seconds of pictures at 20 a second, each part's grey or colour as `shade` says.
    fn run(shade: impl Fn(f32, usize) -> [f32; 3]) -> Verdict {
        let glances: Vec<Glance> = (0..100_u32)
            .map(|index| {
                let at = Duration::from_millis(u64::from(index) * 50);
                Glance::of_cells(at, (0..CELLS).map(|cell| shade(at.as_secs_f32(), cell)))
            })
            .collect();
        look_through(&glances)
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
        assert_eq!(still, Verdict::default());
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
    fn two_bright_pictures_are_no_general_flash() {
        let verdict = run(|time_s, _| if square(time_s, 4.0) { [1.0; 3] } else { [0.85; 3] });
        assert_eq!(verdict.general_flashes, 0);
    }

    #[test]
    fn a_breath_of_slow_light_is_calm_and_a_quick_one_is_not() {
        let breath = |cycle_s: f32, swing: f32| {
            run(move |time_s, _| [0.3 + swing * (std::f32::consts::TAU * time_s / cycle_s).sin(); 3])
        };
        assert!(breath(10.0, 0.08).is_calm());
        assert!(!breath(2.0, 0.08).is_calm());
        assert_eq!(breath(2.0, 0.08).general_flashes, 1);
    }

    #[test]
    fn pixels_are_gathered_into_the_right_parts() {
        let (width, height) = (64_usize, 40_usize);
        let rgba: Vec<u8> = (0..width * height)
            .flat_map(|index| if index % width < width / 2 { [255, 255, 255, 255] } else { [0, 0, 0, 255] })
            .collect();
        let glance = Glance::of(Duration::ZERO, width as u32, &rgba);
        assert!((glance.luminance[0] - 1.0).abs() < 1e-4 && glance.luminance[ACROSS - 1] < 1e-4);
        assert!((glance.luminance.iter().sum::<f32>() / CELLS as f32 - 0.5).abs() < 1e-3);
        assert!(Glance::of(Duration::ZERO, 3, &[0; 12]).luminance.iter().all(|light| light.abs() < 1e-6));
    }
}
