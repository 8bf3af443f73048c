"""Checkpoints without the app: what is here, and downloads that were allowed."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from rich.cells import cell_len

from engine.errors import SafelightError
from engine.events import CheckpointDownloading
from engine.history import History
from engine.hub import missing
from engine.shelf import Shelved, list_checkpoints
from tui.headless.output import DONE, print_json, show_line, tell
from tui.headless.setting_options import settings_of
from tui.headless.streams import write_over
from tui.paths import Paths
from tui.stock import Stock, dtype_label, family_label
from tui.text import ago, clean, padded, seconds, size

_SHARE = 10  # percent between two lines where nobody watches


def list_them(options: Namespace, paths: Paths) -> int:
    """List the checkpoints of this machine."""
    settings = settings_of(options, paths)
    try:
        last_uses = History(paths.data, read_only=True).last_uses()
    except SafelightError as error:
        tell(str(error))
        last_uses = {}
    found = list_checkpoints(last_uses, map(Path, settings.checkpoint_folders))
    if options.json:
        print_json([entry.to_json() for entry in found])
        return DONE
    width = max(cell_len(clean(entry.name)) for entry in found) if found else 0
    for entry in found:
        show_line(_line(entry, width))
    return DONE


def _line(entry: Shelved, width: int) -> str:
    last = ago(entry.last_use) if entry.complete else "incomplete"
    family, dtype = padded(family_label(entry), 12), padded(dtype_label(entry), 5)
    cells = f"{entry.kind:<7}  {family}  {dtype}  {size(entry.size_bytes):>8}"
    return f"{padded(clean(entry.name), width)}  {cells}  {last}"


def not_allowed(stock: Stock, checkpoint: str) -> str:
    """Why a run of ``checkpoint`` needs ``--download``; empty when all of it is here.

    Asks the hub for the size. Raises ``SafelightError`` when that cannot be had.
    """
    need = missing(checkpoint)
    if need is None:
        return ""
    found, hub_id = stock.download_size(need), need.hub_id
    if not found.bytes_to_come:  # all is here, but was not put together yet
        return ""
    if need.for_file:
        lacks = f"{clean(need.for_file)} needs the configuration and tokenizer of {hub_id}"
        return f"{lacks}. Allow their download of {size(found.bytes_to_come)} with --download."
    if found.bytes_here:
        have = f"Only {size(found.bytes_here)} of {hub_id} are on this machine"
        return f"{have}. Allow the other {size(found.bytes_to_come)} with --download."
    name = f"{hub_id} is not on this machine"
    return f"{name}. Allow its download of {size(found.bytes_to_come)} with --download."


class DownloadLines:
    """Tells stderr how far a download is: one line that is written over, or one each tenth."""

    def __init__(self) -> None:
        self._told = -_SHARE

    def show(self, event: CheckpointDownloading) -> None:
        done, total = event.done_bytes, max(event.total_bytes, 1)
        text = f"downloading {size(done)} of {size(total)}"
        if event.rate:
            text += f"  {size(event.rate)}/s  {seconds((total - done) / event.rate)} to go"
        percent = 100 * done // total
        if sys.stderr.isatty():
            write_over(text, "\n" if done >= total else "")
        elif percent - self._told >= _SHARE or done >= total:
            self._told = percent
            sys.stderr.write(text + "\n")
        sys.stderr.flush()
