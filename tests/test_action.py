"""The GitHub Action, run as the runner would: bash, its inputs in the environment, its files in a temporary folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.checkpoints import WEIGHTS, make
from helpers.hostile import PICKLE

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "vet" / "action.yml").read_text(encoding="utf-8"))
(STEP,) = ACTION["runs"]["steps"]


def run(tmp_path: Path, **inputs: str) -> tuple[int, Any, str]:
    """Exit code, SARIF (None if there is none) and step summary."""
    place = tmp_path / "runner"
    (place / "bin").mkdir(parents=True)
    script = f"#!/bin/sh\nexec {sys.executable} -c 'from sanitizer.cli import main; main()' \"$@\"\n"
    (place / "bin" / "sanitize").write_text(script)
    (place / "bin" / "sanitize").chmod(0o755)
    values = {
        name: inputs.pop(name.replace("-", "_"), given.get("default", "")) for name, given in ACTION["inputs"].items()
    }
    assert not inputs
    environment = {name: values[word.split("inputs.")[1].rstrip("} ")] for name, word in STEP["env"].items()}
    environment |= {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(place)}
    environment |= {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary")}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP["run"]]
    done = subprocess.run(shell, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    name = (place / "output").read_text().strip().removeprefix("sarif=")
    found = json.loads(Path(name).read_text()) if Path(name).is_file() else None
    return done.returncode, found, (place / "summary").read_text()


def test_a_harmless_model_passes(tmp_path: Path) -> None:
    make(tmp_path / "model")
    code, sarif, summary = run(tmp_path, model="./model")
    assert code == 0
    assert sarif["runs"][0]["results"] == []
    assert "passed" in summary


def test_a_finding_fails_the_job_and_is_shown_where_the_model_is_pinned(tmp_path: Path) -> None:
    (make(tmp_path / "model") / "pytorch_model.bin").write_bytes(PICKLE)
    code, sarif, summary = run(tmp_path, model="./model", anchor="deploy.yaml:3")
    assert code == 1
    (result,) = sarif["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deploy.yaml"
    assert "weights.pickle-code" in summary


def test_what_could_not_be_checked_fails_too(tmp_path: Path) -> None:
    (make(tmp_path / "model") / "model.safetensors").write_bytes(WEIGHTS[:-1])
    assert run(tmp_path, model="./model")[0] == 3
    (tmp_path / "again").mkdir()
    assert run(tmp_path / "again", model="./nowhere")[0] == 2


@pytest.mark.parametrize("word", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "--rebuild=pwned"])
def test_inputs_are_words_and_not_script(word: str, tmp_path: Path) -> None:
    code, _, _ = run(tmp_path, model=word)
    assert code not in (0, 1)
    assert not (tmp_path / "pwned").exists()
    assert "${{" not in STEP["run"]
