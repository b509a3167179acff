"""Owns one visit from the first run to the wiped room. The visit drives the whole program from outside, with a mouse on
its screen, a browser on its desk's page and a recorder at its sound output. Every step waits for what it needs, up to a
limit. If a step does not happen, the visit ends with exit code 1.

The whole visit (`make demo`) shows every screen, once with each renderer. The short visit (`--short`, or `make run`
without a display) takes less than two minutes. It shows that the room works: a session, an answered call, a note and
the reset."""

import argparse
import math
import os
import re
import subprocess
import sys
import time
import wave

from desk import Desk
from glass import GLOWING, HOLD_S, Glass, near
from report import Report
from surroundings import Display, Failed, Folder, Room, Sound, wait_for

PIN = "2468"
SPEED = 60
# Time after a touch until the session's controls dim, in seconds; see src/screen/session.rs.
CONTROLS_STAY_S = 8
# Time in which staff can skip the cleaning, and time for which touch is locked afterwards, in seconds; see
# src/screen/turnover.rs.
WARNED_S = 8
LOCKED_S = 60
SEEN_WITHIN_MS = 150
# Difference of a colour channel, of 255, that is not due to a place that moves behind a translucent page.
MOVED_LEVELS = 16
DESK_WITHIN_MS = 1000
ROOM_NAME = "still water"
INTENTION = "i want to rest. and to be less afraid"
FOR_CLINICIAN = "needles frighten me"
NOTE = "a long shore. someone held a lamp"
NOTE_AFTER = ". it was quiet, and warm"
# The errors that end a visit. They mean that a step did not happen, or that a program is missing or has exited.
BROKEN = (Failed, OSError, subprocess.SubprocessError)


class Visit:
    """The steps of one visit in one room."""

    def __init__(self, room, glass, desk, report, out, language):
        self.room, self.glass, self.desk, self.report, self.out = room, glass, desk, report, out
        self.language = f"language-{language}"
        self.display = glass.display
        self.written = {}
        self.expected_losses = 0
        self.desk_pictures = 0

    def see(self, step, picture=None, seen=""):
        """Reports that a step happened. If `picture` is a name, saves a picture of the screen under this name."""
        if picture:
            file = self.glass.shot(picture)
            self.report.tour["pictures"].append(file)
            seen = f"{seen} [{file}]".strip()
        self.report.step(step, seen)

    def see_desk(self, name):
        """Saves a numbered picture of the desk's page."""
        self.desk_pictures += 1
        self.desk.save(os.path.join(self.out, f"desk-{self.desk_pictures}-{name}.png"))

    # The staff controls.

    def type_pin(self):
        for digit in PIN:
            self.glass.tap(f"pin-{digit}")
        self.glass.press("pin-enter")

    def staff_panel(self, picture=False):
        self.glass.hold("staff-corner", then="pin-enter")
        if picture:
            self.see("the corner was held: the PIN pad", "staff-pin")
        self.type_pin()
        self.glass.wait("staff-close")
        self.glass.settle()

    # Before the patient arrives.

    def first_run(self):
        glass = self.glass
        glass.wait_screen("first-run", 30)
        glass.wait("next")
        glass.settle()
        self.see("first run: what this is, and what it is not", "first-run-safety")
        glass.press("next", then="key-q")
        glass.type(ROOM_NAME)
        self.see("first run: the room's name", "first-run-name")
        glass.press("next", then="pin-enter")
        self.type_pin()
        glass.settle()
        self.see("first run: the PIN, once", "first-run-pin-again")
        self.type_pin()
        glass.wait("card-larger")
        glass.settle()
        glass.press("card-larger", changes=True)
        glass.press("card-smaller", changes=True)
        self.see("first run: the size of the screen", "first-run-screen")
        glass.press("next", then="reading-tone")
        glass.press("reading-tone")
        glass.press("reading-more", then="next")
        self.see("first run: what a sound meter reads", "first-run-meter")
        glass.press("next", then="cap-tone")
        glass.press("cap-tone")
        glass.press("cap-less", changes=True)
        self.see("first run: the loudest level, and its tone", "first-run-cap")
        glass.press("finish", then="ready")

    def open_desk(self):
        self.see("ready, and no desk listens", "ready-no-desk")
        self.desk.open()
        self.desk.wait_stage("ready", 20)
        if self.desk.words("room-name").lower() != ROOM_NAME:
            self.report.fault(f"the desk calls the room {self.desk.words('room-name')!r}, not by its name")
        self.see_desk("locked")
        self.desk.click("#unlock-sound")
        wait_for("the desk to receive calls", self.desk.receives, 15, 0.1)
        self.desk.watch_line()
        self.glass.settle(1.5)
        self.see("ready, and a desk listens", "ready", f"the desk says: {self.desk.words('line')}")
        self.see_desk("ready")

    # The patient arrives.

    def next(self):
        self.glass.press("next", changes=True)

    def arrive(self):
        glass = self.glass
        glass.press("ready", then="language-en-US")
        self.see("arrive: the language", "arrive-language")
        glass.press("language-es-US", then="next")
        self.see("arrive: the welcome in Spanish", "arrive-welcome-es")
        glass.press("back", then=self.language)
        glass.press(self.language, then="next")
        self.see("arrive: the welcome", "arrive-welcome")
        glass.press("next", then="hand-left")
        self.see("arrive: make it comfortable", "arrive-comfort")
        self.next()
        time.sleep(1)  # the pictures are decoded and fade in
        self.see("arrive: what to expect", "arrive-expect")
        glass.press("next", then="question-1")
        self.see("arrive: the questions", "arrive-questions")
        glass.press("question-1", then="key-q")
        self.see("arrive: the first question, an empty page", "arrive-question-1-empty")
        self.written["intention"] = glass.type(INTENTION)
        self.see("arrive: the first question, written", "arrive-question-1-written")
        glass.press("draw", then="sketch")
        glass.draw([(0.2 + 0.006 * step, 0.5 + 0.2 * math.sin(step / 9)) for step in range(100)])
        self.see("arrive: the first question, drawn as well", "arrive-question-1-drawn")
        glass.press("close", then="question-clinician")
        self.for_clinician()
        glass.press("next", then="place-beach")
        time.sleep(1)  # the pictures are decoded and fade in
        self.see("arrive: a place", "arrive-place")
        glass.press("next", then="sound-silence")
        time.sleep(1)
        self.see("arrive: a sound", "arrive-sound")
        self.next()
        time.sleep(4.2)  # one breath in, so that the picture shows the ring open
        self.see("arrive: a minute of breath", "arrive-breath")
        self.next()
        self.practice_call()
        glass.wait("try-dark")
        self.practice_dark()
        glass.press("next", gone="next")
        self.see("arrive: all is ready", "arrive-waiting")

    def for_clinician(self):
        glass = self.glass
        glass.press("question-clinician", then="key-q")
        self.written["for_clinician"] = glass.type(FOR_CLINICIAN)
        glass.wait("share")
        if self.desk.words("shared-words"):
            raise Failed("the desk shows words that were not shared")
        glass.press("share", changes=True)
        words = wait_for("the desk to show what was shared", lambda: self.desk.words("shared-words"), 5, 0.05)
        if words != self.written["for_clinician"]:
            raise Failed("the desk shows other words than were written")
        self.see("arrive: words shared with the clinician", "arrive-shared", "the desk shows them, and only now")
        self.see_desk("shared")
        glass.press("close", then="question-1")
        self.see("arrive: two questions answered, two left open", "arrive-questions-answered")

    def practice_call(self):
        self.see("arrive: try the call", "arrive-call")
        self.glass.press("call")
        self.desk.wait_phase("received")
        if not self.desk.is_shown("call-practice"):
            raise Failed("the desk does not mark the practice call as practice")
        self.glass.wait_call_open()
        self.see("the practice call is at the desk, marked as practice", "arrive-call-received")
        self.see_desk("practice-call")
        self.desk.click("#coming-0")
        self.desk.wait_phase("on_the_way")
        self.glass.settle(1.2)
        self.see("the desk answered the practice call", "arrive-call-on-the-way")

    def practice_dark(self):
        glass = self.glass
        glass.press("try-dark", gone="try-dark")
        # Practising the dark ends the practice call.
        self.desk_is_free_of_calls()
        self.see("in the dark", "dark")
        glass.press("dark-anywhere", then="call")
        self.see("the first touch in the dark shows the call", "dark-panel")
        self.desk_is_free_of_calls()
        glass.press("call")
        self.desk.wait_phase("received")
        glass.wait_call_open()
        self.see("the second touch in the dark calls", "dark-called")
        glass.press("dark-leave", then="try-dark")

    def desk_is_free_of_calls(self):
        wait_for("the desk to be free of calls", lambda: self.desk.call_phase() is None, 5, 0.05)

    # During the session.

    def session(self):
        glass = self.glass
        self.settle_patient()
        self.comfort()
        self.start_infusion()
        self.call()
        self.part("peak", 30)
        self.rest()
        self.wake()
        self.see("the session: peak, woken by a touch that does nothing else", "session-peak")
        self.pause()
        self.part("return", 40)
        glass.settle(1)
        self.see("the session: return", "session-return")
        self.see_desk("return")
        self.part("landing", 40)
        self.wake()
        glass.wait("ready")
        glass.settle(1)
        self.see("the session: landing", "session-landing")
        glass.press("ready", then="write")

    def settle_patient(self):
        glass = self.glass
        self.staff_panel(picture=True)
        glass.press("settle", changes=True)
        self.see("the staff sheet before a session", "staff-panel")
        glass.press("begin-session", then="place")
        self.desk_is_free_of_calls()
        glass.settle(2)
        self.see("the session: settled, the clock waits for the pump", "session-settle")

    def start_infusion(self):
        self.desk.click("#infusion-starts")
        self.part("onset")
        self.glass.settle(2)
        self.see("the session: onset", "session-onset")

    def begin_session(self):
        self.settle_patient()
        self.start_infusion()

    def part(self, name, limit_s=10):
        wait_for(f"the part {name}", lambda: name in self.desk.words("room-stage").split(" · "), limit_s, 0.1)

    def rest(self):
        """Checks that *Dark* can no longer be pressed once nobody has touched the screen for a while, and that *Too
        much* and the call still can."""
        try:
            self.glass.wait_gone("dark", CONTROLS_STAY_S + 3)
        except Failed:
            self.report.fault(f"the session's controls did not dim away within {CONTROLS_STAY_S + 3} s")
            return
        self.glass.settle()
        self.see("the session: peak, and only the place, *Too much* and the call are there", "session-peak-rest")
        if not self.glass.has("anchor", "call"):
            raise Failed("*Too much* or the call dimmed away with the other controls")

    def wake(self):
        """Brings the session's controls back with a touch on the place, unless they are already there."""
        is_awake = lambda: self.glass.has("dark") or self.glass.has("places") or self.glass.has("close")
        if not is_awake():
            self.glass.press("place")
            wait_for("the controls to wake", is_awake, 10)
        self.glass.settle()

    def comfort(self):
        glass = self.glass
        self.wake()
        glass.press("sound", then="softer")
        self.see("the sheet of sound", "session-sound")
        glass.press("softer")
        glass.press("softer")
        glass.press("skip")
        glass.press("silence", gone="softer")
        self.see("silence was chosen", "session-silence")
        glass.press("silence", then="softer")
        glass.press("close", then="places")
        glass.press("places", then="place-beach")
        time.sleep(1)
        self.see("the sheet of places", "session-places")
        for place in ("forest", "quiet-room", "night-sky", "mountain-lake", "drifting-colour", "beach"):
            before = glass.glance()
            self.choose(place)
            # Without a graphics device, the processor takes a while to prepare the place. It then fades in within 7 s,
            # and its live picture may replace the still one.
            wait_for(f"the place to become {place}", lambda: glass.far_from(before), 40, 0.3)
            time.sleep(8)
            self.see(f"the place: {place}", f"session-{place}")
        self.first_controls()
        if self.desk.words("breath-words") != "off":
            # The profile turns the breath on in the first part.
            self.breathe()
            self.see("breath, freely", "session-breathe-freely")
        self.breathe()
        time.sleep(3)  # by then, the ring has opened
        self.see("breathe with the place", "session-breathe", f"breath at the desk: {self.desk.words('breath-words')}")
        self.first_controls()
        glass.press("places", then="place-dark")
        glass.press("place-dark", then="dark-anywhere")
        self.see("the session in the dark", "session-dark")
        glass.press("dark-anywhere", then="dark-leave")
        glass.press("dark-leave", then="place")
        self.wake()
        glass.press("anchor", then="anchor-done")
        time.sleep(2.5)  # by then, the ring has opened a little
        self.see("it is too much: the anchor", "session-anchor")
        glass.press("anchor-done", then="place")

    def choose(self, place):
        """Chooses a place. Like a person, wakes the controls again if they dim before they are touched."""
        for _ in range(3):
            try:
                self.wake()
                if not self.glass.has(f"place-{place}"):
                    self.glass.press("places", then=f"place-{place}", limit_s=4)
                self.glass.press(f"place-{place}")
                wait_for(f"the desk to see the place {place}", lambda: self.desk.place() == place, 5, 0.05)
                return
            except Failed as failed:
                missed = failed
        raise missed

    def first_controls(self):
        """Closes any sheet, so that the session's first controls are on the screen. Like a person, wakes the controls
        again if they dim."""
        for _ in range(3):
            self.wake()
            if self.glass.has("breathe"):
                return
            if self.glass.has("close"):
                self.glass.press("close")
                time.sleep(0.5)
        self.glass.wait("breathe")

    def breathe(self):
        before = self.desk.words("breath-words")
        self.wake()
        self.glass.press("breathe")
        wait_for("the desk to see the breath change", lambda: self.desk.words("breath-words") != before, 5, 0.05)
        self.glass.settle(1.5)

    def call(self):
        glass = self.glass
        self.desk.watch_call()
        at = glass.wait("call")
        x, y = at["x"] + at["width"] * 0.04, at["y"] + at["height"] * 0.5
        rest = self.display.pixel(x, y)
        pressed = glass.down("call")
        wait_for("the call to answer the finger", lambda: self.display.pixel(x, y) != rest, 3, 0.001)
        felt = time.time()
        glass.up()
        wait_for("“Calling” on the screen", lambda: near(self.display.pixel(x, y), GLOWING), 3, 0.001)
        shown = time.time()
        self.report.latency("press to anything seen", (felt - pressed) * 1000, SEEN_WITHIN_MS)
        self.report.latency("press to the call shown as open", (shown - pressed) * 1000, 300 + SEEN_WITHIN_MS)
        self.report.latency("press to drawn at the desk", (self.desk.call_seen_at() - pressed) * 1000, DESK_WITHIN_MS)
        self.desk.wait_phase("received")
        if self.desk.is_shown("call-practice"):
            raise Failed("the desk marks a real call as practice")
        glass.settle()
        self.see("the call: received", "call-received", f"the desk says: {self.desk.words('call-state')}")
        self.see_desk("call")
        answered = time.time()
        words = glass.picture_of("call")
        self.desk.click("#coming-0")
        wait_for("the tablet to say who comes", lambda: glass.picture_of("call") != words, 5, 0.005)
        self.report.latency("“I'm coming” to the tablet", (time.time() - answered) * 1000)
        self.desk.wait_phase("on_the_way")
        glass.settle()
        self.see("the call: on the way", "call-on-the-way", f"the desk says: {self.desk.words('call-title')}")
        self.see_desk("call-on-the-way")
        glass.slide("staff-here", then="staff-clear")
        self.desk.wait_phase("here")
        self.see("the call: here, by a slide of staff", "call-here")
        glass.slide("staff-clear", gone="staff-clear")
        self.desk_is_free_of_calls()
        self.see("the call: cleared, by a slide of staff", "call-cleared")

    def pause(self):
        glass = self.glass
        self.staff_panel()
        self.see("the staff sheet in a session", "staff-panel-session")
        glass.press("pause", then="resume")
        glass.press("staff-close", then="place")
        before = self.desk.words("clock")
        glass.settle(1)
        self.see("the session is paused", "session-paused", f"the desk's clock stands at {before}")
        time.sleep(1)
        if self.desk.words("clock") != before:
            raise Failed("the desk's clock moves while the session is paused")
        self.desk.click("#session-resume")
        wait_for("the clock to go on", lambda: self.desk.words("clock") != before, 5, 0.1)
        self.see("the session goes on", seen=f"the desk's clock is at {self.desk.words('clock')}")

    # After the session.

    def after(self):
        glass = self.glass
        self.write_note()
        self.kill_and_return(glass.typed_at)
        glass.press("write", then="key-q")
        self.see("after: the note is back after the kill", "after-write-restored")
        glass.type(NOTE_AFTER)
        self.call_while_writing()
        # The added text begins in mid-sentence, so the notepad capitalises only the letter after the full stop.
        self.written["note"] += ". It was quiet, and warm"
        glass.press("before", gone="key-q")
        self.see("after: what was written before", "after-before")
        glass.press("feelings", then="feeling-1")
        self.see("after: words for feelings", "after-feelings")
        glass.press("write", then="key-q")
        self.draw()
        glass.press("close", then="cards")
        self.cards()
        self.take_home()
        glass.press("leave", then="leave-yes")
        self.see("after: leaving is asked once", "after-leave")
        glass.press("leave-yes", gone="leave-yes")
        glass.wait_screen("farewell")
        glass.settle(1.5)
        self.see("farewell", "farewell")

    def write_note(self):
        glass = self.glass
        glass.wait("write")
        glass.settle(1.5)
        self.see("after", "after")
        glass.press("write", then="key-q")
        self.see("after: write it down", "after-write-empty")
        self.written["note"] = glass.type(NOTE)
        self.see("after: a note is being written", "after-write")

    def note_after_session(self):
        self.staff_panel()
        self.see("the staff sheet in a session", "staff-panel-session")
        self.glass.press("staff-more", then="to-after")
        self.see("the staff sheet: what is wanted less often, and the reset apart", "staff-panel-more")
        self.glass.press("to-after", gone="to-after")
        self.write_note()
        sealed = self.wait_sealed(self.glass.typed_at)
        self.report.latency("last letter to sealed on disk", (sealed - self.glass.typed_at) * 1000)
        self.glass.press("close", then="cards")

    def draw(self):
        """Draws two lines on a new page after the written page, and undoes the second line."""
        glass = self.glass
        glass.press("draw", then="sketch")
        self.see("after: a page to draw on", "after-draw-empty")
        glass.press("tint-sea", changes=True)
        glass.draw([(0.1 + 0.008 * step, 0.5 + 0.2 * math.sin(step / 9)) for step in range(100)])
        glass.wait("draw-undo")
        glass.settle()
        one = glass.picture_of("sketch")
        glass.press("tint-honey", changes=True)
        glass.press("brush-broad", changes=True)
        glass.draw([(0.6 + 0.1 * math.cos(step / 8), 0.3 + 0.19 * math.sin(step / 8)) for step in range(52)])
        self.see("after: something is being drawn", "after-draw")
        glass.press("draw-undo", changes=True)
        glass.settle()
        after = glass.picture_of("sketch")
        # A line that was drawn in pieces has slightly different edges from the same line drawn in one piece.
        # Behind the translucent page, the place may move.
        other = sum(abs(before - now) > MOVED_LEVELS for before, now in zip(one, after))
        if len(one) != len(after) or other > len(one) * 0.002:
            raise Failed("undo did not bring back the page as it was before the last line")

    def call_while_writing(self):
        """Places a real call while the keyboard is on the screen. Checks that the controls for staff, which appear
        then, cover no key that a hand may be about to press."""
        glass = self.glass
        glass.press("call")
        self.desk.wait_phase("received")
        glass.wait_call_open()
        self.see("a call while writing", "after-write-call")
        answer = glass.wait("staff-here")
        covered = [name for name, at in glass.controls().items()
                   if name.startswith(("key-", "page-", "close", "call")) and overlap(answer, at)]
        if covered:
            self.report.fault(f"the staff's answer to a call lies over {', '.join(covered)}")
        glass.slide("staff-here", then="staff-clear")
        glass.slide("staff-clear", gone="staff-clear")
        self.desk_is_free_of_calls()

    def cards(self):
        self.glass.press("cards", then="card-next")
        self.see("after: for the days ahead", "after-card")
        self.glass.press("close", then="take")

    def kill_and_return(self, typed):
        self.report.latency("last letter to sealed on disk", (self.wait_sealed(typed) - typed) * 1000)
        self.expected_losses += 1
        self.room.kill()
        killed = time.monotonic()
        self.room.start()
        self.glass.wait_screen("after", 20)
        self.glass.wait("write")
        self.glass.settle(1.5)
        self.report.latency("killed to back in After", (time.monotonic() - killed) * 1000)
        self.see("killed in mid-note and started again: the stage is back", "after-restored")
        wait_for("the desk to find the room again", self.desk.receives, 20, 0.1)

    def wait_sealed(self, typed):
        """Waits until what was typed up to the time `typed` is sealed on disk. Returns the time at which it was
        sealed."""
        sealed = os.path.join(self.room.state, "notes.sealed")
        return wait_for("the last letter to be sealed", lambda: modified(sealed) > typed and modified(sealed), 8, 0.02)

    def take_home(self):
        glass = self.glass
        glass.press("take", then="take-photo")
        self.see("after: how to take it home", "after-take-home-ways")
        glass.press("take-photo", then="photo-done")
        self.see("after: a drawing for the camera of a phone", "after-photo")
        glass.press("photo-done", then="take-phone")
        glass.press("take-phone", gone="take-phone")
        self.see("after: take it home", "after-take-home")
        texts = [decode(os.path.join(self.out, self.report.tour["pictures"][-1]))]
        while "code-next" in glass.controls() and len(texts) < 4:
            glass.press("code-next", changes=True)
            self.see("after: the next code", "after-take-home-next")
            texts.append(decode(os.path.join(self.out, self.report.tour["pictures"][-1])))
        wanted = "\n\n".join(self.written[name] for name in ("note", "intention", "for_clinician"))
        if "".join(texts) != wanted:
            raise Failed(f"the code reads {''.join(texts)!r}, and {wanted!r} was written")
        self.see("the code on the screen holds exactly what was written", seen=f"{len(wanted)} characters, by zbarimg")
        glass.press("close", then="leave")

    # Between two patients.

    def turnover(self):
        self.reset()
        self.clean_the_surface()
        self.line_tests_itself()
        self.see("turnover: everything is tested, and one question is left", "turnover-done")
        self.glass.press("speaker-heard", then="ready")
        self.ready_again()

    def short_turnover(self):
        """Makes a turnover without the cleaning of the surface, which takes a minute. The room asks staff once whether
        they mean to skip it."""
        self.reset()
        self.glass.press("skip-cleaning", then="speaker-heard")
        self.line_tests_itself()
        self.glass.press("speaker-heard", gone="speaker-heard")
        self.see("turnover: all but the cleaning is done", "turnover-done")
        self.glass.press("turnover-ready", then="turnover-ready-anyway")
        self.glass.press("turnover-ready-anyway", then="ready")
        self.ready_again()

    def reset(self):
        glass, room = self.glass, self.room
        before, starts, pid = room.memory_mark(), room.starts(), room.process.pid
        self.staff_panel()
        if not self.glass.has("staff-reset"):
            self.glass.press("staff-more", then="staff-reset")
        self.see("the staff sheet at the end", "staff-panel-farewell")
        self.expected_losses += 1
        pressed = time.monotonic()
        glass.down("staff-reset")
        time.sleep(HOLD_S)
        glass.up()
        wait_for("a new process in fresh memory", lambda: room.memory_mark() != before, 15, 0.05)
        if room.process.poll() is not None or room.process.pid != pid:
            raise Failed("the room did not keep its process id")
        wait_for("the desk to open again", lambda: room.starts() > starts, 15, 0.05)
        glass.wait_screen("turnover", 20)
        glass.wait("skip-cleaning", 20)
        self.report.latency("reset (finger down, 1.5 s hold) to the receipt", (time.monotonic() - pressed) * 1000)
        self.see("reset: the same process number, and a new start", "turnover", f"process {pid}")
        self.nothing_is_left()

    def line_tests_itself(self):
        """Waits until the room has placed its practice call on its own, and until that call has ended."""
        wait_for("the desk to find the room again", self.desk.receives, 20, 0.1)
        wait_for("the room to test its call line", lambda: "a desk received the test call" in self.room.told(), 20, 0.1)
        self.desk_is_free_of_calls()
        self.glass.settle()

    def ready_again(self):
        self.desk.wait_stage("ready")
        self.glass.settle(1.5)
        receipt = self.desk.words("receipt-words")
        if not receipt:
            raise Failed("the desk shows no receipt")
        self.see("ready for the next person", "ready-again", f"the desk says: {receipt}")
        self.see_desk("ready-again")

    def clean_the_surface(self):
        """Checks that touch is locked for a minute while the screen is cleaned, and that the call works throughout."""
        glass = self.glass
        glass.wait_gone("skip-cleaning", WARNED_S + 3)
        locked = time.monotonic()
        glass.settle()
        self.see("turnover: the surface is cleaned, touch is locked", "turnover-surface")
        if not glass.has("call"):
            self.report.fault("there is no call on the screen while touch is locked")
        picture = glass.picture()
        try:
            wait_for("the seconds to count down", lambda: glass.picture() != picture, 4)
            self.line_tests_itself()
            self.display.do("key", "F12")
            self.desk.wait_phase("received")
            glass.wait_call_open()
            self.see("turnover: the button on a cable calls while touch is locked", "turnover-surface-call")
            glass.slide("staff-here", then="staff-clear")
            glass.slide("staff-clear", gone="staff-clear")
            self.desk_is_free_of_calls()
            glass.wait("speaker-heard", LOCKED_S + 5)
            self.report.latency("touch locked for", (time.monotonic() - locked) * 1000)
        except Failed as why:
            self.report.fault(f"cleaning the surface: {why}")
            self.leave_the_lock()

    def leave_the_lock(self):
        """Restarts the room, which ends a lock that did not end on its own."""
        self.expected_losses += 1
        self.room.kill()
        self.room.start()
        self.glass.press("skip-cleaning", then="speaker-heard", limit_s=20)

    def account_for_the_line(self):
        """Checks that the desk lost the room only when the room restarted, as it does after the kill and at the
        reset."""
        began = time.time() - (time.monotonic() - self.report.began)
        changes = [f"{at - began:.1f} s {words}" for at, _, words in self.desk.line_changes()]
        self.report.tour["desk_line"] = changes
        losses = sum(state == "off" for _, state, _ in self.desk.line_changes())
        self.see("the desk's line over the whole visit", seen="; ".join(changes) or "never lost")
        if losses > self.expected_losses:
            self.report.fault(f"the desk lost the room {losses} times, and it restarted {self.expected_losses} times")

    def nothing_is_left(self):
        """Checks that none of the patient's words are in the state folder, the folder of the keys, the log or the trace
        of controls. Also checks that the notes and the keys are removed."""
        places = [self.room.state, self.room.environment["RUNTIME_DIRECTORY"], self.room.log, self.room.trace]
        for words in (INTENTION[2:], FOR_CLINICIAN[1:], NOTE[2:12]):
            found = subprocess.run(["grep", "-rilaF", "--", words, *places], capture_output=True, text=True).stdout
            if found:
                raise Failed(f"words of the patient are left in {found.split()}")
        left = sorted(os.listdir(self.room.state))
        if "notes.sealed" in left or os.listdir(self.room.environment["RUNTIME_DIRECTORY"]):
            raise Failed(f"a key or a sealed note is left: {left}")
        self.see("no word of the patient is left on disk or in the log", seen=f"the state folder holds {', '.join(left)}")


# The steps of each kind of visit, as the terminal names them.
WHOLE = (
    ("the first run sets up the room", Visit.first_run),
    ("the desk opens in a browser", Visit.open_desk),
    ("a patient arrives", Visit.arrive),
    ("the session, with a call", Visit.session),
    ("after: a note, a kill in mid-note, and taking it home", Visit.after),
    ("staff reset the room and ready it", Visit.turnover),
    ("the desk's line is accounted for", Visit.account_for_the_line),
)
SHORT = (
    ("the first run sets up the room", Visit.first_run),
    ("the desk opens in a browser", Visit.open_desk),
    ("a session begins", Visit.begin_session),
    ("a call, answered at the desk", Visit.call),
    ("the session ends, and a note is written", Visit.note_after_session),
    ("staff reset the room, which shows its receipt", Visit.short_turnover),
    ("the desk's line is accounted for", Visit.account_for_the_line),
)
START = "a display, a sound server, the room and a browser start"


def overlap(one, other):
    return (one["x"] < other["x"] + other["width"] and other["x"] < one["x"] + one["width"]
            and one["y"] < other["y"] + other["height"] and other["y"] < one["y"] + one["height"])


def modified(path):
    try:
        return os.path.getmtime(path)
    except FileNotFoundError:
        return 0.0


def decode(path):
    read = subprocess.run(["zbarimg", "--quiet", "--raw", "--nodbus", path], capture_output=True, text=True)
    if read.returncode:
        raise Failed("the code on the screen cannot be read")
    return read.stdout.rstrip("\n")


def tour(arguments, report, backend, recorded):
    """Makes one visit with one renderer."""
    out = os.path.join(arguments.out, backend)
    os.makedirs(out, exist_ok=True)
    for old in os.listdir(out):
        os.remove(os.path.join(out, old))
    width, height = arguments.size
    chapters = SHORT if arguments.short else WHOLE
    report.begin_tour(backend, [START, *(title for title, _ in chapters)], size=f"{width}x{height}", speed=SPEED)
    folder, opened = Folder(), []

    def made(thing):
        opened.append(thing)
        return thing

    room = None
    try:
        report.begin_chapter(START)
        sound = made(Sound(folder, os.path.join(out, "sound.wav") if recorded else None))
        display = made(Display(folder, width, height))
        room = made(Room(arguments.room, folder, display, sound, backend, SPEED))
        room.start()
        glass = Glass(display, room, out, report)
        desk = made(Desk(folder, sound, room.port))
        visit = Visit(room, glass, desk, report, out, arguments.language)
        try:
            for title, chapter in chapters:
                report.begin_chapter(title)
                chapter(visit)
            desk.must_be_whole()
        except BROKEN as why:
            report.failed(reason(why, room))
            report.step("the screen when it failed", f"[{glass.shot('failed')}]")
            try:
                visit.see_desk("failed")
                report.tour["controls_when_it_failed"] = glass.trace()
            except BROKEN:
                pass
    except BROKEN as why:
        report.failed(reason(why, room))
    finally:
        if room:
            keep_log(report, room, out)
        for thing in reversed(opened):
            thing.close()
        folder.remove()
    # If the visit ended early, its recording may lack sounds, so it is not checked.
    if recorded and "ended_early" not in report.tour:
        hear(report, sound)


def reason(why, room):
    """Returns what failed and what to do about it, in words for the terminal."""
    try:
        if room:
            room.must_be_running()
    except Failed as ended:
        return str(ended)
    if not isinstance(why, FileNotFoundError):
        return str(why)
    if "/" in str(why.filename):
        return f"there is no {why.filename}; make build makes the program"
    return f"there is no {why.filename}; sh scripts/packages.sh smoke browser demo installs what a visit needs"


def keep_log(report, room, out):
    """Copies the room's log to the folder of the pictures, and its warnings into the report."""
    log = strip_colours(room.told()) if os.path.exists(room.log) else ""
    report.tour["log"] = [line for line in log.splitlines() if re.search(r"WARN|ERROR|stillroom:", line)]
    with open(os.path.join(out, "room.log"), "w") as file:
        file.write(log)


def strip_colours(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def hear(report, sound):
    try:
        facts = sound.facts()
    except (OSError, EOFError, wave.Error) as why:
        report.fault(f"the sound was not recorded: {why}")
        return
    report.tour["sound"] = facts
    report.step("the sound of the whole visit", f"{facts['seconds']:.0f} s, peak {dbfs(facts['peak'])}, "
                                                f"RMS {dbfs(facts['rms'])}")
    if facts["silent"]:
        report.fault("the room was silent from beginning to end")
    if facts["clips"]:
        report.fault("the sound clips")


def dbfs(part):
    """Returns a level, given as a fraction of full scale, in words."""
    return f"{20 * math.log10(part):.1f} dBFS" if part > 0 else "nothing at all"


def size(text):
    width, height = text.split("x")
    return int(width), int(height)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--out", help="the folder for pictures, sound and report.json; else target/demo, and "
                                      "target/short-visit for the short visit")
    parser.add_argument("--size", type=size, default=(1280, 800), help="the screen, such as 1920x1200")
    parser.add_argument("--language", default="en-US", help="the patient's language, such as fr-FR")
    parser.add_argument("--only", choices=["tiny-skia", "wgpu"], help="one renderer alone")
    parser.add_argument("--short", action="store_true", help="the short visit, with tiny-skia")
    arguments = parser.parse_args()
    arguments.out = arguments.out or ("target/short-visit" if arguments.short else "target/demo")
    renderers = [arguments.only] if arguments.only else ["tiny-skia"] if arguments.short else ["tiny-skia", "wgpu"]
    os.makedirs(arguments.out, exist_ok=True)
    report = Report(os.path.join(arguments.out, "report.json"))
    for number, renderer in enumerate(renderers):
        tour(arguments, report, renderer, recorded=number == 0)
    held = report.end()
    report.summary()
    if arguments.short and held:
        print("The rest, every screen with both renderers and a desk of two rooms: make demo")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped. Nothing of the visit is left running.")
