from __future__ import annotations

import pytest
from helpers.contexts import LABELS, TEXTS
from helpers.pico import CONFIGS
from helpers.planted import planted_context
from helpers.subjects import pico_subject
from scipy.stats import multinomial, norm

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.scan.ablation import ablation, paired_interval


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_it_is_what_evaluation_without_the_head_loses(family: str) -> None:
    subject = pico_subject(family)
    data = encode(subject, Part(TEXTS, None if subject.task == "causal" else LABELS))
    made = batches(subject, data, size=3)
    whole = evaluate(subject, made).accuracy
    found = ablation(subject, data, size=3, seed=0)
    assert [record.head for record in found] == list(subject.anatomy.heads())
    for record in found:
        assert record.change == pytest.approx(evaluate(subject, made, without=[record.head]).accuracy - whole)
        assert -1 <= record.low <= record.change <= record.high <= 1
    assert ablation(subject, data, size=3, seed=0) == found


def test_the_head_that_all_answers_hang_on_costs_them_all_and_no_other_head_costs_any() -> None:
    context, carrier = planted_context()
    subject = context.subject
    texts = [
        subject.tokenizer.decode(row[mask.bool()][1:-1])
        for batch in context.fit
        for row, mask in zip(batch.inputs["input_ids"], batch.inputs["attention_mask"], strict=True)
    ]
    labels = [int(label) for batch in context.fit for label in batch.labels]
    found = ablation(subject, encode(subject, Part(tuple(texts), tuple(labels))), size=8, seed=0)
    changes = {record.head: (record.change, record.low, record.high) for record in found}
    change, low, high = changes.pop(carrier)
    assert change == low == -1.0
    assert high < -0.5
    assert all(change == 0.0 and low < 0.0 < high for change, low, high in changes.values())


def test_the_interval_in_numbers() -> None:
    """(3 - 13) / 102, +- z sqrt((3 + 13 + 1) / 102 - (10 / 102)^2) / sqrt(102)."""
    low, high = paired_interval(3, 13, 100)
    assert (low + high) / 2 == pytest.approx(-10 / 102)
    half = norm.ppf(0.975) * ((17 / 102 - (10 / 102) ** 2) / 102) ** 0.5
    assert (high - low) / 2 == pytest.approx(half, rel=1e-6)


@pytest.mark.parametrize(("gained", "lost"), [(0.02, 0.02), (0.0, 0.03), (0.05, 0.15)])
def test_intervals_cover_the_truth_nearly_as_often_as_they_say(gained: float, lost: float) -> None:
    """Exactly, over every outcome of 60 texts that become right or wrong with these probabilities."""

    covered = 0.0
    for up in range(61):
        for down in range(61 - up):
            low, high = paired_interval(up, down, 60)
            if low <= gained - lost <= high:
                covered += multinomial.pmf([up, down, 60 - up - down], 60, [gained, lost, 1 - gained - lost])
    assert covered > 0.93
