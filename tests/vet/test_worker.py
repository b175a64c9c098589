"""The worker by itself: what it answers on its pipe, in which order, and what it says of a tokenizer that breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make

from sanitizer.vet.inventory import open_local
from sanitizer.vet.process import end, start
from sanitizer.vet.worker import _load


def answers(folder: Path) -> list[tuple[str, Any]]:
    checkpoint = open_local(folder)
    files = {name: [digest.size, digest.sha256] for name, digest in checkpoint.files.items()}
    request = {"path": str(folder), "name": "m", "hub": None, "files": files, "listed": {}, "drop_chat_template": False}
    process = start()
    try:
        out, _ = process.communicate(json.dumps(request).encode() + b"\n", timeout=60)
        assert process.returncode == 0
    finally:
        end(process)
    return [pair for line in out.splitlines() for pair in json.loads(line).items()]


def test_it_says_what_holds_before_it_reads_and_what_it_saw_before_it_loads(tmp_path: Path) -> None:
    said = answers(make(tmp_path / "m"))
    kinds = [kind for kind, _ in said if kind != "progress"]
    assert kinds == ["held", "survey", "loading", "loaded"]
    record, stalled = dict(said)["survey"]
    assert {file["name"] for file in record["files"]} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert (record["findings"], stalled, dict(said)["loaded"]) == ([], [], "")


def test_nothing_is_loaded_of_what_was_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "tokenizer.json").write_text("{")
    assert "loading" not in dict(answers(folder))


def test_a_request_of_another_form_ends_it(tmp_path: Path) -> None:
    process = start()
    out, _ = process.communicate(b"{}\n", timeout=60)
    assert (process.returncode != 0, out) == (True, b"")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_loading_raises_is_told(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str) -> object:
        raise error

    monkeypatch.setattr("sanitizer.vet.worker.os.close", lambda handle: None)
    assert _load(fail, Path("x")).startswith(type(error).__name__)
