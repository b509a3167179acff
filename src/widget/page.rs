//! Owns the layout of a patient's screen: a line for the title, a line for actions, a column for words, and an area for
//! tiles. All sizes are in millimetres, and suit a display of any size, landscape or portrait. Does not own the content
//! of a screen.

use std::sync::Arc;
use std::time::Instant;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Space, column, container, row, stack};
use iced::{Background, Element, Length, Padding};

use super::reveal::reveal;
use super::veil::{self, INK_BEHIND_WORDS, Veil};
use super::{ViewContext, parts};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM, TARGET_MM};

/// Width and height that the call and the gaps around it take up in their corner, in millimetres.
const CALL_CORNER_MM: f32 = CALL_MM + 4.0 + 6.0;
/// Distance of the title from the top of a landscape screen, in millimetres. What follows a title of one line is then
/// below the call.
const TITLE_TOP_MM: f32 = 22.0;
/// Height of the small line above a title, in millimetres.
const OVERLINE_MM: f32 = 5.2;
/// Length of the shorter side below which a display counts as small, in millimetres. For comparison, the shorter side
/// of a 10.1-inch display is 136 mm.
const SMALL_DISPLAY_MM: f32 = 120.0;
/// Maximum width of the column of words in normal type, in millimetres. A line of this width holds about 45 letters, so
/// it is easy to read.
const WORDS_WIDTH_MAX_MM: f32 = 118.0;
/// Average width of a letter, with some reserve, relative to the font size.
const LETTER_WIDTH: f32 = 0.51;
/// Height over which ink fades out above the words at the bottom of the screen, in millimetres.
const FOOT_FADE_MM: f32 = 42.0;
/// Minimum width and height of a picture tile, in millimetres.
const TILE_MIN_MM: (f32, f32) = (34.0, TARGET_MM);
/// Font size of a title in normal type, in millimetres.
const TITLE_MM: f32 = 7.0;
/// Gap below a title, in millimetres.
pub const TITLE_GAP_MM: f32 = 5.0;
/// Maximum width and height of a picture tile, in millimetres.
const TILE_MAX_MM: (f32, f32) = (66.0, 44.0);

/// The size of the display, from which the sizes and positions of everything on a screen follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageGeometry {
    /// Width of the display, in millimetres.
    pub width_mm: f32,
    /// Height of the display, in millimetres.
    pub height_mm: f32,
    /// Size of the patient's words, relative to normal type.
    pub type_factor: f32,
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
    /// Returns the geometry of the display that a view is drawn on.
    #[must_use]
    pub fn of(ctx: &ViewContext) -> Self {
        let px_per_mm = ctx.mm(1.0).max(f32::EPSILON);
        Self {
            width_mm: ctx.window.width / px_per_mm,
            height_mm: ctx.window.height / px_per_mm,
            type_factor: ctx.scale.type_factor(),
        }
    }

    /// Whether the display is taller than it is wide.
    #[must_use]
    pub fn is_portrait(self) -> bool {
        self.height_mm > self.width_mm
    }

    /// Margin around the content, in millimetres. A small display has half the usual margin.
    #[must_use]
    pub fn margin_mm(self) -> f32 {
        if self.is_small() { MARGIN_MM / 2.0 } else { MARGIN_MM }
    }

    /// Whether the display is too small for a keyboard and many controls at the same time.
    #[must_use]
    pub fn is_small(self) -> bool {
        self.width_mm.min(self.height_mm) < SMALL_DISPLAY_MM
    }

    /// Distance of titles from the top, in millimetres. Titles are below the call on a portrait screen, and beside it
    /// on a landscape screen.
    #[must_use]
    pub fn title_top_mm(self) -> f32 {
        // A title in larger type starts higher, so that what follows it is still just below the call.
        let larger_mm = TITLE_MM * theme::LINE_HEIGHT * (self.type_factor - 1.0);
        if self.is_portrait() { CALL_CORNER_MM } else { TITLE_TOP_MM - larger_mm }
    }

    /// Maximum width of a title, in millimetres. A title never reaches under the call.
    #[must_use]
    pub fn title_width_mm(self) -> f32 {
        let beside_call = if self.is_portrait() { 0.0 } else { CALL_CORNER_MM };
        self.width_mm - 2.0 * self.margin_mm() - beside_call
    }

    /// Width of the column of words, in millimetres. On a landscape screen, the bright part of the place stays visible
    /// beside it.
    #[must_use]
    pub fn words_width_mm(self) -> f32 {
        let part = if self.is_portrait() { 1.0 } else { 0.56 * self.type_factor };
        ((self.width_mm - 2.0 * self.margin_mm()) * part).min(WORDS_WIDTH_MAX_MM * self.type_factor)
    }

    /// Width and height that the call and the gaps around it take up in their corner, in millimetres.
    #[must_use]
    pub const fn call_corner_mm(self) -> f32 {
        CALL_CORNER_MM
    }

    /// Estimates the number of lines of a title in the patient's type size.
    #[must_use]
    pub fn title_lines(self, title: &str) -> f32 {
        lines_of(title, TITLE_MM * self.type_factor, self.title_width_mm())
    }

    /// Width between the margins, in millimetres.
    #[must_use]
    pub fn content_width_mm(self) -> f32 {
        self.width_mm - 2.0 * self.margin_mm()
    }

    /// Height between a title of this many lines and the line of actions at the bottom, in millimetres.
    #[must_use]
    pub fn body_height_mm(self, title_lines: f32) -> f32 {
        let title_mm = title_lines * TITLE_MM * theme::LINE_HEIGHT * self.type_factor + TITLE_GAP_MM;
        self.height_mm - self.title_top_mm() - title_mm - TARGET_MM - self.margin_mm() - GAP_MM
    }

    /// Returns the grid that shows `count` tiles as large as possible below this title.
    #[must_use]
    pub fn tile_grid(self, count: usize, title: &str) -> TileGrid {
        let count = count.max(1);
        let width_mm = self.width_mm - 2.0 * self.margin_mm();
        let height_mm = self.body_height_mm(self.title_lines(title));
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
            // A tile wider than 16:9 shows no more of its picture, so the additional width does not count.
            let width_mm = grid.width_mm.min(grid.height_mm * 16.0 / 9.0);
            (is_large_enough, width_mm * grid.height_mm)
        };
        let better = |a: TileGrid, b: TileGrid| if area(&b) > area(&a) { b } else { a };
        (1..=count).map(grid).reduce(better).unwrap_or_else(|| grid(1))
    }
}

/// Estimates the number of lines that words take at this font size in this width, with some reserve. An estimate is
/// needed because the layout has to be chosen before its text is measured.
#[must_use]
pub fn lines_of(words: &str, size_mm: f32, width_mm: f32) -> f32 {
    let letters_in_line = (width_mm / (size_mm * LETTER_WIDTH)).max(1.0);
    words.lines().map(|line| (line.chars().count() as f32 / letters_in_line).ceil().max(1.0)).sum::<f32>().max(1.0)
}

/// The progress through several steps, shown as dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProgress {
    /// Index of the current step, from 0.
    pub at: usize,
    /// Number of steps.
    pub of: usize,
}

/// A patient's screen over the place: a title, content below it, and a row of actions at the bottom.
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
    choices: Option<Element<'a, M>>,
    veil: Veil,
    is_above_call: bool,
    is_from_head: bool,
    /// Whether the page has only words, so that no space is kept for actions.
    is_low: bool,
}

impl<'a, M: 'a> Page<'a, M> {
    /// Creates an empty page.
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
            choices: None,
            veil: Veil::Beside,
            is_above_call: false,
            is_from_head: false,
            is_low: false,
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

    /// Sets content that is as wide as the screen allows, and makes ink cover the whole place.
    #[must_use]
    pub fn wide_content(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.veil = Veil::Whole(INK_BEHIND_WORDS);
        self.content(content)
    }

    /// Sets content over the bright part of the place: beside the words, or below them on a portrait screen.
    #[must_use]
    pub fn beside(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.beside = Some(content.into());
        self
    }

    /// Moves the title and the words to the bottom of the screen, so that nearly all of the place stays visible.
    #[must_use]
    pub fn at_foot(mut self) -> Self {
        self.veil = Veil::Foot;
        self.is_low = true;
        self
    }

    /// Adds an action at the start of the bottom row, such as *Back*.
    #[must_use]
    pub fn start(mut self, action: impl Into<Element<'a, M>>) -> Self {
        self.start.push(action.into());
        self
    }

    /// Adds an action at the end of the bottom row, such as the one that leads to the next step.
    #[must_use]
    pub fn end(mut self, action: impl Into<Element<'a, M>>) -> Self {
        self.end.push(action.into());
        self
    }

    /// Starts the content at the upper margin of the screen, for a page without a title.
    #[must_use]
    pub fn from_head(mut self) -> Self {
        self.is_from_head = true;
        self
    }

    /// Keeps the bottom of the screen free for the call, which is a band there in the session.
    #[must_use]
    pub fn above_call(mut self) -> Self {
        self.is_above_call = true;
        self
    }

    /// Sets content that replaces the actions in the bottom row.
    #[must_use]
    pub fn foot(mut self, content: impl Into<Element<'a, M>>) -> Self {
        self.foot = Some(content.into());
        self
    }

    /// Sets choices that are shown directly above the bottom row.
    #[must_use]
    pub fn choices(mut self, choices: impl Into<Element<'a, M>>) -> Self {
        self.choices = Some(choices.into());
        self
    }

    /// Shows the progress through several steps as dots in the bottom row. `None` shows no dots.
    #[must_use]
    pub fn progress(mut self, progress: Option<StepProgress>) -> Self {
        self.progress = progress;
        self
    }

    /// Draws the page over the room's place, which is drawn at a brightness of `dimmed_to`, 0 to 1.
    #[must_use]
    pub fn view_over(self, ctx: &ViewContext, dimmed_to: f32) -> Element<'a, M> {
        let veil = self.veil_over(ctx, PageGeometry::of(ctx));
        parts::over_place(ctx, dimmed_to, veil, self.content_on(ctx, veil))
    }

    /// Draws the page over the room's place.
    #[must_use]
    pub fn view(self, ctx: &ViewContext) -> Element<'a, M> {
        self.view_over(ctx, parts::BEHIND_TEXT)
    }

    /// Draws the page on ink, without the place.
    #[must_use]
    pub fn view_on_ink(self, ctx: &ViewContext) -> Element<'a, M> {
        parts::background(theme::INK, self.content_on(ctx, Veil::None))
    }

    /// Draws the page without the place behind it. The only ink that it draws is that of [`Veil::Foot`].
    fn content_on(self, ctx: &ViewContext, veil: Veil) -> Element<'a, M> {
        let geometry = PageGeometry::of(ctx);
        let gap = ctx.mm(GAP_MM);
        let margin = ctx.mm(geometry.margin_mm());
        // An overline is placed above the title without moving the title down.
        let above_mm = if self.overline.is_some() { OVERLINE_MM } else { 0.0 };
        let top = ctx.mm(self.top_mm(ctx, geometry) - above_mm);
        // On a mirrored screen the call is at the left, so the title is indented to the right of it.
        let is_beside_call = ctx.is_mirrored() && !geometry.is_portrait() && !self.is_above_call;
        let indent = if is_beside_call { ctx.mm(CALL_CORNER_MM) - margin } else { 0.0 };
        let overline = self.overline.map(|overline| parts::staff_note(ctx, overline));
        let title = self.title.map(|title| {
            let title = column![].push(overline).push(parts::title(ctx, title));
            let title = container(title).max_width(ctx.mm(geometry.title_width_mm()));
            container(title).padding(Padding { left: indent, ..Padding::ZERO })
        });
        let words =
            self.words.map(|words| container(parts::body(ctx, words)).max_width(ctx.mm(geometry.words_width_mm())));
        let upper = column![].push(title).push(words).push(self.content);
        let mut upper = upper.spacing(ctx.mm(TITLE_GAP_MM)).align_x(Horizontal::Left);
        let mut over_light = None;
        if let Some(beside) = self.beside {
            if veil == Veil::Foot {
                upper = upper.push(container(beside).center_x(Length::Fill));
            } else {
                let (top, left) = if geometry.is_portrait() {
                    (geometry.height_mm * 0.42, 0.0)
                } else {
                    (geometry.title_top_mm(), geometry.width_mm * 0.5)
                };
                let padding = Padding { top: ctx.mm(top), left: ctx.mm(left), ..Padding::ZERO };
                over_light = Some(container(beside).center(Length::Fill).padding(padding));
            }
        }
        // On a portrait screen, actions in larger type leave no space for dots between them.
        let has_dots = !geometry.is_portrait() || geometry.type_factor <= 1.0;
        let has_way_on = !self.end.is_empty();
        let dots = self.progress.filter(|_| has_dots).map(|progress| {
            let dots = container(dots(ctx, progress)).center_y(Length::Fixed(ctx.mm(TARGET_MM)));
            // On a small portrait screen, the action at the start may reach the middle. If there is no action at the
            // end, the dots are moved to the end.
            if has_way_on || !geometry.is_small() || !geometry.is_portrait() {
                dots.center_x(Length::Fill)
            } else {
                dots.align_right(Length::Fill)
            }
        });
        let foot_mm = if self.is_low { 0.0 } else { TARGET_MM };
        let foot = if let Some(foot) = self.foot {
            foot
        } else {
            let group = |actions: Vec<Element<'a, M>>| parts::row_by_hand(ctx, actions).spacing(gap).into();
            let fill = || Space::new().width(Length::Fill).into();
            let mut start = self.start;
            // A portrait screen is too narrow for three actions in a row.
            let is_narrow = geometry.is_portrait() && start.len() + self.end.len() > 2;
            let above = if is_narrow { start.split_off(1.min(start.len())) } else { Vec::new() };
            // Two actions at the start, or any actions on a portrait screen, may reach the middle of the screen. The
            // dots are then centred between the actions at the start and those at the end.
            let (between, dots) = if start.len() > 1 || geometry.is_portrait() { (dots, None) } else { (None, dots) };
            let between = between.map_or_else(fill, Element::from);
            let actions = parts::row_by_hand(ctx, vec![group(start), between, group(self.end)]);
            let line = stack![actions.align_y(Vertical::Center)].push(dots).height(Length::Fixed(ctx.mm(foot_mm)));
            let above = (!above.is_empty()).then(|| parts::row_by_hand(ctx, vec![group(above), fill()]));
            column![].push(above).push(line).spacing(gap).into()
        };
        let below = ctx.mm(if self.is_above_call { CALL_MM } else { 0.0 });
        let sides = Padding { top: 0.0, right: margin, bottom: 0.0, left: margin };
        let page = if veil == Veil::Foot {
            // The dark background is only as tall as its content, so that most of the place stays visible above it.
            let block = column![reveal(upper, ctx.page_since)]
                .push(self.choices)
                .push(foot)
                .spacing(gap)
                .padding(Padding { bottom: margin + below, ..sides });
            let fade = Space::new().height(ctx.mm(FOOT_FADE_MM).round());
            let fade = on_foot_ink(ctx, veil::fading_up, fade);
            let block = on_foot_ink(ctx, |alpha| Background::Color(theme::faded(theme::INK, alpha)), block);
            column![Space::new().height(Length::Fill), fade, block]
        } else {
            let upper =
                container(upper).width(Length::Fill).height(Length::Fill).padding(Padding { top, ..Padding::ZERO });
            let upper = stack![upper].push(over_light).width(Length::Fill).height(Length::Fill);
            let page = column![reveal(upper, ctx.page_since)]
                .push(self.choices)
                .push(foot)
                .spacing(gap)
                .padding(Padding { bottom: margin + below, ..sides });
            column![page.height(Length::Fill)]
        };
        page.width(Length::Fill).height(Length::Fill).into()
    }

    /// Returns where ink covers the place. On a portrait screen, the words are at the bottom if the picture of the
    /// place leaves space for words there.
    fn veil_over(&self, ctx: &ViewContext, geometry: PageGeometry) -> Veil {
        let aspect = geometry.width_mm / geometry.height_mm;
        let is_quiet_below = ctx.snapshot.place.quiet_box(aspect).top > 0.5;
        if self.veil == Veil::Beside && geometry.is_portrait() && is_quiet_below { Veil::Foot } else { self.veil }
    }

    /// Distance of the content from the top of the screen, in millimetres.
    fn top_mm(&self, ctx: &ViewContext, geometry: PageGeometry) -> f32 {
        if self.is_from_head {
            geometry.margin_mm()
        } else if ctx.is_mirrored() && self.title.is_none() {
            CALL_CORNER_MM
        } else {
            geometry.title_top_mm()
        }
    }
}

impl<'a, M: 'a> Default for Page<'a, M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts content at the bottom of the screen on the ink of [`Veil::Foot`], which appears gradually. `ground` returns ink
/// of the opacity that it is given, 0 to 1.
fn on_foot_ink<'a, M: 'a>(
    ctx: &ViewContext,
    ground: impl Fn(f32) -> Background + 'a,
    content: impl Into<Element<'a, M>>,
) -> container::Container<'a, M> {
    let fade = Arc::clone(&ctx.veil);
    container(content).width(Length::Fill).style(move |_| container::Style {
        background: Some(ground(INK_BEHIND_WORDS * fade.foot_level(Instant::now()))),
        // Snapping the edges to pixels avoids a visible line between adjoining areas of ink.
        snap: true,
        ..container::Style::default()
    })
}

/// Draws a dot for each step. The dots of past steps are lit, and that of the current step is lit and wider.
fn dots<'a, M: 'a>(ctx: &ViewContext, progress: StepProgress) -> Element<'a, M> {
    // A portrait screen has little space between the actions.
    let (side_mm, gap_mm) = if PageGeometry::of(ctx).is_portrait() { (1.7, 1.7) } else { (2.2, 2.4) };
    let side = ctx.mm(side_mm);
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
    row((0..progress.of).map(dot)).spacing(ctx.mm(gap_mm)).align_y(Vertical::Center).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width and height of displays of 8, 10.1 and 15.6 inches at 16:10, landscape and portrait.
    const DISPLAYS_MM: [(f32, f32); 6] =
        [(172.0, 108.0), (217.0, 136.0), (336.0, 210.0), (108.0, 172.0), (136.0, 217.0), (210.0, 336.0)];

    const TITLE: &str = "Where would you like to be?";

    #[test]
    fn tiles_are_large_enough_and_fit_on_every_display() {
        // Larger type is not offered on a small display.
        let larger = DISPLAYS_MM.into_iter().filter(|(width_mm, height_mm)| width_mm.min(*height_mm) > 120.0);
        let larger = larger.map(|display| (display, 1.25));
        let sizes = DISPLAYS_MM.into_iter().map(|display| (display, 1.0)).chain(larger);
        for ((width_mm, height_mm), type_factor) in sizes {
            let geometry = PageGeometry { width_mm, height_mm, type_factor };
            for count in 1..=8 {
                let grid = geometry.tile_grid(count, TITLE);
                assert!(
                    grid.width_mm >= TILE_MIN_MM.0 && grid.height_mm >= TILE_MIN_MM.1,
                    "{count} on {width_mm} x {height_mm} mm, type {type_factor}: {grid:?}"
                );
                let rows = count.div_ceil(grid.columns) as f32;
                let across_mm = grid.columns as f32 * (grid.width_mm + GAP_MM) - GAP_MM;
                let down_mm = rows * (grid.height_mm + GAP_MM) - GAP_MM;
                assert!(across_mm <= geometry.content_width_mm() + 0.01);
                assert!(down_mm <= geometry.body_height_mm(geometry.title_lines(TITLE)) + 0.01);
            }
        }
    }

    #[test]
    fn seven_places_stand_in_two_rows_landscape_and_in_four_portrait() {
        let columns = |width_mm: f32, height_mm: f32, type_factor: f32| {
            PageGeometry { width_mm, height_mm, type_factor }.tile_grid(7, TITLE).columns
        };
        assert_eq!((columns(217.0, 136.0, 1.0), columns(136.0, 217.0, 1.0)), (4, 2));
        assert_eq!((columns(217.0, 136.0, 1.25), columns(136.0, 217.0, 1.25)), (4, 3), "with larger words");
    }

    #[test]
    fn lines_are_counted_with_reserve() {
        for (words, lines) in [("", 1.0), ("a", 1.0), ("one\ntwo", 2.0), (&"a".repeat(100)[..], 4.0)] {
            assert!((lines_of(words, 7.0, 118.0) - lines).abs() < 1e-6, "{words:?}");
        }
    }
}
