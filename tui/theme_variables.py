"""Whether a theme of the user's can be used: with one that cannot, Textual's CSS does not parse."""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual.color import Color
from textual.theme import Theme

_SHARE = r"(.*?)\s+\d{1,3}(?:\.\d+)?%"
_FIRST = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel"),
    *("success", "warning", "error"),
)
"""What all other colours come from. (``boost`` is transparent.)"""


class Wrong(ValueError):
    """What cannot be used.

    Attributes:
        key: of the variable; empty when it is the theme as a whole.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def check(theme: Theme) -> None:
    """Raises :class:`Wrong`. ``theme`` sets no variables but Textual's."""
    usual = usual_variables(theme)
    for key, value in theme.variables.items():
        if not _fits(value, usual[key]):
            raise Wrong(key, f"“{key}” cannot be {value!r}")
    try:
        variables = theme.to_color_system().generate()
    except Exception as error:  # whatever Textual makes of the user's colours
        raise Wrong("", "its colours cannot be used together") from error
    # Not all of some 170: derived ones are as good as those that they come from.
    keys = {*_FIRST, *theme.variables}
    if not _parse("".join(_rule(key, usual[key]) for key in keys), variables):
        wrong = (key for key in keys if not _parse(_rule(key, usual[key]), variables))
        key = next(wrong, "")
        raise Wrong(key, f"“{key}” cannot be {variables.get(key, '')!r}")


def usual_variables(theme: Theme) -> Mapping[str, str]:
    """Textual's variables with the values they have when a theme sets none of them."""
    plain = Theme(name="plain", primary=theme.primary, dark=theme.dark)
    return plain.to_color_system().generate()


def _fits(value: str, usual: str) -> bool:
    """Whether a value is of the kind of the usual one: a colour, part of one, or a style."""
    if _is_style(usual):
        from textual.css.constants import VALID_STYLE_FLAGS

        words = set(value.split())
        return bool(words) and words <= VALID_STYLE_FLAGS
    if value == usual or _is_colour(value):
        return True
    share = re.fullmatch(_SHARE, value)
    if (share[1] if share else value) == "auto":
        return usual.startswith("auto")
    return share is not None and _may_be_share(usual) and _is_colour(share[1])


def _is_style(usual: str) -> bool:
    return not _is_colour(usual) and not _may_be_share(usual)


def _may_be_share(usual: str) -> bool:
    """Where CSS expects something that shines through, it may be said as ``red 40%`` too."""
    return (
        usual.startswith("auto")
        or usual in ("initial", "transparent")
        or (usual.startswith("#") and len(usual) == len("#rrggbbaa"))
    )


def _is_colour(value: str) -> bool:
    try:
        Color.parse(value)
    except Exception:  # whatever a text of the user's makes of it
        return False
    return True


def _rule(key: str, usual: str) -> str:
    """CSS that uses a variable in all ways that its usual value allows."""
    if _is_style(usual):
        return f"A {{ text-style: ${key}; }}\n"
    if usual.startswith("auto"):
        return f"A {{ color: ${key}; }}\n"
    if _may_be_share(usual):
        return f"A {{ color: ${key}; background: ${key}; }}\n"
    return f"A {{ color: ${key} 50%; background: ${key}; border: round ${key}; }}\n"


def _parse(css: str, variables: Mapping[str, str]) -> bool:
    from textual.css.stylesheet import Stylesheet

    sheet = Stylesheet(variables=dict(variables))
    sheet.add_source(css)
    try:
        sheet.parse()
    except Exception:  # of its own errors, not all are of one kind
        return False
    return True
