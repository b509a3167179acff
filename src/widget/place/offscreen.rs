//! Owns rendering to rows of pixels without a window. It uses the same shaders as the window, but a separate device. It
//! bakes layers while the window runs, and renders the pictures of `stillroom scene` and of tests. Does not own the
//! shaders.

use std::sync::mpsc;

use iced::futures::executor::block_on;
use iced::wgpu;
use thiserror::Error;

use super::SceneVariant;
use super::baked_layers::{BakedLayers, LayerCache};
use super::scene_pipeline::{ScenePipeline, create_canvas};
use super::shader::{PlaceShader, cache_file_name};
use super::uniforms::SceneUniforms;

/// Alignment of rows in a buffer to which wgpu copies a texture, in bytes.
const ROW_BYTES: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT;
/// Maximum length of a frame's side, in pixels.
pub const SIDE_MAX: u32 = 8192;

/// Why nothing can be rendered.
#[derive(Debug, Error)]
pub enum OffscreenError {
    /// No graphics device of this machine runs shaders.
    #[error(
        "no graphics device runs shaders here; install a Vulkan driver, such as the package mesa-vulkan-drivers, which \
         also paints on the processor alone"
    )]
    NoAdapter,
    /// The graphics device cannot be opened.
    #[error("the graphics device {name} does not open: {why}; try another driver, or WGPU_BACKEND=gl")]
    NoDevice {
        /// The device's name.
        name: String,
        /// The driver's message.
        why: String,
    },
    /// The graphics device failed while it was rendering.
    #[error("the graphics device failed while rendering: {why}; try a smaller size")]
    Failed {
        /// The driver's message.
        why: String,
    },
}

/// A graphics device that renders without a window.
#[derive(Debug)]
pub struct OffscreenRenderer {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
}

/// One variant of a place, ready to be rendered at one size.
#[derive(Debug)]
pub struct OffscreenScene<'s> {
    renderer: &'s OffscreenRenderer,
    pipeline: ScenePipeline,
    target: wgpu::Texture,
    readback: wgpu::Buffer,
    size: (u32, u32),
}

impl OffscreenRenderer {
    /// Opens the fastest device, which may be a software driver.
    ///
    /// # Errors
    /// If no device runs shaders, or the device does not open.
    pub fn open() -> Result<Self, OffscreenError> {
        let adapter = match wgpu::Backends::from_env() {
            Some(named) => adapter(named),
            // OpenGL comes second, because probing it connects to a window system, and there may be none.
            None => adapter(wgpu::Backends::PRIMARY).or_else(|| adapter(wgpu::Backends::GL)),
        };
        let adapter = adapter.ok_or(OffscreenError::NoAdapter)?;
        let name = adapter.get_info().name;
        let opened = block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("offscreen"),
            required_limits: wgpu::Limits::downlevel_defaults().using_resolution(adapter.limits()),
            ..wgpu::DeviceDescriptor::default()
        }));
        let (device, queue) =
            opened.map_err(|error| OffscreenError::NoDevice { name: name.clone(), why: error.to_string() })?;
        Ok(Self { device, queue, name })
    }

    /// Returns the device's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Prepares a variant at a size in pixels. Its layers come from `cache`; if they are not cached, they are baked and
    /// stored there.
    ///
    /// # Errors
    /// If the device fails.
    pub fn scene(
        &self,
        variant: SceneVariant,
        size: (u32, u32),
        cache: Option<&LayerCache>,
    ) -> Result<OffscreenScene<'_>, OffscreenError> {
        let mut scene = self.empty_scene(variant.shader, size);
        if variant.shader.layer_count() > 0 {
            let cached = cache.and_then(|cache| cache.load(&cache_file_name(variant, size.0, size.1)));
            let baked = match cached.filter(|baked| baked.layer_count() == variant.shader.layer_count()) {
                Some(baked) => baked,
                None => scene.bake(variant)?,
            };
            if let Some(cache) = cache {
                cache.store(&cache_file_name(variant, size.0, size.1), &baked);
            }
            scene.bind_layers(&baked);
        }
        Ok(scene)
    }

    /// Bakes the layers of a variant at a size in pixels. Also renders a small frame with them, so that a driver with a
    /// shader cache compiles the shader before the window needs it.
    ///
    /// # Errors
    /// If the device fails.
    pub fn bake(&self, variant: SceneVariant, size: (u32, u32)) -> Result<BakedLayers, OffscreenError> {
        let mut scene = self.empty_scene(variant.shader, size);
        let baked = scene.bake(variant)?;
        scene.bind_layers(&baked);
        let small = (size.0.min(16), size.1.min(10));
        scene.render_part(
            SceneUniforms::neutral(variant.hour, variant.mood(), std::time::Duration::ZERO, None),
            small,
        )?;
        Ok(baked)
    }

    fn empty_scene(&self, shader: PlaceShader, size: (u32, u32)) -> OffscreenScene<'_> {
        let size = (size.0.clamp(1, SIDE_MAX), size.1.clamp(1, SIDE_MAX));
        let pipeline = ScenePipeline::new(&self.device, shader);
        let target = create_canvas(&self.device, size.0, size.1);
        let readback = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: u64::from(row_bytes(size.0)) * u64::from(size.1),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        OffscreenScene { renderer: self, pipeline, target, readback, size }
    }
}

impl OffscreenScene<'_> {
    /// Renders one frame as rows of opaque RGBA pixels.
    ///
    /// # Errors
    /// If the device fails.
    pub fn render(&self, uniforms: SceneUniforms) -> Result<Vec<u8>, OffscreenError> {
        let mut pixels = self.render_part(uniforms, self.size)?;
        pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        Ok(pixels)
    }

    fn render_part(&self, uniforms: SceneUniforms, size: (u32, u32)) -> Result<Vec<u8>, OffscreenError> {
        self.pipeline.write_uniforms(&self.renderer.queue, uniforms, size, 1.0);
        self.render_and_read(|encoder, target| self.pipeline.render(encoder, target, size))
    }

    fn bake(&self, variant: SceneVariant) -> Result<BakedLayers, OffscreenError> {
        let uniforms = SceneUniforms::neutral(variant.hour, variant.mood(), std::time::Duration::ZERO, None);
        self.pipeline.write_uniforms(&self.renderer.queue, uniforms, self.size, 1.0);
        let layers: Result<Vec<_>, _> = (0..variant.shader.layer_count())
            .map(|layer| {
                let pipeline = self.pipeline.bake_pipeline(&self.renderer.device, layer);
                self.render_and_read(|encoder, target| self.pipeline.render_with(encoder, target, self.size, &pipeline))
            })
            .collect();
        BakedLayers::new(self.size.0, self.size.1, layers?)
            .ok_or_else(|| OffscreenError::Failed { why: "a layer came back in another size".to_owned() })
    }

    fn bind_layers(&mut self, baked: &BakedLayers) {
        let texture = baked.create_texture(&self.renderer.device);
        for layer in 0..baked.layer_count() {
            baked.upload(&self.renderer.queue, &texture, layer);
        }
        self.pipeline.bind_layers(&self.renderer.device, &layers_view(&texture));
    }

    fn render_and_read(
        &self,
        draw: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::TextureView),
    ) -> Result<Vec<u8>, OffscreenError> {
        let failed = |why: &dyn std::fmt::Display| OffscreenError::Failed { why: why.to_string() };
        let OffscreenRenderer { device, queue, .. } = self.renderer;
        let (width, height) = self.size;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("offscreen") });
        draw(&mut encoder, &self.target.create_view(&wgpu::TextureViewDescriptor::default()));
        encoder.copy_texture_to_buffer(
            self.target.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.readback,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row_bytes(width)),
                    rows_per_image: Some(height),
                },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
        queue.submit([encoder.finish()]);
        let (done, mapped) = mpsc::channel();
        self.readback.slice(..).map_async(wgpu::MapMode::Read, move |result| drop(done.send(result)));
        device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| failed(&error))?;
        mapped.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        let wanted = width as usize * 4;
        let mut pixels = Vec::with_capacity(wanted * height as usize);
        for row in self.readback.slice(..).get_mapped_range().chunks_exact(row_bytes(width) as usize) {
            pixels.extend_from_slice(&row[..wanted]);
        }
        self.readback.unmap();
        Ok(pixels)
    }
}

fn adapter(backends: wgpu::Backends) -> Option<wgpu::Adapter> {
    let instance = wgpu::Instance::new(&wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::default() });
    let wanted = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    block_on(instance.request_adapter(&wanted)).ok()
}

/// Creates a view of all layers as an array, even if there is only one.
pub(super) fn layers_view(texture: &wgpu::Texture) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor {
        dimension: Some(wgpu::TextureViewDimension::D2Array),
        ..wgpu::TextureViewDescriptor::default()
    })
}

fn row_bytes(width: u32) -> u32 {
    (width * 4).div_ceil(ROW_BYTES) * ROW_BYTES
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::room::breath::BreathPattern;
    use crate::vocabulary::place::TimeOfDay;
    use crate::widget::place::flash::{self, FrameSample};

    const SIZE: (u32, u32) = (160, 100);
    const HOUR: Duration = Duration::from_hours(1);

    /// Returns `None` on a machine where no device runs shaders. Tests pass there without checking anything.
    fn renderer() -> Option<OffscreenRenderer> {
        OffscreenRenderer::open().ok()
    }

    fn uniforms(since: Duration) -> SceneUniforms {
        SceneUniforms::neutral(TimeOfDay::Day, 0.0, since, Some(BreathPattern::FourSix))
    }

    /// Returns the maximum and the mean difference between two frames, in 255ths.
    fn difference(one: &[u8], other: &[u8]) -> (u8, f64) {
        let each = || one.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
        (each().max().unwrap_or(0), each().map(f64::from).sum::<f64>() / one.len() as f64)
    }

    #[test]
    #[ignore = "compiles every shader, which takes a minute without a graphics device"]
    fn soak_no_place_jumps_where_the_clock_wraps_or_differs_a_day_later() {
        let Some(renderer) = renderer() else { return };
        for shader in PlaceShader::ALL {
            let scene = renderer.scene(SceneVariant::of(shader, TimeOfDay::Day, 0.0), SIZE, None).unwrap();
            let at = |since| scene.render(uniforms(since)).unwrap();
            let frame = Duration::from_millis(33);
            let (before, after) = (at(HOUR.saturating_sub(frame)), at(HOUR));
            let usual = difference(&at(Duration::from_mins(7)), &at(Duration::from_mins(7) + frame)).1;
            let jump = difference(&before, &after).1;
            assert!(jump <= 3.0 * usual + 0.4, "{shader:?} jumps by {jump:.2} where {usual:.2} is usual");
            let day = Duration::from_hours(24) + Duration::from_secs(90);
            assert_eq!(difference(&at(Duration::from_secs(90)), &at(day)).0, 0, "{shader:?} drifts over a day");
        }
    }

    #[test]
    #[ignore = "renders every place and hour through a whole breath, which takes minutes without a graphics device"]
    fn soak_no_place_flashes_at_any_hour_in_any_weather() {
        let Some(renderer) = renderer() else { return };
        for shader in PlaceShader::ALL {
            for (hour, mood) in TimeOfDay::ALL.iter().flat_map(|hour| [(*hour, 0.0), (*hour, 1.0)]) {
                let scene = renderer.scene(SceneVariant::of(shader, hour, mood), SIZE, None).unwrap();
                let samples: Vec<FrameSample> = (0..96)
                    .map(|frame| {
                        let at = Duration::from_millis(125) * frame;
                        let uniforms = SceneUniforms::neutral(hour, mood, at, Some(BreathPattern::ThreeSeven));
                        FrameSample::of(at, SIZE.0, &scene.render(uniforms).unwrap())
                    })
                    .collect();
                let verdict = flash::analyze(&samples);
                assert!(verdict.is_calm(), "{shader:?} {hour:?} {mood}: {verdict:?}");
            }
        }
    }
}
