"""``safelight``: arguments in, an app or a headless command out.

Exit codes: 0 done, 1 failed, 2 bad arguments, 130 cancelled.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine import __version__
from tui.graphics.terminal import Probe

if TYPE_CHECKING:
    import argparse

PATIENCE = 0.12
"""Seconds the terminal has for its answer, counted from before the imports."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    import argparse

    top = argparse.ArgumentParser(
        prog="safelight",
        description="A darkroom for diffusion models in the terminal. Without a command: the app.",
        epilog="SAFELIGHT_HOME moves everything Safelight keeps into one folder.",
    )
    top.add_argument("--version", action="version", version=f"safelight {__version__}")
    top.add_argument("--device", help="auto, cuda, cuda:1, mps or cpu (default: auto)")
    top.add_argument(
        "--graphics",
        choices=("auto", "sixel", "half"),
        help="how pictures are drawn (default: auto)",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    generate = commands.add_parser("generate", help="make a picture without the app")
    generate.add_argument(
        "prompt",
        nargs="*",
        help="what to draw; may be empty: ''; several are drawn from the same seeds",
    )
    generate.add_argument(
        "--from",
        dest="source",
        metavar="PICTURE|RUN",
        help="begin with the settings of a picture, whoever made it, or of a run",
    )
    generate.add_argument("--negative-prompt", metavar="TEXT", help="what to keep away from")
    generate.add_argument("--seed", default=None, metavar="N", help="default, and -1: a random one")
    generate.add_argument("--steps", metavar="N", help="default: 20")
    generate.add_argument("--guidance", metavar="X", help="default: 4.0; 1 turns it off")
    generate.add_argument("--size", metavar="WxH", help="default: the checkpoint's own")
    generate.add_argument(
        "--scheduler",
        metavar="NAME",
        help="such as 'DPM++ 2M' (default where it fits), Euler, PNDM",
    )
    generate.add_argument(
        "--batch", metavar="N", help="pictures at once, or max: as many as fit; default: 1"
    )
    generate.add_argument(
        "--checkpoint", metavar="WHAT", help="a hub id, a folder or a .safetensors file"
    )
    generate.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SWITCH=VALUE",
        help="turn a switch, such as precision=fp16, once or more; safelight switches lists them",
    )
    generate.add_argument(
        "--climb",
        action="store_true",
        help="when memory runs out, go on with the next thing that may help",
    )
    generate.add_argument(
        "--dry-run", action="store_true", help="say what time and memory it would take, and stop"
    )
    generate.add_argument(
        "--download", action="store_true", help="fetch a hub id that is not on this machine"
    )
    # Also accepted here, where people look for it; None leaves the top one standing.
    generate.add_argument(
        "--device", dest="run_device", metavar="DEVICE", help="auto, cuda, cuda:1, mps or cpu"
    )

    history = commands.add_parser("history", help="list the runs that were kept")
    history.add_argument("--limit", type=int, metavar="N", help="newest N (default 50)")
    history.add_argument(
        "--effects", action="store_true", help="what each switch did here (default: newest 5000)"
    )

    show = commands.add_parser("show", help="everything about one run, or of a picture's settings")
    show.add_argument(
        "run", metavar="RUN|PICTURE", help="number of a run, such as 41, or the path of a picture"
    )

    switches = commands.add_parser(
        "switches", help="everything that can be turned, and what works here"
    )
    switches.add_argument("--checkpoint", metavar="WHAT", help="as for generate")
    switches.add_argument("--device", dest="run_device", metavar="DEVICE", help="as for generate")
    switches.add_argument(
        "--set", action="append", default=[], metavar="SWITCH=VALUE", help="as if this were turned"
    )

    doctor = commands.add_parser("doctor", help="what Safelight sees of this machine")
    shelf = commands.add_parser("checkpoints", help="list the checkpoints of this machine")
    for command in (generate, history, show, doctor, switches, shelf):
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. Returns the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        return run_app()  # the usual case, which need not wait for argparse
    options = parser().parse_args(words)
    if options.command is None:
        return run_app(options.device, options.graphics)
    from tui import log
    from tui.headless import run
    from tui.paths import Paths

    paths = Paths.find()
    log.start(paths)
    try:
        return run(options, paths)
    except Exception:
        log.unexpected()
        print(f"safelight: Something unexpected went wrong; see {paths.log_file}", file=sys.stderr)
        return 1


def run_app(device: str | None = None, graphics: str | None = None) -> int:
    """Open the app and wait for its end. What is given goes before the settings."""
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
        from dataclasses import replace

        from tui.app import SafelightApp
        from tui.graphics.driver import Driver
        from tui.lab import RealLab
        from tui.paths import Paths
        from tui.settings import read_settings

        paths = Paths.find()
        settings, complaint = read_settings(paths.settings_file)
        settings = replace(
            settings,
            device=device or settings.device,
            graphics=graphics or settings.graphics,
        )
        lab = RealLab(paths, settings)
        terminal = probe.answer(PATIENCE)
        Driver.typed_ahead = probe.typed_ahead
        app = SafelightApp(lab, paths, settings, terminal, complaint)
        try:
            code = app.run()
        finally:
            app.shut_down()  # whatever happened: a run that is on is kept
    code = app.return_code if code is None else code
    if not app.engine_ended:
        # The device is deep in a step. The terminal is clean and the run is in the history; a
        # normal exit would wait for the step.
        sys.stdout.flush()
        os._exit(code or 0)
    lab.close()
    return code or 0
