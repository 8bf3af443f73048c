"""A token in the environment is in nothing that Safelight writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

CANARY = "canary-5e1f7c"


def test_a_token_is_written_nowhere(tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf/token").write_text("stored-" + CANARY)
    home = tmp_path / "home"
    environment = {"HF_TOKEN": CANARY, "HF_HOME": str(tmp_path / "hf"), "SAFELIGHT_HOME": str(home)}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.terminal.canary"],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    codes = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert f"codes {codes}" in ended.stderr.decode()
    written = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    kinds = {path.suffix for path in written}
    assert {".png", ".log", ".txt", ".html", ".json"} <= kinds, kinds
    assert any(b"SQLite format" in data[:20] for data in written.values())
    for data in (ended.stdout, ended.stderr, *written.values()):
        assert CANARY.encode() not in data
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert CANARY not in str(image.info)
    log = next(data.decode() for path, data in written.items() if path.suffix == ".log")
    assert "401 for https://***@hub.example/x?token=***" in log
