//! Owns taking the note home: a code on the screen that a phone reads. Nothing is stored and nothing is sent.

use iced::widget::{Space, column, container, image, row};
use iced::{Background, Border, Color, Element, Length};

use super::Setting;
use crate::room::notes::{Notes, Page};
use crate::takeaway::qr::{self, QrPage};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM};
use crate::widget::parts;

/// Quiet modules around a code, as its standard asks.
const QUIET: usize = 4;
/// Pixels of the picture for each module; it is scaled without smoothing.
const MODULE_PX: usize = 4;
/// What paper is to a code: sand, so that nothing on the screen is pure white.
const PAPER: [u8; 4] = [0xF1, 0xE6, 0xD6, 0xFF];
const PRINT: [u8; 4] = [0x0B, 0x14, 0x20, 0xFF];

/// A note as codes.
pub struct TakeHome {
    codes: Vec<(usize, image::Handle)>,
    shown: usize,
}

/// What happened while taking it home.
#[derive(Clone, Debug)]
pub enum Message {
    /// Another code of the series.
    CodePressed(usize),
}

impl TakeHome {
    /// Everything the patient wrote, as codes.
    #[must_use]
    pub fn of(notes: &Notes) -> Self {
        let text = written(notes);
        let codes = if text.trim().is_empty() {
            Vec::new()
        } else {
            match qr::series(&text) {
                Ok(pages) => pages.iter().map(|page| (page.index, picture(page))).collect(),
                Err(error) => {
                    tracing::warn!(%error, "the note could not be made into codes");
                    Vec::new()
                }
            }
        };
        Self { codes, shown: 0 }
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: &Message) {
        let Message::CodePressed(code) = message;
        self.shown = (*code).min(self.codes.len().saturating_sub(1));
    }

    /// The screen.
    pub fn view<'a, M: Clone + 'a>(
        &'a self,
        setting: &Setting,
        wrap: impl Fn(Message) -> M,
        close: M,
    ) -> Element<'a, M> {
        let done = parts::control(setting, "close", setting.say("done"), close).into();
        let Some((_, code)) = self.codes.get(self.shown) else {
            let words = parts::scrim(setting, parts::title(setting, setting.say("take-empty")));
            return parts::one_idea(setting, words, vec![done, Space::new().into()]);
        };
        let radius = setting.mm(3.0);
        let square = container(
            image(code.clone()).filter_method(image::FilterMethod::Nearest).width(Length::Fill).height(Length::Fill),
        )
        .padding(setting.mm(1.0))
        .width(Length::Fixed(setting.mm(92.0)))
        .height(Length::Fixed(setting.mm(92.0)))
        .style(move |_| container::Style {
            background: Some(Background::Color(Color::from_rgb8(PAPER[0], PAPER[1], PAPER[2]))),
            border: Border::default().rounded(radius),
            ..container::Style::default()
        });
        let part = (self.codes.len() > 1).then(|| {
            let numbers = [("index", (self.shown + 1).into()), ("of", self.codes.len().into())];
            parts::title(setting, setting.words.say_with("take-qr-page", &numbers))
        });
        let words = column![
            parts::title(setting, setting.say("take-title")),
            parts::body(setting, setting.say("take-qr-text")),
            parts::line(setting.say("take-qr-search"), setting.mm(3.9), theme::VOICE_SMALL, theme::SAND),
        ]
        .push(part)
        .spacing(setting.mm(4.0))
        .width(Length::Fill);
        let mut controls = vec![done];
        if self.codes.len() > 1 {
            let next = (self.shown + 1) % self.codes.len();
            controls.push(
                parts::control(setting, "code-next", setting.say("take-next-code"), wrap(Message::CodePressed(next)))
                    .into(),
            );
        } else {
            controls.push(Space::new().into());
        }
        let across = row![square, column![Space::new().height(Length::Fixed(setting.mm(CALL_MM))), words]]
            .spacing(setting.mm(8.0))
            .height(Length::Fill);
        let content = column![across, parts::controls_row(setting, controls)]
            .spacing(setting.mm(GAP_MM))
            .padding(setting.mm(MARGIN_MM));
        parts::ground(theme::INK, content)
    }
}

/// The note first, then what was written before.
fn written(notes: &Notes) -> String {
    let pages = notes.pages.iter().filter_map(Page::words).chain(&notes.intentions).chain([&notes.for_clinician]);
    let texts: Vec<&str> = pages.filter(|page| !page.is_blank()).map(|page| page.reveal().trim()).collect();
    texts.join("\n\n")
}

fn picture(page: &QrPage) -> image::Handle {
    let side_modules = page.width + 2 * QUIET;
    let side_px = side_modules * MODULE_PX;
    let mut pixels = Vec::with_capacity(side_px * side_px * 4);
    for y in 0..side_px {
        for x in 0..side_px {
            let module = |at: usize| (at / MODULE_PX).checked_sub(QUIET).filter(|at| *at < page.width);
            let dark = match (module(x), module(y)) {
                (Some(x), Some(y)) => page.modules.get(y * page.width + x).copied().unwrap_or(false),
                _ => false,
            };
            pixels.extend_from_slice(if dark { &PRINT } else { &PAPER });
        }
    }
    let side = u32::try_from(side_px).unwrap_or(0);
    image::Handle::from_rgba(side, side, pixels)
}
