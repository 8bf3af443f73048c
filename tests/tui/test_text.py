"""Text from outside is shown, not obeyed; numbers carry their unit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import ago, by_point, clean, one_line, seconds, size


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    for shown in (clean(text), clean(text, lines=True)):
        left = {char for char in shown if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0}
        assert left <= {"\n", "\t"}
    assert "\n" not in clean(text)


def test_escape_codes_become_visible() -> None:
    assert clean("\x1b]52;c;eA==\x07") == "␛]52;c;eA==␇"
    assert clean("a\u202eb\x9bc") == "a\ufffdb\ufffdc"


def test_emoji_that_need_joiners_stay_whole() -> None:
    assert clean("👩‍🎨 ♥️") == "👩‍🎨 ♥️"


def test_one_line_is_cut_with_a_sign() -> None:
    assert one_line("a\n b   c", 20) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0 ms"),
        (0.0994, "99 ms"),
        (0.52, "0.52 s"),
        (9.99, "9.99 s"),
        (9.999, "10.0 s"),
        (41.27, "41.3 s"),
        (99.96, "1:40 min"),
        (125, "2:05 min"),
        (7384, "2:03 h"),
    ],
)
def test_durations(value: float, shown: str) -> None:
    assert seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (2048, "2 KB"),
        (512 * 1024**2, "512 MB"),
        (3.1 * 1024**3, "3.1 GB"),
        (139 * 1024**3, "139 GB"),
    ],
)
def test_sizes(value: float, shown: str) -> None:
    assert size(value) == shown


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("", "never"),
        ("yesterday", "never"),
        ("2026-01-10T12:00:00.000Z", "just now"),
        ("2026-01-10T12:00:01Z", "just now"),
        ("2026-01-10T11:59:00Z", "1 minute ago"),
        ("2026-01-10T11:00:01", "59 minutes ago"),
        ("2026-01-10T10:00:00Z", "2 hours ago"),
        ("2026-01-07T11:00:00+00:00", "3 days ago"),
        ("2025-11-01T12:00:00Z", "2 months ago"),
        ("2024-01-01T12:00:00Z", "2 years ago"),
    ],
)
def test_how_long_ago(time: str, said: str) -> None:
    assert ago(time, datetime(2026, 1, 10, 12, tzinfo=UTC)) == said


@pytest.mark.parametrize(
    ("text", "lined"),
    [
        ("0.52 s", "  0.52 s"),
        ("41.3 s", " 41.3  s"),
        ("540 ms", "540    ms"),
        ("2:05 min", "  2:05 min"),
        ("12", " 12"),
        ("", ""),
    ],
)
def test_figures_stand_below_each_other(text: str, lined: str) -> None:
    assert by_point(text, 3, 3) == lined
