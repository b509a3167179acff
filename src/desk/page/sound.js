// Owns what the desk plays. Its calls are four overlapping mallet notes, so that nobody takes them for the bursts of
// equal pulses by which medical devices alarm (IEC 60601-1-8). Does not own when it plays.

const CALL_NOTES_HZ = [440, 659.26, 493.88, 659.26];
const NOTE_APART_S = 0.27;

// How loud each sound is, and how long after its start it starts again.
/** @type {Record<string, { gain: number, every_ms: number, bright?: boolean }>} */
const SOUNDS = {
  call: { gain: 0.17, every_ms: 3200 },
  risen: { gain: 0.55, every_ms: 2000, bright: true },
  practice: { gain: 0.07, every_ms: 7000 },
};
// Trouble has a sound of its own, two falling glides, which goes on beside a call's.
const TROUBLE_GAIN = 0.3;

/** @type {AudioContext | null} */
let context = null;
/** @type {AudioNode | null} */
let master = null;
/** @type {string | null} */
let playing = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let tellsEvery_ms = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let tellTimer;
let lastTime = -1;
let lastLook = 0;
let moves = false;
let stillLooks = 0;
/** So many looks without a move, about three seconds, and the sound counts as off. */
const STILL_LOOKS_MAX = 3;
let onChange = () => {};

/**
 * Makes the sound; only a click or a key may do it. Plays the call's tone once, softly, so that one hears it works.
 * @param {() => void} changed
 */
export async function unlock(changed) {
  onChange = changed;
  // A context whose device was pulled never runs again; another one may.
  if (!context || !(await runs(context))) {
    context?.close().catch(() => {});
    context = new AudioContext({ latencyHint: "interactive" });
    // Overlapping notes must never clip, and a risen call must still be plainly louder than one that has not.
    master = new DynamicsCompressorNode(context, { threshold: -6, knee: 0, ratio: 12, attack: 0.002, release: 0.12 });
    master.connect(context.destination);
    context.addEventListener("statechange", () => onChange());
    await runs(context);
  }
  lastTime = -1;
  lastLook = 0;
  stillLooks = 0;
  if (!playing) phrase(CALL_NOTES_HZ, 0.05, false);
  onChange();
}

/** @param {AudioContext} made */
async function runs(made) {
  await Promise.race([made.resume().catch(() => {}), new Promise((done) => setTimeout(done, 800))]);
  const before = made.currentTime;
  await new Promise((done) => setTimeout(done, 120));
  return made.state === "running" && made.currentTime > before;
}

/** Whether sound comes out: the context runs, and its clock has moved since the last look. */
export function isOn() {
  if (!context || context.state !== "running") return false;
  const now = performance.now();
  if (now - lastLook > 900) {
    stillLooks = lastTime < 0 || context.currentTime > lastTime ? 0 : stillLooks + 1;
    // A browser that opens its device anew holds the clock for a moment; only one that stays still is silent.
    moves = stillLooks < STILL_LOOKS_MAX;
    lastTime = context.currentTime;
    lastLook = now;
  }
  return moves;
}

/**
 * Repeats a call's sound until told otherwise: "call", "risen", "practice", or null for none. `anew` starts it from its
 * beginning even if it already plays.
 * @param {string | null} kind
 */
export function repeat(kind, anew = false) {
  if (kind === playing && !anew) return;
  playing = kind;
  clearTimeout(timer);
  if (kind) turn();
}

/** A new trouble: its own sound, once. */
export function troubleOnce() {
  if (!playing && !tellsEvery_ms) glide(TROUBLE_GAIN);
}

/**
 * Repeats the sound of trouble so often, in milliseconds; 0 for not at all. Asked for more often, it starts at once.
 * @param {number} every_ms
 */
export function keepTelling(every_ms) {
  if (every_ms === tellsEvery_ms) return;
  const startsNow = every_ms > 0 && (tellsEvery_ms === 0 || every_ms < tellsEvery_ms);
  tellsEvery_ms = every_ms;
  clearTimeout(tellTimer);
  if (startsNow) tellAgain();
  else if (every_ms) tellTimer = setTimeout(tellAgain, every_ms);
}

// Each sets the next one first: one that fails to sound must not be the last.
function tellAgain() {
  tellTimer = setTimeout(tellAgain, tellsEvery_ms);
  glide(TROUBLE_GAIN);
}

function turn() {
  const sound = playing ? SOUNDS[playing] : null;
  if (!sound) return;
  timer = setTimeout(turn, sound.every_ms);
  phrase(CALL_NOTES_HZ, sound.gain, Boolean(sound.bright));
}

/**
 * @param {number[]} notes
 * @param {number} gain
 * @param {boolean} bright
 */
function phrase(notes, gain, bright) {
  if (!context || !master || context.state !== "running") return;
  const [made, to] = [context, master];
  const start = context.currentTime + 0.03;
  notes.forEach((hz, index) => {
    const at = start + index * NOTE_APART_S;
    mallet(made, to, hz, at, gain, 1.5);
    mallet(made, to, hz * 2, at, gain * (bright ? 0.45 : 0.16), 0.9);
    mallet(made, to, hz * 4, at, gain * (bright ? 0.16 : 0.05), 0.25);
  });
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} to
 * @param {number} hz
 * @param {number} at
 * @param {number} gain
 * @param {number} length
 */
function mallet(context, to, hz, at, gain, length) {
  const tone = context.createOscillator();
  const level = context.createGain();
  tone.frequency.value = hz;
  level.gain.setValueAtTime(0, at);
  level.gain.linearRampToValueAtTime(gain, at + 0.018);
  level.gain.exponentialRampToValueAtTime(0.0004, at + length);
  tone.connect(level).connect(to);
  tone.start(at);
  tone.stop(at + length + 0.05);
}

/** @param {number} gain */
function glide(gain) {
  if (!context || !master || context.state !== "running") return;
  const start = context.currentTime + 0.03;
  for (const [at, from, to] of [[start, 330, 247], [start + 0.95, 294, 220]]) {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.type = "triangle";
    tone.frequency.setValueAtTime(from, at);
    tone.frequency.exponentialRampToValueAtTime(to, at + 0.8);
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(gain, at + 0.12);
    level.gain.linearRampToValueAtTime(0, at + 0.85);
    tone.connect(level).connect(master);
    tone.start(at);
    tone.stop(at + 0.9);
  }
}
