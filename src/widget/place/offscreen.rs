//! Owns painting without a window: a device of its own, the same shaders, and pictures as rows of pixels. For baking
//! beside the window, for pictures on disk and for tests.

use std::sync::mpsc;

use iced::futures::executor::block_on;
use iced::wgpu;
use thiserror::Error;

use super::Look;
use super::bake::{BakeCache, Baked};
use super::drawn::{Drawn, bake_name};
use super::painter::{Painter, canvas};
use super::values::SceneValues;

/// Bytes in a row of a copied texture are a multiple of this.
const ROW_BYTES: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT;
/// The longest side of an offline picture, in pixels.
pub const SIDE_MAX: u32 = 8192;

/// Why nothing can be painted.
#[derive(Debug, Error)]
pub enum StudioError {
    /// There is nothing that runs shaders.
    #[error(
        "no graphics device runs shaders here; install a Vulkan driver, such as the package mesa-vulkan-drivers, which \
         also paints on the processor alone"
    )]
    NoAdapter,
    /// The device does not open.
    #[error("the graphics device {name} does not open: {why}; try another driver, or WGPU_BACKEND=gl")]
    NoDevice {
        /// The device's own name.
        name: String,
        /// What it said.
        why: String,
    },
    /// The device fails while it paints.
    #[error("the graphics device failed while painting: {why}; try a smaller size")]
    Failed {
        /// What it said.
        why: String,
    },
}

/// A device to paint on.
#[derive(Debug)]
pub struct Studio {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
}

/// One look of a place, ready to be painted at one size.
#[derive(Debug)]
pub struct Easel<'s> {
    studio: &'s Studio,
    painter: Painter,
    target: wgpu::Texture,
    read: wgpu::Buffer,
    size: (u32, u32),
}

impl Studio {
    /// Opens the best device there is; a processor that stands in for one will do.
    ///
    /// # Errors
    /// If there is none, or it does not open.
    pub fn open() -> Result<Self, StudioError> {
        let adapter = match wgpu::Backends::from_env() {
            Some(named) => adapter(named),
            // OpenGL comes second: looking for it speaks to a window system that need not be there.
            None => adapter(wgpu::Backends::PRIMARY).or_else(|| adapter(wgpu::Backends::GL)),
        };
        let adapter = adapter.ok_or(StudioError::NoAdapter)?;
        let name = adapter.get_info().name;
        let opened = block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("studio"),
            required_limits: wgpu::Limits::downlevel_defaults().using_resolution(adapter.limits()),
            ..wgpu::DeviceDescriptor::default()
        }));
        let (device, queue) =
            opened.map_err(|error| StudioError::NoDevice { name: name.clone(), why: error.to_string() })?;
        Ok(Self { device, queue, name })
    }

    /// The device's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a look ready to be painted at that size, its layers from `cache` if they lie there.
    ///
    /// # Errors
    /// If the device fails.
    pub fn easel(&self, look: Look, size: (u32, u32), cache: Option<&BakeCache>) -> Result<Easel<'_>, StudioError> {
        let mut easel = self.empty_easel(look.drawn, size);
        if look.drawn.layers() > 0 {
            let kept = cache.and_then(|cache| cache.load(&bake_name(look, size.0, size.1)));
            let baked = match kept.filter(|baked| baked.count() == look.drawn.layers()) {
                Some(baked) => baked,
                None => easel.bake(look)?,
            };
            if let Some(cache) = cache {
                cache.keep(&bake_name(look, size.0, size.1), &baked);
            }
            easel.use_layers(&baked);
        }
        Ok(easel)
    }

    /// The layers of a look at that size. The shader that will compose them is made ready on the way, so that a driver
    /// which keeps what it has compiled has it by the time the window asks.
    ///
    /// # Errors
    /// If the device fails.
    pub fn bake(&self, look: Look, size: (u32, u32)) -> Result<Baked, StudioError> {
        let mut easel = self.empty_easel(look.drawn, size);
        let baked = easel.bake(look)?;
        easel.use_layers(&baked);
        let small = (size.0.min(16), size.1.min(10));
        easel.paint(SceneValues::painted(look.hour, look.mood(), std::time::Duration::ZERO, None), small)?;
        Ok(baked)
    }

    fn empty_easel(&self, drawn: Drawn, size: (u32, u32)) -> Easel<'_> {
        let size = (size.0.clamp(1, SIDE_MAX), size.1.clamp(1, SIDE_MAX));
        let painter = Painter::new(&self.device, drawn);
        let target = canvas(&self.device, size.0, size.1);
        let read = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read"),
            size: u64::from(row_bytes(size.0)) * u64::from(size.1),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        Easel { studio: self, painter, target, read, size }
    }
}

impl Easel<'_> {
    /// One picture as rows of RGBA, opaque.
    ///
    /// # Errors
    /// If the device fails.
    pub fn picture(&self, values: SceneValues) -> Result<Vec<u8>, StudioError> {
        let mut pixels = self.paint(values, self.size)?;
        pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        Ok(pixels)
    }

    fn paint(&self, values: SceneValues, size: (u32, u32)) -> Result<Vec<u8>, StudioError> {
        self.painter.tell(&self.studio.queue, values, size, 1.0);
        self.read_after(|encoder, target| self.painter.paint(encoder, target, size))
    }

    fn bake(&self, look: Look) -> Result<Baked, StudioError> {
        let values = SceneValues::painted(look.hour, look.mood(), std::time::Duration::ZERO, None);
        self.painter.tell(&self.studio.queue, values, self.size, 1.0);
        let layers: Result<Vec<_>, _> = (0..look.drawn.layers())
            .map(|layer| {
                let baker = self.painter.baker(&self.studio.device, layer);
                self.read_after(|encoder, target| self.painter.run(encoder, target, self.size, &baker))
            })
            .collect();
        Baked::of(self.size.0, self.size.1, layers?)
            .ok_or_else(|| StudioError::Failed { why: "a layer came back in another size".to_owned() })
    }

    fn use_layers(&mut self, baked: &Baked) {
        let texture = baked.texture(&self.studio.device);
        for layer in 0..baked.count() {
            baked.upload(&self.studio.queue, &texture, layer);
        }
        self.painter.use_layers(&self.studio.device, &layers_view(&texture));
    }

    fn read_after(
        &self,
        draw: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::TextureView),
    ) -> Result<Vec<u8>, StudioError> {
        let failed = |why: &dyn std::fmt::Display| StudioError::Failed { why: why.to_string() };
        let Studio { device, queue, .. } = self.studio;
        let (width, height) = self.size;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("studio") });
        draw(&mut encoder, &self.target.create_view(&wgpu::TextureViewDescriptor::default()));
        encoder.copy_texture_to_buffer(
            self.target.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.read,
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
        self.read.slice(..).map_async(wgpu::MapMode::Read, move |result| drop(done.send(result)));
        device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| failed(&error))?;
        mapped.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        let wanted = width as usize * 4;
        let mut pixels = Vec::with_capacity(wanted * height as usize);
        for row in self.read.slice(..).get_mapped_range().chunks_exact(row_bytes(width) as usize) {
            pixels.extend_from_slice(&row[..wanted]);
        }
        self.read.unmap();
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

/// A view on all layers at once, however few.
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
    use crate::profile::TimeOfDay;
    use crate::room::breath::Pattern;
    use crate::widget::place::flash::{self, Glance};

    const SIZE: (u32, u32) = (160, 100);
    const HOUR: Duration = Duration::from_hours(1);

    /// A machine without any device that runs shaders can prove nothing here.
    fn studio() -> Option<Studio> {
        Studio::open().ok()
    }

    fn values(since: Duration) -> SceneValues {
        SceneValues::painted(TimeOfDay::Day, 0.0, since, Some(Pattern::FourSix))
    }

    /// The largest and the mean difference of two pictures, in steps of 255.
    fn difference(one: &[u8], other: &[u8]) -> (u8, f64) {
        let each = || one.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
        (each().max().unwrap_or(0), each().map(f64::from).sum::<f64>() / one.len() as f64)
    }

    #[test]
    #[ignore = "compiles every shader, which takes a processor that stands in for a graphics device a minute"]
    fn soak_no_place_leaps_where_the_clock_wraps_nor_differs_a_day_later() {
        let Some(studio) = studio() else { return };
        for drawn in Drawn::ALL {
            let easel = studio.easel(Look::of(drawn, TimeOfDay::Day, 0.0), SIZE, None).unwrap();
            let at = |since| easel.picture(values(since)).unwrap();
            let frame = Duration::from_millis(33);
            let (before, after) = (at(HOUR.saturating_sub(frame)), at(HOUR));
            let usual = difference(&at(Duration::from_mins(7)), &at(Duration::from_mins(7) + frame)).1;
            let leap = difference(&before, &after).1;
            assert!(leap <= 3.0 * usual + 0.4, "{drawn:?} leaps by {leap:.2} where {usual:.2} is usual");
            let day = Duration::from_hours(24) + Duration::from_secs(90);
            assert_eq!(difference(&at(Duration::from_secs(90)), &at(day)).0, 0, "{drawn:?} drifts over a day");
        }
    }

    #[test]
    #[ignore = "looks at every place and hour through a whole breath, which takes minutes without a graphics device"]
    fn soak_no_place_flashes_at_any_hour_in_any_weather() {
        let Some(studio) = studio() else { return };
        for drawn in Drawn::ALL {
            for (hour, mood) in TimeOfDay::ALL.iter().flat_map(|hour| [(*hour, 0.0), (*hour, 1.0)]) {
                let easel = studio.easel(Look::of(drawn, hour, mood), SIZE, None).unwrap();
                let glances: Vec<Glance> = (0..96)
                    .map(|frame| {
                        let at = Duration::from_millis(125) * frame;
                        let values = SceneValues::painted(hour, mood, at, Some(Pattern::ThreeSeven));
                        Glance::of(at, SIZE.0, &easel.picture(values).unwrap())
                    })
                    .collect();
                let verdict = flash::look_through(&glances);
                assert!(verdict.is_calm(), "{drawn:?} {hour:?} {mood}: {verdict:?}");
            }
        }
    }
}
