"""Owns the figures of the places that are drawn live, on a machine whose processor stands in for a graphics device.
They are the frame rate and scale that the room's window sustains, and the cost of a frame, compared with a browser that
draws the same place with the same shader. The cost is the kernel's count of processor time for all processes involved,
including the display."""

import argparse
import http.server
import os
import re
import struct
import subprocess
import sys
import threading
import time

from own_profile import SILENT, open_session
from surroundings import HERE, Display, Failed, Folder, free_port, stop, wait_for

PLACES = ("beach", "forest", "quiet-room", "night-sky", "mountain-lake", "drifting-colour")
HOURS = ("dawn", "day", "dusk", "night")
WATCHED_S = 20
PICTURES_MIN = 29.0
SCALE_MIN = 1 / 3
SHARE_MAX = 0.7
FRAMES_A_SECOND = 30
TICKS = os.sysconf("SC_CLK_TCK")
TYPES = {".html": "text/html", ".png": "image/png"}


def used_s(process):
    """Returns the processor time that a process has used, in seconds. 0 if it has exited."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def family(process):
    """Returns a process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
            except FileNotFoundError:
                continue
    found, left = [], [process]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def all_used_s(processes):
    return sum(used_s(each) for one in processes for each in family(one))


def paced(room):
    """Returns each pair of frames per second and scale that the room has logged, which it does every two seconds."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", room.told())
    return [(float(each), float(scale)) for each, scale
            in re.findall(r"the place is painted.*?each_s=([0-9.]+).*?scale=([0-9.]+)", plain)]


def watch_room(program, folder, display, place, hour, picture):
    """Measures the room's window. Returns the frames per second, the scale, and the processor time per frame in
    milliseconds."""
    opened = []
    try:
        profile = SILENT.format(place=place, hour=hour, allowed=f'"{place}"')
        room, _ = open_session(program, folder, display, "wgpu", profile, opened)
        wait_for(f"{place} to live", lambda: paced(room), 120, 0.2)
        time.sleep(12)  # by then, the place has replaced its still, the controls have dimmed, and the rate is steady
        both = (room.process.pid, display.server.pid)
        said = len(paced(room))
        before, began = all_used_s(both), time.monotonic()
        time.sleep(WATCHED_S)
        cost_s, took = all_used_s(both) - before, time.monotonic() - began
        each = paced(room)[said:]
        if picture:
            display.save(picture)
        pictures = sum(one for one, _ in each) / len(each)
        return {"pictures": pictures, "least": min(one for one, _ in each), "scale": min(scale for _, scale in each),
                "cost_ms": 1000 * cost_s / took / pictures}
    finally:
        for thing in reversed(opened):
            thing.close()


def layers_of(folder, place, hour):
    """Returns the layers that the room has rendered and stored for a place, as PNG files.
    src/widget/place/baked_layers.rs describes the stored file."""
    kept = os.path.join(folder.path, "state")
    for where, _, names in os.walk(kept):
        for name in names:
            if name.startswith(f"{place}-{hour}") and name.endswith(".layers"):
                with open(os.path.join(where, name), "rb") as file:
                    data = file.read()
                count, = struct.unpack_from("<I", data, 16)
                pictures, at = [], 20
                for _ in range(count):
                    length, = struct.unpack_from("<I", data, at)
                    pictures.append(data[at + 4:at + 4 + length])
                    at += 4 + length
                return pictures
    return []


class Page:
    """Serves the page on which a browser draws the place, and receives what the page reports about its frames."""

    def __init__(self, shaders, place, pictures):
        files = {"/": os.path.join(HERE, "places.html")}
        files.update({f"/shader.{end}": os.path.join(shaders, f"{place}.{end}") for end in ("vert", "frag")})
        self.frames = page = []

        class Door(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.split("?")[0]
                data, kind = None, "text/plain"
                if path in files:
                    with open(files[path], "rb") as file:
                        data = file.read()
                    kind = TYPES.get(os.path.splitext(files[path])[1], kind)
                elif path.startswith("/layer-"):
                    data, kind = pictures[int(path[7:-4])], TYPES[".png"]
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(data or b"")

            def do_POST(self):
                told = self.rfile.read(int(self.headers["Content-Length"]))
                page.append((time.monotonic(), int(told)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Door)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


def watch_browser(folder, display, shaders, place, hour, scale, picture):
    """Measures a browser window of the same size. Returns the frames per second, and the processor time per frame in
    milliseconds."""
    pictures = layers_of(folder, place, hour)
    page = Page(shaders, place, pictures)
    flags = ["--kiosk", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
             f"--window-size={display.width},{display.height}", "--window-position=0,0",
             "--user-data-dir=" + folder.made("browser")]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # root cannot set up the browser's sandbox
    url = (f"http://127.0.0.1:{page.server.server_port}/?scale={scale}&hour={HOURS.index(hour)}"
           f"&each_s={FRAMES_A_SECOND}&layers={len(pictures)}")
    browser = subprocess.Popen(["chromium", *flags, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={"PATH": os.environ["PATH"], "DISPLAY": display.name, "HOME": folder.made("home"),
                                    "XDG_RUNTIME_DIR": folder.made("browser-runtime")})
    try:
        wait_for(f"the browser to paint {place}", lambda: page.frames and page.frames[-1][1] > 30, 90, 0.2)
        time.sleep(5)
        both = (browser.pid, display.server.pid)
        (began, first), before = page.frames[-1], all_used_s(both)
        time.sleep(WATCHED_S)
        (ended, last), after = page.frames[-1], all_used_s(both)
        if picture:
            display.save(picture)
        each_s = (last - first) / (ended - began)
        return {"pictures": each_s, "cost_ms": 1000 * (after - before) / WATCHED_S / each_s}
    finally:
        stop(browser)
        page.close()


def measure(program, shaders, place, hour, size, out):
    folder, opened = Folder(), []
    try:
        display = Display(folder, *size)
        opened.append(display)
        same, whole = [out and os.path.join(out, f"{place}-{name}.png") for name in ("browser", "browser-whole")]
        ours = watch_room(program, folder, display, place, hour, out and os.path.join(out, f"{place}-room.png"))
        same = watch_browser(folder, display, shaders, place, hour, ours["scale"], same)
        whole = watch_browser(folder, display, shaders, place, hour, 1.0, whole)
    finally:
        for thing in reversed(opened):
            thing.close()
        folder.remove()
    share, share_whole = (ours["cost_ms"] / one["cost_ms"] for one in (same, whole))
    faults = [name for name, missed in (("pictures", ours["pictures"] < PICTURES_MIN),
                                        ("scale", ours["scale"] < SCALE_MIN - 0.001),
                                        ("cost", share > SHARE_MAX)) if missed]
    print(f"  {place:15} {ours['pictures']:5.1f} pictures/s (least {ours['least']:.1f}) at scale {ours['scale']:.2f},"
          f" {ours['cost_ms']:5.1f} ms each;"
          f" browser at that scale {same['pictures']:5.1f}/s, {same['cost_ms']:5.1f} ms: {share:.2f};"
          f" at full size {whole['pictures']:5.1f}/s, {whole['cost_ms']:5.1f} ms: {share_whole:.2f}"
          f"{'  MISSED: ' + ', '.join(faults) if faults else ''}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="target/release/stillroom", help="the program")
    parser.add_argument("--shaders", default="target/places", help="where `cargo bench --bench places` wrote the shaders")
    parser.add_argument("--only", choices=PLACES, help="one place alone")
    parser.add_argument("--time", choices=HOURS, default="dusk", help="the hour that is drawn")
    parser.add_argument("--size", default="1280x800", help="the window's size")
    parser.add_argument("--out", help="a folder for a picture of each window")
    arguments = parser.parse_args()
    size = tuple(int(side) for side in arguments.size.split("x"))
    if arguments.out:
        os.makedirs(arguments.out, exist_ok=True)
    print(f"The living places on the processor alone, {arguments.size}, {WATCHED_S} s each, on {os.cpu_count()} cores;"
          f" held to {PICTURES_MIN:.0f} pictures/s at scale {SCALE_MIN:.2f} and {SHARE_MAX} of the browser at that scale:")
    try:
        for place in PLACES:
            if arguments.only in (None, place):
                measure(arguments.room, arguments.shaders, place, arguments.time, size, arguments.out)
    except Failed as why:
        print(f"The places could not be measured: {why}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
