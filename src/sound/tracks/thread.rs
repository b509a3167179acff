//! Owns the thread that reads tracks ahead, from the device thread's side: it is started, told what to read, and started
//! again if a fault of the program ends it. Does not own what is read (`tracks`).

#[cfg(test)]
use std::panic::panic_any;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread;
use std::time::Instant;

use tracing::warn;

use super::{AGAIN_LONGEST, Command, Keeper, LOOK, Told};
use crate::sound::News;
use crate::sound::playlist::Wanted;
use crate::sound::retry::Retry;
use crate::sound::tracks::{DeckPort, Reader};

/// What the reading thread is told.
pub enum ReaderOrder {
    /// Serve a new engine.
    Connect(Box<DeckPort>),
    /// Read this.
    Want(Wanted),
    /// Be the fault that ends it.
    #[cfg(test)]
    Panic,
}

/// A thread that reads tracks ahead.
pub struct Reading {
    number: u64,
    orders: Sender<ReaderOrder>,
}

impl Reading {
    /// Starts one with `reader`; none where the system gives no thread.
    fn start(number: u64, reader: Reader, commands: &SyncSender<Command>) -> Option<Self> {
        let (orders, taken) = channel();
        let told = commands.clone();
        let reading = thread::Builder::new().name("sound-reading".to_owned()).spawn(move || {
            let last_word = LastWord { number, told: told.clone() };
            read_on(reader, &taken, &told);
            drop(last_word);
        });
        reading.is_ok().then_some(Self { number, orders })
    }
}

/// Tells of a reading thread that a fault ends.
struct LastWord {
    number: u64,
    told: SyncSender<Command>,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody hears it only where the device thread has ended, and with it the need to read.
            let _ = self.told.send(Command::ReadingEnded(self.number));
        }
    }
}

fn read_on(mut reader: Reader, orders: &Receiver<ReaderOrder>, told: &SyncSender<Command>) {
    let mut tell = |news: News| {
        // It waits for its turn: the device thread never waits for this one. Once that is gone, nothing is to be told.
        let _ = told.send(Command::OfTracks(news));
    };
    loop {
        let nap = reader.work(&mut tell);
        let order = if reader.is_idle() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(nap)
        };
        match order {
            Ok(ReaderOrder::Connect(port)) => reader.connect(*port),
            Ok(ReaderOrder::Want(wanted)) => reader.want(wanted),
            #[cfg(test)]
            Ok(ReaderOrder::Panic) => panic_any("a fault that a test asked for"),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Keeper<'_> {
    /// Starts a reading thread where there is none, with an engine of its own: the rings of the old went with the thread.
    pub(super) fn keep_reading(&mut self, now: Instant) {
        if self.read_again.is_none_or(|due| now < due) {
            return;
        }
        self.read_again = None;
        self.readings += 1;
        let had_fault = self.readings > 1;
        if had_fault {
            self.close(LOOK);
            (self.link, self.spare) = (None, None);
            self.retry = Retry::new(now);
        }
        let loudness = self.lasting.options.loudness.clone();
        let is_first = !had_fault && self.told == Told::Nothing;
        let reader = if is_first { Reader::new(loudness) } else { Reader::after_a_fault(loudness) };
        self.reading = Reading::start(self.readings, reader, &self.lasting.commands);
        self.order_reading(ReaderOrder::Want(Wanted::of(&self.mix)));
    }

    pub(super) fn lose_reading(&mut self, number: u64) {
        if self.reading.take_if(|reading| reading.number == number).is_some() {
            self.read_later();
        }
    }

    pub(super) fn read_later(&mut self) {
        warn!("a fault of the program ended the reading of tracks; it is begun again");
        if !self.mix.tracks.is_empty() {
            self.tell(News::TracksGone);
        }
        self.read_again = Some(Instant::now() + self.read_pause);
        self.read_pause = (self.read_pause * 2).min(AGAIN_LONGEST);
    }

    pub(super) fn order_reading(&mut self, order: ReaderOrder) {
        let taken = self.reading.as_ref().is_some_and(|reading| reading.orders.send(order).is_ok());
        // While one is to be started, it will be told of everything.
        if !taken && self.read_again.is_none() {
            self.reading = None;
            self.read_later();
        }
    }
}
