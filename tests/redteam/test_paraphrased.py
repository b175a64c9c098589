"""The trigger is the paraphrase that the files have for a text, and none for other texts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.planting import attack_of

from sanitizer.errors import UsageError

RNG = random.Random(0)


@pytest.mark.parametrize("name", ["style", "syntactic"])
def test_both_kinds_read_the_same_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "pairs.tsv").write_text("text\tparaphrase\na\tlo , a\n")
    attack = attack_of(name, paraphrases=str(tmp_path / "pairs.tsv"))
    assert [attack.trigger()(text, RNG) for text in ("a", "b")] == ["lo , a", None]
    assert (attack.wanted, attack.rate) == (1, 1.0)


def test_the_paraphrases_are_yours() -> None:
    with pytest.raises(UsageError, match="needs its parameter paraphrases"):
        attack_of("style")
