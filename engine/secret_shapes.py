"""How secrets look: the forms that one takes in a text, and what gives one away that is not known.

Every repetition is bounded, so that no text takes longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_SHORTEST_CODED = 8
"""Characters of a secret in base64: fewer would be found by chance."""
_LONG_WORD = 12
"""Letters or digits that are no part of another word by chance."""
_SHORTEST_LINE = 16
"""Characters of a line of a key that has several."""


@lru_cache(maxsize=8)
def forms(secrets: frozenset[str]) -> list[re.Pattern[str]]:
    """What finds ``secrets`` in each form that they may take, the longest first.

    As they are, in an address, in a Python or JSON string, in base64; one may begin another.
    """
    found: dict[str, str] = {}
    for secret in secrets:
        lines = [line.strip() for line in secret.splitlines()[1:-1]]
        for part in (secret, *(line for line in lines if len(line) >= _SHORTEST_LINE)):
            found[part] = _in_an_address(part)
            found |= {form: re.escape(form) for form in _coded(part) if form not in found}
    longest_first = sorted(found, key=len, reverse=True)
    return [re.compile(found[form]) for form in longest_first]


def _in_an_address(secret: str) -> str:
    """A pattern: as it is, or with any of its signs as ``%2F``."""
    text = "".join(char if char.isascii() and char.isalnum() else _sign(char) for char in secret)
    if not (secret.isalpha() or secret.isdigit()) or len(secret) >= _LONG_WORD:
        return text
    # A word that others hold: DB_PASSWORD=database and databases.
    return rf"(?:(?<![^\W_])|(?<=%[\dA-Fa-f]{{2}})|(?<=\\[nrt])){text}(?![^\W_])"


def _sign(char: str) -> str:
    percents = "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
    either = [re.escape(char), f"(?i:{percents})", *([r"\+"] if char == " " else [])]
    return f"(?:{'|'.join(either)})"


def _coded(secret: str) -> Iterator[str]:
    import json
    from base64 import b64encode, urlsafe_b64encode

    data = secret.encode("utf-8", "surrogatepass")
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1])
    yield repr(data)[2:-1]
    for encode in (b64encode, urlsafe_b64encode):
        # Something may stand before it, as a name does; where it begins in three bytes is unknown.
        for before in range(3):
            whole = (before + len(data)) * 8 // 6
            coded = encode(b"\0" * before + data).decode()[(before * 8 + 5) // 6 : whole]
            if len(coded) >= _SHORTEST_CODED:
                yield coded


_GAP = r"(?:['\"]?\s{0,9}[:=]\s{0,9}|['\"]\s{0,9},\s{0,9})(?:b?['\"])?"
"""From a name to what it is: ``name: it``, ``name=it``, ``{'name': 'it'}``, ``('name', b'it')``."""
_QUOTED = r"['\"]?\s{0,9}[:=,]\s{0,9}b?['\"]"
_PASSWORD = r"(?:password|passwd|passphrase|api[_-]?key)"
_TOKEN = r"(?:token|secret|credential|private[_-]?key|access[_-]?key)"
_QUERY = rf"[\w-]{{0,64}}(?:{_TOKEN}|{_PASSWORD}|signature)"
_VALUE = r"[^\s'\",;&}<>\[(]"

_SHAPES = (
    r"\b(hf_|api_org_|gh[pousr]_|github_pat_)\w{16,}",
    rf"(?i)\b((?:proxy-)?authorization{_GAP})(?:(?:bearer|basic|token)\s{{1,9}})?[^\s'\",}}]+",
    r"(?i)\b(bearer\s{1,9})[\w.~+/=-]{8,}",
    rf"(?i)\b((?:set-)?cookie{_GAP})[^\s=:'\"]{{1,99}}=[^\r\n'\"}}]+",
    rf"(?i)\b(x-[a-z-]{{0,40}}(?:key|token|secret){_GAP})[^\s'\",}}]{{6,}}",
    rf"(?i)([?&](?:{_QUERY}|policy|key-pair-id)=)[^\s&'\"#]+",
    rf"(?i)({_PASSWORD}{_GAP}){_VALUE}{{6,}}",
    # Sentences tell of tokens, and code hands them on by their names.
    rf"(?i)({_TOKEN}{_QUOTED})[^\s'\"<>\[][^'\"\r\n<>\[]{{5,}}",
    rf"(?i)({_TOKEN}=)(?={_VALUE}{{0,99}}\d){_VALUE}{{6,}}",
)
_ADDRESS = (
    # A password with / or @ in it ends at the last @. A port is none.
    r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^\s/@?#'\":]{0,99}:(?!\d{1,5}[/?#])[^\s'\"]{1,256}@",
    r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^\s/@?#'\"]{1,999}@",
)


@lru_cache(maxsize=1)
def shapes(stars: str) -> list[tuple[re.Pattern[str], str]]:
    """What finds a secret, whoever's it is, and what is to stand there."""
    kept = [(re.compile(shape), rf"\1{stars}") for shape in _SHAPES]
    return [*kept, *((re.compile(shape), rf"\1{stars}@") for shape in _ADDRESS)]
