//! Owns the start of a room: its files, directories, ports and desk, and then the window or headless mode. Also reports
//! to the room, as troubles, what goes wrong with the sound.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use iced::Size;
use tokio::sync::watch;

use super::shutdown::{SOUND_FADE, Shutdown, WIPING, relaunch, replace_process, restart_with};
use super::{FAILED, UNUSABLE, hardening, renderer, stored_settings};
use crate::app;
use crate::config::{self, Config};
use crate::desk::single_room::{self, SingleRoomOptions};
use crate::desk::{self, DeskPassword, PageOptions, ServerOptions};
use crate::driver::journal::{self, Journal};
use crate::driver::liveness::{Liveness, watch_window};
use crate::driver::{Driver, RecoveryInput, RoomHandle};
use crate::dry_run;
use crate::headless;
use crate::line::view::{Offers, ProfileOffer};
use crate::paths::{self, Directories, KeyStorage, StateLock};
use crate::profile::{self, Profile};
use crate::room::{Event, Snapshot, Trouble};
use crate::secret::Secret;
use crate::sound::{self, SoundEvent, SoundHandle};
use crate::stdio::{self, StandardStream, print_error};
use crate::theme;
use crate::vault::Vault;
use crate::widget::Clinic;
use crate::widget::place::{Backend, PlaceRenderer};
use crate::wiring::{self, CallTransports, Handover, Ports, TransportContext, VaultWorker};

const SPEED_MAX: u32 = 3_600;

/// The arguments of `stillroom run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Configuration file; if not given, `$STILLROOM_CONFIG`, otherwise the first of /etc/stillroom/kiosk.toml and
    /// ./kiosk.toml that exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run without a window: read events as JSON lines from standard input, and write each change as a JSON line to
    /// standard output. Anyone who can write to standard input can call, reset the room and do nearly everything else
    /// that the patient and the staff can; docs/headless.md lists the events
    #[arg(long)]
    headless: bool,
    /// For a quick trial, run the session clock this many times as fast; everything else stays in real time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// Open a window of this size, in pixels, instead of using the whole screen
    #[arg(long, value_name = "WxH", value_parser = renderer::parse_size)]
    windowed: Option<Size>,
    /// Write the names and bounds of the controls on the screen to this file, for programs that drive the window
    #[arg(long, value_name = "FILE")]
    trace_controls: Option<PathBuf>,
}

pub(super) fn run(args: &RunArgs) -> ExitCode {
    hardening::harden_process();
    let source = config::find(args.config.as_deref(), |name| std::env::var_os(name), Path::exists);
    let loaded = source.load();
    let mut config = loaded.config;
    let has_window = !args.headless && has_display();
    let backend = if has_window {
        match renderer::chosen() {
            Some(backend) => backend,
            None => return restart_with(renderer::choose(config.screen.renderer)),
        }
    } else {
        Backend::Still
    };

    let (profiles, profile_findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
    let findings: Vec<_> = loaded.findings.into_iter().chain(profile_findings).collect();
    for finding in &findings {
        stdio::eprint(&finding);
    }
    let RoomDirectories { state, keys, lock, mut troubles } = match prepare_directories() {
        Ok(directories) => directories,
        Err(error) => {
            print_error(&error);
            return ExitCode::from(UNUSABLE);
        }
    };
    if !findings.is_empty() {
        troubles.push(Trouble::FilesWrong);
    }
    let desk_password = if state == wiring::no_state_dir() {
        stored_settings::without_state(&mut config)
    } else {
        stored_settings::load(&state, &mut config, &mut troubles)
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        print_error(&"the system could not start a thread; close other programs and start again");
        return ExitCode::from(FAILED);
    };
    let setup = RoomSetup {
        config: Arc::new(config),
        profiles: Arc::new(profiles),
        state,
        keys,
        findings: findings.len(),
        desk_password,
        run_id: paths::run_id(lock.as_ref()),
    };
    let out = StandardStream::stdout();
    let room = match setup.open(&runtime, args, &troubles, out.clone()) {
        Ok(room) => room,
        Err(error) => {
            print_error(&format_args!("the system could not start the room's thread: {error}; close other programs"));
            return ExitCode::from(FAILED);
        }
    };
    let outcome = if args.headless {
        headless::read_events(&room.handle, &out);
        wait_forever()
    } else if has_window {
        setup.show(args, backend, &room)
    } else {
        wait_forever()
    };
    room.sound.stop_within(SOUND_FADE);
    room.journal.record_clean_exit();
    drop(lock);
    outcome
}

/// Everything that was loaded or prepared before a room is opened.
struct RoomSetup {
    config: Arc<Config>,
    profiles: Arc<Vec<Profile>>,
    state: PathBuf,
    keys: KeyStorage,
    /// Number of findings in the configuration and the profiles.
    findings: usize,
    desk_password: DeskPassword,
    /// Identifies this run of the program; see [`paths::run_id`].
    run_id: u64,
}

struct OpenRoom {
    handle: RoomHandle,
    sound: SoundHandle,
    liveness: Arc<Liveness>,
    journal: Arc<Journal>,
}

impl RoomSetup {
    fn open(
        &self,
        runtime: &tokio::runtime::Runtime,
        args: &RunArgs,
        troubles: &[Trouble],
        out: StandardStream,
    ) -> io::Result<OpenRoom> {
        let (journal, records, health) = Journal::open(&self.state);
        let journal = Arc::new(journal);
        let rules = wiring::rules(&self.config, &self.profiles, args.speed);
        let mut events: Vec<Event> =
            troubles.iter().map(|trouble| Event::TroubleChanged { trouble: *trouble, on: true }).collect();
        if let Some(problem) = &health.problem {
            if !troubles.contains(&Trouble::StateUnwritable) {
                print_error(problem);
            }
            events.push(crate::driver::journal_trouble(true));
        }
        let handed_over = std::env::var(WIPING).ok().and_then(|name| Handover::from_name(&name));
        let vault = Vault::new(self.state.clone(), self.keys.clone());
        let known_receipt = journal::newest_receipt_in(&records);
        if (known_receipt.is_some() || vault.last_receipt().is_some())
            && let Err(error) = vault.verify_chain(known_receipt)
        {
            tracing::warn!(%error, "the chain of receipts is broken; `stillroom receipts` shows where");
            events.push(Event::TroubleChanged { trouble: Trouble::ReceiptsBroken, on: true });
        }
        let past = RecoveryInput { records, health, wipe_was_begun: handed_over.is_some() };
        let (driver, handle) = Driver::recover(&rules, Arc::clone(&journal), past, events);
        let sound = start_sound(&self.config, &self.profiles, &self.state, &handle);
        let liveness = Arc::new(Liveness::default());
        let shutdown = Shutdown {
            sound: sound.clone(),
            journal: Arc::clone(&journal),
            out: out.clone(),
            is_headless: args.headless,
        };
        let shared = desk::SharedWords::default();
        let vault_worker = VaultWorker {
            vault,
            journal: Arc::clone(&journal),
            state: self.state.clone(),
            room_name: self.config.room.name.clone(),
            handed_over,
            take_away: Arc::new(wiring::take_home::take_away(&self.config, self.state.clone())),
            shared: shared.clone(),
            relaunch: relaunch(out.clone()),
        };
        let context = TransportContext {
            room: &handle,
            room_name: self.room_name(),
            offers: self.offers(),
            sound: &sound,
            liveness: &liveness,
            runtime: runtime.handle(),
            shared: &shared,
            began_ms: self.run_id,
        };
        let lines = CallTransports::open(&self.config.lines, &context);
        let observer = args.headless.then(|| headless::observer(out, handle.clone()));
        let ports = Ports::open(
            sound.clone(),
            lines,
            Arc::clone(&self.config),
            Arc::clone(&self.profiles),
            vault_worker,
            &handle,
            observer,
        );
        let on_fault = shutdown.clone();
        driver.start(ports, move |fault| on_fault.on_fault(fault))?;
        let watching = watch_window(Arc::clone(&liveness), handle.clone());
        wiring::supervisor::spawn_task("window-watch", runtime.handle(), &handle, watching);
        wiring::supervisor::spawn_task("signals", runtime.handle(), &handle, shutdown.on_signal());
        self.open_desk(runtime, &handle, shared);
        Ok(OpenRoom { handle, sound, liveness, journal })
    }

    /// Returns the room's name for desks. If none is configured, this is "Stillroom".
    fn room_name(&self) -> &str {
        Some(self.config.room.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("Stillroom")
    }

    /// Returns what a desk can choose: the profiles, and the loudest level that it can set.
    fn offers(&self) -> Offers {
        let languages = self.config.locales.words(self.config.room.locale).languages();
        let offer = |profile: &Profile| ProfileOffer {
            name: profile.name.as_str().into(),
            title: profile.title_in(&languages).into(),
            description: profile.description_in(&languages).into(),
            scored: profile.is_scored(),
            place: profile.place.name().into(),
            time: profile.time.name().into(),
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
            font: Some(theme::ATKINSON_REGULAR),
            font_bold: Some(theme::ATKINSON_SEMIBOLD),
            stills: super::desk::stills(),
        };
        let options =
            SingleRoomOptions { page, room_name, offers: self.offers(), previews: Some(self.previews()), shared };
        let (client, fault, state) = (Arc::new(DeskClient(room.clone())), room.clone(), self.state.clone());
        let serving = async move {
            let bound = match desk::bind(server) {
                Ok(bound) => bound,
                Err(error) => {
                    print_error(&error);
                    fault.report(Event::TroubleChanged { trouble: Trouble::DeskClosed, on: true });
                    return;
                }
            };
            stdio::eprint(&format_args!("The desk is at {}", bound.url()));
            if let Some(ca) = bound.ca_file() {
                stdio::eprint(&format_args!("Browsers trust it once they trust {}", ca.display()));
            }
            let bound = bound.follow_password(move || Secret::desk_password(&state).hash().ok().flatten());
            if let Err(error) = single_room::serve(bound, options, client, std::future::pending()).await {
                print_error(&error);
                fault.report(Event::TroubleChanged { trouble: Trouble::DeskClosed, on: true });
            }
        };
        wiring::supervisor::spawn_task("desk", runtime.handle(), room, serving);
    }

    fn show(&self, args: &RunArgs, backend: Backend, room: &OpenRoom) -> ExitCode {
        let screen = &self.config.screen;
        if let Some(least_inches) = screen.needed_inches() {
            let inches = screen.diagonal_inches;
            tracing::warn!(
                "a screen of {inches} inches has no room for all controls: use one of at least {least_inches}, or correct \
                 the size in kiosk.toml or in another first run"
            );
        }
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
            liveness: Arc::clone(&room.liveness),
            windowed: args.windowed,
            trace: args.trace_controls.clone(),
            restart: Arc::new(|| replace_process(&[])),
        });
        match shown {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if backend == Backend::Still => {
                print_error(&format!("the window could not be opened: {error}; check the display, or use --headless"));
                ExitCode::from(FAILED)
            }
            Err(error) => {
                print_error(&format!("the graphics device failed ({error}); going on without it"));
                restart_with(Backend::Still)
            }
        }
    }
}

/// The directories that a room can use, and the troubles found while they were prepared.
struct RoomDirectories {
    state: PathBuf,
    keys: KeyStorage,
    /// `None` if there is no state directory, or it cannot be locked.
    lock: Option<StateLock>,
    troubles: Vec<Trouble>,
}

/// Prepares the directories. If a directory cannot be used, the room runs without it, and the result contains a
/// trouble.
///
/// # Errors
/// If the environment names no state directory or a relative path, or if another running room uses the state directory.
fn prepare_directories() -> Result<RoomDirectories, paths::PathsError> {
    let prepared = match Directories::from_env(|name| std::env::var_os(name))?.create() {
        Ok(prepared) => prepared,
        Err(error) => {
            print_error(&format!(
                "{error}; the room runs at its quietest, its desk is closed, and nothing outlives a restart"
            ));
            return Ok(RoomDirectories {
                state: wiring::no_state_dir(),
                keys: KeyStorage::Memory,
                lock: None,
                troubles: vec![Trouble::StateUnwritable],
            });
        }
    };
    let mut troubles = Vec::new();
    if let Some(problem) = prepared.keys_problem {
        print_error(&format!("{problem}; keys and notes stay in process memory"));
        troubles.push(Trouble::KeysInMemoryOnly);
    }
    if prepared.swaps_to_disk {
        tracing::warn!("this machine swaps to a disk; turn swap off, so that no words of a patient can reach it");
    }
    match paths::lock_state(&prepared.state) {
        Ok(lock) => Ok(RoomDirectories { state: prepared.state, keys: prepared.keys, lock: Some(lock), troubles }),
        Err(error @ paths::PathsError::InUse { .. }) => Err(error),
        Err(error) => {
            print_error(&format!("{error}; the room runs, but nothing outlives a restart"));
            troubles.push(Trouble::StateUnwritable);
            Ok(RoomDirectories { state: prepared.state, keys: KeyStorage::Memory, lock: None, troubles })
        }
    }
}

fn has_display() -> bool {
    if renderer::has_display() {
        return true;
    }
    print_error(&"no display answers; the room runs without a window. Start it under a display, or use --headless");
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
        instruments_dir: Some(config.media.dir.join("instruments")),
        reading_db: reading.map_or(config::READING_TONE_DB, |reading| reading.test_tone_db),
        tone: config.sound.tone,
        crossfeed: config.sound.crossfeed,
        ..sound::Options::default()
    };
    let tracks = profiles.iter().flat_map(Profile::tracks).map(|track| config.media.dir.join(track));
    let mut tracks: Vec<PathBuf> = tracks.collect();
    tracks.sort();
    tracks.dedup();
    if let Err(error) = loudness.scan_in_background(tracks, |_| {}) {
        tracing::warn!(%error, "the loudness of the music cannot be measured; unmeasured tracks play softer");
    }
    let room = room.clone();
    SoundHandle::start(options, move |event| report_sound(&room, event))
}

/// Reports a sound event to the room as the start or the end of a trouble. Logs the cause if the event states one.
fn report_sound(room: &RoomHandle, event: SoundEvent) {
    let (trouble, on) = match event {
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
        SoundEvent::InstrumentSkipped { path, why } => {
            tracing::warn!(file = %path.display(), %why, "a recorded instrument was left out; the score synthesises it");
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

/// Gives the room's own desk access to the room.
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

fn wait_forever() -> ! {
    loop {
        std::thread::park();
    }
}
