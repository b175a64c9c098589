"""The environment as the Hub client reads it, in a process of its own: it reads it once, at import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "from sanitizer.hub.settings import settings; s = settings(); print(s)"


def ask(home: Path, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "TRANSF"))}
    variables = {**clean, "HF_HOME": str(home), **environment}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=variables)
    return done.stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "endpoint='https://huggingface.co'"),
        ({}, "offline=False, xet=True, token=False"),
        ({"HF_ENDPOINT": "https://hub.example"}, "endpoint='https://hub.example'"),
        ({"HF_HUB_OFFLINE": "1"}, "offline=True"),
        ({"HF_HUB_DISABLE_XET": "1"}, "xet=False"),
        ({"HF_TOKEN": "hf_abcdefghijk"}, "token=True"),
        ({"HF_HUB_CACHE": "/elsewhere"}, "cache=PosixPath('/elsewhere')"),
    ],
)
def test_the_environment_is_read_as_the_client_does(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    told = ask(tmp_path, **environment)
    assert said in told
    assert "hf_" not in told


def test_a_token_of_a_login_counts(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_abcdefghijk")
    assert "token=True" in ask(tmp_path)
