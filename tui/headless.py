"""The same engine and the same history, without the app.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from queue import SimpleQueue

from engine import events
from engine.checkpoints import inspect
from engine.errors import InvalidSpec, SafelightError
from engine.history import History
from engine.record import RunRecord, Status
from engine.spec import RunSpec
from tui import form as forms
from tui import headless_checkpoints as checkpoints
from tui.doctor import examine
from tui.interrupts import Interrupts
from tui.lab import RealLab
from tui.paths import Paths
from tui.settings import read_settings
from tui.text import clean, one_line, seconds, size

DONE, FAILED, BAD_ARGUMENTS, CANCELLED = 0, 1, 2, 130


def run(options: argparse.Namespace, paths: Paths) -> int:
    """Run one command. Returns the exit code."""
    commands: dict[str, Callable[[argparse.Namespace, Paths], int]] = {
        "generate": generate,
        "history": history,
        "show": show,
        "doctor": doctor,
        "checkpoints": checkpoints.list_them,
    }
    try:
        return commands[options.command](options, paths)
    except SafelightError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        # The second one: the first asked the run to stop, and it has not yet.
        sys.stderr.flush()
        os._exit(CANCELLED)
    except BrokenPipeError:
        # Whoever read our output has gone. Leave Python nothing to flush into the closed pipe.
        sys.stdout = None
        return FAILED


def generate(options: argparse.Namespace, paths: Paths) -> int:
    """Make one run and wait for it. Ctrl+C stops it and keeps what is known of it."""
    settings, complaint = read_settings(paths.settings_file)
    if complaint:
        _tell(complaint)
    device = options.run_device or options.device
    settings = replace(settings, device=device or settings.device, previews=False)
    spec, problems = _spec(options, settings.checkpoint)
    if spec is None:
        for sentence in problems.values():
            _complain(sentence, BAD_ARGUMENTS)
        return BAD_ARGUMENTS
    lab = RealLab(paths, settings)
    if not options.download and (why := checkpoints.not_allowed(lab, spec.checkpoint)):
        return _complain(why, FAILED)
    told: SimpleQueue[events.Event] = SimpleQueue()
    engine = lab.open(told.put)
    with Interrupts(engine) as interrupts:
        engine.start()
        run_id = engine.submit(spec)
        if interrupts.count:
            engine.cancel(run_id)  # asked to stop before there was anything to stop
        record = _wait(told, run_id)
        engine.stop()
    lab.close()
    if options.json:
        _print_json(record.to_json())
    elif record.status is Status.FINISHED:
        for image in record.images:
            _print(f"{clean(image.path)}  seed {image.seed}")
    if record.status is Status.FAILED:
        return _complain(record.error, FAILED)
    return CANCELLED if record.status is Status.CANCELLED else DONE


def history(options: argparse.Namespace, paths: Paths) -> int:
    """List the newest runs."""
    if options.limit < 1:
        return _complain("--limit must be 1 or more.", BAD_ARGUMENTS)
    records = _past(paths).latest(options.limit)
    if options.json:
        _print_json([record.to_json() for record in records])
        return DONE
    if not records:
        _tell("No runs yet. Make one: safelight generate PROMPT")
    for record in records:
        spec = record.spec
        finished = record.status is Status.FINISHED
        took = seconds(record.seconds.total) if finished else record.status.value
        cells = f"#{record.id:<5} {took:>9}  {size(record.memory_peak_bytes):>8}"
        scheduler = spec.scheduler or "own"
        settings = f"seed {spec.seed:<10} {spec.num_inference_steps:>3} {scheduler:<12}"
        _print(f"{cells}  {settings} {one_line(spec.prompt, 60)}")
    return DONE


def show(options: argparse.Namespace, paths: Paths) -> int:
    """Everything about one run."""
    try:
        run_id = int(options.run.removeprefix("#"))
    except ValueError:
        return _complain(f"“{clean(options.run)}” is not a run; try 41.", BAD_ARGUMENTS)
    record = _past(paths).get(run_id) if 0 < run_id < 2**63 else None
    if record is None:
        return _complain(f"There is no run #{run_id}; safelight history lists them.", FAILED)
    if options.json:
        _print_json(record.to_json())
        return DONE
    _print_facts(_facts(record))
    return DONE


def doctor(options: argparse.Namespace, paths: Paths) -> int:
    """What Safelight sees of this machine."""
    findings = examine(paths)
    if options.json:
        _print_json(findings)
        return DONE
    _print_facts((name.removesuffix("_bytes"), _shown(name, v)) for name, v in findings.items())
    return DONE


def _past(paths: Paths) -> History:
    """The history, only to read: nothing is made where there is none."""
    return History(paths.data, read_only=True)


def _spec(options: argparse.Namespace, checkpoint: str) -> tuple[RunSpec | None, Mapping[str, str]]:
    """The spec of the arguments: the form's own defaults where they say nothing."""
    typed = {
        "prompt": options.prompt,
        "negative_prompt": options.negative_prompt,
        "checkpoint": options.checkpoint,
        "seed": options.seed,
        "num_inference_steps": options.steps,
        "guidance_scale": options.guidance,
        "size": options.size,
        "batch_size": options.batch,
    }
    given = {name: text for name, text in typed.items() if text is not None}
    form = {**forms.default_form(checkpoint), "seed": "", **given}
    spec, problems = forms.parse(form)
    if spec is None:
        return None, problems
    try:
        switches = dict(_switch(text) for text in options.set)
        scheduler = options.scheduler or _fitting(spec)
        return spec.with_(switches=switches, scheduler=scheduler), {}
    except InvalidSpec as error:
        return None, {error.field: str(error)}


def _fitting(spec: RunSpec) -> str | None:
    """The form's first scheduler where the checkpoint takes it, else the checkpoint's own."""
    try:
        known = inspect(spec.checkpoint).schedulers
    except SafelightError:
        return spec.scheduler  # the run will tell what is wrong with the checkpoint
    return spec.scheduler if spec.scheduler in known else None


def _switch(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise InvalidSpec("switches", f"--set takes SWITCH=VALUE, not “{clean(text)}”.")
    raise InvalidSpec("switches", f"Safelight has no switch called “{clean(name)}”.")


def _wait(told: SimpleQueue[events.Event], run_id: int) -> RunRecord:
    """Tell stderr how it goes until the run is over."""
    download = checkpoints.DownloadLines()
    while True:
        event = told.get()
        match event:
            case events.CheckpointLoading():
                _tell(f"Loading {clean(event.checkpoint)}: {event.stage}")
            case events.CheckpointDownloading():
                download.show(event)
            case events.StepCompleted():
                _step(event)
            case (
                events.RunFinished(record=record)
                | events.RunCancelled(record=record)
                | events.RunFailed(record=record)
            ) if event.run_id == run_id:
                if record.status is not Status.FAILED:
                    _tell(f"{record.status.value} in {seconds(record.seconds.total)}")
                return record


def _step(event: events.StepCompleted) -> None:
    """One line that is written over on a terminal, and left out elsewhere."""
    if sys.stderr.isatty():
        end = "\n" if event.step == event.steps else ""
        rate = f"{event.rate:.1f} it/s" if event.rate else ""
        sys.stderr.write(f"\r\x1b[Kstep {event.step}/{event.steps}  {rate}{end}")
        sys.stderr.flush()


def _facts(record: RunRecord) -> list[tuple[str, object]]:
    times = record.seconds.to_json()
    facts: list[tuple[str, object]] = [
        ("run", f"#{record.id} {record.status.value}, {record.created_at}"),
        *((name, value) for name, value in record.spec.to_json().items() if value not in ("", {})),
        ("time", ", ".join(f"{name} {seconds(value)}" for name, value in times.items() if value)),
        ("steps", f"{record.steps}, {record.evaluations} evaluations"),
        ("peak_memory", f"{size(record.memory_peak_bytes)} ({record.memory_kind})"),
        ("device", f"{record.device}, {record.dtype}"),
        ("versions", _shown("versions", dict(record.versions))),
        *(("picture", f"{image.path}  seed {image.seed}") for image in record.images),
        *(("note", note) for note in record.notes),
    ]
    return [*facts, ("error", record.error)] if record.error else facts


def _shown(name: str, value: object) -> str:
    """A finding as a person reads it."""
    if name.endswith("_bytes") and isinstance(value, int):
        return size(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_facts(facts: Iterable[tuple[str, object]]) -> None:
    rows = [(name.replace("_", " "), value) for name, value in facts]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        _print(f"{name:<{width}}  {clean(str(value))}")


def _print(text: str) -> None:
    print(text)


def _print_json(value: object) -> None:
    # Escaped to ASCII, so that no control character of a prompt reaches a terminal.
    print(json.dumps(value, indent=2))


def _tell(text: str) -> None:
    print(clean(text), file=sys.stderr)


def _complain(sentence: str, code: int) -> int:
    print(f"safelight: {clean(sentence)}", file=sys.stderr)
    return code
