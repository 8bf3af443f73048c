"""The screen of checkpoints, and the question before a download."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.widgets import Input, Static

from engine.checkpoints import bundled_path
from engine.errors import CheckpointError
from engine.events import CheckpointDownloading
from engine.hub import HubSize
from engine.record import RunRecord, Status
from engine.shelf import Shelved
from engine.spec import RunSpec
from tests.engine.headers import write_header
from tests.engine.loopback_hub import HUB_ID, serving
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab
from tui.cli import main
from tui.headless.checkpoints import DownloadLines
from tui.lab import RealLab
from tui.paths import Paths
from tui.screens.checkpoints import CheckpointsScreen
from tui.screens.confirm import ConfirmScreen
from tui.settings import Settings, read_settings
from tui.widgets.choice import Choice
from tui.widgets.shelf_table import ShelfTable

GB = 1024**3
SCENES = Shelved(
    *("scenes", "bundled", "sd", 14_700_000, "float16", "2026-01-01T12:00:00Z"),
    path=Path("/opt/safelight/weights"),
    deletable=False,
)
SDXL = Shelved(
    *("stabilityai/stable-diffusion-xl-base-1.0", "hub", "sdxl", 7 * GB, "float16", ""),
    path=Path("/cache/models--stabilityai--sdxl/snapshots/abc"),
    hub_id="stabilityai/stable-diffusion-xl-base-1.0",
)
FLUX = replace(
    SDXL, name="black-forest/flux", family="flux", complete=False, dtype="bfloat16", hub_id="b/f"
)
FILE = Shelved(
    *("/models/a/very/long/way/to/dreamshaper-8.safetensors", "file", "sd1", 2 * GB, "float16", ""),
    path=Path("/models/a/very/long/way/to/dreamshaper-8.safetensors"),
)
VAE = Shelved(*("/models/vae", "vae", "", 300_000_000, "float32", ""), path=Path("/models/vae"))
EVERYTHING = [SCENES, SDXL, FLUX, FILE, VAE]
TINY = "someone/tiny"


def stocked(*shelf: Shelved, **more: Any) -> ScriptedLab:
    return ScriptedLab(shelf=list(shelf or EVERYTHING), **more)


def on_form(s: Session) -> str:
    return s.studio.spec_form.values["checkpoint"]


def question(s: Session) -> str:
    """What is asked."""
    assert isinstance(s.app.screen, ConfirmScreen)
    return str(s.app.screen.query(Static).first().content)


def at_checkpoints(s: Session) -> bool:
    return isinstance(s.app.screen, CheckpointsScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_what_is_here_is_listed_in_columns(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(stocked(), size=size) as s:
        await s.press("f4")
        assert at_checkpoints(s)
        lines = s.seen().splitlines()
        sdxl = next(line for line in lines if "stabilityai/" in line)
        file = next(line for line in lines if "dreamshaper-8" in line)
        head = next(line for line in lines if "Family" in line)
        assert sdxl.index("SDXL") == head.index("Family")
        assert sdxl.index("fp16") == head.index("Dtype")
        assert sdxl.index("7.0 GB") + len("7.0 GB") == head.index("Size") + len("Size")
        assert sdxl.index("never") == head.index("Last use")
        assert file.index("SD 1") == head.index("Family")
        assert "5 here" in lines[0]
        assert any("Flux" in line and "incomplete" in line for line in lines)
        assert any("● scenes" in line for line in lines)
        assert all(len(line) <= size[0] for line in lines)
        await s.press("escape")
        assert s.at_studio()


async def test_enter_puts_a_checkpoint_on_the_form(open_app: Open, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "scheduler").mkdir(parents=True)
    (folder / "model_index.json").write_text(
        '{"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "DDIMScheduler"]}'
    )
    (folder / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "DDIMScheduler"}')
    mine = replace(FILE, name=str(folder), path=folder, kind="folder")
    async with open_app(stocked(SCENES, mine)) as s:
        await s.press("f4", "down", "enter")
        assert s.at_studio()
        assert on_form(s) == str(folder)
        assert s.focus() == "prompt"
        assert s.studio.query_one(Choice).options[0].value == "DDIM"
        assert s.engine.submitted == []


async def test_leaving_changes_nothing(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        for key in ("escape", "f4"):
            await s.press("f4", "down", key)
            assert s.at_studio()
        assert on_form(s) == "scenes"


async def test_only_the_vae_is_taken(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        for keys, vae in (
            (("f4", "down", "v"), SDXL.name),
            (("f4", "end", "enter"), "/models/vae"),
        ):
            await s.press(*keys)
            assert s.studio.spec_form.values["switches"] == f"vae={vae}"
            assert on_form(s) == "scenes"
        await s.press("ctrl+r")
        assert s.engine.submitted[0].switches == {"vae": "/models/vae"}


async def test_a_name_is_typed(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f4", "shift+tab")
        await s.type("no such thing")
        await s.press("enter")
        assert at_checkpoints(s)
        assert "There is no checkpoint called" in s.seen()
        field = s.app.screen.query_one(Input)
        field.value = ""
        field.post_message(Paste("someone/\x1b]52;c;eA==\x07tiny"))
        await s.settle()
        assert "\x1b" not in field.value
        field.value = " someone/tiny "
        await s.press("enter")
        assert s.at_studio()
        assert on_form(s) == TINY
        assert s.lab.asked == []


async def test_an_empty_name_goes_to_the_list(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f4", "tab")
        assert isinstance(s.app.focused, Input)
        await s.press("enter", "down", "enter")
        assert on_form(s) == SDXL.name


# Deleting


async def test_deleting_asks_first(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f4", "down", "d")
        assert "frees 7.0 GB" in question(s)
        await s.press("escape")
        assert at_checkpoints(s)
        assert SDXL in s.lab.shelf
        await s.press("delete", "y")
        assert SDXL not in s.lab.shelf
        assert "7.0 GB freed" in s.told()
        assert SDXL not in s.app.screen.query_one(ShelfTable).entries
        assert s.app.screen.query_one(ShelfTable).current == FLUX


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [(SCENES, "comes with Safelight"), (replace(FILE, deletable=False), "It is a link")],
)
async def test_what_stays(open_app: Open, entry: Shelved, sentence: str) -> None:
    async with open_app(stocked(entry)) as s:
        await s.press("f4", "d")
        assert at_checkpoints(s)
        assert sentence in s.told()


async def test_what_a_run_needs_is_not_deleted(open_app: Open) -> None:
    async with open_app(stocked(FILE)) as s:
        s.studio.spec_form.parameters.set_value("checkpoint", FILE.name)
        await s.press("ctrl+r", "f4", "d")
        assert "A run needs it" in s.told()
        assert at_checkpoints(s)


async def test_a_deletion_that_fails_says_why(open_app: Open) -> None:
    async with open_app(stocked(FILE)) as s:
        await s.press("f4", "d")
        s.lab.trouble = CheckpointError("It could not be deleted: Permission denied.")
        await s.press("enter")
        assert "Permission denied" in s.told()


async def test_quitting_is_no_yes_to_another_question(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("ctrl+r", "f4", "down", "d")
        assert "frees" in question(s)
        await s.press("ctrl+q")
        assert "What waits (1) is kept" in question(s)
        await s.press("escape", "escape")
        assert at_checkpoints(s)
        assert SDXL in s.lab.shelf


# States


async def test_a_list_that_cannot_be_had_says_what_to_do(open_app: Open) -> None:
    async with open_app(stocked(trouble=CheckpointError("The disk is away."))) as s:
        await s.press("f4")
        assert "The disk is away. Press r to look again." in s.seen()
        await s.press("enter", "v", "d")
        assert at_checkpoints(s)
        s.lab.trouble = None
        await s.press("r")
        assert "SDXL" in s.seen()
        assert "disk is away" not in s.seen()


async def test_only_the_bundled_one(open_app: Open) -> None:
    async with open_app(stocked(SCENES), size=(80, 24)) as s:
        await s.press("f4")
        shown = " ".join(s.seen().split())
        assert "Only the bundled checkpoint is here." in shown
        assert "checkpoint_folders" in shown


async def test_hostile_names_stay_text(open_app: Open) -> None:
    name = "/models/\x1b]0;x\x07[red]x[/][/nope]\u202e.safetensors"
    async with open_app(stocked(replace(FILE, name=name, path=Path(name)))) as s:
        await s.press("f4")
        assert "[red]x[/][/nope]" in s.seen()
        await s.press("d")
        assert "\x1b" not in s.seen()
        assert "[/nope]" in s.seen()


async def test_a_click_chooses(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f4")
        y = next(i for i, line in enumerate(s.seen().splitlines()) if SDXL.name in line)
        await s.pilot.click(offset=(10, y))
        await s.settle()
        assert on_form(s) == SDXL.name


async def test_help_begins_with_the_list(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f4", "f1")
        assert "Take only its VAE" in s.seen()
        await s.press("escape")
        assert at_checkpoints(s)


async def test_the_key_is_in_help_and_palette(open_app: Open) -> None:
    async with open_app(stocked()) as s:
        await s.press("f1")
        await s.type("studio.checkpoints")
        assert "Choose among the checkpoints" in s.seen()
        await s.press("f1")
        commands = s.palette()
        assert "Checkpoints F4" in commands
        await s.press("f4")
        commands = s.palette()
        assert "Checkpoints F4" not in commands
        assert "Help F1" in commands


# Asking before a download


@pytest.fixture
def unknown(open_app: Open) -> ScriptedLab:
    del open_app
    return stocked(sizes={TINY: HubSize(7 * GB, 0, 20)})


async def ask_for_a_run(s: Session) -> None:
    s.studio.spec_form.parameters.set_value("checkpoint", TINY)
    await s.press("ctrl+r")


async def test_a_download_is_asked_for(open_app: Open, unknown: ScriptedLab) -> None:
    async with open_app(unknown) as s:
        s.studio.spec_form.parameters.set_value("checkpoint", TINY)
        await s.settle()
        assert unknown.asked == []
        await s.press("ctrl+r")
        assert unknown.asked == [TINY]
        assert s.engine.submitted == []
        assert question(s) == "someone/tiny is not on this machine. Download 7.0 GB?"
        await s.type("city")  # of somebody who went on with the prompt meanwhile
        assert s.engine.submitted == []
        await s.press("enter")
        assert [spec.checkpoint for spec in s.engine.submitted] == [TINY]
        assert s.at_studio()
        # The one that follows needs no second answer.
        await s.press("ctrl+r")
        assert len(s.engine.submitted) == 2
        assert unknown.asked == [TINY]


async def test_a_download_that_is_not_wanted(open_app: Open, unknown: ScriptedLab) -> None:
    async with open_app(unknown) as s:
        await ask_for_a_run(s)
        await s.press("escape")
        assert s.at_studio()
        assert s.engine.submitted == []
        assert not s.studio.runs.rows


async def test_a_download_that_goes_on(open_app: Open, unknown: ScriptedLab) -> None:
    unknown.sizes[TINY] = HubSize(7 * GB, 2 * GB, 20)
    async with open_app(unknown) as s:
        await ask_for_a_run(s)
        assert question(s) == (
            "2.0 GB of someone/tiny are on this machine. Download the other 5.0 GB?"
        )


SD1 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
SINGLE = {
    "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": [320, 768],
    "first_stage_model.encoder.conv_in.weight": [4, 4],
}


async def test_a_single_file_asks_for_its_configuration(
    open_app: Open, unknown: ScriptedLab, tmp_path: Path
) -> None:
    path = write_header(tmp_path / "dream.safetensors", SINGLE)
    unknown.sizes[SD1] = HubSize(3 * 2**20, 0, 14)
    async with open_app(unknown) as s:
        s.studio.spec_form.parameters.set_value("checkpoint", str(path))
        await s.press("ctrl+r")
        assert question(s) == (
            f"dream.safetensors needs the configuration and tokenizer of {SD1}. Download 3 MB?"
        )
        await s.press("enter")
        assert [spec.checkpoint for spec in s.engine.submitted] == [str(path)]


async def test_nothing_is_asked_where_nothing_is_to_come(
    open_app: Open, unknown: ScriptedLab
) -> None:
    unknown.sizes[TINY] = HubSize(7 * GB, 7 * GB, 20)
    async with open_app(unknown) as s:
        await ask_for_a_run(s)
        assert len(s.engine.submitted) == 1


async def test_a_size_that_cannot_be_had(open_app: Open, unknown: ScriptedLab) -> None:
    why = f"{TINY} is not on this machine, and the hub cannot be reached to download it."
    unknown.sizes[TINY] = CheckpointError(why)
    async with open_app(unknown) as s:
        await ask_for_a_run(s)
        assert s.at_studio()
        assert why in s.told()
        assert s.engine.submitted == []


async def test_the_progress_of_a_download(open_app: Open, unknown: ScriptedLab) -> None:
    async with open_app(unknown) as s:
        await ask_for_a_run(s)
        await s.press("enter")
        run_id = s.engine.begin()
        half = CheckpointDownloading(run_id, TINY, 3 * GB, 6 * GB, 50 * 1024**2)
        for _ in range(3):
            s.engine.emit(half)
        await s.settle()
        assert "Downloading 3.0 GB of 6.0 GB ━" in s.seen()
        assert "50 MB/s" in s.seen()
        assert "someone/tiny · 61.4 s to go" in s.seen()
        await s.press("ctrl+g")
        assert "stopped" in s.seen()


# Settings


def test_folders_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('checkpoint_folders = ["~/models", "/data"]')
    settings, complaint = read_settings(file)
    assert settings.checkpoint_folders == ("~/models", "/data")
    assert complaint == ""
    for wrong in ('"~/models"', "[1]", "true"):
        file.write_text(f"checkpoint_folders = {wrong}")
        settings, complaint = read_settings(file)
        assert settings.checkpoint_folders == ()
        assert "“checkpoint_folders” must be a list of texts in quotes" in complaint


# Without the app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "home"


def test_a_list_for_scripts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checkpoints", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["name"], entry["kind"], entry["dtype"]) == ("scenes", "bundled", "float16")
    assert not (home / "data").exists()
    assert main(["checkpoints"]) == 0
    assert re.fullmatch(r"scenes  bundled  SD +fp16 +14 MB  never\n", capsys.readouterr().out)


def test_the_app_asks_the_machine(home: Path) -> None:
    mine = home / "models" / "mine"
    shutil.copytree(bundled_path(), mine)
    shutil.rmtree(mine / "better-vae")
    paths = Paths.find()
    lab = RealLab(paths, Settings(checkpoint_folders=(str(home / "models"),)))
    spec = RunSpec("x", str(mine))
    lab.history.add(RunRecord(1, Status.FINISHED, spec, "2026-01-01T12:00:00Z"))
    found = lab.checkpoints()
    assert [(e.name, e.last_use) for e in found[1:]] == [(str(mine), "2026-01-01T12:00:00Z")]
    assert lab.delete_checkpoint(found[1], found) == found[1].size_bytes
    assert [entry.name for entry in lab.checkpoints()] == ["scenes"]
    lab.close()


@pytest.mark.usefixtures("home")
def test_a_list_of_ones_own_folders(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(bundled_path() / "vae", home / "models" / "mine")
    (home / "config").mkdir()
    settings = f'checkpoint_folders = ["{home}/models"]\nwrong = 1'
    (home / "config" / "config.toml").write_text(settings)
    assert main(["checkpoints"]) == 0
    out, err = capsys.readouterr()
    assert "wrong" in err
    assert f"{home}/models/mine" in out


@pytest.mark.usefixtures("home")
def test_generate_downloads_only_what_was_allowed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(bundled_path()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        words = ["generate", "a red sun", "--steps", "1", "--checkpoint", HUB_ID]
        assert main(words) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert (
            f"{HUB_ID} is not on this machine. Allow its download of 12 MB with --download." in err
        )
        hub.status, hub.error_code = 404, "RepoNotFound"
        assert main(words) == 1
        assert "The hub has no checkpoint" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_generate_asks_before_the_configuration_of_a_single_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write_header(tmp_path / "dream.safetensors", SINGLE)
    with serving(bundled_path(), hub_id=SD1) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert main(["generate", "a", "--checkpoint", str(path)]) == 1
    err = capsys.readouterr().err
    assert f"dream.safetensors needs the configuration and tokenizer of {SD1}. Allow their" in err
    assert hub.bytes_sent < 10_000, "only model_index.json, for the size"


@pytest.mark.parametrize("watched", [True, False])
def test_the_lines_of_a_download(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: watched)
    lines = DownloadLines()
    for percent in range(0, 101, 2):
        lines.show(CheckpointDownloading(1, TINY, percent * GB, 100 * GB, GB if percent else 0))
    err = capsys.readouterr().err
    assert err.endswith("downloading 100 GB of 100 GB  1.0 GB/s  0 ms to go\n")
    assert err.count("downloading") == (51 if watched else 11)
    assert err.count("\n") == (1 if watched else 11)
