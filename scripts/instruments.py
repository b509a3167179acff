#!/usr/bin/env python3
"""Makes media/instruments, the sampled instruments of the score, from a General MIDI sound font that Debian packages.

Needs numpy, scipy and flac. Run from the top of the repository:

    apt-get download musescore-general-soundfont-lossless
    python3 scripts/instruments.py musescore-general-soundfont-lossless_*.deb

The same package always gives the same samples. Each note is tuned and brought to the same loudness. A held note gets
a loop whose seam cannot be heard. At the end, the script fails if a note exceeds one of the limits below. The
README.md in media/instruments is written by hand.
"""

import math
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt, sosfiltfilt

OUT = Path("media/instruments")
RATE_HZ = 32_000
# Loudness of every note over its loudest 400 ms, in LUFS.
LOUDNESS_LUFS = -21.0
# Highest peak of a note, in dBFS. A note that would exceed it is softer than LOUDNESS_LUFS.
PEAK_DB = -1.0
# Limits for the tuning of each note in cents, for the step in level at the seam of each loop in dB, and for the size of
# all files together in bytes.
TUNING_CENTS_MAX = 5.0
SEAM_STEP_DB_MAX = 1.5
LIBRARY_BYTES_MAX = 25 << 20

STRUCK, HELD = "struck", "held"
# Numbers of the generators of the SF2 format that this script reads.
DECAY, SAMPLE, ROOT = 36, 53, 58

# For each instrument: its kind, the names of its left samples (those of the right samples are derived from them), how
# many seconds of a struck note are kept or of a held note are looped, and the cutoff of a low-pass filter in hertz, if
# there is one.
INSTRUMENTS = {
    "piano": (STRUCK, [
        "Piano MF B0(L)", "Piano MF E1(L)", "Piano MF A1(L)", "Piano MF D2(L)", "Piano MF G2(L)", "Piano MF C3(L)",
        "Piano MF E3(L)", "Piano MF A3(L)", "Piano MF C4(L)", "Piano MF E4(L)", "Piano MF G4(L)", "Piano MF B4(L)",
    ], 11.0, None),
    "strings": (HELD, [
        "Celli_C1_v1L", "Celli_E1_v1L", "Celli_B1_v1L", "Celli_F2_v1L", "Violas_B2_v1L", "Violas_F3_v1L",
        "Violins_A3_v1L", "Violins_E4_v1L", "Violins_B4_v1L",
    ], 3.6, None),
    "cello": (HELD, [
        "Cello-C#1", "Cello-F1", "Cello-A#1", "Cello-D#2", "Cello-F#2", "Cello-B2", "Cello-E3", "Cello-A3", "Cello-D#4",
    ], 3.6, None),
    "choir": (HELD, [
        "Ahh Choir F#3-L", "Ahh Choir C4-L", "Ahh Choir F#4-L", "Ahh Choir C5-L", "Ahh Choir F#5-L", "Ahh Choir C6-L",
        "Ahh Choir F#6-L",
    ], 3.8, None),
    "harp": (STRUCK, [
        "Harp A#1", "Harp G#2", "Harp C#3", "Harp F#3", "Harp C#4", "Harp G#4", "Harp C#5", "Harp F#5", "Harp B5",
    ], 6.0, None),
    "flute": (HELD, ["Flute C#4", "Flute E4", "Flute G4", "Flute D5", "Flute F#5", "Flute C6"], 3.2, None),
    "glass": (STRUCK, [
        "Celesta F#3", "Celesta C4", "Celesta F#4", "Celesta C5", "Celesta F#5", "Celesta C6",
    ], 5.0, None),
    "bowl": (STRUCK, ["Tubular Bells C7"], 9.0, None),
    "pad": (HELD, ["sawstack2", "sawstack3", "sawstack4", "sawstack5"], 3.6, 700.0),
}
# Share by which the decay of a struck note is reduced, and maximum reduction in dB. Notes then last longer, as slow
# music needs.
SPARED_DECAY = 0.4
SPARED_DB_MAX = 15.0
# Number of octaves by which an instrument is lowered. A tubular bell two octaves lower, and so four times as slow, rings
# like a bowl.
LOWERED_OCTAVES = {"bowl": 2}


class SoundFont:
    """An SF2 file, of which this script reads the samples and the zones of instruments that use them."""

    def __init__(self, path):
        self.data = np.memmap(path, dtype="u1", mode="r")
        self.at = {}
        for name, start, length in self.chunks(12, len(self.data)):
            if name == b"LIST":
                for inner, begin, size in self.chunks(start + 4, start + length):
                    self.at[inner] = (begin, size)
        name = lambda text: text.split(b"\0")[0].decode("latin1")
        self.samples = {}
        for number, (text, *rest) in enumerate(self.records(b"shdr", "<20sIIIIIBbHH")):
            start, end, loop_start, loop_end, rate_hz, key = rest[:6]
            self.samples.setdefault(name(text), (number, start, end, loop_start, loop_end, rate_hz, key))
        bags = [bag for bag, _ in self.records(b"ibag", "<HH")]
        generators = self.records(b"igen", "<Hh")
        self.zones = {}
        for first, last in zip(bags, bags[1:]):
            zone = dict(generators[first:last])
            if SAMPLE in zone:
                self.zones.setdefault(zone[SAMPLE] & 0xFFFF, zone)

    def chunks(self, start, end):
        while start < end:
            name, length = struct.unpack_from("<4sI", self.data, start)
            yield name, start + 8, length
            start += 8 + length + (length & 1)

    def records(self, chunk, layout):
        start, length = self.at[chunk]
        return list(struct.iter_unpack(layout, self.data[start : start + length].tobytes()))

    def read(self, name):
        """Returns a sample as floats, its loop in frames, its sample rate, its MIDI key, and the seconds in which it
        decays by 100 dB (None if it does not decay)."""
        number, start, end, loop_start, loop_end, rate_hz, key = self.samples[name]
        begin = self.at[b"smpl"][0]
        sound = np.frombuffer(self.data[begin + 2 * start : begin + 2 * end].tobytes(), "<i2") / 32_768.0
        zone = self.zones.get(number, {})
        decay_s = 2.0 ** (zone[DECAY] / 1_200) if zone.get(DECAY, -12_000) > 2_000 else None
        return sound, (loop_start - start, loop_end - start), rate_hz, zone.get(ROOT, key), decay_s


def right_of(name):
    for left, right in (("(L)", "(R)"), ("-L", "-R")):
        if name.endswith(left):
            return name[: -len(left)] + right
    return name[:-1] + "R" if name[-1] == "L" and "_v" in name else None


def pitch_of(key):
    return 440.0 * 2.0 ** ((key - 69) / 12)


def measured_cents(sound, rate_hz, key):
    """Returns how many cents the sound is sharp of its key. This is the shift at which a series of partials contains
    most of the spectrum."""
    mono = sound.mean(axis=1)
    start = int(0.25 * rate_hz)
    part = mono[start : start + int(3.0 * rate_hz)]
    part = part if len(part) > rate_hz // 4 else mono
    size = 1 << 19
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    cents = np.arange(-70.0, 70.1, 0.5)
    partials = np.arange(1, 5 if key > 48 else 7)
    hz = pitch_of(key) * 2.0 ** (cents[:, None] / 1_200) * partials[None, :]
    levels = np.interp(hz, np.arange(len(spectrum)) * rate_hz / size, spectrum) / np.sqrt(partials)
    score = levels.sum(axis=1)
    best = int(np.argmax(score))
    if not 0 < best < len(cents) - 1:
        return float(cents[best])
    left, middle, right = score[best - 1 : best + 2]
    return float(cents[best] + 0.5 * 0.5 * (left - right) / (left - 2 * middle + right))


def resampled(sound, ratio):
    """Returns the sound with `ratio` times as many frames. The actual ratio is within half a cent of `ratio`."""
    down = 2_000
    up = round(ratio * down)
    common = math.gcd(up, down)
    return resample_poly(sound, up // common, down // common, axis=0, window=("kaiser", 9.0))


def loudness_lufs(sound, rate_hz):
    """Returns the highest momentary loudness (over 400 ms) in LUFS. Two filters approximate the weighting of ITU-R
    BS.1770."""
    high = butter(2, 38.0, "highpass", fs=rate_hz, output="sos")
    weighted = sosfilt(high, sound, axis=0)
    shelf = butter(1, 1_500.0, "highpass", fs=rate_hz, output="sos")
    weighted = weighted + 0.58 * sosfilt(shelf, weighted, axis=0)
    power = (weighted**2).mean(axis=1) * 2.0
    window = int(0.4 * rate_hz)
    summed = np.concatenate([[0.0], np.cumsum(power)])
    means = (summed[window:] - summed[:-window]) / window if len(power) > window else [power.mean()]
    return -0.691 + 10.0 * math.log10(max(np.max(means), 1e-12))


def smooth_level(sound, rate_hz, seconds):
    power = (sound**2).mean(axis=1)
    window = np.hanning(int(seconds * rate_hz) | 1)
    window /= window.sum()
    padded = np.pad(power, len(window) // 2, mode="reflect")
    return np.sqrt(np.maximum(fftconvolve(padded, window, mode="valid"), 0.0)) + 1e-9


def likeness(one, other):
    return float((one * other).sum() / math.sqrt((one**2).sum() * (other**2).sum() + 1e-18))


def crossfaded(leaving, entering):
    """Returns a crossfade whose power stays constant, however similar the two sounds are."""
    alike = max(likeness(leaving, entering), 0.0)
    along = 0.5 - 0.5 * np.cos(np.pi * (np.arange(len(leaving)) + 0.5) / len(leaving))
    scale = np.sqrt((1 - along) ** 2 + along**2 + 2 * alike * along * (1 - along))
    return leaving * ((1 - along) / scale)[:, None] + entering * (along / scale)[:, None]


def best_joint(sound, at, first, last, length):
    """Returns the frame in [first, last] before which the sound is most like the sound before `at`, and how alike the
    two are. `length` is the number of frames that are compared."""
    mono = sound.mean(axis=1)
    wanted = mono[at - length : at]
    stretch = mono[first - length : last]
    products = np.correlate(stretch, wanted, mode="valid") if length < 64 else correlated(stretch, wanted)
    summed = np.concatenate([[0.0], np.cumsum(stretch**2)])
    energy = summed[length:] - summed[:-length]
    scores = products / np.sqrt(energy * (wanted**2).sum() + 1e-18)
    best = int(np.argmax(scores))
    return first + best, float(scores[best])


def correlated(stretch, wanted):
    size = 1 << (len(stretch) + len(wanted)).bit_length()
    product = np.fft.rfft(stretch, size) * np.conj(np.fft.rfft(wanted, size))
    return np.fft.irfft(product, size)[: len(stretch) - len(wanted) + 1]


def extended(sound, first, last, seconds, rate_hz, rng):
    """Makes a short recording of a held note longer. Plays pieces from between `first` and `last` again and again, and
    joins them where they are alike."""
    fade = int(0.07 * rate_hz)
    level = smooth_level(sound, rate_hz, 0.45)
    held = level[first:last].mean()
    flat = sound.copy()
    flat[first:] *= (held / level[first:])[:, None]
    # The level from `first` on is made even. The beginning keeps its own level, and passes gradually into the even
    # part.
    before = int(0.1 * rate_hz)
    along = np.linspace(0.0, 1.0, before)[:, None]
    flat[first : first + before] = sound[first : first + before] * (1 - along) + flat[first : first + before] * along
    out, at = flat[:last], last
    while len(out) < int(seconds * rate_hz):
        spare = max((last - first) // 3, fade)
        low = first + fade + int(rng.integers(0, spare))
        place, _ = best_joint(flat, at, low, max(last - spare, low + fade), fade)
        out = np.concatenate([out[:-fade], crossfaded(flat[at - fade : at], flat[place - fade : place])])
        length = int(rng.integers(int(0.6 * (last - place)), last - place + 1))
        out = np.concatenate([out, flat[place : place + length]])
        at = place + length
    return out


def looped(sound, first, seconds, rate_hz):
    """Returns the sound up to the end of its loop, and the loop as its first and last frame. The crossfade that hides
    the seam is at the end of the loop."""
    fade = int(0.6 * rate_hz)
    end = min(len(sound), first + fade + int((seconds + 0.6) * rate_hz))
    low = first + fade
    high = max(end - int(0.75 * seconds * rate_hz), low + 1)
    start, _ = best_joint(sound, end, low, high, min(fade, int(0.15 * rate_hz)))
    joined = crossfaded(sound[end - fade : end], sound[start - fade : start])
    out = np.concatenate([sound[: end - fade], joined, sound[start : start + 4]])
    return out, (start, end)


def seam_step_db(sound, loop, rate_hz):
    """Returns by how many dB the level at the seam is outside the range of levels in the rest of the loop."""
    start, end = loop
    twice = np.concatenate([sound[start:end], sound[start:end]])
    level = smooth_level(twice, rate_hz, 0.25)
    middle = end - start
    reach = int(0.6 * rate_hz)
    away = level[: middle - reach] if middle > 2 * reach else level
    at_seam = level[middle - reach : middle + reach // 4]
    low, high = np.min(away), np.max(away)
    return 20.0 * math.log10(max(low / np.min(at_seam), np.max(at_seam) / high, 1.0))


def rung_out(sound, loop, rate_hz, decay_s, seconds):
    """Returns a plucked or struck note that decays to its end, from a sample that has only its beginning and a loop of
    a few periods. The partials of the loop are continued, and those with a higher pitch decay faster."""
    start, end = loop
    # The loop is a whole number of periods, so each bin of its spectrum that is not empty is a partial.
    period = sound[start:end].mean(axis=1)
    spectrum = np.fft.rfft(period) * 2.0 / len(period)
    total = int(seconds * rate_hz)
    fade = min(int(0.05 * rate_hz), end)
    time = (np.arange(total - end + fade) - fade) / rate_hz
    tail = np.zeros(len(time))
    base_s = decay_s / 100.0 * 20.0 / math.log(10.0)
    strongest = np.abs(spectrum).max()
    fundamental = int(np.argmax(np.abs(spectrum) > 0.1 * strongest)) or 1
    for index, value in enumerate(spectrum):
        if index == 0 or abs(value) < 1e-4 * strongest:
            continue
        order = index / fundamental
        cycles = index / len(period)
        phase = 2 * np.pi * cycles * (time * rate_hz + end - start)
        faster = 1.0 / (base_s / max(order - 1.0, 0.0) / 0.35) if order > 1 else 0.0
        tail += np.abs(value) * np.cos(phase + np.angle(value)) * np.exp(-np.maximum(time, 0.0) * faster)
    mono = sound[:end].mean(axis=1)[:, None]
    out = np.concatenate([mono[: end - fade], crossfaded(mono[end - fade :], tail[:fade, None]), tail[fade:, None]])
    return out * (10.0 ** (-100.0 / decay_s * np.arange(len(out)) / rate_hz / 20.0))[:, None]


def sustained(sound, rate_hz):
    """Makes a struck note decay more slowly by compressing it slowly. Its beginning does not change."""
    level_db = 20.0 * np.log10(smooth_level(sound, rate_hz, 0.5) + 1e-6)
    fallen_db = level_db.max() - np.minimum.accumulate(np.where(np.arange(len(level_db)) < level_db.argmax(), level_db.max(), level_db))
    gain_db = np.minimum(SPARED_DECAY * fallen_db, SPARED_DB_MAX)
    return sound * 10.0 ** (gain_db / 20.0)[:, None]


def trimmed(sound, rate_hz):
    """Removes the silence at the beginning, and fades in so that there is no click. Returns the sound, and the number
    of frames removed."""
    level = np.abs(sound).max(axis=1)
    begin = max(int(np.argmax(level > 0.004 * level.max())) - int(0.004 * rate_hz), 0)
    sound = sound[begin:].copy()
    edge = int(0.003 * rate_hz)
    sound[:edge] *= np.linspace(0.0, 1.0, edge)[:, None]
    return sound, begin


def note(font, instrument, name):
    """Returns the key, sound and loop (None if the note decays) of one note, and its figures.

    The pitch of a held note wavers, and the part that is looped may be out of tune although the whole recording is in
    tune. The deviation that remains is therefore measured and corrected, up to twice."""
    cents = 0.0
    for _ in range(3):
        made = note_at(font, instrument, name, cents)
        left = made[3]["cents"]
        if abs(left) < 1.0:
            break
        cents += left
    return made


def note_at(font, instrument, name, more_cents):
    """Makes one note. Corrects its pitch by the deviation that is measured in the recording, and by `more_cents`."""
    rng = np.random.default_rng(1)
    kind, _, seconds, cutoff_hz = INSTRUMENTS[instrument]
    left, loop, rate_hz, key, decay_s = font.read(name)
    sides = [left]
    if right_of(name) in font.samples:
        sides.append(font.read(right_of(name))[0])
    length = min(len(side) for side in sides)
    sound = np.stack([side[:length] for side in sides], axis=1)
    if kind == STRUCK and loop[1] - loop[0] < rate_hz // 8 and decay_s:
        sound = rung_out(sound, loop, rate_hz, decay_s, seconds + 0.2)
    octaves = LOWERED_OCTAVES.get(instrument, 0)
    key -= 12 * octaves
    rate_hz /= 2**octaves
    cents = measured_cents(sound, rate_hz, key) + more_cents
    sound = resampled(sound, RATE_HZ / rate_hz * 2.0 ** (cents / 1_200))
    # Everything below the pitch of the note is noise of the room in which it was recorded, so it is filtered out.
    sound = sosfiltfilt(butter(2, 0.55 * pitch_of(key), "highpass", fs=RATE_HZ, output="sos"), sound, axis=0)
    if cutoff_hz:
        sound = sosfilt(butter(2, cutoff_hz, fs=RATE_HZ, output="sos"), sound, axis=0)
    sound, _ = trimmed(sound, RATE_HZ)
    step_db = 0.0
    if kind == STRUCK:
        sound = sustained(sound[: int(seconds * RATE_HZ)], RATE_HZ)
        fade = int(0.3 * len(sound))
        sound[-fade:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade))[:, None]
        loop = None
    else:
        level = smooth_level(sound, RATE_HZ, 0.1)
        settled = int(np.argmax(level > 0.75 * np.median(level[len(level) // 4 :])))
        first = settled + int(min(0.35 * RATE_HZ, 0.2 * len(sound)))
        last = len(sound) - int(0.02 * RATE_HZ)
        if last - first < (seconds + 1.2) * RATE_HZ:
            sound = extended(sound, first, last, seconds + 1.4 + first / RATE_HZ, RATE_HZ, rng)
        else:
            level = smooth_level(sound, RATE_HZ, 0.45)
            sound[first:] *= (level[first:].mean() / level[first:])[:, None] ** 0.8
        sound, loop = looped(sound, first, seconds, RATE_HZ)
        step_db = seam_step_db(sound, loop, RATE_HZ)
    gain_db = min(LOUDNESS_LUFS - loudness_lufs(sound, RATE_HZ), PEAK_DB - 20 * math.log10(np.abs(sound).max()))
    sound = sound * 10.0 ** (gain_db / 20.0)
    figures = {
        "cents": measured_cents(sound, RATE_HZ, key),
        "seam_db": step_db,
        "lufs": loudness_lufs(sound, RATE_HZ),
        "peak_db": 20 * math.log10(np.abs(sound).max()),
    }
    return key, sound, loop, figures


def write_flac(sound, path):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file.name, "wb") as out:
            out.setnchannels(sound.shape[1])
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(np.round(sound * 32_767.0).astype("<i2").tobytes())
        subprocess.run(
            ["flac", "--silent", "--force", "--best", "--no-padding", "--no-seektable", "-o", path, file.name], check=True
        )


def font_in(package, folder):
    """Unpacks a Debian package, and returns the path of the sound font in it. Returns `package` itself if it is not a
    Debian package. Also copies the package's licence to OUT."""
    if package.suffix != ".deb":
        return package
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    copyright_file = next(folder.glob("usr/share/doc/*/copyright"))
    shutil.copyfile(copyright_file, OUT / "LICENSE.txt")
    return next(folder.glob("usr/share/sounds/sf2/*.sf2"))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Made by scripts/instruments.py. Each note: its key (60 is middle C), its file, and the loop of a held note in frames.",
    ]
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        font = SoundFont(font_in(Path(sys.argv[1]), Path(folder)))
        for instrument, (kind, names, _, _) in INSTRUMENTS.items():
            lines += ["", f"[{instrument}]", "notes = ["]
            for stale in OUT.glob(f"{instrument}-*.flac"):
                stale.unlink()
            total = 0
            for name in names:
                key, sound, loop, figures = note(font, instrument, name)
                path = OUT / f"{instrument}-{key}.flac"
                write_flac(sound, path)
                total += sound.size * 2
                loop_text = f", loop_frames = [{loop[0]}, {loop[1]}]" if loop else ""
                lines.append(f'    {{ key = {key}, file = "{path.name}"{loop_text} }},')
                told = ", ".join(f"{what} {value:.2f}" for what, value in figures.items())
                print(f"{path.name}: {len(sound) / RATE_HZ:.2f} s, {sound.shape[1]} channels, {told}, from {name}")
                if abs(figures["cents"]) > TUNING_CENTS_MAX or figures["seam_db"] > SEAM_STEP_DB_MAX:
                    wrong.append(path.name)
            lines.append("]")
            print(f"{instrument}: {total / 2**20:.1f} MiB in memory")
    (OUT / "instruments.toml").write_text("\n".join(lines) + "\n")
    size = sum(path.stat().st_size for path in OUT.iterdir())
    print(f"{size / 2**20:.1f} MiB in {OUT}")
    if wrong or size > LIBRARY_BYTES_MAX:
        sys.exit(f"held to {TUNING_CENTS_MAX} cents, a seam of {SEAM_STEP_DB_MAX} dB, {LIBRARY_BYTES_MAX} bytes: {wrong}")


if __name__ == "__main__":
    main()
