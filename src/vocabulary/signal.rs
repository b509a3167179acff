//! Owns the one-shot sounds. Does not own how they sound (`sound::engine`) or when.

/// A sound heard once, as opposed to what plays on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// A call was pressed: two soft notes, rising.
    CallPlaced,
    /// A desk screen shows the call: one note and its fifth.
    DeskHasIt,
    /// A person said that they are coming: a chord that opens slowly.
    SomeoneComing,
    /// No desk can be reached: a chime that carries into the corridor.
    LineDown,
    /// No desk can be reached by a practice call: one soft note that stays in the room.
    PracticeLineDown,
    /// The dim call panel of Dark has appeared: one low, soft note, for covered eyes.
    DarkPanel,
    /// A test of the speakers: three long, quiet notes, left, right and both.
    TestTone,
    /// A member of staff is about to speak: one short, soft note.
    TalkNow,
    /// The steady tone for a sound meter: 20 seconds of soft noise about 1 kHz, of one RMS level whatever the patient's
    /// volume.
    MeterTone,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 9] = [
        Self::CallPlaced,
        Self::DeskHasIt,
        Self::SomeoneComing,
        Self::LineDown,
        Self::PracticeLineDown,
        Self::DarkPanel,
        Self::TestTone,
        Self::TalkNow,
        Self::MeterTone,
    ];

    /// Whether it is meant to carry, instead of following the patient's volume.
    #[must_use]
    pub const fn carries(self) -> bool {
        matches!(self, Self::LineDown)
    }
}
