//! Owns the wiring between the room and the methods of taking a note home: the content of the printed or sealed sheets,
//! the thread that executes requests, and the removal of unfinished copies during a wipe. Does not own the methods
//! themselves (`takeaway`).

use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::Datelike;

use crate::config::{self, Config};
use crate::driver::RoomHandle;
use crate::room::Event;
use crate::room::notes::{NotePage, Notes};
use crate::room::take_home::{TakeHomeError, TakeHomeMethod};
use crate::takeaway::paper::{Block, PaperSize};
use crate::takeaway::pdf::Typeface;
use crate::takeaway::print::{PrintTimeouts, Printer};
use crate::takeaway::print_server::PrintServer;
use crate::takeaway::seal::Sealer;
use crate::takeaway::{PreparedNote, TakeAway};
use crate::theme;
use crate::vocabulary::language::Language;
use crate::words::{Locales, Words};

/// Maximum time for which a wipe waits for unfinished copies of a note to be removed, for example from a print queue.
const PURGE_TIMEOUT: Duration = Duration::from_secs(2);
const QUESTIONS: [&str; 3] = ["arrive-question-1", "arrive-question-2", "arrive-question-3"];

/// A request to the take-home thread.
pub(super) enum TakeHomeRequest {
    /// Find out which methods are available.
    Look,
    /// Print or seal the note, according to `method`. A note for the phone needs no such request, because the screen
    /// shows it as QR codes.
    Take { method: TakeHomeMethod, notes: Arc<Notes>, language: Language },
}

/// Returns the take-home methods that the clinic configured. `state` is the folder for the marker files of unfinished
/// copies.
#[must_use]
pub fn take_away(config: &Config, state: std::path::PathBuf) -> TakeAway {
    let wanted = match &config.take_home.printer {
        config::PrinterChoice::Default => Some(None),
        config::PrinterChoice::Named(name) => Some(Some(name.clone())),
        config::PrinterChoice::None => None,
    };
    let sealer = config.take_home.recipient.as_deref().and_then(|recipient| {
        let sealer = Sealer::new(recipient, config.take_home.folder.clone());
        sealer.map_err(|error| tracing::warn!(%error, "sealing is not offered")).ok()
    });
    let paper = match config.take_home.paper {
        config::Paper::Letter => PaperSize::Letter,
        config::Paper::A4 => PaperSize::A4,
    };
    let typeface = Typeface { medium: theme::LITERATA_MEDIUM, regular: theme::LITERATA_REGULAR };
    TakeAway::new(wanted.map(printer), sealer, paper, typeface, state)
}

/// Returns the printer named `wanted`. `None` means the system's default printer.
#[must_use]
pub fn printer(wanted: Option<String>) -> Printer {
    let server = PrintServer::find(|name| std::env::var_os(name), |path| std::path::Path::new(path).exists());
    // The user name for the print server contains the host name, because several rooms may share that server.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Printer::new(server, wanted, format!("stillroom-{}", host.trim()), PrintTimeouts::default())
}

/// Executes requests one after another, and reports their outcomes to the room. Returns when no more can arrive.
pub(super) fn run_worker(
    take_away: &TakeAway,
    locales: &Locales,
    requests: &mpsc::Receiver<TakeHomeRequest>,
    room: &RoomHandle,
) {
    while let Ok(request) = requests.recv() {
        match request {
            TakeHomeRequest::Look => {
                let (paper, sealed) = (take_away.can_print(), take_away.can_seal());
                room.report(Event::TakeHomeMethodsFound { paper, sealed });
            }
            TakeHomeRequest::Take { method, notes, language } => {
                let outcome = take(take_away, method, &notes, &locales.words(language));
                room.report(Event::TakeHomeFinished { method, version: notes.version, outcome });
            }
        }
    }
}

fn take(
    take_away: &TakeAway,
    method: TakeHomeMethod,
    notes: &Notes,
    words: &Words,
) -> Result<Option<String>, TakeHomeError> {
    let on = chrono::Local::now().date_naive();
    let blocks = blocks(notes, words, on);
    let number = |sheet: usize, of: usize| words.say_with("paper-sheet", &[("sheet", sheet.into()), ("of", of.into())]);
    let language = words.language();
    let note = PreparedNote { blocks: &blocks, language: language.name(), sheet_number: &number, date: on };
    match method {
        TakeHomeMethod::Phone => Ok(None),
        TakeHomeMethod::Paper => take_away.print(&note).map(|()| None),
        TakeHomeMethod::Sealed => take_away.seal(&note).map(Some),
    }
}

/// Returns the content of the sheets: the title, the date, the note, the intentions, and the words for the clinician.
/// It contains no person's name, unless the patient wrote one.
fn blocks(notes: &Notes, words: &Words, on: chrono::NaiveDate) -> Vec<Block> {
    let date = [("month", on.month().into()), ("day", on.day().into()), ("year", on.year().to_string().into())];
    let mut blocks = vec![Block::Title(words.say("paper-title")), Block::Date(words.say_with("paper-date", &date))];
    let mut is_first = true;
    for page in notes.pages.iter().filter(|page| !page.is_blank()) {
        if !is_first {
            blocks.push(Block::Divider);
        }
        is_first = false;
        blocks.push(match page {
            NotePage::Words(text) => Block::Words(text.reveal().to_owned()),
            NotePage::Drawing(drawing) => Block::Drawing(drawing.clone()),
        });
    }
    if notes.intentions.iter().any(|answer| !answer.is_blank()) {
        blocks.push(Block::Heading(words.say("note-intentions-title")));
        for (question, answer) in QUESTIONS.into_iter().zip(&notes.intentions) {
            if !answer.is_blank() {
                blocks.push(Block::Quiet(words.say(question)));
                if !answer.text.is_blank() {
                    blocks.push(Block::Words(answer.text.reveal().to_owned()));
                }
                if !answer.drawing.is_blank() {
                    blocks.push(Block::Drawing(answer.drawing.clone()));
                }
            }
        }
    }
    if !notes.for_clinician.is_blank() {
        blocks.push(Block::Heading(words.say("arrive-clinician-title")));
        blocks.push(Block::Words(notes.for_clinician.reveal().to_owned()));
    }
    blocks
}

/// Removes the unfinished copies of a note that are on their way out of the room. Returns `true` if the removal
/// succeeds within `PURGE_TIMEOUT`, and `false` if it fails or takes longer, for example because a print server does
/// not answer.
#[must_use]
pub fn clear(take_away: &Arc<TakeAway>) -> bool {
    let (done, cleared) = mpsc::channel();
    let at_work = Arc::clone(take_away);
    let started = std::thread::Builder::new().name("clearing".to_owned()).spawn(move || {
        // Sending fails if the receiver has stopped waiting.
        let _ = done.send(at_work.purge());
    });
    if let Err(error) = started {
        tracing::error!(%error, "a note that was on its way out of the room could not be called back");
        return false;
    }
    match cleared.recv_timeout(PURGE_TIMEOUT) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "a note that was on its way out of the room could not be called back");
            false
        }
        Err(_) => {
            tracing::error!("the print server, or the destination of sealed notes, takes too long to answer");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::drawing::Drawing;
    use crate::room::notes::{Answer, PatientText};

    fn told(blocks: &[Block]) -> Vec<String> {
        let told = blocks.iter().map(|block| match block {
            Block::Title(text) => format!("title {text}"),
            Block::Date(text) => format!("date {text}"),
            Block::Quiet(text) => format!("quiet {text}"),
            Block::Heading(text) => format!("heading {text}"),
            Block::Words(text) => format!("words {text}"),
            Block::Drawing(_) => "drawing".to_owned(),
            Block::Divider => "rest".to_owned(),
        });
        told.collect()
    }

    #[test]
    fn the_sheets_hold_the_note_and_the_day_in_each_language() {
        let stroke = crate::room::drawing::Stroke::new(
            crate::room::drawing::Tint::Sea,
            vec![crate::room::drawing::StrokePoint { x: 1, y: 1, width: 1 }],
        );
        let drawing = Drawing::new(vec![Arc::new(stroke.unwrap())]);
        let notes = Notes {
            pages: vec![
                NotePage::Words(PatientText::new("first")),
                NotePage::Words(PatientText::new(" ")),
                NotePage::Drawing(drawing.clone()),
            ],
            intentions: [
                Answer::default(),
                PatientText::new("why").into(),
                Answer { drawing: drawing.clone(), ..Answer::default() },
            ],
            for_clinician: PatientText::new("please"),
            ..Notes::default()
        };
        let on = chrono::NaiveDate::from_ymd_opt(2026, 3, 4).unwrap();
        let english = Locales::shipped().words(Language::FALLBACK);
        let told_in_english = told(&blocks(&notes, &english, on));
        assert_eq!(told_in_english[1], "date March 4, 2026");
        assert_eq!(told_in_english[2..5], ["words first", "rest", "drawing"]);
        assert_eq!(told_in_english[6], format!("quiet {}", english.say("arrive-question-2")));
        assert_eq!(
            told_in_english[8..10],
            [format!("quiet {}", english.say("arrive-question-3")), "drawing".to_owned()]
        );
        assert_eq!(told_in_english[11], "words please");
        assert_eq!(told_in_english.len(), 12);
        let spanish = told(&blocks(&notes, &Locales::shipped().words(Language::from_name("es-US").unwrap()), on));
        assert_eq!(spanish[1], "date 4 de marzo de 2026");
        let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let french = told(&blocks(&notes, &Locales::shipped().words(Language::from_name("fr-FR").unwrap()), first));
        assert_eq!(french[1], "date 1er mars 2026");
    }
}
