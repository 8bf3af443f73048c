"""Reports: text from outside stays text, and no file is replaced by chance."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import ExchangeError
from engine.report import files, markdown, page
from engine.report.draw import cut, drawable, font, wrapped
from tests.engine.pages import Strict

NASTY = "a *red* [sun](http://x.y) <b>`code`</b> | # \\ ![x](y) &amp; www.example.org 1. _x_ ~~s~~"


def shown(text: str) -> tuple[str, set[str]]:
    """What a reader of Markdown sees, and what is markup in it."""
    reader = MarkdownIt("commonmark")
    reader.enable(["table", "strikethrough"])
    kinds, words = set(), ""
    for token in reader.parse(text):
        kinds.add(token.type)
        for child in token.children or ():
            kinds.add(child.type)
            words += child.content
    return words, kinds - {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab 12.-+*#>=()[]<>!`_~|\\&;:@^$/\n"), max_size=24))
@example(NASTY)
@example("1) no list")
@example("--- \n===")
def test_markdown_shows_text_as_it_is(text: str) -> None:
    words, markup = shown(markdown.escape(text))
    assert words == " ".join(text.replace("\n", " ⏎ ").split())
    assert not markup


def test_addresses_are_no_links() -> None:
    assert markdown.escape("see http://x.y or www.x.y") == r"see http\://x.y or www\.x.y"


def test_a_table_in_markdown() -> None:
    lines = list(markdown.table(["", "#1"], [["Steps", markdown.escape("a|b\nc")]]))
    words, kinds = shown("\n".join(lines))
    assert {"table_open", "td_open"} <= kinds
    assert words == "#1Stepsa|b ⏎ c"
    assert markdown.picture("my pictures/a.png", "a [1]") == r"![a \[1\]](my%20pictures/a.png)"


def test_a_page() -> None:
    picture = page.small(Image.new("RGB", (640, 320), "red"), 64)
    assert (picture.width, picture.height) == (64, 32)
    body = [
        *page.table(["", "<#1>"], [["Steps", "20"]]),
        *page.facts({"<b>": '"x" & y'}),
        page.picture(picture, '"><script>'),
        page.picture(None, ""),
        page.bar(2.0, "good"),
    ]
    text = page.head("</title><script>", "p { color: red }") + "".join(body) + page.FOOT
    read = Strict(text)
    assert "<script>" not in text
    assert '"x" & y' in read.text
    assert "This picture is missing." in read.text
    assert 'class="bar good" style="width:100.0%"' in text
    assert b"".join(page.encoded(["\ud800"])) == b"?"


def test_text_on_pictures() -> None:
    letters = font(14)
    assert drawable("Épée – 2×3 日\x1b") == "Epee - 2x3 ?"
    assert cut("short", letters, 200) == "short"
    assert cut("x" * 5000, letters, 100).endswith("…")
    lines = wrapped("one two three four five six", letters, 60, 2)
    assert len(lines) == 2
    assert all(letters.getlength(line) <= 60 for line in lines)


def test_a_report_replaces_nothing_by_chance(tmp_path: Path) -> None:
    ours, place = f"{markdown.SIGN}\nnew".encode(), tmp_path / "deep" / "out.md"
    assert files.write(place, ours) == place
    with pytest.raises(ExchangeError, match="is an earlier report"):
        files.write(place, ours)
    files.write(place, ours + b"er", replace=True)
    assert place.read_bytes().endswith(b"newer")
    place.write_text("my own notes on Safelight")
    for replace in (False, True):
        with pytest.raises(ExchangeError, match="is not an earlier report"):
            files.write(place, ours, replace=replace)
    with pytest.raises(ExchangeError, match="is a folder"):
        files.write(tmp_path, ours)
    with pytest.raises(ExchangeError, match="could not be written: File exists"):
        files.write(place / "x.md", ours)
    assert [path.name for path in place.parent.iterdir()] == ["out.md"]


def test_what_only_tells_of_a_report_is_none(tmp_path: Path) -> None:
    said, ours = PngInfo(), PngInfo()
    said.add_text("parameters", f"{files.SIGN} {page.GENERATOR}\n{markdown.SIGN}")
    said.add_text("Comment", f"Software\0{files.SIGN}".replace("\0", " "))
    ours.add_text("Software", files.SIGN)
    kept = {
        "run.png": _png(said),
        "page.html": f"<!DOCTYPE html><title>{page.GENERATOR}</title>".encode(),
        "notes.md": f"On this:\n{markdown.SIGN}".encode(),
        "mine.txt": files.SIGN.encode(),
    }
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ExchangeError, match="is not an earlier report"):
            files.place_of(tmp_path / name, replace=True)
    files.write(tmp_path / "grid.png", _png(ours))
    files.write(tmp_path / "grid.png", _png(ours), replace=True)
    head = page.head("A page").encode()
    files.write(tmp_path / "grid.html", head)
    assert files.place_of(tmp_path / "grid.html", replace=True).read_bytes() == head


def _png(told: PngInfo) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, format="PNG", pnginfo=told)
    return buffer.getvalue()
