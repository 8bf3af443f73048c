"""The app, shown hostile texts in every place by a hand inside it.

:func:`played` does it in a pseudo-terminal. Between two places a mark goes to the terminal, by
which the bytes of each are told apart.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any

import pexpect
from textual.content import Content
from textual.events import Paste
from textual.pilot import Pilot

import tui.lab
from engine.group import Group, Kind, new_group_id
from engine.history import Entry, History
from engine.record import Status
from engine.shelf import Shelved
from engine.spec import RunSpec
from engine.sweep import parse_sweep
from tests.terminal.hostile_texts import texts
from tests.tui.kept import draw, run
from tests.tui.scripted import CREATED, ScriptedLab, record_of
from tui.app import SafelightApp
from tui.cli import run_app
from tui.screens.compare.opening import of_runs, open_comparison

MARK = "\x1b]7770;{}\x07"
MARKS = r"\x1b\]7770;\w+\x07"
"""For :func:`tests.terminal.scanner.foreign`."""
_COUNT, _RESULT = "HOSTILE_COUNT", "HOSTILE_RESULT"
_PICTURES = 4
"""Runs that have pictures, to be compared."""


@dataclass(frozen=True)
class Played:
    """What came of it.

    Attributes:
        raw: all that was written to the terminal.
        shown: how many texts were shown, by place.
        fault: what went wrong; empty when nothing did.
    """

    raw: bytes
    shown: dict[str, int]
    fault: str

    def of(self, place: str) -> bytes:
        """What was written while a place was shown."""
        _, _, rest = self.raw.partition(MARK.format(place).encode())
        return rest.partition(b"\x1b]7770;")[0]


def played(count: int, home: Path, seconds: float = 60) -> Played:
    """Show so many texts in every place, in a pseudo-terminal."""
    result = home / "result.json"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "TMUX"))},
        **{"SAFELIGHT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        **{_COUNT: str(count), _RESULT: str(result)},
    }
    arguments = ["-m", "tests.terminal.hostile_play"]
    process = pexpect.spawn(
        sys.executable, arguments, env=environment, dimensions=(40, 120), timeout=seconds
    )
    raw: Any = process.read()
    process.close()
    if not result.exists():
        return Played(raw, {}, raw[-3000:].decode("utf-8", "replace"))
    told = json.loads(result.read_text())
    reports = (path.read_text("utf-8") for path in home.glob("state/crashes/*.txt"))
    return Played(raw, told["shown"], "\n".join([told["fault"], *reports]).strip())


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\x01")


def history_of(found: list[str]) -> History:
    """A run for each text, which is in all its fields, and a sweep over some."""
    history = History(Path(mkdtemp()))
    for number, text in enumerate(map(_storable, found)):
        failed = number % 3 == 2
        record = run(history, history.new_id(), text or "x", negative_prompt=text, seed=number)
        record = replace(
            record,
            spec=record.spec.with_(checkpoint=text.strip() or "x"),
            error=text if failed else "",
            notes=(text,),
            device=text,
            dtype=text,
            versions={text: text},
            status=Status.FAILED if failed else Status.FINISHED,
        )
        entry = Entry(record, note=text, tags=(text.strip() or "x",), rating=number % 6)
        history.add_entry(entry)
    draw(history, *(n for n in range(1, min(2 * _PICTURES, len(found) + 1)) if n % 3))
    return history


class Player:
    """Goes through the places."""

    def __init__(self, app: SafelightApp, found: list[str], history: History) -> None:
        self.app, self.found, self.history = app, found, history
        self.pilot = Pilot(app)
        self.shown: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    async def play(self) -> None:
        places: tuple[Callable[[], Coroutine[Any, Any, int]], ...] = (
            *(self.studio, self.pasted, self.notifications),
            *(self.progress, self.runs, self.tooltips, self.search, self.checkpoints),
            *(self.records, self.prompts, self.compared, self.sweeps),
        )
        for place in places:
            driver = self.app._driver
            assert driver is not None
            driver.write(MARK.format(place.__name__))
            begun = monotonic()
            self.shown[place.__name__] = await place()
            self.seconds[place.__name__] = round(monotonic() - begun, 2)
            await self.paint()

    async def paint(self) -> None:
        """Until what was changed is on the screen."""
        painted = asyncio.Event()
        self.app.call_after_refresh(painted.set)
        await painted.wait()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.paint()

    async def studio(self) -> int:
        """The form, the messages, the picture's words, and borders that nobody cleaned."""
        studio = self.app.studio
        form = studio.spec_form
        for number, text in enumerate(self.found):
            form.prompt.show_text(text)
            form.negative.show_text(text)
            form.values = {**form.values, "checkpoint": text, "prompt": text, "seed": text}
            studio.say(text, ("", "bad")[number % 2])
            studio.picture.say(text, text)
            studio.picture.border_title = Content(text)
            studio.picture.border_subtitle = Content(text)
            await self.paint()
        form.values = {**form.values, "checkpoint": "scenes", "prompt": "", "seed": "1"}
        return len(self.found)

    async def pasted(self) -> int:
        form = self.app.studio.spec_form
        form.prompt.focus()
        for text in self.found:
            form.prompt.post_message(Paste(text))
            await self.paint()
            form.prompt.text = ""
        return len(self.found)

    async def notifications(self) -> int:
        for number, text in enumerate(self.found):
            self.app.notify(text, title=text, timeout=60)
            if number % 3 == 2:
                await self.pilot.pause()
                await self.paint()
                self.app.clear_notifications()
        self.app.clear_notifications()
        return len(self.found)

    async def progress(self) -> int:
        """What the engine tells: of loading, of failing."""
        lab: Any = self.app._lab
        engine = lab.engine
        for text in self.found:
            engine.submit(RunSpec(text, negative_prompt=text))
            engine.begin()
            engine.fail(text)
            self.app._deliver()
            engine.loaded(text, device=text, dtype=text)
            self.app._deliver()
            await self.paint()
        engine.loaded()
        self.app._deliver()
        return len(self.found)

    async def runs(self) -> int:
        self.app.studio.runs.focus()
        for _ in range(min(len(self.found), 100)):
            await self.press("up")
        return min(len(self.found), 100)

    async def tooltips(self) -> int:
        field = self.app.studio.spec_form
        for text in self.found[:200]:
            field.tooltip = Content(text)
            self.app.screen._handle_tooltip_timer(field)
            await self.paint()
        field.tooltip = None
        self.app.screen._clear_tooltip()
        return len(self.found[:200])

    async def search(self) -> int:
        await self.press("ctrl+p")
        for text in self.found[:200]:
            palette = self.app.screen.query_one("CommandInput")
            palette.value = ""  # type: ignore[attr-defined]
            palette.post_message(Paste(text))
            await self.paint()
        await self.press("escape")
        return len(self.found[:200])

    async def checkpoints(self) -> int:
        await self.press("f4")
        await self.pilot.pause(0.2)
        for _ in range(0, len(self.found), 10):
            await self.press("pagedown")
        await self.press("escape")
        return len(self.found)

    async def records(self) -> int:
        await self.press("f9")
        await self.pilot.pause(0.3)
        for _ in self.found:
            await self.press("down")
        await self.press("v")
        for _ in range(len(self.found) // 20):
            await self.press("pageup")
        await self.press("v", "f9")
        return len(self.found)

    async def prompts(self) -> int:
        await self.press("f12")
        await self.pilot.pause(0.3)
        for _ in self.found:
            await self.press("down")
        await self.press("escape")
        return len(self.found)

    async def compared(self) -> int:
        records = [r for n in range(1, len(self.found) + 1) if (r := self.history.get(n))]
        good = [record for record in records if record.status is Status.FINISHED]
        groups = [good[at : at + 4] for at in range(0, len(good) - 3, 4)][:50]
        studio, room = self.app.studio, self.app.room
        for group in groups:
            open_comparison(
                studio,
                lambda group=group: of_runs(group),  # type: ignore[misc]
                group,
                room,
                studio.picture.terminal,
                studio._open_run,
            )
            await self.pilot.pause(0.05)
            await self.press("pagedown", "escape")
        return 4 * len(groups)

    async def sweeps(self) -> int:
        shown = 0
        for at in range(0, min(len(self.found), 100), 4):
            values = [_storable(text).replace("\n", " ") for text in self.found[at : at + 4]]
            axis = "prompt=" + ",".join(json.dumps(v, ensure_ascii=False) for v in values if v)
            try:
                sweep = parse_sweep([axis, "steps=1,2"], RunSpec("x", seed=1))
            except Exception:  # a text may make no axis
                continue
            group = Group(new_group_id(), Kind.SWEEP, CREATED, sweep.title, sweep.to_json())
            self.history.groups.add(group)
            cell = sweep.cells()[0]
            if cell.spec is not None:
                record = record_of(self.history.new_id(), cell.spec)
                self.history.add(replace(record, group=group.id, cell=0))
            await self.press("shift+f9")
            await self.press("ctrl+o")
            await self.pilot.pause(0.05)
            await self.press("enter")
            await self.pilot.pause(0.05)
            await self.press("right", "down")
            while self.app.screen is not self.app.studio:
                await self.press("escape")
            shown += len(values)
        return shown


class HostileLab(ScriptedLab):
    """Its history and its shelf are full of them."""

    def __init__(self, *_: object, **__: object) -> None:
        found = [*texts(int(os.environ[_COUNT]))]
        history = history_of(found)
        shelf = [Shelved(t, "folder", t, 10**9, t, "", Path("/x", t)) for t in found if t]
        super().__init__(kept=history, shelf=shelf)
        self.found = found

    def close(self) -> None:
        self.history.close()


def main() -> int:
    result = Path(os.environ[_RESULT])
    told: dict[str, Any] = {"fault": "", "shown": {}}

    def begin(self: SafelightApp) -> None:
        async def play() -> None:
            lab: Any = self._lab
            player = Player(self, lab.found, lab.history)
            try:
                await player.play()
            except Exception as error:
                told["fault"] = f"{error!r}\n{traceback.format_exc()}"
            told["shown"], told["seconds"] = player.shown, player.seconds
            self.exit(0)

        self.set_timer(0.5, lambda: self.run_worker(play(), group="hand"))

    before = SafelightApp.on_mount

    def on_mount(self: SafelightApp) -> None:
        before(self)
        begin(self)

    vars(tui.lab)["RealLab"] = HostileLab
    SafelightApp.on_mount = on_mount  # type: ignore[method-assign]
    code = run_app()
    if code:
        told["fault"] += f"exit code {code}"
    result.write_text(json.dumps(told, indent=1))
    return code


if __name__ == "__main__":
    sys.exit(main())
