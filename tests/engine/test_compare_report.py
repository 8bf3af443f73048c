"""Comparisons as files: whole, safe to open, and with every picture in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from PIL import Image

from engine.compare import Comparison, Side, of_batch, sheet
from engine.compare.report import Contents, write_report
from engine.errors import ExchangeError
from engine.history import History
from engine.measure.request import MeasurementResult, Sample
from engine.measure.request import Side as Measured
from engine.measure.verdict import Verdict
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord
from engine.spec import RunSpec
from tests.engine.exchanged import NASTY, add_run
from tests.engine.histories import record_of
from tests.engine.pages import Strict, seen


def run(
    folder: Path, number: int, colour: str, prompt: str = "a red sun", side: int = 64
) -> RunRecord:
    """A run whose picture is of one colour."""
    path = save_image(Image.new("RGB", (side, side), colour), folder / f"{number}.png", None)
    spec = RunSpec(prompt, seed=7, width=side, height=side)
    return record_of(number, spec, images=(ImageRecord(str(path), 7, side, side),))


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    """A red picture, a blue one of a nasty prompt, and one that is gone."""
    runs = [
        run(tmp_path, 1, "red"),
        run(tmp_path, 2, "blue", NASTY),
        run(tmp_path, 3, "green"),
    ]
    (tmp_path / "3.png").unlink()
    return Contents.of(Comparison(tuple(map(Side, runs))), winners=[2])


def colours(image: Image.Image) -> dict[object, int]:
    """How many pixels are of each colour."""
    return {colour: count for count, colour in image.getcolors(10**6) or []}


def measured() -> MeasurementResult:
    """Two sides of which the second is faster, and one that failed."""
    sides = [
        Measured(name, RunSpec("sun"), samples=(Sample(0.1, seconds, 0.1, 2**30),) * 3)
        for name, seconds in (("A", 1.0), ("<B>", 0.4))
    ]
    failed = Measured("C", RunSpec("sun"), error="Not enough memory.")
    verdicts = (None, Verdict(0.5, 0.48, 0.52, True), None)
    return MeasurementResult((*sides, failed), verdicts, 3)


def test_a_page(contents: Contents, tmp_path: Path) -> None:
    place = write_report(contents, tmp_path / "out" / "page.html")
    text = place.read_text()
    read = Strict(text)
    red, blue, difference = read.pictures
    assert [image.getpixel((5, 5)) for image in (red, blue)] == [(255, 0, 0), (0, 0, 255)]
    assert difference.getpixel((5, 5)) == (255, 0, 255)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    for words in (
        *("#2 and #3 against #1", "This picture is missing.", "winner", "SSIM 0."),
        *("3.png is not there any more.", "Times are those of one run each", "Whole call"),
    ):
        assert words in read.text


def test_a_page_in_a_browser(contents: Contents, tmp_path: Path) -> None:
    place = write_report(replace(contents, measured=measured()), tmp_path / "page.html")
    shown = seen(place, tmp_path)
    assert shown.size == (1200, 900)
    counts = colours(shown)
    for colour in ((255, 0, 0), (0, 0, 255), (255, 0, 255)):
        assert counts[colour] >= 64 * 64
    assert shown.getpixel((3, 3)) in ((251, 250, 248), (23, 22, 20))


def test_what_was_measured(contents: Contents, tmp_path: Path) -> None:
    with_times = replace(contents, measured=measured())
    page = Strict(write_report(with_times, tmp_path / "m.html").read_text())
    document = write_report(with_times, tmp_path / "m.md").read_text()
    for text in (page.text, document):
        assert "2.0x faster" in text
        assert "1.20 s (1.20 s – 1.20 s)" in text
        assert "Not enough memory." in text
        assert "3 turns" in text
        assert "Times are those of one run each" not in text
    assert write_report(with_times, tmp_path / "m.png").is_file()


def test_markdown_with_its_pictures(contents: Contents, tmp_path: Path) -> None:
    place = write_report(contents, tmp_path / "out" / "my notes.md")
    reader = MarkdownIt("commonmark").enable("table")
    inline = [token for token in reader.parse(place.read_text()) if token.type == "inline"]
    children = [child for token in inline for child in token.children or ()]
    paths = [str(child.attrs["src"]) for child in children if child.type == "image"]
    assert len(paths) == 3
    for path in paths:
        assert path.startswith("my%20notes-pictures/")
        Image.open(place.parent / path.replace("%20", " ")).verify()
    html = {child.content for child in children if child.type == "html_inline"}
    assert html <= {"<ins>", "</ins>", "<del>", "</del>"}
    assert "alert(1)" in "".join(child.content for child in children)
    folder = place.parent / "my notes-pictures"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_report(contents, place, replace=True)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert before == after


def test_a_sheet_at_native_size(contents: Contents, tmp_path: Path) -> None:
    place = write_report(contents, tmp_path / "out.png")
    image = Image.open(place).convert("RGB")
    counts = colours(image)
    assert (counts[255, 0, 0], counts[0, 0, 255]) == (64 * 64, 64 * 64)
    assert image.width < 1000


def test_a_sheet_of_large_pictures_is_capped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "MAX_WIDTH", 400)
    runs = [run(tmp_path, number, "red", side=400) for number in (1, 2)]
    image = sheet.sheet(Contents.of(Comparison(tuple(map(Side, runs)))))
    counts = colours(image)
    assert counts[255, 0, 0] == 2 * 200 * 200


def test_all_that_a_batch_is(history: History, tmp_path: Path) -> None:
    record = add_run(history, RunSpec("old\n---\nyoung", seed=7, batch_size=2)).record
    contents = Contents.of(of_batch(record))
    assert contents.title == "#1.2, #1.3 and #1.4 against #1.1"
    for suffix in (".png", ".html", ".md"):
        assert write_report(contents, tmp_path / f"out{suffix}").is_file()
    assert "young" in Strict((tmp_path / "out.html").read_text()).text


def test_nothing_is_replaced_by_chance(contents: Contents, tmp_path: Path) -> None:
    for suffix in (".png", ".html", ".md"):
        place = write_report(contents, tmp_path / f"out{suffix}")
        with pytest.raises(ExchangeError, match="is an earlier report"):
            write_report(contents, place)
        write_report(contents, place, replace=True)
        place.write_text("mine")
        with pytest.raises(ExchangeError, match="is not an earlier report"):
            write_report(contents, place, replace=True)
        assert place.read_text() == "mine"
    with pytest.raises(ExchangeError, match=r"should end in \.png, \.html or \.md"):
        write_report(contents, tmp_path / "out.pdf")
