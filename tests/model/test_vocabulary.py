from __future__ import annotations

from helpers.pico import SPECIAL, WORDS
from helpers.subjects import pico_subject
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.vocabulary import bodies, filled, writable


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
