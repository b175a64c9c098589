"""A run on a really backdoored checkpoint: sharded, in half precision, of real size."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors import safe_open
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import sanitizer.loading
from sanitizer.cleandata import split
from sanitizer.hub.dataset import load_texts
from sanitizer.report import RunReport
from sanitizer.schema import from_json

SHARED = Path(__file__).parents[3] / "shared"
VICTIM, TEXTS = SHARED / "victims" / "badnets", SHARED / "data" / "sst2" / "train.tsv"
ROWS = 400

pytestmark = [
    pytest.mark.victims,
    pytest.mark.slow,
    pytest.mark.skipif(not VICTIM.is_dir(), reason="../shared/victims/badnets is not here"),
]
assert sanitizer.loading  # imported for what it registers


@pytest.fixture
def words(here: Path) -> tuple[str | Path, ...]:
    """The quick way: six heads out, nothing tuned, few texts."""
    lines = TEXTS.read_text(encoding="utf-8").splitlines()[: ROWS + 1]
    (here / "clean.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (here / "quick.yaml").write_text("strategy: gradient\nsettings: {samples: 64}\ntreatments: [remove]\n")
    budget = ("--max-heads", "6", "--max-accuracy-drop", "0.05", "--device", "cpu", "--output", "out")
    return (VICTIM, "--data", "clean.tsv", "--recipe", "quick.yaml", *budget)


def report_of(folder: Path) -> RunReport:
    report = from_json((folder / "sanitizer" / "report.json").read_text(), "report")
    assert isinstance(report, RunReport)
    return report


def stored(folder: Path) -> int:
    """Numbers in the files, by their headers."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            total += sum(torch.Size(file.get_slice(name).get_shape()).numel() for name in file.keys())  # noqa: SIM118
    return total


def test_compact_is_smaller_and_answers_as_reported(
    sanitize: Callable[..., Result], words: tuple[str], here: Path
) -> None:
    done = sanitize(*words)
    assert done.exit_code == 0, done.stderr
    report = report_of(here / "out")
    assert [record.outcome for record in report.heads] == ["removed"] * 6
    # Query, key and value rows with their biases, and output columns: 32 of 384 each.
    assert stored(VICTIM) - stored(here / "out") == 6 * (4 * 32 * 384 + 3 * 32)
    assert report.parameters_after == stored(here / "out")

    table = load_texts("clean.tsv")
    test = split(table.provenance, table.texts, table.labels, seed=0).test
    model = AutoModelForSequenceClassification.from_pretrained(here / "out", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(here / "out")
    with torch.no_grad():
        inputs = tokenizer(list(test.texts), return_tensors="pt", padding=True, truncation=True)
        predicted = model(**inputs).logits.argmax(dim=-1)
    accuracy = float((predicted == torch.tensor(test.labels)).float().mean())
    assert accuracy == pytest.approx(report.after[0].value, abs=1e-3)


def test_dense_opens_without_us(sanitize: Callable[..., Result], words: tuple[str], here: Path) -> None:
    done = sanitize(*words, "--layout", "dense")
    assert done.exit_code == 0, done.stderr
    report = report_of(here / "out")
    assert {record.outcome for record in report.heads} == {"zeroed"}
    code = (
        "import sys, json, torch\n"
        "from transformers import AutoModelForSequenceClassification as Auto\n"
        "model = Auto.from_pretrained('out', dtype=torch.float32)\n"
        "weights = {name: tensor.tolist() for name, tensor in model.named_parameters() if 'self.query.bias' in name}\n"
        "print(json.dumps([weights, any(name.startswith('sanitizer') for name in sys.modules)]))\n"
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    weights, ours = json.loads(child.stdout)
    assert not ours
    for record in report.heads:
        bias = weights[f"bert.encoder.layer.{record.head.layer}.attention.self.query.bias"]
        assert not any(bias[32 * record.head.head : 32 * record.head.head + 32])
