"""Texts that want to be obeyed: made by chance, the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

PAYLOADS = (
    *("\x1b]52;c;b3duZWQ=\x07", "\x1b]0;owned\x07", "\x1b]8;;http://x/\x1b\\x\x1b]8;;\x1b\\"),
    *("\x1b[2J", "\x1b[31m", "\x1b[6n", "\x1b[?47h", "\x1b[3;1Hx", "\x1bc", "\x1b(0", "\x1b[8m"),
    *("\x1bP+q544e\x1b\\", "\x1b_Ga=T;AAAA\x1b\\", "\x1b^x\x1b\\", "\x1bX", "\x1b[200~", "\x1b"),
    *("\x9b31m", "\x9d0;x\x9c", "\x90q", "\x85", "\x07", "\x08\x08\x08", "\x0b\x0c", "\x0e\x0f"),
    *("\r", "\n", "\t", "\x00", "\x7f", "\u2028", "\u2029", "\u202e", "\u2066\u2069", "\u200f"),
    *(
        "\u200d",
        "\u200d" * 30,
        "\u200b",
        "\ufeff",
        "\u00ad",
        "\ufe0f\ufe0f",
        "\U000e0041\U000e0042",
    ),
    *(
        "\u0301" * 20,
        "\u20dd",
        "\u0f39\u0fb7",
        "\U0010eeee\u0305\u0305",
        "\ue0b0",
        "\uffff",
        "\ufff9",
    ),
    *("\u1161" * 20, "\ud7b0\u11a8" * 10, "\u0903" * 20, "\U0001f3fb" * 20),
    *("[red]", "[/]", "[/home/x.png]", "[bold", "[@click=app.quit()]x[/]", "\\[", "$accent", "{}"),
    *("👩‍🎨", "👩‍" * 12, "🏽", "1️⃣", "山", "ｶﾞ", "क्षि", "שָׁ", "لا", "각", "ﷺ", "<b>&amp;", "%s"),
)
LETTERS = "abc xyz ÄöÜ 0123 ,.()"


def texts(count: int, seed: int = 7) -> Iterator[str]:
    """So many texts. Every payload is in them: alone, at the beginning, and at the end.

    Where there are too few for that, each holds several.
    """
    chance = Random(seed)
    if count < len(PAYLOADS):
        yield from ("a".join(PAYLOADS[number::count]) for number in range(count))
        return
    for number in range(count):
        parts = [_letters(chance) for _ in range(chance.randrange(1, 5))]
        for _ in range(chance.randrange(1, 4)):
            parts.insert(chance.randrange(len(parts) + 1), chance.choice(PAYLOADS))
        payload = PAYLOADS[number % len(PAYLOADS)]
        parts.insert((0, len(parts))[number // len(PAYLOADS) % 2], payload)
        yield payload if number < len(PAYLOADS) else "".join(parts)


def _letters(chance: Random) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randrange(1, 9)))
