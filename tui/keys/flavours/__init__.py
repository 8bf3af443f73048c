"""Keymaps that come with the app, a TOML file each, written as users write theirs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def flavours() -> tuple[str, ...]:
    """Their names."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def read_flavour(name: str) -> dict[str, Any]:
    """What the file of one says."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
