"""The line below the settings: what it says, where it fits, and when it changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from engine.events import MemorySampled
from engine.forecast import Forecast
from engine.record import Seconds
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab, record_of
from tui.outlook import free_bytes, lines, may_not_fit, sentences, short_line
from tui.screens.studio import forecast as studio_forecast

GB = 2**30
TOLD = Forecast(0.52, 0.5, 0.6, int(1.3 * GB), "vram", "measured", 5)
ROOMS = {35: 29, 44: 38, 62: 56}
"""Cells for words below a panel of so many columns."""


def sample(used: float, total: float, held: float = 0.0, kind: str = "vram") -> MemorySampled:
    return MemorySampled(
        kind, int(held * GB), int(held * GB), int((used + held) * GB), int(total * GB)
    )


def test_the_line() -> None:
    assert short_line(TOLD, None, 40) == "≈ 0.52 s · 1.3 GB · measured"
    assert short_line(replace(TOLD, seconds=None, sure="rough"), None, 40) == "≈ 1.3 GB · rough"
    assert short_line(replace(TOLD, memory_bytes=None, sure="near"), None, 40) == "≈ 0.52 s · near"
    assert short_line(Forecast(), None, 40) == ""


def test_a_compile_to_come_is_told() -> None:
    first = replace(TOLD, compile_seconds=41.0)
    assert short_line(first, None, 60) == "≈ 0.52 s after 41.0 s compiling · 1.3 GB · measured"
    assert "compile first, once: about 41.0 s" in sentences(first)
    assert dict(lines(first))["compile"].startswith("about 41.0 s")
    unknown = replace(TOLD, compile_seconds=0.0)
    assert short_line(unknown, None, 60) == "≈ 0.52 s after compiling · 1.3 GB · measured"
    assert "no run has told yet" in dict(lines(unknown))["compile"]
    assert "compile" not in dict(lines(TOLD))


@pytest.mark.parametrize("room", ROOMS.values())
def test_it_fits_with_its_word(room: int) -> None:
    for seconds in (0.001, 9.99, 99.9, 3599.0, 359_999.0):
        for memory in (1, 1023 * 2**20, int(99.9 * GB), 139 * GB):
            told = replace(TOLD, seconds=seconds, memory_bytes=memory)
            line = short_line(told, None, room)
            assert cell_len(line) <= room
            assert line.endswith("measured")


def test_it_warns_before_there_is_too_little() -> None:
    told = replace(TOLD, memory_bytes=11 * GB)
    full = sample(used=14.8, total=24)
    assert short_line(told, full, 62) == "may not fit: needs about 11 GB, 9.2 free"
    assert short_line(told, full, ROOMS[44]) == "may not fit: needs 11 GB, 9.2 free"
    assert short_line(told, full, ROOMS[35]) == "may not fit: 11 GB, 9.2 free"
    assert short_line(told, full, 15) == "may not fit"
    assert short_line(replace(told, memory_bytes=2 * GB), sample(23.5, 24), 62).endswith(
        "needs about 2.0 GB, 512 MB free"
    )
    assert "needs about 11 GB, and 9.2 GB are free for it" in sentences(told, full)


def test_what_this_app_holds_is_free_for_its_next_run() -> None:
    held = sample(used=2, total=24, held=14)
    assert free_bytes(held) == 22 * GB
    assert not may_not_fit(replace(TOLD, memory_bytes=20 * GB), held)
    assert may_not_fit(replace(TOLD, memory_bytes=23 * GB), held)


def test_memory_of_another_kind_is_not_compared() -> None:
    told = replace(TOLD, memory_bytes=11 * GB)
    assert not may_not_fit(told, sample(14, 24, kind="rss"))
    assert not may_not_fit(told, sample(0, 0))
    assert not may_not_fit(replace(TOLD, memory_bytes=None), sample(24, 24))


def test_it_says_where_it_comes_from() -> None:
    assert sentences(TOLD) == "From 5 runs like this on this machine. Most likely 0.50 s to 0.60 s."
    near = replace(TOLD, sure="near", runs=1)
    assert sentences(near).startswith("From 1 run on this machine that differs a little.")
    rough = replace(TOLD, sure="rough", runs=3)
    assert sentences(rough).startswith("From 3 runs on this machine that differ more than a little")
    assert "weights" in sentences(Forecast(memory_bytes=GB, sure="rough"))
    assert dict(lines(Forecast()))["time"] == "unknown"
    assert dict(lines(TOLD))["memory"] == "1.3 GB (vram)"


def below(s: Session) -> str:
    return s.studio.spec_form.parameters._line[0]


async def change(s: Session, field: str, text: str) -> str:
    s.studio.spec_form.parameters.set_value(field, text)
    await s.pilot.pause()
    await s.settle()
    return below(s)


def past(count: int = 3) -> ScriptedLab:
    spec = RunSpec("a", num_inference_steps=20)
    return ScriptedLab([record_of(number, spec) for number in range(count, 0, -1)])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_it_follows_the_form(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(past(), size=size) as s:
        await s.settle()
        assert below(s) == "≈ 0.52 s · 1.2 GB · measured"
        assert "≈ 0.52 s · 1.2 GB · measured" in s.seen()
        assert "From 3 runs like this" in str(s.studio.spec_form.parameters.tooltip)
        assert await change(s, "num_inference_steps", "40") == "≈ 0.92 s · 1.2 GB · near"
        assert await change(s, "num_inference_steps", "0") == ""
        assert s.studio.spec_form.parameters.tooltip is None
        assert await change(s, "num_inference_steps", "20") == "≈ 0.52 s · 1.2 GB · measured"
        assert (await change(s, "batch_size", "4")).startswith("≈ 2.08 s")
        assert await change(s, "checkpoint", "/no/such/folder") == ""


async def test_it_learns_from_the_run_that_was_made(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded()
        await s.settle()
        await s.settle()
        assert below(s).endswith("rough")
        assert " s " not in below(s)
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        await s.settle()
        await s.settle()
        assert below(s) == "≈ 0.52 s · 1.2 GB · measured"


async def test_it_warns_in_the_warning_colour(open_app: Open) -> None:
    lab = past()
    lab.past = [
        replace(record, memory_kind="vram", memory_peak_bytes=30 * GB) for record in lab.past
    ]
    async with open_app(lab) as s:
        await s.settle()
        assert below(s) == "≈ 0.52 s · 30.0 GB · measured"
        s.engine.sample_memory(3 * GB)
        await s.settle()
        assert below(s) == "may not fit: needs 30 GB, 23 free"
        assert "may not fit: needs 30 GB, 23 free" in s.seen()
        subtitle = s.studio.spec_form.parameters._border_subtitle
        assert subtitle is not None
        assert [span.style for span in subtitle.spans] == ["$warning"]


async def test_many_changes_are_told_once(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app(past()) as s:
        await s.settle()
        await s.settle()
        monkeypatch.setattr(studio_forecast, "PERIOD_SECONDS", 60.0)
        told: list[Forecast | None] = []
        monkeypatch.setattr(
            s.studio.spec_form.parameters, "foretell", lambda forecast, _: told.append(forecast)
        )
        for steps in range(21, 40):
            s.studio.spec_form.parameters.set_value("num_inference_steps", str(steps))
            await s.pilot.pause()
        assert told == []
        await s.settle()
        assert [forecast.sure for forecast in told if forecast] == ["near"]


async def test_records_without_figures_are_no_trouble(open_app: Open) -> None:
    spec = RunSpec("a")
    bad = replace(record_of(1, spec), seconds=Seconds(), memory_peak_bytes=0)
    async with open_app(ScriptedLab([bad])) as s:
        await s.settle()
        assert below(s).endswith("rough")
