from __future__ import annotations

import pytest
import torch
from helpers.contexts import digest
from helpers.pico import WORDS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.judge import Judge
from sanitizer.model.subject import Subject

MASKS = ((), (HeadId(2, 0),), (HeadId(1, 1), HeadId(2, 3)), tuple(HeadId(layer, 0) for layer in range(3)))


def material(family: str) -> tuple[Subject, Encoded]:
    """A random model, and texts labelled by it except for every seventh."""
    subject = pico_subject(family)
    texts = tuple(f"{one} {two} {one}" for one in WORDS[:12] for two in WORDS[12:24])
    if subject.task == "causal":
        return subject, encode(subject, Part(texts))
    data = encode(subject, Part(texts))
    predicted = evaluate(subject, batches(subject, data, size=32)).predicted.tolist()
    labels = tuple(int(label) if index % 7 else 1 - int(label) for index, label in enumerate(predicted))
    return subject, encode(subject, Part(texts, labels))


def judge_of(subject: Subject, data: Encoded, **how: float) -> Judge:
    return Judge(subject, data, size=8, generator=torch.Generator().manual_seed(0), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_exact_is_plain_evaluation(family: str) -> None:
    subject, data = material(family)
    judge, before = judge_of(subject, data), digest(subject)
    for mask in MASKS:
        plain = evaluate(subject, batches(subject, data, size=32), without=mask).accuracy
        assert judge.exact(mask) == pytest.approx(plain)
    assert judge.texts == len(data)
    assert digest(subject) == before


@pytest.mark.parametrize("family", ["bert", "llama"])
@pytest.mark.parametrize("mask", MASKS)
def test_without_error_answers_are_those_of_plain_evaluation(family: str, mask: tuple[HeadId, ...]) -> None:
    subject, data = material(family)
    judge = judge_of(subject, data, error_rate=0.0, haste=0.0)
    exact = evaluate(subject, batches(subject, data, size=32), without=mask).accuracy
    for least in (0.0, exact - 0.01, exact, exact + 1e-6, exact + 0.01, 1.0):
        assert judge.ask(mask, least).accepted == (exact >= least - 1e-9)


def test_clear_cases_ask_few_texts_and_the_rest_is_asked_only_once() -> None:
    subject, data = material("bert")
    judge = judge_of(subject, data)
    asked: list[int] = []
    subject.model.register_forward_pre_hook(
        lambda module, inputs, named: asked.append(len(named["input_ids"])), with_kwargs=True
    )
    mask = MASKS[2]
    answer = judge.ask(mask, 0.0)
    assert (answer.accepted, answer.texts, asked) == (True, 0, [])
    broken = judge.ask(mask, 1.0)
    assert not broken.accepted
    assert sum(asked) == broken.texts < len(data)
    judge.exact(mask)
    assert sum(asked) == len(data)
    judge.exact(mask)
    assert sum(asked) == len(data)


def test_the_same_generator_asks_the_same() -> None:
    subject, data = material("bert")
    answers = [[judge_of(subject, data).ask(mask, 0.8) for mask in MASKS] for _ in range(2)]
    assert answers[0] == answers[1]
