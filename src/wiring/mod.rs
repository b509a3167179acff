//! Owns the wiring between the room and its ports: which port executes each effect, and which event reports its
//! outcome. Also owns the way in which the room's rules follow from settings and profiles, and the thread that updates
//! the mix of the sound. Does not own the ports, or the content of the mix (`driver::mix`).

mod call_transports;
pub mod supervisor;
pub mod take_home;
mod turnover_log;
mod vault_worker;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::config::Config;
use crate::driver::clock::RoomClock;
use crate::driver::{EffectHandler, RoomHandle, mix};
use crate::profile::Profile;
use crate::room::notes::NoteLimits;
use crate::room::take_home::TakeHomeError;
use crate::room::{Effect, Event, ProfileRules, RoomTime, Rules, Snapshot, Trouble};
use crate::sound::SoundHandle;
use crate::vocabulary::place::Place;

use turnover_log::TurnoverLog;
use vault_worker::VaultCommand;

pub use call_transports::{CallTransports, TransportContext};
pub use vault_worker::{Handover, VaultWorker};

/// Interval at which the mix is updated while the score follows the arc of a running session. A shorter interval would
/// gain nothing, because the score takes seconds to respond.
const SCORE_UPDATE_INTERVAL: Duration = Duration::from_secs(4);

/// Makes the room's rules from its configuration and profiles. The session clock runs `speed` times as fast as real
/// time.
#[must_use]
pub fn rules(config: &Config, profiles: &[Profile], speed: u32) -> Rules {
    let defaults = Rules::default();
    let mut known: Vec<ProfileRules> = profiles.iter().map(|profile| profile_rules(config, profile)).collect();
    if known.is_empty() {
        // Without any valid profile, the room's own length and volume still apply.
        let (infusion_minutes, volume_db) = (config.session.infusion_minutes, config.sound.start_volume_db);
        known.push(ProfileRules { infusion_minutes, volume_db, ..ProfileRules::default() });
    }
    Rules {
        profiles: known,
        default_profile: config.profiles.default.clone(),
        landing_minutes_after_end: config.session.landing_minutes_after_end,
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

/// Returns the delay of each step of the escalation list. `None` if the clinic has configured no list, in which case
/// the room uses its default.
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

/// The room's ports, which execute its effects.
pub struct Ports {
    sound: SoundHandle,
    mix_updates: mpsc::Sender<Snapshot>,
    vault: mpsc::Sender<VaultCommand>,
    transports: CallTransports,
    turnover_log: TurnoverLog,
    take_home: mpsc::Sender<take_home::TakeHomeRequest>,
    observer: Option<Observer>,
}

/// A callback that receives each new snapshot of the room, in order.
pub type Observer = Box<dyn FnMut(&Snapshot) + Send>;

impl Ports {
    /// Opens the room's ports and starts their threads. `observer` receives each new snapshot of the room, in order.
    #[must_use]
    pub fn open(
        sound: SoundHandle,
        transports: CallTransports,
        config: Arc<Config>,
        profiles: Arc<Vec<Profile>>,
        worker: VaultWorker,
        room: &RoomHandle,
        observer: Option<Observer>,
    ) -> Self {
        let (take_home, requests) = mpsc::channel();
        let (take_away, handle, locales) = (Arc::clone(&worker.take_away), room.clone(), config.locales.clone());
        supervisor::start_thread("take-home", room, move || {
            take_home::run_worker(&take_away, &locales, &requests, &handle);
        });
        let (vault, commands) = mpsc::channel();
        let (handle, vault_sound, mut worker) = (room.clone(), sound.clone(), worker);
        supervisor::start_thread("vault", room, move || {
            vault_worker::run(&mut worker, &commands, &handle, &vault_sound);
        });
        let (mix_updates, snapshots) = mpsc::channel();
        let (mix_sound, clock) = (sound.clone(), room.clock());
        supervisor::start_thread("mix", room, move || {
            run_mix_updates(&mix_sound, &snapshots, clock, &config, &profiles);
        });
        Self { sound, mix_updates, vault, transports, turnover_log: TurnoverLog::default(), take_home, observer }
    }

    fn command_vault(&self, command: VaultCommand, room: &RoomHandle) {
        if self.vault.send(command).is_err() {
            room.report(Event::TroubleChanged { trouble: Trouble::NotesNotSealed, on: true });
        }
    }
}

impl EffectHandler for Ports {
    fn execute(&mut self, effect: Effect, now: RoomTime, room: &RoomHandle) {
        match effect {
            // The room's own desk needs no effect, because it sees every call in the snapshot.
            Effect::SendCall { .. } | Effect::EndCall { .. } | Effect::Escalate { .. } => {
                self.transports.execute(&effect, now, room);
            }
            Effect::Signal(signal) => self.sound.signal(signal),
            Effect::AcceptOutput => self.sound.accept_output(),
            Effect::OpenVault => self.command_vault(VaultCommand::Open, room),
            Effect::ReopenVault => self.command_vault(VaultCommand::Reopen, room),
            Effect::SealNotes(notes) => self.command_vault(VaultCommand::Seal(notes), room),
            Effect::FindTakeHomeMethods => {
                // Sending fails only if the thread is gone, and staff have been told of that. The patient can then
                // choose only the phone, just as before the available methods are known.
                let _ = self.take_home.send(take_home::TakeHomeRequest::Look);
            }
            Effect::TakeHome { method, notes, language } => {
                let version = notes.version;
                if self.take_home.send(take_home::TakeHomeRequest::Take { method, notes, language }).is_err() {
                    room.report(Event::TakeHomeFinished { method, version, outcome: Err(TakeHomeError::NotMade) });
                }
            }
            Effect::Wipe => self.command_vault(VaultCommand::Wipe(now), room),
            Effect::VerifyWipe => self.command_vault(VaultCommand::Verify(now), room),
        }
    }

    fn changed(&mut self, snapshot: &Snapshot) {
        self.transports.changed(snapshot);
        self.turnover_log.update(snapshot);
        // Sending fails only if the thread is gone, and staff have been told of that. The sound then no longer changes,
        // but the room goes on.
        let _ = self.mix_updates.send(snapshot.clone());
        if let Some(observer) = &mut self.observer {
            observer(snapshot);
        }
    }
}

/// Updates the mix and the voice whenever the room changes and, while the score plays in a running session, at least
/// every [`SCORE_UPDATE_INTERVAL`].
fn run_mix_updates(
    sound: &SoundHandle,
    snapshots: &mpsc::Receiver<Snapshot>,
    clock: RoomClock,
    config: &Config,
    profiles: &[Profile],
) {
    let Ok(mut snapshot) = snapshots.recv() else { return };
    loop {
        // If several snapshots are waiting, all except the newest are skipped.
        snapshot = snapshots.try_iter().last().unwrap_or(snapshot);
        let profile = profiles.iter().find(|profile| profile.name == snapshot.profile);
        let now = clock.now().max(snapshot.taken_at);
        let mix = mix::target_mix(&snapshot, now, profile, &config.media.dir, clock);
        let follows_arc = mix.score.is_some() && snapshot.session.is_some_and(|session| session.running);
        let coming = snapshot.call.as_ref().and_then(|call| call.responder.as_deref());
        sound.select_voice(snapshot.language.name(), coming);
        sound.set_mix(mix);
        let next = if follows_arc {
            match snapshots.recv_timeout(SCORE_UPDATE_INTERVAL) {
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

/// Returns the path of a state directory that can never exist, for a room that cannot use its own. Such a room loses
/// everything when it restarts.
#[must_use]
pub fn no_state_dir() -> PathBuf {
    PathBuf::from("/proc/self/no-state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_profile_the_configured_length_and_volume_apply() {
        let mut config = Config::default();
        config.session.infusion_minutes = 90;
        config.sound.start_volume_db = -41.0;
        let room = crate::room::Room::new(rules(&config, &[], 1));
        let snapshot = room.snapshot(RoomTime(0));
        assert_eq!((snapshot.infusion_minutes, snapshot.volume_db.round() as i32), (90, -41));
    }
}
