"""Opening once in a sandbox: what opens, what does not, and a process that dies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.pico import make_folder

from sanitizer import trial
from sanitizer.errors import IncompleteError, ResourceError
from sanitizer.trial import try_out
from sanitizer.vet.inventory import open_local
from sanitizer.vet.isolated import WANTED


def tried(folder: Path) -> None:
    try:
        try_out(open_local(folder))
    except ResourceError as error:
        pytest.skip(error.message)


def test_what_is_whole_opens_and_what_is_not_is_told(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "gpt2")
    tried(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_layer": 4}))
    with pytest.raises(IncompleteError, match="CorruptError: the weights do not fill"):
        tried(folder)


def answering(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another child, of which nobody knows what it does."""
    monkeypatch.setattr(trial, "boot", lambda module: [sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.abort()", "ended with code -6"),
        ("print('{')", "ended with code 0"),
        (f"print('{json.dumps({'held': WANTED, 'opened': False, 'error': 'E: no'})}')", "E: no"),
        (f"print('{json.dumps({'held': WANTED, 'opened': 1})}')", "ended with code 0"),
    ],
)
def test_whatever_becomes_of_it_is_inconclusive(
    code: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text("{}")
    answering(code, monkeypatch)
    with pytest.raises(IncompleteError, match=says):
        try_out(open_local(tmp_path))


def test_one_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    answering("import time; time.sleep(60)", monkeypatch)
    monkeypatch.setattr(trial, "SECONDS", 0.5)
    with pytest.raises(IncompleteError, match="took more than"):
        try_out(open_local(tmp_path))


def test_without_a_sandbox_nothing_counts_as_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    answering(f"print('{json.dumps({'held': list(WANTED[:1]), 'opened': True})}')", monkeypatch)
    with pytest.raises(ResourceError, match="no sandbox"):
        try_out(open_local(tmp_path))
