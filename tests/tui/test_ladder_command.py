"""``safelight ladder``: what a person and a script get."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.api import Emit
from engine.events import StudyEnded, StudyFinished
from engine.group import Group, Kind
from engine.history import History
from engine.ladder.request import Ladder, LadderResult, Rung
from engine.measure.request import Sample, Side
from engine.measure.verdict import Verdict
from engine.spec import RunSpec
from engine.study import Study
from tests.engine.exchanged import CREATED, NASTY, add_run
from tests.engine.pages import Strict
from tests.tui.scripted import ScriptedEngine
from tui.cli import main
from tui.lab import RealLab

Capture = pytest.CaptureFixture[str]
GROUP = "abc234"
SENTENCE = "fp16, DPM++ 2M, 20 steps: 7.1x faster, 54% less memory, SSIM 0.93"


def result_of(history: History, spec: RunSpec) -> LadderResult:
    """Three rungs and one that cannot be climbed; their pictures are in the history."""

    def side(spec: RunSpec, seconds: float, peak: int, dtype: str) -> Side:
        run_id = add_run(history, spec).id
        samples = tuple(Sample(0, seconds * f, 0, peak) for f in (0.9, 1, 1.1))
        full = spec.with_(width=64, height=64)
        return Side("x", full, run_id, samples, device="cuda:0", dtype=dtype, memory_kind="vram")

    low = spec.with_(num_inference_steps=50, scheduler="PNDM", switches={"precision": "fp32"})
    half = low.with_(switches={})
    fast = half.with_(num_inference_steps=20, scheduler="DPM++ 2M")
    faster = Verdict(0.5, 0.45, 0.55, True)
    return LadderResult(
        (
            Rung(
                "first", "Full precision", "", "", side=side(low, 10, 10**9, "float32"), pays=True
            ),
            Rung(
                *("half", "Half precision", "", "fp16", 0),
                side=side(half, 5, 5 * 10**8, "float16"),
                before=faster,
                first=faster,
                likeness_before=0.99,
                likeness_first=0.99,
                pays=True,
            ),
            Rung(
                *("steps", "Better scheduler, 20 steps", "", "DPM++ 2M, 20 steps", 1),
                side=side(fast, 2, 46 * 10**7, "float16"),  # at a busier hour
                before=Verdict(0.28, 0.2, 0.3, True),
                first=Verdict(0.141, 0.12, 0.16, True),
                likeness_before=0.93,
                likeness_first=0.931,
                pays=True,
            ),
            Rung("vae", "Better VAE", "", "", skipped="No other VAE comes with it.", pays=False),
        ),
        best=2,
        recommendation=SENTENCE,
    )


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    history = History(tmp_path / "home" / "data")
    yield history
    history.close()


@pytest.fixture
def kept(history: History) -> LadderResult:
    """A ladder in the history, of a prompt that means no good."""
    spec = RunSpec(f"{NASTY}\nand \u202eso on", negative_prompt="blurred", seed=7)
    result = result_of(history, spec)
    plan = Ladder(spec).to_json()
    history.groups.add(Group(GROUP, Kind.LADDER, CREATED, NASTY, plan, result.to_json()))
    return result


class Climbing(ScriptedEngine):
    """Climbs at once, as ``end`` says."""

    end: Callable[[Climbing, Study], None]

    def study(self, study: Study) -> int:
        number = super().study(study)
        type(self).end(self, study)
        return number


@pytest.fixture
def engine(history: History, monkeypatch: pytest.MonkeyPatch) -> type[Climbing]:
    """What climbs in the place of the real one."""
    del history

    def open_engine(_: RealLab, emit: Emit) -> ScriptedEngine:
        return Climbing(emit)

    monkeypatch.setattr(RealLab, "open", open_engine)
    return Climbing


def keep(history: History, study: Study, result: LadderResult) -> None:
    plan = study.to_json()
    history.groups.add(Group(GROUP, Kind.LADDER, CREATED, "a sun", plan, result.to_json()))


def test_an_earlier_one_is_shown_as_a_table(kept: LadderResult, capsys: Capture) -> None:
    del kept
    assert main(["ladder", "--show", "last"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    lines = told.splitlines()
    assert lines[0].split()[:3] == ["RUNG", "AN", "IMAGE"]
    assert lines[1].endswith("the start")
    steps = next(line for line in lines if "20 steps" in line)
    assert "1.41 s" in steps, "as beside the first"
    assert "42.6" in steps, "images a minute"
    assert "7.1x faster" in steps
    assert steps.endswith("recommended")
    assert "   No other VAE comes with it." in lines
    at = lines.index(SENTENCE)
    command = shlex.split(lines[at + 1])
    assert command[:2] == ["safelight", "generate"]
    assert command[3:] == [
        *("--negative-prompt", "blurred", "--seed", "7", "--steps", "20", "--guidance", "4"),
        *("--size", "64x64", "--scheduler", "DPM++ 2M"),
    ]
    assert "Each rung was warmed up" in told


def test_it_is_one_document_for_a_script(kept: LadderResult, capsys: Capture) -> None:
    assert main(["ladder", "--show", GROUP, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["group"] == GROUP
    assert told["command"].startswith("safelight generate")
    assert told["spec"]["negative_prompt"] == "blurred"
    assert LadderResult.from_json(told) == kept
    assert main(["ladder", "--list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["group"], listed["recommendation"]) == (GROUP, SENTENCE)


def test_the_report_has_the_pictures_and_no_markup_of_others(
    kept: LadderResult, capsys: Capture, tmp_path: Path
) -> None:
    del kept
    page, document = tmp_path / "out.html", tmp_path / "out.md"
    command = ["ladder", "--show", GROUP, "--html", str(page), "--markdown", str(document)]
    assert main(command) == 0
    read = Strict(page.read_text())
    assert len(read.pictures) == 3
    assert SENTENCE in page.read_text()
    assert "1.41 s<" in page.read_text()
    assert "own turns: 2.00 s ±5%" in page.read_text()
    assert page.read_text().count('class="good best"') == 1
    assert "<script>" not in page.read_text()
    assert "\nand so on</dd>" in page.read_text()
    assert "<dt>Negative prompt</dt><dd>blurred</dd>" in page.read_text()
    text = document.read_text()
    assert "\n1\\. Full precision\n" in text
    assert "\n- Negative prompt: blurred\n" in text
    assert "and so on\n- N" in text
    assert "**fp16, DPM+" in text
    assert "<script>" not in text
    assert text.count("![") == 3
    assert len(list((tmp_path / "out-pictures").iterdir())) == 3
    capsys.readouterr()
    assert main(command) == 1, "an earlier report is not replaced"
    assert "--replace" in capsys.readouterr().err
    assert main([*command, "--replace"]) == 0


def test_a_climb_ends_with_what_to_use(
    engine: type[Climbing], history: History, capsys: Capture
) -> None:
    asked = []

    def end(engine: Climbing, study: Study) -> None:
        asked.append(study)
        engine.begin_study()
        engine.go_on(0, 50, "warming up Full precision")
        result = result_of(history, RunSpec("a sun", seed=3))
        keep(history, study, result)
        engine.emit(StudyFinished(engine.studies.pop(), result, GROUP))

    engine.end = end
    command = ["ladder", "a sun", "--seed", "3", "--repeats", "2", "--size", "64x64"]
    assert main([*command, "--steps", "4"]) == 0
    (ladder,) = asked
    assert isinstance(ladder, Ladder)
    assert ladder.repeats == 2
    assert (ladder.spec.prompt, ladder.spec.seed, ladder.spec.width) == ("a sun", 3, 64)
    assert ladder.spec.num_inference_steps == 4
    told = capsys.readouterr()
    assert "1 of 50: warming up Full precision" in told.err
    assert SENTENCE in told.out
    assert "safelight generate 'a sun' --seed 3" in told.out
    assert f"safelight ladder --show {GROUP}" in told.err


def test_what_was_measured_before_it_is_stopped_is_kept_and_shown(
    engine: type[Climbing], history: History, capsys: Capture
) -> None:
    def end(engine: Climbing, study: Study) -> None:
        whole = result_of(history, RunSpec("a sun"))
        partial = replace(whole, rungs=(*whole.rungs[:2], *map(bare, whole.rungs[2:])), best=1)
        partial = replace(partial, recommendation="")
        keep(history, study, partial)
        engine.studies.pop()
        signal.raise_signal(signal.SIGINT)
        engine.emit(StudyEnded(1, "", partial, GROUP))

    engine.end = end
    assert main(["ladder", "a sun"]) == 130
    told = capsys.readouterr()
    assert "Half precision" in told.out
    assert "It was stopped before its end." in told.out
    assert main(["ladder", "--list"]) == 0
    assert "stopped before its end" in capsys.readouterr().out


def test_of_what_was_stopped_at_once_there_is_no_table(
    engine: type[Climbing], history: History, capsys: Capture
) -> None:
    def end(engine: Climbing, study: Study) -> None:
        nothing = LadderResult((Rung("first", "Full precision", "", ""),))
        keep(history, study, nothing)
        engine.emit(StudyEnded(engine.studies.pop(), "", nothing, GROUP))

    engine.end = end
    assert main(["ladder", "a sun"]) == 130
    told = capsys.readouterr()
    assert "RUNG" not in told.out
    assert "It was stopped before anything was measured." in told.err
    assert main(["ladder", "--show", "last"]) == 1
    assert "No ladder was climbed yet. Climb one with: safelight" in capsys.readouterr().err


def bare(rung: Rung) -> Rung:
    return Rung(rung.name, rung.title, rung.why, "")


def test_a_climb_that_fails_says_why(engine: type[Climbing], capsys: Capture) -> None:
    engine.end = lambda engine, _: engine.end_study("Not enough memory.")
    assert main(["ladder", "a sun"]) == 1
    assert "Not enough memory." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ladder"], 2, "Say what to draw"),
        (["ladder", "a sun", "--repeats", "1"], 2, "from 2 to 1,000"),
        (["ladder", "a sun", "--guidance", "many"], 2, "uidance"),
        (["ladder", "a sun", "--steps", "30"], 2, "fewer than 20"),
        (["ladder", "a sun", "--show", "last"], 2, "takes no prompt"),
        (["ladder", "--show", "last"], 1, "No ladder was climbed yet"),
        (["ladder", "--show", "zzzzzz"], 1, "There is no ladder"),
    ],
)
def test_what_cannot_be_is_said(
    history: History, capsys: Capture, words: list[str], code: int, said: str
) -> None:
    del history
    assert main(words) == code
    assert said in capsys.readouterr().err
