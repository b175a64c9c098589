"""The hook for pre-commit: its command, with the file that pre-commit adds, as the command line takes it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from helpers.checkpoints import make
from helpers.hostile import PICKLE
from helpers.hub import LoopbackHub

from sanitizer.cli import sanitize
from sanitizer.lockfile import lock_text

(HOOK,) = yaml.safe_load((Path(__file__).parents[1] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def commit(path: str) -> int:
    """What pre-commit does with one changed file: exit code of the hook, or 0 where it is not asked."""
    if not re.search(HOOK["files"], path):
        return 0
    command, *words = [*shlex.split(HOOK["entry"]), path]
    assert command == "sanitize"
    return CliRunner().invoke(sanitize, words).exit_code


def test_it_is_asked_for_the_lock_file_alone() -> None:
    assert re.search(HOOK["files"], "models.lock")
    for other in ("models.lock.txt", "poetry.lock", "deploy/models.lock", "amodels.lock"):
        assert commit(other) == 0


def test_what_the_lock_pins_decides(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {path.name: path.read_bytes() for path in make(tmp_path / "m").iterdir()}
    good = hub.repo("org/good", files).refs["main"]
    bad = hub.repo("org/bad", {**files, "pytorch_model.bin": PICKLE}).refs["main"]

    def locked(*pinned: tuple[str, str]) -> int:
        Path("models.lock").write_text(lock_text((repo, oid, "main") for repo, oid in pinned))
        return commit("models.lock")

    assert locked(("org/good", good)) == 0
    assert locked(("org/good", good), ("org/bad", bad)) == 1
    assert locked(("org/good", "0" * 40)) == 3
    Path("models.lock").write_text("")
    assert commit("models.lock") == 2


def test_it_says_what_pre_commit_demands() -> None:
    wanted: dict[str, Any] = {"id": "sanitize-vet", "name": "sanitize vet", "language": "python"}
    assert {key: HOOK[key] for key in wanted} == wanted
