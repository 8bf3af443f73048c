"""Completion in real shells: what they offer for a line that is typed so far."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.switches import SWITCHES
from tui.headless.arguments import parser
from tui.headless.completion import bash, fish, zsh
from tui.headless.completion.grammar import grammar
from tui.settings import SETTINGS

Offered = Callable[[str], list[str]]


def _bash(folder: Path) -> Offered:
    script = folder / "completion.bash"
    script.write_text(bash.script(grammar(parser())))

    def offered(line: str) -> list[str]:
        """As readline asks: it has split the line at its own word breaks, = and : among them."""
        code = (
            "COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; source \"$1\"; "
            "COMP_LINE=$2 COMP_POINT=${#2}; "
            'compopt() { :; }; _safelight; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        return _run(["bash", "--norc", "-c", code, "bash", str(script), line], folder)

    return offered


def _fish(folder: Path) -> Offered:
    script = folder / "completion.fish"
    script.write_text(fish.script(grammar(parser())))

    def offered(line: str) -> list[str]:
        code = 'source $argv[1]; complete -C "$argv[2]"'
        lines = _run(["fish", "--no-config", "-c", code, str(script), line], folder)
        return [each.partition("\t")[0] for each in lines]

    return offered


def _run(command: list[str], folder: Path) -> list[str]:
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )
    assert done.stderr == ""
    return [line for line in done.stdout.split("\n") if line]


@pytest.fixture(params=[_bash, _fish], ids=["bash", "fish"])
def offered(request: pytest.FixtureRequest, tmp_path: Path) -> Offered:
    make: Callable[[Path], Offered] = request.param
    if shutil.which(make.__name__.strip("_")) is None:
        pytest.skip("not installed")
    (tmp_path / "fox.png").touch()
    (tmp_path / "pictures").mkdir()
    return make(tmp_path)


def test_commands_and_options(offered: Offered) -> None:
    assert {"generate", "doctor", "completion"} <= set(offered("safelight "))
    assert set(offered("safelight s")) == {"sweep", "show", "switches", "settings"}
    assert offered("safelight --gra") == ["--graphics"]
    assert offered("safelight generate --dry") == ["--dry-run"]
    assert offered("safelight doctor --dry") == []
    assert set(offered("safelight --climb sweep --res")) == {"--resume"}
    assert set(offered("safelight completion ")) == {"bash", "zsh", "fish"}


def test_values(offered: Offered) -> None:
    assert set(offered("safelight --picture-format ")) == {"png", "jpeg", "webp"}
    assert offered("safelight --theme safelight-") == ["safelight-light"]
    assert offered("safelight --device cuda generate a --device c") in (
        ["cuda", "cpu"],
        ["cpu", "cuda"],
    )
    assert {"climb", "checkpoint"} <= set(offered("safelight settings c"))
    assert offered("safelight generate --steps ") == []


def test_switches_with_their_values(offered: Offered) -> None:
    everything = {f"{switch.name}={value}" for switch in SWITCHES for value in switch.values}
    assert set(offered("safelight generate x --set ")) == everything
    # bash keeps what stands before the = itself
    found = offered("safelight generate --set precision=fp1")
    assert found in (["fp16"], ["precision=fp16"])


def test_files(offered: Offered) -> None:
    assert offered("safelight show fo") == ["fox.png"]
    assert offered("safelight generate --from fo") == ["fox.png"]
    found = offered("safelight import pict")
    assert [each.rstrip("/") for each in found] == ["pictures"]


def test_files_with_signs_of_the_shell(tmp_path: Path) -> None:
    offered = _bash(tmp_path)
    for name in ("*.png", "[f]ox a.png", "fox.png", "foxes.png"):
        (tmp_path / name).touch()
    assert offered("safelight show *") == ["*.png"]
    assert offered("safelight show [") == ["[f]ox a.png"]
    assert set(offered("safelight show f")) == {"fox.png", "foxes.png"}


def test_names_with_blanks(offered: Offered) -> None:
    assert [each.replace("\\", "") for each in offered("safelight generate --scheduler Euler")] in (
        ["Euler", "Euler a"],
        ["Euler a", "Euler"],
    )


def test_zsh_takes_its_script(tmp_path: Path) -> None:
    script = tmp_path / "_safelight"
    script.write_text(zsh.script(grammar(parser())))
    text = script.read_text()
    for setting in SETTINGS.values():
        assert setting.flag in text
    if shutil.which("zsh") is None:
        pytest.skip("not installed")
    code = 'autoload -Uz compinit; compinit -D -u; source "$1"; print -r -- $_comps[safelight]'
    assert _run(["zsh", "-f", "-c", code, "zsh", str(script)], tmp_path) == ["_safelight"]
