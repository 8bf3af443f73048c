"""What a search found, fetched from both its ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.history import History, Query, parse_query
from tests.tui.kept import run
from tui import found
from tui.found import Found, look_up

COUNT = 37


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    with tempfile.TemporaryDirectory() as folder:
        kept = History(Path(folder))
        for _ in range(COUNT):
            kept.add(run(kept, kept.new_id()))
        yield kept
        kept.close()


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "PAGE", 5)
    monkeypatch.setattr(found, "FAR_PAGE", 10)


def shown(what: Found) -> list[int | None]:
    return [entry.id if (entry := what[i]) is not None else None for i in range(len(what))]


def fetch_around(what: Found, history: History, first: int, last: int) -> int:
    pages = 0
    while wanted := what.missing(first, last):
        what.add(wanted[0], what.fetch(history.search, *wanted))
        pages += 1
        assert pages < 50
    return pages


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["", "sort:old", "sort:time", "sort:-rating", "moon", "zebra"]),
    st.lists(st.tuples(st.integers(0, COUNT), st.integers(0, 8)), max_size=6),
    st.integers(0, 2),
)
def test_any_way_to_scroll_shows_the_same_list(
    history: History, text: str, looks: list[tuple[int, int]], tail: int
) -> None:
    query = parse_query(text)
    everything = [entry.id for entry in history.search.page(query, 100).entries]
    what = look_up(history.search, query, 5, tail * 5)
    for first, more in looks:
        fetch_around(what, history, first, first + more)
        assert len(what) == len(everything)
        for there, right in zip(shown(what), everything, strict=True):
            assert there in (None, right)
        assert shown(what)[first : first + more] == everything[first : first + more]
    fetch_around(what, history, 0, COUNT)
    fetch_around(what, history, COUNT // 2, COUNT // 2)
    assert shown(what) == everything


def test_the_end_takes_one_page(history: History) -> None:
    what = look_up(history.search, Query())
    assert fetch_around(what, history, COUNT - 4, COUNT - 1) == 1
    assert shown(what)[-1] == 1
    assert None in shown(what)


def test_far_away_pages_are_larger(history: History) -> None:
    what = look_up(history.search, Query())
    far = found.FAR_PAGE
    assert what.missing(18, 19) == ("head", far)
    assert what.missing(7, 8) == ("head", 5)


def test_runs_change_and_go(history: History) -> None:
    what = look_up(history.search, Query(), 5, 5)
    first, last = what[0], what[COUNT - 1]
    assert first is not None
    assert last is not None
    what.renew([replace(last, rating=5), replace(first, rating=3)])
    assert what.place_of(last.id) == COUNT - 1
    assert [entry.rating if (entry := what[i]) else 0 for i in (0, COUNT - 1)] == [3, 5]
    what.drop({first.id, last.id})
    assert len(what) == COUNT - 2
    assert what.place_of(first.id) is None
    fetch_around(what, history, 0, COUNT)
    fetch_around(what, history, 15, 20)
    assert None not in shown(what)


def test_a_count_that_was_wrong_mends_itself(history: History) -> None:
    for wrong in (3, COUNT + 9):
        what = Found(Query(), wrong)
        what.add("head", what.fetch(history.search, "head", 5))
        fetch_around(what, history, 0, COUNT + 9)
        fetch_around(what, history, 0, COUNT + 9)
        assert [n for n in shown(what) if n] == list(range(COUNT, 0, -1))
        assert len(what) == COUNT
