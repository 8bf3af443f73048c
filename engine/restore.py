"""A spec from any picture or text that says how it was made, whoever made it.

What cannot be used is kept and named; what was out of range is brought into it, with a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import infotext
from engine.checkpoints import base_name
from engine.errors import RestoreError
from engine.infotext.mapping import sampler, schedule
from engine.pictures.read import CHUNK, parse_json, read_texts
from engine.ranges import Fitted, fit
from engine.shelf import Shelved
from engine.spec import BUNDLED, RunSpec

_WORKFLOW = ("workflow", "prompt", "make", "model")
"""Where ComfyUI keeps its graphs: names of PNG's chunks, and fields of Exif."""
_NOVELAI = {
    "prompt": "prompt",
    "uc": "negative_prompt",
    "seed": "seed",
    "steps": "num_inference_steps",
    "scale": "guidance_scale",
    "width": "width",
    "height": "height",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was found.

    Attributes:
        spec: of one picture; of a whole run where the text was a record's.
        source: ``"safelight"``, ``"a1111"``, ``"forge"``, ``"sd.next"``, ``"civitai"``,
            ``"stable-diffusion.cpp"`` or ``"novelai"``.
        unknown: what a spec has no place for, by the name that it has there.
        notes: a sentence for each thing that is not as the picture says.
    """

    spec: RunSpec
    source: str
    unknown: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {
            "source": self.source,
            "spec": self.spec.to_json(),
            "unknown": dict(self.unknown),
            "notes": list(self.notes),
        }


def restore_picture(
    path: Path, checkpoint: str = BUNDLED, shelf: Iterable[Shelved] = ()
) -> Restored:
    """The spec that a PNG, JPEG or WebP says it was made with. No pixel is decoded.

    Args:
        checkpoint: what to keep when the picture's own is not on this machine.
        shelf: the checkpoints that are; see :func:`engine.shelf.list_checkpoints`.

    Raises:
        HistoryError: the file cannot be read or is no picture.
        RestoreError: it says nothing, or nothing that can be used.
    """
    texts = read_texts(path)
    here = _Here(checkpoint, shelf)
    own = parse_json(texts.get(CHUNK, ""))
    if own is not None and isinstance(own.get("spec"), dict):
        return _own(own, here)
    parsed = infotext.parse(texts.get("parameters", ""), checkpoint)
    if parsed is not None:
        return _plain(parsed, here)
    if (found := _novelai(texts, here)) is not None:
        return found
    name = path.name
    if _is_workflow(texts):
        raise RestoreError(
            f"{name} holds a workflow of ComfyUI, which has no settings that can be read for sure. "
            "Copy the prompt by hand."
        )
    if texts:
        raise RestoreError(f"{name} holds text, but no settings that Safelight can read.")
    raise RestoreError(
        f"{name} does not say how it was made; many sites and programs take that out of pictures."
    )


def _is_workflow(texts: Mapping[str, str]) -> bool:
    """Whether ComfyUI has left a graph; in Exif its name stands before it."""
    graphs = (texts[name] for name in _WORKFLOW if name in texts)
    return any(
        parse_json(text if text.startswith("{") else text.partition(":")[2]) for text in graphs
    )


def restore_text(text: str, checkpoint: str = BUNDLED, shelf: Iterable[Shelved] = ()) -> Restored:
    """The spec in a text: infotext of any program, or JSON of Safelight's.

    Arguments as for :func:`restore_picture`. Raises :class:`~engine.errors.RestoreError` when the
    text holds no settings.
    """
    here = _Here(checkpoint, shelf)
    if text.lstrip().startswith("{") and len(text) <= infotext.MAX_TEXT:
        own = parse_json(text)
        if own is not None and isinstance(own.get("spec"), dict):
            return _own(own, here)
    parsed = infotext.parse(text, checkpoint)
    if parsed is None:
        raise RestoreError(
            "This text holds no settings: its last line must be like “Steps: 20, Sampler: Euler a, "
            "CFG scale: 7”."
        )
    return _plain(parsed, here)


# The kinds of metadata


def _own(values: Mapping[str, Any], here: _Here) -> Restored:
    """Metadata of a picture of ours, or a record, or anything else with a spec in it."""
    fields = {"checkpoint": here.checkpoint, **values["spec"]}
    prompt, seed = values.get("prompt"), values.get("seed")
    notes: tuple[str, ...] = ()
    if isinstance(prompt, str):  # of a picture, which has its own; a record has none of these
        fields |= {"prompt": prompt, "batch_size": 1}
        if isinstance(seed, int):
            fields["seed"] = seed
        index, pictures = values.get("index"), values.get("pictures")
        if isinstance(index, int) and isinstance(pictures, int) and pictures > 1:
            notes = (f"Picture {index + 1} of {pictures}: its own prompt and seed are taken.",)
    fitted = fit(fields)
    missing = _unsaid(fields)
    name, note = here.ours(fitted.spec.checkpoint)
    return Restored(
        fitted.spec.with_(checkpoint=name),
        "safelight",
        fitted.unknown,
        (*notes, *missing, *fitted.notes, *note),
    )


def _unsaid(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """A note on what every spec of ours says, when this one does not."""
    missing = [name for name in ("prompt", "seed") if name not in fields]
    return (f"Nothing is said of {', '.join(missing)}.",) if missing else ()


def _plain(parsed: infotext.Parsed, here: _Here) -> Restored:
    unknown = dict(parsed.unknown)
    if parsed.own:
        name, note = here.ours(parsed.spec.checkpoint)
    else:
        name, note = here.named(parsed.model)
        if note and parsed.model:
            unknown["Model"] = parsed.model
    spec = parsed.spec.with_(checkpoint=name)
    return Restored(spec, parsed.program, unknown, (*parsed.notes, *note))


def _novelai(texts: Mapping[str, str], here: _Here) -> Restored | None:
    """NovelAI's JSON, which is in the chunk ``Comment``."""
    values = parse_json(texts.get("Comment", ""))
    if values is None or "NovelAI" not in texts.get("Software", "NovelAI"):
        return None
    if not isinstance(values.get("prompt", texts.get("Description")), str) or "steps" not in values:
        return None
    fields = {ours: values[name] for name, ours in _NOVELAI.items() if name in values}
    fields.setdefault("prompt", texts.get("Description", ""))
    unknown = {k: _short(v) for k, v in values.items() if k not in _NOVELAI}
    notes: tuple[str, ...] = ()
    found = sampler(str(values.get("sampler", "")))
    if found is not None:
        unknown.pop("sampler", None)
        kind = str(values.get("noise_schedule", ""))
        switches = {**found.switches, **(schedule(kind, found.scheduler) or {})}
        fields |= {"scheduler": found.scheduler, "switches": here.takes(found.scheduler, switches)}
    elif "sampler" in values:
        name = str(values["sampler"])[:60]
        notes = (f"Sampler “{name}” is not known here; the checkpoint's own is used.",)
    fitted: Fitted = fit({**fields, "checkpoint": here.checkpoint})
    model, note = here.named(texts.get("Source", "") or "NovelAI")
    return Restored(
        replace(fitted.spec, checkpoint=model),
        "novelai",
        {**unknown, **fitted.unknown},
        (*notes, *fitted.notes, *note),
    )


def _short(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


class _Here:
    """The checkpoints of this machine, and which of them a picture means."""

    def __init__(self, checkpoint: str, shelf: Iterable[Shelved]) -> None:
        self.checkpoint = checkpoint
        self._names = [each.name for each in shelf if each.kind != "vae" and each.complete]

    def named(self, model: str) -> tuple[str, tuple[str, ...]]:
        """The checkpoint that another program calls ``model``, and a note when it is not here."""
        if not model:
            return self.checkpoint, ("Nothing is said of the checkpoint; yours is kept.",)
        wanted = base_name(model).casefold()
        found = [name for name in self._names if base_name(name).casefold() == wanted]
        if len(found) == 1:
            return found[0], ()
        if base_name(self.checkpoint).casefold() == wanted:
            return self.checkpoint, ()
        many = f"There are {len(found)} checkpoints called “{model[:80]}” here"
        none = f"No checkpoint of this machine is called “{model[:80]}”"
        kept = f"{base_name(self.checkpoint)[:80]} is kept"
        return self.checkpoint, (f"{many if found else none}; {kept}.",)

    def ours(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The checkpoint that a spec of ours names: a path may be another machine's."""
        local = name.startswith(("/", "~", ".")) or "\\" in name or name.endswith(".safetensors")
        if not local or name in self._names or _exists(name):
            return name, ()
        return self.named(name)

    def takes(self, scheduler: str, switches: Mapping[str, str]) -> dict[str, str]:
        """Those switches that a scheduler takes."""
        from engine.schedulers import lacks

        return {name: value for name, value in switches.items() if not lacks(scheduler, name)}


def _exists(name: str) -> bool:
    if name.startswith(("//", "\\\\")):  # to ask would tell another machine who asks
        return False
    try:
        return os.path.lexists(Path(name).expanduser())
    except (OSError, ValueError, RuntimeError):
        return False
