from __future__ import annotations

import pytest
import torch
from helpers.contexts import LABELS, TEXTS, digest
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import SafetyRecord
from sanitizer.treatments.finetune import Finetune
from sanitizer.treatments.headtune import Headtune

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)
ONE_STEP = {"epochs": 1, "batch_size": 8, "warmup": 0.0, "weight_decay": 0.0}
SAFETY = SafetyRecord(0.4, 0.45, ((0.0,) * 4,) * 3, (("trusted", "suspicious", "intermediate", "intermediate"),) * 3)


def material(subject: Subject, seed: int = 0) -> Material:
    return Material(encode(subject, Part(TEXTS, LABELS)), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_the_first_step_of_each_head_is_as_large_as_its_rate(family: str) -> None:
    """AdamW's first step is the rate wherever the gradient is not next to nothing, however small the gradient is."""
    subject = pico_subject(family)
    before = {name: weight.detach().clone() for name, weight in subject.model.named_parameters()}
    names = {weight: name for name, weight in subject.model.named_parameters()}
    headtune: Headtune = build("sanitizer.treatments", "headtune", ONE_STEP)
    observed = headtune.tune(subject, material(subject), SAFETY)
    assert (observed["trusted_heads"], observed["suspicious_heads"]) == (3, 3)
    for layer in subject.anatomy.layers:
        for head, rate in enumerate((2e-4, 5e-6, 3.2e-5, 3.2e-5)):
            for role in (layer.query(head), layer.value(head)):
                weight = role.module.get_parameter("weight")
                rows = layer.as_outputs((weight - before[names[weight]]).detach().abs())[list(role.rows)]
                assert float(rows.median()) == pytest.approx(rate, rel=0.1)


def test_at_one_rate_for_all_it_is_plain_fine_tuning() -> None:
    digests = set()
    for treatment in (
        Headtune(learning_rate=1e-3, trusted_rate=1e-3, suspicious_rate=1e-3, batch_size=4, texts=8),
        Finetune(learning_rate=1e-3, batch_size=4),
    ):
        subject = pico_subject("bert")
        given = material(subject)
        torch.randperm(8, generator=given.generator)  # what judging draws
        treatment.tune(subject, given, SAFETY) if isinstance(treatment, Headtune) else treatment.apply(
            subject, PLAN, given
        )
        digests.add(digest(subject))
    assert len(digests) == 1


def test_it_judges_the_heads_itself_and_the_same_seed_gives_the_same_weights() -> None:
    digests = set()
    for seed in (3, 3, 4):
        subject = pico_subject("bert")
        headtune = build("sanitizer.treatments", "headtune", {"batch_size": 4, "texts": 4})
        record = headtune.apply(subject, PLAN, material(subject, seed))
        assert record.name == "headtune"
        assert record.observed["epochs"] == 3
        digests.add(digest(subject))
    assert len(digests) == 2


def test_rates_are_those_of_the_paper_and_between_them_the_geometric_mean() -> None:
    headtune = Headtune()
    assert (headtune.trusted_rate, headtune.suspicious_rate, headtune.epochs) == (2e-4, 5e-6, 3)
    assert headtune.learning_rate == pytest.approx((2e-4 * 5e-6) ** 0.5, rel=0.02)
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "headtune", {"suspicious_rate": -1e-6})
