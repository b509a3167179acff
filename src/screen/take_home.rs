//! Owns the screen on which the patient takes the note home: the choice of a take-home method, the codes for a phone, a
//! drawing for the phone's camera, and the progress of a print or a sealed file. Sends the choice to the room, and
//! shows the status in the snapshot. Does not own printing or sealing.

use std::time::{Duration, Instant};

use iced::widget::{Space, column, container, image, row, stack};
use iced::{Background, Border, Color, Element, Length, Padding};

use super::Action;
use super::note::PageKind;
use super::write::{self, MARGIN_MM};
use crate::room::Event;
use crate::room::drawing::{Drawing, Tint};
use crate::room::notes::Notes;
use crate::room::take_home::{TakeHomeMethod, TakeHomeStatus};
use crate::takeaway::pdf;
use crate::takeaway::qr::{self, QUIET_MODULES, QrPage};
use crate::theme::{self, CALL_MM, GAP_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::icon::Icon;
use crate::widget::page::{Page, PageGeometry};
use crate::widget::sketch::shown_drawing;
use crate::widget::timer::timer;
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts};

/// Width of a module of a QR code in its image, in pixels. The image is then scaled to the screen without smoothing.
const MODULE_PX: usize = 4;
/// Side of a code that contains the note, in millimetres.
const CODE_MM: f32 = 92.0;
/// Maximum height of the control that chooses a take-home method, in millimetres.
const WAY_MM: f32 = 40.0;
/// Minimum height of a control in which a hint fits below the name of the take-home method, in millimetres.
const WAY_WITH_HINT_MM: f32 = 27.0;
/// Height that the title and the actions of a portrait page take beyond what [`PageGeometry::body_height_mm`] allows
/// for, in millimetres.
const PORTRAIT_SPARE_MM: f32 = 1.9;
/// Height of *Write* and *Draw*, in millimetres. They are offered if there is no note yet.
const CHOICE_MM: f32 = 30.0;
/// Time after which a bright drawing closes by itself, so that a forgotten drawing does not keep lighting the room.
const PHOTO_TIME: Duration = Duration::from_mins(1);
/// Background of a code, as RGBA: [`theme::BRIGHT_PAPER`], since nothing on the screen is pure white.
const LIGHT_MODULE: [u8; 4] = [0xF1, 0xE6, 0xD6, 0xFF];
/// Foreground of a code, as RGBA: [`theme::INK`].
const DARK_MODULE: [u8; 4] = [0x0B, 0x14, 0x20, 0xFF];

/// The screen on which the patient takes the note home.
pub struct TakeHomeScreen {
    codes: Vec<QrImage>,
    drawings: Vec<Drawing>,
    /// Index of the code that is shown, from 0.
    code_index: usize,
    view: TakeHomeView,
}

#[derive(Clone, Copy)]
enum TakeHomeView {
    Choosing,
    Progress(TakeHomeMethod),
    /// One of the drawings, bright for a camera until `until`.
    Photo {
        index: usize,
        until: Instant,
    },
}

/// What happened on the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A take-home method was chosen, or the same method was requested again.
    WayPressed(TakeHomeMethod),
    /// The patient went back to the choice of a take-home method.
    OtherWayPressed,
    /// The code with this index in the series was requested.
    CodePressed(usize),
    /// The drawing with this index was requested on bright paper, for the camera of the patient's phone.
    PhotoPressed(usize),
    /// The patient has taken the photo, or the drawing has been bright for a minute.
    PhotoEnded,
}

/// A QR code as an image, with its quiet zone.
#[derive(Clone)]
pub(super) struct QrImage {
    modules: usize,
    handle: image::Handle,
}

impl TakeHomeScreen {
    /// A screen with codes of everything that the patient wrote, and with all drawings. There are no codes if nothing
    /// was written, or if the text is too long for a series of codes.
    #[must_use]
    pub fn new(notes: &Notes) -> Self {
        let text = all_text(notes);
        let codes = if text.trim().is_empty() {
            Vec::new()
        } else {
            match qr::series(&text) {
                Ok(pages) => pages.iter().map(QrImage::new).collect(),
                Err(error) => {
                    tracing::warn!(%error, "the note could not be made into codes");
                    Vec::new()
                }
            }
        };
        Self { codes, drawings: notes.drawings().cloned().collect(), code_index: 0, view: TakeHomeView::Choosing }
    }

    /// Returns what the app has to do when the screen opens. If codes are the only take-home method, they are shown at
    /// once, without a choice.
    pub fn open(&mut self, ways: &[TakeHomeMethod]) -> Action {
        if ways == [TakeHomeMethod::Phone] && !self.codes.is_empty() && !self.has_drawings() {
            self.view = TakeHomeView::Progress(TakeHomeMethod::Phone);
            return Action::send_all([
                Event::TakeHomeMethodsRequested,
                Event::TakeHomeChosen { method: TakeHomeMethod::Phone },
            ]);
        }
        Action::Send(Event::TakeHomeMethodsRequested)
    }

    /// Identifies the page that is shown, from 0 to 2.
    #[must_use]
    pub const fn page_id(&self) -> usize {
        match self.view {
            TakeHomeView::Choosing => 0,
            TakeHomeView::Progress(_) => 1,
            TakeHomeView::Photo { .. } => 2,
        }
    }

    /// Handles a message.
    pub fn update(&mut self, message: &Message) -> Action {
        match message {
            Message::WayPressed(way) => {
                self.view = TakeHomeView::Progress(*way);
                return Action::Send(Event::TakeHomeChosen { method: *way });
            }
            Message::PhotoPressed(index) => {
                let until = parts::deadline(Instant::now(), PHOTO_TIME);
                self.view = TakeHomeView::Photo { index: *index, until };
            }
            Message::PhotoEnded | Message::OtherWayPressed => self.view = TakeHomeView::Choosing,
            Message::CodePressed(code) => self.code_index = (*code).min(self.codes.len().saturating_sub(1)),
        }
        Action::None
    }

    fn has_drawings(&self) -> bool {
        !self.drawings.is_empty()
    }

    /// Whether there is more than one take-home method; a photo of the drawings counts as one.
    fn has_other_ways(&self, ctx: &ViewContext) -> bool {
        self.ways(ctx).len() + usize::from(self.has_drawings()) > 1
    }

    /// The methods by which this note can be taken home, not counting a photo. The phone is left out if there are no
    /// codes, for example because there are only drawings, which do not fit into codes.
    fn ways(&self, ctx: &ViewContext) -> Vec<TakeHomeMethod> {
        if self.codes.is_empty() && !self.has_drawings() {
            return Vec::new();
        }
        let ways = ctx.snapshot.take_home.methods();
        ways.filter(|way| *way != TakeHomeMethod::Phone || !self.codes.is_empty()).collect()
    }

    /// The screen. `note` makes the message that opens the note, and `close` is the message that closes this screen.
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        wrap: impl Fn(Message) -> M,
        note: impl Fn(PageKind) -> M,
        close: M,
    ) -> Element<'a, M> {
        // At most one take-home method is in progress at a time. Its progress is shown instead of the current view.
        let view = under_way(ctx).map_or(self.view, TakeHomeView::Progress);
        match view {
            TakeHomeView::Choosing => self.choosing(ctx, wrap, note, close),
            TakeHomeView::Photo { index, until } => self.photo(ctx, index, until, wrap),
            TakeHomeView::Progress(TakeHomeMethod::Phone) => self.code(ctx, wrap, note, close),
            TakeHomeView::Progress(way @ (TakeHomeMethod::Paper | TakeHomeMethod::Sealed)) => {
                self.progress(ctx, way, wrap, close)
            }
        }
    }

    fn choosing<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        wrap: impl Fn(Message) -> M,
        note: impl Fn(PageKind) -> M,
        close: M,
    ) -> Element<'a, M> {
        let done = done(ctx, close);
        let geometry = PageGeometry::of(ctx);
        let width_mm = geometry.content_width_mm();
        let ways = self.ways(ctx);
        let count = ways.len() + usize::from(self.has_drawings());
        if count == 0 {
            let choice = |id: &str, icon, key: &str, kind| -> Element<'a, M> {
                parts::icon_offer(ctx, id.to_owned(), icon, ctx.say(key), note(kind)).into()
            };
            let choices = vec![
                choice("write", Icon::Pen, "after-write", PageKind::Text),
                choice("draw", Icon::Brush, "after-draw", PageKind::Drawing),
            ];
            let choices = parts::control_grid(ctx, choices, 2, width_mm, CHOICE_MM);
            let page = Page::new().title(ctx.say("take-title")).words(ctx.say("take-empty"));
            return page.choices(choices).start(done).view(ctx);
        }
        let columns = if geometry.is_portrait() || count == 1 { 1 } else { 2 };
        let rows = count.div_ceil(columns) as f32;
        // On a small display, the long title would take two lines and leave too little height for four methods.
        let title = if geometry.is_small() { ctx.say("take-title") } else { ctx.say("take-question") };
        let spare_mm = if geometry.is_portrait() { PORTRAIT_SPARE_MM } else { 0.0 };
        let body_mm = geometry.body_height_mm(geometry.title_lines(&title)) - spare_mm;
        let height_mm = ((body_mm + GAP_MM) / rows - GAP_MM).min(WAY_MM);
        let photo = self.has_drawings().then(|| {
            let words = (ctx.say("take-photo"), ctx.say("take-photo-hint"));
            way_control(ctx, "take-photo", Icon::Camera, words, height_mm, false, wrap(Message::PhotoPressed(0)))
        });
        let offers = ways.into_iter().map(|way| self.way(ctx, way, height_mm, wrap(Message::WayPressed(way))));
        let offers = offers.chain(photo).collect();
        let offers = parts::control_grid(ctx, offers, columns, width_mm, height_mm);
        Page::new().title(title).content(offers).start(done).view(ctx)
    }

    /// The control that chooses a take-home method.
    fn way<'a, M: Clone + 'a>(
        &self,
        ctx: &ViewContext,
        way: TakeHomeMethod,
        height_mm: f32,
        message: M,
    ) -> Element<'a, M> {
        let is_taken = matches!(ctx.snapshot.take_home.status(way), Some(TakeHomeStatus::Done { .. }));
        let hint = match way {
            TakeHomeMethod::Phone | TakeHomeMethod::Paper | TakeHomeMethod::Sealed if is_taken => ctx.say("take-taken"),
            TakeHomeMethod::Phone if self.has_drawings() => ctx.say("take-words-only"),
            TakeHomeMethod::Phone | TakeHomeMethod::Paper | TakeHomeMethod::Sealed => {
                ctx.say(&format!("take-{}-hint", way.name()))
            }
        };
        let icon = match way {
            TakeHomeMethod::Phone | TakeHomeMethod::Paper | TakeHomeMethod::Sealed if is_taken => Icon::Tick,
            TakeHomeMethod::Phone => Icon::Phone,
            TakeHomeMethod::Paper => Icon::Paper,
            TakeHomeMethod::Sealed => Icon::Seal,
        };
        let id = format!("take-{}", way.name());
        let words = (ctx.say(&id), hint);
        way_control(ctx, &id, icon, words, height_mm, is_taken, message)
    }

    /// A bright drawing that fills the screen, for the camera of the patient's phone.
    fn photo<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        index: usize,
        until: Instant,
        wrap: impl Fn(Message) -> M,
    ) -> Element<'a, M> {
        let shown = self.drawings.get(index).cloned().unwrap_or_default();
        let done = parts::primary(ctx, "photo-done", ctx.say("done"), Some(Icon::Tick), wrap(Message::PhotoEnded));
        let geometry = PageGeometry::of(ctx);
        let next_words = ctx.say(if geometry.is_small() { "next" } else { "take-photo-next" });
        let next = (self.drawings.len() > 1).then(|| {
            let next = wrap(Message::PhotoPressed((index + 1) % self.drawings.len()));
            parts::secondary(ctx, "photo-next", next_words, Some(Icon::Forward), next)
        });
        // The controls are beside the call or, on a portrait screen, below the drawing.
        let controls = row![done].push(next).spacing(ctx.mm(GAP_MM));
        let drawing = container(shown_drawing(shown, on_bright_paper)).center(Length::Fill);
        let content = if geometry.is_portrait() {
            column![Space::new().height(Length::Fixed(ctx.mm(CALL_MM))), drawing, controls]
        } else {
            let controls = container(controls).center_y(Length::Fixed(ctx.mm(CALL_MM)));
            column![write::past_corner(ctx, controls), drawing]
        };
        let content = content.spacing(ctx.mm(GAP_MM)).padding(ctx.mm(MARGIN_MM));
        let bright = parts::background(theme::BRIGHT_PAPER, content);
        stack![bright, timer(until, wrap(Message::PhotoEnded))].into()
    }

    /// The progress and the result of a print or a sealed file.
    fn progress<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        way: TakeHomeMethod,
        wrap: impl Fn(Message) -> M,
        close: M,
    ) -> Element<'a, M> {
        let head = ctx.say(&format!("take-{}-title", way.name()));
        let going = ctx.snapshot.take_home.status(way);
        let text = match going {
            None | Some(TakeHomeStatus::InProgress) => ctx.say(&format!("take-{}-going", way.name())),
            Some(TakeHomeStatus::Done { .. }) => ctx.say(&format!("take-{}-done", way.name())),
            Some(TakeHomeStatus::Failed(fault)) => ctx.say(&format!("take-fault-{}", fault.name())),
        };
        let code = match going {
            Some(TakeHomeStatus::Done { code: Some(code) }) => {
                Some(parts::text_line(code.clone(), ctx.mm(8.0), theme::CONTROL_STRONG, theme::SAND))
            }
            Some(TakeHomeStatus::Done { code: None } | TakeHomeStatus::InProgress | TakeHomeStatus::Failed(_))
            | None => None,
        };
        let mut page = Page::new().title(head).words(text).start(done(ctx, close));
        if let Some(code) = code {
            page = page.content(code);
        }
        if self.has_other_ways(ctx) && under_way(ctx).is_none() {
            page = page.start(other_way(ctx, wrap(Message::OtherWayPressed)));
        }
        let again = match going {
            Some(TakeHomeStatus::Failed(_)) => Some("take-try-again"),
            Some(TakeHomeStatus::Done { .. }) => Some("take-again"),
            None | Some(TakeHomeStatus::InProgress) => None,
        };
        if let Some(again) = again {
            let message = wrap(Message::WayPressed(way));
            page = page.end(parts::secondary(ctx, "take-again", ctx.say(again), Some(Icon::Undo), message));
        }
        page.view(ctx)
    }

    fn code<'a, M: Clone + 'a>(
        &'a self,
        ctx: &ViewContext,
        wrap: impl Fn(Message) -> M,
        note: impl Fn(PageKind) -> M,
        close: M,
    ) -> Element<'a, M> {
        let Some(code) = self.codes.get(self.code_index) else { return self.choosing(ctx, wrap, note, close) };
        let title = if self.codes.len() > 1 {
            let numbers = [("index", (self.code_index + 1).into()), ("of", self.codes.len().into())];
            ctx.words.say_with("take-qr-page", &numbers)
        } else {
            ctx.say("take-title")
        };
        let small = |key: &str| parts::text_line(ctx.say(key), ctx.scale.staff(), theme::VOICE, theme::SAND);
        let text = parts::text_line(ctx.say("take-qr-text"), ctx.mm(4.9), theme::VOICE, theme::SAND);
        let words = column![text, small("take-qr-search")]
            .push(self.has_drawings().then(|| small("take-words-only")))
            .spacing(ctx.mm(3.0))
            .width(Length::Fill);
        let geometry = PageGeometry::of(ctx);
        // On a portrait screen, three actions take two rows, so the code is smaller by the height of a row.
        let is_crowded = geometry.is_portrait() && self.codes.len() > 1 && self.has_other_ways(ctx);
        let square = code.view(ctx, if is_crowded { CODE_MM - TARGET_MM - GAP_MM } else { CODE_MM });
        let mut page = Page::new().start(done(ctx, close));
        page = if geometry.is_portrait() {
            page.title(title).wide_content(column![square, words].spacing(ctx.mm(6.0)).align_x(iced::Center))
        } else {
            // The code starts at the top of the screen, to the left of the title and the words.
            let title = container(parts::title(ctx, title))
                .center_y(Length::Fixed(ctx.mm(CALL_MM)))
                .padding(Padding::default().right(ctx.mm(CALL_MM + GAP_MM)));
            page.from_head().wide_content(row![square, column![title, words]].spacing(ctx.mm(8.0)))
        };
        if self.has_other_ways(ctx) {
            page = page.start(other_way(ctx, wrap(Message::OtherWayPressed)));
        }
        if self.codes.len() > 1 {
            let next = wrap(Message::CodePressed((self.code_index + 1) % self.codes.len()));
            page = page.end(parts::primary(ctx, "code-next", ctx.say("take-next-code"), Some(Icon::Forward), next));
        }
        page.view(ctx)
    }
}

/// A control with the name of a take-home method and, if the control is high enough, a hint below the name.
fn way_control<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    id: &str,
    icon: Icon,
    (name, hint): (String, String),
    height_mm: f32,
    is_taken: bool,
    message: M,
) -> Element<'a, M> {
    let name = parts::text_line(name, ctx.scale.label(), theme::CONTROL, theme::LAMPLIGHT);
    let hint =
        (height_mm >= WAY_WITH_HINT_MM).then(|| parts::text_line(hint, ctx.scale.staff(), theme::VOICE, theme::SAND));
    let words = column![name].push(hint).spacing(ctx.mm(0.6)).width(Length::Fill);
    let inner = row![icon.view(ctx.mm(9.0), theme::LAMPLIGHT), words].spacing(ctx.mm(5.0)).align_y(iced::Center);
    let inner = container(inner).center_y(Length::Fill).padding(Padding::from([ctx.mm(1.0), ctx.mm(6.0)]));
    touchable(id.to_owned(), inner)
        .width(Length::Fill)
        .height(Length::Fill)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .style(parts::control_style(ctx, is_taken))
        .on_press(message)
        .into()
}

fn on_bright_paper(tint: Tint) -> Color {
    let [red, green, blue] = pdf::tint_rgb(tint);
    Color::from_rgb8(red, green, blue)
}

fn done<'a, M: Clone + 'a>(ctx: &ViewContext, close: M) -> Element<'a, M> {
    parts::secondary(ctx, "close", ctx.say("done"), Some(Icon::Tick), close).into()
}

fn other_way<'a, M: Clone + 'a>(ctx: &ViewContext, message: M) -> Element<'a, M> {
    parts::secondary(ctx, "take-other", ctx.say("take-other-way"), None, message).into()
}

impl QrImage {
    pub(super) fn new(page: &QrPage) -> Self {
        Self { modules: page.width + 2 * QUIET_MODULES, handle: render(page) }
    }

    /// The code in the middle of a square with sides of this length. A module is a whole number of pixels wide, because
    /// a fraction would make some modules wider than others.
    pub(super) fn view<'a, M: 'a>(&self, ctx: &ViewContext, side_mm: f32) -> Element<'a, M> {
        let (side, radius) = (ctx.mm(side_mm), ctx.mm(3.0));
        let module_px = (side / self.modules as f32).floor().max(1.0);
        let code = Length::Fixed(module_px * self.modules as f32);
        container(image(self.handle.clone()).filter_method(image::FilterMethod::Nearest).width(code).height(code))
            .center(Length::Fixed(side))
            .style(move |_| container::Style {
                background: Some(Background::Color(Color::from_rgb8(
                    LIGHT_MODULE[0],
                    LIGHT_MODULE[1],
                    LIGHT_MODULE[2],
                ))),
                border: Border::default().rounded(radius),
                ..container::Style::default()
            })
            .into()
    }
}

/// The take-home method that is in progress, if any.
fn under_way(ctx: &ViewContext) -> Option<TakeHomeMethod> {
    let take_home = &ctx.snapshot.take_home;
    TakeHomeMethod::ALL.iter().copied().find(|way| take_home.status(*way) == Some(&TakeHomeStatus::InProgress))
}

/// Everything that the patient wrote: the note, then the intentions, then the text for the clinician.
fn all_text(notes: &Notes) -> String {
    let pages = notes.pages.iter().filter_map(|page| page.words());
    let pages = pages.chain(notes.intentions.iter().map(|answer| &answer.text)).chain([&notes.for_clinician]);
    let texts: Vec<&str> = pages.filter(|page| !page.is_blank()).map(|page| page.reveal().trim()).collect();
    texts.join("\n\n")
}

fn render(page: &QrPage) -> image::Handle {
    let side_modules = page.width + 2 * QUIET_MODULES;
    let side_px = side_modules * MODULE_PX;
    let mut pixels = Vec::with_capacity(side_px * side_px * 4);
    for y in 0..side_px {
        for x in 0..side_px {
            let module = |at: usize| (at / MODULE_PX).checked_sub(QUIET_MODULES);
            let pixel = match (module(x), module(y)) {
                (Some(x), Some(y)) if x < page.width && y < page.width => {
                    if page.is_dark(x, y) {
                        DARK_MODULE
                    } else {
                        LIGHT_MODULE
                    }
                }
                // The quiet zone is transparent, because the light square behind the code has rounded corners.
                (Some(_) | None, Some(_) | None) => [0; 4],
            };
            pixels.extend_from_slice(&pixel);
        }
    }
    let side = u32::try_from(side_px).unwrap_or(0);
    image::Handle::from_rgba(side, side, pixels)
}
