"""Writes safetensors files of zeros, for what looks at headers only."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any


def write_header(path: Path, tensors: dict[str, list[int]], dtype: str = "F16") -> Path:
    """A safetensors file of zeros: only its header is looked at."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path
