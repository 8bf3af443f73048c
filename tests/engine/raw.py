"""Rows of a history changed behind its back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from engine.history import History


def rewrite(history: History, run: int, record: dict[str, Any]) -> None:
    """Put another record in a row."""
    with closing(sqlite3.connect(history.path)) as db, db:
        db.execute("UPDATE runs SET record = ? WHERE id = ?", (json.dumps(record), run))
