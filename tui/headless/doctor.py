"""What Safelight sees of this machine: for the user, and for a bug report."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from engine.errors import SafelightError
from tui.headless.setting_options import given
from tui.headless.terminal_seen import graphics
from tui.headless.wrong import wrong
from tui.paths import Paths
from tui.settings import SETTINGS, gather


def examine(options: argparse.Namespace, paths: Paths) -> dict[str, Any]:
    """Findings by name. Loads torch, to ask it for devices; creates no folder."""
    from engine.devices import describe_devices
    from engine.versions import versions

    sources = gather(paths.settings_file, given(options))
    settings = sources.settings
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "devices": describe_devices(),
        "device_setting": settings.device,
        "memory_total_bytes": _memory(),
        "cores": os.cpu_count() or 0,
        "terminal": _terminal(),
        "graphics": graphics(settings.graphics),
        "environment": environment(),
        "data": _state(paths.data),
        "config": str(paths.settings_file) + ("" if paths.settings_file.exists() else " (none)"),
        "config_problems": wrong(sources, paths),
        "log_file": str(paths.log_file),
        "runs_kept": _runs(paths),
        "disk_free_bytes": _free(paths.data),
    }


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)


def _terminal() -> dict[str, str]:
    names = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "SSH_CONNECTION")
    # Only whether these two are set: their values name hosts and sockets.
    return {
        name: "set" if name in ("TMUX", "SSH_CONNECTION") else os.environ[name]
        for name in names
        if os.environ.get(name)
    }


def environment() -> dict[str, str]:
    """What is set of the variables that Safelight, or what it stands on, goes by."""
    shown = (
        *("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES"),
        *("NO_COLOR", "TEXTUAL_ANIMATIONS"),
        *(setting.variable for setting in SETTINGS.values()),
    )
    found = {name: os.environ[name] for name in shown if os.environ.get(name)}
    # Only whether these are set: they are, or may hold, what nobody else should read.
    secret = ("HF_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT")
    return found | {name: "set" for name in secret if os.environ.get(name)}


def _existing(path: Path) -> Path:
    """The nearest folder above ``path`` that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _state(path: Path) -> str:
    nearest = _existing(path)
    if not nearest.is_dir():
        return f"{path} ({nearest} is not a folder)"
    if not os.access(nearest, os.W_OK):
        return f"{path} (cannot be written)"
    return str(path) if path.exists() else f"{path} (made at the first run)"


def _free(path: Path) -> int:
    return shutil.disk_usage(_existing(path)).free


def _runs(paths: Paths) -> int | str:
    from engine.history import History

    try:
        history = History(paths.data, read_only=True)
        try:
            return history.count()
        finally:
            history.close()
    except SafelightError as error:
        return str(error)
