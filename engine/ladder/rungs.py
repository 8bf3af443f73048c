"""The rungs of the ladder: what each changes of the one it stands on, or why it cannot here. Pure.

The path is the tutorial's: half precision, a better scheduler with fewer steps, a batch, a better
VAE; then whatever else this checkpoint and this device can be tried with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.errors import SafelightError
from engine.spec import RunSpec
from engine.switches import BY_NAME, normalised
from engine.switches.base import Place
from engine.switches.precision import DTYPES
from engine.switches.wardrobe import conflict

FIRST_STEPS = 50
STEPS = 20
MORE_STEPS = 25
CPU_BATCH = 4
"""The largest batch that is tried on a CPU, where a larger one takes as much longer."""
_BETTER = ("DPM++ 2M", "Flow Euler")
_KNOWN_VAES = {"sd": "stabilityai/sd-vae-ft-mse", "sdxl": "madebyollin/sdxl-vae-fp16-fix"}
_HALF = ("float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the checkpoint and the device.

    Attributes:
        schedulers: those that it takes, its own first.
        find: the place of a VAE on this machine; raises :class:`SafelightError` for none.
        steps: of the lowest rung.
    """

    place: Place
    schedulers: tuple[str, ...]
    find: Callable[[str], object]
    steps: int = FIRST_STEPS


class Skip(Exception):
    """A rung cannot be climbed here; its text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rung before it is climbed.

    Attributes:
        make: its spec, of the one it stands on. Raises :class:`Skip`.
        fills: its batch is to be as large as fits.
        finer: it is about finer pictures, and pays as long as it takes no more time.
    """

    name: str
    title: str
    why: str
    make: Callable[[RunSpec, Ground], RunSpec]
    fills: bool = False
    finer: bool = False


def first_steps(spec: RunSpec) -> int:
    """Steps of the lowest rung: the tutorial's 50; or what ``spec`` has, where that is fewer than
    the ladder goes down to. A checkpoint that is made for few steps spoils with many.
    """
    few = spec.num_inference_steps
    return few if few < STEPS else FIRST_STEPS


def ground_level(spec: RunSpec, device: str) -> RunSpec:
    """Where the ladder stands: full precision, the checkpoint's own scheduler, 50 steps or few."""
    switches = {} if device == "cpu" else {"precision": "fp32"}
    steps = first_steps(spec)
    return spec.with_(scheduler=None, num_inference_steps=steps, batch_size=1, switches=switches)


def _half(spec: RunSpec, ground: Ground) -> RunSpec:
    place = ground.place
    dtype = place.auto_dtype
    if not dtype and place.device != "cpu":
        return _turned(spec, ground, precision="auto")  # what that is, loading will tell
    if dtype not in _HALF:
        dtype = "float16" if place.lacks("bf16") else "bfloat16"
    return _turned(spec, ground, precision=_precision(dtype, place))


def _precision(dtype: str, place: Place) -> str:
    if dtype == place.auto_dtype:
        return "auto"
    return next(name for name, known in DTYPES.items() if known == dtype)


def _better_scheduler(steps: int) -> Callable[[RunSpec, Ground], RunSpec]:
    def make(spec: RunSpec, ground: Ground) -> RunSpec:
        if "LCM" in (ground.place.scheduler, *ground.schedulers[:1]):
            raise Skip("This checkpoint is made for the scheduler LCM, which takes few steps.")
        if ground.steps < STEPS:
            raise Skip(f"It starts with fewer already: {ground.steps}, as asked for.")
        known = [name for name in _BETTER if name in ground.schedulers]
        name = known[0] if known else spec.scheduler
        if (name, steps) == (spec.scheduler, spec.num_inference_steps):
            raise Skip("That is what the rung before has already.")
        return spec.with_(scheduler=name, num_inference_steps=steps)

    return make


def _batch(slicing: str) -> Callable[[RunSpec, Ground], RunSpec]:
    def make(spec: RunSpec, ground: Ground) -> RunSpec:
        return spec if slicing == "off" else _turned(spec, ground, attention_slicing=slicing)

    return make


def _vae(spec: RunSpec, ground: Ground) -> RunSpec:
    place = ground.place
    if place.vaes:
        return _turned(spec, ground, vae=place.vaes[0])
    none = "No other VAE comes with this checkpoint"
    known = _KNOWN_VAES.get(place.family)
    if known is None:
        raise Skip(f"{none}.")
    try:
        ground.find(known)
    except SafelightError:
        raise Skip(f"{none}, and {known} is not on this machine.") from None
    return _turned(spec, ground, vae=known)


def _turn(name: str, value: str) -> Callable[[RunSpec, Ground], RunSpec]:
    def make(spec: RunSpec, ground: Ground) -> RunSpec:
        return _turned(spec, ground, **{name: value})

    return make


def _turned(spec: RunSpec, ground: Ground, **values: str) -> RunSpec:
    """The spec with switches turned. Raises :class:`Skip` where they cannot be."""
    place = ground.place
    precision = spec.switches.get("precision", "auto")
    place = replace(place, dtype=DTYPES.get(precision, place.auto_dtype))
    for name, value in values.items():
        if reason := BY_NAME[name].unavailable(value, place):
            raise Skip(f"{reason[0].upper()}{reason[1:]}.")
    switches = normalised({**spec.switches, **values})
    if switches == normalised(spec.switches):
        raise Skip("That is what the rung before has already.")
    _, reason = conflict(switches)
    if reason:
        raise Skip(f"{reason}.")
    return spec.with_(switches=switches)


def first(spec: RunSpec) -> Plan:
    """The lowest rung of a ladder that is asked for with ``spec``."""
    why = "Where the tutorial starts: 32 bits, the checkpoint's own scheduler, 50 steps."
    if (steps := first_steps(spec)) < STEPS:
        why = f"32 bits, the checkpoint's own scheduler, and only {steps} steps, as asked for."
    return Plan("full-precision", "Full precision", why, lambda spec, _: spec)


_KERNELS = ("flash", "cudnn", "xformers", "flash-attn", "sage")
"""Attention kernels that may be faster than what PyTorch picks."""


def path(place: Place | None = None) -> tuple[Plan, ...]:
    """All rungs above the first.

    Args:
        place: ``None`` while unknown; then what there is a choice of stands there as one.
    """
    own = place.scheduler if place is not None else ""
    better = "" if own in _BETTER else "Better scheduler, "
    return (
        Plan(
            "half-precision",
            "Half precision",
            "16 bits take half the memory and, on a GPU, half the time or less.",
            _half,
        ),
        Plan(
            f"steps-{STEPS}",
            f"{better}{STEPS} steps",
            "A newer scheduler needs fewer steps for as good a picture."
            if better
            else "Its own scheduler is a new one, which needs fewer steps.",
            _better_scheduler(STEPS),
        ),
        Plan(
            f"steps-{MORE_STEPS}",
            f"{better}{MORE_STEPS} steps",
            f"In case {STEPS} steps are too few.",
            _better_scheduler(MORE_STEPS),
        ),
        Plan(
            "batch",
            "Batch",
            "Several pictures at once keep the device busier: less time for each.",
            _batch("off"),
            fills=True,
        ),
        Plan(
            "batch-sliced",
            "Batch, attention sliced",
            "Attention a few heads at a time takes less memory, so a larger batch may fit.",
            _batch("auto"),
            fills=True,
        ),
        Plan(
            "vae",
            "Better VAE",
            "Another VAE gives finer detail from the same latents.",
            _vae,
            finer=True,
        ),
        _plan_of("channels_last", "on"),
        _plan_of("fused_qkv", "on"),
        *_plans_of("attention", _KERNELS, place),
        *_plans_of("cache", BY_NAME["cache"].values[1:], place),
        _plan_of("compile", "regional" if place and _compiles_blocks(place) else "full"),
    )


def _compiles_blocks(place: Place) -> bool:
    """On a CPU compiling the whole takes minutes, and gains hardly more than its blocks."""
    return place.device == "cpu" and not BY_NAME["compile"].unavailable("regional", place)


def _plans_of(name: str, values: tuple[str, ...], place: Place | None) -> tuple[Plan, ...]:
    """A rung for each value that works, and one that says why the others do not."""
    switch = BY_NAME[name]
    rest = Plan(f"{name}-others", switch.label, switch.help, _nothing("It is not known yet."))
    if place is None:
        return (rest,)
    anywhere = replace(place, dtype="")
    reasons: dict[str, list[str]] = {}
    for value in values:
        reasons.setdefault(switch.unavailable(value, anywhere), []).append(value)
    works = reasons.pop("", [])
    plans = [_plan_of(name, value) for value in works]
    if reasons:
        words = "; ".join(f"{', '.join(those)}: {why}" for why, those in reasons.items())
        title = f"{switch.label}, other kinds" if works else switch.label
        plans.append(replace(rest, title=title, make=_nothing(f"{words[0].upper()}{words[1:]}.")))
    return tuple(plans)


def _nothing(why: str) -> Callable[[RunSpec, Ground], RunSpec]:
    def make(*_: object) -> RunSpec:
        raise Skip(why)

    return make


def _plan_of(name: str, value: str) -> Plan:
    switch = BY_NAME[name]
    title = f"{switch.label} {value}" if name in ("attention", "cache") else switch.label
    why = next(choice.help for choice in switch.choices if choice.value == value)
    why = switch.help if value == "on" else why
    word = name if title == switch.label else f"{name}-{value}"
    return Plan(word.replace("_", "-"), title, why, _turn(name, value))


def largest_tried(device: str, spec: RunSpec, most: int) -> int:
    """The largest batch that is looked for."""
    per_prompt = most // len(spec.prompts)
    return min(CPU_BATCH, per_prompt) if device == "cpu" else per_prompt
