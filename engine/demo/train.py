"""Trains the bundled checkpoint, stage by stage, each by the clock.

    python -m engine.demo.train vae     --minutes 36   # pictures <-> latents
    python -m engine.demo.train text    --minutes 5    # what captions mean
    python -m engine.demo.train unet    --minutes 70   # latents from captions
    python -m engine.demo.train decoder --minutes 55   # the VAE and the better VAE
    python -m engine.demo.train export                 # -> engine/demo/weights

The minutes are those of a machine with two CPU cores, on which `unet` and
`decoder` run best side by side with `--threads 1` each: about two hours in all.
A stage leaves its state in the work folder every few minutes; `--resume` goes on
from there with the minutes that are left. Pictures and captions are seeded, but
how many steps fit into a minute is the machine's affair: two trainings agree in
quality, not to the bit. `python -m engine.demo.evaluate` says how good one is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

STAGES = {"vae": 36.0, "text": 5.0, "unet": 70.0, "decoder": 55.0, "export": 0.0}
"""The stages in their order and their default minutes."""
WEIGHTS = Path(__file__).parent / "weights"
LATENTS = 24_000
"""How many drawings are encoded once for the UNet."""


def main(arguments: list[str] | None = None) -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=tuple(STAGES))
    parser.add_argument("--work", type=Path, default=Path("scenes-work"), help="state and data")
    parser.add_argument("--minutes", type=float, help="wall time for the stage, all runs of it")
    parser.add_argument("--resume", action="store_true", help="go on from the saved state")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where export writes")
    chosen = parser.parse_args(arguments)
    minutes: float = STAGES[chosen.stage] if chosen.minutes is None else chosen.minutes

    # Torch and diffusers take seconds to import: not before --help was answered.
    import torch

    from engine.demo.training import export, text, unet, vae

    torch.set_num_threads(chosen.threads)
    work: Path = chosen.work
    if chosen.stage == "vae":
        vae.train(work, minutes, chosen.resume)
        unet.freeze_encoder(work)
    elif chosen.stage == "text":
        text.teach(work, minutes, chosen.resume)
    elif chosen.stage == "unet":
        unet.train(work, unet.stored_latents(work, LATENTS), minutes, chosen.resume)
    elif chosen.stage == "decoder":
        vae.train_decoder(work, unet.stored_latents(work, LATENTS), minutes, chosen.resume)
    else:
        size = export.export(work, chosen.weights)
        print(f"{chosen.weights}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
