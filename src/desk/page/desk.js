// Owns the page as a whole, of one room or of several: what is tied to what, and whether this page can receive a call.
// Does not own any one part.

import * as board from "/board.js";
import * as call from "/call.js";
import * as controls from "/controls.js";
import * as link from "/link.js";
import * as rooms from "/rooms.js";
import * as sound from "/sound.js";
import * as troubles from "/troubles.js";
import { say, speak } from "/words.js";

// A broker that is started anew is back within this; until then only the line's own words tell.
const BROKER_MAY_BE_AWAY_MS = 3_000;
const BROKER_LOST = "broker-lost";
// A desk that was started anew and says nothing of a room for so long does not hear it.
const ROOM_MAY_BE_SILENT_MS = 10_000;

const { el, show, write } = board;

const canReceive = () => document.visibilityState === "visible" && sound.isOn();

// Every room that was heard of; the desk of one room has one, without a name of its own.
const heard = new Map();
let hello = null;
let several = false;
let broker = null;
let brokerAwaySince = null;
let helloAt = 0;
let opened = null;
let offeredFor = "";
let wasOn = false;
let wasLost = false;

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
    drawRoom(several ? ofSeveral(said, receivedAt) : theOne(said, receivedAt));
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

function drawRoom(room) {
  const shared = Boolean(heard.get(room.id)?.view?.shared);
  heard.set(room.id, room);
  if (several) rooms.draw(room);
  call.draw(room);
  if (room.id === opened) drawOpened();
  if (several && shared && !room.view?.shared) link.forgotten(room.id);
}

/** What a patient shared does not stay in a page that is not told any more. */
function withoutShared(room) {
  return room.view?.shared ? { ...room, view: { ...room.view, shared: null } } : room;
}

function theOne(said, receivedAt) {
  const name = said.room || say("unnamed");
  write("room-name", name);
  return { id: "", name, view: said, viewAt: receivedAt, call: said.call, callAt: receivedAt, lost: false, left: [], troubles: said.troubles, toldAt: receivedAt };
}

function ofSeveral(said, receivedAt) {
  const { id, name, call: open, lost, left } = said;
  const before = heard.get(id);
  // A desk that was started anew knows less than this page: what was heard last stays, and so does a call.
  if (!said.view && before?.view) return unheardOf(withoutShared({ ...before, lost, left, toldAt: receivedAt, troubles: said.troubles }));
  const view = said.view && { ...said.view, call: open, recent: said.recent };
  const own = lost || !view ? [] : view.troubles;
  const room = { id, name, view, viewAt: receivedAt - said.view_age_ms, call: open, callAt: receivedAt, lost, left, toldAt: receivedAt };
  return unheardOf({ ...room, troubles: [...said.troubles, ...own] });
}

/** Nobody knows whether the clock of a room that is not heard goes on. */
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

function openRoom(id) {
  if (!several || opened === id) return;
  opened = id;
  drawOpened();
  tick();
  window.scrollTo(0, 0);
  (id ? el("rooms-back") : el("rooms-grid").firstElementChild)?.focus({ preventScroll: true });
}

function drawAll() {
  for (const room of heard.values()) {
    if (several) rooms.draw(room);
    call.draw(room);
  }
  drawOpened();
  tick();
}

/** The room that is open, with all that can be adjusted. */
function drawOpened() {
  const room = opened === null ? null : heard.get(opened);
  const isOpen = Boolean(room?.view);
  show(el("board"), isOpen || !several);
  show(el("opened"), several && opened !== null);
  show(el("rooms"), several && opened === null);
  write("opened-name", room?.name ?? opened ?? "");
  show(el("opened-none"), several && opened !== null && !isOpen);
  el("board").classList.toggle("gone", Boolean(room?.lost));
  if (!isOpen) return;
  const offers = several ? { previews: false, profiles: [], cap_db: 0, ...room.view.offers } : hello;
  const key = JSON.stringify([room.id, offers.profiles, offers.cap_db]);
  if (key !== offeredFor) {
    offeredFor = key;
    board.prepare(offers);
    controls.prepare(room.id, offers, hello.places);
  }
  board.draw(room.view, room.viewAt);
  controls.draw(room.view);
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

function tick() {
  const way = link.state();
  const isOn = sound.isOn();
  if (isOn !== wasOn) {
    wasOn = isOn;
    link.beat();
  }
  board.tick();
  controls.tick();
  call.tick(opened);
  if (several) {
    missRooms();
    rooms.tick();
  }
  const unheard = way.unheardSince !== null;
  const brokerLost = several && !unheard && brokerAwaySince !== null && performance.now() - brokerAwaySince > BROKER_MAY_BE_AWAY_MS;
  show(el("unlock"), !isOn);
  showLine(way, isOn);
  showUnheard(way);
  showBroker(brokerLost);
  const list = unheard ? [] : listed(way, brokerLost);
  const { isNew, every_ms } = troubles.draw(list, brokerLost ? [BROKER_LOST] : unheard ? ["unheard"] : []);
  sound.keepTelling(every_ms);
  if (isNew) sound.troubleOnce();
  sound.repeat(unheard ? null : call.soundNow(), call.isPressedAnew());
  const urgent = unheard ? say(several ? "unheard_desk" : "title_unheard") : (call.titleWords() ?? (brokerLost ? say("title_broker") : null));
  const title = urgent ?? (several ? el("room-name").textContent : board.quietTitle());
  if (document.title !== title) document.title = title;
  write("wall-clock", board.clockTime(new Date()));
}

/** What is wrong, room by room. While the broker is away every room is silent for that one reason. */
function listed(way, brokerLost) {
  const sorted = [...heard.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const ofRooms = sorted.flatMap((room) => [
    ...room.left.map((id) => troubles.leftCall(id, room)),
    ...room.troubles.filter((name) => !(brokerLost && name === "room-lost")).map((name) => troubles.trouble(name === "room-lost" && !room.view ? "room-never" : name, room, name === "room-lost")),
  ]);
  return way.refused ? [...ofRooms, troubles.trouble("not_taken")] : ofRooms;
}

function showLine(way, isOn) {
  const reaches = !several || Boolean(broker?.linked);
  const receives = way.takenAsDesk && isOn && !way.unheardSince && reaches;
  let key = "line_silent";
  if (receives) key = !several ? "line_on" : [...heard.values()].some((room) => room.lost) ? "line_on_some" : "line_on_rooms";
  else if (way.unheardSince) key = several ? "line_unheard_desk" : "line_unheard";
  else if (!way.opened) key = several ? "line_opening_desk" : "line_opening";
  else if (!reaches) key = broker?.was_linked ? "line_no_broker" : "line_finding_broker";
  write("line", say(key, { count: heard.size }));
  el("line").dataset.line = receives ? "on" : "off";
}

function showUnheard(way) {
  const lost = way.unheardSince !== null;
  show(el("unheard"), lost);
  document.body.classList.toggle("lost", lost);
  // The room goes on where it was heard last, unless it has said something new since.
  if (wasLost && !lost) drawAll();
  wasLost = lost;
  if (!lost) return;
  board.forgetShared();
  for (const room of heard.values()) heard.set(room.id, withoutShared(room));
  call.sayStale();
  show(el("sign-in-again"), way.signedOut);
  write("unheard-title", say(several ? "unheard_desk" : "unheard"));
  const time = board.clockTime(way.unheardSince);
  write("unheard-words", way.signedOut ? say("unheard_signed_out") : say(several ? "unheard_desk_words" : "unheard_words", { time }));
}

function showBroker(isLost) {
  show(el("broker-lost"), isLost);
  show(el("rooms-none"), several && heard.size === 0);
  write("rooms-none-words", say(broker?.linked ? "rooms_none_words" : "rooms_finding", { broker: broker?.broker ?? "" }));
  document.body.classList.toggle("away", isLost);
  if (!isLost) return;
  const time = board.clockTime(new Date(Date.now() - (performance.now() - brokerAwaySince)));
  write("broker-words", say("broker_words", { time }));
  write("broker-why", say("broker_why", { broker: broker.broker, why: broker.why ?? "–" }));
  show(el("broker-known"), !troubles.isKnown(BROKER_LOST));
}
