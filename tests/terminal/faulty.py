"""The staged app with a fault of ours in it, at the place that ``SAFELIGHT_FAULT`` names."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.terminal import staged
from tui.screens.studio.screen import StudioScreen
from tui.widgets.progress import ProgressLines

VARIABLE = "SAFELIGHT_FAULT"
SAID = "all of it is lost\x1b]52;c;eA==\x07\x9b2J"
HIDDEN = "only-a-local"


def fail(*_: object, **__: object) -> Any:
    """Fails as a bug would, with a secret in what it says and another in a variable."""
    hidden = HIDDEN
    token = os.environ["HF_TOKEN"]
    raise RuntimeError(f"{SAID} {token} {len(hidden)} {' '.join(coded(token))}")


def coded(token: str) -> tuple[str, str, str]:
    """The token as libraries may write it: in an address, in a string, in a header."""
    return quote(token), json.dumps(token), b64encode(token.encode()).decode()


def _after_loading(self: staged.Player) -> None:
    self.loaded()
    fail()


FAULTS: dict[str, Callable[[], None]] = {
    "compose": lambda: setattr(StudioScreen, "compose", fail),
    "render": lambda: setattr(ProgressLines, "render", fail),
    "action": lambda: setattr(StudioScreen, "action_run", fail),
    "thread": lambda: setattr(staged.Player, "_play", _after_loading),
}


if __name__ == "__main__":
    FAULTS[os.environ[VARIABLE]]()
    sys.exit(staged.main())
