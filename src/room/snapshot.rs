//! Owns the snapshot, the state of the room as a single value, with its troubles and receipts. Screens, desks and sound
//! follow the snapshot. Does not own how the state is shown.

use std::sync::Arc;

use super::breath::{Breath, BreathPattern};
use super::call::Call;
use super::ids::CallId;
use super::notes::{NoteLimits, Notes};
use super::stage::Stage;
use super::take_home::TakeHome;
use super::time::RoomTime;
use super::timeline::{Part, SessionTimeline};
use crate::vocabulary::language::Language;
use crate::vocabulary::named;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

named! {
    /// A problem with the room that staff must know about.
    Trouble {
        /// The journal cannot be written, so a call would not survive a restart.
        JournalFailing = "journal-failing",
        /// Part of the journal was unreadable, so changes made during this visit may be lost.
        JournalDamaged = "journal-damaged",
        /// A call may have been lost with part of the journal, so the room placed one itself.
        CallMayBeLost = "call-may-be-lost",
        /// A journal record of this visit was skipped, because it crashed the room.
        RecordSetAside = "record-set-aside",
        /// The state directory cannot be written to.
        StateUnwritable = "state-unwritable",
        /// No sound device was found, or the one in use has disappeared.
        SoundLost = "sound-lost",
        /// The current output is not the calibrated one, so all sound is muted.
        OutputNotCalibrated = "output-not-calibrated",
        /// Staff accepted an output that was never measured, so the patient's volume is limited to
        /// [`unmeasured_volume_db`](crate::sound::Options::unmeasured_volume_db).
        OutputUnmeasured = "output-unmeasured",
        /// The sound output for the corridor chime is missing.
        ChimeLost = "chime-lost",
        /// None of the tracks of the current part can be played.
        TracksGone = "tracks-gone",
        /// Visit keys are kept in process memory only, so a crash loses the note.
        KeysInMemoryOnly = "keys-in-memory-only",
        /// The note could not be sealed on disk.
        NotesNotSealed = "notes-not-sealed",
        /// The note of this visit was lost, because its key is gone or the vault could not be opened.
        NotesLost = "notes-lost",
        /// Some or all of this visit's sealed note failed authentication and could not be decrypted.
        NotesDamaged = "notes-damaged",
        /// A configuration file, a profile, or a music or other sound file is invalid.
        FilesWrong = "files-wrong",
        /// A state file was damaged and was replaced by its last good copy.
        StateRestored = "state-restored",
        /// The first-run setup and its copy are both damaged, so the patient's volume is limited to −60 dB.
        SetupLost = "setup-lost",
        /// The staff PIN and its copy are both damaged, so no PIN opens the staff sheet.
        StaffPinLost = "staff-pin-lost",
        /// The desk password and its copy are both damaged, so no password opens the desk.
        DeskPasswordLost = "desk-password-lost",
        /// The room's own desk could not be opened, or has stopped serving.
        DeskClosed = "desk-closed",
        /// The connection to the broker is down, so a desk for several rooms receives nothing from this room. The
        /// room's own desk is not affected.
        LineDown = "line-down",
        /// Another room uses this room's id at the broker.
        RoomNameTaken = "room-name-taken",
        /// A desk for several rooms has no space left for this room.
        NotShownAtDesk = "not-shown-at-desk",
        /// The broker repeatedly gives this room's session to another client.
        LineFoughtOver = "line-fought-over",
        /// The latest request of at least one step of the escalation list reached nobody.
        EscalationFailed = "escalation-failed",
        /// The contact that switches the clinic's own nurse call does not answer, or is not in the expected state.
        ContactFailed = "contact-failed",
        /// A part of the program failed and was restarted, or could not be started.
        PartFailed = "part-failed",
        /// The window should have drawn a frame several seconds ago and has not (`driver::liveness`).
        ScreenStill = "screen-still",
        /// The last wipe could not be verified.
        WipeUnverified = "wipe-unverified",
        /// The chain of receipts was altered, or a receipt is missing.
        ReceiptsBroken = "receipts-broken",
        /// The room is unattended: in After or Farewell, 30 minutes have passed without patient activity or a reset.
        RoomLeft = "room-left",
    }
}

impl Trouble {
    /// Whether the trouble concerns one visit only and is therefore resolved by a reset.
    #[must_use]
    pub const fn ends_with_visit(self) -> bool {
        matches!(
            self,
            Self::RoomLeft
                | Self::JournalDamaged
                | Self::RecordSetAside
                | Self::NotesLost
                | Self::NotesDamaged
                | Self::NotesNotSealed
        )
    }
}

/// The proof of a wipe. It contains no patient data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Consecutive number; a gap reveals a missing receipt.
    pub number: u64,
    /// Wall-clock time at which the wipe was checked, in RFC 3339 format.
    pub at: String,
    /// The room's name.
    pub room: String,
    /// The checks and their results.
    pub checks: Vec<WipeCheck>,
    /// Hash over this receipt and the previous receipt's hash, in hexadecimal.
    pub chain: String,
}

impl Receipt {
    /// Whether there are checks and all of them passed.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.ok)
    }
}

/// One check after a wipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeCheck {
    /// The check's name. Each language describes the check under the key `check-` followed by this name.
    pub name: String,
    /// Whether the check passed.
    pub ok: bool,
}

/// The session as screens and desks see it. Its clock keeps running between snapshots; see [`SessionView::clock_ms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The timeline, with extensions and an early end applied.
    pub timeline: SessionTimeline,
    /// The part at the time of the snapshot.
    pub part: Part,
    /// The session clock at the time of the snapshot; `None` while settling.
    pub clock_at_snapshot_ms: Option<u64>,
    /// Whether the clock is running.
    pub running: bool,
    /// Whether the clinician has paused the clock.
    pub paused: bool,
    /// Whether the end of the timeline has been reached.
    pub landed: bool,
    /// Session milliseconds per real millisecond.
    pub speed: u32,
    /// The time of the snapshot.
    pub taken_at: RoomTime,
}

impl SessionView {
    /// The session clock at `now`; `None` while settling.
    #[must_use]
    pub fn clock_ms(&self, now: RoomTime) -> Option<u64> {
        let at = self.clock_at_snapshot_ms?;
        if !self.running {
            return Some(at);
        }
        let real_ms = now.0.saturating_sub(self.taken_at.0);
        Some(at.saturating_add(real_ms.saturating_mul(u64::from(self.speed))).min(self.timeline.end_ms))
    }
}

/// The breathing pacer, which picture and sound follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreathView {
    /// The current pattern.
    pub pattern: BreathPattern,
    /// When the first breath in the current pattern began.
    pub started: RoomTime,
    /// The next pattern and when it begins, if the pattern was changed.
    pub next: Option<(BreathPattern, RoomTime)>,
}

impl BreathView {
    /// Returns the pattern at `now` and when its first breath began.
    #[must_use]
    pub fn running_at(&self, now: RoomTime) -> (BreathPattern, RoomTime) {
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

/// The state of the room at one moment.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The time of the snapshot.
    pub taken_at: RoomTime,
    /// The stage of the room.
    pub stage: Stage,
    /// When the current or last visit began. This time is unique to each visit.
    pub visit_began_at: RoomTime,
    /// The session in progress; `None` outside [`Stage::Session`].
    pub session: Option<SessionView>,
    /// The open call, once it may be shown.
    pub call: Option<Call>,
    /// The most recently ended calls, oldest first. A desk that reconnects learns from them which calls were cleared.
    pub ended_calls: Vec<CallId>,
    /// The file name of the chosen profile, without its extension.
    pub profile: String,
    /// Length of the infusion in minutes, planned or in progress.
    pub infusion_minutes: u32,
    /// The place on the screen.
    pub place: Place,
    /// The place that was chosen by hand on arrival, if any. It survives a change of profile.
    pub place_on_arrival: Option<Place>,
    /// The patient's language.
    pub language: Language,
    /// The hand that the patient can use during the infusion.
    pub hand: Hand,
    /// The size of the words, as the patient chose it.
    pub type_size: TypeSize,
    /// The patient's volume in dB relative to full scale.
    pub volume_db: f32,
    /// The pacer, if it is on.
    pub breath: Option<BreathView>,
    /// Whether the screen is dark.
    pub dark: bool,
    /// When the dim call panel of the dark screen disappears, if it is shown.
    pub dark_panel_until: Option<RoomTime>,
    /// Whether the anchor is on. *Too much* and *Calm now* switch it on.
    pub anchor: bool,
    /// Whether staff have calmed the room.
    pub calm: bool,
    /// The sound that the patient chose. It is kept during silence.
    pub sound: SoundChoice,
    /// Whether the sound is switched off.
    pub silence: bool,
    /// Number of pieces of music that were skipped in this visit.
    pub skips: u32,
    /// What staff add to the brightness of the arc, −0.5 to 0.5.
    pub brightness_trim: f32,
    /// What staff add to the intensity of the score, −1 to 1.
    pub intensity_nudge: f32,
    /// Whether staff are talking to the patient. All sound but the signals is then lowered.
    pub talk_now: bool,
    /// Number of desks that can receive a call.
    pub desks: usize,
    /// Everything that the patient wrote and drew.
    pub notes: Arc<Notes>,
    /// How much a note can hold.
    pub note_limits: NoteLimits,
    /// How the note can be taken home, and the result of each method that was chosen.
    pub take_home: TakeHome,
    /// The current troubles, in the order of [`Trouble::ALL`].
    pub troubles: Vec<Trouble>,
    /// The receipt of the last wipe; `None` once another wipe or a visit has begun.
    pub receipt: Option<Receipt>,
    /// Whether the surface has been cleaned since the last reset.
    pub surface_cleaned: bool,
    /// Whether staff have heard the test tone since the last reset.
    pub speaker_tested: bool,
    /// Whether a desk has received a practice call in Turnover or Ready since the last reset.
    pub call_tested: bool,
    /// Whether a wipe is in progress.
    pub wiping: bool,
}

impl Snapshot {
    /// Whether a desk can receive a call.
    #[must_use]
    pub fn is_line_up(&self) -> bool {
        self.desks > 0
    }

    /// Whether a patient is in the room.
    #[must_use]
    pub fn is_in_visit(&self) -> bool {
        self.stage.is_in_visit()
    }

    /// Whether the patient can leave without losing anything written or drawn. This is so if the note is blank, its
    /// latest version was taken home, or a delivery is in progress.
    #[must_use]
    pub fn is_note_taken_home(&self) -> bool {
        self.notes.is_blank()
            || self.take_home.taken.is_some_and(|version| version >= self.notes.version)
            || self.take_home.is_in_progress()
    }

    /// The current part of the session; `None` outside [`Stage::Session`].
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        self.session.map(|session| session.part)
    }
}
