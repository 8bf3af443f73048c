"""The history without the app: lists, one run, marks, the trash."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from engine.errors import HistoryError
from engine.history import History, parse_query
from engine.history.marks import check_tag
from engine.history.repair import rebuild
from tui.headless.output import (
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
from tui.headless.restore import run_number, show_picture
from tui.headless.run_lines import facts, lines
from tui.headless.run_numbers import everything, named
from tui.paths import Paths
from tui.text import size

RECENT_RUNS = 5000
"""What forecasts and effects are made from."""
_MOST = 1_000_000


@contextmanager
def reading(paths: Paths) -> Iterator[History]:
    """The history, only to read: nothing is made where there is none."""
    history = History(paths.data, read_only=True)
    try:
        yield history
    finally:
        history.close()


@contextmanager
def writing(paths: Paths) -> Iterator[History]:
    """The history, to change it; says what it took to open it."""
    history = History(paths.data)
    if history.repaired:
        tell(history.repaired)
    try:
        yield history
    finally:
        history.close()


def list_runs(options: Namespace, paths: Paths) -> int:
    """List the runs of a search, tell what switches did, or make the history anew."""
    if options.limit is not None and options.limit < 1:
        return complain("--limit must be 1 or more.", BAD_ARGUMENTS)
    if options.search == ["rebuild"]:
        return _rebuild(options, paths)
    if options.effects:
        if options.search:
            return complain("--effects goes by all runs and takes no search.", BAD_ARGUMENTS)
        return _effects(options, paths)
    line = " ".join(options.search)
    query, limit = parse_query(line), min(options.limit or 50, _MOST)
    with reading(paths) as history:
        entries = history.search.page(query, limit).entries
        count = history.search.count(query) if len(entries) == limit else len(entries)
    if options.json:
        print_json([entry.to_json() for entry in entries])
        return DONE
    if not entries:
        none = "No runs yet. Make one: safelight generate PROMPT"
        tell("No run is like that." if line.strip() else none)
    for text in lines(entries):
        show_line(text)
    if count > len(entries):
        tell(f"{len(entries):,} of {count:,} runs; --limit shows more.")
    return DONE


def _rebuild(options: Namespace, paths: Paths) -> int:
    """Make the history anew."""
    done = rebuild(paths.data)
    if options.json:
        print_json({"rows": done.rows, "pictures": done.pictures, "kept": done.kept})
    else:
        show_line(str(done))
    return DONE


def _effects(options: Namespace, paths: Paths) -> int:
    """What each switch did here."""
    from engine.effects import effects, likeness_of
    from tui.effect_table import table

    with reading(paths) as history:
        found = effects(history.latest(options.limit or RECENT_RUNS))
    if options.json:
        print_json([{**effect.to_json(), "likeness": likeness_of(effect)} for effect in found])
    elif not found:
        tell("No two runs differ in one switch alone yet. Keep the seed, and change one thing.")
    else:
        for line in table(found, map(likeness_of, found)):
            show_line(line)
    return DONE


def show(options: Namespace, paths: Paths) -> int:
    """Everything about one run, or what a picture says."""
    run_id = run_number(options.run)
    if run_id is None and (options.path or options.scp):
        return complain("--path and --scp take the number of a run, such as 41.", BAD_ARGUMENTS)
    if run_id is None:
        return show_picture(options, paths)
    with reading(paths) as history:
        entry = history.entry(run_id)
    if entry is None:
        return complain(f"There is no run #{run_id}; safelight history lists them.", FAILED)
    if options.path or options.scp:
        from tui.headless.fetching import show_way

        return show_way(options, entry.record)
    if options.json:
        print_json(entry.to_json())
    else:
        print_facts(facts(entry))
    return DONE


def mark(options: Namespace, paths: Paths) -> int:
    """Say something of runs."""
    wanted = (options.rating, options.note, options.winner)
    if all(each is None for each in wanted) and not (options.tag or options.untag):
        return complain(
            "Say what to mark: --rating, --tag, --untag, --note or --winner.", BAD_ARGUMENTS
        )
    try:
        tags = [check_tag(tag) for tag in options.tag]
    except HistoryError as error:
        return complain(str(error), BAD_ARGUMENTS)
    runs = _named(options.runs, paths)
    with writing(paths) as history:
        marks = history.marks
        if options.note is not None:
            marks.note(runs, options.note)
        if options.rating is not None:
            marks.rate(runs, options.rating)
        if options.winner is not None:
            marks.win(runs, options.winner)
        marks.tag(runs, tags)
        marks.untag(runs, options.untag)
        found = [entry for run in runs if (entry := history.entry(run)) is not None]
    if options.json:
        print_json([entry.to_json() for entry in found])
        return DONE
    for text in lines(found):
        show_line(text)
    return DONE


def trash(options: Namespace, paths: Paths) -> int:
    """Put runs into the trash, take them out, list it, or empty it."""
    if options.list or options.empty:
        if options.runs:
            return complain("--list and --empty go by the whole trash.", BAD_ARGUMENTS)
        return _empty(options, paths) if options.empty else _list_trash(options, paths)
    if not options.runs:
        return complain("Name the runs, such as 41, or use --list or --empty.", BAD_ARGUMENTS)
    runs = _named(options.runs, paths, in_trash=options.restore)
    with writing(paths) as history:
        if options.restore:
            history.trash.take_back(runs)
        else:
            history.trash.put(runs)
    if options.json:
        print_json({"restored" if options.restore else "trashed": list(runs)})
        return DONE
    what = f"{_runs(len(runs))} {'are' if len(runs) > 1 else 'is'}"
    if options.restore:
        show_line(f"{what} back.")
    else:
        show_line(f"{what} in the trash. safelight trash --restore takes runs out again.")
    return DONE


def _list_trash(options: Namespace, paths: Paths) -> int:
    with reading(paths) as history:
        entries = list(everything(history, parse_query("in:trash")))
    if options.json:
        print_json([entry.to_json() for entry in entries])
        return DONE
    if not entries:
        tell("The trash is empty.")
    for text in lines(entries):
        show_line(text)
    return DONE


def _empty(options: Namespace, paths: Paths) -> int:
    with reading(paths) as history:
        count = history.trash.count()
    if count and not options.yes:
        question = f"{_runs(count)} and their pictures would be deleted for good"
        if not sys.stdin.isatty():
            return complain(f"{question}. Say so with --yes.", BAD_ARGUMENTS)
        sys.stderr.write(f"{question}. Delete? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return CANCELLED
    freed = 0
    if count:
        with writing(paths) as history:
            count, freed = history.trash.empty()
    if options.json:
        print_json({"runs": count, "freed_bytes": freed})
    else:
        show_line(f"{_runs(count)} deleted, {size(freed)} freed.")
    return DONE


def _named(texts: Sequence[str], paths: Paths, *, in_trash: bool = False) -> tuple[int, ...]:
    """Looked up before the history is opened to be changed, which would make one."""
    with reading(paths) as history:
        return named(history, texts, in_trash=in_trash)


def _runs(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"
