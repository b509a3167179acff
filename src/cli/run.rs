//! Owns the start of a room: files, directories, ports, the desk, and then the window or the lines.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use iced::Size;
use tokio::sync::watch;

use super::ending::{End, FADES_WITHIN, WIPING, relaunch, replace_process, start_again_with};
use super::{FAILED, UNUSABLE, guarding, renderer, standing};
use crate::app;
use crate::config::{self, Config};
use crate::desk::single_room::{self, SingleRoomOptions};
use crate::desk::{self, DeskPassword, PageOptions, ServerOptions};
use crate::driver::journal::{self, Journal};
use crate::driver::vitals::{Vitals, watch_window};
use crate::driver::{Driver, Past, RoomHandle};
use crate::dry_run;
use crate::headless;
use crate::line::view::{Offers, ProfileOffer};
use crate::output::{self, Output, complain};
use crate::paths::{self, Homes, KeyHome, StateLock};
use crate::profile::{self, Profile};
use crate::room::{Event, Snapshot, Trouble};
use crate::secret::Secret;
use crate::sound::{self, SoundEvent, SoundHandle};
use crate::theme;
use crate::vault::Vault;
use crate::widget::Clinic;
use crate::widget::place::{Backend, PlaceRenderer};
use crate::wiring::{self, Handover, Lines, Ports, Subject, VaultHouse};

const SPEED_MAX: u32 = 3_600;

/// How the room is to run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The configuration; else `$STILLROOM_CONFIG`, /etc/stillroom/kiosk.toml, ./kiosk.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Without a window: events as JSON lines on standard input, each change as a JSON line on standard output. Whoever
    /// holds standard input is trusted as the person at the tablet and as the staff; see docs/headless.md
    #[arg(long)]
    headless: bool,
    /// Runs the session clock so many times as fast, for a quick trial; nothing else is faster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// A window of this size instead of the whole screen
    #[arg(long, value_name = "WxH", value_parser = renderer::parse_size)]
    windowed: Option<Size>,
    /// Keeps the names and places of the controls on the screen in this file, for whoever drives the window from outside
    #[arg(long, value_name = "FILE")]
    trace_controls: Option<PathBuf>,
}

pub(super) fn run(args: &RunArgs) -> ExitCode {
    guarding::harden();
    let found = config::find(args.config.as_deref(), |name| std::env::var_os(name), Path::exists);
    let loaded = found.load();
    let mut config = loaded.config;
    let windowed = !args.headless && has_display();
    let backend = if windowed {
        match renderer::chosen() {
            Some(backend) => backend,
            None => return start_again_with(renderer::choose(config.screen.renderer)),
        }
    } else {
        Backend::Still
    };

    let (profiles, profile_findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
    let findings: Vec<_> = loaded.findings.into_iter().chain(profile_findings).collect();
    for finding in &findings {
        output::say(&finding);
    }
    let (state, keys, lock, mut troubles) = match homes() {
        Ok(found) => found,
        Err(error) => {
            complain(&error);
            return ExitCode::from(UNUSABLE);
        }
    };
    if !findings.is_empty() {
        troubles.push(Trouble::FilesWrong);
    }
    let desk_password = if state == wiring::nowhere() {
        standing::without_state(&mut config)
    } else {
        standing::take_up(&state, &mut config, &mut troubles)
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        complain(&"the system gives no threads; close other programs and start again");
        return ExitCode::from(FAILED);
    };
    let house = House {
        config: Arc::new(config),
        profiles: Arc::new(profiles),
        state,
        keys,
        findings: findings.len(),
        desk_password,
        began_ms: paths::run_begins(lock.as_ref()),
    };
    let out = Output::standard();
    let room = match house.open(&runtime, args, &troubles, out.clone()) {
        Ok(room) => room,
        Err(error) => {
            complain(&format_args!("the system gives no thread for the room: {error}; close other programs"));
            return ExitCode::from(FAILED);
        }
    };
    let outcome = if args.headless {
        headless::read_events(&room.handle, &out);
        wait_for_ever()
    } else if windowed {
        house.show(args, backend, &room)
    } else {
        wait_for_ever()
    };
    room.sound.stop_within(FADES_WITHIN);
    room.journal.note_good_end();
    drop(lock);
    outcome
}

/// Everything a room is opened from.
struct House {
    config: Arc<Config>,
    profiles: Arc<Vec<Profile>>,
    state: PathBuf,
    keys: KeyHome,
    findings: usize,
    desk_password: DeskPassword,
    /// Names this run of the program.
    began_ms: u64,
}

struct OpenRoom {
    handle: RoomHandle,
    sound: SoundHandle,
    vitals: Arc<Vitals>,
    journal: Arc<Journal>,
}

impl House {
    fn open(
        &self,
        runtime: &tokio::runtime::Runtime,
        args: &RunArgs,
        troubles: &[Trouble],
        out: Output,
    ) -> io::Result<OpenRoom> {
        let (journal, records, health) = Journal::open(&self.state);
        let journal = Arc::new(journal);
        let rules = wiring::rules(&self.config, &self.profiles, args.speed);
        let mut found: Vec<Event> =
            troubles.iter().map(|trouble| Event::TroubleChanged { trouble: *trouble, on: true }).collect();
        if let Some(problem) = &health.problem {
            if !troubles.contains(&Trouble::StateUnwritable) {
                complain(problem);
            }
            found.push(crate::driver::journal_trouble(true));
        }
        let handed_over = std::env::var(WIPING).ok().and_then(|name| Handover::from_name(&name));
        let vault = Vault::new(self.state.clone(), self.keys.clone());
        let known_receipt = journal::receipt_in(&records);
        if (known_receipt.is_some() || vault.last_receipt().is_some())
            && let Err(error) = vault.verify_chain(known_receipt)
        {
            tracing::warn!(%error, "the chain of receipts is broken; `stillroom receipts` shows where");
            found.push(Event::TroubleChanged { trouble: Trouble::ReceiptsBroken, on: true });
        }
        let past = Past { records, health, wipe_was_begun: handed_over.is_some() };
        let (driver, handle) = Driver::recover(&rules, Arc::clone(&journal), past, found);
        let sound = start_sound(&self.config, &self.profiles, &self.state, &handle);
        let vitals = Arc::new(Vitals::default());
        let end =
            End { sound: sound.clone(), journal: Arc::clone(&journal), out: out.clone(), is_headless: args.headless };
        let shared = desk::SharedWords::default();
        let house = VaultHouse {
            vault,
            journal: Arc::clone(&journal),
            state: self.state.clone(),
            room_name: self.config.room.name.clone(),
            handed_over,
            take_away: Arc::new(wiring::take_home::take_away(&self.config, self.state.clone())),
            shared: shared.clone(),
            relaunch: relaunch(out.clone()),
        };
        let subject = Subject {
            room: &handle,
            room_name: self.room_name(),
            offers: self.offers(),
            sound: &sound,
            vitals: &vitals,
            runtime: runtime.handle(),
            shared: &shared,
            began_ms: self.began_ms,
        };
        let lines = Lines::open(&self.config.lines, &subject);
        let observer = args.headless.then(|| headless::observer(out, handle.clone()));
        let ports = Ports::open(
            sound.clone(),
            lines,
            Arc::clone(&self.config),
            Arc::clone(&self.profiles),
            house,
            &handle,
            observer,
        );
        let after_a_fault = end.clone();
        driver.start(ports, move |fault| after_a_fault.by_fault(fault))?;
        let watching = watch_window(Arc::clone(&vitals), handle.clone());
        wiring::parts::spawn("window-watch", runtime.handle(), &handle, watching);
        wiring::parts::spawn("signals", runtime.handle(), &handle, end.on_signal());
        self.open_desk(runtime, &handle, shared);
        Ok(OpenRoom { handle, sound, vitals, journal })
    }

    /// What the room is called at a desk.
    fn room_name(&self) -> &str {
        Some(self.config.room.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("Stillroom")
    }

    /// What can be chosen at a desk.
    fn offers(&self) -> Offers {
        let languages = self.config.locales.words(self.config.room.locale).languages();
        let offer = |profile: &Profile| ProfileOffer {
            name: profile.name.as_str().into(),
            title: profile.title_in(&languages).into(),
            description: profile.description_in(&languages).into(),
            scored: profile.is_scored(),
        };
        Offers { profiles: self.profiles.iter().map(offer).collect(), cap_db: self.config.sound.cap_db }
    }

    fn previews(&self) -> single_room::Previews {
        let (config, profiles) = (Arc::clone(&self.config), Arc::clone(&self.profiles));
        let scratch = self.state.join("cache");
        let loudness = sound::LoudnessLibrary::kept_in(Some(&scratch));
        single_room::Previews::new(move |name| {
            let profile = profiles.iter().find(|profile| profile.name == name);
            let profile = profile.ok_or_else(|| "there is no such profile".to_owned())?;
            dry_run::preview(&config, profile, &loudness, &scratch)
        })
    }

    fn open_desk(&self, runtime: &tokio::runtime::Runtime, room: &RoomHandle, shared: desk::SharedWords) {
        let (_name_keeper, room_name) = watch::channel(self.room_name().to_owned());
        let server = ServerOptions {
            listen: self.config.desk.listen,
            certificate: self.config.desk.tls.clone(),
            folder: self.state.join("desk"),
            password: self.desk_password.clone(),
            host_names: Vec::new(),
        };
        let page = PageOptions {
            clinicians: self.config.desk.clinicians.clone(),
            locale: self.config.room.locale.name().to_owned(),
            font: theme::FONTS.get(2).copied(),
            font_bold: theme::FONTS.get(3).copied(),
        };
        let options =
            SingleRoomOptions { page, room_name, offers: self.offers(), previews: Some(self.previews()), shared };
        let (client, fault, state) = (Arc::new(DeskClient(room.clone())), room.clone(), self.state.clone());
        let serving = async move {
            let bound = match desk::bind(server) {
                Ok(bound) => bound,
                Err(error) => {
                    complain(&error);
                    fault.report(Event::TroubleChanged { trouble: Trouble::DeskClosed, on: true });
                    return;
                }
            };
            output::say(&format_args!("The desk is at {}", bound.url()));
            if let Some(ca) = bound.ca_file() {
                output::say(&format_args!("Browsers trust it once they trust {}", ca.display()));
            }
            let bound = bound.follow_password(move || Secret::desk_password(&state).hash().ok().flatten());
            if let Err(error) = single_room::serve(bound, options, client, std::future::pending()).await {
                complain(&error);
                fault.report(Event::TroubleChanged { trouble: Trouble::DeskClosed, on: true });
            }
        };
        wiring::parts::spawn("desk", runtime.handle(), room, serving);
    }

    fn show(&self, args: &RunArgs, backend: Backend, room: &OpenRoom) -> ExitCode {
        let screen = &self.config.screen;
        let shown = app::run(app::Dependencies {
            room: room.handle.clone(),
            clinic: Arc::new(Clinic {
                config: Config::clone(&self.config),
                profiles: Vec::clone(&self.profiles),
                findings: self.findings,
            }),
            room_name: self.config.room.name.clone(),
            place_renderer: PlaceRenderer::new(backend, screen.frames_per_second, screen.reduce_motion)
                .cached_in(self.state.join("cache/places"))
                .with_slides(&self.config.media.pictures),
            pin: Arc::new(Secret::staff_pin(&self.state)),
            state: self.state.clone(),
            sound: room.sound.clone(),
            vitals: Arc::clone(&room.vitals),
            windowed: args.windowed,
            trace: args.trace_controls.clone(),
            restart: Arc::new(|| replace_process(&[])),
        });
        match shown {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if backend == Backend::Still => {
                complain(&format!("the window could not be opened: {error}; check the display, or use --headless"));
                ExitCode::from(FAILED)
            }
            Err(error) => {
                complain(&format!("the graphics device failed ({error}); going on without it"));
                start_again_with(Backend::Still)
            }
        }
    }
}

type Found = (PathBuf, KeyHome, Option<StateLock>, Vec<Trouble>);

/// The directories of this room. One that cannot be written is told and the room goes on without it; one that belongs
/// to another running room is an end.
fn homes() -> Result<Found, paths::PathsError> {
    let homes = Homes::from_env(|name| std::env::var_os(name))?;
    let made = match homes.make() {
        Ok(made) => made,
        Err(error) => {
            complain(&format!(
                "{error}; the room runs at its quietest, its desk is shut, and nothing outlives a restart"
            ));
            return Ok((wiring::nowhere(), KeyHome::Memory, None, vec![Trouble::StateUnwritable]));
        }
    };
    let mut troubles = Vec::new();
    if let Some(problem) = made.keys_problem {
        complain(&format!("{problem}; keys and notes stay in process memory"));
        troubles.push(Trouble::KeysInMemoryOnly);
    }
    if made.swaps_to_disk {
        tracing::warn!("this machine swaps to a disk; switch swap off, so that no words can reach it");
    }
    match paths::lock_state(&made.state) {
        Ok(lock) => Ok((made.state, made.keys, Some(lock), troubles)),
        Err(error @ paths::PathsError::InUse { .. }) => Err(error),
        Err(error) => {
            complain(&format!("{error}; the room runs, but nothing outlives a restart"));
            troubles.push(Trouble::StateUnwritable);
            Ok((made.state, KeyHome::Memory, None, troubles))
        }
    }
}

fn has_display() -> bool {
    if renderer::display_is_there() {
        return true;
    }
    complain(&"no display answers; the room runs without a window. Start it under a display, or see --headless");
    false
}

fn start_sound(config: &Config, profiles: &[Profile], state: &Path, room: &RoomHandle) -> SoundHandle {
    let reading = config.sound.calibration.as_ref();
    let calibrated = sound::CalibratedOutput {
        output: reading.and_then(|reading| reading.output.clone()),
        port: reading.and_then(|reading| reading.port.clone()),
    };
    let loudness = sound::LoudnessLibrary::kept_in(Some(&state.join("cache")));
    let options = sound::Options {
        loudness: loudness.clone(),
        device: config.sound.device.clone(),
        chime_device: config.sound.chime_device.clone(),
        chime_db: Some(config.call.chime_db),
        calibrated,
        voice_dir: Some(config.media.dir.join("voice")),
        reading_db: reading.map_or(config::READING_TONE_DB, |reading| reading.test_tone_db),
        ..sound::Options::default()
    };
    let tracks = profiles.iter().flat_map(Profile::tracks).map(|track| config.media.dir.join(track));
    let mut tracks: Vec<PathBuf> = tracks.collect();
    tracks.sort();
    tracks.dedup();
    if let Err(error) = loudness.scan_in_background(tracks, |_| {}) {
        tracing::warn!(%error, "the loudness of the music cannot be measured; what is not known plays softer");
    }
    let room = room.clone();
    SoundHandle::start(options, move |news| tell_news(&room, news))
}

/// What the sound has to tell, as the room's troubles and in the log.
fn tell_news(room: &RoomHandle, news: SoundEvent) {
    let (trouble, on) = match news {
        SoundEvent::DeviceLost { why } => {
            tracing::warn!(%why, "there is no sound output");
            (Trouble::SoundLost, true)
        }
        SoundEvent::DeviceBack => (Trouble::SoundLost, false),
        SoundEvent::OutputNotCalibrated { .. } => (Trouble::OutputNotCalibrated, true),
        SoundEvent::OutputCalibrated => (Trouble::OutputNotCalibrated, false),
        SoundEvent::OutputUnmeasured { .. } => (Trouble::OutputUnmeasured, true),
        SoundEvent::OutputMeasured => (Trouble::OutputUnmeasured, false),
        SoundEvent::ChimeLost { why } => {
            tracing::warn!(%why, "the corridor chime has no output");
            (Trouble::ChimeLost, true)
        }
        SoundEvent::ChimeBack => (Trouble::ChimeLost, false),
        SoundEvent::ClipSkipped { path, why } => {
            tracing::warn!(clip = %path.display(), %why, "a spoken clip was left out");
            (Trouble::FilesWrong, true)
        }
        SoundEvent::TrackSkipped { path, why } => {
            tracing::warn!(track = %path.display(), %why, "a track was left out");
            (Trouble::FilesWrong, true)
        }
        SoundEvent::TracksGone => (Trouble::TracksGone, true),
        SoundEvent::TracksBack => (Trouble::TracksGone, false),
    };
    room.report(Event::TroubleChanged { trouble, on });
}

/// The room as the desk reaches it.
struct DeskClient(RoomHandle);

impl single_room::RoomClient for DeskClient {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.snapshots()
    }

    fn now(&self) -> crate::room::RoomTime {
        self.0.clock().now()
    }

    fn tell(&self, event: Event) -> single_room::RoomAnswer {
        let room = self.0.clone();
        Box::pin(async move { room.tell(event).await.map_err(|refusal| refusal.to_string()) })
    }

    fn ping(&self) -> single_room::RoomAnswer {
        let room = self.0.clone();
        Box::pin(async move { room.ping().await.map_err(|refusal| refusal.to_string()) })
    }
}

fn wait_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}
