"""What makes a run the same run, under whatever number, in whatever history or picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def uid_of(run: int, created_at: str, spec: Mapping[str, Any]) -> str:
    """32 hex digits for a run: the same from its record and from the metadata of its pictures.

    Args:
        run: the number under which it was made.
        created_at: when it was.
        spec: its spec as JSON, as it was run.
    """
    text = json.dumps([run, created_at, spec], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]
