"""The ``scp`` line that fetches pictures from the machine that Safelight runs on.

A path goes through two readers: the shell where the line is typed, and what reads it here, which
is a shell (scp before 9.0, or ``scp -O``) or scp's own pattern reader. A backslash before each
unusual character is understood by both of the latter; quotes are not.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from getpass import getuser
from ipaddress import ip_address
from pathlib import Path
from socket import gethostname

from rich.cells import cell_len

from tui import tmux
from tui.text import clean

_UNUSUAL = re.compile(r"[^\w@%+=:,./-]", re.ASCII)
_ATOM = re.compile(r"\\.|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Server:
    """This machine, as the user's own one reaches it."""

    user: str
    host: str
    port: int = 22

    @property
    def shown_host(self) -> str:
        """With brackets around an IPv6 address."""
        return f"[{self.host}]" if ":" in self.host else self.host


def server(environ: Mapping[str, str] = os.environ) -> Server | None:
    """What SSH says of the connection; ``None`` when there is none.

    Inside tmux the session is asked, in a process: its shells keep the connection that they were
    begun over, and the user may have come back over another one, or over none.
    """
    connection = environ.get("SSH_CONNECTION", "")
    if environ.get("TMUX"):
        told = tmux.ask("show-environment", "SSH_CONNECTION") or ""
        if told.startswith("SSH_CONNECTION="):
            connection = told.partition("=")[2].strip()
        elif told.startswith("-SSH_CONNECTION"):
            connection = ""
    return parse(connection, _user(environ))


def parse(connection: str, user: str) -> Server | None:
    """The server of ``SSH_CONNECTION``: the client's address and port, then the server's."""
    words = connection.split()
    if len(words) != 4 or not words[3].isdecimal():
        return None
    host = words[2]
    try:
        # The zone of a link-local address is a name of this machine's own.
        if ip_address(host.partition("%")[0]).is_link_local:
            host = gethostname()
    except ValueError:
        return None
    return Server(user, host, int(words[3]))


def _user(environ: Mapping[str, str]) -> str:
    with suppress(OSError, KeyError):  # there may be no such user
        return environ.get("USER") or getuser()
    return "root"


def scp_words(where: Server, paths: Sequence[str]) -> list[str]:
    """The words of the line, as the shell where it is typed takes them.

    Several pictures whose names differ in one place are one pattern, where it fits nothing else:
    each source would be a connection of its own, and ask for a password again. Reads the folder.

    Raises:
        ValueError: a path has characters that do not go onto a command line.
    """
    for path in paths:
        if clean(path) != path or not path.startswith("/"):
            raise ValueError("The path has characters that do not go onto a command line.")
    port = ["-P", str(where.port)] if where.port != 22 else []
    pattern = _pattern(paths)
    sources = [pattern] if pattern else [_escaped(path) for path in paths]
    remote = [f"{where.user}@{where.shown_host}:{source}" for source in sources]
    return ["scp", *port, *remote, "."]


def _escaped(path: str) -> str:
    return _UNUSUAL.sub(lambda found: found[0] if found[0] > "\x7f" else "\\" + found[0], path)


def _pattern(paths: Sequence[str]) -> str:
    """One pattern for several files of a folder; empty when there is none for them alone."""
    folders = {Path(path).parent for path in paths}
    if len(paths) < 2 or len(folders) > 1:
        return ""
    folder = folders.pop()
    names = [Path(path).name for path in paths]
    first = _common(names)
    last = _common([name[len(first) :][::-1] for name in names])[::-1]
    try:
        there = [each.name for each in folder.iterdir()]
    except OSError:
        return ""
    least = len(first) + len(last)
    fitting = {n for n in there if n.startswith(first) and n.endswith(last) and len(n) >= least}
    plain = not first.startswith(".") and bool(first)
    if not plain or fitting != set(names):
        return ""
    return f"{_escaped(f'{folder}/{first}')}*{_escaped(last)}"


def _common(names: Sequence[str]) -> str:
    """What all of them begin with."""
    for at, chars in enumerate(zip(*names, strict=False)):
        if len(set(chars)) > 1:
            return names[0][:at]
    return min(names, key=len)


def as_line(words: Sequence[str]) -> str:
    """The line as one types it."""
    return shlex.join(words)


def as_lines(words: Sequence[str], width: int) -> list[str]:
    """The line, in pieces of ``width`` cells at most, which are one line again when pasted.

    A backslash ends each piece but the last. So that it may stand anywhere, unusual characters
    have backslashes in place of quotes.
    """
    line = as_line(words)
    if cell_len(line) <= width:
        return [line]
    escaped = " ".join(_escaped(word) for word in words)
    pieces, piece = [], ""
    for atom in _ATOM.findall(escaped):
        if cell_len(piece + atom) > width - 1:
            pieces.append(piece + "\\")
            piece = ""
        piece += atom
    return [*pieces, piece]
