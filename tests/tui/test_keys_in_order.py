"""Keys that arrive together, as they do over a slow line, are obeyed in their order."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.tui.conftest import Open, Session

CASES = [
    (("1", "2", "backspace", "3"), "13"),
    (("1", "backspace", "3", "4"), "34"),
    (("1", "2", "3", "left", "left", "4"), "1423"),
    (("1", "2", "home", "3"), "312"),
    (("1", "2", "ctrl+u", "7"), "7"),
]


async def burst(s: Session, keys: tuple[str, ...]) -> None:
    for key in keys:
        s.app.post_message(Key(key, key if len(key) == 1 else None))
    await s.settle()
    await s.settle()


@pytest.mark.parametrize(("keys", "text"), CASES)
async def test_in_a_field(open_app: Open, keys: tuple[str, ...], text: str) -> None:
    async with open_app() as s:
        field = s.studio.query_one("#field-num-inference-steps Input", Input)
        field.value = ""
        field.focus()
        await s.settle()
        await burst(s, keys)
        assert field.value == text


@pytest.mark.parametrize(("keys", "text"), CASES)
async def test_in_the_prompt(open_app: Open, keys: tuple[str, ...], text: str) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("")
        await burst(s, keys)
        assert s.studio.spec_form.prompt.text == text


async def test_undo_and_words(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("a red ")
        await burst(s, ("s", "u", "n", "ctrl+w", "s", "e", "a"))
        assert s.studio.spec_form.prompt.text == "a red sea"
