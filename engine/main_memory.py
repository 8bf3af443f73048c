"""Main memory: what is available to this process, and the most that it had resident.

Linux gives more memory away than there is, and ends whoever then uses it. So both are asked where
the kernel keeps them: in a container its limit counts, and a few samples a second miss a decode
that takes 1 GB for 50 ms. See cgroups(7), and proc(5) on ``clear_refs`` and ``VmHWM``.
"""

from __future__ import annotations

import re
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"

_GROUPS = (
    # limit, use, statistics, and which of them is cache that gives way: versions 2 and 1
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        *("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
        *("memory/memory.stat", "total_inactive_file"),
    ),
)


def available_bytes(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """What can still be had: of the machine's memory, or of this container's or process's share.

    Args:
        groups: where control groups are mounted.
    """
    import psutil

    free = int(psutil.virtual_memory().available)
    for limit_name, use_name, statistics, cache in _GROUPS:
        try:
            limit = int((groups / limit_name).read_text("ascii"))
            used = int((groups / use_name).read_text("ascii"))
            text = (groups / statistics).read_text("ascii")
        except (OSError, ValueError):  # no such version, or no limit ("max")
            continue
        found = re.search(rf"^{cache} (\d+)$", text, re.MULTILINE)
        free = min(free, limit - used + (int(found[1]) if found else 0))
    return max(0, min(free, _address_space_left(free)))


def _address_space_left(otherwise: int) -> int:
    """What ``ulimit -v`` leaves of this process's addresses."""
    import psutil

    try:
        limit, _ = psutil.Process().rlimit(psutil.RLIMIT_AS)
    except (AttributeError, OSError, psutil.Error):  # another system
        return otherwise
    if limit == psutil.RLIM_INFINITY:
        return otherwise
    return int(limit - psutil.Process().memory_info().vms)


class HighWater:
    """A mark that can be put back to the present, and read as often as wanted."""

    def __init__(self) -> None:
        self._works = False

    def reset(self) -> None:
        """Put the mark to what is resident now."""
        try:
            _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
        except OSError:  # another system, or one that does not let us
            self._works = False
        else:
            self._works = True

    def bytes(self) -> int:
        """The most since :meth:`reset`; 0 where nobody knows."""
        if not self._works:
            return 0
        try:
            found = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text("ascii"), re.MULTILINE)
        except (OSError, UnicodeError):
            return 0
        return int(found[1]) * 1024 if found else 0
