// Owns the call on the page: its words, its sound, its answers, and telling the room that it was really drawn.

import { deskName, order } from "/link.js";
import { say } from "/words.js";
import { el, minutes, show, write } from "/board.js";

let call = null;
let room = "";
let at = 0;
let drawnFor = "";
let drawing = false;
let presses = "";
let able = () => false;
let come = async () => {};

/** Makes the buttons: one for each who can come. */
export function prepare(clinicians, isAble) {
  able = isAble;
  const group = el("coming");
  group.setAttribute("aria-label", say("coming"));
  group.replaceChildren(
    ...clinicians.map((name, index) => {
      const button = document.createElement("button");
      const who = document.createElement("span");
      button.type = "button";
      button.id = `coming-${index}`;
      button.dataset.name = name;
      button.append(say("coming"), who);
      who.textContent = name;
      button.addEventListener("click", () => come(name));
      return button;
    }),
  );
  el("coming-name").placeholder = say("other_name");
}

/** Ties the fixed buttons; once. */
export function tie() {
  const tell = async (path, body) => {
    if (!call) return;
    const why = await order(path, { call: call.id, ...body });
    write("call-problem", why === null ? "" : why ? say("order_failed", { why }) : say("order_unheard"));
  };
  come = (name) => tell("/api/call/coming", { name });
  el("coming-free").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = el("coming-name").value.trim();
    if (name) come(name);
    else el("coming-name").focus();
  });
  el("call-here").addEventListener("click", () => tell("/api/call/here", {}));
}

/** Shows the room's call, or none. */
export function draw(view, receivedAt) {
  call = view.call;
  room = view.room || say("unnamed");
  at = receivedAt;
  const panel = el("call");
  show(panel, Boolean(call));
  if (!call) {
    drawnFor = "";
    write("call-problem", "");
    return;
  }
  const rings = ringing();
  panel.dataset.phase = call.phase;
  panel.classList.toggle("rings", rings);
  panel.classList.toggle("is-practice", call.practice);
  show(el("call-practice"), call.practice);
  write("call-title", title());
  write("call-state", state());
  write("call-more", more());
  const here = el("call-here");
  show(here, call.phase !== "here");
  if (!here.textContent) {
    const words = document.createElement("span");
    words.textContent = say("here_words");
    here.append(say("here"), words);
  }
  for (const button of el("coming").children) {
    button.classList.toggle("is-coming", call.phase === "on_the_way" && button.dataset.name === call.name);
  }
  show(document.querySelector(".call-answers"), call.phase !== "here");
}

/** What is to be heard for the call now: a sound's name, or null. */
export function soundNow() {
  if (!call || !ringing()) return null;
  if (call.practice) return "practice";
  return call.risen || age("phase_ago_ms") > 30_000 ? "risen" : "call";
}

/** What the patient reads is not known while the room is not heard. */
export function sayStale() {
  if (call) write("call-state", say("last_heard"));
}

/** Whether it was pressed since the last look: each press rings anew. */
export function isPressedAnew() {
  const now = call ? `${call.id} ${call.presses}` : "";
  const isNew = now !== "" && now !== presses;
  presses = now;
  return isNew;
}

/** The page's title while a call waits, or null. */
export function titleWords() {
  return call && call.phase !== "here" ? say("title_call", { room, age: minutes(age("placed_ago_ms")) }) : null;
}

/** Once a second: the age moves on, and a call that was not told as drawn is told again. */
export function tick() {
  if (!call) return;
  write("call-age", minutes(age("placed_ago_ms")));
  tellDrawn();
}

/** Tells the room once that this call stands on this page, to be seen and heard. */
export async function tellDrawn() {
  if (!call || drawing) return;
  if (!able()) {
    // Whatever this page had, it has to say again once it can be seen and heard.
    drawnFor = "";
    return;
  }
  const name = deskName();
  const key = `${call.id} ${name}`;
  if (!name || (drawnFor === key && !["placed", "sent"].includes(call.phase))) return;
  drawing = true;
  const { id } = call;
  try {
    bringIntoView();
    const isPainted = await painted();
    if (isPainted && isInView() && call?.id === id && able() && name === deskName() && !el("call").hidden) {
      const problem = await order("/api/call/received", { call: id, desk: name });
      if (problem === null) drawnFor = key;
    }
  } finally {
    drawing = false;
  }
}

/** Nobody has seen a call that lies above what they scrolled to. */
function bringIntoView() {
  if (!isInView()) el("call").scrollIntoView({ block: "start" });
}

function isInView() {
  const words = el("call-title").getBoundingClientRect();
  return words.height > 0 && words.top >= 0 && words.bottom <= window.innerHeight;
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

function age(field) {
  return call[field] + (performance.now() - at);
}

function ringing() {
  return call.phase !== "here" && (call.phase !== "on_the_way" || call.risen);
}

function title() {
  const name = call.name || say("someone");
  if (call.phase === "here") return say("is_here", { name });
  if (call.phase === "on_the_way") return say("on_the_way", { name });
  return say(call.practice ? "calling_practice" : "calling", { room });
}

function state() {
  if (call.line_down_told && ["placed", "sent"].includes(call.phase)) return say("reads_line_down");
  const key = { received: "reads_received", on_the_way: "reads_coming", here: "reads_here" }[call.phase];
  return say(key ?? "reads_placed");
}

function more() {
  const words = [];
  if (call.phase === "on_the_way" && call.risen) words.push(say("rings_again"));
  if (call.escalated) words.push(say("escalated"));
  else if (call.phase === "received" && call.risen) words.push(say("has_risen"));
  if (call.presses > 1) words.push(say("rang_again", { presses: call.presses }));
  return words.join(" ");
}
