"""``index.html``: an export to look at, in one file that needs no script and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from urllib.parse import quote

from engine.exchange.settings import Compared, memory_of, settings_of, time_of
from engine.history.rows import Entry
from engine.report.page import FOOT, Small, encoded, facts, head, picture, table
from engine.units import seconds, stars


def page(
    entries: Sequence[Entry], compared: Compared, smalls: Mapping[str, Small]
) -> Iterator[bytes]:
    """The page, piece by piece.

    Args:
        entries: runs, the paths of whose pictures begin at the page.
        compared: their settings.
        smalls: the pictures by their path; those that are not in it are shown as missing.
    """
    return encoded(_texts(entries, compared, smalls))


def _texts(
    entries: Sequence[Entry], compared: Compared, smalls: Mapping[str, Small]
) -> Iterator[str]:
    count = len(entries)
    title = f"{count} run{'' if count == 1 else 's'}"
    yield head(f"Safelight: {title}")
    yield f"<h1>{title}</h1>\n"
    if count > 1:
        yield from _differences(entries, compared)
        yield "<section><h2>The same in all</h2>\n"
        yield from facts(compared.shared)
        yield "</section>\n"
    for entry, values in zip(entries, compared.rows, strict=True):
        if count > 1:
            own: Mapping[str, str] = dict(zip(compared.differing, values, strict=True))
        else:
            own = settings_of(entry.record)
        yield from _run(entry, own, smalls)
    yield FOOT


def _differences(entries: Sequence[Entry], compared: Compared) -> Iterator[str]:
    heads = ("Run", *compared.differing, "Time", "Memory", "Rating")
    rows = []
    for entry, values in zip(entries, compared.rows, strict=True):
        record = entry.record
        cells = (*map(_short, values), time_of(record), memory_of(record), stars(entry.rating))
        link = f'<a href="#run-{entry.id}">#{entry.id}</a>'
        rows.append([link, *map(escape, cells)])
    yield from table(heads, rows)


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199].rstrip() + "…"


def _run(entry: Entry, own: Mapping[str, str], smalls: Mapping[str, Small]) -> Iterator[str]:
    record = entry.record
    marks = [stars(entry.rating), "winner" if entry.winner else ""]
    shown = "".join(f" · {mark}" for mark in marks if mark)
    yield f'<section id="run-{entry.id}"><h2>#{entry.id}{shown}</h2>\n'
    if record.images:
        yield '<div class="pictures">\n'
        for number, image in enumerate(record.images, 1):
            caption = f"seed {image.seed}" + (f" · {image.prompt}" if image.prompt else "")
            yield "<figure>" + _picture(image.path, f"Picture {number} of run {entry.id}", smalls)
            yield f'<figcaption dir="auto">{escape(caption)}</figcaption></figure>\n'
        yield "</div>\n"
    phases = record.seconds.to_json()
    took = [f"{name} {seconds(v)}" for name, v in phases.items() if v and name != "total"]
    told = {
        **own,
        "Time": time_of(record) + (f" ({', '.join(took)})" if took else ""),
        "Memory": memory_of(record),
        "Made": record.created_at,
        "Tags": " ".join(f"#{tag}" for tag in entry.tags),
        "Note": entry.note,
        "Failure": record.error,
        "Remarks": "\n".join(record.notes),
    }
    yield from facts({name: value for name, value in told.items() if value})
    yield "</section>\n"


def _picture(path: str, alt: str, smalls: Mapping[str, Small]) -> str:
    small = smalls.get(path)
    tag = picture(small, alt)
    return f'<a href="{escape(quote(path))}">{tag}</a>' if small is not None else tag
