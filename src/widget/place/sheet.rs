//! Owns how one texture comes to the screen: the pipelines of the screen's shader, and what it is told of the texture and
//! the light on it.

use iced::wgpu;

use super::painter::full_screen;
use super::pictures::{Subject, tint};
use super::{Look, glow};

/// Bytes of what the screen's shader is told.
const SHOWN_BYTES: usize = 80;

/// The light on a picture that cannot be lit by its own shader, and the light of the breath.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Light {
    /// 0 as painted, 1 dark.
    pub(super) veil: f32,
    /// −1 to 1.
    pub(super) warmth: f32,
    /// 0 as painted, 1 without colour.
    pub(super) grey: f32,
    /// 0 out, 1 in; 0 where the place breathes by itself.
    pub(super) breath: f32,
}

/// One way to bring a texture to the screen: with nothing beneath it, or over what is there.
#[derive(Debug)]
pub(super) struct Show {
    pub(super) opaque: wgpu::RenderPipeline,
    pub(super) blended: wgpu::RenderPipeline,
}

impl Show {
    pub(super) fn of(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        module: &wgpu::ShaderModule,
        entry: &str,
        format: wgpu::TextureFormat,
    ) -> Self {
        let one = |blend| full_screen(device, &[layout], module, entry, format, blend);
        Self { opaque: one(None), blended: one(Some(wgpu::BlendState::ALPHA_BLENDING)) }
    }
}

/// A texture as the screen's shader takes it.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) group: wgpu::BindGroup,
    told: wgpu::Buffer,
}

/// What the screen's shader is told of one texture.
pub(super) struct Told {
    pub(super) used: (u32, u32),
    pub(super) opacity: f32,
    pub(super) light: Light,
    pub(super) glow: [f32; 4],
}

impl Told {
    /// A canvas is painted in its own light; only the breath may be laid over it.
    pub(super) fn of_canvas(used: (u32, u32), look: Look, light: Light, opacity: f32) -> Self {
        let light = Light { veil: 0.0, warmth: 0.0, grey: 0.0, breath: light.breath };
        Self { used, opacity, light, glow: glow::place_of(Subject::Still(look)) }
    }
}

impl Sheet {
    pub(super) fn of(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        sampler: &wgpu::Sampler,
        texture: &wgpu::Texture,
    ) -> Self {
        let told = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("shown"),
            size: SHOWN_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("shown"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
                wgpu::BindGroupEntry { binding: 2, resource: told.as_entire_binding() },
            ],
        });
        Self { group, told }
    }

    pub(super) fn tell(&self, queue: &wgpu::Queue, told: &Told) {
        let Told { used, opacity, light, glow } = told;
        let [red, green, blue] = tint(light.warmth);
        let head = [used.0 as f32, used.1 as f32, *opacity, light.veil, red, green, blue, light.grey];
        let mut bytes = [0; SHOWN_BYTES];
        for (slot, float) in bytes.chunks_exact_mut(4).zip(head.iter().chain(glow).chain([&light.breath])) {
            slot.copy_from_slice(&float.to_le_bytes());
        }
        queue.write_buffer(&self.told, 0, &bytes);
    }
}
