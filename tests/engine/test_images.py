"""PNG files with their metadata: whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from engine.errors import HistoryError
from engine.images import (
    CHUNK,
    MAX_TEXT_BYTES,
    image_name,
    load_image,
    read_metadata,
    save_image,
)

META: dict[str, Any] = {"seed": 7, "spec": {"prompt": 'a "red"\nsun, über 山 \x1b[31m'}}


def picture(colour: tuple[int, int, int] = (200, 30, 40)) -> Image.Image:
    return Image.new("RGB", (16, 8), colour)


def test_name() -> None:
    name = image_name("2026-01-31T10:00:00.000Z", 41, 0, 7)
    assert name == "images/2026-01-31/000041-0-seed7.png"


def test_round_trip(tmp_path: Path) -> None:
    path = save_image(picture(), tmp_path / "a" / "b.png", META)
    assert read_metadata(path) == META
    assert load_image(path).tobytes() == picture().tobytes()
    with Image.open(path) as image:  # other programs find it as well
        assert '"seed": 7' in str(image.info[CHUNK])
    assert [each.name for each in path.parent.iterdir()] == ["b.png"]


def test_replaces_nothing(tmp_path: Path) -> None:
    first = save_image(picture(), tmp_path / "a.png", {})
    second = save_image(picture((0, 0, 0)), tmp_path / "a.png", {})
    assert second.name == "a-2.png"
    assert load_image(first).tobytes() == picture().tobytes()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    older = save_image(picture(), tmp_path / "older.png", META)
    before = older.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync", full) if call == "fsync" else (Path, "replace", full)))
        with pytest.raises(HistoryError, match="disk is full"):
            save_image(picture(), tmp_path / "new.png", META)
    assert [path.name for path in tmp_path.iterdir()] == ["older.png"]
    assert older.read_bytes() == before


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("")
    with pytest.raises(HistoryError, match="could not be written"):
        save_image(picture(), tmp_path / "images" / "a.png", {})


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 4)
    rest = (*chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(rest)


@pytest.mark.parametrize(
    "data",
    [
        png(),
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0not json")),
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0[1]")),
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0" + b"[" * 100_000)),
        png(chunk(b"iTXt", b"safelight\0\1\0\0\0" + zlib.compress(b"{}"))),
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0{" + b" " * MAX_TEXT_BYTES + b"}")),
        png(chunk(b"iTXt", b"safelight")),
        png(chunk(b"tEXt", b"safelight\0{}")),
        png()[:40],
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0{}"))[:50],
    ],
)
def test_hostile_metadata_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)
    assert read_metadata(path) is None


def test_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_text("hello")
    with pytest.raises(HistoryError, match="not a PNG"):
        read_metadata(path)
    with pytest.raises(HistoryError, match="damaged"):
        load_image(path)
    with pytest.raises(HistoryError, match="not there"):
        load_image(tmp_path / "gone.png")
    with pytest.raises(HistoryError, match="cannot be read"):
        read_metadata(tmp_path / "gone.png")


def test_a_huge_picture_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png(size=(10_000, 10_000)))
    with pytest.raises(HistoryError, match="too large"):
        load_image(path)


@pytest.mark.parametrize(
    "error",
    [
        EOFError(),
        struct.error(),
        zlib.error(),
        SyntaxError(),
        IndexError(),
        KeyError(),
        RecursionError(),
        OSError("broken data stream"),
        Image.DecompressionBombError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_pillow_raises_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = save_image(picture(), tmp_path / "a.png", META)

    def convert(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "convert", convert)
    with pytest.raises(HistoryError, match=r"a\.png is (damaged|too large).*\.$"):
        load_image(path)


def test_any_damaged_byte_is_a_sentence(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (8, 8), bytes(range(192)))
    whole = save_image(noise, tmp_path / "a.png", META).read_bytes()
    path = tmp_path / "b.png"
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(HistoryError):
            assert load_image(path).mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "I;16", "1"])
def test_any_kind_of_png_becomes_rgb(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").mode == "RGB"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for name in (".", "pipe.png"):
        with pytest.raises(HistoryError, match="not a picture"):
            load_image(tmp_path / name)
    with pytest.raises(HistoryError):
        load_image(tmp_path / "a\0.png")


def test_a_truncated_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    noise = Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3))
    noise.save(path, pnginfo=PngImagePlugin.PngInfo())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(HistoryError, match="damaged"):
        load_image(path)
