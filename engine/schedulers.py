"""Names of schedulers: ours (as A1111 users know them) and diffusers' classes.

Light on purpose: the form lists names before torch is imported. What a loaded pipeline really
takes is asked of diffusers in :func:`compatible_names`.

Source of the name mapping: diffusers' scheduler overview, section "A1111/k-diffusion".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler one can choose: a name, diffusers' class, and the config that makes it so."""

    name: str
    cls: str
    help: str
    config: dict[str, Any] = field(default_factory=dict)
    flow: bool = False


SCHEDULERS: tuple[Scheduler, ...] = (
    Scheduler("DPM++ 2M", "DPMSolverMultistepScheduler", "Sharp at 20 steps. A good first choice."),
    Scheduler(
        "DPM++ 2M SDE",
        "DPMSolverMultistepScheduler",
        "As DPM++ 2M, with fresh noise at each step.",
        {"algorithm_type": "sde-dpmsolver++"},
    ),
    Scheduler(
        "DPM++ 3M",
        "DPMSolverMultistepScheduler",
        "Third order; wants 30 steps or more.",
        {"solver_order": 3},
    ),
    Scheduler("UniPC", "UniPCMultistepScheduler", "Predictor and corrector; good at 10 to 20."),
    Scheduler("DEIS", "DEISMultistepScheduler", "Exponential integrator; good at 15 to 25."),
    Scheduler("Euler", "EulerDiscreteScheduler", "First order, simple and steady."),
    Scheduler(
        "Euler a", "EulerAncestralDiscreteScheduler", "Fresh noise each step; never settles."
    ),
    Scheduler("Heun", "HeunDiscreteScheduler", "Second order: two evaluations a step."),
    Scheduler("DPM2", "KDPM2DiscreteScheduler", "Second order: two evaluations a step."),
    Scheduler("DPM2 a", "KDPM2AncestralDiscreteScheduler", "DPM2 with fresh noise each step."),
    Scheduler(
        "DPM++ 2S", "DPMSolverSinglestepScheduler", "Single-step solver; steady at high guidance."
    ),
    Scheduler("LMS", "LMSDiscreteScheduler", "Linear multistep; the first fast one."),
    Scheduler("DDIM", "DDIMScheduler", "The classic; wants 30 to 50 steps."),
    Scheduler("DDPM", "DDPMScheduler", "The original; wants hundreds of steps."),
    Scheduler("PNDM", "PNDMScheduler", "Stable Diffusion's own default; wants 50 steps."),
    Scheduler("LCM", "LCMScheduler", "Only for models distilled for it; 4 to 8 steps."),
    Scheduler("Flow Euler", "FlowMatchEulerDiscreteScheduler", "For SD3 and Flux.", flow=True),
    Scheduler(
        "Flow Heun",
        "FlowMatchHeunDiscreteScheduler",
        "For SD3 and Flux; two evaluations a step.",
        flow=True,
    ),
)

BY_NAME = {scheduler.name: scheduler for scheduler in SCHEDULERS}
_ALIASES = {"plms": "PNDM", "dpm++ 2m": "DPM++ 2M", "euler ancestral": "Euler a"}


def canonical_name(name: str) -> str:
    """Our name for ``name``, which may also be diffusers' class, in any letter case.

    Raises:
        InvalidSpec: when no scheduler has that name.
    """
    wanted = name.strip().lower()
    for scheduler in SCHEDULERS:
        cls = scheduler.cls.lower()
        if wanted in (scheduler.name.lower(), cls, cls.removesuffix("scheduler")):
            return scheduler.name
    if wanted in _ALIASES:
        return _ALIASES[wanted]
    known = ", ".join(s.name for s in SCHEDULERS)
    raise InvalidSpec("scheduler", f"No scheduler is called “{name}”. Known: {known}.")


def names_for(flow: bool) -> tuple[str, ...]:
    """The names to offer before a checkpoint is loaded."""
    return tuple(s.name for s in SCHEDULERS if s.flow == flow)
