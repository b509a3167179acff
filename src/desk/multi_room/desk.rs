//! Owns the desk of several rooms while it is open: its end of the line, its pages, and what each page has still to be
//! told. Does not own how it is told, nor which address leads where.

use std::collections::BTreeMap;
use std::sync::{Mutex as Held, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use ulid::Ulid;

use super::super::calls::{CallLog, wall_clock};
use super::super::door::{Door, problem};
use super::super::pages::{PageChange, Pages};
use super::super::shared::SharedWords;
use super::{RoomsError, RoomsOptions};
use crate::line::fleet::{Fleet, FleetNews};
use crate::line::link::News;
use crate::line::message::RoomId;
use crate::line::mqtt::DeskLine;
use crate::line::order::Order;
use crate::room::call::DeskId;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Silent pages are looked for so often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// A line that has not turned for so long stands still, in milliseconds. It turns by itself at least every ten seconds.
const STANDS_STILL_AFTER_MS: u64 = 15_000;

/// What the line says.
pub(super) type LineNews = mpsc::UnboundedReceiver<News<FleetNews>>;

/// The desk while it is open.
pub(super) struct Rooms {
    pub options: RoomsOptions,
    pub door: Arc<Door>,
    pub line: DeskLine,
    pub pages: Mutex<Pages>,
    /// What has changed, for whoever tells the pages.
    pub shown: watch::Sender<Shown>,
    /// Says that every stream is to end.
    pub closing: watch::Sender<()>,
    kept: Held<Kept>,
}

/// How far each thing has come: a page that has seen an earlier number is told anew.
#[derive(Clone, Default)]
pub(super) struct Shown {
    count: u64,
    /// The line to the broker.
    pub line: u64,
    /// Each room.
    pub rooms: BTreeMap<RoomId, u64>,
}

impl Shown {
    fn line_changed(&mut self) {
        self.count += 1;
        self.line = self.count;
    }

    fn room_changed(&mut self, room: RoomId) {
        self.count += 1;
        self.rooms.insert(room, self.count);
    }
}

/// What is kept beside the line.
#[derive(Default)]
struct Kept {
    logs: BTreeMap<RoomId, CallLog>,
    /// Who waits for which order's answer.
    waiting: BTreeMap<Ulid, oneshot::Sender<Result<(), Option<String>>>>,
    /// Which pages still show what a room's patient shared.
    shared: BTreeMap<RoomId, SharedWords>,
    /// Which page has drawn which call of which room.
    drawn: BTreeMap<DeskId, BTreeMap<RoomId, Ulid>>,
    /// Why the broker is not reached; none while it is, or has not been tried.
    why_down: Option<String>,
    was_linked: bool,
    is_fought_over: bool,
}

impl Rooms {
    /// Opens the line. What it says is for [`Rooms::keep_watch`].
    pub(super) fn open(options: RoomsOptions, door: Arc<Door>) -> Result<(Self, LineNews), RoomsError> {
        let desk = getrandom::u64().map_err(|error| RoomsError::Line(std::io::Error::other(error)))?;
        // Without an end to it: the line's own limits keep what it has to say small, and nothing of it may be lost.
        let (tell, news) = mpsc::unbounded_channel();
        let fleet = Fleet::new(0, desk, options.rooms.iter().cloned());
        let mut shown = Shown::default();
        shown.line_changed();
        for room in &options.rooms {
            shown.room_changed(room.clone());
        }
        let line = DeskLine::open(fleet, options.broker.clone(), move |news| {
            // Whoever listened is gone only when the desk closes.
            let _ = tell.send(news);
        });
        let line = line.map_err(RoomsError::Line)?;
        let desk = Self {
            options,
            door,
            line,
            pages: Mutex::default(),
            shown: watch::Sender::new(shown),
            closing: watch::Sender::new(()),
            kept: Held::default(),
        };
        Ok((desk, news))
    }

    /// Follows the line for the pages, and the pages for the line. Ends when the line does.
    pub(super) async fn keep_watch(&self, mut news: LineNews) {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                news = news.recv() => match news {
                    Some(news) => self.take(news),
                    None => return,
                },
                _ = sweep.tick() => {
                    let mut pages = self.pages.lock().await;
                    for change in pages.sweep(Instant::now()) {
                        self.page_changed(&pages, change);
                    }
                    let shared: Vec<RoomId> = self.kept().shared.keys().cloned().collect();
                    for room in &shared {
                        self.look_whether_cleared(room);
                    }
                }
            }
        }
    }

    fn take(&self, news: News<FleetNews>) {
        match news {
            News::Up => {
                let mut kept = self.kept();
                (kept.why_down, kept.was_linked) = (None, true);
                drop(kept);
                self.shown.send_modify(Shown::line_changed);
            }
            News::Down(why) => {
                self.kept().why_down = Some(why);
                self.shown.send_modify(Shown::line_changed);
            }
            News::FoughtOver(is_so) => {
                self.kept().is_fought_over = is_so;
                self.shown.send_modify(Shown::line_changed);
            }
            News::Of(FleetNews::Changed(room)) => {
                let call = self.line.with(|fleet, now_ms| Some((fleet.room(now_ms, &room)?.call, now_ms)));
                if let Some((call, now_ms)) = call {
                    self.kept().logs.entry(room.clone()).or_default().follow(call.as_ref(), now_ms, wall_clock);
                }
                self.shown.send_modify(|shown| shown.room_changed(room.clone()));
                self.look_whether_cleared(&room);
            }
            News::Of(FleetNews::LeftOut) => self.shown.send_modify(Shown::line_changed),
            News::Of(FleetNews::Answered { order, outcome }) => {
                if let Some(waits) = self.kept().waiting.remove(&order) {
                    // Whoever asked may have given up.
                    let _ = waits.send(outcome);
                }
            }
        }
    }

    /// Whether there is such a room: nothing is kept of one that never spoke.
    pub(super) fn knows(&self, room: &RoomId) -> bool {
        self.line.with(|fleet, now_ms| fleet.room(now_ms, room).is_some())
    }

    /// Which pages still show what this room's patient shared.
    pub(super) fn shared_of(&self, room: &RoomId) -> SharedWords {
        self.kept().shared.entry(room.clone()).or_default().clone()
    }

    /// Tells a room that has taken back what its patient shared, once no page shows it any more.
    pub(super) fn look_whether_cleared(&self, room: &RoomId) {
        if self.line.with(|fleet, _| fleet.has_to_clear(room))
            && self.shared_of(room).are_forgotten_within(Duration::ZERO)
        {
            self.line.with(|fleet, now_ms| fleet.cleared(now_ms, room));
        }
    }

    /// The last calls of a room.
    pub(super) fn log_of(&self, room: &RoomId) -> CallLog {
        self.kept().logs.get(room).cloned().unwrap_or_default()
    }

    /// Whether the broker hears this desk, whether it ever did, why not, and whether its place there is fought over.
    pub(super) fn link(&self) -> (bool, bool, Option<String>, bool) {
        let linked = self.line.with(|fleet, _| fleet.is_linked());
        let kept = self.kept();
        (linked, kept.was_linked, kept.why_down.clone(), kept.is_fought_over)
    }

    /// Whether the line's own thread goes on: only then a page may believe what it shows.
    pub(super) fn line_turns(&self) -> bool {
        self.line.with(|fleet, now_ms| now_ms < fleet.passed_at_ms() + STANDS_STILL_AFTER_MS)
    }

    /// Takes in that a page can receive, or cannot any more.
    pub(super) fn page_changed(&self, pages: &Pages, change: PageChange) {
        let able = pages.any_receives();
        let mut alone = Vec::new();
        if let PageChange::Gone(page) = change {
            let mut kept = self.kept();
            let had = kept.drawn.remove(&page).unwrap_or_default();
            let others = |room: &RoomId, call: &Ulid| kept.drawn.values().any(|drawn| drawn.get(room) == Some(call));
            alone.extend(had.into_iter().filter(|(room, call)| !others(room, call)));
        }
        self.line.with(|fleet, now_ms| {
            fleet.able(now_ms, able);
            for (room, call) in &alone {
                fleet.withdrawn(now_ms, room, *call);
            }
        });
    }

    /// A page that is able to has drawn a call.
    pub(super) fn received(&self, page: DeskId, room: &RoomId, call: Ulid) -> Result<(), &'static str> {
        self.line.with(|fleet, now_ms| fleet.received(now_ms, room, call))?;
        self.kept().drawn.entry(page).or_default().insert(room.clone(), call);
        Ok(())
    }

    /// Asks a room, and waits for its answer.
    pub(super) async fn order(&self, room: &RoomId, order: Order) -> Response {
        if let Err(why) = order.event() {
            return problem(StatusCode::BAD_REQUEST, why);
        }
        let (tell, told) = oneshot::channel();
        let id = Ulid::new();
        self.kept().waiting.insert(id, tell);
        if let Err(why) = self.line.with(|fleet, now_ms| fleet.order(now_ms, room, id, order)) {
            self.kept().waiting.remove(&id);
            return problem(StatusCode::CONFLICT, why);
        }
        match told.await {
            Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
            Ok(Err(Some(why))) => problem(StatusCode::CONFLICT, &why),
            // Without words: the page says in its own language that the room did not answer.
            Ok(Err(None)) | Err(_) => problem(StatusCode::GATEWAY_TIMEOUT, ""),
        }
    }

    /// A page's stream has ended.
    pub(super) async fn close_page(&self, page: DeskId) {
        let mut pages = self.pages.lock().await;
        if let Some(change) = pages.close(page) {
            self.page_changed(&pages, change);
        }
        let now = Instant::now();
        self.kept().shared.values().for_each(|shared| shared.lost(page, now));
    }

    /// Every stream ends, and the rooms hear that no page receives any more.
    pub(super) async fn close(&self) {
        self.closing.send_replace(());
        self.pages.lock().await.close_all();
        self.line.with(|fleet, now_ms| fleet.able(now_ms, false));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
