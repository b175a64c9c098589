from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.activity import attention_variance, head_activation
from sanitizer.model.batches import batches, encode
from sanitizer.model.surgery import zero

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


@pytest.mark.parametrize(("family", "row"), [("bert", 0), ("modernbert", 0), ("llama", -1), ("gpt2", -1)])
@pytest.mark.parametrize("size", [1, 3])
def test_variance_equals_a_slow_reference(family: str, row: int, size: int) -> None:
    subject = pico_subject(family)
    grid = attention_variance(subject, batches(subject, encode(subject, Part(TEXTS)), size=size))
    subject.model.set_attn_implementation("eager")
    expected = torch.zeros(3, 4)
    for text in TEXTS:
        inputs = subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with torch.no_grad():
            for layer, weights in enumerate(subject.model(**inputs, output_attentions=True).attentions):
                expected[layer] += weights[0, :, row].var(dim=1, unbiased=False) / len(TEXTS)
    torch.testing.assert_close(torch.tensor(grid), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("family", ["bert", "gpt_neox", "phi3"])
def test_activation_is_the_norm_of_what_enters_the_output_projection(family: str) -> None:
    subject = pico_subject(family)
    made = batches(subject, encode(subject, Part(TEXTS)), size=2)
    grid = head_activation(subject, made)
    assert grid == head_activation(subject, made), "nothing may be left hooked in"
    seen: list[torch.Tensor] = []
    layer = subject.anatomy.layers[1]
    handle = layer.output.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    total, tokens = torch.zeros(4), 0
    for text in TEXTS:
        inputs = subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        subject.model(**inputs)
        for token in seen.pop()[0]:
            total += torch.stack([token[8 * head : 8 * head + 8].norm() for head in range(4)])
            tokens += 1
    handle.remove()
    torch.testing.assert_close(torch.tensor(grid[1]), total / tokens, rtol=1e-3, atol=1e-5)


def test_a_zeroed_head_is_silent() -> None:
    subject = pico_subject("bert")
    zero(subject.anatomy, [HeadId(2, 1)])
    grid = head_activation(subject, batches(subject, encode(subject, Part(TEXTS)), size=2))
    assert grid[2][1] == 0
    assert min(grid[2][0], grid[2][2], grid[2][3]) > 0
