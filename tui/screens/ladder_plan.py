"""What climbing the ladder will be, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.text import one_line, seconds

if TYPE_CHECKING:
    from engine.spec import RunSpec

_RUNGS = (
    ("Full precision", "the checkpoint's own scheduler, 50 steps"),
    ("Half precision", "half the memory, and faster on most cards"),
    ("A better scheduler", "as good in 20 steps, and 25, as the first in 50"),
    ("A batch", "as large as fits, with and without attention slicing"),
    ("A better VAE", "where there is one beside the checkpoint"),
    ("What else works here", "compiling and other switches, one at a time"),
)


def plan_text(spec: RunSpec, run_seconds: float | None) -> Content:
    """The rungs, what they are climbed with, and how long that may take."""
    wide = max(len(name) for name, _ in _RUNGS)
    prompt = one_line(spec.prompt, 200)
    lines = [
        Content("The tutorial's path, climbed on what is on the form, rung by rung:"),
        Content(""),
        *(
            Content.assemble((f"  {name:<{wide}}  ", "bold"), (about, "$text-muted"))
            for name, about in _RUNGS
        ),
        Content(""),
        Content(
            "Each rung is warmed up, then timed, and compared with the rung before and the first: "
            "seconds, memory, likeness. What does not pay is not kept for the next one."
        ),
        Content(""),
        Content.assemble(("Prompt  ", "$text-muted"), prompt),
        Content.assemble(("Takes   ", "$text-muted"), _takes(spec, run_seconds)),
        Content(""),
        Content.assemble(("Enter", "$accent bold"), " starts. It goes on when you leave."),
    ]
    return Content("\n").join(lines)


def _takes(spec: RunSpec, run_seconds: float | None) -> str:
    if run_seconds is None:
        return "Not known before the first rung is measured; it is said then."
    # Two rungs of 50 steps, eight or so of 20, each four times.
    step = run_seconds / max(spec.num_inference_steps * spec.batch_size, 1)
    return f"Very roughly {seconds(4 * step * (2 * 50 + 8 * 20))}, loading and compiling apart."
