"""Exports: whole or not at all, safe to look at, and never over what is not ours."""

from __future__ import annotations

import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import ExchangeError, HistoryError
from engine.exchange import export
from engine.exchange.strip import strip
from engine.history import History
from engine.record import RunRecord, Status
from engine.report.draw import drawable
from engine.spec import RunSpec
from tests.engine.exchanged import CREATED, NASTY, add_run, files_in, picture, pictures_of
from tests.engine.raw import rewrite


class Reader(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_folder(history: History, tmp_path: Path) -> None:
    first = add_run(history, RunSpec("a red sun", seed=7, batch_size=2), rating=4, tags=("sun",))
    second = add_run(history, RunSpec("a red sun", seed=7, num_inference_steps=30), note="softer")
    done = export(history, [first.id, second.id], tmp_path / "new" / "out")
    out = tmp_path / "new" / "out"
    assert (done.path, done.runs, done.pictures, done.missing) == (out, 2, 3, ())
    names = {f"pictures/{Path(i.path).name}" for e in (first, second) for i in e.record.images}
    assert files_in(out) == {"runs.json", "index.html", "contact-sheet.png", *names}
    assert files_in(tmp_path / "new") == {f"out/{name}" for name in files_in(out)}
    for image, data in zip(first.record.images, pictures_of(first), strict=True):
        assert (out / "pictures" / Path(image.path).name).read_bytes() == data

    told = json.loads((out / "runs.json").read_text())
    assert told["format"] == 1
    assert [run["id"] for run in told["runs"]] == [first.id, second.id]
    assert told["runs"][0]["rating"] == 4
    assert {image["path"] for run in told["runs"] for image in run["images"]} == names

    page = (out / "index.html").read_text()
    read = Reader(page)
    assert [t for t, _ in read.tags if t in ("script", "link", "iframe")] == []
    heads = read.text[: read.text.index("The same in all")]
    assert "Steps" in heads
    assert "Scheduler" not in heads
    assert "softer" in read.text
    assert "★★★★☆" in read.text
    links = [a["href"] for t, a in read.tags if t == "a" and not str(a["href"]).startswith("#")]
    assert sorted(map(str, links)) == sorted(names)
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 3 * 256


def test_a_zip_holds_the_same(history: History, tmp_path: Path) -> None:
    run = add_run(history).id
    export(history, [run], tmp_path / "out")
    export(history, [run], tmp_path / "out.ZIP")
    with zipfile.ZipFile(tmp_path / "out.ZIP") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == files_in(tmp_path / "out")
        for name in files_in(tmp_path / "out") - {"runs.json"}:
            assert archive.read(name) == (tmp_path / "out" / name).read_bytes()


def test_what_is_there_stays(history: History, tmp_path: Path) -> None:
    run = add_run(history).id
    for name, why in (("notes", "holds notes.txt"), ("notes/notes.txt", "is a file")):
        (tmp_path / "notes").mkdir(exist_ok=True)
        (tmp_path / "notes" / "notes.txt").write_text("mine")
        with pytest.raises(ExchangeError, match=why):
            export(history, [run], tmp_path / name, replace=True)
    (tmp_path / "mine.zip").write_bytes(b"no zip")
    with pytest.raises(ExchangeError, match="not an earlier export"):
        export(history, [run], tmp_path / "mine.zip", replace=True)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("notes.txt", "mine")
    with pytest.raises(ExchangeError, match="not an earlier export"):
        export(history, [run], tmp_path / "other.zip", replace=True)
    assert (tmp_path / "notes" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "mine.zip").read_bytes() == b"no zip"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_an_earlier_export_is_replaced_when_asked(
    history: History, tmp_path: Path, name: str
) -> None:
    first, second = add_run(history).id, add_run(history).id
    to = tmp_path / name
    export(history, [first], to)
    with pytest.raises(ExchangeError, match="--replace"):
        export(history, [second], to)
    export(history, [second], to, replace=True)
    assert {path.name for path in tmp_path.iterdir()} == {name, "data"}
    export(history, [first], to, replace=True)


def test_an_earlier_export_that_was_worked_on_stays(history: History, tmp_path: Path) -> None:
    run = add_run(history).id
    export(history, [run], tmp_path / "out")
    (tmp_path / "out" / "index.html").write_text("mine now")
    with pytest.raises(ExchangeError, match=r"holds index\.html"):
        export(history, [run], tmp_path / "out", replace=True)
    export(history, [run], tmp_path / "more")
    (tmp_path / "more" / "pictures" / "own.png").write_text("mine")
    with pytest.raises(ExchangeError, match=r"holds pictures/own\.png"):
        export(history, [run], tmp_path / "more", replace=True)


def test_an_empty_folder_will_do_but_not_the_one_of_the_caller(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(history).id
    (tmp_path / "empty").mkdir()
    export(history, [run], tmp_path / "empty")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ExchangeError, match="the folder that you are in"):
        export(history, [run], Path())
    with pytest.raises(ExchangeError, match="inside the history"):
        export(history, [run], history.folder / "images" / "out")


def test_stopped_half_way_it_leaves_nothing(history: History, tmp_path: Path) -> None:
    runs = [add_run(history).id for _ in range(3)]

    def tell(done: int, of: int) -> None:
        assert of == 3
        if done == 2:
            raise KeyboardInterrupt

    for name in ("out", "out.zip"):
        with pytest.raises(KeyboardInterrupt):
            export(history, runs, tmp_path / name, tell=tell)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_place_that_cannot_be_written(history: History, tmp_path: Path) -> None:
    run = add_run(history).id
    (tmp_path / "file").write_text("")
    with pytest.raises(ExchangeError, match="could not be written"):
        export(history, [run], tmp_path / "file" / "out")


def test_missing_and_damaged_pictures_are_said(history: History, tmp_path: Path) -> None:
    entry = add_run(history, RunSpec("a red sun", batch_size=3))
    gone, broken, _ = (Path(image.path) for image in entry.record.images)
    gone.unlink()
    broken.write_bytes(b"no picture")
    done = export(history, [entry.id], tmp_path / "out")
    assert done.pictures == 2
    assert len(done.missing) == 2
    assert "not there" in done.missing[0]
    assert str(broken) in done.missing[1]
    assert (tmp_path / "out" / "pictures" / broken.name).read_bytes() == b"no picture"
    assert (tmp_path / "out" / "index.html").read_text().count("This picture is missing.") == 2


def test_runs_without_pictures_and_runs_that_are_not_there(
    history: History, tmp_path: Path
) -> None:
    spec = RunSpec("a red sun")
    run = history.new_id()
    history.add(RunRecord(run, Status.FAILED, spec, CREATED, error="No memory was left."))
    export(history, [run], tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "No memory was left." in page
    assert files_in(tmp_path / "out") == {"runs.json", "index.html"}
    with pytest.raises(HistoryError, match="no run #99"):
        export(history, [run, 99], tmp_path / "other")
    with pytest.raises(ExchangeError, match="Name a run"):
        export(history, [], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_names_do_not_collide(history: History, tmp_path: Path) -> None:
    entries = [add_run(history, RunSpec("a red sun", seed=seed)) for seed in (1, 2)]
    other = history.folder / "images" / "2026-02-01" / Path(entries[0].record.images[0].path).name
    other.parent.mkdir()
    Path(entries[1].record.images[0].path).rename(other.with_name(other.name.upper()))
    record = entries[1].to_json()
    record["images"][0]["path"] = f"images/2026-02-01/{other.name.upper()}"
    rewrite(history, entries[1].id, record)
    done = export(history, [entry.id for entry in entries], tmp_path / "out")
    assert done.pictures == 2
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 2
    assert len({p.name.lower() for p in (tmp_path / "out" / "pictures").iterdir()}) == 2


def test_all_text_is_escaped(history: History, tmp_path: Path) -> None:
    one = add_run(history, RunSpec(NASTY, seed=7), note="</dd><img src=x onerror=y>")
    two = add_run(history, RunSpec("plain", negative_prompt="<b>", switches={"vae": "<i>"}))
    export(history, [one.id, two.id], tmp_path / "out")
    read = Reader((tmp_path / "out" / "index.html").read_text())
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "b", "i"})
    assert [a for t, a in read.tags if t == "img" and a["src"] == "x"] == []
    assert "<script>alert(1)</script>" in read.text
    assert "</dd><img src=x onerror=y>" in read.text


def test_many_pictures_fill_several_sheets(history: History, tmp_path: Path) -> None:
    runs = [add_run(history, RunSpec("sun", seed=s, batch_size=16)).id for s in (0, 100)]
    export(history, runs, tmp_path / "out")
    sheets = sorted(path.name for path in (tmp_path / "out").glob("contact-sheet*"))
    assert sheets == ["contact-sheet-2.png", "contact-sheet.png"]


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".png", {}),
        (".jpg", {"quality": 80, "comment": b"SECRET"}),
        (".jpg", {"quality": 80, "progressive": True}),
        (".webp", {"lossless": True}),
        (".webp", {"quality": 80}),
    ],
)
def test_metadata_is_taken_out_and_the_pixels_stay(
    tmp_path: Path, suffix: str, options: dict[str, object]
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    path = tmp_path / f"a{suffix}"
    image = picture(7)
    if suffix == ".png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("parameters", "SECRET")
        info.add_itxt("safelight", "SECRET")
        options = {"pnginfo": info}
    else:
        options = {**options, "xmp": b"<x>SECRET</x>"}
    image.save(path, exif=exif, **options)  # type: ignore[arg-type]
    data = path.read_bytes() + b"SECRET"
    assert data.count(b"SECRET") > 2
    stripped = strip(data)
    assert b"SECRET" not in stripped
    (tmp_path / "b").write_bytes(stripped)
    with Image.open(path) as before, Image.open(tmp_path / "b") as after:
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()
    for cut in (3, 12, 30, len(stripped) // 2, len(stripped) - 3):
        with pytest.raises(ExchangeError):
            strip(stripped[:cut])


def test_an_export_without_metadata(history: History, tmp_path: Path) -> None:
    entry = add_run(history)
    done = export(history, [entry.id], tmp_path / "out", metadata=False)
    assert done.missing == ()
    (exported,) = (tmp_path / "out" / "pictures").iterdir()
    assert b"safelight" not in exported.read_bytes()
    with Image.open(exported) as after:
        assert after.convert("RGB").tobytes() == picture(7).tobytes()


def test_captions_are_drawable() -> None:
    assert drawable("Café ×2 – 日本\x1b[0m") == "Cafe x2 - ?? [0m"
