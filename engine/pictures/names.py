"""Where pictures go: names from a template such as ``{date}/{id:06d}-{prompt:.40}``.

A template is literal text, ``/`` between folders, and the fields of :data:`FIELDS` with a width or
a length. Whatever a prompt holds becomes one harmless part of a name that every file system takes;
nothing leads out of the folder of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from unicodedata import category

from engine.errors import InvalidSpec
from engine.spec import RunSpec
from engine.switches.names import nearest

FOLDER = "images"
MAX_PART_BYTES = 200
"""Of one folder or file, in UTF-8, with its suffix. File systems take 255 at most."""
_FOR_A_NUMBER = 8  # bytes that are left for the "-2" of a name that is taken already
_MAX_TEMPLATE, _MAX_PARTS, _MAX_WIDTH = 300, 8, 20
_WHOLE = re.compile(r"(0?)([0-9]{0,2})d?")
_TEXT = re.compile(r"(?:\.([0-9]{1,3}))?")
_DECIMAL = re.compile(r"(?:\.([0-9])f?)?")
_KINDS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("id", "index", "seed", "steps", "width", "height"), _WHOLE),
    **dict.fromkeys(("date", "time", "prompt", "negative_prompt", "checkpoint"), _TEXT),
    **{"scheduler": _TEXT, "guidance": _DECIMAL},
}
FIELDS = tuple(_KINDS)
"""``id`` is the run's number, ``index`` that of a picture in it, from 0."""
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE
)
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Literal text, or a field with how it is written."""

    literal: str = ""
    field: str = ""
    spec: str = ""


def problem_with(template: str) -> str:
    """Why a template cannot be used, without a full stop; empty when it can."""
    try:
        _parse(template)
    except InvalidSpec as error:
        return str(error).removesuffix(".")
    return ""


def picture_name(template: str, values: Mapping[str, str | int | float], suffix: str) -> str:
    """Where a picture goes below the history's folder: ``images/2026-01-31/000041-0-seed7.png``.

    Args:
        values: one for each of :data:`FIELDS`; see :func:`values_of`.
        suffix: of the file, with its dot.

    Raises:
        InvalidSpec: the template cannot be used.
    """
    folders = _parse(template)
    parts = [_part(pieces, values, "") for pieces in folders[:-1]]
    return "/".join([FOLDER, *parts, _part(folders[-1], values, suffix)])


def values_of(
    spec: RunSpec, index: int, run_id: int, created_at: str
) -> dict[str, str | int | float]:
    """The values of the fields for one picture.

    Args:
        spec: of the run, with its size filled in.
        created_at: ISO 8601.
    """
    from engine.checkpoints import base_name

    prompt, seed = spec.pictures[index]
    return {
        "date": created_at[:10],
        "time": created_at[11:19].replace(":", "-"),
        "id": run_id,
        "index": index,
        "seed": seed,
        "prompt": prompt,
        "negative_prompt": spec.negative_prompt,
        "checkpoint": base_name(spec.checkpoint),
        "scheduler": spec.scheduler or "own",
        "steps": spec.num_inference_steps,
        "guidance": spec.guidance_scale,
        "width": spec.width or 0,
        "height": spec.height or 0,
    }


# Templates


def _parse(template: str) -> list[list[_Piece]]:
    """The pieces of each folder and of the file. Raises ``InvalidSpec``."""
    if len(template) > _MAX_TEMPLATE:
        raise _wrong(f"is longer than {_MAX_TEMPLATE} characters")
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        raise _wrong("has a { or } without its other half") from None
    folders: list[list[_Piece]] = [[]]
    for literal, field, spec, conversion in parsed:
        first, *others = literal.replace("\\", "/").split("/")
        folders[-1].append(_Piece(first))
        folders.extend([_Piece(text)] for text in others)
        if field is not None:
            _check(field, spec or "", conversion)
            folders[-1].append(_Piece(field=field, spec=spec or ""))
    if len(folders) > _MAX_PARTS:
        raise _wrong(f"has more than {_MAX_PARTS} parts")
    for pieces in folders:
        text = "".join(piece.literal + piece.field for piece in pieces).strip()
        if text.strip(".") == "" or text.startswith("~"):
            raise _wrong("must stay below the folder of pictures: no empty part, no .. and no ~")
    return folders


def _check(field: str, spec: str, conversion: str | None) -> None:
    kind = _KINDS.get(field)
    if kind is None:
        hint = nearest(field, FIELDS).strip().replace("Did", "did")
        hint = hint or f"known: {', '.join(FIELDS)}"
        raise _wrong(f"has no field called “{field[:40]}” ({hint})")
    match = kind.fullmatch(spec)
    if conversion or match is None or (kind is _WHOLE and int(match[2] or 0) > _MAX_WIDTH):
        examples = {_WHOLE: "{id:06d}", _TEXT: "{prompt:.40}", _DECIMAL: "{guidance:.1f}"}
        raise _wrong(f"cannot write {field} as “{spec[:40]}”; try it like {examples[kind]}")


def _wrong(what: str) -> InvalidSpec:
    return InvalidSpec("file_name", f"“file_name” {what}.")


# Names


def _part(pieces: list[_Piece], values: Mapping[str, str | int | float], suffix: str) -> str:
    """One folder, or the file, no longer than it may be. The longest pieces are cut first."""
    texts = [_safe(piece.literal or _written(piece, values)) for piece in pieces]
    most = MAX_PART_BYTES - _FOR_A_NUMBER
    while (over := sum(map(_bytes, texts)) + len(suffix) - most) > 0:
        longest = max(range(len(texts)), key=lambda at: _bytes(texts[at]))
        size = _bytes(texts[longest])
        texts[longest] = _cut(texts[longest], max(size - over, size // 2))  # so that each has some
    name = "".join(texts).strip(" ").lstrip(".~ ")
    if not suffix:
        name = name.rstrip(". ")
    if _RESERVED.fullmatch(name.split(".", 1)[0].rstrip()):
        name = f"_{name}"
    return (name or "_") + suffix


def _written(piece: _Piece, values: Mapping[str, str | int | float]) -> str:
    if not piece.field:
        return ""
    value, kind = values[piece.field], _KINDS[piece.field]
    match = kind.fullmatch(piece.spec)
    assert match is not None, "checked when it was parsed"
    if kind is _WHOLE:
        width = int(match[2] or 0)
        return str(value).rjust(width, "0" if match[1] else " ")
    if kind is _DECIMAL:
        return f"{value:.{match[1]}f}" if match[1] else f"{value:g}"
    text = " ".join(str(value).split())
    return text[: int(match[1])] if match[1] else text


def _safe(text: str) -> str:
    """Without what a file system, or whoever lists its files, could take for something else."""
    return "".join(
        "_" if char in _FORBIDDEN else char
        for char in text
        if char in _JOINERS or category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))


def _cut(text: str, most: int) -> str:
    """The start of a text, at most so many bytes of UTF-8, cut between characters."""
    return text.encode("utf-8")[:most].decode("utf-8", "ignore")
