"""What is on this machine, and what is taken away from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import shelf
from engine.checkpoints import bundled_path
from engine.errors import CheckpointError
from engine.history import History
from engine.record import RunRecord, Status
from engine.shelf import Shelved, delete, list_checkpoints
from engine.spec import RunSpec
from tests.engine.caches import put_in_cache
from tests.engine.headers import write_header

pytestmark = pytest.mark.usefixtures("hub_cache")


def names(found: tuple[Shelved, ...]) -> list[str]:
    return [entry.name for entry in found]


def one(found: tuple[Shelved, ...], name: object) -> Shelved:
    return next(entry for entry in found if entry.name == str(name))


CROSS = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
FIRST = "first_stage_model.encoder.conv_in.weight"
SINGLE = {
    "sd1": {CROSS: [320, 768], FIRST: [4, 4]},
    "sd2": {CROSS: [320, 1024], FIRST: [4, 4]},
    "sdxl": {"model.diffusion_model.label_emb.0.0.weight": [8, 8], FIRST: [4, 4]},
    "sd3": {"model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight": [8, 8]},
    "flux": {"double_blocks.0.img_attn.norm.key_norm.scale": [8]},
}


def test_the_bundled_checkpoint_is_always_there() -> None:
    (entry,) = list_checkpoints({"scenes": "2026-01-01T12:00:00Z", "gone/model": "2026"})
    assert (entry.name, entry.kind, entry.family) == ("scenes", "bundled", "sd")
    assert entry.dtype == "float16"
    assert entry.last_use == "2026-01-01T12:00:00Z"
    files = [path for path in bundled_path().rglob("*") if path.is_file()]
    assert entry.size_bytes == sum(path.stat().st_size for path in files)
    assert entry.complete
    assert not entry.deletable
    assert json.loads(json.dumps(entry.to_json()))["path"] == str(bundled_path())


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux", "pixart"])
def test_folders_of_each_family(
    family: str, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(checkpoint(family), tmp_path / "models" / "mine" / family))
    entry = one(list_checkpoints({}, [tmp_path / "models"]), folder)
    assert entry.family == {"pixart": "PixArtAlphaPipeline"}.get(family, family)
    assert (entry.kind, entry.dtype, entry.complete) == ("folder", "float32", True)
    assert entry.deletable


@pytest.mark.parametrize("family", SINGLE)
def test_single_files_by_their_header(family: str, tmp_path: Path) -> None:
    path = write_header(tmp_path / "models" / f"{family}.safetensors", SINGLE[family])
    entry = one(list_checkpoints({}, [tmp_path / "models"]), path)
    assert (entry.kind, entry.family, entry.dtype) == ("file", family, "float16")
    assert entry.size_bytes == path.stat().st_size


def test_a_single_file_of_a_real_pipeline(sd: Path, tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    from tests.engine import original_layout

    path = tmp_path / "model.safetensors"
    original_layout.write(DiffusionPipeline.from_pretrained(sd), path)
    assert one(list_checkpoints({str(path): "2026"}), path).family == "sd"


def test_what_is_no_checkpoint_is_left_out(tmp_path: Path, sd: Path) -> None:
    models = tmp_path / "models"
    write_header(models / "lora.safetensors", {"lora_unet.down.weight": [2]})
    (models / "short.safetensors").write_bytes(b"12345")
    (models / "notes.txt").touch()
    (models / "broken").mkdir()
    (models / "broken" / "model_index.json").write_text("{")
    (models / "llm").mkdir()
    (models / "llm" / "config.json").write_text('{"_class_name": 3}')
    (models / "loop").symlink_to(models / "loop")
    shutil.copytree(sd, models / "a" / "b" / "c" / "too-deep")
    shutil.copytree(sd, models / ".hidden")
    found = list_checkpoints({}, [models, tmp_path / "none", Path("~nobody-at-all/x")])
    assert names(found) == ["scenes"]


def test_vaes_of_their_own(sd: Path, tmp_path: Path, hub_cache: Path) -> None:
    models = tmp_path / "models"
    folder = Path(shutil.copytree(sd / "vae", models / "vae"))
    file = write_header(models / "v.safetensors", {"encoder.conv_in.weight": [2, 2]}, "F32")
    put_in_cache(hub_cache, "someone/vae", sd / "vae")
    found = list_checkpoints({}, [models])
    kinds = {name: one(found, name).kind for name in (folder, file, "someone/vae")}
    assert set(kinds.values()) == {"vae"}
    assert one(found, folder).dtype == "float32"


def test_a_folder_that_is_a_checkpoint_itself(sd: Path) -> None:
    assert names(list_checkpoints({}, [sd])) == ["scenes", str(sd)]


def test_the_cache_of_the_hub(sd: Path, hub_cache: Path) -> None:
    put_in_cache(hub_cache, "someone/whole", sd)
    part = put_in_cache(hub_cache, "someone/part", sd)
    (part / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    other = put_in_cache(hub_cache, "someone/llm", sd)
    (other / "model_index.json").unlink()
    (hub_cache / "models--someone--odd").mkdir()
    (hub_cache / "a-file").touch()
    found = list_checkpoints({"someone/part": "2026-01-02", "scenes": "2025"})
    assert names(found) == ["scenes", "someone/part", "someone/whole"]
    whole, part_of = one(found, "someone/whole"), one(found, "someone/part")
    assert (whole.kind, whole.family, whole.complete) == ("hub", "sd", True)
    assert not part_of.complete
    assert part_of.size_bytes < whole.size_bytes


def test_a_cache_that_is_a_file(hub_cache: Path) -> None:
    hub_cache.write_text("?")
    assert names(list_checkpoints({})) == ["scenes"]


def test_last_uses_come_from_the_history(history: History) -> None:
    assert history.last_uses() == {}
    for number, (name, when) in enumerate(
        [("a", "2026-01-01"), ("b", "2026-01-03"), ("a", "2026-01-02")], 1
    ):
        spec = RunSpec("x", name)
        history.add(RunRecord(number, Status.FINISHED, spec, f"{when}T12:00:00Z"))
    assert history.last_uses() == {"a": "2026-01-02T12:00:00Z", "b": "2026-01-03T12:00:00Z"}
    with_reader = History(history.folder, read_only=True)
    assert with_reader.last_uses() == history.last_uses()
    assert History(history.folder / "none", read_only=True).last_uses() == {}


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from engine.shelf import list_checkpoints; list_checkpoints({});"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Deleting


def test_deleting_a_folder_frees_its_bytes_and_follows_no_link(sd: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sd, tmp_path / "models" / "mine"))
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").write_text("x")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    (folder / "link").symlink_to(kept)
    (folder / "file-link").symlink_to(kept / "precious")
    found = list_checkpoints({}, [tmp_path / "models"])
    assert delete(one(found, folder), found) == size
    assert not folder.exists()
    assert (kept / "precious").read_text() == "x"
    with pytest.raises(CheckpointError, match="gone already"):
        delete(one(found, folder), found)


def test_deleting_a_file(tmp_path: Path) -> None:
    path = write_header(tmp_path / "models" / "x.safetensors", SINGLE["sd1"])
    found = list_checkpoints({}, [tmp_path / "models"])
    assert delete(one(found, path), found) > 0
    assert not path.exists()


def test_deleting_from_the_cache_of_the_hub(sd: Path, hub_cache: Path) -> None:
    """Also where another repository, a copy of this one, has the same commit."""
    put_in_cache(hub_cache, "someone/tiny", sd)
    put_in_cache(hub_cache, "someone/other", sd)
    found = list_checkpoints({})
    entry = one(found, "someone/tiny")
    assert delete(entry, found) == entry.size_bytes
    assert names(list_checkpoints({})) == ["scenes", "someone/other"]
    with pytest.raises(CheckpointError, match="gone already"):
        delete(entry, found)


def test_what_is_not_deleted(sd: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    outer = Path(shutil.copytree(sd, models / "outer"))
    real = Path(shutil.copytree(sd, tmp_path / "elsewhere"))
    (models / "linked").symlink_to(real)
    found = list_checkpoints({str(outer / "vae"): "2026"}, [models])
    with pytest.raises(CheckpointError, match="comes with Safelight"):
        delete(found[0], found)
    with pytest.raises(CheckpointError, match="a link"):
        delete(one(found, real), found)
    with pytest.raises(CheckpointError, match="is not on the list"):
        delete(replace(one(found, outer), path=tmp_path), found)
    with pytest.raises(CheckpointError, match="also holds"):
        delete(one(found, outer), found)
    assert (outer / "model_index.json").is_file()
    assert (real / "model_index.json").is_file()
    outer.rename(tmp_path / "moved")
    outer.symlink_to(tmp_path / "moved")
    with pytest.raises(CheckpointError, match="has become a link"):
        delete(one(found, outer), found)
    assert (tmp_path / "moved" / "model_index.json").is_file()


def test_a_home_is_never_deleted(sd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(shutil.copytree(sd, tmp_path / "home"))
    monkeypatch.setenv("HOME", str(home))
    found = list_checkpoints({str(home): "2026"})
    with pytest.raises(CheckpointError, match="more than a checkpoint"):
        delete(one(found, home), found)


def test_a_folder_that_cannot_be_deleted(
    sd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(sd, tmp_path / "models" / "mine"))
    found = list_checkpoints({}, [tmp_path / "models"])

    def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", denied)
    with pytest.raises(CheckpointError, match="could not be deleted: Permission denied"):
        delete(one(found, folder), found)


def test_a_huge_folder_is_not_walked_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_MOST_FOLDERS", 3)
    for number in range(20):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
    seen: list[str] = []
    iterdir = Path.iterdir

    def watched(path: Path) -> Any:
        seen.append(path.name)
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", watched)
    assert names(list_checkpoints({}, [tmp_path / "many"])) == ["scenes"]
    assert len([name for name in seen if name.isdecimal() or name == "many"]) <= 3
