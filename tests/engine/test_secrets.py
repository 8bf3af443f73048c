"""Secrets are nowhere; what only looks a little like one stays."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from time import process_time
from urllib.parse import quote, quote_plus

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
        ("('authorization', 'Bearer abcdefgh')", "('authorization', '***')"),
        ("X-Api-Key: abcdefgh12345", "X-Api-Key: ***"),
        ("Cookie: session=abcdefgh; b=c\nx", "Cookie: ***\nx"),
        ("password=abcdefgh", "password=***"),
        ("{'token': 'abcdefgh12345', 'a': 1}", "{'token': '***', 'a': 1}"),
        ("https://user:p@ss/w0rd@host/x", "https://***@host/x"),
        ("postgres://user:pa/ss@host", "postgres://***@host"),
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
        "max_new_tokens=100000, pad_token='<|endoftext|>', token=self.token",
        "http://localhost:8080/a@b, a cookie: sweet",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "name",
    [
        *("HF_TOKEN", "MY_SECRET", "DB_PASSWORD", "OPENAI_API_KEY", "PROXY_AUTH", "apikey"),
        *("DB_PASS", "MYSQL_PWD", "PRIVATE_KEY", "ACCESS_KEY", "AWS_ACCESS_KEY_ID", "PGPASSWORD"),
        *("ENCRYPTION_KEY", "PASSPHRASE", "SESSION_COOKIE"),
    ],
)
def test_the_secrets_of_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "open/sesame 1")
    assert without_secrets("a open/sesame 1 b open%2Fsesame%201") == "a *** b ***"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "false-or-true"),
        ("GIT_AUTHOR_NAME", "Jonathan Doe"),
        ("MAX_TOKENS", "100000000"),
        ("OLDPWD", "/no/such/folder"),
        ("SSH_PUBLIC_KEY", "ssh-rsa AAAA"),
        ("TOKEN", "100000"),
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


@pytest.mark.parametrize(
    "secret", ["ab+cd/ef==gh", "a\"b\\c'd\nefgh", "p\xe4ssw\xf6rd1", "plainwords"]
)
@pytest.mark.parametrize(
    "form",
    [
        str,
        quote,
        quote_plus,
        lambda secret: quote(secret, safe="").replace("%2B", "%2b"),
        lambda secret: json.dumps({"a": secret}),
        repr,
        ascii,
        lambda secret: repr(f"x\n{secret}"),
        lambda secret: repr(b"x\n" + secret.encode()),
        lambda secret: b64encode(secret.encode()).decode(),
        lambda secret: b64encode(b"user:" + secret.encode()).decode(),
        lambda secret: urlsafe_b64encode(b"a:" + secret.encode()).decode(),
    ],
)
def test_a_secret_in_other_forms(
    secret: str, form: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", f" {secret}\n")
    text = form(secret)
    left = without_secrets(text)
    assert "***" in left
    assert len(left.replace("***", "")) <= len(text) - len(secret) + 2, left


def test_a_word_is_found_where_it_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "database")
    said = without_secrets("/lib/databases/x: 'database', a%20database, \\ndatabase")
    assert said == "/lib/databases/x: '***', a%20***, \\n***"


@pytest.mark.parametrize(
    "piece",
    [
        *("a.", "a-", "a", " ", "?a-", "&", "a://a:", "a://", "x-", "authorization:", "cookie: "),
        *("bearer ", "token=", "token='", "password: ", "hf_", "'", "authorization: bearer "),
    ],
)
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    for text in ((piece * 100_000)[:100_000], f"{piece}{' ' * 100_000}x"):
        begin = process_time()
        without_secrets(text)
        assert process_time() - begin < 2


def test_the_token_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sesame-open\n")
    assert without_secrets("with sesame-open") == "with ***"


def test_errors_that_become_ours_hold_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-1")
    assert str(InvalidSpec("seed", "No canary-1.")) == "No ***."
    assert Failure("It said canary-1.").sentence == "It said ***."
