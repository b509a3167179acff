//! Owns headless mode, in which the room has no window, reads events as lines from standard input, and writes each
//! change of the snapshot as a line to standard output. The program that writes to standard input can do nearly
//! everything that the patient and staff can do. Does not own the format of the lines (`driver::json_lines`).

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use ulid::Ulid;

use crate::driver::RoomHandle;
use crate::driver::json_lines::{self, HeadlessCommand, LINE_BYTES_MAX};
use crate::room::call::CallId;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};
use crate::stdio::StandardStream;

/// Creates an observer that writes a line for each change of the room. It also sends [`Event::TurnoverDone`] once a
/// wipe is verified, because without a tablet there is no surface to clean and no test tone to listen to.
#[must_use]
pub fn observer(out: StandardStream, room: RoomHandle) -> Box<dyn FnMut(&Snapshot) + Send> {
    let mut last = String::new();
    Box::new(move |snapshot| {
        let line = json_lines::snapshot_line(snapshot, snapshot.taken_at);
        if line != last {
            last.clone_from(&line);
            out.write_line(&line);
        }
        let verified = snapshot.receipt.as_ref().is_some_and(Receipt::is_verified);
        if snapshot.stage == Stage::Turnover && !snapshot.wiping && verified {
            room.report(Event::TurnoverDone);
        }
    })
}

/// Reads events until the input ends. The room then continues without input. Reading also stops after an accepted
/// reset, because the lines after it are for the process that replaces this one.
pub fn read_events(room: &RoomHandle, out: &StandardStream) {
    let input = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(fd) => File::from(fd),
        Err(error) => {
            tracing::error!(%error, "standard input cannot be read");
            return;
        }
    };
    let mut lines = StdinLines { input };
    while let Some(line) = lines.next_line() {
        let line = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => line,
            Err(LineTooLong) => {
                say_error(out, &"a line is longer than an event can be");
                continue;
            }
        };
        match json_lines::parse_headless(&line, || CallId(Ulid::new().0)) {
            Ok(HeadlessCommand::FailLoop) => room.fail(),
            Ok(HeadlessCommand::Tell(event)) => {
                let is_reset = event == Event::StaffReset;
                let answer = wait_for(room.tell_in_order(event));
                match answer {
                    Ok(()) if is_reset => return,
                    Ok(()) => {}
                    Err(refusal) => say_error(out, &refusal),
                }
            }
            Err(error) => say_error(out, &error),
        }
    }
}

/// Writes an error line that says what went wrong.
pub fn say_error(out: &StandardStream, why: &dyn Display) {
    out.write_line(&serde_json::json!({ "error": why.to_string() }));
}

struct LineTooLong;

/// Reads lines byte by byte, because after a reset the next line must still be in the pipe for the process that
/// replaces this one.
struct StdinLines {
    input: File,
}

impl StdinLines {
    fn next_line(&mut self) -> Option<Result<String, LineTooLong>> {
        let mut bytes = Vec::new();
        let mut is_too_long = false;
        let mut byte = [0];
        loop {
            match self.input.read(&mut byte) {
                Ok(0) if bytes.is_empty() && !is_too_long => return None,
                Ok(0) => break,
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) if bytes.len() >= LINE_BYTES_MAX => is_too_long = true,
                Ok(_) => bytes.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        if is_too_long {
            return Some(Err(LineTooLong));
        }
        Some(Ok(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    iced::futures::executor::block_on(future)
}
