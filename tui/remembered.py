"""What the app remembers of itself between two sessions: the form, and the theme."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui import form as forms
from tui.files import write_atomically
from tui.settings.setting import Value

log = logging.getLogger("safelight.tui")


class Remembered:
    """Read when it is made. A file that cannot be read is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = self._read()

    @property
    def theme(self) -> str:
        """The theme that was chosen last; empty when none was."""
        theme = self._values.get("theme")
        return theme if isinstance(theme, str) else ""

    @property
    def settings(self) -> dict[str, Value]:
        """The settings that were chosen in the app."""
        return {"theme": self.theme}

    def form(self, checkpoint: str) -> forms.Form:
        """The last form; ``checkpoint`` is the one of the very first."""
        return {**forms.default_form(checkpoint), **forms.known_form(self._values)}

    def keep(self, form: Mapping[str, str], theme: str) -> None:
        """Write it down. A failure is only logged."""
        try:
            write_atomically(self._path, json.dumps({**form, "theme": theme}, indent=1))
        except OSError as error:
            log.warning("The form could not be kept: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}
