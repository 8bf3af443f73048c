"""Several pictures a run: prompts from one seed, batches in several calls, and swapped VAEs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import InvalidSpec
from engine.events import CheckpointLoading, PreviewReady, StepCompleted
from engine.history import History
from engine.likeness import ssim
from engine.pictures.read import read_metadata
from engine.spec import BUNDLED, RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("one", ("one",)),
        ("", ("",)),
        ("one\n---\ntwo", ("one", "two")),
        ("one\n-----  \ntwo, with --- in it\n---", ("one", "two, with --- in it")),
        ("---\ntwo", ("two",)),
        ("one\n---\n\n---\ntwo", ("one", "two")),
        ("---", ("",)),
        ("one\n--\ntwo", ("one\n--\ntwo",)),
    ],
)
def test_prompts_stand_between_lines_of_dashes(text: str, prompts: tuple[str, ...]) -> None:
    assert RunSpec(text).prompts == prompts


def test_each_prompt_is_drawn_from_each_seed() -> None:
    spec = RunSpec("one\n---\ntwo", seed=5, batch_size=2)
    assert spec.pictures == (("one", 5), ("one", 6), ("two", 5), ("two", 6))
    assert spec.seeds == (5, 6, 5, 6)
    with pytest.raises(InvalidSpec, match="2 prompts x 40 are 80 pictures; 64 at most"):
        spec.with_(batch_size=40)


def test_several_prompts_from_one_seed(harness: Make, spec: RunSpec, history: History) -> None:
    made = harness(history)
    several = spec.with_(prompt="a red sun\n---\na blue sea", negative_prompt="fog")
    end = made.run(several)
    assert [image.prompt for image in end.record.images] == ["a red sun", "a blue sea"]
    assert [image.seed for image in end.record.images] == [7, 7]
    for image in end.record.images:
        metadata = read_metadata(Path(image.path))
        assert metadata is not None
        assert metadata["prompt"] == image.prompt
    assert end.record.evaluations == 3  # in one batch
    # Each alone gives the picture of a run of its own, to the bit.
    apart = made.run(several.with_(switches={"split": "1"})).images
    for prompt, picture in zip(several.prompts, apart, strict=True):
        (alone,) = made.run(several.with_(prompt=prompt)).images
        assert picture.tobytes() == alone.tobytes()
    kept = history.get(end.run_id)
    assert kept is not None
    assert kept.images == end.record.images


def test_a_batch_in_several_calls(harness: Make, spec: RunSpec) -> None:
    made = harness()
    whole = spec.with_(batch_size=5, switches={"split": "2"})
    end = made.run(whole)
    assert len(end.images) == 5
    assert end.record.steps == 9  # three calls of three steps
    steps = made.all(StepCompleted, end.run_id)
    assert [(event.step, event.steps) for event in steps] == [(n, 9) for n in range(1, 10)]
    previews = made.all(PreviewReady, end.run_id)
    assert all(len(event.images) in (2, 4, 5) for event in previews)
    pair = made.run(spec.with_(batch_size=2, seed=9)).images
    assert [i.tobytes() for i in end.images[2:4]] == [i.tobytes() for i in pair]


def test_a_better_vae_gives_finer_detail_from_the_same_latents(harness: Make) -> None:
    made = harness(previews=False)
    spec = RunSpec("a red sun over blue mountains, orange sky", BUNDLED, seed=7)
    (own,) = made.run(spec).images
    (better,) = made.run(spec.with_(switches={"vae": "better-vae"})).images
    assert own.tobytes() != better.tobytes()
    assert ssim(own, better) > 0.9
    stages = [event.stage for event in made.all(CheckpointLoading)]
    assert "loading the VAE better-vae" in stages


def test_a_vae_from_another_checkpoint(harness: Make, sd: Path, spec: RunSpec) -> None:
    made = harness(previews=False)
    end = made.run(spec.with_(switches={"vae": str(sd)}))
    assert end.images[0].tobytes() == made.run(spec).images[0].tobytes()
    assert made.run(spec.with_(switches={"vae": str(sd / "vae")})).images


def test_a_vae_of_one_file_needs_nothing_from_the_hub(
    harness: Make, sd: Path, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise AssertionError("asked the network")

    monkeypatch.setattr("socket.getaddrinfo", refused)
    made = harness(previews=False)
    never = made.run(spec).images[0].tobytes()
    file = sd / "vae" / "diffusion_pytorch_model.safetensors"
    assert made.run(spec.with_(switches={"vae": str(file)})).images[0].tobytes() == never
    other = sd / "unet" / "diffusion_pytorch_model.safetensors"
    assert "could not be loaded" in made.fail(spec.with_(switches={"vae": str(other)})).error
    assert made.run(spec).images[0].tobytes() == never


def test_vaes_that_do_not_fit_are_refused(
    harness: Make, checkpoint: Callable[[str], Path], spec: RunSpec, tmp_path: Path
) -> None:
    made = harness(previews=False)
    never = made.run(spec).images[0].tobytes()
    pickle = tmp_path / "vae.ckpt"
    pickle.write_bytes(b"x")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"_class_name": "AutoencoderKL"}')
    for vae, sentence in (
        (str(checkpoint("sd3")), "has 16 latent channels; this checkpoint works with 4."),
        (str(checkpoint("sdxl")), "it belongs to another family."),
        ("nobody/nothing", "There is no VAE called “nobody/nothing” on this machine."),
        (str(pickle), "is a pickle file, and loading a pickle can run any code"),
        (str(broken), "could not be loaded: "),
    ):
        record = made.fail(spec.with_(switches={"vae": vae}))
        assert sentence in record.error
        assert made.run(spec).images[0].tobytes() == never


class _Broken:
    """A VAE that overflows in 16 bits."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, own: Any) -> Any:
        def decode(vae: Any, latents: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            out = own(vae, latents, *args, **kwargs)
            if vae.dtype != torch.float32:
                (out[0] if isinstance(out, tuple) else out.sample).fill_(self.value)
            return out

        return decode


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "NaN"), (-1.0, "black")])
def test_a_picture_that_breaks_in_16_bits_is_decoded_again_in_32(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch, value: float, word: str
) -> None:
    from diffusers import AutoencoderKL

    made = harness(previews=False)
    half = spec.with_(switches={"precision": "fp16"})
    wide = made.run(spec.with_(switches={"precision": "fp16", "vae_precision": "fp32"}))
    monkeypatch.setattr(AutoencoderKL, "decode", _Broken(value)(AutoencoderKL.decode))
    end = made.run(half)
    assert end.record.notes == (
        f"The VAE gave {word} in float16; the picture was decoded again in float32.",
    )
    assert end.images[0].tobytes() == wide.images[0].tobytes()
    assert made.run(spec.with_(switches={"precision": "fp16", "vae_precision": "fp32"})).images


def test_nan_latents_are_told_and_not_decoded(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import UNet2DConditionModel

    made = harness(previews=False)
    forward = UNet2DConditionModel.forward

    def broken(self: Any, *args: Any, **kwargs: Any) -> Any:
        out = forward(self, *args, **kwargs)
        (out[0] if isinstance(out, tuple) else out.sample).fill_(float("nan"))
        return out

    monkeypatch.setattr(UNet2DConditionModel, "forward", broken)
    record = made.fail(spec.with_(switches={"precision": "bf16"}))
    assert record.error.startswith("The model gave NaN instead of a picture")
    assert "bfloat16" in record.error


def test_pictures_of_a_batch_are_those_of_their_seeds_alone(harness: Make) -> None:
    made = harness(previews=False)
    spec = RunSpec("a white moon over black hills", BUNDLED, seed=40, num_inference_steps=8)
    batch = made.run(spec.with_(batch_size=3)).images
    for index, picture in enumerate(batch):
        (alone,) = made.run(spec.with_(seed=40 + index)).images
        assert isinstance(alone, Image.Image)
        assert ssim(picture, alone) >= 0.99
