// Owns the controls of a room, and the preview of a profile. Does not own the decision whether the room accepts an
// order.

import { breathWords, intensityWords, lightWords, sessionClock, soundWords, timeAt } from "/board.js";
import { send } from "/link.js";
import { el, mark, show, the, write } from "/parts.js";
import { show as showPicture } from "/pictures.js";
import { named, say } from "/words.js";

const VOLUME_STEP_DB = 3;
const LIGHT_STEP = 0.1;
const INTENSITY_STEP = 0.2;
/** Time from the end of the infusion to the end of the session, in minutes, as in the room. */
const AFTER_INFUSION_MINUTES = 15;

/** @type {ShownRoom | null} */
let view = null;
let room = "";
/** @type {Offers} */
let offers = { profiles: [], cap_db: 0, previews: false };
/** @type {ReturnType<typeof setTimeout> | undefined} */
let problemTimer;
/** The profile and the planned length for which the input of a custom length was last filled in. */
let filledFor = "";
let stopPreview = () => {};
/**
 * The room's pending answer to the choice of a profile, which resolves to true if the room accepts the choice; null if
 * no answer is pending.
 * @type {Promise<boolean> | null}
 */
let choosing = null;
/** The tiles of the profiles, by name. @type {Map<string, Tile>} */
let profileTiles = new Map();
/** The tiles of the places, by name. @type {Map<string, Tile>} */
let placeTiles = new Map();

/** @typedef {{ node: HTMLButtonElement, picture: HTMLElement }} Tile */

/**
 * Shows the profiles and places that can be chosen in a room. If another room was shown before, discards inputs that
 * were begun there.
 * @param {string} id
 * @param {Offers} said
 * @param {string[]} places
 */
export function prepare(id, said, places) {
  if (room !== id) {
    show(el("end-ask"), false);
    failed(null);
    stopPreview();
    filledFor = "";
    choosing = null;
  }
  room = id;
  offers = said;
  profileTiles = fill(el("profile"), offers.profiles.map(({ name, title }) => [name, title || name]), chooseProfile);
  for (const { name, place, time } of offers.profiles) {
    const tile = profileTiles.get(name);
    if (tile) showPicture(tile.picture, place, time);
  }
  placeTiles = fill(el("place-choice"), places.map((name) => [name, named("place", name)]), (name) => tell("place", { name }));
  the(HTMLInputElement, "minutes").placeholder = say("own_hint");
  for (const button of lengths()) {
    const { minutes = "" } = button.dataset;
    const end = Number(minutes) + AFTER_INFUSION_MINUTES;
    const [words, all] = [document.createElement("span"), document.createElement("span")];
    words.textContent = say("begin_own");
    all.textContent = say("begin_all", { end });
    button.replaceChildren(words, say("begin_length", { minutes }), all);
    button.setAttribute("aria-label", say("begin_with", { minutes, end }));
  }
}

/**
 * Sends an order to the room. Returns whether the room accepted it.
 * @param {string} path
 * @param {object} body
 */
async function tell(path, body = {}) {
  const asked = room;
  const why = await send(asked, path, body);
  // Another room may be shown by now, and this result does not belong there.
  if (asked === room) failed(why);
  return why === null;
}

/** Attaches the event handlers; called once. */
export function tie() {
  const click = (/** @type {string} */ id, /** @type {() => void} */ act) => el(id).addEventListener("click", () => act());
  click("volume-down", () => tell("volume", { db: stepped(-VOLUME_STEP_DB) }));
  click("volume-up", () => tell("volume", { db: stepped(VOLUME_STEP_DB) }));
  click("light-down", () => tell("brightness", { trim: trimmed(-LIGHT_STEP) }));
  click("light-up", () => tell("brightness", { trim: trimmed(LIGHT_STEP) }));
  click("intensity-down", () => tell("intensity", { nudge: nudged(-INTENSITY_STEP) }));
  click("intensity-up", () => tell("intensity", { nudge: nudged(INTENSITY_STEP) }));
  click("breath-switch", () => tell("breath", { on: !view?.breath }));
  click("calm", () => tell("calm", { on: !view?.calm }));
  click("silence", () => tell("silence", { on: !view?.silence }));
  click("dark", () => tell("dark", { on: !view?.dark }));
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
  for (const button of lengths()) button.addEventListener("click", () => begin(Number(button.dataset.minutes)));
  el("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    const minutes = Number(the(HTMLInputElement, "minutes").value);
    if (Number.isInteger(minutes) && minutes > 0) begin(minutes);
    else el("minutes").focus();
  });
}

// A preview plays in this browser only and does not change the room.
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
 * Shows why an order failed. `why` is null if it succeeded, and empty if there was no answer.
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
  const canBegin = ["ready", "arrive"].includes(view.stage);
  const { session } = view;
  show(el("begin-card"), canBegin);
  // A preview must neither cover a call nor continue into a session.
  if (!canBegin || view.call) stopPreview();
  show(el("running"), Boolean(session));
  show(el("controls"), view.in_visit || Boolean(session));
  show(el("comfort"), view.in_visit);
  if (canBegin) drawBegin(view);
  if (session) drawRunning(session);
  write("volume-words", soundWords(view));
  write("light-words", lightWords(view));
  // A step starts from the current value, so the buttons are disabled while that is unknown.
  for (const [id, from] of /** @type {[string, number | null][]} */ ([["volume", view.volume_db], ["light", view.brightness_trim], ["intensity", view.intensity_nudge]])) {
    for (const way of ["down", "up"]) the(HTMLButtonElement, `${id}-${way}`).disabled = from === null;
  }
  // Only composed music has an intensity.
  show(el("intensity"), Boolean(chosenProfile(view)?.scored));
  write("intensity-words", intensityWords(view));
  el("breath-switch").setAttribute("aria-checked", String(Boolean(view.breath)));
  write("breath-words", breathWords(view));
  for (const [id, on] of /** @type {[string, boolean][]} */ ([["calm", view.calm], ["silence", view.silence], ["dark", view.dark]])) press(el(id), on);
  write("calm-words", say(view.calm ? "calm_on" : "calm_what"));
  const time = timeAt(view.profile, offers.profiles);
  for (const [name, { node, picture }] of placeTiles) {
    press(node, name === view.place);
    showPicture(picture, name, time);
  }
}

/** Redraws what changes with time: the buttons of a session, once it has landed. */
export function tick() {
  if (view?.session) drawRunning(view.session);
}

/** @param {ShownRoom} view */
function drawBegin(view) {
  for (const [name, { node }] of profileTiles) press(node, name === view.profile);
  const chosen = chosenProfile(view);
  write("profile-words", chosen?.description ?? "");
  show(el("preview"), Boolean(offers.previews && chosen));
  show(el("begin-warning"), view.line === "down");
  write("begin-warning", say("begin_no_line"));
  // The button for the planned length is highlighted only once somebody has arrived, because beginning is the next step
  // then.
  const planned = view.stage === "arrive" ? String(view.infusion_minutes ?? "") : null;
  for (const button of lengths()) button.classList.toggle("main", button.dataset.minutes === planned);
  const isOwn = view.infusion_minutes !== null && !lengths().some(({ dataset }) => dataset.minutes === String(view.infusion_minutes));
  el("session-begin").classList.toggle("main", isOwn && planned !== null);
  const key = `${view.profile} ${view.infusion_minutes}`;
  if (key === filledFor) return;
  filledFor = key;
  the(HTMLInputElement, "minutes").value = isOwn ? String(view.infusion_minutes) : "";
}

/** @param {string} name */
async function chooseProfile(name) {
  const answer = tell("profile", { name });
  choosing = answer;
  await answer;
  if (choosing === answer) choosing = null;
}

/**
 * Begins a session. Waits for the answer to the last choice of a profile, and does not begin if the room refused the
 * choice.
 * @param {number} minutes
 */
async function begin(minutes) {
  const asked = room;
  const isTaken = (await choosing) ?? true;
  if (isTaken && asked === room) tell("session/begin", { infusion_minutes: minutes, settle: the(HTMLInputElement, "settle").checked });
}

/** The buttons that each begin a session of a fixed length. */
function lengths() {
  return /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("#begin [data-minutes]")]);
}

/** @param {ShownRoom} view */
function chosenProfile(view) {
  return offers.profiles.find((profile) => profile.name === view.profile);
}

/** @param {Session} session */
function drawRunning(session) {
  const clock = sessionClock();
  const landed = clock !== null && clock >= session.end_ms;
  show(el("infusion-starts"), clock === null);
  show(el("session-after"), landed);
  show(el("clock-buttons"), !landed);
  const [pause, resume] = [el("session-pause"), el("session-resume")];
  const isFocused = document.activeElement === pause || document.activeElement === resume;
  show(pause, session.running && !landed);
  show(resume, session.paused);
  // *Pause* and *Resume* replace each other, so the keyboard's focus moves from one to the other.
  if (isFocused) (session.paused ? resume : pause).focus();
  show(el("session-end"), !session.ended);
  if (landed || session.ended) show(el("end-ask"), false);
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
 * Fills a group with one tile for each choice: a picture with its name below.
 * @param {HTMLElement} group
 * @param {[string, string][]} choices
 * @param {(name: string) => void} chosen
 * @returns {Map<string, Tile>}
 */
function fill(group, choices, chosen) {
  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  for (const [name, words] of choices) {
    const [node, picture, caption] = [document.createElement("button"), document.createElement("span"), document.createElement("span")];
    node.type = "button";
    node.className = "choice";
    node.dataset.name = name;
    picture.className = "picture";
    caption.textContent = words;
    node.append(picture, caption);
    node.addEventListener("click", () => chosen(name));
    tiles.set(name, { node, picture });
  }
  for (const old of group.querySelectorAll(".choice")) old.remove();
  group.append(...[...tiles.values()].map(({ node }) => node));
  return tiles;
}

/**
 * @param {HTMLElement} button
 * @param {boolean} on
 */
function press(button, on) {
  mark(button, "aria-pressed", String(on));
}
