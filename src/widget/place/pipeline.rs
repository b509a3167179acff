//! Owns the device's side of a living place: still pictures, the canvas the place is painted on, and how they come to the
//! screen. Shaders are compiled and layers baked beside the window; here they are only taken over, a little with each
//! picture.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use iced::wgpu;
use iced::widget::shader;

use super::bake::Baked;
use super::bench::{Bench, Made};
use super::drawn::Drawn;
use super::governor::SCALE_MAX;
use super::pace::{Began, measure};
use super::painter::{FORMAT, Painter, canvas, cover, full_screen, layout};
use super::pictures::{Picture, Subject, smooth};
use super::sheet::{Light, Sheet, Show, Told};
use super::showing::Sight;
use super::stage::{Coming, Stage};
use super::studio::layers_view;
use super::values::SceneValues;
use super::{Look, glow};

/// The living place comes over its still in no less than this.
const LIVE_FADE: Duration = Duration::from_millis(1_600);

/// What one picture is to show.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) sight: Sight,
    /// Whether another still is coming or being made.
    pub(super) is_changing: bool,
    pub(super) size: (u32, u32),
    pub(super) values: SceneValues,
    pub(super) light: Light,
    /// Whether nothing moves by itself.
    pub(super) is_still: bool,
    /// Whether the processor stands in for a graphics device.
    pub(super) is_software: bool,
    pub(super) frame: Duration,
    pub(super) now: Instant,
}

/// The place's own pictures, and how they come to the screen.
#[derive(Debug)]
pub(super) struct Pipeline {
    whole: Show,
    enlarged: Show,
    quick: Show,
    sharpen: wgpu::RenderPipeline,
    print_layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    under: Option<Print>,
    over: Option<Print>,
    canvas: Option<Canvas>,
    sharp: Option<Canvas>,
    painters: Bench<Drawn, Painter>,
    live: Option<LiveLook>,
    shown: Vec<Shown>,
    measured: Option<mpsc::Sender<Began>>,
    began: Option<Began>,
    before: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Under,
    WholeCanvas,
    Canvas,
    SharpCanvas,
    Over,
}

#[derive(Debug)]
struct Print {
    picture: Arc<Picture>,
    sheet: Sheet,
}

#[derive(Debug)]
struct Canvas {
    size: (u32, u32),
    view: wgpu::TextureView,
    sheet: Sheet,
}

/// The living place on its way to the screen.
#[derive(Debug)]
struct LiveLook {
    look: Look,
    size: (u32, u32),
    painter: Option<Painter>,
    layers: Layers,
    since: Option<Instant>,
    painted: Option<(SceneValues, (u32, u32))>,
}

#[derive(Debug)]
enum Layers {
    Wanted,
    Uploading { baked: Baked, texture: wgpu::Texture, next: u32 },
    There,
    Never,
}

impl shader::Pipeline for Pipeline {
    fn new(device: &wgpu::Device, _queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("upscale"),
            source: wgpu::ShaderSource::Wgsl(include_str!("upscale.wgsl").into()),
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
        let print_layout = layout(device, &[(fragment, texture), (fragment, sampler), (fragment, uniform)]);
        let show = |entry: &str| Show::of(device, &print_layout, &module, entry, format);
        let is_linear = format.is_srgb();
        Self {
            whole: show(if is_linear { "whole_linear" } else { "whole_plain" }),
            enlarged: show(if is_linear { "enlarged_linear" } else { "enlarged_plain" }),
            quick: show(if is_linear { "quick_linear" } else { "quick_plain" }),
            sharpen: full_screen(device, &[&print_layout], &module, "sharpened", FORMAT, None),
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("upscale"),
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..wgpu::SamplerDescriptor::default()
            }),
            print_layout,
            under: None,
            over: None,
            canvas: None,
            sharp: None,
            painters: Bench::default(),
            live: None,
            shown: Vec::new(),
            measured: None,
            began: None,
            before: None,
        }
    }
}

impl Pipeline {
    /// Makes everything ready for one picture.
    pub(super) fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, stage: &Stage, wish: &Wish) {
        self.begin(wish);
        stage.mind_strain(wish.now);
        self.lay_out(device, queue, &wish.sight);
        let look = match wish.sight.under.as_ref().map(|picture| picture.subject) {
            Some(Subject::Still(look)) => Some(look),
            Some(Subject::Slide(_)) | None => None,
        };
        if let Some((coming, _)) = &wish.sight.over
            && let Subject::Still(coming) = coming.subject
        {
            stage.begin_bake(coming, wish.size);
        }
        self.bring_to_life(device, queue, stage, look, wish);
        self.decide(queue, wish);
        stage.set_coming(self.coming(wish));
    }

    /// Brings what was made ready to the screen.
    pub(super) fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        for (index, shown) in self.shown.iter().enumerate() {
            let (sheet, show) = match shown {
                Shown::Under => (self.under.as_ref().map(|print| &print.sheet), &self.whole),
                Shown::WholeCanvas => (self.canvas.as_ref().map(|canvas| &canvas.sheet), &self.whole),
                Shown::Canvas => (self.canvas.as_ref().map(|canvas| &canvas.sheet), &self.enlarged),
                Shown::SharpCanvas => (self.sharp.as_ref().map(|canvas| &canvas.sheet), &self.quick),
                Shown::Over => (self.over.as_ref().map(|print| &print.sheet), &self.whole),
            };
            let Some(sheet) = sheet else { continue };
            pass.set_pipeline(if index == 0 { &show.opaque } else { &show.blended });
            pass.set_bind_group(0, &sheet.group, &[]);
            pass.draw(0..3, 0..1);
        }
        if let (Some(measured), Some(began)) = (&self.measured, self.began) {
            // Whoever measures may have ended; the place then keeps its scale.
            let _ = measured.send(began);
        }
    }

    fn coming(&self, wish: &Wish) -> Coming {
        let live = self.live.as_ref();
        match live.and_then(|live| live.since) {
            _ if !wish.sight.is_settled() => Coming::Fading,
            Some(since) if wish.now < since + LIVE_FADE => Coming::Fading,
            _ if wish.is_changing => Coming::Prepared,
            Some(_) => Coming::There,
            None if live.is_none_or(LiveLook::is_hopeless) => Coming::Never,
            None => Coming::Prepared,
        }
    }

    fn begin(&mut self, wish: &Wish) {
        let after = self.before.map(|before| wish.now.saturating_duration_since(before));
        self.before = Some(wish.now);
        self.began = None;
        // Only pictures of a run tell about the pace.
        let of_a_run = after.filter(|after| *after < wish.frame * 6 && !wish.is_still);
        let is_alive = self.live.as_ref().is_some_and(|live| live.since.is_some());
        if is_alive {
            self.began = Some(Began { at: wish.now, after: of_a_run });
        }
    }

    /// Still pictures become textures when they are first seen.
    fn lay_out(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, sight: &Sight) {
        let is_of = |print: &Print, picture: &Arc<Picture>| Arc::ptr_eq(&print.picture, picture);
        if let Some(picture) = &sight.under
            && !self.under.as_ref().is_some_and(|print| is_of(print, picture))
        {
            let came = self.over.take_if(|print| is_of(print, picture));
            self.under = Some(came.unwrap_or_else(|| self.print(device, queue, picture)));
        }
        match &sight.over {
            Some((picture, _)) if !self.over.as_ref().is_some_and(|print| is_of(print, picture)) => {
                self.over = Some(self.print(device, queue, picture));
            }
            Some(_) => {}
            None => self.over = None,
        }
    }

    fn print(&self, device: &wgpu::Device, queue: &wgpu::Queue, picture: &Arc<Picture>) -> Print {
        let texture = canvas(device, picture.width, picture.height);
        queue.write_texture(
            texture.as_image_copy(),
            picture.pixels(),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(picture.width * 4),
                rows_per_image: Some(picture.height),
            },
            texture.size(),
        );
        Print { picture: Arc::clone(picture), sheet: Sheet::of(device, &self.print_layout, &self.sampler, &texture) }
    }

    /// One more step from the still picture to the living place, and its picture if it lives.
    fn bring_to_life(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        stage: &Stage,
        look: Option<Look>,
        wish: &Wish,
    ) {
        let Some(look) = look else {
            self.live = None;
            return;
        };
        if self.live.as_ref().is_none_or(|live| (live.look, live.size) != (look, wish.size)) {
            let painter = self.live.take().and_then(|live| live.painter).filter(|one| one.drawn == look.drawn);
            let layers = if look.drawn.layers() == 0 { Layers::There } else { Layers::Wanted };
            self.live = Some(LiveLook { look, size: wish.size, painter, layers, since: None, painted: None });
        }
        let painters = self.painters.clone();
        let Some(live) = &mut self.live else { return };
        if live.painter.is_none() {
            let device = device.clone();
            let painter = painters.take(&look.drawn, move || Some(Painter::new(&device, look.drawn)));
            if let Made::Ready(painter) = painter {
                live.painter = Some(painter);
            }
        }
        live.take_layers(device, queue, stage);
        if !live.can_paint() {
            return;
        }
        self.fit_canvas(device, wish);
        self.paint(device, queue, stage, wish);
    }

    /// The canvas has the size of the window, whatever part of it is painted: a change of scale allocates nothing.
    fn fit_canvas(&mut self, device: &wgpu::Device, wish: &Wish) {
        let fits = |canvas: &Option<Canvas>| canvas.as_ref().is_some_and(|canvas| canvas.size == wish.size);
        if !fits(&self.canvas) {
            self.canvas = Some(self.new_canvas(device, wish.size));
        }
        if wish.is_software && !fits(&self.sharp) {
            self.sharp = Some(self.new_canvas(device, wish.size));
        }
    }

    fn new_canvas(&self, device: &wgpu::Device, size: (u32, u32)) -> Canvas {
        let texture = canvas(device, size.0, size.1);
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Canvas { size, view, sheet: Sheet::of(device, &self.print_layout, &self.sampler, &texture) }
    }

    fn paint(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, stage: &Stage, wish: &Wish) {
        let scale = if wish.is_still { SCALE_MAX } else { stage.governor().scale() };
        let part = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, side);
        let size = (part(wish.size.0), part(wish.size.1));
        let (Some(live), Some(canvas)) = (&mut self.live, &self.canvas) else { return };
        let Some(painter) = &live.painter else { return };
        if live.painted == Some((wish.values, size)) {
            // Somebody else wanted the window drawn; the place is as it was.
            self.began = None;
            return;
        }
        painter.tell(queue, wish.values, size, scale);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("place") });
        painter.paint(&mut encoder, &canvas.view, size);
        if let Some(sharp) = self.sharp.as_ref().filter(|_| size != wish.size) {
            canvas.sheet.tell(queue, &Told::of_canvas(size, live.look, wish.light, 1.0));
            cover(&mut encoder, &sharp.view, size, &self.sharpen, &[&canvas.sheet.group]);
        }
        queue.submit([encoder.finish()]);
        live.painted = Some((wish.values, size));
        live.since.get_or_insert(wish.now);
        if self.measured.is_none() {
            self.measured = measure(device.clone(), stage.governor_handle());
        }
    }

    /// What lies over what in this picture, and in which light.
    fn decide(&mut self, queue: &wgpu::Queue, wish: &Wish) {
        self.shown.clear();
        let alive = self.live.as_ref().and_then(|live| Some((live, live.since?)));
        let lives = alive.map_or(0.0, |(_, since)| {
            smooth(wish.now.saturating_duration_since(since).as_secs_f32() / LIVE_FADE.as_secs_f32())
        });
        if let Some(print) = self.under.as_ref().filter(|_| lives < 1.0) {
            self.shown.push(Shown::Under);
            print.sheet.tell(queue, &told_of(print, wish.light, 1.0));
        }
        if let (Some((live, _)), Some(canvas)) = (alive, &self.canvas)
            && let Some((_, used)) = live.painted
        {
            let told = Told::of_canvas(used, live.look, wish.light, lives);
            canvas.sheet.tell(queue, &told);
            self.shown.push(match &self.sharp {
                _ if used == canvas.size => Shown::WholeCanvas,
                Some(sharp) => {
                    sharp.sheet.tell(queue, &told);
                    Shown::SharpCanvas
                }
                None => Shown::Canvas,
            });
        }
        if let (Some((_, opacity)), Some(print)) = (&wish.sight.over, &self.over) {
            self.shown.push(Shown::Over);
            print.sheet.tell(queue, &told_of(print, wish.light, *opacity));
        }
    }
}

impl LiveLook {
    fn can_paint(&self) -> bool {
        self.painter.is_some() && matches!(self.layers, Layers::There)
    }

    /// Whether the still picture is all there will be.
    fn is_hopeless(&self) -> bool {
        matches!(self.layers, Layers::Never)
    }

    /// One layer with each picture: the copies of all at once would be a stall that is seen.
    fn take_layers(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, stage: &Stage) {
        match &mut self.layers {
            Layers::There | Layers::Never => {}
            Layers::Wanted => match stage.bake(self.look, self.size) {
                Made::Ready(baked) => {
                    let texture = baked.texture(device);
                    self.layers = Layers::Uploading { baked, texture, next: 0 };
                }
                Made::NotYet => {}
                Made::Never => self.layers = Layers::Never,
            },
            Layers::Uploading { baked, texture, next } => {
                if *next < baked.count() {
                    baked.upload(queue, texture, *next);
                    *next += 1;
                } else if let Some(painter) = &mut self.painter {
                    painter.use_layers(device, &layers_view(texture));
                    self.layers = Layers::There;
                }
            }
        }
    }
}

fn told_of(print: &Print, light: Light, opacity: f32) -> Told {
    let Picture { width, height, subject, .. } = *print.picture;
    Told { used: (width, height), opacity, light, glow: glow::place_of(subject) }
}
