"""Completion for fish."""

from __future__ import annotations

from tui.headless.completion.grammar import Grammar, Part, Value

_HEAD = """\
# Completion of safelight for fish:
#   safelight completion fish > ~/.config/fish/completions/safelight.fish
complete -c safelight -f"""


def script(grammar: Grammar) -> str:
    """The script."""
    names = " ".join(part.name for part in grammar.commands)
    first = f"not __fish_seen_subcommand_from {names}"
    lines = [_HEAD]
    lines += [_line(first, f"-a {part.name}", part.help) for part in grammar.commands]
    for part in (grammar.before, *grammar.commands):
        when = f"__fish_seen_subcommand_from {part.name}" if part.name else first
        lines += _part(part, when)
    return "\n".join(lines) + "\n"


def _part(part: Part, when: str) -> list[str]:
    lines = []
    for option in part.options:
        flags = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
        )
        takes = ""
        if option.value is not None:
            takes = (" -r" if option.value.is_file else " -x") + _take(option.value)
        lines.append(_line(when, flags + takes, option.help))
    if part.name:
        lines += [_line(when, take.strip(), "") for v in part.places if (take := _take(v))]
    return lines


def _take(value: Value) -> str:
    if value.is_file:
        return " -F" if not value.words else f" -F -a {_quoted(_list(value.words))}"
    return f" -a {_quoted(_list(value.words))}" if value.words else ""


def _list(words: tuple[str, ...]) -> str:
    """Words as fish splits a list of arguments: a blank in one is escaped."""
    return " ".join(word.replace("\\", "\\\\").replace(" ", "\\ ") for word in words)


def _line(when: str, what: str, help_: str) -> str:
    said = f" -d {_quoted(help_)}" if help_ else ""
    return f"complete -c safelight -n {_quoted(when)} {what}{said}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
