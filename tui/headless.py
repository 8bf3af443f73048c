"""The same engine and the same history, without the app.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from queue import SimpleQueue

from engine import events
from engine.checkpoints import inspect
from engine.errors import InvalidSpec, SafelightError
from engine.history import History
from engine.ladder import as_options
from engine.record import RunRecord, Status
from engine.spec import PROMPT_SEPARATOR, RunSpec
from tui import follow, outlook, switch_list
from tui import form as forms
from tui import headless_checkpoints as checkpoints
from tui.doctor import examine
from tui.headless_restore import run_number, show_picture, spec_from
from tui.interrupts import Interrupts
from tui.lab import RealLab
from tui.output import (
    BAD_ARGUMENTS,
    CANCELLED,
    DONE,
    FAILED,
    complain,
    print_facts,
    print_json,
    show_line,
    tell,
)
from tui.paths import Paths
from tui.settings import read_settings
from tui.switch_list import read_switches
from tui.text import clean, one_line, seconds, size

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
_NOTHING_TO_DRAW = "Say what to draw: safelight generate PROMPT, or --from a picture or a run."
RECENT_RUNS = 5000
"""What forecasts and effects are made from."""


def run(options: argparse.Namespace, paths: Paths) -> int:
    """Run one command. Returns the exit code."""
    commands: dict[str, Callable[[argparse.Namespace, Paths], int]] = {
        "generate": generate,
        "history": history,
        "show": show,
        "doctor": doctor,
        "switches": switch_list.command,
        "checkpoints": checkpoints.list_them,
    }
    try:
        return commands[options.command](options, paths)
    except InvalidSpec as error:
        return complain(str(error), BAD_ARGUMENTS)
    except SafelightError as error:
        return complain(str(error), FAILED)
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
        tell(complaint)
    device = options.run_device or options.device
    if device and not _DEVICE.fullmatch(device):
        sentence = (
            f"There is no device called “{clean(device)}”. Use auto, cuda, cuda:1, mps or cpu."
        )
        return complain(sentence, BAD_ARGUMENTS)
    settings = replace(
        settings,
        device=device or settings.device,
        previews=False,
        climb=options.climb or settings.climb,
    )
    fills = (options.batch or "").strip().lower() == "max"
    if fills and options.dry_run:
        return complain("--batch max has to try, which --dry-run does not.", BAD_ARGUMENTS)
    if not options.prompt and options.source is None:
        return complain(_NOTHING_TO_DRAW, BAD_ARGUMENTS)
    base = None if options.source is None else spec_from(options.source, settings, paths)
    spec, problems = _spec(options, settings.checkpoint, base, fills=fills)
    if spec is None:
        for sentence in problems.values():
            complain(sentence, BAD_ARGUMENTS)
        return BAD_ARGUMENTS
    if options.dry_run:
        return _foretell(spec, settings.device, options, paths)
    lab = RealLab(paths, settings)
    if not options.download and (why := checkpoints.not_allowed(lab, spec.checkpoint)):
        return complain(why, FAILED)
    told: SimpleQueue[events.Event] = SimpleQueue()
    engine = lab.open(told.put)
    record: RunRecord | None = None
    with Interrupts(engine) as interrupts:
        engine.start()
        found = follow.search(engine, spec, told, interrupts) if fills else None
        if isinstance(found, events.FillFound):
            spec = spec.with_(batch_size=found.batch)
        if not isinstance(found, events.FillEnded):
            record = follow.make(engine, spec, told, interrupts)
        engine.stop()
    lab.close()
    if isinstance(found, events.FillEnded):
        return complain(found.error, FAILED) if found.error else CANCELLED
    assert record is not None
    if options.json:
        print_json(record.to_json())
    elif record.status is Status.FINISHED:
        for image in record.images:
            show_line(f"{clean(image.path)}  seed {image.seed}")
    if record.status is Status.FAILED:
        advice = f" Try {as_options(record.advice)}." if record.advice else ""
        return complain(f"{record.error}{advice}", FAILED)
    return CANCELLED if record.status is Status.CANCELLED else DONE


def _foretell(spec: RunSpec, device: str, options: argparse.Namespace, paths: Paths) -> int:
    """Say what a run would take, or that it would be refused, and make nothing."""
    from engine.known import look_up

    if spec.switches:  # else nothing can be refused, and PyTorch need not start
        from engine.switches import refuse
        from engine.switches.survey import survey

        precision = spec.switches.get("precision", "auto")
        refuse(spec.switches, survey(spec.checkpoint, device, precision))

    told = look_up(spec.checkpoint).forecast(spec, _past(paths).latest(RECENT_RUNS))
    if options.json:
        print_json({"spec": spec.to_json(), "forecast": told.to_json()})
    else:
        print_facts(outlook.lines(told))
    return DONE


def history(options: argparse.Namespace, paths: Paths) -> int:
    """List the newest runs, or what they tell of the switches."""
    if options.limit is not None and options.limit < 1:
        return complain("--limit must be 1 or more.", BAD_ARGUMENTS)
    if options.effects:
        return _effects(options, paths)
    records = _past(paths).latest(options.limit or 50)
    if options.json:
        print_json([record.to_json() for record in records])
        return DONE
    if not records:
        tell("No runs yet. Make one: safelight generate PROMPT")
    for record in records:
        spec = record.spec
        finished = record.status is Status.FINISHED
        took = seconds(record.seconds.total) if finished else record.status.value
        cells = f"#{record.id:<5} {took:>9}  {size(record.memory_peak_bytes):>8}"
        scheduler = spec.scheduler or "own"
        settings = f"seed {spec.seed:<10} {spec.num_inference_steps:>3} {scheduler:<12}"
        show_line(f"{cells}  {settings} {one_line(spec.prompt, 60)}")
    return DONE


def _effects(options: argparse.Namespace, paths: Paths) -> int:
    """What each switch did here."""
    from engine.effects import effects, likeness_of
    from tui.effect_table import table

    found = effects(_past(paths).latest(options.limit or RECENT_RUNS))
    if options.json:
        print_json([{**effect.to_json(), "likeness": likeness_of(effect)} for effect in found])
    elif not found:
        tell("No two runs differ in one switch alone yet. Keep the seed, and change one thing.")
    else:
        for line in table(found, map(likeness_of, found)):
            show_line(line)
    return DONE


def show(options: argparse.Namespace, paths: Paths) -> int:
    """Everything about one run, or what a picture says."""
    run_id = run_number(options.run)
    if run_id is None:
        return show_picture(options, paths)
    record = _past(paths).get(run_id)
    if record is None:
        return complain(f"There is no run #{run_id}; safelight history lists them.", FAILED)
    if options.json:
        print_json(record.to_json())
        return DONE
    print_facts(_facts(record))
    return DONE


def doctor(options: argparse.Namespace, paths: Paths) -> int:
    """What Safelight sees of this machine."""
    findings = examine(paths)
    if options.json:
        print_json(findings)
        return DONE
    print_facts((name.removesuffix("_bytes"), _shown(name, v)) for name, v in findings.items())
    return DONE


def _past(paths: Paths) -> History:
    """The history, only to read: nothing is made where there is none."""
    return History(paths.data, read_only=True)


def _spec(
    options: argparse.Namespace, checkpoint: str, base: RunSpec | None, *, fills: bool
) -> tuple[RunSpec | None, Mapping[str, str]]:
    """The spec of the arguments: where they say nothing that of ``base``, or the form's defaults.

    ``fills``: the batch is not known yet.
    """
    typed = {
        "prompt": f"\n{PROMPT_SEPARATOR}\n".join(options.prompt) if options.prompt else None,
        "negative_prompt": options.negative_prompt,
        "checkpoint": options.checkpoint,
        "seed": options.seed,
        "num_inference_steps": options.steps,
        "guidance_scale": options.guidance,
        "size": options.size,
        "batch_size": "1" if fills else options.batch,
    }
    given = {name: text for name, text in typed.items() if text is not None}
    start = forms.form_of(base) if base else {**forms.default_form(checkpoint), "seed": ""}
    form = {**start, "switches": "", **given}
    spec, problems = forms.parse(form)
    if spec is None:
        return None, problems
    try:
        kept = [f"{name}={value}" for name, value in base.switches.items()] if base else []
        switches = read_switches([*kept, *options.set])
        scheduler = options.scheduler or (spec.scheduler if base else _fitting(spec))
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
    facts += [("error", record.error)] if record.error else []
    return [*facts, ("advice", as_options(record.advice))] if record.advice else facts


def _shown(name: str, value: object) -> str:
    """A finding as a person reads it."""
    if name.endswith("_bytes") and isinstance(value, int):
        return size(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
