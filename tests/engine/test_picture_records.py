"""A run's pictures alone are enough for its record."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import HistoryError
from engine.history import History
from engine.infotext import parse
from engine.pictures.identity import uid_of
from engine.pictures.output import FORMATS, Output
from engine.pictures.read import read_metadata, read_texts
from engine.pictures.records import record_of
from engine.record import RunRecord, Status
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


def metadatas(record: RunRecord) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for image in record.images:
        values = read_metadata(Path(image.path))
        assert values is not None
        found.append((Path(image.path), values))
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_a_record_from_its_pictures(
    harness: Make, spec: RunSpec, history: History, kind: str
) -> None:
    tested = harness(history, output=Output(picture_format=kind))
    spec = spec.with_(prompt="old\n---\nyoung", batch_size=2, switches={"sigmas": "karras"})
    record = tested.run(spec).record
    assert len(record.images) == 4
    found = metadatas(record)
    again = record_of(found[::-1])
    assert again.seconds.denoise == record.seconds.denoise > 0
    assert again.seconds.decode == record.seconds.decode > 0
    assert 0 < again.seconds.total <= record.seconds.total
    assert 0 <= again.seconds.save <= record.seconds.save
    assert 0 < again.memory_peak_bytes <= record.memory_peak_bytes
    same = replace(again, seconds=record.seconds, memory_peak_bytes=record.memory_peak_bytes)
    assert same == record
    uids = {uid_of(v["run"], v["created_at"], v["spec"]) for _, v in found}
    assert uids == {uid_of(record.id, record.created_at, record.spec.to_json())}
    for index, (path, values) in enumerate(found):
        assert (values["index"], values["pictures"]) == (index, 4)
        parsed = parse(read_texts(path)["parameters"])
        assert parsed is not None
        assert parsed.spec == record.spec.only(index)
        with Image.open(path) as image:
            assert image.format == kind.upper()
            assert image.size == (values["width"], values["height"]) == (64, 64)


def test_some_of_the_pictures_are_a_run_that_was_stopped(
    harness: Make, spec: RunSpec, history: History
) -> None:
    record = harness(history).run(spec.with_(batch_size=3)).record
    found = metadatas(record)
    again = record_of([found[2], found[0]])
    assert again.status is Status.CANCELLED
    assert again.images == (record.images[0], record.images[2])
    assert record_of([*found, found[0]]).status is Status.FINISHED, "a copy counts once"


def test_no_metadata_and_names_of_ones_own(harness: Make, spec: RunSpec, history: History) -> None:
    output = Output(metadata=False, file_name="{prompt:.5}/{steps}")
    record = harness(history, output=output).run(spec.with_(batch_size=2)).record
    folder = history.folder / "images" / "a red"
    assert [Path(image.path) for image in record.images] == [folder / "3.png", folder / "3-2.png"]
    assert [read_texts(Path(image.path)) for image in record.images] == [{}, {}]
    assert history.get(record.id) == record


def test_a_name_that_cannot_be_made_fails_the_run_and_keeps_its_record(
    harness: Make, spec: RunSpec, history: History
) -> None:
    record = harness(history, output=Output(file_name="{promt}")).fail(spec)
    assert "no field called “promt”" in record.error
    assert history.get(record.id) == record


def old_metadata(spec: RunSpec, index: int) -> dict[str, Any]:
    """As version 0.1.0 wrote it before this."""
    prompt, seed = spec.pictures[index]
    return {
        "run": 41,
        "prompt": prompt,
        "seed": seed,
        "index": index,
        "created_at": "2026-01-31T10:00:00.000Z",
        "spec": spec.to_json(),
        "device": "cpu",
        "dtype": "float32",
        "versions": {"safelight": "0.1.0"},
    }


OLD = RunSpec("a red sun", seed=7, width=128, height=64, batch_size=2)


def test_metadata_of_an_older_version() -> None:
    pairs = [(Path(f"/x/{n}.png"), old_metadata(OLD, n)) for n in range(2)]
    record = record_of(pairs)
    assert (record.id, record.status, record.spec) == (41, Status.FINISHED, OLD)
    assert [(i.path, i.seed, i.width, i.height) for i in record.images] == [
        ("/x/0.png", 7, 128, 64),
        ("/x/1.png", 8, 128, 64),
    ]
    assert (record.seconds.total, record.steps, record.notes) == (0.0, 0, ())
    assert record_of(pairs[1:]).status is Status.CANCELLED


@pytest.mark.parametrize(
    "changes",
    [
        {"run": "x"},
        {"run": None},
        {"spec": {}},
        {"spec": []},
        {"spec": {"prompt": 3}},
        {"spec": {"prompt": "a", "seed": -1}},
        {"index": 2},
        {"index": "no"},
        {"index": None},
        {"width": "wide"},
        {"seconds": 3},
        {"seconds": {"total": "x"}},
        {"versions": 4},
        {"notes": 4},
        {"evaluations": []},
        {"created_at": ...},
    ],
    ids=str,
)
def test_nonsense_is_a_sentence(changes: dict[str, Any]) -> None:
    values = {**old_metadata(OLD, 0), **changes}
    values = {name: value for name, value in values.items() if value is not ...}
    with pytest.raises(HistoryError, match=r"^What /x/0\.png says of its run .*\.$"):
        record_of([(Path("/x/0.png"), values)])


def test_no_pictures_and_those_of_two_runs() -> None:
    with pytest.raises(HistoryError, match="no picture"):
        record_of([])
    other = {**old_metadata(OLD, 1), "run": 42}
    with pytest.raises(HistoryError, match="are not of one run"):
        record_of([(Path("/x/0.png"), old_metadata(OLD, 0)), (Path("/x/1.png"), other)])


def test_identity_is_of_the_values_not_of_how_they_are_written() -> None:
    values = OLD.to_json()
    uid = uid_of(41, "2026-01-31T10:00:00.000Z", values)
    assert len(uid) == 32
    assert int(uid, 16) >= 0
    turned = dict(reversed(json.loads(json.dumps(values)).items()))
    assert uid_of(41, "2026-01-31T10:00:00.000Z", turned) == uid
    assert uid_of(42, "2026-01-31T10:00:00.000Z", values) != uid
    assert uid_of(1, "", {"a": "\ud800"}) != uid
    # Of other programs that must agree: it may never change.
    assert uid_of(41, "t", {"b": 1.0, "a": None}) == "cc2a48c2679f1872e3a5f30285cb8c95"
