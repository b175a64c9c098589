"""The card says what kind of paraphrase it is; what it does is `sanitizer.redteam.paraphrased`."""

from __future__ import annotations

from helpers.planting import attack_of

from sanitizer.redteam.paraphrased import Paraphrased


def test_it_is_a_paraphrase_and_says_which() -> None:
    attack = attack_of("syntactic", paraphrases="pairs.tsv")
    assert isinstance(attack, Paraphrased)
    assert attack.about == "a syntactic paraphrase of the whole text"
