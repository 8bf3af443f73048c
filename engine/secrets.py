"""Secrets are in no log, no row, no report and no message.

What others say in their errors may hold them: the headers of a request, the address it went to,
the value of a variable. The words of the user, such as prompts, are not looked at.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

STARS = "***"
_SHORTEST = 6
"""Characters of a secret. ``AUTH=none`` is none, and would be found everywhere."""

_NAME = re.compile(r"TOKEN(?!IZERS)|SECRET|PASSW(OR)?D|API_?KEY|CREDENTIAL|AUTH(?!ORITY)", re.I)
_PLACE = re.compile(r"_(SOCK|FILE|PATH|DIR|URL|HOST)$", re.I)
"""Of names that tell where something is."""


def without_secrets(text: str) -> str:
    """``text`` with stars for the secrets of the environment, of the hub, and what looks like one.

    For what goes into logs, records, reports and messages, and comes from others.
    """
    for secret in _known():
        text = text.replace(secret, STARS)
    for pattern, stars in _patterns():
        text = pattern.sub(stars, text)
    return text


def _known() -> list[str]:
    """The secrets of this process, the longest first: one may begin another."""
    names = [name for name in os.environ if _names_secret(name)]
    found = {value for name in names if _is_secret(value := os.environ.get(name, ""))}
    if token := _of_the_hub():
        found.add(token)
    if found:
        from urllib.parse import quote  # the first frame does not need it

        found |= {quote(secret, safe="") for secret in found}
    return sorted(found, key=len, reverse=True)


@lru_cache(maxsize=1024)
def _names_secret(name: str) -> bool:
    return bool(_NAME.search(name)) and not _PLACE.search(name)


def _is_secret(value: str) -> bool:
    if len(value) < _SHORTEST:
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


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What looks like a secret, whoever's it is."""
    secret = r"[\w-]*(?:token|secret|signature|credential|password|passwd|api_?key)"
    patterns = {
        r"\b(hf_|api_org_|gh[pousr]_|github_pat_)\w{16,}": rf"\1{STARS}",
        r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*(?:b?['\"])?)(?:(?:bearer|basic|token)\s+)?"
        r"[^\s'\",}]+": rf"\1{STARS}",
        r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}": rf"\1{STARS}",
        r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@?#'\"]+@": rf"\1{STARS}@",
        rf"(?i)([?&](?:{secret}|policy|key-pair-id)=)[^\s&'\"#]+": rf"\1{STARS}",
    }
    return [(re.compile(pattern), stars) for pattern, stars in patterns.items()]
