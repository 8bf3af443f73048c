"""Names of schedulers: ours (as A1111 users know them) and diffusers' classes.

Light on purpose: the form lists names before torch is imported. Only :func:`build` and
:func:`compatible_names`, which take a loaded pipeline, import diffusers.

Source of the name mapping: diffusers' scheduler overview, section "A1111/k-diffusion".
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from engine.errors import InvalidSpec

SIGMA_FLAGS = {
    "karras": "use_karras_sigmas",
    "exponential": "use_exponential_sigmas",
    "beta": "use_beta_sigmas",
}
"""The config that each value of the switch ``sigmas`` sets."""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler one can choose: a name, diffusers' class, and the config that makes it so.

    Attributes:
        config: always set, whatever the checkpoint's own scheduler says.
        latent_config: set unless the checkpoint's own scheduler says otherwise; for models that
            work on latents, where some of diffusers' defaults (made for pixels) spoil pictures.
        flow: for flow-matching models (SD3, Flux), and no others.
        needs: an optional package that it imports.
        sigmas: whether its noise levels can be spaced (Karras and the like).
        spacing: whether it can be told which timesteps to visit.
    """

    name: str
    cls: str
    help: str
    config: dict[str, Any] = field(default_factory=dict)
    latent_config: dict[str, Any] = field(default_factory=dict)
    flow: bool = False
    needs: str = ""
    sigmas: bool = True
    spacing: bool = True


SCHEDULERS: tuple[Scheduler, ...] = (
    Scheduler(
        "DPM++ 2M",
        "DPMSolverMultistepScheduler",
        "Sharp at 20 steps. A good first choice.",
        {"algorithm_type": "dpmsolver++", "solver_order": 2},
    ),
    Scheduler(
        "DPM++ 2M SDE",
        "DPMSolverMultistepScheduler",
        "As DPM++ 2M, with fresh noise at each step.",
        {"algorithm_type": "sde-dpmsolver++", "solver_order": 2},
    ),
    Scheduler(
        "DPM++ 3M",
        "DPMSolverMultistepScheduler",
        "Third order; wants 30 steps or more.",
        {"algorithm_type": "dpmsolver++", "solver_order": 3},
    ),
    Scheduler("UniPC", "UniPCMultistepScheduler", "Predictor and corrector; good at 10 to 20."),
    Scheduler("DEIS", "DEISMultistepScheduler", "Exponential integrator; good at 15 to 25."),
    Scheduler("Euler", "EulerDiscreteScheduler", "First order, simple and steady."),
    Scheduler(
        "Euler a",
        "EulerAncestralDiscreteScheduler",
        "Fresh noise each step; never settles.",
        sigmas=False,
    ),
    Scheduler("Heun", "HeunDiscreteScheduler", "Second order: two evaluations a step."),
    Scheduler("DPM2", "KDPM2DiscreteScheduler", "Second order: two evaluations a step."),
    Scheduler("DPM2 a", "KDPM2AncestralDiscreteScheduler", "DPM2 with fresh noise each step."),
    Scheduler(
        "DPM++ 2S",
        "DPMSolverSinglestepScheduler",
        "Single-step solver; steady at high guidance.",
        {"algorithm_type": "dpmsolver++", "solver_order": 2},
        spacing=False,
    ),
    Scheduler(
        "LMS", "LMSDiscreteScheduler", "Linear multistep; the first fast one.", needs="scipy"
    ),
    Scheduler(
        "DDIM",
        "DDIMScheduler",
        "The classic; wants 30 to 50 steps.",
        latent_config={"clip_sample": False, "set_alpha_to_one": False},
        sigmas=False,
    ),
    Scheduler(
        "DDPM",
        "DDPMScheduler",
        "The original; wants hundreds of steps.",
        latent_config={"clip_sample": False},
        sigmas=False,
    ),
    Scheduler(
        "PNDM", "PNDMScheduler", "Stable Diffusion's own default; wants 50 steps.", sigmas=False
    ),
    Scheduler(
        "LCM",
        "LCMScheduler",
        "Only for models distilled for it; 4 to 8 steps.",
        spacing=False,
        sigmas=False,
    ),
    Scheduler(
        "Flow Euler",
        "FlowMatchEulerDiscreteScheduler",
        "For SD3 and Flux.",
        flow=True,
        spacing=False,
    ),
    Scheduler(
        "Flow Heun",
        "FlowMatchHeunDiscreteScheduler",
        "For SD3 and Flux; two evaluations a step.",
        flow=True,
        sigmas=False,
        spacing=False,
    ),
)

BY_NAME = {scheduler.name: scheduler for scheduler in SCHEDULERS}
STOCHASTIC = frozenset({"DPM++ 2M SDE", "Euler a", "DPM2 a", "DDPM", "LCM"})
"""Those that add fresh noise at each step: of the same seed, another makes another picture."""
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
    return tuple(s.name for s in SCHEDULERS if s.flow == flow and _installed(s))


def name_of(cls: str, config: Mapping[str, Any]) -> str:
    """Our name for a scheduler of diffusers' class ``cls`` with ``config``; ``""`` for none."""
    for entry in SCHEDULERS:
        if entry.cls == cls and all(config.get(k, v) == v for k, v in entry.config.items()):
            return entry.name
    return ""


def offered(pipeline_cls: str, own_cls: str, own_config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that work for a checkpoint, its own first.

    Args:
        pipeline_cls: diffusers' class of the pipeline.
        own_cls: diffusers' class of the checkpoint's own scheduler.
        own_config: the config of that scheduler.
    """
    own = name_of(own_cls, own_config)
    if own_cls.startswith("FlowMatch"):
        # Flow Heun takes neither the sigmas nor the shift that other pipelines hand over.
        heun = pipeline_cls.startswith("StableDiffusion3") and not own_config.get(
            "use_dynamic_shifting"
        )
        names = tuple(n for n in names_for(True) if n != "Flow Heun" or heun)
    elif _predicts_flow(own_config):
        names = tuple(n for n in names_for(False) if BY_NAME[n].cls in _TAKE_FLOW)
    else:
        names = names_for(False)
    if not own:
        return names
    return (own, *(n for n in names if n != own))


def compatible_names(pipeline: Any, own: Any) -> tuple[str, ...]:
    """The names that a loaded pipeline takes, its own first.

    Args:
        pipeline: a diffusers pipeline.
        own: the scheduler that it was loaded with.
    """
    takes = {cls.__name__ for cls in own.compatibles} | {type(own).__name__}
    if "DDIMScheduler" in takes:
        takes.add("LCMScheduler")  # not in diffusers' list, but it runs
    elif type(own).__name__ == "LCMScheduler":
        takes |= {entry.cls for entry in SCHEDULERS if not entry.flow}
    elif type(own).__name__ == "FlowMatchEulerDiscreteScheduler":
        takes.add("FlowMatchHeunDiscreteScheduler")  # likewise
    names = offered(type(pipeline).__name__, type(own).__name__, own.config)
    return tuple(name for name in names if BY_NAME[name].cls in takes)


def build(
    pipeline: Any, own: Any, name: str | None, *, sigmas: str = "default", spacing: str = "default"
) -> Any:
    """A fresh scheduler for one run, so that no run leaves anything behind for the next.

    Args:
        pipeline: a diffusers pipeline.
        own: the scheduler that it was loaded with; never changed.
        name: one of :data:`SCHEDULERS`; ``None`` is the checkpoint's own.
        sigmas, spacing: values of the switches of those names.

    Raises:
        InvalidSpec: the pipeline does not take it, or it does not take the switches; the sentence
            says what works.
    """
    if name is None or name == name_of(type(own).__name__, own.config):
        called = name or "The checkpoint's own scheduler"
        options = _options(pipeline, own, type(own), called, sigmas, spacing)
        return type(own).from_config(own.config, **options) if options else copy.deepcopy(own)
    names = compatible_names(pipeline, own)
    entry = BY_NAME.get(name)
    if entry is None or name not in names:
        known = ", ".join(names) or "only its own"
        raise InvalidSpec(
            "scheduler", f"This checkpoint cannot use the scheduler {name}. It takes: {known}."
        )
    import diffusers

    extra = dict(entry.config)
    if getattr(pipeline, "vae", None) is not None:
        defaults = own.config.get("_use_default_values", ())
        said = {key for key in own.config if key not in defaults}
        extra |= {k: v for k, v in entry.latent_config.items() if k not in said}
    cls = getattr(diffusers, entry.cls)
    return cls.from_config(
        own.config, **extra, **_options(pipeline, own, cls, name, sigmas, spacing)
    )


def _options(
    pipeline: Any, own: Any, cls: Any, name: str, sigmas: str, spacing: str
) -> dict[str, Any]:
    """The config of the switches, for diffusers' class ``cls``."""
    takes = inspect.signature(cls.__init__).parameters
    options: dict[str, Any] = {}
    if sigmas != "default":
        if SIGMA_FLAGS[sigmas] not in takes:
            names = compatible_names(pipeline, own)
            raise InvalidSpec("switches", _takes_none(name, "sigmas", names, lambda s: s.sigmas))
        # Only one of them may be set, and the checkpoint may have set another.
        options |= {flag: flag == SIGMA_FLAGS[sigmas] for flag in SIGMA_FLAGS.values()}
    if spacing != "default":
        if "timestep_spacing" not in takes:
            names = compatible_names(pipeline, own)
            raise InvalidSpec("switches", _takes_none(name, "spacing", names, lambda s: s.spacing))
        options["timestep_spacing"] = spacing
    return options


def _takes_none(
    name: str, switch: str, names: tuple[str, ...], takes: Callable[[Scheduler], bool]
) -> str:
    those = ", ".join(other for other in names if takes(BY_NAME[other]))
    return f"{name} has no {switch} to choose. " + (f"These have: {those}." if those else "")


def idle_spacing(name: str | None, value: str, sigmas: str, own: Any) -> str:
    """Why ``spacing`` has no effect on a scheduler; ``""`` when it has one.

    Args:
        value: of ``spacing``.
        sigmas: value of that switch; ``""`` when it is not turned.
        own: the checkpoint's own scheduler.
    """
    entry = BY_NAME.get(name or "")
    cls = entry.cls if entry is not None else type(own).__name__
    if sigmas and cls in _SIGMAS_DECIDE:
        return "the sigmas say which timesteps are visited"
    return "the checkpoint has it so already" if own.config.get("timestep_spacing") == value else ""


_SIGMAS_DECIDE = (
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
)
"""Classes that take their timesteps from the sigmas, once these are spaced."""


def lacks(name: str | None, switch: str) -> str:
    """Why a scheduler cannot take ``sigmas`` or ``spacing``; ``""`` when it can, or is unknown."""
    entry = BY_NAME.get(name or "")
    if entry is None or switch not in ("sigmas", "spacing") or getattr(entry, switch):
        return ""
    return f"{entry.name} has no {switch} to choose"


_TAKE_FLOW = (
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "DEISMultistepScheduler",
    "UniPCMultistepScheduler",
)
"""Classes that also sample flow models, by ``use_flow_sigmas`` (Sana and others)."""


def _predicts_flow(config: Mapping[str, Any]) -> bool:
    return config.get("prediction_type") == "flow_prediction" or bool(config.get("use_flow_sigmas"))


def _installed(entry: Scheduler) -> bool:
    return not entry.needs or find_spec(entry.needs) is not None
