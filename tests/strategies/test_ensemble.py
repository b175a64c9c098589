from __future__ import annotations

import pytest
import torch
from helpers.contexts import context_of
from helpers.planted import planted_context
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.evaluate import evaluate
from sanitizer.strategies.ensemble import Ensemble


@given(masks=st.integers(1, 30), per_layer=st.integers(1, 5), seed=st.integers(0, 9))
def test_masks_leave_a_head_in_each_layer_and_drop_all_heads_alike(masks: int, per_layer: int, seed: int) -> None:
    made = Ensemble(masks=masks, per_layer=per_layer)._masks((4, 6), torch.Generator().manual_seed(seed))
    for layer, count in enumerate((4, 6)):
        times = [sum(HeadId(layer, head) in mask for mask in made) for head in range(count)]
        assert max(times) - min(times) <= 1
        assert all(sum(head.layer == layer for head in mask) <= min(per_layer, count - 1) for mask in made)


def test_the_score_is_mean_accuracy_with_minus_without() -> None:
    context = context_of(seed=4)
    strategy = Ensemble(masks=6, per_layer=1)
    scores = strategy.score(context)
    again = context_of(context.subject, seed=4)
    batches = again.sample(256)
    masks = strategy._masks((4, 4, 4), again.generator)
    found = {mask: evaluate(again.subject, batches, without=mask).accuracy for mask in masks}
    head = masks[0][0]
    kept = [found[mask] for mask in masks if head not in mask]
    gone = [found[mask] for mask in masks if head in mask]
    assert scores[head] == pytest.approx(sum(kept) / len(kept) - sum(gone) / len(gone))


def test_the_head_that_alone_carries_the_task_is_kept_to_the_last() -> None:
    context, carrier = planted_context()
    assert Ensemble(masks=24, per_layer=1).score(context).ranking()[-1] == carrier


@pytest.mark.parametrize("wrong", [{"masks": 0}, {"per_layer": 0}, {"samples": 0}])
def test_senseless_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Ensemble(**wrong)
