"""The bundled checkpoint, end to end: the words are really in the picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from engine.checkpoints import bundled_path, default_checkpoint, inspect
from engine.compare import likeness
from engine.events import CheckpointLoaded, PreviewReady
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

pytestmark = pytest.mark.skipif(
    not (bundled_path() / "model_index.json").is_file(), reason="the weights are not here"
)


@pytest.fixture(scope="module")
def tested() -> Iterator[EngineHarness]:
    made = EngineHarness(device="cpu")
    yield made
    assert made.engine.stop(30)


def share(image: Image.Image, hue_from: int, hue_to: int) -> float:
    """The share of clearly coloured pixels with a hue in a range of degrees."""
    data = image.convert("HSV").tobytes()
    pixels = list(zip(data[::3], data[1::3], data[2::3], strict=True))
    hits = 0
    for hue, saturation, value in pixels:
        degrees = hue * 360 / 255
        inside = (degrees - hue_from) % 360 <= (hue_to - hue_from) % 360
        hits += inside and saturation > 90 and value > 80
    return hits / len(pixels)


def test_a_red_sun_over_blue_mountains(tested: EngineHarness) -> None:
    spec = RunSpec("a red sun over blue mountains, orange sky", seed=7, batch_size=4)
    finished = tested.run(spec)
    right = 0
    for image in finished.images:
        assert image.size == (128, 128)
        red, blue, orange = share(image, 345, 12), share(image, 200, 235), share(image, 20, 45)
        right += red > 0.015 and blue > 0.1 and orange > 0.2
    assert right >= 3


def test_other_words_give_another_picture(tested: EngineHarness) -> None:
    finished = tested.run(RunSpec("a yellow moon over green hills, purple sky", seed=7))
    image = finished.images[0]
    assert share(image, 115, 150) > 0.1
    assert share(image, 265, 295) > 0.2
    assert share(image, 345, 12) < 0.05


def test_what_its_folder_says_is_so(tested: EngineHarness) -> None:
    info = inspect(default_checkpoint())
    assert (info.family, info.width, info.height) == ("sd", 128, 128)
    assert info.scheduler == "PNDM"
    tested.run(RunSpec("", num_inference_steps=2))
    loaded = tested.wait(CheckpointLoaded)
    assert (loaded.checkpoint, loaded.schedulers) == ("scenes", info.schedulers)


def test_the_last_preview_has_the_colours_of_the_picture(tested: EngineHarness) -> None:
    finished = tested.run(RunSpec("a white moon over black city, red sky", seed=3))
    preview = tested.all(PreviewReady, finished.run_id)[-1].images[0]
    small = finished.images[0].resize(preview.size, Image.Resampling.BOX)
    pairs = zip(preview.tobytes(), small.tobytes(), strict=True)
    difference = sum(abs(a - b) for a, b in pairs) / len(preview.tobytes())
    assert difference < 30


def test_likeness_of_two_schedulers(tested: EngineHarness) -> None:
    """Real pictures, measured as scikit-image measures them."""
    spec = RunSpec("a red sun over blue mountains", seed=7, num_inference_steps=8, batch_size=2)
    sides = [tested.run(spec.with_(scheduler=name)).images for name in ("DPM++ 2M", "PNDM")]
    for one, other in zip(*sides, strict=True):
        found = likeness(one, other, same_seed=True)
        x, y = np.asarray(one), np.asarray(other)
        kernel = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        theirs = structural_similarity(x, y, channel_axis=-1, data_range=255, **kernel)
        assert found.ssim == pytest.approx(theirs, abs=1e-9)
        assert found.psnr == pytest.approx(peak_signal_noise_ratio(x, y, data_range=255), abs=1e-9)
        assert found.ssim is not None
        assert 0.3 < found.ssim < 1
        assert found.changed is not None
        assert found.changed > 0.5
