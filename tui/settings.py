"""Settings the user writes, in ``config.toml``. A broken file never keeps the app from starting."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from engine.pictures.output import DEFAULT_FILE_NAME, FORMATS, Output
from engine.spec import BUNDLED


@dataclass(frozen=True, slots=True)
class Settings:
    """Each setting, with what it is when the file does not say.

    Attributes:
        theme: name of a theme, ours or Textual's or one of the user's own. When the file does not
            say, the one that was chosen last in the app.
        device: ``auto``, or as torch names it: ``cuda``, ``cuda:1``, ``mps``, ``cpu``.
        checkpoint: what the form starts with on the very first launch.
        previews: show the picture while it is being made.
        graphics: how pictures are drawn: ``auto``, ``sixel`` or ``half``.
        checkpoint_folders: where to look for checkpoints, two levels deep.
        climb: when memory runs out, go on by itself with the next thing that may help.
        picture_format: ``png``, ``jpeg`` or ``webp``.
        metadata: whether pictures say how they were made.
        file_name: where pictures go; see :mod:`engine.pictures.names`.
    """

    theme: str = ""
    device: str = "auto"
    checkpoint: str = BUNDLED
    previews: bool = True
    graphics: str = "auto"
    checkpoint_folders: tuple[str, ...] = ()
    climb: bool = False
    picture_format: str = "png"
    metadata: bool = True
    file_name: str = DEFAULT_FILE_NAME

    @property
    def output(self) -> Output:
        """How pictures are written."""
        return Output(self.picture_format, self.metadata, self.file_name)


GRAPHICS = ("auto", "sixel", "half")
_CHOICES = {"graphics": GRAPHICS, "picture_format": FORMATS}


def read_settings(path: Path) -> tuple[Settings, str]:
    """The settings of a file, and a sentence about what was wrong with it (empty when nothing).

    Whatever cannot be used is left at its default.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, UnicodeDecodeError) as error:
        return Settings(), f"Cannot read {path}: {error}. Using the defaults."
    except tomllib.TOMLDecodeError as error:
        return Settings(), f"{path.name} is not valid TOML: {error}. Using the defaults."
    good: dict[str, object] = {}
    problems: list[str] = []
    defaults = Settings()
    known = {field.name: type(getattr(defaults, field.name)) for field in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            problems.append(f"no setting is called “{name}”")
        elif known[name] is tuple:
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                good[name] = tuple(value)
            else:
                problems.append(f"“{name}” must be a list of texts in quotes")
        elif not isinstance(value, known[name]):
            kind = "true or false" if known[name] is bool else "text in quotes"
            problems.append(f"“{name}” must be {kind}")
        elif name in _CHOICES and value not in _CHOICES[name]:
            problems.append(f"“{name}” must be one of {', '.join(_CHOICES[name])}")
        elif name == "file_name" and (problem := _wrong_template(str(value))):
            problems.append(problem)
        else:
            good[name] = value
    sentence = f"In {path.name}: {'; '.join(problems)}." if problems else ""
    return Settings(**good), sentence  # type: ignore[arg-type]


def _wrong_template(template: str) -> str:
    from engine.pictures.names import problem_with  # only for those who write one

    return problem_with(template)
