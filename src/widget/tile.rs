//! Owns tiles, each of which shows a choice as a picture or an icon with a caption. A picture is decoded on another
//! thread when the tile appears, and freed when the tile disappears. Does not own the choices.

use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::text::{self, Paragraph as _};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::widget::image::{FilterMethod, Handle};
use iced::widget::{column, container, stack};
use iced::{Background, Element, Event, Length, Padding, Rectangle, Renderer, Shadow, Size, Theme, window};

use super::ViewContext;
use super::icon::Icon;
use super::page::TileGrid;
use super::place::background_job::{BackgroundJob, JobResult};
use super::place::tile_picture::{TilePicture, TilePixels};
use super::touch::{ControlStyle, Touchable, touchable};
use super::{parts, redraw};
use crate::theme::{self, GAP_MM, TOUCH_SLOP_MM};

/// Corner radius of a tile, in millimetres.
const RADIUS_MM: f32 = 4.5;
/// Width of the space around a tile's content, in millimetres. The frame of the chosen tile takes up most of this
/// space; the frames of other tiles are thin.
const FRAME_MM: f32 = 1.0;
/// Font size of a caption in normal type, in millimetres.
const CAPTION_MM: f32 = 5.6;
/// Line height of a caption, relative to its font size.
const CAPTION_LINE_HEIGHT: f32 = 1.2;
/// Margin at each side of a caption, in millimetres.
const CAPTION_MARGIN_MM: f32 = 2.0;
/// Width and height of the tick on the picture of the chosen tile, in millimetres.
const TICK_MM: f32 = 5.0;
/// Width of the ink around the tick, in millimetres.
const TICK_MARGIN_MM: f32 = 1.8;
/// Duration of a picture's fade-in.
const FADE_IN: Duration = Duration::from_millis(350);
/// Interval at which to check whether a picture has been decoded, and at which to draw the frames of its fade-in.
const FRAME_TIME: Duration = Duration::from_millis(40);

/// What a tile shows above its caption.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TileFace {
    /// A picture.
    Picture(TilePicture),
    /// An icon on ink.
    Icon(Icon),
}

/// One of several choices, shown as a tile.
pub struct Tile<M> {
    /// Id of the control, unique on its screen.
    pub id: String,
    /// The caption below the picture or icon.
    pub caption: String,
    /// The picture or icon.
    pub face: TileFace,
    /// Whether this choice is the chosen one.
    pub is_chosen: bool,
    /// The message that a touch publishes.
    pub message: M,
}

/// Draws tiles in a grid, which is mirrored for a patient whose left hand is free.
#[must_use]
pub fn tiles<'a, M: Clone + 'a>(ctx: &ViewContext, grid: TileGrid, tiles: Vec<Tile<M>>) -> Element<'a, M> {
    let caption_mm = caption_height_mm(ctx, grid, &tiles);
    let cells = tiles.into_iter().map(|each| tile(ctx, each, grid, caption_mm).into()).collect();
    cells_in_rows(ctx, grid.columns, cells)
}

/// Draws tiles in a grid like [`tiles`], and after them another control, which gets the size of a tile.
#[must_use]
pub fn tiles_and<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    grid: TileGrid,
    tiles: Vec<Tile<M>>,
    last: Touchable<'a, M>,
) -> Element<'a, M> {
    let caption_mm = caption_height_mm(ctx, grid, &tiles);
    let mut cells: Vec<Element<'a, M>> =
        tiles.into_iter().map(|each| tile(ctx, each, grid, caption_mm).into()).collect();
    let last = last.width(Length::Fixed(ctx.mm(grid.width_mm))).height(Length::Fixed(ctx.mm(grid.height_mm)));
    cells.push(last.into());
    cells_in_rows(ctx, grid.columns, cells)
}

fn cells_in_rows<'a, M: 'a>(ctx: &ViewContext, columns: usize, mut cells: Vec<Element<'a, M>>) -> Element<'a, M> {
    let gap = ctx.mm(GAP_MM);
    let mut rows = column![].spacing(gap);
    if ctx.is_mirrored() {
        rows = rows.align_x(iced::Right).width(Length::Fill);
    }
    while !cells.is_empty() {
        let rest = cells.split_off(columns.max(1).min(cells.len()));
        rows = rows.push(parts::row_by_hand(ctx, cells).spacing(gap));
        cells = rest;
    }
    rows.into()
}

/// Returns the height of every caption, in millimetres. It is that of the longest caption, so that all pictures have
/// the same height.
fn caption_height_mm<M>(ctx: &ViewContext, grid: TileGrid, tiles: &[Tile<M>]) -> f32 {
    let size_mm = CAPTION_MM * ctx.scale.type_factor();
    let width_px = ctx.mm(grid.width_mm - 2.0 * (FRAME_MM + CAPTION_MARGIN_MM));
    let lines = tiles.iter().map(|tile| caption_lines(&tile.caption, ctx.scale.label(), width_px));
    // Part of the picture has to stay visible, however long the caption is.
    (lines.fold(1.0, f32::max) * size_mm * CAPTION_LINE_HEIGHT + 1.6).min(grid.height_mm * 0.62)
}

/// Returns the number of lines that a caption takes in this width. The caption is measured as it will be drawn, because
/// each line that an estimate counts too many takes away a third of the picture.
fn caption_lines(caption: &str, size_px: f32, width_px: f32) -> f32 {
    let paragraph = <Renderer as text::Renderer>::Paragraph::with_text(text::Text {
        content: caption,
        bounds: Size::new(width_px, f32::INFINITY),
        size: size_px.into(),
        line_height: text::LineHeight::Relative(CAPTION_LINE_HEIGHT),
        font: theme::CONTROL,
        align_x: text::Alignment::Default,
        align_y: iced::alignment::Vertical::Top,
        shaping: text::Shaping::default(),
        wrapping: text::Wrapping::default(),
    });
    (paragraph.min_height() / (size_px * CAPTION_LINE_HEIGHT)).round().max(1.0)
}

/// Draws a picture that fills its parent, without a caption.
#[must_use]
pub fn picture<'a, M: 'a>(ctx: &ViewContext, picture: TilePicture) -> Element<'a, M> {
    Element::new(Picture { shown: picture, radius_px: ctx.mm(RADIUS_MM) })
}

fn tile<'a, M: Clone + 'a>(ctx: &ViewContext, tile: Tile<M>, grid: TileGrid, caption_mm: f32) -> Touchable<'a, M> {
    let face: Element<'a, M> = match tile.face {
        TileFace::Picture(picture) => Element::new(Picture { shown: picture, radius_px: ctx.mm(RADIUS_MM - FRAME_MM) }),
        TileFace::Icon(icon) => {
            let size = ctx.mm(((grid.height_mm - caption_mm) * 0.66).min(13.0));
            container(icon.view(size, theme::LAMPLIGHT)).center(Length::Fill).into()
        }
    };
    let tick_radius = ctx.mm(TICK_MM / 2.0 + TICK_MARGIN_MM);
    let caption =
        parts::text_line(tile.caption, ctx.scale.label(), theme::CONTROL, theme::SAND).line_height(CAPTION_LINE_HEIGHT);
    // The tick is on the picture, so the captions stay as they are when another tile is chosen.
    let tick = tile.is_chosen.then(|| {
        let ground = container(Icon::Tick.view(ctx.mm(TICK_MM), theme::LAMPLIGHT)).padding(ctx.mm(TICK_MARGIN_MM));
        let ground = ground.style(move |_| container::Style {
            background: Some(Background::Color(theme::INK)),
            border: Border::default().rounded(tick_radius),
            ..container::Style::default()
        });
        container(ground).align_right(Length::Fill).padding(ctx.mm(1.0))
    });
    let face = stack![face].push(tick).width(Length::Fill).height(Length::Fill);
    let foot = container(caption).width(Length::Fill);
    let foot = container(foot)
        .padding(Padding::from([0.0, ctx.mm(CAPTION_MARGIN_MM)]))
        .center_y(Length::Fixed(ctx.mm(caption_mm)));
    let inner = column![face, foot].width(Length::Fill).height(Length::Fill);
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

/// A picture that fills its parent, with round corners.
struct Picture {
    shown: TilePicture,
    radius_px: f32,
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
            let (picture, radius_px) = (self.shown, self.radius_px);
            match state.job.take(&key, move || picture.load(key.1, radius_px)) {
                JobResult::Ready(pixels) => {
                    let handle = Handle::from_rgba(pixels.width, pixels.height, pixels.rgba);
                    // If only the size has changed, the picture does not fade in again.
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
        let age = |since: &Instant| (since.elapsed().as_secs_f32() / FADE_IN.as_secs_f32()).clamp(0.0, 1.0);
        let opacity = state.shown.as_ref().map_or(0.0, |(.., since)| age(since));
        redraw::fading(renderer, bounds, opacity);
        if opacity < 1.0 {
            let border = Border::default().rounded(self.radius_px);
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: true };
            renderer.fill_quad(quad, Background::Color(theme::DEEP_WATER));
        }
        let Some((_, handle, _)) = &state.shown else { return };
        let image = Image::new(handle.clone()).opacity(opacity).filter_method(FilterMethod::Linear).snap(true);
        renderer.draw_image(image, bounds, bounds);
    }
}
