"""Runs in plain text: a line each, or everything about one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from engine.history import Entry
from engine.record import ImageRecord, RunRecord, Status
from engine.relief import as_options
from engine.units import stars
from tui.hyperlinks import Placed
from tui.switchboard import in_words
from tui.text import WINNER, one_line, padded, seconds, size

_STATUS = {Status.CANCELLED: "stopped", Status.INTERRUPTED: "cut off"}
_PROMPT, _LEAST_PROMPT = 60, 24


def lines(entries: Sequence[Entry]) -> Iterator[str]:
    """A line for each run: number, time, memory, marks, settings, prompt, and what was turned."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for entry in entries:
        yield _line(entry, width)


def _line(entry: Entry, width: int) -> str:
    """A line of at most ``width`` cells; 0 when nobody looks."""
    record = entry.record
    spec = record.spec
    memory = size(record.memory_peak_bytes) if record.memory_peak_bytes else "–"
    marks = f"{stars(entry.rating):<5} {WINNER if entry.winner else ' '}"
    seed = str(spec.seed) if spec.batch_size == 1 else f"{spec.seed} ×{spec.batch_size}"
    scheduler = padded(spec.scheduler or "own", 12)
    cells = f"#{entry.id:<5} {time_of(record):>9}  {memory:>8}  {marks} "
    cells += f"seed {seed:<10} {spec.num_inference_steps:>3} {scheduler} "
    turned = one_line(in_words(spec.switches), 60) if spec.switches else ""
    room = width - cell_len(cells) if width else _PROMPT + cell_len(turned) + 2
    if turned and room - cell_len(turned) - 2 >= _LEAST_PROMPT:
        return f"{cells}{one_line(spec.prompt, room - cell_len(turned) - 2)}  {turned}"
    return cells + one_line(spec.prompt, max(room, _LEAST_PROMPT))


def time_of(record: RunRecord) -> str:
    """What a run took, or how else it ended."""
    if record.status is Status.FINISHED:
        return seconds(record.seconds.total) if record.seconds.total else "–"
    return _STATUS.get(record.status, record.status.value)


def facts(entry: Entry) -> list[tuple[str, object]]:
    """Everything about a run, name and value."""
    record, spec = entry.record, entry.record.spec
    times = record.seconds.to_json()
    values = spec.to_json()
    several = len(spec.prompts) > 1
    prompts = [(f"prompt_{n}", text) for n, text in enumerate(spec.prompts, 1)]
    plain = ((n, v) for n, v in values.items() if n not in ("prompt", "switches") and v != "")
    marks = (stars(entry.rating), f"{WINNER} winner" if entry.winner else "")
    told: list[tuple[str, object]] = [
        ("run", f"#{record.id} {record.status.value}, {record.created_at}"),
        ("rating", "  ".join(mark for mark in marks if mark)),
        ("tags", " ".join(f"#{tag}" for tag in entry.tags)),
        ("note", entry.note),
        ("group", f"{record.group}, cell {record.cell}" if record.group else ""),
        ("in_the_trash", f"since {entry.trashed_at}" if entry.trashed_at else ""),
        *(prompts if several else [("prompt", spec.prompt)]),
        *plain,
        ("switches", in_words(spec.switches) if spec.switches else ""),
        ("time", ", ".join(f"{name} {seconds(value)}" for name, value in times.items() if value)),
        ("steps", f"{record.steps}, {record.evaluations} evaluations" if record.steps else ""),
        ("peak_memory", _memory(record)),
        ("device", ", ".join(word for word in (record.device, record.dtype) if word)),
        ("versions", ", ".join(f"{name} {value}" for name, value in record.versions.items())),
        *(("picture", _picture(image)) for image in record.images),
        *(("remark", note) for note in record.notes),
        ("error", record.error),
        ("advice", as_options(record.advice)),
    ]
    return [(name, value) for name, value in told if value not in ("", None)]


def _memory(record: RunRecord) -> str:
    peak = record.memory_peak_bytes
    return f"{size(peak)} ({record.memory_kind})" if peak else ""


def _picture(image: ImageRecord) -> Placed:
    prompt = f"  {one_line(image.prompt, _PROMPT)}" if image.prompt else ""
    return Placed(image.path, f"  seed {image.seed}{prompt}")
