"""What is offered in the line of an axis can be taken: it is an axis then."""

from __future__ import annotations

import pytest

from engine.errors import InvalidAxis
from engine.history.completion import Completion
from engine.spec import RunSpec
from engine.sweep import NAMES, parse_axis
from engine.switches import Place
from tui.studies.axis_completion import Sources, complete_axis

BASE = RunSpec("a red sun over blue mountains, {orange|green} sky")
SOURCES = Sources(BASE, ("DPM++ 2M", "DDIM"), Place(vaes=("better-vae",)), ("scenes", "/a, b"))


def offered(text: str, cursor: int | None = None) -> tuple[list[str], Completion]:
    found = complete_axis(text, len(text) if cursor is None else cursor, SOURCES)
    return [text[: found.start] + o.text + text[found.end :] for o in found.options], found


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_offered_with_values_that_can_be_read(name: str) -> None:
    names, _ = offered(name[:3])
    assert f"{name}=" in names
    for line in offered(f"{name}=")[0]:
        if "@" in line:
            continue  # a file that is not there
        parse_axis(line, BASE)


def test_words_of_the_prompt_are_offered_to_be_replaced() -> None:
    lines, _ = offered("prompt:")
    assert "prompt:red=red," in lines
    assert not any("over" in line for line in lines)
    assert [value.label for value in parse_axis("prompt:red=red,green", BASE).values]


def test_values_follow_each_other_and_none_comes_twice() -> None:
    lines, _ = offered("scheduler=DDIM,")
    assert lines == ["scheduler=DDIM,DPM++ 2M"]
    assert offered("scheduler=DD")[0] == ["scheduler=DDIM"]
    assert offered("scheduler=DDIM")[0] == [], "it is whole"
    assert offered("scheduler=D,DPM++ 2M", cursor=11)[0] == ["scheduler=DDIM,DPM++ 2M"]


def test_a_value_with_a_comma_stands_in_quotes() -> None:
    lines, _ = offered("checkpoint=/a")
    assert lines == ['checkpoint="/a, b"']
    (value,) = parse_axis(lines[0], BASE).values
    assert value.changes == {"checkpoint": "/a, b"}


@pytest.mark.parametrize("text", ["", "=", ",", "x", "steps", "=,=,", "prompt:=", "vae=\\x1b["])
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    for cursor in range(len(text) + 1):
        complete_axis(text, cursor, SOURCES)
    with pytest.raises(InvalidAxis):
        parse_axis(text if text != "vae=\\x1b[" else "vae=", BASE)
