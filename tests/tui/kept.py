"""A real history with runs in it, for the screens that show one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.history import Entry, History
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec
from tests.tui.scripted import picture

PROMPTS = ("a red sun over blue mountains", "a white moon over a city", "a yellow sun over the sea")
SCHEDULERS = ("DPM++ 2M", "Euler", "PNDM")


def run(history: History, number: int, prompt: str = "", **changes: Any) -> RunRecord:
    """The record of a run whose pictures are not there."""
    fields = {name: changes.pop(name) for name in ("status", "error", "seconds") if name in changes}
    spec = RunSpec(
        prompt or PROMPTS[number % 3],
        **{
            "seed": number * 37 % 1000,
            "scheduler": SCHEDULERS[number % 3],
            "width": 128,
            "height": 128,
            **changes,
        },
    )
    total = 0.2 + number * 0.37 % 3
    images = tuple(
        ImageRecord(str(history.folder / f"images/{number}-{seed}.png"), seed, 128, 128)
        for seed in spec.seeds
    )
    record = RunRecord(
        id=number,
        status=Status.FINISHED,
        spec=spec,
        created_at=f"2025-12-{1 + number % 28:02}T12:00:00.000Z",
        images=images,
        seconds=Seconds(denoise=total - 0.1, total=total),
        steps=20,
        memory_peak_bytes=10**9 + number * 10**7,
    )
    record = replace(record, **fields)
    return record if record.status is Status.FINISHED else replace(record, images=())


def history_of(folder: Path, count: int) -> History:
    """A history of so many runs, the ninth of each ten failed."""
    history = History(folder)
    for number in range(1, count + 1):
        failed = (
            {"status": Status.FAILED, "error": "Not enough memory."} if number % 10 == 9 else {}
        )
        history.add(run(history, history.new_id(), **failed))
    return history


def draw(history: History, *runs: int) -> None:
    """Put the pictures of some runs on disk."""
    for number in runs:
        record = history.get(number)
        assert record is not None
        for image in record.images:
            path = Path(image.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(image.seed).save(path)


def said(history: History, number: int) -> Entry:
    """A run with what was said of it."""
    entry = history.entry(number)
    assert entry is not None
    return entry
