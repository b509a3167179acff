// Owns the way to the room, or to the desk of several: the stream of messages, the beat that makes this page a desk, and
// the orders. Does not own what is shown.

import { within } from "/parts.js";

// Without a beat for so long, the room is not heard.
const UNHEARD_AFTER_MS = 10_000;
const BEAT_EVERY_MS = 2_000;
const REOPEN_LEAST_MS = 400;
const REOPEN_MOST_MS = 2_000;
const ANSWERS_WITHIN_MS = 5_000;
// A desk of several rooms waits for the room itself, which may take up to eight seconds.
const ROOM_ANSWERS_WITHIN_MS = 10_000;

/**
 * Whoever is told of what comes.
 * @typedef {{
 *   hello: (said: Hello) => void,
 *   line: (said: BrokerLine) => void,
 *   room: (said: any, receivedAt: number) => void,
 *   changed: () => void,
 * }} Listeners
 */

/** @type {EventSource | null} */
let stream = null;
/** @type {string | null} */
let desk = null;
let heardAt = performance.now();
/** @type {Date | null} */
let unheardSince = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let reopenTimer;
let tries = 0;
let takenAsDesk = false;
let refused = false;
let signedOut = false;
let several = false;
let isAble = () => false;
/** @type {Listeners} */
let on = { hello() {}, line() {}, room() {}, changed() {} };

/**
 * Opens the way. `able` says whether this page can receive; the others are told of what comes.
 * @param {() => boolean} able
 * @param {Listeners} listeners
 */
export function open(able, listeners) {
  isAble = able;
  on = listeners;
  reopen();
  setInterval(beat, BEAT_EVERY_MS);
  setInterval(look, 1_000);
  document.addEventListener("visibilitychange", beat);
}

/** This page's own name at the room, or null. */
export function deskName() {
  return desk;
}

/** How the way stands. */
export function state() {
  return { unheardSince, takenAsDesk, refused, signedOut, opened: desk !== null };
}

/**
 * Sends an order to a room. Answers null, or the words of what went wrong; without words, the room did not answer.
 * @param {string} room
 * @param {string} path
 * @param {object} body
 * @returns {Promise<string | null>}
 */
export async function order(room, path, body = {}) {
  try {
    const answer = await post(several ? `/api/rooms/${room}/${path}` : `/api/${path}`, body);
    if (answer.ok) return null;
    if (answer.status === 401) leave();
    return String((await answer.json()).error ?? answer.status);
  } catch {
    return "";
  }
}

/** Tells the room that what the patient shared is off this screen. A page that is being left still gets to say it. */
export function forgotten(room = "") {
  if (desk) post(room ? `/api/rooms/${room}/forgotten` : "/api/forgotten", { desk }, true).catch(() => {});
}

/** Tells the room that this page is here, and whether it can receive. */
export async function beat() {
  if (!desk) return;
  const name = desk;
  const able = isAble();
  try {
    const answer = await post("/api/beat", { desk: name, visible: document.visibilityState === "visible", sound: able });
    if (name !== desk) return;
    if (answer.status === 410) return reopen();
    if (answer.status === 401) leave();
    takenAsDesk = answer.ok && able;
    refused = answer.status === 409;
  } catch {
    takenAsDesk = false;
  }
  on.changed();
}

/** Signs out and leaves the page. */
export async function signOut() {
  await post("/logout", {}).catch(() => {});
  location.replace("/login");
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body, keepalive = false) {
  return fetch(path, {
    method: "POST",
    keepalive,
    headers: { "content-type": "application/json", "x-stillroom": "1" },
    body: JSON.stringify(body),
    signal: within(several ? ROOM_ANSWERS_WITHIN_MS : ANSWERS_WITHIN_MS),
  });
}

function reopen() {
  clearTimeout(reopenTimer);
  stream?.close();
  desk = null;
  takenAsDesk = false;
  stream = new EventSource("/events");
  stream.addEventListener("hello", (/** @type {MessageEvent<string>} */ message) => {
    const hello = JSON.parse(message.data);
    desk = hello.desk;
    signedOut = false;
    several = Boolean(hello.several);
    on.hello(hello);
    beat();
  });
  stream.addEventListener("room", (/** @type {MessageEvent<string>} */ message) => on.room(JSON.parse(message.data), performance.now()));
  stream.addEventListener("line", (/** @type {MessageEvent<string>} */ message) => on.line(JSON.parse(message.data)));
  stream.addEventListener("beat", () => {
    heardAt = performance.now();
    tries = 0;
    if (unheardSince) {
      unheardSince = null;
      on.changed();
    }
  });
  // The room's loop has ended by a fault: what is shown is not true any more, until the room has started anew.
  stream.addEventListener("gone", () => {
    unheardSince ??= new Date();
    on.changed();
  });
  stream.addEventListener("error", again);
}

function again() {
  stream?.close();
  desk = null;
  takenAsDesk = false;
  clearTimeout(reopenTimer);
  // Many desks that lost a room in the same moment must not come back in the same moment.
  const wait = Math.min(REOPEN_MOST_MS, REOPEN_LEAST_MS * 2 ** Math.min(tries, 6)) * (0.5 + Math.random());
  tries += 1;
  reopenTimer = setTimeout(reopen, wait);
  askWhetherSignedIn();
  on.changed();
}

async function askWhetherSignedIn() {
  try {
    const answer = await fetch("/api/here", { signal: within(4_000) });
    if (answer.status === 401) leave();
  } catch {
    // The room is away; the stream says so.
  }
}

function leave() {
  signedOut = true;
  takenAsDesk = false;
  unheardSince ??= new Date();
  on.changed();
}

function look() {
  if (performance.now() - heardAt < UNHEARD_AFTER_MS) return;
  if (!unheardSince) {
    unheardSince = new Date();
    on.changed();
  }
  // A stream that is open but says nothing is worth no more than a closed one.
  if (stream && stream.readyState !== EventSource.CLOSED && performance.now() - heardAt > 2 * UNHEARD_AFTER_MS) {
    heardAt = performance.now() - UNHEARD_AFTER_MS;
    again();
  }
}
