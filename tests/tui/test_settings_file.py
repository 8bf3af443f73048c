"""Changing ``config.toml`` from the app: everything else in it stays as it was."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.conftest import Session
from tests.tui.scripted import ScriptedLab
from tui.app import SafelightApp
from tui.cli import main
from tui.graphics.terminal import Terminal
from tui.headless.arguments import parse
from tui.headless.setting_options import settings_of
from tui.headless.wrong import wrong
from tui.paths import Paths
from tui.settings import SETTINGS, Settings, gather
from tui.settings.editing import NotWritten, changed, write
from tui.settings.example import example, table
from tui.settings.live import LiveSettings
from tui.settings.setting import Value

MINE = """\
# My settings

climb = true   # as the card is small # really
checkpoint_folders = [  # two
  "/a", # the first
  "/b",
]  # end
# device = "auto"

# keys:
[keys]
run = "f5"  # climb = true
"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("climb", False, "climb = true   # as", "climb = false   # as"),
        ("climb", None, "climb = true   # as the card is small # really\n", ""),
        ("device", "cpu", '# device = "auto"\n', '# device = "auto"\ndevice = "cpu"\n'),
        ("theme", "x", "]  # end\n", ']  # end\ntheme = "x"\n'),
        (
            "checkpoint_folders",
            ("/c",),
            '[  # two\n  "/a", # the first\n  "/b",\n]  # end',
            '["/c"]  # end',
        ),
        ("theme", None, "", ""),
    ],
)
def test_one_value_changes_and_nothing_else(
    name: str, value: Value | None, old: str, new: str
) -> None:
    assert changed(MINE, name, value) == MINE.replace(old, new)
    windows = MINE.replace("\n", "\r\n")
    assert changed(windows, name, value) == MINE.replace(old, new).replace("\n", "\r\n")


def test_into_an_empty_file() -> None:
    assert changed("", "climb", True) == "climb = true\n"
    assert changed('[keys]\nrun = "f5"', "climb", True) == 'climb = true\n\n[keys]\nrun = "f5"'


@given(st.text(), st.sampled_from(["", MINE, 'theme = "#"', 'theme = """\n#"""# x\n']))
def test_any_text_comes_back(text: str, before: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    found = tomllib.loads(changed(before, "theme", text))
    assert found == {**tomllib.loads(before), "theme": text}


def test_the_file_behind_a_link_is_written_with_its_rights(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text("climb = true\n")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, "climb", False)
    assert link.is_symlink()
    assert real.read_text() == "climb = false\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.toml", "dotfiles.toml"]


def test_a_broken_file_is_not_touched_and_the_change_counts_until_the_end(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("climb = true\ndevice = ")
    with pytest.raises(NotWritten, match=r"line 2, column 10.*It was left as it is"):
        write(file, "climb", False)
    told: list[frozenset[str]] = []
    live = LiveSettings(gather(file, environment={}), told.append)
    assert "It was left as it is." in live.put("climb", False)
    assert live.settings.climb is False
    assert live.sources.origin("climb") == "until you quit"
    assert told == [frozenset({"climb"})]
    assert file.read_text() == "climb = true\ndevice = "


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritten, match="cannot be written: Permission denied"):
        write(tmp_path / "config.toml", "climb", True)


def test_what_is_changed_in_an_editor_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    told: list[frozenset[str]] = []
    live = LiveSettings(gather(file, {"device": "cpu"}, {}), told.append)
    assert live.look() is None
    file.write_text('climb = true\ndevice = "cuda"\n[keys]\nrun = "f5"\n')
    assert live.look() == ()
    assert told == [frozenset({"climb", "keys"})]
    assert live.settings.device == "cpu"
    assert live.fixed_by("device") == "--device"
    file.write_text("climb = ")
    (said,) = live.look() or ("",)
    assert "line 1, column 9: Invalid value. What counted before still does." in said
    assert live.settings.climb is True
    assert live.look() is None
    file.unlink()
    assert live.look() == ()
    assert live.settings.climb is False


def test_a_change_while_the_file_is_broken_drops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('previews = true\nnotify = "bell"\n')
    told: list[frozenset[str]] = []
    live = LiveSettings(gather(file, environment={}), told.append)
    file.write_text('previews = tr\nnotify = "bell"\n')
    assert "It was left as it is." in live.put("climb", True)
    assert (live.settings.notify, live.settings.climb) == ("bell", True)
    assert told == [frozenset({"climb"})]
    file.write_text('notify = "off"\n')
    assert live.look() == ()
    assert live.settings.notify == "off"


def test_what_is_saved_while_something_is_chosen_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('notify = "auto"\n')
    live = LiveSettings(gather(file, environment={}), lambda _: None)
    file.write_text('notify = "bell"\n# saved\n')
    live.choose("theme", "nord")
    assert live.look() == ()
    assert (live.settings.notify, live.settings.theme) == ("bell", "nord")


async def test_what_is_saved_before_the_watcher_starts_counts(paths: Paths) -> None:
    sources = gather(paths.settings_file, environment={})
    paths.settings_file.parent.mkdir(parents=True)
    paths.settings_file.write_text('theme = "nord"\n')
    lab = ScriptedLab()
    app = SafelightApp(lab, paths, sources, Terminal())
    async with app.run_test(size=(100, 30)) as pilot:
        await Session(app, pilot, lab).settle()
        assert app.theme == "nord"


def test_the_example_says_nothing_until_it_is_uncommented(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example())
    assert set(gather(file, environment={}).origins.values()) == {"default"}
    file.write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", example()))
    sources = gather(file, environment={})
    assert sources.problems == ()
    assert sources.settings == Settings()
    assert set(sources.origins.values()) == {"file"}


def test_the_readme_has_every_setting() -> None:
    assert table() in Path("README.md").read_text(), f"The table is now:\n{table()}"


def test_the_command_tells_what_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("SAFELIGHT_DEVICE", "cpu")
    assert main(["settings", "--write-example"]) == 0
    file = tmp_path / "config" / "config.toml"
    assert capsys.readouterr().out == f"{file}\n"
    write(file, "climb", True)
    assert main(["settings", "--write-example"]) == 1
    assert "is there already and was left as it is." in capsys.readouterr().err
    assert main(["--graphics", "half", "settings", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["settings"]
    assert said["device"]["where"] == "SAFELIGHT_DEVICE"
    assert said["graphics"] == said["graphics"] | {"value": "half", "source": "flag"}
    assert said["climb"]["value"] is True
    assert re.fullmatch(r"config.toml, line \d+", said["climb"]["where"])
    assert main(["settings", "climb"]) == 0
    assert capsys.readouterr().out == "true\n"
    assert main(["settings", "clim"]) == 2
    assert "Did you mean “climb”?" in capsys.readouterr().err


def test_what_is_wrong_is_told_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    themes = tmp_path / "config" / "themes"
    themes.mkdir(parents=True)
    (themes / "bad.toml").write_text("primary = 3")
    (tmp_path / "config" / "config.toml").write_text(
        'theme = "nope"\nclimb = 3\n[keys]\nstop = "r"\n'
    )
    assert main(["settings", "theme"]) == 1
    told = capsys.readouterr()
    assert told.out == '"nope"\n'
    assert told.err.splitlines() == [
        "config.toml, line 2: “climb” must be true or false.",
        "No theme is called “nope”.",
    ]
    paths = Paths.find()
    problems = wrong(gather(paths.settings_file), paths)
    assert len(problems) == 4
    assert "The theme bad.toml was left out" in problems[-1]
    settings_of(parse(["generate", "x"]), paths)
    assert capsys.readouterr().err.splitlines() == list(gather(paths.settings_file).problems)


def test_a_command_that_is_misspelt(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["genrate", "a cat"])
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "safelight: There is no command “genrate”. Did you mean “generate”? "
        "safelight --help lists them.\n"
    )


def test_a_change_is_written_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    live = LiveSettings(gather(file, environment={}), lambda _: None)
    assert live.put("previews", False) == ""
    assert file.read_text() == "previews = false\n"
    assert live.sources.origin("previews") == "config.toml, line 1"
    assert live.put("previews", None) == ""
    assert file.read_text() == ""
    assert live.value("previews") == SETTINGS["previews"].default
