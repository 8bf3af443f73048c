"""The words: a CLIP tokenizer that knows the grammar, and a small CLIP text encoder.

The encoder is first taught on captions alone to say what a caption means, which
takes minutes; learning the same through the UNet's loss takes hours.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from engine.demo import scenes
from engine.demo.training.clock import Clock, cosine, load_state, save_state, set_rate

LENGTH = 77
HIDDEN = 128
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
FIELDS: dict[str, tuple[str, ...]] = {
    "disc": scenes.DISCS,
    "disc_colour": tuple(scenes.COLOURS),
    "terrain": scenes.TERRAINS,
    "land_colour": tuple(scenes.COLOURS),
    "sky_colour": tuple(scenes.COLOURS),
    "extra": scenes.EXTRAS[1:],
}
"""What a caption can name; an index past the end of a row means "not said"."""


def _byte_symbols() -> list[str]:
    """The printable characters that stand for the bytes 0..255 in byte-level BPE.

    The table of GPT-2's encoder, which CLIP shares: printable Latin-1 bytes stand
    for themselves, the others for the characters from U+0100 on.
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    symbols, spare = [], 256
    for byte in range(256):
        if byte in printable:
            symbols.append(chr(byte))
        else:
            symbols.append(chr(spare))
            spare += 1
    return symbols


def _merge(pieces: list[str], merges: list[tuple[str, str]]) -> list[str]:
    """Apply BPE merges, the earliest in the list first."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while True:
        pairs = [
            (ranks.get(pair, len(ranks)), at) for at, pair in enumerate(itertools.pairwise(pieces))
        ]
        best = min(pairs, default=(len(ranks), 0))
        if best[0] == len(ranks):
            return pieces
        at = best[1]
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]


def write_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write vocab.json and merges.txt in which every grammar word is one token.

    Every byte has a token too, so that any prompt can be read. A word's merges
    come after those of the words before it and so cannot break these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    merges: list[tuple[str, str]] = []
    for word in scenes.WORDS:
        pieces = _merge([*word[:-1], word[-1] + "</w>"], merges)
        while len(pieces) > 1:
            merges.append((pieces[0], pieces[1]))
            pieces = [pieces[0] + pieces[1], *pieces[2:]]
    symbols = _byte_symbols()
    tokens = [BOS, EOS, *symbols, *(f"{s}</w>" for s in symbols), *(a + b for a, b in merges)]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
    tokenizer = CLIPTokenizer(
        vocab=vocabulary, merges=merges, model_max_length=LENGTH, pad_token=EOS
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def build(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A fresh text encoder of about half a million parameters."""
    torch.manual_seed(1)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=3 * HIDDEN,
        projection_dim=HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attention_dropout=0.0,
    )
    return CLIPTextModel(config)


class Reader:
    """Captions to token ids, quicker than the tokenizer for the grammar's words."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        self._ids = {word: tokenizer(word)["input_ids"][1] for word in (*scenes.WORDS, ",")}
        self._bos, self._eos = tokenizer.bos_token_id, tokenizer.eos_token_id

    def __call__(self, captions: list[str]) -> torch.Tensor:
        """Token ids (n, 77), padded with the end token as the pipeline does."""
        ids = torch.full((len(captions), LENGTH), self._eos)
        ids[:, 0] = self._bos
        for row, text in enumerate(captions):
            words = text.replace(",", " ,").split()
            ids[row, 1 : len(words) + 1] = torch.tensor(
                [self._ids[word] for word in words], dtype=torch.long
            )
        return ids


class Heads(nn.Module):
    """Linear readers of the encoder's states, used only while it is taught."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = nn.ModuleDict({k: nn.Linear(HIDDEN, len(v) + 1) for k, v in FIELDS.items()})
        self.colour = nn.Linear(HIDDEN, len(scenes.COLOURS) + 1)


def _targets(captions: list[str]) -> dict[str, torch.Tensor]:
    """Per field, the class of what each caption names, (n,)."""
    named = [scenes.parse(text) for text in captions]
    return {
        field: torch.tensor(
            [names.index(row[field]) if field in row else len(names) for row in named]
        )
        for field, names in FIELDS.items()
    }


def _noun_targets(captions: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows, positions and colour classes of the nouns that can have a colour."""
    rows, places, colours = [], [], []
    names = tuple(scenes.COLOURS)
    for row, text in enumerate(captions):
        words = text.replace(",", " ,").split()
        for at, word in enumerate(words):
            if word in (*scenes.DISCS, *scenes.TERRAINS, "sky"):
                before = words[at - 1] if at else ""
                rows.append(row)
                places.append(at + 1)
                colours.append(names.index(before) if before in names else len(names))
    return torch.tensor(rows), torch.tensor(places), torch.tensor(colours)


def teach(work: Path, minutes: float, resume: bool, peak: float = 1.5e-3) -> None:
    """Teach the text encoder on captions alone; leaves `text.pt` and `tokenizer/` in `work`."""
    tokenizer = write_tokenizer(work / "tokenizer")
    reader, encoder, heads = Reader(tokenizer), build(tokenizer), Heads()
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=peak, weight_decay=0.01)
    clock = Clock(minutes)
    if state := load_state(work / "text.pt", resume):
        encoder.load_state_dict(state["text"])
        heads.load_state_dict(state["heads"])
        optimizer.load_state_dict(state["optimizer"])
        clock = Clock(minutes, state["minutes"])
        clock.step = state["step"]
    rng = random.Random(f"text {clock.step}")
    for share in clock.ticks():
        set_rate(optimizer, cosine(share, clock.step, peak))
        captions = [scenes.caption(scenes.sample(rng), rng) for _ in range(48)]
        ids = reader(captions)
        states = encoder(ids).last_hidden_state
        ends = ids == tokenizer.eos_token_id
        # Three end positions a caption: every one shall know the whole caption.
        picks = torch.multinomial(ends.float(), 3)
        at_end = states[torch.arange(len(captions))[:, None], picks]
        loss = torch.zeros(())
        right: list[torch.Tensor] = []
        for field, target in _targets(captions).items():
            scores = heads.whole[field](at_end)
            loss = loss + F.cross_entropy(scores.flatten(0, 1), target.repeat_interleave(3))
            right.append((scores[:, 0].argmax(-1) == target).float().mean())
        rows, places, colours = _noun_targets(captions)
        loss = loss + F.cross_entropy(heads.colour(states[rows, places]), colours)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (clock.step + 1) % 100 == 0:
            accuracy = float(torch.stack(right).mean())
            print(
                f"{clock.used_minutes:6.1f} min  step {clock.step + 1:6d}"
                f"  loss {float(loss.detach()):.4f}  right {accuracy:.3f}",
                flush=True,
            )
    save_state(
        work / "text.pt",
        {
            "text": encoder.state_dict(),
            "heads": heads.state_dict(),
            "optimizer": optimizer.state_dict(),
            "minutes": clock.used_minutes,
            "step": clock.step,
        },
    )
