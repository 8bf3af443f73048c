"""The value of a setting, from text and from TOML, and back."""

from __future__ import annotations

import os
from math import isfinite

from tui.settings.setting import Setting, Value

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


class WrongValue(ValueError):
    """A value that a setting cannot have. Says so in a sentence that names it."""


def from_toml(setting: Setting, value: object) -> Value:
    """The value that the file gives. Raises :class:`WrongValue`."""
    wanted = type(setting.default)
    good: Value
    if wanted is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(setting, value)
        good = tuple(value)
    elif wanted is float and type(value) is int:
        good = _float(setting, value)
    elif type(value) is wanted and isinstance(value, (str, bool, int, float)):
        good = value
    else:
        raise _wrong(setting, value)
    return _checked(setting, good)


def from_text(setting: Setting, text: str) -> Value:
    """The value that a text means: of a variable, an option, or typed. Raises :class:`WrongValue`.

    Lists are separated as ``PATH`` is, or written as in the file: ``["/a:b", "/c"]``.
    """
    text = text.strip()
    wanted = type(setting.default)
    good: Value = text
    if wanted is tuple:
        good = _listed(text)
    elif wanted is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise _wrong(setting, text)
        good = text.lower() in _TRUE
    elif wanted in (int, float):
        try:
            good = int(text) if wanted is int else float(text)
        except ValueError:  # also of an int with thousands of digits
            raise _wrong(setting, text) from None
    return _checked(setting, good)


def _float(setting: Setting, number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise _wrong(setting, number) from None


def _listed(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        import tomllib

        try:
            said = tomllib.loads(f"x = {text}")
        except ValueError:
            said = {}  # a folder may be called so
        if said.keys() == {"x"} and all(isinstance(each, str) for each in said["x"]):
            return tuple(said["x"])
    return tuple(part.strip() for part in text.split(os.pathsep) if part.strip())


def as_text(value: Value) -> str:
    """A value as :func:`from_text` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        joined = os.pathsep.join(value)
        return joined if _listed(joined) == value else as_toml(value)
    return str(value)


def as_toml(value: Value) -> str:
    """A value as it stands in the file."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return _quoted(value) if isinstance(value, str) else as_text(value)


def _quoted(text: str) -> str:
    import json

    # A text of JSON is one of TOML, but for characters above U+FFFF, which JSON writes as two.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _checked(setting: Setting, value: Value) -> Value:
    if setting.choices and value not in setting.choices:
        raise _wrong(setting, value)
    if isinstance(value, (int, float)) and not setting.least <= value <= setting.most:
        raise _wrong(setting, value)
    if isinstance(value, float) and not isfinite(value):
        raise _wrong(setting, value)
    if setting.check and isinstance(value, str) and (problem := setting.check(value)):
        raise WrongValue(f"{problem}.")
    return value


def _wrong(setting: Setting, value: object) -> WrongValue:
    said = f", not “{value}”." if isinstance(value, str) and 0 < len(value) <= 40 else "."
    if isinstance(value, str) and setting.values:
        from engine.switches.names import nearest

        said += nearest(value, setting.values)
    return WrongValue(f"“{setting.name}” must be {must_be(setting)}{said}")


def must_be(setting: Setting) -> str:
    """What values of a setting are, in words."""
    if isinstance(setting.default, bool):
        return "true or false"
    if isinstance(setting.default, tuple):
        return "a list of texts in quotes"
    if isinstance(setting.default, (int, float)):
        what = "a whole number" if isinstance(setting.default, int) else "a number"
        return what + _between(setting.least, setting.most)
    if setting.choices:
        return f"one of {', '.join(setting.choices)}"
    return "text in quotes"


def _between(least: float, most: float) -> str:
    if least == float("-inf") and most == float("inf"):
        return ""
    if most == float("inf"):
        return f", {least:g} or more"
    return f" from {least:g} to {most:g}"
