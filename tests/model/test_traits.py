from __future__ import annotations

import math

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.slices import head_slices
from sanitizer.model.surgery import zero
from sanitizer.model.traits import norms, shapes, silent


def random_head(seed: int = 0, hidden: int = 400, size: int = 8) -> HeadSlice:
    generator = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(size, hidden, generator=generator) for _ in range(3))
    return HeadSlice(query, key, value, torch.randn(hidden, size, generator=generator))


def test_norms_are_those_of_the_whole_matrices() -> None:
    head = random_head()
    found = {name: math.exp(row[0]) for name, row in norms([head]).items()}
    assert found["norm of key"] == pytest.approx(float(head.key.norm()), rel=1e-5)
    assert found["norm of query-key"] == pytest.approx(float((head.query.t() @ head.key).norm()), rel=1e-4)
    assert found["norm of output-value"] == pytest.approx(float((head.output @ head.value).norm()), rel=1e-4)


def test_stable_rank_against_singular_values_and_kurtosis_of_a_normal() -> None:
    head = random_head()
    found = {name: math.exp(row[0]) for name, row in shapes([head]).items()}
    for name, part in head.parts().items():
        singular = torch.linalg.svdvals(part)
        assert found[f"spectrum of {name}"] == pytest.approx(float((singular**2).sum() / singular[0] ** 2), rel=1e-4)
        assert found[f"kurtosis of {name}"] == pytest.approx(3, abs=0.4)


def test_a_rank_of_one_is_one_and_a_spike_has_heavy_tails() -> None:
    head = random_head()
    one = torch.outer(torch.randn(8), torch.randn(400))
    spike = torch.zeros(400, 8)
    spike[3, 3] = 1.0
    found = {name: math.exp(row[0]) for name, row in shapes([HeadSlice(one, head.key, one, spike)]).items()}
    assert found["spectrum of query"] == pytest.approx(1, rel=1e-4)
    assert found["kurtosis of output"] > 1000


def test_shares_of_zeros_and_of_what_half_precision_holds() -> None:
    head = random_head()
    query, rest = head.query.clone(), (head.key.half().float(), head.value.half().float(), head.output)
    query[:4] = 0.0
    found = {name: row[0] for name, row in shapes([HeadSlice(query, *rest)]).items()}
    assert found["zeros"] == 1 / 8
    assert found["digits"] == pytest.approx(5 / 8, abs=0.01)


def test_zeroed_heads_are_silent_and_no_others() -> None:
    subject = pico_subject("gpt2")
    zero(subject.anatomy, [HeadId(1, 3)])
    found = [[silent(head) for head in row] for row in head_slices(subject.anatomy)]
    assert [[place for place, mute in enumerate(row) if mute] for row in found] == [[], [3], []]
