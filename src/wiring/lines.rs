//! Owns the wires between the room and the lines beside its own desk: broker, escalation list, contact. What one of
//! them says of itself becomes a trouble of the room. Does not own what is said on them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use ulid::Ulid;

use crate::config;
use crate::desk;
use crate::driver::RoomHandle;
use crate::driver::vitals::Vitals;
use crate::line::broker::Broker;
use crate::line::client::ClientEvent;
use crate::line::contact::{ContactCommand, ContactEvent, NurseCallContact};
use crate::line::message::{CallState, RoomId, VitalAges};
use crate::line::mqtt::{RoomTransport, RoomTransportEvent};
use crate::line::room_end::{RoomInput, RoomReport, SharedWordsChange};
use crate::line::view::{Offers, RoomView};
use crate::line::webhook::{Escalation, EscalationNotice, EscalationResult, RequestId, WebhookStep};
use crate::room::call::{Call, CallPhase};
use crate::room::{Effect, Event, RoomTime, Snapshot, Trouble};
use crate::sound::SoundHandle;

/// How old the room's loop is, is looked at so often; the desk hears of it with the line's own beat.
const LOOP_LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// The lines of a room that are set.
#[derive(Default)]
pub struct Lines {
    mqtt: Option<Arc<RoomTransport>>,
    escalation: Option<Escalation>,
    contact: Option<NurseCallContact>,
    room_name: String,
    call: Option<Call>,
}

/// What the lines speak of.
pub struct Subject<'r> {
    /// The room.
    pub room: &'r RoomHandle,
    /// What it is called at the desk.
    pub room_name: &'r str,
    /// What can be chosen in it.
    pub offers: Offers,
    /// Its sound, which says when it last played.
    pub sound: &'r SoundHandle,
    /// When it last turned and drew.
    pub vitals: &'r Arc<Vitals>,
    /// Where what comes in is worked on.
    pub runtime: &'r Handle,
    /// Which desks may still show what the patient shared.
    pub shared: &'r desk::SharedWords,
    /// When this run of the program began, in milliseconds since 1970; later than every run before it.
    pub began_ms: u64,
}

impl Lines {
    /// Opens every line that is set. None waits for another, and none for its far end.
    #[must_use]
    pub fn open(set: &config::LinesConfig, subject: &Subject<'_>) -> Self {
        let steps: Vec<WebhookStep> = set.escalation.iter().map(step).collect();
        Self {
            mqtt: set.mqtt.as_ref().and_then(|at_broker| open_mqtt(at_broker, subject)),
            escalation: (!steps.is_empty()).then(|| open_escalation(steps, subject.room.clone())),
            contact: set.contact.split_first().and_then(|(program, arguments)| {
                let command = ContactCommand { program: program.into(), arguments: arguments.to_vec() };
                open_contact(command, subject.room.clone())
            }),
            room_name: subject.room_name.to_owned(),
            call: None,
        }
    }

    /// What the room wants of its lines.
    pub(super) fn execute(&mut self, effect: &Effect, now: RoomTime, room: &RoomHandle) {
        match *effect {
            Effect::SendCall { id, practice, presses } => {
                if let Some(line) = &self.mqtt {
                    line.call_placed(id, practice, presses);
                }
                // A practice call alerts nobody beyond the desk.
                if let Some(contact) = self.contact.as_ref().filter(|_| !practice) {
                    contact.set(true);
                }
            }
            Effect::EndCall { id } => {
                if let Some(line) = &self.mqtt {
                    line.call_cleared(id);
                }
                if let Some(escalation) = &self.escalation {
                    escalation.cancel(id);
                }
                if let Some(contact) = &self.contact {
                    contact.set(false);
                }
            }
            Effect::Escalate { id, round, step } => {
                tracing::warn!(call = ?id, step = step + 1, "nobody has acknowledged a call; it goes to the next step");
                // How far the list has come outlives the program: a step keeps its name, and none is said anew as if it
                // were the first.
                room.report(Event::TimeMarked);
                let Some(escalation) = &self.escalation else { return };
                let shown = room.snapshots().borrow().call.clone().filter(|call| call.id == id);
                let placed_at = shown.as_ref().map_or(now, |call| call.placed_at);
                let notice = EscalationNotice {
                    id: RequestId { call: id, round, step },
                    room: self.room_name.clone(),
                    placed_ago_ms: now.0.saturating_sub(placed_at.0),
                    received: shown.is_some_and(|call| call.phase.is_received()),
                };
                escalation.send(notice);
            }
            Effect::Signal(_)
            | Effect::AcceptOutput
            | Effect::OpenVault
            | Effect::ReopenVault
            | Effect::SealNotes(_)
            | Effect::FindTakeHomeMethods
            | Effect::TakeHome { .. }
            | Effect::Wipe
            | Effect::VerifyWipe => {}
        }
    }

    /// The room has changed.
    pub(super) fn changed(&mut self, snapshot: &Snapshot) {
        let call_changed = self.call != snapshot.call;
        if call_changed {
            self.call.clone_from(&snapshot.call);
        }
        if let Some(line) = &self.mqtt {
            line.room_changed(call_changed);
        }
        if let (Some(escalation), Some(call)) = (&self.escalation, &self.call)
            && call_changed
            && call.phase >= CallPhase::OnTheWay
        {
            escalation.cancel(call.id);
        }
    }
}

fn step(set: &config::EscalationStep) -> WebhookStep {
    WebhookStep { url: set.url.clone(), secret_file: set.secret_file.clone(), ca_file: set.ca_file.clone() }
}

fn open_escalation(steps: Vec<WebhookStep>, room: RoomHandle) -> Escalation {
    Escalation::new(steps, move |EscalationResult { id, result, is_list_broken }| {
        if let Err(why) = result {
            tracing::error!(step = id.step + 1, %why, "a step of the escalation list reached nobody");
        }
        room.report(Event::TroubleChanged { trouble: Trouble::EscalationFailed, on: is_list_broken });
    })
}

fn open_contact(command: ContactCommand, room: RoomHandle) -> Option<NurseCallContact> {
    let fails = move |on| room.report(Event::TroubleChanged { trouble: Trouble::ContactFailed, on });
    let unstarted = fails.clone();
    let contact = NurseCallContact::start(command, move |event| fails(matches!(event, ContactEvent::Fails(_))));
    let contact = contact.inspect_err(|error| {
        tracing::error!(%error, "the contact to the nurse call could not be started");
        unstarted(true);
    });
    contact.ok()
}

fn open_mqtt(at_broker: &config::RoomAtBroker, subject: &Subject<'_>) -> Option<Arc<RoomTransport>> {
    let room = subject.room.clone();
    let unreached = |why: &dyn std::fmt::Display| {
        tracing::error!(%why, "the line to the broker could not be opened");
        subject.room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
    };
    let id = RoomId::new(&at_broker.room).inspect_err(|error| unreached(error)).ok()?;
    let client_prefix = format!("stillroom-room-{}", id.as_str());
    let broker = Broker { access: at_broker.broker.clone(), client_prefix };
    let ended = room.snapshots().borrow().ended_calls.clone();
    let run_id = Ulid::from_parts(subject.began_ms, u128::from(std::process::id()));
    let shared = subject.shared.clone();
    let (inputs, inbox) = mpsc::unbounded_channel();
    let line = Arc::new(OnceLock::new());
    let taking = subject.runtime.spawn(take_inputs(inbox, room.clone(), Arc::clone(&line)));
    subject.runtime.spawn(miss(taking, room.clone()));
    subject.runtime.spawn(look_at_loop(Arc::clone(subject.vitals), room.clone()));
    let opened =
        RoomTransport::open(id, broker, run_id, ended, Box::new(report_source(subject)), move |event| match event {
            ClientEvent::Up => room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: false }),
            ClientEvent::Down(why) => {
                tracing::warn!(%why, "the broker is not reached");
                room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
            }
            ClientEvent::Contested(on) => room.report(Event::TroubleChanged { trouble: Trouble::LineFoughtOver, on }),
            ClientEvent::Endpoint(RoomTransportEvent::SharedWords(change)) => match change {
                SharedWordsChange::SentTo(desk) => shared.sent_to(desk),
                SharedWordsChange::ForgottenBy(desk) => shared.forgotten_by(desk),
                SharedWordsChange::Lost(desk) => shared.lost(desk, Instant::now()),
            },
            ClientEvent::Endpoint(RoomTransportEvent::DuplicateId(on)) => {
                room.report(Event::TroubleChanged { trouble: Trouble::RoomNameTaken, on });
            }
            ClientEvent::Endpoint(RoomTransportEvent::Hidden(on)) => {
                room.report(Event::TroubleChanged { trouble: Trouble::NotShownAtDesk, on });
            }
            // Without that task the runtime is gone, and the program with it; or it ended on a fault, which is told.
            ClientEvent::Endpoint(RoomTransportEvent::Input(input)) => drop(inputs.send(input)),
        });
    let opened = Arc::new(opened.inspect_err(|error| unreached(error)).ok()?);
    Some(Arc::clone(line.get_or_init(|| opened)))
}

/// What the line says of the room at this moment.
fn report_source(subject: &Subject<'_>) -> impl FnMut() -> RoomReport + Send + 'static {
    let (snapshots, clock) = (subject.room.snapshots(), subject.room.clock());
    let (sound, vitals, name) = (subject.sound.clone(), Arc::clone(subject.vitals), subject.room_name.to_owned());
    let offers = subject.offers.clone();
    let mut listened_since = None;
    move || {
        let snapshot = snapshots.borrow().clone();
        let now = clock.now();
        // A window on which nobody relied may have stood still, rightly.
        listened_since = if snapshot.desks > 0 { listened_since.or(Some(Instant::now())) } else { None };
        let frame_age = listened_since.and_then(|since: Instant| Some(vitals.frame_age()?.min(since.elapsed())));
        let view = RoomView { offers: Some(offers.clone()), ..desk::single_room::room_view(&snapshot, now, &name) };
        let age_ms = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        RoomReport {
            name: name.clone(),
            call: snapshot.call.as_ref().map(|call| CallState::of(call, now)),
            vitals: VitalAges {
                loop_age_ms: vitals.loop_age().map(age_ms),
                frame_age_ms: frame_age.map(age_ms),
                audio_age_ms: sound.last_buffer_age().map(age_ms),
            },
            view,
        }
    }
}

/// Tells the room what its desks say, one after the other, and the desks what became of it.
async fn take_inputs(
    mut inbox: mpsc::UnboundedReceiver<RoomInput>,
    room: RoomHandle,
    line: Arc<OnceLock<Arc<RoomTransport>>>,
) {
    while let Some(RoomInput { event, order }) = inbox.recv().await {
        let refused: Option<String> = room.tell(event).await.err().map(|why| why.to_string());
        let Some(line): Option<&Arc<RoomTransport>> = line.get() else { continue };
        line.input_handled();
        if let Some(order) = order {
            line.order_answered(order, refused);
        }
    }
}

/// What desks say reaches the room no more if this ends on a fault; then staff are told.
async fn miss(taking: JoinHandle<()>, room: RoomHandle) {
    if taking.await.is_err_and(|error| error.is_panic()) {
        tracing::error!("what desks say over the broker reaches the room no more; start the program anew");
        room.report(Event::TroubleChanged { trouble: Trouble::PartFailed, on: true });
        room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
    }
}

async fn look_at_loop(vitals: Arc<Vitals>, room: RoomHandle) {
    let mut beat = tokio::time::interval(LOOP_LOOKED_AT_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if room.ping().await.is_err() {
            // The mark grows old, and every desk sees it.
            return;
        }
        vitals.loop_turned();
    }
}
