from __future__ import annotations

import numpy as np
import pytest
from helpers.attending import slow_cosines
from helpers.pico import WORDS
from helpers.subjects import pico_subject
from pytest import MonkeyPatch

import sanitizer.scan.profile as profile
from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model import alike
from sanitizer.model.alike import chunks
from sanitizer.model.batches import Encoded, encode
from sanitizer.model.subject import Subject
from sanitizer.scan.profile import columns, profiles, surface

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


def slow_profile(subject: Subject, text: str) -> np.ndarray:
    """Pair by pair, heads of three layers of four."""
    gram = slow_cosines(subject, text)
    layer = np.arange(12) // 4
    within, across = [], []
    for mine in range(12):
        same, other = layer == layer[mine], np.arange(12) != mine
        within.append(gram[mine][same & other].mean())
        across.append(gram[mine][~same].mean())
    return np.log(np.maximum([*within, *across], 1e-3))


@pytest.mark.parametrize("family", ["bert", "llama", "gpt2"])
@pytest.mark.parametrize("size", [1, 3])
def test_features_equal_a_slow_reference_and_padding_never_counts(family: str, size: int) -> None:
    subject = pico_subject(family)
    data = encode(subject, Part(TEXTS))
    found = profiles(subject, data, batch_size=size)
    np.testing.assert_allclose(found.features, [slow_profile(subject, text) for text in TEXTS], atol=1e-4)
    assert found.tokens.tolist() == [data.length(index) for index in range(len(TEXTS))]


def test_the_memory_bound_changes_batches_and_not_results(monkeypatch: MonkeyPatch) -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS))
    roomy = profiles(subject, data, batch_size=8)
    sizes: list[int] = []
    collate = profile.collate
    monkeypatch.setattr(profile, "collate", lambda *words: sizes.append(len(words[2])) or collate(*words))
    # Room for two of the longest text and for more of the short ones.
    monkeypatch.setattr(alike, "FLOATS", 2 * 12 * max(data.length(index) for index in range(len(data))) ** 2)
    tight = profiles(subject, data, batch_size=8)
    assert sizes[0] == 2 < sizes[-1] + sizes[-2]
    np.testing.assert_allclose(tight.features, roomy.features, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2", "mistral"])
def test_chunks_of_a_long_text_are_profiled_as_if_alone(family: str) -> None:
    """A causal model needs room to answer: its chunks are as much shorter."""
    subject = pico_subject(family)
    words = " ".join(WORDS[place % len(WORDS)] for place in range(150))
    data, owners = chunks(subject, (TEXTS[0], words))
    room = 64 - 2 - (alike.NEW if subject.task == "causal" else 0)
    assert max(data.length(index) for index in range(len(data))) <= room
    assert owners == (0, *[1] * -(-150 // (room - 2)))
    found = profiles(subject, data, batch_size=8)
    alone = [profiles(subject, Encoded((row,), None), batch_size=1).features[0] for row in data.rows]
    np.testing.assert_allclose(found.features, alone, atol=1e-4)


def test_a_lone_head_has_constant_features() -> None:
    subject = pico_subject("bert", num_hidden_layers=1, num_attention_heads=1)
    found = profiles(subject, encode(subject, Part(TEXTS)), batch_size=2)
    assert np.ptp(found.features) < 1e-9


def test_columns_name_heads_twice() -> None:
    assert columns((1, 2)) == (HeadId(0, 0), HeadId(1, 0), HeadId(1, 1)) * 2


@pytest.mark.parametrize(("counts", "layers"), [((2, 3), 0), ((2, 3, 1), 1), ((2,) * 6, 2), ((1,) * 32, 10)])
def test_the_lowest_third_of_the_layers_is_the_surface(counts: tuple[int, ...], layers: int) -> None:
    heads = sum(counts[:layers])
    expected = [*([True] * heads), *([False] * (sum(counts) - heads))]
    assert surface(counts).tolist() == expected * 2
