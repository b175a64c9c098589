from __future__ import annotations

import pytest
import torch
from helpers.contexts import context_of, digest
from helpers.subjects import pico_subject

from sanitizer.model.sparse import head_weights, penalty, sparsely_tuned


@pytest.mark.parametrize("family", ["bert", "gpt2", "gpt_neox", "modernbert"])
def test_without_groups_heads_share_the_attention_weights_out_among_them(family: str) -> None:
    """Together the heads' slices are exactly the projections, each number once."""
    layer = pico_subject(family).anatomy.layers[0]
    mine = torch.cat([part.reshape(-1) for head in range(layer.heads) for part in head_weights(layer, head)])
    whole = torch.cat([m.get_parameter("weight").reshape(-1) for m in (*layer.projections(), layer.output)])
    assert torch.equal(mine.sort().values, whole.sort().values)


def test_penalty_is_l1_and_group_norms() -> None:
    subject = pico_subject("bert")
    heads = [
        torch.cat([part.detach().reshape(-1) for part in head_weights(layer, head)])
        for layer in subject.anatomy.layers
        for head in range(layer.heads)
    ]
    expected = sum(2.0 * float(flat.abs().sum()) + 3.0 * float(flat.pow(2).sum().sqrt()) for flat in heads)
    assert float(penalty(subject, l1=2.0, l2=3.0).detach()) == pytest.approx(expected, rel=1e-4)


def test_heads_shrink_within_and_everything_is_put_back() -> None:
    context = context_of(pico_subject("bert"))
    before, norm = digest(context.subject), float(penalty(context.subject, l1=0, l2=1.0).detach())
    with sparsely_tuned(context, l1=1.0, l2=1.0, steps=20, learning_rate=1e-2):
        assert float(penalty(context.subject, l1=0, l2=1.0).detach()) < 0.9 * norm
    assert digest(context.subject) == before


def test_weights_are_put_back_after_an_error_too() -> None:
    context = context_of(pico_subject("bert"))
    before = digest(context.subject)
    with (
        pytest.raises(RuntimeError, match="stop"),
        sparsely_tuned(context, l1=0, l2=0, steps=1, learning_rate=1e-2),
    ):
        raise RuntimeError("stop")
    assert digest(context.subject) == before
