"""Owns the test of a desk of several rooms that receives malformed messages. It has a real broker, the desk's program,
a real room and a real browser. Whatever one room sends, and whether pictures arrive or not, the calls of all rooms must
be shown, heard and received, also on a page that is opened later. A room that exceeds the maximum number of rooms must
be reported at the desk and in the room. The test is short enough to be part of every test run."""

import argparse
import copy
import json
import signal
import subprocess
import sys
import time

from desks import WATCH, Page
from fleet import Broker, DeskProgram, QuietRoom
from relay import Relay
from surroundings import Failed, Folder, Sound, wait_for

ROOMS_MAX = 64
# Limit for how much longer a call may take without pictures than with them, in milliseconds.
SCATTER_MS = 250
# The number of calls from which each median time is taken.
CALLS = 5

# A script that runs before the page's own scripts. It records sounds, requests and the status of their answers, and
# keeps the event stream so that the test can inject messages.
LISTEN = """
window.demoTones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...times) {
  window.demoTones.push(this.frequency.value);
  return start.apply(this, times);
};
window.demoAsked = [];
const ask = window.fetch;
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  window.demoAsked.push([asked[0], answer.status]);
  return answer;
};
const Stream = window.EventSource;
window.EventSource = class extends Stream {
  constructor(...where) {
    super(...where);
    window.demoStream = this;
  }
};
"""
# The first note of the tone for a call, in hertz. The tone for a trouble has different notes.
CALL_HZ = 440

WHOLE = {
    "room": "An odd room", "stage": "session", "in_visit": True, "part": "onset", "profile": "gentle-tide",
    "session": {"clock_ms": 60_000, "running": True, "paused": False, "landed": False, "speed": 1,
                "infusion_ms": 2_400_000, "peak_from_ms": 720_000, "return_from_ms": 2_100_000,
                "landing_from_ms": 2_700_000, "end_ms": 3_300_000, "ended": False},
    "infusion_minutes": 40, "place": "beach", "language": "en-US", "volume_db": -30.0, "breath": "4-6", "dark": False,
    "anchor": False, "calm": False, "silence": False, "brightness_trim": 0.0, "intensity_nudge": 0.0, "talk_now": False, "desks": 1,
    "line": "up", "shared": None, "troubles": ["sound-lost"], "wiping": False, "speaker_tested": False,
    "receipt": {"number": 3, "at": "2026-11-28T10:00:00Z", "verified": True, "chain": "00ff",
                "checks": [{"name": "no-visit-key", "ok": True}]},
    "offers": {"profiles": [{"name": "gentle-tide", "title": "Gentle tide", "description": "", "scored": True}],
               "cap_db": -20.0},
}
TAG = "<img src=x onerror=\"window.demoInjected = 1\">"
LONG = "long " * 4_000

# An object that makes JavaScript throw when it is converted to text or a number.
NO_WORDS = {"toString": 0, "valueOf": 0}

# Wrong values in a room's view, each with its path in the view.
ODD = [
    ((), "a text"), ((), ["a", "list"]), ((), None), ((), {}), ((), NO_WORDS),
    (("stage",), NO_WORDS), (("stage",), 3), (("stage",), LONG), (("stage",), TAG),
    (("place",), NO_WORDS), (("place",), None), (("profile",), NO_WORDS), (("room",), NO_WORDS),
    (("receipt", "at"), NO_WORDS), (("receipt", "checks"), {"0": 1}), (("receipt",), TAG),
    (("session", "clock_ms"), NO_WORDS), (("session", "end_ms"), "soon"),
    (("session",), "running"), (("session",), NO_WORDS),
    (("volume_db",), NO_WORDS), (("volume_db",), "loud"), (("brightness_trim",), NO_WORDS), (("intensity_nudge",), TAG),
    (("troubles",), NO_WORDS), (("troubles",), 5), (("troubles",), [NO_WORDS]),
    (("troubles",), [{}, 1, None]), (("troubles",), [TAG] * 900), (("shared",), NO_WORDS), (("breath",), NO_WORDS),
    (("offers",), "all"), (("offers", "profiles"), [None]),
    (("offers", "cap_db"), NO_WORDS),
]
# Messages that are sent to the page directly, bypassing the desk's parser.
ODD_FOR_PAGE = [
    {"left": None}, {"troubles": 7}, {"troubles": [NO_WORDS]}, {"view": "a text"},
    {"view": {**WHOLE, "stage": NO_WORDS, "session": None}}, {"view": {**WHOLE, "session": NO_WORDS}},
    {"view": {**WHOLE, "stage": "ready", "session": None, "receipt": {"at": NO_WORDS}}}, {"name": NO_WORDS},
]


def odd_view(path, value):
    if not path:
        return value
    view = copy.deepcopy(WHOLE)
    if path[0] == "receipt":
        # A tile shows the last wipe while there is no session.
        view.update(stage="ready", session=None)
    *above, last = path
    at = view
    for name in above:
        at = at[name]
    at[last] = value
    return view


class OddRoom:
    """A simulated room, which does nothing except send messages to the broker."""

    def __init__(self, broker, room, number):
        self.broker, self.room, self.number, self.seq = broker, room, number, 0

    def says(self, view, call=None, ended=(), name=None):
        self.seq += 1
        told = {"kind": "state", "v": 1, "room": self.room, "boot": f"01JDVN{self.number:020d}", "link": 1,
                "seq": self.seq, "name": name or self.room, "loop_age_ms": 3, "frame_age_ms": None, "audio_age_ms": 9,
                "call": call, "ended": list(ended), "answers": [], "view": view}
        self.broker_says(json.dumps(told))

    def broker_says(self, words):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-q", "1",
                        "-t", f"stillroom/{self.room}/state", "-s"], input=words.encode(), check=True)

    def call(self, view):
        call = {"id": f"01JDVP{self.number:020d}", "practice": False, "phase": "sent", "placed_ago_ms": 20,
                "phase_ago_ms": 10, "name": None, "presses": 1, "line_down_told": False, "risen": False,
                "escalated": False, "journaled": True}
        self.says(view, call)
        return call["id"]


class Trial:
    """The checks, in the order in which they run."""

    def __init__(self, page, desk, broker, room, spare):
        self.page, self.desk, self.broker, self.room, self.spare = page, desk, broker, room, spare
        self.odd = [OddRoom(broker, f"odd-{n:02d}", n) for n in range(len(ODD))]
        self.told = []

    def opened(self, url):
        self.page.url = url
        self.page.open()
        self.page.wait("the page", lambda: self.page.run("return !!document.getElementById('unlock-sound')"))

    def receives(self):
        self.page.click("#unlock-sound")
        self.page.wait("that calls arrive", self.page.receives)
        self.page.run(WATCH)

    def tones(self):
        return self.page.run("return window.demoTones.filter((hz) => hz === arguments[0]).length", CALL_HZ)

    def a_call(self, after):
        """Places a call in the good room. The page must show it, play its tone and confirm that it arrived."""
        tones, drawn = self.tones(), len(self.page.drawn(self.room.room))
        self.room.tell("call_pressed")
        self.page.wait(f"the call of a good room after {after}", lambda: len(self.page.drawn(self.room.room)) > drawn)
        self.room.reach(f"its call at the desk after {after}", call="received")
        wait_for(f"the sound of that call after {after}", lambda: self.tones() > tones, 5)
        self.room.tell("call_here")
        self.room.tell("call_cleared")
        self.page.wait("no call", lambda: self.page.calls() == [])

    def an_odd_call(self, odd, view, what):
        """Places a call in the odd room. The page must show this call too, play its tone and confirm that it
        arrived."""
        tones, address = self.tones(), f"/api/rooms/{odd.room}/call/received"
        call = odd.call(view)
        self.page.wait(f"the call of a room with {what}", lambda: self.page.drawn(odd.room))
        wait_for(f"the sound of that call with {what}", lambda: self.tones() > tones, 5)
        self.page.wait(f"that it was received with {what}", lambda: self.page.run(
            "return window.demoAsked.some(([where, how]) => where === arguments[0] && how === 204)", address))
        odd.says(view, ended=[call])
        self.page.wait("no call", lambda: self.page.calls() == [])

    def begin_after_a_wipe(self):
        """Checks that a page that is opened after a wipe, while the room is idle, can begin a session at either
        desk."""
        self.room.tell("visit_begins")
        self.room.reach("its visit", stage="arrive")
        self.room.tell("staff_reset")
        self.room.reach("ready after a wipe", stage="ready")
        wait_for("the receipt", lambda: self.room.last.get("receipt"))
        for url in (f"http://127.0.0.1:{self.room.port}/", f"http://127.0.0.1:{self.desk.port}/#{self.room.room}"):
            self.opened(url)
            self.page.wait("Begin", lambda: self.page.is_shown("session-begin"))
            self.page.wait("the proof of the wipe", lambda: "Nothing of the last patient" in self.page.words("receipt-words"))
            self.page.must_be_whole()

    def odd_views(self):
        self.opened(f"http://127.0.0.1:{self.desk.port}/?")
        self.receives()
        self.a_call("nothing odd")
        for odd, (path, value) in zip(self.odd, ODD):
            what = f"{'.'.join(path) or 'a view'} = {json.dumps(value)[:40]}"
            odd.says(odd_view(path, value), name=TAG)
            self.page.wait(f"a room with {what}", lambda: self.page.tile(odd.room))
            self.a_call(what)
            if not path or path[0] in ("stage", "troubles"):
                self.an_odd_call(odd, odd_view(path, value), what)
        unreadable = [line for line in self.page.troubles() if line.endswith(" view-unreadable")]
        if not unreadable:
            raise Failed("no room is told of which a part cannot be read")
        self.page.must_be_whole()

    def time_to_receive(self, what):
        """Returns the median time, in milliseconds, from a press until the room knows that the page shows the call."""
        spans = []
        for _ in range(CALLS):
            pressed = self.room.tell("call_pressed")
            self.room.reach(f"its call at the desk, {what}", call="received")
            spans.append(1000 * (time.time() - pressed))
            self.room.tell("call_here")
            self.room.tell("call_cleared")
            self.page.wait("no call", lambda: self.page.calls() == [])
        return sorted(spans)[CALLS // 2]

    def pictures_that_never_come(self):
        """Checks that a call is received about as soon without pictures as with them."""
        usual = self.time_to_receive("with pictures")
        for what, refuses in (("with pictures that never come", False), ("with pictures refused", True)):
            relay = Relay(self.desk.port, refuses)
            try:
                self.opened(f"http://127.0.0.1:{relay.port}/")
                self.receives()
                wait_for("the page to ask for a picture", lambda: relay.asked, 10)
                span = self.time_to_receive(what)
                self.a_call(what)
                if span > usual + SCATTER_MS:
                    raise Failed(f"{what}, a call is received after {span:.0f} ms, otherwise after {usual:.0f} ms")
                if relay.most_waiting > 1:
                    raise Failed(f"{relay.most_waiting} pictures wait at once and take up the browser's connections")
                self.told.append(f"{what} {span:.0f} ms")
            finally:
                relay.close()
        self.told.insert(0, f"a call received after {usual:.0f} ms")
        self.page.must_be_whole()

    def words_that_are_none(self):
        odd = OddRoom(self.broker, "odd-words", 900)
        odd.broker_says("{\"kind\":\"state\",\"v\":1,\"room\":\"odd-words\",\"view\":")
        self.page.wait("that a room is not understood", lambda: "odd-words room-not-understood" in self.page.troubles())
        odd.says(WHOLE)
        self.page.wait("that it is", lambda: "odd-words room-not-understood" not in self.page.troubles())

    def shown_as_text(self):
        """Checks that the page shows what a room sends as mere text, and cuts it off at a limited length."""
        found = self.page.run("return [document.querySelectorAll('img[src=x]').length, String(window.demoInjected),"
                              " Math.max(...[...document.querySelectorAll('.tile *')].map((e) => e.textContent.length))]")
        if found[:2] != [0, "undefined"] or found[2] > 400:
            raise Failed(f"what a room sent became more than text, or longer than its limit: {found}")

    def later(self):
        """Checks that a page works that is opened after all those messages."""
        self.opened(f"http://127.0.0.1:{self.desk.port}/")
        self.page.wait("every room", lambda: self.page.tile(self.odd[-1].room))
        self.receives()
        self.a_call("all that, on a page opened later")
        self.page.must_be_whole()

    def past_the_desk(self):
        """Sends malformed messages directly to the page. If it cannot show a room, it must report that room as a
        trouble and still show the calls of all others."""
        for number, more in enumerate(ODD_FOR_PAGE):
            said = {"id": f"past-{number}", "name": f"past {number}", "lost": False, "troubles": [], "call": None,
                    "left": [], "view": WHOLE, "view_age_ms": 0, "recent": [], **more}
            self.page.run("window.demoStream.dispatchEvent(new MessageEvent('room', { data: arguments[0] }))",
                          json.dumps(said))
            self.a_call(f"the page was told {json.dumps(more)[:60]}")
        if "past-0 not-drawn" not in self.page.troubles():
            raise Failed(f"a room that cannot be drawn is not reported: {self.page.troubles()}")
        if not self.page.errors():
            raise Failed("a room that cannot be drawn leaves no error behind")
        self.page.run("window.demoStream.dispatchEvent(new MessageEvent('room', { data: '{' }))")
        self.page.wait("that something of the page failed", lambda: self.page.words("page-fault"))
        self.a_call("an error of the page")
        self.page.errors()

    def heard_again(self):
        """Checks that calls arrive again after the desk has hung and recovered."""
        self.opened(f"http://127.0.0.1:{self.desk.port}/?again")
        self.receives()
        self.desk.process.send_signal(signal.SIGSTOP)
        try:
            self.page.wait("that it does not hear its desk", lambda: self.page.is_shown("unheard"), 15)
        finally:
            self.desk.process.send_signal(signal.SIGCONT)
        self.page.wait("that it hears its desk", lambda: not self.page.is_shown("unheard"))
        self.page.wait("that calls arrive", self.page.receives)
        self.a_call("a desk that hung")
        self.page.must_be_whole()

    def one_too_many(self):
        """Checks that a room beyond ROOMS_MAX is reported at the desk and in the room, and that the room does not
        count its connection to that desk."""
        known = self.page.run("return document.querySelectorAll('.tile').length")
        for number in range(ROOMS_MAX - known):
            OddRoom(self.broker, f"more-{number:02d}", 100 + number).says(WHOLE)
        self.page.wait("as many rooms as it can",
                       lambda: self.page.run("return document.querySelectorAll('.tile').length") == ROOMS_MAX)
        self.spare.start(1)
        self.page.wait("that a room is left out", lambda: "rooms-left-out" in self.page.troubles())
        words = self.page.run("return document.querySelector('[data-trouble=rooms-left-out]').textContent")
        if str(ROOMS_MAX + 1) not in words or self.spare.room not in words:
            raise Failed(f"the desk does not say which room is left out: {words}")
        if "every room arrive" in self.page.words("line"):
            raise Failed("the desk says that every call arrives, and one room is left out")
        wait_for("the room to know that it is not shown",
                 lambda: "not-shown-at-desk" in self.spare.last.get("trouble", []), 5)
        self.spare.reach("no line", line="down", desk_connected=False)
        self.spare.tell("call_pressed")
        self.spare.reach("that it does not reach a desk", 8, call="sent", line_down_told=True)
        self.a_call("a room was left out")
        self.spare.kill()
        self.page.wait("that nobody is left out", lambda: "rooms-left-out" not in self.page.troubles(), 15)
        self.page.must_be_whole()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    arguments = parser.parse_args()
    folder, opened, began = Folder(), [], time.monotonic()
    desk = None
    try:
        def kept(thing):
            opened.append(thing)
            return thing
        sound = kept(Sound(folder, None))
        broker = kept(Broker(folder))
        broker.start()
        desk = kept(DeskProgram(arguments.room, folder, broker, []))
        desk.start()
        page = kept(Page(folder, sound, desk.port))
        page.before_each_page(LISTEN)
        room, spare = (kept(QuietRoom(arguments.room, folder, sound, broker, name, name))
                       for name in ("room-1", "spare"))
        room.start(1)
        wait_for("the room", lambda: room.last)
        trial = Trial(page, desk, broker, room, spare)
        for part in (trial.begin_after_a_wipe, trial.odd_views, trial.pictures_that_never_come, trial.words_that_are_none, trial.shown_as_text,
                     trial.later, trial.past_the_desk, trial.heard_again, trial.one_too_many):
            part()
    except (Failed, OSError, subprocess.CalledProcessError) as why:
        print(f"The desk of several rooms does not bear odd rooms: {why}", file=sys.stderr)
        if desk:
            print(desk.told()[-3000:], file=sys.stderr)
        sys.exit(1)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()
    print(f"{len(ODD)} rooms that say odd things, {len(ODD_FOR_PAGE)} that the page is told past its desk, and one too "
          f"many: every call drawn, heard and received; {', '.join(trial.told)}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
