"""A real shortage, on a card of which most is taken away: figures, advice, climbing, filling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from engine.events import FillEnded, FillFound, RunFinished, RunRetried
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]
MIB = 2**20

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@contextmanager
def only(mib: int) -> Iterator[None]:
    """Leave torch ``mib`` more than it has now."""
    torch.cuda.empty_cache()
    total = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + mib * MIB) / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.fixture
def large(sd: Path) -> RunSpec:
    """The batch needs far more than a picture, in the decode above all."""
    return RunSpec(
        "a red sun",
        str(sd),
        num_inference_steps=2,
        scheduler=None,
        width=512,
        height=512,
        batch_size=32,
    )


def test_it_is_told_with_figures_and_memory_comes_back(harness: Make, large: RunSpec) -> None:
    tested = harness(device="cuda")
    good = tested.run(large.with_(batch_size=1)).images[0].tobytes()
    torch.cuda.empty_cache()
    before, free = torch.cuda.memory_allocated(), torch.cuda.mem_get_info()[0]
    with only(192):
        for _ in range(3):
            record = tested.fail(large)
            assert "more were wanted" in record.error
            assert "cuda:0 for a batch of 32 at 512x512" in record.error
            assert record.advice
            assert torch.cuda.memory_allocated() - before < 64 * MIB
            assert free - torch.cuda.mem_get_info()[0] < 64 * MIB
    assert tested.run(large.with_(batch_size=1)).images[0].tobytes() == good


def test_it_climbs_until_it_works(harness: Make, large: RunSpec) -> None:
    tested = harness(device="cuda", climb=True)
    tested.run(large.with_(batch_size=1))
    with only(192):
        end = tested.end_of(tested.engine.submit(large))
    assert isinstance(end, RunFinished), end
    assert tested.all(RunRetried)
    assert end.record.notes[0].startswith("Ran out of memory at first; made with ")


def test_the_largest_batch_fits_and_one_more_does_not(harness: Make, large: RunSpec) -> None:
    tested = harness(device="cuda")
    tested.run(large.with_(batch_size=1))
    with only(512):
        tested.engine.fill(large)
        tested.wait_idle()
        assert not tested.all(FillEnded)
        batch = tested.wait(FillFound).batch
        assert 1 <= batch < 64
        assert tested.run(large.with_(batch_size=batch))
        assert tested.fail(large.with_(batch_size=batch + 1)).advice
