"""The card says what kind of paraphrase it is; what it does is `sanitizer.redteam.paraphrased`."""

from __future__ import annotations

from helpers.planting import attack_of

from sanitizer.redteam.paraphrased import Paraphrased


def test_it_is_a_paraphrase_and_says_which() -> None:
    attack = attack_of("style", paraphrases="pairs.tsv")
    assert isinstance(attack, Paraphrased)
    assert attack.about == "the whole text rewritten in another style"
