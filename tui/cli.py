"""``safelight``: arguments in, an app or a headless command out.

Exit codes: 0 done, 1 failed, 2 bad arguments, 130 cancelled.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from tui.graphics.probe import Probe

PATIENCE = 0.12
"""Seconds the terminal has for its answer, counted from before the imports."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. Returns the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        return run_app()  # the usual case, which need not wait for argparse
    from tui.headless.arguments import parse

    options = parse(words)
    if options.command is None:
        from tui.headless.output import BadArguments, complain
        from tui.headless.setting_options import given

        try:
            return run_app(**given(options))
        except BadArguments as error:
            return complain(str(error), 2)
    from tui import log
    from tui.headless.run import run
    from tui.paths import Paths

    paths = Paths.find()
    log.start(paths)
    try:
        return run(options, paths)
    except Exception:
        log.unexpected()
        print(f"safelight: Something unexpected went wrong; see {paths.log_file}", file=sys.stderr)
        return 1


def run_app(**flags: str) -> int:
    """Open the app and wait for its end. ``flags`` are settings, which go before all others."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "The app needs a terminal. Without one, try: safelight generate PROMPT",
            file=sys.stderr,
        )
        return 2
    # Collecting garbage while modules load costs a tenth of the start; the app turns it on again
    # after its first frame.
    gc.disable()
    with Probe() as probe:
        from tui.app import SafelightApp
        from tui.graphics.driver import Driver
        from tui.lab import RealLab
        from tui.paths import Paths
        from tui.remembered import Remembered
        from tui.settings import gather

        paths = Paths.find()
        sources = gather(paths.settings_file, flags, chosen=Remembered(paths.form_file).settings)
        lab = RealLab(paths, sources.settings, watched=True)
        terminal = probe.answer(PATIENCE)
        Driver.typed_ahead, Driver.heard = probe.typed_ahead, probe.heard
        app = SafelightApp(lab, paths, sources, terminal)
        try:
            code = app.run()
        finally:
            app.shut_down()  # whatever happened: a run that is on is kept
    code = app.return_code if code is None else code
    if not app.room.ended:
        # The device is deep in a step. The terminal is clean and the run is in the history; a
        # normal exit would wait for the step.
        sys.stdout.flush()
        os._exit(code or 0)
    lab.close()
    return code or 0
