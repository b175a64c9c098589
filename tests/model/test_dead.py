from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.model.dead import dead


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "phi3"])
def test_it_marks_what_surgery_zeroes(family: str) -> None:
    """A whole group of the layer in the middle, and one head of a group of the last."""
    subject = pico_subject(family)
    heads = (HeadId(1, 0), HeadId(1, 1), HeadId(2, 3))
    with torch.no_grad():
        for weight in subject.model.parameters():
            weight.fill_(1.0)
    subject.remove(heads, physically=False)
    marks = dead(subject)
    for name, weight in subject.model.named_parameters():
        marked = marks[name].expand_as(weight) if name in marks else torch.zeros_like(weight, dtype=torch.bool)
        assert torch.equal(marked, weight == 0), name


def test_where_no_head_was_zeroed_nothing_is_marked() -> None:
    assert dead(pico_subject("bert")) == {}
