//! Owns the living place: the shader, drawn small and scaled up, at a pace of its own.

use std::time::{Duration, Instant};

use iced::advanced::mouse;
use iced::wgpu;
use iced::widget::shader::{self, Action, Viewport};
use iced::{Element, Event, Length, Rectangle, window};

use super::{Scenery, hour_index};

/// Bytes of the shader's uniform: twelve floats.
pub const BYTES: usize = 48;
/// The shader's clock wraps so often, in seconds; every motion in it is periodic in this.
const WRAP_S: f64 = 3600.0;
/// A processor that stands in for a graphics device draws this part of each side.
const SOFTWARE_SCALE: f32 = 0.34;
/// A graphics device draws this part of each side; the places are soft.
const DEVICE_SCALE: f32 = 0.75;
/// Sand that the wave has left dries over this long.
const DRYING_S: f64 = 9.0;
/// A place that does not breathe keeps its water here.
const RESTING_LEVEL: f32 = 0.35;

pub(super) fn live<'a, Message: 'a>(
    scenery: Scenery,
    frame: Duration,
    still: bool,
    software: bool,
) -> Element<'a, Message> {
    let scale = if software { SOFTWARE_SCALE } else { DEVICE_SCALE };
    iced::widget::shader(Live { scenery, frame, still, scale }).width(Length::Fill).height(Length::Fill).into()
}

struct Live {
    scenery: Scenery,
    frame: Duration,
    still: bool,
    scale: f32,
}

impl<Message> shader::Program<Message> for Live {
    type State = ();
    type Primitive = Frame;

    fn update(
        &self,
        (): &mut (),
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return None };
        Some(Action::request_redraw_at(*now + self.frame))
    }

    fn draw(&self, (): &(), _cursor: mouse::Cursor, _bounds: Rectangle) -> Frame {
        Frame { values: SceneValues::at(&self.scenery, Instant::now(), self.still), scale: self.scale }
    }
}

/// One moment of a place, as the shader takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneValues {
    time_s: f32,
    breath: f32,
    breath_wet: f32,
    hour: f32,
    light: f32,
    warmth: f32,
    saturation: f32,
    movement: f32,
}

impl SceneValues {
    /// The place at that moment.
    #[must_use]
    pub fn at(scenery: &Scenery, instant: Instant, still: bool) -> Self {
        let now = scenery.clock.at(instant);
        let level = |at| scenery.breath.map_or(RESTING_LEVEL, |breath| breath.at(at).level as f32);
        let (breath, breath_wet) =
            if still { (RESTING_LEVEL, RESTING_LEVEL) } else { (level(now), wet_at(scenery, now)) };
        let movement = if still { 0.0 } else { scenery.follow(&scenery.light.movement, now) };
        Self {
            time_s: ((now.0 as f64 / 1000.0) % WRAP_S) as f32,
            breath,
            breath_wet,
            hour: hour_index(scenery.hour) as f32,
            light: scenery.brightness_at(now),
            warmth: scenery.follow(&scenery.light.warmth, now),
            saturation: scenery.follow(&scenery.light.saturation, now),
            movement,
        }
    }

    fn bytes(self, width: u32, height: u32) -> [u8; BYTES] {
        let floats = [
            width as f32,
            height as f32,
            self.time_s,
            self.breath,
            self.breath_wet,
            self.hour,
            self.light,
            self.warmth,
            self.saturation,
            self.movement,
            0.0,
            0.0,
        ];
        let mut bytes = [0; BYTES];
        for (slot, float) in bytes.chunks_exact_mut(4).zip(floats) {
            slot.copy_from_slice(&float.to_le_bytes());
        }
        bytes
    }
}

/// How high the sand is wet: the highest the wave has been, less what has dried since. A function of time alone, so
/// that it needs no memory.
fn wet_at(scenery: &Scenery, now: crate::room::RoomTime) -> f32 {
    let Some(breath) = scenery.breath else { return RESTING_LEVEL };
    let step = Duration::from_millis(250);
    let mut wet: f64 = 0.0;
    for back in 0..36_u32 {
        let ago = step * back;
        let then = now - ago;
        if then < breath.started {
            break;
        }
        wet = wet.max(breath.at(then).level * (1.0 - ago.as_secs_f64() / DRYING_S));
    }
    wet as f32
}

/// One picture to be drawn.
#[derive(Debug)]
pub struct Frame {
    values: SceneValues,
    scale: f32,
}

impl shader::Primitive for Frame {
    type Pipeline = Pipeline;

    fn prepare(
        &self,
        pipeline: &mut Pipeline,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        bounds: &Rectangle,
        viewport: &Viewport,
    ) {
        let factor = viewport.scale_factor() * self.scale;
        let side = |length: f32| ((length * factor).round().max(1.0) as u32).min(4096);
        pipeline.paint(device, queue, side(bounds.width), side(bounds.height), self.values);
    }

    fn draw(&self, pipeline: &Pipeline, render_pass: &mut wgpu::RenderPass<'_>) -> bool {
        pipeline.show(render_pass);
        true
    }
}

/// The place's own picture, small, and how it comes to the screen.
#[derive(Debug)]
pub struct Pipeline {
    paint: wgpu::RenderPipeline,
    show: wgpu::RenderPipeline,
    scene: wgpu::Buffer,
    scene_group: wgpu::BindGroup,
    sampler: wgpu::Sampler,
    canvas: Option<Canvas>,
}

#[derive(Debug)]
struct Canvas {
    width: u32,
    height: u32,
    view: wgpu::TextureView,
    group: wgpu::BindGroup,
}

const CANVAS_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

impl shader::Pipeline for Pipeline {
    fn new(device: &wgpu::Device, _queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        let beach = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("beach"),
            source: wgpu::ShaderSource::Wgsl(include_str!("beach.wgsl").into()),
        });
        let upscale = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("upscale"),
            source: wgpu::ShaderSource::Wgsl(include_str!("upscale.wgsl").into()),
        });
        let paint = full_screen(device, &beach, "fragment_main", CANVAS_FORMAT);
        let entry = if format.is_srgb() { "fragment_linear" } else { "fragment_plain" };
        let show = full_screen(device, &upscale, entry, format);
        let scene = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("scene"),
            size: BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let scene_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scene"),
            layout: &paint.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: scene.as_entire_binding() }],
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("upscale"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..wgpu::SamplerDescriptor::default()
        });
        Self { paint, show, scene, scene_group, sampler, canvas: None }
    }
}

impl Pipeline {
    fn paint(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, width: u32, height: u32, values: SceneValues) {
        if self.canvas.as_ref().is_none_or(|canvas| (canvas.width, canvas.height) != (width, height)) {
            self.canvas = Some(self.new_canvas(device, width, height));
        }
        let Some(canvas) = &self.canvas else { return };
        queue.write_buffer(&self.scene, 0, &values.bytes(width, height));
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("place") });
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("place"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &canvas.view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                depth_stencil_attachment: None,
                timestamp_writes: None,
                occlusion_query_set: None,
            });
            pass.set_pipeline(&self.paint);
            pass.set_bind_group(0, &self.scene_group, &[]);
            pass.draw(0..3, 0..1);
        }
        queue.submit([encoder.finish()]);
    }

    fn show(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(canvas) = &self.canvas else { return };
        pass.set_pipeline(&self.show);
        pass.set_bind_group(0, &canvas.group, &[]);
        pass.draw(0..3, 0..1);
    }

    fn new_canvas(&self, device: &wgpu::Device, width: u32, height: u32) -> Canvas {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("place"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: CANVAS_FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("upscale"),
            layout: &self.show.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.sampler) },
            ],
        });
        Canvas { width, height, view, group }
    }
}

fn full_screen(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    fragment: &str,
    format: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(fragment),
        layout: None,
        vertex: wgpu::VertexState {
            module,
            entry_point: Some("vertex_main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some(fragment),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(format.into())],
        }),
        multiview: None,
        cache: None,
    })
}
