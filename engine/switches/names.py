"""Finding what somebody meant: the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(text: str, known: Iterable[str]) -> str:
    """`` Did you mean “x”?`` for the nearest known name, or ``""`` when none is near."""
    by_lower = {name.lower(): name for name in known}
    wanted = text.strip().lower()
    found = get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    if not found and len(wanted) > 1:
        found = [name for name in by_lower if wanted in name or name in wanted][:1]
    return f" Did you mean “{by_lower[found[0]]}”?" if found else ""
