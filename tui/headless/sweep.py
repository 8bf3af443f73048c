"""Sweeps without the app: begun, followed, stopped and gone on with.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from engine import events
from engine.errors import InvalidAxis, SafelightError
from engine.group import Group, Kind, new_group_id
from engine.history import History
from engine.record import now
from engine.sweep import Cell, Grid, State, Sweep, grid, order
from engine.sweep.machine import Machine, machine_of
from engine.sweep.outlook import Outlook, outlook
from engine.sweep.possible import checked
from tui.headless import checkpoints, follow_sweep
from tui.headless.generate import settings_for
from tui.headless.history import RECENT_RUNS, reading
from tui.headless.interrupts import Interrupts
from tui.headless.output import (
    CANCELLED,
    DONE,
    FAILED,
    complain,
    print_json,
    show_line,
    tell,
)
from tui.headless.sweep_asked import check, check_places, notes, planned
from tui.headless.sweep_lines import cell_lines, summary, sweep_line
from tui.lab import RealLab
from tui.paths import Paths

_ON = (State.WAITING, State.RUNNING)


def sweep(options: Namespace, paths: Paths) -> int:
    """Begin a sweep or go on with one, and wait for it. Ctrl+C stops it; nothing is lost."""
    if options.list:
        return _list(options, paths)
    check(options)
    check_places(options)
    settings = settings_for(options, paths)
    settings = replace(settings, climb=options.climb or settings.climb)
    group, plan = planned(options, settings, paths)
    for note in notes(plan):
        tell(note)
    with closing(RealLab(paths, settings)) as lab:
        return _sweep(options, paths, lab, group, plan)


def _sweep(options: Namespace, paths: Paths, lab: RealLab, group: Group | None, plan: Sweep) -> int:
    """Foretell a sweep, or make what is left of it."""
    if group is not None and not options.dry_run:
        # Else what ended the last try is not known yet, and would be the first to be tried again.
        lab.history.queue.take_over(waiting=False, group=group.id)
    machine = machine_of(lab.settings.device, plan.base.checkpoint)
    if group is None or options.retry_failed:  # what was impossible may be possible by now
        plan = checked(replace(plan, refused={}), machine.device)
    with reading(paths) as history:
        begun = _grid(history, group.id, plan) if group is not None else grid(plan, {})
        records = history.latest(RECENT_RUNS)
    todo = _todo(begun, machine, failed=options.retry_failed or group is None)
    ahead = outlook(plan, todo, records, auto=machine.auto, free_bytes=machine.free_bytes)
    if options.dry_run:
        return _foretell(plan, ahead, options)
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
    elif options.retry_failed:
        lab.history.groups.set_plan(group.id, plan.to_json())
    if theirs := begun.count(*_ON):
        tell(f"{theirs:,} {'cell is' if theirs == 1 else 'cells are'} another Safelight's.")
    stopped, came = _make(lab, group, plan, todo, ahead)
    with_pictures = _write(options, group, came)
    return _end(options, group, came, ahead, with_pictures, stopped=stopped)


def _grid(history: History, group: str, plan: Sweep) -> Grid:
    return grid(plan, history.groups.cells(group), history.queue.of_group(group))


def _todo(begun: Grid, machine: Machine, *, failed: bool) -> tuple[Cell, ...]:
    """The cells that are still to be done, in the order that costs least."""
    left = begun.left(failed=failed)
    by_index = {cell.index: cell for cell in left}
    indices = order(left, auto=machine.auto, last=begun.interrupted)
    return tuple(by_index[index] for index in indices)


def _make(
    lab: RealLab, group: Group, plan: Sweep, todo: Sequence[Cell], ahead: Outlook
) -> tuple[bool, Grid]:
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
            follow_sweep.follow(engine, group.id, plan, runs, told, ahead)
            engine.stop()
            stopped = interrupts.count > 0
    finally:
        engine.stop()
    return stopped, _grid(lab.history, group.id, plan)


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
    from engine.sweep.files import write_html, write_png

    written: list[str] = []
    for write, to in ((write_png, options.png), (write_html, options.html)):
        if to is None:
            continue
        try:
            written += write(came, group, to, replace=options.replace)
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
    theirs = came.count(*_ON)
    if theirs:
        who = "1 cell is" if theirs == 1 else f"{theirs:,} cells are"
        tell(f"{who} another Safelight's, and not done yet.")
    if left:
        tell(f"Go on with: safelight sweep --resume {group.id}")
    elif came.count(State.FAILED):
        tell(f"Try them again with: safelight sweep --resume {group.id} --retry-failed")
    if stopped:
        return CANCELLED
    broken = came.count(State.FAILED) or left or theirs or "" in written
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
            found.append((group, _grid(history, group.id, plan)))
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
