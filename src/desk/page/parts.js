// Owns the page's elements, and what fails on the page itself: that is shown, and stops nothing else. Does not own what
// stands in the elements.

import { say } from "/words.js";

/** @typedef {{ room: string | null, words: string }} Fault */

const WORDS_MAX = 160;

/** What failed and has not gone well since, by its name. @type {Map<string, Fault>} */
const faults = new Map();
let onFault = () => {};

/**
 * The element of that name.
 * @param {string} id
 */
export function el(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`this page has no element "${id}"`);
  return found;
}

/**
 * The same, where it is of a kind of its own.
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
 * Writes words where they differ, so that a reader of the screen hears only changes. Into a node, or that of a name.
 * @param {string | Element} at
 * @param {string} words
 */
export function write(at, words) {
  const node = typeof at === "string" ? el(at) : at;
  if (node.textContent !== words) node.textContent = words;
}

/**
 * Shows or hides.
 * @param {HTMLElement} node
 * @param {boolean} on
 */
export function show(node, on) {
  if (node.hidden === on) node.hidden = !on;
}

/**
 * What gives a request up that is not answered for so long.
 * @param {number} ms
 * @returns {AbortSignal}
 */
export function within(ms) {
  // The type check is older than this.
  return /** @type {any} */ (AbortSignal).timeout(ms);
}

/**
 * Does one thing. If it fails, that is noted under `what` until it goes well again, and nothing else stops. Where it is
 * about one room, it counts as that room's trouble. Answers whether it went well.
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
 * Whether something of that room could not be drawn.
 * @param {string} room
 */
export function failsFor(room) {
  return [...faults.values()].some((fault) => fault.room === room);
}

/**
 * Follows what fails anywhere on the page; `tell` hears of each new fault.
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

// Without any part of the page that may be the one that fails.
function showFaults() {
  const fault = [...faults].find(([, { room }]) => room === null);
  const line = document.getElementById("page-fault");
  if (!line) return;
  line.hidden = !fault;
  if (fault) write(line, say("page_fault", { why: `${fault[0]}: ${fault[1].words}` }));
}
