"""In which order the cells of a sweep cost least: the fewest loads, compiles and swaps of a VAE.

What a run finds on the device, and what it must change of it, is what
:class:`engine.pipelines.Pipelines` and :class:`engine.switches.wardrobe.Wardrobe` do: another
checkpoint, or another way of loading it, is a load, after which nothing else is on it; another
switch below ``compile`` on the stack makes it compile anew, and so does another shape of call;
another VAE is read from disk. All else costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from engine.spec import RunSpec
from engine.sweep.sweep import Cell
from engine.switches import build_of, stack
from engine.switches.base import Part, Switch

_EXACT = 8
"""So many kinds of cells of one load are put in the best order by trying all."""

_DEFAULT_VAE = "default"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What cells must have in common for nothing to be changed between them.

    Attributes:
        load: the checkpoint and how it is loaded.
        compiled: the switches that its compiled code was made with; empty for none.
        vae: which one is on it.
    """

    load: tuple[object, ...]
    compiled: tuple[str, ...]
    vae: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What some runs after each other cost besides themselves.

    Attributes:
        reloads: checkpoints that are loaded.
        recompiles: times that something is compiled.
        parts: VAEs that are read from disk.
    """

    reloads: int = 0
    recompiles: int = 0
    parts: int = 0


def bill(specs: Iterable[RunSpec], loaded: RunSpec | None = None, auto: str = "") -> Bill:
    """What runs cost besides themselves, in this order.

    Args:
        specs: of the runs.
        loaded: of the run before; ``None`` when no checkpoint is loaded.
        auto: the precision that is meant when none is said, such as ``"fp16"``; empty: unknown.
    """
    reloads = recompiles = parts = 0
    now = _kind(loaded, auto) if loaded is not None else None
    warm: set[object] = {_shape(loaded)} if loaded is not None and now and now.compiled else set()
    for spec in specs:
        kind = _kind(spec, auto)
        if now is None or now.load != kind.load:
            reloads += 1
            now = _Kind(kind.load, (), _DEFAULT_VAE)
        if now.compiled != kind.compiled:
            warm = set()
        if kind.compiled and _shape(spec) not in warm:
            recompiles += 1
            warm.add(_shape(spec))
        parts += kind.vae not in (now.vae, _DEFAULT_VAE)
        now = kind
    return Bill(reloads, recompiles, parts)


def order(cells: Sequence[Cell], loaded: RunSpec | None = None, auto: str = "") -> tuple[int, ...]:
    """The indices of the cells that can be done, in the order that costs least.

    First the fewest loads, then the fewest compiles, then the fewest swaps of a VAE; of all orders
    like that one near to reading order.

    Args:
        cells: in reading order.
        loaded, auto: see :func:`bill`.
    """
    kinds: dict[_Kind, list[int]] = {}
    for cell in cells:
        if cell.spec is not None:
            kinds.setdefault(_kind(cell.spec, auto), []).append(cell.index)
    now = _kind(loaded, auto) if loaded is not None else None
    by_load: dict[tuple[object, ...], list[_Kind]] = {}
    for kind in kinds:  # in the order in which the first of each comes
        by_load.setdefault(kind.load, []).append(kind)
    loads = sorted(by_load, key=lambda load: now is None or load != now.load)  # stable
    found: list[int] = []
    for load in loads:
        before = now if now is not None and now.load == load else _Kind(load, (), _DEFAULT_VAE)
        for kind in _arranged(by_load[load], before):
            found += kinds[kind]
    return tuple(found)


def _kind(spec: RunSpec, auto: str) -> _Kind:
    values = spec.switches
    build = dict(build_of(values).values)
    build["precision"] = build.get("precision", "auto")
    if build["precision"] == "auto" and auto:
        build["precision"] = auto
    compiled: tuple[str, ...] = ()
    if values.get("compile", "off") != "off":
        compiled = tuple(values.get(s.name, s.default) for s in _below_compile())
    vae = values.get("vae", _DEFAULT_VAE)
    return _Kind((spec.checkpoint, *sorted(build.items())), compiled, vae)


def _below_compile() -> Sequence[Switch]:
    names = [switch.name for switch in stack(Part.DENOISER)]
    return stack(Part.DENOISER)[: names.index("compile") + 1]


def _shape(spec: RunSpec) -> tuple[object, ...]:
    """What compiled code is made for."""
    guided = spec.guidance_scale > 1
    return spec.width, spec.height, len(spec.pictures), guided, spec.scheduler


# The kinds of one load


def _step(before: _Kind, after: _Kind) -> tuple[int, int]:
    """Compiles and swaps between two kinds. All shapes of a kind come together, so each is one."""
    compiles = int(bool(after.compiled) and after.compiled != before.compiled)
    return compiles, int(after.vae not in (before.vae, _DEFAULT_VAE))


def _arranged(kinds: Sequence[_Kind], before: _Kind) -> Sequence[_Kind]:
    return _best(kinds, before) if len(kinds) <= _EXACT else _chained(kinds, before)


def _best(kinds: Sequence[_Kind], before: _Kind) -> list[_Kind]:
    """The cheapest order of all, and of those the one nearest to reading order.

    By the cheapest way through each set of kinds that ends with each of them (Held and Karp, 1962).
    """
    ways: dict[tuple[int, int], _Way] = {}
    for last, kind in enumerate(kinds):
        ways[1 << last, last] = _Way((*_step(before, kind), 0), (last,))
    for _ in range(len(kinds) - 1):
        longer: dict[tuple[int, int], _Way] = {}
        for (seen, last), way in ways.items():
            for following, kind in enumerate(kinds):
                if seen >> following & 1:
                    continue
                compiles, swaps = _step(kinds[last], kind)
                late = (seen >> following).bit_count()  # how many that come later were before it
                cost = (way.cost[0] + compiles, way.cost[1] + swaps, way.cost[2] + late)
                key = seen | 1 << following, following
                new = _Way(cost, (*way.places, following))
                if key not in longer or new < longer[key]:
                    longer[key] = new
        ways = longer
    return [kinds[place] for place in min(ways.values()).places]


@dataclass(frozen=True, slots=True, order=True)
class _Way:
    cost: tuple[int, int, int]
    places: tuple[int, ...]


def _chained(kinds: Sequence[_Kind], before: _Kind) -> list[_Kind]:
    """What is compiled alike stays together, in reading order; the VAEs within that are arranged
    so that as often as can be one ends with the VAE that the next begins with.
    """
    groups: dict[tuple[str, ...], list[_Kind]] = {}
    for kind in kinds:
        groups.setdefault(kind.compiled, []).append(kind)
    compiled = sorted(groups, key=lambda each: each != before.compiled)  # stable
    # By the VAE at the end of what was arranged so far: what it cost, and how it went.
    ways: dict[str, tuple[int, list[_Kind]]] = {before.vae: (0, [])}
    for each in compiled:
        group, longer = groups[each], dict[str, tuple[int, list[_Kind]]]()
        loads = sum(kind.vae != _DEFAULT_VAE for kind in group)
        for first, last in product(group, group):
            if first is last and len(group) > 1:
                continue
            way = [first, *(k for k in group if k not in (first, last)), last][: len(group)]
            for vae, (paid, so_far) in ways.items():
                saved = first.vae == vae != _DEFAULT_VAE
                cost = paid + loads - saved
                if last.vae not in longer or cost < longer[last.vae][0]:
                    longer[last.vae] = cost, [*so_far, *way]
        ways = longer
    return min(ways.values(), key=lambda way: way[0])[1]
