"""Names of checkpoints, and what is refused before or while loading, each with a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import checkpoints
from engine.checkpoints import bundled_path, default_checkpoint, inspect, resolve
from engine.errors import CheckpointError
from engine.events import CheckpointLoaded
from engine.spec import RunSpec
from tests.engine.caches import put_in_cache
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/no/such/folder", "There is no folder or file /no/such/folder"),
        ("./gone.safetensors", "There is no folder or file"),
        ("a/b/c", "There is no folder or file"),
        ("scened", "no checkpoint called “scened”"),
        ("model.ckpt", "loading a pickle can run any code"),
        ("~nobody-of-that-name/x", "path"),
        ("x\0y", "not a path"),
        ("x" * 5000, "not a path"),
    ],
)
def test_names_of_nothing(name: str, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        resolve(name)


def test_names(sd: Path, tmp_path: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_checkpoint() == "scenes"
    assert resolve("owner/name").path is None
    cached = put_in_cache(hub_cache, "owner/name", sd)
    where = resolve("owner/name")
    assert (where.name, where.path) == ("owner/name", cached)
    monkeypatch.chdir(sd.parent)
    assert resolve("sd").name == str(sd)
    file = tmp_path / "x.safetensors"
    file.touch()
    assert resolve(str(file)).single_file
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        resolve(str(tmp_path / "notes.txt"))
    with pytest.raises(CheckpointError, match=r"no model_index\.json"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux"])
def test_inspection_agrees_with_loading(
    family: str, checkpoint: Callable[[str], Path], harness: Make
) -> None:
    folder = checkpoint(family)
    info = inspect(str(folder))
    tested = harness()
    tested.engine.warm_up(str(folder))
    loaded = tested.wait(CheckpointLoaded)
    assert info.family == loaded.family == family
    assert (info.width, info.height) == (loaded.width, loaded.height)
    assert info.schedulers == loaded.schedulers
    assert info.scheduler == loaded.schedulers[0]
    assert info.uses_negative_prompt == loaded.uses_negative_prompt


def test_families_by_class() -> None:
    assert checkpoints.family_of("StableDiffusionXLInpaintPipeline") == "sdxl"
    assert checkpoints.family_of("StableDiffusionControlNetPipeline") == "sd"
    assert checkpoints.family_of("FluxPipeline") == "flux"
    assert checkpoints.family_of("StableDiffusionUpscalePipeline") == (
        "StableDiffusionUpscalePipeline"
    )
    assert checkpoints.family_of("SanaPipeline") == "SanaPipeline"


# Broken and unsafe folders


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def only_pickle(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))


def cut_short(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def not_safetensors(folder: Path) -> None:
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"<html>no</html>" * 9)


def empty_file(folder: Path) -> None:
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"")


def no_weights(folder: Path) -> None:
    (folder / "text_encoder" / "model.safetensors").unlink()


def no_part(folder: Path) -> None:
    shutil.rmtree(folder / "unet")


def bad_json(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def own_pipeline(folder: Path) -> None:
    edit(folder / "model_index.json", _class_name=["pipeline", "Mine"])


def own_part(folder: Path) -> None:
    (folder / "unet" / "my_unet.py").write_text("raise SystemExit('ran')")
    edit(folder / "model_index.json", unet=["my_unet", "MyUNet"])


def any_library(folder: Path) -> None:
    edit(folder / "model_index.json", unet=["subprocess", "Popen"])


def outside(folder: Path) -> None:
    edit(folder / "model_index.json", **{"../../unet": ["diffusers", "UNet2DConditionModel"]})


def unknown_class(folder: Path) -> None:
    edit(folder / "model_index.json", unet=["diffusers", "UNet9DModel"])


def not_text_to_image(folder: Path) -> None:
    edit(folder / "model_index.json", _class_name="StableVideoDiffusionPipeline")


def other_shapes(folder: Path) -> None:
    edit(folder / "unet" / "config.json", cross_attention_dim=48)


def lacking_tensors(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    del weights["conv_in.weight"]
    save_file(weights, path, metadata={"format": "pt"})


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("model_index.json", DEEP),
        ("model_index.json", "[]"),
        ("model_index.json", "\udce9"),
        ("model_index.json", '{"_class_name": ["x", "Y"]}'),
        ("model_index.json", '{"_class_name": {}}'),
        ("model_index.json", '{"a": ' + "9" * 5000 + "}"),
        ("vae/config.json", '{"block_out_channels": null}'),
        ("vae/config.json", '{"block_out_channels": 3}'),
        ("vae/config.json", '{"block_out_channels": {"a": 1}}'),
        ("vae/config.json", f'{{"block_out_channels": {[1] * 100_000}}}'),
        ("vae/config.json", DEEP),
        ("unet/config.json", '{"sample_size": "64"}'),
        ("unet/config.json", '{"sample_size": ["a", "b"]}'),
        ("unet/config.json", '{"sample_size": [Infinity, 8]}'),
        ("unet/config.json", '{"sample_size": -1}'),
        ("unet/config.json", '{"sample_size": true}'),
    ],
    ids=lambda text: text[:40],
)
def test_hostile_json(copy: Path, file: str, text: str) -> None:
    (copy / file).write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(CheckpointError, match="the checkpoint is damaged"):
        inspect(str(copy))


@pytest.mark.parametrize(
    "text",
    [DEEP, "3", '{"beta_start": null, "use_flow_sigmas": [{}]}'],
    ids=["deep", "a number", "odd values"],
)
@pytest.mark.parametrize("entry", [None, 3, ["diffusers", 3], [[], {}], ["diffusers", "Odd"]])
def test_an_odd_scheduler_is_only_unknown(copy: Path, text: str, entry: Any) -> None:
    (copy / "scheduler" / "scheduler_config.json").write_text(text)
    edit(copy / "model_index.json", scheduler=entry)
    info = inspect(str(copy))
    assert (info.family, info.scheduler, info.width) == ("sd", "", 64)


def test_inspection_raises_only_sentences(
    sd: Path, tmp_path: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for name in (str(loop), "a\ud800b"):
        with pytest.raises(CheckpointError):
            inspect(name)
    put_in_cache(hub_cache, "owner/name", sd)
    (hub_cache / "models--owner--name" / "refs" / "main").write_text("x" * 5000)
    with pytest.raises(CheckpointError):
        inspect("owner/name")

    def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("engine.checkpoints._own_scheduler", denied)
    with pytest.raises(CheckpointError, match="Permission denied"):
        inspect(str(sd))


@pytest.mark.usefixtures("hub_cache")
def test_what_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").touch()
    for name in (str(tmp_path / "x.safetensors"), "owner/name"):
        info = inspect(name)
        assert (info.family, info.scheduler, info.schedulers, info.width) == ("", "", (), 0)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (only_pickle, "only as a pickle"),
        (cut_short, "cut short or damaged"),
        (not_safetensors, "cut short or damaged"),
        (empty_file, "cut short or damaged"),
        (no_weights, "text_encoder has no weights"),
        (no_part, "unet is missing"),
        (bad_json, "cannot be read as JSON"),
        (own_pipeline, "code of its own"),
        (own_part, "code of its own"),
        (any_library, "code of its own"),
        (outside, "it is damaged"),
        (unknown_class, "this version of diffusers lacks"),
        (not_text_to_image, "does not make pictures from text"),
        (other_shapes, "could not be loaded"),
        (lacking_tensors, "lack 1 tensors"),
    ],
)
def test_broken_folders(
    spoil: Callable[[Path], None], sentence: str, copy: Path, harness: Make, spec: RunSpec
) -> None:
    spoil(copy)
    tested = harness()
    record = tested.fail(spec.with_(checkpoint=str(copy)))
    assert sentence in record.error
    assert "\n" not in record.error
    assert len(record.error) < 400
    assert tested.run(spec)


def test_a_refused_checkpoint_leaves_the_one_in_use(
    harness: Make, spec: RunSpec, copy: Path
) -> None:
    cut_short(copy)
    tested = harness()
    tested.run(spec)
    tested.fail(spec.with_(checkpoint=str(copy)))
    tested.fail(spec.with_(checkpoint="/no/such/folder"))
    tested.run(spec)
    assert len(tested.all(CheckpointLoaded)) == 1


def test_a_failed_warm_up_is_told_by_the_run(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    tested.engine.warm_up("/no/such/folder")
    assert "There is no folder" in tested.fail(spec.with_(checkpoint="/no/such/folder")).error
    assert tested.run(spec)


def test_half_precision_files(sd: Path, tmp_path: Path, harness: Make) -> None:
    """Folders that hold only ``*.fp16.safetensors`` load too, on the CPU as float32."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(sd, dtype=torch.float16)
    pipeline.save_pretrained(tmp_path / "half", variant="fp16")
    tested = harness()
    tested.run(RunSpec("a", str(tmp_path / "half"), num_inference_steps=2))
    assert tested.wait(CheckpointLoaded).dtype == "float32"


def test_the_bundled_folder_is_inside_the_package() -> None:
    assert bundled_path().parts[-3:] == ("engine", "demo", "weights")
