"""What a sweep will take, and its grid as pictures and as a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from engine.group import Group, Kind
from engine.history import History
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec
from engine.sweep import Grid, Sweep, grid, order, parse_sweep
from engine.sweep.files import write_html, write_png
from engine.sweep.outlook import Outlook, outlook
from engine.sweep.picture import pages
from tests.engine.histories import record_of, with_picture
from tests.engine.pages import seen

BASE = RunSpec("a red sun", width=128, height=128)
GROUP = Group("abc234", Kind.SWEEP, "2026-01-31T10:00:00.000Z", "a sweep")
RED = (200, 30, 40)


def ahead(
    sweep: Sweep, records: list[RunRecord] | None = None, free_bytes: int | None = None
) -> Outlook:
    cells = sweep.cells()
    return outlook(sweep, [cells[i] for i in order(cells)], records or [], free_bytes=free_bytes)


def test_how_many_runs_and_how_long() -> None:
    sweep = parse_sweep(["steps=10,20,0", "seed=1..4"], BASE)
    unknown = ahead(sweep)
    assert (unknown.runs, unknown.impossible, unknown.seconds) == (8, 4, None)
    assert unknown.sentence == (
        "8 runs, time unknown: no run like them yet; 1 load; 4 cells impossible."
    )
    made = [
        record_of(
            number,
            BASE.with_(num_inference_steps=steps),
            seconds=Seconds(load=2.0, denoise=steps / 10, total=steps / 10 + 2.5),
            evaluations=steps,
            steps=steps,
        )
        for number, steps in ((1, 10), (2, 20), (3, 10), (4, 20))
    ]
    known = ahead(sweep, made)
    assert known.seconds == pytest.approx(4 * (1.5 + 2.5) + 2.0), "the runs and one load"
    assert known.sentence.startswith("8 runs, about 18.0 s; 1 load;")
    assert (known.memory_bytes, known.fits) == (10**9, "Whether it fits is not known yet.")
    assert ahead(parse_sweep(["batch=1,2"], BASE)).sentence.startswith("2 runs with 3 pictures, ")
    other = parse_sweep(["checkpoint=scenes,/a/folder"], BASE.with_(num_inference_steps=10))
    assert "about 3.50 s besides 1 whose time is unknown" in ahead(other, made).sentence


def test_whether_it_fits() -> None:
    sides = (128, 256, 384)
    made = [
        record_of(n, BASE.with_(width=side, height=side), memory_peak_bytes=side**2 * 20_000)
        for n, side in enumerate(sides, 1)
    ]
    sweep = parse_sweep(["size=128,256,384"], BASE)
    told = ahead(sweep, made, free_bytes=10**9)
    assert told.too_large == (1, 2)
    assert told.fits == "2 runs may not fit: Size 384x384 needs about 2.7 GB, 954 MB are free."
    assert ahead(sweep, made, free_bytes=10**10).fits == "Fits: at most 2.7 GB of 9.3 GB free."
    assert ahead(sweep, made, free_bytes=0).too_large == (0, 1, 2), "nothing is free"


def test_what_is_compiled_is_paid_once() -> None:
    switches = {"compile": "regional"}
    specs = [BASE.with_(width=side, switches=switches, num_inference_steps=10) for side in (64, 72)]
    seconds = Seconds(load=4.0, compile=30.0, denoise=0.5, total=35.0)
    made = [record_of(number, spec, seconds=seconds) for number, spec in enumerate(specs, 1)]
    sweep = parse_sweep(["width=64,72", "seed=1..3"], specs[0])
    told = ahead(sweep, made)
    assert told.bill.recompiles == 2
    assert told.seconds == pytest.approx(6 * 1.0 + 4.0 + 2 * 30.0)


def test_a_vae_takes_less_than_a_checkpoint() -> None:
    def run(number: int, load: float, vae: str = "default") -> RunRecord:
        switches = {} if vae == "default" else {"vae": vae}
        seconds = Seconds(load=load, denoise=0.5, total=load + 1.0)
        return record_of(number, BASE.with_(switches=switches), seconds=seconds)

    made = [run(5, 0.5), run(4, 0.6, "/b"), run(3, 0.4, "/a"), run(2, 0.0), run(1, 20.0)]
    told = ahead(parse_sweep(["vae=default,/a,/b"], BASE), made)
    assert told.seconds == pytest.approx(3 * 1.0 + 20.0 + 2 * 0.5)


# The grid, written


def made_of(sweep: Sweep, history: History, *, batch: int = 1) -> Grid:
    """A grid whose cells are done, all but the last two that could be."""
    records: dict[int, RunRecord] = {}
    possible = [cell for cell in sweep.cells() if cell.spec is not None]
    for cell in possible[:-2]:
        assert cell.spec is not None
        record = record_of(history.new_id(), cell.spec, group="abc234", cell=cell.index)
        path = Path(with_picture(history, record).images[0].path)
        Image.new("RGB", (128, 128), RED).save(path)
        image = ImageRecord(str(path), 0, 128, 128)
        records[cell.index] = RunRecord.from_json(
            {**record.to_json(), "images": [image.to_json()] * batch}
        )
    if len(possible) > 1:
        broken = possible[-2]
        assert broken.spec is not None
        records[broken.index] = record_of(
            99, broken.spec, status=Status.FAILED, error="It <b>broke</b>."
        )
    return grid(sweep, records)


def pixels(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many pixels are of a colour, or as near as WebP has it."""
    low, high = ([c + away for c in colour] for away in (-12, 12))
    found = [
        channel.point([255 * (a <= value <= b) for value in range(256)])
        for channel, a, b in zip(image.split(), low, high, strict=True)
    ]
    return ImageChops.multiply(ImageChops.multiply(found[0], found[1]), found[2]).histogram()[255]


def test_a_grid_is_one_picture_at_full_size(history: History, tmp_path: Path) -> None:
    found = made_of(parse_sweep(["steps=1,2,0", "seed=1,2,3"], BASE), history)
    (page,) = pages(found, "Sweep")
    assert pixels(page, RED) == 4 * 128 * 128, "each pixel of each"
    (place,) = write_png(found, GROUP, str(tmp_path / "grid"))
    assert place == str(tmp_path / "grid.png")
    with Image.open(place) as image:
        assert image.size == page.size
        assert image.info["Software"] == "Safelight report"


def test_a_batch_is_side_by_side(history: History) -> None:
    found = made_of(parse_sweep(["steps=1,2,3"], BASE), history, batch=4)
    (page,) = pages(found, "Sweep")
    assert pixels(page, RED) == 4 * 128 * 128


@pytest.mark.parametrize("most", [200_000, 110_000])
def test_a_large_grid_is_pages_within_the_cap(history: History, most: int) -> None:
    found = made_of(parse_sweep(["steps=1..3", "seed=1..3", "guidance=1,2"], BASE), history)
    made = list(pages(found, "Sweep", most=most))
    assert len(made) > 1
    assert all(page.width * page.height <= most for page in made)
    assert sum(pixels(page, RED) for page in made) == 16 * 128 * 128, (
        "nothing is left out, and nothing there twice"
    )


def test_pages_get_numbers(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made_of(parse_sweep(["steps=1..5"], BASE), history)
    two = [Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8))]
    monkeypatch.setattr("engine.sweep.files.pages", lambda *_: iter(two))
    written = write_png(found, GROUP, str(tmp_path / "grid.png"))
    assert written == [str(tmp_path / "grid-1.png"), str(tmp_path / "grid-2.png")]
    mine = tmp_path / "grid-3.png"
    monkeypatch.setattr("engine.sweep.files.pages", lambda *_: iter(two[:1]))
    write_png(found, GROUP, str(mine))  # a grid of its own
    (now,) = write_png(found, GROUP, str(tmp_path / "grid.png"), replace=True)
    assert sorted(tmp_path.glob("grid*")) == [mine, Path(now)], "no page of before is left"
    monkeypatch.setattr("engine.sweep.files.pages", lambda *_: iter(two))
    again = write_png(found, GROUP, str(tmp_path / "grid.png"), replace=True)
    assert sorted(tmp_path.glob("grid*")) == [*map(Path, again), mine]


def test_a_page_in_a_real_browser(history: History, tmp_path: Path) -> None:
    found = made_of(parse_sweep(["steps=1,2,0", "prompt=<i>a</i>,b,c"], BASE), history)
    (place,) = write_html(found, GROUP, str(tmp_path / "grid.html"))
    text = Path(place).read_text("utf-8")
    assert "<i>" not in text
    assert "<b>broke" not in text
    assert "It &lt;b&gt;broke&lt;/b&gt;." in text
    assert text.count("<img") == text.count("<a href=") == 4
    shown = seen(Path(place), tmp_path, (900, 1100))
    assert pixels(shown, RED) == pytest.approx(4 * 128 * 128, rel=0.1)
