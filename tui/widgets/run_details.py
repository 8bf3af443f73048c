"""Everything that is known of one run, in a few lines, for beside or below the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tui.hyperlinks import link_to
from tui.switchboard import in_words
from tui.text import WINNER, ago, clean, one_line, seconds, size
from tui.widgets.history_table import stars

if TYPE_CHECKING:
    from engine.history import Entry

_PROMPT_LINES = 4
_LONGEST = 4000
STATUS = {
    "finished": "",
    "cancelled": "stopped",
    "failed": "failed",
    "interrupted": "cut off: Safelight ended while it was on",
}
"""How a run ended, where it needs saying."""


class RunDetails(Static):
    """Everything about a run, as wide as there is room; or the most of it, in two lines."""

    def __init__(self, *, is_brief: bool = False) -> None:
        super().__init__("", classes="about" if is_brief else "details")
        self._is_brief = is_brief
        self._entry: Entry | None = None
        self._lines = 0

    def show_entry(self, entry: Entry | None) -> None:
        """Tell of a run, or of none."""
        self._entry = entry
        width = self.content_size.width
        told = brief if self._is_brief else details
        content = told(entry, width) if entry is not None and width else Content("")
        before, self._lines = self._lines, content.plain.count("\n")
        # To lay the screen out anew takes longer than to draw it.
        self.update(content, layout=not self._is_brief and self._lines != before)

    def on_resize(self) -> None:
        self.show_entry(self._entry)


def details(entry: Entry, width: int) -> Content:
    """All of it, in lines of ``width`` cells."""
    record, spec = entry.record, entry.record.spec
    muted, lines = "$text-muted", list[Content]()

    def add(text: str, style: str = muted) -> None:
        if text:
            lines.append(Content.styled(one_line(text, width), style))

    marks = _joined(stars(entry.rating), f"{WINNER} winner" if entry.winner else "")
    add(marks, "$warning")
    add(" ".join(f"#{tag}" for tag in entry.tags), "$accent")
    if entry.note:
        lines += [Content.styled(line, "") for line in _wrapped(entry.note, width, 3)]
    prompt = _wrapped(spec.prompt, width, _PROMPT_LINES)
    lines += [Content(line) for line in prompt]
    add(f"without {spec.negative_prompt[:_LONGEST]}" if spec.negative_prompt else "")
    sized = f"{spec.width}x{spec.height}" if spec.width and spec.height else ""
    add(_joined(_short(spec.checkpoint, width // 2), sized))
    seed = f"seed {spec.seed}" + (f" ×{spec.batch_size}" if spec.batch_size > 1 else "")
    add(_joined(seed, f"{spec.num_inference_steps} steps", spec.scheduler or "own scheduler"))
    add(_joined(f"guidance {spec.guidance_scale:g}", in_words(spec.switches)))
    took = seconds(record.seconds.total) if record.seconds.total else ""
    rate = f"{record.steps_per_second:.1f} it/s" if record.steps_per_second else ""
    peak = size(record.memory_peak_bytes) if record.memory_peak_bytes else ""
    add(_joined(STATUS.get(record.status.value, record.status.value), took, rate, peak))
    add(_joined(ago(record.created_at), day(record.created_at)))
    if record.error:
        lines += [Content.styled(line, "$error") for line in _wrapped(record.error, width, 3)]
    if record.images:
        path = record.images[0].path
        lines.append(link_to(Content.styled(one_line(_short(path, width), width), muted), path))
    return Content("\n").join(lines)


def brief(entry: Entry, width: int) -> Content:
    """Two lines, for where there is no room beside the list: the prompt, and what was said."""
    tags = " ".join(f"#{tag}" for tag in entry.tags)
    said = _joined(ago(entry.record.created_at), tags, entry.note[:_LONGEST], entry.record.error)
    prompt = one_line(entry.record.spec.prompt[:_LONGEST], width)
    return Content(f"{prompt}\n{one_line(said, width)}")


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _short(path: str, width: int) -> str:
    from tui.widgets.shelf_table import short_name

    return short_name(path, width)


def day(created_at: str) -> str:
    """The day and the time of the user's clock."""
    try:
        return datetime.fromisoformat(created_at).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def _wrapped(text: str, width: int, most: int) -> Iterator[str]:
    """At most so many lines, broken at blanks where there are any."""
    rest = " ".join(clean(text[:_LONGEST]).split())
    for line in range(most):
        if not rest or width < 2:
            return
        if line == most - 1:
            yield one_line(rest, width)
            return
        part = one_line(rest, width)
        if part == rest:
            yield rest
            return
        part = part.removesuffix("…")
        if rest[len(part) : len(part) + 1] != " " and " " in part:
            part = part[: part.rindex(" ")]
        yield part
        rest = rest[len(part) :].lstrip()
