//! Owns the opening of the window: its settings, its fonts, and the one boot of what it shows.

use iced::{Size, Subscription, Task, window};

use super::{App, Message, Parts};
use crate::theme;

/// Opens the window and stays until staff leaves the kiosk.
///
/// # Errors
/// What the window system said.
pub fn run(parts: Parts) -> iced::Result {
    let windowed = parts.windowed;
    let fullscreen = windowed.is_none() && parts.clinic.config.screen.fullscreen;
    let size = windowed.unwrap_or(Size::new(1280.0, 800.0));
    let parts = std::sync::Mutex::new(Some(parts));
    let boot = move || {
        // The window is made once; a second boot would have no room to show.
        let parts = parts.lock().ok().and_then(|mut parts| parts.take());
        (Shell(parts.map(|parts| App::new(parts, size))), Task::none())
    };
    iced::application(boot, Shell::update, Shell::view)
        .title("Stillroom")
        .subscription(Shell::subscription)
        .theme(|_: &Shell| iced::Theme::Dark)
        .style(|_, _| iced::theme::Style { background_color: theme::INK, text_color: theme::SAND })
        .settings(iced::Settings {
            id: Some("stillroom".to_owned()),
            fonts: theme::FONTS.iter().map(|font| (*font).into()).collect(),
            default_font: theme::CONTROL,
            // Drawn lines have edges; where shaders run, nothing else smooths them.
            antialiasing: true,
            ..iced::Settings::default()
        })
        .window(window::Settings {
            size,
            fullscreen,
            decorations: windowed.is_some(),
            exit_on_close_request: windowed.is_some(),
            ..window::Settings::default()
        })
        .run()
}

struct Shell(Option<App>);

impl Shell {
    fn update(&mut self, message: Message) -> Task<Message> {
        self.0.as_mut().map_or_else(Task::none, |app| app.update(message))
    }

    fn view(&self) -> iced::Element<'_, Message> {
        self.0.as_ref().map_or_else(|| iced::widget::Space::new().into(), App::view)
    }

    fn subscription(&self) -> Subscription<Message> {
        self.0.as_ref().map_or_else(Subscription::none, App::subscription)
    }
}
