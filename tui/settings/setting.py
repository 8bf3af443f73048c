"""What is said of a setting where it is defined. All else that speaks of it is made from this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

PREFIX = "SAFELIGHT_"
AT_ONCE, NEXT_RUN, NEXT_START = "at once", "from the next run", "from the next start"
"""From when a change made in the app counts."""

Value = str | bool | int | float | tuple[str, ...]
T = TypeVar("T", str, bool, int, float, tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its definition, without its value.

    Attributes:
        name: as in ``config.toml``.
        default: what it is when nobody says; its type is that of every value.
        label: a word or two, for the settings screen.
        group: heading in the settings screen.
        help: one sentence for people who have not seen it before.
        counts: from when a change counts: :data:`AT_ONCE`, :data:`NEXT_RUN`, :data:`NEXT_START`.
        choices: the values there are, each with a few words; empty where others are possible.
        takes: what a text may be, in words; for those without choices.
        at_default: what the default means, where the value alone would not say.
        least, most: of a number.
        check: what is wrong with a value of the right type, as a sentence without a full stop
            that names the setting; empty when nothing is.
    """

    name: str
    default: Value
    label: str
    group: str
    help: str
    counts: str = AT_ONCE
    choices: Mapping[str, str] = field(default_factory=dict)
    takes: str = ""
    at_default: str = ""
    least: float = float("-inf")
    most: float = float("inf")
    check: Callable[[str], str] | None = None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """The option of the command line that sets it."""
        return "--" + self.name.replace("_", "-")

    @property
    def values(self) -> Mapping[str, str]:
        """What there is to choose from, each with a few words; empty for what is typed."""
        if isinstance(self.default, bool):
            return {"true": "", "false": ""}
        return self.choices


def setting(
    default: T,
    label: str,
    group: str,
    help_: str,
    counts: str = AT_ONCE,
    *,
    choices: Mapping[str, str] | None = None,
    takes: str = "",
    at_default: str = "",
    least: float = float("-inf"),
    most: float = float("inf"),
    check: Callable[[str], str] | None = None,
) -> T:
    """A field of a dataclass that is a setting; see :class:`Setting`. Its name is the field's."""

    def named(name: str) -> Setting:
        return Setting(
            *(name, default, label, group, help_, counts, choices or {}),
            *(takes, at_default, least, most, check),
        )

    return field(default=default, metadata={"setting": named})
