"""Export and import without the app."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from engine.errors import ExchangeError
from tui.headless.history import reading, writing
from tui.headless.output import (
    BAD_ARGUMENTS,
    DONE,
    FAILED,
    complain,
    end_progress,
    print_json,
    progress,
    show_line,
    tell,
)
from tui.headless.run_numbers import named, searched
from tui.headless.setting_options import settings_of
from tui.paths import Paths
from tui.text import clean


def export_runs(options: Namespace, paths: Paths) -> int:
    """Write runs to a folder or a zip."""
    from engine.exchange import export

    if bool(options.runs) == (options.search is not None):
        return complain("Name the runs, such as 41-47, or give a --search.", BAD_ARGUMENTS)
    with reading(paths) as history:
        if options.search is not None:
            runs = searched(history, options.search)
            if not runs:
                return complain("No run is like that.", FAILED)
        else:
            runs = named(history, options.runs)
        try:
            done = export(
                history,
                runs,
                Path(options.to),
                metadata=not options.no_metadata,
                replace=options.replace,
                tell=progress,
            )
        finally:
            end_progress()
    for sentence in done.missing:
        tell(sentence)
    if options.json:
        told = {"path": str(done.path), "runs": done.runs, "pictures": done.pictures}
        print_json({**told, "missing": list(done.missing)})
    else:
        show_line(
            f"{_count(done.runs, 'run')} with {_count(done.pictures, 'picture')} "
            f"in {clean(str(done.path))}"
        )
    return DONE


def import_runs(options: Namespace, paths: Paths) -> int:
    """Take runs in from exports, folders of pictures, and pictures."""
    from engine.exchange import import_
    from engine.shelf import list_checkpoints

    settings = settings_of(options, paths)
    runs: list[int] = []
    refused: list[tuple[str, str]] = []
    again = pictures = 0
    with writing(paths) as history:
        shelf = list_checkpoints(history.last_uses(), map(Path, settings.checkpoint_folders))
        for source in options.sources:
            try:
                done = import_(history, Path(source), shelf=shelf, tell=progress)
            except ExchangeError as error:
                refused.append((source, str(error)))
                continue
            finally:
                end_progress()
            runs += done.runs
            again += done.again
            pictures += done.pictures
            refused += done.refused
    if options.json:
        reasons = [{"path": path, "reason": reason} for path, reason in refused]
        told = {"runs": runs, "again": again, "pictures": pictures, "refused": reasons}
        print_json(told)
    else:
        for path, reason in refused:
            tell(f"{path}: {reason}")
        here = f", {again:,} {'was' if again == 1 else 'were'} here already" if again else ""
        left = f", {len(refused):,} refused" if refused else ""
        show_line(f"{_count(len(runs), 'run')} with {_count(pictures, 'picture')}{here}{left}.")
    return FAILED if refused and not (runs or again) else DONE


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
