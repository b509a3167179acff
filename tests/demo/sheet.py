"""Owns the contact sheet of every place at every time of day, as the room's window shows it with each renderer, at full
brightness and with the breath. Makes a picture of each and, with ImageMagick, a sheet of all pictures."""

import argparse
import os
import subprocess
import sys
import time

from own_profile import SILENT, open_session
from places import HOURS, PLACES, paced
from surroundings import Display, Failed, Folder, wait_for

RENDERERS = ("wgpu", "tiny-skia")
LIGHT = "".join(f"[light.{part}]\nbrightness = 1.0\nwarmth = 0.0\nsaturation = 1.0\nmovement = 1.0\n"
                for part in ("settle", "onset", "peak", "return", "landing"))
ALLOWED = ", ".join(f'"{place}"' for place in PLACES)
# Time until the controls have dimmed and the place has replaced its still, in seconds.
SETTLES_S = 12


def wake(glass):
    """Brings dimmed controls back with a touch beside them."""
    if not glass.has("places") and not any(glass.has(f"place-{place}") for place in PLACES):
        glass.display.do("mousemove", glass.display.width // 2, glass.display.height // 3)
        glass.display.do("mousedown", 1)
        time.sleep(0.05)
        glass.up()
        glass.wait("places")
        time.sleep(0.6)  # the controls have faded in by then


def choose(glass, place):
    """Chooses a place. Like a person, touches the controls again if they dim away under the finger."""
    for _ in range(3):
        try:
            wake(glass)
            before = glass.glance()
            if not glass.has(f"place-{place}"):
                glass.press("places", then=f"place-{place}", limit_s=4)
            glass.press(f"place-{place}")
            wait_for(f"the place to become {place}", lambda: glass.far_from(before), 40, 0.3)
            return
        except Failed as failed:
            missed = failed
    raise missed


def pictures(program, renderer, hour, size, out):
    folder, opened = Folder(), []
    try:
        display = Display(folder, *size)
        opened.append(display)
        profile = SILENT.format(place=PLACES[0], hour=hour, allowed=ALLOWED) + "[words]\non = false\n" + LIGHT
        room, glass = open_session(program, folder, display, renderer, profile, opened)
        for place in PLACES:
            if place != PLACES[0]:
                choose(glass, place)
            if renderer == "wgpu":
                said = len(paced(room))
                wait_for(f"{place} to live", lambda: len(paced(room)) > said + 1, 120, 0.2)
            time.sleep(SETTLES_S)
            picture = os.path.join(out, f"{place}-{hour}-{renderer}.png")
            display.save(picture)
            # Only the part of the screen above the call is kept, because it shows nothing except the place.
            above = f"{display.width}x{round(glass.wait('call')['y'])}+0+0"
            subprocess.run(["mogrify", "-crop", above, "+repage", picture], check=True)
            print(f"  {renderer:9} {hour:5} {place}", flush=True)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()


def lay_out(out, sheet):
    """Makes the sheet, with one row for each place and renderer, and one column for each time of day."""
    files = [os.path.join(out, f"{place}-{hour}-{renderer}.png")
             for place in PLACES for renderer in RENDERERS for hour in HOURS]
    subprocess.run(["montage", *files, "-tile", f"{len(HOURS)}x", "-geometry", "400x+3+3", "-background", "#0b1420",
                    "-strip", "-sampling-factor", "2x2", "-quality", "76", sheet], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--out", default="target/sheet", help="the folder for the pictures")
    parser.add_argument("--sheet", help="where the sheet of them all goes")
    parser.add_argument("--size", default="1280x800", help="the window's size")
    parser.add_argument("--only", choices=RENDERERS, help="one renderer alone")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    size = tuple(int(side) for side in arguments.size.split("x"))
    try:
        for renderer in RENDERERS:
            for hour in HOURS:
                if arguments.only in (None, renderer):
                    pictures(arguments.room, renderer, hour, size, arguments.out)
        if arguments.sheet:
            lay_out(arguments.out, arguments.sheet)
    except Failed as why:
        print(f"The sheet could not be made: {why}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
