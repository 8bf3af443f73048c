"""The record of a run, made again from its pictures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import HistoryError, SafelightError
from engine.pictures.identity import uid_of
from engine.record import ImageRecord, RunRecord, Status
from engine.spec import RunSpec

_OF_THE_RUN = ("evaluations", "steps", "memory_peak_bytes")


def metadata_of(record: RunRecord, index: int, width: int, height: int) -> dict[str, Any]:
    """What a picture is to know of its run, so that :func:`record_of` can be asked.

    Args:
        record: what is known of the run when the picture is written.
        index: of the picture in the run, from 0.
        width, height: of the picture in pixels.
    """
    values = record.to_json()
    member = {"group": record.group, "cell": record.cell} if record.group else {}
    prompt, seed = record.spec.pictures[index]
    of_the_run = ("created_at", "spec", "device", "dtype", "versions", "seconds", "memory_kind")
    return {
        "run": record.id,
        "prompt": prompt,
        "seed": seed,
        "index": index,
        "pictures": len(record.spec.pictures),
        "width": width,
        "height": height,
        **{name: values[name] for name in (*of_the_run, *_OF_THE_RUN, "notes")},
        **member,
    }


def record_of(metadatas: Sequence[tuple[Path, Mapping[str, Any]]]) -> RunRecord:
    """A record from the pictures of one run, each with what was read from it.

    The record is of a finished run when all of its pictures are given, else of a cancelled one.
    Figures are those of the picture that was written last; what its version of Safelight did not
    write yet is zero.

    Raises:
        HistoryError: there is none, they are of several runs, or what they say is no run.
    """
    if not metadatas:
        raise HistoryError("Of no picture there is no run.")
    path = metadatas[0][0]
    try:
        return _record(metadatas)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise HistoryError(f"What {path} says of its run is damaged.") from error
    except HistoryError:
        raise
    except SafelightError as error:
        raise HistoryError(f"What {path} says of its run cannot be: {error}") from error


def _record(metadatas: Sequence[tuple[Path, Mapping[str, Any]]]) -> RunRecord:
    if len({_uid(values) for _, values in metadatas}) > 1:
        raise HistoryError(f"{metadatas[0][0]} and {metadatas[-1][0]} are not of one run.")
    ordered = sorted(metadatas, key=lambda each: int(each[1]["index"]))
    last = ordered[-1][1]
    spec = RunSpec.from_json(last["spec"])
    whole = {"evaluations": 0, "steps": 0, "memory_peak_bytes": 0, "memory_kind": "rss"}
    images = {int(v["index"]): _image(path, v, spec).to_json() for path, v in ordered}
    return RunRecord.from_json(
        {
            **whole,
            "error": "",
            "notes": [],
            "seconds": {},
            **last,
            "id": last["run"],
            "images": list(images.values()),
            "status": (
                Status.FINISHED if len(images) == len(spec.pictures) else Status.CANCELLED
            ).value,
            "advice": {},
        }
    )


def _uid(values: Mapping[str, Any]) -> str:
    return uid_of(int(values["run"]), str(values["created_at"]), values["spec"])


def _image(path: Path, values: Mapping[str, Any], spec: RunSpec) -> ImageRecord:
    prompt, seed = spec.pictures[int(values["index"])]
    own = prompt if prompt != spec.prompt else ""
    width, height = values.get("width", spec.width), values.get("height", spec.height)
    return ImageRecord(str(path), seed, int(width or 0), int(height or 0), own)
