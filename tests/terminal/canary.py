"""Commands one after the other in one process, with faults whose errors hold the hub's token."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import engine.hub
import engine.runner
import tui.headless.run
from tui.cli import main


def leak(*_: object, **__: object) -> Any:
    """Fails as a library might that shows its request."""
    token = os.environ["HF_TOKEN"]
    raise RuntimeError(
        f"401 for https://me:{token}@hub.example/x?token={token}\n"
        f"{{'authorization': 'Bearer {token}'}} {token}"
    )


def play(home: Path) -> list[int]:
    """The exit code of each command."""
    few = ("--seed", "1", "--steps", "2")
    codes = [main(["generate", "a red sun", *few, "--json"])]
    vars(engine.hub)["ask"] = leak
    codes.append(main(["generate", "a sun", "--checkpoint", "org/none", "--download"]))
    engine.runner.Runner._call = leak  # type: ignore[method-assign]
    codes.append(main(["generate", "a moon", *few]))
    look = (["history"], ["history", "--json"], ["show", "1"], ["show", "3", "--json"], ["doctor"])
    export = ["export", "1", "3", "--to", str(home / "out")]
    codes.extend(main(words) for words in (*look, export, ["doctor", "--json"]))
    vars(tui.headless.run)["doctor"] = leak
    codes.append(main(["doctor"]))
    return codes


if __name__ == "__main__":
    sys.stderr.write(f"codes {play(Path(os.environ['SAFELIGHT_HOME']))}\n")
