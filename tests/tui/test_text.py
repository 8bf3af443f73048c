"""Text from outside is shown, not obeyed; numbers carry their unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.characters import guarded
from tui.reading import JAMO, MARKS
from tui.text import ago, by_point, clean, fitting, one_line, seconds, size

ODD = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD)),
    *"\u200b\u200c\u200d\u200e\u2028\u2029\u202e\u2066\u2069\ufe0f\ufeff\u0301\u20dd\ue0b0",
    *("\ud800", "\uffff", "\U0010eeee", "\U000e0041", "\U000e0101", "\U0001f469", "\U0001f3fd"),
    *"[]/क्षש山a \u0903\u1100\u1161\u11a8\ud7b0\U0001f3fb\U0001d165",
]
HOSTILE = st.text(st.sampled_from(ODD)) | st.text()


def most_in_a_cell(text: str) -> int:
    """Characters in a row that are drawn into the cell of the one before, whatever they are."""
    most = here = 0
    for char in text:
        here = 0 if cell_len(char) or char in "\n\t" else here + 1
        most = max(most, here)
    return most


@given(HOSTILE)
def test_nothing_is_left_that_a_terminal_obeys_or_hides(text: str) -> None:
    for safe, ends in ((clean(text), ""), (clean(text, lines=True), "\n\t")):
        for char in safe.translate({ord(end): None for end in ends}):
            assert category(char) not in ("Cc", "Cs", "Co", "Zl", "Zp"), ascii(char)
            assert category(char) != "Cf" or char in "\u200c\u200d", ascii(char)
        assert not re.search(r"[\u0300-\u036f\u20dd]{5}|\u200d\u200d|^[\u0301\u20dd]", safe)
        assert most_in_a_cell(safe) <= JAMO + 1 + safe.count("\u200d"), ascii(
            safe
        )  # and a selector
        assert clean(safe, lines=bool(ends)) == safe


@given(HOSTILE)
def test_what_is_laid_out_keeps_its_width(text: str) -> None:
    safe = guarded(text)
    assert cell_len(safe) == cell_len(text)
    assert {category(char) for char in safe}.isdisjoint(("Cc", "Cs", "Co", "Zl", "Zp"))


def test_a_flood_of_any_character_without_a_cell_is_cut() -> None:
    for char in map(chr, (*range(0x300, 0x1FB00), *range(0xE0100, 0xE01F0))):
        if cell_len(char) == 0:
            most = JAMO if is_jamo(char) else MARKS
            flood = "a" + char * 9
            assert most_in_a_cell(clean(flood)) <= most, ascii(char)
            assert most_in_a_cell(guarded(flood)) <= most, ascii(char)
    assert len(one_line("a" + "\u1161\u0903\U0001f3fb" * 20_000, 40)) < 100


def is_jamo(char: str) -> bool:
    return "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("a\u202eb\x9bc\x7f", "a\ufffdb\ufffdc␡"),
        ("a\r\nb\u2028c", "a b c"),
        ("\U0010eeee\u0305", "\ufffd\u0305"),
        ("a" + "\u0300" * 99 + "b", "a" + "\u0300" * 4 + "\ufffdb"),
        ("\u0301", "\u25cc\u0301"),
        ("a\u200b\u200b\u200bb", "a\ufffdb"),
        ("a\u200d\u200db", "ab"),
        ("hidden\U000e0041\U000e0042", "hidden\ufffd"),
        ("a\ufe01\ufe02\ufe03", "a\ufe01\ufffd"),
    ],
)
def test_what_stands_for_what_is_not_obeyed(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "👩‍🎨 ♥️ 1️⃣ 👩🏽‍🎨 👨‍👩‍👧‍👦 🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "नमस्ते क्षत्रिय বাংলা தமிழ் മലയാളം བསྒྲུབས ภาษาไทย",
        "می‌خواهم العَرَبِيَّةُ שָׁלוֹם",
        "\u1112\u1161\u11ab\u1100\u1173\u11af \u1107\u1109\u1100\u1173\u11af\u11a8",
        "👍🏽 👩🏽‍🤝‍👨🏻",
        "山水画 東京 ｶﾅ 葛\U000e0100 각각 Việt Nam e\u0301",
        "[/red] [bold]x[/] \\[",
    ],
)
def test_the_scripts_of_the_world_stay_whole(text: str) -> None:
    assert clean(text) == text == guarded(text)


def test_a_chain_of_emoji_takes_the_cells_it_is_drawn_in() -> None:
    """Rich counts two cells for all of it; terminals draw each."""
    assert cell_len(clean("\u200d".join("👩" * 40))) == 2 * 10


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


def test_what_fits_is_whole() -> None:
    parts = ["#41", "seed 7", "1 of 4", "128x128"]
    assert fitting(parts, 40) == "#41 · seed 7 · 1 of 4 · 128x128"
    assert fitting(parts, 17) == "#41 · seed 7"
    assert fitting(["", "a long word"], 6) == "a lon…"
    assert fitting(["赤い太陽", "青い山"], 14) == "赤い太陽"
    assert fitting([], 5) == ""
