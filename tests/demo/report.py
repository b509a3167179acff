"""Owns the report of a visit: each step and its time, the measured times, and whether everything was as it should be.
The only patient's words in it are those that the visit made up."""

import json
import os
import time


class Report:
    """The report of one or more visits. It is saved after each step, so that it is complete even if a visit fails."""

    def __init__(self, path):
        self.path = path
        self.began = time.monotonic()
        self.told = {"held": None, "tours": {}}
        self.tour = None

    def begin_tour(self, name, chapters, **facts):
        """Begins the report of one visit. `chapters` are the titles of its steps, in order."""
        self.tour = {"chapters": chapters, "chapter": None, "steps": [], "latency_ms": {}, "pictures": [],
                     "faults": [], **facts}
        self.told["tours"][name] = self.tour
        print(f"== {name}", flush=True)

    def begin_chapter(self, title):
        """Announces the step that begins now, so that people know what they are waiting for."""
        self.tour["chapter"] = title
        print(f"[{self.place()}, {self.seconds():.0f} s] {title} …", flush=True)

    def place(self):
        """Returns the position in the visit in words, such as `step 2 of 6`."""
        chapters = self.tour["chapters"]
        return f"step {chapters.index(self.tour['chapter']) + 1} of {len(chapters)}"

    def seconds(self):
        return time.monotonic() - self.began

    def step(self, name, seen=""):
        at = round(self.seconds(), 2)
        self.tour["steps"].append({"at_s": at, "step": name, "seen": seen})
        print(f"{at:7.1f} s  {name}" + (f": {seen}" if seen else ""), flush=True)
        self.save()

    def latency(self, name, ms, limit_ms=None):
        ms = round(ms)
        entry = {"ms": ms} if limit_ms is None else {"ms": ms, "limit_ms": limit_ms, "held": ms <= limit_ms}
        self.tour["latency_ms"][name] = entry
        print(f"           {name}: {ms} ms" + ("" if limit_ms is None else f" (at most {limit_ms} ms)"), flush=True)

    def fault(self, why):
        """Records that something was not as it should be. The visit continues."""
        self.tour["faults"].append(why)
        print(f"FAULT: {why}", flush=True)
        self.save()

    def failed(self, why):
        """Records that a step did not happen, which ends the visit."""
        self.fault(why)
        self.tour["ended_early"] = self.place()
        self.save()

    def late(self):
        """Returns the measurements that exceeded their limit."""
        return [f"{tour}: {name}" for tour, told in self.told["tours"].items()
                for name, entry in told["latency_ms"].items() if entry.get("held") is False]

    def end(self):
        faults = [fault for tour in self.told["tours"].values() for fault in tour["faults"]]
        self.told["over_limit"] = self.late()
        self.told["held"] = not faults
        self.told["took_s"] = round(self.seconds(), 1)
        self.save()
        return not faults

    def summary(self):
        """Prints where to find the results, and what the outcome is."""
        folder = os.path.relpath(os.path.dirname(self.path))
        print()
        for name, tour in self.told["tours"].items():
            if tour["pictures"]:
                print(f"Pictures: {folder}/{name}/ ({len(tour['pictures'])} of the screen, and some of the desk)")
            if "sound" in tour:
                print(f"Sound:    {folder}/{name}/sound.wav ({tour['sound']['seconds']:.0f} s)")
        print(f"Report:   {os.path.relpath(self.path)} (every step, and every measured time)")
        for name in self.told["over_limit"]:
            print(f"Over its limit: {name}")
        for name, tour in self.told["tours"].items():
            for fault in tour["faults"]:
                print(f"FAULT, {name}: {fault}")
            if "ended_early" in tour:
                print(f"The visit with {name} ended at {tour['ended_early']}: {tour['chapter']}. "
                      f"The pictures and room.log in {folder}/{name}/ show how it came to that.")
        result = "everything worked" if self.told["held"] else "not everything worked"
        print(f"Result:   {result}, in {self.told['took_s']:.0f} s")

    def save(self):
        new = self.path + ".new"
        with open(new, "w") as file:
            json.dump(self.told, file, indent=1)
            file.write("\n")
        os.replace(new, self.path)
