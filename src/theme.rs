//! Owns the look of the window: colours, fonts, and sizes in millimetres. Does not own any widget.

use iced::font::{Family, Weight};
use iced::{Color, Font, Size};

use crate::config::MM_PER_INCH;
use crate::room::drawing::Tint;
use crate::vocabulary::patient::TypeSize;

/// Ink: the darkest colour, used as the background of the window and behind text.
pub const INK: Color = Color::from_rgb8(0x0B, 0x14, 0x20);
/// Deep water: the background of a raised surface, such as a page.
pub const DEEP_WATER: Color = Color::from_rgb8(0x10, 0x24, 0x2B);
/// Paper: the background of a page to write or draw on. It is translucent, so the dimmed place behind it stays visible.
pub const PAPER: Color = Color { a: 0.66, ..DEEP_WATER };
/// Bright paper: the background of a code or a drawing that the patient's phone captures with its camera.
pub const BRIGHT_PAPER: Color = Color::from_rgb8(0xF1, 0xE6, 0xD6);
/// Dusk: the background of a key that is switched on, such as *Shift*.
pub const DUSK: Color = Color::from_rgb8(0x2A, 0x2A, 0x4A);
/// Sand: text.
pub const SAND: Color = Color::from_rgb8(0xE9, 0xD8, 0xC3);
/// Lamplight: the borders, icons and labels of what can be touched.
pub const LAMPLIGHT: Color = Color::from_rgb8(0xF2, 0xC4, 0x8D);
/// Dusk with a little lamplight: the background of a chosen control.
pub const DUSK_LIT: Color = Color::from_rgb8(0x35, 0x31, 0x4B);
/// Background of a key.
pub const KEY: Color = Color::from_rgb8(0x16, 0x26, 0x32);
/// Opacity of a control's border in [`LAMPLIGHT`] while the control is not chosen, 0 to 1.
pub const BORDER_OPACITY: f32 = 0.62;
/// Amber: the colour of the call. Nothing else may use it.
pub const AMBER: Color = Color::from_rgb8(0xFF, 0xB4, 0x54);

/// Returns the colour of strokes in this tint on a page of [`DEEP_WATER`].
#[must_use]
pub const fn tint(tint: Tint) -> Color {
    match tint {
        Tint::Sand => SAND,
        Tint::Honey => Color::from_rgb8(0xE2, 0xB5, 0x5E),
        Tint::Rose => Color::from_rgb8(0xDB, 0x93, 0x98),
        Tint::Moss => Color::from_rgb8(0xA0, 0xBA, 0x85),
        Tint::Sea => Color::from_rgb8(0x83, 0xB8, 0xCE),
    }
}

/// Font of the words for the patient.
pub const VOICE: Font = Font::with_name("Literata");
/// Font of the call, and of other words that must be readable with blurred vision.
pub const VOICE_STRONG: Font = Font { weight: Weight::Medium, ..Font::with_name("Literata") };
/// Font of the icons, made by `scripts/icons.py`.
pub const ICONS: Font = Font::with_name("Stillroom Icons");
/// Font of controls, keys and text for staff.
pub const CONTROL: Font = Font::with_name("Atkinson Hyperlegible Next");
/// Font of emphasised controls and text for staff.
pub const CONTROL_STRONG: Font =
    Font { family: Family::Name("Atkinson Hyperlegible Next"), weight: Weight::Semibold, ..Font::DEFAULT };

/// *Literata* in its regular weight. The fonts are embedded as statics, because each use of a constant could embed its
/// font again. Their licences are beside them in `media/fonts`.
pub static LITERATA_REGULAR: &[u8] = include_bytes!("../media/fonts/Literata_400Regular.ttf");
/// *Literata* in its medium weight.
pub static LITERATA_MEDIUM: &[u8] = include_bytes!("../media/fonts/Literata_500Medium.ttf");
/// *Atkinson Hyperlegible Next* in its regular weight.
pub static ATKINSON_REGULAR: &[u8] = include_bytes!("../media/fonts/AtkinsonHyperlegibleNext_400Regular.ttf");
/// *Atkinson Hyperlegible Next* in its semibold weight.
pub static ATKINSON_SEMIBOLD: &[u8] = include_bytes!("../media/fonts/AtkinsonHyperlegibleNext_600SemiBold.ttf");
/// The font of the icons.
pub static ICON_FONT: &[u8] = include_bytes!("../media/fonts/StillroomIcons.ttf");

/// All fonts that the window loads when it opens.
pub static FONTS: [&[u8]; 5] = [LITERATA_REGULAR, LITERATA_MEDIUM, ATKINSON_REGULAR, ATKINSON_SEMIBOLD, ICON_FONT];

/// Returns `color` with its opacity replaced by `alpha`, 0 to 1.
#[must_use]
pub const fn faded(color: Color, alpha: f32) -> Color {
    Color { a: alpha, ..color }
}

/// Converts millimetres to logical pixels on one screen, and gives the sizes of text. Sizes are in millimetres, because
/// touch and legibility depend on physical size: at a reading distance of 45 cm, 1 mm is 7.6 arc minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    px_per_mm: f32,
    type_factor: f32,
}

impl Scale {
    /// Returns the scale of a window that fills its screen. The diagonal of the screen is in inches, the size of the
    /// window in logical pixels.
    #[must_use]
    pub fn new(diagonal_inches: f32, window: Size) -> Self {
        let diagonal_px = window.width.hypot(window.height).max(1.0);
        Self { px_per_mm: diagonal_px / (diagonal_inches.max(1.0) * MM_PER_INCH), type_factor: 1.0 }
    }

    /// Returns this scale with the patient's words in this type size. Words for staff keep their size.
    #[must_use]
    pub const fn with_type(self, size: TypeSize) -> Self {
        let type_factor = match size {
            TypeSize::Normal => 1.0,
            TypeSize::Larger => LARGER_TYPE,
        };
        Self { type_factor, ..self }
    }

    /// Returns the size of the patient's words relative to [`TypeSize::Normal`]: 1 or 1.25.
    #[must_use]
    pub const fn type_factor(self) -> f32 {
        self.type_factor
    }

    /// Converts a font size to logical pixels. `mm` is the size in normal type, in millimetres; the result is in the
    /// type size that the patient has chosen.
    #[must_use]
    pub fn type_mm(self, mm: f32) -> f32 {
        self.mm(mm * self.type_factor)
    }

    /// Converts a length in millimetres to logical pixels.
    #[must_use]
    pub fn mm(self, mm: f32) -> f32 {
        mm * self.px_per_mm
    }

    /// Font size of the call, in logical pixels. Its x-height of 5 mm is legible with a visual acuity of 20/100.
    #[must_use]
    pub fn call(self) -> f32 {
        self.type_mm(10.0)
    }

    /// Font size of a phrase that fills the screen, in logical pixels. A line in normal type is 12.2 mm high.
    #[must_use]
    pub fn phrase(self) -> f32 {
        self.type_mm(9.0)
    }

    /// Font size of a title, in logical pixels. A line in normal type is 9.5 mm high.
    #[must_use]
    pub fn title(self) -> f32 {
        self.type_mm(7.0)
    }

    /// Font size of a control in the session, in logical pixels. The patient may have blurred vision then, so the label
    /// is as large as a title; its lines are closer together, 8 mm high in normal type.
    #[must_use]
    pub fn session_label(self) -> f32 {
        self.type_mm(7.0)
    }

    /// Font size of body text, in logical pixels. A line in normal type is 7.6 mm high.
    #[must_use]
    pub fn body(self) -> f32 {
        self.type_mm(5.6)
    }

    /// Font size of a control's label, in logical pixels. A line in normal type is 6.4 to 7.6 mm high.
    #[must_use]
    pub fn label(self) -> f32 {
        self.type_mm(5.6)
    }

    /// Font size of text and controls for staff, in logical pixels. A line is 6 mm high.
    #[must_use]
    pub fn staff(self) -> f32 {
        self.mm(4.4)
    }

    /// Font size of small print, in logical pixels. A line is 5.2 mm high. This is the smallest text.
    #[must_use]
    pub fn small(self) -> f32 {
        self.mm(3.8)
    }
}

/// Size of larger type, relative to normal type. There is no other size, so every screen can be laid out for both.
const LARGER_TYPE: f32 = 1.25;

/// Usual line height of text, relative to its font size. The labels of many controls have a smaller one.
pub const LINE_HEIGHT: f32 = 1.36;
/// Minimum width and height of a patient's control other than a key, in millimetres. WCAG 2.2 asks for 24 × 24 CSS
/// pixels (2.5.8; about 6.4 mm). People with motor impairments touch more accurately the larger a target is, up to 30
/// mm (Findlater et al., CHI 2017).
pub const TARGET_MM: f32 = 20.0;
/// Gap between a patient's controls, in millimetres.
pub const GAP_MM: f32 = 3.0;
/// Height of the call button, in millimetres. It is the same for the band along the bottom of the session and for the
/// button in a corner of other screens.
pub const CALL_MM: f32 = 30.0;
/// Touch slop, in millimetres: the maximum distance that a finger may drift while it is down without cancelling its
/// press.
pub const TOUCH_SLOP_MM: f32 = 15.0;
/// Margin around the content of a screen, in millimetres.
pub const MARGIN_MM: f32 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color) -> f32 {
        let linear = |c: f32| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
    }

    /// Contrast ratio as WCAG 2.2 defines it. The minimum is 4.5 for text (1.4.3, AA; 7 for AAA, 1.4.6) and 3 for
    /// controls (1.4.11).
    fn contrast(a: Color, b: Color) -> f32 {
        let (hi, lo) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
        (hi + 0.05) / (lo + 0.05)
    }

    #[test]
    fn text_and_controls_have_enough_contrast_on_every_background() {
        for background in [INK, DEEP_WATER, DUSK] {
            assert!(contrast(SAND, background) >= 7.0);
            assert!(contrast(LAMPLIGHT, background) >= 3.0);
            assert!(contrast(AMBER, background) >= 3.0);
        }
        assert!(contrast(LAMPLIGHT, DUSK_LIT) >= 7.0 && contrast(SAND, KEY) >= 7.0 && contrast(LAMPLIGHT, KEY) >= 7.0);
    }

    #[test]
    fn borders_have_enough_contrast_on_both_sides() {
        for background in [INK, DEEP_WATER, KEY, DUSK] {
            let over = |lamp: f32, beneath: f32| lamp * BORDER_OPACITY + beneath * (1.0 - BORDER_OPACITY);
            let border = Color {
                r: over(LAMPLIGHT.r, background.r),
                g: over(LAMPLIGHT.g, background.g),
                b: over(LAMPLIGHT.b, background.b),
                a: 1.0,
            };
            assert!(contrast(border, background) >= 3.0, "{background:?}");
        }
    }

    #[test]
    fn every_tint_has_enough_contrast_on_a_page() {
        for drawn in Tint::ALL {
            assert!(contrast(tint(drawn), DEEP_WATER) >= 5.0, "{}", drawn.name());
        }
    }

    #[test]
    fn larger_type_enlarges_the_words_of_the_patient_only() {
        let normal = Scale::new(10.1, Size::new(1280.0, 800.0));
        let larger = normal.with_type(TypeSize::Larger);
        for size in [Scale::call, Scale::phrase, Scale::title, Scale::session_label, Scale::body, Scale::label] {
            assert!((size(larger) / size(normal) - 1.25).abs() < 1e-4);
        }
        for size in [Scale::staff, Scale::small] {
            assert!((size(larger) - size(normal)).abs() < 1e-4);
        }
        assert_eq!(larger.with_type(TypeSize::Normal), normal);
    }

    #[test]
    fn a_millimetre_is_a_millimetre_on_a_ten_inch_tablet() {
        for (width, height) in [(1920.0, 1200.0), (1280.0, 800.0)] {
            let scale = Scale::new(10.1, Size::new(width, height));
            assert!((width / scale.mm(1.0) - 217.5).abs() < 0.5);
            assert!((height / scale.mm(1.0) - 136.0).abs() < 0.5);
        }
    }
}
