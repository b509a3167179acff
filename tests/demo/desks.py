"""Owns an afternoon at a desk of several rooms, with a real broker, two rooms in headless mode, the desk's program, and
a browser on its page, all driven from outside. The afternoon consists of calls, answers, an adjustment, a killed room
and a killed broker. With `--presses N`, the test only places N calls and reports how soon the page showed them."""

import argparse
import os
import sys
import time

from desk import Desk
from fleet import Broker, DeskProgram, QuietRoom
from surroundings import Failed, Folder, Sound, wait_for

# A script that records in the page when each call appeared.
WATCH = """
window.demoDrawn = {};
const box = document.getElementById("calls");
const note = () => {
  for (const panel of box.children) {
    if (panel.hidden || panel.dataset.noted) continue;
    panel.dataset.noted = "1";
    requestAnimationFrame(() => requestAnimationFrame(() => {
      (window.demoDrawn[panel.id] ??= []).push(performance.timeOrigin + performance.now());
    }));
  }
};
new MutationObserver(note).observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden"] });
"""


# The sizes of screens on which the page must fit: a phone, a tablet, a laptop and a desktop.
SIZES = [(390, 844), (820, 1180), (1280, 800), (1920, 1080)]
# A script that returns the elements that reach beyond the right edge of the page, and the controls that are less than
# 44 CSS pixels wide or high, each with its size.
MISFITS = """
const seen = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".unseen, svg"));
const wide = seen.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".sideways"));
const pressed = seen.filter((e) => e.matches("button, select, a, summary, input:not([type=checkbox])"));
const small = pressed.filter((e) => Math.min(e.offsetWidth, e.offsetHeight) < 44);
return [...wide, ...small].map((e) => `${e.tagName} ${e.id || e.className} ${e.offsetWidth}x${e.offsetHeight}`);
"""


class Page(Desk):
    """The desk page that shows several rooms."""

    def phase_of(self, room):
        return self.run("return document.getElementById(`call-${arguments[0]}`)?.dataset.phase", room)

    def calls(self):
        """Returns the rooms whose calls are on the page, from top to bottom."""
        return self.run("return [...document.getElementById('calls').children].map((one) => one.id.slice(5))")

    def tile(self, room):
        return self.run("return document.getElementById(`tile-${arguments[0]}`)?.dataset.state", room)

    def troubles(self):
        return self.run("return [...document.getElementById('troubles').children]"
                        ".map((one) => `${one.dataset.room ?? ''} ${one.dataset.trouble}`.trim())")

    def drawn(self, room):
        """Returns the wall-clock times, in seconds, at which calls of this room appeared on the page."""
        return [at / 1000 for at in self.run("return window.demoDrawn[`call-${arguments[0]}`] ?? []", room)]

    def is_pressed(self, selector):
        return self.run("return document.querySelector(arguments[0]).ariaPressed", selector) == "true"

    def must_fit(self, what):
        """Fails if, on a screen of any of SIZES, anything is cut off or a control is too small for a finger."""
        for width, height in SIZES:
            self.set_size(width, height)
            misfits = self.run(MISFITS)
            if misfits:
                raise Failed(f"{what} does not fit {width}x{height}: {misfits[:4]}")
        self.set_size(None, None)

    def set_size(self, width, height):
        command = "clearDeviceMetricsOverride" if width is None else "setDeviceMetricsOverride"
        size = {} if width is None else {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("POST", self.session + "/goog/cdp/execute", {"cmd": f"Emulation.{command}", "params": size})

    def wait(self, what, look, limit_s=10):
        return wait_for(f"the desk to show {what}", look, limit_s, 0.02)


class Afternoon:
    """The steps of the afternoon."""

    def __init__(self, page, desk, broker, rooms, out):
        self.page, self.desk, self.broker, self.rooms, self.out = page, desk, broker, rooms, out
        self.told = []

    def see(self, name):
        if self.out:
            time.sleep(0.35)
            self.page.save(os.path.join(self.out, f"desks-{name}.png"))

    def empty(self):
        self.page.open()
        self.page.wait("that no room has spoken", lambda: self.page.is_shown("rooms-none"))
        self.page.wait("that the broker is reached", lambda: "broker" not in self.page.words("line").lower())
        self.see("empty")

    def join(self):
        for room in self.rooms:
            room.start()
        for room in self.rooms:
            self.page.wait(room.name, lambda: self.page.tile(room.room))
        self.page.click("#unlock-sound")
        self.page.wait("that calls arrive", self.page.receives)
        for room in self.rooms:
            room.reach("a desk", desk_connected=True)
        self.page.run(WATCH)

    def call(self):
        one, two = self.rooms
        one.tell("visit_begins")
        one.tell("session_begins", infusion_minutes=40)
        one.reach("its session", stage="session")
        two.tell("visit_begins")
        two.reach("its visit", stage="arrive")
        self.page.wait("both rooms", lambda: self.page.tile(one.room) == self.page.tile(two.room) == "visit")
        self.see("rooms")
        pressed = two.tell("call_pressed")
        two.reach("its call at the desk", call="received")
        seen = self.page.wait("the call", lambda: self.page.drawn(two.room))[0]
        self.told.append(f"pressed and drawn in {1000 * (seen - pressed):.0f} ms")
        self.see("call")
        self.page.click(f"#coming-0-{two.room}")
        two.reach("someone on the way", call="on_the_way")
        self.page.wait("who comes", lambda: self.page.phase_of(two.room) == "on_the_way")

    def second_call(self):
        one, two = self.rooms
        one.tell("call_pressed")
        one.reach("its call at the desk", call="received")
        one.tell("call_reason", name="sick")
        self.page.wait("why", lambda: "sick" in self.page.words(f"call-reason-words-{one.room}").lower())
        if self.page.calls() != [two.room, one.room]:
            raise Failed(f"the older call does not stand on top: {self.page.calls()}")
        self.see("two-calls")
        self.page.must_fit("the page of two calls")
        self.page.click(f"#call-here-{two.room}")
        two.reach("someone there", call="here")
        for room in self.rooms:
            room.tell("call_here")
            room.tell("call_cleared")
            room.reach("the end of its call", call="idle")
        self.page.wait("no call", lambda: self.page.calls() == [])

    def calm(self):
        """Checks that one click on the page of all rooms calms a room, and that another undoes it."""
        one, _ = self.rooms
        for on in (True, False):
            self.page.click(f"#tile-{one.room} .tile-calm")
            one.reach(f"calm = {on}", calm=on)
            self.page.wait("that it is so", lambda: self.page.is_pressed(f"#tile-{one.room} .tile-calm") == on)

    def begin(self):
        """Checks that two clicks begin a session with another profile and another length."""
        _, two = self.rooms
        self.page.click(f"#tile-{two.room}")
        self.page.wait("the profiles", lambda: self.page.is_shown("profile"))
        self.page.wait("their pictures", lambda: self.page.run(
            "return ![...document.querySelectorAll('#profile [data-face=still]')].some((one) => !one.firstChild)"))
        self.see("begin")
        self.page.must_fit("the room in which a session can begin")
        self.page.click("#profile [data-name=quiet-room]")
        self.page.click("#begin-60")
        two.reach("its session", stage="session")
        if (two.last["profile"], two.last["infusion_ms"]) != ("quiet-room", 60 * 60_000):
            raise Failed(f"another session began than was chosen: {two.last}")
        self.page.click("#rooms-back")
        self.page.wait("all rooms", lambda: self.page.is_shown("rooms-grid"))

    def adjust(self):
        one, _ = self.rooms
        before = one.last["volume_db"]
        self.page.click(f"#tile-{one.room}")
        self.page.wait("the room itself", lambda: self.page.is_shown("volume-down"))
        self.page.click("#volume-down")
        wait_for("the room to be softer", lambda: one.last["volume_db"] < before, 5)
        self.see("one-room")
        for name in ("silence", "dark"):
            self.page.click(f"#{name}")
            self.page.wait(name, lambda: self.page.is_pressed(f"#{name}"))
        self.see("silent-and-dark")
        self.page.must_fit("the room in a session")
        self.page.click("#session-pause")
        one.reach("its pause", paused=True)
        refused = self.page.run("return fetch(`/api/rooms/${arguments[0]}/session/pause`, { method: 'POST', headers: {"
                                "'content-type': 'application/json', 'x-stillroom': '1' }, body: '{}' })"
                                ".then(async (answer) => [answer.status, (await answer.json()).error])", one.room)
        if refused[0] != 409 or not refused[1]:
            raise Failed(f"an order that cannot be was answered with {refused}")
        self.page.click("#rooms-back")
        self.page.wait("all rooms", lambda: self.page.is_shown("rooms-grid"))

    def lose_room(self):
        _, two = self.rooms
        two.tell("call_pressed")
        two.reach("its call at the desk", call="received")
        two.kill()
        killed = time.monotonic()
        self.page.wait("that the room is lost", lambda: f"{two.room} room-lost" in self.page.troubles(), 11)
        self.told.append(f"a killed room is told after {time.monotonic() - killed:.1f} s")
        if self.page.calls() != [two.room]:
            raise Failed("the call of a lost room does not stay")
        self.see("room-lost")
        self.page.click("#troubles button")
        two.start()
        self.page.wait("the room again", lambda: not self.page.troubles())
        two.reach("its call again", call="received")
        two.tell("call_here")
        two.tell("call_cleared")
        self.page.wait("no call", lambda: self.page.calls() == [])

    def lose_broker(self):
        one, _ = self.rooms
        self.broker.kill()
        self.page.wait("that the broker is lost", lambda: self.page.is_shown("broker-lost"), 10)
        self.see("broker-lost")
        self.broker.start()
        back = time.monotonic()
        self.page.wait("that calls arrive", self.page.receives, 10)
        self.told.append(f"the broker is found again after {time.monotonic() - back:.1f} s")
        one.reach("a desk", desk_connected=True, line="up")

    def presses(self, count):
        """Places `count` calls and clears each. Reports the median and the 99th percentile of the times until the page
        showed them."""
        _, two = self.rooms
        spans = []
        for number in range(count):
            pressed = two.tell("call_pressed")
            seen = self.page.wait("the call", lambda: self.page.drawn(two.room)[number:])[0]
            spans.append(1000 * (seen - pressed))
            two.reach("its call at the desk", call="received")
            two.tell("call_here")
            two.tell("call_cleared")
            self.page.wait("no call", lambda: self.page.calls() == [])
        spans.sort()
        p99 = spans[min(count - 1, round((count - 1) * 0.99))]
        print(f"{count} presses to a drawn call through the broker, in Chromium: median {spans[count // 2]:.0f} ms, "
              f"p99 {p99:.0f} ms (150 allowed), slowest {spans[-1]:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--out", help="a folder for pictures")
    parser.add_argument("--locale", default="en-US", help="the language of the page")
    parser.add_argument("--presses", type=int, help="only press this many times, and report how soon each call was drawn")
    arguments = parser.parse_args()
    if arguments.out:
        os.makedirs(arguments.out, exist_ok=True)
    folder, opened, began = Folder(), [], time.monotonic()
    desk = None
    try:
        def kept(thing):
            opened.append(thing)
            return thing
        sound = kept(Sound(folder, None))
        broker = kept(Broker(folder))
        broker.start()
        desk = kept(DeskProgram(arguments.room, folder, broker, [], arguments.locale))
        desk.start()
        page = kept(Page(folder, sound, desk.port))
        rooms = [kept(QuietRoom(arguments.room, folder, sound, broker, f"Room {n}", f"room-{n}")) for n in (1, 2)]
        afternoon = Afternoon(page, desk, broker, rooms, arguments.out)
        afternoon.empty()
        afternoon.join()
        if arguments.presses:
            afternoon.presses(arguments.presses)
            page.must_be_whole()
            return
        for part in (afternoon.call, afternoon.second_call, afternoon.calm, afternoon.begin, afternoon.adjust, afternoon.lose_room,
                     afternoon.lose_broker):
            part()
        page.must_be_whole()
    except (Failed, OSError) as why:
        print(f"The desk of several rooms does not work: {why}", file=sys.stderr)
        if desk:
            print(desk.told()[-3000:], file=sys.stderr)
        sys.exit(1)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()
    print(f"The desk of several rooms: {'; '.join(afternoon.told)}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
