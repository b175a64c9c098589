"""Two folders compared through the gate: a result and its source, a copy, a model that is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.results import make_result
from safetensors.torch import load_file, save_file

from sanitizer.comparing import compare
from sanitizer.errors import RefusedError
from sanitizer.options import CompareOptions, DataOptions
from sanitizer.report import CompareReport, RunReport
from sanitizer.schema import from_json, to_json


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Suspect, clean texts and, in `out`, the result of a run."""
    return make_result(tmp_path_factory.mktemp("made")).parent


def compared(left: Path, right: Path, **words: Any) -> CompareReport:
    report = compare(CompareOptions(str(left), str(right), device="cpu", **words))
    assert from_json(to_json(report), "comparison") == report
    return report


def test_a_result_and_its_source(made: Path) -> None:
    """Truth: the run's own report, which was written without any of this."""
    found = compared(made / "suspect", made / "out", data=DataOptions(str(made / "clean.tsv")))
    report = from_json((made / "out" / "sanitizer" / "report.json").read_text(), "report")
    assert isinstance(report, RunReport)
    assert found.heads is not None
    assert sorted(found.heads.left_only) == [record.head for record in report.heads]
    assert (found.left.parameters, found.right.parameters) == (report.source.parameters, report.parameters_after)
    assert [one.key for one in found.settings if one.file == "config.json"] == ["quantization_config"]
    assert {one.what for one in found.tensors.differences} == {"changed", "reshaped"}
    assert {one.name for one in found.files} >= {"model.safetensors", "config.json", "README.md"}
    assert found.answers is not None
    assert found.answers.texts == report.data.fit + report.data.validation + report.data.test


def test_a_copy_is_the_same_and_one_weight_is_not(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "suspect", tmp_path / "copy")
    same = compared(made / "suspect", tmp_path / "copy")
    assert (same.files, same.settings, same.tensors.differences) == ((), (), ())
    assert same.left.digest == same.right.digest
    tensors = load_file(tmp_path / "copy" / "model.safetensors")
    tensors["classifier.weight"][1, 5] += 0.25
    save_file(tensors, tmp_path / "copy" / "model.safetensors", metadata={"format": "pt"})
    (one,) = compared(made / "suspect", tmp_path / "copy").tensors.differences
    assert one.name == "classifier.weight"
    assert one.largest == pytest.approx(0.25, abs=1e-3)


def test_a_tokenizer_with_another_word(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "suspect", tmp_path / "copy")
    path = tmp_path / "copy" / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["cf2"] = tokenizer["model"]["vocab"].pop("cf")
    path.write_text(json.dumps(tokenizer))
    found = compared(made / "suspect", tmp_path / "copy")
    assert {(one.file, one.key) for one in found.settings} <= {
        ("tokenizer.json", "model.vocab"),
        ("tokenizer.json", "model.vocab.cf"),
        ("tokenizer.json", "model.vocab.cf2"),
    }
    assert found.settings
    assert found.tensors.differences == ()


def test_what_the_gate_refuses_is_not_compared(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "suspect", tmp_path / "copy")
    tensors = load_file(tmp_path / "copy" / "model.safetensors")
    tensors["classifier.bias"] = torch.full_like(tensors["classifier.bias"], float("nan"))
    save_file(tensors, tmp_path / "copy" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RefusedError, match="not numbers"):
        compared(made / "suspect", tmp_path / "copy")


def test_only_answers_need_torch(made: Path) -> None:
    code = (
        "import sys\nfrom sanitizer.options import CompareOptions\nfrom sanitizer.comparing import compare\n"
        f"compare(CompareOptions({str(made / 'suspect')!r}, {str(made / 'out')!r}))\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr
