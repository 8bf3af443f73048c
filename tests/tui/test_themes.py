"""Themes are TOML; a bad one says what is wrong."""

from __future__ import annotations

import queue
import re
from pathlib import Path

import pytest
from textual.theme import BUILTIN_THEMES, Theme

from tests.tui.conftest import Open, Session
from tui.paths import Paths
from tui.preferences import FilesChanged
from tui.settings import Settings
from tui.themes import BadTheme, builtin_themes, parse_theme, read_theme
from tui.watcher import Watcher


def write(paths: Paths, name: str, text: str) -> None:
    paths.themes.mkdir(parents=True, exist_ok=True)
    (paths.themes / f"{name}.toml").write_text(text)


def test_ours_are_a_dark_and_a_light_one() -> None:
    assert {(theme.name, theme.dark) for theme in builtin_themes()} == {
        ("safelight", True),
        ("safelight-light", False),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("primary = ", "line 1, column 11: Invalid value"),
        pytest.param("x = 1" + "0" * 5000, "line 1, column 5: A number is too long", id="long"),
        ("dark = true", "“primary” is missing"),
        ('primary = "#12"', "not a colour"),
        (
            'primary = "red"\nprimarry = "red"',
            "line 2: no colour is called “primarry” (did you mean “primary”?)",
        ),
        ('primary = "red"\ndark = "yes"', "true or false"),
        ('primary = "red"\n[variables]\nborder = 3', "must be text in quotes"),
    ],
)
def test_a_bad_theme_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_theme(text, "mine.toml")


async def test_a_bad_theme_does_not_hide_a_good_one(open_app: Open, paths: Paths) -> None:
    write(paths, "a", "nonsense")
    write(paths, "b", 'primary = "#ff0000"')
    async with open_app() as s:
        assert "The theme a.toml was left out: line 1, column 9: Expected" in s.told()
        s.app.theme = "b"
        await s.settle()
        assert s.app.current_theme.primary == "#ff0000"


async def changed(s: Session) -> None:
    """As the watcher tells, but at once."""
    s.app.post_message(FilesChanged())
    await s.settle()


def bordered(colour: str) -> str:
    return f'primary = "red"\n[variables]\nborder = "#{colour}"'


async def test_what_changes_on_disk_is_seen_at_once(open_app: Open, paths: Paths) -> None:
    write(paths, "mine", bordered("ff0000"))
    async with open_app(settings=Settings(theme="mine")) as s:
        assert s.app.theme_variables["border"] == "#ff0000"
        write(paths, "mine", bordered("00ff00"))
        await changed(s)
        assert s.app.theme_variables["border"] == "#00ff00"
        write(paths, "mine", 'primary = "#0000ff"\n[variables]\nborder = "nonsense"')
        await changed(s)
        assert "mine.toml was left out: line 3: “border” cannot be 'nonsense'." in s.told()
        assert s.app.theme_variables["border"] == "#00ff00"
        write(paths, "new", 'primary = "#ffffff"')
        await changed(s)
        assert "new" in s.app.available_themes
        (paths.themes / "mine.toml").unlink()
        await changed(s)
        assert s.app.theme == "safelight"
        assert "The theme “mine” is gone; this is safelight." in s.told()
        write(paths, "mine", bordered("0000ff"))
        await changed(s)
        assert s.app.theme == "mine"
        assert s.app.theme_variables["border"] == "#0000ff"


async def test_a_theme_that_cannot_be_drawn_leaves_the_last_good_one(open_app: Open) -> None:
    async with open_app(settings=Settings(theme="nord")) as s:
        for variable in ({"border": "auto"}, {"background-darken-1": "red 40%"}):
            s.app.register_theme(Theme(name="bad", primary="red", variables=variable))
            s.app.theme = "bad"
            await s.settle()
            assert s.app.theme == "nord"
            assert "The theme “bad” cannot be used." in s.told()
            s.app.clear_notifications()


async def test_what_editors_leave_in_the_folder_is_no_theme(open_app: Open, paths: Paths) -> None:
    write(paths, "mine", bordered("ff0000"))
    (paths.themes / ".#mine.toml").symlink_to("me@host.123:1")
    (paths.themes / "gone.toml").symlink_to("nowhere")
    async with open_app(settings=Settings(theme="mine")) as s:
        assert ".#mine" not in s.told()
        assert "The theme gone.toml was left out" in s.told()
        assert s.app.theme == "mine"
        s.app.clear_notifications()
        write(paths, "mine", bordered("00ff00"))
        await changed(s)
        assert s.app.theme_variables["border"] == "#00ff00"
        assert "gone.toml" not in s.told()  # that was said


async def test_a_theme_of_the_users_may_take_the_name_of_ours(open_app: Open, paths: Paths) -> None:
    write(paths, "safelight", 'primary = "#123456"')
    async with open_app() as s:
        assert s.app.current_theme.primary == "#123456"
        (paths.themes / "safelight.toml").unlink()
        await changed(s)
        assert s.app.current_theme.primary == "#e8734a"


async def test_the_choice_of_a_theme_is_kept_unless_the_file_says(
    open_app: Open, paths: Paths
) -> None:
    async with open_app() as s:
        s.app.theme = "nord"
        await s.settle()
        s.app.keep_form()
    async with open_app() as s:
        assert s.app.theme == "nord"
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text('theme = "dracula"')
    async with open_app() as s:
        assert s.app.theme == "dracula"
        s.app.theme = "safelight-light"
        await s.settle()
        assert "The next start goes by config.toml, line 1 again." in s.told()


def test_the_theme_of_the_readme_is_one(paths: Paths) -> None:
    (text,) = re.findall(r"```toml\n(name = .*?)```", Path("README.md").read_text(), re.DOTALL)
    write(paths, "other", text)
    theme = read_theme(paths.themes / "other.toml")
    assert (theme.name, theme.variables["border-blurred"]) == ("lagoon", "#2a4a50")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\nname = "y"', "line 2, column 11: Cannot overwrite a value"),
        ('primary = "red"\n[variables]\nborde = "red"', "line 3: no variable is called “borde”"),
        ('primary = "red"\n[variables]\nlink-style = "green"', "“link-style” cannot be 'green'"),
        ('primary = "red"\n[variables]\nborder = "auto"', "line 3: “border” cannot be 'auto'"),
        (
            'primary = "red"\n[variables]\nbackground-darken-1 = "red 40%"',
            "line 3: “background-darken-1” cannot be 'red 40%'",
        ),
        ('primary = "red"\n[variables]\nborder = "rgba(1,2,3,.5)"', "line 3: “border” cannot"),
        ('dark = true\nprimary = "initial"', "line 2: “primary” is not a colour"),
        ("# " + "x" * 200_000, "it is too large for a theme"),
        ('name = "../x"\nprimary = "red"', "a name is one word of letters"),
    ],
)
def test_what_would_not_parse_as_css_is_no_theme(paths: Paths, text: str, said: str) -> None:
    write(paths, "bad", text)
    with pytest.raises(BadTheme, match=re.escape(said)):
        read_theme(paths.themes / "bad.toml")


@pytest.mark.parametrize("name", [*BUILTIN_THEMES, "safelight", "safelight-light"])
def test_what_themes_set_is_taken(paths: Paths, name: str) -> None:
    """The check of variables refuses none that Textual's own themes, or ours, set."""
    all_of_them = {**BUILTIN_THEMES, **{theme.name: theme for theme in builtin_themes()}}
    theme = all_of_them[name]
    variables = "\n".join(f'{key} = "{value}"' for key, value in theme.variables.items())
    write(paths, "copy", f'primary = "{theme.primary}"\n[variables]\n{variables}')
    assert read_theme(paths.themes / "copy.toml").variables == theme.variables


def test_the_watcher_tells_of_each_change_once(tmp_path: Path) -> None:
    folder, file = tmp_path / "themes", tmp_path / "config.toml"
    told: list[int] = []
    watcher = Watcher((file, folder), lambda: told.append(1))

    def times() -> int:
        told.clear()
        watcher.look()
        watcher.look()
        return len(told)

    assert times() == 0
    file.write_text("")
    assert times() == 1
    folder.mkdir()
    (folder / "notes.txt").write_text("")
    (folder / ".#a.toml").symlink_to("nowhere")
    assert times() == 0
    (folder / "a.toml").write_text("")
    assert times() == 1
    file.unlink()
    assert times() == 1


def test_the_watcher_looks_by_itself(tmp_path: Path) -> None:
    told: queue.Queue[int] = queue.Queue()
    watcher = Watcher((tmp_path,), lambda: told.put(1), seconds=0.01)
    watcher.start()
    try:
        (tmp_path / "a.toml").write_text("")
        told.get(timeout=10)
    finally:
        watcher.stop()
