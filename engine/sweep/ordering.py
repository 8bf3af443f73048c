"""In which order the cells of a sweep cost least: the fewest loads, compiles and swaps of a VAE.

What a run finds on the device, and what it must change of it, is what
:class:`engine.pipelines.Pipelines` and :class:`engine.switches.wardrobe.Wardrobe` do: another
checkpoint, or another way of loading it, is a load, after which nothing else is on it; another
switch below ``compile`` on the stack makes it compile anew, and so does another shape of call;
another VAE is read from disk. All else costs nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.compiling import shapes
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
    """What runs cost besides themselves, in this order; see :func:`bills`."""
    paid = list(bills(specs, loaded, auto))
    return Bill(
        sum(each.reloads for each in paid),
        sum(each.recompiles for each in paid),
        sum(each.parts for each in paid),
    )


def bills(
    specs: Iterable[RunSpec], loaded: RunSpec | None = None, auto: str = ""
) -> Iterator[Bill]:
    """What each of some runs costs besides itself, in this order.

    Args:
        specs: of the runs.
        loaded: of the run before; ``None`` when no checkpoint is loaded.
        auto: the precision that is meant when none is said, such as ``"fp16"``; empty: unknown.
    """
    now = _kind(loaded, auto) if loaded is not None else None
    warm: set[object] = (
        set(shapes(loaded)) if loaded is not None and now and now.compiled else set()
    )
    for spec in specs:
        kind = _kind(spec, auto)
        reloads = now is None or now.load != kind.load
        if now is None or reloads:
            now = _Kind(kind.load, (), _DEFAULT_VAE)
        if now.compiled != kind.compiled:
            warm = set()
        new = shapes(spec) - warm if kind.compiled else frozenset()
        warm |= new
        yield Bill(int(reloads), len(new), int(kind.vae not in (now.vae, _DEFAULT_VAE)))
        now = kind


def order(
    cells: Sequence[Cell],
    loaded: RunSpec | None = None,
    auto: str = "",
    last: Sequence[int] = (),
) -> tuple[int, ...]:
    """The indices of the cells that can be done, in the order that costs least.

    First the fewest loads, then the fewest compiles, then the fewest swaps of a VAE; of all orders
    like that one near to reading order.

    Args:
        cells: in reading order.
        loaded, auto: see :func:`bills`.
        last: indices that come after all others, in this order, whatever that costs.
    """
    late = {index: place for place, index in enumerate(last)}
    kinds: dict[_Kind, list[int]] = {}
    for cell in cells:
        if cell.spec is not None and cell.index not in late:
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
    found += sorted((c.index for c in cells if c.spec and c.index in late), key=late.__getitem__)
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


def is_swap(before: RunSpec, after: RunSpec, auto: str = "") -> bool:
    """Whether between two runs another VAE is put on, and nothing is loaded."""
    one, other = _kind(before, auto), _kind(after, auto)
    return one.load == other.load and one.vae != other.vae


def _below_compile() -> Sequence[Switch]:
    names = [switch.name for switch in stack(Part.DENOISER)]
    return stack(Part.DENOISER)[: names.index("compile") + 1]


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
        # Only which comes first and which last matters, and for each last one the best two will do.
        joined = [_joined(ways, kind) for kind in group]
        best = heapq.nsmallest(2, range(len(group)), key=lambda place: joined[place][0])
        for last in group:
            place = next(at for at in best if group[at] is not last or len(group) == 1)
            first, (paid, vae) = group[place], joined[place]
            way = [first, *(k for k in group if k is not first and k is not last), last]
            longer[last.vae] = paid + loads, [*ways[vae][1], *way[: len(group)]]
        ways = longer
    return min(ways.values(), key=lambda way: way[0])[1]


def _joined(ways: Mapping[str, tuple[int, list[_Kind]]], first: _Kind) -> tuple[int, str]:
    """The least that ways cost which go on with a kind, less its own VAE where that is on; and by
    which VAE that one ends.
    """
    least = min(ways, key=lambda vae: ways[vae][0])
    if first.vae != _DEFAULT_VAE and first.vae in ways:
        return min((ways[first.vae][0] - 1, first.vae), (ways[least][0], least))
    return ways[least][0], least
