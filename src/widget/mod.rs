//! Owns the widgets: forgiving touch, the call, the keyboard, the places, and small helpers around iced's widgets. They
//! read a [`ViewContext`] and publish messages. Does not own any screen.

pub mod breath_ring;
pub mod call_band;
pub mod countdown;
pub mod easing;
pub mod fade;
pub mod frame_monitor;
pub mod glow;
pub mod icon;
pub mod keyboard;
pub mod notice;
pub mod orientation;
pub mod page;
pub mod painted;
pub mod parts;
pub mod place;
pub mod redraw;
pub mod resting;
pub mod reveal;
pub mod sketch;
pub mod staff_parts;
pub mod staff_sheet;
pub mod tile;
pub mod tile_faces;
pub mod timer;
pub mod touch;
pub mod touch_as_mouse;
pub mod veil;
pub mod view_context;

pub use view_context::{Clinic, Notice, NoticeKind, ViewContext};
