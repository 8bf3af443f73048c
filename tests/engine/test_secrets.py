"""Secrets are nowhere; what only looks a little like one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InvalidSpec
from engine.explain import Failure
from engine.secrets import without_secrets


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_TOKEN_PATH", raising=False)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdef.ghi", "Authorization: ***"),
        ("{'authorization': 'Basic dXNlcjpwYXNz'}", "{'authorization': '***'}"),
        ("got hf_abcdefghijklmnopqrstuvwxyz.", "got hf_***."),
        ("https://me:pass@host.org/x", "https://***@host.org/x"),
        ("GET /x?a=1&X-Amz-Signature=0f0f&b=2", "GET /x?a=1&X-Amz-Signature=***&b=2"),
        ("/x?access_token=abc", "/x?access_token=***"),
    ],
)
def test_what_looks_like_a_secret(text: str, left: str) -> None:
    assert without_secrets(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "a secret garden, token: 5, https://huggingface.co/org/name",
        "me@host:/data/pictures",
        "The tokenizer hf_internal is not here.",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "MY_SECRET", "DB_PASSWORD", "OPENAI_API_KEY", "PROXY_AUTH", "apikey"]
)
def test_the_secrets_of_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "open/sesame 1")
    assert without_secrets("a open/sesame 1 b open%2Fsesame%201") == "a *** b ***"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "enabled"),
        ("PROXY_AUTH", "none"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/usr/share"),
        ("EDITOR", "sesame"),
    ],
)
def test_a_variable_that_holds_no_secret(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert without_secrets(f"it is {value} here") == f"it is {value} here"


def test_the_token_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sesame-open\n")
    assert without_secrets("with sesame-open") == "with ***"


def test_errors_that_become_ours_hold_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-1")
    assert str(InvalidSpec("seed", "No canary-1.")) == "No ***."
    assert Failure("It said canary-1.").sentence == "It said ***."
