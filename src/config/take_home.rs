//! Owns the ways home that a clinic may set for a note: its printer, and its therapist's key. Does not own how a note is
//! printed or sealed.

use std::path::{Path, PathBuf};

use crate::findings::{Mention, Section};
use crate::profile::named;

named! {
    /// The paper in the printer.
    Paper {
        /// 8.5 × 11 inches.
        Letter = "letter",
        /// 210 × 297 mm.
        A4 = "a4",
    }
}

/// Which printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Printer {
    /// The system's default, if it has one.
    #[default]
    Default,
    /// None: printing is not offered.
    None,
    /// The one of that name.
    Named(String),
}

/// Ways home for a note, beside the patient's own phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeHome {
    /// Which printer.
    pub printer: Printer,
    /// The paper in it.
    pub paper: Paper,
    /// The therapist's public key, `age1…`; without one, sealing is not offered.
    pub recipient: Option<String>,
    /// Where sealed notes go; without one, onto a memory stick.
    pub folder: Option<PathBuf>,
}

impl Default for TakeHome {
    fn default() -> Self {
        Self { printer: Printer::Default, paper: Paper::Letter, recipient: None, folder: None }
    }
}

pub(super) fn read(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> TakeHome {
    let default = TakeHome::default();
    let printer = section.text("printer", 1..=127).map(|name| match name.as_str() {
        "default" => Printer::Default,
        "none" => Printer::None,
        _ => Printer::Named(name),
    });
    if printer.is_some() {
        mentions.extend(section.mentions("printer").pop());
    }
    let key = "a public key of age, which starts with age1; `age-keygen` makes one";
    let recipient = section.text_where("recipient", key, |text| {
        text.trim().parse::<age::x25519::Recipient>().ok().map(|recipient| recipient.to_string())
    });
    let place = section.path("folder", mentions).map(|place| folder.join(place));
    let take_home = TakeHome {
        printer: printer.unwrap_or(default.printer),
        paper: section.choice("paper").unwrap_or(default.paper),
        recipient,
        folder: place,
    };
    section.finish();
    take_home
}
