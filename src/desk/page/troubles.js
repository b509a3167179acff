// Owns the list of troubles: what is wrong with a room or a connection, whether staff have acknowledged it, and how
// often its sound is repeated. Does not own the calls.

import { send } from "/link.js";
import { el } from "/parts.js";
import { has, say } from "/words.js";

// Interval between repetitions of the sound of a trouble that cuts a room off, until staff acknowledge the trouble, in
// milliseconds.
const TOLD_EVERY_MS = 5_000;
// Interval between these repetitions after staff have acknowledged the trouble, in milliseconds.
const KNOWN_TOLD_EVERY_MS = 120_000;

/** @type {Set<string>} */
let before = new Set();
let drawn = "";
/** @type {Set<string>} */
const known = new Set();

/**
 * A trouble of a room, or of the page if there is no room. `cutsOff` says whether it keeps calls from arriving.
 * @param {string} name
 * @param {Room | null} room
 * @returns {Trouble}
 */
export const trouble = (name, room = null, cutsOff = false) => ({ key: `${room?.id ?? ""} ${name}`, name, room, cutsOff });

/**
 * A call that its room lost in a restart.
 * @param {string} call
 * @param {Room} room
 * @returns {Trouble}
 */
export const leftCall = (call, room) => ({ key: `${room.id} left ${call}`, name: "left", call, room, cutsOff: true });

/**
 * The trouble that the broker has more rooms than this desk can show. It counts as a new trouble when the list changes.
 * @param {BrokerLine["left_out"]} leftOut
 * @param {number} shown
 * @returns {Trouble}
 */
export function roomsLeftOut({ count, rooms }, shown) {
  const names = [...rooms, ...(count > rooms.length ? [say("and_more", { count: count - rooms.length })] : [])].join(", ");
  return { key: ` rooms-left-out ${names}`, name: "rooms-left-out", room: null, cutsOff: true, fill: { all: shown + count, shown, names } };
}

/**
 * Whether staff have acknowledged the trouble with this key.
 * @param {string} key
 */
export const isKnown = (key) => known.has(key);

/**
 * Records that staff have acknowledged the trouble with this key.
 * @param {string} key
 */
export function know(key) {
  known.add(key);
}

/**
 * Shows all troubles. `cutOff` contains the keys of troubles that cut rooms off and are shown elsewhere on the page.
 * Returns whether any trouble is new, and the interval at which the sound of the troubles is repeated, in milliseconds;
 * 0 for never.
 * @param {Trouble[]} troubles
 * @param {string[]} cutOff
 */
export function draw(troubles, cutOff) {
  const lasting = [...troubles.filter((one) => one.cutsOff).map((one) => one.key), ...cutOff];
  for (const key of known) if (!lasting.includes(key)) known.delete(key);
  const now = new Set([...troubles.map((one) => one.key), ...cutOff]);
  const isNew = [...now].some((key) => !before.has(key));
  before = now;
  const picture = troubles.map((one) => `${one.key} ${one.room?.name} ${known.has(one.key)}`).join("\n");
  if (picture !== drawn) {
    drawn = picture;
    el("troubles").replaceChildren(...troubles.map(item));
  }
  const unknown = lasting.some((key) => !known.has(key));
  return { isNew, every_ms: unknown ? TOLD_EVERY_MS : lasting.length ? KNOWN_TOLD_EVERY_MS : 0 };
}

/** @param {Trouble} one */
function item(one) {
  const node = document.createElement("li");
  node.dataset.trouble = one.name;
  const words = document.createElement("span");
  const key = `trouble_${one.name}`;
  words.textContent = has(key) ? say(key, one.fill) : say("trouble_other", { name: one.name });
  if (one.room?.id) {
    const name = document.createElement("strong");
    name.textContent = one.room.name;
    node.dataset.room = one.room.id;
    node.append(name);
  }
  node.append(words);
  const { room, call } = one;
  if (room && call) node.append(button("looked", () => send(room.id, "looked", { call })));
  else if (one.cutsOff && !known.has(one.key)) node.append(button("know", () => know(one.key)));
  return node;
}

/**
 * @param {string} words
 * @param {() => void} act
 */
function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = say(words);
  made.addEventListener("click", act);
  return made;
}
