"""`sanitize lock`, and `sanitize vet --lock` on what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers.checkpoints import WEIGHTS, make
from helpers.hub import LoopbackHub

from sanitizer.schema import from_json


@pytest.fixture
def repos(hub: LoopbackHub, tmp_path: Path) -> LoopbackHub:
    """One harmless repository, and one with a hook."""
    files = {path.name: path.read_bytes() for path in make(tmp_path / "models" / "m").iterdir()}
    hub.repo("org/good", files)
    hub.repo("org/hooked", {**files, "handler.py": b""})
    return hub


def test_models_are_pinned_and_stay_so(sanitize: Any, repos: LoopbackHub) -> None:
    done = sanitize("lock", "org/hooked", "hf://org/good@main", "-o", "models.lock")
    assert (done.exit_code, done.stdout) == (0, "")
    good = repos.repos["model", "org/good"]
    commit = good.refs["main"]
    lines = Path("models.lock").read_text().splitlines()
    assert lines[1] == f"org/good@{commit}  # main"
    good.commit({"handler.py": b"added later"})
    report = json.loads(sanitize("vet", "--lock", "models.lock", "--json").stdout)
    assert [(one["source"], one["commit"], one["answer"]) for one in report["reports"]] == [
        ("org/good", commit, "passed"),
        ("org/hooked", repos.repos["model", "org/hooked"].refs["main"], "refused"),
    ]


def test_every_format_tells_of_all_models(sanitize: Any, repos: LoopbackHub) -> None:
    sanitize("lock", "org/good", "org/hooked", "-o", "models.lock")
    words = ("vet", "--lock", "models.lock", "--format")
    for form in ("text", "json", "sarif", "junit", "markdown"):
        done = sanitize(*words, form)
        assert done.exit_code == 1
        assert "org/good" in done.stdout
        assert "org/hooked" in done.stdout
        assert done.stderr == "error: org/hooked is refused; `sanitize rules ID` says what a finding means\n"
    from_json(sanitize(*words, "json").stdout, "vets")
    assert len(ElementTree.fromstring(sanitize(*words, "junit").stdout)) == 2
    _, run = json.loads(sanitize(*words, "sarif").stdout)["runs"]
    places = {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in run["results"]}
    assert places == {3}, "the line of the lock file that pins it"


def test_one_that_cannot_be_had_does_not_hide_the_others(sanitize: Any, repos: LoopbackHub) -> None:
    sanitize("lock", "org/good", "-o", "models.lock")
    with Path("models.lock").open("a") as stream:
        stream.write(f"org/gone@{'0' * 40}\n")
    done = sanitize("vet", "--lock", "models.lock", "--json")
    assert [one["answer"] for one in json.loads(done.stdout)["reports"]] == ["passed", "inconclusive"]
    assert done.exit_code == 3
    assert "org/gone" in done.stderr
    repos.repo("org/torn", {"config.json": b"{}", "model.safetensors": WEIGHTS})
    sanitize("lock", "org/torn", "-o", "torn.lock")
    Path("models.lock").write_text(Path("models.lock").read_text() + Path("torn.lock").read_text())
    assert sanitize("vet", "--lock", "models.lock").exit_code == 1, "refused wins"


@pytest.mark.parametrize(
    "words", [(), ("org/good", "--lock", "l"), ("--lock", "l", "--revision", "x"), ("--lock", "l", "--rebuild", "d")]
)
def test_contradictions_are_usage_errors(sanitize: Any, words: tuple[str, ...]) -> None:
    Path("l").write_text(f"org/good@{'0' * 40}\n")
    assert sanitize("vet", *words).exit_code == 2


def test_a_folder_has_no_commit(sanitize: Any, tmp_path: Path) -> None:
    assert sanitize("lock", str(make(tmp_path / "m"))).exit_code == 2
