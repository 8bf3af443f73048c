"""Names of keys: as Textual has them, as people write them, and what a terminal makes of them."""

from __future__ import annotations

import unicodedata
from string import ascii_lowercase

MODIFIERS = ("ctrl", "alt", "shift", "super")
_NAMED = {
    *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end"),
    *("pageup", "pagedown", "up", "down", "left", "right"),
    *(f"f{number}" for number in range(1, 25)),
}
_ALSO = {
    **{"esc": "escape", "return": "enter", "del": "delete", "ins": "insert"},
    **{"pgup": "pageup", "pgdn": "pagedown", "page_up": "pageup", "page_down": "pagedown"},
    **{"backtab": "shift+tab", "control": "ctrl", "meta": "alt", "option": "alt", "cmd": "super"},
}
_TEXTUAL = {
    **{"solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at"},
    **{"hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore"},
}
"""Where Textual's name of a sign is not Unicode's."""
_SIGNS = {
    **{"escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab", "backspace": "⌫"},
    **{"delete": "Del", "insert": "Ins", "home": "Home", "end": "End"},
    **{"pageup": "PgUp", "pagedown": "PgDn"},
    **{"left": "←", "right": "→", "up": "↑", "down": "↓"},
}
_SAME = {
    **{"ctrl+i": "Tab", "ctrl+m": "Enter", "ctrl+h": "Backspace"},
    **{"ctrl+left_square_bracket": "Esc", "ctrl+3": "Esc"},
}
"""Keys that send what another key sends."""
_BEGIN = ("alt+left_square_bracket", "alt+right_square_bracket", "alt+shift+o", "alt+shift+p")
"""Keys that send what all the terminal's own answers and its arrow keys begin with."""
_CONTROL = {"at", "space", "backslash", "right_square_bracket", "circumflex_accent", "underscore"}
"""Besides letters, what can be pressed with ctrl everywhere."""
_ARROWS = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "delete", "insert"}


def textual_name(sign: str) -> str:
    """Textual's name for the key of a printable character."""
    if sign.isalnum():
        return sign
    name = unicodedata.name(sign, sign).lower().replace("-", "_").replace(" ", "_")
    return _TEXTUAL.get(name, name)


_SIGN_OF = {textual_name(chr(code)): chr(code) for code in range(33, 127)} | {"space": " "}


def _sign_of(name: str) -> str:
    """The character of a key, empty for one that has none."""
    return name if len(name) == 1 else _SIGN_OF.get(name, "")


def is_typed(key: str) -> bool:
    """Whether a key makes a character, so that an editor takes it."""
    return bool(_sign_of(key))


def reaches_past_text(key: str) -> bool:
    """Whether a key may come before an editor: one that nobody types, nor moves around with."""
    *modifiers, name = key.split("+")
    if {"ctrl", "alt", "super"} & set(modifiers):
        return name not in _ARROWS
    return name[0] == "f" and name[1:].isdigit()


def show_key(key: str) -> str:
    """A Textual key name as people write it: ``^R``, ``M-x``, ``⇧F7``, ``Esc``, ``?``."""
    *modifiers, name = key.split("+")
    if name[0] == "f" and name[1:].isdigit():
        number = int(name[1:])
        if number > 12 and not modifiers:  # what shift and a function key are without more ado
            return f"⇧F{number - 12}"
        shown = name.upper()
    else:
        sign = _sign_of(name) if name != "space" else ""
        shown = _SIGNS.get(name) or sign or name
        if "ctrl" in modifiers and len(shown) == 1:
            shown = shown.upper()
    signs = {"ctrl": "^", "alt": "M-", "shift": "⇧", "super": "Super-"}
    return "".join(signs.get(each, f"{each}-") for each in modifiers) + shown


def read_key(text: str) -> str:
    """The key that somebody means, as Textual names it.

    ``Ctrl+R``, ``^R``, ``C-r``, ``M-x``, ``alt+x``, ``?``, ``shift+f7``, ``pgup``.

    Raises:
        ValueError: with what is wrong, as the rest of a sentence that begins with the key.
    """
    rest = text if text == " " else text.strip()
    if not rest:
        raise ValueError("is no key")
    modifiers: list[str] = []
    if rest.startswith("^") and len(rest) > 1:
        modifiers, rest = ["ctrl"], rest[1:]
    while len(rest) > 2 and (emacs := {"C-": "ctrl", "M-": "alt", "S-": "shift"}.get(rest[:2])):
        modifiers.append(emacs)
        rest = rest[2:]
    if rest.endswith("+"):  # the key is the plus itself
        before, name = [each for each in rest.split("+") if each], "+"
    else:
        *before, name = rest.split("+")
    modifiers += [_ALSO.get(each.lower().strip(), each.lower().strip()) for each in before]
    name = name.strip() or " "
    name = _ALSO.get(name.lower(), name)
    if name == "shift+tab":
        modifiers, name = [*modifiers, "shift"], "tab"
    for each in modifiers:
        if each not in MODIFIERS:
            raise ValueError(f"has a “{each}”; what goes before a key is ctrl, alt, shift or super")
    if len(name) == 1:
        if not name.isprintable():
            raise ValueError("is no key")
        name = "space" if name == " " else textual_name(name)
    elif name.lower() in _NAMED:
        name = name.lower()
    elif not (sign := _sign_of(name.lower())) or len(sign) != 1:
        raise ValueError("is not the name of a key; names are as in ctrl+r, f5, pageup, alt+x or ?")
    else:
        name = textual_name(sign)
    if len(name) == 1 and name.isalpha():
        if "ctrl" in modifiers and name.isupper():
            name = name.lower()
        if modifiers == ["shift"]:
            modifiers, name = [], name.upper()
        elif "alt" in modifiers and (name.isupper() or "shift" in modifiers):
            modifiers, name = [*modifiers, "shift"], name.lower()  # as Textual has it
    order = [each for each in MODIFIERS if each in modifiers]
    return "+".join([*order, name])


def wrong_with(key: str) -> str:
    """Why a key can be no command's in any terminal, as the rest of a sentence; else empty."""
    if key in _SAME:
        return f"cannot be told from {_SAME[key]} in most terminals"
    if key in _BEGIN:
        return "is how the arrow keys and the terminal's own answers begin"
    return ""


def is_everywhere(key: str) -> bool:
    """Whether all terminals send it, and not only those with the kitty keyboard protocol."""
    *modifiers, name = key.split("+")
    if "super" in modifiers:
        return False
    if name in _ARROWS or (name[0] == "f" and name[1:].isdigit()):
        return True
    if modifiers == ["ctrl"]:
        return name in {*ascii_lowercase, *_CONTROL, "slash"}
    if modifiers == ["shift"]:
        return name == "tab"
    if "ctrl" in modifiers:
        return False
    # Of escape and a sign, an Enter or a digit Textual makes the sign, the Enter or another sign.
    return "alt" not in modifiers or (len(name) == 1 and name.isalpha())


def variants(key: str) -> tuple[str, ...]:
    """A key with all the names under which terminals send it, the one that was asked for first."""
    *modifiers, name = key.split("+")
    if modifiers == ["shift"] and name[0] == "f" and name[1:].isdigit() and int(name[1:]) <= 12:
        return key, f"f{int(name[1:]) + 12}"
    if key in ("ctrl+space", "ctrl+at"):
        return key, "ctrl+@"
    if key == "ctrl+slash":
        return key, "ctrl+underscore"
    return (key,)
