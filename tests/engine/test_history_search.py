"""The search line: what it finds, in which order, page by page, and what it says of a slip."""

from __future__ import annotations

import random
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidQuery
from engine.history import History, parse_query
from engine.record import Seconds, Status
from engine.spec import RunSpec
from tests.engine.histories import add


def found(history: History, text: str) -> list[int]:
    """The numbers that a search line finds, all pages of two, which must agree with the count."""
    query, numbers, after = parse_query(text), [], None
    while True:
        page = history.search.page(query, 2, after)
        numbers += [entry.id for entry in page.entries]
        after = page.next
        if after is None:
            break
    assert len(numbers) == len(set(numbers))
    unfinished_count = query.sort in ("time", "speed", "memory")
    assert unfinished_count or history.search.count(query) == len(numbers)
    return numbers


@pytest.fixture
def runs(history: History) -> History:
    spec = RunSpec("a red sun over blue mountains", "scenes", "stars", seed=7, scheduler="Euler")
    add(history, spec)
    add(history, spec.with_(prompt="Crème brûlée, sunset", seed=8), rating=4, tags=("keep", "Food"))
    add(
        history,
        spec.with_(prompt="a moon", scheduler="DPM++ 2M", checkpoint="/models/sd15").with_(
            num_inference_steps=12
        ),
        status=Status.FAILED,
        created_at="2020-05-05T10:00:00.000Z",
    )
    add(history, spec.with_(prompt="赤い太陽と青い山", switches={"precision": "fp16"}), rating=5)
    add(
        history,
        spec.with_(prompt="a sun, a moon", seed=9, switches={"compile": "full"}),
        seconds=Seconds(denoise=0.5, total=0.7),
        memory_peak_bytes=2 * 10**9,
        note="the blue hour of Café Müller",
    )
    history.marks.win([2])
    return history


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("sun", [5, 2, 1]),
        ("SUN", [5, 2, 1]),
        ("sunset", [2]),
        ('"sun"', [5, 1]),
        ("sun moon", [5]),
        ('"red sun"', [1]),
        ('"sun red"', []),
        ("sun -moon", [2, 1]),
        ("brulee", [2]),
        ("brûl", [2]),
        ("太陽", [4]),
        ("青い", [4]),
        ("-太陽", [5, 3, 2, 1]),
        ("hour", [5]),
        ("stars", [5, 4, 3, 2, 1]),
        ("zebra", []),
        ("status:failed", [3]),
        ("status:finished", [5, 4, 2, 1]),
        ("-status:finished", [3]),
        ("status:done sun", [5, 2, 1]),
        ("checkpoint:sd15", [3]),
        ("checkpoint:SCENES", [5, 4, 2, 1]),
        ("scheduler:euler", [5, 4, 2, 1]),
        ('scheduler:"DPM++ 2M"', [3]),
        ("scheduler:dpm++", [3]),
        ("-scheduler:euler", [3]),
        ("seed:7", [4, 3, 1]),
        ("seed:8..9", [5, 2]),
        ("rating:4", [2]),
        ("rating:>=4", [4, 2]),
        ("rating:4+", [4, 2]),
        ("rating:0", [5, 3, 1]),
        ("steps:12", [3]),
        ("steps:>=20", [5, 4, 2, 1]),
        ("-steps:13+", [3]),
        ("tag:keep", [2]),
        ("tag:food", [2]),
        ("-tag:keep", [5, 4, 3, 1]),
        ("before:2021", [3]),
        ("after:2021", [5, 4, 2, 1]),
        ("after:2020-05-05 before:2020-05-07", [3]),
        ("faster:1s", [5]),
        ("faster:700ms", []),
        ("slower:1", [4, 3, 2, 1]),
        ("switch:precision", [4]),
        ("switch:compile=full", [5]),
        ("switch:compile=regional", []),
        ("-switch:precision", [5, 3, 2, 1]),
        ("is:winner", [2]),
        ("is:rated", [4, 2]),
        ("is:noted", [5]),
        ("#3", [3]),
        ("sort:old", [1, 2, 3, 4, 5]),
        ("sort:rating", [4, 2, 5, 3, 1]),
        ("sort:-rating", [1, 3, 5, 2, 4]),
        ("sort:time", [5, 1, 2, 4]),
        ("sort:memory sun", [1, 2, 5]),
        ("sort:speed", [5, 4, 2, 1]),
        ("sort:-time", [4, 2, 1, 5]),
        ("rating:", [5, 4, 3, 2, 1]),
        ("sort:", [5, 4, 3, 2, 1]),
        ("sort:ti in:tr", [5, 4, 3, 2, 1]),
        ('"', [5, 4, 3, 2, 1]),
        (" - : ", [5, 4, 3, 2, 1]),
        ("in:trash", []),
    ],
)
def test_what_is_found(runs: History, text: str, numbers: list[int]) -> None:
    assert found(runs, text) == numbers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sheduler:euler", "Did you mean “scheduler”?"),
        ("foo:bar", "There is no filter “foo:”"),
        ("status:finnished", "Did you mean “finished”?"),
        ("scheduler:eulr", "Did you mean “Euler”?"),
        ("rating:9", "wants 0 to 5"),
        ("steps:few", "wants a number"),
        ("seed:abc", "wants a seed"),
        ("after:someday", "wants a date or an age"),
        ("after:2026-13-41", "wants a date or an age"),
        ("faster:fast", "wants a time"),
        ("switch:precison", "Did you mean “precision”?"),
        ("sort:siz", "There is no order “siz”"),
        ("is:good", "finds nothing"),
        ("in:heaven", "Only the trash"),
    ],
)
def test_slips(text: str, sentence: str) -> None:
    with pytest.raises(InvalidQuery, match=re.escape(sentence)):
        parse_query(text)


def test_days_are_those_of_the_users_clock(history: History) -> None:
    here = datetime.now().astimezone()
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    for moment in (midnight - timedelta(minutes=1), midnight, here):
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
        add(history, RunSpec("a"), created_at=text.replace("+00:00", "Z"))
    assert found(history, "after:today") == [3, 2]
    assert found(history, "after:yesterday before:today") == [1]
    assert found(history, "after:1h") == ([3, 2, 1] if here.hour < 1 else [3])
    assert found(history, f"after:{midnight:%Y-%m-%d}") == [3, 2]


def test_the_trash_is_searched_by_itself(runs: History) -> None:
    runs.trash.put([1, 2])
    assert found(runs, "sun") == [5]
    assert found(runs, "in:trash") == [2, 1]
    assert found(runs, "in:trash sunset") == [2]
    assert found(runs, "in:trash sort:rating") == [2, 1]
    assert found(runs, "in:trash after:2021") == [2, 1]
    assert found(runs, "in:trash before:2099") == [2, 1]
    assert found(runs, "in:trash checkpoint:scenes") == [2, 1]
    assert runs.count() == 3
    assert runs.trash.count() == 2
    assert [record.id for record in runs.latest()] == [5, 4, 3]


def test_values_to_complete_with(runs: History) -> None:
    assert runs.search.values("checkpoint") == ("/models/sd15", "scenes")
    assert runs.search.values("scheduler") == ("DPM++ 2M", "Euler")
    assert set(runs.search.values("tag")) == {"keep", "Food"}
    assert set(runs.search.values("switch")) == {"precision=fp16", "compile=full"}
    assert runs.search.values("seed") == ()
    assert History(runs.folder / "none", read_only=True).search.values("tag") == ()


def test_prompts_newest_first_and_once(runs: History) -> None:
    add(runs, RunSpec("a moon", negative_prompt="noise"))
    prompts = [prompt for prompt, _ in runs.search.prompts()]
    assert prompts[:2] == ["a moon", "a sun, a moon"]
    assert len(prompts) == 5
    assert runs.search.prompts()[0] == ("a moon", "noise")


def test_a_damaged_row_does_not_hide_the_others(runs: History) -> None:
    with sqlite3.connect(runs.path) as db:
        db.execute("UPDATE runs SET record = '{}' WHERE id = 4")
    db.close()
    assert [e.id for e in runs.search.page(parse_query(""), 10).entries] == [5, 3, 2, 1]


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet='ab":-# \n\t\\*()^+~é日\x00\x1b{}[]', max_size=24))
def test_no_search_line_breaks(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "one-history"
    history = History(folder)
    if not history.count():
        add(history, RunSpec('a b "c" *'))
    try:
        query = parse_query(text)
    except InvalidQuery:
        return
    finally:
        history.close()
    past = History(folder, read_only=True)
    past.search.page(query, 10)
    past.search.count(query)


def test_many_runs_page_by_page_as_a_list_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ways of looking that many runs need give what the simple one gives."""
    from engine.history import search

    drawn, history = random.Random(3), History(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(search, "_GLANCE", 7)
        patch.setattr(search, "_MANY", 10)
        kept = []
        for _ in range(60):
            spec = RunSpec(
                drawn.choice(("a sun", "a moon", "a sun and a moon")), seed=drawn.randrange(5)
            )
            total = drawn.choice((1.0, 2.0, 3.0))
            rating = drawn.randrange(6)
            number = add(history, spec, rating=rating, seconds=Seconds(denoise=1, total=total))
            kept.append((number, spec, total, rating))
        for text, fits, key in (
            ("sun", lambda k: "sun" in k[1].prompt, lambda k: -k[0]),
            ("sun seed:3", lambda k: "sun" in k[1].prompt and k[1].seed == 3, lambda k: -k[0]),
            ("sun sort:time", lambda k: "sun" in k[1].prompt, lambda k: (k[2], k[0])),
            ("sort:rating seed:2", lambda k: k[1].seed == 2, lambda k: (-k[3], -k[0])),
            ("moon sort:rating rating:>=3", lambda k: "moon" in k[1].prompt and k[3] >= 3,
             lambda k: (-k[3], -k[0])),
            ("-sun sort:old", lambda k: "sun" not in k[1].prompt, lambda k: k[0]),
        ):  # fmt: skip
            wanted = [k[0] for k in sorted(filter(fits, kept), key=key)]
            assert found(history, text) == wanted, text
    history.close()


def test_an_entry_tells_what_was_said_of_it(runs: History) -> None:
    (entry,) = runs.search.page(parse_query("#2"), 5).entries
    assert (entry.rating, entry.tags, entry.winner) == (4, ("Food", "keep"), True)
    assert replace(entry, record=entry.record).to_json()["tags"] == ["Food", "keep"]
