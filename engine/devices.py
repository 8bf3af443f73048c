"""Which device, and in which precision. Imports torch: only for the engine's thread."""

from __future__ import annotations

import ctypes
import gc
import sys

import torch

from engine.errors import DeviceError


def pick_device(wanted: str | None) -> torch.device:
    """The device to work on: the one asked for, else CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: there is no such device here.
    """
    if wanted is None or wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise DeviceError(f"There is no device called “{wanted}”. Use cuda, mps or cpu.") from None
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError(f"No CUDA device can be used here, so “{wanted}” cannot be either.")
        index = torch.cuda.current_device() if device.index is None else device.index
        if index >= torch.cuda.device_count():
            last = torch.cuda.device_count() - 1
            raise DeviceError(f"There is no {wanted}: the last one here is cuda:{last}.")
        return torch.device("cuda", index)
    if device.type == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("There is no MPS device here.")
        return device
    if device.type == "cpu":
        return torch.device("cpu")
    raise DeviceError(f"Devices of type “{device.type}” are not supported. Use cuda, mps or cpu.")


def pick_dtype(device: torch.device, family: str) -> torch.dtype:
    """Half precision where the device has it; Flux and SD3 overflow float16 and want bfloat16."""
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and family in ("flux", "sd3") and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float16


def dtype_name(dtype: torch.dtype) -> str:
    """``"float16"`` and the like."""
    return str(dtype).removeprefix("torch.")


def device_label(device: torch.device) -> str:
    """For a record: ``"cpu"``, or ``"cuda:0 (NVIDIA H200)"``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all it was given, so that a clock can be stopped."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def free_memory(*, collect: bool = True) -> None:
    """Give back to the device what nobody holds any more.

    Args:
        collect: also look for cycles, which takes some 0.1 s, and give main memory back.
    """
    if collect:
        gc.collect()
        _trim()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _trim() -> None:
    """Let glibc give freed memory back to the system: tensors leave holes that it would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def describe_devices() -> list[str]:
    """One line a device that can be used here, best first."""
    found = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            found.append(f"cuda:{index} {name}, {free / 2**30:.1f} of {total / 2**30:.1f} GB free")
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, f"cpu, {torch.get_num_threads()} threads"]
