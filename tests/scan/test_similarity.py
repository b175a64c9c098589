from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.attending import slow_cosines
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.subject import Subject
from sanitizer.scan.similarity import similarity

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


def slow_pairs(subject: Subject, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Cosines within layers and across the model, three layers of four heads, each pair once."""
    gram, index = slow_cosines(subject, text), np.arange(12)
    upper, same_layer = index[:, None] < index[None], index[:, None] // 4 == index[None] // 4
    return gram[upper & same_layer], gram[upper]


@pytest.mark.parametrize("family", ["bert", "llama", "gpt2"])
@pytest.mark.parametrize("size", [1, 3])
def test_statistics_equal_a_slow_reference_and_padding_never_counts(family: str, size: int) -> None:
    subject = pico_subject(family)
    layer, model = similarity(subject, batches(subject, encode(subject, Part(TEXTS)), size=size)).records
    expected = [slow_pairs(subject, text) for text in TEXTS]
    for record, which in ((layer, 0), (model, 1)):
        pairs = [cosines[which] for cosines in expected]
        assert record.inputs == len(TEXTS)
        assert record.mean == pytest.approx(np.mean([row.mean() for row in pairs]), abs=1e-4)
        assert record.percentile_99 == pytest.approx(np.mean([np.percentile(row, 99) for row in pairs]), abs=1e-3)
        assert record.share_above == pytest.approx(np.mean([(row > 0.99).mean() for row in pairs]), abs=0.03)


def test_profile_is_each_heads_mean_cosine_with_the_others_of_its_layer() -> None:
    subject = pico_subject("bert")
    profile = similarity(subject, batches(subject, encode(subject, Part(TEXTS[:1])), size=1)).mean
    within, _ = slow_pairs(subject, TEXTS[0])
    first = within[:6]  # pairs 01 02 03 12 13 23 of layer 0
    assert profile[0][0] == pytest.approx(first[[0, 1, 2]].mean(), abs=1e-4)
    assert profile[0][3] == pytest.approx(first[[2, 4, 5]].mean(), abs=1e-4)


def test_pairs_are_those_of_the_slow_reference_and_agree_with_the_profile() -> None:
    subject = pico_subject("bert")
    found = similarity(subject, batches(subject, encode(subject, Part(TEXTS)), size=3))
    expected = np.mean([slow_pairs(subject, text)[0] for text in TEXTS], axis=0)
    assert [len(row) for row in found.cosines[0]] == [3, 2, 1, 0]
    flat = [value for layer in found.cosines for row in layer for value in row]
    assert flat == pytest.approx(expected.tolist(), abs=2e-4)
    assert found.mean[0][0] == pytest.approx(np.mean(found.cosines[0][0]), abs=1e-4)


def test_twin_heads_are_alike() -> None:
    subject = pico_subject("bert")
    layer = subject.anatomy.layers[1]
    with torch.no_grad():
        for role in (layer.query, layer.key):
            rows, twin = list(role(0).rows), list(role(2).rows)
            for name in ("weight", "bias"):
                value = role(0).module.get_parameter(name)
                value[twin] = value[rows]
    found = similarity(subject, batches(subject, encode(subject, Part(TEXTS)), size=2))
    record, profile = found.records[0], found.mean
    assert record.share_above >= 1 / 18 - 1e-6
    assert min(profile[1][0], profile[1][2]) > max(profile[1][1], profile[1][3])


def test_where_there_is_no_pair_nothing_is_said_of_one() -> None:
    lone = pico_subject("bert", num_attention_heads=1)
    found = similarity(lone, batches(lone, encode(lone, Part(TEXTS)), size=2))
    assert [record.scope for record in found.records] == ["model"]
    assert found.mean == ((0.0,),) * 3
    single = pico_subject("bert", num_attention_heads=1, num_hidden_layers=1)
    assert similarity(single, batches(single, encode(single, Part(TEXTS)), size=2)).records == ()
