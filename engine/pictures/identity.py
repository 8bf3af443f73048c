"""One name for a run, the same from its record and from any picture of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def uid_of(run: int, created_at: str, spec: Mapping[str, Any]) -> str:
    """32 hexadecimal digits: SHA-256 over the canonical JSON of the three.

    Args:
        run: number of the run in the history that made it.
        created_at: when it started, as its record says.
        spec: :meth:`engine.spec.RunSpec.to_json`, or what a picture's metadata hold of it.
    """
    values = [run, created_at, dict(spec)]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]
