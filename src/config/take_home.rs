//! Owns the settings for taking a note home: the printer, the therapist's key, and the folder for sealed notes. Does
//! not own the printer's protocol or the encryption (`takeaway`).

use std::path::{Path, PathBuf};

use crate::findings::{Mention, Section};
use crate::vocabulary::named;

named! {
    /// The paper in the printer.
    Paper {
        /// 8.5 × 11 inches.
        Letter = "letter",
        /// 210 × 297 mm.
        A4 = "a4",
    }
}

/// The printer for notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PrinterChoice {
    /// The system's default printer, if it has one.
    #[default]
    Default,
    /// No printer. Patients cannot print their notes.
    None,
    /// The printer with this name.
    Named(String),
}

/// Ways to take a note home in addition to the patient's phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeHomeConfig {
    /// The printer for notes.
    pub printer: PrinterChoice,
    /// The paper in the printer.
    pub paper: Paper,
    /// The therapist's public key for the encryption tool age, `age1…`. Without a key, notes cannot be sealed.
    pub recipient: Option<String>,
    /// The folder for sealed notes. Without a folder, sealed notes are written to a memory stick.
    pub folder: Option<PathBuf>,
}

impl Default for TakeHomeConfig {
    fn default() -> Self {
        Self { printer: PrinterChoice::Default, paper: Paper::Letter, recipient: None, folder: None }
    }
}

pub(super) fn read(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> TakeHomeConfig {
    let default = TakeHomeConfig::default();
    let printer = section.text("printer", 1..=127).map(|name| match name.as_str() {
        "default" => PrinterChoice::Default,
        "none" => PrinterChoice::None,
        _ => PrinterChoice::Named(name),
    });
    if printer.is_some() {
        mentions.extend(section.mentions("printer").pop());
    }
    let key = "a public key of age, which starts with age1; `age-keygen` makes one";
    let recipient = section.text_where("recipient", key, |text| {
        text.trim().parse::<age::x25519::Recipient>().ok().map(|recipient| recipient.to_string())
    });
    let note_folder = section.path("folder", mentions).map(|path| folder.join(path));
    let take_home = TakeHomeConfig {
        printer: printer.unwrap_or(default.printer),
        paper: section.choice("paper").unwrap_or(default.paper),
        recipient,
        folder: note_folder,
    };
    section.finish();
    take_home
}
