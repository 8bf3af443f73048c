"""An engine that does what the test says, and a small lab around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PIL import Image, ImageDraw

from engine import events
from engine.api import Emit
from engine.errors import HistoryError, SafelightError
from engine.history import Entry, History, Query
from engine.hub import HubSize, Need
from engine.manner import Manner
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.shelf import Shelved
from engine.spec import RunSpec
from engine.study import Study, StudyResult
from tui.settings import Settings

CREATED = "2026-01-01T12:00:00+00:00"
_SECONDS = Seconds(encode=0.01, denoise=0.4, decode=0.08, save=0.03, total=0.52)


def picture(seed: int, side: int = 128) -> Image.Image:
    """A picture that differs by seed: a disc over a band of land."""
    image = Image.new("RGB", (side, side), (240, 150, 60))
    draw = ImageDraw.Draw(image)
    middle = 30 + seed * 17 % 70
    draw.ellipse((middle - 18, 22, middle + 18, 58), fill=(210, 50, 50))
    draw.polygon([(0, 90), (middle, 60), (127, 95), (127, 127), (0, 127)], fill=(52, 104, 205))
    return image


def record_of(
    run_id: int, spec: RunSpec, status: Status = Status.FINISHED, error: str = "", steps: int = -1
) -> RunRecord:
    """What a run of ``spec`` would leave."""
    done = status is Status.FINISHED
    count = spec.num_inference_steps if done else max(steps, 0)
    images = tuple(
        ImageRecord(f"/nowhere/{run_id}-{seed}.png", seed, 128, 128) for seed in spec.seeds
    )
    return RunRecord(
        id=run_id,
        status=status,
        spec=spec.with_(width=spec.width or 128, height=spec.height or 128),
        created_at=CREATED,
        images=images if done else (),
        seconds=_SECONDS if count else Seconds(),
        evaluations=count,
        steps=count,
        memory_peak_bytes=1_300_000_000,
        error=error,
    )


class ScriptedQueue:
    """Implements ``QueueAPI`` on the queue of a scripted engine."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine
        self.left: list[tuple[int, RunSpec]] = []  # by a Safelight that is gone
        self.cut_off: list[RunRecord] = []
        self.paused = False

    def recover(self) -> tuple[RunRecord, ...]:
        left, self.left = self.left, []
        cut_off, self.cut_off = self.cut_off, []
        for item in left:
            self._engine.queue_up(*item)
        if left:
            self.pause()
        return tuple(cut_off)

    def pause(self) -> None:
        self.paused = True
        self._tell()

    def resume(self) -> None:
        self.paused = False
        self._tell()

    def move(self, run_id: int, by: int) -> bool:
        line = self._engine.line
        at = [number for number, _ in line].index(run_id)
        line.insert(min(max(at + by, 0), len(line) - 1), line.pop(at))
        self._tell()
        return True

    def replace(self, run_id: int, spec: RunSpec) -> bool:
        for at, (number, _) in enumerate(self._engine.line):
            if number == run_id:
                self._engine.line[at] = (number, spec)
                self._tell()
                return True
        return False

    def clear(self, group: str = "") -> int:
        engine = self._engine
        gone = [run for run in engine.line if group in ("", engine.members.get(run[0], ("",))[0])]
        engine.line = [run for run in engine.line if run not in gone]
        for item in gone:
            self._engine.drop(*item)
        return len(gone)

    def _tell(self) -> None:
        self._engine.emit(events.QueueChanged(tuple(self._engine.line), self.paused))


class ScriptedEngine:
    """Implements ``EngineAPI``. Queues like the real one; the test says what happens next."""

    def __init__(self, emit: Emit, first_id: int = 1) -> None:
        self.emit = emit
        self.line: list[tuple[int, RunSpec]] = []
        self.queue = ScriptedQueue(self)
        self.current: tuple[int, RunSpec] | None = None
        self.submitted: list[RunSpec] = []
        self.filled: list[RunSpec] = []
        self.fills: list[int] = []
        self.studied: list[Study] = []
        self.studies: list[int] = []
        self.members: dict[int, tuple[str, int]] = {}
        self.held: dict[int, RunSpec] = {}
        self.warmed: list[str] = []
        self.refuse: SafelightError | None = None
        self.started = self.stopped = self.kept_queue = False
        self.keep_going = False  # a run that was asked to stop does so later
        self.manner = Manner()
        self._next_id = first_id

    def start(self) -> None:
        self.started = True

    def go_by(self, manner: Manner) -> None:
        self.manner = manner

    def warm_up(self, checkpoint: str) -> None:
        self.warmed.append(checkpoint)

    def submit(self, spec: RunSpec) -> int:
        if self.refuse is not None:
            raise self.refuse
        run_id = self._next_id
        self._next_id += 1
        self.submitted.append(spec)
        self.queue_up(run_id, spec)
        return run_id

    def queue_up(self, run_id: int, spec: RunSpec) -> None:
        self.line.append((run_id, spec))
        member = self.members.get(run_id, ("", 0))
        self.emit(events.RunQueued(run_id, spec, len(self.line), *member))

    def submit_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> tuple[int, ...]:
        if self.refuse is not None:
            raise self.refuse
        runs = tuple(range(self._next_id, self._next_id + len(cells)))
        self._next_id += len(cells)
        for run_id, (cell, spec) in zip(runs, cells, strict=True):
            self.members[run_id] = group, cell
            self.submitted.append(spec)
            self.queue_up(run_id, spec)
        return runs

    def study(self, study: Study) -> int:
        if self.refuse is not None:
            raise self.refuse
        run_id = self._next_id
        self._next_id += 1
        self.studied.append(study)
        self.studies.append(run_id)
        self.emit(events.StudyQueued(run_id, study, len(self.line) + 1))
        return run_id

    def fill(self, spec: RunSpec) -> int:
        if self.refuse is not None:
            raise self.refuse
        run_id = self._next_id
        self._next_id += 1
        self.filled.append(spec)
        self.fills.append(run_id)
        self.emit(events.FillQueued(run_id, spec, len(self.line) + 1))
        return run_id

    def cancel(self, run_id: int | None = None) -> bool:
        is_on = run_id is None and self.current is None
        if self.fills and (is_on or run_id == self.fills[0]):
            self.end_fill()
            return True
        if self.studies and (is_on or run_id == self.studies[0]):
            self.end_study()
            return True
        if run_id is None or (self.current and self.current[0] == run_id):
            if self.current is None:
                return bool(self.line) and self.cancel(self.line[0][0])
            if self.keep_going:
                return True
            number, spec = self.current
            self.current = None
            record = record_of(number, spec, Status.CANCELLED, steps=3)
            self.emit(events.RunCancelled(number, record))
            return True
        for item in self.line:
            if item[0] == run_id:
                self.line.remove(item)
                self.drop(*item)
                return True
        return False

    def drop(self, run_id: int, spec: RunSpec) -> None:
        """Tell that a run that waited was taken out."""
        group, cell = self.members.get(run_id, ("", 0))
        record = replace(record_of(run_id, spec, Status.CANCELLED), group=group, cell=cell)
        self.emit(events.RunCancelled(run_id, record))

    def stop(self, timeout: float = 3.0, *, keep_queue: bool = False) -> bool:
        del timeout
        self.kept_queue = keep_queue
        self.stopped = True
        return True

    @property
    def busy(self) -> bool:
        return self.current is not None or bool(self.line or self.fills or self.studies)

    # What the test says

    def loaded(self, name: str = "scenes", **changes: object) -> None:
        """Tell that a checkpoint is ready."""
        told = events.CheckpointLoaded(
            checkpoint=name,
            family="sd",
            device="cpu",
            dtype="float32",
            schedulers=("DPM++ 2M", "PNDM", "Euler"),
            width=128,
            height=128,
            uses_negative_prompt=True,
            seconds=1.2,
        )
        self.emit(_changed(told, changes))

    def begin(self) -> int:
        """Start the next run of the queue."""
        self.current = self.line.pop(0)
        member = self.members.get(self.current[0], ("", 0))
        self.emit(events.RunStarted(*self.current, len(self.line), *member))
        return self.current[0]

    def step(self, step: int, *, preview: bool = True) -> None:
        """Do a step of the current run."""
        assert self.current is not None
        run_id, spec = self.current
        steps = spec.num_inference_steps
        left = (steps - step) / 41.2
        self.emit(events.StepCompleted(run_id, step, steps, step, 41.2, left, step / 41.2))
        if preview:
            small = tuple(picture(seed).resize((16, 16)) for seed in spec.seeds)
            self.emit(events.PreviewReady(run_id, step, small))

    def finish(self) -> None:
        """Finish the current run."""
        assert self.current is not None
        run_id, spec = self.current
        self.current = None
        images = tuple(picture(seed) for seed in spec.seeds)
        group, cell = self.members.get(run_id, ("", 0))
        record = replace(record_of(run_id, spec), group=group, cell=cell)
        self.emit(events.RunFinished(run_id, record, images))

    def fail(
        self, sentence: str, *, made: bool = False, advice: Mapping[str, str] | None = None
    ) -> None:
        """Let the current run fail, before its pictures were ``made``, or when they were kept."""
        assert self.current is not None
        run_id, spec = self.current
        self.current = None
        images = tuple(picture(seed) for seed in spec.seeds) if made else ()
        record = record_of(run_id, spec, Status.FAILED, sentence)
        group, cell = self.members.get(run_id, ("", 0))
        record = replace(record, advice=advice or {}, group=group, cell=cell)
        if made:
            self.held[run_id] = spec
        self.emit(events.RunFailed(run_id, record, images, made))

    @property
    def unkept(self) -> tuple[int, ...]:
        return tuple(self.held)

    def keep(self, run_id: int) -> None:
        if self.refuse is not None:
            raise self.refuse
        spec = self.held.pop(run_id)
        images = tuple(picture(seed) for seed in spec.seeds)
        self.emit(events.RunFinished(run_id, record_of(run_id, spec), images))

    def retry(self, switches: Mapping[str, str], reason: str) -> None:
        """Let the current run begin again by itself."""
        assert self.current is not None
        self.emit(events.RunRetried(self.current[0], switches, reason))

    def try_fill(self, batch: int, *, fits: bool) -> None:
        """Try a batch; the first one starts the search."""
        if batch == 1:
            self.emit(events.FillStarted(self.fills[0], self.filled[-1], len(self.line)))
        self.emit(events.FillTried(self.fills[0], batch, fits))

    def found(self, batch: int, *, remembered: bool = False) -> None:
        """End the search with an answer."""
        self.emit(events.FillFound(self.fills.pop(0), batch, remembered))

    def end_fill(self, error: str = "") -> None:
        """End the search without one."""
        self.emit(events.FillEnded(self.fills.pop(0), error))

    def begin_study(self) -> int:
        """Start what is to be measured next."""
        self.emit(events.StudyStarted(self.studies[0], self.studied[-1], len(self.line)))
        return self.studies[0]

    def go_on(self, done: int, of: int, what: str, eta_seconds: float = 0.0) -> None:
        """The study goes on to its next turn."""
        self.emit(events.StudyProgressed(self.studies[0], done, of, what, eta_seconds))

    def update_study(self, result: StudyResult) -> None:
        """Tell what is known so far."""
        self.emit(events.StudyUpdated(self.studies[0], result))

    def finish_study(self, result: StudyResult, group: str = "abc234") -> None:
        """End the study with a result."""
        self.emit(events.StudyFinished(self.studies.pop(0), result, group))

    def end_study(
        self, error: str = "", result: StudyResult | None = None, group: str = ""
    ) -> None:
        """End the study before its end."""
        self.emit(events.StudyEnded(self.studies.pop(0), error, result, group))

    def sample_memory(self, used: int) -> None:
        """Tell how much memory is in use."""
        self.emit(events.MemorySampled("vram", used, used, used + 10**9, 24 * 1024**3))


def _changed(event: events.CheckpointLoaded, changes: dict[str, object]) -> events.CheckpointLoaded:
    return replace(event, **changes)  # type: ignore[arg-type]


@dataclass
class ScriptedLab:
    """A lab whose engine and past runs the test sets."""

    past: list[RunRecord] = field(default_factory=list)
    broken: SafelightError | None = None
    engine: ScriptedEngine | None = None
    shelf: list[Shelved] = field(default_factory=list)
    trouble: SafelightError | None = None
    sizes: dict[str, HubSize | SafelightError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    repaired: str = ""
    left: list[tuple[int, RunSpec]] = field(default_factory=list)
    cut_off: list[RunRecord] = field(default_factory=list)
    kept: History | None = None
    settings: Settings = field(default_factory=Settings)

    @property
    def history(self) -> History:
        if self.kept is None:
            raise HistoryError("There is no history here.")
        return self.kept

    def open(self, emit: Emit) -> ScriptedEngine:
        if self.broken is not None:
            raise self.broken
        first = max((record.id for record in self.past), default=0) + 1
        first = max([first, *(run_id + 1 for run_id, _ in self.left)])
        self.engine = ScriptedEngine(emit, first)
        self.engine.queue.left, self.engine.queue.cut_off = self.left, self.cut_off
        return self.engine

    def go_by(self, settings: Settings) -> None:
        self.settings = settings

    def past_runs(self, limit: int) -> Sequence[Entry]:
        if self.kept is not None:
            return self.kept.search.page(Query(), limit).entries
        return [Entry(record) for record in self.past[:limit]]

    def checkpoints(self) -> Sequence[Shelved]:
        if self.trouble is not None:
            raise self.trouble
        return tuple(self.shelf)

    def delete_checkpoint(self, shelved: Shelved, listed: Sequence[Shelved]) -> int:
        if self.trouble is not None:
            raise self.trouble
        assert shelved in listed
        self.shelf.remove(shelved)
        return shelved.size_bytes

    def download_size(self, need: Need) -> HubSize:
        self.asked.append(need.hub_id)
        size = self.sizes[need.hub_id]
        if isinstance(size, SafelightError):
            raise size
        return size
