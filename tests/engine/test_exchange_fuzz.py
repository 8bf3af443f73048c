"""Whatever bytes come in: a sentence or a run, never anything else."""

from __future__ import annotations

import io
import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ExchangeError
from engine.exchange import document, export, import_
from engine.exchange.source import Archive, read_all
from engine.exchange.strip import strip
from engine.history import History
from engine.spec import RunSpec
from tests.engine.exchanged import add_run, files_in, picture

_LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    st.sampled_from(["", "../x", "2026-01-31", "finished", "\ud800", -1, 2**63, 2**70]),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two runs, as a zip."""
    folder = tmp_path_factory.mktemp("fuzz")
    history = History(folder / "data")
    runs = [add_run(history, RunSpec("sun", batch_size=2), tags=("a",)).id, add_run(history).id]
    place = export(history, runs, folder / "out.zip").path
    history.close()
    return place


def _places(values: Any) -> list[tuple[Any, Any]]:
    """Everywhere that a value can be put."""
    found: list[tuple[Any, Any]] = []
    inside = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in inside:
        found.append((values, key))
        if isinstance(value, (dict, list)):
            found += _places(value)
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_document_with_anything_in_it(exported: Path, data: st.DataObject) -> None:
    with zipfile.ZipFile(exported) as archive:
        told = json.loads(archive.read(document.NAME))
    places = _places(told)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        with suppress(IndexError, KeyError):
            holder[key] = data.draw(_VALUES)
    with suppress(ExchangeError):
        found = document.read(json.dumps(told).encode())
        assert len(found.entries) + len(found.refused) == len(told["runs"])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_a_document_of_any_bytes(data: bytes) -> None:
    with pytest.raises(ExchangeError):
        document.read(data)


@pytest.mark.parametrize("seed", range(6))
def test_zips_with_broken_bytes(exported: Path, tmp_path: Path, seed: int) -> None:
    rng, data = random.Random(seed), exported.read_bytes()
    directory = data.rindex(b"PK\1\2")
    for number in range(60):
        broken = bytearray(data)
        # Above all in the list of files, which is at the end.
        where = range(directory - 400, len(data)) if number % 2 else range(len(data))
        for _ in range(rng.randint(1, 6)):
            broken[rng.choice(where)] = rng.randrange(256)
        path = tmp_path / "x.zip"
        path.write_bytes(broken[: rng.choice([len(data), rng.randrange(len(data))])])
        try:
            archive = Archive(path)
        except ExchangeError:
            continue
        for name in archive.names():
            with suppress(ExchangeError):
                read_all(archive, name, 10**6)
        archive.close()


def test_broken_zips_import_nothing_that_is_broken(exported: Path, tmp_path: Path) -> None:
    rng, data = random.Random(7), exported.read_bytes()
    history = History(tmp_path / "data")
    for _ in range(25):
        broken = bytearray(data)
        broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (tmp_path / "x.zip").write_bytes(broken)
        with suppress(ExchangeError):
            import_(history, tmp_path / "x.zip")
    for entry in history.latest():
        for image in entry.images:
            assert Path(image.path).is_file()
    assert not [name for name in files_in(history.folder) if name.endswith(".part")]
    history.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_taking_metadata_out_of_broken_pictures(kind: str) -> None:
    rng, buffer = random.Random(3), io.BytesIO()
    picture(3).save(buffer, kind)
    data = buffer.getvalue()
    for _ in range(400):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            broken[rng.randrange(min(len(data), 400))] = rng.randrange(256)
        with suppress(ExchangeError):
            assert len(strip(bytes(broken[: rng.randrange(len(data))]))) <= len(data)
