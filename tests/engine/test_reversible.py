"""Every switch on, then off: the picture of never-on to the bit, and a pipeline as if never on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.events import CheckpointLoaded, Event, RunCancelled, RunDecoding
from engine.loaded import Loaded
from engine.spec import RunSpec
from engine.switches import BY_NAME, SWITCHES, Cost, Part
from engine.switches.wardrobe import conflict
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]
FAMILIES = ("sd", "sdxl", "sd3", "flux")


def spec_of(folder: Path) -> RunSpec:
    return RunSpec(
        "a red sun",
        str(folder),
        seed=3,
        num_inference_steps=3,
        scheduler=None,
        batch_size=2,
        width=64,
        height=64,
    )


def loaded_of(made: EngineHarness) -> Loaded:
    worker: Any = made.engine._worker
    loaded = worker._pipelines._loaded
    assert isinstance(loaded, Loaded)
    return loaded


def state(loaded: Loaded) -> dict[str, Any]:
    """Everything a switch could leave behind."""
    found: dict[str, Any] = {}
    for name in ("denoiser", "vae"):
        model = loaded.denoiser if name == "denoiser" else loaded.pipeline.vae
        found[f"{name} identity"] = id(model)
        found[f"{name} weights"] = {
            key: (p.dtype, p.device, p.stride(), tuple(p.shape))
            for key, p in model.state_dict(keep_vars=True).items()
        }
        found[f"{name} calls"] = {
            key: (
                type(getattr(module, "processor", None)).__name__,
                getattr(getattr(module, "processor", None), "_attention_backend", None),
                getattr(module, "fused_projections", False),
                "forward" in vars(module),
                module._compiled_call_impl is not None,
                "_diffusers_hook" in vars(module),
                len(module._forward_hooks) + len(module._forward_pre_hooks),
            )
            for key, module in model.named_modules()
        }
    found["vae flags"] = (loaded.pipeline.vae.use_slicing, loaded.pipeline.vae.use_tiling)
    found["scheduler"] = id(loaded.pipeline.scheduler)
    return found


def pixels(made: EngineHarness, spec: RunSpec) -> list[bytes]:
    return [image.tobytes() for image in made.run(spec).images]


def usable(made: EngineHarness, *, compiled: bool = False) -> list[tuple[str, str]]:
    """Every value of every switch that works on the loaded pipeline."""
    place = loaded_of(made).place
    return [
        (switch.name, choice.value)
        for switch in SWITCHES
        for choice in switch.offered(place)[1:]
        if not switch.unavailable(choice.value, place) and (compiled or switch.name != "compile")
    ]


@pytest.mark.parametrize("family", [*FAMILIES, "scenes"])
def test_off_on_off_is_never_on(
    harness: Make, checkpoint: Callable[[str], Path], family: str
) -> None:
    made = harness(previews=False)
    spec = spec_of(Path("scenes") if family == "scenes" else checkpoint(family))
    never, before = pixels(made, spec), state(loaded_of(made))
    values = usable(made)
    assert {"precision", "vae_slicing", "fused_qkv", "attention"} <= {name for name, _ in values}
    for name, value in values:
        loads = len(made.all(CheckpointLoaded))
        changed = spec.with_(switches={name: value})
        end = made.end_of(made.engine.submit(changed))
        if "has no" in end.record.error:  # this scheduler has none of these
            continue
        assert end.record.error == "", (name, value)
        assert end.record.spec.switches == {name: value}
        same = (name, value) == ("precision", "fp32")  # what auto means on the CPU
        costs = BY_NAME[name].cost is Cost.RELOAD and not same
        assert same == ("Precision had no effect: it is what auto means here." in end.record.notes)
        assert len(made.all(CheckpointLoaded)) - loads == costs, (name, value)
        assert pixels(made, spec) == never, (name, value)
        if not costs:
            assert state(loaded_of(made)) == before, (name, value)
        else:
            before = state(loaded_of(made))


def test_switches_do_what_they_say(harness: Make, sd: Path) -> None:
    made = harness(previews=False)
    spec = spec_of(sd)
    never = pixels(made, spec)

    def processors() -> set[str]:
        return {type(p).__name__ for p in loaded_of(made).denoiser.attn_processors.values()}

    assert processors() == {"AttnProcessor2_0"}
    made.run(spec.with_(switches={"fused_qkv": "on"}))
    assert processors() == {"FusedAttnProcessor2_0"}
    made.run(spec.with_(switches={"attention_slicing": "max"}))
    assert processors() == {"SlicedAttnProcessor"}
    made.run(spec.with_(switches={"vae_slicing": "on", "vae_tiling": "on"}))
    vae = loaded_of(made).pipeline.vae
    assert (vae.use_slicing, vae.use_tiling) == (True, True)
    made.run(spec.with_(switches={"precision": "bf16"}))
    assert str(loaded_of(made).denoiser.dtype) == "torch.bfloat16"
    assert pixels(made, spec.with_(switches={"precision": "bf16"})) != never
    end = made.run(spec.with_(switches={"precision": "fp16", "vae_precision": "fp32"}))
    assert end.record.dtype == "float16"
    assert str(loaded_of(made).pipeline.vae.dtype) == "torch.float32"
    made.run(spec.with_(switches={"layerwise": "fp8"}))
    dtypes = {str(p.dtype) for p in loaded_of(made).denoiser.parameters()}
    assert "torch.float8_e4m3fn" in dtypes


def test_pairs_of_switches(harness: Make, sd: Path) -> None:
    made = harness(previews=False)
    spec = spec_of(sd).with_(scheduler="Euler")
    never = pixels(made, spec)
    before = state(loaded_of(made))
    instant = [pair for pair in usable(made) if BY_NAME[pair[0]].cost is not Cost.RELOAD]
    for one, other in combinations(instant, 2):
        if one[0] == other[0]:
            continue
        pair = dict((one, other))
        end = made.end_of(made.engine.submit(spec.with_(switches=pair)))
        assert end.record.error == "", pair
        assert pixels(made, spec) == never, pair
        assert state(loaded_of(made)) == before, pair


@pytest.mark.parametrize("family", ["sd", "flux"])
def test_random_walks_of_switches(
    harness: Make, checkpoint: Callable[[str], Path], family: str
) -> None:
    made = harness(previews=False)
    spec = spec_of(checkpoint(family)).with_(num_inference_steps=2)
    never, before = pixels(made, spec), state(loaded_of(made))
    instant = [pair for pair in usable(made) if BY_NAME[pair[0]].cost is not Cost.RELOAD]

    @settings(
        max_examples=12,
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.lists(st.sampled_from(instant), max_size=5).map(dict), max_size=4))
    def walk(steps: list[dict[str, str]]) -> None:
        for values in steps:
            end = made.end_of(made.engine.submit(spec.with_(switches=values)))
            assert not end.record.error or conflict(values)[0] or "has no" in end.record.error
        assert pixels(made, spec) == never
        assert state(loaded_of(made)) == before

    walk()


def test_the_least_work_is_done(harness: Make, sd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turning a switch of the VAE leaves those of the denoiser on, and those below stay on too."""
    made = harness(previews=False)
    spec = spec_of(sd)
    applied: list[str] = []
    for switch in SWITCHES:
        own = type(switch).apply

        def told(self: Any, *args: Any, own: Any = own) -> Any:
            applied.append(self.name)
            return own(self, *args)

        monkeypatch.setattr(type(switch), "apply", told)

    def turn(values: Mapping[str, str]) -> list[str]:
        applied.clear()
        made.run(spec.with_(switches=values))
        return list(applied)

    assert turn({"fused_qkv": "on"}) == ["fused_qkv"]
    assert turn({"fused_qkv": "on", "vae_slicing": "on"}) == ["vae_slicing"]
    assert turn({"fused_qkv": "on", "vae_slicing": "on", "sigmas": "default"}) == []
    assert turn({"fused_qkv": "on", "attention": "math", "vae_slicing": "on"}) == ["attention"]
    assert turn({}) == []
    assert len(made.all(CheckpointLoaded)) == 1


def test_a_switch_that_cannot_be_put_on_leaves_nothing_behind(
    harness: Make, sd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = harness(previews=False)
    spec = spec_of(sd)
    never, before = pixels(made, spec), state(loaded_of(made))
    unet = type(loaded_of(made).denoiser)
    fuse = unet.fuse_qkv_projections

    def half(self: Any) -> None:
        fuse(self)
        raise MemoryError

    monkeypatch.setattr(unet, "fuse_qkv_projections", half)
    record = made.fail(spec.with_(switches={"channels_last": "on", "fused_qkv": "on"}))
    assert "Not enough memory" in record.error
    assert pixels(made, spec) == never
    assert state(loaded_of(made)) == before
    monkeypatch.undo()
    record = made.fail(spec.with_(switches={"attention_slicing": "64"}))
    assert "attention_slicing 64 does not fit this model" in record.error
    assert pixels(made, spec) == never
    assert state(loaded_of(made)) == before


def test_a_pipeline_that_cannot_be_undone_is_loaded_anew(
    harness: Make, sd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = harness(previews=False)
    spec = spec_of(sd)
    never = pixels(made, spec)

    def breaks(*_: Any) -> Any:
        def undo() -> None:
            raise RuntimeError("the device is gone")

        return undo

    monkeypatch.setattr(type(BY_NAME["fused_qkv"]), "apply", breaks)
    made.run(spec.with_(switches={"fused_qkv": "on"}))
    made.fail(spec)
    assert pixels(made, spec) == never
    assert len(made.all(CheckpointLoaded)) == 2


@pytest.mark.parametrize("how", ["cancelled", "out of memory"])
def test_a_vae_that_was_widened_to_decode_is_narrowed_whatever_happens(
    harness: Make, checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """SDXL's pipeline widens its VAE for the decode, and leaves it so when that fails."""
    from diffusers import AutoencoderKL

    made = harness(previews=False)
    spec = spec_of(checkpoint("sdxl_upcast")).with_(switches={"precision": "fp16"})
    never, before = pixels(made, spec), state(loaded_of(made))
    if how == "cancelled":

        def stop(event: Event) -> None:
            if isinstance(event, RunDecoding):
                made.engine.cancel()

        made.react = stop
        assert isinstance(made.end_of(made.engine.submit(spec)), RunCancelled)
        made.react = None
    else:

        def short(*_: Any, **__: Any) -> Any:
            raise MemoryError

        monkeypatch.setattr(AutoencoderKL, "decode", short)
        made.fail(spec)
        monkeypatch.undo()
    assert state(loaded_of(made)) == before
    assert pixels(made, spec) == never
    assert len(made.all(CheckpointLoaded)) == 1


def test_a_build_that_cannot_work_keeps_what_is_loaded(harness: Make, sd: Path) -> None:
    made = harness(previews=False)
    pixels(made, spec_of(sd))
    made.fail(spec_of(sd).with_(switches={"offload": "model"}))
    pixels(made, spec_of(sd))
    assert len(made.all(CheckpointLoaded)) == 1


def test_a_spacing_that_changes_nothing_says_so(harness: Make, sd: Path) -> None:
    made = harness(previews=False)
    spec = spec_of(sd).with_(scheduler="DPM++ 2M")
    own = made.run(spec.with_(switches={"spacing": "linspace"})).record.notes
    assert own == ()
    both = {"spacing": "trailing", "sigmas": "karras"}
    (note,) = made.run(spec.with_(switches=both)).record.notes
    assert note == "Spacing had no effect: the sigmas say which timesteps are visited."


def test_switches_in_conflict_are_refused_before_anything_is_loaded(
    harness: Make, sd: Path
) -> None:
    made = harness()
    values = {"layerwise": "fp8", "fused_qkv": "on"}
    record = made.fail(spec_of(sd).with_(switches=values))
    assert record.error == "weights stored in fp8 cannot be fused. Turn one of them off."
    assert not made.all(CheckpointLoaded)


def test_what_does_not_work_here_is_refused_with_the_reason(harness: Make, sd: Path) -> None:
    made = harness()
    record = made.fail(spec_of(sd).with_(switches={"cache": "pab"}))
    assert record.error.startswith("cache pab cannot be used: no effect on a UNet")
    record = made.fail(spec_of(sd).with_(switches={"offload": "model"}))
    assert record.error.startswith("offload model cannot be used: needs CUDA")
    assert not made.all(CheckpointLoaded), "before anything is loaded"


def test_a_switch_without_effect_says_so(harness: Make, sd: Path) -> None:
    made = harness(previews=False)
    spec = spec_of(sd).with_(batch_size=1)
    on = {"vae_slicing": "on", "vae_tiling": "on", "split": "4", "fused_qkv": "on"}
    notes = made.run(spec.with_(switches={**on, "attention_slicing": "max"})).record.notes
    assert notes == (
        "VAE slicing had no effect: there is only one picture.",
        "VAE tiling had no effect: the picture is no larger than a tile.",
        "Per call had no effect: there is only one picture.",
        "Fused QKV had no effect: sliced attention makes three products.",
    )


@pytest.mark.slow
@pytest.mark.parametrize("value", ["regional", "full"])
def test_compiled_and_back(harness: Make, checkpoint: Callable[[str], Path], value: str) -> None:
    made = harness(previews=False)
    spec = spec_of(checkpoint("sd_of_one_level")).with_(scheduler="Euler")
    if not loaded_after(made, spec).place.features & {"compiler"}:
        pytest.skip("torch.compile needs a C++ compiler")
    never, before = pixels(made, spec), state(loaded_of(made))
    first = made.run(spec.with_(switches={"compile": value})).record
    assert first.seconds.compile > 0
    assert first.steps == 3
    if value == "regional":  # the cheaper one
        other = made.run(spec.with_(switches={"compile": value}, scheduler="DDIM")).record
        assert other.seconds.compile > 0  # whole timesteps are another kind of input
    again = made.run(spec.with_(switches={"compile": value})).record
    assert again.seconds.compile == 0
    assert again.seconds.denoise < first.seconds.compile
    assert pixels(made, spec) == never
    assert state(loaded_of(made)) == before


def loaded_after(made: EngineHarness, spec: RunSpec) -> Loaded:
    made.run(spec)
    return loaded_of(made)


def test_parts_of_every_switch_are_put_on_by_somebody() -> None:
    from engine.switches import stack

    stacked = {switch.name for part in (Part.DENOISER, Part.VAE) for switch in stack(part)}
    for switch in SWITCHES:
        if set(switch.parts) & {Part.DENOISER, Part.VAE}:
            assert switch.name in stacked


def test_any_thread_may_record_cuda_graphs() -> None:
    from torch._inductor import cudagraph_trees as trees

    from engine.switches.speed import allow_graphs_here

    found: list[object] = []

    def ask() -> None:
        allow_graphs_here()
        allow_graphs_here()
        found.append(trees.local.tree_manager_containers)
        found.append(trees.get_obj(trees.local, "tree_manager_containers"))

    for _ in range(2):
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join()
    assert found == [{}] * 4
    assert found[0] is found[1] is not found[2]
