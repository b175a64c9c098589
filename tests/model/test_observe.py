from __future__ import annotations

import pytest
import torch
from helpers.pico import make_inputs
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.model.observe import attention, closed_gates, gated, open_gates, watched


def test_open_gates_change_nothing_and_are_gone_afterwards() -> None:
    subject = pico_subject("bert")
    inputs = make_inputs()
    with torch.no_grad():
        plain = subject.model(**inputs).logits
        with gated(subject.anatomy, open_gates(subject.anatomy, device=subject.device)):
            assert torch.equal(subject.model(**inputs).logits, plain)
        closed = closed_gates(subject.anatomy, [HeadId(0, 0)], device=subject.device)
        with gated(subject.anatomy, closed):
            assert not torch.equal(subject.model(**inputs).logits, plain)
        assert torch.equal(subject.model(**inputs).logits, plain)


def test_gates_are_removed_when_the_forward_fails() -> None:
    subject = pico_subject("bert")
    inputs = make_inputs()
    plain = subject.model(**inputs).logits
    with (
        pytest.raises(RuntimeError, match="stop"),
        gated(subject.anatomy, closed_gates(subject.anatomy, subject.anatomy.heads(), device=subject.device)),
    ):
        raise RuntimeError("stop")
    assert torch.equal(subject.model(**inputs).logits, plain)


def test_two_subjects_do_not_share_gates() -> None:
    one, other = pico_subject("bert"), pico_subject("bert")
    inputs = make_inputs()
    with torch.no_grad(), gated(one.anatomy, closed_gates(one.anatomy, one.anatomy.heads(), device=one.device)):
        assert not torch.allclose(one.model(**inputs).logits, other.model(**inputs).logits)


def test_gates_per_sample_reach_their_own_sample() -> None:
    subject = pico_subject("gpt2")
    inputs = make_inputs(batch=2)
    gates = open_gates(subject.anatomy, device=subject.device, batch=2)
    gates[1][0, :] = 0
    with torch.no_grad():
        plain = subject.model(**inputs).logits
        with gated(subject.anatomy, gates):
            half = subject.model(**inputs).logits
    assert torch.allclose(half[1], plain[1])
    assert not torch.allclose(half[0], plain[0])


def test_weights_are_rows_of_probabilities_and_causal_where_the_model_is() -> None:
    subject = pico_subject("llama")
    seen = []
    with torch.no_grad(), watched(subject.anatomy, lambda layer, weights: seen.append(weights)):
        subject.model(**make_inputs(batch=1))
    for weights in seen:
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]))
        assert weights.triu(1).abs().max() == 0


def test_rows_with_no_key_to_see_come_out_the_same_under_autocast() -> None:
    """Padding that a sliding window cuts off from all real tokens: a mask of float32's lowest number throughout."""
    query, key, value = torch.randn(3, 1, 2, 6, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 6, 6)
    mask[..., 4, :] = torch.finfo(torch.float32).min
    plain, _ = attention(torch.nn.Identity(), query, key, value, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed, _ = attention(torch.nn.Identity(), query, key, value, mask)
    assert mixed.dtype is torch.bfloat16
    torch.testing.assert_close(plain[0, 4], value.mean(dim=2)[0])
    torch.testing.assert_close(mixed.float(), plain, rtol=0.02, atol=0.02)
