//! Owns what the room knows of a note on its way home: which ways are open, which the patient chose, and how it went. Does
//! not own how a way is gone.

use std::collections::BTreeMap;

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
