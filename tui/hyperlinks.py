"""Links to files, where the terminal has them (OSC 8).

``ESC ] 8 ; id=… ; file://host/path ESC \\``: the host tells a terminal on another machine that the
file is not one of its own. Only paths that Safelight has itself are made links; what a picture or
a prompt says never is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from socket import gethostname
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from zlib import crc32

if TYPE_CHECKING:
    from textual.content import Content
    from textual.strip import Strip

_FIRST_VTE = 5000
"""0.50: before, some versions fall over a link."""


@cache
def _host() -> str:
    return quote(gethostname(), safe="")


def url_of(path: str) -> str:
    """The URL of a file of this machine; empty for a path that is not absolute."""
    if not path.startswith("/"):
        return ""
    return f"file://{_host()}{quote(os.fsencode(path), safe='/')}"


def id_of(url: str) -> str:
    """Names a link, so that its pieces on several lines are one."""
    return f"s{crc32(url.encode()):08x}"


def has_links(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal may be sent links: those that are known to print or fall over them
    are not. ``FORCE_HYPERLINK`` goes before what is known.
    """
    if forced := environ.get("FORCE_HYPERLINK"):
        return forced != "0"
    vte = environ.get("VTE_VERSION", "")
    is_old = vte.isdecimal() and int(vte) < _FIRST_VTE
    plain = environ.get("TERM", "") in ("", "dumb", "linux", "cons25", "vt100", "vt220")
    return not (is_old or plain or environ.get("STY"))


class Placed(NamedTuple):
    """A file of ours, and what is said of it."""

    path: str
    rest: str = ""

    def __str__(self) -> str:
        return self.path + self.rest


def linked(text: str, path: str) -> str:
    """``text``, which is clean, as a link for a line that is printed."""
    url = url_of(path)
    return f"\x1b]8;id={id_of(url)};{url}\x1b\\{text}\x1b]8;;\x1b\\" if url else text


def link_to(content: Content, path: str) -> Content:
    """``content`` as a link for the screen, where the terminal has them."""
    url = url_of(path) if has_links() else ""
    if not url:
        return content
    from textual.style import Style

    return content.stylize(Style(link=url))


def name_links(strips: list[Strip]) -> list[Strip]:
    """Give the links of some strips the names of :func:`id_of`.

    Rich names each piece by chance, so that a link of two lines would be two.
    """
    for strip in strips:
        for _, style, _ in strip:
            if style is not None and style._link:
                style._link_id = id_of(style._link)
    return strips
