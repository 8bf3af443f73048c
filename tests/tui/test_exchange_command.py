"""Export, import and rerun on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.api import Emit
from engine.events import RunFinished
from engine.history import History
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord
from engine.spec import RunSpec
from tests.engine.exchanged import add_run, files_in, metadata_of, picture, without_places
from tests.tui.scripted import ScriptedEngine, record_of
from tui.cli import main
from tui.lab import RealLab


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    history = History(tmp_path / "home" / "data")
    yield history
    history.close()


def test_there_and_back(
    history: History,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [add_run(history, RunSpec("sun", seed=seed), rating=seed) for seed in (1, 2, 3)]
    assert main(["export", "1-2", "#3", "--to", str(tmp_path / "out.zip")]) == 0
    assert "3 runs with 3 pictures in " in capsys.readouterr().out
    search = ["--search", "rating:>=2", "--to", str(tmp_path / "out")]
    assert main(["export", *search, "--no-metadata", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"path": str(tmp_path / "out"), "runs": 2, "pictures": 2, "missing": []}

    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "new"))
    assert main(["import", str(tmp_path / "out.zip"), str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"runs": [1, 2, 3], "again": 2, "pictures": 3, "refused": []}
    other = History(tmp_path / "new" / "data")
    found = [other.entry(run) for run in told["runs"]]
    other.close()
    assert [without_places(e) for e in found if e] == [without_places(e) for e in entries]
    assert main(["import", str(tmp_path / "out")]) == 0
    assert "0 runs with 0 pictures, 2 were here already." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["export", "--to", "x"], 2, "Name the runs"),
        (["export", "1", "--search", "sun", "--to", "x"], 2, "Name the runs"),
        (["export", "9", "--to", "x"], 1, "no run #9"),
        (["export", "--search", "moon", "--to", "x"], 1, "No run is like that"),
        (["export", "--search", "rting:3", "--to", "x"], 2, "Did you mean “rating”?"),
        (["import", "nowhere"], 1, "cannot be read"),
        (["rerun", "9"], 1, "no run #9"),
        (["rerun", "sun"], 2, "not a run"),
        (["rerun", "1", "--device", "abacus"], 2, "no device called"),
    ],
)
def test_sentences(
    history: History,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    why: str,
) -> None:
    add_run(history)
    monkeypatch.chdir(tmp_path)
    assert main(words) == code
    assert why in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_what_is_refused_and_missing_is_told(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = add_run(history)
    Path(entry.record.images[0].path).unlink()
    assert main(["export", "1", "--to", str(tmp_path / "out")]) == 0
    assert "It is not there." in capsys.readouterr().err
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "\x1b[31m.png").write_bytes(b"no picture")
    before = files_in(history.folder)
    assert main(["import", str(tmp_path / "in")]) == 1
    told = capsys.readouterr()
    assert "␛[31m.png: It is not" in told.err
    assert "1 refused" in told.out
    assert files_in(history.folder) == before


class Redrawing(ScriptedEngine):
    """Makes pictures at once, into the history's folder, and keeps no row."""

    folder: Path
    changed: dict[str, Any] = {}
    shift = 0

    def submit(self, spec: RunSpec) -> int:
        run = super().submit(spec)
        self.begin()
        images = []
        for index, (_, seed) in enumerate(spec.pictures):
            path = self.folder / "again" / f"{index}.png"
            save_image(
                picture(seed + index * 1000 + self.shift), path, metadata_of(run, index, spec)
            )
            images.append(ImageRecord(str(path), seed, 64, 64))
        record = replace(record_of(run, spec), images=tuple(images), **self.changed)
        self.current = None
        self.emit(RunFinished(run, record, ()))
        return run


@pytest.fixture
def drawn(history: History, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run of two pictures, and an engine that makes them again."""
    entry = add_run(history, RunSpec("a red sun", seed=7, batch_size=2))
    Redrawing.folder = history.folder
    Redrawing.shift = 0
    Redrawing.changed = {"versions": entry.record.versions}

    def open_engine(_: RealLab, emit: Emit) -> ScriptedEngine:
        return Redrawing(emit)

    monkeypatch.setattr(RealLab, "open", open_engine)
    return entry.record


def test_a_rerun_that_is_the_same(drawn: RunRecord, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", str(drawn.id), "--verify"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[1:] == [
        "picture 1, seed 7: identical",
        "picture 2, seed 8: identical",
    ]
    assert main(["rerun", f"#{drawn.id}", "--verify", "--json"]) == 0
    told_json = json.loads(capsys.readouterr().out)
    assert told_json["identical"] is True
    assert told_json["run"]["spec"] == drawn.spec.to_json()
    assert main(["rerun", str(drawn.id), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"] == drawn.spec.to_json()


def test_a_rerun_that_differs_says_how_and_why(
    drawn: RunRecord, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redrawing, "shift", 1)
    assert main(["rerun", str(drawn.id), "--verify"]) == 1
    told = capsys.readouterr().out
    assert "of the pixels differ, by at most" in told
    assert "PSNR" in told
    assert "Nothing that the record knows has changed" in told
    versions = {**drawn.versions, "torch": "2.10.0"}
    monkeypatch.setattr(Redrawing, "changed", {"versions": versions, "device": "cuda:0"})
    assert main(["rerun", str(drawn.id), "--verify", "--json"]) == 1
    told_json = json.loads(capsys.readouterr().out)
    assert told_json["changes"] == [
        "The device was cpu, and is cuda:0 now.",
        "The version of torch was 2.9.0, and is 2.10.0 now.",
    ]
    assert 0 < told_json["pictures"][0]["share"] <= 1


def test_pictures_that_are_gone(drawn: RunRecord, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (Path(image.path) for image in drawn.images)
    first.write_bytes(b"damaged")
    assert main(["rerun", str(drawn.id), "--verify"]) == 1
    told = capsys.readouterr()
    assert f"picture 1, seed 7: {first} is damaged" in told.out
    assert "picture 2, seed 8: identical" in told.out
    assert "Nothing that the record knows" not in told.out
    second.unlink()
    assert main(["rerun", str(drawn.id), "--verify"]) == 1
    told = capsys.readouterr()
    assert "has no picture to compare with" in told.err
    assert not told.out
