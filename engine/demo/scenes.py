"""The drawings that the bundled checkpoint is trained on: flat posters of a `Scene`.

Small details sit on a grid of 8 px cells (the cells of a VAE at 1/8 size):
a star in the middle of its cell costs a small VAE far less than the same star
cut in four by cell borders, and to the eye the places still look random.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from engine.demo.grammar import (
    COLOURS,
    DISCS,
    EXTRAS,
    TERRAINS,
    WORDS,
    Rgb,
    Scene,
    canonical,
    caption,
    parse,
    sample,
)

__all__ = [
    "COLOURS",
    "DISCS",
    "EXTRAS",
    "SIZE",
    "TERRAINS",
    "WORDS",
    "Scene",
    "canonical",
    "caption",
    "draw",
    "parse",
    "sample",
    "shades",
]

SIZE = 128
"""Width and height of a drawing in pixels."""
CELL = 8
"""Pixels between the grid points that details sit on."""
SUPERSAMPLE = 4
"""Drawings are painted this many times larger, then averaged down."""

Point = tuple[float, float]
Circle = tuple[float, float, float]
"""Centre x, centre y and radius in px."""

CREAM: Rgb = (255, 248, 222)
INK: Rgb = (34, 32, 52)


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """`first` with `share` (0..1) of `second` stirred in."""
    r, g, b = (round(a + (c - a) * share) for a, c in zip(first, second, strict=True))
    return r, g, b


def luminance(colour: Rgb) -> float:
    """How bright a colour looks, 0..255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def shades(name: str) -> tuple[Rgb, Rgb]:
    """Two close shades of a named colour: the far layer's and the near layer's."""
    base = COLOURS[name]
    if name == "white":
        return mix(base, (190, 200, 220), 0.45), base
    if name == "black":
        return mix(base, (120, 124, 150), 0.24), base
    if name == "gray":
        return mix(base, (255, 255, 255), 0.16), mix(base, (0, 0, 0), 0.10)
    return mix(base, (255, 255, 255), 0.17), mix(base, (0, 0, 0), 0.09)


class Brush:
    """Draws in units of final pixels on the enlarged canvas."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)

    def polygon(self, points: list[Point], fill: Rgb) -> None:
        self._draw.polygon([(x * SUPERSAMPLE, y * SUPERSAMPLE) for x, y in points], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Rgb) -> None:
        k = SUPERSAMPLE
        self._draw.rectangle((left * k, top * k, right * k - 1, bottom * k - 1), fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Rgb) -> None:
        k = SUPERSAMPLE
        box = ((x - radius) * k, (y - radius) * k, (x + radius) * k, (y + radius) * k)
        self._draw.ellipse(box, fill=fill)


def draw(scene: Scene, rng: random.Random) -> Image.Image:
    """Paint `scene`; `rng` chooses places and shapes. Returns 128x128 RGB."""
    image = _sky(COLOURS[scene.sky_colour])
    brush = Brush(image)
    x, y, radius = rng.uniform(32, 96), rng.uniform(29, 42), rng.uniform(15, 18.5)
    _PAINT_DISC[scene.disc](brush, scene, (x, y), radius)
    if scene.extra != "none":
        _PAINT_EXTRA[scene.extra](brush, scene, (x, y, radius), rng)
    _PAINT_TERRAIN[scene.terrain](brush, scene, rng)
    return image.reduce(SUPERSAMPLE)


def _sky(base: Rgb) -> Image.Image:
    """A canvas with a slight gradient, deeper at the top."""
    top = np.array(mix(base, (0, 0, 0), 0.07), dtype=np.float32)
    bottom = np.array(mix(base, (255, 255, 255), 0.10), dtype=np.float32)
    t = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    column = np.rint(top + (bottom - top) * np.minimum(t * 1.4, 1)).astype(np.uint8)
    pixels = SIZE * SUPERSAMPLE
    return Image.fromarray(column, "RGB").resize((pixels, pixels), Image.Resampling.BILINEAR)


def _sun(brush: Brush, scene: Scene, centre: Point, radius: float) -> None:
    sky, colour = COLOURS[scene.sky_colour], COLOURS[scene.disc_colour]
    brush.disc(*centre, radius * 1.36, mix(sky, colour, 0.20))
    brush.disc(*centre, radius, colour)


def _moon(brush: Brush, scene: Scene, centre: Point, radius: float) -> None:
    """A fat crescent, open to the upper right: a disc less a smaller, shifted disc."""
    shift, bite = 0.55, 0.78  # of the bite, in radii
    horn_x = (shift**2 + 1 - bite**2) / (2 * shift)
    horn_y = math.sqrt(1 - horn_x**2)
    outer, inner = math.atan2(horn_y, horn_x), math.atan2(horn_y, horn_x - shift)
    arcs = [
        *((math.cos(a), math.sin(a)) for a in np.linspace(outer, 2 * math.pi - outer, 64)),
        *(
            (shift + bite * math.cos(a), bite * math.sin(a))
            for a in np.linspace(2 * math.pi - inner, inner, 64)
        ),
    ]
    cos, sin = math.cos(math.radians(-35)), math.sin(math.radians(-35))
    outline = [
        (centre[0] + radius * (x * cos - y * sin), centre[1] + radius * (x * sin + y * cos))
        for x, y in arcs
    ]
    brush.polygon(outline, COLOURS[scene.disc_colour])


def _free_cells(disc: Circle, room: Point, rows: int) -> list[Point]:
    """Grid points at least `room` (x, y) px from the disc's halo and the borders."""
    x0, y0, radius = disc
    found = []
    for row in range(1, rows):
        for column in range(1, SIZE // CELL):
            x, y = column * CELL, row * CELL
            if not room[0] <= x <= SIZE - room[0] or y < room[1]:
                continue
            dx, dy = max(abs(x - x0) - room[0], 0), max(abs(y - y0) - room[1], 0)
            if math.hypot(dx, dy) > radius * 1.36 + 1:
                found.append((float(x), float(y)))
    return found


def _scatter(places: list[Point], count: int, apart: Point, rng: random.Random) -> list[Point]:
    """Up to `count` of `places`, no two closer than `apart` (x, y) px."""
    chosen: list[Point] = []
    for x, y in rng.sample(places, len(places)):
        if all(abs(x - u) >= apart[0] or abs(y - v) >= apart[1] for u, v in chosen):
            chosen.append((x, y))
            if len(chosen) == count:
                break
    return chosen


def _stars(brush: Brush, scene: Scene, disc: Circle, rng: random.Random) -> None:
    colour = INK if luminance(COLOURS[scene.sky_colour]) > 185 else CREAM
    places = [(x + CELL / 2, y + CELL / 2) for x, y in _free_cells(disc, (11, 5), 7)]
    places = [
        (x, y) for x, y in places if math.hypot(x - disc[0], y - disc[1]) > disc[2] * 1.36 + 6
    ]
    for x, y in _scatter(places, rng.randint(9, 12), (12, 12), rng):
        tips = []
        for i in range(8):
            length = 5.2 if i % 2 == 0 else 2.1
            tips.append(
                (x + length * math.sin(i * math.pi / 4), y - length * math.cos(i * math.pi / 4))
            )
        brush.polygon(tips, colour)


def _birds(brush: Brush, scene: Scene, disc: Circle, rng: random.Random) -> None:
    colour = CREAM if luminance(COLOURS[scene.sky_colour]) < 80 else INK
    wing = [
        (-9, -4.5),
        (-4.5, -3.5),
        (0, 1),
        (4.5, -3.5),
        (9, -4.5),
        (5.5, 0.5),
        (0, 5.5),
        (-5.5, 0.5),
    ]
    for x, y in _scatter(_free_cells(disc, (11, 6), 7), rng.randint(3, 5), (24, 16), rng):
        brush.polygon([(x + dx, y + CELL / 2 + dy) for dx, dy in wing], colour)


def _clouds(brush: Brush, scene: Scene, disc: Circle, rng: random.Random) -> None:
    sky = COLOURS[scene.sky_colour]
    colour = (186, 196, 212) if scene.sky_colour == "white" else mix((250, 250, 250), sky, 0.08)
    for x, y in _scatter(_free_cells(disc, (17, 11), 7), rng.randint(2, 3), (36, SIZE), rng):
        side = rng.choice((-1, 1))
        brush.box(x - 12, y, x + 12, y + 6, colour)
        for dx, dy, radius in ((-12, 2, 4), (12, 2, 4), (-5, -1, 6), (4, -3, 7)):
            brush.disc(x + side * dx, y + dy, radius, colour)


def _silhouette(brush: Brush, ridge: list[Point], fill: Rgb) -> None:
    brush.polygon([(-8, SIZE), *ridge, (SIZE + 8, SIZE)], fill)


def _peaks(top: Point, valley: Point, step: Point, rng: random.Random) -> list[Point]:
    """A zigzag from left to right; `top`, `valley`, `step` are ranges in px."""
    x, ridge = rng.uniform(-30, -8), []
    while x < SIZE + 8:
        ridge.append((x, rng.uniform(*valley)))
        width = rng.uniform(*step)
        ridge.append((x + width * rng.uniform(0.44, 0.56), rng.uniform(*top)))
        x += width
    return [*ridge, (x, rng.uniform(*valley))]


def _mountains(brush: Brush, scene: Scene, rng: random.Random) -> None:
    far, near = shades(scene.land_colour)
    _silhouette(brush, _peaks((62, 74), (90, 96), (40, 56), rng), far)
    _silhouette(brush, _peaks((86, 95), (108, 116), (38, 54), rng), near)


def _hills(brush: Brush, scene: Scene, rng: random.Random) -> None:
    for base, fill in zip((80, 102), shades(scene.land_colour), strict=True):
        height, length = rng.uniform(5, 8), rng.uniform(84, 116)
        phase = rng.uniform(0, 2 * math.pi)
        ridge = [
            (float(x), base + height * math.sin(phase + 2 * math.pi * x / length))
            for x in range(-8, SIZE + 9, 2)
        ]
        _silhouette(brush, ridge, fill)


def _sea(brush: Brush, scene: Scene, rng: random.Random) -> None:
    far, near = shades(scene.land_colour)
    horizon = rng.choice((80, 84, 88))
    brush.box(0, horizon, SIZE, SIZE, far)
    for depth, height in ((10, 5), (21, 6), (33, 16)):
        length, phase = rng.uniform(36, 48), rng.uniform(0, 2 * math.pi)
        swell = 1.6 + depth * 0.03
        crest = [
            (float(x), horizon + depth + swell * math.sin(phase + 2 * math.pi * x / length))
            for x in range(-8, SIZE + 9, 2)
        ]
        brush.polygon([*crest, *((x, y + height) for x, y in reversed(crest))], near)


def _city(brush: Brush, scene: Scene, rng: random.Random) -> None:
    """A far and a near row of towers; only the near ones have windows."""
    far, near = shades(scene.land_colour)
    lit = mix(near, INK, 0.55) if luminance(near) > 185 else mix(near, (255, 246, 200), 0.62)
    x = -rng.choice((0, 8))
    while x < SIZE:
        width = rng.choice((16, 24))
        brush.box(x, rng.choice((64, 72, 80, 88)), x + width, SIZE, far)
        x += width
    x = -rng.choice((0, 8))
    while x < SIZE:
        width, top = rng.choice((16, 24)), rng.choice((80, 88, 96, 104))
        brush.box(x, top, x + width, SIZE, near)
        for column in range(x, x + width, CELL):
            for row in range(top + CELL, SIZE - CELL, CELL):
                if rng.random() < 0.55:
                    brush.box(column + 2, row + 1, column + 6, row + 6, lit)
        x += width + rng.choice((0, 8))


_PAINT_DISC: dict[str, Callable[[Brush, Scene, Point, float], None]] = {"sun": _sun, "moon": _moon}
_PAINT_EXTRA: dict[str, Callable[[Brush, Scene, Circle, random.Random], None]] = {
    "stars": _stars,
    "birds": _birds,
    "clouds": _clouds,
}
_PAINT_TERRAIN: dict[str, Callable[[Brush, Scene, random.Random], None]] = {
    "mountains": _mountains,
    "hills": _hills,
    "sea": _sea,
    "city": _city,
}
