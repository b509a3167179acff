"""Owns what was seen: each step with its moment, the measured times, and whether all of it held. Holds no patient's
words beyond those the visit itself made up."""

import json
import os
import time


class Report:
    """One account of a visit, written as it goes."""

    def __init__(self, path):
        self.path = path
        self.began = time.monotonic()
        self.told = {"held": None, "tours": {}}
        self.tour = None

    def begin_tour(self, name, **facts):
        self.tour = {"steps": [], "latency_ms": {}, "pictures": [], "faults": [], **facts}
        self.told["tours"][name] = self.tour
        print(f"== {name}", flush=True)

    def step(self, name, seen=""):
        at = round(time.monotonic() - self.began, 2)
        self.tour["steps"].append({"at_s": at, "step": name, "seen": seen})
        print(f"{at:7.1f} s  {name}" + (f": {seen}" if seen else ""), flush=True)
        self.save()

    def latency(self, name, ms, limit_ms=None):
        ms = round(ms)
        entry = {"ms": ms} if limit_ms is None else {"ms": ms, "limit_ms": limit_ms, "held": ms <= limit_ms}
        self.tour["latency_ms"][name] = entry
        print(f"           {name}: {ms} ms" + ("" if limit_ms is None else f" (at most {limit_ms} ms)"), flush=True)

    def fault(self, why):
        """Something was not as it should be; the visit goes on."""
        self.tour["faults"].append(why)
        print(f"FAULT: {why}", flush=True)
        self.save()

    def failed(self, why):
        """A step did not happen, and no later one can."""
        self.fault(why)
        self.tour["ended_early"] = True
        self.save()

    def late(self):
        """The measures that were over their limit."""
        return [f"{tour}: {name}" for tour, told in self.told["tours"].items()
                for name, entry in told["latency_ms"].items() if entry.get("held") is False]

    def end(self):
        faults = [fault for tour in self.told["tours"].values() for fault in tour["faults"]]
        self.told["over_limit"] = self.late()
        self.told["held"] = not faults
        self.told["took_s"] = round(time.monotonic() - self.began, 1)
        self.save()
        return not faults

    def save(self):
        new = self.path + ".new"
        with open(new, "w") as file:
            json.dump(self.told, file, indent=1)
            file.write("\n")
        os.replace(new, self.path)
