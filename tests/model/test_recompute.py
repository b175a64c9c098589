from __future__ import annotations

import pytest
import torch
from helpers.contexts import context_of
from helpers.subjects import pico_subject
from torch.autograd.graph import saved_tensors_hooks

from sanitizer.model.evaluate import losses
from sanitizer.model.observe import gated, open_gates
from sanitizer.model.recompute import recomputing


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "phi3"])
def test_gradients_are_the_same_bits_and_less_is_kept_for_them(family: str) -> None:
    subject = pico_subject(family)
    batch = context_of(subject).fit[0]
    found = []
    for again in (False, True):
        gates = [gate.requires_grad_() for gate in open_gates(subject.anatomy, device=subject.device)]
        kept: list[int] = []

        def keep(tensor: torch.Tensor, kept: list[int] = kept) -> torch.Tensor:
            kept.append(tensor.numel())
            return tensor

        with gated(subject.anatomy, gates), recomputing(subject) if again else torch.enable_grad():
            with saved_tensors_hooks(keep, lambda tensor: tensor):
                loss = losses(subject, batch)[0].sum()
            found.append((torch.autograd.grad(loss, gates), sum(kept)))
    for one, other in zip(found[0][0], found[1][0], strict=True):
        assert torch.equal(one, other)
        assert one.abs().sum() > 0
    assert found[1][1] < found[0][1] / 2


def test_afterwards_nothing_is_left_of_it() -> None:
    subject = pico_subject("llama")
    with recomputing(subject):
        assert not subject.model.config.use_cache
    assert subject.model.config.use_cache
    assert not any("forward" in vars(layer.block) for layer in subject.anatomy.layers)
