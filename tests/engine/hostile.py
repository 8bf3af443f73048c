"""Hostile pictures, by the hundred: made here, so that none has to be kept."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from engine.infotext import write
from engine.pictures import exif, xmp
from engine.pictures.save import save_image
from engine.spec import RunSpec

SPEC = RunSpec("a red sun, über 山", negative_prompt="stars", seed=7, width=64, height=64)
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31m \u202e \x9b31m [red]markup[/]"


def metadata() -> dict[str, Any]:
    spec = SPEC.to_json()
    return {"run": 1, "prompt": SPEC.prompt, "seed": 7, "index": 0, "spec": spec}


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, size: tuple[int, int] = (8, 8), pixels: bytes | None = None) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    data = zlib.compress(bytes((3 * 8 + 1) * 8)) if pixels is None else pixels
    body = (*chunks, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(body)


def itxt(text: str | bytes, name: bytes = b"safelight") -> bytes:
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return chunk(b"iTXt", name + b"\0\0\0\0\0" + data)


def jpeg(*segments: bytes, size: tuple[int, int] = (8, 8)) -> bytes:
    """A JPEG with segments of APP1; ``size`` is what its frame claims."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", size[1], size[0])
    apps = b"".join(b"\xff\xe1" + struct.pack(">H", len(each) + 2) + each for each in segments)
    return bytes(data[:2]) + apps + bytes(data[2:])


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "WEBP", lossless=True)
    body = buffer.getvalue()[12:]
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bomb(size: int = 2**28) -> bytes:
    """A quarter of a megabyte that inflates to ``size`` bytes."""
    packer = zlib.compressobj(9)
    block = b" " * 2**20
    return b"".join(packer.compress(block) for _ in range(size // 2**20)) + packer.flush()


def texts() -> Iterator[tuple[str, str]]:
    """Texts that a picture may hold instead of ours."""
    spec = SPEC.to_json()
    values: tuple[Any, ...] = (None, [], {}, "x", -1, 10**400, 1.5, True, "\ud800", ESCAPES, [[[]]])
    for name in spec:
        for value in values:
            yield "wrong types", json.dumps({"spec": {**spec, name: value}})
    for value in (*values, 2**70):
        for name in ("run", "prompt", "seed", "index", "pictures"):
            yield "wrong types", json.dumps({**metadata(), name: value})
    yield "nesting", '{"spec":' + '{"a":' * 100_000
    yield "nesting", '{"spec":' + "[" * 200_000
    yield "nesting", '{"spec":{"prompt":' + "[" * 900 + "]" * 900 + "}}"
    yield "numbers", '{"spec":{"seed":' + "9" * 100_000 + "}}"
    yield "numbers", '{"spec":{"guidance_scale":1e999,"seed":NaN,"width":-Infinity}}'
    yield "many values", '{"spec":{' + ",".join(f'"k{n}":{{}}' for n in range(60_000)) + "}}"
    yield "many values", "[" + "[]," * 300_000 + "0]"
    yield "not JSON", "\0" * 1000
    yield "not JSON", ESCAPES


def infotexts() -> Iterator[tuple[str, str]]:
    pairs = "Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
    for odd in (
        ESCAPES,
        "9" * 5000,
        "-" * 1000,
        '"' * 500,
        "[" * 50_000,
        "{" * 50_000,
        "a:[" * 50_000,
        "\0",
        "x" * 900_000,
        "Steps: " * 10_000,
        "a: b, " * 50_000,
    ):
        yield "infotext", f"{odd}\n{pairs}"
        yield "infotext", f"a\nNegative prompt: {odd}\n{pairs}"
        for key in ("Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Safelight", "Foo"):
            yield "infotext", f"a\n{pairs}, {key}: {odd}"


def cases() -> Iterator[tuple[str, bytes]]:
    """Kind and bytes of each hostile picture."""
    for kind, text in texts():
        yield f"PNG, {kind}", png(itxt(text))
    for kind, text in infotexts():
        yield f"PNG, {kind}", png(itxt(text, b"parameters"))
    for kind, text in [*infotexts()][::6]:
        comment = exif.build(text)
        yield f"WebP, {kind}", webp((b"EXIF", comment))
        if len(comment) < 65_000:
            yield f"JPEG, {kind}", jpeg(comment)
    for _, text in [*texts()][::5]:
        ours = text.encode("ascii", "backslashreplace").decode()
        if len(ours) < 60_000:
            yield "JPEG, XMP", jpeg(xmp.JPEG_PREFIX + xmp.build(ours))
        yield "WebP, XMP", webp((b"XMP ", xmp.build(ours)))
    yield from _containers()


def _containers() -> Iterator[tuple[str, bytes]]:
    packed = bomb()
    yield "zipped bomb", png(chunk(b"zTXt", b"safelight\0\0" + packed))
    yield "zipped bomb", png(chunk(b"iTXt", b"parameters\0\1\0\0\0" + packed))
    yield "zipped bomb", png(*[chunk(b"zTXt", b"k%d\0\0" % n + packed) for n in range(40)])
    yield "zipped bomb", png(chunk(b"iCCP", b"x\0\0" + packed))
    yield "bomb of pixels", png(size=(60_000, 60_000), pixels=packed)
    yield "bomb of pixels", png(size=(2**31 - 1, 2**31 - 1), pixels=packed)
    yield "bomb of pixels", jpeg(size=(65_535, 65_535))
    yield "lying header", png(size=(8000, 8000))
    yield "lying header", png(size=(0, 0))
    yield "lying header", jpeg(size=(8000, 8000))
    yield "lying header", png(itxt("{}"), chunk(b"IDAT", b"", 2**31 - 1))
    yield "lying header", png(chunk(b"iTXt", b"safelight", 2**32 - 1))
    yield "lying header", b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff" + b"\xff" * 100
    yield "large text", png(itxt("{" + " " * 2**24 + "}"))
    yield "large text", png(*[itxt("x" * 900_000, b"k%d" % n) for n in range(60)])
    yield "many chunks", png(*[itxt("{}", b"a")] * 100_000)
    yield "many chunks", jpeg(*[b"x"] * 50_000)
    yield "many chunks", webp(*[(b"ABCD", b"")] * 50_000)
    yield from (("Exif", jpeg(exif.PREFIX + data)) for data in _exifs())
    yield from (("Exif", webp((b"EXIF", data))) for data in _exifs())


def _exifs() -> Iterator[bytes]:
    def directory(*entries: tuple[int, int, int, int], after: int = 0) -> bytes:
        body = b"".join(struct.pack(">HHII", *entry) for entry in entries)
        return struct.pack(">H", len(entries)) + body + struct.pack(">I", after)

    start = b"MM\0*" + struct.pack(">I", 8)
    yield start + directory((0x8769, 4, 1, 8), after=8)
    yield start + directory((0x9286, 7, 2**31, 26))
    yield start + directory((0x9286, 7, 60_000, 0)) + b"UNICODE\0" + b"\xd8\0" * 20_000
    yield start + directory(*[(0x9286, 7, 100, 8)] * 4000)
    yield start + struct.pack(">H", 65_535)
    yield b"MM\0*\xff\xff\xff\xff"
    yield b"II*\0" + b"\0" * 50
    yield b"II+\0\x08\0\0\0" + b"\xff" * 200


def mutations(count: int, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Good pictures with bytes changed, cut off, repeated or put in; the same ones each time."""
    image = Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3))
    whole = [
        save_image(image, folder / f"whole{suffix}", metadata(), write(SPEC)).read_bytes()
        for suffix in (".png", ".jpg", ".webp")
    ]
    chance = random.Random(2)
    for number in range(count):
        data = bytearray(whole[number % 3])
        # Most of the interesting bytes are at the start, and WebP's at the end.
        last = len(data) if chance.random() < 0.3 or number % 3 == 2 else min(len(data), 3000)
        kind = ("bytes changed", "cut off", "repeated", "put in")[number // 3 % 4]
        at = chance.randrange(last)
        if kind == "bytes changed":
            for _ in range(chance.randrange(1, 20)):
                data[chance.randrange(last)] = chance.randrange(256)
        elif kind == "cut off":
            del data[at:]
        elif kind == "repeated":
            data[at:at] = data[at : at + chance.randrange(1, 400)] * chance.randrange(1, 50)
        else:
            data[at:at] = chance.randbytes(chance.randrange(1, 64))
        yield kind, bytes(data)
