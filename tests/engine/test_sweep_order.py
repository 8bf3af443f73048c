"""The order of a sweep's cells: the fewest loads, compiles and swaps, then reading order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.record import Status
from engine.spec import RunSpec
from engine.sweep import Bill, Cell, State, bill, grid, order, parse_sweep
from engine.sweep.ordering import bills
from tests.engine.histories import record_of

BASE = RunSpec("a", "one", seed=7)


def ordered(texts: Sequence[str], loaded: RunSpec | None = None, auto: str = "") -> list[RunSpec]:
    cells = parse_sweep(texts, BASE).cells()
    indices = order(cells, loaded, auto)
    assert sorted(indices) == [cell.index for cell in cells if cell.spec is not None]
    return [spec for i in indices if (spec := cells[i].spec) is not None]


def test_two_checkpoints_three_schedulers_two_vaes() -> None:
    texts = ["scheduler=DDIM,Euler,PNDM", "checkpoint=one,two", "vae=default,/a/vae"]
    assert bill(ordered(texts)) == Bill(reloads=2, parts=2)
    for first in permutations(texts):
        assert bill(ordered(first)) == Bill(reloads=2, parts=2), "however the axes lie"
    loaded = RunSpec("b", "two", switches={"vae": "/a/vae"})
    specs = ordered(texts, loaded)
    assert bill(specs, loaded) == Bill(reloads=1, parts=1), "what is loaded is used first"
    assert (specs[0].checkpoint, specs[0].switches["vae"]) == ("two", "/a/vae")


def test_where_nothing_costs_it_is_reading_order() -> None:
    cells = parse_sweep(["steps=3,1,2", "guidance=4,1", "attention_slicing=max,off"], BASE).cells()
    assert order(cells) == tuple(range(12))


def test_precisions_that_are_one_are_loaded_once() -> None:
    texts = ["precision=auto,fp16,fp32"]
    assert [dict(s.switches) for s in ordered(texts, auto="fp32")] == [
        {},
        {"precision": "fp32"},
        {"precision": "fp16"},
    ]
    assert bill(ordered(texts, auto="fp32"), auto="fp32").reloads == 2
    assert bill(ordered(texts)).reloads == 3


def test_compiled_code_is_used_while_it_is_there() -> None:
    texts = ["compile=off,regional", "size=64,128", "vae=default,/a/vae"]
    assert bill(ordered(texts)) == Bill(reloads=1, recompiles=2, parts=1)
    texts = ["vae=default,/a,/b", "attention_slicing=off,4,max", "compile=regional"]
    assert bill(ordered(texts)) == Bill(reloads=1, recompiles=3, parts=4)


def test_what_is_compiled_already_is_not_compiled_again() -> None:
    texts = ["size=64,128", "steps=1,2", "compile=regional"]
    specs = ordered(texts)
    assert [each.recompiles for each in bills(specs)] == [1, 1, 0, 0]
    kinds = ["scheduler=DPM++ 2M,DPM++ 3M,Euler", "compile=regional"]
    assert bill(ordered(kinds)).recompiles == 2, "one for each class of diffusers"
    several = BASE.with_(batch_size=5, switches={"compile": "regional", "split": "2"})
    assert bill([several, several]).recompiles == 2, "calls of 2, and one of 1"
    assert bill([several, several.with_(batch_size=2)]).recompiles == 2


def test_what_ended_the_process_comes_last() -> None:
    sweep = parse_sweep(["checkpoint=one,two", "steps=1,2,3"], BASE)
    ends = {0: (9, Status.INTERRUPTED), 3: (8, Status.INTERRUPTED), 4: (7, Status.CANCELLED)}
    records = {
        cell: record_of(run, status=status, cell=cell) for cell, (run, status) in ends.items()
    }
    found = grid(sweep, records)
    assert order(found.left(), last=found.interrupted) == (1, 5, 2, 4, 3, 0)


def test_many_vaes_are_arranged_at_once() -> None:
    switches = [{"vae": f"/v{i}", "compile": c} for i in range(200) for c in ("off", "regional")]
    specs = [BASE.with_(switches=each) for each in switches]
    cells = [Cell(index, (index,), spec) for index, spec in enumerate(specs)]
    began = process_time()
    assert bill([specs[i] for i in order(cells)]) == Bill(1, 1, 399)
    assert process_time() - began < 2


def test_impossible_cells_are_left_out() -> None:
    cells = parse_sweep(["steps=0,1,2"], BASE).cells()
    assert order(cells) == (1, 2)
    assert order(()) == ()
    assert bill(()) == Bill()


SWITCHES = st.fixed_dictionaries(
    {},
    optional={
        "vae": st.sampled_from(["default", "/a", "/b"]),
        "compile": st.sampled_from(["off", "regional"]),
        "attention_slicing": st.sampled_from(["off", "max"]),
        "precision": st.sampled_from(["fp16", "fp32"]),
    },
)
SPECS = st.builds(
    lambda checkpoint, switches, scheduler: RunSpec(
        "a", checkpoint, switches=switches, scheduler=scheduler
    ),
    st.sampled_from(["one", "two"]),
    SWITCHES,
    st.sampled_from(["DDIM", "Euler"]),
)


def cost(paid: Bill) -> tuple[int, int, int]:
    return paid.reloads, paid.recompiles, paid.parts


@settings(max_examples=60, deadline=None)
@given(st.lists(SPECS, min_size=1, max_size=5), st.none() | SPECS)
def test_no_order_costs_less(specs: list[RunSpec], loaded: RunSpec | None) -> None:
    if loaded is not None:  # what it has compiled is not known to whoever asks
        loaded = loaded.with_(switches={**loaded.switches, "compile": "off"})
    cells = [Cell(index, (index,), spec) for index, spec in enumerate(specs)]
    found = order(cells, loaded)
    assert sorted(found) == list(range(len(specs)))
    least = min(cost(bill(each, loaded)) for each in permutations(specs))
    assert cost(bill([specs[i] for i in found], loaded)) == least


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_large_grids_cost_what_they_must(
    checkpoints: int, slicings: int, vaes: int, steps: int
) -> None:
    names = [f"c{i}" for i in range(checkpoints)]
    values = ["off", *map(str, range(2, slicings + 1))]
    base = RunSpec("a", switches={"compile": "regional"})
    switches = [
        {"attention_slicing": value, "vae": f"/v{i}"} for value in values for i in range(vaes)
    ]
    specs = [
        base.with_(checkpoint=name, switches={**base.switches, **switch}, num_inference_steps=step)
        for step in range(1, steps + 1)
        for switch in switches
        for name in names
    ]
    cells = [Cell(index, (index,), spec) for index, spec in enumerate(specs)]
    made = bill([specs[i] for i in order(cells)])
    # Each VAE for each compiled code, but for the one that is on it already.
    parts = vaes + (len(values) - 1) * (vaes - 1)
    assert made == Bill(checkpoints, checkpoints * len(values), checkpoints * parts)


# How far it is


def test_the_state_of_each_cell() -> None:
    sweep = parse_sweep(["steps=0,1,2,3,4,5,6,7"], BASE)
    ends = {
        1: Status.FINISHED,
        2: Status.FAILED,
        3: Status.CANCELLED,
        4: Status.INTERRUPTED,
        5: Status.FAILED,
    }
    records = {
        cell: record_of(cell, status=status, cell=cell, error="It broke." * (status == "failed"))
        for cell, status in ends.items()
    }
    found = grid(sweep, records, {5: False, 6: True})
    assert [each.state for each in found.cells] == [
        State.IMPOSSIBLE,
        State.DONE,
        State.FAILED,
        State.CANCELLED,
        State.CANCELLED,
        State.WAITING,
        State.RUNNING,
        State.OPEN,
    ]
    assert "Steps must be" in found.cells[0].error
    assert found.at(2).error == "It broke."
    assert found.cells[1].record == records[1]
    assert [cell.index for cell in found.left()] == [3, 7, 4]
    assert [cell.index for cell in found.left(failed=True)] == [2, 3, 7, 4]
    assert found.count(State.DONE, State.FAILED) == 2
    assert not found.over
    told = found.to_json()
    assert told[1]["run"] == 1
    assert told[1]["values"] == ["1"]
    assert told[0]["state"] == "impossible"
