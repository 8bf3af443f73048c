"""Speed: memory layout, fused projections, compilation, caches."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import SafelightError
from engine.spec import RunSpec
from engine.switches.base import Choice, Cost, Part, Place, Switch, Undo, on_off, undone

if TYPE_CHECKING:
    from engine.loaded import Loaded

_RECOMPILES = 128
_FUSED = ("to_qkv", "to_kv", "to_added_qkv")


class ChannelsLast(Switch):
    """Weights of convolutions with their channels last in memory, as GPU kernels like them."""

    name = "channels_last"
    label = "Channels last"
    group = "Speed"
    help = "Convolutions' weights laid out as tensor cores like them; worth a try on a GPU."
    choices = on_off("Channels last.", "As the checkpoint has them.")
    parts = (Part.DENOISER, Part.VAE)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "on" and place.denoiser == "transformer":
            return "no effect on a transformer: it has next to no convolutions"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        import torch

        del value, spec
        module = loaded.denoiser if part is Part.DENOISER else loaded.pipeline.vae
        if module is None:  # a pipeline without a VAE
            return lambda: None
        # Strides too: of a 1x1 kernel both layouts are "contiguous", and torch would leave the new.
        before = [(p, p.stride()) for p in module.parameters() if p.ndim == 4]

        def undo() -> None:
            for parameter, stride in before:
                old = torch.empty_strided(
                    parameter.shape, stride, dtype=parameter.dtype, device=parameter.device
                )
                parameter.data = old.copy_(parameter.data)

        with undone(undo):
            module.to(memory_format=torch.channels_last)
        return undo


def _names(module: Any) -> list[str]:
    return [name for name in _FUSED if name in module._modules]


class FusedQkv(Switch):
    """Query, key and value as one matrix product."""

    name = "fused_qkv"
    label = "Fused QKV"
    group = "Speed"
    help = "Query, key and value in one matrix product: less overhead, a copy of those weights."
    choices = on_off("One product.", "Three products.")

    def unavailable(self, value: str, place: Place) -> str:
        if value == "on" and place.lacks("fused_qkv"):
            return "this kind of model cannot fuse its projections"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del value, part, spec
        denoiser = loaded.denoiser
        before = dict(denoiser.attn_processors)
        had = [(module, name) for module in denoiser.modules() for name in _names(module)]

        def undo() -> None:
            # unfuse_qkv_projections would leave the fused weights in memory.
            denoiser.set_attn_processor(dict(before))
            for module in denoiser.modules():
                for name in _names(module):
                    if (module, name) not in had:
                        module._modules.pop(name)
                if getattr(module, "fused_projections", False):
                    module.fused_projections = False
            vars(denoiser).pop("original_attn_processors", None)

        with undone(undo):
            try:
                denoiser.fuse_qkv_projections()
            except ValueError as error:
                raise SafelightError("This model cannot fuse its projections.") from error
        return undo

    def hidden_by(self, values: Mapping[str, str]) -> str:
        if values.get("attention_slicing", "off") != "off":
            return "sliced attention makes three products"
        if values.get("attention") == "xformers":
            return "xFormers makes three products"
        return ""


class Compile(Switch):
    """torch.compile. Undone by forgetting the compiled call: the picture is that of never-on."""

    name = "compile"
    label = "Compile"
    group = "Speed"
    help = "torch.compile makes kernels for this model and size: slow once, faster ever after."
    choices = (
        Choice("off", "As it is."),
        Choice("regional", "Each repeated block: quick to compile, most of the gain."),
        Choice("full", "The whole denoiser, with CUDA graphs on a GPU: the fastest."),
        Choice("max", "As full, trying many kernels: minutes to compile."),
    )
    cost = Cost.RECOMPILE

    def unavailable(self, value: str, place: Place) -> str:
        if value == "off":
            return ""
        if place.device == "mps":
            return "needs CUDA or a CPU: torch.compile is unfinished on MPS"
        if place.lacks("compiler"):
            what = "triton: pip install triton" if place.device == "cuda" else "a C++ compiler"
            return f"needs {what}"
        if value == "regional" and place.lacks("repeated_blocks"):
            return "this kind of model names no blocks to compile; full works"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        import torch

        del part, spec
        denoiser = loaded.denoiser
        loaded.warmed.clear()
        dynamo = torch._dynamo.config
        limit = dynamo.recompile_limit
        # All blocks share one piece of code, and beyond the limit they would run as if they had
        # never been compiled, in silence.
        dynamo.recompile_limit = max(limit, _RECOMPILES)

        def undo() -> None:
            for module in denoiser.modules():
                module._compiled_call_impl = None
            dynamo.recompile_limit = limit
            # Else a later compile would find this one's graphs, made for other kernels.
            torch._dynamo.reset()
            loaded.warmed.clear()

        try:
            if value == "regional":
                denoiser.compile_repeated_blocks()
            elif loaded.device.type == "cuda":
                allow_graphs_here()
                mode = "reduce-overhead" if value == "full" else "max-autotune"
                denoiser.compile(mode=mode)
                denoiser._compiled_call_impl = _kept(denoiser._compiled_call_impl)
            else:
                denoiser.compile(mode=None if value == "full" else "max-autotune-no-cudagraphs")
        except ValueError as error:
            undo()
            raise SafelightError(
                "This kind of model names no blocks to compile. Set compile to full."
            ) from error
        return undo


def allow_graphs_here() -> None:
    """Let this thread record CUDA graphs.

    Up to 2.12 or so torch makes what it needs for that on the thread that imports the module, and
    on no other: the second engine of a process would fail.
    """
    import torch
    from torch._inductor import cudagraph_trees as trees

    here: Any = trees.local
    names = ("tree_manager_containers", "tree_manager_locks")
    if hasattr(here, names[0]) or torch._C._is_key_in_tls(names[0]):
        return
    here.tree_manager_containers, here.tree_manager_locks = {}, defaultdict(threading.Lock)
    for name in names:
        torch._C._stash_obj_in_tls(name, getattr(here, name))


def _kept(call: Any) -> Any:
    """A call whose result is the caller's to keep: a CUDA graph writes over its last one."""
    import torch

    def keeping(*args: Any, **kwargs: Any) -> Any:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        out = call(*args, **kwargs)
        if isinstance(out, tuple):
            return tuple(x.clone() if isinstance(x, torch.Tensor) else x for x in out)
        if isinstance(getattr(out, "sample", None), torch.Tensor):
            out.sample = out.sample.clone()
        return out

    return keeping


class Cache(Switch):
    """Work of one step used again in the next; diffusers' caches, for transformers only."""

    name = "cache"
    label = "Cache"
    group = "Speed"
    help = "Steps that change little are skipped or guessed: faster, slightly different pictures."
    choices = (
        Choice("off", "Every step is computed."),
        Choice(
            "first-block", "Skips the rest where the first block hardly changed (ParaAttention)."
        ),
        Choice("taylorseer", "Extrapolates features from earlier steps (Liu et al. 2025)."),
        Choice("magcache", "Skips by known magnitudes of change (Ma et al. 2025); Flux only."),
        Choice("faster", "Uses attention of earlier steps again (Lv et al. 2024)."),
        Choice("pab", "Pyramid attention broadcast (Zhao et al. 2024)."),
    )

    def unavailable(self, value: str, place: Place) -> str:
        if value == "off":
            return ""
        if place.denoiser == "unet":
            return "no effect on a UNet: diffusers' caches are for transformers"
        if place.lacks("cache"):
            return "this kind of transformer takes none of diffusers' caches"
        if value == "magcache" and place.family not in ("flux", ""):
            return "diffusers has its magnitudes for Flux only"
        return ""

    def facet(self, value: str, spec: RunSpec) -> str:
        return str(spec.num_inference_steps) if value == "magcache" else ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del part
        denoiser = loaded.denoiser
        before = [
            (module, "_diffusers_hook" in vars(module), vars(module).get("forward"))
            for module in denoiser.modules()
        ]

        def undo() -> None:
            if denoiser.is_cache_enabled:
                denoiser.disable_cache()
            # What diffusers leaves: empty registries of hooks, and calls that go through them.
            for module, registered, forward in before:
                if not registered:
                    vars(module).pop("_diffusers_hook", None)
                vars(module).pop("forward", None)
                if forward is not None:
                    module.forward = forward

        try:
            denoiser.enable_cache(_config(value, loaded.pipeline, spec))
        except (ValueError, AttributeError) as error:
            undo()
            raise SafelightError(
                f"The cache {value} does not fit this model: {str(error)[:200].rstrip('.')}."
            ) from error
        return undo


def _config(value: str, pipeline: Any, spec: RunSpec) -> Any:
    """diffusers' config of a cache, with the defaults of its paper or of its documentation."""
    from diffusers import hooks

    def now() -> Any:
        return pipeline.current_timestep

    if value == "first-block":
        return hooks.FirstBlockCacheConfig(threshold=0.08)
    if value == "taylorseer":
        return hooks.TaylorSeerCacheConfig(cache_interval=3, disable_cache_before_step=3)
    if value == "magcache":
        from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

        return hooks.MagCacheConfig(
            mag_ratios=FLUX_MAG_RATIOS, num_inference_steps=spec.num_inference_steps
        )
    if value == "faster":
        return hooks.FasterCacheConfig(
            spatial_attention_block_skip_range=2,
            spatial_attention_timestep_skip_range=(-1, 681),
            attention_weight_callback=lambda _: 0.3,
            tensor_format="BCHW",
            is_guidance_distilled=True,
            current_timestep_callback=now,
        )
    return hooks.PyramidAttentionBroadcastConfig(
        spatial_attention_block_skip_range=2,
        spatial_attention_timestep_skip_range=(100, 800),
        current_timestep_callback=now,
    )
