"""Our JSON in XMP, for formats that have no text chunks.

A JPEG holds XMP in a segment of its own, of 64 KB, beside that of Exif. The JSON is ASCII without
``<``, ``>`` and ``&``, so it can be found again without reading any XML.
"""

from __future__ import annotations

from html import unescape

NAMESPACE = "urn:safelight:pictures:1"
JPEG_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_OPEN, _CLOSE = "<safelight:run>", "</safelight:run>"
_HEAD = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'<rdf:Description rdf:about="" xmlns:safelight="{NAMESPACE}">'
)
_TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'


def build(text: str) -> bytes:
    """XMP that holds some JSON, which must be ASCII."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"{_HEAD}{_OPEN}{text}{_CLOSE}{_TAIL}".encode("ascii")


def parse(data: bytes) -> str:
    """The JSON in XMP; empty when there is none."""
    text = data.decode("utf-8", "replace")
    start, end = text.find(_OPEN), text.find(_CLOSE)
    return unescape(text[start + len(_OPEN) : end]) if 0 <= start < end else ""
