// Owns the connection to the server: the event stream, the heartbeat that registers this page as a desk, and the
// sending of orders. Does not own what is shown.

import { within } from "/parts.js";

// Time without a heartbeat after which the server counts as unreachable, in milliseconds. It equals `SILENT_AFTER_MS`
// in src/line/mod.rs.
const UNHEARD_AFTER_MS = 10_000;
const BEAT_INTERVAL_MS = 2_000;
const RECONNECT_MIN_MS = 400;
const RECONNECT_MAX_MS = 2_000;
const ORDER_TIMEOUT_MS = 5_000;
// Time limit for an order at a desk of several rooms, in milliseconds. That desk itself waits up to eight seconds for
// the room (`ORDER_TIMEOUT_MS` in src/line/fleet/mod.rs).
const ROOM_ORDER_TIMEOUT_MS = 10_000;

/**
 * The functions that are called for each message of the stream, and when the state of the connection has changed.
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
let reconnectTimer;
let attempts = 0;
let takenAsDesk = false;
let refused = false;
let signedOut = false;
let several = false;
let isAble = () => false;
/** @type {Listeners} */
let on = { hello() {}, line() {}, room() {}, changed() {} };

/**
 * Connects. `able` says whether this page's sound is on, without which the page cannot receive calls.
 * @param {() => boolean} able
 * @param {Listeners} listeners
 */
export function open(able, listeners) {
  isAble = able;
  on = listeners;
  connect();
  setInterval(beat, BEAT_INTERVAL_MS);
  setInterval(checkSilence, 1_000);
  document.addEventListener("visibilitychange", beat);
}

/** This page's id at the server; null while it is not connected. */
export function pageId() {
  return desk;
}

/** The state of the connection. */
export function state() {
  return { unheardSince, takenAsDesk, refused, signedOut, opened: desk !== null };
}

/**
 * Sends a room an order, or reports to it that a call was received. Resolves to null for success, otherwise to the
 * reason for the failure, which is empty if there was no answer.
 * @param {string} room
 * @param {string} path
 * @param {object} body
 * @returns {Promise<string | null>}
 */
export async function send(room, path, body = {}) {
  try {
    const answer = await post(several ? `/api/rooms/${room}/${path}` : `/api/${path}`, body);
    if (answer.ok) return null;
    if (answer.status === 401) onSignedOut();
    return String((await answer.json()).error ?? answer.status);
  } catch {
    return "";
  }
}

/**
 * Confirms that this page no longer shows what the patient shared. The request completes even if the page is being
 * left.
 */
export function forgotten(room = "") {
  if (desk) post(room ? `/api/rooms/${room}/forgotten` : "/api/forgotten", { desk }, true).catch(() => {});
}

/** Sends a heartbeat, which says whether this page is visible and its sound is on. */
export async function beat() {
  if (!desk) return;
  const name = desk;
  const able = isAble();
  try {
    const answer = await post("/api/beat", { desk: name, visible: document.visibilityState === "visible", sound: able });
    if (name !== desk) return;
    if (answer.status === 410) return connect();
    if (answer.status === 401) onSignedOut();
    // If the sound was turned on or off since the heartbeat was sent, its answer is outdated.
    if (able === isAble()) {
      takenAsDesk = answer.ok && able;
      refused = answer.status === 409;
    }
  } catch {
    takenAsDesk = false;
  }
  on.changed();
}

/** Signs out and goes to the sign-in page. */
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
    signal: within(several ? ROOM_ORDER_TIMEOUT_MS : ORDER_TIMEOUT_MS),
  });
}

function connect() {
  clearTimeout(reconnectTimer);
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
    attempts = 0;
    if (unheardSince) {
      unheardSince = null;
      on.changed();
    }
  });
  // The room's program ends, so what is shown is out of date until the room has restarted.
  stream.addEventListener("gone", () => {
    unheardSince ??= new Date();
    on.changed();
  });
  stream.addEventListener("error", reconnect);
}

function reconnect() {
  stream?.close();
  desk = null;
  takenAsDesk = false;
  clearTimeout(reconnectTimer);
  // The wait is randomised, because pages that lost a room at the same moment must not all reconnect at the same
  // moment.
  const wait = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(attempts, 6)) * (0.5 + Math.random());
  attempts += 1;
  reconnectTimer = setTimeout(connect, wait);
  checkSignIn();
  on.changed();
}

async function checkSignIn() {
  try {
    const answer = await fetch("/api/signed_in", { signal: within(4_000) });
    if (answer.status === 401) onSignedOut();
  } catch {
    // The server is unreachable; the stream notices this as well.
  }
}

function onSignedOut() {
  signedOut = true;
  takenAsDesk = false;
  unheardSince ??= new Date();
  on.changed();
}

function checkSilence() {
  if (performance.now() - heardAt < UNHEARD_AFTER_MS) return;
  if (!unheardSince) {
    unheardSince = new Date();
    on.changed();
  }
  // A stream that is open but silent for too long is replaced, as if it had closed.
  if (stream && stream.readyState !== EventSource.CLOSED && performance.now() - heardAt > 2 * UNHEARD_AFTER_MS) {
    heardAt = performance.now() - UNHEARD_AFTER_MS;
    reconnect();
  }
}
