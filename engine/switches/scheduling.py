"""How a scheduler spaces its steps: the noise levels, and which timesteps it visits.

Every run gets a scheduler of its own, made from these; there is nothing to take back.
"""

from __future__ import annotations

from engine.switches.base import Choice, Part, Place, Switch


class Sigmas(Switch):
    """The spacing of noise levels."""

    name = "sigmas"
    label = "Sigmas"
    group = "Scheduler"
    help = "How noise levels are spaced between the first step and the last."
    choices = (
        Choice("default", "As the scheduler and the checkpoint have it."),
        Choice("karras", "More steps at low noise (Karras et al. 2022); often sharper."),
        Choice("exponential", "Evenly spaced in the logarithm of the noise."),
        Choice("beta", "More steps at both ends (Lee et al. 2024); needs scipy."),
    )
    parts = (Part.RUN,)

    def unavailable(self, value: str, place: Place) -> str:
        from importlib.util import find_spec

        if value == "beta" and find_spec("scipy") is None:
            return "needs scipy: pip install scipy"
        del place
        return ""


class Spacing(Switch):
    """Which of the training timesteps are visited."""

    name = "spacing"
    label = "Spacing"
    group = "Scheduler"
    help = "Which of the timesteps the model was trained on are visited."
    choices = (
        Choice("default", "As the checkpoint has it."),
        Choice("leading", "From the first on; Stable Diffusion 1.x as it was published."),
        Choice("linspace", "Evenly between the first and the last."),
        Choice("trailing", "Down from the last; best with few steps."),
    )
    parts = (Part.RUN,)
