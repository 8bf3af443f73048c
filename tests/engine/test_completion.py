"""What can follow in a search line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.history import parse_query
from engine.history.completion import Completion, complete, with_order
from engine.history.filters import FILTERS
from engine.history.query import SORTS, tokens

HAD = {
    "checkpoint": ("scenes", "/models/sd15", "someone/tiny", '/models/"odd"', "/models/\x1b[31m"),
    "scheduler": ("DPM++ 2M", "Euler", "Euler a"),
    "tag": ("keep", "draft"),
}


def had(name: str) -> tuple[str, ...]:
    return HAD.get(name, ())


def at_end(text: str) -> Completion:
    return complete(text, len(text), had)


def texts(text: str) -> list[str]:
    return [option.text for option in at_end(text).options]


def taken(text: str, which: int = 0) -> str:
    found = at_end(text)
    return text[: found.start] + found.options[which].text + text[found.end :]


def test_an_empty_line_offers_every_name_with_its_help() -> None:
    found = at_end("")
    assert [option.text for option in found.options] == [f"{n}:" for n in (*FILTERS, "sort", "in")]
    assert all(option.help for option in found.options)
    assert texts("red sun ") == texts("")


def test_a_name_is_completed() -> None:
    assert texts("sch") == ["scheduler:"]
    assert taken("red -SCH") == "red -scheduler:"
    assert texts("zebra") == []
    assert texts("#41") == []


def test_within_a_name_only_the_name_changes() -> None:
    found = complete("sch:euler", 2, had)
    assert "sch:euler"[found.end :] == "euler"
    assert [option.text for option in found.options] == ["scheduler:"]


def test_values_come_from_the_history_and_are_quoted() -> None:
    assert texts("scheduler:") == ['"DPM++ 2M"', "Euler", '"Euler a"']
    assert taken("scheduler:dp") == 'scheduler:"DPM++ 2M"'
    assert taken('red scheduler:"dp') == 'red scheduler:"DPM++ 2M"'
    assert taken("-tag:k") == "-tag:keep"


def test_what_begins_so_comes_first() -> None:
    assert texts("tag:e") == ["keep"]
    assert texts("scheduler:e")[0] == "Euler"
    assert texts("tag:t") == ["draft"]


def test_what_is_whole_is_not_offered_again() -> None:
    assert texts("tag:keep") == []
    assert texts('scheduler:"DPM++ 2M"') == []


def test_checkpoints_go_by_their_last_name() -> None:
    assert texts("checkpoint:") == ["scenes", "sd15", "tiny"]


def test_examples_where_the_history_has_none() -> None:
    assert texts("rating:") == ["5", ">=4", ">=3", "0"]
    assert texts("is:w") == ["winner"]
    assert texts("status:int") == ["interrupted"]
    assert texts("seed:") == []


def test_orders_and_the_trash() -> None:
    assert texts("sort:") == list(SORTS)
    assert texts("sort:-t") == ["-time"]
    assert texts("in:") == ["trash"]


def test_unknown_names_and_phrases_offer_nothing() -> None:
    assert texts("colour:") == []
    assert texts('"sch') == []


@pytest.mark.parametrize(
    ("text", "sort", "becomes"),
    [
        ("", "time", "sort:time"),
        ("red sun", "time", "red sun sort:time"),
        ('sort:time "red  sun" rating:5', "memory", '"red  sun" rating:5 sort:memory'),
        ("red sort:-time sun sort:speed", "new", "red sun"),
        ("sort:", "new", ""),
    ],
)
def test_an_order_takes_the_place_of_the_one_before(text: str, sort: str, becomes: str) -> None:
    assert with_order(text, sort) == becomes


@given(st.text(max_size=40), st.integers(0, 40), st.lists(st.text(max_size=12), max_size=5))
def test_any_line_and_any_value(text: str, cursor: int, values: list[str]) -> None:
    found = complete(text, min(cursor, len(text)), lambda _: tuple(values))
    assert 0 <= found.start <= found.end <= len(text)
    for option in found.options:
        assert option.text.isprintable()


@given(st.text(min_size=1, max_size=12))
def test_what_was_taken_is_read_back(value: str) -> None:
    for option in complete("tag:", 4, lambda _: (value,)).options:
        (token,) = tokens(f"tag:{option.text}")
        assert token.value == value
        assert parse_query(f"tag:{option.text}").conditions
