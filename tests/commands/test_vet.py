"""`sanitize vet`: each answer its exit code, each format on stdout alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers.checkpoints import WEIGHTS, make
from helpers.hostile import OLD_PICKLE

from sanitizer.schema import from_json


class Place(str):
    """A folder as the command line takes it: a word."""

    def __truediv__(self, name: str) -> Path:
        return Path(self) / name


FORMATS = ("text", "json", "sarif", "junit", "markdown")


@pytest.fixture
def model(tmp_path: Path) -> Place:
    return Place(make(tmp_path / "models" / "suspect"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_pass_is_0_and_quiet(sanitize: Any, model: Place, form: str) -> None:
    done = sanitize("vet", model, "--format", form)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "suspect" in done.stdout


@pytest.mark.parametrize("form", FORMATS)
def test_a_finding_is_1_from_its_severity_on(sanitize: Any, model: Place, form: str) -> None:
    (model / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    done = sanitize("vet", model, "--format", form)
    assert done.exit_code == 1
    assert "pytorch_model.bin" in done.stdout
    assert "is refused" in done.stderr
    assert sanitize("vet", model, "--format", form, "--fail-on", "high").exit_code == 0


@pytest.mark.parametrize("form", FORMATS)
def test_what_could_not_be_checked_is_3(sanitize: Any, model: Place, form: str) -> None:
    (model / "model.safetensors").write_bytes(WEIGHTS[:-1])
    done = sanitize("vet", model, "--format", form)
    assert done.exit_code == 3
    assert "truncated" in done.stdout
    assert "truncated" in done.stderr


def test_json_is_the_report_and_nothing_else(sanitize: Any, model: Place) -> None:
    (model / "train.py").touch()
    done = sanitize("vet", model, "--json")
    report = from_json(done.stdout, "vet")
    assert [finding.rule for finding in report.vetting.findings] == ["files.unneeded"]
    assert sanitize("vet", model, "--format", "json").stdout == done.stdout


def test_names_that_would_move_a_cursor_do_not_reach_any_format(sanitize: Any, model: Place) -> None:
    (model / "a\x1b[2J\u202eb.py").touch()
    for form in FORMATS:
        text = sanitize("vet", model, "--format", form).stdout
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_gets_the_answer_whole(sanitize: Any, model: Place, form: str) -> None:
    shown = sanitize("vet", model, "--format", form)
    done = sanitize("vet", model, "--format", form, "-o", "answer")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "".join(Path("answer").read_text().split()) == "".join(shown.stdout.split())
    assert sorted(path.name for path in Path().iterdir()) == ["answer", "models"]


def test_a_file_that_cannot_be_written_is_a_usage_error(sanitize: Any, model: Place) -> None:
    assert sanitize("vet", model, "-o", "nowhere/answer").exit_code == 2


def test_an_anchor_is_a_line_of_the_users_own(sanitize: Any, model: Place) -> None:
    (model / "train.py").touch()
    words = ("vet", model, "--format", "sarif")
    (result,) = json.loads(sanitize(*words, "--anchor", "deploy/model.yaml:12").stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "deploy/model.yaml"},
        "region": {"startLine": 12},
    }
    for anchor in ("/etc/passwd", "../x:1"):
        assert sanitize(*words, "--anchor", anchor).exit_code == 2
    assert sanitize("vet", model, "--anchor", "x:1").exit_code == 2


def test_rebuild_is_told(sanitize: Any, model: Place) -> None:
    (model / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    assert f"sanitize vet {model} --rebuild ./rebuilt" in sanitize("vet", model).stdout
    done = sanitize("vet", model, "--rebuild", "copy")
    assert done.exit_code == 1, "the original still must not be used as it is"
    assert sorted(path.name for path in Path("copy").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert sanitize("vet", "./copy").exit_code == 0


def test_a_missing_folder_is_2(sanitize: Any) -> None:
    assert sanitize("vet", "./nowhere").exit_code == 2


def test_junit_is_xml(sanitize: Any, model: Place) -> None:
    (suite,) = ElementTree.fromstring(sanitize("vet", model, "--format", "junit").stdout)
    assert suite.get("failures") == "0"


def test_vetting_a_folder_imports_neither_torch_nor_the_hub(model: Place) -> None:
    code = (
        "import sys; sys.argv[0] = 'sanitize'\nfrom sanitizer.cli import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, "vet", model]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    modules = set(done.stderr.split())
    assert "sanitizer.vet.gate" in modules
    assert modules & {"torch", "transformers", "datasets", "pydantic", "huggingface_hub", "pickle5"} == set()
