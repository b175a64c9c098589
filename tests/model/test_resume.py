from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.families import FAMILIES
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.resume import Resume
from sanitizer.model.subject import Subject

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


def forwards(subject: Subject, layer: int) -> list[int]:
    """Grows by one whenever the attention of a layer computes."""
    seen: list[int] = []
    subject.anatomy.layers[layer].attention.register_forward_hook(lambda *_: seen.append(1))
    return seen


@torch.no_grad()
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_beginning_in_the_middle_gives_the_same_logits(family: str) -> None:
    subject = pico_subject(family)
    data = encode(subject, Part(TEXTS))
    resume = Resume(subject, data)
    for batch in batches(subject, data, size=2):
        with resume.keeping(batch):
            subject.model(**batch.inputs)
    first = forwards(subject, 0)
    for mask in ([HeadId(1, 0)], [HeadId(2, 1), HeadId(2, 3)]):
        for batch in batches(subject, data, size=3):  # other texts share a batch, and other lengths its padding
            with gated(subject.anatomy, closed_gates(subject.anatomy, mask, device=subject.device)):
                whole = subject.model(**batch.inputs).logits
                computed = len(first)
                with resume.below(mask[0].layer, batch):
                    resumed = subject.model(**batch.inputs).logits
            real = batch.inputs["attention_mask"].bool() if whole.dim() == 3 else slice(None)
            torch.testing.assert_close(resumed[real], whole[real], atol=1e-5, rtol=1e-4)
            assert len(first) == computed
    subject.model(**batches(subject, data, size=5)[0].inputs)
    assert len(first) > 0  # and afterwards everything computes again


@torch.no_grad()
@pytest.mark.parametrize(("share", "kept"), [(0.0, 0), (0.6, 1), (1.0, 2), (9.0, 2)])
def test_no_more_is_kept_than_memory_allows(share: float, kept: int) -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS))
    tokens = sum(data.length(index) for index in range(len(data)))
    both = 2 * tokens * subject.model.config.hidden_size * 4
    resume = Resume(subject, data, most_bytes=int(share * both))
    for batch in batches(subject, data, size=2):
        with resume.keeping(batch):
            subject.model(**batch.inputs)
    assert resume.bytes == kept * both // 2
    with resume.below(2, batches(subject, data, size=5)[0]):
        subject.model(**batches(subject, data, size=5)[0].inputs)
