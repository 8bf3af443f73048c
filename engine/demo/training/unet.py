"""The denoiser: trained on stored latents and on the finished text encoder's states.

Velocity prediction on a linear noise schedule. Stable Diffusion's own
schedule leaves a trace of the mean colour at its noisiest step; on flat skies
that trace is the picture, and it would spoil colours that start from pure noise.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from transformers import CLIPTokenizer

from engine.demo import scenes
from engine.demo.training import data, text
from engine.demo.training.clock import Average, Clock, cosine, load_state, save_state, set_rate
from engine.demo.training.vae import build as build_vae
from engine.demo.training.vae import to_tensor

BATCH = 32
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "linear",
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "prediction_type": "v_prediction",
}


def build() -> UNet2DConditionModel:
    """A fresh UNet for 16x16x4 latents."""
    torch.manual_seed(2)
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(96, 96, 96),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=text.HIDDEN,
        attention_head_dim=2,  # the number of heads, for historical reasons
        norm_num_groups=8,
    )


@torch.no_grad()
def freeze_encoder(work: Path) -> None:
    """Give the latents zero mean and unit size, exactly, and write `frozen.pt`.

    The 1x1 convolutions on both sides of the latents absorb the change, so that
    pictures stay what they were and the pipeline's scaling factor is 1.
    """
    state = torch.load(work / "vae.pt", weights_only=True)
    vae = build_vae()
    vae.load_state_dict(state["average"])
    pictures = to_tensor(data.cached_pictures(work, 8000)[:512])
    latents = torch.cat([vae.encode(part).latent_dist.mode() for part in torch.split(pictures, 32)])
    mean, spread = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    print("latents before: mean", mean.tolist(), "spread", spread.tolist())
    inward, outward = vae.quant_conv, vae.post_quant_conv
    inward.weight[:4] /= spread[:, None, None, None]
    inward.bias[:4] = (inward.bias[:4] - mean) / spread
    outward.bias += (outward.weight[:, :, 0, 0] * mean).sum(dim=1)
    outward.weight *= spread[None, :, None, None]
    again = torch.cat(
        [vae.encode(part).latent_dist.mode() for part in torch.split(pictures[:64], 32)]
    )
    print("latents after: mean", again.mean().item(), "spread", again.std().item())
    save_state(work / "frozen.pt", {"vae": vae.state_dict()})


@torch.no_grad()
def stored_latents(work: Path, count: int) -> NDArray[np.float16]:
    """Latents of the first `count` training drawings, (n, 4, 16, 16), kept in `work`."""
    path = work / f"latents-{count}.npy"
    if not path.exists():
        vae = build_vae()
        vae.load_state_dict(torch.load(work / "frozen.pt", weights_only=True)["vae"])
        vae.to(memory_format=torch.channels_last)
        parts = []
        for start in range(0, count, 2000):
            pictures = data.pictures(start, min(start + 2000, count))
            for at in range(0, len(pictures), 40):
                batch = to_tensor(pictures[at : at + 40])
                parts.append(vae.encode(batch).latent_dist.mode().half().numpy())
            print(f"encoded {start + len(pictures)}", flush=True)
        np.save(path.with_suffix(".tmp.npy"), np.concatenate(parts))
        path.with_suffix(".tmp.npy").rename(path)
    found: NDArray[np.float16] = np.load(path)
    return found


def train(
    work: Path,
    stored: NDArray[np.float16],
    minutes: float,
    resume: bool,
    peak: float = 1.2e-3,
) -> None:
    """Train the UNet on `stored` latents, (n, 4, 16, 16); leaves `unet.pt` in `work`."""
    latents, count = torch.from_numpy(stored), len(stored)
    found = [data.scene_at(index) for index in range(count)]
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    reader, unet, encoder = text.Reader(tokenizer), build(), text.build(tokenizer)
    # On a CPU, plain attention trains faster than the fused kernel at this size.
    unet.set_attn_processor(AttnProcessor())
    encoder.set_attn_implementation("eager")
    encoder.load_state_dict(torch.load(work / "text.pt", weights_only=True)["text"])
    optimizer = torch.optim.AdamW(
        unet.parameters(),
        lr=peak,
        betas=(0.9, 0.99),
        weight_decay=0.01,
    )
    average = Average(unet, 0.999)
    clock = Clock(minutes)
    if state := load_state(work / "unet.pt", resume):
        unet.load_state_dict(state["unet"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = state["average"]
        clock = Clock(minutes, state["minutes"])
        clock.step = state["step"]
    scheduler = DDPMScheduler(**SCHEDULE)
    rng = random.Random(f"unet {clock.step}")
    torch.manual_seed(clock.step)
    seen, saved = 0.0, time.monotonic()

    def save() -> None:
        save_state(
            work / "unet.pt",
            {
                "unet": unet.state_dict(),
                "average": average.weights,
                "optimizer": optimizer.state_dict(),
                "minutes": clock.used_minutes,
                "step": clock.step,
            },
        )

    for share in clock.ticks():
        set_rate(optimizer, cosine(share, clock.step, peak, warm_up=300))
        picks = [rng.randrange(count) for _ in range(BATCH)]
        clean = latents[picks].float()
        noise = torch.randn_like(clean)
        # One time from each of BATCH equal slices: less noise in the loss than chance.
        times = ((torch.arange(BATCH) + torch.rand(BATCH)) * (1000 / BATCH)).long().clamp(max=999)
        noisy = scheduler.add_noise(clean, noise, times)
        target = scheduler.get_velocity(clean, noise, times)
        ids = reader([scenes.caption(found[at], rng) for at in picks])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                states = encoder(ids).last_hidden_state
            output = unet(noisy, times, encoder_hidden_states=states).sample
        loss = (output.float() - target).square().mean()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(unet, clock.step)
        seen += float(loss.detach())
        if (clock.step + 1) % 100 == 0:
            print(
                f"{clock.used_minutes:6.1f} min  step {clock.step + 1:6d}  loss {seen / 100:.4f}",
                flush=True,
            )
            seen = 0.0
        if time.monotonic() - saved > 180:
            save()
            saved = time.monotonic()
    save()
