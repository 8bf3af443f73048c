"""The command line: every command with its arguments."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from engine import __version__
from tui.headless import setting_options
from tui.headless.completion.grammar import SHELLS
from tui.headless.output import BAD_ARGUMENTS, complain
from tui.keys.flavours import flavours
from tui.settings import SETTINGS

Commands = Any
"""What ``add_subparsers`` gives; argparse has no public name for it."""
_DEVICES = "auto, cuda, cuda:1, mps or cpu"
_RUNS = "numbers of runs, such as 41, 43-47"

_MAX = "; max first finds, by short runs at full size, the largest batch that fits, then makes it"


class _Parser(argparse.ArgumentParser):
    """Says which command was meant."""

    commands: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        wrong = re.match(r"argument COMMAND: invalid choice: (['\"])(.*?)\1 \(", message, re.DOTALL)
        if wrong is None:
            super().error(message)
        from engine.switches.names import nearest

        said = f"There is no command “{wrong[2]}”.{nearest(wrong[2], self.commands)}"
        sys.exit(complain(f"{said} safelight --help lists them.", BAD_ARGUMENTS))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = _Parser(
        prog="safelight",
        description="A darkroom for diffusion models in the terminal. Without a command: the app.",
        epilog="SAFELIGHT_HOME moves everything Safelight keeps into one folder.",
    )
    top.add_argument("--version", action="version", version=f"safelight {__version__}")
    setting_options.add_all(top)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _generate(commands)
    _sweep(commands)
    _ladder(commands)
    _rerun(commands)
    _history(commands)
    _marks(commands)
    _compare(commands)
    _exchange(commands)
    _machine(commands)
    top.commands = tuple(commands.choices)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return top


def parse(words: list[str]) -> argparse.Namespace:
    """The options of a command line. Ends the program when they cannot be."""
    top = parser()
    options, others = top.parse_known_args(words)
    # A search may leave a word out: -draft. That is none of our options.
    if others and (options.command != "history" or any(w.startswith("--") for w in others)):
        top.error(f"unrecognized arguments: {' '.join(others)}")
    if options.command == "history":
        if "-h" in others:
            top.parse_args(["history", "--help"])
        options.search += others
    return options


def _generate(commands: Commands) -> None:
    generate = commands.add_parser("generate", help="make a picture without the app")
    _settings(generate)
    generate.add_argument(
        "--dry-run", action="store_true", help="say what time and memory it would take, and stop"
    )
    _where_it_runs(generate)


def _settings(generate: argparse.ArgumentParser, batch: str = "N|max") -> None:
    """What a run can be told; ``batch``: which values that takes."""
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
        metavar="SCHEDULER",
        help="such as 'DPM++ 2M' (default where it fits), Euler, PNDM",
    )
    generate.add_argument(
        "--batch",
        metavar=batch,
        help=f"pictures of each prompt, from seeds in a row (default: 1){_MAX * ('max' in batch)}",
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


def _sweep(commands: Commands) -> None:
    sweep = commands.add_parser(
        "sweep",
        help="make a grid of pictures: every combination of some values",
        description="Change one to three things of a run, value by value, and make every "
        "combination. It can be stopped at any moment and gone on with: --resume.",
        epilog="Axes: steps=20,30,50  guidance=4..8:0.5  seed=1..4  size=512x512,768x512  "
        "scheduler=DDIM,Euler  precision=fp16,fp32 (any switch)  checkpoint=A,B  vae=A,B  "
        "prompt:red=red,green (red is replaced)  prompt=@prompts.txt (one a line)  wildcards "
        "(every choice of {a|b} in the prompt). A value with a comma stands in double quotes.",
    )
    _settings(sweep, batch="N")
    sweep.add_argument(
        "--axis",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="what changes, once to three times: columns, rows, pages",
    )
    sweep.add_argument(
        "--dry-run",
        action="store_true",
        help="say how many runs it is, how long they take and whether they fit, and stop",
    )
    sweep.add_argument(
        "--resume", metavar="ID", help="go on with a sweep where it was, or “last”; see --list"
    )
    sweep.add_argument(
        "--retry-failed", action="store_true", help="with --resume: try what failed once more"
    )
    sweep.add_argument("--png", metavar="FILE", help="write the grid as one picture, or as pages")
    sweep.add_argument("--html", metavar="FILE", help="write the grid as a page")
    sweep.add_argument(
        "--replace", action="store_true", help="in place of an earlier --png or --html"
    )
    sweep.add_argument("--list", action="store_true", help="list the sweeps that were begun")
    _where_it_runs(sweep)


def _ladder(commands: Commands) -> None:
    ladder = commands.add_parser(
        "ladder",
        help="find out what makes this checkpoint faster here, rung by rung",
        description="Climb from full precision, the checkpoint's own scheduler and 50 steps: half "
        "precision, a better scheduler, a batch, a better VAE, and what else there is here. Each "
        "rung is measured in turns with the one it stands on. It ends with what to use.",
    )
    ladder.add_argument("prompt", nargs="?", help="what to draw")
    ladder.add_argument("--negative-prompt", metavar="TEXT", help="what to keep away from")
    ladder.add_argument("--seed", default=None, metavar="N", help="default, and -1: a random one")
    ladder.add_argument(
        "--steps",
        metavar="N",
        help="fewer than 20, for a checkpoint that is made for few (default: 50, 20 and 25)",
    )
    ladder.add_argument("--guidance", metavar="X", help="default: 4.0; 1 turns it off")
    ladder.add_argument("--size", metavar="WxH", help="default: the checkpoint's own")
    ladder.add_argument(
        "--checkpoint", metavar="WHAT", help="a hub id, a folder or a .safetensors file"
    )
    ladder.add_argument("--repeats", type=int, metavar="N", help="timed turns a rung (default: 3)")
    ladder.add_argument("--html", metavar="FILE", help="write a page of one file")
    ladder.add_argument(
        "--markdown", metavar="FILE", help="write Markdown, with a folder of pictures beside it"
    )
    ladder.add_argument(
        "--replace", action="store_true", help="in place of an earlier --html or --markdown"
    )
    ladder.add_argument("--list", action="store_true", help="list the ladders that were climbed")
    ladder.add_argument("--show", metavar="ID", help="show an earlier one, or “last”")
    ladder.set_defaults(source=None, batch=None, scheduler=None, set=[])
    _where_it_runs(ladder)


def _where_it_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--download", action="store_true", help="fetch a hub id that is not on this machine"
    )
    # Also accepted here, where people look for it; None leaves the top one standing.
    setting_options.add(command, SETTINGS["device"], "run_device", _DEVICES)


def _rerun(commands: Commands) -> None:
    rerun = commands.add_parser("rerun", help="make a run again, from its own settings")
    rerun.add_argument("run", metavar="RUN", help="number of a run, such as 41")
    rerun.add_argument(
        "--verify",
        action="store_true",
        help="compare the pictures bit by bit, and say what has changed since; exits with 1 when "
        "they differ",
    )
    _where_it_runs(rerun)


def _history(commands: Commands) -> None:
    history = commands.add_parser(
        "history",
        help="list the runs that were kept, or those of a search",
        description="List the runs that were kept. “safelight history rebuild” makes a damaged "
        "history anew from what can be read of it and from the pictures.",
        add_help=False,  # -hills is a word to leave out
    )
    history.add_argument("--help", action="help", help="show this help message and exit")
    history.add_argument(
        "search",
        nargs="*",
        metavar="SEARCH",
        help="a search line as in the app, such as: sunset -draft scheduler:euler rating:3+",
    )
    history.add_argument("--limit", type=int, metavar="N", help="the first N (default 50)")
    history.add_argument(
        "--effects", action="store_true", help="what each switch did here (default: newest 5000)"
    )
    show = commands.add_parser("show", help="everything about one run, or of a picture's settings")
    show.add_argument(
        "run", metavar="RUN|PICTURE", help="number of a run, such as 41, or the path of a picture"
    )
    way = show.add_mutually_exclusive_group()
    way.add_argument("--path", action="store_true", help="only the paths of its pictures")
    way.add_argument("--scp", action="store_true", help="only the scp line that fetches them")


def _marks(commands: Commands) -> None:
    mark = commands.add_parser("mark", help="rate runs, tag them, write a note on them")
    mark.add_argument("runs", nargs="+", metavar="RUN", help=_RUNS)
    mark.add_argument(
        "--rating", type=int, choices=range(6), metavar="N", help="1 to 5 stars; 0 takes them away"
    )
    mark.add_argument("--tag", action="append", default=[], metavar="TAG", help="put a tag on")
    mark.add_argument("--untag", action="append", default=[], metavar="TAG", help="take a tag off")
    mark.add_argument("--note", metavar="TEXT", help="in place of the note before; '' for none")
    mark.add_argument(
        "--winner", action=argparse.BooleanOptionalAction, help="mark as the one to keep"
    )
    trash = commands.add_parser("trash", help="put runs into the trash, or look into it")
    trash.add_argument("runs", nargs="*", metavar="RUN", help=_RUNS)
    what = trash.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list what is in it")
    what.add_argument("--restore", action="store_true", help="take the runs out again")
    what.add_argument(
        "--empty", action="store_true", help="delete what is in it with its pictures, for good"
    )
    trash.add_argument("--yes", action="store_true", help="empty it without being asked")


def _compare(commands: Commands) -> None:
    compare = commands.add_parser(
        "compare",
        help="two to four runs, or pictures of one, side by side: what differs, time, likeness",
        description="Compare two to four pictures: the settings that differ, prompts by word, time "
        "and memory against a reference, likeness. Files hold the pictures too.",
    )
    compare.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="such as 41, or 41.2 for its second picture; one run alone: the pictures of its batch",
    )
    compare.add_argument(
        "--picture", type=int, metavar="N", help="of each run, where RUN says nothing (default: 1)"
    )
    compare.add_argument("--reference", metavar="RUN", help="to compare with (default: the first)")
    compare.add_argument("--all", action="store_true", help="also the settings that are the same")
    for form, what in (
        ("png", "a picture"),
        ("html", "a page of one file"),
        ("markdown", "Markdown, with a folder of pictures beside it"),
    ):
        compare.add_argument(f"--{form}", metavar="FILE", help=f"write the comparison as {what}")
    compare.add_argument("--replace", action="store_true", help="in place of an earlier report")
    compare.add_argument(
        "--measure",
        action="store_true",
        help="run them again in turns, and say whether times differ by more than they spread",
    )
    compare.add_argument(
        "--repeats", type=int, metavar="N", help="timed turns of each, with --measure (default: 9)"
    )
    _where_it_runs(compare)


def _exchange(commands: Commands) -> None:
    export = commands.add_parser(
        "export",
        help="write runs into a folder or a zip, with a page and contact sheets",
        description="Write runs with their pictures, records and marks, index.html and contact "
        "sheets. safelight import takes all of it back.",
    )
    export.add_argument("runs", nargs="*", metavar="RUN", help=_RUNS)
    export.add_argument("--search", metavar="LINE", help="the runs of a search, as for history")
    export.add_argument(
        "--to", required=True, metavar="PLACE", help="a new or empty folder, or a name with .zip"
    )
    export.add_argument(
        "--no-metadata",
        action="store_true",
        help="pictures that do not say how they were made; runs.json and the page still do",
    )
    export.add_argument("--replace", action="store_true", help="in place of an earlier export")
    import_ = commands.add_parser(
        "import",
        help="take in an export, or pictures that say how they were made",
        description="Copy runs into the history. What is here already is left as it is.",
    )
    import_.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="an export, a folder of pictures, or a picture; also those of A1111 and its kin",
    )


def _machine(commands: Commands) -> None:
    switches = commands.add_parser(
        "switches", help="everything that can be turned, and what works here"
    )
    switches.add_argument("--checkpoint", metavar="WHAT", help="as for generate")
    setting_options.add(switches, SETTINGS["device"], "run_device", "as for generate")
    switches.add_argument(
        "--set", action="append", default=[], metavar="SWITCH=VALUE", help="as if this were turned"
    )
    settings = commands.add_parser(
        "settings",
        help="every setting, its value and where that comes from",
        description="Options go before the environment, that before config.toml, and that before "
        "what was chosen in the app.",
    )
    settings.add_argument("names", nargs="*", metavar="SETTING", help="only these; one: its value")
    settings.add_argument(
        "--example", action="store_true", help="print a config.toml with every setting explained"
    )
    settings.add_argument(
        "--write-example", action="store_true", help="write it, where there is no config.toml yet"
    )
    completion = commands.add_parser(
        "completion",
        help="a script that completes this command line, for a shell",
        epilog="bash, zsh: source <(safelight completion bash)   "
        "fish: safelight completion fish | source",
    )
    completion.add_argument("shell", choices=SHELLS)
    keys = commands.add_parser(
        "keys",
        help="every key of the app, and what is wrong with yours",
        description="Every command of the app with its id, for [keys] in config.toml.",
    )
    keys.add_argument(
        "--keymap", choices=flavours(), help="one that is shipped, in place of your own keys"
    )
    commands.add_parser("doctor", help="what Safelight sees of this machine")
    commands.add_parser("checkpoints", help="list the checkpoints of this machine")
