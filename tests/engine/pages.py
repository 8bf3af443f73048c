"""Pages, read strictly, and seen by a browser where there is one."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Strict(HTMLParser):
    """Raises for a tag that is closed and was not opened, or the other way round."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> list[Image.Image]:
        """Those that are in the page. Asserts that nothing is asked of anywhere else."""
        found = []
        for tag, attrs in self.tags:
            assert tag not in ("script", "link", "iframe", "object", "base")
            assert not any(name.startswith("on") for name in attrs)
            assert (attrs.get("href") or "#").startswith("#")
            if tag == "img":
                kind, _, data = (attrs["src"] or "").partition(",")
                assert kind == "data:image/webp;base64"
                found.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
        return found


def seen(page: Path, folder: Path, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """What a real browser shows of a page. Skips the test where there is none."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no browser is here")
    shot = folder / "shot.png"
    words = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"),
        *(f"--screenshot={shot}", page.as_uri()),
    ]
    subprocess.run(words, capture_output=True, timeout=60, check=True)
    return Image.open(shot).convert("RGB")
