"""Every setting there is, defined once.

To add one, add a field here. The file, the environment, the command line, the settings screen,
``safelight settings`` and shell completion take it from this class, and so does the table of the
README: ``python -c "from tui.settings.example import table; print(table())"`` prints it anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from engine.pictures.output import DEFAULT_FILE_NAME, Output
from engine.spec import BUNDLED
from tui.settings.setting import NEXT_RUN, NEXT_START, Setting, setting

if TYPE_CHECKING:
    from engine.manner import Manner

_DEVICE = r"auto|cpu|mps|cuda(:\d{1,3})?"
_SCREEN, _RUNS, _FILES = "Screen", "Runs", "Files of pictures"


def _no_device(text: str) -> str:
    if re.fullmatch(_DEVICE, text):
        return ""
    return f"There is no device called “{text}”. Use auto, cuda, cuda:1, mps or cpu"


def _no_template(text: str) -> str:
    from engine.pictures.names import problem_with  # only for those who write one

    return problem_with(text)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, each with its value."""

    theme: str = setting(
        "",
        "Theme",
        _SCREEN,
        "The colours: a theme of Safelight, of Textual, or one of your own.",
        takes="the name of a theme",
        at_default="the one chosen last in the app, else safelight",
    )
    graphics: str = setting(
        "auto",
        "Graphics",
        _SCREEN,
        "How pictures are drawn.",
        choices={
            "auto": "the best that the terminal says it has",
            "kitty": "kitty graphics",
            "sixel": "sixel graphics",
            "iterm": "iTerm2's inline pictures",
            "half": "half blocks, which every terminal has",
            "none": "no pictures: their size and seed in words",
        },
    )
    previews: bool = setting(
        True, "Previews", _SCREEN, "Show the picture while it is being made.", NEXT_RUN
    )
    reduced_motion: bool = setting(
        False,
        "Reduced motion",
        _SCREEN,
        "Nothing blinks or glides, as with TEXTUAL_ANIMATIONS=none.",
        NEXT_START,
    )
    notify: str = setting(
        "auto",
        "Notify",
        _SCREEN,
        "How to tell that something long is over, when nobody looks at the terminal.",
        choices={
            "auto": "a notification where the terminal has them, else the bell",
            "bell": "the bell",
            "off": "not at all",
        },
    )
    notify_after_seconds: float = setting(
        10.0,
        "Notify after",
        _SCREEN,
        "What took fewer seconds is not told.",
        takes="seconds, 0 or more",
        least=0,
    )
    device: str = setting(
        "auto",
        "Device",
        _RUNS,
        "What computes.",
        NEXT_START,
        takes="auto, cuda, cuda:1, mps or cpu",
        at_default="CUDA, else MPS, else the CPU",
        check=_no_device,
    )
    checkpoint: str = setting(
        BUNDLED,
        "Checkpoint",
        _RUNS,
        "What runs start with when nothing else was chosen yet.",
        NEXT_START,
        takes="a hub id, a folder or a .safetensors file",
    )
    checkpoint_folders: tuple[str, ...] = setting(
        (),
        "Checkpoint folders",
        _RUNS,
        "Where to look for checkpoints, two levels deep, besides the hub's cache.",
        takes="a list of folders",
        at_default="none",
    )
    climb: bool = setting(
        False,
        "Climb",
        _RUNS,
        "When memory runs out, go on with the next thing that may help.",
        NEXT_RUN,
    )
    picture_format: str = setting(
        "png",
        "Format",
        _FILES,
        "The kind of file that pictures are written as.",
        NEXT_RUN,
        choices={
            "png": "keeps every pixel",
            "jpeg": "smaller, quality 95",
            "webp": "keeps every pixel, smaller than PNG",
        },
    )
    metadata: bool = setting(
        True,
        "Metadata",
        _FILES,
        "Write into pictures how they were made, the name of the checkpoint included.",
        NEXT_RUN,
    )
    file_name: str = setting(
        DEFAULT_FILE_NAME,
        "File name",
        _FILES,
        "Where pictures go below images/, from fields such as {date}, {seed} and {prompt:.40}.",
        NEXT_RUN,
        takes="a path with fields",
        check=_no_template,
    )

    @property
    def output(self) -> Output:
        """How pictures are written."""
        return Output(self.picture_format, self.metadata, self.file_name)

    @property
    def manner(self) -> Manner:
        """How runs are made."""
        from engine.manner import Manner

        return Manner(self.previews, self.climb, self.output)


SETTINGS: Mapping[str, Setting] = {
    each.name: each.metadata["setting"](each.name) for each in fields(Settings)
}
"""The definition of each setting, by its name, in the order of the settings screen."""

TABLES = ("keys",)
"""Tables of the file that others read."""
