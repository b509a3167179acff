//! Owns the pipeline that runs a place's shader with its uniform and its baked layers, and renders to any texture. The
//! window and the offscreen renderer share it. Does not own the device, or the use of the rendered frame.

use iced::wgpu;

use super::shader::PlaceShader;
use super::uniforms::{SCENE_BYTES, SceneUniforms};

/// Texture format of scenes and layers: eight bits for each channel, without a conversion of colours.
pub(super) const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A place's shader, compiled for one device.
#[derive(Debug)]
pub(super) struct ScenePipeline {
    pub(super) shader: PlaceShader,
    module: wgpu::ShaderModule,
    scene_layout: wgpu::BindGroupLayout,
    layers_layout: wgpu::BindGroupLayout,
    render: wgpu::RenderPipeline,
    scene: wgpu::Buffer,
    scene_group: wgpu::BindGroup,
    layers_group: Option<wgpu::BindGroup>,
}

impl ScenePipeline {
    /// Compiles the shader. This can take seconds, so it must not run on the window's thread.
    pub(super) fn new(device: &wgpu::Device, shader: PlaceShader) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(shader.name()),
            source: wgpu::ShaderSource::Wgsl(shader.source().into()),
        });
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let scene_layout = bind_group_layout(device, &[(both, uniform)]);
        let array = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2Array,
            multisampled: false,
        };
        let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
        let layers_layout = bind_group_layout(device, &[(both, array), (both, sampler)]);
        let groups = if shader.layer_count() > 0 { vec![&scene_layout, &layers_layout] } else { vec![&scene_layout] };
        let render = full_screen_pipeline(device, &groups, &module, "fragment_main", FORMAT, None);
        let scene = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("scene"),
            size: SCENE_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let scene_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scene"),
            layout: &scene_layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: scene.as_entire_binding() }],
        });
        Self { shader, module, scene_layout, layers_layout, render, scene, scene_group, layers_group: None }
    }

    /// Compiles the entry point that bakes one layer.
    pub(super) fn bake_pipeline(&self, device: &wgpu::Device, layer: u32) -> wgpu::RenderPipeline {
        full_screen_pipeline(device, &[&self.scene_layout], &self.module, &format!("bake_{layer}"), FORMAT, None)
    }

    /// Sets the baked layers with which later frames are rendered.
    pub(super) fn bind_layers(&mut self, device: &wgpu::Device, layers: &wgpu::TextureView) {
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("layers"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            mipmap_filter: wgpu::FilterMode::Linear,
            ..wgpu::SamplerDescriptor::default()
        });
        self.layers_group = Some(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("layers"),
            layout: &self.layers_layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(layers) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&sampler) },
            ],
        }));
    }

    /// Writes the uniform for a frame of `size` pixels, rendered at the fraction `scale` of each side of the screen.
    pub(super) fn write_uniforms(&self, queue: &wgpu::Queue, uniforms: SceneUniforms, size: (u32, u32), scale: f32) {
        queue.write_buffer(&self.scene, 0, &uniforms.to_bytes(size.0, size.1, scale));
    }

    /// Renders the scene into the upper left `size` pixels of `target`.
    pub(super) fn render(&self, encoder: &mut wgpu::CommandEncoder, target: &wgpu::TextureView, size: (u32, u32)) {
        self.render_with(encoder, target, size, &self.render);
    }

    /// Runs `pipeline` over the upper left `size` pixels of `target`.
    pub(super) fn render_with(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &wgpu::TextureView,
        size: (u32, u32),
        pipeline: &wgpu::RenderPipeline,
    ) {
        let groups: Vec<_> = [Some(&self.scene_group), self.layers_group.as_ref()].into_iter().flatten().collect();
        draw_full_screen(encoder, target, size, pipeline, &groups);
    }
}

/// Runs `pipeline` with `groups` over the upper left `size` pixels of `target`.
pub(super) fn draw_full_screen(
    encoder: &mut wgpu::CommandEncoder,
    target: &wgpu::TextureView,
    size: (u32, u32),
    pipeline: &wgpu::RenderPipeline,
    groups: &[&wgpu::BindGroup],
) {
    let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("place"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: target,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
        })],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
    });
    pass.set_viewport(0.0, 0.0, size.0 as f32, size.1 as f32, 0.0, 1.0);
    pass.set_scissor_rect(0, 0, size.0, size.1);
    pass.set_pipeline(pipeline);
    for (index, group) in (0..).zip(groups) {
        pass.set_bind_group(index, *group, &[]);
    }
    pass.draw(0..3, 0..1);
}

/// Creates a bind group layout with these bindings, which are numbered from 0 in their order.
pub(super) fn bind_group_layout(
    device: &wgpu::Device,
    bindings: &[(wgpu::ShaderStages, wgpu::BindingType)],
) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(bindings)
        .map(|(binding, (visibility, ty))| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: *visibility,
            ty: *ty,
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("place"), entries: &entries })
}

/// Creates a pipeline that covers its target with one triangle. Two triangles would shade the pixels along their
/// diagonal twice.
pub(super) fn full_screen_pipeline(
    device: &wgpu::Device,
    groups: &[&wgpu::BindGroupLayout],
    module: &wgpu::ShaderModule,
    fragment: &str,
    format: wgpu::TextureFormat,
    blend: Option<wgpu::BlendState>,
) -> wgpu::RenderPipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(fragment),
        bind_group_layouts: groups,
        push_constant_ranges: &[],
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(fragment),
        layout: Some(&layout),
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
            targets: &[Some(wgpu::ColorTargetState { format, blend, write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview: None,
        cache: None,
    })
}

/// Creates a texture that can be rendered to, written to, sampled and copied from.
pub(super) fn create_canvas(device: &wgpu::Device, width: u32, height: u32) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("canvas"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT
            | wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_SRC
            | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}
