"""Two to four pictures side by side, without the app."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import events
from engine.compare import Comparison, Side, of_batch
from engine.compare.measured import measurement_of
from engine.history import Entry, History
from engine.measure.request import REPEATS, MeasurementResult
from tui.headless import checkpoints, follow
from tui.headless.compare_table import lines
from tui.headless.generate import settings_for
from tui.headless.history import reading
from tui.headless.output import (
    CANCELLED,
    DONE,
    FAILED,
    BadArguments,
    complain,
    print_json,
    show_line,
    tell,
)
from tui.headless.report_names import named_file
from tui.headless.run_numbers import named
from tui.lab import RealLab
from tui.paths import Paths
from tui.text import clean

if TYPE_CHECKING:
    from engine.compare.report import Contents

_PICTURE = re.compile(r"(#?\d{1,18})\.(\d{1,3})", re.ASCII)
_FORMS = {"png": ".png", "html": ".html", "markdown": ".md"}
_Ended = events.StudyFinished | events.StudyEnded


def compare(options: Namespace, paths: Paths) -> int:
    """Compare pictures; with ``--measure`` run them again first."""
    _check(options)
    files = {form: named_file(form, to) for form in _FORMS if (to := getattr(options, form))}
    try:
        with reading(paths) as history:
            comparison, winners = _comparison(history, options)
    except ValueError as error:
        raise BadArguments(str(error)) from error
    from engine.compare.report import Contents
    from engine.report.files import place_of

    for to in files.values():
        place_of(to, replace=options.replace)  # before anything is measured
    ended = _measure(comparison, options, paths) if options.measure else None
    if isinstance(ended, int):
        return ended
    measured = _result(ended)
    contents = Contents.of(comparison, measured=measured, winners=winners)
    written = _write(contents, files, options)
    if options.json:
        print_json(_json(contents, ended, written))
    else:
        for line in lines(contents, everything=options.all):
            show_line(line)
        for place in written.values():
            tell(f"Written: {place}")
    return _code(ended)


def _check(options: Namespace) -> None:
    if options.repeats is not None:
        if not options.measure:
            raise BadArguments("--repeats goes with --measure.")
        follow.check_repeats(options.repeats)
    if options.picture is not None and options.picture < 1:
        raise BadArguments("--picture counts from 1.")


def _comparison(history: History, options: Namespace) -> tuple[Comparison, set[int]]:
    """What is compared, and which of the runs are winners. Raises ``ValueError``."""
    found = [pair for text in options.runs for pair in _sides(history, text, options.picture)]
    entries = [entry for entry, _ in found]
    one_batch = len(found) == 1 and found[0][1] is None
    if one_batch:
        comparison = of_batch(entries[0].record)
    else:
        comparison = Comparison(tuple(Side(entry.record, index or 0) for entry, index in found))
    if options.reference is not None:
        comparison = comparison.against(_reference(history, comparison, options.reference))
    return comparison, {entry.id for entry in entries if entry.winner}


def _sides(history: History, text: str, picture: int | None) -> Iterator[tuple[Entry, int | None]]:
    """The runs of a word such as ``41``, ``41.2`` or ``41-43``, with the index of a picture."""
    match = _PICTURE.fullmatch(text.strip())
    runs = named(history, [match[1] if match else text])
    number = int(match[2]) if match else picture
    if number == 0:
        raise ValueError(f"“{text}”: pictures count from 1.")
    for run in runs:
        entry = history.entry(run)
        assert entry is not None  # named has looked
        yield entry, None if number is None else number - 1


def _reference(history: History, comparison: Comparison, text: str) -> int:
    ((entry, index),) = list(_sides(history, text, None))[:1]
    for at, side in enumerate(comparison.sides):
        if side.record.id == entry.id and index in (None, side.index):
            return at
    raise ValueError(f"The reference, {clean(text)}, is none of those that are compared.")


def _measure(comparison: Comparison, options: Namespace, paths: Paths) -> _Ended | int:
    """Measure the runs; how that ended, or an exit code."""
    try:
        asked = measurement_of(comparison, options.repeats or REPEATS)
    except ValueError as error:
        raise BadArguments(str(error)) from error
    lab = RealLab(paths, settings_for(options, paths))
    for spec in asked.specs:
        if not options.download and (why := checkpoints.not_allowed(lab, spec.checkpoint)):
            return complain(why, FAILED)
    ended = follow.study_in(lab, asked)
    lab.close()
    return ended


def _result(ended: _Ended | None) -> MeasurementResult | None:
    result = ended.result if ended is not None else None
    return result if isinstance(result, MeasurementResult) else None


def _write(contents: Contents, files: dict[str, Path], options: Namespace) -> dict[str, str]:
    from engine.compare.report import write_report

    return {
        form: str(write_report(contents, to, form=_FORMS[form], replace=options.replace))
        for form, to in files.items()
    }


def _json(contents: Contents, ended: _Ended | None, written: dict[str, str]) -> dict[str, Any]:
    values = contents.comparison.to_json()
    measured = contents.measured.to_json() if contents.measured is not None else None
    if measured is not None and ended is not None:
        measured["group"] = ended.group
    return {
        **values,
        "likeness": [found and found.to_json() for found in contents.likenesses],
        "winners": sorted(contents.winners),
        "measured": measured,
        "missing": list(contents.missing),
        "written": written,
    }


def _code(ended: _Ended | None) -> int:
    if not isinstance(ended, events.StudyEnded):
        return DONE
    return complain(ended.error, FAILED) if ended.error else CANCELLED
