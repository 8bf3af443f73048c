"""What is typed for an axis: ``steps=20,30,50``, ``guidance=4..8:0.5``, ``prompt:red=red,green``.

Values stand between commas; one that holds a comma itself stands in double quotes. A range has both
its ends. In ``prompt:red=red,green`` what follows the colon is looked for in the prompt, and each
value takes its place, as "Prompt S/R" of A1111 does.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from io import StringIO
from pathlib import PurePath

from engine.errors import InvalidAxis, InvalidSpec
from engine.schedulers import BY_NAME as SCHEDULERS
from engine.schedulers import canonical_name
from engine.spec import RunSpec
from engine.sweep import prompts
from engine.sweep.axis import REPLACE, SWITCH, Axis, AxisValue
from engine.sweep.numbers import MAX_VALUES, expanded, is_range, number, whole
from engine.sweep.sweep import Sweep
from engine.switches import BY_NAME as SWITCHES
from engine.switches.names import nearest

WILDCARDS = "wildcards"
_TEXTS = ("prompt", "negative_prompt")
_SIZE = re.compile(r"(\d{1,6})\s*(?:[xX×*]|by)\s*(\d{1,6})", re.ASCII)
_OWN = ("own", "default", "checkpoint's own")

NAMES: dict[str, str] = {
    "steps": "Steps",
    "guidance": "Guidance",
    "seed": "Seed",
    "scheduler": "Scheduler",
    "size": "Size",
    "width": "Width",
    "height": "Height",
    "batch": "Batch",
    "prompt": "Prompt",
    WILDCARDS: "Prompt",
    "negative_prompt": "Negative",
    "checkpoint": "Checkpoint",
    **{switch.name: switch.label for switch in SWITCHES.values()},
}
"""What can be an axis, by name, with the label of its head."""

_ALIASES = {
    "num_inference_steps": "steps",
    **dict.fromkeys(("guidance_scale", "cfg", "cfg_scale"), "guidance"),
    **dict.fromkeys(("seeds", "noise"), "seed"),
    **dict.fromkeys(("sampler", "schedulers"), "scheduler"),
    **dict.fromkeys(("batch_size",), "batch"),
    **dict.fromkeys(("prompts",), "prompt"),
    **dict.fromkeys(("negative", "negative_prompts"), "negative_prompt"),
    **dict.fromkeys(("model", "checkpoints"), "checkpoint"),
    **dict.fromkeys(("wildcard", "{}"), WILDCARDS),
}
_FIELDS = {"steps": "num_inference_steps", "guidance": "guidance_scale", "batch": "batch_size"}


def parse_axis(text: str, base: RunSpec) -> Axis:
    """The axis that a text means.

    Args:
        text: as it was typed.
        base: the spec that it changes, whose prompt must hold what is to be replaced.

    Raises:
        InvalidAxis: it means none; the sentence says why.
    """
    axis = _read(text, base)
    for name in _TEXTS:
        for value in axis.values[:1]:
            if change := value.changes.get(REPLACE + name):
                _require(change[0], [getattr(base, name)], name)
    return axis


def parse_sweep(texts: Iterable[str], base: RunSpec) -> Sweep:
    """The sweep of some axes as they were typed.

    Raises :class:`InvalidAxis` when one of them means none, or they do not go together.
    """
    sweep = Sweep(base, tuple(_read(text, base) for text in texts))
    for name in _TEXTS:  # what is replaced may stand in a prompt of another axis
        given = [v.changes[name] for a in sweep.axes for v in a.values if name in v.changes]
        where = given or [getattr(base, name)]
        for axis in sweep.axes:
            for old, new in [v.changes[REPLACE + name] for v in axis.values if _is_sr(v, name)]:
                _require(old, where, name)
                where = [*where, *(prompt.replace(old, new) for prompt in where)][:MAX_VALUES]
    return sweep


def _is_sr(value: AxisValue, name: str) -> bool:
    return REPLACE + name in value.changes


def _require(word: str, where: Sequence[str], name: str) -> None:
    if not any(word in prompt for prompt in where):
        raise InvalidAxis(f"“{word[:80]}” is not in the {name.replace('_', ' ')}.")


def _read(text: str, base: RunSpec) -> Axis:
    typed, equals, rest = text.partition("=")
    head, colon, word = typed.partition(":")
    name = _name(head)
    if name == WILDCARDS:
        return _axis(name, NAMES[name], prompts.wildcards(rest.strip() or base.prompt), text)
    label = NAMES[name]
    if not equals or not rest.strip():
        raise InvalidAxis(f"{name} needs values: {_example(name)}.")
    if colon:
        if name not in _TEXTS:
            raise InvalidAxis(f"Only of a prompt a part can be replaced, not of {name}.")
        texts = _split(rest)
        if not (word or texts[0]):
            raise InvalidAxis("Say what to look for in the prompt: prompt:red=red,green,blue.")
        shown = f"{label} “{word or texts[0]}”"
        return _axis(name, shown, prompts.replacements(name, word, texts), text)
    if name in _TEXTS and rest.strip().startswith("@"):
        texts = prompts.from_file(rest.strip()[1:].strip())
    else:
        texts = [part for part in _split(rest) if part]
    if not texts:
        raise InvalidAxis(f"{name} needs values: {_example(name)}.")
    return _axis(name, label, [value for part in texts for value in _values(name, part)], text)


def brings_prompts(text: str) -> bool:
    """Whether an axis, as it was typed, has prompts of its own."""
    head, equals, _ = text.partition("=")
    try:
        return bool(equals) and _name(head) in ("prompt", WILDCARDS)
    except InvalidAxis:
        return False  # told when it is read


def _name(typed: str) -> str:
    wanted = typed.strip().lower().replace("-", "_").replace(" ", "_")
    name = _ALIASES.get(wanted, wanted)
    if name not in NAMES:
        if not wanted:
            raise InvalidAxis("An axis is a name and its values, such as steps=20,30,50.")
        hint = nearest(wanted, [*NAMES, *_ALIASES]) or f" Known: {', '.join(NAMES)}."
        raise InvalidAxis(f"There is no axis called “{typed.strip()[:80]}”.{hint}")
    return name


def _split(text: str) -> list[str]:
    """The values between commas, as in CSV. Raises :class:`InvalidAxis`."""
    lines = StringIO(text.strip(), newline="")
    try:
        rows = list(csv.reader(lines, skipinitialspace=True, strict=True)) or [[""]]
    except csv.Error:
        raise InvalidAxis(
            f"The quotes in “{text.strip()[:80]}” do not close where a value ends."
        ) from None
    if len(rows) > 1:
        raise InvalidAxis('A value with a line break in it stands in double quotes: "…".')
    return [part.strip() for part in rows[0]]


def _axis(name: str, label: str, values: Sequence[AxisValue], text: str) -> Axis:
    """Equal values count once. Raises :class:`InvalidAxis` when there are too many."""
    found: dict[str, AxisValue] = {}
    for value in values:
        found.setdefault(repr(value.changes), value)
    twice = [value.label for value in values if found[repr(value.changes)] is not value]
    if len(found) > MAX_VALUES:
        raise InvalidAxis(f"{name} has {len(found):,} values; {MAX_VALUES} at most on an axis.")
    notes = (f"{label}: {', '.join(dict.fromkeys(twice))[:80]} counts once.",) if twice else ()
    return Axis(name, label, _told_apart(tuple(found.values())), text, notes)


def _told_apart(values: tuple[AxisValue, ...]) -> tuple[AxisValue, ...]:
    """Names of checkpoints are short where that tells them apart."""
    if not all(set(value.changes) <= {"checkpoint", f"{SWITCH}vae"} for value in values):
        return values
    short = [PurePath(value.label.rstrip("/\\")).name or value.label for value in values]
    if len(set(short)) < len(short):
        return values
    return tuple(
        AxisValue(label, value.changes) for label, value in zip(short, values, strict=True)
    )


def _example(name: str) -> str:
    examples = {"prompt": 'prompt="a red sun, birds","a moon" or prompt=@prompts.txt'}
    if name in SWITCHES:
        switch = SWITCHES[name]
        shown = [*switch.values, "a folder"][:2]
        return f"{name}={','.join(shown)}"
    plain = {
        "steps": "steps=20,30,50",
        "guidance": "guidance=4..8:1",
        "seed": "seed=1..4",
        "scheduler": "scheduler=DDIM,Euler",
        "size": "size=512x512,768x512",
        "batch": "batch=1,2,4",
    }
    return examples.get(name) or plain.get(name) or f"{name}=…,…"


# One value


def _values(name: str, text: str) -> list[AxisValue]:
    if name in SWITCHES:
        return _switch(name, text)
    return _READERS[name](name, text)


def _numbers(text: str, label: str) -> list[Decimal]:
    return list(expanded(text)) if is_range(text) else [number(text, label)]


def _whole(name: str, text: str) -> list[AxisValue]:
    label, key = NAMES[name], _FIELDS.get(name, name)
    wholes = [whole(value, label) for value in _numbers(text, label)]
    if name == "seed" and -1 in wholes:
        raise InvalidAxis("Seed -1 is a random one; say which there are to be: seed=1..4.")
    return [AxisValue(str(value), {key: value}) for value in wholes]


def _guidance(name: str, text: str) -> list[AxisValue]:
    floats = [float(value) for value in _numbers(text, NAMES[name])]
    return [AxisValue(_shortest(value), {_FIELDS[name]: value}) for value in floats]


def _shortest(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _size(name: str, text: str) -> list[AxisValue]:
    if match := _SIZE.fullmatch(text):
        sizes = [(int(match[1]), int(match[2]))]
    elif is_range(text) or text.isdecimal():
        sides = [whole(value, NAMES[name]) for value in _numbers(text, NAMES[name])]
        sizes = [(side, side) for side in sides]
    else:
        raise InvalidAxis(f"Size takes values such as 512x512 or 768x512, not “{text[:80]}”.")
    return [AxisValue(f"{w}x{h}", {"width": w, "height": h}) for w, h in sizes]


def _scheduler(name: str, text: str) -> list[AxisValue]:
    if text.lower() in _OWN:
        return [AxisValue("checkpoint's own", {name: None})]
    try:
        found = canonical_name(text)
    except InvalidSpec as error:
        hint = nearest(text, SCHEDULERS)
        sentence = f"No scheduler is called “{text[:80]}”.{hint}" if hint else str(error)
        raise InvalidAxis(sentence) from None
    return [AxisValue(found, {name: found})]


def _text(name: str, text: str) -> list[AxisValue]:
    return [AxisValue(text, {name: text})]


def _prompt(name: str, text: str) -> list[AxisValue]:
    if not prompts.has_wildcards(text):
        return _text(name, text)
    found = [value.changes["prompt"] for value in prompts.wildcards(text)]
    return [AxisValue(prompt, {name: prompt}) for prompt in found]


def _switch(name: str, text: str) -> list[AxisValue]:
    switch = SWITCHES[name]
    texts = [str(value) for value in expanded(text)] if is_range(text) else [text]
    try:
        values = [switch.parse(each) for each in texts]
    except InvalidSpec as error:
        raise InvalidAxis(str(error)) from None
    return [AxisValue(value, {SWITCH + name: value}) for value in values]


_READERS: dict[str, Callable[[str, str], list[AxisValue]]] = {
    **dict.fromkeys(("steps", "seed", "batch", "width", "height"), _whole),
    "guidance": _guidance,
    "size": _size,
    "scheduler": _scheduler,
    **dict.fromkeys(("prompt", "negative_prompt"), _prompt),
    "checkpoint": _text,
}
