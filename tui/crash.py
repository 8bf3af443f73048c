"""When the program itself is at fault: a report that can be sent, and one sentence for the user.

Tracebacks never go to the terminal, and the values of variables go nowhere: they hold prompts,
tokens and whatever was read.
"""

from __future__ import annotations

import logging
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from traceback import TracebackException

from engine.secrets import without_secrets
from tui.log import start as start_log
from tui.paths import Paths
from tui.text import clean

KEPT = 10
"""So many reports are kept, the newest."""
_MOST = 200_000
"""Characters of a traceback: what an error says may be of any length."""

log = logging.getLogger("safelight.tui")


def report(error: BaseException, paths: Paths, *, while_: str) -> str:
    """Write down what went wrong, and return the sentence for the user.

    Args:
        while_: what was on: a command, or the screens that were open.
    """
    start_log(paths)
    log.error("Something unexpected went wrong", exc_info=error)
    place = paths.crashes / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    text = clean(without_secrets("\n".join(_lines(error, while_))), lines=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        _forget_old(place.parent)
    except OSError as failure:
        log.error("The report could not be written: %s", failure)
        place = paths.log_file
    name = type(error).__name__
    return clean(
        f"Something unexpected went wrong ({name}). Start it again; if it comes back, send "
        f"{place}; the log is {paths.log_file}"
    )


def _lines(error: BaseException, while_: str) -> Iterator[str]:
    from engine.versions import versions

    found = {**versions(), **{name: _version(name) for name in ("textual", "rich", "pillow")}}
    terminal = [f"{n}={os.environ.get(n, '')}" for n in ("TERM", "COLORTERM", "TERM_PROGRAM")]
    size = shutil.get_terminal_size()
    yield "Safelight has met something unexpected. This file holds no settings and no variables."
    yield ""
    yield f"when      {time.strftime('%Y-%m-%d %H:%M:%S %z')}"
    yield f"while     {while_}"
    yield f"versions  {', '.join(f'{name} {version}' for name, version in found.items())}"
    yield f"platform  {platform.platform()}"
    yield f"terminal  {size.columns}x{size.lines} {' '.join(terminal)}"
    yield ""
    trace = TracebackException.from_exception(error, capture_locals=False)
    text = "".join(trace.format())
    cut = len(text) > _MOST
    yield f"{text[: _MOST // 2]}\n…\n{text[-_MOST // 2 :]}" if cut else text


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


def _forget_old(folder: Path) -> None:
    for path in sorted(folder.glob("*.txt"))[:-KEPT]:
        path.unlink(missing_ok=True)


def tell(sentence: str) -> None:
    """Say it on the terminal, which is ours no more."""
    try:
        sys.stderr.write(f"safelight: {sentence}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # the terminal is gone
