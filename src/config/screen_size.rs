//! Owns the size of the smallest screen that has room for every control. Does not own the sizes of controls, which are
//! in `theme`.

use std::ops::RangeInclusive;

/// Allowed diagonals of the screen, in inches.
pub const DIAGONAL_INCHES: RangeInclusive<f32> = 5.0..=32.0;

/// Length of an inch, in millimetres.
pub const MM_PER_INCH: f32 = 25.4;

/// The shorter and the longer side, in millimetres, of the smallest screen on which every control has its full size.
/// The controls of the questions on arrival would be less than 20 mm high on a landscape screen whose shorter side is
/// below 106.5 mm, or on a portrait screen whose longer side is below about 171 mm.
const SMALLEST_SCREEN_MM: (f32, f32) = (107.0, 172.0);

/// Assumed width and height of a screen whose shape is not known. Only their ratio matters, which is the usual one for
/// tablets of about 8 inches.
pub const USUAL_SHAPE: (f32, f32) = (16.0, 10.0);

/// Returns the smallest diagonal, in inches rounded up to a tenth, at which a screen of the given shape has room for
/// every control. Only the ratio of `width` to `height` matters.
#[must_use]
pub fn smallest_diagonal_inches((width, height): (f32, f32)) -> f32 {
    // The subtraction of 0.001 keeps a rounding error from adding a tenth to a diagonal that is already a whole number
    // of tenths.
    (diagonal_inches_of(SMALLEST_SCREEN_MM, (width, height)) * 10.0 - 0.001).ceil() / 10.0
}

/// Returns the smallest diagonal, in inches, at which a screen of the given shape has sides of at least these lengths.
/// Only the ratio of `width` to `height` matters.
#[must_use]
pub fn diagonal_inches_of((shorter_mm, longer_mm): (f32, f32), (width, height): (f32, f32)) -> f32 {
    let (width, height) = (width.max(1.0), height.max(1.0));
    let mm_per_unit = (shorter_mm / width.min(height)).max(longer_mm / width.max(height));
    width.hypot(height) * mm_per_unit / MM_PER_INCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_diagonal_depends_on_the_shape_and_not_on_the_way_up() {
        let shapes = [((1280.0, 800.0), 8.0), ((1920.0, 1080.0), 8.6), ((1024.0, 768.0), 8.5), ((3.0, 2.0), 8.2)];
        for ((width, height), inches) in shapes {
            assert!((smallest_diagonal_inches((width, height)) - inches).abs() < 1e-4, "{width} x {height}");
            assert!((smallest_diagonal_inches((height, width)) - inches).abs() < 1e-4, "{height} x {width}");
        }
        assert!(smallest_diagonal_inches((0.0, 0.0)).is_finite());
    }

    #[test]
    fn both_sides_have_at_least_the_length_that_is_asked_for() {
        for (width, height) in [(16.0, 10.0), (9.0, 16.0), (4.0, 3.0), (1.0, 1.0)] {
            let mm = diagonal_inches_of(SMALLEST_SCREEN_MM, (width, height)) * MM_PER_INCH / width.hypot(height);
            let (shorter_mm, longer_mm) = (width.min(height) * mm, width.max(height) * mm);
            assert!(shorter_mm > 106.99 && longer_mm > 171.99, "{shorter_mm} x {longer_mm} mm");
            assert!(shorter_mm < 107.01 || longer_mm < 172.01, "no larger than needed");
        }
    }
}
