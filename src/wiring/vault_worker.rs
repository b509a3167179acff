//! Owns the vault's thread, which opens the vault, seals notes for the room, and performs a reset from its first step
//! to its receipt. Does not own the cryptography or the files of the vault (`vault`).

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::take_home;
use crate::desk::SharedWords;
use crate::driver::RoomHandle;
use crate::driver::journal::{self, FAULTS_FILE, JOURNAL_FILE, Journal, OPEN_CALL_FILE};
use crate::paths::{LOCK_FILE, checksummed};
use crate::room::notes::Notes;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime, Trouble};
use crate::secret::{DESK_PASSWORD_FILE, STAFF_PIN_FILE};
use crate::setup::SETUP_FILE;
use crate::sound::SoundHandle;
use crate::takeaway::{self, TakeAway};
use crate::vault::{Opened, RECEIPTS_FILE, Vault, WipeContext};

/// Duration of the sound's fade-out before the program restarts.
const FADE_OUT: Duration = Duration::from_millis(300);
/// Maximum time to wait for desk pages to confirm that they have removed what the patient shared. The pages are asked
/// before the wipe begins.
const DESK_FORGET_TIMEOUT: Duration = Duration::from_millis(700);
/// Files and folders that may be in the state directory after a wipe.
const EXPECTED: [&str; 7] = [JOURNAL_FILE, OPEN_CALL_FILE, FAULTS_FILE, RECEIPTS_FILE, LOCK_FILE, "desk/", "cache/"];
/// Files that may also be in the state directory after a wipe, each with its copy.
const EXPECTED_WITH_COPY: [&str; 3] = [SETUP_FILE, STAFF_PIN_FILE, DESK_PASSWORD_FILE];

/// A command from the room to the vault's thread.
pub(super) enum VaultCommand {
    Open,
    Reopen,
    Seal(Arc<Notes>),
    Wipe(RoomTime),
    Verify(RoomTime),
}

/// The state of the vault's thread.
pub struct VaultWorker {
    /// The vault that holds the notes of the visit.
    pub vault: Vault,
    /// The journal, which a reset compacts.
    pub journal: Arc<Journal>,
    /// The state directory, in which a reset checks the journal and the marker files.
    pub state: PathBuf,
    /// The room's name, which receipts contain.
    pub room_name: String,
    /// What the previous process passed on about a wipe that it began. `None` if it began none.
    pub handed_over: Option<Handover>,
    /// The methods of taking a note home. A reset removes their unfinished copies.
    pub take_away: Arc<TakeAway>,
    /// Which pages and desks may still show what the patient shared.
    pub shared: SharedWords,
    /// Replaces this process with a new one. Returns only if that fails.
    pub relaunch: Box<dyn Fn(Handover) -> std::io::Error + Send>,
}

/// What a process that wipes passes on to its successor, which verifies the wipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// Whether every desk page has removed what the patient shared. Each has confirmed this, or has been cut off for so
    /// long that it has removed the text by itself.
    pub desk_forgot: bool,
}

impl Handover {
    /// Returns the handover as a word, which the next process receives.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.desk_forgot { "desk-forgot" } else { "desk-silent" }
    }

    /// Returns the handover with this name. `None` if the name is unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self { desk_forgot: true }, Self { desk_forgot: false }].into_iter().find(|known| known.name() == name)
    }
}

pub(super) fn run(
    worker: &mut VaultWorker,
    commands: &mpsc::Receiver<VaultCommand>,
    room: &RoomHandle,
    sound: &SoundHandle,
) {
    while let Ok(command) = commands.recv() {
        match command {
            VaultCommand::Open => {
                if let Err(error) = worker.vault.begin() {
                    tracing::error!(%error, "the vault could not be opened");
                    room.report(Event::TroubleChanged { trouble: Trouble::NotesNotSealed, on: true });
                }
            }
            VaultCommand::Reopen => reopen(&mut worker.vault, room),
            VaultCommand::Seal(notes) => {
                let sealed = worker.vault.seal(&notes);
                if let Err(error) = &sealed {
                    tracing::error!(%error, "the notes could not be sealed");
                }
                room.report(Event::NotesSealed { version: notes.version, ok: sealed.is_ok() });
            }
            VaultCommand::Wipe(now) => wipe(worker, room, now, sound),
            VaultCommand::Verify(now) => verify(worker, room, now),
        }
    }
}

fn reopen(vault: &mut Vault, room: &RoomHandle) {
    match vault.open() {
        Ok(Opened::Fresh) => {}
        Ok(Opened::Restored(notes)) => room.report(Event::NotesRestored(Box::new(notes))),
        Ok(Opened::Partly(notes)) => {
            tracing::warn!("a part of the sealed notes was altered and could not be opened; the rest was restored");
            room.report(Event::NotesRestored(Box::new(notes)));
            room.report(Event::NotesDamaged);
        }
        Ok(Opened::PartlyUnsealed(notes)) => {
            room.report(Event::NotesRestored(Box::new(notes)));
            room.report(Event::NotesDamaged);
            room.report(Event::TroubleChanged { trouble: Trouble::NotesNotSealed, on: true });
        }
        Ok(Opened::Lost) => room.report(Event::NotesLost),
        Ok(Opened::Damaged) => {
            tracing::warn!("the sealed notes were altered and could not be opened");
            room.report(Event::NotesDamaged);
        }
        Err(error) => {
            tracing::error!(%error, "the vault could not be opened");
            room.report(Event::NotesLost);
        }
    }
}

/// First destroys the key, then everything else, and then replaces this process with a new one. If this is interrupted,
/// the next start finishes the wipe, because the journal records that it has begun.
fn wipe(worker: &mut VaultWorker, room: &RoomHandle, now: RoomTime, sound: &SoundHandle) {
    if let Err(error) = worker.journal.append_and_wait(now, &Event::StaffReset) {
        tracing::error!(%error, "the reset could not be journaled before it began");
    }
    wipe_vault(worker);
    compact_journal(worker, now);
    sound.stop_within(FADE_OUT);
    let handover = Handover { desk_forgot: worker.shared.wait_forgotten(DESK_FORGET_TIMEOUT) };
    let error = (worker.relaunch)(handover);
    tracing::error!(%error, "the program could not be restarted; the wipe is verified in this process");
    worker.handed_over = Some(handover);
    let receipt = look(worker, false, true);
    room.report(Event::WipeFailed(receipt));
}

fn verify(worker: &mut VaultWorker, room: &RoomHandle, now: RoomTime) {
    wipe_vault(worker);
    // A journal that is already compacted may contain a call that was placed after the compaction. Compacting the
    // journal again would lose that call.
    if !journal::is_compacted(&worker.state) {
        compact_journal(worker, now);
    }
    let receipt = look(worker, true, journal::is_compacted(&worker.state));
    let verified = receipt.is_verified();
    room.report(if verified { Event::WipeVerified(receipt) } else { Event::WipeFailed(receipt) });
}

/// Destroys the notes of the visit and the unfinished copies that are on their way out of the room.
fn wipe_vault(worker: &mut VaultWorker) {
    if let Err(error) = worker.vault.wipe() {
        tracing::error!(%error, "a part of the visit's data could not be destroyed");
    }
    // The result is not needed. If a copy could not be removed, `look` finds its marker file.
    let _ = take_home::clear(&worker.take_away);
}

fn compact_journal(worker: &VaultWorker, now: RoomTime) {
    if let Err(error) = worker.journal.compact(now, &[Event::StaffReset]) {
        tracing::error!(%error, "the journal could not be compacted");
    }
}

fn look(worker: &mut VaultWorker, fresh_process: bool, journal_compacted: bool) -> Receipt {
    // If the wipe was interrupted, it is not known what the desk had confirmed. This is no risk, because desk pages
    // remove what was shared once they lose the connection to the room.
    let handed_over = worker.handed_over.take();
    let desk = handed_over.iter().map(|before| ("desk-forgot", before.desk_forgot));
    let more: Vec<(&str, bool)> = desk.chain([("nothing-under-way", takeaway::is_clear(&worker.state))]).collect();
    let copies = EXPECTED_WITH_COPY.map(|name| format!("{name}{}", checksummed::COPY_SUFFIX));
    let copies = copies.iter().map(String::as_str);
    let expected: Vec<&str> = EXPECTED.into_iter().chain(EXPECTED_WITH_COPY).chain(copies).collect();
    worker.vault.verify_wipe(&WipeContext {
        room: &worker.room_name,
        at: chrono::Local::now().fixed_offset(),
        journal_compacted,
        fresh_process,
        expected: &expected,
        more: &more,
    })
}
