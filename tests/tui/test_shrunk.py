"""Small pictures: read, and let go of when there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import HistoryError
from tests.tui.scripted import picture
from tui.shrunk import Kept, shrunk


def test_a_picture_made_small(tmp_path: Path) -> None:
    picture(3).resize((256, 128)).save(tmp_path / "wide.png")
    assert shrunk(str(tmp_path / "wide.png"), 64).size == (64, 32)
    with pytest.raises(HistoryError):
        shrunk(str(tmp_path / "none.png"), 64)


def test_those_used_last_are_kept() -> None:
    kept = Kept(most_pixels=3 * 64 * 64)
    for name in "abc":
        kept.put(name, picture(1, 64))
    assert kept.get("a") is not None
    kept.put("d", "not there")
    assert kept.get("b") is None
    assert [kept.get(name) is not None for name in "acd"] == [True] * 3
    kept.put("a", picture(2, 64))
    assert kept.get("c") is not None
    kept.put("huge", picture(2, 512))
    assert kept.get("huge") is not None
    assert kept.get("a") is None
