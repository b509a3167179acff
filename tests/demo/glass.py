"""Owns the room's screen as its user sees and touches it. Finds, presses and holds its controls, and compares its
pictures. Knows nothing about a visit."""

import json
import os
import time

from surroundings import Failed, wait_for

# The background colour of an open call, as red, green and blue; see src/widget/call_band.rs.
GLOWING = (0x42, 0x30, 0x1A)
PRESS_S = 0.04
HOLD_S = 1.9


def near(one, other):
    return all(abs(a - b) <= 8 for a, b in zip(one, other))


class Glass:
    """The screen of one room."""

    def __init__(self, display, room, out, report):
        self.display, self.room, self.out, self.report = display, room, out, report
        self.shots = 0
        self.typed_at = None

    def trace(self):
        """Returns what the room has written about its screen because of `--trace-controls`. Fails if the room has
        exited, so that no step waits in vain."""
        self.room.must_be_running()
        try:
            with open(self.room.trace) as file:
                return json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return {"screen": None, "controls": []}

    def screen(self):
        return self.trace()["screen"]

    def controls(self):
        return {control["id"]: control for control in self.trace()["controls"]}

    def has(self, *names):
        controls = self.controls()
        return all(name in controls for name in names)

    def wait(self, name, limit_s=10.0):
        """Waits for a control to appear. Returns its bounds."""
        return wait_for(f"the control {name}", lambda: self.controls().get(name), limit_s)

    def wait_gone(self, name, limit_s=10.0):
        wait_for(f"{name} to go", lambda: name not in self.controls(), limit_s)

    def wait_screen(self, name, limit_s=15.0):
        wait_for(f"the screen {name}", lambda: self.screen() == name, limit_s)

    def middle(self, name):
        at = self.wait(name)
        return round(at["x"] + at["width"] / 2), round(at["y"] + at["height"] / 2)

    def down(self, name):
        """Presses the mouse button on the middle of a control. Returns the wall-clock time just before, in seconds."""
        x, y = self.middle(name)
        self.display.do("mousemove", x, y)
        before = time.time()
        self.display.do("mousedown", 1)
        return before

    def up(self):
        self.display.do("mouseup", 1)

    def tap(self, name):
        """Presses a key, and checks that it lights up under the finger and then goes dark again. Returns the wall-clock
        time of the release, in seconds."""
        at = self.wait(name)
        x, y = at["x"] + at["width"] * 0.12, at["y"] + at["height"] * 0.5
        rest = self.display.pixel(x, y)
        self.down(name)
        wait_for(f"{name} to light up", lambda: self.display.pixel(x, y) != rest, 3, 0.002)
        lit = self.display.pixel(x, y)
        self.up()
        released = time.time()
        wait_for(f"{name} to go dark", lambda: self.display.pixel(x, y) != lit, 3, 0.002)
        return released

    def press(self, name, then=None, gone=None, changes=False, limit_s=10.0):
        """Presses a control. Then waits until the control `then` appears, the control `gone` disappears and, with
        `changes`, the picture differs."""
        before = self.picture()
        self.down(name)
        time.sleep(PRESS_S)
        self.up()
        self.follow(name, before, then, gone, changes, limit_s)

    def follow(self, name, before, then, gone, changes, limit_s):
        """Waits for the result of a press as described at `press`: first for the controls, and then for a picture that
        differs from `before`."""
        if then:
            self.wait(then, limit_s)
        if gone:
            self.wait_gone(gone, limit_s)
        if then or gone or changes:
            wait_for(f"another picture after {name}", lambda: self.picture() != before, limit_s)
            self.settle()

    def hold(self, name, then=None, gone=None, limit_s=10.0):
        """Holds a control for HOLD_S seconds, which is long enough for those that staff have to hold."""
        before = self.picture()
        self.down(name)
        time.sleep(HOLD_S)
        self.up()
        self.follow(name, before, then, gone, False, limit_s)

    def slide(self, name, then=None, gone=None, limit_s=10.0):
        """Slides a staff control from left to right."""
        before = self.picture()
        at = self.wait(name)
        y = at["y"] + at["height"] / 2
        self.display.do("mousemove", round(at["x"] + at["width"] * 0.2), round(y))
        self.display.do("mousedown", 1)
        for step in range(1, 9):
            self.display.do("mousemove", round(at["x"] + at["width"] * (0.2 + 0.075 * step)), round(y))
            time.sleep(0.03)
        self.up()
        self.follow(name, before, then, gone, False, limit_s)

    def draw(self, way):
        """Draws a line on the page with the mouse. Each point in `way` is in fractions of the page's width and
        height."""
        page = self.wait("sketch")
        before = self.picture_of("sketch")
        for step, (across, down) in enumerate(way):
            self.display.do("mousemove", round(page["x"] + page["width"] * across), round(page["y"] + page["height"] * down))
            if step == 0:
                self.display.do("mousedown", 1)
            time.sleep(0.01)
        self.up()
        wait_for("a line on the page", lambda: self.picture_of("sketch") != before, 5)

    def picture(self):
        """Returns a coarse sample of the screen without its edges, which is enough to see whether it has changed."""
        width, height = self.display.width, self.display.height
        return self.display.area(width * 0.1, height * 0.05, width * 0.7, height * 0.9, step=7)

    def picture_of(self, name):
        """Returns a sample of the picture of one control. Unlike the rest of the screen, it has no place that moves."""
        at = self.wait(name)
        return self.display.area(at["x"], at["y"], at["width"], at["height"], step=3)

    def glance(self):
        """Returns a coarse sample of the upper part of the screen, where the place is without words and controls."""
        return self.display.area(0, 0, self.display.width, self.display.height * 2 // 5, 16)

    def far_from(self, before):
        """Whether the picture differs enough from the glance `before` to be a different place, and not only the same
        place in different light."""
        now = self.glance()
        return sum(abs(a - b) for a, b in zip(now, before)) / max(1, len(now)) > 8

    def settle(self, limit_s=1.2):
        """Waits until the picture has not changed for a quarter of a second. Gives up after `limit_s`, because a place
        may move all the time."""
        until = time.monotonic() + limit_s
        before, stood = self.picture(), 0
        while time.monotonic() < until and stood < 3:
            time.sleep(0.08)
            now = self.picture()
            stood = stood + 1 if now == before else 0
            before = now

    def type(self, text, limit_s=10.0):
        """Types on the on-screen keyboard. Returns the resulting text, with the capital letters that the room sets."""
        written = ""
        for letter in text:
            name = "key-space" if letter == " " else f"key-{letter}"
            if name not in self.controls():
                raise Failed(f"the keyboard has no {name}")
            self.typed_at = self.tap(name)
            ends = written.rstrip(" ")
            begins = not ends or (len(ends) < len(written) and ends[-1] in ".?!")
            written += letter.upper() if begins else letter
        self.settle()
        return written

    def wait_call_open(self, limit_s=3.0):
        """Waits until the call on the screen has the background of an open call."""
        def glows():
            at = self.controls().get("call")
            return at and near(self.display.pixel(at["x"] + at["width"] * 0.04, at["y"] + at["height"] * 0.5), GLOWING)
        wait_for("the call to be shown as open", glows, limit_s, 0.01)
        self.settle()

    def shot(self, name):
        """Saves a numbered picture of the whole screen. Returns its file name."""
        self.shots += 1
        file = f"{self.shots:02}-{name}.png"
        self.display.save(os.path.join(self.out, file))
        return file
