"""Settings from pictures and texts: F10, a paste into the prompt, ``show`` and ``--from``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from textual.events import Paste
from textual.widgets import Static, TextArea

from engine.history import History
from engine.infotext import write
from engine.pictures.records import metadata_of
from engine.pictures.save import save_image
from engine.shelf import Shelved
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab, record_of
from tui.cli import main
from tui.restoring import path_of
from tui.screens.restore import RestoreScreen

FOREIGN = (
    "a fox in the snow\nNegative prompt: blurry\n"
    "Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model: dreamshaper_8, "
    "Clip skip: 2, ADetailer model: face.pt"
)
SPEC = RunSpec(
    "a red sun\n---\na white moon",
    negative_prompt="stars",
    seed=7,
    num_inference_steps=4,
    width=128,
    height=128,
    switches={"sigmas": "karras"},
)


def ours(path: Path, index: int = 1) -> Path:
    metadata = metadata_of(record_of(41, SPEC), index, 128, 128)
    return save_image(Image.new("RGB", (8, 8)), path, metadata, write(SPEC, index))


def foreign(path: Path, text: str = FOREIGN) -> Path:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


# What is typed, pasted or dropped


def test_a_path_however_it_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "it's a (red) sun, 山.png"
    path.write_bytes(b"")
    name = path.name
    escaped = str(path).replace(" ", "\\ ").replace("'", "\\'").replace("(", "\\(")
    for text in (
        str(path),
        f'"{path}"',
        "'" + str(path).replace("'", "'\\''") + "'",
        escaped.replace(")", "\\)"),
        path.as_uri(),
        f"file://localhost{path.as_uri().removeprefix('file://')}",
        f"~/{name}",
        f'"~/{name}"',
        f"  {path} \n",
    ):
        assert path_of(text) == path, text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/no/where.png", "/no/where.png"),
        ("'/no where.png'", "/no where.png"),
        ("where.webp", "where.webp"),
        ("./x", "x"),
        (FOREIGN, None),
        ("a red sun", None),
        ("Steps: 1, Sampler: x, CFG scale: 7", None),
        ("file://server/share/x.png", None),
        ("", None),
        ("it's", None),
        ("/" + "x" * 5000, None),
    ],
)
def test_what_is_a_path_and_what_is_not(text: str, path: str | None) -> None:
    assert path_of(text) == (None if path is None else Path(path))


# The app


async def restored(s: Session) -> None:
    await s.pilot.press("enter")
    for _ in range(2):  # the answer of the thread, then the screen that goes
        await s.settle()


def field(s: Session) -> TextArea:
    return s.app.screen.query_one(TextArea)


def messages(s: Session) -> str:
    return str(s.studio.query_one("#messages Static", Static).content)


async def test_a_picture_is_put_on_the_form(open_app: Open, tmp_path: Path) -> None:
    path = ours(tmp_path / "a sun.jpg")
    async with open_app() as s:
        s.engine.loaded()
        await s.press("f10")
        assert isinstance(s.app.screen, RestoreScreen)
        assert "Open picture" in s.seen()
        s.app.post_message(Paste(f"'{path}'"))
        await s.settle()
        await restored(s)
        assert s.at_studio()
        values = s.studio.spec_form.values
        assert (values["prompt"], values["negative_prompt"]) == ("a white moon", "stars")
        assert (values["seed"], values["size"]) == ("7", "128x128")
        assert (values["num_inference_steps"], values["batch_size"]) == ("4", "1")
        assert values["switches"] == "sigmas=karras"
        assert s.focus() == "prompt"
        assert "The settings of a sun.jpg are on the form." in s.told()
        assert "Picture 2 of 2" in s.told()
        assert "Picture 2 of 2" in messages(s)


async def test_settings_pasted_into_the_prompt_are_offered(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded()
        s.studio.spec_form.prompt.show_text("")
        s.app.post_message(Paste(FOREIGN))
        await s.settle()
        assert "Looks like settings of another program. F10 puts them on the form." in s.told()
        assert s.studio.spec_form.prompt.text == FOREIGN, "the paste itself goes where it went"
        await s.press("f10")
        assert "a fox in the snow" in s.seen()
        await restored(s)
        values = s.studio.spec_form.values
        assert values["prompt"] == "a fox in the snow"
        assert (values["negative_prompt"], values["seed"]) == ("blurry", "42")
        assert values["checkpoint"] == "scenes"
        assert "No checkpoint of this machine is called “dreamshaper_8”" in messages(s)
        assert "Not used: Clip skip 2 · ADetailer model face.pt · Model dreamshaper_8" in messages(
            s
        )
        await s.press("f10")
        assert field(s).text == "", "offered once"


async def test_an_ordinary_paste_is_offered_nothing(open_app: Open) -> None:
    async with open_app() as s:
        s.app.post_message(Paste("a red sun: bright, over: hills, with: birds"))
        await s.settle()
        assert s.told() == ""


async def test_a_checkpoint_that_is_here_is_taken(open_app: Open, tmp_path: Path) -> None:
    name = str(tmp_path / "dreamshaper_8.safetensors")
    shelf = [Shelved(name, "file", "sd1", 1, "float16", "", Path(name))]
    async with open_app(ScriptedLab(shelf=shelf)) as s:
        await s.press("f10")
        s.app.post_message(Paste(str(foreign(tmp_path / "x.png"))))
        await s.settle()
        await restored(s)
        assert s.studio.spec_form.values["checkpoint"] == name


async def test_what_cannot_be_restored_is_said_and_asked_again(
    open_app: Open, tmp_path: Path
) -> None:
    async with open_app(size=(80, 24)) as s:
        before = s.studio.spec_form.values
        await s.press("f10")
        await restored(s)
        assert "Give a path, or paste settings." in s.seen()
        s.app.post_message(Paste("/nowhere/x.png"))
        await s.settle()
        assert "Give a path" not in s.seen()
        await restored(s)
        assert "/nowhere/x.png cannot be read: No such file" in s.seen()
        field(s).text = str(foreign(tmp_path / "x.png", "hello"))
        await restored(s)
        assert "x.png holds text, but no settings" in " ".join(s.seen().replace("│", "").split())
        await s.press("escape")
        assert s.at_studio()
        assert s.studio.spec_form.values == before


async def test_a_hostile_picture_reaches_the_screen_cleaned(open_app: Open, tmp_path: Path) -> None:
    text = (
        "\x1b[31mred [b]x[/b]\n"
        "Steps: 2, Sampler: \x1b]0;own\x07, CFG scale: 7, Seed: 1, F\u202eoo: \x9b2J"
    )
    async with open_app() as s:
        await s.press("f10")
        s.app.post_message(Paste(str(foreign(tmp_path / "\x1b[2Jx.png", text))))
        await s.settle()
        field(s).text = str(foreign(tmp_path / "x.png", text))
        await restored(s)
        shown = s.seen() + s.told() + messages(s)
        assert "␛[31mred [b]x[/b]" in shown
        assert not any(odd in shown for odd in "\x1b\x07\x9b\u202e")


async def test_the_scheduler_gives_way_where_the_checkpoint_does_not_take_it(
    open_app: Open,
) -> None:
    async with open_app() as s:
        s.engine.loaded()
        await s.press("f10")
        s.app.post_message(Paste(FOREIGN.replace("Euler a", "Restart")))
        await s.settle()
        await restored(s)
        assert s.studio.spec_form.values["scheduler"] == "checkpoint's own"


# The command line


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path


def test_names_from_a_picture_reach_no_terminal_as_they_are(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "x\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m"
    text = FOREIGN.replace("ADetailer model", f"Ev{hostile}il")
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "NovelAI")
    info.add_text("Description", "a fox")
    info.add_text("Comment", json.dumps({"prompt": "a fox", "steps": 28, hostile: hostile}))
    novel = home / "novel.png"
    Image.new("RGB", (8, 8)).save(novel, pnginfo=info)
    for path in (foreign(home / "a.png", text), novel):
        assert main(["show", str(path)]) == 0
        told = capsys.readouterr()
        for character in "\x1b\x07\x9b":
            assert character not in told.out + told.err


def test_show_a_picture(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(ours(home / "a.png"))]) == 0
    told = capsys.readouterr().out
    assert "written by" in told
    assert "safelight" in told
    assert "a white moon" in told
    assert "Picture 2 of 2" in told
    assert main(["show", str(foreign(home / "b.png")), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == "a1111"
    assert found["spec"]["num_inference_steps"] == 28
    assert found["unknown"]["Clip skip"] == "2"
    assert len(found["notes"]) == 1
    assert not (home / "home").exists(), "only looked"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("gone.png", 1, "gone.png cannot be read: No such file"),
        ("what", 1, "“what” is neither the number of a run nor a picture."),
        ("41", 1, "There is no run #41"),
        ("#41", 1, "There is no run #41"),
        ("99999999999999999999", 1, "is neither the number"),
    ],
)
def test_show_what_is_not_there(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, code: int, said: str
) -> None:
    assert main(["show", name]) == code
    assert said in capsys.readouterr().err
    assert main(["generate", "--from", name, "--dry-run"]) == code
    assert said in capsys.readouterr().err
    assert not (home / "home" / "data").exists()


def foretold(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[RunSpec, str]:
    assert main(["generate", *words, "--dry-run", "--json"]) == 0
    told = capsys.readouterr()
    return RunSpec.from_json(json.loads(told.out)["spec"]), told.err


def test_generate_from_a_picture(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ours(home / "a.webp"))
    spec, told = foretold(capsys, "--from", path)
    assert spec == SPEC.only(1)
    assert "Picture 2 of 2" in told
    spec, _ = foretold(
        *(capsys, "new", "--from", path, "--seed", "9", "--steps", "3", "--scheduler", "euler"),
        *("--set", "sigmas=default", "--set", "vae=better-vae", "--batch", "2"),
    )
    assert spec == SPEC.only(1).with_(
        prompt="new",
        seed=9,
        num_inference_steps=3,
        scheduler="Euler",
        batch_size=2,
        switches={"vae": "better-vae"},
    )
    spec, told = foretold(capsys, "--from", str(foreign(home / "b.png")), "--size", "64x64")
    assert (spec.prompt, spec.width, spec.checkpoint) == ("a fox in the snow", 64, "scenes")
    assert "No checkpoint of this machine is called “dreamshaper_8”; scenes is kept." in told


def test_generate_from_a_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = History(home / "home" / "data")
    number = history.new_id()
    history.add(record_of(number, SPEC))
    history.close()
    for name in (str(number), f"#{number}"):
        assert foretold(capsys, "--from", name) == (SPEC, "")


def test_generate_needs_something_to_draw(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert home
    assert main(["generate"]) == 2
    assert "Say what to draw" in capsys.readouterr().err
    assert foretold(capsys, "")[0].prompt == ""
