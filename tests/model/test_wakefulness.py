from __future__ import annotations

import math

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import encode
from sanitizer.model.surgery import zero
from sanitizer.model.wakefulness import inserted, wakefulness

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("family", ["bert", "gpt2", "phi3"])
def test_clean_is_the_median_of_what_a_head_writes_by_a_slow_reference(family: str) -> None:
    subject = pico_subject(family)
    data = encode(subject, Part(TEXTS))
    said = wakefulness(subject, data, [5, 6], probes=3, size=2, generator=generator())
    layer = subject.anatomy.layers[1]
    weight = layer.as_outputs(layer.output.get_parameter("weight")).detach()
    seen: list[torch.Tensor] = []
    handle = layer.output.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    means = []
    for row in data.rows:
        with torch.no_grad():
            subject.model(**{name: torch.tensor([values]) for name, values in row.items()})
        (said_now,) = seen.pop()
        means.append(
            [(said_now[:, 8 * h : 8 * h + 8] @ weight[:, 8 * h : 8 * h + 8].t()).norm(dim=1).mean() for h in range(4)]
        )
    handle.remove()
    middle = torch.tensor(means).median(dim=0).values
    expected = (middle + 1e-3 * middle.median()).log()
    torch.testing.assert_close(torch.tensor(said.clean[1]), expected, rtol=1e-3, atol=1e-4)


def test_a_probe_is_a_text_with_one_of_the_tokens_in_it_and_never_longer_than_the_model_reads() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part((*TEXTS, " ".join(["film"] * 90))))
    longest = max(len(row["input_ids"]) for row in data.rows)
    bodies = [row["input_ids"] for row in data.rows]
    for row in inserted(subject, data, [7], count=60, generator=generator()).rows:
        ids = row["input_ids"]
        assert len(ids) == len(row["attention_mask"]) <= longest
        assert (ids[0], ids[-1]) == (2, 3)
        if len(ids) < longest:
            assert any(ids[:place] + ids[place + 1 :] in bodies for place, token in enumerate(ids) if token == 7)


def test_a_head_that_one_token_alone_wakes_is_the_most_sudden() -> None:
    """The first layer of a BERT without biases: values of the token are large, of all others nothing."""
    subject, token, head = pico_subject("bert"), 9, 2
    model = subject.model.base_model
    embeddings, attention = model.embeddings, model.encoder.layer[0].attention
    with torch.no_grad():
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
        every = embeddings.LayerNorm(embeddings.word_embeddings.weight)
        own = every[token] - every[[row for row in range(len(every)) if row != token]].mean(dim=0)
        # orthogonal to all other tokens of the texts, so that only this one is heard
        data = encode(subject, Part(TEXTS))
        others = every[sorted({one for row in data.rows for one in row["input_ids"]} - {token})]
        own = own - torch.linalg.lstsq(others.t(), own[:, None]).solution.squeeze(1) @ others
        rows = slice(8 * head, 8 * head + 8)
        attention.self.value.weight[rows] = 50 * own
        attention.self.value.bias[rows] = 1e-3
    said = wakefulness(subject, data, [token], probes=40, size=4, generator=generator())
    assert max(range(4), key=said.sudden[0].__getitem__) == head
    assert max(range(4), key=said.peak[0].__getitem__) == head
    assert said.sudden[0][head] > 1 + max(value for place, value in enumerate(said.sudden[0]) if place != head)


def test_a_zeroed_head_has_finite_numbers() -> None:
    subject = pico_subject("bert")
    zero(subject.anatomy, [HeadId(0, 1)])
    said = wakefulness(subject, encode(subject, Part(TEXTS)), [5], probes=4, size=4, generator=generator())
    assert all(math.isfinite(value) for grid in (said.clean, said.sudden, said.peak) for row in grid for value in row)
