//! Tests how a patient takes the note home: the choice reaches the room, the room's answer is shown, and two QR readers
//! read the codes from a screenshot.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use iced::Size;
use rqrr::PreparedImage;
use stillroom::room::Event;
use stillroom::room::Stage;
use stillroom::room::drawing::{Drawing, Stroke, StrokePoint, Tint};
use stillroom::room::notes::PatientText;
use stillroom::room::take_home::{TakeHomeError, TakeHomeMethod};

use crate::tablet::Tablet;

const SIZES: [Size; 2] = [Size::new(1280.0, 800.0), Size::new(1920.0, 1200.0)];
const FAULTS: &[TakeHomeError] = TakeHomeError::ALL;

/// Pseudo-random text of about `chars` characters, with accents, multi-byte characters, joined emoji and line breaks.
fn text(seed: u64, chars: usize) -> String {
    const PIECES: [&str; 24] = [
        "the blue door",
        "light",
        "é",
        "ñandú",
        "corazón",
        "Straße",
        "¿qué?",
        "naïve",
        "e\u{301}",
        "🌊",
        "👩\u{200d}👧\u{200d}👦",
        "👍🏽",
        "❤\u{fe0f}",
        "🇪🇸",
        "日本",
        "привет",
        "—",
        "“so”",
        "\n",
        "\n\n",
        "quiet",
        "1,000",
        "https://x",
        "ü",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    while text.chars().count() < chars {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        if !state.is_multiple_of(3) {
            text.push(' ');
        }
    }
    text.trim().to_owned()
}

fn in_after(size: Size) -> Tablet {
    let mut tablet = Tablet::of_size(size, true);
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::AfterBegins);
    tablet.until("the room is in after", |snapshot| snapshot.stage == Stage::After);
    tablet
}

fn write(tablet: &mut Tablet, text: &str) {
    tablet.send(Event::NoteWritten { page: 0, text: PatientText::new(text) });
}

fn draw(tablet: &mut Tablet) {
    let points = (0..60).map(|at: u16| StrokePoint { x: 1_000 + at * 90, y: 4_000 + (at % 9) * 120, width: 60 });
    let stroke = Stroke::new(Tint::Sea, points.collect()).unwrap();
    let page = tablet.snapshot().notes.pages.len();
    tablet.send(Event::NoteDrawn { page, drawing: Drawing::new(vec![stroke.into()]) });
}

fn press(tablet: &mut Tablet, id: &str) {
    let at = tablet.at(id).center();
    tablet.tap(1, at);
    tablet.settle();
}

fn shown(tablet: &Tablet) -> String {
    tablet.lines().into_iter().map(|(line, _)| line + "\n").collect()
}

fn grey(picture: &[u8]) -> Vec<u8> {
    let grey = picture.chunks_exact(4).map(|pixel| {
        let sum = u32::from(pixel[0]) * 3 + u32::from(pixel[1]) * 6 + u32::from(pixel[2]);
        u8::try_from(sum / 10).unwrap()
    });
    grey.collect()
}

/// Reads the QR code in a greyscale image with the library `rqrr`. `None` if it finds no code, or more than one.
fn read_by_library(grey: &[u8], size: Size) -> Option<String> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| grey[y * width + x]);
    let [grid] = &image.detect_grids()[..] else { return None };
    Some(grid.decode().ok()?.1)
}

fn zbarimg_is_there() -> bool {
    Command::new("zbarimg").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Reads the QR code in a greyscale image with the program `zbarimg`. `None` if it prints no line of text.
fn read_by_zbarimg(grey: &[u8], size: Size) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("screen.pgm");
    let head = format!("P5 {} {} 255\n", size.width, size.height);
    std::fs::write(&file, [head.as_bytes(), grey].concat()).unwrap();
    let mut reader = Command::new("zbarimg");
    let output = reader.args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_suffix('\n').map(str::to_owned)
}

/// Turns through all QR codes on the screen. Returns the note as `rqrr` read it and, if `both` is true, as `zbarimg`
/// read it. A reader that failed on any code gives `None`.
fn read_from_screen(tablet: &mut Tablet, size: Size, both: bool) -> [Option<String>; 2] {
    let mut read = [Some(String::new()), both.then(String::new)];
    loop {
        let grey = grey(&tablet.screenshot());
        let pieces = [read_by_library(&grey, size), if both { read_by_zbarimg(&grey, size) } else { None }];
        for (all, piece) in read.iter_mut().zip(pieces) {
            *all = all.take().zip(piece).map(|(all, piece)| all + &piece);
        }
        let words = shown(tablet);
        let last =
            !tablet.shows("code-next") || words.lines().any(|line| line.strip_prefix("Part ").is_some_and(is_last));
        if last {
            return read;
        }
        press(tablet, "code-next");
    }
}

/// Whether the label of a code, such as `3 of 3`, names the last one.
fn is_last(part: &str) -> bool {
    part.split_once(" of ").is_some_and(|(at, of)| at == of)
}

fn codes_are_read(seeds: std::ops::Range<u64>) {
    let both = zbarimg_is_there();
    if !both {
        eprintln!("zbarimg is not installed: only one reader reads");
    }
    let (mut right, mut tried) = ([0; 2], 0);
    for size in SIZES {
        let mut tablet = in_after(size);
        for seed in seeds.clone() {
            let text = text(seed, 20 + (seed as usize * 37) % 1_100);
            write(&mut tablet, &text);
            press(&mut tablet, "take");
            let read = read_from_screen(&mut tablet, size, both);
            for (right, read) in right.iter_mut().zip(&read) {
                if read.as_deref() == Some(&text) {
                    *right += 1;
                } else if both || read.is_some() {
                    eprintln!("seed {seed} at {size:?}: read {:?} characters", read.as_ref().map(String::len));
                }
            }
            tried += 1;
            press(&mut tablet, "close");
        }
    }
    println!("{tried} notes on the glass: {} read by the library, {} by zbarimg", right[0], right[1]);
    assert_eq!(right[0], tried);
    assert!(!both || right[1] == tried);
}

#[test]
fn two_readers_read_the_codes_from_the_screen() {
    codes_are_read(0..3);
}

#[test]
#[ignore = "takes minutes"]
fn soak_two_readers_read_a_hundred_notes_from_the_glass() {
    codes_are_read(100..200);
}

/// Goes through every state of the screen for taking the note home, and through the cards. Calls `visit` with the name
/// of each.
pub fn every_state(tablet: &mut Tablet, visit: &mut dyn FnMut(&mut Tablet, &str)) {
    press(tablet, "take");
    visit(tablet, "nothing-written");
    press(tablet, "close");
    draw(tablet);
    press(tablet, "take");
    visit(tablet, "only-drawn");
    press(tablet, "close");
    tablet.send(Event::NoteWritten { page: 1, text: PatientText::new(text(7, 900)) });
    press(tablet, "take");
    visit(tablet, "phone-and-photo");
    press(tablet, "take-photo");
    visit(tablet, "photo");
    press(tablet, "photo-done");
    press(tablet, "close");
    tablet.send(Event::TakeHomeMethodsFound { paper: true, sealed: true });
    // These words are newer than what was taken home. Leaving would lose them, so the screen asks first.
    tablet.send(Event::NoteWritten { page: 1, text: PatientText::new(text(8, 900)) });
    press(tablet, "leave");
    visit(tablet, "leave-asked");
    press(tablet, "leave-back");
    press(tablet, "take");
    visit(tablet, "choose");
    for (way, id) in [(TakeHomeMethod::Paper, "take-paper"), (TakeHomeMethod::Sealed, "take-sealed")] {
        press(tablet, id);
        visit(tablet, &format!("{}-going", way.name()));
        for fault in FAULTS {
            tablet.send(Event::TakeHomeFinished { method: way, version: 0, outcome: Err(*fault) });
            visit(tablet, &format!("{}-{}", way.name(), fault.name()));
            press(tablet, "take-again");
        }
        let version = tablet.snapshot().notes.version;
        let code = (way == TakeHomeMethod::Sealed).then(|| "7QK2-M3XA".to_owned());
        tablet.send(Event::TakeHomeFinished { method: way, version, outcome: Ok(code) });
        visit(tablet, &format!("{}-done", way.name()));
        press(tablet, "take-other");
    }
    visit(tablet, "choose-taken");
    press(tablet, "take-phone");
    visit(tablet, "phone");
    press(tablet, "close");
    press(tablet, "cards");
    while tablet.shows("card-next") {
        visit(tablet, "card");
        press(tablet, "card-next");
    }
    visit(tablet, "card-last");
    press(tablet, "close");
}

#[test]
fn the_choice_reaches_the_room_and_its_progress_is_shown() {
    let mut tablet = in_after(SIZES[0]);
    write(&mut tablet, "words");
    tablet.send(Event::TakeHomeMethodsFound { paper: true, sealed: false });
    press(&mut tablet, "take");
    assert!(tablet.shows("take-phone") && tablet.shows("take-paper") && !tablet.shows("take-sealed"));
    press(&mut tablet, "take-paper");
    let snapshot = tablet.snapshot();
    assert!(snapshot.take_home.is_in_progress() && shown(&tablet).contains("being printed"));
    assert!(!tablet.shows("take-again") && tablet.shows("call") && tablet.shows("close"));
    let stopped = Event::TakeHomeFinished {
        method: TakeHomeMethod::Paper,
        version: 1,
        outcome: Err(TakeHomeError::PrinterStopped),
    };
    tablet.send(stopped);
    assert!(shown(&tablet).contains("The printer stopped"));
    press(&mut tablet, "take-again");
    assert!(tablet.snapshot().take_home.is_in_progress());
    let version = tablet.snapshot().notes.version;
    tablet.send(Event::TakeHomeFinished { method: TakeHomeMethod::Paper, version, outcome: Ok(None) });
    assert!(shown(&tablet).contains("It is printed"));
}

#[test]
fn leaving_without_the_note_asks_once_and_leaving_with_it_does_not() {
    let mut tablet = in_after(SIZES[0]);
    write(&mut tablet, "words");
    press(&mut tablet, "leave");
    assert!(tablet.shows("leave-back") && tablet.snapshot().stage == Stage::After);
    press(&mut tablet, "leave-back");
    press(&mut tablet, "leave");
    tablet.until("the second time is meant", |snapshot| snapshot.stage == Stage::Farewell);

    let mut tablet = in_after(SIZES[0]);
    write(&mut tablet, "words");
    press(&mut tablet, "take");
    press(&mut tablet, "close");
    press(&mut tablet, "leave");
    tablet.until("the words went along", |snapshot| snapshot.stage == Stage::Farewell);

    let mut tablet = in_after(SIZES[0]);
    write(&mut tablet, "words");
    press(&mut tablet, "take");
    press(&mut tablet, "close");
    write(&mut tablet, "words, and more");
    press(&mut tablet, "leave");
    assert!(tablet.shows("leave-back"), "what was written since would be lost");
}

/// Saves screenshots if `STILLROOM_PICTURES` names a folder:
/// `STILLROOM_PICTURES=folder cargo test --release --test touch pictures_of_taking_home -- --ignored`.
#[test]
#[ignore = "writes pictures"]
fn soak_pictures_of_taking_home() {
    let Some(folder) = std::env::var_os("STILLROOM_PICTURES").map(PathBuf::from) else { return };
    for size in SIZES {
        let mut tablet = in_after(size);
        every_state(&mut tablet, &mut |tablet, name| {
            let picture = tablet.screenshot();
            let file = folder.join(format!("{name}-{}.png", size.width));
            image::save_buffer(file, &picture, size.width as u32, size.height as u32, image::ColorType::Rgba8).unwrap();
        });
    }
}
