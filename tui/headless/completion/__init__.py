"""``safelight completion bash|zsh|fish``: a script that completes the command line, on stdout."""

from __future__ import annotations

import argparse

from tui.headless.completion import bash, fish, zsh
from tui.headless.completion.grammar import SHELLS, grammar
from tui.headless.output import DONE, BadArguments, show_line
from tui.paths import Paths

_WRITERS = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}


def command(options: argparse.Namespace, _: Paths) -> int:
    """Print the script for a shell."""
    if options.json:
        raise BadArguments("A script is no JSON. Leave --json out.")
    from tui.headless.arguments import parser

    for line in _WRITERS[options.shell](grammar(parser())).splitlines():
        show_line(line)
    return DONE


__all__ = ["SHELLS", "command"]
