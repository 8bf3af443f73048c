"""Settings from pictures and runs, without the app."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HistoryError, SafelightError
from engine.history import History
from engine.spec import RunSpec
from tui.headless.output import DONE, print_facts, print_json, tell
from tui.headless.setting_options import settings_of
from tui.paths import Paths
from tui.restoring import path_of, restore
from tui.settings import Settings

if TYPE_CHECKING:
    from engine.restore import Restored
    from engine.shelf import Shelved

_NUMBER = re.compile(r"#?([0-9]{1,19})")


def run_number(text: str) -> int | None:
    """The number of a run, when a text is one: ``41`` or ``#41``."""
    match = _NUMBER.fullmatch(text.strip())
    return int(match[1]) if match and 0 < int(match[1]) < 2**63 else None


def show_picture(options: Namespace, paths: Paths) -> int:
    """Everything that a picture says of how it was made."""
    settings = settings_of(options, paths)
    found = _restored(options.run, settings, paths)
    if options.json:
        print_json(found.to_json())
        return DONE
    spec = found.spec.to_json()
    print_facts(
        [
            ("written_by", found.source),
            *((name, value) for name, value in spec.items() if value not in ("", {}, None)),
            *(("note", note) for note in found.notes),
            *((f"not_used: {name}", value) for name, value in found.unknown.items()),
        ]
    )
    return DONE


def spec_from(source: str, settings: Settings, paths: Paths) -> RunSpec:
    """The spec of a run by its number, or of a picture by its path; tells what is to be known.

    Raises ``SafelightError`` when there is none.
    """
    run_id = run_number(source)
    if run_id is None:
        found = _restored(source, settings, paths)
        for note in found.notes:
            tell(note)
        return found.spec
    record = History(paths.data, read_only=True).get(run_id)
    if record is None:
        raise HistoryError(f"There is no run #{run_id}; safelight history lists them.")
    return record.spec


def _restored(source: str, settings: Settings, paths: Paths) -> Restored:
    def checkpoints() -> Iterator[Shelved]:
        from engine.shelf import list_checkpoints

        try:
            last_uses = History(paths.data, read_only=True).last_uses()
        except SafelightError:
            last_uses = {}
        yield from list_checkpoints(last_uses, map(Path, settings.checkpoint_folders))

    if path_of(source) is None:
        raise HistoryError(f"“{source[:200]}” is neither the number of a run nor a picture.")
    return restore(source, settings.checkpoint, checkpoints)[0]
