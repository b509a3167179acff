//! Owns the command `stillroom desk`: it reads the configuration file, prepares the state directory, opens the port,
//! and serves the desk of several rooms until a signal ends it. Also owns the choice of still pictures for every desk's
//! page. Does not own the page itself.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{FAILED, UNUSABLE, hardening};
use crate::config::{self, DesksConfig};
use crate::desk::multi_room::{self, MultiRoomError, MultiRoomOptions};
use crate::desk::{self, BoundDesk, DeskError, PageOptions, PlaceStill, ServerOptions};
use crate::line::broker::Broker;
use crate::line::message::RoomId;
use crate::paths::Directories;
use crate::secret::Secret;
use crate::stdio::{self, print_error};
use crate::theme;
use crate::vocabulary::place::TimeOfDay;
use crate::widget::place::shader::PlaceShader;
use crate::widget::place::still_image::embedded_still;

#[derive(Debug, Args)]
pub(super) struct DeskArgs {
    /// Configuration file; if not given, the first of /etc/stillroom/desk.toml and ./desk.toml that exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(args: &DeskArgs) -> ExitCode {
    hardening::raise_open_file_limit();
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        print_error(&"the system could not start a thread; close other programs and start again");
        return ExitCode::from(FAILED);
    };
    // Listens for signals before the port opens. A supervisor may send one as soon as the port is open, and the desk
    // must then shut down cleanly.
    let signals = {
        let _entered = runtime.enter();
        EndSignals::listen()
    };
    match open(args) {
        Ok((bound, options)) => serve(&runtime, bound, options, signals),
        Err(why) => {
            print_error(&why);
            ExitCode::from(UNUSABLE)
        }
    }
}

fn open(args: &DeskArgs) -> Result<(BoundDesk, MultiRoomOptions), String> {
    let file = config::find_desks(args.config.as_deref(), Path::exists);
    let file = file.ok_or_else(|| {
        let places = config::DESKS_PLACES.join(" nor ");
        format!("there is neither {places}; copy the desk.toml that ships, and name it with --config")
    })?;
    let reading = config::load_desks(&file);
    for finding in &reading.findings {
        stdio::eprint(&finding);
    }
    let directories = Directories::from_env(|name| std::env::var_os(name));
    let directories = directories.and_then(|directories| directories.create_state().map(|()| directories));
    let state = directories.map_err(|error| error.to_string())?.state;
    let (server, options) = options(reading.desks, &state, &file)?;
    let bound = desk::bind(server).map_err(|error| message(&error))?;
    let bound = bound.follow_password(move || Secret::desk_password(&state).hash().ok().flatten());
    Ok((bound, options))
}

fn options(desks: DesksConfig, state: &Path, file: &Path) -> Result<(ServerOptions, MultiRoomOptions), String> {
    let access = desks.broker.ok_or_else(|| {
        format!("{}: [line.mqtt] url names no broker, and without one no room is heard", file.display())
    })?;
    let broker = Broker { access, client_prefix: "stillroom-desk".to_owned() };
    let server = ServerOptions {
        listen: desks.desk.listen,
        certificate: desks.desk.tls,
        // A room's own desk may run on the same machine, so each desk stores its certificate and sign-ins in a separate
        // folder.
        folder: state.join("rooms-desk"),
        password: Secret::desk_password(state).hash().map_err(|error| error.to_string())?.into(),
        host_names: Vec::new(),
    };
    let page = PageOptions {
        clinicians: desks.desk.clinicians,
        locale: desks.locale.name().to_owned(),
        font: Some(theme::ATKINSON_REGULAR),
        font_bold: Some(theme::ATKINSON_SEMIBOLD),
        stills: stills(),
    };
    let rooms = desks.rooms.iter().filter_map(|room| RoomId::new(room).ok()).collect();
    Ok((server, MultiRoomOptions { page, name: desks.name, broker, rooms }))
}

/// Returns the still pictures for a desk's page, one of each place at each time of day.
pub(super) fn stills() -> Vec<PlaceStill> {
    let still =
        |shader: PlaceShader, time| PlaceStill { place: shader.place(), time, jpeg: embedded_still(shader, time) };
    PlaceShader::ALL
        .into_iter()
        .flat_map(|shader| TimeOfDay::ALL.iter().map(move |time| still(shader, *time)))
        .collect()
}

fn serve(
    runtime: &tokio::runtime::Runtime,
    bound: BoundDesk,
    options: MultiRoomOptions,
    signals: Option<EndSignals>,
) -> ExitCode {
    stdio::eprint(&format_args!("The desk is at {}", bound.url()));
    if let Some(ca) = bound.ca_file() {
        stdio::eprint(&format_args!("Browsers trust it once they trust {}", ca.display()));
    }
    match runtime.block_on(multi_room::serve(bound, options, received(signals))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(MultiRoomError::Desk(error)) => {
            print_error(&message(&error));
            ExitCode::from(FAILED)
        }
        Err(error) => {
            print_error(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// Returns an error's message in words for the desk of several rooms. The original message is worded for a room's own
/// desk, so it says `kiosk.toml` and `this tablet`.
fn message(error: &DeskError) -> String {
    error.to_string().replace("kiosk.toml", "desk.toml").replace("this tablet", "this machine")
}

/// The signals that end the desk.
struct EndSignals {
    term: Signal,
    interrupt: Signal,
}

impl EndSignals {
    fn listen() -> Option<Self> {
        let signals = signal(SignalKind::terminate())
            .and_then(|term| Ok(Self { term, interrupt: signal(SignalKind::interrupt())? }));
        if signals.is_err() {
            print_error(&"signals cannot be received; the desk will end without telling its pages");
        }
        signals.ok()
    }
}

async fn received(signals: Option<EndSignals>) {
    let Some(EndSignals { mut term, mut interrupt }) = signals else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
