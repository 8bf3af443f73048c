"""A ladder as a file: a page with its pictures in it, or Markdown with them in a folder beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape as html
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HistoryError
from engine.ladder.request import LadderResult
from engine.ladder.table import HEADS, Row, about, asked_for, end_of, rows
from engine.report.files import form_of, place_of, put_picture, write

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.history import History

FORMS = (".html", ".md")
_SIDE = 512
_LONGEST = 100
_STYLE = """
body { max-width: 80rem; }
table { width: 100%; font-size: .95rem; }
th, td { min-width: 0; padding: .35rem .9rem .35rem 0; }
thead th { white-space: normal; overflow-wrap: normal; vertical-align: bottom;
  font-size: .85rem; color: var(--dim); }
tbody th { min-width: 13rem; } tbody td { white-space: nowrap; }
tbody th .dim { font-weight: normal; }
td .more { display: block; max-width: 9rem; white-space: normal; font-size: .8rem;
  color: var(--dim); }
tbody th:first-child, thead th:first-child { padding-left: .6rem; }
tr:has(.best) > * { background: color-mix(in srgb, var(--good) 14%, transparent); }
.best { font-weight: bold; }
"""
_TONES = {"recommended": "good best", "pays": "good", "failed": "bad", "does not pay": "bad"}


def pictures_of(result: LadderResult, history: History) -> tuple[Image | None, ...]:
    """The first picture of each rung; ``None`` where there is none (any more).

    Raises:
        HistoryError: the history cannot be read.
    """
    from engine.compare import Side

    found: list[Image | None] = []
    for rung in result.rungs:
        record = history.get(rung.side.run_id) if rung.side is not None else None
        picture = None
        if record is not None and record.images:
            with suppress(HistoryError):  # it was moved or deleted since
                picture = Side(record, 0).open()
        found.append(picture)
    return tuple(found)


def write_report(
    result: LadderResult,
    pictures: Sequence[Image | None],
    to: Path,
    *,
    title: str,
    form: str | None = None,
    replace: bool = False,
) -> Path:
    """Write a ladder, whole or not at all.

    Args:
        pictures: see :func:`pictures_of`.
        to: a file; the pictures of a Markdown one are put into a folder beside it.
        title: its prompt.
        form: ``".html"`` or ``".md"``; ``None`` is what the name ends in.
        replace: whether an earlier report may be replaced. Nothing else ever is.

    Returns:
        Where it is.

    Raises:
        ExchangeError: the name ends in something else, the place is taken or cannot be written.
    """
    form = form_of(to, form, FORMS)
    place = place_of(to, replace=replace)
    if form == ".html":
        from engine.report.page import encoded

        data = b"".join(encoded(_page(result, pictures, title)))
    else:
        folder = place.with_name(f"{place.stem}-pictures")
        paths = [
            put_picture(picture, folder, rung.name) if picture is not None else ""
            for rung, picture in zip(result.rungs, pictures, strict=True)
        ]
        text = "\n".join(_document(result, paths, title)) + "\n"
        data = text.encode("utf-8", "replace")
    return write(place, data, replace=replace)


# A page


def _page(result: LadderResult, pictures: Sequence[Image | None], title: str) -> Iterator[str]:
    from engine.report import page

    found = rows(result)
    yield page.head(f"Safelight: the ladder of {title[:_LONGEST]}", _STYLE)
    yield "<h1>The ladder</h1>\n"
    yield f"<p><strong>{html(end_of(result))}</strong></p>\n"
    yield from page.facts(asked_for(result, title))
    yield "<section>\n"
    yield from page.table(HEADS, map(_html_row, found))
    yield "</section>\n<section><h2>Pictures</h2>\n<div class='pictures'>\n"
    for row, picture in zip(found, pictures, strict=True):
        if picture is not None:
            shown = page.picture(page.small(picture, _SIDE), f"The picture of {row.title}")
            yield f"<figure>{shown}<figcaption>{html(row.title)}<br>{html(row.changes)}"
            yield "</figcaption></figure>\n"
    yield "</div></section>\n<section><h2>How it was measured</h2>\n"
    yield "".join(f"<p>{html(sentence)}</p>\n" for sentence in about(result))
    yield "</section>\n"
    yield page.FOOT


def _html_row(row: Row) -> list[str]:
    below = [
        f'<br><span class="dim">{html(text)}</span>' for text in (row.changes, row.note) if text
    ]
    state = f'<span class="{_TONES.get(row.state, "dim")}">{html(row.state)}</span>'
    cells = [
        html(cell) + (f'<span class="more">{html(more)}</span>' if more else "")
        for cell, more in zip(row.cells, row.details, strict=True)
    ]
    return [html(row.title) + "".join(below), state, *cells]


# Markdown


def _document(result: LadderResult, paths: Sequence[str], title: str) -> Iterator[str]:
    from engine.report.markdown import SIGN, escape, picture, table

    found = rows(result)
    yield from (SIGN, "", "# The ladder", "", f"**{escape(end_of(result))}**", "")
    asked = asked_for(result, title).items()
    yield from (f"- {name}: {escape(value)}" for name, value in asked)
    yield ""
    yield from table(HEADS, map(_markdown_row, found))
    yield from ("", "## Pictures", "")
    for row, path in zip(found, paths, strict=True):
        if path:
            name = f"{row.title}: {row.changes}" if row.changes else row.title
            yield from (escape(name), "", picture(path, row.title), "")
    yield from ("## How it was measured", "")
    yield from (f"- {escape(sentence)}" for sentence in about(result))


def _markdown_row(row: Row) -> list[str]:
    from engine.report.markdown import escape

    words = [escape(text) for text in (row.title, row.changes, row.note) if text]
    cells = [
        f"{cell} ({more})" if more else cell
        for cell, more in zip(row.cells, row.details, strict=True)
    ]
    state = f"**{row.state}**" if row.state == "recommended" else escape(row.state)
    return ["<br>".join(words), state, *map(escape, cells)]
