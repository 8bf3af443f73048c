"""The scp line, through real shells; what goes to the clipboard; links to files."""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.tui.conftest import Open
from tui import fetching, tmux
from tui.clipboard import MOST_BYTES, copying
from tui.fetching import Server, as_line, as_lines, parse, scp_words
from tui.hyperlinks import has_links, linked, url_of

NAMES = [
    "41-7.png",
    "a red sun.png",
    "it's 5 o'clock.png",
    'say "hi" $(rm -rf) `x` \\ & ; | < > * ? [a] {b,c} ~ ! #.png',
    "9:30.png",
    "日本の山 é.png",
    "-rf.png",
]


def arguments(line: str) -> list[str]:
    """What scp is called with when ``line`` is typed into a shell."""
    script = f"scp() {{ printf '%s\\0' \"$@\"; }}\n{line}"
    told = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    return told.decode().split("\0")[:-1]


def read_here(word: str) -> list[str]:
    """The files that the part of ``word`` after the host names, for the shell on the server."""
    _, _, remote = word.partition(":/")
    script = f"printf '%s\\0' /{remote}"
    told = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    return told.decode().split("\0")[:-1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [400, 40, 13])
def test_a_path_survives_both_shells(tmp_path: Path, name: str, width: int) -> None:
    path = str(tmp_path / "my pictures" / name)
    lines = as_lines(scp_words(Server("ada", "10.0.0.7", 2222), [path]), width)
    assert all(cell_len(line) <= width for line in lines)
    told = arguments("\n".join(lines))
    assert told[:2] == ["-P", "2222"]
    assert told[2].startswith("ada@10.0.0.7:/")
    assert told[3:] == ["."]
    assert read_here(told[2]) == [path]


def test_a_batch_is_one_pattern_where_it_fits_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    paths = [str(folder / f"41-{seed}.png") for seed in (7, 8, 10)]
    for path in paths:
        Path(path).touch()
    where = Server("ada", "host")
    told = arguments(as_line(scp_words(where, paths)))
    assert len(told) == 2
    assert sorted(read_here(told[0])) == sorted(paths)
    (folder / "41-99.png").touch()
    told = arguments(as_line(scp_words(where, paths)))
    assert [read_here(word) for word in told[:-1]] == [[path] for path in paths]
    gone = [str(folder / "gone" / f"{seed}.png") for seed in (1, 2)]
    assert len(scp_words(where, gone)) == 4


@pytest.mark.parametrize(
    "path", ["/a\nb.png", "/a\x1b]0;x\x07.png", "relative.png", "/a\udcff.png"]
)
def test_what_no_line_can_say(path: str) -> None:
    with pytest.raises(ValueError, match="command line"):
        scp_words(Server("ada", "host"), [path])


@pytest.mark.parametrize(
    ("connection", "start"),
    [
        ("1.2.3.4 5555 10.0.0.7 22", "scp ada@10.0.0.7:/x ."),
        ("1.2.3.4 5555 10.0.0.7 2200", "scp -P 2200 ada@10.0.0.7:/x ."),
        ("2001:db8::1 5555 2001:db8::7 22", "scp 'ada@[2001:db8::7]:/x' ."),
    ],
)
def test_the_server_as_the_client_reached_it(connection: str, start: str) -> None:
    where = parse(connection, "ada")
    assert where is not None
    assert as_line(scp_words(where, ["/x"])) == start


@pytest.mark.parametrize("connection", ["", "nonsense", "1.2.3.4 1 x; 22", "1.2.3.4 1 10.0.0.7 ;"])
def test_no_connection(connection: str) -> None:
    assert parse(connection, "ada") is None


def test_link_local_addresses_mean_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "gethostname", lambda: "box")
    assert parse("fe80::1%eth0 5555 fe80::7%eth0 22", "ada") == Server("ada", "box")


def test_tmux_knows_the_connection_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"TMUX": "/tmp/x", "USER": "ada", "SSH_CONNECTION": "1.2.3.4 5 10.0.0.7 22"}
    monkeypatch.setattr(tmux, "ask", lambda *_, **__: "SSH_CONNECTION=1.2.3.4 5 10.0.0.8 22\n")
    assert fetching.server(environ) == Server("ada", "10.0.0.8")
    monkeypatch.setattr(tmux, "ask", lambda *_, **__: "-SSH_CONNECTION\n")
    assert fetching.server(environ) is None
    monkeypatch.setattr(tmux, "ask", lambda *_, **__: None)
    assert fetching.server(environ) == Server("ada", "10.0.0.7")


# The clipboard


def sent(sequence: str) -> bytes:
    """What the sequence carries."""
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert found, sequence
    return b64decode(found[1])


def test_to_the_terminal() -> None:
    found = copying("/a/é.png\udcff", {})
    assert sent(found.sequence) == "/a/é.png".encode() + b"\xff"
    assert found.said == "Sent to the terminal."


def test_no_more_than_a_terminal_takes() -> None:
    assert len(copying("x" * MOST_BYTES, {}).sequence) <= 100_000
    assert copying("x" * (MOST_BYTES + 1), {}).sequence == ""


def test_through_screen() -> None:
    found = copying("/a/" + "x" * 200, {"STY": "1.pts"})
    parts = re.findall(r"\x1bP(.{1,76}?)\x1b\\", found.sequence, re.DOTALL)
    assert sent("".join(parts)) == b"/a/" + b"x" * 200


@pytest.mark.parametrize(
    ("answers", "sequence", "said", "hint"),
    [
        ({"load-buffer": ""}, "", "Sent to the terminal by tmux", ""),
        ({"show-options -pAqv": "on\n"}, "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\", "past tmux", ""),
        ({"show-options -sqv": "on\n"}, "\x1b]52;c;eA==\x07", "Sent to tmux", ""),
        ({}, "\x1b]52;c;eA==\x07", "Sent to tmux", "tmux set -g set-clipboard on"),
    ],
)
def test_through_tmux(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], sequence: str, said: str, hint: str
) -> None:
    def answer(*words: str, **_: bytes) -> str | None:
        return next((v for k, v in answers.items() if " ".join(words).startswith(k)), None)

    monkeypatch.delenv("TMUX_PANE", raising=False)

    monkeypatch.setattr(tmux, "ask", answer)
    found = copying("x", {"TMUX": "/tmp/x"})
    assert found.sequence == sequence
    assert said in found.said
    assert hint in found.hint


@pytest.mark.parametrize("inside", [{}, {"STY": "1.pts"}])
async def test_what_is_marked_goes_the_same_way(
    monkeypatch: pytest.MonkeyPatch, open_app: Open, inside: dict[str, str]
) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in inside.items():
        monkeypatch.setenv(name, value)
    async with open_app() as s:
        written: list[str] = []
        assert s.app._driver is not None
        monkeypatch.setattr(s.app._driver, "write", written.append)
        s.studio.spec_form.prompt.show_text("a red sun")
        await s.press("ctrl+shift+a", "ctrl+c")
        await s.app.workers.wait_for_complete()
        assert written == [copying("a red sun", inside).sequence]


# Links


def test_links_are_percent_encoded() -> None:
    url = url_of("/a b/\x1b]8;;http:é%\udcff.png")
    assert re.fullmatch(r"file://[\w.-]+/a%20b/%1B%5D8%3B%3Bhttp%3A%C3%A9%25%FF\.png", url)
    assert url_of("relative.png") == ""
    assert linked("x", "relative.png") == "x"
    whole = linked("x", "/a.png")
    assert re.fullmatch(
        r"\x1b\]8;id=s[0-9a-f]{8};file://[\w.-]+/a\.png\x1b\\x\x1b\]8;;\x1b\\", whole
    )


@pytest.mark.parametrize(
    ("environ", "has"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "linux"}, False),
        ({}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4602"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "screen-256color", "STY": "1.pts"}, False),
        ({"TERM": "xterm-256color", "FORCE_HYPERLINK": "0"}, False),
        ({"TERM": "dumb", "FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_which_terminals_get_links(environ: dict[str, str], has: bool) -> None:
    assert has_links(environ) is has
