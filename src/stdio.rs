//! Owns standard output and standard error. A separate thread writes to each, so that the rest of the program goes on
//! even if a reader stops reading or closes its end. Of the functions here, only `print` writes directly. Does not own
//! what is written.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Maximum number of writes that are queued if nobody reads. Further writes are dropped and counted.
const PENDING_MAX: usize = 1_024;

enum StreamCommand {
    Write(Vec<u8>),
    Flush(SyncSender<()>),
}

/// A handle to standard output or standard error. Cheap to clone.
#[derive(Clone)]
pub struct StandardStream {
    commands: SyncSender<StreamCommand>,
    dropped: Arc<AtomicU64>,
}

impl StandardStream {
    /// Starts the thread that writes to standard output. If lines are dropped, a warning in the log says how many.
    #[must_use]
    pub fn stdout() -> Self {
        Self::spawn("standard-output", io::stdout(), |dropped| {
            tracing::warn!(dropped, "standard output was not read; lines were dropped");
            None
        })
    }

    /// Starts the thread that writes to `stream`. If writes were dropped, calls `on_dropped` with their number once the
    /// reader reads again. A line that `on_dropped` returns is written in place of what was dropped.
    fn spawn(
        name: &str,
        stream: impl Write + Send + 'static,
        on_dropped: impl Fn(u64) -> Option<String> + Send + 'static,
    ) -> Self {
        let (commands, inbox) = mpsc::sync_channel(PENDING_MAX);
        let dropped = Arc::<AtomicU64>::default();
        let counter = Arc::clone(&dropped);
        // If the thread cannot be started, nothing can be written, not even the reason. The program goes on without
        // this output.
        let _ = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_loop(stream, &inbox, &counter, on_dropped));
        Self { commands, dropped }
    }

    /// Queues a line, or drops it if too many are queued already. Never blocks.
    pub fn write_line(&self, line: &dyn Display) {
        self.write(format!("{line}\n").into_bytes());
    }

    /// Waits until everything queued so far is written, for at most `limit`. Does not wait if the queue is full.
    pub fn flush_within(&self, limit: Duration) {
        let (done, flushed) = mpsc::sync_channel(1);
        if self.commands.try_send(StreamCommand::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(limit);
        }
    }

    fn write(&self, bytes: Vec<u8>) {
        if self.commands.try_send(StreamCommand::Write(bytes)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_loop(
    mut stream: impl Write,
    commands: &Receiver<StreamCommand>,
    dropped: &AtomicU64,
    on_dropped: impl Fn(u64) -> Option<String>,
) {
    while let Ok(command) = commands.recv() {
        let lost = dropped.swap(0, Ordering::Relaxed);
        if let Some(line) = Some(lost).filter(|lost| *lost > 0).and_then(&on_dropped) {
            let _ = stream.write_all(format!("{line}\n").as_bytes());
        }
        match command {
            // An error is ignored, because the program must go on even if the reader has closed its end.
            StreamCommand::Write(bytes) => drop(stream.write_all(&bytes).and_then(|()| stream.flush())),
            StreamCommand::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// Returns standard error, which receives the log and messages to staff. Its file descriptor is duplicated on first
/// use, so that the output of libraries can be redirected later without silencing this program.
pub fn stderr() -> &'static StandardStream {
    static STDERR: OnceLock<StandardStream> = OnceLock::new();
    STDERR.get_or_init(|| {
        let stream: Box<dyn Write + Send> = match rustix::stdio::stderr().try_clone_to_owned() {
            Ok(descriptor) => Box::new(std::fs::File::from(descriptor)),
            Err(_) => Box::new(io::stderr()),
        };
        StandardStream::spawn("standard-error", stream, |dropped| {
            Some(format!("stillroom: standard error was not read; {dropped} lines were dropped"))
        })
    })
}

/// Writes a line to standard error.
pub fn eprint(line: &dyn Display) {
    stderr().write_line(line);
}

/// Writes a message to standard error, preceded by the program's name.
pub fn print_error(message: &dyn Display) {
    stderr().write_line(&format_args!("stillroom: {message}"));
}

/// A writer that queues the log for standard error. `tracing` passes each event in a single call to `write`.
#[derive(Clone, Copy, Debug)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        stderr().write(event.to_vec());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a line directly to standard output, for commands that print something and exit. Errors are ignored, because
/// the reader may have closed its end.
pub fn print(line: &dyn Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Condvar, Mutex};
    use std::time::Instant;

    #[derive(Clone, Default)]
    struct Reader(Arc<(Mutex<Read>, Condvar)>);

    #[derive(Default)]
    struct Read {
        is_reading: bool,
        bytes: Vec<u8>,
    }

    impl Reader {
        fn set_reading(&self, is_reading: bool) {
            self.0.0.lock().unwrap().is_reading = is_reading;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.0.lock().unwrap().bytes.clone()).unwrap()
        }
    }

    impl Write for Reader {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            let mut read = self.0.1.wait_while(self.0.0.lock().unwrap(), |read| !read.is_reading).unwrap();
            read.bytes.extend_from_slice(piece);
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_blocks_nobody_and_is_told_how_much_was_dropped() {
        let reader = Reader::default();
        let output = StandardStream::spawn("test", reader.clone(), |dropped| Some(format!("{dropped} dropped")));
        let lines = PENDING_MAX + 50;
        for number in 0..lines {
            output.write_line(&number);
        }
        reader.set_reading(true);
        let limit = Instant::now() + Duration::from_secs(10);
        while !reader.text().contains(" dropped\n") {
            assert!(Instant::now() < limit, "the dropped lines are not reported: {}", reader.text());
            std::thread::yield_now();
        }
        output.write_line(&"again");
        output.flush_within(Duration::from_secs(10));
        let text = reader.text();
        let counted = text.lines().find_map(|line| line.strip_suffix(" dropped")).unwrap().parse::<usize>().unwrap();
        assert!((49..=50).contains(&counted) && text.ends_with("again\n"), "{text}");
        assert_eq!(text.lines().count(), lines - counted + 2, "{text}");
    }

    #[test]
    fn a_closed_reader_ends_nothing() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let output = StandardStream::spawn("test", Gone, |_| None);
        for number in 0..5_000 {
            output.write_line(&number);
            output.flush_within(Duration::from_secs(10));
        }
        assert_eq!(output.dropped.load(Ordering::Relaxed), 0);
    }
}
