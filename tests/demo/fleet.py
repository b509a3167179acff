"""Owns the programs of a desk of several rooms: a broker that can be killed, rooms in headless mode, and the desk's
program. Knows nothing about the meaning of the events that they exchange."""

import json
import os
import subprocess
import threading
import time

from surroundings import ROOT, Failed, free_port, stop, wait_for


class Broker:
    """A mosquitto process that stores nothing on disk, so that it loses all its state if it is killed."""

    def __init__(self, folder):
        self.port = free_port()
        self.config = folder.at("mosquitto.conf")
        with open(self.config, "w") as file:
            user = "user root\n" if os.geteuid() == 0 else ""
            file.write(f"{user}persistence false\nallow_anonymous true\nlog_type none\nlistener {self.port} 127.0.0.1\n")
        self.process = None

    def start(self):
        program = "/usr/sbin/mosquitto" if os.path.exists("/usr/sbin/mosquitto") else "mosquitto"
        self.process = subprocess.Popen([program, "-c", self.config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        stop(self.process)


class QuietRoom:
    """A room in headless mode, driven by JSON lines. It connects to `broker` if that is given, and always serves its
    own desk."""

    def __init__(self, program, folder, sound, broker, name, room):
        self.program, self.room, self.name = os.path.abspath(program), room, name
        self.folder = folder.made(room)
        self.config = os.path.join(self.folder, "kiosk.toml")
        self.port = free_port()
        at_broker = f'[line.mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\nroom = "{room}"\n' if broker else ""
        with open(self.config, "w") as file:
            file.write(f'[room]\nname = "{name}"\n[profiles]\ndir = "{ROOT}/profiles"\n[media]\ndir = "{ROOT}/media"\n'
                       f'[desk]\nlisten = "127.0.0.1:{self.port}"\n{at_broker}')
        self.environment = {**sound.environment("room"), "STATE_DIRECTORY": folder.made(room, "state"),
                            "RUNTIME_DIRECTORY": folder.made(room, "keys")}
        self.log = os.path.join(self.folder, "room.log")
        self.process, self.last = None, {}

    def start(self, speed=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "--headless", "--config", self.config, "--speed", str(speed)],
                env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True).start()

    def read(self, lines):
        for line in lines:
            told = json.loads(line)
            if "error" not in told:
                self.last = told

    def tell(self, event, **more):
        """Sends an event. Returns the wall-clock time just before it was sent, in seconds."""
        line = json.dumps({"event": event, **more}) + "\n"
        at = time.time()
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return at

    def reach(self, what, limit_s=10, **wanted):
        def there():
            return self.last and all(self.last.get(key) == value for key, value in wanted.items())
        try:
            wait_for(f"{self.name}: {what}", there, limit_s, 0.005)
        except Failed as why:
            raise Failed(f"{why}; it stands at {self.last}") from None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.last = {}

    def close(self):
        stop(self.process)


class DeskProgram:
    """A running process of `stillroom desk`."""

    def __init__(self, program, folder, broker, rooms, locale="en-US", name="Harbor Clinic"):
        self.program = os.path.abspath(program)
        self.port = free_port()
        self.config = folder.at("desk.toml")
        listed = ", ".join(f'"{room}"' for room in rooms)
        with open(self.config, "w") as file:
            file.write(f'rooms = [{listed}]\n[desk]\nname = "{name}"\nlocale = "{locale}"\n'
                       f'listen = "127.0.0.1:{self.port}"\nclinicians = ["Maria", "Dr. Okafor"]\n'
                       f'[line.mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\n')
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder.made("home"),
                            "STATE_DIRECTORY": folder.made("desk-state")}
        self.log = folder.at("desk.log")
        self.process = None

    def start(self):
        checked = subprocess.run([self.program, "check", "--config", self.config], env=self.environment,
                                 capture_output=True, text=True)
        if checked.returncode != 0:
            raise Failed(f"desk.toml: {checked.stdout}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "desk", "--config", self.config], env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("the desk to open", lambda: "The desk is at " in self.told(), 10)

    def told(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def close(self):
        stop(self.process)
