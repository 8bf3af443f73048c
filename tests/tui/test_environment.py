"""What of the environment is told of, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.checkpoints import hub_cache
from tui.headless.doctor import environment


def test_doctor_names_what_is_set_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-1")
    monkeypatch.setenv("HF_ENDPOINT", "https://me:canary-2@hub.example")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", "/big/disk")
    monkeypatch.setenv("SAFELIGHT_CLIMB", "true")
    monkeypatch.setenv("NO_COLOR", "")
    said = environment()
    assert (
        said
        | {
            **{"HF_TOKEN": "set", "HF_ENDPOINT": "set", "CUDA_VISIBLE_DEVICES": "1"},
            **{"HF_HUB_OFFLINE": "1", "HF_HOME": "/big/disk", "SAFELIGHT_CLIMB": "true"},
        }
        == said
    )
    assert "NO_COLOR" not in said
    assert "canary" not in str(said)


def test_the_hub_cache_is_where_hf_home_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert hub_cache() == tmp_path / "hub"
