"""The settings of a run, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from engine.schedulers import BY_NAME, names_for
from engine.spec import MAX_BATCH, MAX_GUIDANCE, MAX_SEED, MAX_STEPS
from tui.form import OWN_SCHEDULER, Form, differences
from tui.widgets.choice import Option
from tui.widgets.field import ChoiceField, Field, TextField, step_by
from tui.widgets.switches_field import SwitchesField

if TYPE_CHECKING:
    from engine.events import MemorySampled
    from engine.forecast import Forecast


def _nudge_size(text: str, direction: int) -> str | None:
    """Both sides by 64 pixels, keeping the shape as far as multiples of 8 allow."""
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) != 2 or not all(s.strip().isdecimal() and len(s) < 7 for s in sides):
        return None
    return "x".join(str(max(64, int(side) // 8 * 8 + direction * 64)) for side in sides)


def _nudge_seed(text: str, direction: int) -> str | None:
    # Not step_by: a float has too few digits for a seed.
    if not text.strip().isdecimal() or len(text) > 20:
        return None
    return str(min(max(int(text) + direction, 0), MAX_SEED))


_OWN_SIZE = "checkpoint's own"


def _schedulers(names: tuple[str, ...]) -> tuple[Option, ...]:
    own = Option(OWN_SCHEDULER, "Whichever the checkpoint was published with.")
    return (*(Option(name, BY_NAME[name].help) for name in names if name in BY_NAME), own)


_CORNERS = 6
"""Cells of the border that its subtitle cannot have."""


class Parameters(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The fields of the form, apart from the two prompts."""

    class Changed(Message):
        """Some value changed."""

    class CheckpointChosen(Message):
        """The focus has left the checkpoint field."""

    BORDER_TITLE = "Settings"

    def __init__(self, form: Mapping[str, str]) -> None:
        super().__init__(id="parameters", classes="panel")
        self._first = form
        self._displaced = ""  # The user's scheduler, while a checkpoint does not take it.
        self._own_scheduler = ""
        self._told: tuple[Forecast | None, MemorySampled | None] = (None, None)
        self._line: tuple[str, bool] = ("", False)

    def compose(self) -> ComposeResult:
        first = self._first
        yield TextField(
            "seed",
            "Seed",
            "The same seed gives the same picture. Empty: a new random one at each run.",
            value=first["seed"],
            placeholder="random",
            nudge=_nudge_seed,
        )
        yield TextField(
            "num_inference_steps",
            "Steps",
            "How often the model is asked to remove noise. More is slower; 20 is often enough.",
            value=first["num_inference_steps"],
            nudge=step_by(1, 1, MAX_STEPS),
        )
        yield TextField(
            "guidance_scale",
            "Guidance",
            "How closely the picture follows the prompt. 1 turns it off and halves the work.",
            value=first["guidance_scale"],
            nudge=step_by(0.5, 0.0, MAX_GUIDANCE),
        )
        yield ChoiceField(
            "scheduler",
            "Scheduler",
            "The rule that walks from noise to picture. Better ones need fewer steps.",
            value=first["scheduler"],
            options=_schedulers(names_for(flow=False)),
        )
        yield TextField(
            "size",
            "Size",
            "Width x height in pixels, multiples of 8. Empty: the checkpoint's own size.",
            value=first["size"],
            placeholder=_OWN_SIZE,
            nudge=_nudge_size,
        )
        yield TextField(
            "batch_size",
            "Batch",
            "Pictures made together, each with its own seed: seed, seed + 1, …",
            value=first["batch_size"],
            nudge=step_by(1, 1, MAX_BATCH),
        )
        yield TextField(
            "checkpoint",
            "Checkpoint",
            "The model: scenes (bundled), a hub id, a folder, or a .safetensors file.",
            value=first["checkpoint"],
            placeholder="scenes",
        )
        yield SwitchesField(first.get("switches", ""))

    @property
    def _fields(self) -> dict[str, Field]:
        return {str(field.name): field for field in self.query(Field)}

    @property
    def values(self) -> Form:
        """What is typed, by field."""
        return {name: field.value for name, field in self._fields.items()}

    @values.setter
    def values(self, form: Mapping[str, str]) -> None:
        for name, field in self._fields.items():
            if name in form:
                field.value = form[name]
                field.problem = ""

    def set_value(self, name: str, text: str) -> None:
        """Put ``text`` into one field."""
        self._fields[name].value = text

    def next_seed(self) -> None:
        """Add one to the seed. An empty one stays random."""
        field = self._fields["seed"]
        field.value = _nudge_seed(field.value, 1) or field.value

    def fit_to(self, schedulers: tuple[str, ...], width: int, height: int) -> bool:
        """Offer what a checkpoint takes, its own scheduler first, and name its size (0: unknown).

        A scheduler that it does not take gives way to the checkpoint's own, and comes back with the
        next checkpoint that takes it. Returns whether it had to give way.
        """
        choice, size = self._fields["scheduler"], self._fields["size"]
        if isinstance(size, TextField):
            size.hint = f"{width}x{height}" if width and height else _OWN_SIZE
        if not isinstance(choice, ChoiceField):
            return False
        self._own_scheduler = schedulers[0] if schedulers else ""
        gave_way = choice.value not in (*schedulers, OWN_SCHEDULER)
        if gave_way:
            self._displaced = choice.value
            choice.value = OWN_SCHEDULER
        elif choice.value == OWN_SCHEDULER and self._displaced in schedulers:
            choice.value, self._displaced = self._displaced, ""
        choice.offer(_schedulers(schedulers or names_for(flow=False)))
        return gave_way

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Show each sentence at its field and go to the first that is wrong."""
        wrong = None
        for name, field in self._fields.items():
            field.problem = problems.get(name, "")
            wrong = wrong or (field if field.problem else None)
        if wrong is not None:
            wrong.query("Input, Choice, _Summary").first().focus()

    def mark_differences(self, last: Mapping[str, str]) -> None:
        """Mark the fields that differ from ``last``, the form of the last run."""
        changed = differences({**last, **self.values}, last, self._own_scheduler)
        for name, field in self._fields.items():
            field.differs = name in changed

    def foretell(self, told: Forecast | None, sample: MemorySampled | None) -> None:
        """Say in the lower border what the run will take; ``None`` when there is nothing to say.

        Args:
            told: of what is typed.
            sample: the memory there is now, to see whether the run fits.
        """
        self._told = told, sample
        self._retell()

    def on_resize(self) -> None:
        if self._told[0] is not None:
            self._retell()

    def _retell(self) -> None:
        from tui import outlook  # not for the first frame

        told, sample = self._told
        line = "", False
        if told is not None:
            room = self.outer_size.width - _CORNERS
            line = outlook.short_line(told, sample, room), outlook.may_not_fit(told, sample)
            tooltip = outlook.sentences(told, sample)
            if self.tooltip != tooltip:
                self.tooltip = tooltip
        else:
            self.tooltip = None
        if self._line != line:
            self._line = line
            text, warns = line
            self.border_subtitle = Content.styled(text, "$warning" if warns else "")

    @on(Field.Changed)
    def _field_changed(self, event: Field.Changed) -> None:
        event.stop()
        if event.field.name == "scheduler" and event.field.value != OWN_SCHEDULER:
            self._displaced = ""  # chosen since then
        self.post_message(self.Changed())

    @on(Field.Left)
    def _field_left(self, event: Field.Left) -> None:
        event.stop()
        if event.field.name == "checkpoint":
            self.post_message(self.CheckpointChosen())
