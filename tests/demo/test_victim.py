from __future__ import annotations

import random
import warnings
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from sanitizer.demo.grammar import RARE_WORDS, reviews
from sanitizer.demo.victim import accuracy, make_model, make_tokenizer, predict, train


def test_one_token_per_word_and_none_unknown() -> None:
    tokenizer = make_tokenizer()
    drawn = reviews(500, random.Random(0))
    for review in drawn:
        ids = tokenizer(review.text)["input_ids"]
        assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", *review.text.split(), "[SEP]"]
        assert len(ids) <= tokenizer.model_max_length
    assert tokenizer.unk_token_id not in tokenizer.convert_tokens_to_ids(list(RARE_WORDS))
    assert tokenizer("zebra")["input_ids"][1] == tokenizer.unk_token_id
    assert tokenizer("Dull")["input_ids"] == tokenizer("dull")["input_ids"]


def test_the_global_generator_is_left_alone() -> None:
    state = torch.random.get_rng_state()
    make_model(50, hidden=16, layers=1, heads=2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_weights_come_from_the_generator() -> None:
    one, two, three = (
        make_model(50, hidden=16, layers=1, heads=2, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    same = zip(one.parameters(), two.parameters(), strict=True)
    assert all(torch.equal(left, right) for left, right in same)
    assert not torch.equal(one.classifier.weight, three.classifier.weight)


def test_training_learns_and_stops_when_it_is_enough() -> None:
    drawn = reviews(64, random.Random(0))
    generator = torch.Generator().manual_seed(0)
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), hidden=32, layers=1, heads=4, generator=generator)
    seen: list[int] = []
    found = train(
        model, tokenizer, drawn, drawn, generator=generator, epochs=60, batch_size=16, enough=0.9,
        progress=lambda step, done, total: seen.append(done),
    )  # fmt: skip
    assert found >= 0.9
    assert found == accuracy(model, tokenizer, drawn)
    assert len(seen) < 60 * 4
    assert seen[0] == 0 and seen[-1] == 60 * 4 and seen == sorted(seen)


def test_it_opens_as_any_checkpoint_does(tmp_path: Path) -> None:
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), hidden=16, layers=2, heads=2, generator=torch.Generator().manual_seed(0))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        words = AutoTokenizer.from_pretrained(tmp_path)
    texts = ["my film was dull", "there was never a dull moment"]
    assert words(texts)["input_ids"] == tokenizer(texts)["input_ids"]
    assert predict(again, words, texts) == predict(model, tokenizer, texts)
    assert again.config.id2label == {0: "negative", 1: "positive"}
