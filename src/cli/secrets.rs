//! Owns the only ways in after a forgotten PIN or password: asked for twice at the machine's own shell, never echoed.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{FAILED, UNUSABLE};
use crate::output::{complain, print};
use crate::paths::Homes;
use crate::secret::Secret;

pub(super) fn set_pin() -> ExitCode {
    set("staff PIN (4 to 12 digits)", Secret::staff_pin)
}

pub(super) fn set_password() -> ExitCode {
    set("desk password (10 characters or more)", Secret::desk_password)
}

fn set(what: &str, secret: impl FnOnce(&std::path::Path) -> Secret) -> ExitCode {
    let homes = Homes::from_env(|name| std::env::var_os(name));
    let homes = match homes.and_then(|homes| homes.make_state().map(|()| homes)) {
        Ok(homes) => homes,
        Err(error) => {
            complain(&error);
            return ExitCode::from(UNUSABLE);
        }
    };
    let twice = ask(&format!("New {what}: ")).and_then(|first| Ok((first, ask("Once more: ")?)));
    let (first, second) = match twice {
        Ok(both) => both,
        Err(error) => {
            complain(&format_args!("nothing could be read: {error}; nothing was changed"));
            return ExitCode::from(FAILED);
        }
    };
    if first != second {
        complain(&"the two differ; nothing was changed");
        return ExitCode::from(FAILED);
    }
    match secret(&homes.state).set(&first) {
        Ok(()) => {
            print(&format_args!("Set, in {}.", homes.state.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format_args!("{error}; nothing was changed"));
            ExitCode::from(FAILED)
        }
    }
}

/// A prompt stands on the terminal before anything is read. One that cannot be shown stops nobody.
fn show(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn ask(prompt: &str) -> io::Result<String> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).ok();
    if let Some(before) = &before {
        show(prompt);
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if let Some(before) = &before {
        tcsetattr(&stdin, OptionalActions::Flush, before)?;
        show("\n");
    }
    if read? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
