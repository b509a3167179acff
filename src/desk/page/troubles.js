// Owns what staff is to know: what is wrong with a room or with a line, whether somebody has said that they know, and
// how its sound is to be heard. Does not own the calls.

import { order } from "/link.js";
import { el } from "/parts.js";
import { has, say } from "/words.js";

// Something that cuts a room off is told on and on; once somebody knows, only now and then.
const TOLD_EVERY_MS = 5_000;
const KNOWN_TOLD_EVERY_MS = 120_000;

/** @type {Set<string>} */
let before = new Set();
let drawn = "";
/** @type {Set<string>} */
const known = new Set();

/**
 * A trouble of a room, or of the page where there is none: its key for the words, and whether it cuts the room off.
 * @param {string} name
 * @param {Room | null} room
 * @returns {Trouble}
 */
export const trouble = (name, room = null, cutsOff = false) => ({ key: `${room?.id ?? ""} ${name}`, name, room, cutsOff });

/**
 * A call that its room no longer knows of.
 * @param {string} call
 * @param {Room} room
 * @returns {Trouble}
 */
export const leftCall = (call, room) => ({ key: `${room.id} left ${call}`, name: "left", call, room, cutsOff: true });

/**
 * Rooms for which this desk has no place. Another one is another trouble.
 * @param {BrokerLine["left_out"]} leftOut
 * @param {number} shown
 * @returns {Trouble}
 */
export function roomsLeftOut({ count, rooms }, shown) {
  const names = [...rooms, ...(count > rooms.length ? [say("and_more", { count: count - rooms.length })] : [])].join(", ");
  return { key: ` rooms-left-out ${names}`, name: "rooms-left-out", room: null, cutsOff: true, fill: { all: shown + count, shown, names } };
}

/**
 * Whether somebody said that they know.
 * @param {string} key
 */
export const isKnown = (key) => known.has(key);

/**
 * Somebody knows.
 * @param {string} key
 */
export function know(key) {
  known.add(key);
}

/**
 * Shows all troubles; `cutOff` are the keys of those that are shown elsewhere. Answers whether one is new, and how often
 * their sound is to be heard, in milliseconds (0: not at all).
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
  if (room && call) node.append(button("looked", () => order(room.id, "looked", { call })));
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
