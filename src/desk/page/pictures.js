// Owns the pictures of places on the page: which are loaded, one after another and never while a call is open, and what
// stands in for one that is missing. Does not own where a picture is shown.

import { within } from "/parts.js";

const LOAD_TIMEOUT_MS = 20_000;
const RETRY_AFTER_MS = 15_000;
/** The time of day shown if the desk does not have the one that the room sent. */
const USUAL_TIME = "dusk";
/** A picture is drawn at least this wide, since its element may still be hidden. */
const WIDTH_MIN_PX = 320;

/** The address of each place's picture, by place and time of day. @type {Map<string, Map<string, string>>} */
let addresses = new Map();
/** The pictures that elements wait for, in order. @type {Set<string>} */
const wanted = new Set();
/** @type {Map<string, ImageBitmap>} */
const loaded = new Map();
/** Those that the desk does not have. @type {Set<string>} */
const missing = new Set();
/** @type {AbortController | null} */
let loading = null;
let isHeld = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retryTimer;

/**
 * Sets the addresses of the desk's pictures.
 * @param {Record<string, Record<string, string>> | undefined} said
 */
export function prepare(said) {
  addresses = new Map(Object.entries(said ?? {}).map(([place, times]) => [place, new Map(Object.entries(times))]));
  missing.clear();
}

/**
 * Shows a place in an element: its picture once that is loaded, or a drawing if it is dark or has none.
 * @param {HTMLElement} node
 * @param {string} place
 * @param {string | undefined} time
 */
export function show(node, place, time, isDark = false) {
  const face = isDark ? "dark" : place;
  const times = addresses.get(face);
  const address = times?.get(time ?? "") ?? times?.get(USUAL_TIME) ?? "";
  const kind = address ? "still" : face === "dark" ? "dark" : "none";
  if (node.dataset.face === kind && node.dataset.address === address) return;
  node.dataset.face = kind;
  node.dataset.address = address;
  node.replaceChildren();
  const picture = loaded.get(address);
  if (picture) put(node, picture);
  else if (address && !missing.has(address)) wanted.add(address);
  loadNext();
}

/**
 * While a call is open, no picture is loaded, so that none delays a message about the call.
 * @param {boolean} on
 */
export function hold(on) {
  if (on === isHeld) return;
  isHeld = on;
  if (on) loading?.abort();
  else loadNext();
}

// One at a time: a browser opens only a few connections to one server, and pictures may never use up those for calls.
async function loadNext() {
  const [address] = wanted;
  if (isHeld || loading || !address) return;
  clearTimeout(retryTimer);
  const run = new AbortController();
  loading = run;
  within(LOAD_TIMEOUT_MS).addEventListener("abort", () => run.abort());
  // One that fails is tried again, after the others.
  wanted.delete(address);
  let isFailed = false;
  try {
    const answer = await fetch(address, /** @type {any} */ ({ signal: run.signal, priority: "low" }));
    if (answer.ok) loaded.set(address, await createImageBitmap(await answer.blob()));
    else missing.add(address);
  } catch {
    wanted.add(address);
    isFailed = true;
  }
  loading = null;
  const picture = loaded.get(address);
  if (picture) putAll(address, picture);
  if (isFailed && !isHeld) retryTimer = setTimeout(loadNext, RETRY_AFTER_MS);
  else loadNext();
}

/**
 * @param {string} address
 * @param {ImageBitmap} picture
 */
function putAll(address, picture) {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-address]"))) {
    if (node.dataset.address === address) put(node, picture);
  }
}

/**
 * Draws a loaded picture. An image element would ask the server again.
 * @param {HTMLElement} node
 * @param {ImageBitmap} picture
 */
function put(node, picture) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(picture.width, Math.max(WIDTH_MIN_PX, Math.ceil(node.clientWidth * devicePixelRatio)));
  canvas.height = Math.round((canvas.width * picture.height) / picture.width);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  node.replaceChildren(canvas);
}
