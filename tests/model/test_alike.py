from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.alike import nearest, nearest_cosine
from sanitizer.model.batches import batches, encode

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_it_is_the_highest_cosine_of_whole_matrices_text_by_text(family: str) -> None:
    """Each text alone, so without padding, from the attention weights that transformers itself gives."""
    subject = pico_subject(family)
    found = np.array(nearest_cosine(subject, batches(subject, encode(subject, Part(TEXTS)), size=3)))
    subject.model.set_attn_implementation("eager")
    expected = np.zeros((3, 4))
    for text in TEXTS:
        inputs = subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with torch.no_grad():
            layers = subject.model(**inputs, output_attentions=True).attentions
        for layer, weights in enumerate(layers):
            flat = weights[0].flatten(1).double().numpy()
            for head in range(4):
                expected[layer, head] += max(
                    flat[head] @ flat[other] / np.linalg.norm(flat[head]) / np.linalg.norm(flat[other])
                    for other in range(4)
                    if other != head
                ) / len(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_lone_head_is_like_no_other() -> None:
    assert nearest(torch.ones(2, 1, 1)).tolist() == [[0.0], [0.0]]
