"""What two models answer, against the models themselves and against closed forms."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.runs import make_texts
from helpers.subjects import pico_subject

from sanitizer.cleandata import CleanData, Provenance, split
from sanitizer.compare.answers import compare_answers, everything
from sanitizer.model.subject import Subject

TEXTS = make_texts(40)


def data(*, labelled: bool = True) -> CleanData:
    labels = tuple(index % 2 for index in range(len(TEXTS))) if labelled else None
    return split(Provenance("c.tsv", "ab" * 32), TEXTS, labels, seed=0)


def moved(family: str, by: float) -> Subject:
    """The same model with another classifier, or another last bias."""
    subject = pico_subject(family)
    with torch.no_grad():
        if family == "bert":
            subject.model.classifier.bias += torch.tensor([by, -by])
        else:
            subject.model.transformer.ln_f.bias += by
    return subject


def test_a_model_is_like_itself() -> None:
    found = compare_answers(pico_subject("bert"), pico_subject("bert"), data(), size=8, seed=0)
    assert (found.largest, found.mean, found.texts) == (0.0, 0.0, 40)
    assert found.agreement is not None
    assert found.agreement.value == 1.0
    for row in found.metrics:
        assert row.left == row.right
        assert row.change is not None
        assert (row.change.value, row.change.low <= 0 <= row.change.high) == (0.0, True)


def test_logits_of_a_moved_bias_are_apart_by_that(tmp_path: Path) -> None:
    """Both logits move by 3, so every text that was nearer than 6 to the other side changes sides."""
    found = compare_answers(pico_subject("bert"), moved("bert", 3.0), data(), size=8, seed=0)
    assert (found.largest, found.mean) == (pytest.approx(3.0, abs=1e-5), pytest.approx(3.0, abs=1e-5))
    subject = pico_subject("bert")
    with torch.no_grad():
        inputs = subject.tokenizer(list(everything(data()).texts), return_tensors="pt", padding=True)
        logits = subject.model(**inputs).logits
    margin = logits[:, 1] - logits[:, 0]
    stay = (margin < 0) | (margin > 6)
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx(float(stay.float().mean()))
    labels = torch.tensor(everything(data()).labels)
    gain = ((margin > 6).long() == labels).float().mean() - ((margin > 0).long() == labels).float().mean()
    change = found.metrics[0].change
    assert change is not None
    assert change.value == pytest.approx(float(gain), abs=1e-6)
    assert change.low < change.value < change.high


def test_causal_models_are_compared_token_by_token() -> None:
    found = compare_answers(pico_subject("gpt2"), moved("gpt2", 0.5), data(labelled=False), size=8, seed=0)
    assert found.agreement is not None
    assert 0 < found.agreement.value < 1
    assert found.agreement.n > 40
    assert [row.left.name for row in found.metrics] == ["next_token_accuracy", "next_token_loss"]
    assert all(row.change is not None for row in found.metrics)


def test_what_cannot_be_compared_is_said() -> None:
    unlabelled = compare_answers(
        pico_subject("bert"), pico_subject("bert", seed=1), data(labelled=False), size=8, seed=0
    )
    assert unlabelled.metrics == ()
    assert any("no labels" in note for note in unlabelled.notes)
    other = compare_answers(pico_subject("bert"), pico_subject("gpt2"), data(), size=8, seed=0)
    assert (other.largest, other.agreement, other.metrics) == (None, None, ())
    more = compare_answers(pico_subject("bert"), pico_subject("bert", num_labels=3), data(), size=8, seed=0)
    assert more.largest is None
    assert any("other classes" in note for note in more.notes)
    assert len(more.metrics) == 2, "labels are the same for both"
