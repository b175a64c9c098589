from __future__ import annotations

import torch
from helpers.contexts import context_of
from helpers.subjects import pico_subject

from sanitizer.model.dropout import dropout_rate, sampled_importance
from sanitizer.model.importance import gate_importance


def sample(family: str, seed: int, gate_dropout: float = 0.0) -> tuple[tuple[float, ...], ...]:
    context = context_of(pico_subject(family))
    generator = torch.Generator().manual_seed(seed)
    return sampled_importance(context.subject, context.fit, gate_dropout=gate_dropout, generator=generator)


def test_rate_is_what_the_config_says() -> None:
    assert dropout_rate(pico_subject("bert")) == 0.1
    assert dropout_rate(pico_subject("llama")) == 0.0


def test_dropout_is_really_on_and_follows_the_generator() -> None:
    context = context_of(pico_subject("bert"))
    assert sample("bert", 0) != gate_importance(context.subject, context.fit)
    assert sample("bert", 0) == sample("bert", 0)
    assert sample("bert", 0) != sample("bert", 1)


def test_a_model_without_dropout_varies_only_through_its_gates() -> None:
    assert sample("llama", 0) == sample("llama", 1)
    assert sample("llama", 0, gate_dropout=0.3) != sample("llama", 1, gate_dropout=0.3)
