"""Names of checkpoints, and what is refused before or while loading, each with a sentence."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import checkpoints
from engine.checkpoints import bundled_path, default_checkpoint, inspect, resolve
from engine.errors import CheckpointError
from engine.events import CheckpointLoaded, CheckpointLoading, RunCancelled
from engine.spec import RunSpec
from tests.engine import original_layout
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


@pytest.fixture
def copy(sd: Path, tmp_path: Path) -> Path:
    """A copy of the tiny SD checkpoint, to break."""
    return Path(shutil.copytree(sd, tmp_path / "copy"))


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put_in_cache(cache: Path, hub_id: str, folder: Path) -> Path:
    """As huggingface_hub lays out its cache."""
    repo = cache / ("models--" + hub_id.replace("/", "--"))
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc123")
    return Path(shutil.copytree(folder, repo / "snapshots" / "abc123"))


def no_network(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
    from huggingface_hub import HfApi

    def model_info(*_: Any, **__: Any) -> None:
        raise error or AssertionError("the network was asked")

    monkeypatch.setattr(HfApi, "model_info", model_info)


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


# The hub


def test_a_downloaded_hub_id_needs_no_network(
    sd: Path, hub_cache: Path, harness: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_cache(hub_cache, "someone/tiny", sd)
    no_network(monkeypatch)
    finished = harness().run(RunSpec("a", "someone/tiny", num_inference_steps=2))
    assert finished.record.spec.checkpoint == "someone/tiny"


def hub_error(name: str) -> Exception:
    """What huggingface_hub raises."""
    from huggingface_hub import errors

    if name == "offline":
        kind: Any = type("ConnectError", (Exception,), {"__module__": "httpx2"})
        offline: Exception = kind("no route to host")
        return offline
    if name == "disk full":
        return OSError(28, "No space left on device")
    if name == "odd":
        return RuntimeError("first line\nsecond line")
    kind = getattr(errors, name)
    error: Exception = kind.__new__(kind, "message")  # its response is of no matter here
    return error


def model_info(files: list[str]) -> Any:
    from huggingface_hub.hf_api import ModelInfo

    make: Any = ModelInfo
    info = make(id="someone/tiny", siblings=[{"rfilename": name} for name in files])
    return lambda *_, **__: info


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("GatedRepoError", "gated: accept its terms on https://huggingface.co/someone/tiny"),
        ("RepositoryNotFoundError", "The hub has no checkpoint someone/tiny"),
        ("offline", "not on this machine, and the hub cannot be reached"),
        ("disk full", "The disk is full"),
        ("odd", "could not be downloaded: first line"),
    ],
)
@pytest.mark.usefixtures("hub_cache")
def test_hub_failures(
    error: str, sentence: str, harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness()
    no_network(monkeypatch, hub_error(error))
    record = tested.fail(spec.with_(checkpoint="someone/tiny"))
    assert sentence in record.error
    assert "\n" not in record.error
    stages = [event.stage for event in tested.all(CheckpointLoading)]
    assert "downloading someone/tiny" in stages


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (["README.md"], "is not a diffusers checkpoint"),
        (["model_index.json", "unet/diffusion_pytorch_model.bin"], "only as pickles"),
    ],
)
@pytest.mark.usefixtures("hub_cache")
def test_what_is_not_downloaded(
    files: list[str],
    sentence: str,
    harness: Make,
    spec: RunSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from huggingface_hub import HfApi

    monkeypatch.setattr(HfApi, "model_info", model_info(files))
    assert sentence in harness().fail(spec.with_(checkpoint="someone/tiny")).error


@pytest.mark.usefixtures("hub_cache")
def test_a_download_is_loaded(
    sd: Path, harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import DiffusionPipeline
    from huggingface_hub import HfApi

    files = ["model_index.json", "unet/diffusion_pytorch_model.safetensors"]
    asked: list[Any] = []

    def download(name: str, **options: Any) -> str:
        asked.append((name, options))
        return str(sd)

    monkeypatch.setattr(HfApi, "model_info", model_info(files))
    monkeypatch.setattr(DiffusionPipeline, "download", download)
    assert harness().run(spec.with_(checkpoint="someone/tiny"))
    assert asked == [("someone/tiny", {"use_safetensors": True, "variant": None})]


@pytest.mark.usefixtures("hub_cache")
def test_cancel_while_downloading(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends at once; the download may take its time."""
    from huggingface_hub import HfApi

    asked, release = threading.Event(), threading.Event()

    def slow(*_: Any, **__: Any) -> None:
        asked.set()
        assert release.wait(60)
        raise OSError("too late to matter")

    monkeypatch.setattr(HfApi, "model_info", slow)
    tested = harness()
    run_id = tested.engine.submit(spec.with_(checkpoint="someone/tiny"))
    assert asked.wait(60)
    assert tested.engine.cancel(run_id)
    assert isinstance(tested.end_of(run_id), RunCancelled)
    release.set()
    assert tested.run(spec)


# Single files


@pytest.fixture(scope="module")
def single_file(sd: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from diffusers import DiffusionPipeline

    path = tmp_path_factory.mktemp("single") / "model.safetensors"
    return original_layout.write(DiffusionPipeline.from_pretrained(sd), path)


def test_a_single_file_makes_the_same_picture(
    single_file: Path, sd: Path, hub_cache: Path, harness: Make, spec: RunSpec
) -> None:
    put_in_cache(hub_cache, "stable-diffusion-v1-5/stable-diffusion-v1-5", sd)
    tested = harness()
    expected = tested.run(spec).images[0]
    finished = tested.run(spec.with_(checkpoint=str(single_file)))
    assert finished.images[0].tobytes() == expected.tobytes()
    assert tested.wait(CheckpointLoaded, number=2).family == "sd"
    assert inspect(str(single_file)).family == ""


@pytest.mark.usefixtures("hub_cache")
def test_a_single_file_without_its_configuration(
    single_file: Path, harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionPipeline

    def from_single_file(*_: Any, **__: Any) -> None:
        raise OSError("nothing there") from hub_error("offline")

    monkeypatch.setattr(StableDiffusionPipeline, "from_single_file", from_single_file)
    record = harness().fail(spec.with_(checkpoint=str(single_file)))
    assert "holds no tokenizer" in record.error
    assert "cannot be reached" in record.error


def test_files_that_are_no_checkpoint(
    single_file: Path, tmp_path: Path, harness: Make, spec: RunSpec
) -> None:
    from safetensors.torch import save_file

    tested = harness()
    part = tmp_path / "lora.safetensors"
    save_file({"lora_unet.down.weight": torch.zeros(2)}, part)
    assert "a LoRA" in tested.fail(spec.with_(checkpoint=str(part))).error
    short = tmp_path / "short.safetensors"
    short.write_bytes(single_file.read_bytes()[:5000])
    assert "cut short" in tested.fail(spec.with_(checkpoint=str(short))).error


def test_the_bundled_folder_is_inside_the_package() -> None:
    assert bundled_path().parts[-3:] == ("engine", "demo", "weights")
