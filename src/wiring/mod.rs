//! Owns the wires between the room and its handler: which effect goes to which port, and what comes back as which event.

mod keeping;
mod lines;
mod logbook;
pub mod parts;
pub mod take_home;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::driver::{EffectHandler, RoomHandle, hearing};
use crate::profile::Profile;
use crate::room::notes::NoteLimits;
use crate::room::take_home::TakeHomeError;
use crate::room::{Effect, Event, ProfileRules, RoomTime, Rules, Snapshot, Trouble};
use crate::sound::SoundHandle;
use crate::vocabulary::place::Place;

use keeping::Order;
use logbook::Logbook;

pub use keeping::{Handover, VaultHouse};
pub use lines::{Lines, Subject};

/// Composed music is told so often where the arc has come to; it follows within seconds anyway.
const FOLLOWS_EVERY: Duration = Duration::from_secs(4);

/// The rules that a configuration and its profiles make.
#[must_use]
pub fn rules(config: &Config, profiles: &[Profile], speed: u32) -> Rules {
    let defaults = Rules::default();
    let known: Vec<ProfileRules> = profiles.iter().map(|profile| profile_rules(config, profile)).collect();
    Rules {
        profiles: if known.is_empty() { defaults.profiles.clone() } else { known },
        default_profile: config.profiles.default.clone(),
        infusion_minutes: config.session.infusion_minutes,
        landing_minutes_after_end: config.session.landing_minutes_after_end,
        start_volume_db: config.sound.start_volume_db,
        cap_db: config.sound.cap_db,
        languages: config.locales.languages(),
        language: config.room.locale,
        escalation: escalation(config).unwrap_or(defaults.escalation),
        note_limits: NoteLimits {
            pages_max: usize::try_from(config.notes.pages_max).unwrap_or(usize::MAX),
            page_chars_max: usize::try_from(config.notes.page_chars_max).unwrap_or(usize::MAX),
        },
        speed,
    }
}

/// Where the clinic names no list, the room's own time marks the call.
fn escalation(config: &Config) -> Option<Vec<Duration>> {
    let steps: Vec<Duration> = config.lines.escalation.iter().map(|step| step.after).collect();
    (!steps.is_empty()).then_some(steps)
}

fn profile_rules(config: &Config, profile: &Profile) -> ProfileRules {
    let place = profile.place;
    ProfileRules {
        name: profile.name.clone(),
        infusion_minutes: profile.infusion_minutes.unwrap_or(config.session.infusion_minutes),
        place,
        volume_db: profile.volume_db.unwrap_or(config.sound.start_volume_db),
        volume_min_db: profile.limits.volume_min_db,
        volume_max_db: profile.limits.volume_max_db,
        pattern: profile.breath.pattern,
        breath_parts: profile.breath.parts.iter().filter(|(_, on)| **on).map(|(part, _)| part).collect(),
        dark: place == Place::Dark,
    }
}

/// The ports behind the room.
pub struct Ports {
    sound: SoundHandle,
    hearing: mpsc::Sender<Snapshot>,
    vault: mpsc::Sender<Order>,
    lines: Lines,
    logbook: Logbook,
    take_home: mpsc::Sender<take_home::Asked>,
    observer: Option<Observer>,
}

/// Sees each change of the room in turn.
pub type Observer = Box<dyn FnMut(&Snapshot) + Send>;

impl Ports {
    /// Opens the ports of a room, beside the lines that are open already. `observer` sees each change in turn.
    #[must_use]
    pub fn open(
        sound: SoundHandle,
        lines: Lines,
        config: Arc<Config>,
        profiles: Arc<Vec<Profile>>,
        house: VaultHouse,
        room: &RoomHandle,
        observer: Option<Observer>,
    ) -> Self {
        let (take_home, asked) = mpsc::channel();
        let (take_away, handle, locales) = (Arc::clone(&house.take_away), room.clone(), config.locales.clone());
        parts::start("take-home", room, move || take_home::keep(&take_away, &locales, &asked, &handle));
        let (vault, orders) = mpsc::channel();
        let (handle, quiet, mut house) = (room.clone(), sound.clone(), house);
        parts::start("vault", room, move || keeping::keep_vault(&mut house, &orders, &handle, &quiet));
        let (hearing, snapshots) = mpsc::channel();
        let (heard, clock) = (sound.clone(), room.clock());
        parts::start("hearing", room, move || keep_hearing(&heard, &snapshots, clock, &config, &profiles));
        Self { sound, hearing, vault, lines, logbook: Logbook::default(), take_home, observer }
    }

    fn order(&self, order: Order, room: &RoomHandle) {
        if self.vault.send(order).is_err() {
            room.report(Event::TroubleChanged { trouble: Trouble::NotesNotSealed, on: true });
        }
    }
}

impl EffectHandler for Ports {
    fn execute(&mut self, effect: Effect, now: RoomTime, room: &RoomHandle) {
        match effect {
            // The desk that is built in sees every call in the snapshot itself.
            Effect::SendCall { .. } | Effect::EndCall { .. } | Effect::Escalate { .. } => {
                self.lines.execute(&effect, now, room);
            }
            Effect::Signal(signal) => self.sound.signal(signal),
            Effect::AcceptOutput => self.sound.accept_output(),
            Effect::OpenVault => self.order(Order::Open, room),
            Effect::ReopenVault => self.order(Order::Reopen, room),
            Effect::SealNotes(notes) => self.order(Order::Seal(notes), room),
            Effect::FindTakeHomeMethods => {
                // Without that thread, which staff are told, only the phone is offered, as it is before any answer.
                let _ = self.take_home.send(take_home::Asked::Look);
            }
            Effect::TakeHome { method, notes, language } => {
                let version = notes.version;
                if self.take_home.send(take_home::Asked::Take { method, notes, language }).is_err() {
                    room.report(Event::TakeHomeFinished { method, version, outcome: Err(TakeHomeError::NotMade) });
                }
            }
            Effect::Wipe => self.order(Order::Wipe(now), room),
            Effect::VerifyWipe => self.order(Order::Verify(now), room),
        }
    }

    fn changed(&mut self, snapshot: &Snapshot) {
        self.lines.changed(snapshot);
        self.logbook.follow(snapshot);
        // Without that thread, which staff are told, there is nothing to hear; the room goes on.
        let _ = self.hearing.send(snapshot.clone());
        if let Some(observer) = &mut self.observer {
            observer(snapshot);
        }
    }
}

/// Moves the sound with the room and, while composed music follows a running session, with its arc.
fn keep_hearing(
    sound: &SoundHandle,
    snapshots: &mpsc::Receiver<Snapshot>,
    clock: RoomClock,
    config: &Config,
    profiles: &[Profile],
) {
    let Ok(mut snapshot) = snapshots.recv() else { return };
    loop {
        // Only the latest counts.
        snapshot = snapshots.try_iter().last().unwrap_or(snapshot);
        let profile = profiles.iter().find(|profile| profile.name == snapshot.profile);
        let now = clock.now().max(snapshot.taken_at);
        let mix = hearing::mix(&snapshot, now, profile, &config.media.dir, clock);
        let moves = mix.score.is_some() && snapshot.session.is_some_and(|session| session.running);
        let coming = snapshot.call.as_ref().and_then(|call| call.responder.as_deref());
        sound.select_voice(snapshot.language.name(), coming);
        sound.set_mix(mix);
        let next = if moves {
            match snapshots.recv_timeout(FOLLOWS_EVERY) {
                Err(mpsc::RecvTimeoutError::Timeout) => continue,
                Ok(next) => Some(next),
                Err(mpsc::RecvTimeoutError::Disconnected) => None,
            }
        } else {
            snapshots.recv().ok()
        };
        match next {
            Some(next) => snapshot = next,
            None => return,
        }
    }
}

/// Where state lies when the place meant for it cannot be used: nowhere that outlives the program.
#[must_use]
pub fn nowhere() -> PathBuf {
    PathBuf::from("/proc/self/no-state")
}
