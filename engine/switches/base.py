"""What a switch is: a name, choices, a sentence of help, what turning it costs, and where it works.

Importing this module, and everything else in the package, costs nothing: torch and diffusers are
imported by the methods that take a loaded pipeline. The form, the command line and the history use
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from engine.errors import InvalidSpec

if TYPE_CHECKING:
    from engine.loaded import Loaded
    from engine.spec import RunSpec

Undo = Callable[[], None]
"""Takes back what a switch did, so that nothing of it is left."""


class Cost(StrEnum):
    """What turning a switch costs before the next picture."""

    INSTANT = "instant"
    PART = "loads a part"
    RELOAD = "reload"
    RECOMPILE = "recompile"


class Part(StrEnum):
    """What a switch works on; those of one part are put on and taken off as a stack."""

    LOADING = "loading"
    DENOISER = "denoiser"
    VAE = "vae"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a switch would be used: facts of a pipeline and a device, as far as they are known.

    Attributes:
        family: ``"sd"``, ``"sdxl"``, ``"sd3"``, ``"flux"`` or a pipeline's class name; ``""`` when
            unknown.
        denoiser: ``"unet"``, ``"transformer"``, or ``""`` when unknown.
        device: ``"cuda"``, ``"mps"``, ``"cpu"``, or ``""`` when unknown.
        dtype: of the denoiser, for example ``"float16"``; ``""`` when unknown.
        auto_dtype: what ``precision`` auto means there; ``""`` when unknown.
        scheduler: the checkpoint's own, by our name; ``""`` when unknown or none of ours.
        features: what the pipeline's classes and this machine have; see
            :data:`engine.switches.place.FEATURES`.
        known: whether the features were looked at; else nothing is refused for lack of one.
        vaes: names of the further VAEs that the checkpoint brings.
        vae_tile: side in pixels of the tiles that its VAE decodes in; 0 when unknown.
    """

    family: str = ""
    denoiser: str = ""
    device: str = ""
    dtype: str = ""
    features: frozenset[str] = frozenset()
    known: bool = False
    vaes: tuple[str, ...] = ()
    auto_dtype: str = ""
    scheduler: str = ""
    vae_tile: int = 0

    def lacks(self, feature: str) -> bool:
        """Whether it is known that there is no such feature."""
        return self.known and feature not in self.features

    def to_json(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "denoiser": self.denoiser,
            "device": self.device,
            "dtype": self.dtype,
            "features": sorted(self.features),
            "known": self.known,
            "vaes": list(self.vaes),
            "vae_tile": self.vae_tile,
        }


NOWHERE = Place()
"""A place of which nothing is known: everything may work there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a switch, and a sentence about it."""

    value: str
    help: str


class Switch:
    """One thing that can be turned.

    A subclass says where a value works, and does one of three things with it: ``prepare`` it while
    the checkpoint is loaded (``Part.LOADING``), ``apply`` it to a loaded pipeline, or hold it
    ``during`` a run.

    Attributes:
        name: as in ``RunSpec.switches`` and ``--set``.
        label: one or two words for the form.
        group: the heading it stands under.
        help: one sentence.
        choices: its values, the default first.
        cost: of turning it.
        parts: what it works on.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    group: ClassVar[str]
    help: ClassVar[str]
    choices: ClassVar[tuple[Choice, ...]]
    cost: ClassVar[Cost] = Cost.INSTANT
    parts: ClassVar[tuple[Part, ...]] = (Part.DENOISER,)
    open_hint: ClassVar[str] = ""
    """What else than a choice may be given, for example ``"a number of heads"``; or nothing."""

    @property
    def default(self) -> str:
        return self.choices[0].value

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(choice.value for choice in self.choices)

    def offered(self, place: Place) -> tuple[Choice, ...]:
        """The choices to offer at a place, the default first; also those that do not work there."""
        del place
        return self.choices

    def parse(self, text: str) -> str:
        """The value that ``text`` means, in its one spelling.

        Raises:
            InvalidSpec: it means none; the sentence names the nearest, or all.
        """
        wanted = text.strip().lower()
        if "on" in self.values:
            wanted = _YES_NO.get(wanted, wanted)
        for value in self.values:
            if wanted == value.lower():
                return value
        return self.parse_open(text.strip())

    def parse_open(self, text: str) -> str:
        """A value that is not among the choices, for switches that take one."""
        from engine.switches.names import nearest

        raise InvalidSpec(
            "switches",
            f"{self.name} cannot be “{text[:80]}”.{nearest(text, self.values)} "
            f"It takes: {self.takes()}.",
        )

    def takes(self) -> str:
        """Its values in words."""
        named = ", ".join(self.values)
        return f"{named}, or {self.open_hint}" if self.open_hint else named

    def unavailable(self, value: str, place: Place) -> str:
        """Why ``value`` does not work at a place, and what would make it so; ``""`` when it does.

        The default always works.
        """
        del value, place
        return ""

    def idle(self, value: str, spec: RunSpec) -> str:
        """Why ``value`` has no effect on a run of ``spec``; ``""`` when it has one.

        For what depends on the run and not on the pipeline, such as slicing a batch of one. The
        spec has its size filled in.
        """
        del value, spec
        return ""

    def missing(self, value: str) -> str:
        """Why a value that was typed cannot be found on this machine; ``""`` when it can."""
        del value
        return ""

    def facet(self, value: str, spec: RunSpec) -> str:
        """What of a run ``value`` depends on: another facet puts it on anew."""
        del value, spec
        return ""

    def hidden_by(self, values: Mapping[str, str]) -> str:
        """Which other switch leaves this one without effect, in words; ``""`` when none does.

        Args:
            values: all that is set, this one among them.
        """
        del values
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        """Put ``value``, not the default, on a loaded pipeline; returns how to take it off again.

        Raises :class:`~engine.errors.SafelightError` when it cannot be, with nothing changed.
        """
        del value, loaded, part, spec
        return _nothing

    def during(self, value: str, loaded: Loaded) -> AbstractContextManager[object]:
        """Held around the calls of the pipeline, in the thread that makes them."""
        del value, loaded
        return nullcontext()


_YES_NO = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}


def _nothing() -> None:
    """Undoes nothing."""


class HalfOn(RuntimeError):
    """A switch failed half-way and could not be taken back: the pipeline must be loaded anew."""


@contextmanager
def undone(undo: Undo) -> Iterator[None]:
    """Takes back what was done so far when the rest fails, above all when memory runs out.

    Raises :class:`HalfOn`, from the error that came first, when that fails too.
    """
    try:
        yield
    except BaseException as error:
        try:
            undo()
        except Exception:
            raise HalfOn("A switch could not be taken off again.") from error
        raise


def on_off(on: str, off: str = "") -> tuple[Choice, ...]:
    """The choices of a switch that is off until turned on."""
    return (Choice("off", off), Choice("on", on))


@dataclass(frozen=True, slots=True)
class Build:
    """The switches that decide how a checkpoint is loaded; another build is another load."""

    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str) -> str:
        return self.values.get(name, default)

    def key(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(self.values.items()))
