"""Previews: the right x0 from every scheduler, and colours that are those of the picture."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from engine.latent_rgb import LatentRgb, fit, latent_rgb
from engine.preview import PredictedX0, unpack
from engine.schedulers import SCHEDULERS, build
from tests.engine import tiny


class Fake:
    vae = object()


@pytest.mark.filterwarnings("ignore:The `scale_model_input`")
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("entry", SCHEDULERS, ids=lambda entry: entry.name)
def test_x0_of_each_scheduler(entry: Any, prediction: str) -> None:
    """A model that knows x0 and the noise exactly must be seen to predict that x0."""
    import diffusers

    torch.manual_seed(0)
    x0, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    if entry.flow:
        if prediction == "v_prediction":
            pytest.skip("a flow predicts its velocity")
        scheduler = getattr(diffusers, entry.cls)(shift=3.0)
    else:
        own = diffusers.DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type=prediction,
            clip_sample=False,
        )
        pipeline: Any = Fake()
        scheduler = build(pipeline, own, entry.name)
    scheduler.set_timesteps(10)
    with PredictedX0(scheduler) as watched:
        assert "model_output" in inspect.signature(scheduler.step).parameters
        for t in scheduler.timesteps[:3]:
            if entry.flow:
                sigma = float(t) / 1000
                sample, output = (1 - sigma) * x0 + sigma * noise, noise - x0
            else:
                sample = scheduler.add_noise(x0, noise, t.reshape(1))
                alpha = scheduler.alphas_cumprod[int(t)]
                output = noise
                if prediction == "v_prediction":
                    output = alpha**0.5 * noise - (1 - alpha) ** 0.5 * x0
            watched.want()
            scheduler.step(output, t, sample, return_dict=False)
            seen = watched.take()
            assert seen is not None
            assert watched.take() is None
            if entry.name == "LCM":  # mixes a little of x_t in, by design
                assert torch.corrcoef(torch.stack([seen.flatten(), x0.flatten()]))[0, 1] > 0.99
            elif "2S" not in entry.name and "DPM2" not in entry.name and "Heun" not in entry.name:
                torch.testing.assert_close(seen, x0, atol=0.05, rtol=0.02)
            if entry.name in ("PNDM", "Heun", "DPM2", "DPM2 a", "Flow Heun", "DPM++ 2S"):
                break  # their next sample is between two steps
    assert "step" not in vars(scheduler)


def test_nothing_is_held_unless_wanted() -> None:
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler()
    scheduler.set_timesteps(2)
    x = torch.zeros(1, 4, 4, 4)
    with PredictedX0(scheduler) as watched:
        scheduler.step(x, scheduler.timesteps[0], x)
        assert watched.take() is None


def test_fit_finds_a_linear_code() -> None:
    """On a VAE whose latents are the colours, mixed, the fit gives the colours back."""

    class Mode:
        def __init__(self, value: torch.Tensor) -> None:
            self.value = value

        def mode(self) -> torch.Tensor:
            return self.value

    mix = torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5], [0.3, 0.0, 1.0], [0.2, 0.2, 0.2]])

    class Config:
        block_out_channels = (8, 8, 8, 8)
        scaling_factor = 0.5
        shift_factor = 0.1

    threads: list[int] = []

    class Vae:
        config = Config()
        device = torch.device("cpu")
        dtype = torch.float32

        def encode(self, pictures: torch.Tensor) -> Any:
            threads.append(torch.get_num_threads())
            small = torch.nn.functional.avg_pool2d(pictures, 8)
            latents = torch.einsum("bchw,lc->blhw", small, mix) * 2 + 0.1

            class Out:
                latent_dist = Mode(latents)

            return Out()

        def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
            assert not return_dict
            colours = torch.einsum("blhw,cl->bchw", (latents - 0.1) / 2, torch.linalg.pinv(mix))
            return (colours.repeat_interleave(8, -1).repeat_interleave(8, -2),)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        rgb = fit(Vae())
        assert (threads, torch.get_num_threads()) == ([1], 2), "one core is enough, for the fit"
    finally:
        torch.set_num_threads(before)
    colours = (torch.rand(1, 3, 2, 2) * 2 - 1).repeat_interleave(2, -1).repeat_interleave(2, -2)
    latents = torch.einsum("bchw,lc->blhw", colours, mix)
    picture = rgb.pictures(latents)[0]
    expected = ((colours[0].permute(1, 2, 0) + 1) * 127.5).byte()
    got = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).reshape(4, 4, 3)
    assert (got.int() - expected.int()).abs().max() <= 12


def test_known_and_hopeless_vaes() -> None:
    class Pipeline:
        vae: Any = None

    pipeline = Pipeline()
    assert latent_rgb(pipeline) is None
    pipeline.vae = tiny.vae()
    assert latent_rgb(pipeline) is not None
    torch.nn.init.constant_(pipeline.vae.encoder.conv_in.weight, float("nan"))
    assert latent_rgb(pipeline) is None


@pytest.mark.parametrize("scaling_factor", [0.18215, 0.13025])
def test_published_maps(scaling_factor: float) -> None:
    class Config:
        block_out_channels = (128, 256, 512, 512)
        latent_channels = 4

    class Vae:
        config: Any = Config()
        device = torch.device("cpu")

    class Pipeline:
        vae = Vae()

    Config.scaling_factor = scaling_factor  # type: ignore[attr-defined]
    rgb = latent_rgb(Pipeline())
    assert rgb is not None
    assert rgb.random is None
    assert rgb.weights.shape == (5, 3)
    gray, dark = rgb.pictures(torch.zeros(1, 4, 1, 1))[0], rgb.pictures(-torch.ones(1, 4, 1, 1))[0]
    assert all(100 < level < 160 for level in gray.tobytes())
    assert dark.size == (1, 1)


def test_large_and_broken_latents() -> None:
    rgb = LatentRgb(torch.ones(5, 3))
    large = rgb.pictures(torch.zeros(1, 4, 512, 128))
    assert large[0].size == (32, 128)
    broken = rgb.pictures(torch.full((2, 4, 2, 2), float("nan")))
    assert [picture.size for picture in broken] == [(2, 2), (2, 2)]


def test_flux_latents_are_unpacked() -> None:
    from diffusers import FluxPipeline

    class Pipeline:
        vae_scale_factor = 8
        _unpack_latents = staticmethod(FluxPipeline._unpack_latents)

    latents = torch.randn(1, 4, 6, 8)
    packed = FluxPipeline._pack_latents(latents, 1, 4, 6, 8)
    unpacked = unpack(Pipeline(), packed, width=64, height=48)
    assert unpacked is not None
    torch.testing.assert_close(unpacked, latents)
    assert unpack(object(), torch.zeros(1, 2, 3), 8, 8) is None
