// Owns the page as a whole: what is tied to what, and whether this page can receive a call. Does not own any one part.

import * as board from "/board.js";
import * as call from "/call.js";
import * as controls from "/controls.js";
import * as link from "/link.js";
import * as sound from "/sound.js";
import { say, speak } from "/words.js";

const { el, show, write } = board;

const isVisible = () => document.visibilityState === "visible";
const canReceive = () => isVisible() && sound.isOn();

speak("en-US");
controls.tie();
call.tie(controls.failed);

link.open(() => sound.isOn(), {
  hello(hello) {
    speak(hello.locale);
    board.prepare(hello);
    controls.prepare(hello);
    call.prepare(hello.clinicians, canReceive);
    show(el("sign-out"), hello.signed_in);
  },
  room(view, receivedAt) {
    board.draw(view, receivedAt);
    controls.draw(view);
    call.draw(view, receivedAt);
    tick();
  },
  changed: tick,
});

// Any first press turns the sound on: a browser lets a page sound only after one.
el("unlock-sound").addEventListener("click", turnSoundOn);
el("sign-out").addEventListener("click", link.signOut);
document.addEventListener("visibilitychange", tick);
setInterval(tick, 500);

async function turnSoundOn() {
  await sound.unlock(tick);
  await link.beat();
  tick();
}

let wasOn = false;

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
  if (!lost) return;
  board.forgetShared();
  show(el("sign-in-again"), way.signedOut);
  write("unheard-words", way.signedOut ? say("unheard_signed_out") : say("unheard_words", { time: board.clockTime(way.unheardSince) }));
}
