"""Settings of the pictures: what is wrong with them is said, and the defaults are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.pictures.output import Output
from tui.settings import Settings, read_settings


def read(folder: Path, text: str) -> tuple[Settings, str]:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


def test_how_pictures_are_written(tmp_path: Path) -> None:
    text = 'picture_format = "webp"\nmetadata = false\nfile_name = "{date}/{prompt:.40}-{id}"'
    settings, complaint = read(tmp_path, text)
    assert complaint == ""
    assert settings.output == Output("webp", False, "{date}/{prompt:.40}-{id}")
    assert Settings().output == Output()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('picture_format = "gif"', "“picture_format” must be one of png, jpeg, webp."),
        ("metadata = 1", "“metadata” must be true or false."),
        ("file_name = 1", "“file_name” must be text in quotes."),
        (
            'file_name = "{promt}"',
            "“file_name” has no field called “promt” (did you mean “prompt”?).",
        ),
        ('file_name = "../{id}"', "“file_name” must stay below the folder of pictures"),
        ('file_name = "{id"', "“file_name” has a { or } without its other half."),
    ],
)
def test_what_is_wrong_with_them(tmp_path: Path, text: str, complaint: str) -> None:
    settings, said = read(tmp_path, f'{text}\ntheme = "nord"')
    assert said.startswith(f"In config.toml: {complaint}")
    assert settings == Settings(theme="nord")
