"""What is left behind, and how grave it is, by content where there is one and by name where there is not."""

from __future__ import annotations

from typing import Literal

import pytest

from sanitizer.vet.leftovers import is_pickle, judge
from sanitizer.vet.legacy.look import Look
from sanitizer.vet.magic import Content


@pytest.mark.parametrize(
    ("name", "content", "severity"),
    [
        ("train.py", "other", "low"),
        ("modeling_custom.py", None, "low"),
        ("logo.png", "other", "low"),
        ("tf_model.h5", None, "low"),
        ("model.onnx", "other", "low"),
        (".gitattributes", None, "low"),
        ("data.zip", "archive", "medium"),
        ("data.tar.gz", None, "medium"),
        ("texts.jsonl.gz", "archive", "low"),
        ("pytorch_model.bin", "pointer", "low"),
        ("cache/x.pyc", "other", "high"),
        ("libx.so.1", None, "high"),
        ("code/inference.py", None, "medium"),
        ("inference.py", None, "low"),
        ("index.html", "page", "low"),
        ("handler.py", None, "medium"),
        ("custom_generate/generate.py", "other", "medium"),
        ("demo.ipynb", "other", "medium"),
        ("adapter_config.json", "other", "medium"),
        ("pytorch_model.bin", "archive", "medium"),
        ("optimizer.pt", None, "low"),
        ("weights", "pickle", "medium"),
        ("pytorch_model.bin", None, "low"),
        ("pytorch_model.bin", "other", "medium"),
        ("model.pkl", None, "low"),
        ("a.mlpackage/Data/com.apple.CoreML/weights/weight.bin", "other", "low"),
        ("a.mlpackage/Data/com.apple.CoreML/weights/weight.bin", "pickle", "medium"),
        ("weights/weight.bin", "other", "medium"),
        ("setup", "executable", "high"),
        ("lib/libx.so", None, "high"),
        ("install.EXE", None, "high"),
        ("logo.png", "pickle", "high"),
        ("notes.md", "archive", "high"),
        ("extra.safetensors", "pickle", "high"),
    ],
)  # fmt: skip
def test_severity(name: str, content: Content | None, severity: str) -> None:
    verdict = judge(name, content)
    assert verdict.fate == "dropped"
    (finding,) = verdict.findings
    assert (finding.severity, finding.file) == (severity, name)


@pytest.mark.parametrize(("holds", "severity"), [("data", "low"), ("code", "high"), ("unknown", "medium")])
def test_a_pickle_is_as_grave_as_what_it_holds(holds: Literal["data", "code", "unknown"], severity: str) -> None:
    for name, content in (("pytorch_model.bin", "archive"), ("weights", "pickle")):
        (finding,) = judge(name, content, lambda: Look(holds, "os.system")).findings
        assert (finding.severity, finding.file) == (severity, name)
        assert "os.system" in finding.message


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("pytorch_model.bin", True),
        ("checkpoint-5/pytorch_model-00001-of-00002.BIN", True),
        ("original/consolidated.00.pth", True),
        ("model.ckpt", True),
        ("training_args.bin", True),
        ("checkpoint-5/optimizer.pt", True),
        ("openvino/openvino_model.bin", False),
        ("pytorch_model.bin.index.json", False),
        ("tf_model.h5", False),
    ],
)
def test_what_a_name_alone_cannot_settle(name: str, is_one: bool) -> None:
    """Whatever is not known to be something else is downloaded, so that a wrong guess costs bytes and not safety."""
    assert is_pickle(name) is is_one


@pytest.mark.parametrize("name", ["train.py", "notes.md", "libx.so", "texts.csv.gz"])
def test_nothing_but_pickles_and_archives_is_looked_into(name: str) -> None:
    def fail() -> Look:
        raise AssertionError

    assert judge(name, "other" if name == "train.py" else "archive", fail).fate == "dropped"
