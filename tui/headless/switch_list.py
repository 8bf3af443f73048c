"""``safelight switches``: what can be turned here, what turning it costs, and if not, why."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from rich.cells import set_cell_size

from engine.errors import InvalidSpec
from engine.switches import SWITCHES, Place, normalised, parse
from engine.switches.wardrobe import conflict
from tui.headless.output import DONE, print_json, show_line, tell
from tui.headless.setting_options import settings_of
from tui.paths import Paths
from tui.text import clean


def as_json(place: Place) -> dict[str, Any]:
    """One JSON document: the place, and each switch with its values."""
    return {
        "place": place.to_json(),
        "switches": [
            {
                "name": switch.name,
                "label": switch.label,
                "group": switch.group,
                "help": switch.help,
                "cost": switch.cost.value,
                "default": switch.default,
                "also_takes": switch.open_hint,
                "values": [
                    {
                        "value": choice.value,
                        "help": choice.help,
                        "available": not switch.unavailable(choice.value, place),
                        "reason": switch.unavailable(choice.value, place),
                    }
                    for choice in switch.offered(place)
                ],
            }
            for switch in SWITCHES
        ],
    }


def lines(place: Place) -> Iterator[str]:
    """The same for a person: a block a switch, a line a value."""
    for switch in SWITCHES:
        takes = f", or {switch.open_hint}" if switch.open_hint else ""
        yield f"{switch.name}  ({switch.cost.value})  {switch.help}"
        for choice in switch.offered(place):
            reason = switch.unavailable(choice.value, place)
            mark = "–" if reason else " "
            words = reason or choice.help
            yield f"  {mark} {set_cell_size(clean(choice.value), 20)} {clean(words)}"
        if takes:
            yield f"    {takes.removeprefix(', or ')}"
        yield ""


def command(options: argparse.Namespace, paths: Paths) -> int:
    """What can be turned on a checkpoint here."""
    from engine.switches.survey import survey

    settings = settings_of(options, paths)
    checkpoint = options.checkpoint or settings.checkpoint
    values = read_switches(options.set)
    place = survey(checkpoint, settings.device, values.get("precision", "auto"))
    if options.json:
        print_json(as_json(place))
        return DONE
    where = [checkpoint, place.family, place.device, place.dtype]
    tell(" · ".join(word for word in where if word))
    if not place.known:
        tell("What works on this checkpoint is known once it is here, as a folder.")
    for line in lines(place):
        show_line(line)
    return DONE


def _switch(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise InvalidSpec("switches", f"--set takes SWITCH=VALUE, not “{clean(text)}”.")
    return parse(name, value)


def read_switches(texts: Iterable[str]) -> dict[str, str]:
    """What ``--set`` says. Raises :class:`InvalidSpec`."""
    values = normalised(dict(map(_switch, texts)))
    name, reason = conflict(values)
    if name:
        raise InvalidSpec("switches", f"{reason}. Leave one of them out.")
    return values
