"""Downloads, from a hub on loopback that serves the bundled checkpoint, or misbehaves."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import hub, listing, transfer
from engine.checkpoints import bundled_path, cached_snapshot
from engine.errors import Cancelled, CheckpointError
from engine.events import CheckpointDownloading, RunCancelled
from engine.spec import RunSpec
from engine.verify import verify_folder
from tests.engine.harness import EngineHarness
from tests.engine.loopback_hub import COMMIT, HUB_ID, PIECE, UNET, LoopbackHub, serving

Make = Callable[..., EngineHarness]
NEED = hub.Need(HUB_ID)
SPEC = RunSpec("a red sun", HUB_ID, num_inference_steps=2)


@pytest.fixture
def served(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub with the bundled checkpoint, and beside it what is in such repositories too."""
    del hub_cache
    extra = {
        "README.md": b"#" * 1000,
        "scenes.safetensors": b"s" * 1000,
        "unet/diffusion_pytorch_model.bin": b"p" * 1000,
        "unet/diffusion_pytorch_model.non_ema.safetensors": b"n" * 1000,
        "unet/model.onnx": b"o" * 1000,
        "vae_1_0/diffusion_pytorch_model.safetensors": b"v" * 1000,
    }
    with serving(bundled_path(), extra) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setattr(transfer, "_FIRST_WAIT_SECONDS", 0.001)
        yield served


def get(tell: hub.Tell = lambda _: None, check: hub.Check = lambda: None) -> Path:
    return hub.download(NEED, False, tell, check)


def needed(served: LoopbackHub) -> dict[str, int]:
    """The files of the bundled checkpoint that a pipeline needs, by name, with their sizes."""
    unneeded = ("better-vae/", "vae_1_0/", "README", "scenes.safetensors")
    odd = (".bin", ".onnx", ".non_ema.safetensors")
    return {
        name: len(content)
        for name, content in served.files.items()
        if not name.startswith(unneeded) and not name.endswith(odd)
    }


# The size


def test_the_size_is_that_of_what_is_downloaded(served: LoopbackHub, hub_cache: Path) -> None:
    size = hub.size_of(NEED, False)
    sizes = needed(served)
    assert (size.bytes_total, size.bytes_here, size.files) == (sum(sizes.values()), 0, len(sizes))
    assert not hub_cache.exists()
    assert served.asked == [
        f"/api/models/{HUB_ID}",
        f"/{HUB_ID}/resolve/{COMMIT}/model_index.json",
    ]
    served.sent.clear()
    folder = get()
    assert served.sent == {**sizes, "model_index.json": 2 * sizes["model_index.json"]}
    assert hub.size_of(NEED, False).bytes_to_come == 0
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*.*")} == set(sizes)


def test_the_cache_is_as_huggingface_hub_makes_it(served: LoopbackHub, hub_cache: Path) -> None:
    from huggingface_hub import hf_hub_download, scan_cache_dir

    folder = get()
    assert folder == cached_snapshot(HUB_ID)
    assert verify_folder(folder)
    assert (folder / UNET).read_bytes() == served.files[UNET]
    found = scan_cache_dir(hub_cache)
    assert [repo.repo_id for repo in found.repos] == [HUB_ID]
    assert not found.warnings
    assert not found.incomplete_files
    before = served.bytes_sent
    path = hf_hub_download(
        HUB_ID, UNET, cache_dir=hub_cache, endpoint=served.url, local_files_only=True
    )
    assert Path(path) == folder / UNET
    assert served.bytes_sent == before


@pytest.mark.parametrize("attempt", range(5))
def test_content_with_two_names_comes_once(served: LoopbackHub, attempt: int) -> None:
    """As with the vocabularies of SDXL; and weights, which have digests of another kind."""
    del attempt  # a race shows itself now and then
    weights, words = "vae/diffusion_pytorch_model.safetensors", b"w" * (40 * PIECE)
    twins = {f"tokenizer/same-{number}.json": words for number in range(6)}
    twins |= {f"vae/same{number}.safetensors": served.files[weights] for number in range(3)}
    plain = sum(needed(served).values())
    served.files.update(twins)
    size = hub.size_of(NEED, False)
    assert (size.bytes_total, size.bytes_here) == (plain + len(words), 0)
    assert size.files == len(needed(served))
    served.sent.clear()
    fetched = transfer.Transfer()
    folder = fetched.fetch(listing.ask(HUB_ID, False))
    index = len(served.files["model_index.json"])  # is looked at before it is fetched
    assert served.bytes_sent == size.bytes_total + index
    assert fetched.amount().done == fetched.amount().total == size.bytes_total
    assert {name: (folder / name).read_bytes() for name in twins} == twins
    assert hub.size_of(NEED, False).bytes_to_come == 0


INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "safety_checker": [None, None],
}
FILES = [
    "unet/config.json",
    "unet/x.safetensors",
    "unet/x.fp16.safetensors",
    "unet/x.fp16-00001-of-00002.safetensors",
    "unet/x.safetensors.index.json",
    "unet/x.safetensors.index.fp16.json",
    "unet/x.bin.index.json",
    "unet/deeper/config.json",
    "unet/../../x.json",
    "vae/config.json",
    "vae/x.safetensors",
    "tokenizer/spiece.model",
    "tokenizer/merges.txt",
    "safety_checker/model.safetensors",
    "model.py",
]
ALWAYS = {
    "model_index.json",
    *("unet/config.json", "vae/config.json", "vae/x.safetensors"),
    *("tokenizer/spiece.model", "tokenizer/merges.txt"),
}


def test_one_precision_of_the_weights_is_chosen() -> None:
    whole = listing.select(HUB_ID, INDEX, FILES, half=False)
    assert set(whole) == ALWAYS | {"unet/x.safetensors", "unet/x.safetensors.index.json"}
    half = listing.select(HUB_ID, INDEX, FILES, half=True)
    assert set(half) == ALWAYS | {name for name in FILES if ".fp16" in name}
    only = [name for name in FILES if name != "unet/x.safetensors"]
    assert "unet/x.fp16.safetensors" in listing.select(HUB_ID, INDEX, only, half=False)


def test_what_is_refused_before_a_byte_of_it_comes(served: LoopbackHub) -> None:
    for name in ("vae/diffusion_pytorch_model", "unet/diffusion_pytorch_model"):
        served.files[f"{name}.bin"] = served.files.pop(f"{name}.safetensors")
    with pytest.raises(CheckpointError, match="only as pickles"):
        hub.size_of(NEED, False)
    index = json.loads(served.files["model_index.json"])
    served.files["model_index.json"] = json.dumps({**index, "unet": ["mine", "Net"]}).encode()
    with pytest.raises(CheckpointError, match="wants code of its own"):
        hub.size_of(NEED, False)
    served.files["model_index.json"] = b"[]"
    with pytest.raises(CheckpointError, match="damaged"):
        hub.size_of(NEED, False)
    del served.files["model_index.json"]
    with pytest.raises(CheckpointError, match="not a diffusers checkpoint"):
        hub.size_of(NEED, False)


# What goes wrong


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (401, "", "or it is private: log in with `hf auth login` or set HF_TOKEN"),
        (401, "GatedRepo", "is gated: accept its terms on https://huggingface.co/someone/scenes"),
        (403, "GatedRepo", "then log in with `hf auth login` or set HF_TOKEN"),
        (403, "", "does not let you have someone/scenes: log in"),
        (404, "RepoNotFound", "The hub has no checkpoint someone/scenes"),
        (429, "", "cannot answer for now \\(error 429\\)"),
        (503, "", "cannot answer for now \\(error 503\\). Try someone/scenes again later"),
    ],
)
def test_refusals(served: LoopbackHub, status: int, code: str, sentence: str) -> None:
    served.status, served.error_code = status, code
    for attempt in (lambda: hub.size_of(NEED, False), get):
        with pytest.raises(CheckpointError, match=sentence) as caught:
            attempt()
        assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("hub_cache")
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(bundled_path()) as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.url)
    for attempt in (lambda: hub.size_of(NEED, False), get):
        with pytest.raises(CheckpointError, match="the hub cannot be reached"):
            attempt()


def test_a_dropped_connection_is_taken_up_again(served: LoopbackHub) -> None:
    served.drop_after = 10 * PIECE
    folder = get()
    assert (folder / UNET).read_bytes() == served.files[UNET]
    assert served.sent[UNET] == len(served.files[UNET])


def test_weights_on_another_host_are_fetched_without_the_token(
    served: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    served.elsewhere, served.drop_after = True, 10 * PIECE
    folder = get()
    assert (folder / UNET).read_bytes() == served.files[UNET]
    assert served.sent[UNET] == len(served.files[UNET])
    assert [path for path in served.asked if path not in served.known_by] == [
        path for path in served.asked if path.startswith("/cdn/")
    ]


def test_a_line_that_is_broken_for_good(
    served: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(*_: Any) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(transfer.Transfer, "_stream", stream)
    with pytest.raises(CheckpointError, match="What has come is kept: run again to go on"):
        get()
    assert hub.missing(HUB_ID) == NEED
    assert served.bytes_sent == len(served.files["model_index.json"])


def test_a_server_without_ranges_begins_again(served: LoopbackHub) -> None:
    served.drop_after, served.ranges = 10 * PIECE, False
    told: list[Any] = []
    folder = get(told.append)
    assert (folder / UNET).read_bytes() == served.files[UNET]
    assert served.sent[UNET] == len(served.files[UNET]) + 10 * PIECE
    assert all(not isinstance(step, transfer.Amount) or step.done <= step.total for step in told)


def test_a_damaged_file_is_thrown_away(served: LoopbackHub) -> None:
    served.spoil = UNET
    with pytest.raises(CheckpointError, match=r"unet/.* of someone/scenes came damaged"):
        get()
    assert hub.missing(HUB_ID) == NEED
    served.spoil = ""
    assert hub.is_complete(get())
    assert hub.missing(HUB_ID) is None


def test_a_disk_that_fills_up_keeps_what_has_come(
    served: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A file on a disk with room for two pieces."""

        def __init__(self, file: Any) -> None:
            self.file, self.writes = file, 0

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: Any) -> None:
            self.file.close()

        def flush(self) -> None:
            self.file.flush()

        def write(self, data: bytes) -> int:
            self.writes += 1
            if self.writes > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.file.write(data))

    opened = Path.open

    def open_full(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = opened(path, mode, *args, **options)
        return Full(file) if path.suffix == ".incomplete" and "r" not in mode else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        with pytest.raises(CheckpointError, match="The disk is full: someone/scenes could not be"):
            get()
    here = hub.size_of(NEED, False).bytes_here
    assert here > 1000
    served.sent.clear()
    get()
    assert served.bytes_sent == sum(needed(served).values()) - here + len(
        served.files["model_index.json"]
    )


@pytest.mark.usefixtures("served")
def test_a_disk_without_room_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    free = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("engine.transfer.shutil.disk_usage", lambda _: free)
    for attempt in (lambda: hub.size_of(NEED, False), get):
        with pytest.raises(CheckpointError, match=r"The disk is full: .* set HF_HOME"):
            attempt()


# Cancel, and go on


def test_a_cancelled_download_stops_and_goes_on_where_it_was(served: LoopbackHub) -> None:
    served.hold_after = 40 * PIECE

    def check() -> None:
        if served.held.is_set():
            raise Cancelled

    told: list[Any] = []
    with pytest.raises(Cancelled):
        get(told.append, check)
    asked = len(served.asked)
    assert hub.missing(HUB_ID) == NEED
    before = hub.size_of(NEED, False).bytes_here
    assert before >= 30 * PIECE
    # The server goes on; nobody takes what it still sends.
    served.hold_after = 0
    served.release.set()
    assert _no_downloads_are_left()
    assert hub.size_of(NEED, False).bytes_here == before
    assert len(served.asked) == asked + 4  # the sizes that were asked for here
    served.sent.clear()
    told.clear()
    folder = get(told.append)
    assert (folder / UNET).read_bytes() == served.files[UNET]
    rest = sum(needed(served).values()) - before
    assert served.bytes_sent == rest + len(served.files["model_index.json"])
    amounts = [step for step in told if isinstance(step, transfer.Amount)]
    assert all(amount.done >= before for amount in amounts)


def _no_downloads_are_left() -> bool:
    for thread in threading.enumerate():
        if thread.name.startswith("safelight-download"):
            thread.join(20)
            if thread.is_alive():
                return False
    return True


def test_two_downloads_of_one_checkpoint_take_turns(served: LoopbackHub) -> None:
    folders: list[Path] = []
    both = [threading.Thread(target=lambda: folders.append(get())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert folders[0] == folders[1]
    assert served.sent[UNET] == len(served.files[UNET])


# By the engine


def test_a_run_downloads_and_tells_how_far_it_is(served: LoopbackHub, harness: Make) -> None:
    served.hold_after = 20 * PIECE
    total = sum(needed(served).values())

    def react(event: Any) -> None:
        if isinstance(event, CheckpointDownloading) and event.done_bytes > 20 * PIECE:
            served.hold_after = 0
            served.release.set()

    tested = harness(react=react)
    finished = tested.run(SPEC)
    assert finished.record.spec.checkpoint == HUB_ID
    told = tested.all(CheckpointDownloading)
    assert {(event.checkpoint, event.total_bytes) for event in told} == {(HUB_ID, total)}
    assert 0 < told[0].done_bytes <= total
    served.asked.clear()
    tested.run(SPEC)
    assert served.asked == []


def test_a_cancelled_run_ends_its_download(served: LoopbackHub, harness: Make) -> None:
    served.hold_after = 20 * PIECE
    tested = harness()
    run_id = tested.engine.submit(SPEC)
    assert served.held.wait(60)
    assert tested.engine.cancel(run_id)
    assert isinstance(tested.end_of(run_id), RunCancelled)
    served.hold_after = 0
    served.release.set()
    assert tested.run(SPEC)


def test_offline_by_choice_asks_nobody(served: LoopbackHub) -> None:
    """The variable is read when huggingface_hub is imported, so in a process of its own."""
    code = (
        "from engine import hub\n"
        "from engine.errors import CheckpointError\n"
        "try: hub.size_of(hub.Need('someone/scenes'), False)\n"
        "except CheckpointError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "not on this machine, and the hub cannot be reached" in done.stdout
    assert served.asked == []
