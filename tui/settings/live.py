"""The settings of an app that is open: changed, written, read again when the file has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.settings.setting import Value
from tui.settings.sources import ENVIRONMENT, FLAG, File, Sources, weigh
from tui.settings.table import SETTINGS, TABLES, Settings
from tui.stamp import stamp


class LiveSettings:
    """What counts now.

    Attributes:
        sources: the settings and where each comes from.
        broken: why the file cannot be read since it was changed; empty when it can.
    """

    def __init__(self, sources: Sources, changed: Callable[[frozenset[str]], None]) -> None:
        """
        Args:
            sources: as they were found at the start.
            changed: is told the names of the settings and tables that have changed.
        """
        self.sources = sources
        self.broken = ""
        self._tell = changed
        self._seen = sources.file.version

    @property
    def settings(self) -> Settings:
        return self.sources.settings

    @property
    def problems(self) -> tuple[str, ...]:
        """What cannot be used of what is said now, a sentence each."""
        return (self.broken,) if self.broken else self.sources.problems

    def value(self, name: str) -> Value:
        """The value of a setting."""
        value: Value = getattr(self.settings, name)
        return value

    def fixed_by(self, name: str) -> str:
        """The option or variable that a setting cannot be changed against; empty when none is."""
        is_fixed = self.sources.origins[name] in (FLAG, ENVIRONMENT)
        return self.sources.origin(name) if is_fixed else ""

    def put(self, name: str, value: Value | None) -> str:
        """Change a setting; ``None`` leaves it to the default.

        It is written into the file. Returns a sentence that says why it could not be, and counts
        until the app is closed then; empty when it was.
        """
        from tui.settings.editing import NotWritten, write

        why = ""
        session = {k: v for k, v in self.sources.asked.session.items() if k != name}
        try:
            write(self.sources.file.path, name, value)
        except NotWritten as error:
            why = str(error)
            session[name] = SETTINGS[name].default if value is None else value
        file = File.read(self.sources.file.path)
        if file.problem:
            file = self.sources.file  # what counted before still does
        else:
            self._seen, self.broken = file.version, ""
        self._weigh(file, session=session)
        return why

    def choose(self, name: str, value: Value) -> None:
        """Something was chosen in the app, without a word about the file."""
        self._weigh(self.sources.file, chosen={**self.sources.asked.chosen, name: value})

    def look(self) -> tuple[str, ...] | None:
        """Read the file again if it has changed. What is wrong with it; ``None`` if it has not.

        One that is not valid any more changes nothing: somebody is at it.
        """
        if stamp(self.sources.file.path) == self._seen:
            return None
        file = File.read(self.sources.file.path)
        self._seen = file.version
        self.broken = f"{file.problem} What counted before still does." if file.problem else ""
        if self.broken:
            return (self.broken,)
        self._weigh(file)
        return self.sources.problems

    def _weigh(
        self,
        file: File,
        *,
        session: Mapping[str, Value] | None = None,
        chosen: Mapping[str, Value] | None = None,
    ) -> None:
        """Find what counts anew, and tell what has changed."""
        before, asked = self.sources, self.sources.asked
        if session is not None:
            asked = replace(asked, session=session)
        if chosen is not None:
            asked = replace(asked, chosen=chosen)
        self.sources = weigh(file, asked)
        values = (n for n in SETTINGS if getattr(before.settings, n) != self.value(n))
        tables = (n for n in TABLES if before.table(n) != self.sources.table(n))
        if changed := frozenset((*values, *tables)):
            self._tell(changed)
