"""What the viewer tells of a run, in the words of the form: names and values in two columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.content import Content

from tui.hyperlinks import link_to
from tui.text import clean, padded, wrapped

if TYPE_CHECKING:
    from engine.record import RunRecord

_LONGEST = 4000
_NAME = 13
"""Cells of a name and of the blank behind it."""
_LEAST = 16


def told(record: RunRecord, width: int) -> Content:
    """All that is known, in lines of ``width`` cells; paths stand below their name, whole."""
    lines: list[Content] = []
    room = max(width - _NAME, _LEAST)
    for name, value in _facts(record):
        before = padded(clean(name), _NAME - 1) + " "
        for line in wrapped(value[:_LONGEST], room):
            lines.append(Content.assemble((before, "$text-muted"), line))
            before = " " * _NAME
    for image in record.images:
        lines.append(
            Content.assemble((padded("Picture", _NAME), "$text-muted"), f"seed {image.seed}")
        )
        lines.append(link_to(Content(clean(image.path)), image.path))
    return Content("\n").join(lines)


def _facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    from engine.relief import as_options
    from engine.settings import label_of, settings_of
    from tui.text import seconds, size
    from tui.widgets.run_details import STATUS, day

    status = record.status.value
    yield "Run", f"#{record.id} {STATUS.get(status) or status}"
    yield "Made", day(record.created_at)
    for name, value in settings_of(record).items():
        if name == "prompt" and len(record.spec.prompts) > 1:
            for number, prompt in enumerate(record.spec.prompts, 1):
                yield f"Prompt {number}", prompt
        else:
            yield "Without" if name == "negative_prompt" else label_of(name), value
    times = record.seconds.to_json().items()
    yield "Time", ", ".join(f"{name} {seconds(value)}" for name, value in times if value)
    steps = f"{record.steps}, {record.evaluations} evaluations" if record.steps else ""
    yield "Steps made", steps
    peak = record.memory_peak_bytes
    yield "Peak memory", f"{size(peak)} ({record.memory_kind})" if peak else ""
    yield "Versions", ", ".join(f"{name} {value}" for name, value in record.versions.items())
    for note in record.notes:
        yield "Remark", note
    yield "Error", record.error
    yield "Advice", as_options(record.advice)
