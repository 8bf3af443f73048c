"""A comparison as a page of one file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from engine.compare.measured import kind_of, spread_text, turns_text
from engine.compare.pictures import difference_picture
from engine.compare.words import Kind, Word
from engine.measure.words import in_words
from engine.report.page import FOOT, bar, encoded, facts, head, picture, small, table
from engine.units import size

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.compare.report import Contents

_SIDE = 1024
"""Pictures are shown no larger than this, and up to it to the bit."""
_STYLE = """
.sides { --label: 9rem; }
.sides table { width: 100%; table-layout: fixed; } .sides td { max-width: none; }
.sides thead th:first-child { width: var(--label); }
.row { display: grid; margin-bottom: 1rem;
  grid-template-columns: var(--label) repeat(var(--count), minmax(0, 1fr)); }
.row figure { padding-right: .8rem; } .row figcaption { margin-top: .3rem; }
.row b { color: var(--ink); }
@media (max-width: 45rem) { .sides { --label: 5.5rem; font-size: .8rem; } }
ins { text-decoration: underline; text-underline-offset: .2em; color: var(--good); }
del { color: var(--bad); }
.text { white-space: pre-wrap; } .differs { font-weight: 600; }
.sides .bar { margin: .2rem 0; }
.legend { display: inline-block; width: 5rem; height: .6rem; margin: 0 .2rem;
  border: 1px solid var(--line); background: linear-gradient(to right, #000, #fff); }
ul { padding-left: 1.2rem; } li { margin: .2rem 0; }
"""
_TAGS = {Kind.SAME: "{}", Kind.ADDED: "<ins>{}</ins>", Kind.REMOVED: "<del>{}</del>"}


def page(contents: Contents) -> Iterator[bytes]:
    """The page, piece by piece: pictures, what differs, figures, and what is the same."""
    return encoded(_texts(contents))


def _texts(contents: Contents) -> Iterator[str]:
    comparison = contents.comparison
    yield head(f"Safelight: {contents.title}", _STYLE)
    yield f"<h1>{escape(contents.title)}</h1>\n"
    yield f'<section class="sides" style="--count: {len(comparison.sides)}">\n'
    yield from _pictures(contents)
    rows = [*_prompts(contents), *_settings(contents)]
    if rows:
        yield "<h2>What differs</h2>\n"
        yield from table(["", *comparison.names], rows)
    else:
        yield "<p>No setting differs.</p>\n"
    yield "</section>\n"
    yield from _figures(contents)
    yield from _measured(contents)
    if contents.notes:
        yield "<section><h2>How far this goes</h2>\n<ul>"
        yield "".join(f"<li>{escape(sentence)}</li>\n" for sentence in contents.notes)
        yield "</ul></section>\n"
    yield "<section><h2>The same in all</h2>\n"
    yield from facts(dict(_same(contents)))
    yield "</section>\n"
    yield FOOT


def _pictures(contents: Contents) -> Iterator[str]:
    comparison = contents.comparison
    yield '<div class="row"><span></span>\n'
    for at, (side, image) in enumerate(zip(comparison.sides, contents.pictures, strict=True)):
        marks = ["reference"] if at == comparison.reference else []
        marks += ["winner"] if side.record.id in contents.winners else []
        alike = contents.likenesses[at]
        if alike is not None:
            marks += [f"{name} {value}" for name, value in alike.texts().items()]
        caption = " · ".join([f"<b>{escape(side.name)}</b>", *map(escape, marks)])
        yield _figure(image, f"The picture of {side.name}", caption)
    yield "</div>\n"
    reference = contents.pictures[comparison.reference]
    others = [image for at, image in enumerate(contents.pictures) if at != comparison.reference]
    if reference is None or not any(others):
        return
    yield '<div class="row"><span class="dim">Difference</span>\n'
    for at, (side, image) in enumerate(zip(comparison.sides, contents.pictures, strict=True)):
        if image is None or at == comparison.reference:
            yield "<span></span>\n"
            continue
        found = difference_picture(reference, image)
        caption = f'{escape(str(found))}<br>0 <span class="legend"></span> {found.white_at} of 255'
        yield _figure(found.image, f"How {side.name} differs", caption)
    yield "</div>\n"


def _figure(image: Image | None, alt: str, caption: str) -> str:
    if image is None:
        return f"<figure>{picture(None, alt)}<figcaption>{caption}</figcaption></figure>\n"
    shown = small(image, _SIDE, lossless=max(image.size) <= _SIDE)
    if (shown.width, shown.height) != image.size:
        caption += f" · {image.width}x{image.height}, shown at {shown.width}x{shown.height}"
    return f"<figure>{picture(shown, alt)}<figcaption>{caption}</figcaption></figure>\n"


_TEXTS = (("Prompt", False), ("Negative prompt", True))


def _prompts(contents: Contents) -> Iterator[list[str]]:
    for title, negative in _TEXTS:
        each = contents.comparison.prompts(negative=negative)
        if any(word.kind is not Kind.SAME for words in each for word in words):
            yield [title, *(f'<span class="text">{_words(words)}</span>' for words in each)]


def _words(words: tuple[Word, ...]) -> str:
    return "".join(_TAGS[word.kind].format(escape(word.text)) for word in words) or "–"


def _settings(contents: Contents) -> Iterator[list[str]]:
    for setting in contents.comparison.settings():
        values = zip(setting.values, setting.differs, strict=True)
        yield [
            escape(setting.label),
            *(
                f'<span class="differs">{escape(value)}</span>' if differs else escape(value)
                for value, differs in values
            ),
        ]


def _same(contents: Contents) -> Iterator[tuple[str, str]]:
    comparison = contents.comparison
    for title, negative in _TEXTS:
        texts = {s.record.spec.negative_prompt if negative else s.prompt for s in comparison.sides}
        if len(texts) == 1 and any(texts):
            yield title, texts.pop()
    for setting in comparison.settings(all=True):
        if not any(setting.differs):
            yield setting.label, setting.values[0]


def _figures(contents: Contents) -> Iterator[str]:
    figures = contents.comparison.figures()
    if not figures:
        return
    yield '<section class="sides"><h2>Time and memory</h2>\n'
    rows = []
    for figure in figures:
        most = max(value or 0.0 for value in figure.values)
        cells = []
        for at, value in enumerate(figure.values):
            text = escape(figure.text(at))
            ratio = figure.ratio_text(at) if at != contents.comparison.reference else ""
            text += f' <span class="dim">{ratio}</span>' if ratio else ""
            cells.append(text + (bar(value / most) if value else ""))
        rows.append([escape(figure.label), *cells])
    yield from table(["", *contents.comparison.names], rows)
    yield "</section>\n"


def _measured(contents: Contents) -> Iterator[str]:
    result = contents.measured
    if result is None:
        return
    yield "<section><h2>Measured in turns</h2>\n"
    medians = [side.seconds_an_image.median for side in result.sides if side.seconds_an_image]
    rows = []
    for side, verdict in zip(result.sides, result.verdicts, strict=True):
        spread, kind = side.seconds_an_image, kind_of(verdict)
        drawn = bar(spread.median / max(medians), kind) if spread else ""
        words = f'<span class="{kind}">{in_words(verdict)}</span>' if kind else in_words(verdict)
        memory = size(side.memory_peak_bytes) if side.memory_peak_bytes else "–"
        cells = [spread_text(spread) + drawn, words, memory, turns_text(side), escape(side.error)]
        rows.append([escape(side.label), *cells])
    heads = ["", "A picture, median and quartiles", "Against the first", "Peak memory", "", ""]
    yield from table(heads, rows)
    yield "</section>\n"
