"""Owns what a room needs in order to be driven from outside: a display, a sound server, and the program's process with
its own directories. Knows nothing about the room's screens or a visit."""

import array
import math
import mmap
import operator
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHM = "/dev/shm"
DISPLAY_TRIES = 3
# The magnitude of the largest 16-bit sample.
FULL_SCALE = 32768


class Failed(Exception):
    """Raised if something that should have happened did not."""


def wait_for(what, look, limit_s=10.0, every_s=0.02):
    """Calls `look` repeatedly until it returns something true, and returns that. Fails with `what` after `limit_s`."""
    until = time.monotonic() + limit_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > until:
            raise Failed(f"{what}: not within {limit_s:g} s")
        time.sleep(every_s)


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def stop(process, within_s=4.0):
    """Stops a process that the test started. Asks it to terminate, and kills it if it has not exited in time."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Folder:
    """A private folder, in memory if possible, that is removed at the end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="stillroom-demo-", dir=SHM if os.path.isdir(SHM) else None)

    def at(self, *names):
        path = os.path.join(self.path, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def made(self, *names):
        path = self.at(*names)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Display:
    """A virtual X display. Its picture is read directly from its memory."""

    def __init__(self, folder, width, height):
        self.width, self.height = width, height
        self.server = self.manager = None
        for tries_left in reversed(range(DISPLAY_TRIES)):
            try:
                self.start(folder)
                return
            except Failed:
                self.close()
                # When a display exits, it removes its socket, even if another display has just taken the same number.
                # The other display then fails. Another attempt gets a free number.
                if not tries_left:
                    raise

    def start(self, folder):
        pictures = folder.made("picture")
        told, tell = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tell), "-screen", "0", f"{self.width}x{self.height}x24", "-dpi", "96",
             "-nolisten", "tcp", "-nocursor", "-fbdir", pictures],
            pass_fds=[tell], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(tell)
        with os.fdopen(told) as number:
            number = number.readline().strip()
        if not number:
            raise Failed("Xvfb did not start")
        self.name = f":{number}"
        path = os.path.join(pictures, "Xvfb_screen0")
        wait_for("the display's picture", lambda: os.path.exists(path))
        with open(path, "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        head = struct.unpack(">25I", self.memory[:100])
        self.row_bytes, self.start_of_picture = head[12], head[0] + 12 * head[19]
        environment = {"DISPLAY": self.name, "HOME": folder.made("home"), "PATH": os.environ["PATH"]}
        self.manager = subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        # A window that opens before the window manager runs never becomes fullscreen.
        wait_for("the window manager", self.is_managed, 40, 0.1)

    def is_managed(self):
        if self.manager.poll() is not None:
            raise Failed(f"openbox did not start on the display {self.name}")
        return subprocess.run(["xdotool", "get_desktop"], env={**os.environ, "DISPLAY": self.name},
                              capture_output=True).returncode == 0

    def do(self, *words):
        """Runs xdotool on this display with these arguments."""
        subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": self.name}, check=True,
                       stdout=subprocess.DEVNULL)

    def pixel(self, x, y):
        at = self.start_of_picture + int(y) * self.row_bytes + int(x) * 4
        blue, green, red, _ = self.memory[at:at + 4]
        return red, green, blue

    def area(self, x, y, width, height, step=1):
        """Returns the pixels of an area as bytes, but only of every `step`th row."""
        x, y, width, height = int(x), int(y), int(width), int(height)
        rows = range(max(0, y), min(self.height, y + height), step)
        starts = (self.start_of_picture + row * self.row_bytes + x * 4 for row in rows)
        return b"".join(self.memory[at:at + 4 * width] for at in starts)

    def save(self, path):
        """Saves the whole picture as a PNG file."""
        rows = []
        for y in range(self.height):
            at = self.start_of_picture + y * self.row_bytes
            pixels = self.memory[at:at + 4 * self.width]
            row = bytearray(3 * self.width)
            row[0::3], row[1::3], row[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
            rows.append(b"\x00" + bytes(row))

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                       + chunk(b"IDAT", zlib.compress(b"".join(rows), 4)) + chunk(b"IEND", b""))

    def close(self):
        stop(self.manager)
        stop(self.server)


class Sound:
    """A sound server for the test only. It has one output for the room, which is recorded, and one for the desk."""

    def __init__(self, folder, recording):
        self.home = folder.made("home")
        self.runtime = folder.made("sound")
        self.server_name = "unix:" + os.path.join(self.runtime, "native")
        with open(os.path.join(self.home, ".asoundrc"), "w") as file:
            file.write("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.server = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
             "--load=module-null-sink sink_name=room rate=48000",
             "--load=module-null-sink sink_name=desk rate=48000",
             f"--load=module-native-protocol-unix socket={self.server_name[5:]} auth-anonymous=1"],
            env=self.environment("room"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ask = ["pactl", "list", "short", "sinks"]
        wait_for("the sound server", lambda: b"room" in subprocess.run(
            ask, env=self.environment("room"), capture_output=True).stdout, every_s=0.1)
        self.recording = recording
        self.recorder = recording and subprocess.Popen(
            ["parec", "--device=room.monitor", "--rate=48000", "--channels=2", "--format=s16le",
             "--file-format=wav", recording],
            env=self.environment("room"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def environment(self, sink):
        return {"PATH": os.environ["PATH"], "HOME": self.home, "XDG_RUNTIME_DIR": self.runtime,
                "PULSE_SERVER": self.server_name, "PULSE_SINK": sink, "LANG": "C.UTF-8"}

    def close(self):
        if self.recorder and self.recorder.poll() is None:
            self.recorder.send_signal(signal.SIGINT)
            try:
                self.recorder.wait(4)
            except subprocess.TimeoutExpired:
                stop(self.recorder)
        stop(self.server)

    def facts(self):
        """Returns the length of the recording, and its peak and RMS level as fractions of full scale."""
        with wave.open(self.recording) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            samples = array.array("h")
            # The header of an interrupted recording may state more frames than the file contains.
            samples.frombytes(file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        if not samples:
            raise EOFError(f"{self.recording} is empty")
        peak = max(max(samples), -min(samples)) / FULL_SCALE
        rms = math.sqrt(sum(map(operator.mul, samples, samples)) / len(samples)) / FULL_SCALE
        return {"seconds": round(len(samples) / channels / rate, 2), "peak": round(peak, 6), "rms": round(rms, 6),
                "silent": peak < 0.0005, "clips": peak >= 0.999}


class Room:
    """The room's program, which runs in its own directories."""

    def __init__(self, program, folder, display, sound, backend, speed, config=None):
        self.program = os.path.abspath(program)
        self.state = folder.made("state")
        self.log = folder.at("room.log")
        self.trace = folder.at("controls.json")
        self.port = free_port()
        self.config = folder.at("kiosk.toml")
        with open(config or os.path.join(ROOT, "kiosk.toml")) as file:
            shipped = file.read()
        with open(self.config, "w") as file:
            file.write(own_config(shipped, self.port))
        self.speed = speed
        self.environment = {
            **sound.environment("room"), "DISPLAY": display.name, "ICED_BACKEND": backend,
            "STATE_DIRECTORY": self.state, "RUNTIME_DIRECTORY": folder.made("keys"),
            "WINIT_X11_SCALE_FACTOR": "1", "WINIT_UNIX_BACKEND": "x11",
        }
        self.process = None

    def start(self):
        if os.path.exists(self.trace):
            os.remove(self.trace)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "--config", self.config, "--speed", str(self.speed),
                 "--trace-controls", self.trace],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def told(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def must_be_running(self):
        if self.process and self.process.poll() is not None:
            last = [line for line in self.told().splitlines() if line.strip()][-1:]
            raise Failed(f"the room exited by itself with {self.process.returncode}: {''.join(last) or 'without a word'}")

    def starts(self):
        """Returns how often the program has started. Each start logs once that the desk is open."""
        return self.told().count("The desk is at ")

    def memory_mark(self):
        """Returns a number that differs for each start of a program: the address of the sixteen random bytes that the
        kernel gives every new program."""
        with open(f"/proc/{self.process.pid}/auxv", "rb") as file:
            words = struct.iter_unpack("=QQ", file.read())
        return next(value for key, value in words if key == 25)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        stop(self.process)


def own_config(shipped, port):
    """Returns the shipped settings with a different port, and with absolute paths to the shipped folders."""
    text = re.sub(r'(?m)^listen = .*$', f'listen = "127.0.0.1:{port}"', shipped)
    return re.sub(r'(?m)^dir = "([^/"][^"]*)"$', lambda found: f'dir = "{os.path.join(ROOT, found[1])}"', text)


def config_with(folder, profile):
    """Writes a file with this profile, and a copy of the shipped settings that uses no other profile. Returns the path
    of the copy."""
    with open(folder.at("profiles", "measured.toml"), "w") as file:
        file.write(profile)
    with open(os.path.join(ROOT, "kiosk.toml")) as file:
        shipped = file.read()
    config = folder.at("measured", "kiosk.toml")
    with open(config, "w") as file:
        named = shipped.replace('dir = "profiles"', f'dir = "{folder.at("profiles")}"')
        file.write(named.replace('default = "gentle-tide"', 'default = "measured"'))
    return config
