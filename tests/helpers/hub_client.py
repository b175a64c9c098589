"""Point the huggingface_hub client at a loopback Hub, in this process or in a child."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import huggingface_hub.constants as constants
import huggingface_hub.file_download as file_download
import huggingface_hub.utils._http as http
import pytest


def environment(url: str, home: Path) -> dict[str, str]:
    """What a child process needs in its environment: the client reads these once, when it is imported."""
    return {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def point_client(monkeypatch: pytest.MonkeyPatch, url: str, home: Path) -> None:
    """Do what `environment` does, in a process that has imported the client already. Its waits are skipped."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "ENDPOINT": url,
        "HUGGINGFACE_CO_URL_TEMPLATE": url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "AGENT_HARNESSES_PATH": str(home / "agents.json"),
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
    }.items():
        monkeypatch.setattr(constants, name, value)
    impatient = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr(http, "time", impatient)
    monkeypatch.setattr(file_download, "time", impatient)


def point_datasets(monkeypatch: pytest.MonkeyPatch, url: str, home: Path) -> None:
    """The same for `datasets`, which copies the endpoint and its caches when it is imported."""
    import datasets.config as config

    monkeypatch.setattr(config, "HF_ENDPOINT", url)
    monkeypatch.setattr(config, "HUB_DATASETS_URL", url + "/datasets/{repo_id}/resolve/{revision}/{path}")
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", home / "datasets")
    monkeypatch.setattr(config, "HF_MODULES_CACHE", str(home / "modules"))
