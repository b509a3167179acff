// Owns the desk's sounds. The sound of a call consists of four overlapping mallet notes, so that nobody mistakes it for
// the bursts of equal pulses of a medical alarm (IEC 60601-1-8). Does not own the decision which sound plays.

const CALL_NOTES_HZ = [440, 659.26, 493.88, 659.26];
const NOTE_APART_S = 0.27;

// The gain of each sound, and the interval from one start to the next, in milliseconds.
/** @type {Record<string, { gain: number, every_ms: number, bright?: boolean }>} */
const SOUNDS = {
  call: { gain: 0.17, every_ms: 3200 },
  risen: { gain: 0.55, every_ms: 2000, bright: true },
  practice: { gain: 0.07, every_ms: 7000 },
};
// Gain of the trouble sound. This sound consists of two falling glides, and may play while the sound of a call plays.
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
/** Number of checks without progress, about three seconds, after which the sound counts as off. */
const STILL_LOOKS_MAX = 3;
let onChange = () => {};

/**
 * Starts the sound, which browsers allow only during a click or a key press. Plays the call's sound once, softly, as a
 * test.
 * @param {() => void} changed
 */
export async function unlock(changed) {
  onChange = changed;
  // A context whose device was unplugged never runs again, but a new one may.
  if (!context || !(await runs(context))) {
    context?.close().catch(() => {});
    context = new AudioContext({ latencyHint: "interactive" });
    // Overlapping notes must not clip, and the sound `risen` must still be clearly louder than the sound `call`.
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

/**
 * Whether this page can be heard: the context runs, and its clock has advanced in at least one of the last
 * `STILL_LOOKS_MAX` checks.
 */
export function isOn() {
  if (!context || context.state !== "running") return false;
  const now = performance.now();
  if (now - lastLook > 900) {
    stillLooks = lastTime < 0 || context.currentTime > lastTime ? 0 : stillLooks + 1;
    // The clock pauses for a moment while the browser reopens its device; only a longer pause means silence.
    moves = stillLooks < STILL_LOOKS_MAX;
    lastTime = context.currentTime;
    lastLook = now;
  }
  return moves;
}

/**
 * Repeats the sound `kind` from now on: "call", "risen" or "practice", or null for no sound. If this sound is already
 * playing, it continues, unless `restart` starts it from the beginning.
 * @param {string | null} kind
 */
export function repeat(kind, restart = false) {
  if (kind === playing && !restart) return;
  playing = kind;
  clearTimeout(timer);
  if (kind) turn();
}

/** Plays the sound of a new trouble once, unless the sound of a call or of another trouble is being repeated. */
export function troubleOnce() {
  if (!playing && !tellsEvery_ms) glide(TROUBLE_GAIN);
}

/**
 * Repeats the sound of a trouble at an interval in milliseconds; 0 for never. If the interval is shorter than before,
 * the sound plays at once.
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

// The next repetition is scheduled first, so that an exception does not end the repetitions.
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
