//! Owns the layout of a patient's screen: one line for titles, one for actions, a column for words, an area for tiles. All
//! of it is in millimetres, for a display of any size, landscape or upright. Does not own what a screen says.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Row, Space, column, container, row, stack};
use iced::{Background, Element, Length, Padding, Radians, gradient};

use super::ViewContext;
use super::parts;
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM, TARGET_MM};

/// Width and height that the call takes up in its corner, with its gaps.
const CALL_CORNER_MM: f32 = CALL_MM + 4.0 + 6.0;
/// Top of titles on a landscape screen. What follows a title of one line is then below the call.
const TITLE_TOP_MM: f32 = 22.0;
/// Height of the small line above a title.
const OVERLINE_MM: f32 = 5.2;
/// Displays whose shorter side is less than this have half the margin. That of a 10.1-inch display is 136 mm.
const SMALL_DISPLAY_MM: f32 = 120.0;
/// Widest column of words. A line of 118 mm holds about 45 letters, which is easy to read.
const WORDS_WIDTH_MAX_MM: f32 = 118.0;
/// Opacity of the veil behind words. Sand on it has a contrast of at least 7 over the brightest place.
const VEIL_ALPHA: f32 = 0.84;
/// Smallest picture tile.
const TILE_MIN_MM: (f32, f32) = (34.0, TARGET_MM);
/// Largest picture tile.
const TILE_MAX_MM: (f32, f32) = (66.0, 44.0);

/// The display in millimetres, and where things are on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageGeometry {
    /// Width of the display.
    pub width_mm: f32,
    /// Height of the display.
    pub height_mm: f32,
}

/// A grid of equal tiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TileGrid {
    /// Number of tiles in a row.
    pub columns: usize,
    /// Width of a tile, in millimetres.
    pub width_mm: f32,
    /// Height of a tile, in millimetres.
    pub height_mm: f32,
}

impl PageGeometry {
    /// The display that a view is drawn on.
    #[must_use]
    pub fn of(ctx: &ViewContext) -> Self {
        let px_per_mm = ctx.mm(1.0).max(f32::EPSILON);
        Self { width_mm: ctx.window.width / px_per_mm, height_mm: ctx.window.height / px_per_mm }
    }

    /// Whether it is upright.
    #[must_use]
    pub fn is_upright(self) -> bool {
        self.height_mm > self.width_mm
    }

    /// Margin around everything.
    #[must_use]
    pub fn margin_mm(self) -> f32 {
        if self.width_mm.min(self.height_mm) < SMALL_DISPLAY_MM { MARGIN_MM / 2.0 } else { MARGIN_MM }
    }

    /// Top of titles: below the call on an upright screen, and otherwise beside it.
    #[must_use]
    pub fn title_top_mm(self) -> f32 {
        if self.is_upright() { CALL_CORNER_MM } else { TITLE_TOP_MM }
    }

    /// Width of a title, which never runs under the call.
    #[must_use]
    pub fn title_width_mm(self) -> f32 {
        let beside_call = if self.is_upright() { 0.0 } else { CALL_CORNER_MM };
        self.width_mm - 2.0 * self.margin_mm() - beside_call
    }

    /// Width of the column of words. On a landscape screen, the light of the place stays visible beside it.
    #[must_use]
    pub fn words_width_mm(self) -> f32 {
        let part = if self.is_upright() { 1.0 } else { 0.56 };
        ((self.width_mm - 2.0 * self.margin_mm()) * part).min(WORDS_WIDTH_MAX_MM)
    }

    /// Width between the margins.
    #[must_use]
    pub fn content_width_mm(self) -> f32 {
        self.width_mm - 2.0 * self.margin_mm()
    }

    /// Height between a title of this many lines and the line of actions.
    #[must_use]
    pub fn body_height_mm(self, title_lines: f32) -> f32 {
        let title_mm = title_lines * 9.5 + 5.0;
        self.height_mm - self.title_top_mm() - title_mm - TARGET_MM - self.margin_mm() - GAP_MM
    }

    /// The grid that shows `count` tiles as large as they can be below a title of one line.
    #[must_use]
    pub fn tile_grid(self, count: usize) -> TileGrid {
        let count = count.max(1);
        let (width_mm, height_mm) = (self.width_mm - 2.0 * self.margin_mm(), self.body_height_mm(1.0));
        let grid = |columns: usize| {
            let rows = count.div_ceil(columns) as f32;
            let across = columns as f32;
            TileGrid {
                columns,
                width_mm: ((width_mm - (across - 1.0) * GAP_MM) / across).min(TILE_MAX_MM.0),
                height_mm: ((height_mm - (rows - 1.0) * GAP_MM) / rows).min(TILE_MAX_MM.1),
            }
        };
        let area = |grid: &TileGrid| {
            let is_large_enough = grid.width_mm >= TILE_MIN_MM.0 && grid.height_mm >= TILE_MIN_MM.1;
            // Beyond 16:9, a wider tile shows no more of a picture.
            let width_mm = grid.width_mm.min(grid.height_mm * 16.0 / 9.0);
            (is_large_enough, width_mm * grid.height_mm)
        };
        let better = |a: TileGrid, b: TileGrid| if area(&b) > area(&a) { b } else { a };
        (1..=count).map(grid).reduce(better).unwrap_or_else(|| grid(1))
    }
}

/// The number of the current step among all steps, shown as dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProgress {
    /// The current step, from 0.
    pub at: usize,
    /// Number of steps.
    pub of: usize,
}

/// A patient's screen over the place: a title, content below it, and actions along the foot.
pub struct Page<'a, M> {
    overline: Option<String>,
    title: Option<String>,
    words: Option<String>,
    content: Option<Element<'a, M>>,
    start: Vec<Element<'a, M>>,
    end: Vec<Element<'a, M>>,
    progress: Option<StepProgress>,
    beside: Option<Element<'a, M>>,
    foot: Option<Element<'a, M>>,
    veil: Veil,
    is_above_call: bool,
    is_from_head: bool,
}

/// Where ink covers the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Veil {
    /// Beside the light of the place: behind words.
    Beside,
    /// Over all of it: behind tiles.
    Whole,
    /// At the foot: behind a few words there.
    Foot,
}

impl<'a, M: 'a> Page<'a, M> {
    /// An empty page.
    #[must_use]
    pub fn new() -> Self {
        Self {
            overline: None,
            title: None,
            words: None,
            content: None,
            start: Vec::new(),
            end: Vec::new(),
            progress: None,
            beside: None,
            foot: None,
            veil: Veil::Beside,
            is_above_call: false,
            is_from_head: false,
        }
    }

    /// Sets a small line above the title.
    #[must_use]
    pub fn overline(mut self, overline: String) -> Self {
        self.overline = Some(overline);
        self
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: String) -> Self {
        self.title = Some(title);
        self
    }

    /// Sets the words below the title.
    #[must_use]
    pub fn words(mut self, words: String) -> Self {
        self.words = Some(words);
        self
    }

    /// Sets the content below the words.
    #[must_use]
    pub fn content(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Sets content that takes the whole width. The veil then covers all of the place.
    #[must_use]
    pub fn wide_content(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.veil = Veil::Whole;
        self.content(content)
    }

    /// Sets content over the light of the place: beside the words, or below them on an upright screen.
    #[must_use]
    pub fn beside(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.beside = Some(content.into());
        self
    }

    /// Moves title and words to the foot, which leaves nearly all of the place visible.
    #[must_use]
    pub fn at_foot(mut self) -> Self {
        self.veil = Veil::Foot;
        self
    }

    /// Adds an action at the start of the foot: the way back.
    #[must_use]
    pub fn start(mut self, action: impl Into<Element<'a, M>>) -> Self {
        self.start.push(action.into());
        self
    }

    /// Adds an action at the end of the foot: the way on.
    #[must_use]
    pub fn end(mut self, action: impl Into<Element<'a, M>>) -> Self {
        self.end.push(action.into());
        self
    }

    /// Starts the content at the top of the screen, beside the call.
    #[must_use]
    pub fn from_head(mut self) -> Self {
        self.is_from_head = true;
        self
    }

    /// Leaves the foot of the screen to the call's band.
    #[must_use]
    pub fn above_call(mut self) -> Self {
        self.is_above_call = true;
        self
    }

    /// Sets content that fills the foot instead of single actions.
    #[must_use]
    pub fn foot(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.foot = Some(content.into());
        self
    }

    /// Shows the progress through several steps as dots.
    #[must_use]
    pub fn progress(mut self, progress: Option<StepProgress>) -> Self {
        self.progress = progress;
        self
    }

    /// The page over the room's place.
    #[must_use]
    pub fn view(self, ctx: &ViewContext) -> Element<'a, M> {
        let page = self.layer(ctx);
        parts::over_place(ctx, parts::BEHIND_TEXT, page)
    }

    /// The page without the place.
    #[must_use]
    pub fn layer(self, ctx: &ViewContext) -> Element<'a, M> {
        let geometry = PageGeometry::of(ctx);
        // Above the line of titles, which hang where they always do.
        let above_mm = if self.overline.is_some() { OVERLINE_MM } else { 0.0 };
        let overline = self.overline.map(|overline| parts::staff_note(ctx, overline));
        let title = self.title.map(|title| {
            let title = column![].push(overline).push(parts::title(ctx, title));
            container(title).max_width(ctx.mm(geometry.title_width_mm()))
        });
        let words =
            self.words.map(|words| container(parts::body(ctx, words)).max_width(ctx.mm(geometry.words_width_mm())));
        let gap = ctx.mm(GAP_MM);
        let upper = column![].push(title).push(words).push(self.content).spacing(ctx.mm(5.0)).align_x(Horizontal::Left);
        let upper = container(upper).width(Length::Fill).height(Length::Fill);
        let upper = if self.veil == Veil::Foot {
            upper.align_y(Vertical::Bottom)
        } else {
            let top_mm = if self.is_from_head { geometry.margin_mm() } else { geometry.title_top_mm() - above_mm };
            upper.padding(Padding { top: ctx.mm(top_mm), ..Padding::ZERO })
        };
        let beside = self.beside.map(|beside| {
            let (top, left) = if geometry.is_upright() {
                (geometry.height_mm * 0.42, 0.0)
            } else {
                (geometry.title_top_mm(), geometry.width_mm * 0.5)
            };
            container(beside).center(Length::Fill).padding(Padding {
                top: ctx.mm(top),
                left: ctx.mm(left),
                ..Padding::ZERO
            })
        });
        let upper = stack![upper].push(beside).width(Length::Fill).height(Length::Fill);
        let start = row(self.start).spacing(gap);
        let end = row(self.end).spacing(gap);
        let foot: Row<'a, M> = row![start, Space::new().width(Length::Fill), end].align_y(Vertical::Center);
        let dots = self.progress.map(|progress| {
            container(dots(ctx, progress)).center_x(Length::Fill).center_y(Length::Fixed(ctx.mm(TARGET_MM)))
        });
        let margin = ctx.mm(geometry.margin_mm());
        let foot_mm = if self.veil == Veil::Foot { 0.0 } else { TARGET_MM };
        let foot = match self.foot {
            Some(foot) => foot,
            None => stack![foot].push(dots).height(Length::Fixed(ctx.mm(foot_mm))).into(),
        };
        let below = ctx.mm(if self.is_above_call { CALL_MM } else { 0.0 });
        let page = column![upper, foot].spacing(gap).padding(Padding {
            top: 0.0,
            right: margin,
            bottom: margin + below,
            left: margin,
        });
        veil(geometry, self.veil, page)
    }
}

impl<'a, M: 'a> Default for Page<'a, M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Ink that makes words readable over any place, and fades out towards the light of the place.
fn veil<'a, M: 'a>(geometry: PageGeometry, veil: Veil, content: impl Into<Element<'a, M>>) -> Element<'a, M> {
    let ink = |alpha: f32| theme::faded(theme::INK, alpha);
    // Constant behind words, then an S-shaped fade: a linear one would show an edge at both ends.
    let fading = |angle: f32, solid_to: f32, clear_from: f32| {
        let between = |part: f32| solid_to + (clear_from - solid_to) * part;
        let linear = gradient::Linear::new(Radians(angle))
            .add_stop(0.0, ink(VEIL_ALPHA))
            .add_stop(solid_to, ink(VEIL_ALPHA))
            .add_stop(between(0.25), ink(VEIL_ALPHA * 0.82))
            .add_stop(between(0.50), ink(VEIL_ALPHA * 0.46))
            .add_stop(between(0.75), ink(VEIL_ALPHA * 0.15))
            .add_stop(clear_from, ink(0.0));
        Background::Gradient(linear.into())
    };
    let background = match veil {
        Veil::Whole => Background::Color(ink(VEIL_ALPHA)),
        Veil::Foot => fading(0.0, 0.28, 0.56),
        // From the top on an upright screen, otherwise from the left.
        Veil::Beside if geometry.is_upright() => fading(std::f32::consts::PI, 0.52, 0.90),
        Veil::Beside => fading(std::f32::consts::FRAC_PI_2, 0.54, 0.92),
    };
    container(content)
        .width(Length::Fill)
        .height(Length::Fill)
        .style(move |_| container::Style { background: Some(background), ..container::Style::default() })
        .into()
}

/// One dot for each step: those of past steps and of the current one are lit.
fn dots<'a, M: 'a>(ctx: &ViewContext, progress: StepProgress) -> Element<'a, M> {
    let side = ctx.mm(2.2);
    let dot = |index: usize| {
        let (width, color) = match index.cmp(&progress.at) {
            std::cmp::Ordering::Less => (side, theme::faded(theme::LAMPLIGHT, 0.9)),
            std::cmp::Ordering::Equal => (side * 3.2, theme::LAMPLIGHT),
            std::cmp::Ordering::Greater => (side, theme::faded(theme::SAND, 0.38)),
        };
        container(Space::new().width(width).height(side))
            .style(move |_| container::Style {
                background: Some(Background::Color(color)),
                border: iced::Border::default().rounded(side / 2.0),
                ..container::Style::default()
            })
            .into()
    };
    row((0..progress.of).map(dot)).spacing(ctx.mm(2.4)).align_y(Vertical::Center).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 8, 10.1 and 15.6 inches at 16:10, landscape and upright.
    const DISPLAYS_MM: [(f32, f32); 6] =
        [(172.0, 108.0), (217.0, 136.0), (336.0, 210.0), (108.0, 172.0), (136.0, 217.0), (210.0, 336.0)];

    #[test]
    fn tiles_are_large_enough_and_fit_on_every_display() {
        for (width_mm, height_mm) in DISPLAYS_MM {
            let geometry = PageGeometry { width_mm, height_mm };
            for count in 1..=8 {
                let grid = geometry.tile_grid(count);
                assert!(
                    grid.width_mm >= TILE_MIN_MM.0 && grid.height_mm >= TILE_MIN_MM.1,
                    "{count} on {width_mm} x {height_mm} mm: {grid:?}"
                );
                let rows = count.div_ceil(grid.columns) as f32;
                let across_mm = grid.columns as f32 * (grid.width_mm + GAP_MM) - GAP_MM;
                let down_mm = rows * (grid.height_mm + GAP_MM) - GAP_MM;
                assert!(across_mm <= geometry.content_width_mm() + 0.01);
                assert!(down_mm <= geometry.body_height_mm(1.0) + 0.01);
            }
        }
    }

    #[test]
    fn seven_places_stand_in_two_rows_landscape_and_in_four_upright() {
        assert_eq!(PageGeometry { width_mm: 217.0, height_mm: 136.0 }.tile_grid(7).columns, 4);
        assert_eq!(PageGeometry { width_mm: 136.0, height_mm: 217.0 }.tile_grid(7).columns, 2);
    }
}
