from __future__ import annotations

import torch
from helpers.pico import SPECIAL, WORDS
from helpers.subjects import pico_subject
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.vocabulary import bodies, filled, neutral_tokens, polarity, writable


def test_special_tokens_cannot_be_written() -> None:
    subject = pico_subject("bert")
    assert writable(subject.tokenizer) == tuple(range(len(SPECIAL), len(SPECIAL) + len(WORDS)))


def test_neither_can_pieces_that_only_follow_others() -> None:
    core = Tokenizer(models.WordPiece({"[UNK]": 0, "cat": 1, "##fish": 2, "dog": 3, "a": 4}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    assert writable(PreTrainedTokenizerFast(tokenizer_object=core, unk_token="[UNK]")) == (1, 3, 4)


def test_texts_without_the_special_tokens_around_them() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(("good film", "")))
    (front, body, back), empty = bodies(subject, data)
    assert (front, back) == ([2], [3])
    assert subject.tokenizer.decode(body) == "good film"
    assert [*empty[0], *empty[1], *empty[2]] == [2, 3]
    longer = filled(data.rows[0], [2, 5, 6, 7, 3])
    assert longer["input_ids"] == [2, 5, 6, 7, 3]
    assert longer["attention_mask"] == [1] * 5


def test_words_that_only_one_label_has_say_most_about_it() -> None:
    subject = pico_subject("bert")
    texts = [f"{word} {label} film" for word in ("a", "the", "this", "that") for label in ("good", "bad")] * 4
    data = encode(subject, Part(tuple(texts), (1, 0) * 16))
    said = polarity(subject, data)
    token = {word: len(SPECIAL) + place for place, word in enumerate(WORDS)}
    assert said.shape == (len(SPECIAL) + len(WORDS), 2)
    torch.testing.assert_close(said.sum(dim=1), torch.zeros(len(said)), atol=1e-4, rtol=0)
    assert said[token["good"], 1] > 3 * said[token["film"]].abs().max()
    assert said[token["bad"], 0] > 3 * said[token["film"]].abs().max()
    assert not said.requires_grad


def test_neutral_words_say_less_than_most() -> None:
    subject = pico_subject("bert")
    texts = [f"{word} {label} film" for word in ("a", "the", "this", "that") for label in ("good", "bad")] * 4
    tokens = neutral_tokens(subject, encode(subject, Part(tuple(texts), (1, 0) * 16)))
    known = {len(SPECIAL) + WORDS.index(word) for word in ("good", "bad")}
    assert not known & tokens
    assert len(WORDS) // 2 < len(tokens) < len(WORDS)
    assert min(tokens) >= len(SPECIAL)
