"""A hub on 127.0.0.1 that serves one checkpoint's folder as the real one would, or misbehaves.

It has what huggingface_hub and we ask of a hub: the metadata of a repository with sizes and digests
(``/api/models/ID?blobs=true``), and its files (``/ID/resolve/COMMIT/NAME``) with ETag, length and
ranges. Source: https://huggingface.co/docs/hub/api, and the answers of huggingface.co.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HUB_ID = "someone/scenes"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE = 64 * 1024
UNET = "unet/diffusion_pytorch_model.safetensors"


class LoopbackHub:
    """What is served, what was asked, and how to misbehave. Change it while it runs.

    Attributes:
        status: answered to everything instead; 0 for the truth.
        error_code: the hub's own word for a refusal, such as ``GatedRepo``.
        drop_after: bytes of the UNet after which the connection is cut, once; 0 never.
        hold_after: bytes of the UNet after which it says nothing more until ``release`` is set.
        elsewhere: whether weights are on another host, as those of the real hub are.
        spoil: the name of a file that comes as zeros.
        ranges: whether it can begin in the middle of a file.
        asked: paths, in order; ``known_by`` are those that came with a token.
        sent: bytes of files, by name.
        held: is set when it holds.
    """

    def __init__(
        self, folder: Path, extra: dict[str, bytes] | None = None, hub_id: str = HUB_ID
    ) -> None:
        self.hub_id = hub_id
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.files.update(extra or {})
        self.status = 0
        self.error_code = ""
        self.drop_after = 0
        self.hold_after = 0
        self.ranges = True
        self.elsewhere = False
        self.spoil = ""
        self.asked: list[str] = []
        self.known_by: list[str] = []
        self.sent: dict[str, int] = {}
        self.held = threading.Event()
        self.release = threading.Event()
        self.url = ""
        self.port = 0
        self.lock = threading.Lock()

    def siblings(self) -> list[dict[str, Any]]:
        return [self._sibling(name, content) for name, content in self.files.items()]

    def _sibling(self, name: str, content: bytes) -> dict[str, Any]:
        known: dict[str, Any] = {"rfilename": name, "size": len(content)}
        known["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        if name.endswith((".safetensors", ".bin")):
            sha256 = hashlib.sha256(content).hexdigest()
            known["lfs"] = {"size": len(content), "sha256": sha256, "pointerSize": 134}
        return known

    def etag(self, name: str) -> str:
        known = self._sibling(name, self.files[name])
        return str(known["lfs"]["sha256"] if "lfs" in known else known["blobId"])

    @property
    def bytes_sent(self) -> int:
        with self.lock:
            return sum(self.sent.values())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LoopbackHub

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        with hub.lock:
            hub.asked.append(path)
            if "Authorization" in self.headers:
                hub.known_by.append(path)
        if hub.status:
            self._answer(hub.status, b'{"error": "no"}')
        elif path == f"/api/models/{hub.hub_id}":
            known = {"id": hub.hub_id, "sha": COMMIT, "siblings": hub.siblings()}
            self._answer(200, json.dumps(known).encode())
        elif found := re.fullmatch(rf"/{hub.hub_id}/resolve/(?:main|{COMMIT})/(.+)", path):
            if hub.elsewhere and found[1].endswith(".safetensors"):
                self._redirect(found[1])
            else:
                self._file(found[1])
        elif path.startswith("/cdn/"):
            self._file(path.removeprefix("/cdn/"))
        else:
            hub.error_code = "RepoNotFound"
            self._answer(404, b'{"error": "Repository not found"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if self.hub.error_code:
            self.send_header("X-Error-Code", self.hub.error_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, name: str) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{self.hub.port}/cdn/{name}")
        self.send_header("X-Linked-Etag", f'"{self.hub.etag(name)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self, name: str) -> None:
        hub, content = self.hub, self.hub.files[name]
        if name == hub.spoil:
            content = bytes(len(content))
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(span[1]) if span and hub.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{hub.etag(name)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        for at in range(start, len(content), PIECE):
            piece = content[at : at + PIECE]
            if name == UNET and not self._behave(at):
                return
            with hub.lock:  # before it goes: a test that has it must find it counted
                hub.sent[name] = hub.sent.get(name, 0) + len(piece)
            self.wfile.write(piece)

    def _behave(self, at: int) -> bool:
        hub = self.hub
        if hub.drop_after and at >= hub.drop_after:
            hub.drop_after = 0
            self.close_connection = True
            return False
        if hub.hold_after and at >= hub.hold_after:
            hub.held.set()
            hub.release.wait(30)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is part of the tests."""


@contextmanager
def serving(
    folder: Path, extra: dict[str, bytes] | None = None, hub_id: str = HUB_ID
) -> Iterator[LoopbackHub]:
    """A hub that serves a folder, until the block ends."""
    hub = LoopbackHub(folder, extra, hub_id)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.port = server.server_port
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
