"""Ladders as the engine tells of them, for the screen that shows one."""

from __future__ import annotations

from dataclasses import replace

from engine.ladder.request import LadderResult, Rung
from engine.measure.request import Sample, Side
from engine.measure.verdict import Verdict
from engine.spec import RunSpec

SPEC = RunSpec("a red sun over blue mountains, orange sky, birds", seed=7, width=128, height=128)


def side(label: str, seconds: float, memory: float, run_id: int = 0, **changes: object) -> Side:
    """A rung that took about so many seconds a run, and so many GB."""
    samples = tuple(
        Sample(0.01, seconds * factor - 0.05, 0.04, round(memory * 2**30))
        for factor in (0.98, 1.0, 1.03)
    )
    spec = SPEC.with_(**changes)
    return Side(label, spec, run_id, samples, load_seconds=1.2, memory_kind="vram", device="cpu")


def verdict(speed: float, *, differs: bool = True) -> Verdict:
    """So many times as fast."""
    return Verdict(1 / speed, 0.97 / speed, 1.03 / speed, differs)


RUNGS = (
    Rung(
        "full-precision",
        "Full precision",
        "Where the tutorial starts: nothing is turned.",
        "50 steps, the checkpoint's own scheduler",
        side=side("fp32", 3.31, 2.1, 1, num_inference_steps=50, scheduler="PNDM"),
        pays=True,
    ),
    Rung(
        "half-precision",
        "Half precision",
        "Half the memory, and faster where the device is made for it.",
        "precision fp16",
        on=0,
        side=side("fp16", 1.42, 1.2, 2, num_inference_steps=50, switches={"precision": "fp16"}),
        before=verdict(2.33),
        first=verdict(2.33),
        likeness_before=0.9961,
        likeness_first=0.9961,
        pays=True,
    ),
    Rung(
        "scheduler-20",
        "DPM++ 2M, 20 steps",
        "A scheduler that needs fewer steps for the same picture.",
        "DPM++ 2M, 20 steps",
        on=1,
        side=side("20", 0.58, 1.2, 3, switches={"precision": "fp16"}),
        before=verdict(2.45),
        first=verdict(5.7),
        likeness_before=0.934,
        likeness_first=0.931,
        pays=True,
    ),
    Rung(
        "scheduler-25",
        "DPM++ 2M, 25 steps",
        "A few steps more, in case 20 lose something.",
        "25 steps",
        on=2,
        side=side("25", 0.71, 1.2, 4, num_inference_steps=25, switches={"precision": "fp16"}),
        before=verdict(0.82),
        first=verdict(4.66),
        likeness_before=0.981,
        likeness_first=0.942,
        pays=False,
    ),
    Rung(
        "batch",
        "Batch of 8",
        "Several pictures at once keep the device busy.",
        "8 pictures a run",
        on=2,
        side=side("8", 2.6, 6.4, 5, batch_size=4, switches={"precision": "fp16"}),
        before=verdict(1.2),
        first=verdict(6.8),
        likeness_before=0.9999,
        likeness_first=0.931,
        pays=True,
    ),
    Rung(
        "batch-slicing",
        "Batch, attention slicing",
        "Attention in parts takes less memory, so that a larger batch fits.",
        "attention slicing",
        on=4,
        side=Side("s", SPEC, error="Not enough memory for a batch of 16 (needs about 11 GB)."),
    ),
    Rung(
        "vae",
        "A better VAE",
        "Colours and edges as they were meant; it costs next to nothing.",
        "VAE better-vae",
        on=4,
        side=side("vae", 1.96, 6.4, 6, batch_size=4, switches={"precision": "fp16"}),
        before=verdict(0.99, differs=False),
        first=verdict(6.7),
        likeness_before=0.962,
        likeness_first=0.903,
        pays=False,
    ),
    Rung(
        "compile",
        "Compile",
        "The denoiser as one program for this device.",
        "compile default",
        on=4,
        skipped="torch.compile needs a C++ compiler, and there is none here.",
    ),
)
SENTENCE = (
    "fp16, DPM++ 2M, 20 steps, a batch of 8: 6.8x faster than the first rung an image, "
    "3.0x the memory, SSIM 0.93."
)
WHOLE = LadderResult(RUNGS, 4, SENTENCE)


def climbed(rungs: int) -> LadderResult:
    """A ladder of which so many rungs are done."""
    rest = (
        replace(r, side=None, before=None, first=None, likeness_before=None, likeness_first=None)
        for r in RUNGS[rungs:]
    )
    return LadderResult((*RUNGS[:rungs], *(replace(rung, pays=None) for rung in rest)))
