"""Pictures on disk with their metadata: whole or not there, and harmless whoever made them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from engine.errors import HistoryError
from engine.infotext import write
from engine.pictures import exif, xmp
from engine.pictures.load import load_image
from engine.pictures.read import CHUNK, MAX_TEXT_BYTES, read_metadata, read_texts
from engine.pictures.save import save_image
from engine.spec import RunSpec

META: dict[str, Any] = {
    "seed": 7,
    "spec": {"prompt": 'a "red"\nsun, über 山 <&> </safelight:run> \x1b[31m'},
}
INFOTEXT = "a red sun, über 山 🔥\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 7"


def picture(colour: tuple[int, int, int] = (200, 30, 40)) -> Image.Image:
    return Image.new("RGB", (16, 8), colour)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    path = save_image(noise(), tmp_path / "a" / f"b{suffix}", META, INFOTEXT)
    assert read_metadata(path) == META
    assert read_texts(path)["parameters"] == INFOTEXT
    if suffix != ".jpg":
        assert load_image(path).tobytes() == noise().tobytes()
    assert load_image(path).size == noise().size
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_other_programs_find_the_texts(tmp_path: Path) -> None:
    path = save_image(picture(), tmp_path / "a.png", META, INFOTEXT)
    with Image.open(path) as image:
        assert '"seed": 7' in str(image.info[CHUNK])
        assert image.info["parameters"] == INFOTEXT
    for suffix in (".jpg", ".webp"):
        path = save_image(picture(), tmp_path / f"a{suffix}", META, INFOTEXT)
        with Image.open(path) as image:
            assert image.getexif().endian == ">"
            comment = image.getexif().get_ifd(0x8769)[0x9286]
            assert comment == b"UNICODE\0" + INFOTEXT.encode("utf-16-be")
            (element,) = ElementTree.fromstring(image.info["xmp"]).iter(f"{{{xmp.NAMESPACE}}}run")
            assert json.loads(element.text or "") == META


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_no_metadata_leaves_no_text(tmp_path: Path, suffix: str) -> None:
    path = save_image(picture(), tmp_path / f"a{suffix}", None, INFOTEXT)
    assert read_texts(path) == {}
    with Image.open(path) as image:
        assert not {"exif", "xmp", "parameters", CHUNK} & set(image.info)


@pytest.mark.parametrize(
    ("prompt", "infotext", "kept"),
    [
        ("a" * 66_000, INFOTEXT, {"parameters"}),
        ("a", "ü" * 40_000, {"safelight"}),
        ("a" * 66_000, "ü" * 40_000, set()),
        ("a" * 60_000, "ü" * 30_000, {"parameters", "safelight"}),
    ],
)
def test_what_does_not_fit_into_a_jpeg_is_left_out(
    tmp_path: Path, prompt: str, infotext: str, kept: set[str]
) -> None:
    path = save_image(picture(), tmp_path / "a.jpg", {"prompt": prompt}, infotext)
    assert set(read_texts(path)) == kept
    assert load_image(path).size == (16, 8)
    webp = save_image(picture(), tmp_path / "a.webp", {"prompt": prompt}, infotext)
    assert read_metadata(webp) == {"prompt": prompt}, "WebP has room for all of it"
    assert read_texts(webp)["parameters"] == infotext


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_longest_prompt_survives(tmp_path: Path, suffix: str) -> None:
    longest = "\N{FIRE}" * 20_000
    spec = RunSpec(longest, negative_prompt=longest)
    metadata = {"prompt": longest, "spec": spec.to_json()}
    path = save_image(picture(), tmp_path / f"a{suffix}", metadata, write(spec))
    assert load_image(path).size == (16, 8)
    if suffix != ".jpg":
        assert read_metadata(path) == metadata
        assert read_texts(path)["parameters"] == write(spec)


def test_replaces_nothing(tmp_path: Path) -> None:
    first = save_image(picture(), tmp_path / "a.png", {})
    second = save_image(picture((0, 0, 0)), tmp_path / "a.png", {})
    assert second.name == "a-2.png"
    assert load_image(first).tobytes() == picture().tobytes()


def test_two_who_want_one_name_both_get_one(tmp_path: Path) -> None:
    """All ask at the same time; nobody's picture is lost."""
    together = threading.Barrier(8)

    def write_one(shade: int) -> Path:
        together.wait(30)
        return save_image(picture((shade, 0, 0)), tmp_path / "a.png", {"shade": shade})

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(write_one, range(8)))
    assert len(set(paths)) == 8
    assert [read_metadata(path) for path in paths] == [{"shade": n} for n in range(8)]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """FAT, and some network drives: still nothing is replaced."""

    def no_links(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", no_links)
    paths = [save_image(picture((n, 0, 0)), tmp_path / "a.png", {"n": n}) for n in range(3)]
    assert [path.name for path in paths] == ["a.png", "a-2.png", "a-3.png"]
    assert [read_metadata(path) for path in paths] == [{"n": n} for n in range(3)]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    older = save_image(picture(), tmp_path / "older.png", META)
    before = older.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(HistoryError, match="disk is full"):
            save_image(picture(), tmp_path / "new.png", META)
    assert [path.name for path in tmp_path.iterdir()] == ["older.png"]
    assert older.read_bytes() == before


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "away").symlink_to(tmp_path / "out")
    with pytest.raises(HistoryError, match="leads out of"):
        save_image(picture(), inside / "away" / "a.png", {}, inside=inside)
    assert list((tmp_path / "out").iterdir()) == []
    moved = tmp_path / "moved"  # the folder itself may be a link to another disk
    moved.symlink_to(inside)
    assert save_image(picture(), moved / "day" / "a.png", {}, inside=moved).exists()


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("")
    with pytest.raises(HistoryError, match="could not be written"):
        save_image(picture(), tmp_path / "images" / "a.png", {})


def noise() -> Image.Image:
    return Image.frombytes("RGB", (16, 8), bytes(range(128)) * 3)


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
        png(chunk(b"iTXt", b"safelight\0\1\0\0\0" + zlib.compress(b"{}")[:-5])),
        png(chunk(b"iTXt", b"safelight\0\1\0\0\0" + zlib.compress(b"{" + b" " * 2**27 + b"}"))),
        png(chunk(b"zTXt", b"safelight\0\0" + zlib.compress(b"{" + b" " * 2**27 + b"}"))),
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0{" + b" " * MAX_TEXT_BYTES + b"}")),
        png(chunk(b"iTXt", b"safelight")),
        png()[:40],
        png(chunk(b"iTXt", b"safelight\0\0\0\0\0{}"))[:40],
    ],
)
def test_hostile_metadata_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)
    assert read_metadata(path) is None


def test_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_text("hello")
    with pytest.raises(HistoryError, match="not a PNG, JPEG or WebP"):
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

    def load(*_: Any) -> None:
        raise error

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
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


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_any_damaged_byte_of_any_format_is_a_sentence(tmp_path: Path, suffix: str) -> None:
    whole = save_image(noise(), tmp_path / f"a{suffix}", META, INFOTEXT).read_bytes()
    path = tmp_path / f"b{suffix}"
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for read in (load_image, read_texts):
            with contextlib.suppress(HistoryError):
                read(path)


def test_texts_behind_the_pixels_and_compressed_ones(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    packed = zlib.compress(b"packed")
    whole = png(chunk(b"zTXt", b"one\0\0" + packed), chunk(b"iTXt", b"two\0\1\0\0\0" + packed))
    path.write_bytes(whole[:-12] + chunk(b"tEXt", b"three\0last") + whole[-12:])
    assert read_texts(path) == {"one": "packed", "two": "packed", "three": "last"}


def test_all_texts_together_have_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    many = (chunk(b"tEXt", b"k%d\0" % n + b"x" * 1_000_000) for n in range(40))
    path.write_bytes(png(*many))
    assert 0 < sum(map(len, read_texts(path).values())) <= 4 * 2**20


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_the_comment_of_other_programs(order: str, encoding: str) -> None:
    value = b"UNICODE\0" + INFOTEXT.encode(encoding)
    start = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHII", 0x9286, 7, len(value), 26)
    data = start + struct.pack(order + "IH", 8, 1) + entry + bytes(4) + value
    assert exif.parse(data, 10_000)["parameters"] == INFOTEXT
    assert exif.parse(data, 20) == {}, "a text that is longer than it may be"


@pytest.mark.parametrize("value", [b"ASCII\0\0\0a sun", bytes(8) + b"a sun", b"a sun"])
def test_comments_in_other_encodings(value: bytes) -> None:
    entry = struct.pack(">HHII", 0x9286, 7, len(value), 26)
    data = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4) + value
    assert exif.parse(data, 100)["parameters"] == "a sun"


def test_exif_that_goes_in_circles_or_nowhere() -> None:
    loop = b"MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHII", 0x8769, 4, 1, 8) + bytes(4)
    assert exif.parse(loop, 100) == {}
    assert exif.parse(b"MM\0*" + struct.pack(">I", 2**32 - 1), 100) == {}
    many = b"MM\0*" + struct.pack(">IH", 8, 65_535) + struct.pack(">HHII", 0x9286, 7, 2**31, 0)
    assert exif.parse(many, 100) == {}
    for data in (b"", b"MM", b"MM\0*", b"MM\0*\0\0\0\x08\0", b"\0" * 40):
        assert exif.parse(data, 100) == {}


def test_xmp_that_another_program_has_written_anew() -> None:
    assert xmp.parse(b"<x><safelight:run>{&quot;a&quot;: 1}</safelight:run></x>") == '{"a": 1}'
    assert xmp.parse(b"<x></safelight:run><safelight:run>") == ""


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_other_formats_that_claim_to_be_huge(tmp_path: Path, suffix: str) -> None:
    path = save_image(picture(), tmp_path / f"a{suffix}", None)
    data = bytearray(path.read_bytes())
    if suffix == ".jpg":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", 65_535, 65_535)
    else:
        at = data.index(b"VP8L") + 9
        data[at : at + 4] = (0x3FFF | 0x3FFF << 14).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(HistoryError, match="too large to open"):
        load_image(path)


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    frames = [picture((shade, 0, 0)) for shade in (200, 100, 0)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert load_image(path).tobytes() == frames[0].tobytes()
    assert read_texts(path) == {}


def test_a_header_that_claims_more_than_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png(size=(8000, 8000)))
    with pytest.raises(
        HistoryError, match=r"is damaged: 8000x8000 pixels are more than it holds\."
    ):
        load_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_large_picture_of_one_colour_is_no_lie(tmp_path: Path, suffix: str) -> None:
    path = save_image(Image.new("RGB", (2048, 2048)), tmp_path / f"a{suffix}", None)
    assert load_image(path).size == (2048, 2048)
    for mode in ("L", "RGB"):
        image = Image.new(mode, (2048, 2048))
        image.save(path, progressive=True, quality=1, optimize=True, compress_level=9)
        assert load_image(path).size == (2048, 2048)
