from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "done").mkdir()
    return tmp_path / "done"


def test_it_asks_for_what_was_said_and_tells_where_it_went(sanitize: Any, pipeline: Any, folder: Path) -> None:
    told = sanitize("push", str(folder), "--to", "me/model", "--public", "--token", "hf_secretsecret")
    assert told.exit_code == 0
    assert "https://hub.example/me/model" in told.stdout
    assert "hf_secretsecret" not in told.stdout + told.stderr
    assert pipeline.asked == [
        ("publish", (folder, "me/model"), {"token": "hf_secretsecret", "private": False, "create_pr": False})
    ]


def test_json_is_one_document(sanitize: Any, pipeline: Any, folder: Path) -> None:
    assert json.loads(sanitize("push", str(folder), "--to", "me/model", "--json").stdout)["repo"] == "me/model"


@pytest.mark.parametrize("words", [["--to", "me/model"], ["nowhere", "--to", "me/model"], ["FOLDER"]])
def test_a_folder_and_a_place_are_needed(sanitize: Any, pipeline: Any, folder: Path, words: list[str]) -> None:
    told = sanitize("push", *(str(folder) if word == "FOLDER" else word for word in words))
    assert told.exit_code == 2
    assert not pipeline.asked
