"""Reduced motion."""

from __future__ import annotations

import pytest
from textual.widgets import Input, TextArea

from tests.tui.conftest import Open
from tui.settings import Settings


@pytest.mark.parametrize("reduced", [False, True])
async def test_nothing_blinks_or_glides(open_app: Open, reduced: bool) -> None:
    async with open_app(settings=Settings(reduced_motion=reduced)) as s:
        assert (s.app.animation_level == "none") == reduced
        prompt = s.app.focused
        assert isinstance(prompt, TextArea)
        assert prompt.cursor_blink is not reduced
        await s.press("tab", "tab")
        field = s.app.focused
        assert isinstance(field, Input)
        assert field.cursor_blink is not reduced
