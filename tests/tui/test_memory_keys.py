"""When memory is short: F6 takes the advice, F7 fills the card, and the same without the app."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import events
from engine.api import Emit
from engine.errors import HistoryError
from engine.hub import HubSize
from engine.record import Status
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedEngine, ScriptedLab, record_of
from tui.cli import main
from tui.lab import RealLab
from tui.screens.confirm import ConfirmScreen
from tui.settings import Settings, read_settings
from tui.widgets.messages import Messages

SHORT = "Not enough memory on cuda:0 for a batch of 4 at 1024x1024. It may work with VAE slicing."
ADVICE = {"vae_slicing": "on"}


def said(s: Session) -> str:
    """The messages, however they are broken into lines."""
    return "\n".join(line.plain for line in s.studio.query_one(Messages)._lines)


async def fail(s: Session, advice: dict[str, str] | None = None) -> None:
    """A run of the form that fails."""
    await s.press("ctrl+r")
    s.engine.begin()
    s.engine.fail(SHORT, advice=advice)
    await s.settle()


async def test_one_key_takes_the_advice(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("batch_size", "4")
        await fail(s, ADVICE)
        assert f"{SHORT} F6: try with VAE slicing" in s.told()
        assert "✗ #1 failed · F6: try with VAE slicing" in s.seen()
        await s.press("f6")
        spec = s.engine.submitted[-1]
        assert spec.switches == ADVICE
        assert spec.batch_size == 4
        assert s.studio.spec_form.values["switches"] == "vae_slicing=on"
        assert "#1 again, with VAE slicing." in said(s)
        assert s.studio.following
        s.engine.begin()
        s.engine.fail(SHORT, advice={"split": "2"})
        await s.press("f6")
        assert s.engine.submitted[-1].switches == {"vae_slicing": "on", "split": "2"}
        assert s.studio.spec_form.values["switches"] == "vae_slicing=on split=2"


async def test_advice_is_taken_once(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("f6")
        assert "No failed run has advice to take." in s.told()
        await fail(s, ADVICE)
        await s.press("f6", "f6")
        assert len(s.engine.submitted) == 2


async def test_the_run_that_failed_is_meant_and_not_the_form(open_app: Open) -> None:
    async with open_app() as s:
        await fail(s, {"offload": "model"})
        s.studio.spec_form.parameters.set_value("num_inference_steps", "50")
        s.studio.spec_form.parameters.set_value("switches", "fused_qkv=on")
        await s.press("f6")
        assert s.engine.submitted[-1].num_inference_steps == 20
        assert s.engine.submitted[-1].switches == {"offload": "model"}
        assert s.studio.spec_form.values["switches"] == "fused_qkv=on", "they exclude each other"


async def test_advice_of_an_earlier_session(open_app: Open) -> None:
    spec = RunSpec("a", width=1024, height=1024)
    older = replace(record_of(1, spec, Status.FAILED, SHORT), advice={"vae_tiling": "on"})
    async with open_app(ScriptedLab([record_of(2, spec), older])) as s:
        await s.press("f6")
        assert s.engine.submitted == [older.spec.with_(switches={"vae_tiling": "on"})]


async def test_advice_that_needs_a_download_asks_first(open_app: Open) -> None:
    """The checkpoint was deleted since the run failed."""
    spec = RunSpec("a", "someone/tiny")
    older = replace(record_of(1, spec, Status.FAILED, SHORT), advice=ADVICE)
    lab = ScriptedLab([older], sizes={"someone/tiny": HubSize(7 * 1024**3, 0, 20)})
    async with open_app(lab) as s:
        await s.press("f6")
        assert isinstance(s.app.screen, ConfirmScreen)
        await s.press("escape")
        assert s.engine.submitted == []
        assert s.studio.spec_form.values["switches"] == ""
        assert "again" not in said(s)
        await s.press("f6", "enter")
        assert s.engine.submitted == [older.spec.with_(switches=ADVICE)], "a no is not for ever"
        assert s.studio.spec_form.values["switches"] == "vae_slicing=on"
        await s.press("f6")
        assert len(s.engine.submitted) == 1


async def test_a_failure_without_advice_names_no_key(open_app: Open) -> None:
    async with open_app() as s:
        await fail(s)
        assert "F6" not in s.told()
        await s.press("f6")
        assert len(s.engine.submitted) == 1


async def test_hostile_advice_is_shown_and_not_obeyed(open_app: Open) -> None:
    async with open_app() as s:
        await fail(s, {"a\x1b[31m": "[/red]", "split": "x"})
        assert "\x1b" not in s.seen()
        await s.press("f6")
        assert "does not go with it" in said(s)
        assert "\x1b" not in said(s)


async def test_a_run_that_climbs_says_so(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.step(3)
        s.engine.retry({"split": "2"}, "Not enough memory on cuda:0 for a batch of 4.")
        await s.settle()
        assert "#1 again with 2 a call" in s.seen()
        assert "#1 ran out of memory; trying with 2 a call." in said(s)
        s.engine.step(1)
        s.engine.finish()
        await s.settle()
        assert "✓ #1 took" in s.seen()


async def test_fill_puts_the_largest_batch_on_the_form(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("batch_size", "what?")
        s.studio.spec_form.parameters.set_value("size", "512x512")
        await s.press("f7")
        assert [spec.width for spec in s.engine.filled] == [512]
        assert not s.studio.runs.rows, "a search is no run"
        s.engine.try_fill(1, fits=True)
        s.engine.try_fill(2, fits=True)
        s.engine.try_fill(4, fits=False)
        await s.settle()
        assert "Looking for the largest batch" in s.seen()
        assert "2 fit · 4 do not" in s.seen()
        await s.press("f7")
        assert "looked for already" in s.told()
        s.engine.found(3)
        await s.settle()
        assert "✓ 3 fit" in s.seen()
        assert s.studio.spec_form.values["batch_size"] == "3"
        await s.press("ctrl+r")
        assert s.engine.submitted[-1].batch_size == 3
        s.engine.begin()
        s.engine.finish()
        await s.press("f7")
        s.engine.try_fill(1, fits=True)
        s.engine.found(3, remembered=True)
        await s.settle()
        assert "as was found before" in said(s)


@pytest.mark.parametrize("key", ["ctrl+g", "f8"])
async def test_fill_is_stopped_like_a_run(open_app: Open, key: str) -> None:
    async with open_app() as s:
        await s.press("f7")
        s.engine.try_fill(1, fits=True)
        await s.settle()
        await s.press(key)
        assert "– Search stopped" in s.seen()
        assert s.studio.spec_form.values["batch_size"] == "1"
        assert not s.engine.fills
        await s.press(key)
        assert "Nothing is running." in s.told()


async def test_a_search_that_waits_leaves_the_run_alone(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.step(3)
        await s.press("f7")
        assert s.engine.cancel(s.engine.fills[0])
        await s.settle()
        assert "step" in s.seen()
        assert "taken out of the queue" in said(s)
        await s.press("f7", "f8")
        assert not s.engine.fills
        assert s.engine.current is None
        assert "– #1 stopped after 3 steps" in s.seen()


async def test_fill_that_fails(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("num_inference_steps", "0")
        await s.press("f7")
        assert not s.engine.filled
        s.studio.spec_form.parameters.set_value("num_inference_steps", "20")
        s.engine.refuse = HistoryError("The disk is full.")
        await s.press("f7")
        assert "The disk is full." in s.told()
        s.engine.refuse = None
        await s.press("f7")
        s.engine.try_fill(1, fits=False)
        s.engine.end_fill("Not enough memory on cpu for a picture at 64x64.")
        await s.settle()
        assert "✗ No batch was found" in s.seen()
        assert "for a picture at 64x64" in s.told()
        await s.press("f7")
        assert len(s.engine.filled) == 2


async def test_both_are_in_the_palette_and_in_the_help(open_app: Open) -> None:
    async with open_app(size=(120, 60)) as s:
        assert {"Advice F6", "Fill F7"} <= set(s.palette())
        await s.press("f1")
        assert "Find the largest batch that fits" in s.seen()


# Without the app


class Quick(ScriptedEngine):
    """Answers at once."""

    answer: Callable[[ScriptedEngine, RunSpec], None] = staticmethod(lambda *_: None)
    search: Callable[[ScriptedEngine], None] = staticmethod(lambda engine: engine.found(12))

    def submit(self, spec: RunSpec) -> int:
        run_id = super().submit(spec)
        self.begin()
        type(self).answer(self, spec)
        if self.current is not None:
            self.finish()
        return run_id

    def fill(self, spec: RunSpec) -> int:
        run_id = super().fill(spec)
        self.try_fill(1, fits=True)
        type(self).search(self)
        return run_id


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Quick]:
    """The engines that commands open."""
    opened: list[Quick] = []

    def open_quick(self: RealLab, emit: Emit) -> Quick:
        opened.append(Quick(emit))
        opened[-1].climbs = self.settings.climb  # type: ignore[attr-defined]
        return opened[-1]

    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    monkeypatch.setattr(RealLab, "open", open_quick)
    return opened


def test_generate_with_the_largest_batch(
    quick: list[Quick], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "a", "b", "--batch", "MAX", "--seed", "3", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["spec"]["batch_size"] == 12
    assert "A batch of 1 fits." in told.err
    assert "The largest batch that fits is 12." in told.err
    (engine,) = quick
    assert engine.filled[0].with_(batch_size=12) == engine.submitted[0]
    assert engine.stopped


@pytest.mark.parametrize(("error", "code"), [("", 130), ("Not enough memory for a picture.", 1)])
def test_generate_when_the_search_finds_nothing(
    quick: list[Quick],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: str,
    code: int,
) -> None:
    monkeypatch.setattr(Quick, "search", staticmethod(lambda engine: engine.end_fill(error)))
    assert main(["generate", "a", "--batch", "max", "--json"]) == code
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["status"] == ("failed" if error else "cancelled")
    assert (document["error"], document["images"]) == (error, [])
    assert document["spec"]["prompt"] == "a"
    assert error in told.err
    assert not quick[0].submitted


def test_a_dry_run_does_not_try(quick: list[Quick], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "a", "--batch", "max", "--dry-run"]) == 2
    assert "--batch max has to try" in capsys.readouterr().err
    assert not quick


def test_generate_says_what_to_try(
    quick: list[Quick], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(engine: ScriptedEngine, _: RunSpec) -> None:
        engine.fail(SHORT, advice=ADVICE)

    monkeypatch.setattr(Quick, "answer", staticmethod(short))
    assert main(["generate", "a"]) == 1
    assert f"{SHORT} Try --set vae_slicing=on." in capsys.readouterr().err
    assert len(quick) == 1


def test_generate_climbs(
    quick: list[Quick], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def climb(engine: ScriptedEngine, _: RunSpec) -> None:
        engine.retry({"split": "2"}, "Not enough memory for a batch of 4.")

    monkeypatch.setattr(Quick, "answer", staticmethod(climb))
    assert main(["generate", "a", "--climb"]) == 0
    assert "Not enough memory for a batch of 4. Trying with 2 a call." in capsys.readouterr().err
    assert main(["generate", "a"]) == 0
    assert [engine.climbs for engine in quick] == [True, False]  # type: ignore[attr-defined]


def test_the_setting(tmp_path: Path, quick: list[Quick]) -> None:
    file = tmp_path / "config.toml"
    file.write_text("climb = true")
    assert read_settings(file) == (Settings(climb=True), "")
    file.write_text("climb = 1")
    assert "“climb” must be true or false" in read_settings(file)[1]
    assert not quick


def test_a_fact_of_a_failed_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from engine.history import History

    history = History(tmp_path / "data")
    spec = RunSpec("a")
    history.add(replace(record_of(1, spec, Status.FAILED, SHORT), advice=ADVICE))
    history.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFELIGHT_HOME", str(tmp_path))
        assert main(["show", "1"]) == 0
    assert "--set vae_slicing=on" in capsys.readouterr().out


def test_events_of_a_search_are_all_told() -> None:
    """None of them may be dropped on the way to the screen as an older one's successor."""
    from tui.bridge import Mailbox

    box = Mailbox(lambda: None)
    told = [events.FillTried(1, n, True) for n in (1, 2, 4)]
    for event in told:
        box.put(event)
    assert box.take() == told
