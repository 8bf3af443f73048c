"""Pictures taken out of what was written to a terminal, as the terminal would."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

_TOKEN = re.compile(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")
SIXEL = re.compile(r"\x1b7\x1b\[(\d+);(\d+)H(\x1bP0;1q.*?\x1b\\)\x1b8", re.DOTALL)
_ITERM = re.compile(
    r"\x1b7\x1b\[(\d+);(\d+)H\x1b\]1337;File=[^:]*height=(\d+)[^:]*:([^\x07]*)\x07\x1b8"
)
_KITTY = re.compile(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")


def sixel(data: str) -> Any:
    """(height, width, 4) uint8: red, green, blue, and whether it was drawn."""
    head = re.match(r'\x1bP0;1q"1;1;(\d+);(\d+)', data)
    assert head is not None, data[:40]
    assert data.endswith("\x1b\\")
    width, height = int(head[1]), int(head[2])
    canvas = np.zeros((-(-height // 6) * 6, width, 4), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    x = y = 0
    selected = -1
    body = data[head.end() : -2]
    assert _TOKEN.sub("", body) == ""
    for number, red, green, blue, times, repeated, single, control in _TOKEN.findall(body):
        if number:
            if red:
                levels = (red, green, blue)
                colours[int(number)] = tuple(round(int(level) * 2.55) for level in levels)
                selected = -1  # to some terminals a definition selects nothing
            else:
                selected = int(number)
        elif control:
            x = 0
            y += 6 if control == "-" else 0
        else:
            bits, count = ord(repeated or single) - 63, int(times or 1)
            for row in range(6):
                if bits >> row & 1:
                    canvas[y + row, x : x + count] = (*colours[selected], 255)
            x += count
            assert x <= width
    assert not canvas[height:].any()
    return canvas[:height]


def sixels(raw: str, cell: tuple[int, int], columns: int, rows: int) -> Any:
    """All sixels of a screen of ``columns`` x ``rows`` cells, as :func:`sixel`."""
    width, height = cell
    canvas = np.zeros((rows * height, columns * width, 4), np.uint8)
    for y, x, data in SIXEL.findall(raw):
        part = sixel(data)
        top, left = (int(y) - 1) * height, (int(x) - 1) * width
        place = canvas[top : top + len(part), left : left + part.shape[1]]
        np.copyto(place, part, where=part[..., 3:] > 0)
    return canvas


def kitty(raw: str) -> tuple[dict[int, Image.Image], list[dict[str, str]]]:
    """Pictures that were sent, by number, and all other commands."""
    sent: dict[int, str] = {}
    others = []
    number = 0
    for keys, payload in _KITTY.findall(raw):
        told = dict(pair.split("=", 1) for pair in keys.split(","))
        if told.get("a") == "q":
            continue  # the question
        if payload:
            assert len(payload) <= 4096
            number = int(told.get("i", number))
            sent[number] = ("" if "i" in told else sent[number]) + payload
        else:
            others.append(told)
    return {n: Image.open(BytesIO(b64decode(data))) for n, data in sent.items()}, others


def unwrapped(raw: str) -> str:
    """What tmux would pass on of it."""
    found = re.findall(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", raw, re.DOTALL)
    return "".join(part.replace("\x1b\x1b", "\x1b") for part in found)


def iterm(raw: str) -> list[tuple[int, int, int, Image.Image]]:
    """Row, column, rows and picture of each band."""
    return [
        (int(y), int(x), int(rows), Image.open(BytesIO(b64decode(data))))
        for y, x, rows, data in _ITERM.findall(raw)
    ]
