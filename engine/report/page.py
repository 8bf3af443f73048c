"""Pages of one file, which need no script and no network; readable in light and in dark.

All text from outside goes through :func:`html.escape`, here or at the caller's.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

GENERATOR = '<meta name="generator" content="Safelight report">'
"""By which a page of ours is known."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b1a; --dim: #6b6864; --paper: #fbfaf8;
  --line: #dedad4; --bar: #b0a89c; --good: #2c7a4b; --bad: #b3402a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e4de; --dim: #9a958d; --paper: #171614; --line: #35322e; --bar: #6a645b;
    --good: #74c293; --bad: #ee8b73; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
a { color: inherit; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
.dim { color: var(--dim); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left;
  vertical-align: top; min-width: 4rem; max-width: 24rem; overflow-wrap: anywhere; }
thead th { white-space: nowrap; }
dl { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .1rem 1rem;
  margin: .5rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr)); }
figure { margin: 0; } img { display: block; max-width: 100%; height: auto; }
figcaption { color: var(--dim); font-size: .9rem; overflow-wrap: anywhere; }
.missing { border: 1px dashed var(--line); padding: 2rem 1rem; }
.bar { display: block; height: .4rem; min-width: 1px; background: var(--bar); }
.good { color: var(--good); } .bad { color: var(--bad); }
.bar.good { background: var(--good); } .bar.bad { background: var(--bad); }
"""
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
{generator}
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_CONTROLS |= dict.fromkeys(range(0x7F, 0xA0), 0xFFFD)
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What embeds, overrides and isolates directions, and so shows a text as another than it is."""
FOOT = "</body>\n</html>\n"


@dataclass(frozen=True, slots=True)
class Small:
    """A picture as a page shows it: a WebP, and its size in pixels."""

    data: bytes
    width: int
    height: int


def head(title: str, style: str = "") -> str:
    """The beginning of a page, up to ``<body>``.

    Args:
        title: plain text.
        style: CSS of the page's own, besides what all pages have.
    """
    return _HEAD.format(title=escape(title), style=_STYLE + style, generator=GENERATOR)


def encoded(text: Iterable[str]) -> Iterator[bytes]:
    """A page, piece by piece; what is no text becomes ``?``, control characters are shown, those
    that turn the direction of text left out.
    """
    shown = {**_CONTROLS, **dict.fromkeys(_TURNING)}
    return (piece.translate(shown).encode("utf-8", "replace") for piece in text)


def small(image: Image, side: int, *, lossless: bool = False) -> Small:
    """A picture for a page, at most ``side`` pixels wide and high."""
    image = image.copy()
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    if lossless:  # at this effort 512x512 take about 0.1 s
        image.save(buffer, format="WEBP", lossless=True, quality=50, method=2)
    else:
        image.save(buffer, format="WEBP", quality=80)
    return Small(buffer.getvalue(), image.width, image.height)


def picture(small: Small | None, alt: str) -> str:
    """The tag of an embedded picture, or a box that says that it is missing."""
    if small is None:
        return '<div class="missing">This picture is missing.</div>'
    data = base64.b64encode(small.data).decode("ascii")
    return (
        f'<img src="data:image/webp;base64,{data}" '
        f'width="{small.width}" height="{small.height}" alt="{escape(alt)}">'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table that scrolls when it is too wide.

    Args:
        heads: plain text, one for each column.
        rows: HTML, escaped already; the first cell of each is its head.
    """
    yield '<div class="scroll"><table>\n<thead><tr>'
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield "</tr></thead>\n<tbody>\n"
    for first, *others in rows:
        yield f'<tr><th scope="row">{first}</th>'
        yield "".join(f'<td dir="auto">{cell}</td>' for cell in others) + "</tr>\n"
    yield "</tbody></table></div>\n"


def facts(values: Mapping[str, str]) -> Iterator[str]:
    """Names and values, plain text."""
    yield '<dl dir="auto">'
    for name, value in values.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
    yield "</dl>"


def bar(share: float, kind: str = "") -> str:
    """A bar of so much of its cell's width, from 0 to 1; ``kind`` is ``good``, ``bad`` or none."""
    percent = 100 * min(max(share, 0.0), 1.0)
    return f'<span class="bar{f" {kind}" if kind else ""}" style="width:{percent:.1f}%"></span>'
