"""``safelight``: arguments in, an app or a headless command out.

Exit codes: 0 done, 1 failed, 2 bad arguments, 130 cancelled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui import garbage
from tui.graphics.probe import Probe
from tui.leaving import hear_early

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.paths import Paths

PATIENCE = 0.12
"""Seconds the terminal has for its answer, counted from before the imports."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. Returns the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        return run_app()  # the usual case, which need not wait for argparse
    from tui.headless.arguments import parse
    from tui.headless.streams import careful_streams

    with careful_streams():
        options = parse(words)
        if options.command is not None:
            return _run_command(options)
        from tui.headless.output import BadArguments, complain
        from tui.headless.setting_options import given

        try:
            flags = given(options)
        except BadArguments as error:
            return complain(str(error), 2)
    return run_app(**flags)


def _run_command(options: Namespace) -> int:
    from tui import log
    from tui.headless.run import run
    from tui.paths import Paths

    paths = Paths.find()
    log.start(paths)
    try:
        return run(options, paths)
    except Exception as error:
        from tui import crash

        crash.tell(crash.report(error, paths, while_=f"safelight {options.command}"))
        return 1


def run_app(**flags: str) -> int:
    """Open the app and wait for its end. ``flags`` are settings, which go before all others."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "The app needs a terminal. Without one, try: safelight generate PROMPT",
            file=sys.stderr,
        )
        return 2
    from tui.paths import Paths

    paths = Paths.find()
    try:
        return _run_app(paths, flags)
    except Exception as error:
        from tui import crash

        crash.tell(crash.report(error, paths, while_="the app"))
        return 1


def _run_app(paths: Paths, flags: Mapping[str, str]) -> int:
    garbage.hold()  # until the app has its first frame
    hear_early()
    with Probe() as probe:
        from tui.app import SafelightApp
        from tui.graphics.driver import Driver
        from tui.lab import RealLab
        from tui.remembered import Remembered
        from tui.settings import gather

        sources = gather(paths.settings_file, flags, chosen=Remembered(paths.form_file).settings)
        lab = RealLab(paths, sources.settings, watched=True)
        terminal = probe.answer(PATIENCE)
        Driver.typed_ahead, Driver.heard = probe.typed_ahead, probe.heard
        app = SafelightApp(lab, paths, sources, terminal)
        try:
            code = app.run()
        finally:
            app.shut_down()  # whatever happened: a run that is on is kept
    if app.fault:
        from tui import crash

        crash.tell(app.fault)
    code = app.return_code if code is None else code
    if not app.room.ended:
        # The device is deep in a step. The terminal is clean and the run is in the history; a
        # normal exit would wait for the step.
        sys.stdout.flush()
        os._exit(code or 0)
    lab.close()
    return code or 0
