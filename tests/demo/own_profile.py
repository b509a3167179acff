"""Owns a room whose only profile is made for a measurement. Writes its files and begins a session."""

from bench import begin, set_up
from glass import Glass
from surroundings import Room, Sound, config_with, wait_for

# A profile without any sound, and with the breath in every part of the session.
SILENT = """
[title]
en-US = "Measured"
es-US = "Medido"
[description]
en-US = "A place and nothing to hear."
es-US = "Un lugar y nada que oír."
[session]
infusion_minutes = 40
[place]
name = "{place}"
time = "{hour}"
allowed = [{allowed}, "dark"]
[sound]
volume_db = -36.0
tracks = []
bed = "none"
allowed = ["silence"]
[breath]
pattern = "4-6"
parts = ["settle", "onset", "peak", "return", "landing"]
"""


def open_session(program, folder, display, renderer, profile, opened):
    """Starts a room that logs its frame rate, and begins a session with this profile. Appends everything that has to be
    closed later to `opened`."""
    sound = Sound(folder, None)
    opened.append(sound)
    room = Room(program, folder, display, sound, renderer, 1, config_with(folder, profile))
    room.environment["STILLROOM_LOG"] = "warn,stillroom=info,stillroom::widget::place=debug"
    opened.append(room)
    room.start()
    glass = Glass(display, room, folder.path, None)
    glass.wait_screen("first-run", 60)
    glass.settle()
    set_up(glass)
    wait_for("ready", lambda: glass.screen() == "ready")
    begin(glass)
    return room, glass
