//! Owns the veil: the ink between a place and the words on it, and how the ink changes gradually from one page to the
//! next. Does not own the choice of a page's veil.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use iced::advanced::{Renderer as _, renderer};
use iced::border::Border;
use iced::widget::Space;
use iced::{Background, Color, Element, Length, Radians, Rectangle, Renderer, Shadow, gradient};

use super::ViewContext;
use super::easing::EasedValue;
use super::painted::{Paint, painted};
use crate::theme;

/// Opacity of the ink behind words, 0 to 1. Text in [`theme::SAND`] has a contrast of at least 7 on it, even over the
/// brightest place.
pub const INK_BEHIND_WORDS: f32 = 0.84;
/// Time in which one veil changes into another. It is short, because a page appears in answer to a touch.
const CHANGE: Duration = Duration::from_millis(450);
/// Time between two frames while the veil changes.
const FRAME: Duration = Duration::from_millis(33);
/// Number of stops of the gradient.
const STOPS: usize = 6;
/// Opacities of a veil that is solid behind words and fades out beside them, relative to its solid part. The fade is
/// S-shaped, because a linear fade would show an edge at both ends.
const FADING_OUT: [f32; STOPS] = [1.0, 1.0, 0.82, 0.46, 0.15, 0.0];

/// The part of a place that ink covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Veil {
    /// Nothing.
    None,
    /// The part behind words. The bright part of the place beside them stays clear.
    Beside,
    /// The whole place, behind tiles or a page to write on, at this opacity, 0 to 1.
    Whole(f32),
    /// The bottom of the screen, behind a few words. The page draws this ink, because only its layout knows the height
    /// of the words.
    Foot,
}

/// The current opacities of the ink on the screen. They move gradually to those of the current page's veil.
#[derive(Debug)]
pub struct VeilFade {
    stops: Mutex<[EasedValue; STOPS]>,
    foot: Mutex<EasedValue>,
}

impl Default for VeilFade {
    fn default() -> Self {
        let eased = EasedValue::new(CHANGE);
        Self { stops: Mutex::new([eased; STOPS]), foot: Mutex::new(eased) }
    }
}

impl VeilFade {
    /// Returns the opacity of the ink at the bottom of the screen, relative to its full opacity, 0 to 1. Only for a
    /// page with [`Veil::Foot`], because this also makes the full opacity the target.
    #[must_use]
    pub fn foot_level(&self, now: Instant) -> f32 {
        self.foot.lock().unwrap_or_else(PoisonError::into_inner).towards(1.0, now)
    }

    fn towards(&self, veil: Veil, now: Instant) -> [f32; STOPS] {
        let targets = match veil {
            Veil::None | Veil::Foot => [0.0; STOPS],
            Veil::Beside => FADING_OUT.map(|part| part * INK_BEHIND_WORDS),
            Veil::Whole(alpha) => [alpha; STOPS],
        };
        let foot = if veil == Veil::Foot { 1.0 } else { 0.0 };
        self.foot.lock().unwrap_or_else(PoisonError::into_inner).towards(foot, now);
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        std::array::from_fn(|index| stops[index].towards(targets[index], now))
    }

    fn is_settled(&self, now: Instant) -> bool {
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        let foot = self.foot.lock().unwrap_or_else(PoisonError::into_inner);
        stops.iter().chain([&*foot]).all(|value| value.is_settled(now))
    }
}

struct VeilPaint {
    fade: Arc<VeilFade>,
    veil: Veil,
    /// Direction in which the ink fades out, in radians.
    angle: f32,
    /// Where along this direction the ink begins to fade out, and where it ends, as fractions of the gradient's length.
    fades_along: [f32; 2],
}

/// Draws the veil of the current page over the whole window.
#[must_use]
pub fn veil<'a, Message: 'a>(ctx: &ViewContext, veil: Veil) -> Element<'a, Message> {
    // The ink fades out downwards on a portrait screen, and to the right on a landscape screen. There, larger type
    // makes the column of words wider, so the solid ink has to extend further to the right.
    let (angle, fades_along) = if ctx.window.height > ctx.window.width {
        (std::f32::consts::PI, [0.52, 0.90])
    } else {
        (std::f32::consts::FRAC_PI_2, [(0.54 * ctx.scale.type_factor()).min(0.68), 0.78])
    };
    let paint = VeilPaint { fade: Arc::clone(&ctx.veil), veil, angle, fades_along };
    painted(Space::new().width(Length::Fill).height(Length::Fill), paint)
}

/// Returns ink at the bottom of the screen that fades out upwards, with this opacity at its lower edge, 0 to 1.
#[must_use]
pub fn fading_up(alpha: f32) -> Background {
    gradient_of(0.0, [0.0, 1.0], FADING_OUT.map(|part| part * alpha))
}

fn ink(alpha: f32) -> Color {
    theme::faded(theme::INK, alpha)
}

fn gradient_of(angle: f32, [solid_to, clear_from]: [f32; 2], alphas: [f32; STOPS]) -> Background {
    let between = |part: f32| solid_to + (clear_from - solid_to) * part;
    let offsets = [0.0, solid_to, between(0.25), between(0.50), between(0.75), clear_from];
    let stops = offsets.into_iter().zip(alphas);
    let linear = stops
        .fold(gradient::Linear::new(Radians(angle)), |linear, (offset, alpha)| linear.add_stop(offset, ink(alpha)));
    Background::Gradient(linear.into())
}

impl Paint for VeilPaint {
    fn paint_below(&self, renderer: &mut Renderer, bounds: Rectangle, now: Instant) {
        let alphas = self.fade.towards(self.veil, now);
        let (least, most) =
            alphas.iter().fold((1.0_f32, 0.0_f32), |(least, most), alpha| (least.min(*alpha), most.max(*alpha)));
        if most <= 0.0 {
            return;
        }
        let ground = if most - least < 1e-3 {
            Background::Color(ink(most))
        } else {
            gradient_of(self.angle, self.fades_along, alphas)
        };
        let quad = renderer::Quad { bounds, border: Border::default(), shadow: Shadow::default(), snap: true };
        renderer.fill_quad(quad, ground);
    }

    fn next_frame(&self, now: Instant) -> Option<Instant> {
        // The view may have been rebuilt since the last frame, so the target is set before it is checked.
        self.fade.towards(self.veil, now);
        (!self.fade.is_settled(now)).then(|| now + FRAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_veil_changes_into_another_without_a_jump() {
        let fade = VeilFade::default();
        let start = Instant::now();
        let mut before = fade.towards(Veil::Foot, start);
        let mut foot = fade.foot_level(start);
        assert!(
            before.iter().all(|stop| *stop == 0.0) && (foot - 1.0).abs() < 1e-6 && fade.is_settled(start),
            "the first is there at once"
        );
        let mut at = start;
        for veil in [Veil::Beside, Veil::Whole(INK_BEHIND_WORDS), Veil::None, Veil::Beside] {
            for _ in 0..20 {
                at += FRAME;
                let now = fade.towards(veil, at);
                for (now, before) in now.iter().zip(before) {
                    assert!((now - before).abs() < 0.16, "{veil:?}: {before} to {now}");
                }
                before = now;
            }
            assert!(fade.is_settled(at), "{veil:?}");
        }
        assert!((before[0] - INK_BEHIND_WORDS).abs() < 1e-6 && before[STOPS - 1].abs() < 1e-6);
        foot = fade.foot.lock().unwrap().towards(0.0, at);
        assert!(foot.abs() < 1e-6);
    }
}
