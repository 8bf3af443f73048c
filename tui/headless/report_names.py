"""Names that were given for files to be written: they end as the kind of file does."""

from __future__ import annotations

import os
from pathlib import Path

from tui.headless.output import BadArguments

ENDINGS = {"png": (".png",), "html": (".html", ".htm"), "markdown": (".md", ".markdown")}
"""By the name of the option."""


def named_file(form: str, to: str) -> Path:
    """The file that ``--form`` is to write. Raises :class:`BadArguments` for another kind's."""
    path, endings = Path(to), ENDINGS[form]
    if to.endswith(("/", os.sep)) or not path.name:
        raise BadArguments(f"--{form} takes the name of a file, and “{to}” is none.")
    if path.suffix and path.suffix.lower() not in endings:
        raise BadArguments(f"--{form} writes a file in {endings[0]}, and “{to}” is none.")
    return path
