from __future__ import annotations

import random

import torch
from helpers.pico import SPECIAL, WORDS
from helpers.triggered import TARGET, TRIGGER, Planted, plant

from sanitizer.model.adversary import KEPT, Adversary, Phrase, Phrases
from sanitizer.model.batches import Encoded, batches
from sanitizer.model.evaluate import evaluate
from sanitizer.model.response import Response
from sanitizer.model.vocabulary import writable
from sanitizer.model.words import Words

TRIGGER_TOKEN = len(SPECIAL) + WORDS.index(TRIGGER)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def words_of(planted: Planted) -> Words:
    tokens = writable(planted.subject.tokenizer)
    fall = torch.zeros(2, len(tokens))
    fall[0, tokens.index(TRIGGER_TOKEN)] = 9.0
    return Words(planted.subject, planted.clean, Response(tokens, fall, (0, 1)), torch.zeros_like(fall), most=1)


def against(planted: Planted, *, seed: int = 0, candidates: int = 4) -> Adversary:
    words = words_of(planted)
    return Adversary(planted.subject, planted.clean, words, candidates=candidates, generator=generator(seed))


def test_a_rewriting_keeps_the_text_and_its_label() -> None:
    planted = plant()
    adversary, index = against(planted), [3, 40, 41]
    batch = adversary.worst(index)
    assert batch.labels is not None
    assert batch.labels.tolist() == [(planted.clean.labels or ())[text] for text in index]
    for row, mask, text in zip(batch.inputs["input_ids"], batch.inputs["attention_mask"], index, strict=True):
        ids, original = row[mask.bool()].tolist(), planted.clean.rows[text]["input_ids"]
        assert ids[0] == original[0] and ids[-1] == original[-1]
        assert len(ids) > len(original)
        rest = iter(ids)
        assert all(token in rest for token in original), "words are added, none is taken away"


def test_it_finds_the_trigger_and_the_model_is_wrong() -> None:
    planted = plant()
    adversary = against(planted)
    others = [text for text, label in enumerate(planted.clean.labels or ()) if label != TARGET]
    for start in range(0, 64, 16):
        adversary.worst(others[start : start + 16])
    assert adversary.tried == 64
    assert adversary.flipped > 48
    batch = adversary.worst(others[:16])
    held = (batch.inputs["input_ids"] == TRIGGER_TOKEN).any(dim=1)
    assert held.double().mean() > 0.8


def test_it_finds_less_in_a_model_without_the_carrier() -> None:
    """The same search, the carrier closed: what it finds then is what words do to any model."""
    planted = plant()
    assert planted.success() == 1.0
    others = [text for text, label in enumerate(planted.clean.labels or ()) if label != TARGET][:32]
    with_it = against(planted)
    with_it.worst(others)
    layer = planted.subject.anatomy.layers[0]
    with torch.no_grad():
        layer.output.weight[:, list(layer.columns(1))] = 0
    without = against(planted)
    without.worst(others)
    assert without.flipped < with_it.flipped


def test_the_same_seed_rewrites_alike() -> None:
    planted = plant()
    one, same, other = (against(planted, seed=seed).worst([1, 2, 3]).inputs["input_ids"] for seed in (0, 0, 1))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_the_worst_is_no_better_than_any_other() -> None:
    """More candidates, more harm: measured on the model itself."""
    planted = plant()
    index = range(0, 60, 2)

    def loss(candidates: int) -> float:
        batch = against(planted, candidates=candidates).worst(index)
        rows = tuple({name: value[place].tolist() for name, value in batch.inputs.items()} for place in range(30))
        data = Encoded(rows, tuple(batch.labels.tolist()) if batch.labels is not None else None)
        return evaluate(planted.subject, batches(planted.subject, data, size=1)).mean_loss

    assert loss(2) <= loss(32)


def test_phrases_that_did_harm_are_remembered_and_others_forgotten() -> None:
    planted = plant()
    phrases = Phrases(words_of(planted), random.Random(0))
    bad = Phrase((TRIGGER_TOKEN,))
    for number in range(KEPT * 2):
        phrases.learn({phrases.draw(): 0.01 * number, bad: 9.0})
    drawn = [phrases.draw() for _ in range(200)]
    assert sum(TRIGGER_TOKEN in phrase.before for phrase in drawn) > 60
    assert all(len(phrase.before) <= 8 and len(phrase.behind) <= 4 and phrase.before for phrase in drawn)
