"""The screen with all settings: what is shown of each, and what a change does."""

from __future__ import annotations

import pytest

from engine.manner import Manner
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab
from tui.app import SafelightApp
from tui.graphics.terminal import Terminal
from tui.paths import Paths
from tui.preferences import FilesChanged
from tui.screens.settings import SettingsScreen
from tui.settings import gather
from tui.widgets.setting_table import SettingTable


async def at(s: Session, name: str) -> SettingTable:
    """Open the screen with the cursor on one setting."""
    if not isinstance(s.app.screen, SettingsScreen):
        await s.press("shift+f11")
    table = s.app.screen.query_one(SettingTable)
    await s.press("home")
    while table.current.name != name:
        await s.press("down")
    return table


def written(paths: Paths) -> str:
    return paths.settings_file.read_text() if paths.settings_file.exists() else ""


async def test_a_change_counts_and_is_written(open_app: Open, paths: Paths) -> None:
    async with open_app() as s:
        await at(s, "climb")
        assert "go on with the next thing" in s.seen()
        assert "SAFELIGHT_CLIMB · --climb" in s.seen()
        assert "A change counts from the next run." in s.seen()
        await s.press("space")
        assert written(paths) == "climb = true\n"
        assert s.engine.manner == Manner(climb=True)
        assert "config.toml, line 1" in s.seen()
        await s.press("backspace")
        assert written(paths) == ""
        assert s.engine.manner == Manner()
        await s.press("escape")
        assert s.at_studio()


async def test_themes_and_choices(open_app: Open, paths: Paths) -> None:
    paths.themes.mkdir(parents=True)
    (paths.themes / "default.toml").write_text('primary = "red"')
    async with open_app() as s:
        await at(s, "theme")
        await s.press("enter")
        await s.type("d")
        names = ["", *sorted(s.app.available_themes)]
        await s.press("home", *["down"] * names.index("dracula"), "enter")
        assert s.app.theme == "dracula"
        assert written(paths) == 'theme = "dracula"\n'
        await s.press("backspace")
        assert s.app.theme == "safelight"
        await s.press("enter", "home", *["down"] * names.index("default"), "enter")
        assert (s.app.theme, written(paths)) == ("default", 'theme = "default"\n')
        await s.press("enter", "home", "enter")
        assert (s.app.theme, written(paths)) == ("safelight", "")
        await at(s, "picture_format")
        await s.press("left", "right", "right", "right")
        assert written(paths) == 'picture_format = "webp"\n'
        assert s.engine.manner.output.picture_format == "webp"


async def test_what_is_typed_is_checked_before_it_is_taken(open_app: Open, paths: Paths) -> None:
    async with open_app() as s:
        await at(s, "file_name")
        await s.press("enter", "end")
        await s.type("x{promt}")
        await s.press("enter")
        assert "no field called “promt” (did you mean “prompt”?)" in " ".join(s.seen().split())
        assert written(paths) == ""
        await s.press("escape")
        await at(s, "checkpoint_folders")
        await s.press("enter")
        await s.type("/a:/b c")
        await s.press("enter")
        assert written(paths) == 'checkpoint_folders = ["/a", "/b c"]\n'
        assert s.lab.settings.checkpoint_folders == ("/a", "/b c")
        paths.settings_file.write_text('checkpoint_folders = ["/a:b", "/c"]\n')
        s.app.preferences.look()
        await s.press("enter", "enter")
        assert s.lab.settings.checkpoint_folders == ("/a:b", "/c")


async def test_what_an_option_fixes_cannot_be_changed(paths: Paths) -> None:
    lab = ScriptedLab()
    sources = gather(paths.settings_file, {"climb": "true"}, {"SAFELIGHT_PREVIEWS": "off"})
    app = SafelightApp(lab, paths, sources, Terminal())
    async with app.run_test(size=(100, 30)) as pilot:
        s = Session(app, pilot, lab)
        await s.settle()
        await at(s, "climb")
        assert "Fixed by --climb as long as this is open." in s.seen()
        await s.press("space")
        assert "It cannot be changed here: --climb goes before all else." in s.seen()
        await at(s, "previews")
        assert "Fixed by SAFELIGHT_PREVIEWS" in s.seen()
        assert written(paths) == ""


async def test_a_broken_file_is_left_alone(open_app: Open, paths: Paths) -> None:
    paths.settings_file.parent.mkdir(parents=True)
    paths.settings_file.write_text("climb = ")
    async with open_app() as s:
        assert "line 1, column 9" in s.told()
        s.app.clear_notifications()  # one covers some of the screen
        await at(s, "climb")
        await s.press("space")
        assert "Until you quit. config.toml is not valid TOML: line 1, column 9" in s.seen()
        assert "until you quit" in s.seen()
        assert s.engine.manner.climb is True
        assert written(paths) == "climb = "


async def test_what_is_refused_stays_to_be_seen(open_app: Open, paths: Paths) -> None:
    paths.settings_file.parent.mkdir(parents=True)
    paths.settings_file.write_text('notify = "off"\n\nclimb = 3\n[keys]\nstop = "r"\n')
    async with open_app() as s:
        s.app.clear_notifications()
        await at(s, "climb")
        assert "✗ line 3 refused" in s.seen()
        assert "config.toml, line 3: “climb” must be true or false." in s.seen()
        assert "config.toml, line 5: “studio.stop” must work while you type" in s.seen()
        await at(s, "notify_after_seconds")
        await s.press("enter")
        assert "is not told. Seconds, 0 or more." in " ".join(s.seen().split())
        await s.press("escape")
        paths.settings_file.write_text("climb = true\nnope = ")
        s.app.post_message(FilesChanged())
        await s.settle()
        s.app.clear_notifications()
        await s.settle()
        assert "not valid TOML: line 2" in s.seen()
        paths.settings_file.write_text("climb = true\n")
        s.app.post_message(FilesChanged())
        await s.settle()
        s.app.clear_notifications()
        await s.settle()
        assert "Not used" not in s.seen()
        assert "refused" not in s.seen()


async def test_nothing_is_said_twice(open_app: Open) -> None:
    async with open_app() as s:
        await at(s, "theme")
        assert s.seen().count("the one chosen last in the app, else safelight") == 1
        assert "c example" in s.seen()
        await s.press("c")
        assert "c example" not in s.seen()


async def test_what_is_changed_in_an_editor_is_shown(open_app: Open, paths: Paths) -> None:
    async with open_app() as s:
        await at(s, "device")
        await s.press("c")
        assert '# device = "auto"' in written(paths)
        paths.settings_file.write_text(
            written(paths).replace('# device = "auto"', 'device = "cpu"')
        )
        s.app.post_message(FilesChanged())
        await s.settle()
        line = written(paths).split("\n").index('device = "cpu"') + 1
        assert f"config.toml, line {line}" in s.seen()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_it_fits_every_terminal(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size=size) as s:
        table = await at(s, "theme")
        for end in ("end", "home"):
            await s.press(end)
            assert table.current.label in s.seen()
        assert "Esc done" in s.seen()
