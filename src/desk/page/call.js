// Owns the calls on the page, one panel for each calling room: its text, its buttons, and the confirmation to the room
// that the call was drawn. Does not own the sounds or the rooms.

import { minutes } from "/board.js";
import { pageId, send } from "/link.js";
import { attempt, el, mark, show, write } from "/parts.js";
import { named, say, sayWithin } from "/words.js";

// Time for which clicks are ignored after a panel has moved, in milliseconds. They may have been meant for another
// panel.
const SETTLES_MS = 400;

/** @typedef {Pick<Room, "id" | "name" | "call" | "callAt" | "lost">} Calling */

/** The calls on the page, by room. @type {Map<string, Panel>} */
const panels = new Map();
/** @type {HTMLElement | null} */
let template = null;
/** @type {Panel | null} */
let theOne = null;
/** @type {string[]} */
let clinicians = [];
let able = () => false;
/** @type {(id: string) => void} */
let open = () => {};
let settledAt = 0;
/** @type {string[]} */
let pressesBefore = [];

/**
 * Sets the names of the clinicians, the function that says whether this page can receive calls, and the function that
 * opens a room. `openRoom` is null at the desk of one room.
 * @param {string[]} names
 * @param {() => boolean} isAble
 * @param {((id: string) => void) | null} openRoom
 */
export function prepare(names, isAble, openRoom) {
  clinicians = names;
  able = isAble;
  open = openRoom ?? open;
  template ??= el("call");
  if (openRoom) template.remove();
  else theOne ??= new Panel("", template);
}

/**
 * Shows a room's call. If the room has none, removes its panel.
 * @param {Calling} room
 */
export function draw(room) {
  const panel = panels.get(room.id);
  if (!room.call) {
    if (!panel) return;
    panels.delete(room.id);
    if (panel === theOne) {
      panel.rest();
      return;
    }
    panel.node.remove();
    settle();
    return;
  }
  const drawn = panel ?? theOne ?? new Panel(room.id, template ?? el("call"));
  drawn.take(room, room.call);
  panels.set(room.id, drawn);
  drawn.draw();
  if (drawn !== theOne) settle();
}

/** Sorts the panels: the oldest call first, practice calls last. Answering a call never moves a panel. */
function settle() {
  const box = el("calls");
  const sorted = [...panels.values()].sort(urgentFirst);
  const before = [...box.children];
  sorted.forEach((panel, index) => {
    if (box.children[index] === panel.node) return;
    box.insertBefore(panel.node, box.children[index] ?? null);
  });
  if (before.some((node, index) => node.isConnected && box.children[index] !== node)) settledAt = performance.now() + SETTLES_MS;
  box.classList.toggle("several", sorted.length > 1);
  box.classList.toggle("many", sorted.length > 3);
}

/**
 * @param {Panel} a
 * @param {Panel} b
 */
function urgentFirst(a, b) {
  return Number(a.isPractice()) - Number(b.isPractice()) || b.age("placed_ago_ms") - a.age("placed_ago_ms");
}

/** The sound to play for the open calls, or null. */
export function soundNow() {
  const sounds = [...panels.values()].map((panel) => panel.soundNow());
  return ["risen", "call", "practice"].find((sound) => sounds.includes(sound)) ?? null;
}

/** Says on each panel that its state is the last one known, because the page is not connected to the rooms. */
export function sayStale() {
  for (const panel of panels.values()) panel.sayStale();
}

/**
 * Returns whether a call was placed or began to ring again since the last check. The sound then starts from the
 * beginning.
 */
export function isPressedAnew() {
  const now = [...panels.values()].map(({ call }) => `${call?.id} ${call?.presses}`);
  const isNew = now.some((press) => !pressesBefore.includes(press));
  pressesBefore = now;
  return isNew;
}

/** Whether any call waits for an answer. */
export function isAnyWaiting() {
  return [...panels.values()].some((panel) => panel.rings());
}

/** The page's title while somebody still has to come to a patient who called; null if there is no such call. */
export function titleWords() {
  const waiting = [...panels.values()].filter(({ call }) => call && call.phase !== "here");
  const oldest = waiting.sort(urgentFirst)[0];
  if (!oldest) return null;
  const words = say("title_call", { room: oldest.name, age: minutes(oldest.age("placed_ago_ms")) });
  return waiting.length > 1 ? `(${waiting.length}) ${words}` : words;
}

/**
 * Redraws ages, and confirms calls that have not been confirmed yet; called every 500 ms and after each change.
 * @param {string | null} openedRoom
 */
export function tick(openedRoom) {
  for (const panel of panels.values()) attempt(`call of ${panel.id}`, () => panel.tick(openedRoom), panel.id);
}

/**
 * The reason for a call, in words.
 * @param {string} reason
 */
export function reasonWords(reason) {
  return named("reason", reason);
}

/**
 * The reference (`#id`) of the drawing for a reason, or of a general drawing if there is no reason.
 * @param {string | null} reason
 */
export function reasonGlyph(reason) {
  return document.getElementById(`glyph-${reason}`) ? `#glyph-${reason}` : "#glyph-call";
}

class Panel {
  /**
   * @param {string} id
   * @param {HTMLElement} pattern
   */
  constructor(id, pattern) {
    this.id = id;
    /** @type {Call | null} */
    this.call = null;
    this.at = 0;
    this.name = "";
    this.isLost = false;
    this.receivedFor = "";
    this.drawing = false;
    this.isWhole = false;
    this.node = id ? /** @type {HTMLElement} */ (pattern.cloneNode(true)) : pattern;
    /** @type {Map<string, HTMLElement>} */
    this.parts = new Map();
    for (const part of /** @type {HTMLElement[]} */ ([this.node, ...this.node.querySelectorAll("[id]")])) {
      this.parts.set(part.id, part);
      if (id) part.id = `${part.id}-${id}`;
    }
    if (id) {
      this.node.setAttribute("aria-labelledby", this.part("call-title").id);
      this.node.querySelector("label")?.setAttribute("for", this.part("coming-name").id);
    }
    this.tie();
  }

  /** @param {string} name */
  part(name) {
    const part = this.parts.get(name);
    if (!part) throw new Error(`a call has no part "${name}"`);
    return part;
  }

  tie() {
    const click = (/** @type {HTMLElement} */ part, /** @type {() => void} */ act) => part.addEventListener("click", () => performance.now() >= settledAt && act());
    const group = this.part("coming");
    group.setAttribute("aria-label", say("coming"));
    const field = /** @type {HTMLInputElement} */ (this.part("coming-name"));
    // Without a list of names, there is one button, and a name may be typed beside it. If it is left out, the patient
    // reads that their clinician is coming.
    group.replaceChildren(
      ...(clinicians.length ? clinicians : [""]).map((name, index) => {
        const button = document.createElement("button");
        const who = document.createElement("span");
        button.type = "button";
        button.id = this.id ? `coming-${index}-${this.id}` : `coming-${index}`;
        button.dataset.name = name;
        button.append(say("coming"));
        if (name) button.append(who);
        who.textContent = name;
        click(button, () => this.come(name || field.value.trim()));
        return button;
      }),
    );
    show(/** @type {HTMLElement} */ (this.node.querySelector(".coming-free button")), clinicians.length > 0);
    field.placeholder = say(clinicians.length ? "other_name" : "own_name");
    this.part("coming-free").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = field.value.trim();
      if (name) this.come(name);
      else field.focus();
    });
    const here = this.part("call-here");
    const words = document.createElement("span");
    words.textContent = say("here_words");
    here.replaceChildren(say("here"), words);
    click(here, () => this.tell("call/here", {}));
    this.part("call-open").addEventListener("click", () => open(this.id));
    sayWithin(this.node);
  }

  /** @param {string} name */
  come(name) {
    return this.tell("call/coming", { name });
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  async tell(path, body) {
    if (!this.call) return;
    const why = await send(this.id, path, { call: this.call.id, ...body });
    write(this.part("call-problem"), why === null ? "" : why ? say("order_failed", { why }) : say("order_unheard"));
  }

  /**
   * Stores the call's state, so that the call's sound can start before the panel is drawn.
   * @param {Calling} room
   * @param {Call} call
   */
  take(room, call) {
    if (this.call?.id !== call.id) {
      this.receivedFor = "";
      write(this.part("call-problem"), "");
    }
    this.isWhole = false;
    this.call = call;
    this.at = room.callAt;
    this.name = room.name;
    this.isLost = room.lost;
  }

  draw() {
    const { node, call } = this;
    if (!call) return;
    node.hidden = false;
    node.dataset.phase = call.phase;
    node.classList.toggle("rings", this.rings());
    node.classList.toggle("is-practice", call.practice);
    show(this.part("call-practice"), call.practice);
    write(this.part("call-title"), this.title(call));
    this.drawReason(call);
    write(this.part("call-state"), this.isLost ? say("last_heard") : this.state(call));
    write(this.part("call-more"), this.more(call));
    show(this.part("call-here"), call.phase !== "here");
    for (const button of /** @type {HTMLElement[]} */ ([...this.part("coming").children])) {
      button.classList.toggle("is-coming", call.phase === "on_the_way" && (button.dataset.name === call.name || !button.dataset.name));
    }
    const answers = /** @type {HTMLElement} */ (node.querySelector(".call-answers"));
    show(answers, call.phase !== "here");
    this.isWhole = true;
  }

  /**
   * Shows why the patient called. The line is there even before the patient gives a reason, so that no button moves
   * under a finger when the reason arrives.
   * @param {Call} call
   */
  drawReason({ reason, practice, phase }) {
    show(this.part("call-reason"), Boolean(reason) || (!practice && phase !== "here"));
    this.part("call-reason").classList.toggle("is-said", Boolean(reason));
    write(this.part("call-reason-words"), reason ? reasonWords(reason) : say("reason_none"));
    mark(this.part("call-glyph"), "href", reasonGlyph(reason));
  }

  rest() {
    this.call = null;
    this.node.hidden = true;
    write(this.part("call-problem"), "");
  }

  sayStale() {
    write(this.part("call-state"), say("last_heard"));
  }

  isPractice() {
    return Boolean(this.call?.practice);
  }

  soundNow() {
    if (!this.call || !this.rings()) return null;
    if (this.call.practice) return "practice";
    return this.call.risen || this.age("phase_ago_ms") > 30_000 ? "risen" : "call";
  }

  /** @param {string | null} openedRoom */
  tick(openedRoom) {
    // This comes first, so that the room learns that its call was drawn even if something below fails.
    this.tellReceived();
    write(this.part("call-age"), minutes(this.age("placed_ago_ms")));
    show(this.part("call-open"), Boolean(this.id) && openedRoom !== this.id);
  }

  /** Confirms to the room that this call is visible and audible on this page, unless the room already knows. */
  async tellReceived() {
    // A call that was not drawn completely does not count as received.
    if (this.drawing || !this.call || !this.isWhole) return;
    if (!able()) {
      // Once the page is visible and audible again, it has to confirm the call again.
      this.receivedFor = "";
      return;
    }
    const name = pageId();
    const { id } = this.call;
    const key = `${id} ${name}`;
    if (!name || (this.receivedFor === key && !["placed", "sent"].includes(this.call.phase))) return;
    this.drawing = true;
    try {
      // A call outside the visible part of the page has not been seen, so the page scrolls to it.
      if (!this.isInView()) this.node.scrollIntoView({ block: "nearest" });
      const isPainted = await painted();
      if (isPainted && this.isInView() && this.call?.id === id && able() && name === pageId()) {
        const problem = await send(this.id, "call/received", { call: id, desk: name });
        if (problem === null) this.receivedFor = key;
      }
    } finally {
      this.drawing = false;
    }
  }

  isInView() {
    const words = this.part("call-title").getBoundingClientRect();
    return !this.node.hidden && this.node.isConnected && words.height > 0 && words.top >= 0 && words.bottom <= window.innerHeight;
  }

  /** @param {"placed_ago_ms" | "phase_ago_ms"} field */
  age(field) {
    return this.call ? this.call[field] + (performance.now() - this.at) : 0;
  }

  rings() {
    const { call } = this;
    return call !== null && call.phase !== "here" && (call.phase !== "on_the_way" || call.risen);
  }

  /** @param {Call} call */
  title(call) {
    const name = call.name || say("someone");
    // With several rooms on the page, each sentence has to name the room.
    const key = call.phase === "here" ? "is_here" : call.phase === "on_the_way" ? "on_the_way" : null;
    if (key) return say(this.id ? `${key}_room` : key, { name, room: this.name });
    return say(call.practice ? "calling_practice" : "calling", { room: this.name });
  }

  /** @param {Call} call */
  state(call) {
    if (call.line_down_told && ["placed", "sent"].includes(call.phase)) return say("reads_line_down");
    if (call.phase === "on_the_way" && call.name) return say("reads_coming_named", { name: call.name });
    if (call.phase === "on_the_way") return say("reads_coming");
    if (call.phase === "here") return say("reads_here");
    return say(call.phase === "received" ? "reads_received" : "reads_placed");
  }

  /** @param {Call} call */
  more(call) {
    const words = [];
    if (call.phase === "on_the_way" && call.risen) words.push(say("rings_again"));
    if (call.escalated) words.push(say("escalated"));
    else if (call.phase === "received" && call.risen) words.push(say("has_risen"));
    if (call.presses > 1) words.push(say("rang_again", { presses: call.presses }));
    return words.join(" ");
  }
}

/**
 * Waits for two frames: the second begins only after the first, with the call in it, was painted. Resolves to false if
 * that takes more than a second.
 * @returns {Promise<boolean>}
 */
function painted() {
  return new Promise((done) => {
    const giveUp = setTimeout(() => done(false), 1_000);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        clearTimeout(giveUp);
        done(true);
      }),
    );
  });
}
