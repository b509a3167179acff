#!/usr/bin/env python3
"""Makes media/fonts/StillroomIcons.ttf, the icon font of the screens. The functions below draw the icons, with lines of
equal width.

Needs fonttools and shapely. Run from the top of the repository: python3 scripts/icons.py
Each icon is drawn in a square of 24 units, with y pointing down. src/widget/icon.rs names the code points.
"""

import math
import sys

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from shapely import LineString, Polygon, affinity, unary_union
from shapely.geometry import Point

UNITS_PER_EM = 1200
GRID = 24
STROKE = 1.9


def line(*points):
    """Returns an open line through these points."""
    return LineString(points).buffer(STROKE / 2, quad_segs=8)


def arc(x, y, radius, start, end, radius_y=None):
    """Returns the points of an arc from `start` to `end`, in degrees clockwise from the right."""
    radius_y = radius_y or radius
    steps = max(8, int(abs(end - start) / 6))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + radius * math.cos(angle), y + radius_y * math.sin(angle)) for angle in angles]


def curve(start, *pieces):
    """Returns the points of connected cubic curves, of which each piece is (control, control, end)."""
    points = [start]
    for first, second, end in pieces:
        origin = points[-1]
        for step in range(1, 17):
            t = step / 16
            u = 1 - t
            points.append(
                tuple(
                    u**3 * origin[i] + 3 * u * u * t * first[i] + 3 * u * t * t * second[i] + t**3 * end[i]
                    for i in (0, 1)
                )
            )
    return points


def ring(x, y, radius):
    """Returns the outline of a circle."""
    return Point(x, y).buffer(radius + STROKE / 2, quad_segs=24) - Point(x, y).buffer(radius - STROKE / 2, quad_segs=24)


def dot(x, y, radius):
    """Returns a filled circle."""
    return Point(x, y).buffer(radius, quad_segs=16)


def outline(points):
    """Returns the outline of a closed shape through these points."""
    return LineString([*points, points[0]]).buffer(STROKE / 2, quad_segs=8)


def bell():
    body = curve(
        (5, 17), ((6.6, 15.4), (6.6, 13.4), (6.6, 10.4)), ((6.6, 6.6), (8.8, 4.6), (12, 4.6)),
        ((15.2, 4.6), (17.4, 6.6), (17.4, 10.4)), ((17.4, 13.4), (17.4, 15.4), (19, 17)),
    )
    return unary_union([outline(body), line((12, 4.4), (12, 2.9)), line(*arc(12, 17.6, 2.6, 20, 160))])


def breath():
    return unary_union([
        line(*curve((2.5, 9), ((6, 9), (9, 9), (12.6, 9)), ((16.4, 9), (16.4, 4), (12.9, 4)), ((11.6, 4), (10.9, 4.8), (10.8, 5.8)))),
        line(*curve((2.5, 13), ((8, 13), (13, 13), (17.4, 13)), ((22.4, 13), (22.4, 7.4), (18.2, 7.4)))),
        line(*curve((5, 17), ((8, 17), (10, 17), (12.4, 17)), ((15.6, 17), (15.6, 21.2), (12.7, 21.2)))),
    ])


def place():
    ridge = line((2.5, 19), (8.6, 9.6), (12.2, 15), (14.6, 11.8), (21.5, 19))
    return unary_union([ridge, line((2.5, 19), (21.5, 19)), ring(16.6, 6.6, 2.4)])


def sound():
    notes = [dot(6.4, 17.6, 2.9), dot(16.4, 15.6, 2.9)]
    return unary_union([*notes, line((8.4, 17.6), (8.4, 6.4), (18.4, 4.2), (18.4, 15.4)), line((8.4, 9.9), (18.4, 7.7))])


def moon():
    return outline([*arc(11.4, 12, 8.2, -62, 242)[0:1], *curve(
        (14.6, 4.2), ((10.2, 6.2), (9, 12.2), (12.2, 16)), ((14.2, 18.4), (17.2, 19), (19.6, 17.8)),
        ((17.6, 20.8), (13.6, 21.6), (10.2, 20.4)), ((5.4, 18.8), (3, 14), (4, 9.6)), ((5.2, 5.2), (9.8, 2.6), (14.6, 4.2)),
    )])


def anchor():
    """An open hand that holds a small heart."""
    palm = line(*curve((3, 14.4), ((4.6, 18.6), (8, 20.6), (12, 20.6)), ((16, 20.6), (19.4, 18.6), (21, 14.4))))
    heart = curve(
        (12, 15.6), ((7.6, 12.8), (6, 10.8), (6, 8.2)), ((6, 5.2), (9.8, 3.9), (12, 6.9)),
        ((14.2, 3.9), (18, 5.2), (18, 8.2)), ((18, 10.8), (16.4, 12.8), (12, 15.6)),
    )
    return unary_union([palm, outline(heart)])


def softer():
    return unary_union([speaker(), line((16, 12), (21.4, 12))])


def louder():
    return unary_union([speaker(), line((16, 12), (21.4, 12)), line((18.7, 9.3), (18.7, 14.7))])


def speaker():
    return outline([(2.8, 9.6), (6.2, 9.6), (11, 5.4), (11, 18.6), (6.2, 14.4), (2.8, 14.4)])


def silence():
    return unary_union([speaker(), line((15.6, 9.4), (20.8, 14.6)), line((20.8, 9.4), (15.6, 14.6))])


def other_music():
    return unary_union([
        line((4.6, 6), (13, 12), (4.6, 18), (4.6, 6)), line((18.6, 6), (18.6, 18)),
    ])


def pen():
    return unary_union([
        outline([(4, 20), (5, 15.4), (16.2, 4.2), (19.8, 7.8), (8.6, 19)]), line((13.6, 6.8), (17.2, 10.4)),
    ])


def brush():
    return unary_union([
        line((20.4, 3.4), (11.8, 12.6)),
        outline(curve((11.2, 12), ((8.6, 11.8), (7, 13.4), (6.8, 15.6)), ((6.6, 17.8), (5.4, 19), (3.4, 19.4)),
                      ((6.4, 21.4), (11.6, 20.6), (12.6, 16.6)), ((13, 14.6), (12.6, 13), (11.2, 12)))),
    ])


def tick():
    return line((4.4, 12.8), (9.8, 18), (19.8, 6.6))


def back():
    return line((14.6, 5), (7.6, 12), (14.6, 19))


def forward():
    return line((9.4, 5), (16.4, 12), (9.4, 19))


def close():
    return unary_union([line((6, 6), (18, 18)), line((18, 6), (6, 18))])


def phone():
    body = Polygon([(6.6, 2.6), (17.4, 2.6), (17.4, 21.4), (6.6, 21.4)]).buffer(0.01)
    rounded = body.buffer(-1.4).buffer(1.4 + STROKE / 2) - body.buffer(-1.4).buffer(1.4 - STROKE / 2)
    return unary_union([rounded, line((10.8, 18), (13.2, 18))])


def paper():
    return unary_union([
        outline([(6, 3), (14, 3), (18.6, 7.6), (18.6, 21), (6, 21)]), line((9.4, 11.6), (15.2, 11.6)), line((9.4, 15.8), (15.2, 15.8)),
    ])


def seal():
    return unary_union([
        outline([(3, 6), (21, 6), (21, 18.6), (3, 18.6)]), line((3.4, 6.6), (12, 13.4), (20.6, 6.6)),
    ])


def person():
    return unary_union([ring(12, 7.6, 3.7), line(*arc(12, 21, 7.6, 180, 360))])


def undo():
    return unary_union([line((8.4, 4.4), (4, 8.8), (8.4, 13.2)), line(*[(4, 8.8), *curve((13.6, 8.8), ((21.8, 8.8), (21.8, 19.4), (13.6, 19.4))), (8.6, 19.4)])])


def clock():
    return unary_union([ring(12, 12, 8.8), line((12, 7), (12, 12), (15.6, 14.4))])


def sun():
    rays = [line((12 + 7 * math.cos(a), 12 + 7 * math.sin(a)), (12 + 9.4 * math.cos(a), 12 + 9.4 * math.sin(a)))
            for a in (math.radians(45 * i) for i in range(8))]
    return unary_union([ring(12, 12, 3.8), *rays])


def water():
    wave = lambda y: line(*curve((2.6, y), ((5, y - 3.4), (7, y - 3.4), (9, y)), ((11, y + 3.4), (13, y + 3.4), (15, y)), ((17, y - 3.4), (19, y - 3.4), (21.4, y))))
    return unary_union([wave(8), wave(15.4)])


def leaf():
    return unary_union([
        outline(curve((5, 19), ((2, 10), (8.4, 3.6), (20, 4)), ((20.6, 15.4), (14, 22), (5, 19)))), line((3.4, 21), (13.4, 10.6)),
    ])


def warm():
    stem = LineString([(12, 4.6), (12, 15)]).buffer(2.6 + STROKE / 2, quad_segs=16) - LineString([(12, 4.6), (12, 15)]).buffer(2.6 - STROKE / 2, quad_segs=16)
    bulb = Point(12, 17.4).buffer(3.9 + STROKE / 2, quad_segs=16)
    inner = unary_union([Point(12, 17.4).buffer(3.9 - STROKE / 2, quad_segs=16), LineString([(12, 4.6), (12, 15)]).buffer(2.6 - STROKE / 2, quad_segs=16)])
    return unary_union([unary_union([stem, bulb]) - inner, dot(12, 17.4, 1.7), line((12, 10.4), (12, 16))])


def bathroom():
    """A water tap with a drop."""
    return unary_union([
        line((3, 8), (14.4, 8)), line(*[(14.4, 8), *curve((14.4, 8), ((18, 8), (18.6, 10), (18.6, 12.4)))]), line((8, 8), (8, 4.2)), line((5.4, 4.2), (10.6, 4.2)), line((3, 12.4), (13, 12.4)),
        outline(curve((18.6, 15.6), ((16.6, 18.2), (16.2, 20.8), (18.6, 20.8)), ((21, 20.8), (20.6, 18.2), (18.6, 15.6)))),
    ])


def sick():
    """The face of a person who feels sick."""
    mouth = line(*curve((7.8, 16.2), ((9.2, 14.2), (10.6, 14.2), (12, 15.6)), ((13.4, 17), (14.8, 17), (16.2, 15))))
    return unary_union([ring(12, 12, 9), dot(8.9, 9.8, 1.25), dot(15.1, 9.8, 1.25), mouth])


def stay():
    """Two people side by side."""
    return unary_union([
        ring(8.2, 8.2, 3.1), line(*arc(8.2, 20, 5.9, 180, 360)), line(*arc(16.4, 8.2, 3.1, -110, 110)), line(*curve((17.2, 14.2), ((19.8, 14.8), (21.6, 17.2), (21.8, 20)))),
    ])


def text_size():
    return unary_union([
        line((2.6, 19), (8.2, 5), (13.8, 19)), line((4.8, 14.2), (11.6, 14.2)), line((15.4, 19), (18.6, 11.4), (21.8, 19)), line((16.6, 16.4), (20.6, 16.4)),
    ])


def hand():
    return outline(curve(
        (8, 13.4), ((8, 9), (8, 7), (8, 5.4)), ((8, 3.4), (10.8, 3.4), (10.8, 5.4)), ((10.8, 7), (10.8, 8), (10.8, 10)),
        ((12.6, 9.2), (13.4, 9.6), (13.8, 10.6)), ((15.4, 9.8), (16.4, 10.4), (16.6, 11.4)), ((18.4, 10.8), (19.4, 11.8), (19.4, 13.4)),
        ((19.4, 18.6), (17.4, 21.4), (13, 21.4)), ((9.4, 21.4), (7.8, 19.4), (4.6, 14.8)), ((3.6, 13), (6, 11.6), (8, 13.4)),
    ))


def left_hand():
    """The mirrored icon of `hand`."""
    return affinity.scale(hand(), xfact=-1, yfact=1, origin=(GRID / 2, GRID / 2))


def pain():
    """A bolt of lightning."""
    return line((13.2, 2.8), (6.4, 13), (12, 13), (10.4, 21.2), (17.6, 10.4), (12, 10.4), (13.2, 2.8))


def sound_or_light():
    """A light bulb and sound waves."""
    bulb = line(*arc(9, 9.4, 5.6, 130, 410), (11.6, 17), (6.4, 17), arc(9, 9.4, 5.6, 130, 131)[0])
    waves = [line(*arc(13.4, 9.4, radius, -38, 38)) for radius in (4.6, 8.2)]
    return unary_union([bulb, line((7.2, 20.6), (10.8, 20.6)), *waves])


def heart():
    return outline(curve(
        (12, 20.4), ((6, 16.4), (2.8, 12.8), (2.8, 8.9)), ((2.8, 3.4), (9.6, 2.2), (12, 7.2)),
        ((14.4, 2.2), (21.2, 3.4), (21.2, 8.9)), ((21.2, 12.8), (18, 16.4), (12, 20.4)),
    ))


def camera():
    body = outline([(2.6, 7.4), (7.4, 7.4), (9, 4.8), (15, 4.8), (16.6, 7.4), (21.4, 7.4), (21.4, 19.4), (2.6, 19.4)])
    return unary_union([body, ring(12, 13.2, 3.7)])


ICONS = [
    ("bell", bell), ("breath", breath), ("place", place), ("sound", sound), ("moon", moon), ("anchor", anchor),
    ("softer", softer), ("louder", louder), ("silence", silence), ("other-music", other_music), ("pen", pen),
    ("brush", brush), ("tick", tick), ("back", back), ("forward", forward), ("close", close), ("phone", phone),
    ("paper", paper), ("seal", seal), ("person", person), ("undo", undo), ("clock", clock), ("sun", sun),
    ("water", water), ("leaf", leaf), ("warm", warm), ("bathroom", bathroom), ("sick", sick), ("stay", stay),
    ("text-size", text_size), ("hand", hand), ("left-hand", left_hand), ("pain", pain),
    ("sound-or-light", sound_or_light), ("heart", heart), ("camera", camera),
]
FIRST_CODE_POINT = 0xE000


def glyph(shape):
    """Returns the TrueType glyph of a shape, with the baseline at the bottom of the square."""
    scale = UNITS_PER_EM / GRID
    pen = TTGlyphPen(None)
    shape = shape.simplify(0.012)
    for polygon in shape.geoms if hasattr(shape, "geoms") else [shape]:
        # In a font, y points up, and outer contours must run clockwise and inner contours counter-clockwise.
        rings = [(polygon.exterior, False), *((hole, True) for hole in polygon.interiors)]
        for curve_ring, wants_ccw in rings:
            points = [(round(x * scale), round(UNITS_PER_EM - y * scale)) for x, y in curve_ring.coords[:-1]]
            area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1]))
            if (area > 0) != wants_ccw:
                points.reverse()
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
    return pen.glyph()


def main():
    names = [".notdef", *(name for name, _ in ICONS)]
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({FIRST_CODE_POINT + index: name for index, (name, _) in enumerate(ICONS)})
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": empty, **{name: glyph(draw()) for name, draw in ICONS}})
    glyphs = builder.font["glyf"]
    builder.setupHorizontalMetrics({name: (UNITS_PER_EM, getattr(glyphs[name], "xMin", 0)) for name in names})
    builder.setupHorizontalHeader(ascent=UNITS_PER_EM, descent=0)
    builder.setupNameTable({"familyName": "Stillroom Icons", "styleName": "Regular", "psName": "StillroomIcons-Regular"})
    builder.setupOS2(sTypoAscender=UNITS_PER_EM, sTypoDescender=0, usWinAscent=UNITS_PER_EM, usWinDescent=0)
    builder.setupPost(keepGlyphNames=False)
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    builder.save(sys.argv[1] if len(sys.argv) > 1 else "media/fonts/StillroomIcons.ttf")


main()
