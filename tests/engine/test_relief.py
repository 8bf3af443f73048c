"""Out of memory is an event: a sentence with figures, the next rung, and the memory free again."""

from __future__ import annotations

import errno
import gc
import shutil
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CheckpointError
from engine.events import (
    CheckpointLoaded,
    CheckpointLoading,
    RunCancelled,
    RunFailed,
    RunRetried,
    StepCompleted,
)
from engine.explain import explain, out_of_memory
from engine.history import History
from engine.record import RunRecord, Status
from engine.relief import as_options, next_rung, words
from engine.spec import RunSpec
from engine.switches import BY_NAME, Place
from engine.switches.wardrobe import conflict
from tests.engine.harness import EngineHarness
from tests.engine.test_reversible import loaded_of, state

Make = Callable[..., EngineHarness]
CARD = Place("sd", "unet", "cuda", "float16", vae_tile=512)
CPU_TEXT = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 3221225472 bytes. Error code 12 (Cannot allocate memory)"
)
CUDA_TEXT = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB of "
    "which 1.10 GiB is free."
)


def climb(spec: RunSpec, place: Place, phase: str) -> list[dict[str, str]]:
    """Every rung, one after the other, as long as ``phase`` runs out of memory."""
    rungs = []
    while rung := next_rung(spec, place, phase):
        rungs.append(dict(rung))
        spec = spec.with_(switches={**spec.switches, **rung})
    return rungs


LARGE = RunSpec("a", width=1024, height=1024, batch_size=4)
OFFLOADS = [{"offload": "model"}, {"offload": "sequential"}]


def test_all_rungs_in_their_order() -> None:
    assert climb(LARGE, CARD, "decode") == [
        {"vae_slicing": "on"},
        {"vae_tiling": "on"},
        {"split": "2"},
        {"split": "1"},
        *OFFLOADS,
    ]
    assert climb(LARGE, CARD, "denoise") == [{"split": "2"}, {"split": "1"}, *OFFLOADS]
    assert climb(LARGE, CARD, "encode") == climb(LARGE, CARD, "denoise")
    assert climb(LARGE, CARD, "load") == OFFLOADS
    assert climb(LARGE, CARD, "dress") == OFFLOADS
    assert climb(LARGE, CARD, "save") == []


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"batch_size": 1}, {"vae_tiling": "on"}),
        ({"batch_size": 1, "width": 512, "height": 512}, {"offload": "model"}),
        ({"switches": {"split": "1"}}, {"vae_tiling": "on"}),
        ({"prompt": "a\n---\nb", "batch_size": 1}, {"vae_slicing": "on"}),
        ({"width": 512, "height": 512, "switches": {"vae_slicing": "on"}}, {"split": "2"}),
        ({"switches": {"offload": "group-leaf", "split": "1", "vae_tiling": "on"}}, None),
        ({"switches": {"offload": "group-block", "split": "1", "vae_tiling": "on"}}, OFFLOADS[1]),
    ],
)
def test_only_what_can_help(changes: dict[str, Any], first: dict[str, str] | None) -> None:
    assert next_rung(LARGE.with_(**changes), CARD, "decode") == first


def test_only_what_works_there() -> None:
    assert climb(LARGE, Place(device="cpu"), "denoise") == [{"split": "2"}, {"split": "1"}]
    assert next_rung(LARGE.with_(batch_size=1), Place(device="mps"), "denoise") is None
    bare = Place("x", "unet", "cuda", known=True)
    assert climb(LARGE.with_(batch_size=1), bare, "decode") == OFFLOADS
    fused = LARGE.with_(batch_size=1, switches={"fused_qkv": "on"})
    assert next_rung(fused, CARD, "denoise") is None, "weights that change cannot be offloaded"
    stored = LARGE.with_(batch_size=1, switches={"layerwise": "fp8"})
    assert climb(stored, CARD, "load") == [{"offload": "model"}]


switches = st.fixed_dictionaries(
    {},
    optional={
        "split": st.sampled_from(["1", "2", "3", "8"]),
        "vae_slicing": st.just("on"),
        "vae_tiling": st.just("on"),
        "offload": st.sampled_from(BY_NAME["offload"].values),
        "fused_qkv": st.just("on"),
        "vae": st.just("other"),
        "layerwise": st.just("fp8"),
    },
)
places = st.builds(
    Place,
    device=st.sampled_from(["cuda", "cpu", "mps", ""]),
    features=st.frozensets(st.sampled_from(["vae_slicing", "vae_tiling", "group_offload"])),
    known=st.booleans(),
    vae_tile=st.sampled_from([0, 512]),
)
phases = st.sampled_from(["", "load", "dress", "compile", "encode", "denoise", "decode", "save"])


@given(switches, places, phases, st.integers(1, 64), st.sampled_from([64, 512, 1024]))
def test_every_rung_works_and_there_is_a_last(
    turned: dict[str, str], place: Place, phase: str, batch: int, side: int
) -> None:
    spec = RunSpec("a", batch_size=batch, width=side, height=side, switches=turned)
    for _ in range(12):
        rung = next_rung(spec, place, phase)
        if rung is None:
            return
        ((name, value),) = rung.items()
        switch = BY_NAME[name]
        assert spec.switches.get(name) != value
        assert not switch.unavailable(value, place)
        assert not switch.idle(value, spec)
        spec = spec.with_(switches={**spec.switches, **rung})
        assert not conflict(spec.switches)[0]
        assert words(rung)
    pytest.fail("there is no last rung")


def test_in_words() -> None:
    taken = {"split": "2", "offload": "model", "vae_tiling": "on", "vae_slicing": "on"}
    assert words(taken) == "VAE slicing, VAE tiling, 2 a call, model offload"
    assert words({"attention": "math", "unknown": "on"}) == "Attention math, unknown"
    assert as_options({"split": "2", "vae_slicing": "on"}) == "--set split=2 --set vae_slicing=on"


# The sentence


def told(error: BaseException, spec: RunSpec = LARGE, phase: str = "decode") -> str:
    return explain(error, 1, spec, CARD, device="cuda:0", phase=phase).sentence


def test_the_figures_of_a_card() -> None:
    assert told(torch.OutOfMemoryError(CUDA_TEXT)) == (
        "Not enough memory on cuda:0 for a batch of 4 at 1024x1024 (2.00 GiB more were wanted, "
        "1.10 GiB were free). It may work with VAE slicing."
    )


def test_the_figures_of_main_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.explain.available_bytes", lambda: 2**30)
    assert "(3.00 GiB more were wanted, 1.00 GiB were free)" in told(RuntimeError(CPU_TEXT))
    mps = "MPS backend out of memory (MPS allocated: 5.05 GB). Tried to allocate 2.00 GB on pool."
    assert "at 1024x1024 (2.00 GB more were wanted). It may" in told(RuntimeError(mps))
    assert "at 1024x1024. It may work" in told(MemoryError())


def test_at_the_top_there_is_still_something_to_say() -> None:
    alone = LARGE.with_(batch_size=1, switches={"offload": "sequential", "vae_tiling": "on"})
    assert told(MemoryError(), alone).endswith("for a picture at 1024x1024. Try a smaller size.")
    assert told(MemoryError(), alone, "load") == "Not enough memory to load scenes."
    loading = told(MemoryError(), phase="load")
    assert loading == "Not enough memory to load scenes. It may work with model offload."


def test_what_cannot_be_compiled_says_why() -> None:
    from torch._dynamo.exc import TorchDynamoException

    said = told(TorchDynamoException("backend='inductor' raised:\nRuntimeError: No C++ compiler."))
    assert said.startswith(
        "It could not be compiled here (RuntimeError: No C++ compiler.). Turn off"
    )


def test_libraries_hide_that_memory_ran_out() -> None:
    def hidden(cause: BaseException) -> BaseException:
        try:
            try:
                raise cause
            except Exception:
                raise OSError("Unable to load weights") from None
        except OSError as error:
            raised = CheckpointError("It could not be loaded.")
            raised.__cause__ = error
            return raised

    for cause in (
        MemoryError(),
        torch.OutOfMemoryError(CUDA_TEXT),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ):
        assert out_of_memory(hidden(cause)) is cause
    assert out_of_memory(hidden(ValueError("x"))) is None
    assert told(hidden(ValueError("x"))) == "It could not be loaded."


# Running out of memory on purpose


class Held:
    """Tensors that only the frames of a failed run hold."""

    def __init__(self) -> None:
        self.refs: list[weakref.ref[torch.Tensor]] = []

    def big(self, mib: int = 1) -> torch.Tensor:
        tensor = torch.ones(mib * 2**18)
        self.refs.append(weakref.ref(tensor))
        return tensor

    @property
    def alive(self) -> int:
        return sum(ref() is not None for ref in self.refs)


@contextmanager
def short_of_memory(phase: str, held: Held, mib: int = 1, step: int = 2) -> Iterator[None]:
    """Every run needs more memory than there is in one phase."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    cls, name = {
        "load": (AutoencoderKL, "from_pretrained"),
        "encode": (CLIPTextModel, "forward"),
        "denoise": (UNet2DConditionModel, "forward"),
        "decode": (AutoencoderKL, "decode"),
    }[phase]
    real: Any = getattr(cls, name)
    calls = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = [held.big(mib)]
        mine += [mine]  # type: ignore[list-item]  # a cycle, as libraries make them
        if phase != "denoise" or calls % step == 0:
            raise torch.OutOfMemoryError(CUDA_TEXT)
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, name, failing)
        yield


def test_memory_comes_back_after_failures_in_every_phase(
    harness: Make, spec: RunSpec, copy: Path
) -> None:
    tested, held, process = harness(previews=True), Held(), psutil.Process()
    good = [image.tobytes() for image in tested.run(spec.with_(batch_size=2)).images]
    other = spec.with_(checkpoint=str(copy))
    tested.run(other)
    tested.run(spec)
    clean = state(loaded_of(tested))
    gc.collect()
    before = process.memory_info().rss
    for number in range(20):
        phase = ("load", "encode", "denoise", "decode")[number % 4]
        asked = spec.with_(
            batch_size=2, switches={"fused_qkv": "on", "vae_slicing": "on", "channels_last": "on"}
        )
        if phase == "load":
            asked = other if number % 8 else other.with_(switches={"precision": "bf16"})
        with short_of_memory(phase, held, mib=48, step=2 + number % 2):
            record = tested.fail(asked)
        assert "(2.00 GiB more were wanted, 1.10 GiB were free)" in record.error
        assert record.steps == (1 + number % 2 if phase == "denoise" else 3 * (phase == "decode"))
        assert held.alive == 0, phase
    assert len(held.refs) >= 20
    assert process.memory_info().rss - before < 64 * 2**20
    assert [image.tobytes() for image in tested.run(spec.with_(batch_size=2)).images] == good
    changed = {k for k, v in state(loaded_of(tested)).items() if clean[k] != v}
    assert changed <= {"denoiser identity", "vae identity", "scheduler"}, "loaded anew in between"


def test_switches_come_off_when_memory_ran_out(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    tested.run(spec)
    before = state(loaded_of(tested))
    with short_of_memory("denoise", Held()):
        tested.fail(spec.with_(switches={"fused_qkv": "on", "vae_slicing": "on"}))
    assert state(loaded_of(tested)) == before
    assert len(tested.all(CheckpointLoaded)) == 1


@pytest.mark.parametrize("can_go_back", [True, False])
@pytest.mark.parametrize(("name", "value"), [("vae_precision", "fp32"), ("vae", "vae-better")])
def test_a_switch_that_runs_out_of_memory_half_way(
    harness: Make, spec: RunSpec, copy: Path, name: str, value: str, can_go_back: bool
) -> None:
    from diffusers import AutoencoderKL

    shutil.copytree(copy / "vae", copy / "vae-better")
    tested = harness()
    plain = spec.with_(checkpoint=str(copy), switches={"precision": "bf16"})
    good = tested.run(plain).images[0].tobytes()
    before = state(loaded_of(tested))
    real, failed = AutoencoderKL.to, [False]

    def to(self: Any, where: Any) -> Any:
        if where == "cpu" or (failed[0] and can_go_back):
            return real(self, where)
        failed[0] = True
        self.decoder.conv_in.to(torch.float32)
        raise torch.OutOfMemoryError(CUDA_TEXT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AutoencoderKL, "to", to)
        record = tested.fail(plain.with_(switches={**plain.switches, name: value}))
    assert "Not enough memory on cpu" in record.error
    assert tested.run(plain).images[0].tobytes() == good
    assert len(tested.all(CheckpointLoaded)) == (1 if can_go_back else 2)
    if can_go_back:
        assert state(loaded_of(tested)) == before


# Climbing


def limited(monkeypatch: pytest.MonkeyPatch, limit: int, phase: str = "denoise") -> None:
    """A device with room for ``limit`` pictures at a time, in the UNet or in the VAE."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.autoencoders.vae import Decoder

    cls: Any = UNet2DConditionModel if phase == "denoise" else Decoder
    each = 2 if phase == "denoise" else 1  # guidance asks for two at once
    real = cls.forward

    def forward(self: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
        if sample.shape[0] > limit * each:
            raise torch.OutOfMemoryError(CUDA_TEXT)
        return real(self, sample, *args, **kwargs)

    monkeypatch.setattr(cls, "forward", forward)


def test_a_run_climbs_by_itself(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history, climb=True)
    asked = spec.with_(batch_size=4)
    pictures = [
        image.tobytes() for image in tested.run(asked.with_(switches={"split": "1"})).images
    ]
    limited(monkeypatch, 1)
    end = tested.run(asked)
    record = end.record
    assert record.spec.switches == {"split": "1"}
    assert record.notes == ("Ran out of memory at first; made with 1 a call.",)
    assert [image.tobytes() for image in end.images] == pictures
    assert not record.error
    assert not record.advice
    assert record.steps == record.evaluations == 12
    retried = tested.all(RunRetried, end.run_id)
    assert [dict(event.switches) for event in retried] == [{"split": "2"}, {"split": "1"}]
    assert retried[0].reason.endswith("(2.00 GiB more were wanted, 1.10 GiB were free).")
    times = record.seconds
    assert times.retried > 0
    parts = times.load + times.encode + times.denoise + times.decode + times.save
    assert parts + times.retried == pytest.approx(times.total, abs=0.2)
    assert history.get(end.run_id) == record


def test_the_vae_has_rungs_of_its_own(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(climb=True)
    limited(monkeypatch, 1, "decode")
    end = tested.run(spec.with_(batch_size=3, switches={"split": "2"}))
    assert end.record.spec.switches == {"vae_slicing": "on", "split": "2"}
    assert end.record.notes[-1] == "Ran out of memory at first; made with VAE slicing."


def test_at_the_top_it_fails(harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    tested = harness(climb=True)
    good = tested.run(spec)
    with monkeypatch.context() as patch:
        limited(patch, 0)
        record = tested.fail(spec.with_(batch_size=2))
    assert record.error.endswith("Try a smaller batch or size.")
    assert record.notes == ("Ran out of memory at first; went on with 1 a call.",)
    assert not record.advice
    assert tested.run(spec).images[0].tobytes() == good.images[0].tobytes()


def test_without_the_setting_it_only_advises(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)
    limited(monkeypatch, 1)
    asked = spec.with_(batch_size=2)
    record = tested.fail(asked)
    assert record.advice == {"split": "1"}
    assert history.get(record.id) == record
    assert not tested.all(RunRetried)
    advised = record.spec.with_(switches={**record.spec.switches, **record.advice})
    assert tested.run(advised).record.spec.switches == {"split": "1"}


@pytest.mark.parametrize("at", [RunRetried, StepCompleted])
def test_cancel_while_climbing(
    harness: Make,
    spec: RunSpec,
    monkeypatch: pytest.MonkeyPatch,
    at: type[RunRetried] | type[StepCompleted],
) -> None:
    tested = harness(climb=True)
    limited(monkeypatch, 1)

    def react(event: object) -> None:
        if isinstance(event, at):
            tested.engine.cancel()

    tested.react = react
    end = tested.end_of(tested.engine.submit(spec.with_(batch_size=2)))
    assert isinstance(end, RunCancelled)
    assert len(tested.all(RunRetried)) == 1
    assert end.record.notes == ("Ran out of memory at first; went on with 1 a call.",)
    tested.react = None
    assert tested.run(spec)


def test_another_build_lets_go_of_the_first(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the way to offloading, the checkpoint is never held twice."""
    tested = harness(climb=True)
    tested.run(spec)
    first = weakref.ref(loaded_of(tested).denoiser)
    alive: list[bool] = []

    def rung(asked: RunSpec, *_: Any) -> dict[str, str] | None:
        return None if asked.switches else {"precision": "bf16"}

    def react(event: object) -> None:
        if isinstance(event, CheckpointLoading) and "unet" in event.stage:
            alive.append(first() is not None)

    monkeypatch.setattr("engine.explain.next_rung", rung)
    tested.react = react
    with short_of_memory("denoise", Held(), step=1):
        record = tested.fail(spec)
    assert record.spec.switches == {"precision": "bf16"}
    assert alive == [False]


def test_an_older_record_has_no_retries() -> None:
    values = RunRecord(1, Status.FINISHED, RunSpec("a"), "2026-01-01T12:00:00Z").to_json()
    values["seconds"] = {"load": 1.0, "total": 2.0}
    assert RunRecord.from_json(values).seconds.retried == 0.0


def test_loading_fails_like_any_other(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    with short_of_memory("load", Held()):
        end = tested.end_of(tested.engine.submit(spec))
    assert isinstance(end, RunFailed)
    assert end.record.error == (
        f"Not enough memory to load {spec.checkpoint} (2.00 GiB more were wanted, 1.10 GiB were "
        "free)."
    )
    assert not end.record.advice, "on the CPU there is nowhere to offload to"
    assert tested.run(spec)
