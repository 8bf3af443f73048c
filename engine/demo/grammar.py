"""The words of the bundled checkpoint's world: what a scene is and how to say it.

A `Scene` is the meaning: a sun or a moon over some land under a coloured sky,
perhaps with stars, birds or clouds. `caption` puts it into words and `parse`
reads the words back.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (214, 48, 49),
    "orange": (242, 140, 40),
    "yellow": (250, 214, 70),
    "green": (66, 160, 80),
    "blue": (52, 104, 205),
    "purple": (126, 64, 170),
    "pink": (245, 150, 190),
    "white": (244, 244, 240),
    "gray": (132, 136, 142),
    "black": (22, 22, 28),
}
DISCS = ("sun", "moon")
TERRAINS = ("mountains", "hills", "sea", "city")
EXTRAS = ("none", "stars", "birds", "clouds")
FILLERS = ("a", "an", "the", "over", "under", "in", "with", "and")
WORDS = (*COLOURS, *DISCS, *TERRAINS, *EXTRAS[1:], "sky", *FILLERS)
"""Every word that a caption can hold; each is one token of the tokenizer."""


@dataclass(frozen=True)
class Scene:
    """What is on one picture. Sky differs from disc and from land."""

    disc: str
    disc_colour: str
    terrain: str
    land_colour: str
    sky_colour: str
    extra: str


def sample(rng: random.Random) -> Scene:
    """A random scene, each attribute uniform over what the sky leaves free."""
    sky = rng.choice(tuple(COLOURS))
    others = [name for name in COLOURS if name != sky]
    return Scene(
        disc=rng.choice(DISCS),
        disc_colour=rng.choice(others),
        terrain=rng.choice(TERRAINS),
        land_colour=rng.choice(others),
        sky_colour=sky,
        extra=rng.choice(EXTRAS),
    )


def canonical(scene: Scene) -> str:
    """The whole scene in the first word order of the grammar."""
    text = (
        f"a {scene.disc_colour} {scene.disc} over {scene.land_colour} {scene.terrain}, "
        f"{scene.sky_colour} sky"
    )
    return text if scene.extra == "none" else f"{text}, {scene.extra}"


def caption(scene: Scene, rng: random.Random) -> str:
    """One of the ways to say `scene`; parts may be missing, 10% say nothing."""
    roll = rng.random()
    if roll < 0.10:
        return ""
    if roll < 0.35:
        keep_disc = keep_land = keep_sky = True
        colours = [True, True, True]
    else:
        keep_disc, keep_land, keep_sky = (rng.random() < 0.75 for _ in range(3))
        colours = [rng.random() < 0.92 for _ in range(3)]
    keep_extra = scene.extra != "none" and rng.random() < 0.6
    if not (keep_disc or keep_land or keep_sky or keep_extra):
        keep_sky = True
        colours[2] = True

    def noun(name: str, colour: str, coloured: bool) -> str:
        return f"{colour} {name}" if coloured else name

    disc = noun(scene.disc, scene.disc_colour, colours[0])
    land = noun(scene.terrain, scene.land_colour, colours[1])
    sky = noun("sky", scene.sky_colour, colours[2])
    article = rng.choice(("a ", "a ", "the ", ""))
    if article == "a " and not colours[0]:
        article = "the "
    if article == "a " and disc.startswith("orange"):
        article = "an "
    disc = article + disc

    parts: list[str] = []
    order = rng.random()
    if keep_disc and keep_land and order < 0.6:
        parts.append(f"{disc} over {land}" if rng.random() < 0.75 else f"{land} under {disc}")
    else:
        parts += [text for text, keep in ((disc, keep_disc), (land, keep_land)) if keep]
    if keep_sky and keep_extra and rng.random() < 0.25:
        parts.append(
            f"{sky} with {scene.extra}" if rng.random() < 0.5 else f"{scene.extra} in {sky}"
        )
    else:
        parts += [text for text, keep in ((sky, keep_sky), (scene.extra, keep_extra)) if keep]
    if order > 0.3:
        rng.shuffle(parts)
    return (" and " if rng.random() < 0.08 else ", ").join(parts)


def parse(text: str) -> dict[str, str]:
    """The attributes (fields of `Scene`) that a caption names; the last word wins."""
    named: dict[str, str] = {}
    colour: str | None = None
    for word in text.lower().replace(",", " ").split():
        if word in COLOURS:
            colour = word
            continue
        if word in DISCS:
            named["disc"] = word
        elif word in TERRAINS:
            named["terrain"] = word
        elif word in EXTRAS:
            named["extra"] = word
        field = _colour_field(word)
        if field and colour:
            named[field] = colour
        if word not in FILLERS:
            colour = None
    return named


def _colour_field(noun: str) -> str | None:
    """Which field of `Scene` a colour before `noun` sets."""
    if noun in DISCS:
        return "disc_colour"
    if noun in TERRAINS:
        return "land_colour"
    return "sky_colour" if noun == "sky" else None
