"""Imports: what was exported comes back as it was, and nothing hostile gets in."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import infotext
from engine.errors import ExchangeError, HistoryError
from engine.exchange import Imported, export, import_
from engine.exchange import document as documents
from engine.exchange import source as sources
from engine.history import Entry, History
from engine.history.repair import rebuild
from engine.pictures.load import load_image
from engine.pictures.save import save_image
from engine.record import RunRecord, Status
from engine.spec import RunSpec
from tests.engine.exchanged import (
    CREATED,
    NASTY,
    add_run,
    files_in,
    metadata_of,
    picture,
    pictures_of,
    without_places,
)
from tests.engine.hostile import png

A1111 = (
    "a castle on a hill\nNegative prompt: people\nSteps: 25, Sampler: Euler a, CFG scale: 6.5, "
    "Seed: 42, Size: 64x64, Model: dreamshaper_8, Clip skip: 2"
)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[History]:
    """A history of somebody else."""
    history = History(tmp_path / "other")
    yield history
    history.close()


def entries(history: History, done: Imported) -> list[Entry]:
    found = [history.entry(run) for run in done.runs]
    assert None not in found
    return [entry for entry in found if entry is not None]


def some_runs(history: History) -> list[Entry]:
    """Runs of each kind."""
    made = [
        add_run(history, RunSpec(NASTY, seed=3, batch_size=2), rating=5, winner=True),
        add_run(
            history, RunSpec("old\n---\nyoung", switches={"precision": "fp16"}), tags=("a", "b")
        ),
        add_run(history, note="a note,\nof two lines"),
    ]
    run = history.new_id()
    failed = RunRecord(
        run, Status.FAILED, RunSpec("x"), CREATED, error="No.", advice={"split": "2"}
    )
    history.add(failed)
    left = RunRecord(history.new_id(), Status.INTERRUPTED, RunSpec("y"), CREATED, device="")
    history.add(left)
    found = [history.entry(each) for each in (run, left.id)]
    return made + [entry for entry in found if entry is not None]


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_there_and_back(history: History, other: History, tmp_path: Path, name: str) -> None:
    before = some_runs(history)
    export(history, [entry.id for entry in before], tmp_path / name)
    add_run(other)  # numbers are others there
    done = import_(other, tmp_path / name)
    assert (done.again, done.pictures, done.refused) == (0, 5, ())
    after = entries(other, done)
    assert [without_places(e) for e in after] == [without_places(e) for e in before]
    assert [pictures_of(e) for e in after] == [pictures_of(e) for e in before]
    assert all(Path(i.path).is_relative_to(other.folder) for e in after for i in e.record.images)

    files = files_in(other.folder)
    again = import_(other, tmp_path / name)
    assert (again.runs, again.again, again.pictures, again.refused) == ((), 5, 0, ())
    assert files_in(other.folder) == files
    assert not [path for path in files if path.endswith(".part")]


def test_a_run_that_comes_back_is_the_run_that_is_there(history: History, tmp_path: Path) -> None:
    entry = add_run(history)
    history.trash.put([add_run(history).id])
    export(history, [entry.id, entry.id + 1], tmp_path / "out")
    assert import_(history, tmp_path / "out").again == 2


def test_what_was_in_the_trash_is_not_there(
    history: History, other: History, tmp_path: Path
) -> None:
    entry = add_run(history)
    history.trash.put([entry.id])
    export(history, [entry.id], tmp_path / "out")
    (found,) = entries(other, import_(other, tmp_path / "out"))
    assert found.trashed_at == ""


def test_exports_in_a_larger_folder_and_pictures_beside_them(
    history: History, other: History, tmp_path: Path
) -> None:
    first, second = add_run(history, rating=3), add_run(history, RunSpec("another"))
    export(history, [first.id], tmp_path / "all" / "one")
    (tmp_path / "all" / "two" / "deep").mkdir(parents=True)
    source = Path(second.record.images[0].path)
    (tmp_path / "all" / "two" / "deep" / "renamed.PNG").write_bytes(source.read_bytes())
    done = import_(other, tmp_path / "all")
    assert [e.rating for e in entries(other, done)] == [3, 0]
    assert entries(other, done)[1].uid == second.uid
    assert done.refused == ()


def test_pictures_of_one_run_become_one_run(
    history: History, other: History, tmp_path: Path
) -> None:
    entry = add_run(history, RunSpec("old\n---\nyoung", seed=4, batch_size=2))
    done = import_(other, _copied(entry, tmp_path / "pictures"))
    (found,) = entries(other, done)
    assert found.uid == entry.uid
    assert found.record.spec == entry.record.spec
    assert found.record.status is Status.FINISHED
    assert found.record.created_at == CREATED
    assert pictures_of(found) == pictures_of(entry)
    assert [i.prompt for i in found.record.images] == ["old", "old", "young", "young"]
    assert import_(other, tmp_path / "pictures").again == 1


def test_one_picture_of_ours(history: History, other: History, tmp_path: Path) -> None:
    entry = add_run(history, RunSpec("a red sun", batch_size=2))
    done = import_(other, _copied(entry, tmp_path / "pictures") / "0.png")
    (found,) = entries(other, done)
    assert len(found.record.images) == 1
    assert found.uid == entry.uid


def _copied(entry: Entry, folder: Path) -> Path:
    folder.mkdir()
    for number, data in enumerate(pictures_of(entry)):
        (folder / f"{number}.png").write_bytes(data)
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_pictures_of_another_program(other: History, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "there" / f"00012{suffix}"
    save_image(picture(1), path, None, "x")  # its own text only, where the format has room
    path.unlink()
    _plain(path, A1111)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    before = path.read_bytes()
    done = import_(other, path.parent)
    assert done.refused == ()
    (entry,) = entries(other, done)
    record = entry.record
    assert record.spec.prompt == "a castle on a hill"
    assert (record.spec.seed, record.spec.num_inference_steps) == (42, 25)
    assert record.spec.checkpoint == "dreamshaper_8"
    assert (record.status, record.device, record.seconds.total) == (Status.FINISHED, "", 0)
    assert record.versions == {"imported from": "a1111"}
    assert record.created_at == "2023-11-14T22:13:20.000Z"
    assert any("Clip skip: 2" in note for note in record.notes)
    assert entry.uid == hashlib.sha256(before).hexdigest()[:32]
    (image,) = record.images
    assert Path(image.path).read_bytes() == before == path.read_bytes()
    assert (image.width, image.height, image.seed) == (64, 64, 42)
    assert "images/imported/2023-11-14/" in image.path
    (tmp_path / "there" / f"copy{suffix}").write_bytes(before)
    again = import_(other, path.parent)
    assert (again.runs, again.again, again.pictures) == ((), 2, 0)


def _plain(path: Path, text: str) -> None:
    """A picture as A1111 saves it."""
    from PIL.PngImagePlugin import PngInfo

    from engine.pictures import exif

    path.parent.mkdir(exist_ok=True)
    info = PngInfo()
    info.add_text("parameters", text)
    options: dict[str, Any] = {"pnginfo": info}
    if path.suffix != ".png":
        options = {"exif": exif.build(text)}
    picture(1).save(path, **options)


def test_the_checkpoint_that_is_meant_is_found_on_the_shelf(
    other: History, tmp_path: Path, sd: Path
) -> None:
    from engine.shelf import list_checkpoints

    here = sd.rename(sd.with_name("dreamshaper_8"))
    try:
        shelf = [e for e in list_checkpoints({str(here): CREATED}) if e.name == str(here)]
        _plain(tmp_path / "there" / "a.png", A1111)
        (entry,) = entries(other, import_(other, tmp_path / "there", shelf=shelf))
        assert entry.record.spec.checkpoint == str(here)
    finally:
        here.rename(sd)


def test_a_run_rebuilt_from_imported_pictures_is_the_same(
    history: History, other: History, tmp_path: Path
) -> None:
    entry = add_run(history)
    export(history, [entry.id], tmp_path / "out")
    import_(other, tmp_path / "out")
    other.close()
    (other.folder / "history.sqlite3").unlink()
    assert rebuild(other.folder).pictures == 1
    again = History(other.folder)
    try:
        assert import_(again, tmp_path / "out").again == 1
    finally:
        again.close()


def test_missing_and_changed_pictures_are_refused_and_the_run_is_kept(
    history: History, other: History, tmp_path: Path
) -> None:
    entry = add_run(history, RunSpec("a red sun", batch_size=3))
    export(history, [entry.id], tmp_path / "out")
    first, second, third = (
        tmp_path / "out" / "pictures" / Path(i.path).name for i in entry.record.images
    )
    first.unlink()
    second.write_bytes(third.read_bytes())
    done = import_(other, tmp_path / "out")
    assert dict(done.refused) == {
        f"pictures/{first.name}": "It is not there.",
        f"pictures/{second.name}": "It is not as it was when it was exported.",
    }
    (found,) = entries(other, done)
    assert [image.seed for image in found.record.images] == [2]
    assert pictures_of(found) == pictures_of(entry)[2:]


def test_stopped_half_way_it_leaves_whole_runs(
    history: History, other: History, tmp_path: Path
) -> None:
    runs = [add_run(history).id for _ in range(3)]
    export(history, runs, tmp_path / "out")

    def tell(done: int, of: int) -> None:
        assert of == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_(other, tmp_path / "out", tell=tell)
    assert other.count() == 2
    assert len(list((other.folder / "images").rglob("*.png"))) == 2
    assert import_(other, tmp_path / "out").again == 2
    assert other.count() == 3


def test_a_copy_that_has_no_row_is_used(
    history: History, other: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash between the picture and its row; one that was put there by us goes."""
    export(history, [add_run(history).id], tmp_path / "out")

    def full(_: Entry) -> int | None:
        raise HistoryError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(other, "adopt", full)
        with pytest.raises(HistoryError, match="full"):
            import_(other, tmp_path / "out")
    assert not list((other.folder / "images").rglob("*.png"))

    (entry,) = entries(other, import_(other, tmp_path / "out"))
    other.trash.put([entry.id])
    path = Path(entry.record.images[0].path)
    data = path.read_bytes()
    other.trash.empty()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    (entry,) = entries(other, import_(other, tmp_path / "out"))
    assert entry.record.images[0].path == str(path)
    other.trash.put([entry.id])
    other.trash.empty()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"something else")
    (entry,) = entries(other, import_(other, tmp_path / "out"))
    assert entry.record.images[0].path == str(path.with_name(f"{path.stem}-2.png"))
    assert path.read_bytes() == b"something else"


def test_nothing_to_import(other: History, tmp_path: Path) -> None:
    for name, why in (("nowhere", "No such file"), ("other", "of the history itself")):
        with pytest.raises(ExchangeError, match=why):
            import_(other, tmp_path / name)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ExchangeError, match="neither a folder"):
        import_(other, tmp_path / "text")
    (tmp_path / "empty").mkdir()
    assert import_(other, tmp_path / "empty") == Imported((), 0, 0, ())
    # The history itself is left out of a folder that holds it.
    add_run(other)
    (tmp_path / "text").unlink()
    assert import_(other, tmp_path) == Imported((), 0, 0, ())


def test_hostile_pictures_are_refused(other: History, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    spec = RunSpec("a red sun", width=64, height=64)
    good = metadata_of(1, 0, spec)
    whole = folder / "whole.png"
    save_image(picture(1), whole, good)
    cut = folder / "cut.png"
    save_image(picture(1), cut, {**good, "run": 3})
    cut.write_bytes(cut.read_bytes()[:-2000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("hello")
    (folder / "huge.png").write_bytes(png(size=(2**31 - 1, 2**31 - 1)))
    (folder / "silent.png").write_bytes(png())
    for name, bad in (
        ("seconds", {"seconds": {"total": float("nan")}}),
        ("run", {"run": "one"}),
        ("time", {"created_at": "../../etc"}),
        ("spec", {"spec": {"prompt": 7}}),
        ("list", {"spec": []}),
        ("index", {"index": 99}),
        ("number", {"run": -5}),
    ):
        save_image(picture(2), folder / f"{name}.png", {**good, "run": 2, **bad})
    (folder / "away.png").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "loop").symlink_to(folder)
    done = import_(other, folder)
    refused = dict(done.refused)
    names = {path.name for path in folder.glob("*.png")} - {"whole.png", "folder.png"}
    assert set(refused) == names
    assert all(why.endswith(".") and str(tmp_path) not in why for why in refused.values())
    assert refused["away.png"] == "It leads out of the folder."
    assert refused["pipe.png"] == "It is not a file."
    assert not [path for path in files_in(other.folder) if "etc" in path or path.endswith(".part")]
    for entry in entries(other, done):
        for image in entry.record.images:
            load_image(Path(image.path))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.update(rating=9),
        lambda run: run.update(tags=["two words"]),
        lambda run: run.update(tags="text"),
        lambda run: run.update(note="x" * 3000),
        lambda run: run.update(note="\ud800"),
        lambda run: run.update(created_at="yesterday"),
        lambda run: run.update(id=2**70),
        lambda run: run.update(steps=-1),
        lambda run: run["seconds"].update(total=float("inf")),
        lambda run: run["spec"].update(prompt=None),
        lambda run: run.update(images=[run["images"][0]] * 65),
        lambda run: run["images"][0].update(width=-1),
        lambda run: run.pop("spec"),
        lambda run: run.update(status="perfect"),
    ],
)
def test_runs_that_cannot_be_are_refused_one_by_one(
    history: History, other: History, tmp_path: Path, change: Change
) -> None:
    export(history, [add_run(history).id, add_run(history).id], tmp_path / "out")
    path = tmp_path / "out" / "runs.json"
    told = json.loads(path.read_text())
    change(told["runs"][0])
    path.write_text(json.dumps(told))
    done = import_(other, tmp_path / "out")
    assert len(done.runs) == 1
    assert done.refused == (("runs.json, run 1", "What it says of the run is damaged."),)


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.png", "..\\secret.png", "a\0b", ""])
def test_paths_in_an_export_stay_in_it(
    history: History, other: History, tmp_path: Path, name: str
) -> None:
    (tmp_path / "secret.png").write_bytes(png())
    export(history, [add_run(history).id], tmp_path / "out")
    path = tmp_path / "out" / "runs.json"
    told = json.loads(path.read_text())
    told["runs"][0]["images"][0]["path"] = name
    path.write_text(json.dumps(told))
    done = import_(other, tmp_path / "out")
    assert [refused for refused, _ in done.refused] == [name]
    assert done.pictures == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "not of an export"),
        ("{", "not of an export"),
        ("[" * 100_000, "not of an export"),
        ('{"safelight": "9", "format": 99}', "newer Safelight"),
        ('{"safelight": "9", "format": 1, "runs": 1, "files": {}}', "damaged"),
        ('{"safelight": "9", "format": 1, "runs": [], "files": {"a": 1}}', "damaged"),
    ],
)
def test_a_document_that_cannot_be_read(
    other: History, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "runs.json").write_text(text)
    ((name, said),) = import_(other, tmp_path / "out").refused
    assert name == "runs.json"
    assert why in said
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("runs.json", text)
    with pytest.raises(ExchangeError, match=why):
        import_(other, tmp_path / "out.zip")


def _zip(path: Path, told: dict[str, Any], *files: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("runs.json", json.dumps(told))
        for info, data in files:
            archive.writestr(info, data)
    return path


def _told(history: History, tmp_path: Path, *names: str) -> dict[str, Any]:
    """``runs.json`` of one run whose pictures have the names that are given."""
    entry = add_run(history, RunSpec("a red sun", batch_size=len(names)))
    export(history, [entry.id], tmp_path / "made")
    told: dict[str, Any] = json.loads((tmp_path / "made" / "runs.json").read_text())
    for image, name in zip(told["runs"][0]["images"], names, strict=True):
        image["path"] = name
    told["files"] = {}
    return told


def test_hostile_zips(history: History, other: History, tmp_path: Path) -> None:
    names = ("../../evil.png", "/tmp/evil.png", "C:\\evil.png", "link.png", "bomb.png", "no.png")
    told = _told(history, tmp_path, *names)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    bomb = zipfile.ZipInfo("bomb.png")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    good = png()
    path = _zip(
        tmp_path / "evil.zip",
        told,
        *((zipfile.ZipInfo(name), good) for name in names[:3]),
        (link, b"/etc/passwd"),
        (bomb, good + bytes(100 * 2**20)),
        (zipfile.ZipInfo("no.png"), b"MZ no picture"),
    )
    before = files_in(tmp_path)
    done = import_(other, path)
    assert dict(done.refused) == {
        **dict.fromkeys(names[:3], "It leads out of the archive."),
        "link.png": "It is a link.",
        "bomb.png": "The archive unpacks to far more than it holds.",
        "no.png": "It is not a picture that Safelight reads.",
    }
    assert done.pictures == 0
    assert {f for f in files_in(tmp_path) - before if not f.startswith("other/")} == set()
    assert "images" not in {path.split("/")[0] for path in files_in(other.folder)}


def test_damaged_and_encrypted_members(history: History, other: History, tmp_path: Path) -> None:
    told = _told(history, tmp_path, "a.png", "b.png", "c.png")
    data = picture_file()
    lzma = zipfile.ZipInfo("c.png")
    lzma.compress_type = zipfile.ZIP_LZMA
    path = _zip(
        tmp_path / "x.zip",
        told,
        (zipfile.ZipInfo("a.png"), data),
        (zipfile.ZipInfo("b.png"), data),
        (lzma, data),
    )
    raw = bytearray(path.read_bytes())
    at = raw.index(data)
    raw[at + len(data) // 2] ^= 0xFF  # the sum is wrong now
    entry = raw.rindex(b"PK\1\2", 0, raw.rindex(b"b.png"))
    raw[entry + 8] |= 1  # said to be encrypted
    path.write_bytes(raw)
    assert dict(import_(other, path).refused) == {
        "a.png": "It is damaged.",
        "b.png": "It is encrypted.",
        "c.png": "It is compressed in a way that Safelight does not read.",
    }
    for cut in (50, len(raw) // 2, len(raw) - 10):
        (tmp_path / "cut.zip").write_bytes(raw[:cut])
        with pytest.raises(ExchangeError):
            import_(other, tmp_path / "cut.zip")


def picture_file() -> bytes:
    """A picture of a few kilobytes, as PNG."""
    import io

    buffer = io.BytesIO()
    picture(3).save(buffer, "PNG")
    return buffer.getvalue()


def test_absurd_sizes(
    history: History, other: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = export(history, [add_run(history).id], tmp_path / "out.zip").path
    export(history, [1], tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(sources, "MAX_FILE_BYTES", 10)
        with pytest.raises(ExchangeError, match="too large"):
            import_(other, out)
    with monkeypatch.context() as patched:
        patched.setattr(sources, "MAX_FILES", 2)
        with pytest.raises(ExchangeError, match="2 at most"):
            import_(other, out)
    with monkeypatch.context() as patched:
        patched.setattr(sources, "_MAX_DIRECTORY_BYTES", 10)
        with pytest.raises(ExchangeError, match="lists more files"):
            import_(other, out)
    with monkeypatch.context() as patched:
        patched.setattr(documents, "MAX_RUNS", 0)
        assert "0 at most" in import_(other, tmp_path / "out").refused[0][1]
        with pytest.raises(ExchangeError, match="too many"):
            export(history, [1], tmp_path / "more")
    with monkeypatch.context() as patched:
        patched.setattr(documents, "MAX_BYTES", 100)
        assert "too large" in import_(other, tmp_path / "out").refused[0][1]
        with pytest.raises(ExchangeError, match="in parts"):
            export(history, [1], tmp_path / "more")


def test_infotext_of_ours_names_the_checkpoint(other: History, tmp_path: Path) -> None:
    """A picture of ours from which a site has taken our own text, and left the other one."""
    spec = RunSpec("a red sun", seed=9, width=64, height=64)
    _plain(tmp_path / "there" / "a.png", infotext.write(spec, 0))
    (entry,) = entries(other, import_(other, tmp_path / "there"))
    assert entry.record.spec == spec


def test_what_a_run_lacks_comes_later(history: History, other: History, tmp_path: Path) -> None:
    """One picture of a batch first, then all of them, then the export with what was said."""
    run = add_run(history, RunSpec("a sun", seed=3, batch_size=3), rating=4, tags=("keep",))
    history.marks.note([run.id], "the best")
    whole = history.entry(run.id)
    assert whole is not None
    export(history, [run.id], tmp_path / "out")
    files = files_in(tmp_path / "out" / "pictures")
    (tmp_path / "one").mkdir()
    second = sorted(files)[1]
    (tmp_path / "one" / "a.png").write_bytes((tmp_path / "out" / "pictures" / second).read_bytes())
    first = import_(other, tmp_path / "one")
    assert (len(first.runs), first.pictures) == (1, 1)
    (number,) = first.runs
    partial = other.entry(number)
    assert partial is not None
    assert partial.record.status is Status.CANCELLED

    then = import_(other, tmp_path / "out" / "pictures")
    assert (len(then.runs), then.again, then.pictures) == (0, 1, 2)
    entry = other.entry(number)
    assert entry is not None
    assert entry.record.status is Status.FINISHED
    assert [image.seed for image in entry.record.images] == [3, 4, 5]
    assert pictures_of(entry) == pictures_of(whole)
    assert (entry.rating, entry.uid) == (0, whole.uid)

    last = import_(other, tmp_path / "out")
    assert (last.again, last.pictures) == (1, 0)
    entry = other.entry(number)
    assert entry is not None
    assert (entry.rating, entry.tags, entry.note) == (4, ("keep",), "the best")
    other.marks.rate([number], 1)
    import_(other, tmp_path / "out")
    again = other.entry(number)
    assert again is not None
    assert again.rating == 1, "what was said here stays"


def test_a_damaged_picture_of_ours_is_no_run(
    history: History, other: History, tmp_path: Path
) -> None:
    run = add_run(history, RunSpec("a sun"))
    path = Path(run.record.images[0].path)
    (tmp_path / "in").mkdir()
    damaged = tmp_path / "in" / "a.png"
    content = path.read_bytes()
    damaged.write_bytes(content[: len(content) * 2 // 3])
    done = import_(other, tmp_path / "in")
    assert (list(done.runs), len(done.refused)) == ([], 1)
    assert other.count() == 0
    damaged.write_bytes(content)
    assert len(import_(other, tmp_path / "in").runs) == 1
