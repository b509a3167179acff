//! Owns how a control looks at rest, under a finger and while it is held. Does not own when it answers.

use iced::Color;

/// How a control looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Ground at rest.
    pub ground: Color,
    /// Ground while a finger is on it.
    pub pressed: Color,
    /// Outline.
    pub outline: Color,
    /// Width of the outline, in logical pixels.
    pub outline_px: f32,
    /// Corner radius, in logical pixels.
    pub radius_px: f32,
    /// Colour that fills it while it is held.
    pub filling: Color,
}

impl Look {
    /// A control that is only an area.
    #[must_use]
    pub const fn bare() -> Self {
        Self {
            ground: Color::TRANSPARENT,
            pressed: Color::TRANSPARENT,
            outline: Color::TRANSPARENT,
            outline_px: 0.0,
            radius_px: 0.0,
            filling: Color::TRANSPARENT,
        }
    }
}
