// Owns what staff is to know: what is wrong with a room or with a line, whether somebody has said that they know, and
// how its sound is to be heard. Does not own the calls.

import { order } from "/link.js";
import { has, say } from "/words.js";
import { el } from "/board.js";

// Something that cuts a room off is told on and on; once somebody knows, only now and then.
const TOLD_EVERY_MS = 5_000;
const KNOWN_TOLD_EVERY_MS = 120_000;

let before = new Set();
let drawn = "";
const known = new Set();

/** A trouble of a room: its key for the words, which room, and whether it cuts the room off. */
export const trouble = (name, room = null, cutsOff = false) => ({ key: `${room?.id ?? ""} ${name}`, name, room, cutsOff });

/** A call that its room no longer knows of. */
export const leftCall = (call, room) => ({ key: `${room.id} left ${call}`, name: "left", call, room, cutsOff: true });

/** Whether somebody said that they know. */
export const isKnown = (key) => known.has(key);

/** Somebody knows. */
export function know(key) {
  known.add(key);
}

/** Shows all troubles; `cutOff` are the keys of those that are shown elsewhere. Answers whether one is new, and how
 *  often their sound is to be heard, in milliseconds (0: not at all). */
export function draw(troubles, cutOff = []) {
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

function item(one) {
  const node = document.createElement("li");
  node.dataset.trouble = one.name;
  const words = document.createElement("span");
  words.textContent = has(`trouble_${one.name}`) ? say(`trouble_${one.name}`) : say("trouble_other", { name: one.name });
  if (one.room?.id) {
    const room = document.createElement("strong");
    room.textContent = one.room.name;
    node.dataset.room = one.room.id;
    node.append(room);
  }
  node.append(words);
  if (one.cutsOff && one.name === "left") node.append(button("looked", () => order(one.room.id, "looked", { call: one.call })));
  else if (one.cutsOff && !known.has(one.key)) node.append(button("know", () => know(one.key)));
  return node;
}

function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = say(words);
  made.addEventListener("click", act);
  return made;
}
