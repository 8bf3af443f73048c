"""What a sweep should know of this machine before it begins. Imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import DeviceError, SafelightError
from engine.switches.precision import DTYPES


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the runs of a sweep will be made; what is unknown is empty or ``None``.

    Attributes:
        device: its kind, such as ``"cuda"``.
        auto: the precision that is meant when none is said, such as ``"fp16"``.
        free_bytes: memory that a run can have, as runs on that device are measured.
    """

    device: str = ""
    auto: str = ""
    free_bytes: int | None = None


def machine_of(device: str | None, checkpoint: str) -> Machine:
    """What is known of a device, as it is asked for, and of the checkpoint on it.

    Raises :class:`~engine.errors.DeviceError` when there is no such device.
    """
    from engine import devices
    from engine.checkpoints import inspect
    from engine.main_memory import available_bytes

    here = devices.pick_device(None if device == "auto" else device)
    try:
        family = inspect(checkpoint).family
        dtype = devices.dtype_name(devices.pick_dtype(here, family))
    except DeviceError:
        raise
    except SafelightError:  # told better where the checkpoint is needed
        dtype = ""
    auto = next((name for name, known in DTYPES.items() if known == dtype), "")
    if here.type == "cuda":
        import torch

        free: int | None = torch.cuda.mem_get_info(here)[0]
    elif here.type == "cpu":
        free = available_bytes()
    else:
        free = None
    return Machine(here.type, auto, free)
