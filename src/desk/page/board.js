// Owns the overview of one room: its card, its arc, what its patient shared, the recent calls and the last wipe. Does
// not own the call, the troubles or the controls.

import { el, show, write } from "/parts.js";
import { show as showPicture } from "/pictures.js";
import { named, say } from "/words.js";

const ARC_WIDTH = 1000;
const ARC_TOP = 22;
const ARC_BOTTOM = 172;
const MINUTE_MS = 60_000;
/** The text that is shown if the room did not send a value. */
const UNKNOWN = "–";

/** @type {ShownRoom | null} */
let view = null;
let at = 0;
/** @type {Offers} */
let offers = { profiles: [], cap_db: 0, previews: false };
let onForgotten = () => {};
let drawnArc = "";

/**
 * A duration as m:ss or h:mm:ss.
 * @param {number} ms
 */
export function minutes(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

/**
 * A time of day on the 24-hour clock, as on the tablet.
 * @param {Date} moment
 */
export function clockTime(moment) {
  return moment.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/**
 * Sets the function to call once this page no longer shows what a patient shared.
 * @param {() => void} tell
 */
export function whenForgotten(tell) {
  onForgotten = tell;
}

/**
 * Sets the choices that staff have in the room that is shown.
 * @param {Offers} said
 */
export function prepare(said) {
  offers = said;
}

/**
 * Returns one word for the loudness of a level. The word depends on how far the level is below the room's maximum.
 * @param {number} db
 * @param {number} cap_db
 */
export function loudness(db, cap_db) {
  const below = cap_db - db;
  // The limits and words are the same as on the tablet.
  const words = [[2, 5], [8, 4], [15, 3], [24, 2]];
  return say(`volume_${words.find(([limit]) => below <= limit)?.[1] ?? 1}`);
}

/**
 * Returns a level in dB, and a word for its loudness.
 * @param {number | null} db
 */
function volumeWords(db) {
  if (db === null) return UNKNOWN;
  const rounded = Math.round(db);
  return say("volume_fact", { db: rounded < 0 ? `−${-rounded}` : rounded, word: loudness(db, offers.cap_db) });
}

/**
 * Returns the title of a profile, or its name if it has no title.
 * @param {string} name
 */
export function profileTitle(name) {
  return offers.profiles.find((profile) => profile.name === name)?.title || name || UNKNOWN;
}

/**
 * The profile and, in a session, both of its lengths.
 * @param {ShownRoom} view
 */
function profileWords({ profile, session }) {
  const title = profileTitle(profile);
  return session ? say("profile_fact", { title, minutes: whole(session.infusion_ms), end: whole(session.end_ms) }) : title;
}

/**
 * Returns the time of day at a room's place, which the room's profile sets; undefined if the profile is unknown.
 * @param {string} profile
 * @param {Profile[]} profiles
 */
export function timeAt(profile, profiles) {
  return profiles.find(({ name }) => name === profile)?.time;
}

/**
 * The setting of the volume, in words.
 * @param {ShownRoom} view
 */
export function soundWords(view) {
  return view.silence ? say("volume_silence") : volumeWords(view.volume_db);
}

/**
 * The setting of the breathing pacer, in words.
 * @param {ShownRoom} view
 */
export function breathWords(view) {
  return view.breath ? say(view.anchor ? "breath_anchor" : "breath_on", { pattern: view.breath }) : say("breath_off");
}

/**
 * The setting of the screen's brightness, in words.
 * @param {ShownRoom} view
 */
export function lightWords(view) {
  if (view.dark) return say("light_dark");
  if (view.brightness_trim === null) return UNKNOWN;
  const percent = Math.round(view.brightness_trim * 100);
  if (percent === 0) return say("light_arc");
  return say(percent > 0 ? "light_more" : "light_less", { percent: Math.abs(percent) });
}

/**
 * The intensity of the composed music, in words.
 * @param {ShownRoom} view
 */
export function intensityWords(view) {
  if (view.intensity_nudge === null) return UNKNOWN;
  const percent = Math.round(view.intensity_nudge * 100);
  if (percent === 0) return say("intensity_arc");
  return say(percent > 0 ? "intensity_more" : "intensity_less", { percent: Math.abs(percent) });
}

/**
 * Shows a room. `receivedAt` is the time at which its state was current, as `performance.now()`.
 * @param {ShownRoom} room
 * @param {number} receivedAt
 */
export function draw(room, receivedAt) {
  view = room;
  at = receivedAt;
  // This comes first, so that even if drawing fails later, text that one room's patient shared never stays under
  // another room.
  showShared(view.shared);
  document.body.dataset.stage = view.stage;
  write("fact-profile", profileWords(view));
  write("fact-place", named("place", view.place));
  // While the controls are shown, they name the place, so the label on the picture is hidden.
  show(el("hero-place"), !view.in_visit);
  show(el("room-profile"), Boolean(view.session));
  showPicture(el("hero-picture"), view.place, timeAt(view.profile, offers.profiles), view.dark);
  el("hero").classList.toggle("rests", !view.in_visit);
  drawReceipt(view.receipt);
  drawRecent(view.recent);
  tick();
}

/**
 * Shows or removes what the patient shared. A reset of the room waits until every page has removed it and said so, for
 * at most 0.7 s.
 * @param {string | null} words
 */
function showShared(words) {
  const showed = el("shared-words").textContent !== "";
  show(el("shared"), words !== null);
  write("shared-words", words ?? "");
  if (showed && words === null) onForgotten();
}

/** Removes what a patient shared from a page that has lost its room, or that is being left. */
export function forgetShared() {
  showShared(null);
}

/**
 * The current time on a room's session clock, in milliseconds; null without a session or until the infusion starts.
 * @param {ShownRoom | null} room
 * @param {number} heardAt
 */
export function clockOf(room, heardAt) {
  const session = room?.session;
  if (!session || session.clock_ms === null) return null;
  const moved = session.running ? (performance.now() - heardAt) * session.speed : 0;
  return Math.min(session.clock_ms + moved, session.end_ms);
}

/** The session clock of the room that is shown. */
export function sessionClock() {
  return clockOf(view, at);
}

/**
 * Stage and part of a room, in words.
 * @param {ShownRoom} room
 * @param {number | null} clock
 */
export function stageWords(room, clock) {
  const stage = room.session?.paused ? say("stage_paused") : named("stage", room.stage) || UNKNOWN;
  return room.session ? `${stage} · ${say(`part_${partAt(room.session, clock)}`)}` : stage;
}

/** Redraws what changes with time; called every 500 ms and after each change. */
export function tick() {
  if (!view) return;
  const { session } = view;
  const clock = sessionClock();
  const part = session ? partAt(session, clock) : null;
  write("room-stage", stageWords(view, clock));
  el("hero").classList.toggle("paused", Boolean(session?.paused));
  write("room-words", words(view, clock, part));
  show(el("clock-box"), Boolean(session));
  show(el("arc"), Boolean(session));
  if (!session) return;
  drawArc(session);
  write("clock", clock === null ? "0:00" : minutes(clock));
  write("clock-words", clockWords(session, clock));
  const share = clock === null ? 0 : clock / Math.max(1, session.end_ms);
  el("arc-done").setAttribute("width", String(share * ARC_WIDTH));
  const dot = el("arc-dot");
  dot.style.left = `${share * 100}%`;
  dot.style.top = `${(height(session, clock ?? 0) / 190) * 100}%`;
  for (const label of labels()) label.classList.toggle("now", label.dataset.part === part);
  const label = { part: say(`part_${part}`), now: Math.floor((clock ?? 0) / MINUTE_MS), end: whole(session.end_ms) };
  el("arc").setAttribute("aria-label", say("arc_label", label));
}

/** The page's title when nothing is urgent. */
export function quietTitle() {
  if (!view) return "Stillroom";
  const clock = sessionClock();
  const room = view.room || say("unnamed");
  if (clock === null || !view.session) return `${room} · ${named("stage", view.stage)}`;
  return `${room} · ${say(`part_${partAt(view.session, clock)}`)} ${minutes(clock)}`;
}

/** The elements below the arc that contain the names of the parts. */
function labels() {
  return /** @type {HTMLElement[]} */ ([...el("arc-parts").children]);
}

/**
 * @param {Session} session
 * @param {number | null} clock
 */
function partAt(session, clock) {
  if (clock === null) return "settle";
  if (clock < session.peak_from_ms) return "onset";
  if (clock < session.return_from_ms) return "peak";
  return clock < session.landing_from_ms ? "return" : "landing";
}

/**
 * @param {ShownRoom} view
 * @param {number | null} clock
 * @param {string | null} part
 */
function words(view, clock, part) {
  const { session } = view;
  if (session?.paused) return say("words_paused");
  if (session && clock !== null && clock >= session.end_ms) return say("words_landed");
  if (part) return say(`words_${part}`);
  return restWords(view);
}

/**
 * Returns what is happening in a room without a session, in words.
 * @param {ShownRoom} view
 */
export function restWords(view) {
  return view.wiping ? say("words_wiping") : view.stage ? say(`words_${view.stage}`, {}, "") : "";
}

/**
 * @param {Session} session
 * @param {number | null} clock
 */
function clockWords(session, clock) {
  const end = whole(session.end_ms);
  if (clock === null) return say("clock_settling");
  if (clock >= session.end_ms) return say("clock_landed", { end });
  const speed = session.speed > 1 ? ` · ${say("sped_up", { speed: session.speed })}` : "";
  if (clock < session.infusion_ms && !session.ended) {
    return say("clock_infusion", { end, left: Math.ceil((session.infusion_ms - clock) / MINUTE_MS) }) + speed;
  }
  return say(session.ended ? "clock_ended" : "clock_lands", { end, left: Math.ceil((session.end_ms - clock) / MINUTE_MS) }) + speed;
}

/** @param {number} ms */
function whole(ms) {
  return Math.round(ms / MINUTE_MS);
}

/** @param {Session} arc */
function drawArc(arc) {
  const key = JSON.stringify([arc.infusion_ms, arc.peak_from_ms, arc.return_from_ms, arc.landing_from_ms, arc.end_ms]);
  if (key === drawnArc) return;
  drawnArc = key;
  const end = Math.max(1, arc.end_ms);
  const { line, hill } = shapeOf(arc, 200);
  for (const id of ["arc-line", "arc-line-past"]) el(id).setAttribute("d", line);
  for (const id of ["arc-hill", "arc-hill-past"]) el(id).setAttribute("d", hill);
  const x = (/** @type {number} */ ms) => ((ARC_WIDTH * ms) / end).toFixed(1);
  const borders = [arc.peak_from_ms, arc.return_from_ms, arc.landing_from_ms].filter((ms) => ms > 0 && ms < end);
  el("arc-borders").setAttribute("d", borders.map((ms) => `M${x(ms)} 12V190`).join(""));
  const showsInfusion = !arc.ended && arc.infusion_ms < end;
  el("arc-infusion").setAttribute("d", showsInfusion ? `M${x(arc.infusion_ms)} 0V190` : "");
  show(el("arc-infusion-words"), showsInfusion);
  el("arc-infusion-words").style.right = `${100 - (100 * arc.infusion_ms) / end}%`;
  const starts = [0, arc.peak_from_ms, arc.return_from_ms, arc.landing_from_ms, end];
  labels().forEach((label, index) => {
    const share = Math.max(0, starts[index + 1] - starts[index]) / end;
    label.style.flexGrow = String(share * 1000);
    label.textContent = share > 0.06 ? say(`part_${label.dataset.part}`) : "";
  });
}

/**
 * The arc of a room as a small drawing: its line, the area below it (`hill`), and the position of the clock on it from
 * the left (`share`) and from the top (`top`), 0 to 1.
 * @param {Session} arc
 * @param {number | null} clock
 */
export function smallArc(arc, clock) {
  const share = clock === null ? 0 : clock / Math.max(1, arc.end_ms);
  return { ...shapeOf(arc, 60), share, top: height(arc, clock ?? 0) / 190 };
}

/**
 * @param {Session} arc
 * @param {number} steps
 */
function shapeOf(arc, steps) {
  const end = Math.max(1, arc.end_ms);
  const points = [];
  for (let step = 0; step <= steps; step += 1) {
    points.push(`${((ARC_WIDTH * step) / steps).toFixed(1)} ${height(arc, (end * step) / steps).toFixed(1)}`);
  }
  const line = `M${points.join("L")}`;
  return { line, hill: `${line}L${ARC_WIDTH} 190L0 190Z` };
}

/**
 * The depth of the session at a time, as a y coordinate in the drawing.
 * @param {Session} arc
 * @param {number} ms
 */
function height(arc, ms) {
  const ease = (/** @type {number} */ share) => {
    const x = Math.min(1, Math.max(0, share));
    return x * x * (3 - 2 * x);
  };
  const through = (/** @type {number} */ from, /** @type {number} */ to) => ease((ms - from) / Math.max(1, to - from));
  let depth = 0.1 + 0.9 * through(0, arc.peak_from_ms);
  depth -= 0.5 * through(arc.return_from_ms, arc.landing_from_ms);
  depth -= 0.42 * through(arc.landing_from_ms, arc.end_ms);
  return ARC_BOTTOM - (ARC_BOTTOM - ARC_TOP) * Math.max(0, depth);
}

/** @param {Receipt | null} receipt */
function drawReceipt(receipt) {
  show(el("receipt-more"), Boolean(receipt));
  el("receipt-words").classList.toggle("good", Boolean(receipt?.verified));
  el("receipt-words").classList.toggle("bad", Boolean(receipt && !receipt.verified));
  if (!receipt) {
    write("receipt-words", say("receipt_none"));
    return;
  }
  const time = timeOf(receipt.at);
  const good = receipt.checks.filter((check) => check.ok).length;
  const key = receipt.verified ? "receipt_good" : "receipt_bad";
  write("receipt-words", say(key, { number: receipt.number, time, good, all: receipt.checks.length }));
  if (el("receipt-more").dataset.chain === receipt.chain) return;
  el("receipt-more").dataset.chain = receipt.chain;
  write("receipt-chain", say("receipt_chain", { chain: receipt.chain.slice(0, 16) }));
  el("receipt-checks").replaceChildren(
    ...receipt.checks.map((check) => {
      const item = document.createElement("li");
      item.className = check.ok ? "good" : "bad";
      item.textContent = `${named("check", check.name)}: ${say(check.ok ? "receipt_held" : "receipt_failed")}`;
      return item;
    }),
  );
}

/**
 * The time of day of an RFC 3339 timestamp; text that is not one is returned as it is.
 * @param {string} at
 */
export function timeOf(at) {
  const when = new Date(at);
  return Number.isNaN(when.getTime()) ? at || UNKNOWN : clockTime(when);
}

/** @param {PastCall[]} recent */
function drawRecent(recent) {
  show(el("recent"), recent.length > 0);
  show(el("recent-none"), recent.length === 0);
  const seconds = (/** @type {number | null} */ ms) => (ms === null ? "–" : ms < 60_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s` : minutes(ms));
  el("recent-rows").replaceChildren(
    ...recent.map((past) => {
      const row = document.createElement("tr");
      const who = [past.practice ? say("recent_practice") : "", past.name ?? ""].filter(Boolean).join(" · ");
      const cleared = past.cleared_ms === null ? say("recent_open") : seconds(past.cleared_ms);
      const cells = [timeOf(past.at), seconds(past.received_ms), seconds(past.coming_ms), seconds(past.here_ms), cleared, who || "–"];
      row.append(
        ...cells.map((words) => {
          const cell = document.createElement("td");
          cell.textContent = words;
          return cell;
        }),
      );
      return row;
    }),
  );
}
