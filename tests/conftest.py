"""Every test runs in a home of its own, and sees nothing of how its caller's terminal is set up."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

_HOME = Path(tempfile.mkdtemp(prefix="safelight-tests-"))

# Here, not in a fixture: libraries read some of these when they are imported.
for _name in [*os.environ]:
    if _name.startswith(("TEXTUAL", "XDG_", "HF_", "SAFELIGHT_HOME")) or _name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
    ):
        del os.environ[_name]
os.environ.update(
    HOME=str(_HOME),
    HF_HOME=str(_HOME / "huggingface"),
    HF_HUB_DISABLE_TELEMETRY="1",
    SAFELIGHT_HOME=str(_HOME / "safelight"),
    COLORTERM="truecolor",
    TERM="xterm-256color",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job that a script started in the background; tests press Ctrl+C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
