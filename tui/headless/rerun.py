"""A run again, without the app, and whether its pictures are the same."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from engine import rerun as comparison
from engine.errors import HistoryError, SafelightError
from engine.events import FillEnded
from engine.record import ImageRecord, RunRecord, Status
from tui.headless import checkpoints
from tui.headless.generate import code_of, make, settings_for, show_pictures
from tui.headless.history import reading
from tui.headless.output import DONE, FAILED, BadArguments, complain, print_json, show_line
from tui.headless.restore import run_number
from tui.lab import RealLab
from tui.paths import Paths
from tui.text import clean


def rerun(options: Namespace, paths: Paths) -> int:
    """Make a run again; with ``--verify`` compare the pictures with the old ones."""
    run_id = run_number(options.run)
    if run_id is None:
        raise BadArguments(f"“{options.run[:60]}” is not a run; try 41.")
    with reading(paths) as history:
        old = history.get(run_id)
    if old is None:
        raise HistoryError(f"There is no run #{run_id}; safelight history lists them.")
    if options.verify:
        _require_pictures(old)
    lab = RealLab(paths, settings_for(options, paths))
    if not options.download and (why := checkpoints.not_allowed(lab, old.spec.checkpoint)):
        return complain(why, FAILED)
    new = make(lab, old.spec)
    assert not isinstance(new, FillEnded)  # only of a search for the largest batch
    if options.verify and new.status is Status.FINISHED:
        return _verify(old, new, as_json=options.json)
    if options.json:
        print_json(new.to_json())
    elif new.status is Status.FINISHED:
        show_pictures(new)
    return code_of(new)


def _require_pictures(old: RunRecord) -> None:
    """Raises ``HistoryError`` when there is nothing to compare with, before a run is made."""
    from engine.pictures.load import load_image

    if not old.images:
        raise HistoryError(f"Run #{old.id} has no pictures to compare with.")
    problem: SafelightError | None = None
    for image in old.images:
        try:
            load_image(Path(image.path))
        except SafelightError as error:
            problem = problem or error
        else:
            return
    raise HistoryError(f"Run #{old.id} has no picture to compare with. {problem}")


def _verify(old: RunRecord, new: RunRecord, *, as_json: bool) -> int:
    """Compare all pictures of two runs, and say what is known to have changed."""
    from engine.pictures.load import load_image

    pictures: list[dict[str, Any]] = []
    lines: list[str] = []
    identical, differ = True, False
    by_picture = {_key(image, new): image for image in new.images}
    for number, image in enumerate(old.images, 1):
        told: dict[str, Any] = {"seed": image.seed, "old": image.path, "new": None}
        again = by_picture.get(_key(image, old))
        try:
            if again is None:
                raise HistoryError("The new run has no such picture.")
            told["new"] = again.path
            found = comparison.difference(
                load_image(Path(image.path)), load_image(Path(again.path))
            )
        except SafelightError as error:
            identical = False
            told["problem"] = words = str(error)
        else:
            differ = differ or not found.identical
            told |= found.to_json()
            words = str(found)
        pictures.append(told)
        lines.append(f"picture {number}, seed {image.seed}: {words}")
    identical = identical and not differ
    changes = comparison.changes(old, new)
    if as_json:
        values = {"identical": identical, "pictures": pictures, "changes": list(changes)}
        print_json({"of": old.id, **values, "run": new.to_json()})
        return DONE if identical else FAILED
    show_line(f"#{new.id} against #{old.id}")
    for line in (*lines, *changes):
        show_line(clean(line))
    if differ and not changes:
        show_line(comparison.UNKNOWN)
    return DONE if identical else FAILED


def _key(image: ImageRecord, record: RunRecord) -> tuple[int, str]:
    return image.seed, image.prompt or record.spec.prompt
