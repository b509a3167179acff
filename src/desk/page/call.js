// Owns the calls on the page, one panel for each room that calls: its words, its answers, and telling the room that it
// was really drawn. Does not own what is heard for it, nor the rooms.

import { deskName, order } from "/link.js";
import { say } from "/words.js";
import { el, minutes, show, write } from "/board.js";

// Whoever clicks in the moment in which a panel moved up may have meant another one.
const SETTLES_MS = 400;

const panels = new Map();
let template = null;
let theOne = null;
let clinicians = [];
let able = () => false;
let open = () => {};
let settledAt = 0;
let pressesBefore = [];

/** What does not change: who can come, whether this page can receive, and, where there are several rooms, how one is
 *  opened. */
export function prepare(names, isAble, openRoom) {
  clinicians = names;
  able = isAble;
  open = openRoom ?? open;
  template ??= el("call");
  if (openRoom) template.remove();
  else theOne ??= new Panel("");
}

/** Shows a room's call, or none. */
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
  const drawn = panel ?? theOne ?? new Panel(room.id);
  panels.set(room.id, drawn);
  drawn.draw(room);
  if (drawn !== theOne) settle();
}

/** The oldest call stands on top, rehearsals last: an answer never moves a panel. */
function settle() {
  const box = el("calls");
  const sorted = [...panels.values()].sort((a, b) => a.call.practice - b.call.practice || b.age("placed_ago_ms") - a.age("placed_ago_ms"));
  const before = [...box.children];
  sorted.forEach((panel, index) => {
    if (box.children[index] === panel.node) return;
    box.insertBefore(panel.node, box.children[index] ?? null);
  });
  if (before.some((node, index) => node.isConnected && box.children[index] !== node)) settledAt = performance.now() + SETTLES_MS;
  box.classList.toggle("several", sorted.length > 1);
  box.classList.toggle("many", sorted.length > 3);
}

/** What is to be heard for the calls now: a sound's name, or null. */
export function soundNow() {
  const sounds = [...panels.values()].map((panel) => panel.soundNow());
  return ["risen", "call", "practice"].find((sound) => sounds.includes(sound)) ?? null;
}

/** What the patients read is not known while nothing is heard. */
export function sayStale() {
  for (const panel of panels.values()) panel.sayStale();
}

/** Whether one was pressed since the last look: each press rings anew. */
export function isPressedAnew() {
  const now = [...panels.values()].map(({ call }) => `${call.id} ${call.presses}`);
  const isNew = now.some((press) => !pressesBefore.includes(press));
  pressesBefore = now;
  return isNew;
}

/** The page's title while a call waits, or null. */
export function titleWords() {
  const waiting = [...panels.values()].filter(({ call }) => call.phase !== "here");
  const oldest = waiting.sort((a, b) => a.call.practice - b.call.practice || b.age("placed_ago_ms") - a.age("placed_ago_ms"))[0];
  if (!oldest) return null;
  const words = say("title_call", { room: oldest.name, age: minutes(oldest.age("placed_ago_ms")) });
  return waiting.length > 1 ? `(${waiting.length}) ${words}` : words;
}

/** Several times a second: ages move on, and a call that was not told as drawn is told again. */
export function tick(openedRoom) {
  for (const panel of panels.values()) panel.tick(openedRoom);
}

class Panel {
  constructor(id) {
    this.id = id;
    this.drawnFor = "";
    this.drawing = false;
    this.node = id ? template.cloneNode(true) : template;
    this.parts = {};
    for (const part of [this.node, ...this.node.querySelectorAll("[id]")]) {
      this.parts[part.id] = part;
      if (id) part.id = `${part.id}-${id}`;
    }
    if (id) {
      this.node.setAttribute("aria-labelledby", this.parts["call-title"].id);
      this.node.querySelector("label").htmlFor = this.parts["coming-name"].id;
    }
    this.tie();
  }

  tie() {
    const { parts } = this;
    const click = (part, act) => part.addEventListener("click", () => performance.now() >= settledAt && act());
    const group = parts.coming;
    group.setAttribute("aria-label", say("coming"));
    group.replaceChildren(
      ...clinicians.map((name, index) => {
        const button = document.createElement("button");
        const who = document.createElement("span");
        button.type = "button";
        button.id = this.id ? `coming-${index}-${this.id}` : `coming-${index}`;
        button.dataset.name = name;
        button.append(say("coming"), who);
        who.textContent = name;
        click(button, () => this.come(name));
        return button;
      }),
    );
    parts["coming-name"].placeholder = say("other_name");
    parts["coming-free"].addEventListener("submit", (event) => {
      event.preventDefault();
      const name = parts["coming-name"].value.trim();
      if (name) this.come(name);
      else parts["coming-name"].focus();
    });
    const here = parts["call-here"];
    const words = document.createElement("span");
    words.textContent = say("here_words");
    here.replaceChildren(say("here"), words);
    click(here, () => this.tell("call/here", {}));
    parts["call-open"].addEventListener("click", () => open(this.id));
    for (const node of this.node.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  }

  come(name) {
    return this.tell("call/coming", { name });
  }

  async tell(path, body) {
    if (!this.call) return;
    const why = await order(this.id, path, { call: this.call.id, ...body });
    write(this.parts["call-problem"], why === null ? "" : why ? say("order_failed", { why }) : say("order_unheard"));
  }

  draw(room) {
    const { parts, node } = this;
    if (this.call?.id !== room.call.id) {
      this.drawnFor = "";
      write(parts["call-problem"], "");
    }
    this.call = room.call;
    this.at = room.callAt;
    this.name = room.name;
    this.isLost = room.lost;
    const { call } = this;
    node.hidden = false;
    node.dataset.phase = call.phase;
    node.classList.toggle("rings", this.rings());
    node.classList.toggle("is-practice", call.practice);
    show(parts["call-practice"], call.practice);
    write(parts["call-title"], this.title());
    write(parts["call-state"], room.lost ? say("last_heard") : this.state());
    write(parts["call-more"], this.more());
    show(parts["call-here"], call.phase !== "here");
    for (const button of parts.coming.children) {
      button.classList.toggle("is-coming", call.phase === "on_the_way" && button.dataset.name === call.name);
    }
    show(node.querySelector(".call-answers"), call.phase !== "here");
  }

  rest() {
    this.call = null;
    this.node.hidden = true;
    write(this.parts["call-problem"], "");
  }

  sayStale() {
    write(this.parts["call-state"], say("last_heard"));
  }

  soundNow() {
    if (!this.rings()) return null;
    if (this.call.practice) return "practice";
    return this.call.risen || this.age("phase_ago_ms") > 30_000 ? "risen" : "call";
  }

  tick(openedRoom) {
    write(this.parts["call-age"], minutes(this.age("placed_ago_ms")));
    show(this.parts["call-open"], Boolean(this.id) && openedRoom !== this.id);
    this.tellDrawn();
  }

  /** Tells the room once that this call stands on this page, to be seen and heard. */
  async tellDrawn() {
    if (this.drawing) return;
    if (!able()) {
      // Whatever this page had, it has to say again once it can be seen and heard.
      this.drawnFor = "";
      return;
    }
    const name = deskName();
    const { id } = this.call;
    const key = `${id} ${name}`;
    if (!name || (this.drawnFor === key && !["placed", "sent"].includes(this.call.phase))) return;
    this.drawing = true;
    try {
      // Nobody has seen a call that lies above what they scrolled to.
      if (!this.isInView()) this.node.scrollIntoView({ block: "nearest" });
      const isPainted = await painted();
      if (isPainted && this.isInView() && this.call?.id === id && able() && name === deskName()) {
        const problem = await order(this.id, "call/received", { call: id, desk: name });
        if (problem === null) this.drawnFor = key;
      }
    } finally {
      this.drawing = false;
    }
  }

  isInView() {
    const words = this.parts["call-title"].getBoundingClientRect();
    return !this.node.hidden && this.node.isConnected && words.height > 0 && words.top >= 0 && words.bottom <= window.innerHeight;
  }

  age(field) {
    return this.call[field] + (performance.now() - this.at);
  }

  rings() {
    const { call } = this;
    return call.phase !== "here" && (call.phase !== "on_the_way" || call.risen);
  }

  title() {
    const { call } = this;
    const name = call.name || say("someone");
    // With several rooms each sentence has to say which.
    const key = { here: "is_here", on_the_way: "on_the_way" }[call.phase];
    if (key) return say(this.id ? `${key}_room` : key, { name, room: this.name });
    return say(call.practice ? "calling_practice" : "calling", { room: this.name });
  }

  state() {
    const { call } = this;
    if (call.line_down_told && ["placed", "sent"].includes(call.phase)) return say("reads_line_down");
    if (call.phase === "on_the_way" && call.name) return say("reads_coming_named", { name: call.name });
    const key = { received: "reads_received", on_the_way: "reads_coming", here: "reads_here" }[call.phase];
    return say(key ?? "reads_placed");
  }

  more() {
    const { call } = this;
    const words = [];
    if (call.phase === "on_the_way" && call.risen) words.push(say("rings_again"));
    if (call.escalated) words.push(say("escalated"));
    else if (call.phase === "received" && call.risen) words.push(say("has_risen"));
    if (call.presses > 1) words.push(say("rang_again", { presses: call.presses }));
    return words.join(" ");
  }
}

/** Two frames: the second begins only after the first, with the call in it, was drawn. */
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
