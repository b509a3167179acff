//! Owns how a place's shader is run: its pipeline, its uniform and its baked layers, onto any target. The window and the
//! offline studio paint with the same one. Does not own devices or what becomes of the picture.

use iced::wgpu;

use super::drawn::Drawn;
use super::values::{SCENE_BYTES, SceneValues};

/// What places are painted in: as it is shown, eight bits a channel.
pub(super) const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A place's shader on one device.
#[derive(Debug)]
pub(super) struct Painter {
    /// The place.
    pub(super) drawn: Drawn,
    module: wgpu::ShaderModule,
    scene_layout: wgpu::BindGroupLayout,
    layers_layout: wgpu::BindGroupLayout,
    paint: wgpu::RenderPipeline,
    scene: wgpu::Buffer,
    scene_group: wgpu::BindGroup,
    layers_group: Option<wgpu::BindGroup>,
}

impl Painter {
    /// Makes the shader ready. Takes a while: not for the thread that draws the window.
    pub(super) fn new(device: &wgpu::Device, drawn: Drawn) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(drawn.name()),
            source: wgpu::ShaderSource::Wgsl(drawn.source().into()),
        });
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let scene_layout = layout(device, &[(both, uniform)]);
        let array = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2Array,
            multisampled: false,
        };
        let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
        let layers_layout = layout(device, &[(both, array), (both, sampler)]);
        let groups = if drawn.layers() > 0 { vec![&scene_layout, &layers_layout] } else { vec![&scene_layout] };
        let paint = full_screen(device, &groups, &module, "fragment_main", FORMAT, None);
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
        Self { drawn, module, scene_layout, layers_layout, paint, scene, scene_group, layers_group: None }
    }

    /// The pipeline that bakes one layer.
    pub(super) fn baker(&self, device: &wgpu::Device, layer: u32) -> wgpu::RenderPipeline {
        full_screen(device, &[&self.scene_layout], &self.module, &format!("bake_{layer}"), FORMAT, None)
    }

    /// Paints with these layers from now on.
    pub(super) fn use_layers(&mut self, device: &wgpu::Device, layers: &wgpu::TextureView) {
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

    /// Puts `values` where the shader reads them, for a picture of that size.
    pub(super) fn tell(&self, queue: &wgpu::Queue, values: SceneValues, size: (u32, u32), scale: f32) {
        queue.write_buffer(&self.scene, 0, &values.bytes(size.0, size.1, scale));
    }

    /// Paints the place into the upper left corner of `target`, so large.
    pub(super) fn paint(&self, encoder: &mut wgpu::CommandEncoder, target: &wgpu::TextureView, size: (u32, u32)) {
        self.run(encoder, target, size, &self.paint);
    }

    /// Runs `pipeline` over the upper left corner of `target`, so large.
    pub(super) fn run(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &wgpu::TextureView,
        size: (u32, u32),
        pipeline: &wgpu::RenderPipeline,
    ) {
        let groups: Vec<_> = [Some(&self.scene_group), self.layers_group.as_ref()].into_iter().flatten().collect();
        cover(encoder, target, size, pipeline, &groups);
    }
}

/// Covers the upper left corner of `target`, so large, with what `pipeline` makes of `groups`.
pub(super) fn cover(
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

/// A group of bindings in their order.
pub(super) fn layout(
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

/// A pipeline that covers its target with one triangle.
pub(super) fn full_screen(
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

/// A texture that is painted into, sampled and copied from.
pub(super) fn canvas(device: &wgpu::Device, width: u32, height: u32) -> wgpu::Texture {
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
