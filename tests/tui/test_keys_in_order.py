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


KILLS = [
    (("ctrl+a", "ctrl+k", "x", "alt+y"), "xone two three"),
    (("ctrl+w", "ctrl+w", "alt+y"), "one two three"),  # one after the other they are one
    (("ctrl+w", "left", "ctrl+w", "alt+y", "alt+y"), "one twotwo "),
    (("ctrl+shift+a", "ctrl+c", "ctrl+w", "ctrl+v"), "one two three"),  # is copied all the same
    (("ctrl+u", "alt+y", "ctrl+shift+a", "ctrl+c", "end", "alt+y"), "one two threeone two three"),
]


@pytest.mark.parametrize(("keys", "text"), KILLS)
async def test_what_was_deleted_is_put_back(
    open_app: Open, keys: tuple[str, ...], text: str
) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("one two three")
        await s.press("end")
        await burst(s, keys)
        assert s.studio.spec_form.prompt.text == text


async def test_lines_become_one_in_a_field(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("one\ntwo")
        await s.press("ctrl+shift+a", "ctrl+c", "f1")
        await burst(s, ("alt+y", "ctrl+v"))
        assert s.app.screen.query_one(Input).value == "one twoone two"


async def test_undo_and_words(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("a red ")
        await burst(s, ("s", "u", "n", "ctrl+w", "s", "e", "a"))
        assert s.studio.spec_form.prompt.text == "a red sea"
