"""Scores on the validation part, against a plain pass over it."""

from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.validation import validator

TEXTS = tuple(f"the {word} was {how} good" for word in ("film", "plot", "scene", "cast") for how in ("not", "very"))
LABELS = tuple(index % 2 for index in range(len(TEXTS)))


def test_every_call_scores_the_model_as_it_is_then() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    score = validator(subject, Material(data, torch.Generator(), validation=data), size=3, step="validate")
    assert score is not None
    for _ in range(2):
        with torch.no_grad():
            logits = torch.cat([subject.model(**subject.tokenizer(text, return_tensors="pt")).logits for text in TEXTS])
        found, labels = score(), torch.tensor(LABELS)
        assert found.accuracy == float((logits.argmax(dim=1) == labels).float().mean())
        assert abs(found.loss - float(torch.nn.functional.cross_entropy(logits, labels))) < 1e-5
        with torch.no_grad():
            subject.model.classifier.bias.copy_(torch.tensor([5.0, -5.0]))


def test_without_validation_texts_there_is_nothing_to_ask() -> None:
    subject = pico_subject("bert")
    material = Material(encode(subject, Part(TEXTS, LABELS)), torch.Generator())
    assert validator(subject, material, size=3, step="validate") is None
