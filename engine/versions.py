"""Which versions made a picture. Asks the installed packages, so it imports none of them."""

from __future__ import annotations

import platform
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from engine import __version__

_PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
_DRIVER = Path("/proc/driver/nvidia/version")


def versions() -> dict[str, str]:
    """Safelight, Python, the libraries, and CUDA with its driver where there is one."""
    torch = sys.modules.get("torch")  # asked only when the engine has already imported it
    return dict(_versions(getattr(getattr(torch, "version", None), "cuda", None)))


@cache
def _versions(cuda: str | None) -> dict[str, str]:
    found = {"safelight": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if cuda:
        found["cuda"] = cuda
        try:
            text = _DRIVER.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        if match := re.search(r"Module\D*?(\d+(?:\.\d+)+)", text):
            found["driver"] = match[1]
    return found
