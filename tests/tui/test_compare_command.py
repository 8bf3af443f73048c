"""``safelight compare``: what a person and a script get."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.api import Emit
from engine.events import StudyEnded
from engine.history import History
from engine.measure.request import Measurement, MeasurementResult, Sample, Side
from engine.measure.verdict import Verdict
from engine.spec import RunSpec
from engine.study import Study
from tests.engine.exchanged import NASTY, add_run
from tests.engine.pages import Strict
from tests.tui.scripted import ScriptedEngine
from tui.cli import main
from tui.lab import RealLab

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """Four runs: the third of another prompt and scheduler, the last of a batch."""
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    history = History(tmp_path / "home" / "data")
    add_run(history, RunSpec("a red sun", seed=7))
    add_run(history, RunSpec("a red sun", seed=7, num_inference_steps=50))
    add_run(history, RunSpec("a blue sun", seed=8, scheduler="PNDM"))
    add_run(history, RunSpec("a red sun", seed=7, batch_size=3))
    history.marks.win([2])
    yield history
    history.close()


def test_a_table(history: History, capsys: Capture) -> None:
    del history
    assert main(["compare", "1", "#2", "3"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:4] == [
        "                #1 reference  #2 ◆                 #3",
        "Seed            7             7                    8",
        "Steps           20            50                   20",
        "Scheduler       DPM++ 2M      DPM++ 2M             PNDM",
    ]
    assert "Denoise         0.50 s        0.50 s        1.00x  0.50 s        1.00x" in told
    (likeness,) = [line for line in told if line.startswith("SSIM")]
    assert likeness.split()[1] == "1"
    assert told[-7:-3] == [
        "Prompt, {+added+} and [-removed-]:",
        "  #1  a red sun",
        "  #2  a red sun",
        "  #3  a [-red-] {+blue+} sun",
    ]
    assert told[-1].startswith("Times are those of one run each")


def test_everything_is_shown_when_asked_for(history: History, capsys: Capture) -> None:
    del history
    assert main(["compare", "1-2", "--all", "--reference", "2"]) == 0
    told = capsys.readouterr().out
    assert "#2 ◆ reference" in told
    assert "Guidance" in told
    assert "Prompt: a red sun" in told


def test_pictures_of_a_batch(history: History, capsys: Capture) -> None:
    del history
    assert main(["compare", "4"]) == 0
    assert "#4.1 reference  #4.2" in capsys.readouterr().out
    assert main(["compare", "4.3", "4.1", "--json", "--reference", "4.1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["picture"] for side in told["sides"]] == [3, 1]
    assert told["reference"] == "#4.1"
    assert main(["compare", "4", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["name"] for side in told["sides"]] == ["#4.1", "#1"]
    assert told["likeness"][1]["identical"] is True
    assert told["winners"] == []
    assert told["measured"] is None


def test_files(history: History, tmp_path: Path, capsys: Capture) -> None:
    add_run(history, RunSpec(NASTY, seed=7))
    places = {form: tmp_path / f"out.{form}" for form in ("png", "html", "markdown")}
    words = [word for form, place in places.items() for word in (f"--{form}", str(place))]
    assert main(["compare", "1", "5", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == {form: str(place) for form, place in places.items()}
    assert "alert(1)" in Strict(places["html"].read_text()).text
    assert len(list((tmp_path / "out-pictures").iterdir())) == 3
    assert main(["compare", "1", "5", *words]) == 1
    assert "is an earlier report. Choose another name, or" in capsys.readouterr().err
    assert main(["compare", "1", "5", *words, "--replace"]) == 0
    said = capsys.readouterr()
    assert f"Written: {places['png']}" in said.err
    assert main(["compare", "1", "5", "--png", str(tmp_path / "out.gif")]) == 2
    assert "--png writes a file in .png" in capsys.readouterr().err
    assert "\x1b" not in said.out + said.err


def test_a_picture_that_is_gone(history: History, capsys: Capture) -> None:
    record = history.get(1)
    assert record is not None
    Path(record.images[0].path).unlink()
    assert main(["compare", "1", "2"]) == 0
    told = capsys.readouterr().out
    assert "SSIM" not in told
    assert "is not there any more." in told


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["1", "9"], 1, "There is no run #9"),
        (["1", "sun"], 2, "is not a run"),
        (["1"], 2, "has one picture. Name another run"),
        (["1", "1"], 2, "cannot be compared with itself"),
        (["1-4", "4.2"], 2, "Compare 2 to 4 pictures, not 5 pictures."),
        (["1.2", "2"], 2, "Run #1 has 1 picture, and no picture 2."),
        (["1.0", "2"], 2, "pictures count from 1"),
        (["1", "2", "--picture", "0"], 2, "--picture counts from 1"),
        (["1", "2", "--picture", "3"], 2, "no picture 3"),
        (["1", "2", "--reference", "3"], 2, "is none of those"),
        (["1", "2", "--repeats", "3"], 2, "--repeats goes with --measure"),
        (["1", "2", "--measure", "--repeats", "1"], 2, "from 2 to 1,000"),
        (["4", "--measure"], 2, "there is nothing to measure"),
        (["1", "2", "--measure", "--device", "abacus"], 2, "no device called"),
    ],
)
def test_sentences(
    history: History, capsys: Capture, words: list[str], code: int, why: str
) -> None:
    del history
    assert main(["compare", *words]) == code
    said = capsys.readouterr()
    assert why in said.err
    assert said.out == ""


class Measuring(ScriptedEngine):
    """Ends each study at once, in the way that the test says."""

    end: Callable[[Measuring, Measurement], None]

    def study(self, study: Study) -> int:
        number = super().study(study)
        assert isinstance(study, Measurement)
        self.begin_study()
        self.go_on(0, 18, "#1, turn 1")
        Measuring.end(self, study)
        return number


def result_of(asked: Measurement, verdict: Verdict) -> MeasurementResult:
    sides = tuple(
        Side(label, spec, samples=(Sample(0.1, 0.8, 0.1, 2**30),) * asked.repeats)
        for label, spec in zip(asked.names, asked.specs, strict=True)
    )
    return MeasurementResult(sides, (None, verdict), asked.repeats, "Measured in blocks.")


@pytest.fixture
def engine(history: History, monkeypatch: pytest.MonkeyPatch) -> type[Measuring]:
    """What measures in the place of the real one."""
    del history

    def open_engine(_: RealLab, emit: Emit) -> ScriptedEngine:
        return Measuring(emit)

    monkeypatch.setattr(RealLab, "open", open_engine)
    return Measuring


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(1.004, 0.99, 1.02, False), "no difference"),
        (Verdict(0.4, 0.39, 0.41, True), "2.5x faster"),
        (Verdict(1.1, 1.08, 1.12, True), "10% slower"),
    ],
)
def test_measured(
    engine: type[Measuring], capsys: Capture, tmp_path: Path, verdict: Verdict, words: str
) -> None:
    asked = []

    def end(engine: Measuring, study: Measurement) -> None:
        asked.append(study)
        engine.finish_study(result_of(study, verdict))

    engine.end = end
    page = tmp_path / "out.html"
    assert main(["compare", "1", "2", "--reference", "2", "--measure", "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert words in told
    assert "1.00 s (1.00 s – 1.00 s)" in told
    assert "Measured in blocks." in told
    assert "Times are those of one run each" not in told
    assert words in page.read_text()
    assert asked[0].names == ("#2", "#1")  # the reference comes first
    assert [spec.num_inference_steps for spec in asked[0].specs] == [50, 20]
    command = ["compare", "1", "2", "--measure", "--repeats", "3", "--json"]
    assert main(command) == 0
    told_json = json.loads(capsys.readouterr().out)["measured"]
    assert (told_json["group"], told_json["repeats"]) == ("abc234", 3)
    assert told_json["verdicts"][1] == verdict.to_json()


def test_measuring_that_fails(engine: type[Measuring], capsys: Capture) -> None:
    def end(engine: Measuring, _: Measurement) -> None:
        engine.end_study("Not enough memory.")

    engine.end = end
    assert main(["compare", "1", "2", "--measure"]) == 1
    told = capsys.readouterr()
    assert "Not enough memory." in told.err
    assert "Steps" in told.out


def test_measuring_that_is_stopped(engine: type[Measuring], capsys: Capture) -> None:
    """What was measured until then is shown all the same."""

    def end(engine: Measuring, study: Measurement) -> None:
        partial = result_of(study, Verdict(0.4, 0.3, 0.5, True))
        engine.studies.pop()
        signal.raise_signal(signal.SIGINT)
        engine.emit(StudyEnded(1, "", partial, "abc234"))

    engine.end = end
    assert main(["compare", "1", "2", "--measure"]) == 130
    assert "2.5x faster" in capsys.readouterr().out


def test_a_report_that_cannot_be_written_is_said_before_measuring(
    engine: type[Measuring], capsys: Capture, tmp_path: Path
) -> None:
    def end(engine: Measuring, _: Measurement) -> None:
        raise AssertionError(engine)

    engine.end = end
    (tmp_path / "notes.md").write_text("mine")
    command = ["compare", "1", "2", "--measure", "--markdown", str(tmp_path / "notes.md")]
    assert main(command) == 1
    assert "is not an earlier report" in capsys.readouterr().err
