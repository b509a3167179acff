"""Owns the figures: what the last visit measured, and what the room takes of a processor and of memory while nobody
touches it. Each figure comes from the kernel's own counters of the real program on a display of our own."""

import argparse
import json
import os
import sys
import time

from glass import Glass
from surroundings import Display, Failed, Folder, Room, Sound, wait_for

REST_S = 20
TICKS = os.sysconf("SC_CLK_TCK")


def used(process):
    """Processor seconds, and the times it was woken or put aside."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    switches = 0
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/status") as file:
            switches += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return (int(fields[11]) + int(fields[12])) / TICKS, switches


def memory_mib(process, key):
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":")) / 1024


def rest(room, name):
    process = room.process.pid
    before, began = used(process), time.monotonic()
    time.sleep(REST_S)
    after, took = used(process), time.monotonic() - began
    print(f"  {name:34} {100 * (after[0] - before[0]) / took:6.2f} % of a core"
          f" {(after[1] - before[1]) / took:8.1f} switches/s"
          f" {memory_mib(process, 'Rss'):7.1f} MiB RSS {memory_mib(process, 'Pss'):7.1f} MiB PSS", flush=True)


def measure(program, backend):
    folder, opened = Folder(), []
    try:
        sound = Sound(folder, None)
        opened.append(sound)
        display = Display(folder, 1280, 800)
        opened.append(display)
        room = Room(program, folder, display, sound, backend, 1)
        opened.append(room)
        began = time.monotonic()
        room.start()
        glass = Glass(display, room, folder.path, None)
        glass.wait_screen("first-run", 30)
        print(f"{backend}, 1280x800, sound into a sound server")
        print(f"  start to the first screen's controls: {time.monotonic() - began:.2f} s")
        glass.settle()
        rest(room, "a still screen (the first run)")
        glass.press("next", then="key-q")
        glass.type("bench")
        glass.press("next", then="pin-enter")
        for _ in range(2):
            for digit in "2468":
                glass.tap(f"pin-{digit}")
            glass.press("pin-enter", changes=True)
        glass.wait("inch-more")
        glass.press("next", then="no-meter")
        glass.press("no-meter", then="cap-tone")
        glass.press("finish", then="ready")
        wait_for("ready", lambda: glass.screen() == "ready")
        time.sleep(2)
        rest(room, "ready: the beach and its sea")
        glass.hold("staff-corner", then="pin-enter")
        for digit in "2468":
            glass.tap(f"pin-{digit}")
        glass.press("pin-enter", then="begin-session")
        glass.press("settle", changes=True)
        glass.press("begin-session", then="begin-anyway")
        glass.press("begin-anyway", then="place")
        time.sleep(10)  # the controls have dimmed away by then
        rest(room, "a session: music, sea, and the breath")
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--report", default="target/demo/report.json", help="the account of the last visit")
    arguments = parser.parse_args()
    try:
        with open(arguments.report) as file:
            told = json.load(file)
        print(f"The last visit ({arguments.report}):")
        for tour, facts in told["tours"].items():
            for name, entry in facts["latency_ms"].items():
                limit = f", at most {entry['limit_ms']} ms" if "limit_ms" in entry else ""
                print(f"  {tour}: {name}: {entry['ms']} ms{limit}")
    except FileNotFoundError:
        print(f"No visit was made yet (make demo): {arguments.report} is not there.")
    print(f"At rest, {REST_S} s each, on {os.cpu_count()} cores:")
    try:
        measure(arguments.room, "tiny-skia")
        measure(arguments.room, "wgpu")
    except Failed as why:
        print(f"The room could not be measured: {why}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
