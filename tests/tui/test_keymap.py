"""The table of keys, what a user's keymap may say, and what is said of what it may not."""

from __future__ import annotations

import json
import re
import tomllib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.widgets import Input

from tests.tui.conftest import Open
from tui.headless.run import run
from tui.keys.command import use
from tui.keys.contexts import COMMANDS, CONTEXTS, keys_of
from tui.keys.flavours import flavours
from tui.keys.guide import drawn, elsewhere, matching, sections
from tui.keys.keymap import read_keymap
from tui.keys.names import is_everywhere, is_typed, read_key, show_key, variants
from tui.keys.needed import WAYS_OUT, shut
from tui.keys.places import PLACES, clashes
from tui.paths import Paths
from tui.screens.checkpoints import CheckpointsScreen


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    """The keys are the process's: those of a test go with it."""
    yield
    use({})


def test_every_command_has_what_is_shown_of_it() -> None:
    assert sum(len(context.commands) for context in CONTEXTS) >= len(COMMANDS) > 150
    for command in COMMANDS.values():
        assert command.keys, command.id
        assert command.label, command.id
        assert command.help.endswith("."), command.id
    everywhere = {each for place in PLACES for each in place.ids}
    assert everywhere == set(COMMANDS), "some work at no place"


def test_no_key_has_two_commands_at_one_place() -> None:
    assert clashes({}) == []


@pytest.mark.parametrize("name", ["emacs", "vim"])
def test_flavours(name: str) -> None:
    assert name in flavours()
    keymap = read_keymap({"keymap": name})
    assert keymap.problems == ()
    assert clashes(keymap.changed) == []
    # The same file, read as if it were the user's, has nothing to be said of it.
    as_mine = read_keymap({each: list(keys) for each, keys in keymap.changed.items()})
    assert as_mine.problems == ()
    assert as_mine.changed == keymap.changed
    for command_id, keys in keymap.changed.items():
        if command_id.startswith("typing."):
            assert not any(is_typed(key) for key in keys)


@pytest.mark.parametrize(
    ("text", "key", "shown"),
    [
        *(("ctrl+r", "ctrl+r", "^R"), ("Ctrl+R", "ctrl+r", "^R"), ("^r", "ctrl+r", "^R")),
        *(
            ("C-r", "ctrl+r", "^R"),
            ("M-x", "alt+x", "M-x"),
            ("meta+<", "alt+less_than_sign", "M-<"),
        ),
        *(("?", "question_mark", "?"), ("/", "slash", "/"), ("G", "G", "G"), ("shift+g", "G", "G")),
        *(("pgup", "pageup", "PgUp"), ("esc", "escape", "Esc"), (" ", "space", "Space")),
        *(("ctrl++", "ctrl+plus", "^+"), ("shift+F7", "shift+f7", "⇧F7"), ("f19", "f19", "⇧F7")),
    ],
)
def test_names_of_keys(text: str, key: str, shown: str) -> None:
    assert read_key(text) == key
    assert show_key(key) == shown


def test_other_names_of_one_key() -> None:
    assert variants("shift+f7") == ("shift+f7", "f19")  # without the kitty protocol
    assert variants("ctrl+slash") == ("ctrl+slash", "ctrl+underscore")


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        *(("ctrl+r", "\x12"), ("alt+x", "\x1bx"), ("alt+X", "\x1bX"), ("shift+f7", "\x1b[18;2~")),
        *(
            ("ctrl+space", "\x00"),
            ("ctrl+/", "\x1f"),
            ("ctrl+@", "\x00"),
            ("alt+left", "\x1b[1;3D"),
        ),
        *(("shift+tab", "\x1b[Z"), ("ctrl+\\", "\x1c"), ("delete", "\x1b[3~"), ("G", "G")),
        *(
            ("alt+enter", ""),
            ("alt+<", ""),
            ("alt+1", ""),
            ("ctrl+enter", ""),
            ("ctrl+shift+a", ""),
            ("ctrl+é", ""),
        ),
    ],
)
def test_what_all_terminals_send(key: str, sent: str) -> None:
    """What terminals without the kitty protocol send is understood as the key that was meant."""
    name = read_key(key)
    assert is_everywhere(name) == bool(sent)
    if sent:
        parser = XTermParser()
        heard = [*parser.feed(sent), *parser.feed("")]
        assert next(event.key for event in heard if isinstance(event, Key)) in variants(name)


def test_a_table() -> None:
    keymap = read_keymap(
        {
            **{"run": ["ctrl+enter", "f5"], "pause": "alt+p", "studio.stop": "shift+f4"},
            **{"history": {"trash": ["X"]}, "history.empty": "D", "fill": []},
        }
    )
    assert keymap.problems == ()
    assert keymap.changed == {
        **{"studio.run": ("ctrl+enter", "f5"), "studio.pause": ("alt+p",), "studio.fill": ()},
        **{"studio.stop": ("shift+f4", "f16")},
        **{"history.trash": ("X",), "history.empty": ("D",)},
    }


def test_two_change_places() -> None:
    keymap = read_keymap({"run": "ctrl+g", "stop": "ctrl+r"})
    assert not keymap.problems
    assert keymap.changed == {"studio.run": ("ctrl+g",), "studio.stop": ("ctrl+r",)}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("runn", "f5", "Did you mean “run”?"),
        ("back", "b", "write the whole name"),
        ("run", "hyper+x", "hyper"),
        ("run", "foo", "is not the name of a key"),
        ("run", "", "is no key"),
        ("run", 5, "a key in quotes"),
        ("run", ["f5", 5], "a key in quotes"),
        ("run", "r", "must work while you type"),
        ("run", ["r", "space"], "must work while you type"),
        ("run", "ctrl+i", "cannot be told from Tab"),
        ("run", "ctrl+m", "cannot be told from Enter"),
        ("history.back", "ctrl+h", "cannot be told from Backspace"),
        ("run", "ctrl+[", "cannot be told from Esc"),
        ("run", "alt+[", "arrow keys"),
        ("run", "ctrl+g", "which is “studio.stop” (Stop)"),
        ("list.down", "ctrl+q", "which is “app.quit” (Quit)"),
        ("run", "ctrl+k", "which is “typing.delete-to-end”"),
        ("history.trash", "m", "which is “history.win” (Winner)"),
        # The key that opens the history also closes it.
        ("history", "ctrl+u", "which is “typing.delete-to-start”"),
        ("quit", [], "needs a key"),
        ("typing.submit", [], "needs a key"),
        # Nobody is locked in, whatever the terminal and whatever is typed.
        ("quit", "super+q", "every terminal"),
        ("dialog.accept", ["super+enter"], "every terminal"),
        ("dialog.leave", "q", "must work while you type"),
        ("dialog.accept", "a", "must work while you type"),
        ("keymap", "nano", "No keymap is called “nano”; there are emacs and vim."),
    ],
)
def test_what_is_refused(name: str, value: object, words: str) -> None:
    keymap = read_keymap({name: value, "pause": "alt+p"})
    assert len(keymap.problems) == 1
    assert words in keymap.problems[0].sentence
    assert keymap.problems[0].sentence.endswith(".")
    assert keymap.changed == {"studio.pause": ("alt+p",)}, "the rest does not count"


def test_no_letter_answers_what_comes_while_one_types() -> None:
    keymap = read_keymap({"dialog.accept": ["a", "enter"], "dialog.leave": ["q", "escape"]})
    assert keymap.changed == {"dialog.accept": ("enter",), "dialog.leave": ("escape",)}
    assert [each.name for each in keymap.problems] == ["dialog.accept", "dialog.leave"]


@pytest.mark.parametrize(
    "table",
    [
        {"viewer.back": [], "viewer.leave": "super+q", "studio.view": []},
        {"history.back": "q", "studio.history": []},  # a letter, and there is a line to type into
        {"settings.done": [], "app.settings": ["ctrl+enter"]},
    ],
)
def test_there_is_a_way_out_of_every_screen(table: dict[str, object]) -> None:
    keymap = read_keymap(table)
    *kept, refused = table
    assert set(keymap.changed) == set(kept)
    assert any("leaves the" in each.sentence for each in keymap.problems if each.name == refused)
    assert all(way.is_open(keymap.changed) for way in WAYS_OUT)


def test_every_screen_has_a_way_out_in_the_table() -> None:
    """Of each context with a command to go back there is one, and the shipped keymaps keep it."""
    back = {each for each in COMMANDS if each.endswith((".back", ".done"))}
    assert back == {way.ids[0] for way in WAYS_OUT}
    for name in ("", *flavours()):
        assert not list(shut(read_keymap({"keymap": name} if name else {}).changed))


def test_what_depends_on_something_refused_is_refused_too() -> None:
    keymap = read_keymap({"run": "ctrl+g", "stop": "ctrl+l", "fill": "ctrl+r"})
    # keep-seed has ctrl+l, so stop stays at ctrl+g, so run stays at ctrl+r, so fill cannot have it.
    assert keymap.changed == {}
    assert len(keymap.problems) == 3


def test_a_key_of_few_terminals_counts_and_is_told() -> None:
    keymap = read_keymap({"run": "ctrl+enter"})
    assert keymap.changed == {"studio.run": ("ctrl+enter",)}
    assert "kitty keyboard protocol" in keymap.problems[0].sentence
    assert read_keymap({"run": ["ctrl+enter", "alt+r"]}).problems == ()


def test_mine_goes_before_the_flavour() -> None:
    keymap = read_keymap({"keymap": "emacs", "new-seed": "alt+g"})
    assert keymap.problems == ()
    assert keymap.changed["studio.new-seed"] == ("alt+g",)
    assert keymap.changed["app.palette"] == ("alt+x",)


def write(paths: Paths, text: str) -> None:
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text(text, encoding="utf-8")


async def test_the_app_has_the_keys_of_the_user(paths: Paths, open_app: Open) -> None:
    write(paths, '[keys]\nnew-seed = "alt+g"\ncheckpoints = "f7"\nfill = "f4"\nview = "z"\n')
    async with open_app() as s:
        assert "config.toml, line 5: “studio.view” must work while you type" in s.told()
        assert "M-g New seed" in s.seen()
        before = s.studio.spec_form.values["seed"]
        await s.press("ctrl+n")
        assert s.studio.spec_form.values["seed"] == before
        await s.press("alt+g")
        assert s.studio.spec_form.values["seed"] != before
        await s.press("f7")
        assert isinstance(s.app.screen, CheckpointsScreen)
        await s.press("f7")  # the key that opened it closes it
        assert s.at_studio()
    paths.settings_file.unlink()
    async with open_app() as s:  # another app of the same process has its own
        assert "^N New seed" in s.seen()


async def test_the_palette_has_what_works_here(open_app: Open) -> None:
    async with open_app() as s:
        helps = {c.title.split("  ")[0]: c.help for c in s.app.get_system_commands(s.app.screen)}
        assert helps["Stop"].startswith("Not now: Nothing is running. ^R starts a run. Stop")
        assert not helps["Run"].startswith("Not now")
        assert "Winner m" not in s.palette()
        s.studio.runs.focus()
        await s.settle()
        assert {"Winner m", "Run ^R", "Down ↓"} <= set(s.palette())
        ends = {c.title.rfind("  ") for c in s.app.get_system_commands(s.app.screen)}
        assert len(ends) == 1, "the keys do not stand in one column"
        await s.press("ctrl+p")
        await s.type("rate 4")
        await s.press("enter")
        assert s.at_studio()


async def test_the_palette_is_typed_into_as_any_line(paths: Paths, open_app: Open) -> None:
    write(paths, '[keys]\nkeymap = "emacs"\n')
    async with open_app() as s:
        await s.press("alt+x", "a", "c", "ctrl+b", "b")
        line = s.app.screen.query_one(Input)
        assert line.value == "abc"
        await s.press("escape")
        before = s.app.theme
        await s.press("f11")
        await s.type("gruvbox")
        await s.press("enter", "enter")
        assert s.at_studio()
        assert s.app.theme == "gruvbox" != before


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_the_help_is_searched(paths: Paths, open_app: Open, size: tuple[int, int]) -> None:
    write(paths, '[keys]\nkeymap = "emacs"\n"history.trash" = "alt+d"\n')
    async with open_app(size=size) as s:
        s.studio.spec_form.prompt.show_text("")
        await s.press("f1")
        assert "The bundled checkpoint knows" in s.seen()
        await s.press("ctrl+n")
        assert "The bundled checkpoint knows" in s.seen()
        await s.press("ctrl+v", "ctrl+v")  # pages, in this keymap
        assert "The bundled checkpoint knows" not in s.seen()
        await s.type("trash")
        assert "M-d" in s.seen()
        assert "history.trash" in s.seen()
        assert "History" in s.seen()
        await s.press("escape")  # clears the line first
        await s.type("zzz")
        assert "Nothing has “zzz”" in s.seen()
        await s.press("escape", "escape")
        assert s.at_studio()
        assert s.studio.spec_form.prompt.text == ""


@pytest.mark.parametrize("width", [50, 69])
def test_in_the_help_what_keys_do_stands_in_one_column(width: int) -> None:
    for context in CONTEXTS:
        text = drawn(sections("", context.commands), width).plain
        for command in context.commands:
            line = next(each for each in text.splitlines() if each.startswith(keys_of(command.id)))
            assert line != keys_of(command.id), "the sentence was pushed to the next line"
        assert all(cell_len(line) <= width for line in text.splitlines())


def test_a_search_finds_keys_of_other_screens() -> None:
    found = {section.title: section.commands for section in matching(elsewhere([]), "zoom")}
    assert {"Studio", "Viewer", "Compare"} <= set(found)
    assert [command.id for command in found["Viewer"]] == ["viewer.nearer", "viewer.further"]


def test_all_keys_without_the_app(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write(paths, '[keys]\nrun = "alt+r"\nstop = "r"\n')
    options = {"command": "keys", "json": False, "keymap": None}
    assert run(Namespace(**options), paths) == 1
    told = capsys.readouterr()
    assert "* studio.run                 M-r" in told.out
    assert "config.toml, line 3: “studio.stop” must work while you type" in told.err
    assert run(Namespace(**options | {"json": True}), paths) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["problems"]) == 1
    found = {c["id"]: c for context in told["contexts"] for c in context["commands"]}
    assert set(found) == set(COMMANDS)
    assert found["studio.run"]["keys"] == ["alt+r"]
    assert found["studio.run"]["default"] == ["ctrl+r"]
    assert run(Namespace(**options | {"keymap": "vim"}), paths) == 0
    assert "* list.down                  ↓ j" in capsys.readouterr().out


def test_the_example_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    examples = [
        each for each in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL) if "[keys]" in each
    ]
    assert examples
    for example in examples:
        table = tomllib.loads(example)["keys"]
        keymap = read_keymap(table)
        assert keymap.problems == ()
        assert keymap.flavour
        assert len(keymap.changed) > len(table) - 1
