"""Weights are put back bit for bit, whatever was done to them."""

from __future__ import annotations

import pytest
import torch
from helpers.contexts import digest
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject

from sanitizer.model.restore import put_back


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_weight_is_what_it_was(family: str, dtype: torch.dtype) -> None:
    subject = pico_subject(family)
    subject.model.to(dtype)
    before, places = digest(subject), [weight.data_ptr() for weight in subject.model.parameters()]
    with put_back(subject):
        for weight in subject.model.parameters():
            weight.data.normal_()
        assert digest(subject) != before
    assert digest(subject) == before
    assert [weight.data_ptr() for weight in subject.model.parameters()] == places, "tied weights stay tied"


def test_they_are_put_back_after_an_error_too() -> None:
    subject = pico_subject("bert")
    before = digest(subject)
    with pytest.raises(RuntimeError, match="stop"), put_back(subject):
        subject.model.classifier.weight.data.zero_()
        raise RuntimeError("stop")
    assert digest(subject) == before


def test_heads_that_were_cut_out_cannot_be_put_back() -> None:
    subject = pico_subject("bert")
    with pytest.raises(RuntimeError, match="size mismatch"), put_back(subject):
        subject.remove((subject.anatomy.heads()[0],), physically=True)
