// Owns the page as a whole, for one room or several: how its parts work together, and whether this page can receive
// calls. Does not own any single part.

import * as board from "/board.js";
import * as call from "/call.js";
import * as controls from "/controls.js";
import * as link from "/link.js";
import * as pictures from "/pictures.js";
import * as rooms from "/rooms.js";
import * as sound from "/sound.js";
import * as troubles from "/troubles.js";
import { attempt, el, failsFor, show, watchFaults, write } from "/parts.js";
import { say, speak } from "/words.js";

// Minimum length of a broker outage that is shown as a trouble, in milliseconds. A broker that merely restarts is back
// sooner.
const BROKER_OUTAGE_MS = 3_000;
const BROKER_LOST = "broker-lost";
// Time that a desk has, after this page connects to it, to send a message about each known room, in milliseconds. After
// that, rooms without a message count as lost.
const ROOM_SILENT_MS = 10_000;

/** The name of the trouble that is listed if this page cannot draw a room completely. */
const NOT_DRAWN = "not-drawn";

const canReceive = () => document.visibilityState === "visible" && sound.isOn();

/** Every room about which the desk has sent a message, by id. At the desk of one room, the id is empty. @type {Map<string, Room>} */
const knownRooms = new Map();
/** @type {Hello | null} */
let hello = null;
let several = false;
/** @type {BrokerLine | null} */
let broker = null;
/** @type {number | null} */
let brokerAwaySince = null;
let helloAt = 0;
/** @type {string | null} */
let opened = null;
let offeredFor = "";
let wasOn = false;
let wasLost = false;

watchFaults(sound.troubleOnce);
speak("en-US");
controls.tie();
rooms.tie(openRoom);

link.open(() => sound.isOn(), {
  hello(said) {
    hello = said;
    helloAt = performance.now();
    several = Boolean(said.several);
    // At a desk of several rooms, `drawRest` confirms for each room, open or not, that what was shared is gone.
    board.whenForgotten(several ? () => {} : () => link.forgotten());
    speak(said.locale);
    pictures.prepare(said.pictures);
    document.body.classList.toggle("several", several);
    call.prepare(said.clinicians, canReceive, several ? rooms.open : null);
    offeredFor = "";
    show(el("sign-out"), said.signed_in);
    if (several) write("room-name", said.name || "Stillroom");
    opened = several ? rooms.openedInAddress() : "";
    drawAll();
  },
  line(said) {
    broker = said;
    brokerAwaySince = said.linked ? null : (brokerAwaySince ?? performance.now());
    tick();
  },
  room(said, receivedAt) {
    // The call is drawn first, so that nothing else in a room's message can keep it from this page.
    const calling = callOf(said, receivedAt);
    drawCall(calling);
    const { id } = calling;
    const isDrawn = attempt(`words of ${id}`, () => drawRest(several ? oneOfSeveral(said, receivedAt) : singleRoom(said, receivedAt)), id);
    if (!isDrawn && !knownRooms.has(id)) knownRooms.set(id, { ...calling, view: null, viewAt: receivedAt, left: [], troubles: [], toldAt: receivedAt });
    tick();
  },
  changed: tick,
});

// Browsers allow sound only after a click. Any click turns it on, so that staff need not look for the button.
document.addEventListener("click", () => sound.isOn() || turnSoundOn());
el("sign-out").addEventListener("click", link.signOut);
el("broker-known").addEventListener("click", () => {
  troubles.know(BROKER_LOST);
  tick();
});
document.addEventListener("visibilitychange", tick);
window.addEventListener("pagehide", board.forgetShared);
setInterval(tick, 500);

/** @param {Room} room */
function drawRoom(room) {
  drawCall(room);
  drawRest(room);
}

/**
 * Draws a room without its call.
 * @param {Room} room
 */
function drawRest(room) {
  const shared = Boolean(knownRooms.get(room.id)?.view?.shared);
  knownRooms.set(room.id, room);
  if (several) attempt(`tile of ${room.id}`, () => rooms.draw(room), room.id);
  if (room.id === opened) drawOpened();
  if (several && shared && !room.view?.shared) link.forgotten(room.id);
}

/**
 * Draws and sounds a room's call at once.
 * @param {call.Calling} room
 */
function drawCall(room) {
  attempt(`call of ${room.id}`, () => call.draw(room), room.id);
  soundCalls();
}

/**
 * @param {unknown} name
 * @param {string} otherwise
 */
const nameOf = (name, otherwise) => (typeof name === "string" && name) || otherwise;

/**
 * The call in a room's message. A desk that has restarted may know less than this page, which then keeps the last known
 * call.
 * @param {any} said
 * @param {number} receivedAt
 * @returns {call.Calling}
 */
function callOf(said, receivedAt) {
  if (!several) return { id: "", name: nameOf(said.room, say("unnamed")), call: said.call, callAt: receivedAt, lost: false };
  const { id, name, call: open, lost } = said;
  const before = knownRooms.get(id);
  return !said.view && before?.view ? { ...before, lost } : { id, name: nameOf(name, id), call: open, callAt: receivedAt, lost };
}

/** Plays the calls' sound, and stops loading pictures while a call waits. Depends on no other part of the page. */
function soundCalls() {
  attempt("pictures", () => pictures.hold(call.isAnyWaiting()));
  const isUnheard = link.state().unheardSince !== null;
  attempt("sound", () => sound.repeat(isUnheard ? null : call.soundNow(), call.isPressedAnew()));
}

/**
 * Returns a room without the text that its patient shared. The text must not stay on a page that is no longer updated.
 * @param {Room} room
 * @returns {Room}
 */
function withoutShared(room) {
  return room.view?.shared ? { ...room, view: { ...room.view, shared: null } } : room;
}

/**
 * @param {ShownRoom} said
 * @param {number} receivedAt
 * @returns {Room}
 */
function singleRoom(said, receivedAt) {
  const name = said.room || say("unnamed");
  write("room-name", name);
  return { id: "", name, view: said, viewAt: receivedAt, call: said.call, callAt: receivedAt, lost: false, left: [], troubles: said.troubles, toldAt: receivedAt };
}

/**
 * @param {RoomMessage} said
 * @param {number} receivedAt
 * @returns {Room}
 */
function oneOfSeveral(said, receivedAt) {
  const { id, call: open, lost, left } = said;
  const before = knownRooms.get(id);
  if (!said.view && before?.view) return withStoppedClock(withoutShared({ ...before, lost, left, toldAt: receivedAt, troubles: said.troubles }));
  const view = said.view && { ...said.view, call: open, recent: said.recent };
  const own = (!lost && view?.troubles) || [];
  /** @type {Room} */
  const room = { id, name: nameOf(said.name, id), view, viewAt: receivedAt - said.view_age_ms, call: open, callAt: receivedAt, lost, left, toldAt: receivedAt, troubles: [...said.troubles, ...own] };
  return withStoppedClock(room);
}

/**
 * Returns a lost room with its clock stopped, because it is not known whether the session is still running.
 * @param {Room} room
 * @returns {Room}
 */
function withStoppedClock(room) {
  if (!room.lost || !room.view?.session?.running) return room;
  const clock_ms = board.clockOf(room.view, room.viewAt);
  return { ...room, view: { ...room.view, session: { ...room.view.session, clock_ms, running: false } } };
}

/** Marks rooms as lost if the desk has sent nothing about them for `ROOM_SILENT_MS` after this page connected to it. */
function markMissingRooms() {
  if (performance.now() - helloAt < ROOM_SILENT_MS) return;
  for (const room of knownRooms.values()) {
    if (room.toldAt < helloAt && !room.lost) drawRoom(withStoppedClock({ ...room, lost: true, troubles: ["room-lost"] }));
  }
}

/** @param {string | null} id */
function openRoom(id) {
  if (!several || opened === id) return;
  const before = opened;
  opened = id;
  drawOpened();
  tick();
  window.scrollTo(0, 0);
  if (id) el("rooms-back").focus({ preventScroll: true });
  else rooms.focus(before);
}

function drawAll() {
  for (const room of knownRooms.values()) drawCall(room);
  if (several) for (const room of knownRooms.values()) attempt(`tile of ${room.id}`, () => rooms.draw(room), room.id);
  drawOpened();
  tick();
}

/**
 * Draws the open room with its controls. If that fails, hides them, so that nothing of another room stays on the page.
 */
function drawOpened() {
  const room = (opened !== null && knownRooms.get(opened)) || null;
  const isDrawn = attempt("room", () => drawBoard(room), room && room.id);
  if (isDrawn) return;
  board.forgetShared();
  show(el("board"), false);
}

/** @param {Room | null} room */
function drawBoard(room) {
  const { view = null } = room ?? {};
  show(el("board"), view !== null || !several);
  show(el("opened"), several && opened !== null);
  show(el("rooms"), several && opened === null);
  write("opened-name", room?.name ?? opened ?? "");
  show(el("opened-none"), several && opened !== null && !view);
  el("board").classList.toggle("gone", Boolean(room?.lost));
  if (!room || !view || !hello) return;
  const chosen = several ? view.offers : hello;
  const offers = { profiles: chosen?.profiles ?? [], cap_db: chosen?.cap_db ?? 0, previews: !several && hello.previews };
  const key = JSON.stringify([room.id, offers.profiles, offers.cap_db]);
  if (key !== offeredFor) {
    board.prepare(offers);
    controls.prepare(room.id, offers, hello.places);
    offeredFor = key;
  }
  board.draw(view, room.viewAt);
  controls.draw(view);
  if (room.lost) board.forgetShared();
}

async function turnSoundOn() {
  try {
    await sound.unlock(tick);
  } catch (problem) {
    // Without a sound device this page cannot receive calls, and its banner says so.
    console.warn("no sound", problem);
  }
  await link.beat();
  tick();
}

// The calls and their sound come first. Each part runs separately, so that a fault in one part does not stop the
// others.
function tick() {
  const connection = link.state();
  const isOn = sound.isOn();
  attempt("calls", () => call.tick(opened));
  soundCalls();
  if (isOn !== wasOn) {
    wasOn = isOn;
    link.beat();
  }
  const unheard = connection.unheardSince !== null;
  const brokerLost = several && !unheard && brokerAwaySince !== null && performance.now() - brokerAwaySince > BROKER_OUTAGE_MS;
  attempt("line", () => {
    show(el("unlock"), !isOn);
    showLine(connection, isOn);
    showUnheard(connection);
    showBroker(brokerLost);
  });
  if (several) {
    attempt("rooms", markMissingRooms);
    attempt("tiles", rooms.tick);
  }
  attempt("clock", () => {
    board.tick();
    controls.tick();
  }, opened);
  attempt("troubles", () => {
    const list = unheard ? [] : allTroubles(connection, brokerLost);
    const { isNew, every_ms } = troubles.draw(list, brokerLost ? [BROKER_LOST] : unheard ? ["unheard"] : []);
    sound.keepTelling(every_ms);
    if (isNew) sound.troubleOnce();
  });
  attempt("title", () => {
    const urgent = unheard ? say(several ? "unheard_desk" : "title_unheard") : (call.titleWords() ?? (brokerLost ? say("title_broker") : null));
    const title = urgent ?? (several ? (el("room-name").textContent ?? "") : board.quietTitle());
    if (document.title !== title) document.title = title;
    write("wall-clock", board.clockTime(new Date()));
  });
}

/**
 * Returns all troubles, sorted by room. While the broker is unreachable, lost rooms are not listed, because the broker
 * is the cause for all of them.
 * @param {ReturnType<typeof link.state>} connection
 * @param {boolean} brokerLost
 */
function allTroubles(connection, brokerLost) {
  const sorted = [...knownRooms.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const ofRooms = sorted.flatMap((room) => {
    /** @type {Trouble[]} */
    const list = [];
    attempt(`troubles of ${room.id}`, () => list.push(...roomTroubles(room, brokerLost)), room.id);
    return failsFor(room.id) ? [...list, troubles.trouble(NOT_DRAWN, room)] : list;
  });
  const leftOut = broker?.left_out.count ? [troubles.roomsLeftOut(broker.left_out, broker.rooms)] : [];
  const ofDesk = broker?.fought_over ? [troubles.trouble("desk-fought-over")] : [];
  return [...leftOut, ...ofRooms, ...ofDesk, ...(connection.refused ? [troubles.trouble("not_taken")] : [])];
}

/**
 * @param {Room} room
 * @param {boolean} brokerLost
 * @returns {Trouble[]}
 */
function roomTroubles(room, brokerLost) {
  const told = room.troubles.filter((name) => !(brokerLost && name === "room-lost"));
  return [
    ...room.left.map((id) => troubles.leftCall(id, room)),
    ...told.map((name) => troubles.trouble(name === "room-lost" && !room.view ? "room-never" : name, room, name === "room-lost")),
  ];
}

/**
 * @param {ReturnType<typeof link.state>} connection
 * @param {boolean} isOn
 */
function showLine(connection, isOn) {
  const reaches = !several || Boolean(broker?.linked);
  const receives = connection.takenAsDesk && isOn && !connection.unheardSince && reaches;
  let key = "line_silent";
  const misses = [...knownRooms.values()].some((room) => room.lost) || Boolean(broker?.left_out.count);
  if (receives) key = !several ? "line_on" : misses ? "line_on_some" : "line_on_rooms";
  else if (connection.unheardSince) key = several ? "line_unheard_desk" : "line_unheard";
  else if (!connection.opened) key = several ? "line_opening_desk" : "line_opening";
  else if (!reaches) key = broker?.was_linked ? "line_no_broker" : "line_finding_broker";
  write("line", say(key, { count: knownRooms.size }));
  el("line").dataset.line = receives ? "on" : "off";
}

/** @param {ReturnType<typeof link.state>} connection */
function showUnheard(connection) {
  const since = connection.unheardSince;
  const lost = since !== null;
  show(el("unheard"), lost);
  document.body.classList.toggle("lost", lost);
  // After an outage the last known state is drawn again.
  const isBack = wasLost && !lost;
  wasLost = lost;
  if (isBack) drawAll();
  if (!lost) return;
  board.forgetShared();
  for (const room of knownRooms.values()) {
    if (!room.view?.shared) continue;
    const bare = withoutShared(room);
    knownRooms.set(room.id, bare);
    if (several) attempt(`tile of ${room.id}`, () => rooms.draw(bare), room.id);
  }
  call.sayStale();
  show(el("sign-in-again"), connection.signedOut);
  write("unheard-title", say(several ? "unheard_desk" : "unheard"));
  const time = board.clockTime(since);
  write("unheard-words", connection.signedOut ? say("unheard_signed_out") : say(several ? "unheard_desk_words" : "unheard_words", { time }));
}

/** @param {boolean} isLost */
function showBroker(isLost) {
  show(el("broker-lost"), isLost);
  show(el("rooms-none"), several && knownRooms.size === 0);
  write("rooms-none-words", say(broker?.linked ? "rooms_none_words" : "rooms_finding", { broker: broker?.broker ?? "" }));
  document.body.classList.toggle("away", isLost);
  if (!isLost || !broker || brokerAwaySince === null) return;
  const time = board.clockTime(new Date(Date.now() - (performance.now() - brokerAwaySince)));
  write("broker-words", say("broker_words", { time }));
  write("broker-why", say("broker_why", { broker: broker.broker, why: broker.why ?? "–" }));
  show(el("broker-known"), !troubles.isKnown(BROKER_LOST));
}
