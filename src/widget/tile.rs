//! Owns picture tiles: a choice shown as a picture with a caption. The picture is decoded on another thread when the tile
//! appears, and freed with the tile. Does not own what is chosen.

use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::alignment::Vertical;
use iced::border::Border;
use iced::widget::image::{FilterMethod, Handle};
use iced::widget::{Space, column, container, row, stack};
use iced::{Background, Element, Event, Length, Padding, Rectangle, Renderer, Shadow, Size, Theme, window};

use super::ViewContext;
use super::icon::Icon;
use super::page::TileGrid;
use super::parts;
use super::place::background_job::{BackgroundJob, JobResult};
use super::place::tile_picture::{TilePicture, TilePixels};
use super::touch::{ControlStyle, Touchable, touchable};
use crate::theme::{self, GAP_MM, TOUCH_SLOP_MM};

/// Corner radius of a tile.
const RADIUS_MM: f32 = 4.5;
/// Width of the frame around the chosen tile, and of the gap that the other tiles have in its place.
const FRAME_MM: f32 = 1.0;
/// Duration of a picture's fade-in.
const FADE_IN: Duration = Duration::from_millis(350);
/// Time between two checks whether a picture is decoded, and between two frames of its fade.
const FRAME_TIME: Duration = Duration::from_millis(40);

/// What a tile shows above its caption.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TileFace {
    /// A picture.
    Picture(TilePicture),
    /// An icon on black.
    Icon(Icon),
}

/// One of several choices.
pub struct Tile<M> {
    /// Its id among the controls of the screen.
    pub id: String,
    /// Its caption.
    pub caption: String,
    /// What it shows.
    pub face: TileFace,
    /// Whether it is the chosen one.
    pub is_chosen: bool,
    /// What choosing it publishes.
    pub message: M,
}

/// Tiles in a grid.
#[must_use]
pub fn tiles<'a, M: Clone + 'a>(ctx: &ViewContext, grid: TileGrid, tiles: Vec<Tile<M>>) -> Element<'a, M> {
    let mut rows = column![].spacing(ctx.mm(GAP_MM));
    let mut across = row![].spacing(ctx.mm(GAP_MM));
    for (index, each) in tiles.into_iter().enumerate() {
        if index > 0 && index % grid.columns == 0 {
            rows = rows.push(std::mem::replace(&mut across, row![].spacing(ctx.mm(GAP_MM))));
        }
        across = across.push(tile(ctx, each, grid));
    }
    rows.push(across).into()
}

/// A picture without a caption, filling its parent.
#[must_use]
pub fn picture<'a, M: 'a>(ctx: &ViewContext, picture: TilePicture) -> Element<'a, M> {
    Element::new(Picture { shown: picture, radius_px: ctx.mm(RADIUS_MM), has_caption: false })
}

fn tile<'a, M: Clone + 'a>(ctx: &ViewContext, tile: Tile<M>, grid: TileGrid) -> Touchable<'a, M> {
    let face: Element<'a, M> = match tile.face {
        TileFace::Picture(picture) => {
            Element::new(Picture { shown: picture, radius_px: ctx.mm(RADIUS_MM - FRAME_MM), has_caption: true })
        }
        TileFace::Icon(icon) => {
            let size = ctx.mm((grid.height_mm * 0.34).min(13.0));
            container(icon.view(size, theme::LAMPLIGHT))
                .center_x(Length::Fill)
                .padding(Padding { top: ctx.mm(grid.height_mm * 0.14), ..Padding::ZERO })
                .height(Length::Fill)
                .into()
        }
    };
    let caption = parts::text_line(tile.caption, ctx.scale.label(), theme::CONTROL, theme::SAND);
    let tick = tile.is_chosen.then(|| Icon::Tick.view(ctx.mm(5.6), theme::LAMPLIGHT));
    let foot = row![container(caption).width(Length::Fill)].push(tick).spacing(ctx.mm(2.0)).align_y(Vertical::Center);
    let foot = column![Space::new().height(Length::Fill), foot].padding(Padding {
        top: 0.0,
        right: ctx.mm(2.6),
        bottom: ctx.mm(1.4),
        left: ctx.mm(3.2),
    });
    let inner = stack![face, foot].width(Length::Fill).height(Length::Fill);
    let framed = container(inner).padding(ctx.mm(FRAME_MM)).width(Length::Fill).height(Length::Fill);
    touchable(tile.id, framed)
        .on_press(tile.message)
        .width(Length::Fixed(ctx.mm(grid.width_mm)))
        .height(Length::Fixed(ctx.mm(grid.height_mm)))
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(ControlStyle {
            background: theme::INK,
            pressed: theme::DUSK_LIT,
            border: if tile.is_chosen { theme::LAMPLIGHT } else { theme::faded(theme::LAMPLIGHT, 0.5) },
            border_px: ctx.mm(if tile.is_chosen { 0.9 } else { 0.3 }),
            radius_px: ctx.mm(RADIUS_MM),
            progress: iced::Color::TRANSPARENT,
            knob: None,
        })
}

/// A picture that fills its parent, with round corners and a foot dark enough for a caption.
struct Picture {
    shown: TilePicture,
    radius_px: f32,
    has_caption: bool,
}

type PictureKey = (TilePicture, (u32, u32));

struct State {
    job: BackgroundJob<PictureKey, TilePixels>,
    shown: Option<(PictureKey, Handle, Instant)>,
}

impl Picture {
    fn key(&self, bounds: Rectangle) -> PictureKey {
        let side = |length: f32| (length.round().max(1.0) as u32).min(2048);
        (self.shown, (side(bounds.width), side(bounds.height)))
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Picture {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State { job: BackgroundJob::default(), shown: None })
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, Length::Fill, Length::Fill)
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return };
        let state = tree.state.downcast_mut::<State>();
        let key = self.key(layout.bounds());
        if state.shown.as_ref().is_none_or(|(shown, ..)| *shown != key) {
            let (picture, radius_px, has_caption) = (self.shown, self.radius_px, self.has_caption);
            match state.job.take(&key, move || picture.load(key.1, radius_px, has_caption)) {
                JobResult::Ready(pixels) => {
                    let handle = Handle::from_rgba(pixels.width, pixels.height, pixels.rgba);
                    // The same picture in another size does not fade in again.
                    let since =
                        state.shown.as_ref().filter(|(shown, ..)| shown.0 == key.0).map_or(*now, |shown| shown.2);
                    state.shown = Some((key, handle, since));
                }
                JobResult::Pending => shell.request_redraw_at(*now + FRAME_TIME),
                JobResult::Failed => {}
            }
        }
        if state.shown.as_ref().is_some_and(|(.., since)| now.saturating_duration_since(*since) < FADE_IN) {
            shell.request_redraw_at(*now + FRAME_TIME);
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let state = tree.state.downcast_ref::<State>();
        let Some((_, handle, since)) = &state.shown else {
            let border = Border::default().rounded(self.radius_px);
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
            renderer.fill_quad(quad, Background::Color(theme::DEEP_WATER));
            return;
        };
        let opacity = (since.elapsed().as_secs_f32() / FADE_IN.as_secs_f32()).clamp(0.0, 1.0);
        let image = Image::new(handle.clone()).opacity(opacity).filter_method(FilterMethod::Linear).snap(true);
        renderer.draw_image(image, bounds, bounds);
    }
}
