"""Completion for zsh, by its ``_arguments``."""

from __future__ import annotations

import re

from tui.headless.completion.grammar import Grammar, Option, Part, Value

_FRAME = """\
#compdef safelight
# Completion of safelight for zsh: write this into a file called _safelight in a folder of $fpath,
#   safelight completion zsh > ~/.zfunc/_safelight
# or put into ~/.zshrc, below compinit:
#   source <(safelight completion zsh)
_safelight() {{
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C \\
{before}
    '1:command:->command' '*::argument:->rest'
  case $state in
    command)
      local -a commands=(
{commands}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
{parts}
      esac ;;
  esac
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _safelight "$@"
else
  compdef _safelight safelight
fi
"""


def script(grammar: Grammar) -> str:
    """The script."""
    return _FRAME.format(
        before="\n".join(f"    {each} \\" for each in _options(grammar.before)),
        commands="\n".join(
            f"        {_quoted(f'{part.name}:{part.help}')}" for part in grammar.commands
        ),
        parts="\n".join(_part(part) for part in grammar.commands),
    )


def _part(part: Part) -> str:
    lines = [*_options(part), *(_quoted(_place(place)) for place in part.places[-1:])]
    return "\n".join(
        [f"        {part.name})", "          _arguments \\"]
        + [f"            {line} \\" for line in lines[:-1]]
        + [f"            {lines[-1]} ;;"]
    )


def _options(part: Part) -> list[str]:
    return [spec for option in part.options for spec in _specs(option)]


def _specs(option: Option) -> list[str]:
    others = "" if option.repeats or len(option.flags) == 1 else f"({' '.join(option.flags)})"
    star = "*" if option.repeats else ""
    found = []
    for flag in option.flags:
        takes = "" if option.value is None else f":{_action(option.value)}"
        equals = "=" if option.value is not None and flag.startswith("--") else ""
        found.append(_quoted(f"{others}{star}{flag}{equals}[{_escaped(option.help)}]{takes}"))
    return found


def _place(value: Value) -> str:
    return f"*:{_action(value)}"


def _action(value: Value) -> str:
    words = f"({' '.join(_word(word) for word in value.words)})" if value.words else ""
    name = _escaped(value.name)
    if value.is_file:
        return f"{name}:_files"
    return f"{name}:{words or '( )'}" if words else f"{name}: "


def _word(text: str) -> str:
    return re.sub(r"([^\w=./-])", r"\\\1", text)


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
