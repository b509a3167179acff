"""Owns a quick check of the room's window, which must open fullscreen on a virtual display, show the first run, respond
to a press and a call, and exit when asked. The check takes seconds; for a whole visit, see `visit.py`."""

import argparse
import sys
import time

from glass import Glass
from surroundings import Display, Failed, Folder, Room, Sound, stop, wait_for


class Quiet:
    """A report that records nothing, because all that matters is whether the check passes."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    arguments = parser.parse_args()
    folder, opened, began = Folder(), [], time.monotonic()
    room = None
    try:
        sound = Sound(folder, None)
        opened.append(sound)
        display = Display(folder, 1280, 800)
        opened.append(display)
        room = Room(arguments.room, folder, display, sound, "tiny-skia", 1)
        opened.append(room)
        room.start()
        glass = Glass(display, room, folder.path, Quiet())
        glass.wait_screen("first-run", 30)
        glass.settle()
        glass.press("next", then="key-q", limit_s=20)
        glass.press("call", changes=True)
        call = glass.wait("staff-here", 10)
        if call["width"] < 50:
            raise Failed("the staff's answer to a call cannot be touched")
        at = glass.controls()["call"]
        if not (0 <= at["x"] and 1240 <= at["x"] + at["width"] <= 1280):
            raise Failed(f"the call does not lie at the right edge of the screen: {at}")
        room.process.terminate()
        code = wait_for("the room to end", lambda: (room.process.poll(),) if room.process.poll() is not None else None, 8)
        if code[0] != 0:
            raise Failed(f"the room ended with {code[0]}")
    except Failed as why:
        print(f"The window does not work: {why}", file=sys.stderr)
        if room:
            print(room.told()[-3000:], file=sys.stderr)
        sys.exit(1)
    finally:
        for thing in reversed(opened):
            thing.close()
        stop(room and room.process)
        folder.remove()
    print(f"The window opens fullscreen, answers a press and a call, and ends: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
