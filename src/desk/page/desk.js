// Owns the page as a whole, of one room or of several: what is tied to what, and whether this page can receive a call.
// Does not own any one part.

import * as board from "/board.js";
import * as call from "/call.js";
import * as controls from "/controls.js";
import * as link from "/link.js";
import * as rooms from "/rooms.js";
import * as sound from "/sound.js";
import * as troubles from "/troubles.js";
import { attempt, el, failsFor, show, watchFaults, write } from "/parts.js";
import { say, speak } from "/words.js";

// A broker that is started anew is back within this; until then only the line's own words tell.
const BROKER_MAY_BE_AWAY_MS = 3_000;
const BROKER_LOST = "broker-lost";
// A desk that was started anew and says nothing of a room for so long does not hear it.
const ROOM_MAY_BE_SILENT_MS = 10_000;

/** Stands in a list of troubles for a room of which this page cannot draw something. */
const NOT_DRAWN = "not-drawn";

const canReceive = () => document.visibilityState === "visible" && sound.isOn();

/** Every room that was heard of; the desk of one room has one, without a name of its own. @type {Map<string, Room>} */
const heard = new Map();
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
    // At a desk of several rooms each of them is told by itself, opened or not.
    board.whenForgotten(several ? () => {} : () => link.forgotten());
    speak(said.locale);
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
    // Before all else: nothing that a room says keeps its call from this page.
    const calling = callOf(said, receivedAt);
    drawCall(calling);
    const { id } = calling;
    const isDrawn = attempt(`words of ${id}`, () => drawRest(several ? ofSeveral(said, receivedAt) : theOne(said, receivedAt)), id);
    if (!isDrawn && !heard.has(id)) heard.set(id, { ...calling, view: null, viewAt: receivedAt, left: [], troubles: [], toldAt: receivedAt });
    tick();
  },
  changed: tick,
});

// A browser lets a page sound only after a press. Any press will do, so that nobody misses the button.
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
 * All of a room but its call.
 * @param {Room} room
 */
function drawRest(room) {
  const shared = Boolean(heard.get(room.id)?.view?.shared);
  heard.set(room.id, room);
  if (several) attempt(`tile of ${room.id}`, () => rooms.draw(room), room.id);
  if (room.id === opened) drawOpened();
  if (several && shared && !room.view?.shared) link.forgotten(room.id);
}

/**
 * A room's call, to be seen and heard at once.
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
 * The call of a room as it says it. A desk that was started anew knows less than this page: what was heard last stays.
 * @param {any} said
 * @param {number} receivedAt
 * @returns {call.Calling}
 */
function callOf(said, receivedAt) {
  if (!several) return { id: "", name: nameOf(said.room, say("unnamed")), call: said.call, callAt: receivedAt, lost: false };
  const { id, name, call: open, lost } = said;
  const before = heard.get(id);
  return !said.view && before?.view ? { ...before, lost } : { id, name: nameOf(name, id), call: open, callAt: receivedAt, lost };
}

/** Nothing else on the page stands between a call and its sound. */
function soundCalls() {
  const isUnheard = link.state().unheardSince !== null;
  attempt("sound", () => sound.repeat(isUnheard ? null : call.soundNow(), call.isPressedAnew()));
}

/**
 * What a patient shared does not stay in a page that is not told any more.
 * @param {Room} room
 * @returns {Room}
 */
function withoutShared(room) {
  return room.view?.shared ? { ...room, view: { ...room.view, shared: null } } : room;
}

/**
 * @param {Shown} said
 * @param {number} receivedAt
 * @returns {Room}
 */
function theOne(said, receivedAt) {
  const name = said.room || say("unnamed");
  write("room-name", name);
  return { id: "", name, view: said, viewAt: receivedAt, call: said.call, callAt: receivedAt, lost: false, left: [], troubles: said.troubles, toldAt: receivedAt };
}

/**
 * @param {RoomSaid} said
 * @param {number} receivedAt
 * @returns {Room}
 */
function ofSeveral(said, receivedAt) {
  const { id, call: open, lost, left } = said;
  const before = heard.get(id);
  if (!said.view && before?.view) return unheardOf(withoutShared({ ...before, lost, left, toldAt: receivedAt, troubles: said.troubles }));
  const view = said.view && { ...said.view, call: open, recent: said.recent };
  const own = (!lost && view?.troubles) || [];
  /** @type {Room} */
  const room = { id, name: nameOf(said.name, id), view, viewAt: receivedAt - said.view_age_ms, call: open, callAt: receivedAt, lost, left, toldAt: receivedAt, troubles: [...said.troubles, ...own] };
  return unheardOf(room);
}

/**
 * Nobody knows whether the clock of a room that is not heard goes on.
 * @param {Room} room
 * @returns {Room}
 */
function unheardOf(room) {
  if (!room.lost || !room.view?.session?.running) return room;
  const clock_ms = board.clockOf(room.view, room.viewAt);
  return { ...room, view: { ...room.view, session: { ...room.view.session, clock_ms, running: false } } };
}

/** Rooms that a desk which was started anew does not know are not heard by anybody here. */
function missRooms() {
  if (performance.now() - helloAt < ROOM_MAY_BE_SILENT_MS) return;
  for (const room of heard.values()) {
    if (room.toldAt < helloAt && !room.lost) drawRoom(unheardOf({ ...room, lost: true, troubles: ["room-lost"] }));
  }
}

/** @param {string | null} id */
function openRoom(id) {
  if (!several || opened === id) return;
  opened = id;
  drawOpened();
  tick();
  window.scrollTo(0, 0);
  const first = id ? el("rooms-back") : el("rooms-grid").firstElementChild;
  if (first instanceof HTMLElement) first.focus({ preventScroll: true });
}

function drawAll() {
  for (const room of heard.values()) drawCall(room);
  if (several) for (const room of heard.values()) attempt(`tile of ${room.id}`, () => rooms.draw(room), room.id);
  drawOpened();
  tick();
}

/** The room that is open, with all that can be adjusted. One that cannot be drawn shows nothing of another in its place. */
function drawOpened() {
  const room = (opened !== null && heard.get(opened)) || null;
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
    // Without a sound device this page stays no desk, and its banner says so.
    console.warn("no sound", problem);
  }
  await link.beat();
  tick();
}

// Calls and their sound first. Each part by itself, so that none stops another.
function tick() {
  const way = link.state();
  const isOn = sound.isOn();
  attempt("calls", () => call.tick(opened));
  soundCalls();
  if (isOn !== wasOn) {
    wasOn = isOn;
    link.beat();
  }
  const unheard = way.unheardSince !== null;
  const brokerLost = several && !unheard && brokerAwaySince !== null && performance.now() - brokerAwaySince > BROKER_MAY_BE_AWAY_MS;
  attempt("line", () => {
    show(el("unlock"), !isOn);
    showLine(way, isOn);
    showUnheard(way);
    showBroker(brokerLost);
  });
  if (several) {
    attempt("rooms", missRooms);
    attempt("tiles", rooms.tick);
  }
  attempt("clock", () => {
    board.tick();
    controls.tick();
  }, opened);
  attempt("troubles", () => {
    const list = unheard ? [] : listed(way, brokerLost);
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
 * What is wrong, room by room. While the broker is away every room is silent for that one reason.
 * @param {ReturnType<typeof link.state>} way
 * @param {boolean} brokerLost
 */
function listed(way, brokerLost) {
  const sorted = [...heard.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const ofRooms = sorted.flatMap((room) => {
    /** @type {Trouble[]} */
    const list = [];
    attempt(`troubles of ${room.id}`, () => list.push(...troublesOf(room, brokerLost)), room.id);
    return failsFor(room.id) ? [...list, troubles.trouble(NOT_DRAWN, room)] : list;
  });
  const leftOut = broker?.left_out.count ? [troubles.roomsLeftOut(broker.left_out, broker.rooms)] : [];
  const ofDesk = broker?.fought_over ? [troubles.trouble("desk-fought-over")] : [];
  return [...leftOut, ...ofRooms, ...ofDesk, ...(way.refused ? [troubles.trouble("not_taken")] : [])];
}

/**
 * @param {Room} room
 * @param {boolean} brokerLost
 * @returns {Trouble[]}
 */
function troublesOf(room, brokerLost) {
  const told = room.troubles.filter((name) => !(brokerLost && name === "room-lost"));
  return [
    ...room.left.map((id) => troubles.leftCall(id, room)),
    ...told.map((name) => troubles.trouble(name === "room-lost" && !room.view ? "room-never" : name, room, name === "room-lost")),
  ];
}

/**
 * @param {ReturnType<typeof link.state>} way
 * @param {boolean} isOn
 */
function showLine(way, isOn) {
  const reaches = !several || Boolean(broker?.linked);
  const receives = way.takenAsDesk && isOn && !way.unheardSince && reaches;
  let key = "line_silent";
  const misses = [...heard.values()].some((room) => room.lost) || Boolean(broker?.left_out.count);
  if (receives) key = !several ? "line_on" : misses ? "line_on_some" : "line_on_rooms";
  else if (way.unheardSince) key = several ? "line_unheard_desk" : "line_unheard";
  else if (!way.opened) key = several ? "line_opening_desk" : "line_opening";
  else if (!reaches) key = broker?.was_linked ? "line_no_broker" : "line_finding_broker";
  write("line", say(key, { count: heard.size }));
  el("line").dataset.line = receives ? "on" : "off";
}

/** @param {ReturnType<typeof link.state>} way */
function showUnheard(way) {
  const since = way.unheardSince;
  const lost = since !== null;
  show(el("unheard"), lost);
  document.body.classList.toggle("lost", lost);
  // The room goes on where it was heard last, unless it has said something new since.
  const isBack = wasLost && !lost;
  wasLost = lost;
  if (isBack) drawAll();
  if (!lost) return;
  board.forgetShared();
  for (const room of heard.values()) heard.set(room.id, withoutShared(room));
  call.sayStale();
  show(el("sign-in-again"), way.signedOut);
  write("unheard-title", say(several ? "unheard_desk" : "unheard"));
  const time = board.clockTime(since);
  write("unheard-words", way.signedOut ? say("unheard_signed_out") : say(several ? "unheard_desk_words" : "unheard_words", { time }));
}

/** @param {boolean} isLost */
function showBroker(isLost) {
  show(el("broker-lost"), isLost);
  show(el("rooms-none"), several && heard.size === 0);
  write("rooms-none-words", say(broker?.linked ? "rooms_none_words" : "rooms_finding", { broker: broker?.broker ?? "" }));
  document.body.classList.toggle("away", isLost);
  if (!isLost || !broker || brokerAwaySince === null) return;
  const time = board.clockTime(new Date(Date.now() - (performance.now() - brokerAwaySince)));
  write("broker-words", say("broker_words", { time }));
  write("broker-why", say("broker_why", { broker: broker.broker, why: broker.why ?? "–" }));
  show(el("broker-known"), !troubles.isKnown(BROKER_LOST));
}
