"""What the screens ask of the machine and the hub about checkpoints. No torch here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.worker import active_worker

if TYPE_CHECKING:
    from engine.hub import HubSize, Need
    from engine.shelf import Shelved

T = TypeVar("T")

# As the table has room for them; other families have the name of their pipeline.
FAMILIES = {
    **{"sd": "SD", "sd1": "SD 1", "sd2": "SD 2", "sdxl": "SDXL", "sd3": "SD 3", "flux": "Flux"},
}
DTYPES = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64"}


class Stock(Protocol):
    """The checkpoints of this machine. Each may take a while: ask off the event loop."""

    def checkpoints(self) -> Sequence[Shelved]:
        """What is here."""
        ...

    def delete_checkpoint(self, shelved: Shelved, listed: Sequence[Shelved]) -> int:
        """Delete one of ``listed``; returns the bytes freed. Raises ``SafelightError``."""
        ...

    def download_size(self, need: Need) -> HubSize:
        """Ask the hub how much a download would be. Raises ``SafelightError``."""
        ...


def family_label(shelved: Shelved) -> str:
    """The family in a word or two."""
    if shelved.kind == "vae":
        return "VAE"
    return FAMILIES.get(shelved.family, shelved.family.removesuffix("Pipeline"))


def dtype_label(shelved: Shelved) -> str:
    """The dtype as people write it."""
    dtype = shelved.dtype
    return DTYPES.get(dtype, "fp8" if dtype.startswith("float8") else dtype)


async def off_loop(work: Callable[[], T]) -> T:
    """Do ``work`` in a thread that nobody waits for at the end: a hub may be slow to answer.

    A worker of a screen or widget that is being removed by then is cancelled: Textual does so only
    after its children are gone already, and what comes of the work would be shown on those.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():  # nobody wants it any more
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except Exception as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, result, failure)

    Thread(target=run, name="safelight-asking", daemon=True).start()
    try:
        return await done
    finally:
        if _is_going():
            raise asyncio.CancelledError


def _is_going() -> bool:
    """Whether that for which the worker works is being removed, or is gone."""
    worker = active_worker.get(None)
    return worker is not None and (worker.node._pruning or not worker.node.is_attached)
