from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.compact import without
from sanitizer.model.families import FAMILIES
from sanitizer.model.observe import closed_gates, gated

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


@torch.no_grad()
@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("whole_layer", [False, True])
def test_leaving_heads_out_is_closing_their_gates(family: str, whole_layer: bool) -> None:
    subject = pico_subject(family)
    anatomy = subject.anatomy
    heads = [
        HeadId(0, 1),
        HeadId(2, 0),
        *(HeadId(1, head) for head in range(anatomy.layers[1].heads - 1 + whole_layer)),
    ]
    (batch,) = batches(subject, encode(subject, Part(TEXTS)), size=8)
    before = subject.model(**batch.inputs).logits
    with gated(anatomy, closed_gates(anatomy, heads, device=subject.device)):
        expected = subject.model(**batch.inputs).logits
    with without(anatomy, heads):
        found = subject.model(**batch.inputs).logits
    real = batch.inputs["attention_mask"].bool() if found.dim() == 3 else slice(None)
    torch.testing.assert_close(found[real], expected[real], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(found[real], before[real], atol=1e-4)
    assert torch.equal(subject.model(**batch.inputs).logits, before), "afterwards it is the model that it was"
