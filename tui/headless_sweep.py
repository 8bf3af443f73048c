"""Sweeps without the app: begun, followed, stopped and gone on with.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from engine import events
from engine.errors import HistoryError, InvalidAxis, SafelightError
from engine.group import Group, Kind, new_group_id
from engine.history import History
from engine.record import RunRecord, now
from engine.sweep import Cell, Grid, State, Sweep, grid, order, parse_sweep
from engine.sweep.machine import Machine, machine_of
from engine.sweep.outlook import Outlook, outlook
from engine.sweep.places import anchored
from engine.sweep.possible import checked
from engine.sweep.prompts import has_wildcards
from tui import follow_sweep
from tui import headless_checkpoints as checkpoints
from tui.headless_generate import settings_for, spec_of
from tui.headless_history import RECENT_RUNS, reading
from tui.headless_restore import spec_from
from tui.interrupts import Interrupts
from tui.lab import RealLab
from tui.output import (
    CANCELLED,
    DONE,
    FAILED,
    BadArguments,
    complain,
    print_json,
    show_line,
    tell,
)
from tui.paths import Paths
from tui.settings import Settings
from tui.sweep_lines import cell_lines, summary, sweep_line

LAST = "last"


def sweep(options: Namespace, paths: Paths) -> int:
    """Begin a sweep or go on with one, and wait for it. Ctrl+C stops it; nothing is lost."""
    if options.list:
        return _list(options, paths)
    if options.retry_failed and not options.resume:
        raise BadArguments("--retry-failed goes with --resume.")
    settings = settings_for(options, paths)
    group, plan = _planned(options, settings, paths)
    for note in _notes(plan):
        tell(note)
    machine = machine_of(settings.device, plan.base.checkpoint)
    if group is None or options.retry_failed:  # what was impossible may be possible by now
        plan = checked(replace(plan, refused={}), machine.device)
    with reading(paths) as history:
        begun = history.groups.cells(group.id) if group is not None else {}
        records = history.latest(RECENT_RUNS)
    todo = _todo(plan, begun, machine, failed=options.retry_failed or group is None)
    ahead = outlook(plan, todo, records, auto=machine.auto, free_bytes=machine.free_bytes)
    if options.dry_run:
        return _foretell(plan, ahead, options)
    lab = RealLab(paths, settings)
    if not options.download:
        for checkpoint in dict.fromkeys(cell.spec.checkpoint for cell in todo if cell.spec):
            if why := checkpoints.not_allowed(lab, checkpoint):
                return complain(why, FAILED)
    tell(f"{plan.title}: {ahead.sentence}")
    if ahead.fits:
        tell(ahead.fits)
    if group is None:
        if not todo:
            raise InvalidAxis(f"None of the cells can be done. {plan.cells()[0].error}")
        group = Group(new_group_id(), Kind.SWEEP, now(), plan.title, plan.to_json())
        lab.history.groups.add(group)
    stopped, came = _make(lab, group, plan, todo)
    lab.close()
    with_pictures = _write(options, group, came)
    return _end(options, group, came, ahead, with_pictures, stopped=stopped)


def _planned(options: Namespace, settings: Settings, paths: Paths) -> tuple[Group | None, Sweep]:
    """The sweep that is asked for: a new one, or one of the history with its group."""
    if options.resume:
        if options.axis or options.prompt:
            raise BadArguments("--resume goes on with what was asked for: leave the rest out.")
        with reading(paths) as history:
            group = _found(history, options.resume)
        return group, Sweep.from_json(group.plan)
    if not options.axis:
        raise BadArguments(
            "Say what is to change: --axis steps=20,30,50. safelight sweep --help has more."
        )
    if not options.prompt and options.source is None and not _brings_prompts(options.axis):
        raise BadArguments("Say what to draw: safelight sweep PROMPT --axis …, or --from a run.")
    base = None if options.source is None else spec_from(options.source, settings, paths)
    spec, problems = spec_of(options, settings.checkpoint, base)
    if spec is None:
        raise BadArguments(" ".join(problems.values()))
    if not options.prompt and base is None:
        spec = spec.with_(prompt="")
    return None, anchored(parse_sweep(options.axis, spec))


def _notes(plan: Sweep) -> list[str]:
    """What is to be known before it starts."""
    notes = [note for axis in plan.axes for note in axis.notes]
    asks = has_wildcards(plan.base.prompt)
    if asks and not any("prompt" in axis.fields for axis in plan.axes):
        notes.append("The prompt has choices in it: --axis wildcards makes a picture of each.")
    return notes


def _brings_prompts(axes: Sequence[str]) -> bool:
    heads = (axis.partition("=")[0].strip().lower() for axis in axes if "=" in axis)
    return any(head in ("prompt", "prompts", "wildcards") for head in heads)


def _found(history: History, name: str) -> Group:
    wanted = name.strip().lower()
    group = (
        next(iter(history.groups.latest(Kind.SWEEP, 1)), None)
        if wanted == LAST
        else history.groups.get(wanted)
    )
    if group is None or group.kind is not Kind.SWEEP:
        what = "No sweep was begun yet" if wanted == LAST else f"There is no sweep “{name[:40]}”"
        raise HistoryError(f"{what}; safelight sweep --list lists them.")
    return group


def _todo(
    plan: Sweep, begun: dict[int, RunRecord], machine: Machine, *, failed: bool
) -> tuple[Cell, ...]:
    """The cells that are still to be done, in the order that costs least."""
    came = grid(plan, begun)
    left = came.left(failed=failed)
    by_index = {cell.index: cell for cell in left}
    done_last = order(left, auto=machine.auto, last=came.interrupted)
    return tuple(by_index[index] for index in done_last)


def _make(lab: RealLab, group: Group, plan: Sweep, todo: Sequence[Cell]) -> tuple[bool, Grid]:
    """Make the cells; whether that was stopped, and how far the sweep is."""
    told: SimpleQueue[events.Event] = SimpleQueue()
    engine = lab.open(told.put)
    if lab.repaired:
        tell(lab.repaired)

    def stop() -> None:
        engine.queue.clear(group.id)
        engine.cancel()

    cells = [(cell.index, cell.spec) for cell in todo if cell.spec is not None]
    try:
        with Interrupts(engine, stop) as interrupts:
            engine.start()
            runs = engine.submit_many(group.id, cells) if cells else ()
            if interrupts.count:
                stop()  # asked before there was anything to stop
            follow_sweep.follow(engine, group.id, plan, runs, told)
            engine.stop()
            stopped = interrupts.count > 0
    finally:
        engine.stop()
    history = lab.history
    queued = history.queue.of_group(group.id)
    return stopped, grid(plan, history.groups.cells(group.id), queued)


def _foretell(plan: Sweep, ahead: Outlook, options: Namespace) -> int:
    """Say what a sweep would take, and make nothing."""
    if options.json:
        print_json({**_plan_json(plan), "outlook": ahead.to_json()})
        return DONE
    show_line(f"{plan.title}: {ahead.sentence}")
    if ahead.fits:
        show_line(ahead.fits)
    for cell in plan.cells():
        if cell.error:
            values = ", ".join(f"{axis} {value}" for axis, value in plan.labels(cell.at))
            show_line(f"{values}: {cell.error}")
    return DONE


def _write(options: Namespace, group: Group, came: Grid) -> list[str]:
    """The files that were asked for; their places."""
    if not (options.png or options.html):
        return []
    from engine.sweep.files import write_html, write_png

    written: list[str] = []
    try:
        if options.png:
            written += write_png(came, group, options.png, replace=options.replace)
        if options.html:
            written += write_html(came, group, options.html, replace=options.replace)
    except SafelightError as error:
        complain(str(error), FAILED)
        written.append("")
    return written


def _end(
    options: Namespace,
    group: Group,
    came: Grid,
    ahead: Outlook,
    written: Sequence[str],
    *,
    stopped: bool,
) -> int:
    """Say what came of it; the exit code."""
    left = came.left()
    if options.json:
        counts = {state.value: came.count(state) for state in State}
        values = {"group": group.id, "created_at": group.created_at, **_plan_json(came.sweep)}
        cells = {"counts": counts, "cells": came.to_json(), "files": [f for f in written if f]}
        print_json({**values, "outlook": ahead.to_json(), **cells})
    else:
        for line in cell_lines(came):
            show_line(line)
        for path in filter(None, written):
            show_line(path)
    tell(f"Sweep {group.id}: {summary(came)}")
    if left:
        tell(f"Go on with: safelight sweep --resume {group.id}")
    elif came.count(State.FAILED):
        tell(f"Try them again with: safelight sweep --resume {group.id} --retry-failed")
    if stopped:
        return CANCELLED
    broken = came.count(State.FAILED) or left or "" in written
    return FAILED if broken else DONE


def _plan_json(plan: Sweep) -> dict[str, Any]:
    axes = [
        {"name": axis.name, "label": axis.label, "values": [value.label for value in axis.values]}
        for axis in plan.axes
    ]
    return {"title": plan.title, "base": plan.base.to_json(), "axes": axes}


def _list(options: Namespace, paths: Paths) -> int:
    """The sweeps that were begun, newest first."""
    with reading(paths) as history:
        groups = history.groups.latest(Kind.SWEEP, 100)
        found: list[tuple[Group, Grid]] = []
        for group in groups:
            try:
                plan = Sweep.from_json(group.plan)
            except InvalidAxis:
                continue
            queued = history.queue.of_group(group.id)
            found.append((group, grid(plan, history.groups.cells(group.id), queued)))
    if options.json:
        print_json(
            [
                {
                    "group": group.id,
                    "created_at": group.created_at,
                    **_plan_json(came.sweep),
                    "counts": {state.value: came.count(state) for state in State},
                }
                for group, came in found
            ]
        )
        return DONE
    if not found:
        tell("No sweep was begun yet. Try: safelight sweep PROMPT --axis steps=20,30,50")
    for group, came in found:
        show_line(sweep_line(group, came))
    return DONE
