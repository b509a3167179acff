//! The widgets of our own: touch that forgives, the call, the keyboard, the places, and small helpers over iced's.

pub mod breath_ring;
pub mod call_band;
pub mod countdown;
pub mod fade;
pub mod keyboard;
pub mod parts;
pub mod place;
pub mod pulse;
pub mod sketch;
pub mod touch;
pub mod touch_as_mouse;
pub mod view_context;
pub mod wake;

pub use view_context::{Clinic, ViewContext};
