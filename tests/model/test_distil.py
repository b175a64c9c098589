from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from sanitizer.model.distil import divergence, unlikeness


def test_divergence_is_that_of_the_softened_answers() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(5, 3, generator=generator) for _ in range(2))
    for temperature in (1.0, 2.0):
        found = divergence(student, teacher, temperature=temperature, real=torch.ones(5, 7))
        p, q = Categorical(logits=teacher / temperature), Categorical(logits=student / temperature)
        assert float(found) == pytest.approx(float(temperature**2 * kl_divergence(p, q).mean()), rel=1e-5)
    assert float(divergence(teacher, teacher, temperature=2.0, real=torch.ones(5, 7))) == pytest.approx(0, abs=1e-6)


def test_of_tokens_only_real_ones_count() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(2, 4, 3, generator=generator) for _ in range(2))
    real = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    found = divergence(student, teacher, temperature=1.0, real=real)
    rows = real.bool()
    alone = divergence(student[rows], teacher[rows], temperature=1.0, real=rows)
    assert float(found) == pytest.approx(float(alone), rel=1e-5)


def test_unlikeness_is_none_for_the_teacher_and_one_for_its_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = [torch.randn(2, 4, 3, generator=generator) + 7 for _ in range(3)]
    real = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    rows = real.bool()
    mean = [states[rows].mean(dim=0).expand_as(states) for states in teacher]
    assert float(unlikeness(teacher, teacher, real)) == 0
    assert float(unlikeness(mean, teacher, real)) == pytest.approx(1.0, rel=1e-5)
    padded = [states.masked_fill(~rows[..., None], 99.0) for states in teacher]
    assert float(unlikeness(padded, teacher, real)) == 0
