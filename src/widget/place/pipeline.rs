//! Owns the resources of a living place on the GPU: the stills as textures, the canvas to which the scene is rendered,
//! and the composition of both on the screen. Other threads compile shaders and bake layers. At most one layer is
//! uploaded in each frame, because no frame may be late. Does not own the content of a frame.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use iced::wgpu;
use iced::widget::shader;

use super::background_job::{BackgroundJob, JobResult};
use super::baked_layers::BakedLayers;
use super::crossfade::CrossfadeFrame;
use super::frame_timing::{FrameStart, start_measuring};
use super::governor::SCALE_MAX;
use super::offscreen::layers_view;
use super::picture_source::{PictureSource, warmth_gains};
use super::render_state::{LiveReadiness, RenderState};
use super::scene_pipeline::{
    FORMAT, ScenePipeline, bind_group_layout, create_canvas, draw_full_screen, full_screen_pipeline,
};
use super::shader::PlaceShader;
use super::still_image::StillImage;
use super::uniforms::SceneUniforms;
use super::{SceneVariant, glow};
use crate::widget::easing::smoothstep;

/// Duration of the fade in which the living place appears over its still.
const LIVE_FADE: Duration = Duration::from_millis(1_600);
/// Size of the uniform of `upscale.wgsl`, in bytes.
const BLIT_UNIFORM_BYTES: usize = 80;
/// Maximum time between two frames of one run of frames, in frame intervals. Frames that are further apart were not
/// meant to follow each other closely, so the frame rate is not judged by them.
const RUN_INTERVALS_MAX: u32 = 6;

/// What one frame shows, and the conditions under which it is rendered.
#[derive(Debug)]
pub(super) struct FrameRequest {
    pub(super) stills: CrossfadeFrame,
    /// Whether another still is fading in or being loaded.
    pub(super) is_changing: bool,
    pub(super) size: (u32, u32),
    pub(super) uniforms: SceneUniforms,
    pub(super) light: PlaceLight,
    /// Whether motion is reduced, so that nothing in the place moves.
    pub(super) is_still: bool,
    /// Whether the device is a software driver, which runs on the processor.
    pub(super) is_software: bool,
    pub(super) frame_interval: Duration,
    pub(super) now: Instant,
}

/// How a picture is lit when it is drawn on the screen, and the level of the breath. All of this applies to a still. A
/// living place has already been lit by its own shader, so only the breath may apply to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlaceLight {
    /// Dimming, from 0 (as painted) to 1 (night).
    pub(super) veil: f32,
    /// Colour temperature, from −1 (moonlight) to 1 (lamplight).
    pub(super) warmth: f32,
    /// Desaturation, from 0 (as painted) to 1 (without colour).
    pub(super) grey: f32,
    /// Level of the breath, from 0 (out) to 1 (in); 0 if the shader of the place follows the breath itself.
    pub(super) breath: f32,
}

/// Prepares the place's textures, and draws them in iced's own render pass.
#[derive(Debug)]
pub(super) struct PlacePipeline {
    /// Pipelines for a texture that has the size of the screen.
    whole: BlitPipelines,
    /// Pipelines that enlarge a smaller canvas with a sharpening cubic filter.
    enlarged: BlitPipelines,
    /// Pipelines that enlarge a smaller canvas with a single tap, which is cheap enough for a CPU. By then, the canvas
    /// has been sharpened at its own size.
    quick: BlitPipelines,
    sharpen: wgpu::RenderPipeline,
    blit_layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    under: Option<StillTexture>,
    over: Option<StillTexture>,
    canvas: Option<Canvas>,
    sharpened: Option<Canvas>,
    compiled: BackgroundJob<PlaceShader, ScenePipeline>,
    live: Option<LiveScene>,
    draw_list: Vec<BlitLayer>,
    frame_starts: Option<mpsc::Sender<FrameStart>>,
    frame_start: Option<FrameStart>,
    last_frame: Option<Instant>,
}

/// A texture that is drawn over the whole screen, and how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlitLayer {
    Under,
    WholeCanvas,
    Canvas,
    SharpenedCanvas,
    Over,
}

#[derive(Debug)]
struct StillTexture {
    image: Arc<StillImage>,
    texture: BlitTexture,
}

/// A texture of the window's size, to which the scene is rendered.
#[derive(Debug)]
struct Canvas {
    size: (u32, u32),
    view: wgpu::TextureView,
    texture: BlitTexture,
}

/// A living place, from the start of its compilation until it is rendered in each frame.
#[derive(Debug)]
struct LiveScene {
    variant: SceneVariant,
    size: (u32, u32),
    pipeline: Option<ScenePipeline>,
    layers: LayerUpload,
    /// Time at which the place was first rendered; `None` before that.
    since: Option<Instant>,
    rendered: Option<(SceneUniforms, (u32, u32))>,
}

/// The progress of uploading baked layers to the GPU.
#[derive(Debug)]
enum LayerUpload {
    Pending,
    Uploading { baked: BakedLayers, texture: wgpu::Texture, next: u32 },
    Done,
    Failed,
}

/// The pipelines of one entry point of `upscale.wgsl`: `opaque` for the first texture of a frame, and `blended` for a
/// texture that is drawn over others.
#[derive(Debug)]
struct BlitPipelines {
    opaque: wgpu::RenderPipeline,
    blended: wgpu::RenderPipeline,
}

/// A texture with its uniform, as `upscale.wgsl` binds them.
#[derive(Debug)]
struct BlitTexture {
    group: wgpu::BindGroup,
    uniform: wgpu::Buffer,
}

/// The uniform of `upscale.wgsl`.
struct BlitUniforms {
    /// Width and height of the upper left part of the texture that is used, in texels.
    used: (u32, u32),
    opacity: f32,
    light: PlaceLight,
    /// The area where the breath glows: centre x and y, radius x and y, as fractions of the screen.
    glow: [f32; 4],
}

impl shader::Pipeline for PlacePipeline {
    fn new(device: &wgpu::Device, _queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("upscale"),
            source: wgpu::ShaderSource::Wgsl(
                concat!(include_str!("dimming.wgsl"), include_str!("upscale.wgsl")).into(),
            ),
        });
        let fragment = wgpu::ShaderStages::FRAGMENT;
        let texture = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        };
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
        let blit_layout = bind_group_layout(device, &[(fragment, texture), (fragment, sampler), (fragment, uniform)]);
        let blit = |entry: &str| BlitPipelines::new(device, &blit_layout, &module, entry, format);
        // An sRGB target encodes what the shader returns, so the shader has to return linear light.
        let is_linear = format.is_srgb();
        Self {
            whole: blit(if is_linear { "whole_linear" } else { "whole_plain" }),
            enlarged: blit(if is_linear { "enlarged_linear" } else { "enlarged_plain" }),
            quick: blit(if is_linear { "quick_linear" } else { "quick_plain" }),
            sharpen: full_screen_pipeline(device, &[&blit_layout], &module, "sharpened", FORMAT, None),
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("upscale"),
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..wgpu::SamplerDescriptor::default()
            }),
            blit_layout,
            under: None,
            over: None,
            canvas: None,
            sharpened: None,
            compiled: BackgroundJob::default(),
            live: None,
            draw_list: Vec::new(),
            frame_starts: None,
            frame_start: None,
            last_frame: None,
        }
    }
}

impl PlacePipeline {
    /// Prepares one frame: uploads and renders everything that the frame needs, and writes the list of what to draw.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        state: &RenderState,
        request: &FrameRequest,
    ) {
        self.begin_frame(request);
        state.poll_power_state(request.now);
        self.upload_stills(device, queue, &request.stills);
        let variant = match request.stills.under.as_ref().map(|image| image.source) {
            Some(PictureSource::Still(variant)) => Some(variant),
            Some(PictureSource::Slide(_)) | None => None,
        };
        if let Some((incoming, _)) = &request.stills.over
            && let PictureSource::Still(incoming) = incoming.source
        {
            state.start_bake(incoming, request.size);
        }
        self.advance_live(device, queue, state, variant, request);
        self.compose(queue, request);
        state.set_live_readiness(self.live_readiness(request));
    }

    /// Draws the prepared frame.
    pub(super) fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        for (index, layer) in self.draw_list.iter().enumerate() {
            let (texture, pipelines) = match layer {
                BlitLayer::Under => (self.under.as_ref().map(|still| &still.texture), &self.whole),
                BlitLayer::WholeCanvas => (self.canvas.as_ref().map(|canvas| &canvas.texture), &self.whole),
                BlitLayer::Canvas => (self.canvas.as_ref().map(|canvas| &canvas.texture), &self.enlarged),
                BlitLayer::SharpenedCanvas => (self.sharpened.as_ref().map(|canvas| &canvas.texture), &self.quick),
                BlitLayer::Over => (self.over.as_ref().map(|still| &still.texture), &self.whole),
            };
            let Some(texture) = texture else { continue };
            pass.set_pipeline(if index == 0 { &pipelines.opaque } else { &pipelines.blended });
            pass.set_bind_group(0, &texture.group, &[]);
            pass.draw(0..3, 0..1);
        }
        if let (Some(frame_starts), Some(frame_start)) = (&self.frame_starts, self.frame_start) {
            // The measuring thread may have ended. The place then keeps its scale.
            let _ = frame_starts.send(frame_start);
        }
    }

    fn live_readiness(&self, request: &FrameRequest) -> LiveReadiness {
        let live = self.live.as_ref();
        let since = live.and_then(|live| live.since);
        if !request.stills.is_settled() || since.is_some_and(|since| request.now < since + LIVE_FADE) {
            LiveReadiness::Fading
        } else if request.is_changing {
            LiveReadiness::Pending
        } else if since.is_some() {
            LiveReadiness::Ready
        } else if live.is_none_or(LiveScene::has_failed) {
            LiveReadiness::Failed
        } else {
            LiveReadiness::Pending
        }
    }

    fn begin_frame(&mut self, request: &FrameRequest) {
        let after = self.last_frame.map(|last| request.now.saturating_duration_since(last));
        self.last_frame = Some(request.now);
        self.frame_start = None;
        let of_a_run = after.filter(|after| *after < request.frame_interval * RUN_INTERVALS_MAX && !request.is_still);
        if self.live.as_ref().is_some_and(|live| live.since.is_some()) {
            self.frame_start = Some(FrameStart { at: request.now, after: of_a_run });
        }
    }

    /// Uploads each still when it first appears.
    fn upload_stills(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, stills: &CrossfadeFrame) {
        let is_of = |still: &StillTexture, image: &Arc<StillImage>| Arc::ptr_eq(&still.image, image);
        if let Some(image) = &stills.under
            && !self.under.as_ref().is_some_and(|still| is_of(still, image))
        {
            let faded_in = self.over.take_if(|still| is_of(still, image));
            self.under = Some(faded_in.unwrap_or_else(|| self.upload_still(device, queue, image)));
        }
        match &stills.over {
            Some((image, _)) if !self.over.as_ref().is_some_and(|still| is_of(still, image)) => {
                self.over = Some(self.upload_still(device, queue, image));
            }
            Some(_) => {}
            None => self.over = None,
        }
    }

    fn upload_still(&self, device: &wgpu::Device, queue: &wgpu::Queue, image: &Arc<StillImage>) -> StillTexture {
        let texture = create_canvas(device, image.width, image.height);
        queue.write_texture(
            texture.as_image_copy(),
            image.pixels(),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(image.width * 4),
                rows_per_image: Some(image.height),
            },
            texture.size(),
        );
        let texture = BlitTexture::new(device, &self.blit_layout, &self.sampler, &texture);
        StillTexture { image: Arc::clone(image), texture }
    }

    /// Brings the living place closer to its first frame by one step of compiling or uploading, or renders it once it
    /// is ready.
    fn advance_live(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        state: &RenderState,
        variant: Option<SceneVariant>,
        request: &FrameRequest,
    ) {
        let Some(variant) = variant else {
            self.live = None;
            return;
        };
        let shader = variant.shader;
        if self.live.as_ref().is_none_or(|live| (live.variant, live.size) != (variant, request.size)) {
            let pipeline = self.live.take().and_then(|live| live.pipeline).filter(|one| one.shader == shader);
            let layers = if shader.layer_count() == 0 { LayerUpload::Done } else { LayerUpload::Pending };
            self.live = Some(LiveScene { variant, size: request.size, pipeline, layers, since: None, rendered: None });
        }
        let compiled = self.compiled.clone();
        let Some(live) = &mut self.live else { return };
        if live.pipeline.is_none() {
            let device = device.clone();
            let pipeline = compiled.take(&shader, move || Some(ScenePipeline::new(&device, shader)));
            if let JobResult::Ready(pipeline) = pipeline {
                live.pipeline = Some(pipeline);
            }
        }
        live.upload_layer(device, queue, state);
        if !live.is_ready() {
            return;
        }
        self.resize_canvases(device, request);
        self.render_scene(device, queue, state, request);
    }

    /// Gives each canvas the size of the window. At a smaller scale, the scene is rendered to a part of the canvas, so
    /// a change of scale allocates nothing.
    fn resize_canvases(&mut self, device: &wgpu::Device, request: &FrameRequest) {
        let fits = |canvas: &Option<Canvas>| canvas.as_ref().is_some_and(|canvas| canvas.size == request.size);
        if !fits(&self.canvas) {
            self.canvas = Some(self.new_canvas(device, request.size));
        }
        if request.is_software && !fits(&self.sharpened) {
            self.sharpened = Some(self.new_canvas(device, request.size));
        }
    }

    fn new_canvas(&self, device: &wgpu::Device, size: (u32, u32)) -> Canvas {
        let texture = create_canvas(device, size.0, size.1);
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Canvas { size, view, texture: BlitTexture::new(device, &self.blit_layout, &self.sampler, &texture) }
    }

    fn render_scene(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        state: &RenderState,
        request: &FrameRequest,
    ) {
        let scale = if request.is_still { SCALE_MAX } else { state.governor().scale() };
        let scaled = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, side);
        let size = (scaled(request.size.0), scaled(request.size.1));
        let (Some(live), Some(canvas)) = (&mut self.live, &self.canvas) else { return };
        let Some(pipeline) = &live.pipeline else { return };
        if live.rendered == Some((request.uniforms, size)) {
            // Another widget requested this frame; the place has not changed.
            self.frame_start = None;
            return;
        }
        pipeline.write_uniforms(queue, request.uniforms, size, scale);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("place") });
        pipeline.render(&mut encoder, &canvas.view, size);
        if let Some(sharpened) = self.sharpened.as_ref().filter(|_| size != request.size) {
            canvas.texture.write_uniforms(queue, &BlitUniforms::of_canvas(size, live.variant, request.light, 1.0));
            draw_full_screen(&mut encoder, &sharpened.view, size, &self.sharpen, &[&canvas.texture.group]);
        }
        queue.submit([encoder.finish()]);
        live.rendered = Some((request.uniforms, size));
        live.since.get_or_insert(request.now);
        if self.frame_starts.is_none() {
            self.frame_starts = start_measuring(device.clone(), state.governor_handle());
        }
    }

    /// Writes the list of textures to draw, and their uniforms.
    fn compose(&mut self, queue: &wgpu::Queue, request: &FrameRequest) {
        self.draw_list.clear();
        let live = self.live.as_ref().and_then(|live| Some((live, live.since?)));
        let live_opacity = live.map_or(0.0, |(_, since)| {
            smoothstep(request.now.saturating_duration_since(since).as_secs_f32() / LIVE_FADE.as_secs_f32())
        });
        if let Some(still) = self.under.as_ref().filter(|_| live_opacity < 1.0) {
            self.draw_list.push(BlitLayer::Under);
            still.texture.write_uniforms(queue, &BlitUniforms::of_still(&still.image, request.light, 1.0));
        }
        if let (Some((live, _)), Some(canvas)) = (live, &self.canvas)
            && let Some((_, used)) = live.rendered
        {
            let uniforms = BlitUniforms::of_canvas(used, live.variant, request.light, live_opacity);
            canvas.texture.write_uniforms(queue, &uniforms);
            self.draw_list.push(match &self.sharpened {
                Some(_) | None if used == canvas.size => BlitLayer::WholeCanvas,
                Some(sharpened) => {
                    sharpened.texture.write_uniforms(queue, &uniforms);
                    BlitLayer::SharpenedCanvas
                }
                None => BlitLayer::Canvas,
            });
        }
        if let (Some((_, opacity)), Some(still)) = (&request.stills.over, &self.over) {
            self.draw_list.push(BlitLayer::Over);
            still.texture.write_uniforms(queue, &BlitUniforms::of_still(&still.image, request.light, *opacity));
        }
    }
}

impl LiveScene {
    fn is_ready(&self) -> bool {
        self.pipeline.is_some() && matches!(self.layers, LayerUpload::Done)
    }

    /// Returns whether the living place cannot be shown, so that its still remains.
    fn has_failed(&self) -> bool {
        matches!(self.layers, LayerUpload::Failed)
    }

    /// Uploads one layer in each frame, because uploading all layers at once would visibly delay a frame.
    fn upload_layer(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, state: &RenderState) {
        match &mut self.layers {
            LayerUpload::Done | LayerUpload::Failed => {}
            LayerUpload::Pending => match state.take_bake(self.variant, self.size) {
                JobResult::Ready(baked) => {
                    let texture = baked.create_texture(device);
                    self.layers = LayerUpload::Uploading { baked, texture, next: 0 };
                }
                JobResult::Pending => {}
                JobResult::Failed => self.layers = LayerUpload::Failed,
            },
            LayerUpload::Uploading { baked, texture, next } => {
                if *next < baked.layer_count() {
                    baked.upload(queue, texture, *next);
                    *next += 1;
                } else if let Some(pipeline) = &mut self.pipeline {
                    pipeline.bind_layers(device, &layers_view(texture));
                    self.layers = LayerUpload::Done;
                }
            }
        }
    }
}

impl BlitPipelines {
    fn new(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        module: &wgpu::ShaderModule,
        entry: &str,
        format: wgpu::TextureFormat,
    ) -> Self {
        let pipeline = |blend| full_screen_pipeline(device, &[layout], module, entry, format, blend);
        Self { opaque: pipeline(None), blended: pipeline(Some(wgpu::BlendState::ALPHA_BLENDING)) }
    }
}

impl BlitTexture {
    fn new(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        sampler: &wgpu::Sampler,
        texture: &wgpu::Texture,
    ) -> Self {
        let uniform = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("blit"),
            size: BLIT_UNIFORM_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("blit"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
                wgpu::BindGroupEntry { binding: 2, resource: uniform.as_entire_binding() },
            ],
        });
        Self { group, uniform }
    }

    fn write_uniforms(&self, queue: &wgpu::Queue, uniforms: &BlitUniforms) {
        let BlitUniforms { used, opacity, light, glow } = uniforms;
        let [red, green, blue] = warmth_gains(light.warmth);
        let head = [used.0 as f32, used.1 as f32, *opacity, light.veil, red, green, blue, light.grey];
        let mut bytes = [0; BLIT_UNIFORM_BYTES];
        for (slot, float) in bytes.chunks_exact_mut(4).zip(head.iter().chain(glow).chain([&light.breath])) {
            slot.copy_from_slice(&float.to_le_bytes());
        }
        queue.write_buffer(&self.uniform, 0, &bytes);
    }
}

impl BlitUniforms {
    /// Creates the uniform for a canvas. The shader of the place has already lit the canvas, so the light is left out.
    /// Only the glow of the breath may be added.
    fn of_canvas(used: (u32, u32), variant: SceneVariant, light: PlaceLight, opacity: f32) -> Self {
        let light = PlaceLight { veil: 0.0, warmth: 0.0, grey: 0.0, breath: light.breath };
        Self { used, opacity, light, glow: glow::area_of(PictureSource::Still(variant), aspect(used)) }
    }

    fn of_still(image: &StillImage, light: PlaceLight, opacity: f32) -> Self {
        let used = (image.width, image.height);
        Self { used, opacity, light, glow: glow::area_of(image.source, aspect(used)) }
    }
}

fn aspect((width, height): (u32, u32)) -> f32 {
    width as f32 / height.max(1) as f32
}
