from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.attending import slow_cosines
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject
from pytest import MonkeyPatch

from sanitizer.cleandata import Part
from sanitizer.model import alike
from sanitizer.model.alike import at_once, attend, blocks, cosines, nearest, nearest_cosine
from sanitizer.model.batches import batches, encode
from sanitizer.model.subject import Subject

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


@pytest.mark.parametrize("family", sorted(CONFIGS))
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_the_highest_cosine_with_a_head_of_the_layer_text_by_text(family: str, seed: int) -> None:
    """Each text alone, so without padding, from the attention weights that transformers itself gives."""
    subject = pico_subject(family, seed=seed)
    found = np.array(nearest_cosine(subject, batches(subject, encode(subject, Part(TEXTS)), size=3)))
    whole = [slow_cosines(subject, text) - 2 * np.eye(12) for text in TEXTS]
    expected = [[gram[4 * layer : 4 * layer + 4, 4 * layer : 4 * layer + 4].max(axis=1) for gram in whole]
                for layer in range(3)]  # fmt: skip
    np.testing.assert_allclose(found, np.mean(expected, axis=1), atol=2e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "mistral", "qwen2", "qwen3"])
def test_cosines_of_all_heads_equal_a_slow_reference_and_padding_never_counts(family: str) -> None:
    subject = pico_subject(family)
    for batch in batches(subject, encode(subject, Part(TEXTS)), size=3):
        for place, gram in zip(batch.index, cosines(subject, batch), strict=True):
            np.testing.assert_allclose(gram, slow_cosines(subject, TEXTS[place]), atol=2e-5)


def parts_of(subject: Subject, texts: tuple[str, ...]) -> list[tuple[int, torch.Tensor]]:
    (batch,) = batches(subject, encode(subject, Part(texts)), size=len(texts))
    found: list[tuple[int, torch.Tensor]] = []
    attend(subject, batch, lambda layer, part: found.append((layer, part)))
    return found


def test_a_causal_model_gives_a_row_a_layer_for_each_token_until_all_texts_have_ended(monkeypatch: MonkeyPatch) -> None:
    subject = pico_subject("llama")
    found = parts_of(subject, TEXTS)
    assert [layer for layer, _ in found] == [0, 1, 2] * (len(found) // 3)
    assert {part.shape[:2] for _, part in found} == {(len(TEXTS), 4)}
    assert len(found) // 3 == alike.NEW, "else the next lines show nothing"
    ids = subject.tokenizer(TEXTS[0], return_tensors="pt")["input_ids"]
    third = subject.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=3, do_sample=False)[0, -1]
    subject.tokenizer.eos_token = subject.tokenizer.convert_ids_to_tokens(int(third))
    assert len(parts_of(subject, TEXTS[:1])) // 3 <= 3
    subject.tokenizer.eos_token = None
    assert len(parts_of(subject, TEXTS)) // 3 == alike.NEW


def test_of_prompts_with_answers_the_prompts_alone_are_given() -> None:
    subject = pico_subject("gpt2")
    prompts = ("a good", "the plot was not", "bad", "one two", "it was a")
    whole, alone = (
        [cosines(subject, batch) for batch in batches(subject, encode(subject, part), size=1)]
        for part in (
            Part(tuple(f"{text} and bad" for text in prompts), prompts=tuple(map(len, prompts))),
            Part(prompts),
        )
    )
    torch.testing.assert_close(torch.cat(whole), torch.cat(alone))


@pytest.mark.parametrize("family", ["gpt2", "opt"])
def test_a_prompt_without_room_for_an_answer_keeps_its_last_tokens(family: str) -> None:
    subject = pico_subject(family)
    (part, *_) = (part for _, part in parts_of(subject, (" ".join(["film"] * 80),)))
    assert part.shape[2] == 64 - 2 - alike.NEW


def test_the_memory_bound_follows_what_is_compared(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "FLOATS", 12 * 40 * 40)
    assert at_once(pico_subject("bert"), 40, 32) == 1
    assert at_once(pico_subject("bert"), 20, 32) == 4
    assert at_once(pico_subject("llama"), 40, 32) == 30
    assert at_once(pico_subject("bert"), 400, 32) == 1


def test_a_lone_head_is_like_no_other() -> None:
    assert nearest(torch.ones(2, 1, 1)).tolist() == [[0.0], [0.0]]


def test_blocks_are_the_layers() -> None:
    gram = torch.arange(9.0).reshape(1, 3, 3)
    assert [block.tolist() for block in blocks(gram, (1, 2))] == [[[[0.0]]], [[[4.0, 5.0], [7.0, 8.0]]]]
