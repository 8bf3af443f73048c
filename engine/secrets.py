"""Secrets are in no log, no row, no report and no message.

What others say in their errors may hold them: the headers of a request, the address it went to,
the value of a variable. The words of the user, such as prompts, are not looked at.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from engine.secret_shapes import forms, shapes

STARS = "***"
_SHORTEST, _SHORTEST_WORD = 6, 8
"""Characters of a secret: ``AUTH=none`` is none, and would be found everywhere. Words, and numbers,
are found in more places."""

_WORD = re.compile(r"[^A-Z0-9]+")
_NAMES = (
    *("TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "APIKEY", "KEY"),
    *("CREDENTIAL", "CREDENTIALS", "AUTH", "AUTHORIZATION", "BEARER", "COOKIE"),
)
"""Words of names of variables. The longer ones may also end a word, as in ``PGPASSWORD``."""
_ENDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "SSHPASS")
_PLACE = re.compile(r"_(SOCK|FILE|PATH|DIR|UR[LI]|HOST|PORT|USER|NAME|TYPE)$", re.I)
"""Of names that tell where something is, or whose."""
_NONE = re.compile(r"(OLD)?PWD|(?=.*PUBLIC).*KEY(_ID)?", re.I)


def without_secrets(text: str) -> str:
    """``text`` with stars for the secrets of the environment, of the hub, and what looks like one.

    For what goes into logs, records, reports and messages, and comes from others. What is to be
    cut is cut afterwards: half a secret is not known for one.
    """
    if known := _known():
        for form in forms(known):
            text = form.sub(STARS, text)
    for pattern, stars in shapes(STARS):
        text = pattern.sub(stars, text)
    return text


def _known() -> frozenset[str]:
    """The secrets of this process."""
    names = [name for name in os.environ if _names_secret(name)]
    found = {value for name in names if _is_secret(value := os.environ.get(name, "").strip())}
    if token := _of_the_hub():
        found.add(token)
    return frozenset(found)


@lru_cache(maxsize=1024)
def _names_secret(name: str) -> bool:
    if _PLACE.search(name) or _NONE.fullmatch(name):
        return False
    words = _WORD.split(name.upper())
    return any(word in _NAMES or word.endswith(_ENDS) for word in words)


def _is_secret(value: str) -> bool:
    is_word = (value.isalpha() and value[1:].islower()) or value.isdigit()
    if len(value) < (_SHORTEST_WORD if is_word else _SHORTEST):
        return False
    return not (value.startswith(("/", "~")) and Path(value).expanduser().exists())


def _of_the_hub() -> str:
    """The token that ``hf auth login`` has written; empty when there is none."""
    look_up = os.environ.get
    home = look_up("HF_HOME") or f"{look_up('XDG_CACHE_HOME', '~/.cache')}/huggingface"
    try:
        path = Path(look_up("HF_TOKEN_PATH") or f"{home}/token").expanduser()
        token = _read(path, path.stat().st_mtime_ns)
    except (OSError, RuntimeError, ValueError):
        return ""
    return token if len(token) >= _SHORTEST else ""


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> str:
    del changed  # only tells one file from the next
    with path.open("rb") as file:
        return file.read(4096).decode("utf-8", "replace").strip()
