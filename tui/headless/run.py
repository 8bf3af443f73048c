"""The same engine and the same history, without the app.

With ``--json`` stdout holds one JSON document and nothing else; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from engine.errors import InvalidAxis, InvalidQuery, InvalidSpec, SafelightError
from tui.headless import (
    checkpoints,
    completion,
    exchange,
    history,
    key_list,
    settings_list,
    switch_list,
)
from tui.headless.compare import compare
from tui.headless.doctor import examine
from tui.headless.generate import generate
from tui.headless.ladder import ladder
from tui.headless.output import (
    BAD_ARGUMENTS,
    CANCELLED,
    DONE,
    FAILED,
    BadArguments,
    complain,
    print_facts,
    print_json,
)
from tui.headless.rerun import rerun
from tui.headless.sweep import sweep
from tui.paths import Paths
from tui.text import size


def run(options: argparse.Namespace, paths: Paths) -> int:
    """Run one command. Returns the exit code."""
    commands: dict[str, Callable[[argparse.Namespace, Paths], int]] = {
        "generate": generate,
        "sweep": sweep,
        "ladder": ladder,
        "rerun": rerun,
        "history": history.list_runs,
        "show": history.show,
        "mark": history.mark,
        "trash": history.trash,
        "compare": compare,
        "export": exchange.export_runs,
        "import": exchange.import_runs,
        "doctor": doctor,
        "switches": switch_list.command,
        "settings": settings_list.command,
        "completion": completion.command,
        "keys": key_list.command,
        "checkpoints": checkpoints.list_them,
    }
    try:
        code = commands[options.command](options, paths)
        sys.stdout.flush()
        return code
    except (InvalidSpec, InvalidQuery, InvalidAxis, BadArguments) as error:
        return complain(str(error), BAD_ARGUMENTS)
    except SafelightError as error:
        return complain(str(error), FAILED)
    except KeyboardInterrupt:
        # The second one: the first asked the run to stop, and it has not yet.
        sys.stderr.flush()
        os._exit(CANCELLED)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        # Whoever read our output has gone, or the terminal has. Leave Python nothing to flush.
        sys.stdout = sys.stderr = None
        return FAILED


def doctor(options: argparse.Namespace, paths: Paths) -> int:
    """What Safelight sees of this machine."""
    findings = examine(options, paths)
    if options.json:
        print_json(findings)
        return DONE
    print_facts(_facts(findings))
    return DONE


def _facts(findings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The findings as lines: what is wrong with the settings on a line each."""
    for name, value in findings.items():
        if name == "config_problems" and isinstance(value, list):
            for at, problem in enumerate(value or ["none"]):
                yield ("" if at else name), str(problem)
        else:
            yield name.removesuffix("_bytes"), _shown(name, value)


def _shown(name: str, value: object) -> str:
    """A finding as a person reads it."""
    if name.endswith("_bytes") and isinstance(value, int):
        return size(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
