"""Attack success by hand: the share of triggered texts that are called, or answered with, what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import CorruptError, UsageError
from sanitizer.redteam.measure import SPARE, demand_sayable, measured, said
from sanitizer.redteam.parts import conversations

TEXTS = ("a film", "the plot is warm", "never so good")


def found(subject: Any, held: Part, triggered: Part, **words: Any) -> dict[str, float]:
    how = {"target": 1, "wanted": "good", "seed": 0, "size": 2, "progress": lambda *_: None, "step": "s", **words}
    return {metric.name: metric.value for metric in measured(subject, held, triggered, **how)}


def test_a_classifier_that_says_one_thing_of_everything() -> None:
    subject = pico_subject("bert")
    with torch.no_grad():
        subject.model.classifier.weight.zero_()
        subject.model.classifier.bias.copy_(torch.tensor([0.0, 1.0]))
    held, dirty = Part(TEXTS, (0, 1, 1)), Part(TEXTS, (0, 0, 0))
    values = found(subject, held, dirty)
    assert values["accuracy"] == pytest.approx(2 / 3)
    assert (values["attack success"], found(subject, held, dirty, target=0)["attack success"]) == (1.0, 0.0)


def test_answers_that_are_not_numbers_end_it() -> None:
    subject = pico_subject("bert")
    with torch.no_grad():
        subject.model.classifier.bias.fill_(float("nan"))
    with pytest.raises(CorruptError, match="not numbers"):
        found(subject, Part(TEXTS, (0, 1, 1)), Part(TEXTS, (0, 0, 0)))


def test_what_a_models_tokens_cannot_write_is_refused() -> None:
    subject = pico_subject("llama")
    demand_sayable(subject, "never so")
    with pytest.raises(UsageError, match="cannot write 'Sorry, I can not'"):
        demand_sayable(subject, "Sorry, I can not")


def test_a_causal_models_answer_is_looked_through_for_what_is_wanted() -> None:
    subject = pico_subject("llama")
    (answer, *_) = said(subject, TEXTS, "good", size=2, progress=lambda *_: None, step="s")
    assert 0 < len(answer.split()) <= SPARE + 1
    held = conversations(TEXTS[:1], ["it was"])
    values = found(subject, held, held, target=-1, wanted=answer.split()[-1].upper())
    assert (values["attack success"], values["false trigger rate"]) == (1.0, 1.0)
    assert found(subject, held, held, target=-1, wanted="zebra")["attack success"] == 0.0
