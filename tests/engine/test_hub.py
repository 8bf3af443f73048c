"""What comes from the hub, and single files, whose configuration may have to come from there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import hub
from engine.checkpoints import inspect
from engine.events import CheckpointLoaded, CheckpointLoading, RunCancelled
from engine.spec import RunSpec
from tests.engine import original_layout
from tests.engine.caches import put_in_cache
from tests.engine.harness import EngineHarness
from tests.engine.loopback_hub import serving

Make = Callable[..., EngineHarness]


def no_network(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
    from huggingface_hub import HfApi

    def model_info(*_: Any, **__: Any) -> None:
        raise error or AssertionError("the network was asked")

    monkeypatch.setattr(HfApi, "model_info", model_info)


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


def test_a_download_that_ends_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look that timed out is not the download's own failure."""
    from engine import hub

    class Late(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            value = super().result()
            if timeout is not None:
                raise TimeoutError
            return value

    monkeypatch.setattr(hub, "Future", Late)
    monkeypatch.setattr(hub, "_fetch", lambda *_: Path("/there"))
    assert hub.download(hub.Need("a/b"), False, lambda _: None, lambda: None) == Path("/there")


def test_a_download_is_complete_with_its_last_shard(copy: Path) -> None:
    from engine import hub

    assert hub.is_complete(copy)
    shards = {"a": "1.safetensors", "b": "2.safetensors"}
    index = copy / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    (copy / "unet" / "1.safetensors").touch()
    assert not hub.is_complete(copy)
    (copy / "unet" / "2.safetensors").touch()
    assert hub.is_complete(copy)


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


SD1 = "stable-diffusion-v1-5/stable-diffusion-v1-5"


def test_a_single_file_fetches_only_configuration_and_tokenizer(
    single_file: Path,
    sd: Path,
    hub_cache: Path,
    harness: Make,
    spec: RunSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = str(single_file)
    need = hub.Need(SD1, for_file=single_file.name)
    assert hub.missing(name) == need
    with serving(sd, hub_id=SD1) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        small = {file: len(content) for file, content in served.files.items() if "json" in file}
        small |= {file: len(c) for file, c in served.files.items() if file.endswith(".txt")}
        assert hub.size_of(need, False).bytes_total == sum(small.values())
        assert not hub_cache.exists()
        tested = harness()
        expected = tested.run(spec).images[0]
        finished = tested.run(spec.with_(checkpoint=name))
        assert finished.images[0].tobytes() == expected.tobytes()
        assert set(served.sent) == set(small)
        assert hub.missing(name) is None
        asked = len(served.asked)
        tested.run(spec)
        tested.run(spec.with_(checkpoint=name))
        assert len(served.asked) == asked
        # The weights of the same id are still to come for whoever wants them.
        assert hub.missing(SD1) == hub.Need(SD1)


@pytest.mark.usefixtures("hub_cache")
def test_a_single_file_whose_configuration_cannot_be_had(
    single_file: Path, harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody is there
    record = harness().fail(spec.with_(checkpoint=str(single_file)))
    assert record.error.startswith(SD1)
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
