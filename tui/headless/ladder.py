"""The ladder without the app: climbed, listed, shown again.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine import events
from engine.errors import HistoryError, InvalidSpec, SafelightError
from engine.group import Group, Kind
from engine.history import History
from engine.ladder.request import REPEATS, Ladder, LadderResult
from engine.ladder.rungs import FIRST_STEPS, STEPS
from engine.ladder.table import end_of, is_measured
from tui.headless import checkpoints, follow
from tui.headless.generate import settings_for, spec_of
from tui.headless.history import reading
from tui.headless.ladder_lines import command_of, group_line, ladder_lines
from tui.headless.output import (
    CANCELLED,
    DONE,
    FAILED,
    BadArguments,
    complain,
    print_json,
    show_line,
    tell,
)
from tui.lab import RealLab
from tui.paths import Paths

LAST = "last"
_FORMS = {"html": ".html", "markdown": ".md"}
_NONE = "No ladder was climbed yet. Climb one with: safelight ladder PROMPT"


def ladder(options: Namespace, paths: Paths) -> int:
    """Climb the ladder and wait for its end. Ctrl+C stops it; what was measured is kept."""
    if options.list:
        return _list(options, paths)
    if options.repeats is not None:
        follow.check_repeats(options.repeats)
    files = {form: Path(to) for form in _FORMS if (to := getattr(options, form))}
    from engine.report.files import place_of

    for to in files.values():
        place_of(to, replace=options.replace)  # before anything is measured
    if options.show:
        if options.prompt:
            raise BadArguments("--show takes no prompt: it shows what was measured before.")
        with reading(paths) as history:
            group = _found(history, options.show)
            return _show(options, history, group, _result_of(group), files)
    if options.prompt is None:
        raise BadArguments("Say what to draw: safelight ladder PROMPT.")
    return _climb(options, paths, files)


def _climb(options: Namespace, paths: Paths, files: dict[str, Path]) -> int:
    settings = settings_for(options, paths)
    options.prompt = [options.prompt]
    spec, problems = spec_of(options, settings.checkpoint, None)
    if spec is None:
        raise BadArguments(" ".join(problems.values()))
    if options.steps is not None and spec.num_inference_steps >= STEPS:
        raise BadArguments(
            f"--steps is for fewer than {STEPS}: else the ladder starts with {FIRST_STEPS}."
        )
    lab = RealLab(paths, settings)
    if not options.download and (why := checkpoints.not_allowed(lab, spec.checkpoint)):
        return complain(why, FAILED)
    ended = follow.study_in(lab, Ladder(spec, options.repeats or REPEATS))
    group = lab.history.groups.get(ended.group) if ended.group else None
    result = ended.result if isinstance(ended.result, LadderResult) else None
    code = DONE
    if group is not None and result is not None:
        if is_measured(result):
            code = _show(options, lab.history, group, result, files)
        elif not getattr(ended, "error", ""):
            tell(end_of(result))
    lab.close()
    if isinstance(ended, events.StudyEnded):
        return complain(ended.error, FAILED) if ended.error else CANCELLED
    return code


def _show(
    options: Namespace,
    history: History,
    group: Group,
    result: LadderResult,
    files: dict[str, Path],
) -> int:
    """Say what came of a ladder, and write it to files; the exit code."""
    written, code = {}, DONE
    if files:
        from engine.ladder.report import pictures_of, write_report

        pictures = pictures_of(result, history)
        for form, to in files.items():
            try:
                written[form] = str(
                    write_report(
                        *(result, pictures, to),
                        title=group.title,
                        form=_FORMS[form],
                        replace=options.replace,
                    )
                )
            except SafelightError as error:
                code = complain(str(error), FAILED)
    command = command_of(result.spec) if result.spec is not None else ""
    if options.json:
        head = {**_head(group), "spec": group.plan.get("spec")}
        print_json({**head, **result.to_json(), "command": command, "written": written})
        return code
    for line in ladder_lines(result):
        show_line(line)
    show_line("")
    show_line(end_of(result))
    if result.recommendation and command:
        show_line(command)
    for place in written.values():
        tell(f"Written: {place}")
    tell(f"Show it again with: safelight ladder --show {group.id}")
    return code


def _head(group: Group) -> dict[str, Any]:
    return {"group": group.id, "created_at": group.created_at, "prompt": group.title}


def _found(history: History, name: str) -> Group:
    wanted = name.strip().lower()
    if wanted == LAST:
        found = _measured(history)
        if not found:
            raise HistoryError(_NONE)
        return found[0][0]
    group = history.groups.get(wanted)
    if group is None or group.kind is not Kind.LADDER:
        what = f"There is no ladder “{name[:40]}”"
        raise HistoryError(f"{what}; safelight ladder --list lists them.")
    return group


def _result_of(group: Group) -> LadderResult:
    """What came of a ladder. Raises :class:`HistoryError` when nothing that can be read did."""
    nothing = f"Of the ladder {group.id} nothing was measured."
    try:
        result = LadderResult.from_json(group.result)
    except (KeyError, TypeError, ValueError, InvalidSpec) as error:
        raise HistoryError(nothing) from error
    if not is_measured(result):
        raise HistoryError(nothing)
    return result


def _measured(history: History) -> list[tuple[Group, LadderResult]]:
    """Those of which anything was measured, newest first."""
    found = []
    for group in history.groups.latest(Kind.LADDER, 100):
        with suppress(HistoryError):
            found.append((group, _result_of(group)))
    return found


def _list(options: Namespace, paths: Paths) -> int:
    """The ladders that were climbed, newest first."""
    with reading(paths) as history:
        found = _measured(history)
    if options.json:
        print_json(
            [{**_head(group), "recommendation": result.recommendation} for group, result in found]
        )
        return DONE
    if not found:
        tell(_NONE)
    for group, result in found:
        show_line(group_line(group, result))
    return DONE
