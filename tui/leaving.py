"""Leaving because the system says so, and standing still for the shell.

Exit codes are those of a shell: 128 and the number of the signal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from time import sleep
from types import FrameType
from typing import NoReturn

SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")
    if hasattr(signal, name)
)
DEADLINE_SECONDS = 2.6
"""From the signal on. Whatever still waits then is left as it is."""


def hear_early() -> None:
    """Until the app runs a signal ends the process as an exception does: what is open is closed."""

    def leave(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, leave)


def hear(leave: Callable[[int], object]) -> None:
    """From now on signals call ``leave`` with an exit code, on the running event loop."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, leave, 128 + number)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # not the main thread, or not POSIX: the default stays


def at_the_latest(code: int, give_back: Callable[[], object]) -> None:
    """End the process at the deadline, however stuck it is.

    Args:
        give_back: gives the terminal back, from another thread, at once.
    """

    def wait() -> None:
        sleep(DEADLINE_SECONDS)
        give_back()
        os._exit(code)

    Thread(target=wait, name="safelight-deadline", daemon=True).start()


def has_shell() -> bool:
    """Whether there is a shell to go back to, which can wake us again."""
    if sys.platform == "win32":
        return False
    return os.getsid(0) != os.getpgrp()


def stop_for_the_shell() -> None:
    """What Ctrl+Z does in a terminal: stop us, and what was started together with us."""
    os.kill(0, signal.SIGTSTP)
