"""The folder that ships: small, plain, and with our own words in its tokenizer."""

import json
from pathlib import Path

from transformers import CLIPTokenizer

from engine.demo import scenes
from engine.demo.evaluate import BETTER_VAE, WEIGHTS


def test_all_weights_together_are_at_most_16_mb() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= 16_000_000


def test_it_is_a_diffusers_folder_in_fp16_safetensors() -> None:
    index = json.loads((WEIGHTS / "model_index.json").read_text("utf-8"))
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert index["requires_safety_checker"] is False
    assert index["scheduler"] == ["diffusers", "PNDMScheduler"]
    for part in ("unet", "vae", "text_encoder", BETTER_VAE):
        assert _dtypes(next((WEIGHTS / part).glob("*.safetensors"))) == {"F16"}, part


def test_every_word_of_the_grammar_is_one_token() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(WEIGHTS / "tokenizer")
    assert tokenizer.model_max_length == 77
    for word in scenes.WORDS:
        assert len(tokenizer(word)["input_ids"]) == 3, word


def test_any_other_text_can_be_read_too() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(WEIGHTS / "tokenizer")
    ids = tokenizer("ein Schiff, 日本 ☂")["input_ids"]
    assert "日本" in tokenizer.decode(ids)


def _dtypes(path: Path) -> set[str]:
    """The number formats in a safetensors file (its header is length, then JSON)."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
