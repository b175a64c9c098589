"""What a user of the result does: stock transformers after one import, or a loud stop without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder
from helpers.subjects import checkpoint_of, open_folder
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments, pipeline

import sanitizer.loading
from sanitizer.heads import HeadId
from sanitizer.model.save import save


@pytest.fixture
def compact(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "suspect", "bert")
    subject = open_folder(folder)
    subject.remove((HeadId(0, 1), HeadId(2, 0), HeadId(2, 3)), physically=True)
    save(subject, checkpoint_of(folder), tmp_path / "compact")
    return tmp_path / "compact"


def test_auto_model_opens_saves_and_opens_again(compact: Path, tmp_path: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(compact).eval()
    assert model.bert.encoder.layer[2].attention.self.query.out_features == 16
    model.save_pretrained(tmp_path / "again")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "again").eval()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_pipeline_answers(compact: Path) -> None:
    (answer,) = pipeline("text-classification", model=str(compact))("a good film")
    assert answer["label"] in {"LABEL_0", "LABEL_1"}


def test_trainer_trains_it(compact: Path, tmp_path: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(compact)
    before = model.classifier.weight.detach().clone()
    rows = [{"input_ids": [2, 5 + i, 3], "attention_mask": [1, 1, 1], "labels": i % 2} for i in range(8)]
    arguments = TrainingArguments(
        str(tmp_path / "run"), max_steps=3, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no"
    )
    Trainer(model, arguments, train_dataset=rows).train()  # type: ignore[arg-type]
    assert not torch.equal(before, model.classifier.weight.cpu())
    model.save_pretrained(tmp_path / "trained")
    assert open_folder_counts(tmp_path / "trained") == (3, 4, 2)


def test_half_precision_and_training_mode_survive(compact: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(compact, dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_without_the_import_transformers_stops_loudly(compact: Path, tmp_path: Path) -> None:
    code = f"import transformers; transformers.AutoModelForSequenceClassification.from_pretrained({str(compact)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert "size" in done.stderr.lower() or "mismatch" in done.stderr.lower()


def test_importing_twice_registers_once() -> None:
    import importlib

    importlib.reload(sanitizer.loading)


def open_folder_counts(folder: Path) -> tuple[int, ...]:
    return tuple(
        layer.attention.self.num_attention_heads
        for layer in AutoModelForSequenceClassification.from_pretrained(folder).bert.encoder.layer
    )
