// Owns the pictures of places on the page: their loading, one after another and never while a call waits for an answer,
// and what is shown instead of a missing picture. Does not own where a picture is shown.

import { within } from "/parts.js";

const LOAD_TIMEOUT_MS = 20_000;
const RETRY_AFTER_MS = 15_000;
/** The time of day at which a place is shown if the desk has no picture of it at the room's time of day. */
const USUAL_TIME = "dusk";
/**
 * The point of every picture that stays in view if an element shows only part of the picture, as shares of its width
 * from the left and its height from the top, 0 to 1. It is where the light of the place is.
 */
const FOCUS = [0.64, 0.5];

/** The address of each place's picture, by place and time of day. @type {Map<string, Map<string, string>>} */
let addresses = new Map();
/** The addresses of the pictures that elements wait for, in order. @type {Set<string>} */
const wanted = new Set();
/** @type {Map<string, ImageBitmap>} */
const loaded = new Map();
/** The addresses of the pictures that the desk does not have. @type {Set<string>} */
const missing = new Set();
/** @type {AbortController | null} */
let loading = null;
let isHeld = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retryTimer;
/** Draws an element's picture again when the element becomes visible or changes its size. */
const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) if (target instanceof HTMLElement) put(target);
});

/**
 * Sets the addresses of the desk's pictures.
 * @param {Record<string, Record<string, string>> | undefined} said
 */
export function prepare(said) {
  addresses = new Map(Object.entries(said ?? {}).map(([place, times]) => [place, new Map(Object.entries(times))]));
  missing.clear();
}

/**
 * Shows a place in an element: its picture once it is loaded, or a symbol if the screen is dark or there is no picture.
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
  if (address && !loaded.has(address) && !missing.has(address)) wanted.add(address);
  sizes.observe(node);
  put(node);
  loadNext();
}

/**
 * Stops or resumes the loading of pictures. While a call waits for an answer, no picture is loaded, so that none delays
 * a message about the call.
 * @param {boolean} on
 */
export function hold(on) {
  if (on === isHeld) return;
  isHeld = on;
  if (on) loading?.abort();
  else loadNext();
}

// Pictures are loaded one at a time, because a browser opens only a few connections to one server, and pictures must
// never use up those for calls.
async function loadNext() {
  const [address] = wanted;
  if (isHeld || loading || !address) return;
  clearTimeout(retryTimer);
  const run = new AbortController();
  loading = run;
  within(LOAD_TIMEOUT_MS).addEventListener("abort", () => run.abort());
  // A picture that fails to load is tried again after the others.
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
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-address]"))) {
    if (node.dataset.address === address) put(node);
  }
  if (isFailed && !isHeld) retryTimer = setTimeout(loadNext, RETRY_AFTER_MS);
  else loadNext();
}

/**
 * Draws an element's picture, if it is loaded, at exactly the size of the element, so that the browser need not scale
 * it with each paint. An image element is not used, because it would request the picture from the server again.
 * @param {HTMLElement} node
 */
function put(node) {
  const picture = loaded.get(node.dataset.address ?? "");
  const [width, height] = [node.clientWidth, node.clientHeight].map((length) => Math.round(length * devicePixelRatio));
  if (!picture || !width || !height) return;
  const before = node.querySelector("canvas");
  if (before && before.width === width && before.height === height) return;
  const canvas = before ?? document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const scale = Math.min(picture.width / width, picture.height / height);
  const [x, y] = [(picture.width - width * scale) * FOCUS[0], (picture.height - height * scale) * FOCUS[1]];
  canvas.getContext("2d")?.drawImage(picture, x, y, width * scale, height * scale, 0, 0, width, height);
  if (!before) node.append(canvas);
}
