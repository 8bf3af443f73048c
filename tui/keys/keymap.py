"""The user's keys: the table ``[keys]`` of ``config.toml``, and the flavours that are shipped.

What cannot be used is said in a sentence and left as it is; all the rest counts.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from tui.keys.contexts import COMMANDS, with_name
from tui.keys.flavours import flavours, read_flavour
from tui.keys.names import is_everywhere, is_typed, read_key, show_key, variants, wrong_with
from tui.keys.needed import NEEDED, NEVER_TYPED, WHILE_TYPING, WayOut, counts, shut
from tui.keys.places import Clash, clashes

_FLAVOUR = "keymap"
"""The one name in the table that is no command's."""

Keys = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Problem:
    """What was refused, or may not work.

    Attributes:
        name: as the table has it; that of a value in a table within it with a full stop between.
        sentence: what is wrong, and what to do.
    """

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys as they are to be.

    Attributes:
        flavour: its name, or empty.
        changed: the keys of each command that has others than its own, by id.
        problems: what was refused or may not work.
    """

    flavour: str = ""
    changed: Keys = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_keymap(table: Mapping[str, object]) -> Keymap:
    """The keymap that a ``[keys]`` table asks for.

    A value is a key, or a list of keys; ``keymap`` is a flavour to begin with. A name is an id, as
    ``history.trash``, or its last part where that is clear. Tables within it are contexts.
    """
    values = _flat(table)
    problems: list[Problem] = []
    wanted = values.pop(_FLAVOUR, "")
    flavour = wanted if isinstance(wanted, str) and wanted in flavours() else ""
    if wanted and not flavour:
        sentence = f"No keymap is called “{wanted}”; there are {_listed(flavours())}."
        problems.append(Problem(_FLAVOUR, sentence))
    base = _keys_of_flavour(flavour) if flavour else {}
    asked: Keys = {}
    names: dict[str, str] = {}
    for name, value in values.items():
        ids = with_name(name)
        sentences: list[str] = []
        if len(ids) != 1:
            sentences = [_which(name, ids)]
        elif ids[0] in names:
            sentences = [f"“{ids[0]}” is there twice, also as “{name}”; the first counts."]
        else:
            names[ids[0]] = name
            keys, sentences = _read(ids[0], value)
            if keys is not None:
                asked[ids[0]] = keys
        problems += (Problem(name, sentence) for sentence in sentences)
    problems += (Problem(names[each], why) for each, why in _settle(base, asked))
    return Keymap(flavour, base | asked, tuple(problems))


def _flat(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    """The values of a table by their names; ``history.trash`` may be a table in it."""
    found: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def _keys_of_flavour(name: str) -> Keys:
    values = _flat(read_flavour(name))
    return {each: _read(each, value)[0] or () for each, value in values.items()}


def _which(name: str, ids: tuple[str, ...]) -> str:
    if ids:
        return f"“{name}” may be {_listed(ids, 'or')}: write the whole name, in quotes."
    names = [*COMMANDS, *(each.partition(".")[2] for each in COMMANDS)]
    near = difflib.get_close_matches(name, names, 1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    return f"No command is called “{name}”.{hint} “safelight keys” lists them."


def _read(command_id: str, value: object) -> tuple[tuple[str, ...] | None, list[str]]:
    """The keys that a value means, and what is wrong; ``None`` when nothing of it can be used."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None, [f'“{command_id}” needs a key in quotes, or a list of them: "ctrl+r".']
    keys: list[str] = []
    problems: list[str] = []
    for text in texts:
        try:
            key = read_key(text)
        except ValueError as error:
            problems.append(f"“{command_id}”: “{text}” {error}.")
            continue
        if wrong := wrong_with(key):
            problems.append(f"“{command_id}”: {text} {wrong}. Choose another key.")
        else:
            keys += variants(key)
    if texts and not keys:
        return None, problems
    typed = [key for key in keys if is_typed(key)]
    if keys and command_id in WHILE_TYPING and len(typed) == len(keys):
        problems.append(
            f"“{command_id}” must work while you type too, and {show_key(keys[0])} is typed. Give "
            "it a key with ctrl or alt, or a function key."
        )
        return None, problems
    if typed and (command_id in NEVER_TYPED or command_id.startswith("typing.")):
        shown = " ".join(show_key(key) for key in typed)
        problems.append(f"“{command_id}” works where you type, so {shown} was left out.")
        keys = [key for key in keys if key not in typed]
    typed_into = command_id in WHILE_TYPING
    if command_id in NEEDED and not any(counts(key, typed_into=typed_into) for key in keys):
        problems.append(f"“{command_id}” needs a key that every terminal sends; it keeps its own.")
        return None, problems
    if keys and not any(is_everywhere(key) for key in keys):
        problems.append(
            f"“{command_id}”: {texts[0]} reaches the app only from terminals with the kitty "
            "keyboard protocol. Give it a second key for all others."
        )
    return tuple(dict.fromkeys(keys)), problems


def _settle(base: Keys, asked: Keys) -> list[tuple[str, str]]:
    """Take out of ``asked`` what cannot be, the last first.

    That is what gives two commands one key, and what leaves no way out of a screen. Returns the
    ids, each with why.
    """
    problems: list[tuple[str, str]] = []
    order = list(asked)
    while found := next(_wrong(base, asked), None):
        mine, says = found
        refused = max(mine, key=order.index)
        del asked[refused]
        problems.append((refused, says(refused)))
    return problems


def _wrong(base: Keys, asked: Keys) -> Iterator[tuple[list[str], Callable[[str], str]]]:
    """What cannot be: the ids in ``asked`` that are to blame, and what is said to one of them.

    A flavour's own is not: its test does not let it through.
    """
    for clash in clashes(base | asked):
        if mine := [each for each in map(_owner, (clash.inner, clash.outer)) if each in asked]:
            yield mine, partial(_says, clash)
    for way in shut(base | asked):
        if mine := [each for each in way.ids if each in asked]:
            yield mine, partial(_needs, way)


def _owner(command_id: str) -> str:
    """The command whose keys a command has."""
    return COMMANDS[command_id].follows or command_id


def _says(clash: Clash, refused: str) -> str:
    other = clash.outer if _owner(clash.inner) == refused else clash.inner
    return (
        f"“{refused}” cannot have {show_key(clash.key)}, which is “{other}” "
        f"({COMMANDS[other].label}) where both work. Give one of them another key."
    )


def _needs(way: WayOut, refused: str) -> str:
    return (
        f"“{refused}” keeps its own key: without it no key that every terminal sends leaves "
        f"{way.screen}."
    )


def _listed(names: tuple[str, ...], word: str = "and") -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last
