//! Owns the list of one-shot sounds. Does not own how they sound (`sound::engine`) or when they are played.

/// A sound that is played once, unlike music and beds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Two soft, rising notes whenever the call button is pressed.
    CallPlaced,
    /// One note and its fifth when a desk has received the call.
    DeskHasIt,
    /// A chord that opens slowly when a person says that they are coming.
    SomeoneComing,
    /// A chime that carries into the corridor when no desk can be reached.
    NoDesk,
    /// One soft note, heard only in the room, when a practice call reaches no desk.
    PracticeNoDesk,
    /// One low, soft note when the dim call panel of the dark screen appears, for a patient whose eyes are covered.
    DarkPanel,
    /// Three long, quiet notes that test the speakers: one on the left, one on the right, and one on both.
    TestTone,
    /// One short, soft note before a member of staff speaks.
    TalkNow,
    /// A steady test sound for a sound level meter. It lasts 20 seconds, consists of many sines around 1 kHz, and has
    /// an RMS level that does not depend on the patient's volume.
    MeterTone,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 9] = [
        Self::CallPlaced,
        Self::DeskHasIt,
        Self::SomeoneComing,
        Self::NoDesk,
        Self::PracticeNoDesk,
        Self::DarkPanel,
        Self::TestTone,
        Self::TalkNow,
        Self::MeterTone,
    ];

    /// Whether the signal has to be heard in the corridor, too. On the corridor's output, it ignores the patient's
    /// volume.
    #[must_use]
    pub const fn carries(self) -> bool {
        matches!(self, Self::NoDesk)
    }
}
