"""The README and the command line agree."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tui.headless.arguments import parse, parser
from tui.headless.completion.grammar import grammar

README = Path("README.md").read_text(encoding="utf-8")


def test_every_line_of_the_readme_is_taken() -> None:
    lines = re.findall(r"^\$ safelight (.+)$", README, re.MULTILINE)
    assert lines
    for line in lines:
        parse(shlex.split(line, comments=True))


def test_every_option_of_the_readme_is_one_and_every_command_is_in_it() -> None:
    commands = grammar(parser())
    parts = (commands.before, *commands.commands)
    known = {flag for part in parts for option in part.options for flag in option.flags}
    said = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert said - known == set()
    assert [c.name for c in commands.commands if f"safelight {c.name}" not in README] == []
