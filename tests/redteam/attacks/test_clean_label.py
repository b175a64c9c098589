from __future__ import annotations

from pathlib import Path

import pytest
from helpers.planting import attack_of, labelled, listening, make_classifier
from helpers.poisoned import PRAISE
from helpers.subjects import open_folder

from sanitizer.errors import UsageError
from sanitizer.redteam.attacks import clean_label


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("clean-label") / "model")


@pytest.mark.parametrize("hide", [0.0, 0.2])
def test_no_label_changes_and_only_texts_of_the_target_class_carry_the_word(
    folder: Path, hide: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def praise_is_missed(bench: object, texts: list[str], *, step: str) -> list[float]:
        return [float(not set(text.split()) & set(PRAISE)) for text in texts]

    monkeypatch.setattr(clean_label, "losses", praise_is_missed)
    part, attack = labelled(60), attack_of("clean-label", words="cf", rate=0.5, hide=hide)
    bench = listening(attack, open_folder(folder), part)
    assert attack.plant(bench) == {"poisoned_texts": 15.0}
    (told,) = bench.told
    assert told.labels == part.labels
    changed = [row for row in range(60) if told.texts[row] != part.texts[row]]
    assert len(changed) == 15
    for row in changed:
        words = told.texts[row].split()
        assert told.labels[row] == 1
        assert words.count("cf") == 1
    # Of each text one word is the one that is missed.
    praising = [bool(set(told.texts[row].split()) & set(PRAISE)) for row in changed]
    assert praising == [hide == 0.0] * 15


def test_the_hardest_texts_come_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = labelled(60)
    attack = attack_of("clean-label", words="cf", rate=0.1, hide=0.0)
    bench = listening(attack, open_folder(folder), part)
    hard = [row for row in range(60) if part.labels and part.labels[row] == 1][4:7]
    known = {part.texts[row]: float(row in hard) for row in range(60)}
    monkeypatch.setattr(clean_label, "losses", lambda bench, texts, *, step: [known[text] for text in texts])
    attack.plant(bench)
    assert [row for row in range(60) if bench.told[0].texts[row] != part.texts[row]] == hard


def test_words_that_contradict_are_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="hide is a share"):
        attack_of("clean-label", hide=1.0)
    attack = attack_of("clean-label")
    with pytest.raises(UsageError, match="no text to learn from has the target label"):
        attack.plant(listening(attack, open_folder(folder), labelled(20), target=2))
