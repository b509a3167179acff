//! Owns the start of the desk of several rooms: its file, its folder, its port, and its end. Does not own what it serves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{FAILED, UNUSABLE, guarding};
use crate::config::{self, DesksConfig};
use crate::desk::multi_room::{self, MultiRoomError, MultiRoomOptions};
use crate::desk::{self, BoundDesk, DeskError, PageOptions, ServerOptions};
use crate::line::broker::Broker;
use crate::line::message::RoomId;
use crate::output::{self, complain};
use crate::paths::Homes;
use crate::secret::Secret;
use crate::theme;

#[derive(Debug, Args)]
pub(super) struct DeskArgs {
    /// Its settings; else /etc/stillroom/desk.toml, ./desk.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(args: &DeskArgs) -> ExitCode {
    guarding::take_open_files();
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        complain(&"the system gives no threads; close other programs and start again");
        return ExitCode::from(FAILED);
    };
    // Before the port is open: whoever finds it open may end the desk at once, and in good order.
    let ends = {
        let _inside = runtime.enter();
        Ends::listen()
    };
    match open(args) {
        Ok((bound, options)) => serve(&runtime, bound, options, ends),
        Err(why) => {
            complain(&why);
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
        output::say(&finding);
    }
    let homes = Homes::from_env(|name| std::env::var_os(name));
    let homes = homes.and_then(|homes| homes.make_state().map(|()| homes)).map_err(|error| error.to_string())?;
    let (server, options) = options(reading.desks, &homes.state, &file)?;
    let bound = desk::bind(server).map_err(|error| in_own_words(&error))?;
    let bound = bound.follow_password(move || Secret::desk_password(&homes.state).hash().ok().flatten());
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
        // Beside a room's own desk on the same machine: each has a certificate and sign-ins of its own.
        folder: state.join("rooms-desk"),
        password: Secret::desk_password(state).hash().map_err(|error| error.to_string())?.into(),
        host_names: Vec::new(),
    };
    let page = PageOptions {
        clinicians: desks.desk.clinicians,
        locale: desks.locale.name().to_owned(),
        font: theme::FONTS.get(2).copied(),
        font_bold: theme::FONTS.get(3).copied(),
    };
    let rooms = desks.rooms.iter().filter_map(|room| RoomId::new(room).ok()).collect();
    Ok((server, MultiRoomOptions { page, name: desks.name, broker, rooms }))
}

fn serve(
    runtime: &tokio::runtime::Runtime,
    bound: BoundDesk,
    options: MultiRoomOptions,
    ends: Option<Ends>,
) -> ExitCode {
    output::say(&format_args!("The desk is at {}", bound.url()));
    if let Some(ca) = bound.ca_file() {
        output::say(&format_args!("Browsers trust it once they trust {}", ca.display()));
    }
    match runtime.block_on(multi_room::serve(bound, options, told_to_end(ends))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(MultiRoomError::Desk(error)) => {
            complain(&in_own_words(&error));
            ExitCode::from(FAILED)
        }
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// What goes wrong with a desk is told in the words of a room's; this one has another file.
fn in_own_words(error: &DeskError) -> String {
    error.to_string().replace("kiosk.toml", "desk.toml").replace("this tablet", "this machine")
}

/// The signals that end the desk.
struct Ends {
    term: Signal,
    interrupt: Signal,
}

impl Ends {
    fn listen() -> Option<Self> {
        let ends = signal(SignalKind::terminate())
            .and_then(|term| Ok(Self { term, interrupt: signal(SignalKind::interrupt())? }));
        if ends.is_err() {
            complain(&"signals cannot be heard; the desk ends without a word to its pages");
        }
        ends.ok()
    }
}

async fn told_to_end(ends: Option<Ends>) {
    let Some(Ends { mut term, mut interrupt }) = ends else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
