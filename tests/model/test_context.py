from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.context import Context

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


def make_context(seed: int = 0) -> Context:
    subject = pico_subject("bert")
    made = batches(subject, encode(subject, Part(TEXTS, (1, 0, 1, 0, 1))), size=2)
    return Context(subject, made, torch.Generator().manual_seed(seed))


def test_sample_holds_as_many_texts_as_asked_and_follows_the_generator() -> None:
    assert len(make_context().sample(1)) == 1
    assert sum(len(batch.index) for batch in make_context().sample(100)) == 5
    assert [b.index for b in make_context().sample(3)] == [b.index for b in make_context().sample(3)]
