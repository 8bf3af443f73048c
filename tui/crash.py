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
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from traceback import TracebackException

from engine.secrets import without_secrets
from tui.files import make_folder, private
from tui.log import start as start_log
from tui.paths import Paths
from tui.text import clean

KEPT = 10
"""So many reports are kept, the newest."""
_MOST = 200_000
"""Characters of a report: what an error says may be of any length."""

log = logging.getLogger("safelight.tui")


def report(error: BaseException, paths: Paths, *, while_: str) -> str:
    """Write down what went wrong, and return the sentence for the user.

    Args:
        while_: what was on: a command, or the screens that were open.
    """
    place = paths.log_file
    try:
        start_log(paths)
        log.error("Something unexpected went wrong", exc_info=error)
        place = _written(error, paths, while_)
    except Exception as failure:
        # There is a sentence for the user whatever is broken.
        with suppress(Exception):
            log.error("The report could not be written", exc_info=failure)
    name = type(error).__name__
    return clean(
        f"Something unexpected went wrong ({name}). Start it again; if it comes back, send "
        f"{place}; the log is {paths.log_file}"
    )


def _written(error: BaseException, paths: Paths, while_: str) -> Path:
    """Where the report is."""
    text = without_secrets("\n".join(_lines(error, while_)))
    if len(text) > _MOST:  # only now: half a secret is not known for one
        text = f"{text[: _MOST // 2]}\n…\n{text[-_MOST // 2 :]}"
    place = paths.crashes / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    make_folder(place.parent)
    with open(place, "w", encoding="utf-8", opener=private) as file:
        file.write(clean(text, lines=True))
    _forget_old(place.parent)
    return place


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
    yield "".join(trace.format())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except Exception:  # one that is damaged is no reason to say nothing
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
