//! Owns the choice of what draws the window. iced takes it from its environment at start-up only, so the program is
//! started anew with the choice in it.

use std::path::Path;

use iced::Size;
use iced::wgpu;

use crate::config::Renderer;
use crate::widget::place::Backend;

/// What iced reads.
pub(super) const ICED_BACKEND: &str = "ICED_BACKEND";
/// What this program remembers of its choice.
pub(super) const CHOSEN: &str = "STILLROOM_RENDERER";

/// From this size on, in bytes, the C library gives back at once what is freed. Without it, whole pictures that come and go
/// leave holes which are kept: a third more memory for a session.
const GIVES_BACK: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");

/// The choice of an earlier start, if it was made.
pub(super) fn chosen() -> Option<Backend> {
    match std::env::var(CHOSEN).ok()?.as_str() {
        "live" => Some(Backend::Live { software: false }),
        "live-software" => Some(Backend::Live { software: true }),
        "still" => Some(Backend::Still),
        _ => None,
    }
}

/// What draws the window: a real graphics device where there is one, the processor's stills otherwise.
pub(super) fn choose(wanted: Renderer) -> Backend {
    let forced = std::env::var(ICED_BACKEND).ok();
    let wanted = match forced.as_deref() {
        Some(forced) if forced.contains("wgpu") => Renderer::Wgpu,
        Some(_) => Renderer::TinySkia,
        None => wanted,
    };
    if wanted == Renderer::TinySkia {
        return Backend::Still;
    }
    let instance = wgpu::Instance::new(&wgpu::InstanceDescriptor::default());
    let kinds: Vec<wgpu::DeviceType> = instance
        .enumerate_adapters(wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY | wgpu::Backends::GL))
        .iter()
        .map(|adapter| adapter.get_info().device_type)
        .collect();
    let real = kinds.iter().any(|kind| {
        matches!(kind, wgpu::DeviceType::IntegratedGpu | wgpu::DeviceType::DiscreteGpu | wgpu::DeviceType::VirtualGpu)
    });
    match (real, wanted) {
        (true, _) => Backend::Live { software: false },
        (false, Renderer::Wgpu) if !kinds.is_empty() => Backend::Live { software: true },
        _ => Backend::Still,
    }
}

/// The variables that carry a choice into a new start.
pub(super) fn environment(backend: Backend) -> [(&'static str, &'static str); 3] {
    let (iced, chosen) = match backend {
        Backend::Live { software: false } => ("wgpu", "live"),
        Backend::Live { software: true } => ("wgpu", "live-software"),
        Backend::Still => ("tiny-skia", "still"),
    };
    [(ICED_BACKEND, iced), (CHOSEN, chosen), GIVES_BACK]
}

/// Whether a display answers at all. Asked before the window is made, since a window without one ends the program.
pub(super) fn display_is_there() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(wayland) = set("WAYLAND_DISPLAY") {
        let base = set("XDG_RUNTIME_DIR").unwrap_or_default();
        if Path::new(&base).join(&wayland).exists() {
            return true;
        }
    }
    let Some(display) = set("DISPLAY") else { return false };
    let display = display.to_string_lossy().into_owned();
    match display.strip_prefix(':') {
        Some(local) => {
            let number = local.split('.').next().unwrap_or_default();
            Path::new(&format!("/tmp/.X11-unix/X{number}")).exists()
        }
        // A display on another machine is tried.
        None => true,
    }
}

/// `WIDTHxHEIGHT`, in logical pixels.
pub(super) fn parse_size(text: &str) -> Result<Size, String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse::<u16>().ok()?, h.parse::<u16>().ok()?)));
    match sides {
        Some((width, height)) if width >= 320 && height >= 200 => Ok(Size::new(f32::from(width), f32::from(height))),
        _ => Err("a size is WIDTHxHEIGHT in pixels, at least 320x200, such as 1280x800".to_owned()),
    }
}
