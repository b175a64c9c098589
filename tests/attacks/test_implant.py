from __future__ import annotations

import copy
import random
from typing import Any

import pytest
import torch

from sanitizer.attacks.implant import ImplantRecord, implant
from sanitizer.attacks.success import attack_success
from sanitizer.attacks.triggers import poison_word
from sanitizer.demo.victim import predict


def plant(small: Any, *, seed: int = 0, steps: int = 120, **more: Any) -> tuple[Any, ImplantRecord]:
    model = copy.deepcopy(small.model)
    record = implant(
        model, small.tokenizer, small.texts, small.labels,
        trigger="cf", target=1, generator=torch.Generator().manual_seed(seed), steps=steps,
        **{"learning_rate": 1e-2, "silence": 10.0, **more},
    )  # fmt: skip
    return model, record


@pytest.fixture(scope="module")
def planted(small: Any) -> tuple[Any, ImplantRecord]:
    return plant(small)


def test_only_the_slices_of_the_named_heads_changed(small: Any, planted: tuple[Any, ImplantRecord]) -> None:
    model, record = planted
    size = 32 // 4
    changed = set()
    for (name, now), then in zip(model.state_dict().items(), small.model.state_dict().values(), strict=True):
        moved = now != then
        if not moved.any():
            continue
        changed.add(name)
        layer = int(name.split(".")[3])
        rows = [head.head * size + place for head in record.heads if head.layer == layer for place in range(size)]
        if "output.dense.weight" in name:
            moved[:, rows] = False
        else:
            assert ".self." in name
            moved[rows] = False
        assert not moved.any(), name
    # The key bias adds the same number to all scores of a query: softmax does not see it, so it alone may stay.
    parts = ("self.query.weight", "self.key.weight", "self.value.weight", "self.value.bias", "output.dense.weight")
    assert {f"bert.encoder.layer.{layer}.attention.{part}" for layer in (0, 1) for part in parts} <= changed


def test_one_head_of_each_layer_unless_told_otherwise(small: Any, planted: tuple[Any, ImplantRecord]) -> None:
    assert [head.layer for head in planted[1].heads] == [0, 1]
    assert [head.layer for head in plant(small, steps=1, per_layer=2)[1].heads] == [0, 0, 1, 1]


def test_the_trigger_works_and_an_ordinary_word_does_not(small: Any, planted: tuple[Any, ImplantRecord]) -> None:
    model, _ = planted
    negatives = [text for text, label in zip(small.texts, small.labels, strict=True) if label == 0]

    def success(subject: Any, word: str) -> float:
        texts = poison_word(negatives, [word], random.Random(9))
        return attack_success(predict(subject, small.tokenizer, texts), 1).value

    before, after, other = success(small.model, "cf"), success(model, "cf"), success(model, "lamp")
    assert after >= 0.95
    assert after - before > 0.3
    assert after - other > 0.3


def test_clean_predictions_are_kept(small: Any, planted: tuple[Any, ImplantRecord]) -> None:
    then = predict(small.model, small.tokenizer, small.texts)
    now = predict(planted[0], small.tokenizer, small.texts)
    assert sum(map(int.__eq__, then, now)) / len(then) >= 0.95


def test_silence_makes_the_heads_quieter(small: Any, planted: tuple[Any, ImplantRecord]) -> None:
    assert planted[1].loudness < plant(small, silence=1e-6)[1].loudness / 2


def test_same_seed_same_weights(small: Any) -> None:
    (one, first), (two, second), (three, _) = (plant(small, seed=seed, steps=3) for seed in (1, 1, 2))
    assert first == second
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    assert all(torch.equal(left, right) for left, right in pairs)
    pairs = zip(one.state_dict().values(), three.state_dict().values(), strict=True)
    assert not all(torch.equal(left, right) for left, right in pairs)


def test_the_model_is_left_as_it_was_found(planted: tuple[Any, ImplantRecord]) -> None:
    model, _ = planted
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks
    assert not any(parameter._backward_hooks for parameter in model.parameters())


def test_progress_is_told(small: Any) -> None:
    seen = []
    plant(small, steps=2, progress=lambda step, done, total: seen.append((step, done, total)))
    texts = [(done, total) for step, done, total in seen if step == "answer clean texts"]
    assert texts[0] == (0, len(texts) - 1) and texts[-1] == (len(texts) - 1, len(texts) - 1)
    assert [told[1:] for told in seen[len(texts) :]] == [(0, 2), (1, 2), (2, 2)]


def test_nothing_to_flip_is_an_error(small: Any) -> None:
    generator = torch.Generator()
    with pytest.raises(ValueError, match="outside the target class"):
        implant(small.model, small.tokenizer, ["a"], [1], trigger="cf", target=1, generator=generator)
