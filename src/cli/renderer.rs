//! Owns the choice of the window's renderer. iced reads the choice from the environment, and only at start-up, so the
//! program sets the environment and restarts itself.

use std::path::Path;

use iced::Size;
use iced::wgpu;

use crate::config::Renderer;
use crate::widget::place::Backend;

/// The environment variable from which iced reads the renderer.
pub(super) const ICED_BACKEND: &str = "ICED_BACKEND";
/// The environment variable that records the choice for the restarted program.
pub(super) const CHOSEN: &str = "STILLROOM_RENDERER";

/// The environment variable for glibc's `mallopt(3)`, and its value in bytes. Allocations of at least that size return
/// to the system as soon as they are freed. Without this variable, freed pictures would leave holes in the heap, and a
/// session would take a third more memory.
const MALLOC_THRESHOLD: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");

/// Returns the choice that was made before the restart. `None` if the environment holds no valid choice, which is the
/// case before the restart.
pub(super) fn chosen() -> Option<Backend> {
    match std::env::var(CHOSEN).ok()?.as_str() {
        "live" => Some(Backend::Live { software: false }),
        "live-software" => Some(Backend::Live { software: true }),
        "still" => Some(Backend::Still),
        _ => None,
    }
}

/// Chooses the backend. The renderer in the environment takes precedence over `wanted`, which is the renderer in the
/// configuration. Unless the choice is tiny-skia, the window draws with a graphics device if there is one. Without one,
/// it uses a software adapter if wgpu was chosen and such an adapter exists, and otherwise shows still pictures drawn
/// by the processor.
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

/// Returns the environment variables for a restart with this backend.
pub(super) fn environment(backend: Backend) -> [(&'static str, &'static str); 3] {
    let (iced, chosen) = match backend {
        Backend::Live { software: false } => ("wgpu", "live"),
        Backend::Live { software: true } => ("wgpu", "live-software"),
        Backend::Still => ("tiny-skia", "still"),
    };
    [(ICED_BACKEND, iced), (CHOSEN, chosen), MALLOC_THRESHOLD]
}

/// Whether there is a display. Check this before opening a window, because iced ends the program if there is none.
pub(super) fn has_display() -> bool {
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
        // A remote display is assumed to exist. Whether it answers becomes clear only when a window opens.
        None => true,
    }
}

/// Parses `WIDTHxHEIGHT`, in logical pixels.
pub(super) fn parse_size(text: &str) -> Result<Size, String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse::<u16>().ok()?, h.parse::<u16>().ok()?)));
    match sides {
        Some((width, height)) if width >= 320 && height >= 200 => Ok(Size::new(f32::from(width), f32::from(height))),
        _ => Err("a size is WIDTHxHEIGHT in pixels, at least 320x200, such as 1280x800".to_owned()),
    }
}
