"""Measuring: the labels are those of plain transformers, one text at a time, and what cannot be measured says why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder
from helpers.runs import make_texts
from helpers.subjects import open_folder
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from sanitizer.benchmark import measure
from sanitizer.benchmark.measure import answers, hits, main
from sanitizer.benchmark.tables import Table
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.save import save

TEXTS = make_texts(60, seed=5)


def table(*labels: int) -> Table:
    return Table(TEXTS, tuple(labels[row % len(labels)] for row in range(len(TEXTS))))


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "modernbert"])
def test_labels_are_those_of_one_text_at_a_time(tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "model", family, dtype=torch.float16)
    monkeypatch.setattr(measure, "TOKENS_AT_ONCE", 40)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        alone = [model(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in TEXTS]
    ((found, known), (again, _)) = answers(folder, (table(0), Table(TEXTS[::-1], table(0).labels)), device="cpu")
    assert (found, known) == (alone, 2)
    assert again == alone[::-1]
    assert len(set(alone)) == 2, "else any order would do"


def test_a_compact_checkpoint_is_measured_as_our_own_evaluation_does(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "model", "bert")
    names = [path.name for path in source.iterdir()]
    subject = open_folder(source)
    subject.remove((HeadId(0, 1), HeadId(0, 2), HeadId(2, 3)), physically=True)
    save(subject, Checkpoint.of_folder(source, LocalOrigin("model"), names), tmp_path / "cut")
    ours = evaluate(subject, batches(subject, encode(subject, Part(TEXTS)), size=7)).predicted.tolist()
    assert answers(tmp_path / "cut", (table(0),), device="cpu")[0][0] == ours


def test_long_texts_are_cut_at_what_the_model_reads(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "roberta")
    long = Table((" ".join(TEXTS),), (0,))
    assert answers(folder, (long,), device="cpu")[0][0] in ([0], [1])


def test_hits_are_right_answers_and_target_answers(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "bert")
    ((found, _),) = answers(folder, (table(0),), device="cpu")
    clean, triggered = table(0, 1, 1), table(1, 0, 0, 0)
    clean.write(tmp_path / "clean.csv")
    triggered.write(tmp_path / "triggered.csv")
    seen = hits(folder, tmp_path / "clean.csv", tmp_path / "triggered.csv", 1, device="cpu")
    assert seen["clean"] == "".join(str(int(a == b)) for a, b in zip(found, clean.labels, strict=True))
    kept = [label for label, true in zip(found, triggered.labels, strict=True) if true == 0]
    assert seen["triggered"] == "".join(map(str, kept))
    assert len(kept) == 45


@pytest.mark.parametrize(
    ("family", "labels", "target", "says"),
    [
        ("bert", (0, 1), 2, "there is a label 2, the model knows 0 to 1"),
        ("bert", (0, 7), 1, "there is a label 7"),
        ("bert", (1,), 1, "every text of triggered.csv has the target label 1"),
        ("llama", (0, 1), 1, "measures sequence classifiers, not LlamaForCausalLM"),
    ],
)
def test_what_cannot_be_measured_says_why(
    tmp_path: Path, family: str, labels: tuple[int, ...], target: int, says: str
) -> None:
    folder = make_folder(tmp_path / "model", family)
    table(0, 1).write(tmp_path / "clean.csv")
    table(*labels).write(tmp_path / "triggered.csv")
    with pytest.raises(UsageError, match=says):
        hits(folder, tmp_path / "clean.csv", tmp_path / "triggered.csv", target, device="cpu")


@pytest.mark.parametrize("vet", [True, False])
def test_the_process_reads_its_task_and_writes_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], vet: bool
) -> None:
    folder = make_folder(tmp_path / "model", "bert")
    for name in ("clean", "triggered"):
        table(0, 1).write(tmp_path / f"{name}.csv")
    task = {"model": str(folder), "vet": vet, "target": 1, "device": "cpu"}
    task |= {"test": str(tmp_path / "clean.csv"), "triggered": str(tmp_path / "triggered.csv")}
    (tmp_path / "task.json").write_text(json.dumps(task))
    monkeypatch.chdir(tmp_path)
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == hits(
        folder, tmp_path / "clean.csv", tmp_path / "triggered.csv", 1, device="cpu"
    )
    (tmp_path / "triggered.csv").unlink()
    assert main() == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: triggered.csv cannot be read")


def test_a_victim_that_vetting_refuses_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "model", "bert")
    (folder / "model.safetensors").write_bytes(b"\x80\x04not a safetensors file")
    table(0, 1).write(tmp_path / "t.csv")
    task = {"model": str(folder), "vet": True, "target": 1, "device": "cpu"}
    (tmp_path / "task.json").write_text(
        json.dumps(task | dict.fromkeys(("test", "triggered"), str(tmp_path / "t.csv")))
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure, "hits", lambda *words, **named: pytest.fail("it was opened"))
    assert main() in (1, 3)
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: model.safetensors")


def test_nothing_that_treats_is_imported_to_measure() -> None:
    code = "import sys, sanitizer.benchmark.measure; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "sanitizer.benchmark.measure" in modules
    treating = (
        "sanitizer.pipeline",
        "sanitizer.strategies",
        "sanitizer.treatments",
        "sanitizer.plan",
        "sanitizer.scan",
    )
    assert [name for name in modules if name.startswith(treating)] == []
