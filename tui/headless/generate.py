"""Making runs without the app.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from engine import events
from engine.checkpoints import inspect
from engine.errors import InvalidSpec, SafelightError
from engine.record import RunRecord, Status
from engine.relief import as_options
from engine.spec import PROMPT_SEPARATOR, RunSpec
from tui import form as forms
from tui import outlook
from tui.headless import checkpoints, follow
from tui.headless.history import RECENT_RUNS, reading
from tui.headless.interrupts import Interrupts
from tui.headless.output import (
    BAD_ARGUMENTS,
    CANCELLED,
    DONE,
    FAILED,
    complain,
    print_facts,
    print_json,
    show_file,
    tell,
)
from tui.headless.restore import spec_from
from tui.headless.setting_options import settings_of
from tui.headless.switch_list import read_switches
from tui.hyperlinks import Placed
from tui.lab import RealLab
from tui.paths import Paths
from tui.settings import Settings

_NOTHING_TO_DRAW = "Say what to draw: safelight generate PROMPT, or --from a picture or a run."


def generate(options: argparse.Namespace, paths: Paths) -> int:
    """Make one run and wait for it. Ctrl+C stops it and keeps what is known of it."""
    settings = settings_for(options, paths)
    settings = replace(settings, climb=options.climb or settings.climb)
    fills = (options.batch or "").strip().lower() == "max"
    if fills and options.dry_run:
        return complain("--batch max has to try, which --dry-run does not.", BAD_ARGUMENTS)
    if not options.prompt and options.source is None:
        return complain(_NOTHING_TO_DRAW, BAD_ARGUMENTS)
    base = None if options.source is None else spec_from(options.source, settings, paths)
    spec, problems = spec_of(options, settings.checkpoint, base, fills=fills)
    if spec is None:
        for sentence in problems.values():
            complain(sentence, BAD_ARGUMENTS)
        return BAD_ARGUMENTS
    if options.dry_run:
        return _foretell(spec, settings.device, options, paths)
    lab = RealLab(paths, settings)
    if not options.download and (why := checkpoints.not_allowed(lab, spec.checkpoint)):
        return complain(why, FAILED)
    ended = make(lab, spec, fills=fills)
    if isinstance(ended, events.FillEnded):
        return _no_batch(spec, ended, options)
    if options.json:
        print_json(ended.to_json())
    elif ended.status is Status.FINISHED:
        show_pictures(ended)
    return code_of(ended)


def settings_for(options: argparse.Namespace, paths: Paths) -> Settings:
    """The settings for a run, which nobody watches."""
    return replace(settings_of(options, paths), previews=False)


def make(lab: RealLab, spec: RunSpec, *, fills: bool = False) -> RunRecord | events.FillEnded:
    """Make one run, and close the lab.

    Args:
        fills: look for the largest batch first.

    Returns:
        Its record, or how a search for the largest batch ended that found none.
    """
    told: SimpleQueue[events.Event] = SimpleQueue()
    engine = lab.open(told.put)
    if lab.repaired:
        tell(lab.repaired)
    ended: RunRecord | events.FillEnded | None = None
    with Interrupts(engine) as interrupts:
        engine.start()
        found = follow.search(engine, spec, told, interrupts) if fills else None
        if isinstance(found, events.FillFound):
            spec = spec.with_(batch_size=found.batch)
        if isinstance(found, events.FillEnded):
            ended = found
        else:
            ended = follow.make(engine, spec, told, interrupts)
        engine.stop()
    lab.close()
    return ended


def code_of(record: RunRecord) -> int:
    """The exit code of a run; says why a failed one failed."""
    if record.status is Status.FAILED:
        advice = f" Try {as_options(record.advice)}." if record.advice else ""
        return complain(f"{record.error}{advice}", FAILED)
    return CANCELLED if record.status is Status.CANCELLED else DONE


def show_pictures(record: RunRecord) -> None:
    """A line for each picture of a run."""
    for image in record.images:
        show_file(Placed(image.path, f"  seed {image.seed}"))


def _no_batch(spec: RunSpec, ended: events.FillEnded, options: argparse.Namespace) -> int:
    """A search for the largest batch found none: nothing was made, and nothing is kept."""
    status = Status.FAILED if ended.error else Status.CANCELLED
    if options.json:
        values: dict[str, Any] = {"status": status.value, "spec": spec.to_json()}
        print_json({**values, "images": [], "error": ended.error})
    return complain(ended.error, FAILED) if ended.error else CANCELLED


def _foretell(spec: RunSpec, device: str, options: argparse.Namespace, paths: Paths) -> int:
    """Say what a run would take, or that it would be refused, and make nothing."""
    from engine.known import look_up

    if spec.switches:  # else nothing can be refused, and PyTorch need not start
        from engine.switches import refuse
        from engine.switches.survey import survey

        precision = spec.switches.get("precision", "auto")
        refuse(spec.switches, survey(spec.checkpoint, device, precision))

    with reading(paths) as history:
        told = look_up(spec.checkpoint).forecast(spec, history.latest(RECENT_RUNS))
    if options.json:
        print_json({"spec": spec.to_json(), "forecast": told.to_json()})
    else:
        print_facts(outlook.lines(told))
    return DONE


def spec_of(
    options: argparse.Namespace, checkpoint: str, base: RunSpec | None, *, fills: bool = False
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
