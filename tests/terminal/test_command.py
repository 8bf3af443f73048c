"""The installed ``safelight`` in a real terminal: what a newcomer does in the first minute."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.terminal.screen import COMMAND, Terminal

LEFT_CLEAN = (b"\x1b[?1049l", b"\x1b[?25h")
"""Alternate screen off, cursor on."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    terminals: list[Terminal] = []

    def start(*arguments: str, columns: int = 120, rows: int = 40) -> Terminal:
        terminals.append(Terminal(list(arguments), tmp_path, columns, rows))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def headless(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), *arguments],
        env={**os.environ, "SAFELIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_type_a_prompt_run_it_see_it_finish_and_quit(opened: Any, tmp_path: Path) -> None:
    app = opened()
    app.wait_for("Prompt")
    app.wait_for("birds")
    app.press(", stars")
    app.wait_for("stars")
    app.press("ctrl+r")
    app.wait_for("✓ #1 took")
    app.wait_for("▀")
    app.press("ctrl+q")
    code, _ = app.wait_for_end()
    assert code == 0
    assert all(sequence in app.raw for sequence in LEFT_CLEAN)

    listed = headless(tmp_path, "history", "--json")
    (record,) = json.loads(listed.stdout)
    assert record["status"] == "finished"
    assert record["spec"]["prompt"].endswith("birds, stars")
    (image,) = record["images"]
    with Image.open(image["path"]) as picture:
        assert picture.size == (image["width"], image["height"]) == (128, 128)

    again = opened()
    again.wait_for("birds, stars")
    again.wait_for("#1 ✓")
    again.wait_for("▀")
    again.press("ctrl+q")
    assert again.wait_for_end()[0] == 0


def test_quitting_in_mid_run_asks_once_and_ends_in_time(opened: Any, tmp_path: Path) -> None:
    form = tmp_path / "state" / "form.json"
    form.parent.mkdir()
    form.write_text(json.dumps({"num_inference_steps": "1000"}))
    app = opened(columns=80, rows=24)
    app.wait_for("Prompt")
    app.press("ctrl+r")
    app.wait_for("step ")
    app.press("ctrl+q")
    app.wait_for("Quitting stops it")
    app.press("enter")
    code, took = app.wait_for_end()
    assert code == 0
    assert took < 6  # 3 s for the engine, and the interpreter's own end on a busy machine
    assert all(sequence in app.raw for sequence in LEFT_CLEAN)
    (record,) = json.loads(headless(tmp_path, "history", "--json").stdout)
    assert record["status"] == "cancelled"
    assert 0 < record["steps"] < 1000


def test_a_dropped_line_in_mid_run_keeps_the_form_and_the_run(opened: Any, tmp_path: Path) -> None:
    form = tmp_path / "state" / "form.json"
    form.parent.mkdir()
    form.write_text(json.dumps({"num_inference_steps": "1000"}))
    app = opened()
    app.wait_for("birds")
    app.press("ctrl+r")
    app.wait_for("step ")
    app.press("!!")
    app.wait_for("birds!!")
    app.process.kill(signal.SIGHUP)
    assert app.wait_for_end()[0] == 129
    assert json.loads(form.read_text())["prompt"].endswith("birds!!")
    (record,) = json.loads(headless(tmp_path, "history", "--json").stdout)
    assert record["status"] == "cancelled"


def test_a_terminal_that_goes_away_leaves_no_process(opened: Any, tmp_path: Path) -> None:
    """Also while much is still to be drawn: nobody reads it, and writing it fails."""
    form = tmp_path / "state" / "form.json"
    form.parent.mkdir()
    form.write_text(json.dumps({"num_inference_steps": "1000"}))
    app = opened()
    app.wait_for("birds")
    app.press("ctrl+r")
    app.wait_for("step ")
    process = psutil.Process(app.process.pid)
    app.process.ptyproc.fileobj.close()  # as when the terminal is killed
    deadline = time.monotonic() + 15
    while process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)
    app.process.ptyproc.closed = app.process.closed = True
    (record,) = json.loads(headless(tmp_path, "history", "--json").stdout)
    assert record["status"] == "cancelled"


def test_a_terminal_that_goes_away_without_a_signal(tmp_path: Path) -> None:
    """As under a program that takes the signal for itself."""
    terminal, other = os.openpty()
    process = subprocess.Popen(
        [str(COMMAND)],
        env={**os.environ, "SAFELIGHT_HOME": str(tmp_path), "TERM": "xterm-256color"},
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,  # with no controlling terminal, so that no signal comes
    )
    os.close(other)
    heard = b""
    while b"birds" not in heard:
        heard += os.read(terminal, 65536)
    os.close(terminal)
    assert process.wait(timeout=20) == 129


def test_ctrl_c_stops_a_headless_run_and_tells_of_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(COMMAND), "generate", "a red sun", "--steps", "1000", "--json"],
        env={**os.environ, "SAFELIGHT_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "loading vae" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["status"] == "cancelled"
    assert "Traceback" not in err


def test_headless_generate_and_show(tmp_path: Path) -> None:
    made = headless(
        tmp_path, "generate", "a white moon over black hills, blue sky", "--seed", "5", "--json"
    )
    assert made.returncode == 0, made.stderr
    record = json.loads(made.stdout)
    wanted = {"id", "status", "spec", "images", "seconds", "evaluations", "memory_peak_bytes"}
    assert wanted | {"device", "versions", "created_at"} <= set(record)
    assert record["images"][0]["seed"] == record["spec"]["seed"] == 5
    shown = headless(tmp_path, "show", str(record["id"]), "--json")
    assert json.loads(shown.stdout).items() >= record.items()
    assert "white moon" in headless(tmp_path, "history").stdout


def test_a_run_again_is_the_same_and_survives_its_history(tmp_path: Path) -> None:
    made = headless(tmp_path, "generate", "a red sun", "--seed", "5", "--steps", "4", "--json")
    assert made.returncode == 0, made.stderr
    again = headless(tmp_path, "rerun", "1", "--verify")
    assert again.returncode == 0, again.stderr
    assert again.stdout == "#2 against #1\npicture 1, seed 5: identical\n"
    assert headless(tmp_path, "export", "1-2", "--to", str(tmp_path / "o.zip")).returncode == 0
    taken = headless(tmp_path / "new", "import", str(tmp_path / "o.zip"), "--json")
    assert json.loads(taken.stdout) == {"runs": [1, 2], "again": 0, "pictures": 2, "refused": []}
    rebuilt = headless(tmp_path, "history", "rebuild", "--json")
    assert json.loads(rebuilt.stdout)["rows"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "0"], "Steps must be"),
        (["--size", "100x100"], "multiple of 8"),
        (["--guidance", "abc"], "Guidance must be"),
        (["--seed", "9223372036854775808"], "2^63"),
        (["--scheduler", "Magic"], "No scheduler is called"),
        (["--batch", "x"], "Batch must be"),
        (["--set", "nonsense"], "SWITCH=VALUE"),
        (["--set", "precison=fp16"], "Did you mean “precision”?"),
        (["--set", "precision=fp15"], "Did you mean “fp16”?"),
        (["--set", "layerwise=fp8", "--set", "fused_qkv=on"], "cannot be fused"),
        (["--device", "toaster"], "no device called “toaster”"),
    ],
)
def test_bad_arguments_are_refused_with_a_sentence(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    refused = headless(tmp_path, "generate", "x", "--json", *arguments)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_switches_are_listed_with_availability_and_cost(tmp_path: Path) -> None:
    listed = headless(tmp_path, "switches", "--json")
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert found["place"]["family"] == "sd"
    switches = {switch["name"]: switch for switch in found["switches"]}
    assert switches["precision"]["cost"] == "reload"
    values = {value["value"]: value for value in switches["cache"]["values"]}
    assert values["off"]["available"]
    assert not values["pab"]["available"]
    assert values["pab"]["reason"].startswith("no effect on a UNet")
    assert "better-vae" in [value["value"] for value in switches["vae"]["values"]]
    assert not (tmp_path / "data").exists()


def test_switches_and_several_prompts_without_the_app(tmp_path: Path) -> None:
    made = headless(
        *(tmp_path, "generate", "a red sun", "a white moon", "--seed", "5", "--steps", "4"),
        *("--set", "vae=better-vae", "--set", "vae-tiling=off", "--json"),
    )
    assert made.returncode == 0, made.stderr
    record = json.loads(made.stdout)
    assert record["spec"]["switches"] == {"vae": "better-vae"}
    assert [image["prompt"] for image in record["images"]] == ["a red sun", "a white moon"]
    assert {image["seed"] for image in record["images"]} == {5}


def test_a_missing_checkpoint_fails_with_a_sentence(tmp_path: Path) -> None:
    failed = headless(tmp_path, "generate", "x", "--json", "--checkpoint", "/nowhere/model")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["status"] == "failed"
    assert "/nowhere/model" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_doctor_names_the_log_file(tmp_path: Path) -> None:
    findings = json.loads(headless(tmp_path, "doctor", "--json").stdout)
    assert findings["log_file"] == str(tmp_path / "state" / "safelight.log")
    assert findings["versions"]["torch"]
    assert not (tmp_path / "data").exists()


def test_without_a_terminal_the_app_says_what_to_do(tmp_path: Path) -> None:
    refused = headless(tmp_path)
    assert refused.returncode == 2
    assert "safelight generate" in refused.stderr


def test_importing_the_screen_brings_no_torch() -> None:
    import sys

    code = "import sys, tui.app, tui.cli, tui.lab, tui.headless.run; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_the_first_frame_waits_for_nothing_that_only_pictures_and_other_screens_need() -> None:
    import sys

    late = {
        *("hashlib", "importlib.resources", "PIL", "engine.manner", "engine.secrets", "tui.log"),
        *(f"tui.graphics.{name}" for name in ("depth", "frames", "plates", "viewport")),
        *(f"tui.keys.{name}" for name in ("compare", "contexts", "here", "machine", "studies")),
    }
    code = f"import sys, tui.app, tui.lab; print(*sorted({late} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def test_an_answer_before_the_first_frame_is_heard(opened: Any) -> None:
    app = opened()
    while b"\x1b[c" not in app.raw:
        app.read()
    # Textual's own first question is asked when it begins to listen, before anything is mounted.
    while b"\x1b[?2048$p" not in app.raw:
        app.read()
    app.press("\x1b[6;20;10t\x1b[?62;4;22c", "!")
    app.wait_for("birds!")
