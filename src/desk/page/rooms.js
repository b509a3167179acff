// Owns the overview of all rooms: one tile for each, always in the same place, and the choice of the open room. Does
// not own what an open room shows.

import { clockOf, clockTime, loudness, minutes, restWords, smallArc, stageWords, timeAt, timeOf } from "/board.js";
import { reasonGlyph, reasonWords } from "/call.js";
import { send } from "/link.js";
import { attempt, el, mark, show, the } from "/parts.js";
import { show as showPicture } from "/pictures.js";
import { named, say, sayWithin } from "/words.js";

/** Time for which the failure of an order is shown, in milliseconds. */
const PROBLEM_SHOWN_MS = 12_000;
/** Maximum number of rooms at which the tiles are large. */
const LARGE_MAX = 9;
/** Maximum number of rooms at which the tiles are of medium size. */
const MEDIUM_MAX = 16;

/** @typedef {{ node: HTMLElement, part: (name: string) => HTMLElement, arc: string, room: Room }} Tile */

/** @type {Map<string, Tile>} */
const tiles = new Map();
/** @type {(id: string | null) => void} */
let onOpen = () => {};

/**
 * Attaches the event handlers. `opened` is called with the id of the room that is opened, or with null if all rooms are
 * shown.
 * @param {(id: string | null) => void} opened
 */
export function tie(opened) {
  onOpen = opened;
  window.addEventListener("hashchange", () => onOpen(openedInAddress()));
  el("rooms-back").addEventListener("click", () => open(null));
  document.addEventListener("keydown", (event) => {
    const types = event.target instanceof Element && event.target.closest("input, select, textarea");
    if (event.key === "Escape" && openedInAddress() && !types) open(null);
  });
}

/** The id of the open room, or null. It is part of the URL, so that the browser's back button and a reload work. */
export function openedInAddress() {
  const id = location.hash.slice(1);
  return /^[a-z0-9-]{1,40}$/.test(id) ? id : null;
}

/**
 * Opens a room, or shows all rooms if `id` is null.
 * @param {string | null} id
 */
export function open(id) {
  if (id) location.hash = id;
  else if (location.hash) {
    history.pushState(null, "", location.pathname);
    onOpen(null);
  }
}

/**
 * Moves the keyboard's focus to a room's tile, or to the first tile if there is no such room.
 * @param {string | null} id
 */
export function focus(id) {
  const tile = tiles.get(id ?? "")?.part("open") ?? el("rooms-grid").querySelector(".tile-open");
  if (tile instanceof HTMLElement) tile.focus({ preventScroll: true });
}

/**
 * Shows a room's tile.
 * @param {Room} room
 */
export function draw(room) {
  const tile = tiles.get(room.id) ?? made(room);
  tile.room = room;
  place();
  drawTile(tile);
}

/**
 * @param {Room} room
 * @returns {Tile}
 */
function made(room) {
  const node = /** @type {HTMLElement} */ (the(HTMLTemplateElement, "tile").content.firstElementChild?.cloneNode(true));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (node.querySelector(`.tile-${name}`));
  const tile = { node, part, arc: "", room };
  node.id = `tile-${room.id}`;
  part("open").addEventListener("click", () => open(room.id));
  part("calm").addEventListener("click", () => calm(tile));
  sayWithin(node);
  tiles.set(room.id, tile);
  return tile;
}

/**
 * Calms a room at once, or undoes that.
 * @param {Tile} tile
 */
async function calm(tile) {
  const { part, room } = tile;
  const why = await send(room.id, "calm", { on: !room.view?.calm });
  const problem = part("problem");
  problem.textContent = why === null ? "" : why ? say("order_failed", { why }) : say("order_unheard");
  if (why !== null) setTimeout(() => problem.replaceChildren(), PROBLEM_SHOWN_MS);
}

/**
 * Sorts the tiles by the rooms' names, with numbers in numerical order, so that a tile is always found in the same
 * place.
 */
function place() {
  const compared = (/** @type {Tile} */ a, /** @type {Tile} */ b) => a.room.name.localeCompare(b.room.name, undefined, { numeric: true }) || (a.room.id < b.room.id ? -1 : 1);
  const sorted = [...tiles.values()].sort(compared).map((tile) => tile.node);
  const grid = el("rooms-grid");
  if (sorted.some((node, index) => grid.children[index] !== node)) grid.replaceChildren(...sorted);
  grid.dataset.size = sorted.length > MEDIUM_MAX ? "small" : sorted.length > LARGE_MAX ? "medium" : "large";
}

/** Redraws what changes with time; called every 500 ms and after each change. */
export function tick() {
  for (const tile of tiles.values()) attempt(`tile of ${tile.room.id}`, () => drawTile(tile), tile.room.id);
}

/** @param {Tile} tile */
function drawTile(tile) {
  const { node, part, room } = tile;
  const { view, call } = room;
  const set = (/** @type {string} */ name, /** @type {string} */ words) => {
    const at = part(name);
    if (at.textContent !== words) at.textContent = words;
  };
  mark(node, "data-state", stateOf(room));
  set("name", room.name);
  // What matters most is drawn first, because drawing something else may fail.
  set("call", call ? callWords(call) : "");
  show(part("reason"), Boolean(call?.reason));
  set("why", call?.reason ? reasonWords(call.reason) : "");
  mark(part("glyph"), "href", reasonGlyph(call?.reason ?? null));
  const clock = clockOf(view, room.viewAt);
  set("stage", view ? stageWords(view, clock) : say(room.lost ? "tile_never" : "tile_waits"));
  mark(part("open"), "aria-label", [room.name, part("call").textContent, part("why").textContent, part("stage").textContent].filter(Boolean).join(", "));
  set("clock", view?.session ? minutes(clock ?? 0) : "");
  set("lost", room.lost ? say("tile_lost", { time: clockTime(new Date(Date.now() - (performance.now() - room.viewAt))) }) : "");
  show(part("lost"), room.lost && Boolean(view));
  const troubles = room.lost ? 0 : room.troubles.length;
  set("troubles", troubles ? say(troubles === 1 ? "tile_trouble" : "tile_troubles", { count: troubles }) : "");
  set("words", view && !view.session && !room.lost ? wipedWords(view) : "");
  show(part("facts"), Boolean(view));
  show(part("arc"), Boolean(view?.session));
  show(part("calm"), Boolean(view?.in_visit) && !room.lost);
  if (!view) return;
  mark(part("calm"), "aria-pressed", String(Boolean(view.calm)));
  showPicture(part("picture"), view.place, timeAt(view.profile, view.offers?.profiles ?? []), view.dark);
  set("shared", view.shared && !room.lost ? say("tile_shared") : "");
  set("place", named("place", view.place));
  const loud = view.volume_db === null ? "" : loudness(view.volume_db, view.offers?.cap_db ?? 0);
  set("volume", view.silence ? say("tile_silence") : loud);
  set("light", view.dark ? say("light_dark") : "");
  show(part("light"), view.dark);
  set("desk", view.session?.paused ? say("tile_paused") : "");
  show(part("desk"), Boolean(view.session?.paused));
  if (!view.session) return;
  const { line, hill, share, top } = smallArc(view.session, clock);
  if (tile.arc !== line) {
    tile.arc = line;
    for (const path of node.querySelectorAll("[data-arc=line]")) path.setAttribute("d", line);
    for (const path of node.querySelectorAll("[data-arc=hill]")) path.setAttribute("d", hill);
  }
  part("done").style.clipPath = `inset(0 ${100 - share * 100}% 0 0)`;
  const dot = part("dot");
  dot.style.left = `${share * 100}%`;
  dot.style.top = `${top * 100}%`;
}

/**
 * What is happening in a room without a session. A room that is ready shows the result of its last wipe.
 * @param {ShownRoom} view
 */
function wipedWords(view) {
  const { receipt } = view;
  if (view.stage !== "ready" || !receipt) return restWords(view);
  return say(receipt.verified ? "tile_wiped" : "tile_not_wiped", { time: timeOf(receipt.at) });
}

/**
 * Returns the state that determines a tile's colour. If there are several, the most urgent one counts.
 * @param {Room} room
 */
function stateOf({ call, lost, view, troubles, left }) {
  if (call && !call.practice && (["placed", "sent", "received"].includes(call.phase) || call.risen)) return "calls";
  if (lost || left.length) return "lost";
  if (call) return call.practice ? "practice" : "answered";
  if (view?.stage === "blocked" || troubles.length) return "trouble";
  return view?.in_visit ? "visit" : "quiet";
}

/** @param {Call} call */
function callWords(call) {
  if (call.practice) return say("practice");
  const name = call.name || say("someone");
  if (call.phase === "here") return say("tile_here", { name });
  if (call.phase === "on_the_way") return say("tile_coming", { name });
  return say("tile_calls");
}
