//! Owns the commands that set the staff PIN and the desk password from a shell. They are also the remedy for a
//! forgotten PIN or password. Each command asks for the new secret twice and never echoes it.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{FAILED, UNUSABLE};
use crate::paths::Directories;
use crate::secret::Secret;
use crate::stdio::{print, print_error};

pub(super) fn set_pin() -> ExitCode {
    set("staff PIN (4 to 12 digits)", Secret::staff_pin)
}

pub(super) fn set_password() -> ExitCode {
    set("desk password (10 characters or more)", Secret::desk_password)
}

fn set(what: &str, secret: impl FnOnce(&std::path::Path) -> Secret) -> ExitCode {
    let directories = Directories::from_env(|name| std::env::var_os(name));
    let directories = match directories.and_then(|directories| directories.create_state().map(|()| directories)) {
        Ok(directories) => directories,
        Err(error) => {
            print_error(&error);
            return ExitCode::from(UNUSABLE);
        }
    };
    let entered = ask(&format!("New {what}: ")).and_then(|first| Ok((first, ask("Once more: ")?)));
    let (first, second) = match entered {
        Ok(both) => both,
        Err(error) => {
            print_error(&format_args!("nothing could be read: {error}; nothing was changed"));
            return ExitCode::from(FAILED);
        }
    };
    if first != second {
        print_error(&"the two differ; nothing was changed");
        return ExitCode::from(FAILED);
    }
    match secret(&directories.state).set(&first) {
        Ok(()) => {
            print(&format_args!("Set, in {}.", directories.state.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            print_error(&format_args!("{error}; nothing was changed"));
            ExitCode::from(FAILED)
        }
    }
}

/// Shows a prompt. Writes directly to standard error, so that the prompt is visible before input is read. Ignores
/// errors, because a secret can also be typed without a prompt.
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
