// Owns access to the page's elements, and the faults of the page's own code. A fault is shown, and does not stop the
// rest of the page. Does not own the elements' content.

import { say } from "/words.js";

/** @typedef {{ room: string | null, words: string }} Fault */

const WORDS_MAX = 160;

/** What failed and has not succeeded since, by name. @type {Map<string, Fault>} */
const faults = new Map();
let onFault = () => {};

/**
 * The element with an id.
 * @param {string} id
 */
export function el(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`this page has no element "${id}"`);
  return found;
}

/**
 * The element with an id, checked to be of a certain class.
 * @template {HTMLElement} T
 * @param {new () => T} kind
 * @param {string} id
 * @returns {T}
 */
export function the(kind, id) {
  const found = el(id);
  if (!(found instanceof kind)) throw new Error(`the element "${id}" of this page is of another kind`);
  return found;
}

/**
 * Sets an element's text if it differs, so that a screen reader announces changes only.
 * @param {string | Element} at
 * @param {string} words
 */
export function write(at, words) {
  const node = typeof at === "string" ? el(at) : at;
  if (node.textContent !== words) node.textContent = words;
}

/**
 * Sets an element's attribute if it differs, because a browser styles and paints the element again even if the value is
 * the same.
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Shows or hides an element.
 * @param {HTMLElement} node
 * @param {boolean} on
 */
export function show(node, on) {
  if (node.hidden === on) node.hidden = !on;
}

/**
 * Returns a signal that aborts a request after a time, in milliseconds.
 * @param {number} ms
 * @returns {AbortSignal}
 */
export function within(ms) {
  // The type checker's DOM library does not know this method yet.
  return /** @type {any} */ (AbortSignal).timeout(ms);
}

/**
 * Runs `act`. If it throws, the exception is recorded under `what` until `act` succeeds, and the page continues. With a
 * `room`, the fault counts as that room's trouble. Returns whether `act` succeeded.
 * @param {string} what
 * @param {() => void} act
 * @param {string | null} room
 */
export function attempt(what, act, room = null) {
  try {
    act();
    if (faults.delete(what)) showFaults();
    return true;
  } catch (fault) {
    note(what, fault, room);
    return false;
  }
}

/**
 * Whether any part of a room could not be drawn.
 * @param {string} room
 */
export function failsFor(room) {
  return [...faults.values()].some((fault) => fault.room === room);
}

/**
 * Records uncaught exceptions anywhere on the page. Calls `tell` for each new fault, whether it was uncaught or
 * recorded by `attempt`.
 * @param {() => void} tell
 */
export function watchFaults(tell) {
  onFault = tell;
  window.addEventListener("error", ({ error, message }) => note("page", error ?? message, null));
  window.addEventListener("unhandledrejection", ({ reason }) => note("page", reason, null));
}

/**
 * @param {string} what
 * @param {unknown} fault
 * @param {string | null} room
 */
function note(what, fault, room) {
  const words = String(fault instanceof Error ? fault.message : fault).slice(0, WORDS_MAX);
  if (faults.get(what)?.words === words) return;
  faults.set(what, { room, words });
  console.error(what, fault);
  showFaults();
  onFault();
}

// Uses as little of the page as possible, because any part of the page may be the one that fails.
function showFaults() {
  const fault = [...faults].find(([, { room }]) => room === null);
  const line = document.getElementById("page-fault");
  if (!line) return;
  line.hidden = !fault;
  if (fault) write(line, say("page_fault", { why: `${fault[0]}: ${fault[1].words}` }));
}
