"""Owns the desk as its user sees it: a real browser on the desk's page, driven through the W3C WebDriver protocol.
Knows nothing about a visit."""

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request

from surroundings import Failed, free_port, stop, wait_for

# A script that records every change of the connection state on the page, so that a brief loss is not missed.
WATCH_LINE = """
window.demoLine = [];
const line = document.getElementById("line");
const noted = () => window.demoLine.at(-1)?.[1] === line.dataset.line;
const note = () => noted() || window.demoLine.push([Date.now(), line.dataset.line, line.textContent]);
note();
new MutationObserver(note).observe(line, { attributes: true, attributeFilter: ["data-line"] });
"""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# A script that records in the page when the call appeared, so that the time does not include the way to the browser.
WATCH = """
window.demoSeen = null;
const note = () => {
  if (document.getElementById("call").hidden || window.demoSeen) return;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    window.demoSeen ??= performance.timeOrigin + performance.now();
  }));
};
new MutationObserver(note).observe(document.getElementById("call"), { attributes: true });
"""


class Desk:
    """A browser window that shows the desk's page."""

    def __init__(self, folder, sound, port):
        self.url = f"http://127.0.0.1:{port}/"
        self.driver_port = free_port()
        environment = sound.environment("desk")
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.driver_port}"], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        wait_for("chromedriver", self.is_up, 20, 0.1)
        flags = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                 "--window-size=1360,940", "--user-data-dir=" + folder.made("browser")]
        if os.geteuid() == 0:
            # Root cannot set up the browser's sandbox.
            flags.append("--no-sandbox")
        asked = {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": flags}, "goog:loggingPrefs": {"browser": "ALL"}}}}
        self.session = "/session/" + self.ask("POST", "/session", asked, 60)["sessionId"]

    def is_up(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except (OSError, Failed):
            return False

    def ask(self, method, path, body=None, limit_s=20):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{self.driver_port}{path}", data, method=method,
                                       headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=limit_s) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            told = json.load(error)["value"]
            raise Failed(f"the browser: {told.get('error')}: {told.get('message', '').splitlines()[0]}") from None

    def errors(self):
        """Returns the errors on the page since the last call of this: uncaught exceptions, unhandled rejections, and
        errors that its scripts logged. Failed HTTP requests are left out, because a refused order is one."""
        told = self.ask("POST", self.session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in told if entry["level"] == "SEVERE" and entry["source"] != "network"]

    def must_be_whole(self):
        """Fails if there was an error on the page, even if the page looks right. Every browser test ends with this."""
        errors = self.errors()
        if errors:
            raise Failed(f"the desk's page has {len(errors)} errors, the first: {errors[0]}")

    def before_each_page(self, script):
        """From the next page load on, runs a script before the page's own scripts."""
        self.ask("POST", self.session + "/goog/cdp/execute",
                 {"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": script}})

    def open(self):
        self.ask("POST", self.session + "/url", {"url": self.url})

    def run(self, script, *arguments):
        return self.ask("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector):
        found = self.ask("POST", self.session + "/element", {"using": "css selector", "value": selector})
        self.ask("POST", f"{self.session}/element/{found[ELEMENT]}/click", {})

    def words(self, name):
        """Returns the text of an element, or an empty text if it is not visible."""
        return self.run("const e = document.getElementById(arguments[0]);"
                        "return e && e.checkVisibility() ? e.textContent : ''", name)

    def is_shown(self, name):
        return self.run("const e = document.getElementById(arguments[0]); return !!e && e.checkVisibility()", name)

    def call_phase(self):
        return self.run("const c = document.getElementById('call'); return c.hidden ? null : c.dataset.phase")

    def stage(self):
        return self.run("return document.body.dataset.stage")

    def place(self):
        return self.run("return document.querySelector('#place-choice [aria-pressed=true]')?.dataset.name")

    def receives(self):
        return self.run("return document.getElementById('line').dataset.line") == "on"

    def wait_phase(self, phase, limit_s=8):
        wait_for(f"the desk to show the call as {phase}", lambda: self.call_phase() == phase, limit_s, 0.05)

    def wait_stage(self, stage, limit_s=10):
        wait_for(f"the desk to show {stage}", lambda: self.stage() == stage, limit_s, 0.05)

    def watch_line(self):
        self.run(WATCH_LINE)

    def line_changes(self):
        """Returns the changes of the connection state since watching began. Each has the wall-clock time in seconds,
        the state, and the page's words for it."""
        return [(at / 1000, state, words) for at, state, words in self.run("return window.demoLine")]

    def watch_call(self):
        self.run(WATCH)

    def call_seen_at(self):
        """Waits for the call. Returns the wall-clock time, in seconds, at which the page showed it."""
        seen = wait_for("the desk to draw the call", lambda: self.run("return window.demoSeen"), 8, 0.05)
        return seen / 1000

    def save(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", self.session + "/screenshot")))

    def close(self):
        if self.session:
            try:
                self.ask("DELETE", self.session)
            except (OSError, Failed):
                pass
        stop(self.driver)
