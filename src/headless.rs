//! Owns the room without a window: events as lines on standard input, each change of the snapshot as a line on standard
//! output. Whoever holds standard input is trusted as the person at the tablet and as the staff.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use ulid::Ulid;

use crate::driver::RoomHandle;
use crate::driver::wire::{self, LINE_BYTES_MAX};
use crate::room::call::CallId;
use crate::room::snapshot::Receipt;
use crate::room::{Event, Snapshot, Stage};

/// Lines waiting for a reader at most; a reader that has stopped loses what comes after.
const WAITING_MAX: usize = 1_024;

enum Order {
    Line(String),
    Flush(SyncSender<()>),
}

/// Standard output, written on a thread of its own: a reader that stops reading must not stop the room.
#[derive(Clone)]
pub struct Out(SyncSender<Order>);

impl Out {
    /// Opens standard output.
    #[must_use]
    pub fn open() -> Self {
        let (sender, orders) = mpsc::sync_channel(WAITING_MAX);
        let started = std::thread::Builder::new().name("lines".to_owned()).spawn(move || write_lines(&orders));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for standard output; nothing is written there");
        }
        Self(sender)
    }

    /// Writes a line, in turn.
    pub fn say(&self, line: String) {
        if self.0.try_send(Order::Line(line)).is_err() {
            tracing::warn!("standard output is not read; a line was dropped");
        }
    }

    fn say_error(&self, message: &str) {
        self.say(serde_json::json!({ "error": message }).to_string());
    }

    /// Waits until all that was said is written, but no longer than `limit`.
    pub fn flush_within(&self, limit: Duration) {
        let (done, flushed) = mpsc::sync_channel(1);
        if self.0.try_send(Order::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(limit);
        }
    }
}

fn write_lines(orders: &Receiver<Order>) {
    let mut out = io::stdout();
    while let Ok(order) = orders.recv() {
        match order {
            // A reader that has gone does not stop the room.
            Order::Line(line) => drop(out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush())),
            Order::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// Writes a line for each change of the room.
///
/// Turnover has no surface to clean and no speaker to hear here, so a verified wipe goes on to *ready* by itself.
#[must_use]
pub fn observer(out: Out, room: RoomHandle) -> Box<dyn FnMut(&Snapshot) + Send> {
    let mut last = String::new();
    Box::new(move |snapshot| {
        let line = wire::snapshot_line(snapshot, snapshot.taken_at);
        if line != last {
            last.clone_from(&line);
            out.say(line);
        }
        let verified = snapshot.receipt.as_ref().is_some_and(Receipt::is_verified);
        if snapshot.stage == Stage::Turnover && !snapshot.wiping && verified {
            room.report(Event::TurnoverDone);
        }
    })
}

/// Reads events until the input ends; the room goes on then. After an accepted reset nothing more is read, since what
/// follows belongs to the process that takes this one's place.
pub fn read_events(room: &RoomHandle, out: &Out) {
    let input = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(fd) => File::from(fd),
        Err(error) => {
            tracing::error!(%error, "standard input cannot be read");
            return;
        }
    };
    let mut lines = Lines { input };
    while let Some(line) = lines.next_line() {
        let line = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => line,
            Err(TooLong) => {
                out.say_error("a line is longer than an event can be");
                continue;
            }
        };
        match wire::parse_headless(&line, || CallId(Ulid::new().0)) {
            Ok(event) => {
                let resets = event == Event::StaffReset;
                let answer = wait_for(room.tell_in_order(event));
                match answer {
                    Ok(()) if resets => return,
                    Ok(()) => {}
                    Err(refusal) => out.say_error(&refusal.to_string()),
                }
            }
            Err(error) => out.say_error(&error.to_string()),
        }
    }
}

struct TooLong;

/// Reads byte by byte: nothing beyond the line is taken from the pipe, so a process that takes this one's place finds
/// the next line whole.
struct Lines {
    input: File,
}

impl Lines {
    fn next_line(&mut self) -> Option<Result<String, TooLong>> {
        let mut bytes = Vec::new();
        let mut too_long = false;
        let mut byte = [0];
        loop {
            match self.input.read(&mut byte) {
                Ok(0) if bytes.is_empty() && !too_long => return None,
                Ok(0) => break,
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) if bytes.len() >= LINE_BYTES_MAX => too_long = true,
                Ok(_) => bytes.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        if too_long {
            return Some(Err(TooLong));
        }
        Some(Ok(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    iced::futures::executor::block_on(future)
}
