//! Owns what the room knows of a note on its way home: which ways are open, which the patient chose, and how it went. Does
//! not own how a way is gone.

use std::collections::BTreeMap;
use std::sync::Arc as Shared;

use super::stage::Stage;
use super::{Effect, Event, Refusal, Room};
use crate::vocabulary::named;

named! {
    /// A way in which a note goes home.
    Way {
        /// Codes on the screen, for the patient's own phone.
        Phone = "phone",
        /// Printed.
        Paper = "paper",
        /// Sealed to the therapist.
        Sealed = "sealed",
    }
}

named! {
    /// Why it did not go.
    Fault {
        /// No printer answers, or it takes no jobs.
        PrinterAway = "printer-away",
        /// The printer stopped or needs something, such as paper. The job was taken back.
        PrinterStopped = "printer-stopped",
        /// No memory stick is there.
        StickMissing = "stick-missing",
        /// The folder or the stick cannot be written, or was pulled out meanwhile.
        PlaceUnwritable = "place-unwritable",
        /// The folder or the stick is full.
        PlaceFull = "place-full",
        /// The program itself could not make it ready.
        NotMade = "not-made",
    }
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Going {
    /// On its way.
    UnderWay,
    /// There. A sealed note has a code in its file's name, by which patient and therapist can speak of it.
    Done {
        /// The code.
        code: Option<String>,
    },
    /// It did not go, and nothing of it is left on the way.
    Failed(Fault),
}

impl Going {
    /// Its name in lines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnderWay => "under-way",
            Self::Done { .. } => "done",
            Self::Failed(fault) => fault.name(),
        }
    }
}

/// A note on its way home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakeHome {
    /// Whether there is a printer.
    pub paper: bool,
    /// Whether the clinic named a therapist's key.
    pub sealed: bool,
    /// How far it has come on each way that was chosen.
    pub going: BTreeMap<Way, Going>,
    /// The version of the notes that was taken along last; what was written since is not.
    pub taken: Option<u64>,
}

impl TakeHome {
    /// How far it has come on that way, if it was chosen.
    #[must_use]
    pub fn going(&self, way: Way) -> Option<&Going> {
        self.going.get(&way)
    }

    /// The ways that are open. The phone always is: it takes nothing but the screen.
    pub fn ways(&self) -> impl Iterator<Item = Way> + '_ {
        Way::ALL.iter().copied().filter(|way| self.offers(*way))
    }

    /// Whether that way is open.
    #[must_use]
    pub const fn offers(&self, way: Way) -> bool {
        match way {
            Way::Phone => true,
            Way::Paper => self.paper,
            Way::Sealed => self.sealed,
        }
    }

    /// Whether it is on its way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.going.values().any(|going| *going == Going::UnderWay)
    }
}

impl Room {
    pub(super) fn take_home(&mut self, event: Event) -> Result<(), Refusal> {
        match event {
            Event::TakeHomeLooked => {
                self.in_visit()?;
                self.effects.push_back(Effect::LookForWays);
            }
            Event::TakeHomeOffered { paper, sealed } => {
                self.take_home.paper = paper;
                self.take_home.sealed = sealed;
            }
            Event::TakeHomeChosen { way } => self.choose_way(way)?,
            // One that a reset or a restart has overtaken is nobody's any more.
            Event::TakeHomeWent { way, version, outcome } if self.take_home.going(way) == Some(&Going::UnderWay) => {
                let going = match outcome {
                    Ok(code) => {
                        self.take_home.taken = Some(version);
                        Going::Done { code }
                    }
                    Err(fault) => Going::Failed(fault),
                };
                self.take_home.going.insert(way, going);
            }
            _ => {}
        }
        Ok(())
    }

    fn choose_way(&mut self, way: Way) -> Result<(), Refusal> {
        self.in_stages(Stage::AFTER_SESSION)?;
        if self.notes.is_blank() {
            return Err(Refusal::TakeHome { why: "nothing is written" });
        }
        if !self.take_home.offers(way) {
            return Err(Refusal::TakeHome { why: "this way is not open" });
        }
        if self.take_home.is_under_way() {
            return Err(Refusal::TakeHome { why: "it is on its way already" });
        }
        if way == Way::Phone {
            // Codes hold words only: who drew is asked before leaving.
            if !self.notes.has_drawings() {
                self.take_home.taken = Some(self.notes.version);
            }
            self.take_home.going.insert(way, Going::Done { code: None });
            return Ok(());
        }
        self.take_home.going.insert(way, Going::UnderWay);
        let (notes, language) = (Shared::clone(&self.notes), self.language);
        self.effects.push_back(Effect::TakeHome { way, notes, language });
        Ok(())
    }
}
