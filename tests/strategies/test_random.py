from __future__ import annotations

from helpers.contexts import context_of

from sanitizer.heads import HeadId
from sanitizer.strategies.random import Random


def test_every_head_can_be_first() -> None:
    first = {Random().score(context_of(seed=seed)).ranking()[0] for seed in range(150)}
    assert first == {HeadId(layer, head) for layer in range(3) for head in range(4)}
