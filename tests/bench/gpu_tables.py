"""Tables of figures as Markdown, and the facts without which they mean nothing."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.record import RunRecord
from tests.bench.gpu_sides import FailedRun, OutOfTime

NONE = "-"


@dataclass
class Table:
    """A table that grows row by row.

    Attributes:
        note: a line or two below the title: what was run, and how it was measured.
        head: of the first column, which is text, and of the others.
        changed: called after each row.
    """

    title: str
    note: str
    head: Sequence[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    changed: Callable[[], None] = lambda: None

    def add(self, label: str, *cells: str) -> None:
        """Add a row; what is lacking at its end is empty."""
        short = len(self.head) - 1 - len(cells)
        self.rows.append((label, *cells, *("",) * short))
        print("  " + "  ".join(cell for cell in self.rows[-1] if cell), file=sys.stderr, flush=True)
        self.changed()

    def lack(self, label: str, why: str) -> None:
        """Add a row of which there are no figures, with the reason in its last column."""
        figures = (NONE,) * (len(self.head) - 2)
        self.add(label, *figures, why)

    @contextmanager
    def row(self, label: str) -> Iterator[None]:
        """Where a row is measured and added; a run that fails is told in it."""
        try:
            yield
        except OutOfTime as why:
            self.lack(label, f"not run ({why})")
        except FailedRun as why:
            self.lack(label, f"failed: {why}")

    def markdown(self) -> str:
        rows = [[cell.replace("|", "/") for cell in row] for row in (self.head, *self.rows)]
        widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(self.head))]
        last = len(widths) - 1
        # Words to the left, figures to the right.
        rule = [
            "-" * width if i in (0, last) else "-" * (width - 1) + ":"
            for i, width in enumerate(widths)
        ]
        lines = [
            "| "
            + " | ".join(
                cell.ljust(width) if i in (0, last) else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            + " |"
            for row in (rows[0], rule, *rows[1:])
        ]
        return "\n".join([f"## {self.title}", "", self.note, "", *lines, ""])


class Report:
    """The tables so far, printed when done and written row by row: a late end loses none."""

    def __init__(self, out: Path | None) -> None:
        self._out = out
        self._facts = ""
        self._tables: list[Table] = []

    def begin(self, record: RunRecord, tiny: bool) -> None:
        """The facts, from a record of a run on the device."""
        named = [f"{name} {version}" for name, version in record.versions.items()]
        facts = [
            "# Figures on a GPU" if record.device.startswith("cuda") else "# Figures",
            "",
            f"- Device: {_device(record)}",
            f"- Versions: {', '.join(named)}",
            f"- System: {platform.platform()}",
            f"- Date: {datetime.now(UTC):%Y-%m-%d}",
            f"- Command: `{shlex.join(['python', *sys.argv])}`",
            "",
            "Weights are random, of the published shapes; nothing was downloaded. Seconds are from "
            "the prompt to the pictures in memory: loading, compiling and writing the PNG are "
            "apart. Figures are medians.",
            "",
        ]
        if tiny:
            facts += ["**Tiny models: these figures only show that the script works.**", ""]
        self._facts = "\n".join(facts)
        print(self._facts, flush=True)
        self._write()

    def table(self, title: str, note: str, head: Sequence[str]) -> Table:
        """A table to be filled now."""
        table = Table(title, note, head, changed=self._write)
        self._tables.append(table)
        return table

    def done(self, table: Table) -> None:
        """Print a table."""
        print(table.markdown(), flush=True)

    def _write(self) -> None:
        if self._out is not None:
            whole = [self._facts, *(table.markdown() for table in self._tables)]
            self._out.write_text("\n".join(whole), encoding="utf-8")


def _device(record: RunRecord) -> str:
    if record.device.startswith("cuda"):
        return record.device
    return f"{record.device} ({platform.processor() or platform.machine()})"
