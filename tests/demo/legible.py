"""Owns the measurement of the patient's screens: how well words, icons and outlines stand out from what really lies
behind them, and whether labels can be read with blurred eyes. `make legible` draws the pictures
(tests/touch/legible.rs) and then runs this. Prints tables, and exits with 1 if a limit is broken.

Contrast is that of WCAG 2.2: at least 7 for words (1.4.6), and at least 3 for icons and outlines (1.4.11). In the box
of a line of words, the ink is those pixels that are farthest from the box's median in the direction of a colour of
src/theme.rs. The ground is the pixels around the letters, without the ink and its blended edges; what counts is its
95th percentile toward the ink. An outline is compared, point for point along its sides, with the pixels just outside
and with the control's own surface, since it is visible if it stands out from either, as is the surface if it stands
out from what is outside. What counts is the 5th percentile along the outline. The tables also show the contrast with
the outside alone, of the outline or the surface.

For blurred eyes, the picture is blurred in linear light. Acuity 20/X means a minimum angle of resolution (MAR) of X/20
arc minutes. The Gaussian has a standard deviation of 0.5 MAR, or of 0.7 MAR for the figures marked *at the edge*. Why:

- A reader with a MAR of m just reads words with an x-height of 5 m, which is how reading charts such as MNREAD define
  the size of print. The blur has to be one with which such words are just read.
- How much blur people stand is measured with Gaussians. In a standard model, MAR = MAR0 * sqrt(1 + (sigma /
  sigma_int)^2), where MAR0 and sigma_int are the observer's own (used by McAnany et al., Optometry and Vision Science
  2011; 88: 716-723, doi:10.1097/OPX.0b013e3182147202). Once the blur exceeds the eye's own, the smallest gap between
  two lines that people see is about sigma (Levi and Klein, Vision Research 1990; 30: 1971-1993,
  doi:10.1016/0042-6989(90)90016-E). So sigma is at most about 1 MAR. Only the abstracts of the two were consulted.
- The reader here is a program, and has a limit of its own. With `--calibrate`, of words with an x-height of 5 MAR in
  the two fonts of the screens, it reads all at 0.5 MAR, 34 of 40 at 0.7 MAR, and 11 of 40 at 1 MAR. So a label that
  is not read at 0.5 MAR is too small, too faint or covered. At 0.7 MAR, the program itself is at its limit for such
  words: about one label in seven fails there although it is large enough, so that this is no limit.

Letters are compared without case, spaces and marks; a label counts as read if at most a fifth of its letters is wrong.
Keys with one letter are not read, since the program does not read single letters reliably.
"""

import argparse
import collections
import glob
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS_MIN, SHAPES_MIN = 7.0, 3.0
DISTANCE_MM = 600.0
CALL_ACUITY, ACUITY = 100, 63
SIGMA_MAR, SIGMA_MAR_EDGE = 0.5, 0.7
DISTANCE_MAX = 0.2
LANGUAGES = {"en-US": "eng", "es-US": "spa", "fr-FR": "fra"}
# Colours of words and icons in src/theme.rs: sand, lamplight, amber, ink.
PALETTE = np.array([(0xE9, 0xD8, 0xC3), (0xF2, 0xC4, 0x8D), (0xFF, 0xB4, 0x54), (0x0B, 0x14, 0x20)], float)
# Touch areas without an outline, and controls that only staff use.
UNLINED = ("ready", "place", "dark-anywhere", "staff-", "sketch")
# Millimetres at each end of a side that belong to a round corner, and those of a control that is round at its ends.
CORNER_MM, PILL_MM = 7.5, 10.5
# Depth at which a control shows its surface, inside its outline, in millimetres. That of an open call is wider.
DEEP_MM, DEEP_MM_CALL = 0.95, 1.4
ICONS = range(0xE000, 0xF900)
# The icons on the lamp of a call: a bell or a person.
LAMPS = ("\uE000", "\uE013")
# Height of the call, in millimetres.
CALL_MM = 30.0
# x-heights at which a label is given to the reading program, in pixels. It reads some sizes better than others.
READ_X_HEIGHTS = (18, 24, 32)


def linear(colour):
    """Returns the linear light of sRGB values from 0 to 255."""
    value = np.asarray(colour, float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return linear(colour) @ np.array([0.2126, 0.7152, 0.0722])


def ratio(one, other):
    """Returns the contrast of two luminances."""
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


def dilated(mask, radius):
    """Grows a mask by a number of pixels in each direction."""
    for axis in (0, 1):
        grown = mask.copy()
        for shift in range(1, radius + 1):
            away, toward = [slice(None)] * 2, [slice(None)] * 2
            away[axis], toward[axis] = slice(shift, None), slice(None, -shift)
            grown[tuple(away)] |= mask[tuple(toward)]
            grown[tuple(toward)] |= mask[tuple(away)]
        mask = grown
    return mask


def ink_of(pixels):
    """Returns the colour of words on `pixels`, and the mask of pixels that have this colour. None without words."""
    flat = pixels.reshape(-1, 3)
    median = np.median(flat, axis=0)
    # Only bright surfaces, such as that of a screen's main action, have dark words.
    palette = PALETTE if luminance(median) > 0.25 else PALETTE[:3]
    # Words that cover their ground completely have exactly a colour of the palette.
    for colour in sorted(palette, key=lambda colour: -np.mean(np.abs(flat - colour).max(axis=1) <= 8)):
        exact = np.abs(flat - colour).max(axis=1) <= 8
        if exact.mean() >= 0.004 and np.abs(median - colour).max() > 30:
            core = (np.abs(flat - colour).max(axis=1) <= 14).reshape(pixels.shape[:2])
            return np.median(flat[exact], axis=0), core
    # Translucent ones are the pixels that lie farthest from the median in the direction of one of the colours.
    best = None
    for colour in palette:
        way = colour - median
        if np.abs(way).max() <= 30:
            continue
        far = (flat - median) @ way / (way @ way)
        ink = np.median(flat[far >= np.quantile(far, 0.98)], axis=0)
        gap = np.abs(ink - colour).max() / np.abs(way).max()
        if best is None or gap < best[0]:
            best = gap, ink
    ink = best[1]
    core = (np.abs(flat - ink).max(axis=1) <= 24).reshape(pixels.shape[:2])
    return (ink, core) if 0 < core.mean() < 0.7 else None


def words_contrast(picture, bounds):
    """Returns the contrast of the words in these bounds with the worst of their ground. None if there is no ground."""
    x, y, width, height = bounds
    left, top = max(int(x) - 2, 0), max(int(y) - 2, 0)
    pixels = picture[top:int(y + height) + 3, left:int(x + width) + 3]
    if min(pixels.shape[:2]) < 4:
        return None
    found = ink_of(pixels)
    if found is None:
        return 1.0
    ink, core = found
    # Edges are blended over up to 3 pixels; 12 pixels away is still just behind the words.
    ground = dilated(core, 12) & ~dilated(core, 3)
    if ground.sum() < 20:
        ground = ~dilated(core, 2)
    if ground.sum() < 20:
        return None
    lit, inked = luminance(pixels[ground]), luminance(ink)
    worst = np.quantile(lit, 0.95 if inked > np.median(lit) else 0.05)
    return float(ratio(inked, worst))


def outline_contrast(picture, bounds, px_per_mm, deep_mm=DEEP_MM):
    """Returns two contrasts: that of a control's outline with either side of it, and that of the outline or the surface
    with what is just outside alone. None if too little of the outline is visible."""
    x, y, width, height = bounds
    is_pill = abs(height / px_per_mm - 20) < 0.3
    corner = (PILL_MM if is_pill else CORNER_MM) * px_per_mm
    deep, rows, columns = int(deep_mm * px_per_mm), picture.shape[0], picture.shape[1]
    outside, lines, surface = [], [], []

    def sample(points, inward):
        """`points` are on the outermost pixels of the control, and `inward` points to its middle."""
        across, down = points
        far = np.array([across.min(), across.max(), down.min(), down.max()])
        out = far - 4 * np.repeat(inward, 2)
        if out[:2].min() < 0 or out[:2].max() >= columns or out[2:].min() < 0 or out[2:].max() >= rows:
            return

        def at(depth):
            return luminance(picture[down + depth * inward[1], across + depth * inward[0]])
        outside.append(at(-4))
        lines.append(np.stack([at(0), at(1)]))
        surface.append(at(deep))

    left, right, top, bottom = round(x), round(x + width) - 1, round(y), round(y + height) - 1
    along = np.arange(int(left + corner), int(right - corner))
    if len(along) > 4:
        sample((along, np.full_like(along, top)), np.array([0, 1]))
        sample((along, np.full_like(along, bottom)), np.array([0, -1]))
    along = np.arange(int(top + corner), int(bottom - corner))
    if len(along) > 4:
        sample((np.full_like(along, left), along), np.array([1, 0]))
        sample((np.full_like(along, right), along), np.array([-1, 0]))
    if not outside:
        return None
    outside, surface, lines = np.concatenate(outside), np.concatenate(surface), np.concatenate(lines, axis=1)
    beyond = np.maximum(ratio(lines, outside).max(axis=0), ratio(surface, outside))
    either = np.maximum(beyond, ratio(lines, surface).max(axis=0))
    return float(np.quantile(either, 0.05)), float(np.quantile(beyond, 0.05))


def blurred(light, sigma_px):
    """Blurs one channel of linear light."""
    if sigma_px <= 0:
        return light
    radius = int(4 * sigma_px + 1)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_px) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(light, radius, mode="edge")
    padded = sum(weight * padded[at:at + light.shape[0]] for at, weight in enumerate(kernel))
    return sum(weight * padded[:, at:at + light.shape[1]] for at, weight in enumerate(kernel))


def sigma_px(acuity, px_per_mm, sigma_mar):
    px_per_arc_minute = px_per_mm * DISTANCE_MM * np.tan(np.radians(1 / 60))
    return sigma_mar * acuity / 20 * px_per_arc_minute


def readable(light, x_height_px, target_px):
    """Returns a picture of dark words on a light ground for the reading program, with the same blur as `light`."""
    shade = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.clip(light, 0, 1) ** (1 / 2.4) - 0.055)
    low, high = shade.min(), shade.max()
    shade = (shade - low) / max(high - low, 1e-6)
    if np.median(shade) < 0.5:
        shade = 1 - shade
    # The program needs a margin, in the shade of the ground.
    shade = np.pad(shade, max(int(x_height_px), 4), constant_values=float(np.quantile(shade, 0.9)))
    scale = target_px / x_height_px
    picture = Image.fromarray((shade * 255).astype(np.uint8))
    return picture.resize((max(int(picture.width * scale), 1), max(int(picture.height * scale), 1)), Image.BICUBIC)


def read(pictures, language, mode):
    """Returns what the reading program reads on each picture."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, picture in enumerate(pictures):
            names.append(os.path.join(folder, f"{number}.png"))
            picture.save(names[-1], dpi=(300, 300))
        with open(os.path.join(folder, "list.txt"), "w") as file:
            file.write("\n".join(names))
        said = subprocess.run(["tesseract", file.name, "stdout", "--psm", str(mode), "-l", language],
                              capture_output=True, text=True, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
        pages = said.stdout.split("\f")
        return pages[:len(pictures)] + [""] * (len(pictures) - len(pages))


def letters(words):
    """Returns only the letters, without case and without accents, which blur into their letters."""
    plain = unicodedata.normalize("NFD", words.casefold())
    return "".join(letter for letter in plain if letter.isalpha())


def apart(one, other):
    """Returns the edit distance of two labels, relative to the length of the second."""
    one, other = letters(one), letters(other)
    row = list(range(len(other) + 1))
    for down, letter in enumerate(one, 1):
        corner, row[0] = row[0], down
        for across, wanted in enumerate(other, 1):
            corner, row[across] = row[across], min(row[across] + 1, row[across - 1] + 1, corner + (letter != wanted))
    return row[-1] / max(len(other), 1)


def is_icon(words):
    return all(ord(letter) in ICONS for letter in words.strip())


def inside(bounds, control):
    x, y = bounds[0] + bounds[2] / 2, bounds[1] + bounds[3] / 2
    return control[0] <= x <= control[0] + control[2] and control[1] <= y <= control[1] + control[3]


def told_of(path):
    """Reads what a picture shows, without the words that an open call in the corner of the screen covers."""
    with open(path) as file:
        told = json.load(file)
    mm, corner = told["px_per_mm"], [0, 0, 0, 0]
    call = next((control["bounds"] for control in told["controls"] if control["id"] == "call"), None)
    if told["call_is_open"] and call and call[1] < 10 * mm:
        has_bar = any(control["id"] in ("staff-here", "staff-clear") for control in told["controls"])
        # Beside the control for staff, a bar of ink across the screen covers the words.
        corner = [0, 0, 1e6, (CALL_MM + 6) * mm] if has_bar else call
    # The call is drawn last, and begins with its lamp or with the control for staff.
    lines = told["lines"]
    staff = [control["bounds"] for control in told["controls"] if control["id"].startswith("staff-")]
    first = next((number for number, line in enumerate(lines) if inside(line["bounds"], call or corner)
                  and line["words"].strip() in LAMPS), len(lines))
    told["lines"] = [line for number, line in enumerate(lines) if number >= first or not inside(line["bounds"], corner)
                     or any(inside(line["bounds"], control) for control in staff)]
    return told


def labels_of(told):
    """Returns the label of each patient's control: its id, its words, the bounds of these, their number of lines at
    most, and the acuity with which they have to be readable."""
    for control in told["controls"]:
        name, at = control["id"], control["bounds"]
        if name.startswith(("staff-", "key-")) or name in ("place", "ready", "dark-anywhere", "page", "sketch"):
            continue
        lines = [line for line in told["lines"] if not is_icon(line["words"]) and inside(line["bounds"], at)]
        lines = [line for line in lines if letters(line["words"])]
        if not lines:
            continue
        left, top = min(line["bounds"][0] for line in lines), min(line["bounds"][1] for line in lines)
        right = max(line["bounds"][0] + line["bounds"][2] for line in lines)
        bottom = max(line["bounds"][1] + line["bounds"][3] for line in lines)
        words = " ".join(line["words"] for line in lines)
        yield name, words, (left, top, right - left, bottom - top), lines, CALL_ACUITY if name == "call" else ACUITY


def contrasts(path):
    """Measures one picture. Returns the kind, what it is, and the figures of each thing on it."""
    told = told_of(path)
    picture = np.asarray(Image.open(path[:-4] + "png").convert("RGB"), float)
    found, alternatives = [], []
    for line in told["lines"]:
        value = words_contrast(picture, line["bounds"])
        if value is None:
            continue
        controls = [control["id"] for control in told["controls"] if inside(line["bounds"], control["bounds"])
                    and control["id"] not in ("place", "ready", "dark-anywhere")]
        whose = controls[-1] if controls else "page"
        if whose == "staff-corner":  # a mark for staff, who do not look at it with blurred eyes
            continue
        kind = "icon" if is_icon(line["words"]) else "words"
        name = f"U+{ord(line['words'].strip()[0]):X}" if kind == "icon" else line["words"]
        (alternatives if line.get("one_of") else found).append((kind, whose, name, value, value))
    # Only one of the words for breathing in and out is visible at a time.
    found += sorted(alternatives, key=lambda each: each[3])[-1:]
    for control in told["controls"]:
        name = control["id"]
        is_band = name == "call" and not told["call_is_open"] and control["bounds"][2] > picture.shape[1] * 0.9
        if name.startswith(UNLINED) or is_band:
            continue
        deep_mm = DEEP_MM_CALL if name == "call" else DEEP_MM
        values = outline_contrast(picture, control["bounds"], told["px_per_mm"], deep_mm)
        if values:
            found.append(("outline", name, name, *values))
    return {**{key: told[key] for key in ("state", "place", "hour", "light", "language")}, "path": path, "found": found}


def crops(path):
    """Returns the blurred label of each control on one picture, ready to be read."""
    told = told_of(path)
    picture = np.asarray(Image.open(path[:-4] + "png").convert("RGB"), float)
    light, made = luminance(picture), []
    for name, words, bounds, lines, acuity in labels_of(told):
        x, y, width, height = bounds
        # Nothing but the words is read, since an icon or a corner beside them would be taken for a letter. Their ground
        # goes on around them, so that the blur can spread.
        box = light[max(int(y), 0):int(y + height) + 2, max(int(x) - 2, 0):int(x + width) + 3]
        for share in (SIGMA_MAR, SIGMA_MAR_EDGE):
            sigma = sigma_px(acuity, told["px_per_mm"], share)
            shown = blurred(np.pad(box, int(3 * sigma + 2), mode="edge"), sigma)
            key = hashlib.sha256(words.encode() + str(share).encode() + (shown * 500).astype(np.uint16).tobytes())
            made.append({"state": told["state"], "language": told["language"], "size": picture.shape[1], "id": name,
                         "words": words, "share": share, "acuity": acuity, "path": path, "shown": shown,
                         "line_px": min(line["bounds"][3] for line in lines), "key": key.hexdigest()})
    return made


def read_batch(batch):
    """Reads blurred labels in one language. Returns the smallest distance that was found for each."""
    language, labels = batch
    best = [1.0] * len(labels)
    # A line, a block of several lines, a single word.
    for mode in (7, 6, 8):
        for target in READ_X_HEIGHTS:
            # What has been read already is not read again.
            left = [number for number, far in enumerate(best) if far > DISTANCE_MAX]
            # A line of words is about 1.36 of the font size high, of which the x-height is a half.
            pictures = [readable(labels[number]["shown"], x_height_of(labels[number]), target) for number in left]
            if not pictures:
                return best
            for number, words in zip(left, read(pictures, LANGUAGES[language], mode)):
                best[number] = min(best[number], apart(words, labels[number]["words"]))
    return best


def x_height_of(label):
    """Returns the x-height of a label in pixels, estimated from its font, of which the harness does not tell."""
    return max(label["line_px"] / label["rows"] / 1.25 * 0.5, 4)


def rows_of(label):
    """Estimates into how many rows a label is wrapped, from the gaps between them."""
    shown = label["shown"]
    spread = shown.std(axis=1)
    is_ink = spread > spread.max() * 0.35
    return max(int(np.sum(is_ink[1:] & ~is_ink[:-1]) + is_ink[0]), 1)


def read_all(paths, pool):
    """Reads the labels on all pictures. Returns each label with its distance."""
    labels = [label for made in pool.imap_unordered(crops, paths, chunksize=4) for label in made]
    unique = {}
    for label in labels:
        label["rows"] = rows_of(label)
        unique.setdefault((label["language"], label["key"]), label)
    by_language = collections.defaultdict(list)
    for (language, _), label in sorted(unique.items()):
        by_language[language].append(label)
    batches = [(language, some[at:at + 40]) for language, some in by_language.items() for at in range(0, len(some), 40)]
    for (_, some), far in zip(batches, pool.imap(read_batch, batches)):
        for label, distance in zip(some, far):
            label["far"] = distance
    for label in labels:
        label["far"] = unique[(label["language"], label["key"])]["far"]
        del label["shown"]
    return labels


def print_contrasts(measured):
    """Prints the least contrast for each state, and each kind of failure with its worst picture. Returns the number of
    failures."""
    least = collections.defaultdict(dict)
    failures = collections.defaultdict(list)
    for picture in measured:
        group = (picture["light"], picture["state"])
        for kind, whose, name, value, beyond in picture["found"]:
            before = least[group].get(kind)
            if before is None or value < before[0]:
                least[group][kind] = value, f"{whose}: {name[:24]!r} over {picture['place']}, {picture['hour']}"
            if kind == "outline":
                least[group]["beyond"] = min(least[group].get("beyond", (99, "")), (beyond, whose))
            if value < (WORDS_MIN if kind == "words" else SHAPES_MIN):
                failures[(kind, picture["state"], whose if kind != "words" or whose != "page" else name[:30])].append(
                    (value, name[:30], f"{picture['place']}, {picture['hour']}, {picture['light']}",
                     os.path.basename(picture["path"])))
    print(f"Contrast: words at least {WORDS_MIN:g}, icons and outlines at least {SHAPES_MIN:g}")
    print(f"{'light':8} {'screen':28} {'words':>6} {'icons':>6} {'outlines':>8} {'(outside)':>9}  least words")
    for (light, state), kinds in sorted(least.items()):
        show = lambda kind: f"{kinds[kind][0]:.1f}" if kind in kinds else "-"
        print(f"{light:8} {state:28} {show('words'):>6} {show('icon'):>6} {show('outline'):>8} {show('beyond'):>9}  "
              f"{kinds.get('words', (0, ''))[1]}")
    if failures:
        print("\nBelow the limit:")
    for (kind, state, what), cases in sorted(failures.items(), key=lambda each: (each[0][0], min(each[1]))):
        value, name, where, path = min(cases)
        print(f"  {kind:7} {value:5.2f}  {state}, {what} ({name!r}): {len(cases)} pictures, worst over {where}: {path}")
    return sum(len(cases) for cases in failures.values())


def print_reading(labels):
    """Prints how many labels are read, and which are not. Returns the number of those that are not read."""
    print(f"\nRead with blurred eyes at {DISTANCE_MM / 10:g} cm: the call with 20/{CALL_ACUITY}, other controls with "
          f"20/{ACUITY}")
    groups = collections.defaultdict(lambda: [0, 0])
    missed = {SIGMA_MAR: {}, SIGMA_MAR_EDGE: {}}
    for label in labels:
        is_read = label["far"] <= DISTANCE_MAX
        group = groups[(label["language"], label["size"], label["acuity"], label["share"])]
        group[0] += is_read
        group[1] += 1
        if not is_read:
            key = (label["language"], label["size"], label["id"], label["words"])
            missed[label["share"]].setdefault(key, []).append((label["far"], label["state"], label["path"]))
    for (language, size, acuity, share), (right, total) in sorted(groups.items()):
        edge = " at the edge" if share == SIGMA_MAR_EDGE else ""
        print(f"  {language}, {size} wide, 20/{acuity}, {share} MAR{edge}: {right} of {total}")
    for share, title in ((SIGMA_MAR, "Not read"), (SIGMA_MAR_EDGE, "Not read at the edge, which breaks no limit")):
        print(f"\n{title}: {len(missed[share])} labels")
        for (language, size, name, words), cases in sorted(missed[share].items()):
            far, state, path = max(cases)
            print(f"  {language} {size}: {name} {words!r}: {far:.2f} on {len(cases)} screens, as on {state}: "
                  f"{os.path.basename(path)}")
    return len(missed[SIGMA_MAR])


def fonts_folder():
    return os.path.join(os.path.dirname(__file__), "..", "..", "media", "fonts")


def drawn(words, font, ground, ink, alpha=1.0):
    """Returns a ground with words on it, and the contrast that they really have."""
    height, width = ground.shape[:2]
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).text((12, 8), words, font=font, fill=255)
    cover = np.asarray(mask, float)[:, :, None] / 255 * alpha
    picture = np.round(ground * (1 - cover) + np.asarray(ink, float) * cover)
    inked = luminance(np.median(picture[np.asarray(mask) == 255], axis=0))
    near = dilated(np.asarray(mask) > 0, 12)
    lit = luminance(ground[near])
    worst = np.quantile(lit, 0.95 if inked > np.median(lit) else 0.05)
    return picture, float(ratio(inked, worst))


def selftest():
    """Checks the measurement on pictures whose contrast is known, to within a twentieth."""
    chance = np.random.default_rng(7)
    shape, failed = (60, 420, 3), 0
    across = np.linspace(0, 1, shape[1])[None, :, None]
    flat = lambda colour: np.broadcast_to(np.asarray(colour, float), shape).copy()
    blob = flat((20, 30, 44))
    blob[:, 150:260] = (120, 110, 90)
    grounds = {
        "ink": flat((11, 20, 32)), "mid": flat((90, 96, 110)), "bright": flat((190, 200, 214)),
        "ramp": flat((14, 24, 38)) * (1 - across) + flat((120, 112, 96)) * across,
        "noise": np.clip(flat((60, 66, 78)) + chance.normal(0, 9, shape), 0, 255).round(), "blob": blob}
    cases = [(name, ground, ink, 1.0) for name, ground in grounds.items() for ink in PALETTE[:3]]
    cases += [("lamplight", flat(PALETTE[1]), PALETTE[3], 1.0), ("amber", flat(PALETTE[2]), PALETTE[3], 1.0)]
    cases += [(name, grounds[name], PALETTE[1], 0.9) for name in ("ink", "mid", "ramp")]
    for name, ground, ink, alpha in cases:
        for file, size in (("Literata_400Regular.ttf", 33), ("AtkinsonHyperlegibleNext_400Regular.ttf", 41),
                           ("Literata_400Regular.ttf", 22)):
            font = ImageFont.truetype(os.path.join(fonts_folder(), file), size)
            # Only icons are translucent, and they are no wider than two letters.
            words = "Just breathe out" if alpha == 1 else "B8"
            picture, known = drawn(words, font, ground, ink, alpha)
            box = font.getbbox(words)
            found = words_contrast(picture, (12, 8, box[2], size * 1.3)) or 0
            if abs(found / known - 1) > 0.05:
                failed += 1
                print(f"words over {name}, alpha {alpha}, size {size}: {found:.2f}, and really {known:.2f}")
    for outside, line, surface in [((190, 200, 214), (154, 128, 95), (14, 22, 34)),
                                   ((20, 30, 44), (154, 128, 95), (11, 20, 32)),
                                   ((154, 128, 95), (154, 128, 95), (140, 120, 90))]:
        picture = np.zeros((300, 400, 3)) + outside
        picture[50:250, 50:350] = line
        picture[52:248, 52:348] = surface
        found = outline_contrast(picture, (50, 50, 300, 200), 5.886)
        known = ratio(luminance(line), luminance(outside)), ratio(luminance(surface), luminance(outside))
        known = max(*known, ratio(luminance(line), luminance(surface))), max(known)
        for got, real in zip(found, known):
            if abs(got / real - 1) > 0.05:
                failed += 1
                print(f"outline {line} in {outside}: {got:.2f}, and really {real:.2f}")
    # A point blurs into a Gaussian of the wanted width, and 20/100 at 60 cm is 5 arc minutes of 0.1745 mm.
    point = np.zeros((81, 81))
    point[40, 40] = 1
    spread = blurred(point, 3.0)
    away = np.arange(81) - 40
    width = np.sqrt((spread.sum(axis=0) * away**2).sum())
    right = abs(width - 3) < 0.05 and abs(sigma_px(100, 1.0, 1.0) - 0.8727) < 0.001
    right = right and apart("Cal1 someone!", "Call someone") < 0.1 and apart("", "Call") == 1
    if not right:
        failed += 1
        print(f"the blur or the comparison is wrong: {width:.3f}")
    print("The measurement is right on pictures with known contrast." if not failed else f"{failed} measurements wrong")
    return failed


def calibrate():
    """Prints how many words with an x-height of 5 MAR the program reads, for each width of the blur."""
    words = ["Breathe", "Too much", "Place", "Sound", "Call someone", "Something hurts", "Stay with me", "Softer",
             "Other music", "Bathroom", "Forest", "Mountain lake", "Take it home", "Write something", "Quiet room",
             "Your call is here", "Calling", "Your clinician is coming", "Silence", "Back"]
    for file in ("Literata_500Medium.ttf", "AtkinsonHyperlegibleNext_400Regular.ttf"):
        font = ImageFont.truetype(os.path.join(fonts_folder(), file), 41)
        x_height = font.getbbox("x")[3] - font.getbbox("x")[1]
        print(f"{file}: of {len(words)} words with an x-height of 5 MAR, the program reads")
        for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0):
            best = [1.0] * len(words)
            for target in READ_X_HEIGHTS:
                pictures = []
                for label in words:
                    ground = np.zeros((80, font.getbbox(label)[2] + 60, 3)) + PALETTE[3]
                    picture, _ = drawn(label, font, ground, PALETTE[0])
                    pictures.append(readable(blurred(luminance(picture), share * x_height / 5), x_height, target))
                for number, said in enumerate(read(pictures, "eng", 7)):
                    best[number] = min(best[number], apart(said, words[number]))
            print(f"  with a blur of {share:4.2f} MAR: {sum(far <= DISTANCE_MAX for far in best)}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--pictures", help="the folder of the pictures")
    options.add_argument("--only", default="", help="measure only pictures whose name contains this")
    options.add_argument("--selftest", action="store_true", help="check the measurement on known pictures, and stop")
    options.add_argument("--calibrate", action="store_true", help="find out how much blur the reading program stands")
    options.add_argument("--no-reading", action="store_true", help="measure only contrast")
    chosen = options.parse_args()
    if chosen.calibrate:
        return calibrate()
    if selftest():
        return 1
    if chosen.selftest:
        return 0
    paths = sorted(path for path in glob.glob(os.path.join(chosen.pictures, "*.json")) if chosen.only in path)
    if not paths:
        print(f"There are no pictures in {chosen.pictures}.")
        return 1
    with multiprocessing.Pool(2) as pool:
        failures = print_contrasts(list(pool.imap_unordered(contrasts, paths, chunksize=8)))
        # Every label is read on the screens of the visits; over other places only contrast differs.
        visits = [path for path in paths if os.path.basename(path).startswith(("visit-", "parts-"))]
        unread = 0 if chosen.no_reading else print_reading(read_all(visits, pool))
    print(f"\n{len(paths)} pictures: {failures} times below the limit of contrast, {unread} labels not read")
    return 1 if failures or unread else 0


if __name__ == "__main__":
    sys.exit(main())
