"""A cache of the hub, as huggingface_hub lays it out."""

from __future__ import annotations

import shutil
from pathlib import Path


def put_in_cache(cache: Path, hub_id: str, folder: Path) -> Path:
    """A checkpoint as if it had been downloaded; returns its folder there."""
    repo = cache / ("models--" + hub_id.replace("/", "--"))
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc123")
    return Path(shutil.copytree(folder, repo / "snapshots" / "abc123"))
