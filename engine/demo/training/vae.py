"""The autoencoder: 128x128 pictures to 16x16x4 latents and back.

Two stages share this module. `train` learns encoder and decoder together.
`train_decoder` freezes the encoder, so that the UNet's latents stay valid, and
goes on with the decoder alone. What it has after a third becomes the checkpoint's VAE,
what it has at the end the "better VAE" that can be swapped in.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from engine.demo.training import data
from engine.demo.training.clock import Average, Clock, cosine, load_state, save_state, set_rate
from engine.demo.training.fast import quicken

BATCH = 8
LATENT_NOISE = 0.10
"""Standard deviation of the noise that the decoder must bear, in latent units."""
LOG_VARIANCE = -8.0
"""The encoder's posterior is this narrow everywhere: sampling it costs no detail."""
EARLY = 0.35
"""After this share of the decoder's stage its state is kept as the checkpoint's own VAE."""


def build() -> AutoencoderKL:
    """A fresh autoencoder of about a million parameters."""
    torch.manual_seed(0)
    vae = AutoencoderKL(
        block_out_channels=(16, 32, 64, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        sample_size=128,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )
    with torch.no_grad():
        vae.quant_conv.weight[4:].zero_()
        vae.quant_conv.bias[4:].fill_(LOG_VARIANCE)
    return vae


def to_tensor(pixels: data.Pixels) -> torch.Tensor:
    """(n, 128, 128, 3) uint8 to (n, 3, 128, 128) float in -1..1, channels last."""
    batch = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    return batch.float().div_(127.5).sub_(1)


def detail(target: torch.Tensor) -> torch.Tensor:
    """Weights (n, 1, h, w): 1 on flat ground, 4 within two pixels of an edge."""
    down = (target[:, :, 1:] - target[:, :, :-1]).abs().amax(dim=1, keepdim=True)
    across = (target[..., 1:] - target[..., :-1]).abs().amax(dim=1, keepdim=True)
    step = torch.maximum(F.pad(down, (0, 0, 0, 1)), F.pad(across, (0, 1)))
    return 1 + 3 * F.max_pool2d((step > 0.08).float(), 5, stride=1, padding=2)


def loss_of(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 plus squared error, heavier where there is detail."""
    error = output.float() - target
    return ((error.abs() + 2 * error.square()) * detail(target)).mean()


@torch.no_grad()
def psnr(vae: AutoencoderKL, target: torch.Tensor) -> float:
    """Peak signal to noise ratio in dB of pictures there and back, mean over pictures."""
    values = []
    for batch in torch.split(target, 16):
        output = vae.decode(vae.encode(batch).latent_dist.mode()).sample.clamp(-1, 1)
        error = (output - batch).square().mean(dim=(1, 2, 3)) / 4
        values.append(-10 * torch.log10(error))
    return float(torch.cat(values).mean())


def _encode(vae: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    """The posterior's mean, (n, 4, 16, 16)."""
    mean: torch.Tensor = vae.quant_conv(vae.encoder(pictures))[:, :4]
    return mean


def train(work: Path, minutes: float, resume: bool, peak: float = 1.5e-3) -> None:
    """Encoder and decoder together; leaves `vae.pt` in `work`."""
    pictures = data.cached_pictures(work, 8000)
    held_out = to_tensor(data.pictures(0, 32, data.HELD_OUT, workers=1))
    vae = build().to(memory_format=torch.channels_last)
    quicken(vae)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    average = Average(vae, 0.995)
    clock = Clock(minutes)
    if state := load_state(work / "vae.pt", resume):
        vae.load_state_dict(state["vae"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = state["average"]
        clock = Clock(minutes, state["minutes"])
        clock.step = state["step"]
    rng = np.random.default_rng(clock.step)
    seen, saved = 0.0, time.monotonic()

    def save() -> None:
        save_state(
            work / "vae.pt",
            {
                "vae": vae.state_dict(),
                "average": average.weights,
                "optimizer": optimizer.state_dict(),
                "minutes": clock.used_minutes,
                "step": clock.step,
            },
        )

    for share in clock.ticks():
        set_rate(optimizer, cosine(share, clock.step, peak))
        target = to_tensor(pictures[np.sort(rng.integers(len(pictures), size=BATCH))])
        target = target.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mean = _encode(vae, target).float()
            spread = mean.detach().std(dim=(0, 2, 3), keepdim=True)
            noisy = mean + LATENT_NOISE * spread * torch.randn_like(mean)
            output = vae.decode(noisy).sample
        # Keeps the latents near zero mean and unit size without a say in the picture.
        prior = 1e-4 * (mean.square().mean() - 1 - mean.square().mean().clamp_min(1e-4).log())
        loss = loss_of(output, target) + prior
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        vae.quant_conv.weight.grad[4:] = 0
        vae.quant_conv.bias.grad[4:] = 0
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(vae, clock.step)
        seen += float(loss.detach())
        if (clock.step + 1) % 100 == 0:
            print(
                f"{clock.used_minutes:6.1f} min  step {clock.step + 1:6d}  loss {seen / 100:.4f}"
                f"  spread {spread.flatten().tolist()[0]:.2f}",
                flush=True,
            )
            seen = 0.0
        if time.monotonic() - saved > 180:
            save()
            probe = build()
            probe.load_state_dict(average.weights)
            print(f"            held-out PSNR {psnr(probe, held_out):.2f} dB", flush=True)
            saved = time.monotonic()
    save()


def train_decoder(
    work: Path, latents: np.ndarray, minutes: float, resume: bool, peak: float = 1e-3
) -> None:
    """Go on with the decoder of `frozen.pt` alone.

    Leaves `decoder-early.pt` and `decoder.pt` in `work`. `latents` are those of the
    first training drawings, (n, 4, 16, 16). They are given back with less noise
    than `train` used, which leaves finer edges.
    """
    pictures = data.cached_pictures(work, 8000)
    stored = torch.from_numpy(latents[: len(pictures)])
    held_out = to_tensor(data.pictures(0, 32, data.HELD_OUT, workers=1))
    vae = build()
    vae.load_state_dict(torch.load(work / "frozen.pt", weights_only=True)["vae"])
    vae.to(memory_format=torch.channels_last)
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    quicken(vae)
    learned = [weight for weight in vae.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    average = Average(vae, 0.998)
    clock = Clock(minutes)
    if state := load_state(work / "decoder.pt", resume):
        vae.load_state_dict(state["vae"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = state["average"]
        clock = Clock(minutes, state["minutes"])
        clock.step = state["step"]
    rng = np.random.default_rng([7, clock.step])
    kept = clock.used_minutes / minutes > EARLY
    seen, saved = 0.0, time.monotonic()

    def save(name: str = "decoder.pt") -> None:
        save_state(
            work / name,
            {
                "vae": vae.state_dict(),
                "average": average.weights,
                "optimizer": optimizer.state_dict(),
                "minutes": clock.used_minutes,
                "step": clock.step,
            },
        )
        probe = build()
        probe.load_state_dict(average.weights)
        print(f"            held-out PSNR {psnr(probe, held_out):.2f} dB", flush=True)

    for share in clock.ticks():
        if share >= EARLY and not kept:
            save("decoder-early.pt")
            kept = True
        set_rate(optimizer, cosine(share, clock.step, peak))
        picks = np.sort(rng.integers(len(pictures), size=BATCH))
        target = to_tensor(pictures[picks]).contiguous(memory_format=torch.channels_last)
        clean = stored[picks].float()
        noise = torch.rand(BATCH, 1, 1, 1) * LATENT_NOISE * torch.randn_like(clean)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = vae.decode(clean + noise).sample
        loss = loss_of(output, target)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(vae, clock.step)
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
