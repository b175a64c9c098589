"""What is left behind, and how grave it is, by content where there is one and by name where there is not."""

from __future__ import annotations

import pytest

from sanitizer.vet.leftovers import judge
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
        ("data.zip", "archive", "low"),
        ("index.html", "page", "low"),
        ("handler.py", None, "medium"),
        ("custom_generate/generate.py", "other", "medium"),
        ("demo.ipynb", "other", "medium"),
        ("adapter_config.json", "other", "medium"),
        ("pytorch_model.bin", "archive", "medium"),
        ("optimizer.pt", None, "low"),
        ("weights", "pickle", "medium"),
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
