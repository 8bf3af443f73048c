"""Themes are TOML; a bad one says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.theme import Theme

from tui.themes import builtin_themes, parse_theme, user_themes


def test_ours_are_a_dark_and_a_light_one() -> None:
    assert {(theme.name, theme.dark) for theme in builtin_themes()} == {
        ("safelight", True),
        ("safelight-light", False),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("primary = ", "not valid TOML"),
        ("dark = true", "“primary” is missing"),
        ('primary = "#12"', "not a colour"),
        ('primary = "red"\nprimarry = "red"', "no colour is called primarry"),
        ('primary = "red"\ndark = "yes"', "true or false"),
        ('primary = "red"\n[variables]\nborder = 3', "not text"),
    ],
)
def test_a_bad_theme_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_theme(text, "mine.toml")


def test_a_bad_theme_does_not_hide_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("nonsense")
    (tmp_path / "b.toml").write_text('primary = "#ff0000"')
    bad, good = user_themes(tmp_path)
    assert isinstance(bad, str)
    assert "a.toml was left out" in bad
    assert isinstance(good, Theme)
    assert good.name == "b"
