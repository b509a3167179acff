// Owns the page as a whole: what is tied to what, and whether this page can receive a call. Does not own any one part.

import * as board from "/board.js";
import * as call from "/call.js";
import * as controls from "/controls.js";
import * as link from "/link.js";
import * as sound from "/sound.js";
import { say, speak } from "/words.js";

const { el, show, write } = board;

const canReceive = () => document.visibilityState === "visible" && sound.isOn();

let wasOn = false;
let wasLost = false;
let latest = null;

speak("en-US");
controls.tie();
call.tie();

link.open(() => sound.isOn(), {
  hello(hello) {
    speak(hello.locale);
    board.prepare(hello);
    controls.prepare(hello);
    call.prepare(hello.clinicians, canReceive);
    show(el("sign-out"), hello.signed_in);
  },
  room(view, receivedAt) {
    latest = [view, receivedAt];
    drawLatest();
    tick();
  },
  changed: tick,
});

// A browser lets a page sound only after a press. Any press will do, so that nobody misses the button.
document.addEventListener("click", () => sound.isOn() || turnSoundOn());
el("sign-out").addEventListener("click", link.signOut);
document.addEventListener("visibilitychange", tick);
setInterval(tick, 500);

async function turnSoundOn() {
  try {
    await sound.unlock(tick);
  } catch (problem) {
    // Without a sound device this page stays no desk, and its banner says so.
    console.warn("no sound", problem);
  }
  await link.beat();
  tick();
}

function drawLatest() {
  const [view, receivedAt] = latest;
  board.draw(view, receivedAt);
  controls.draw(view);
  call.draw(view, receivedAt);
}

function tick() {
  const way = link.state();
  const isOn = sound.isOn();
  if (isOn !== wasOn) {
    wasOn = isOn;
    link.beat();
  }
  board.tick();
  controls.tick();
  call.tick();
  show(el("unlock"), !isOn);
  showLine(way, isOn);
  showUnheard(way);
  if (board.drawTroubles(way.refused ? ["not_taken"] : [])) sound.troubleOnce();
  sound.repeat(way.unheardSince ? "unheard" : call.soundNow(), call.isPressedAnew());
  const urgent = way.unheardSince ? say("title_unheard") : call.titleWords();
  const title = urgent ?? board.quietTitle();
  if (document.title !== title) document.title = title;
  write("wall-clock", board.clockTime(new Date()));
}

function showLine(way, isOn) {
  const receives = way.takenAsDesk && isOn && !way.unheardSince;
  let key = "line_silent";
  if (receives) key = "line_on";
  else if (way.unheardSince) key = "line_unheard";
  else if (!way.opened) key = "line_opening";
  write("line", say(key));
  el("line").dataset.line = receives ? "on" : "off";
}

function showUnheard(way) {
  const lost = way.unheardSince !== null;
  show(el("unheard"), lost);
  document.body.classList.toggle("lost", lost);
  // The room goes on where it was heard last, unless it has said something new since.
  if (wasLost && !lost && latest) drawLatest();
  wasLost = lost;
  if (!lost) return;
  board.forgetShared();
  call.sayStale();
  show(el("sign-in-again"), way.signedOut);
  write("unheard-words", way.signedOut ? say("unheard_signed_out") : say("unheard_words", { time: board.clockTime(way.unheardSince) }));
}
