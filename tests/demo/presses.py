"""Owns the figures of how soon a call reaches the desk of a single room, which runs in headless mode. A JSON line
places the call, which is when the measured times begin. One ends when the desk has sent the call to a page, and the
other when a real browser shows it. Both include the time until the call's record is on disk."""

import argparse
import json
import queue
import sys
import threading
import time
import urllib.request

from desk import Desk
from fleet import QuietRoom
from surroundings import Failed, Folder, Sound, wait_for

# Limits for the 99th percentile of the time until the call is sent, and until it is shown, in milliseconds.
SAID_P99_MAX = 50
DRAWN_P99_MAX = 150

# A script that records in the page when each call appeared.
WATCH = """
window.demoDrawn = [];
const call = document.getElementById("call");
let open = !call.hidden;
new MutationObserver(() => {
  if (open === !call.hidden) return;
  open = !call.hidden;
  if (open) requestAnimationFrame(() => requestAnimationFrame(() => {
    window.demoDrawn.push(performance.timeOrigin + performance.now());
  }));
}).observe(call, { attributes: true, attributeFilter: ["hidden"] });
"""


class Page:
    """A simulated page, which only reads the event stream and records when the desk reports an open call."""

    def __init__(self, port):
        self.stream = urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=30)
        self.opened = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        open_before = False
        try:
            for line in self.stream:
                at = time.time()
                if not line.startswith(b"data:"):
                    continue
                told = json.loads(line[5:])
                if not told or "stage" not in told:
                    continue
                if told["call"] and not open_before:
                    self.opened.put(at)
                open_before = bool(told["call"])
        except (OSError, ValueError, AttributeError):
            return  # the room was closed

    def close(self):
        self.stream.close()


def tell(what, spans, limit_ms):
    spans.sort()
    p99 = spans[min(len(spans) - 1, round((len(spans) - 1) * 0.99))]
    print(f"  {what}: median {spans[len(spans) // 2]:.1f} ms, p99 {p99:.1f} ms, at most {limit_ms} ms; "
          f"slowest {spans[-1]:.1f} ms{'' if p99 <= limit_ms else '  MISSED'}", flush=True)


def press(room, desk, page, count):
    said, drawn = [], []
    for number in range(count):
        while not page.opened.empty():
            page.opened.get()
        pressed = room.tell("call_pressed")
        said.append(1000 * (page.opened.get(timeout=8) - pressed))
        seen = wait_for("the page to draw the call",
                        lambda: desk.run("return window.demoDrawn.slice(arguments[0])", number), 8, 0.02)
        drawn.append(seen[0] - 1000 * pressed)
        room.reach("its call at the desk", call="received")
        room.tell("call_here")
        room.tell("call_cleared")
        room.reach("the end of its call", call="idle")
        wait_for("the page without a call", lambda: not desk.is_shown("call"), 8, 0.02)
    print(f"{count} presses in a room with its own desk, each on disk as well:")
    tell("press to the desk's process having said it to a page", said, SAID_P99_MAX)
    tell("press to drawn by Chromium", drawn, DRAWN_P99_MAX)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--presses", type=int, default=200, help="how often")
    arguments = parser.parse_args()
    folder, opened = Folder(), []
    try:
        def kept(thing):
            opened.append(thing)
            return thing
        sound = kept(Sound(folder, None))
        room = kept(QuietRoom(arguments.room, folder, sound, None, "Room 1", "room-1"))
        room.start(1)
        wait_for("the room", lambda: room.last)
        desk = kept(Desk(folder, sound, room.port))
        desk.open()
        wait_for("the page to hear the room", lambda: desk.stage() == "ready")
        desk.click("#unlock-sound")
        wait_for("that calls arrive", desk.receives)
        room.reach("a desk", desk_connected=True)
        desk.run(WATCH)
        page = kept(Page(room.port))
        press(room, desk, page, arguments.presses)
        desk.must_be_whole()
    except (Failed, OSError, queue.Empty) as why:
        print(f"Presses could not be measured: {why!r}", file=sys.stderr)
        sys.exit(1)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()


if __name__ == "__main__":
    main()
