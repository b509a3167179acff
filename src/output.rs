//! Owns what the program says on its standard streams: each stream is written by a thread of its own, so that a reader
//! that stops reading, or has gone, can neither hold up nor end any other part. Does not own what is said.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::stdio::stderr;

/// Pieces waiting for a reader at most; what comes after is dropped, and counted.
const WAITING_MAX: usize = 1_024;

enum Order {
    Write(Vec<u8>),
    Flush(SyncSender<()>),
}

/// One stream. Cheap to clone.
#[derive(Clone)]
pub struct Output {
    orders: SyncSender<Order>,
    dropped: Arc<AtomicU64>,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn standard() -> Self {
        Self::on("standard-output", io::stdout(), |dropped| {
            tracing::warn!(dropped, "standard output was not read; lines were dropped");
            None
        })
    }

    /// What is said of lines that nobody read is `told_of`: given their number, it may answer a line to be written where
    /// they would have stood.
    fn on(
        name: &str,
        stream: impl Write + Send + 'static,
        told_of: impl Fn(u64) -> Option<String> + Send + 'static,
    ) -> Self {
        let (orders, inbox) = mpsc::sync_channel(WAITING_MAX);
        let dropped = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&dropped);
        // Without that thread there is nothing to write on and nobody to tell; the program goes on.
        let _ = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_all(stream, &inbox, &counted, told_of));
        Self { orders, dropped }
    }

    /// Writes a line, in turn. Never waits: where nobody reads, it is dropped.
    pub fn say(&self, line: &dyn Display) {
        self.put(format!("{line}\n").into_bytes());
    }

    /// Waits until all that was said is written, but no longer than `limit`.
    pub fn flush_within(&self, limit: Duration) {
        let (done, flushed) = mpsc::sync_channel(1);
        if self.orders.try_send(Order::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(limit);
        }
    }

    fn put(&self, bytes: Vec<u8>) {
        if self.orders.try_send(Order::Write(bytes)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(
    mut stream: impl Write,
    orders: &Receiver<Order>,
    dropped: &AtomicU64,
    told_of: impl Fn(u64) -> Option<String>,
) {
    while let Ok(order) = orders.recv() {
        let lost = dropped.swap(0, Ordering::Relaxed);
        if let Some(line) = Some(lost).filter(|lost| *lost > 0).and_then(&told_of) {
            let _ = stream.write_all(format!("{line}\n").as_bytes());
        }
        match order {
            // A reader that has gone does not stop the program.
            Order::Write(bytes) => drop(stream.write_all(&bytes).and_then(|()| stream.flush())),
            Order::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// Standard error, where the log and the words to staff go. It is a duplicate of the descriptor, made at the first
/// word: what libraries write to standard error by themselves can be silenced without silencing this program.
pub fn errors() -> &'static Output {
    static ERRORS: OnceLock<Output> = OnceLock::new();
    ERRORS.get_or_init(|| {
        let stream: Box<dyn Write + Send> = match stderr().try_clone_to_owned() {
            Ok(descriptor) => Box::new(std::fs::File::from(descriptor)),
            Err(_) => Box::new(io::stderr()),
        };
        Output::on("standard-error", stream, |dropped| {
            Some(format!("stillroom: standard error was not read; {dropped} lines were dropped"))
        })
    })
}

/// A line on standard error, as it stands.
pub fn say(line: &dyn Display) {
    errors().say(line);
}

/// A line on standard error by which the program speaks for itself.
pub fn complain(message: &dyn Display) {
    errors().say(&format_args!("stillroom: {message}"));
}

/// A piece of the log, which is whole as it is written.
#[derive(Clone, Copy, Debug)]
pub struct LogPiece;

impl Write for LogPiece {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        errors().put(piece.to_vec());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line on standard output of a command that ends by itself. A reader that has gone ends nothing.
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
        reads: bool,
        bytes: Vec<u8>,
    }

    impl Reader {
        fn reads(&self, on: bool) {
            self.0.0.lock().unwrap().reads = on;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.0.lock().unwrap().bytes.clone()).unwrap()
        }
    }

    impl Write for Reader {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            let mut read = self.0.1.wait_while(self.0.0.lock().unwrap(), |read| !read.reads).unwrap();
            read.bytes.extend_from_slice(piece);
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_holds_up_nobody_and_hears_how_much_it_missed() {
        let reader = Reader::default();
        let output = Output::on("test", reader.clone(), |dropped| Some(format!("{dropped} dropped")));
        let lines = WAITING_MAX + 50;
        for number in 0..lines {
            output.say(&number);
        }
        reader.reads(true);
        let limit = Instant::now() + Duration::from_secs(10);
        while !reader.text().contains(" dropped\n") {
            assert!(Instant::now() < limit, "nothing is said of what was dropped: {}", reader.text());
            std::thread::yield_now();
        }
        output.say(&"again");
        output.flush_within(Duration::from_secs(10));
        let text = reader.text();
        let counted = text.lines().find_map(|line| line.strip_suffix(" dropped")).unwrap().parse::<usize>().unwrap();
        assert!((49..=50).contains(&counted) && text.ends_with("again\n"), "{text}");
        assert_eq!(text.lines().count(), lines - counted + 2, "{text}");
    }

    #[test]
    fn a_reader_that_has_gone_ends_nothing() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let output = Output::on("test", Gone, |_| None);
        for number in 0..5_000 {
            output.say(&number);
            output.flush_within(Duration::from_secs(10));
        }
        assert_eq!(output.dropped.load(Ordering::Relaxed), 0);
    }
}
