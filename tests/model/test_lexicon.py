from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.model.batches import Encoded
from sanitizer.model.lexicon import expected, polarity
from sanitizer.model.response import Response

TRUE = torch.tensor([[3.0, -1.0], [0.5, 2.0]])


def test_what_goes_by_meaning_is_expected_and_what_one_word_does_is_not() -> None:
    """Embeddings of two numbers and a response that is linear in them, but for two words: one seen, one not."""
    subject = pico_subject("bert", vocab_size=200, hidden_size=32)
    generator = torch.Generator().manual_seed(0)
    meaning = torch.randn(200, 2, generator=generator)
    with torch.no_grad():
        table = subject.model.get_input_embeddings().weight
        table.zero_()
        table[:, :2] = meaning
    fall = TRUE @ meaning.t()
    fall[0, 5] += 9.0
    fall[0, 150] += 9.0
    seen = Encoded(({"input_ids": list(range(100))},), None)
    response = Response(tuple(range(200)), fall, (0, 1))
    excess = response.fall - expected(subject, seen, response, generator=generator)
    assert excess[0].topk(2).indices.sort().values.tolist() == [5, 150]
    assert float(excess[0, [5, 150]].min()) > 8.0
    rest = excess[:, [place for place in range(200) if place not in (5, 150)]]
    assert float(rest.abs().max()) < 2.5
    assert float(rest.square().mean().sqrt()) < 0.5


def test_where_no_word_is_known_nothing_is_expected() -> None:
    subject = pico_subject("bert")
    response = Response((5, 6, 7), torch.ones(2, 3), (0, 1))
    found = expected(subject, Encoded((), None), response, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found, torch.zeros(2, 3))


def test_labels_say_what_a_word_means_whatever_the_model_makes_of_it() -> None:
    """Words 5 and 6 are in texts of one label each; words near them mean the same; all others say nothing."""
    subject = pico_subject("bert", vocab_size=60, hidden_size=32)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        table = subject.model.get_input_embeddings().weight
        table.copy_(torch.randn(60, 32, generator=generator))
        table[:, 0] = 0.0
        table[[5, 6, 7, 8], 0] = torch.tensor([6.0, -6.0, 6.0, -6.0])  # 7 is near 5, 8 near 6, and no text has these
    rows, labels = [], []
    for number in range(200):
        others = torch.randint(10, 60, (6,), generator=generator).tolist()
        rows.append({"input_ids": [2, 5 + number % 2, *others, 3]})
        labels.append(number % 2)
    found = polarity(subject, Encoded(tuple(rows), tuple(labels)))
    assert found.shape == (2, 60)
    assert found[0].topk(2).indices.sort().values.tolist() == [5, 7]
    assert found[1].topk(2).indices.sort().values.tolist() == [6, 8]
    assert torch.allclose(found[0], -found[1], atol=1e-3)
