//! Screenshots of the note, for people to look at:
//! `STILLROOM_PICTURES=folder cargo test --release --test touch pictures -- --ignored`.

use std::path::Path;

use iced::{Point, Size};
use stillroom::room::Event;
use stillroom::room::notes::PatientText;

use crate::drawing::{draw, in_after};
use crate::tablet::{ENGLISH, Tablet, spanish};

/// Saves a screenshot as `<name>-<width>.png` in the folder that `STILLROOM_PICTURES` names. Does nothing if that
/// variable is not set.
pub fn save_screenshot(tablet: &mut Tablet, name: &str) {
    let Some(folder) = std::env::var_os("STILLROOM_PICTURES") else { return };
    let (size, pixels) = (tablet.size(), tablet.screenshot());
    let file = Path::new(&folder).join(format!("{name}-{}.png", size.width));
    image::save_buffer(file, &pixels, size.width as u32, size.height as u32, image::ColorType::Rgba8).unwrap();
}

#[test]
#[ignore = "for people to look at"]
fn soak_pictures_of_the_note_in_both_languages_and_at_both_sizes() {
    for (size, language) in [(Size::new(1280.0, 800.0), ENGLISH), (Size::new(1920.0, 1200.0), spanish())] {
        for intentions in [false, true] {
            let mut tablet = Tablet::of_size(size, true);
            tablet.send(Event::VisitBegins);
            tablet.send(Event::LanguageChosen(language));
            if intentions {
                tablet.send(Event::IntentionWritten {
                    question: 0,
                    text: PatientText::new("I would like to sleep again, and to be gentle with my children."),
                });
                tablet.send(Event::IntentionWritten { question: 2, text: PatientText::new("Quiet.") });
            }
            in_after(&mut tablet);
            let with = if intentions { "-before" } else { "" };
            save_screenshot(&mut tablet, &format!("hearth{with}"));
            tablet.tap(1, tablet.at("write").center());
            save_screenshot(&mut tablet, &format!("write-blank{with}"));
            tablet.send(Event::NoteWritten {
                page: 0,
                text: PatientText::new("A white horse stood in the shallow water.\nIt was not afraid of me."),
            });
            tablet.tap(1, tablet.at("close").center());
            tablet.tap(1, tablet.at("write").center());
            save_screenshot(&mut tablet, &format!("write{with}"));
            tablet.tap(1, tablet.at("key-symbols").center());
            save_screenshot(&mut tablet, &format!("write-marks{with}"));
            tablet.tap(1, tablet.at("draw").center());
            save_screenshot(&mut tablet, &format!("draw-blank{with}"));
            let page = tablet.at("sketch");
            for (index, tint) in ["sea", "honey", "rose", "moss", "sand"].into_iter().enumerate() {
                tablet.tap(1, tablet.at(&format!("tint-{tint}")).center());
                let path: Vec<Point> = (0..120)
                    .map(|step| {
                        let part = step as f32 / 119.0;
                        let turn = part * 7.0 + index as f32;
                        Point::new(
                            page.x + page.width * (0.1 + 0.8 * part),
                            page.y
                                + page.height * (0.25 + 0.12 * index as f32 + 0.14 * turn.sin() * (1.0 - part * 0.5)),
                        )
                    })
                    .collect();
                draw(&mut tablet, 1, &path);
            }
            tablet.tap(2, Point::new(page.x + page.width * 0.85, page.y + page.height * 0.15));
            save_screenshot(&mut tablet, &format!("draw{with}"));
            if intentions {
                tablet.tap(1, tablet.at("page-back").center());
                tablet.tap(1, tablet.at("before").center());
                save_screenshot(&mut tablet, "before");
            }
        }
    }
}
