"""A comparison as Markdown, with its pictures in a folder beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compare.measured import spread_text, turns_text
from engine.compare.pictures import difference_picture
from engine.compare.words import Kind, Word
from engine.measure.words import in_words
from engine.report.files import put_picture
from engine.report.markdown import SIGN, escape, picture, table
from engine.units import size

if TYPE_CHECKING:
    from engine.compare.report import Contents

Paths = tuple[tuple[str, str], ...]
_FORMS = {Kind.SAME: "{}", Kind.ADDED: "<ins>{}</ins>", Kind.REMOVED: "<del>{}</del>"}
"""Tags, as ``**`` next to a comma would be no markup."""


def put_pictures(contents: Contents, place: Path) -> Paths:
    """Write the pictures of a document that is to be at ``place``.

    Returns:
        For each side the path of its picture and of its difference, as the document names them;
        empty where there is none.

    Raises:
        ExchangeError: they cannot be written.
    """
    folder = place.with_name(f"{place.stem}-pictures")
    comparison = contents.comparison
    reference = contents.pictures[comparison.reference]
    found = []
    for at, (side, image) in enumerate(zip(comparison.sides, contents.pictures, strict=True)):
        name = side.name.removeprefix("#").replace(".", "-")
        own = put_picture(image, folder, f"run-{name}") if image is not None else ""
        apart = ""
        if image is not None and reference is not None and at != comparison.reference:
            difference = difference_picture(reference, image)
            apart = put_picture(difference.image, folder, f"difference-{name}")
        found.append((own, apart))
    return tuple(found)


def document(contents: Contents, paths: Paths) -> str:
    """The document; ``paths`` are those of :func:`put_pictures`."""
    return "\n".join(_lines(contents, paths)) + "\n"


def _lines(contents: Contents, paths: Paths) -> Iterator[str]:
    comparison = contents.comparison
    names = list(map(escape, comparison.names))
    yield from (SIGN, "", f"# {escape(contents.title)}", "")
    yield from table(["", *names], _pictures(contents, paths))
    for title, negative in (("Prompt", False), ("Negative prompt", True)):
        each = comparison.prompts(negative=negative)
        if not any(each):
            continue
        yield from ("", f"## {title}", "")
        if all(word.kind is Kind.SAME for words in each for word in words):
            yield _words(each[comparison.reference])
        else:
            rows = [[name, _words(words)] for name, words in zip(names, each, strict=True)]
            yield from table(["", "<ins>added</ins>, <del>removed</del>"], rows)
    settings = comparison.settings()
    yield from ("", "## Settings that differ" if settings else "No setting differs.", "")
    if settings:
        yield from table(
            ["", *names],
            [[escape(each.label), *map(escape, each.values)] for each in settings],
        )
    figures = comparison.figures()
    if figures:
        yield from ("", "## Time and memory", "")
        yield from table(
            ["", *names],
            [
                [
                    escape(figure.label),
                    *(
                        " ".join(filter(None, (figure.text(at), _ratio(figure.ratio_text(at)))))
                        if at != comparison.reference
                        else figure.text(at)
                        for at in range(len(names))
                    ),
                ]
                for figure in figures
            ],
        )
    yield from _measured(contents)
    if contents.notes:
        yield from ("", "## How far this goes", "")
        yield from (f"- {escape(sentence)}" for sentence in contents.notes)


def _ratio(text: str) -> str:
    return f"({text})" if text else ""


def _pictures(contents: Contents, paths: Paths) -> Iterator[list[str]]:
    comparison = contents.comparison
    sides = comparison.sides
    pairs = list(zip(sides, paths, strict=True))
    yield ["", *(picture(own, side.name) if own else "missing" for side, (own, _) in pairs)]
    if any(apart for _, apart in paths):
        yield [
            "Difference",
            *(
                picture(apart, f"difference of {s.name}") if apart else ""
                for s, (_, apart) in pairs
            ),
        ]
    if contents.winners & {side.record.id for side in sides}:
        yield ["", *("winner" if s.record.id in contents.winners else "" for s in sides)]
    texts = [alike.texts() if alike is not None else {} for alike in contents.likenesses]
    for name in dict.fromkeys(name for each in texts for name in each):
        yield [name, *(each.get(name, "") for each in texts)]


def _words(words: tuple[Word, ...]) -> str:
    found = []
    for word in words:
        text = escape(word.text)
        before = " " if word.text[:1].isspace() else ""
        after = " " if word.text[-1:].isspace() else ""
        found.append(before + (_FORMS[word.kind].format(text) if text else "") + after)
    return "".join(found).strip() or "–"


def _measured(contents: Contents) -> Iterator[str]:
    result = contents.measured
    if result is None:
        return
    yield from ("", "## Measured in turns", "")
    rows = [
        [
            escape(side.label),
            spread_text(side.seconds_an_image),
            in_words(verdict),
            size(side.memory_peak_bytes) if side.memory_peak_bytes else "–",
            turns_text(side),
            escape(side.error),
        ]
        for side, verdict in zip(result.sides, result.verdicts, strict=True)
    ]
    heads = ["", "A picture, median and quartiles", "Against the first", "Peak memory", "", ""]
    yield from table(heads, rows)
