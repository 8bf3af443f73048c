"""What is asked of ``safelight sweep``: which sweep, and where it is written."""

from __future__ import annotations

from argparse import Namespace

from engine.errors import HistoryError
from engine.group import Group, Kind
from engine.history import History
from engine.sweep import Sweep, brings_prompts, parse_sweep
from engine.sweep.places import anchored
from engine.sweep.prompts import has_wildcards
from tui.headless.generate import spec_of
from tui.headless.history import reading
from tui.headless.output import BadArguments
from tui.headless.report_names import named_file
from tui.headless.restore import spec_from
from tui.paths import Paths
from tui.settings import Settings

LAST = "last"
_SETTINGS = {
    "prompt": "a prompt",
    "axis": "--axis",
    "source": "--from",
    "negative_prompt": "--negative-prompt",
    "seed": "--seed",
    "steps": "--steps",
    "guidance": "--guidance",
    "size": "--size",
    "scheduler": "--scheduler",
    "batch": "--batch",
    "checkpoint": "--checkpoint",
    "set": "--set",
}
"""What makes a sweep what it is."""


def check(options: Namespace) -> None:
    """Raises :class:`BadArguments` for options that do not go together."""
    if options.retry_failed and options.resume is None:
        raise BadArguments("--retry-failed goes with --resume.")
    given = [word for name, word in _SETTINGS.items() if getattr(options, name) not in (None, [])]
    if options.resume is not None and given:
        raise BadArguments(
            f"--resume goes on with what was asked for: leave {', '.join(given)} out."
        )
    if (options.batch or "").strip().lower() == "max":
        raise BadArguments(
            "--batch max is for one run: safelight generate finds it. A sweep takes a number, or "
            "--axis batch=1,2,4."
        )


def check_places(options: Namespace) -> None:
    """See to it that what is to be written can be, before anything is made.

    Raises:
        BadArguments: a name ends as another kind of file does.
        ExchangeError: there is something that may not be replaced.
    """
    from engine.report.files import place_of

    for form in ("png", "html"):
        to = getattr(options, form)
        if to is None:
            continue
        path = named_file(form, to)
        if form == "png" and not path.suffix:
            path = path.with_name(f"{path.name}.png")
        place_of(path, replace=options.replace)


def planned(options: Namespace, settings: Settings, paths: Paths) -> tuple[Group | None, Sweep]:
    """The sweep that is asked for: a new one, or one of the history with its group."""
    if options.resume is not None:
        with reading(paths) as history:
            group = _found(history, options.resume)
        return group, Sweep.from_json(group.plan)
    if not options.axis:
        raise BadArguments(
            "Say what is to change: --axis steps=20,30,50. safelight sweep --help has more."
        )
    if not options.prompt and options.source is None and not any(map(brings_prompts, options.axis)):
        raise BadArguments("Say what to draw: safelight sweep PROMPT --axis …, or --from a run.")
    base = None if options.source is None else spec_from(options.source, settings, paths)
    spec, problems = spec_of(options, settings.checkpoint, base)
    if spec is None:
        raise BadArguments(" ".join(problems.values()))
    if not options.prompt and base is None:
        spec = spec.with_(prompt="")
    return None, anchored(parse_sweep(options.axis, spec))


def notes(plan: Sweep) -> list[str]:
    """What is to be known before it starts."""
    notes = [note for axis in plan.axes for note in axis.notes]
    asks = has_wildcards(plan.base.prompt)
    if asks and not any("prompt" in axis.fields for axis in plan.axes):
        notes.append("The prompt has choices in it: --axis wildcards makes a picture of each.")
    return notes


def _found(history: History, name: str) -> Group:
    wanted = name.strip().lower()
    group = (
        next(iter(history.groups.latest(Kind.SWEEP, 1)), None)
        if wanted == LAST
        else history.groups.get(wanted)
    )
    if group is None or group.kind is not Kind.SWEEP:
        what = "No sweep was begun yet" if wanted == LAST else f"There is no sweep “{name[:40]}”"
        raise HistoryError(f"{what}; safelight sweep --list lists them.")
    return group
