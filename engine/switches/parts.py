"""Parts of a checkpoint that can be swapped: the VAE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import CheckpointError
from engine.spec import RunSpec
from engine.switches.base import Choice, Cost, Part, Place, Switch, Undo, undone

if TYPE_CHECKING:
    from engine.loaded import Loaded


class Vae(Switch):
    """Another VAE in the checkpoint's place. The own one waits in main memory meanwhile."""

    name = "vae"
    label = "VAE"
    group = "Parts"
    help = "What turns latents into pixels; a better one gives finer detail from the same latents."
    choices = (Choice("default", "The checkpoint's own."),)
    cost = Cost.PART
    parts = (Part.VAE,)
    open_hint = "a folder, a .safetensors file or a hub id"

    def offered(self, place: Place) -> tuple[Choice, ...]:
        further = (Choice(name, "Comes with this checkpoint.") for name in place.vaes)
        return (*self.choices, *further)

    def parse_open(self, text: str) -> str:
        return text if text else super().parse_open(text)

    def unavailable(self, value: str, place: Place) -> str:
        if value != "default" and place.lacks("vae_swap"):
            return "this kind of checkpoint has no VAE that can be swapped"
        return ""

    def missing(self, value: str) -> str:
        from engine.vaes import find_vae

        try:
            find_vae(value, None)
        except CheckpointError as error:
            return str(error)
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        from engine.vaes import load_vae

        del part, spec
        pipeline, own = loaded.pipeline, loaded.pipeline.vae
        other = load_vae(value, loaded)

        def undo() -> None:
            pipeline.vae = own.to(loaded.device)

        def back() -> None:
            other.to("cpu")  # the half of it that came so far would be in the way
            undo()

        own.to("cpu")
        with undone(back):
            pipeline.vae = other.to(loaded.device)
        return undo
