"""Puts switches on a loaded pipeline and takes them off again, with the least work.

The switches of each part stand on a stack. To go from one setting to another, what stands above the
first difference is taken off, last first, and the new is put on. So each switch finds the pipeline
as it was when it was put on, and after the last is taken off nothing is left of any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.spec import RunSpec
from engine.switches import BY_NAME, stack
from engine.switches.base import Cost, HalfOn, Part, Undo

if TYPE_CHECKING:
    from engine.loaded import Loaded

Key = tuple[str, str, str]
"""Name, value and facet of a switch."""


@dataclass
class Wardrobe:
    """What a pipeline wears.

    Attributes:
        torn: a switch could not be taken off, so the pipeline must be loaded anew.
    """

    torn: bool = False
    _worn: dict[Part, list[tuple[Key, Undo]]] = field(
        default_factory=lambda: {Part.DENOISER: [], Part.VAE: []}
    )

    def worn(self) -> dict[str, str]:
        """What is on now, by name."""
        return {key[0]: key[1] for worn in self._worn.values() for key, _ in worn}

    def dress(
        self,
        loaded: Loaded,
        values: Mapping[str, str],
        spec: RunSpec,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Put on exactly ``values``.

        Args:
            spec: of the run that follows, with its size filled in.
            tell: is given a stage, in words for the user, where something takes long.

        Raises:
            SafelightError: a value cannot be put on; those before it are.
            MemoryError, RuntimeError: memory ran out on the way; likewise.
        """
        for part, worn in self._worn.items():
            wanted = [
                (switch.name, value, switch.facet(value, spec))
                for switch in stack(part)
                if (value := values.get(switch.name, switch.default)) != switch.default
            ]
            same = 0
            while same < min(len(worn), len(wanted)) and worn[same][0] == wanted[same]:
                same += 1
            self._take_off(part, same)
            for key in wanted[same:]:
                name, value, _ = key
                if BY_NAME[name].cost is Cost.PART:
                    tell(f"loading the {BY_NAME[name].label} {value}")
                try:
                    undo = BY_NAME[name].apply(value, loaded, part, spec)
                except HalfOn:
                    self.torn = True
                    raise
                worn.append((key, undo))

    def undress(self) -> None:
        """Take everything off."""
        for part in self._worn:
            self._take_off(part, 0)

    def _take_off(self, part: Part, leave: int) -> None:
        worn = self._worn[part]
        while len(worn) > leave:
            _, undo = worn.pop()
            try:
                undo()
            except BaseException:
                self.torn = True
                raise


WEIGHTS_STAY = ("channels_last", "fused_qkv", "vae", "vae_precision")
"""Switches that change weights, and cannot while these are somewhere else."""


def conflict(values: Mapping[str, str]) -> tuple[str, str]:
    """The first switch that does not work together with another, and why; empty when all do."""
    offload = values.get("offload", "none")
    if offload != "none":
        for name in WEIGHTS_STAY:
            if values.get(name, BY_NAME[name].default) != BY_NAME[name].default:
                label = BY_NAME[name].label
                return name, f"{label} does not work while weights are offloaded ({offload})"
        if values.get("compile", "off") in ("full", "max"):
            return "compile", f"compile {values['compile']} needs its weights to stay ({offload})"
        if offload == "sequential" and values.get("layerwise", "off") != "off":
            return "layerwise", "fp8 storage does not work with sequential offload"
    if values.get("layerwise", "off") != "off":
        for name in ("fused_qkv",):
            if values.get(name, "off") != "off":
                return name, "weights stored in fp8 cannot be fused"
    if values.get("cache", "off") != "off" and values.get("compile", "off") in ("full", "max"):
        return "cache", "caches need compile off or regional: they skip blocks"
    return "", ""
