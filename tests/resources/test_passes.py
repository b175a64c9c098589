"""Counts of passes against what treatments do to a tiny model, whose forward passes are counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import writable
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build, names
from sanitizer.resources.passes import GRADED, SHORT, TRAINED, work_of

FAST = {"epochs": 2, "batch_size": 8}


def counted(subject: Subject, name: str, settings: dict[str, Any]) -> float:
    """Texts that went through the model: trained on for three, with gradients of something else for two."""
    passes = 0.0

    def hear(module: torch.nn.Module, inputs: object, named: dict[str, torch.Tensor]) -> None:
        nonlocal passes
        worth = (TRAINED if module.training else GRADED) if torch.is_grad_enabled() else 1
        passes += worth * len(named["input_ids"])

    data = encode(subject, Part(TEXTS, LABELS))
    material = Material(data, torch.Generator().manual_seed(0), validation=data)
    nothing = TreatmentPlan.nothing(subject.anatomy.counts(), Budget(max_accuracy_drop=1.0))
    handle = subject.model.register_forward_pre_hook(hear, with_kwargs=True)
    build("sanitizer.treatments", name, settings).apply(subject, nothing, material)
    handle.remove()
    return passes


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("finetune", {"patience": 2}),
        ("finetune", {"patience": 0}),
        ("entropy", {"unsure_epochs": 3, "patience": 0}),
        ("normalize", {}),
        ("align", {"texts": 5}),
        ("headtune", {}),
        ("adversarial", {"steps": 2}),
        ("rounds", {"align_epochs": 1, "rounds": 1}),
        ("unlearn", {"candidates": 3, "regardless": True}),
    ],
)
def test_passes_are_those_that_are_made(name: str, changes: dict[str, Any]) -> None:
    subject = pico_subject("bert")
    settings = asdict(build("sanitizer.treatments", name, {**FAST, **changes}))
    words = len(writable(subject.tokenizer))
    said = evaluate(subject, batches(subject, encode(subject, Part(TEXTS, LABELS)), size=8)).correct.bool().tolist()
    right = {label for label, hit in zip(LABELS, said, strict=True) if hit}  # words are tried on no others
    work = work_of(name, settings, fit=len(TEXTS), words=words, labels=len(right))
    assert work is not None
    told = (work.fit + work.validation) * len(TEXTS) + work.texts + work.tokens / SHORT
    assert counted(subject, name, settings) == pytest.approx(told, rel=0.1)


def test_every_treatment_that_computes_is_known_and_no_other() -> None:
    for name in names("sanitizer.treatments"):
        settings = asdict(build("sanitizer.treatments", name, {}))
        assert (work_of(name, settings, fit=100, words=50, labels=2) is None) == (name == "remove")
    assert work_of("somebodys", {"epochs": 3, "patience": 0}, fit=100, words=50, labels=2) is None
    assert work_of("finetune", {}, fit=100, words=50, labels=2) is None, "settings that are not there"
