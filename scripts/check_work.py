#!/usr/bin/env python3
"""Compares the notes of a work in media/works with another edition of that work, note by note. It owns the reading of
editions (MIDI, MusicXML and tables of notes) and the pairing of notes.

Needs Python 3.11 and nothing else. Run from the top of the repository:

    python3 scripts/check_work.py media/works/gymnopedie-1.toml EDITION

EDITION is a MIDI file (.mid, .midi), a MusicXML file (.mxl, .musicxml, .xml), or a table of notes as ms3 makes it from
a MuseScore file (.notes.tsv, beside its .measures.tsv, which says how to play the repeats). LilyPond makes a MIDI file
of an edition in its language (with \\unfoldRepeats before the music), and music21 makes MusicXML of one in Humdrum.
Repeats and endings are played as written, except in MIDI, which has none.

Two notes match when their key is the same and their onsets differ by at most the tolerance. The script prints how many
notes match, and each note that is missing from the work, that only the work has, or that has another length, with its
bar. Bars are counted as played, repeats included, as the edition counts them. It exits with 1 if anything differs.

    --no-lengths     do not compare lengths, for an edition that does not state them, such as a performance
    --tolerance Q    greatest difference of two matching onsets, in quarters (0.05)
    --grace Q        greatest difference for a grace note of the work, in quarters (0.5), since an edition writes no
                     time for it, and MIDI files each play it in their own way
    --shift Q        add this to every onset of the edition, in quarters
    --bars A-B       compare only the notes in these bars
    --bar-quarters Q length of a bar in quarters, for a MIDI file without time signatures
    --performed      the edition is a performance in free time: find the beats of the work in it first, then pair notes
                     that are nearest to each other. Lengths are not compared.
"""

import argparse
import csv
import sys
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from bisect import bisect_right
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

# Length of a grace note in media/works, in quarters. It ends where its main note begins.
GRACE_QUARTERS = 0.12
# Greatest difference between two equal lengths, in quarters. Some programs take the time of a grace note from the
# note before it.
LENGTH_TOLERANCE = 0.124
NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def name(key):
    """Returns the name of a MIDI key, with C4 for 60."""
    return f"{NAMES[key % 12]}{key // 12 - 1}"


def settle(notes):
    """Returns the notes as one piano can play them, sorted: one note per onset and key, with the greatest length, and
    none that sounds beyond the next stroke of its key. `notes` are (onset, length, key)."""
    longest = {}
    for onset, length, key in notes:
        at = (round(float(onset), 4), key)
        longest[at] = max(longest.get(at, 0.0), float(length))
    next_stroke = {}
    settled = []
    for (onset, key), length in sorted(longest.items(), reverse=True):
        if key in next_stroke:
            length = min(length, next_stroke[key] - onset)
        next_stroke[key] = onset
        settled.append((onset, length, key))
    return sorted(settled, key=lambda note: (note[0], note[2]))


def read_work(path):
    """Returns the notes of a work."""
    with open(path, "rb") as file:
        work = tomllib.load(file)
    return [(onset, length, key) for onset, length, key, _ in work["notes"]]


def read_midi(path):
    """Returns the notes of a MIDI file and the onsets of its bars."""
    data = Path(path).read_bytes()
    if data[:4] != b"MThd":
        raise SystemExit(f"{path}: not a MIDI file")
    ticks_per_quarter = int.from_bytes(data[12:14], "big")
    position = 14
    notes, meters, end = [], [(0, 4.0)], 0
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "big")
        track, position = data[position + 8 : position + 8 + size], position + 8 + size
        if kind != b"MTrk":
            continue
        at, tick, status, open_notes = 0, 0, 0, defaultdict(list)

        def variable():
            nonlocal at
            value = 0
            while True:
                byte = track[at]
                at += 1
                value = value << 7 | byte & 0x7F
                if byte < 0x80:
                    return value

        while at < len(track):
            tick += variable()
            if track[at] >= 0x80:
                status = track[at]
                at += 1
            if status == 0xFF:
                kind_of_meta = track[at]
                at += 1
                size = variable()
                if kind_of_meta == 0x58:
                    meters.append((tick, track[at] * 4.0 / 2 ** track[at + 1]))
                at += size
            elif status in (0xF0, 0xF7):
                size = variable()
                at += size
            elif status & 0xF0 in (0xC0, 0xD0):
                at += 1
            else:
                key, value = track[at], track[at + 1]
                at += 2
                channel = status & 0x0F
                if status & 0xF0 == 0x90 and value > 0:
                    open_notes[channel, key].append(tick)
                elif status & 0xF0 in (0x80, 0x90) and open_notes[channel, key]:
                    start = open_notes[channel, key].pop(0)
                    notes.append((start / ticks_per_quarter, (tick - start) / ticks_per_quarter, key))
        end = max(end, tick)
    bars, tick, meters = [], 0, sorted(meters)
    while tick <= end:
        bars.append(tick / ticks_per_quarter)
        length = [length for start, length in meters if start <= tick][-1] * ticks_per_quarter
        changes = [start for start, _ in meters if tick < start < tick + length]
        tick = changes[0] if changes else tick + length
    return notes, bars


def join_ties(events):
    """Returns (onset, length, key) of notes whose ties are joined. `events` are (onset, length, key, starts, ends),
    where `starts` says that a tie leads on from the note and `ends` that one leads to it."""
    joined, waiting = [], {}
    for onset, length, key, starts, ends in sorted(events, key=lambda event: (event[0], event[2])):
        at = (key, round(float(onset), 4))
        if ends and at in waiting:
            note = waiting.pop(at)
            note[1] = onset + length - note[0]
        else:
            note = [onset, length, key]
            joined.append(note)
        if starts:
            waiting[key, round(float(note[0] + note[1]), 4)] = note
    return [tuple(note) for note in joined]


def place_graces(graces, onset):
    """Returns the grace notes before a main note at `onset`, as events for `join_ties`. `graces` holds, for each
    stroke, the keys and whether a tie leads on from them; a tied grace note lasts until its main note."""
    events = []
    for i, keys in enumerate(graces):
        before = GRACE_QUARTERS * (len(graces) - i)
        for key, tied in keys:
            events.append((float(onset) - before, before if tied else GRACE_QUARTERS, key, tied, False))
    return events


def read_musicxml(path):
    """Returns the notes of a MusicXML file and the onsets of its bars, as played."""
    if str(path).endswith(".mxl"):
        with zipfile.ZipFile(path) as archive:
            container = ET.fromstring(archive.read("META-INF/container.xml"))
            inner = next(e for e in container.iter() if e.tag.endswith("rootfile")).get("full-path")
            root = ET.fromstring(archive.read(inner))
    else:
        root = ET.parse(path).getroot()
    parts = [part.findall("measure") for part in root.findall("part")]
    contents = []  # of each measure: its length and its notes
    divisions = [1] * len(parts)
    for index in range(len(parts[0])):
        events, length = [], Fraction(0)
        for number, measures in enumerate(parts):
            now = start = Fraction(0)
            strokes = defaultdict(list)  # grace notes that wait for their main note, by voice
            for element in measures[index]:
                if element.tag == "attributes" and element.find("divisions") is not None:
                    divisions[number] = int(element.find("divisions").text)
                elif element.tag in ("backup", "forward"):
                    step = Fraction(element.find("duration").text) / divisions[number]
                    now += step if element.tag == "forward" else -step
                elif element.tag == "note":
                    voice = element.findtext("voice"), element.findtext("staff")
                    chord = element.find("chord") is not None
                    key = None
                    if (pitch := element.find("pitch")) is not None:
                        key = STEPS[pitch.findtext("step")] + 12 * (int(pitch.findtext("octave")) + 1)
                        key += int(float(pitch.findtext("alter") or 0))
                    ties = {tie.get("type") for tie in element.findall("tie")}
                    if element.find("grace") is not None:
                        if key is not None and chord:
                            strokes[voice][-1].append((key, "start" in ties))
                        elif key is not None:
                            strokes[voice].append([(key, "start" in ties)])
                        continue
                    duration = Fraction(element.findtext("duration")) / divisions[number]
                    if not chord:
                        start = now
                        now += duration
                    if key is not None and element.find("cue") is None:
                        events.append((start, duration, key, "start" in ties, "stop" in ties))
                        events += place_graces(strokes.pop(voice, []), start)
                length = max(length, now)
            for left in strokes.values():
                events += place_graces(left, now)
        contents.append((length, events))

    # What the bar lines of the first part say.
    forward, backward, endings = set(), {}, {}
    open_ending = None
    for index, measure in enumerate(parts[0]):
        for line in measure.findall("barline"):
            ending, repeat = line.find("ending"), line.find("repeat")
            if ending is not None and ending.get("type") == "start":
                open_ending = {int(n) for n in ending.get("number").replace(" ", "").split(",")}
            if open_ending:
                endings[index] = open_ending
            if ending is not None and ending.get("type") in ("stop", "discontinue"):
                open_ending = None
            if repeat is not None and repeat.get("direction") == "forward":
                forward.add(index)
            if repeat is not None and repeat.get("direction") == "backward":
                backward[index] = int(repeat.get("times") or 2)
        if open_ending:
            endings[index] = open_ending
    order, index, first, turn = [], 0, 0, 1
    while index < len(contents):
        if index in forward and index != first:
            first, turn = index, 1
        if index in endings and turn not in endings[index]:
            index += 1
            continue
        order.append(index)
        if index in backward and turn < backward[index]:
            turn += 1
            index = first
        else:
            if index in backward and index not in endings:
                first, turn = index + 1, 1
            index += 1

    notes, bars, onset = [], [], Fraction(0)
    for index in order:
        length, events = contents[index]
        bars.append(float(onset))
        notes += [(onset + start, duration, key, starts, ends) for start, duration, key, starts, ends in events]
        onset += length
    return join_ties(notes), bars


def read_table(path):
    """Returns the notes of a table of notes and the onsets of its bars, as played."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with open(str(path).replace(".notes.", ".measures."), newline="") as file:
        measures = {int(row["mc"]): row for row in csv.DictReader(file, delimiter="\t")}
    in_measure = defaultdict(list)
    for row in rows:
        in_measure[int(row["mc"])].append(row)
    events, bars, onset = [], [], Fraction(0)
    visits, current = defaultdict(int), min(measures)
    while current != -1:
        bars.append(float(onset))
        strokes = defaultdict(list)
        for row in in_measure[current]:
            start = onset + Fraction(row["mc_onset"]) * 4
            key, tied = int(row["midi"]), row["tied"]
            if row.get("gracenote"):
                waiting = strokes[row["staff"], row["voice"], start]
                if not waiting or waiting[-1][0] != row["chord_id"]:
                    waiting.append((row["chord_id"], []))
                waiting[-1][1].append((key, tied == "1"))
                continue
            events.append((start, Fraction(row["duration"]) * 4, key, tied in ("1", "0"), tied in ("0", "-1")))
        for (_, _, start), waiting in strokes.items():
            events += place_graces([keys for _, keys in waiting], start)
        onset += Fraction(measures[current]["act_dur"]) * 4
        options = [int(option) for option in measures[current]["next"].split(",")]
        choice = options[min(visits[current], len(options) - 1)]
        visits[current] += 1
        current = choice
    return join_ties(events), bars


def read_edition(path):
    """Returns the notes of an edition and the onsets of its bars, as its file name says."""
    if path.endswith((".mid", ".midi")):
        return read_midi(path)
    if path.endswith((".mxl", ".musicxml", ".xml")):
        return read_musicxml(path)
    if path.endswith(".tsv"):
        return read_table(path)
    raise SystemExit(f"{path}: neither MIDI nor MusicXML nor a table of notes")


def clusters(notes, gap):
    """Returns (onset, keys) of notes that begin within `gap` of the first of them."""
    found = []
    for onset, _, key in sorted(notes, key=lambda note: (note[0], note[2])):
        if not found or onset - found[-1][0] > gap:
            found.append((onset, set()))
        found[-1][1].add(key)
    return found


def follow(work, performance):
    """Returns the notes of a performance with its time bent to that of the work: chords that have most keys in common
    in the same order are at the same time, and between them time is even."""
    beats = clusters(work, 0.01)
    best = (0, [])
    for gap in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4):
        strokes = clusters(performance, gap)
        table = [[0.0] * (len(strokes) + 1) for _ in range(len(beats) + 1)]
        for i, (_, keys) in enumerate(beats):
            for j, (_, played) in enumerate(strokes):
                # A little less for keys that differ, so that equal chords are preferred.
                common = max(0.0, len(keys & played) - 0.1 * len(keys ^ played))
                table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j], table[i][j] + common)
        if table[-1][-1] > best[0]:
            anchors, i, j = [], len(beats), len(strokes)
            while i and j:
                if table[i][j] == table[i - 1][j]:
                    i -= 1
                elif table[i][j] == table[i][j - 1]:
                    j -= 1
                else:
                    i, j = i - 1, j - 1
                    anchors.append((strokes[j][0], beats[i][0]))
            best = (table[-1][-1], anchors[::-1])
    anchors = best[1]
    if len(anchors) < 2:
        raise SystemExit("the performance has too little in common with the work")
    times = [time for time, _ in anchors]
    bent = []
    for onset, length, key in performance:
        i = min(max(bisect_right(times, onset) - 1, 0), len(anchors) - 2)
        (from_time, from_beat), (to_time, to_beat) = anchors[i], anchors[i + 1]
        bent.append((from_beat + (onset - from_time) * (to_beat - from_beat) / (to_time - from_time), length, key))
    return bent


def pair(work, edition, tolerance, grace):
    """Returns pairs of notes of both, the notes of the edition without one, and those of the work without one."""
    waiting = defaultdict(list)
    for note in edition:
        waiting[note[2]].append(note)
    pairs, extra = [], []
    for note in work:
        reach = grace if abs(note[1] - GRACE_QUARTERS) < 1e-6 else tolerance
        near = [other for other in waiting[note[2]] if abs(other[0] - note[0]) <= reach]
        if near:
            other = min(near, key=lambda other: abs(other[0] - note[0]))
            waiting[note[2]].remove(other)
            pairs.append((note, other))
        else:
            extra.append(note)
    missing = [note for notes in waiting.values() for note in notes]
    return pairs, sorted(missing), extra


def main():
    parser = argparse.ArgumentParser(description="Compares a work in media/works with another edition.")
    parser.add_argument("work")
    parser.add_argument("edition")
    parser.add_argument("--no-lengths", action="store_true")
    parser.add_argument("--tolerance", type=float, default=0.05)
    parser.add_argument("--grace", type=float, default=0.5)
    parser.add_argument("--shift", type=float, default=0.0)
    parser.add_argument("--bars")
    parser.add_argument("--performed", action="store_true")
    parser.add_argument("--bar-quarters", type=float)
    options = parser.parse_args()

    work = settle(read_work(options.work))
    notes, bars = read_edition(options.edition)
    edition = settle((float(onset) + options.shift, length, key) for onset, length, key in notes)
    bars = [bar + options.shift for bar in bars]
    if options.performed:
        edition = follow(work, edition)
        options.no_lengths = True
    if options.bar_quarters:
        end = max(note[0] for note in work + edition)
        bars = [i * options.bar_quarters for i in range(int(end / options.bar_quarters) + 1)]
    # A shorter first bar is a pickup, which is bar 0.
    first = 0 if len(bars) > 2 and bars[1] - bars[0] < bars[2] - bars[1] - 1e-6 else 1

    def bar(onset):
        return bisect_right(bars, onset + 0.02) - 1 + first

    if options.bars:
        low, high = (int(number) for number in options.bars.split("-"))
        work = [note for note in work if low <= bar(note[0]) <= high]
        edition = [note for note in edition if low <= bar(note[0]) <= high]

    def say(what, note, more=""):
        beat = max(0.0, note[0] - bars[max(0, bar(note[0]) - first)])
        print(f"{what} bar {bar(note[0])}, quarter {beat:.3f} ({note[0]:.3f}): {name(note[2])} for {note[1]:.3f}{more}")

    pairs, missing, extra = pair(work, edition, options.tolerance, options.grace)
    for note in missing:
        say("missing", note)
    for note in extra:
        say("extra  ", note)
    lengths = 0
    for note, other in pairs:
        is_grace = abs(note[1] - GRACE_QUARTERS) < 1e-6
        if not options.no_lengths and not is_grace and abs(note[1] - other[1]) > LENGTH_TOLERANCE:
            lengths += 1
            say("length ", note, f", {other[1]:.3f} in the edition")
    print(
        f"{len(work)} notes in the work, {len(edition)} in the edition: {len(pairs)} matched, {len(missing)} missing, "
        f"{len(extra)} extra, " + ("lengths not compared" if options.no_lengths else f"{lengths} of another length")
    )
    sys.exit(1 if missing or extra or lengths else 0)


if __name__ == "__main__":
    main()
