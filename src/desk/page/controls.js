// Owns the controls of a room. Does not own whether the room takes an order.

import { intensityWords, lightWords, profileTitle, sessionClock, volumeWords } from "/board.js";
import { send } from "/link.js";
import { el, show, the, write } from "/parts.js";
import { named, say } from "/words.js";

const VOLUME_STEP_DB = 3;
const LIGHT_STEP = 0.1;
const INTENSITY_STEP = 0.2;

/** @type {ShownRoom | null} */
let view = null;
let room = "";
/** @type {Offers} */
let offers = { profiles: [], cap_db: 0, previews: false };
/** @type {ReturnType<typeof setTimeout> | undefined} */
let problemTimer;
let chosenFor = "";
let stopPreview = () => {};

/**
 * Fills the lists of what can be chosen in a room, and resets what was begun in another one.
 * @param {string} id
 * @param {Offers} said
 * @param {string[]} places
 */
export function prepare(id, said, places) {
  if (room !== id) {
    show(el("end-ask"), false);
    failed(null);
    stopPreview();
    chosenFor = "";
  }
  room = id;
  offers = said;
  fill(the(HTMLSelectElement, "profile"), offers.profiles.map((profile) => [profile.name, profile.title]));
  the(HTMLInputElement, "minutes").placeholder = say("own_hint");
  fill(the(HTMLSelectElement, "place-choice"), places.map((name) => [name, named("place", name)]));
}

/** Attaches the event handlers; called once. */
export function tie() {
  const click = (/** @type {string} */ id, /** @type {() => void} */ act) => el(id).addEventListener("click", () => act());
  const tell = async (/** @type {string} */ path, body = {}) => {
    const asked = room;
    const why = await send(asked, path, body);
    // Another room may be shown by now, and this result does not belong there.
    if (asked === room) failed(why);
  };
  click("volume-down", () => tell("volume", { db: stepped(-VOLUME_STEP_DB) }));
  click("volume-up", () => tell("volume", { db: stepped(VOLUME_STEP_DB) }));
  click("light-down", () => tell("brightness", { trim: trimmed(-LIGHT_STEP) }));
  click("light-up", () => tell("brightness", { trim: trimmed(LIGHT_STEP) }));
  click("intensity-down", () => tell("intensity", { nudge: nudged(-INTENSITY_STEP) }));
  click("intensity-up", () => tell("intensity", { nudge: nudged(INTENSITY_STEP) }));
  click("breath-switch", () => tell("breath", { on: !view?.breath }));
  const [place, profile] = [the(HTMLSelectElement, "place-choice"), the(HTMLSelectElement, "profile")];
  place.addEventListener("change", () => tell("place", { name: place.value }));
  profile.addEventListener("change", () => tell("profile", { name: profile.value }));
  click("infusion-starts", () => tell("session/infusion_starts"));
  click("session-pause", () => tell("session/pause"));
  click("session-resume", () => tell("session/resume"));
  click("session-extend", () => tell("session/extend", { minutes: 5 }));
  click("session-after", () => tell("session/after"));
  click("session-end", () => {
    show(el("end-ask"), true);
    el("session-end-no").focus();
  });
  click("session-end-no", () => {
    show(el("end-ask"), false);
    el("session-end").focus();
  });
  click("session-end-yes", async () => {
    await tell("session/end", {});
    show(el("end-ask"), false);
  });
  tiePreview();
  el("minutes").addEventListener("focus", () => (the(HTMLInputElement, "minutes-own").checked = true));
  el("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    tell("session/begin", { infusion_minutes: minutesChosen(), settle: the(HTMLInputElement, "settle").checked });
  });
}

// A preview plays in this browser only; the room stays as it is.
function tiePreview() {
  const sound = the(HTMLAudioElement, "preview-sound");
  const rest = (words = "") => {
    sound.removeAttribute("src");
    el("preview-play").textContent = say("preview");
    write("preview-words", words);
  };
  el("preview-play").addEventListener("click", () => {
    if (sound.hasAttribute("src")) {
      sound.pause();
      rest();
      return;
    }
    sound.src = `/api/preview?profile=${encodeURIComponent(view?.profile ?? "")}`;
    el("preview-play").textContent = say("preview_stop");
    write("preview-words", say("preview_making"));
    sound.play().catch(() => {});
  });
  sound.addEventListener("timeupdate", () => {
    if (sound.hasAttribute("src")) write("preview-words", say("preview_playing", { left: Math.ceil(sound.duration - sound.currentTime) }));
  });
  sound.addEventListener("ended", () => rest());
  sound.addEventListener("error", () => sound.hasAttribute("src") && rest(say("preview_failed")));
  stopPreview = () => {
    if (!sound.hasAttribute("src")) return;
    sound.pause();
    rest();
  };
}

/**
 * Shows why the room did not take an order; null for success, and an empty text for no answer.
 * @param {string | null} why
 */
export function failed(why) {
  clearTimeout(problemTimer);
  if (why === null) {
    write("order-problem", "");
    return;
  }
  write("order-problem", why ? say("order_failed", { why }) : say("order_unheard"));
  problemTimer = setTimeout(() => write("order-problem", ""), 12_000);
}

/**
 * Shows the controls that are available now.
 * @param {ShownRoom} shown
 */
export function draw(shown) {
  view = shown;
  const { profile } = view;
  const canBegin = ["ready", "arrive"].includes(view.stage);
  const { session } = view;
  show(el("begin"), canBegin);
  // A preview must not cover a call, nor run into a session.
  if (!canBegin || view.call) stopPreview();
  show(el("running"), Boolean(session));
  show(el("comfort"), view.in_visit);
  show(el("controls-none"), !canBegin && !view.in_visit);
  write("controls-none", say("controls_none"));
  if (canBegin) drawBegin(view);
  if (session) drawRunning(session);
  write("volume-words", volumeWords(view.volume_db));
  write("light-words", lightWords(view));
  // A step needs a known value to start from.
  for (const [id, from] of /** @type {[string, number | null][]} */ ([["volume", view.volume_db], ["light", view.brightness_trim], ["intensity", view.intensity_nudge]])) {
    for (const way of ["down", "up"]) the(HTMLButtonElement, `${id}-${way}`).disabled = from === null;
  }
  // Only composed music has an intensity.
  show(el("intensity"), Boolean(offers.profiles.find((one) => one.name === profile)?.scored));
  write("intensity-words", intensityWords(view));
  choose(the(HTMLSelectElement, "place-choice"), view.place);
  el("breath-switch").setAttribute("aria-checked", String(Boolean(view.breath)));
  write("breath-words", view.breath ?? say("breath_off"));
}

/** Redraws what changes with time: a session that has landed. */
export function tick() {
  if (view?.session) drawRunning(view.session);
}

/** @param {ShownRoom} view */
function drawBegin(view) {
  choose(the(HTMLSelectElement, "profile"), view.profile);
  const chosen = offers.profiles.find((profile) => profile.name === view.profile);
  write("profile-words", chosen?.description ?? "");
  show(el("preview"), Boolean(offers.previews && chosen));
  show(el("begin-warning"), view.line === "down");
  write("begin-warning", say("begin_no_line"));
  const key = `${view.profile} ${view.infusion_minutes}`;
  if (key === chosenFor) return;
  chosenFor = key;
  const minutes = String(view.infusion_minutes ?? "");
  const known = lengths().find((choice) => choice.value === minutes);
  (known ?? the(HTMLInputElement, "minutes-own")).checked = true;
  the(HTMLInputElement, "minutes").value = known ? "" : minutes;
}

/** The radio buttons for the infusion's length. */
function lengths() {
  return /** @type {HTMLInputElement[]} */ ([...document.getElementsByName("minutes")]);
}

/** @param {Session} session */
function drawRunning(session) {
  const clock = sessionClock();
  const landed = clock !== null && clock >= session.end_ms;
  show(el("infusion-starts"), clock === null);
  show(el("session-after"), landed);
  show(el("clock-buttons"), !landed);
  show(el("session-pause"), session.running && !landed);
  show(el("session-resume"), session.paused);
  show(el("session-end"), !session.ended);
  if (landed || session.ended) show(el("end-ask"), false);
}

function minutesChosen() {
  const choice = lengths().find((input) => input.checked);
  const number = Number(choice && choice.value !== "own" ? choice.value : the(HTMLInputElement, "minutes").value);
  return Number.isInteger(number) && number > 0 ? number : null;
}

/** @param {number} step */
function stepped(step) {
  const lowest = -60;
  return Math.min(0, Math.max(lowest, Math.min(view?.volume_db ?? lowest, offers.cap_db) + step));
}

/** @param {number} step */
function trimmed(step) {
  return Math.round(Math.min(0.5, Math.max(-0.5, (view?.brightness_trim ?? 0) + step)) * 100) / 100;
}

/** @param {number} step */
function nudged(step) {
  return Math.round(Math.min(1, Math.max(-1, (view?.intensity_nudge ?? 0) + step)) * 100) / 100;
}

/**
 * @param {HTMLSelectElement} list
 * @param {[string, string][]} choices
 */
function fill(list, choices) {
  list.replaceChildren(
    ...choices.map(([value, words]) => {
      const choice = document.createElement("option");
      choice.value = value;
      choice.textContent = words;
      return choice;
    }),
  );
}

/**
 * Selects a value, and changes nothing if it is selected: an open list must not be redrawn.
 * @param {HTMLSelectElement} list
 * @param {string} value
 */
function choose(list, value) {
  if (![...list.options].some((choice) => choice.value === value)) {
    const choice = document.createElement("option");
    choice.value = value;
    choice.textContent = list.id === "profile" ? profileTitle(value) : value;
    list.append(choice);
  }
  if (list.value !== value) list.value = value;
}
