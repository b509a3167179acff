//! Owns what every face sees: the room as it stands, in one value. Does not own how it is shown.

use std::sync::Arc as Shared;

use super::arc::{Arc, Part};
use super::breath::{Breath, Pattern};
use super::call::Call;
use super::ids::CallId;
use super::notes::{NoteLimits, Notes};
use super::stage::Stage;
use super::take_home::TakeHome;
use super::time::RoomTime;
use crate::vocabulary::language::Language;
use crate::vocabulary::named;
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

named! {
    /// Something staff must know about the room itself.
    Trouble {
        /// The journal cannot be written: a call would not outlive the program.
        JournalFailing = "journal-failing",
        /// A part of the journal could not be read: the visit may stand elsewhere than it did.
        JournalDamaged = "journal-damaged",
        /// A call may have been lost with a part of the journal, so the room has placed one by itself.
        CallMayBeLost = "call-may-be-lost",
        /// Something of this visit ended the program three times, and was left out.
        RecordSetAside = "record-set-aside",
        /// The state directory cannot be written at all.
        StateUnwritable = "state-unwritable",
        /// No sound device.
        SoundLost = "sound-lost",
        /// Sound would come out where the room is not calibrated for it, so all is silent.
        OutputNotCalibrated = "output-not-calibrated",
        /// Staff let sound come out where nobody measured it: it is no louder than the quietest cap.
        OutputUnmeasured = "output-unmeasured",
        /// The corridor's chime has no output.
        ChimeLost = "chime-lost",
        /// No track of the profile can be played.
        TracksGone = "tracks-gone",
        /// Visit keys live in process memory only: a crash loses the note.
        KeysInMemoryOnly = "keys-in-memory-only",
        /// The note is not sealed on disk.
        NotesNotSealed = "notes-not-sealed",
        /// The note of this visit was lost with its key.
        NotesLost = "notes-lost",
        /// Some of the note of this visit, or all, is not what was sealed and could not be opened.
        NotesDamaged = "notes-damaged",
        /// A file of the configuration or of a profile is wrong.
        FilesWrong = "files-wrong",
        /// A small file of the room's state was damaged, and its last good copy is used.
        StateRestored = "state-restored",
        /// The setup of the first run and its copy are damaged: the sound stays at its quietest.
        SetupLost = "setup-lost",
        /// The staff PIN and its copy are damaged: none opens the staff panel.
        StaffPinLost = "staff-pin-lost",
        /// The desk's password and its copy are damaged: none opens the desk.
        DeskPasswordLost = "desk-password-lost",
        /// The desk page could not open its port.
        DeskClosed = "desk-closed",
        /// The broker is not reached: a desk of several rooms hears nothing of this one.
        LineDown = "line-down",
        /// Another room has this room's id at the broker.
        RoomNameTaken = "room-name-taken",
        /// A desk of several rooms has no place for this one.
        NotShownAtDesk = "not-shown-at-desk",
        /// The broker gives this room's place to another client, again and again.
        LineFoughtOver = "line-fought-over",
        /// A step of the escalation list reached nobody.
        EscalationFailed = "escalation-failed",
        /// The contact to the clinic's own nurse call is not as it should be.
        ContactFailed = "contact-failed",
        /// A part of the program ended on a fault of its own and was begun anew, or could not be begun.
        PartFailed = "part-failed",
        /// The window has drawn nothing for a while.
        ScreenStill = "screen-still",
        /// The last wipe could not be verified.
        WipeUnverified = "wipe-unverified",
        /// The list of receipts is changed, or one is missing.
        ReceiptsBroken = "receipts-broken",
        /// The room has stood for long in After or Farewell, and nobody has reset it.
        RoomLeft = "room-left",
    }
}

/// The proof of a wipe. It holds no patient data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Counts up; a missing one shows.
    pub number: u64,
    /// Wall-clock time, RFC 3339.
    pub at: String,
    /// The room's name.
    pub room: String,
    /// What was looked at, and whether it was as it should be.
    pub checks: Vec<Check>,
    /// Hash of this receipt and the one before, hexadecimal.
    pub chain: String,
}

impl Receipt {
    /// Whether every check held.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.ok)
    }
}

/// One thing a wipe looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: a key of the words.
    pub name: String,
    /// Whether it was as it should be.
    pub ok: bool,
}

/// The session as faces see it. The clock moves on by itself: see [`SessionView::clock_ms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The arc with every change in it.
    pub arc: Arc,
    /// The part at the moment of the snapshot.
    pub part: Part,
    /// Session clock at the moment of the snapshot; `None` while settling.
    pub clock_at_snapshot_ms: Option<u64>,
    /// Whether the clock moves.
    pub running: bool,
    /// Whether the clinician stopped it.
    pub paused: bool,
    /// Whether the whole arc lies behind.
    pub landed: bool,
    /// Session milliseconds in a real one.
    pub speed: u32,
    /// The moment of the snapshot.
    pub taken_at: RoomTime,
}

impl SessionView {
    /// The session clock at `now`, `None` while settling.
    #[must_use]
    pub fn clock_ms(&self, now: RoomTime) -> Option<u64> {
        let at = self.clock_at_snapshot_ms?;
        if !self.running {
            return Some(at);
        }
        let real_ms = now.0.saturating_sub(self.taken_at.0);
        Some(at.saturating_add(real_ms.saturating_mul(u64::from(self.speed))).min(self.arc.end_ms))
    }
}

/// The pacer as eye and ear see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreathView {
    /// The pattern that runs.
    pub pattern: Pattern,
    /// When its first breath began.
    pub started: RoomTime,
    /// The pattern that follows, and when.
    pub next: Option<(Pattern, RoomTime)>,
}

impl BreathView {
    /// The pattern and the start that hold at `now`.
    #[must_use]
    pub fn running_at(&self, now: RoomTime) -> (Pattern, RoomTime) {
        match self.next {
            Some((pattern, from)) if now >= from => (pattern, from),
            _ => (self.pattern, self.started),
        }
    }

    /// The breath at `now`.
    #[must_use]
    pub fn at(&self, now: RoomTime) -> Breath {
        let (pattern, started) = self.running_at(now);
        pattern.at(now.since(started))
    }
}

/// The room as it stands.
// Each is a plain fact of its own, true or not at the same time as any other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The moment it was taken.
    pub taken_at: RoomTime,
    /// Where the room is between two patients.
    pub stage: Stage,
    /// The room's time at which the present or last visit began: no two visits have the same.
    pub visit: RoomTime,
    /// The running session.
    pub session: Option<SessionView>,
    /// The open call, once it may be shown.
    pub call: Option<Call>,
    /// The calls that ended last, newest last.
    pub ended_calls: Vec<CallId>,
    /// The chosen profile's name.
    pub profile: String,
    /// The infusion's length, chosen or running.
    pub infusion_minutes: u32,
    /// The place.
    pub place: Place,
    /// The patient's language.
    pub language: Language,
    /// The patient's volume, dB below full scale.
    pub volume_db: f32,
    /// The pacer, if it is on.
    pub breath: Option<BreathView>,
    /// Whether the screen is dark.
    pub dark: bool,
    /// Until when the dim call panel shows in the dark.
    pub dark_panel_until: Option<RoomTime>,
    /// Whether the anchor holds.
    pub anchor: bool,
    /// What the patient chose to hear, where it is not silence.
    pub sound: SoundChoice,
    /// Whether the patient chose silence.
    pub silence: bool,
    /// How often a piece was skipped.
    pub skips: u32,
    /// Brightness trim from the desk.
    pub brightness_trim: f32,
    /// Nudge of the composed music from the desk, −1 to 1.
    pub intensity_nudge: f32,
    /// Whether staff speaks now.
    pub talk_now: bool,
    /// How many desk pages can receive a call.
    pub desks: usize,
    /// What the patient wrote.
    pub notes: Shared<Notes>,
    /// How much it can hold.
    pub note_limits: NoteLimits,
    /// How a note is on its way home.
    pub take_home: TakeHome,
    /// What is wrong with the room, in order.
    pub troubles: Vec<Trouble>,
    /// The proof of the last wipe.
    pub receipt: Option<Receipt>,
    /// Whether the surface was cleaned in this turnover.
    pub surface_cleaned: bool,
    /// Whether staff heard the test tone in this turnover.
    pub speaker_tested: bool,
    /// Whether a desk has received a test call in this turnover.
    pub call_tested: bool,
    /// Whether a wipe is running.
    pub wiping: bool,
}

impl Snapshot {
    /// Whether a desk can receive a call now.
    #[must_use]
    pub fn line_is_up(&self) -> bool {
        self.desks > 0
    }

    /// Whether a person is in the room with us.
    #[must_use]
    pub fn in_visit(&self) -> bool {
        self.stage.is_in_visit()
    }

    /// Whether nothing of the note would be lost if the patient left now: nothing is written, or all of it was taken
    /// along or is on its way.
    #[must_use]
    pub fn note_is_taken(&self) -> bool {
        self.notes.is_blank()
            || self.take_home.taken.is_some_and(|version| version >= self.notes.version)
            || self.take_home.is_under_way()
    }

    /// The part of the running session.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        self.session.map(|session| session.part)
    }
}
