"""``index.html``: an export to look at, in one file that needs no script and no network."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from engine.exchange.settings import Compared, memory_of, settings_of, time_of
from engine.history.rows import Entry
from engine.units import seconds, stars

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b1a; --dim: #6b6864; --paper: #fbfaf8;
  --line: #dedad4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e4de; --dim: #9a958d; --paper: #171614; --line: #35322e; } }
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
"""
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""


@dataclass(frozen=True, slots=True)
class Small:
    """A picture as the page shows it: a WebP, and its size in pixels."""

    data: bytes
    width: int
    height: int


def page(
    entries: Sequence[Entry], compared: Compared, smalls: Mapping[str, Small]
) -> Iterator[bytes]:
    """The page, piece by piece.

    Args:
        entries: runs, the paths of whose pictures begin at the page.
        compared: their settings.
        smalls: the pictures by their path; those that are not in it are shown as missing.
    """
    for text in _texts(entries, compared, smalls):
        yield text.encode("utf-8", "replace")


def _texts(
    entries: Sequence[Entry], compared: Compared, smalls: Mapping[str, Small]
) -> Iterator[str]:
    count = len(entries)
    title = f"{count} run{'' if count == 1 else 's'}"
    yield _HEAD.format(title=f"Safelight: {title}", style=_STYLE)
    yield f"<h1>{title}</h1>\n"
    if count > 1:
        yield from _differences(entries, compared)
        yield '<section><h2>The same in all</h2>\n<dl dir="auto">'
        yield from _facts(compared.shared)
        yield "</dl></section>\n"
    for entry, values in zip(entries, compared.rows, strict=True):
        if count > 1:
            own: Mapping[str, str] = dict(zip(compared.differing, values, strict=True))
        else:
            own = settings_of(entry.record)
        yield from _run(entry, own, smalls)
    yield "</body>\n</html>\n"


def _differences(entries: Sequence[Entry], compared: Compared) -> Iterator[str]:
    heads = ("Run", *compared.differing, "Time", "Memory", "Rating")
    yield '<div class="scroll"><table>\n<thead><tr>'
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield "</tr></thead>\n<tbody>\n"
    for entry, values in zip(entries, compared.rows, strict=True):
        record = entry.record
        cells = (*map(_short, values), time_of(record), memory_of(record), stars(entry.rating))
        yield f'<tr><th scope="row"><a href="#run-{entry.id}">#{entry.id}</a></th>'
        yield "".join(f'<td dir="auto">{escape(cell)}</td>' for cell in cells) + "</tr>\n"
    yield "</tbody></table></div>\n"


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
    facts = {
        **own,
        "Time": time_of(record) + (f" ({', '.join(took)})" if took else ""),
        "Memory": memory_of(record),
        "Made": record.created_at,
        "Tags": " ".join(f"#{tag}" for tag in entry.tags),
        "Note": entry.note,
        "Failure": record.error,
        "Remarks": "\n".join(record.notes),
    }
    yield '<dl dir="auto">'
    yield from _facts({name: value for name, value in facts.items() if value})
    yield "</dl></section>\n"


def _picture(path: str, alt: str, smalls: Mapping[str, Small]) -> str:
    small = smalls.get(path)
    if small is None:
        return '<div class="missing">This picture is missing.</div>'
    data = base64.b64encode(small.data).decode("ascii")
    return (
        f'<a href="{escape(quote(path))}"><img src="data:image/webp;base64,{data}" '
        f'width="{small.width}" height="{small.height}" alt="{escape(alt)}"></a>'
    )


def _facts(facts: Mapping[str, str]) -> Iterator[str]:
    for name, value in facts.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
