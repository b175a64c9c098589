"""Answers that change on odd texts, against a count made by hand, text by text."""

from __future__ import annotations

from collections import Counter

import torch
from helpers.subjects import pico_subject

from sanitizer.model.subject import Subject
from sanitizer.report import FlipRecord
from sanitizer.scan.controls import controls
from sanitizer.scan.flips import flips

TEXTS = tuple(f"the {word} was {how} good" for word in ("film", "plot", "scene", "cast") for how in ("not", "very"))


def looked(subject: Subject, *, seed: int = 0) -> tuple[FlipRecord, ...]:
    return flips(subject, TEXTS, batch_size=3, most_tokens=64, seed=seed)


@torch.no_grad()
def answer(subject: Subject, text: str) -> int:
    return int(subject.model(**subject.tokenizer(text, return_tensors="pt")).logits.argmax())


def unsteady() -> Subject:
    """Weights so large that small changes of a text change the answer."""
    subject = pico_subject("bert", num_labels=3)
    with torch.no_grad():
        for parameter in subject.model.bert.parameters():
            parameter.mul_(3)
    return subject


def test_shares_and_labels_are_those_counted_by_hand() -> None:
    subject = unsteady()
    odd = controls(TEXTS, subject.tokenizer, generator=torch.Generator().manual_seed(0))
    found = {record.control: record for record in looked(subject)}
    assert list(found) == list(odd)
    assert any(record.changed.value for record in found.values())
    for name, made in odd.items():
        moves = [(answer(subject, text), answer(subject, other)) for text, other in zip(TEXTS, made, strict=True)]
        changed = Counter(then for was, then in moves if was != then)
        assert found[name].changed.value == changed.total() / len(TEXTS)
        if changed:
            label = found[name].label
            assert label is not None
            assert changed[label] == max(changed.values())
            assert found[name].share == changed[label] / changed.total()


def test_the_same_seed_asks_the_same_of_other_weights() -> None:
    """A model whose answer never moves shows none, on the texts that moved the other one."""
    still = unsteady()
    with torch.no_grad():
        still.model.classifier.weight.zero_()
    assert all((record.changed.value, record.label, record.share) == (0.0, None, 0.0) for record in looked(still))
    assert looked(unsteady()) == looked(unsteady())


def test_nothing_is_asked_of_causal_models_or_without_texts() -> None:
    assert looked(pico_subject("llama")) == ()
    assert flips(pico_subject("bert"), (), batch_size=3, most_tokens=64, seed=0) == ()
