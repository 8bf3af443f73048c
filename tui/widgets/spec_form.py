"""The form: two prompts and the settings, which together make a spec."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import TextArea

from engine.errors import SafelightError
from tui import form as forms
from tui.widgets.parameters import Parameters
from tui.widgets.prompt import PromptEditor

if TYPE_CHECKING:
    from engine.switches.base import Place


class Takes(Protocol):
    """What a checkpoint takes, as its files or the loaded pipeline tell; 0 and empty: unknown."""

    @property
    def schedulers(self) -> tuple[str, ...]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def uses_negative_prompt(self) -> bool: ...
    @property
    def place(self) -> Place: ...


class SpecForm(Vertical):
    """What is typed, whether it can be run or not.

    Attributes:
        last: the form of the run that started last; what differs from it is marked.
        place: what switches can work on, of the checkpoint on the form; ``None`` while unknown.
    """

    DEFAULT_CSS = """
    SpecForm { height: auto; }
    """

    class Adjusted(Message):
        """A value was changed because the checkpoint does not take it; ``why`` is a sentence."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    class Changed(Message):
        """Something was typed or put on the form."""

    def __init__(self, form: forms.Form) -> None:
        super().__init__(id="form")
        self._first = form
        self.last: forms.Form | None = None
        self.place: Place | None = None
        self._fitted = form["checkpoint"]

    def compose(self) -> ComposeResult:
        yield PromptEditor(
            self._first["prompt"], title="Prompt", placeholder="What to draw", widget_id="prompt"
        )
        yield PromptEditor(
            self._first["negative_prompt"],
            title="Negative prompt",
            placeholder="What to keep away from",
            widget_id="negative",
        )
        yield Parameters(self._first)

    @property
    def prompt(self) -> PromptEditor:
        return self.query_one("#prompt", PromptEditor)

    @property
    def negative(self) -> PromptEditor:
        return self.query_one("#negative", PromptEditor)

    @property
    def parameters(self) -> Parameters:
        return self.query_one(Parameters)

    @property
    def values(self) -> forms.Form:
        """The texts, by field."""
        texts = {"prompt": self.prompt.text, "negative_prompt": self.negative.text}
        return {**texts, **self.parameters.values}

    @values.setter
    def values(self, form: forms.Form) -> None:
        self.prompt.show_text(form.get("prompt", ""))
        self.negative.show_text(form.get("negative_prompt", ""))
        self.parameters.values = form
        # The scheduler belongs to the checkpoint already: it ran with it.
        self._fitted = form.get("checkpoint", self._fitted)
        self.mark_differences()

    def set_switch(self, name: str, value: str) -> None:
        """Turn one switch; the others stay. Raises ``InvalidSpec`` when it cannot be."""
        values = forms.read_switches(self.values["switches"])
        from engine.switches import normalised

        self.set_switches(normalised({**values, name: value}))

    def set_switches(self, values: Mapping[str, str]) -> None:
        """Put exactly these switches on the form."""
        self.parameters.set_value("switches", forms.written_switches(values))

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Show each sentence where the value is that cannot be run."""
        self.parameters.show_problems(problems)
        for name in ("prompt", "negative_prompt"):
            if name in problems:
                self.notify(problems[name], severity="error")

    def mark_differences(self) -> None:
        """Mark what differs from the last run."""
        if self.last is None:
            return
        self.parameters.mark_differences(self.last)
        changed = forms.differences(self.values, self.last)
        for name, editor in (("prompt", self.prompt), ("negative_prompt", self.negative)):
            editor.border_subtitle = "• changed" if name in changed else ""

    def fit_to_checkpoint(self) -> None:
        """Offer what the checkpoint on the form takes, as far as its files tell.

        Of a single file, or a hub id that is not here yet, nothing is known: then the checkpoint's
        own scheduler is the one that fits, unless the user chooses again.
        """
        name = self.values["checkpoint"]
        if name == self._fitted:
            return
        from engine.checkpoints import inspect

        try:
            self.fit_to(inspect(name))
        except SafelightError:
            return  # The run tells what is wrong with it, if it is asked for.
        self._fitted = name

    def offer_what_fits(self) -> None:
        """At the start: offer what the checkpoint takes; the scheduler stays, known or not."""
        from engine.checkpoints import inspect

        with suppress(SafelightError):
            info = inspect(self.values["checkpoint"])
            if info.schedulers:
                self.fit_to(info)

    def fit_to(self, checkpoint: Takes) -> None:
        """Offer what a checkpoint takes."""
        self.place = checkpoint.place
        named = checkpoint.schedulers
        if self.parameters.fit_to(named, checkpoint.width, checkpoint.height):
            why = f"its own is {named[0]}" if named else "which ones it takes is not known yet"
            self.post_message(self.Adjusted(f"Scheduler set to the checkpoint's own: {why}."))
        unused = "" if checkpoint.uses_negative_prompt else " (not used here)"
        self.negative.border_title = f"Negative prompt{unused}"

    @on(TextArea.Changed)
    def _prompt_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.mark_differences()
        self.post_message(self.Changed())

    @on(Parameters.Changed)
    def _parameters_changed(self, event: Parameters.Changed) -> None:
        event.stop()
        self.mark_differences()
        self.post_message(self.Changed())

    @on(Parameters.CheckpointChosen)
    def _checkpoint_chosen(self, event: Parameters.CheckpointChosen) -> None:
        event.stop()
        self.fit_to_checkpoint()
