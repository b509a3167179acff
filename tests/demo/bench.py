"""Owns the figures of `make bench`: the measurements of the last visit, the processor time and memory of an idle room,
and the cost of playing one track with the screen dark, compared with a plain player. The figures of the visit were
measured when it ran. All others come from the kernel's counters for the whole program on a virtual display."""

import argparse
import json
import os
import subprocess
import sys
import time

from glass import Glass
from surroundings import ROOT, Display, Failed, Folder, Room, Sound, config_with, stop, wait_for

REST_S = 20
LISTEN_S = 60
# Limit for the time from the start of a ready room until its window shows a picture, in seconds.
FIRST_PICTURE_MAX_S = 0.5
STARTS = 5
# Limits for a session with still pictures at 1280x800: the share of one core, and the memory (PSS).
STILLS_MAX_PERCENT = 15
STILLS_MAX_MIB = 60
# Limit for the number of times that the window's thread wakes while a still screen is measured. Only the sound's
# threads may wake, because they must be ready for the tone of a call.
STILL_WAKES_MAX = 0
# Limits while a track plays in the dark: the room's wake-ups per second, and its processor time as a share of the plain
# player's.
WAKES_MAX = 40
SHARE_MAX = 1.0
TRACK = "music/tide.ogg"
# A profile with one track and nothing else, so that the room plays the same as the plain player.
ONE_TRACK = f"""
[title]
en-US = "One track"
es-US = "Una pieza"
[description]
en-US = "One track and nothing else."
es-US = "Una pieza y nada más."
[session]
infusion_minutes = 40
[place]
name = "beach"
time = "dusk"
allowed = ["beach", "dark"]
[sound]
volume_db = -20.0
allowed = ["music", "silence"]
tracks = ["{TRACK}"]
music_db = 0.0
"""
TICKS = os.sysconf("SC_CLK_TCK")


def used(process):
    """Returns the processor time that a process has used, in seconds, and the number of its context switches."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    switches = 0
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/status") as file:
            switches += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return (int(fields[11]) + int(fields[12])) / TICKS, switches


def wakes(process):
    """Returns how often the threads of a process have gone to sleep, each of which is later a wake-up."""
    woken = 0
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/status") as file:
            woken += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return woken


def window_wakes(process):
    """Returns the number of context switches of the thread that draws the window."""
    with open(f"/proc/{process}/task/{process}/status") as file:
        return sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)


def memory_mib(process, key):
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":")) / 1024


def missed(is_missed):
    return "  MISSED" if is_missed else ""


def rest(room, name):
    """Measures an idle room. Returns its processor time in percent of a core, the number of wake-ups of the window's
    thread, and its memory in MiB."""
    process = room.process.pid
    woken = window_wakes(process)
    before, began = used(process), time.monotonic()
    time.sleep(REST_S)
    after, took = used(process), time.monotonic() - began
    percent, switches = 100 * (after[0] - before[0]) / took, (after[1] - before[1]) / took
    mib, woken = memory_mib(process, "Pss"), window_wakes(process) - woken
    print(f"  {name:34} {percent:6.2f} % of a core {switches:8.1f} switches/s, the window's {woken / took:6.1f}"
          f" {memory_mib(process, 'Rss'):7.1f} MiB RSS {mib:7.1f} MiB PSS", flush=True)
    return percent, woken, mib


def is_quiet(room):
    """Waits two seconds. Returns whether the room used at most one tick of processor time meanwhile."""
    before = used(room.process.pid)[0]
    time.sleep(2)
    return used(room.process.pid)[0] - before <= 1 / TICKS


def first_picture(room, display):
    """Starts a ready room several times. Prints the median of the times until its window shows a picture, in
    seconds."""
    def picture():
        return display.area(0, 0, display.width, display.height, 8)

    took = []
    for _ in range(STARTS):
        room.close()
        wait_for("the window to go", lambda: len(set(picture())) < 8)
        began = time.monotonic()
        room.start()
        wait_for("a picture", lambda: len(set(picture()[::28])) > 8, 30, 0.002)
        took.append(time.monotonic() - began)
    took.sort()
    middle = took[STARTS // 2]
    print(f"  start to the first picture: {middle:.2f} s ({took[0]:.2f} to {took[-1]:.2f}), held to {FIRST_PICTURE_MAX_S} s"
          f"{missed(middle > FIRST_PICTURE_MAX_S)}", flush=True)


def set_up(glass):
    """Goes through the first run, from its first screen to a ready room."""
    glass.press("next", then="key-q")
    glass.type("bench")
    glass.press("next", then="pin-enter")
    for _ in range(2):
        for digit in "2468":
            glass.tap(f"pin-{digit}")
        glass.press("pin-enter", changes=True)
    glass.wait("card-larger")
    glass.press("next", then="no-meter")
    glass.press("no-meter", then="cap-tone")
    glass.press("finish", then="ready")


def begin(glass):
    """Opens the staff sheet and begins a session, without a patient's arrival before it."""
    glass.hold("staff-corner", then="pin-enter")
    for digit in "2468":
        glass.tap(f"pin-{digit}")
    glass.press("pin-enter", then="begin-session")
    glass.press("settle", changes=True)
    glass.press("begin-session", then="begin-anyway")
    glass.press("begin-anyway", then="place")


def measure(program, backend, width, height):
    folder, opened = Folder(), []
    try:
        sound = Sound(folder, None)
        opened.append(sound)
        display = Display(folder, width, height)
        opened.append(display)
        room = Room(program, folder, display, sound, backend, 1)
        opened.append(room)
        room.start()
        glass = Glass(display, room, folder.path, None)
        glass.wait_screen("first-run", 30)
        print(f"{backend}, {width}x{height}, sound into a sound server")
        glass.settle()
        # The first time that the room runs, it measures the loudness of the shipped music while the window is open.
        wait_for("the music to be measured", lambda: is_quiet(room), 240, 0.0)
        _, woken, _ = rest(room, "a still screen (the first run)")
        set_up(glass)
        wait_for("ready", lambda: glass.screen() == "ready")
        first_picture(room, display)
        wait_for("ready", lambda: glass.screen() == "ready")
        time.sleep(2)
        rest(room, "ready: the beach and its sea")
        begin(glass)
        time.sleep(10)  # the controls have dimmed by then
        percent, _, mib = rest(room, "a session: music, sea, and the breath")
        if backend == "tiny-skia":
            stands = f"held to {STILL_WAKES_MAX} wakes of the window{missed(woken > STILL_WAKES_MAX)} on a still screen"
            if (width, height) == (1280, 800):
                stands += (f", {STILLS_MAX_PERCENT} %{missed(percent > STILLS_MAX_PERCENT)}"
                           f" and {STILLS_MAX_MIB} MiB PSS{missed(mib > STILLS_MAX_MIB)} in a session")
            print(f"  {stands}", flush=True)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()


def listen(program):
    """Compares the room, which plays one track with the screen dark, with mpv, which plays the same file at the same
    time on another output of the same sound server."""
    folder, opened = Folder(), []
    player = None
    try:
        sound = Sound(folder, folder.at("heard.wav"))
        opened.append(sound)
        display = Display(folder, 1280, 800)
        opened.append(display)
        room = Room(program, folder, display, sound, "tiny-skia", 1, config_with(folder, ONE_TRACK))
        opened.append(room)
        room.start()
        glass = Glass(display, room, folder.path, None)
        glass.wait_screen("first-run", 30)
        glass.settle()
        set_up(glass)
        wait_for("ready", lambda: glass.screen() == "ready")
        begin(glass)
        glass.press("places", then="place-dark")
        glass.press("place-dark", gone="place-dark")
        player = subprocess.Popen(
            ["mpv", "--no-config", "--no-video", "--no-terminal", "--ao=pulse", "--loop-file=inf", "--volume=30",
             os.path.join(ROOT, "media", TRACK)],
            env=sound.environment("desk"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(10)  # by then, the sound has faded in and both programs have read ahead
        both = (room.process.pid, player.pid)
        before, began = [(used(one)[0], wakes(one)) for one in both], time.monotonic()
        time.sleep(LISTEN_S)
        after, took = [(used(one)[0], wakes(one)) for one in both], time.monotonic() - began
        sound.close()
        if sound.facts()["silent"]:
            raise Failed("the room played nothing while it was measured")
    finally:
        stop(player)
        for thing in reversed(opened):
            thing.close()
        folder.remove()
    (ours, woken), (theirs, theirs_woken) = [
        (now[0] - then[0], (now[1] - then[1]) / took) for then, now in zip(before, after)]
    share = ours / max(theirs, 1 / TICKS)
    print(f"One track to closed eyes (the window dark), {LISTEN_S} s beside mpv with the same file:")
    print(f"  the room {100 * ours / took:.2f} % of a core, mpv {100 * theirs / took:.2f} %: {share:.2f} times mpv's,"
          f" held to {SHARE_MAX:.1f}{missed(share > SHARE_MAX)}")
    print(f"  the room wakes {woken:.1f} times a second, held to {WAKES_MAX}; mpv {theirs_woken:.1f}"
          f"{missed(woken > WAKES_MAX)}", flush=True)


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
        for size in ((1280, 800), (1920, 1200)):
            measure(arguments.room, "tiny-skia", *size)
            measure(arguments.room, "wgpu", *size)
        listen(arguments.room)
    except Failed as why:
        print(f"The room could not be measured: {why}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
