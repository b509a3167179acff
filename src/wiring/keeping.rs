//! Owns the vault's thread: what it does for the room, and the reset from its first step to its receipt.

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

/// The sound fades out for so long before the program starts afresh.
const FADES_WITHIN: Duration = Duration::from_millis(300);
/// Desk pages take what was shared off their screens, and say so, within so long. They are told before this begins.
const DESK_FORGETS_WITHIN: Duration = Duration::from_millis(700);
/// What may lie in the state directory after a wipe …
const EXPECTED: [&str; 7] = [JOURNAL_FILE, OPEN_CALL_FILE, FAULTS_FILE, RECEIPTS_FILE, LOCK_FILE, "desk/", "cache/"];
/// … and these, each with its copy.
const EXPECTED_TWICE: [&str; 3] = [SETUP_FILE, STAFF_PIN_FILE, DESK_PASSWORD_FILE];

/// What the room wants of the vault.
pub(super) enum Order {
    Open,
    Reopen,
    Seal(Arc<Notes>),
    Wipe(RoomTime),
    Verify(RoomTime),
}

/// What the vault's thread needs.
pub struct VaultHouse {
    /// The vault.
    pub vault: Vault,
    /// The journal, for the reset.
    pub journal: Arc<Journal>,
    /// The state directory, to look at the journal as it lies on disk.
    pub state: PathBuf,
    /// The room's name, for receipts.
    pub room_name: String,
    /// What the process before this one saw of a wipe that it began.
    pub handed_over: Option<Handover>,
    /// The ways home for a note; a reset takes back what is under way on them.
    pub take_away: Arc<TakeAway>,
    /// Which desk pages still show what the patient shared.
    pub shared: SharedWords,
    /// Replaces this process by a new one; comes back only with what went wrong.
    pub relaunch: Box<dyn Fn(Handover) -> std::io::Error + Send>,
}

/// What a process that wiped tells the one that verifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// Whether every desk page that showed what the patient shared has said that it does no longer.
    pub desk_forgot: bool,
}

impl Handover {
    /// As it travels to the next process.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.desk_forgot { "desk-forgot" } else { "desk-silent" }
    }

    /// From the process before, if it said this.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self { desk_forgot: true }, Self { desk_forgot: false }].into_iter().find(|known| known.name() == name)
    }
}

pub(super) fn keep_vault(
    house: &mut VaultHouse,
    orders: &mpsc::Receiver<Order>,
    room: &RoomHandle,
    sound: &SoundHandle,
) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Open => {
                if let Err(error) = house.vault.begin() {
                    tracing::error!(%error, "the vault could not be opened");
                    room.report(Event::TroubleChanged { trouble: Trouble::NotesNotSealed, on: true });
                }
            }
            Order::Reopen => reopen(&mut house.vault, room),
            Order::Seal(notes) => {
                let sealed = house.vault.seal(&notes);
                if let Err(error) = &sealed {
                    tracing::error!(%error, "the notes could not be sealed");
                }
                room.report(Event::NotesSealed { version: notes.version, ok: sealed.is_ok() });
            }
            Order::Wipe(now) => wipe(house, room, now, sound),
            Order::Verify(now) => verify(house, room, now),
        }
    }
}

fn reopen(vault: &mut Vault, room: &RoomHandle) {
    match vault.open() {
        Ok(Opened::Fresh) => {}
        Ok(Opened::Restored(notes)) => room.report(Event::NotesRestored(notes)),
        Ok(Opened::Partly(notes)) => {
            tracing::warn!("a part of the notes is not what was sealed and could not be opened; the rest is there");
            room.report(Event::NotesRestored(notes));
            room.report(Event::NotesDamaged);
        }
        Ok(Opened::Lost) => room.report(Event::NotesLost),
        Ok(Opened::Damaged) => {
            tracing::warn!("the notes are not what was sealed and could not be opened");
            room.report(Event::NotesDamaged);
        }
        Err(error) => {
            tracing::error!(%error, "the vault could not be opened");
            room.report(Event::NotesLost);
        }
    }
}

/// The key first, then all the rest, then a fresh process. Each step may be the last one that happens: the journal says
/// that a wipe was begun, and the next start finishes it.
fn wipe(house: &mut VaultHouse, room: &RoomHandle, now: RoomTime, sound: &SoundHandle) {
    if let Err(error) = house.journal.append_and_wait(now, &Event::StaffReset) {
        tracing::error!(%error, "the reset could not be journaled before it began");
    }
    wipe_vault(house);
    compact_journal(house, now);
    sound.stop_within(FADES_WITHIN);
    let handover = Handover { desk_forgot: house.shared.wait_forgotten(DESK_FORGETS_WITHIN) };
    let error = (house.relaunch)(handover);
    tracing::error!(%error, "the program could not start afresh; it verifies in this process");
    house.handed_over = Some(handover);
    let receipt = look(house, false, true);
    room.report(Event::WipeFailed(receipt));
}

fn verify(house: &mut VaultHouse, room: &RoomHandle, now: RoomTime) {
    wipe_vault(house);
    // What is compacted already is left as it is: a call that came since is in it, and must not be lost.
    if !journal::is_compacted(&house.state) {
        compact_journal(house, now);
    }
    let receipt = look(house, true, journal::is_compacted(&house.state));
    let verified = receipt.is_verified();
    room.report(if verified { Event::WipeVerified(receipt) } else { Event::WipeFailed(receipt) });
}

/// Destroys what a visit left.
fn wipe_vault(house: &mut VaultHouse) {
    if let Err(error) = house.vault.wipe() {
        tracing::error!(%error, "something of the visit could not be destroyed");
    }
    // What could not be taken back has left its mark, which the look finds.
    let _ = take_home::clear(&house.take_away);
}

fn compact_journal(house: &VaultHouse, now: RoomTime) {
    if let Err(error) = house.journal.compact(now, &[Event::StaffReset]) {
        tracing::error!(%error, "the journal could not be compacted");
    }
}

fn look(house: &mut VaultHouse, fresh_process: bool, journal_compacted: bool) -> Receipt {
    // After a kill or a power cut in mid-wipe nobody can say what the desk had seen; its pages drop what was shared by
    // themselves once they no longer hear the room.
    let handed_over = house.handed_over.take();
    let desk = handed_over.iter().map(|before| ("desk-forgot", before.desk_forgot));
    let more: Vec<(&str, bool)> = desk.chain([("nothing-under-way", takeaway::is_clear(&house.state))]).collect();
    let copies = EXPECTED_TWICE.map(|name| format!("{name}{}", checksummed::COPY_SUFFIX));
    let copies = copies.iter().map(String::as_str);
    let expected: Vec<&str> = EXPECTED.into_iter().chain(EXPECTED_TWICE).chain(copies).collect();
    house.vault.verify_wipe(&WipeContext {
        room: &house.room_name,
        at: chrono::Local::now().fixed_offset(),
        journal_compacted,
        fresh_process,
        expected: &expected,
        more: &more,
    })
}
