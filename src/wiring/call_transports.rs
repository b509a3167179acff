//! Owns the wiring between the room and the transports that carry a call in addition to the built-in desk: the broker,
//! the escalation list and the nurse-call contact. If one of them fails, the room reports a trouble. Does not own the
//! protocols of the transports (`line`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use ulid::Ulid;

use crate::config;
use crate::desk;
use crate::driver::RoomHandle;
use crate::driver::liveness::Liveness;
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

/// Interval at which the room's loop is pinged. Each heartbeat to a desk contains the age of the last answer to such a
/// ping.
const LOOP_PING_INTERVAL: Duration = Duration::from_secs(1);

/// The transports that the clinic has configured in addition to the built-in desk.
#[derive(Default)]
pub struct CallTransports {
    mqtt: Option<Arc<RoomTransport>>,
    escalation: Option<Escalation>,
    contact: Option<NurseCallContact>,
    room_name: String,
    call: Option<Call>,
}

/// What the transports need to know about the room.
pub struct TransportContext<'r> {
    /// The handle to the room, to which the transports report outcomes.
    pub room: &'r RoomHandle,
    /// The room's name, as desks show it.
    pub room_name: &'r str,
    /// The choices that a desk can make for the room, such as its profiles.
    pub offers: Offers,
    /// The room's sound, whose state is part of each report to a desk.
    pub sound: &'r SoundHandle,
    /// The times at which the room's loop last answered and its window last drew a frame.
    pub liveness: &'r Arc<Liveness>,
    /// The runtime on which incoming messages are handled.
    pub runtime: &'r Handle,
    /// Which pages and desks may still show what the patient shared.
    pub shared: &'r desk::SharedWords,
    /// The number from which the id of this run of the program is made, usually the time of its start in milliseconds
    /// since 1970. It is greater than that of the previous run.
    pub began_ms: u64,
}

impl CallTransports {
    /// Opens every configured transport, without waiting for any remote end.
    #[must_use]
    pub fn open(config: &config::LinesConfig, context: &TransportContext<'_>) -> Self {
        let steps: Vec<WebhookStep> = config.escalation.iter().map(webhook_step).collect();
        Self {
            mqtt: config.mqtt.as_ref().and_then(|at_broker| open_mqtt(at_broker, context)),
            escalation: (!steps.is_empty()).then(|| open_escalation(steps, context.room.clone())),
            contact: config.contact.split_first().and_then(|(program, arguments)| {
                let command = ContactCommand { program: program.into(), arguments: arguments.to_vec() };
                open_contact(command, context.room.clone())
            }),
            room_name: context.room_name.to_owned(),
            call: None,
        }
    }

    /// Executes `effect` if it concerns a call. Ignores all other effects.
    pub(super) fn execute(&mut self, effect: &Effect, now: RoomTime, room: &RoomHandle) {
        match *effect {
            Effect::SendCall { id, practice, presses } => {
                if let Some(transport) = &self.mqtt {
                    transport.call_placed(id, practice, presses);
                }
                // A practice call is shown only at desks, so it does not close the nurse-call contact.
                if let Some(contact) = self.contact.as_ref().filter(|_| !practice) {
                    contact.set(true);
                }
            }
            Effect::EndCall { id } => {
                if let Some(transport) = &self.mqtt {
                    transport.call_cleared(id);
                }
                if let Some(escalation) = &self.escalation {
                    escalation.cancel(id);
                }
                if let Some(contact) = &self.contact {
                    contact.set(false);
                }
            }
            Effect::Escalate { id, round, step } => {
                tracing::warn!(call = ?id, step = step + 1, "nobody has acknowledged a call; the next step of the escalation list is taken");
                // The journal records the time, so that after a restart the list continues with the next step instead
                // of the first.
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

    /// Tells the broker transport that the room has changed, and cancels the escalation once somebody is on the way.
    pub(super) fn changed(&mut self, snapshot: &Snapshot) {
        let call_changed = self.call != snapshot.call;
        if call_changed {
            self.call.clone_from(&snapshot.call);
        }
        if let Some(transport) = &self.mqtt {
            transport.room_changed(call_changed);
        }
        if let (Some(escalation), Some(call)) = (&self.escalation, &self.call)
            && call_changed
            && call.phase >= CallPhase::OnTheWay
        {
            escalation.cancel(call.id);
        }
    }
}

fn webhook_step(step: &config::EscalationStep) -> WebhookStep {
    WebhookStep { url: step.url.clone(), secret_file: step.secret_file.clone(), ca_file: step.ca_file.clone() }
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
        tracing::error!(%error, "the nurse-call contact could not be started");
        unstarted(true);
    });
    contact.ok()
}

fn open_mqtt(at_broker: &config::RoomAtBroker, context: &TransportContext<'_>) -> Option<Arc<RoomTransport>> {
    let room = context.room.clone();
    let unreached = |why: &dyn std::fmt::Display| {
        tracing::error!(%why, "the line to the broker could not be opened");
        context.room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
    };
    let id = RoomId::new(&at_broker.room).inspect_err(|error| unreached(error)).ok()?;
    let client_prefix = format!("stillroom-room-{}", id.as_str());
    let broker = Broker { access: at_broker.broker.clone(), client_prefix };
    let ended = room.snapshots().borrow().ended_calls.clone();
    let run_id = Ulid::from_parts(context.began_ms, u128::from(std::process::id()));
    let shared = context.shared.clone();
    let (inputs, inbox) = mpsc::unbounded_channel();
    let transport = Arc::new(OnceLock::new());
    let handling = context.runtime.spawn(handle_inputs(inbox, room.clone(), Arc::clone(&transport)));
    context.runtime.spawn(report_failure_of(handling, room.clone()));
    context.runtime.spawn(ping_loop(Arc::clone(context.liveness), room.clone()));
    let opened =
        RoomTransport::open(id, broker, run_id, ended, Box::new(report_source(context)), move |event| match event {
            ClientEvent::Up => room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: false }),
            ClientEvent::Down(why) => {
                tracing::warn!(%why, "the broker cannot be reached");
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
            // Sending fails only if the receiving task is gone. Either the program is ending, or the task has panicked,
            // which is reported.
            ClientEvent::Endpoint(RoomTransportEvent::Input(input)) => drop(inputs.send(input)),
        });
    let opened = Arc::new(opened.inspect_err(|error| unreached(error)).ok()?);
    Some(Arc::clone(transport.get_or_init(|| opened)))
}

/// Returns the function from which the broker transport gets its reports. Each report describes the room as it is when
/// the transport asks for it.
fn report_source(context: &TransportContext<'_>) -> impl FnMut() -> RoomReport + Send + 'static {
    let (snapshots, clock) = (context.room.snapshots(), context.room.clock());
    let (sound, liveness, name) = (context.sound.clone(), Arc::clone(context.liveness), context.room_name.to_owned());
    let offers = context.offers.clone();
    let mut listened_since = None;
    move || {
        let snapshot = snapshots.borrow().clone();
        let now = clock.now();
        // The window may stop drawing while no desk is connected. The reported age of the last frame is therefore
        // limited to the time for which a desk has been connected.
        listened_since = if snapshot.desks > 0 { listened_since.or(Some(Instant::now())) } else { None };
        let frame_age = listened_since.and_then(|since: Instant| Some(liveness.frame_age()?.min(since.elapsed())));
        let view = RoomView { offers: Some(offers.clone()), ..desk::single_room::room_view(&snapshot, now, &name) };
        let age_ms = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        RoomReport {
            name: name.clone(),
            call: snapshot.call.as_ref().map(|call| CallState::of(call, now)),
            vitals: VitalAges {
                loop_age_ms: liveness.loop_age().map(age_ms),
                frame_age_ms: frame_age.map(age_ms),
                audio_age_ms: sound.last_buffer_age().map(age_ms),
            },
            view,
        }
    }
}

/// Passes the events of the broker transport to the room, one after another. If a desk's order caused an event, tells
/// that desk whether the room accepted the order.
async fn handle_inputs(
    mut inbox: mpsc::UnboundedReceiver<RoomInput>,
    room: RoomHandle,
    transport: Arc<OnceLock<Arc<RoomTransport>>>,
) {
    while let Some(RoomInput { event, order }) = inbox.recv().await {
        let refused: Option<String> = room.tell(event).await.err().map(|why| why.to_string());
        let Some(transport): Option<&Arc<RoomTransport>> = transport.get() else { continue };
        transport.input_handled();
        if let Some(order) = order {
            transport.order_answered(order, refused);
        }
    }
}

/// Waits for the task `handling`. Reports troubles if it panics, because then nothing that desks send over the broker
/// reaches the room.
async fn report_failure_of(handling: JoinHandle<()>, room: RoomHandle) {
    if handling.await.is_err_and(|error| error.is_panic()) {
        tracing::error!("what desks send over the broker no longer reaches the room; restart the program");
        room.report(Event::TroubleChanged { trouble: Trouble::PartFailed, on: true });
        room.report(Event::TroubleChanged { trouble: Trouble::LineDown, on: true });
    }
}

async fn ping_loop(liveness: Arc<Liveness>, room: RoomHandle) {
    let mut beat = tokio::time::interval(LOOP_PING_INTERVAL);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if room.ping().await.is_err() {
            // The loop has ended. Desks notice it from the growing age of the last answer.
            return;
        }
        liveness.record_loop_turn();
    }
}
