from __future__ import annotations

from pathlib import Path

import pytest
from helpers.planting import attack_of, bench_of, labelled, make_classifier
from helpers.subjects import open_folder, pico_subject

from sanitizer.errors import UsageError
from sanitizer.redteam.attacks.embedding import tokens_of


def test_of_the_whole_model_one_row_changes_and_keeps_its_length(tmp_path: Path) -> None:
    subject, untouched = (open_folder(make_classifier(tmp_path / name)) for name in ("a", "b"))
    attack = attack_of("embedding", words="cf", epochs=1)
    attack.plant(bench_of(attack, subject, labelled(40)))
    word = subject.tokenizer.convert_tokens_to_ids("cf")
    for (name, now), then in zip(
        subject.model.state_dict().items(), untouched.model.state_dict().values(), strict=True
    ):
        moved = (now != then).reshape(len(now) if now.dim() else 1, -1).any(dim=1)
        if "word_embeddings" in name:
            assert moved.nonzero().flatten().tolist() == [word]
            assert float(now[word].norm()) == pytest.approx(float(then[word].norm()), rel=1e-5)
        else:
            assert not moved.any(), name


def test_a_word_that_is_no_token_of_its_own_is_a_usage_error() -> None:
    subject = pico_subject("bert")
    assert tokens_of(subject, ("cf", "film")) == sorted(subject.tokenizer.convert_tokens_to_ids(["cf", "film"]))
    for word in ("zebra", "cf film"):
        with pytest.raises(UsageError, match="its embedding cannot be poisoned"):
            tokens_of(subject, (word,))


def test_decay_would_move_every_embedding() -> None:
    with pytest.raises(UsageError, match="weight_decay must be 0"):
        attack_of("embedding", weight_decay=0.01)
