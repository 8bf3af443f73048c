"""What the last look at every painted line costs, of painting a whole screen anew.

    python tests/bench/bench_guard.py [--repeats 200]

Processor time, the least of all repeats, of the studio at 200x60 cells: all its lines rendered and
turned into escape codes; and, of that, the guard's own look at the same lines.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BAR = 0.03


async def measure(repeats: int) -> tuple[float, float, int]:
    """Seconds of painting, seconds of the guard in it, and lines looked at."""
    from tests.tui.scripted import ScriptedLab
    from tui.app import SafelightApp
    from tui.graphics.terminal import Terminal
    from tui.guard import Guard
    from tui.paths import Paths
    from tui.settings import gather

    root = Path(tempfile.mkdtemp())
    paths = Paths(root / "data", root / "config", root / "state")
    sources = gather(paths.settings_file, environment={})
    app = SafelightApp(ScriptedLab(), paths, sources, Terminal())
    seen: list[Any] = []
    plain = Guard.apply

    def apply(self: Guard, segments: Any, background: Any) -> Any:
        seen.append(list(segments))
        return plain(self, segments, background)

    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()

        def paint() -> float:
            for widget in app.screen.walk_children():
                vars(widget)["_styles_cache"].clear()
            begun = time.process_time()
            update: Any = app.screen._compositor.render_update(full=True)
            update.render_segments(app.console)
            return time.process_time() - begun

        painting = min(paint() for _ in range(repeats))
        Guard.apply = apply  # type: ignore[method-assign]
        paint()
        Guard.apply = plain  # type: ignore[method-assign]
        alone, colour = Guard(), app.screen.background_colors[0]

        def look() -> float:
            begun = time.process_time()
            for segments in seen:
                alone.apply(segments, colour)
            return time.process_time() - begun

        return painting, min(look() for _ in range(repeats)), len(seen)


def main() -> int:
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    painting, looking, lines = asyncio.run(measure(parser.parse_args().repeats))
    print(f"painting 200x60 anew {painting * 1e3:.2f} ms, of it the guard {looking * 1e3:.2f} ms")
    print(f"for {lines} lines: {looking / painting:.1%}; bar: less than {BAR:.0%}")
    return int(looking / painting >= BAR)


if __name__ == "__main__":
    sys.exit(main())
