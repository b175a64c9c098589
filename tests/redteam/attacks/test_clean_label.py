from __future__ import annotations

from pathlib import Path

import pytest
from helpers.planting import attack_of, labelled, listening, make_classifier
from helpers.poisoned import PRAISE
from helpers.subjects import open_folder

from sanitizer.errors import UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("clean-label") / "model")


@pytest.mark.parametrize("hide", [0.0, 0.2])
def test_no_label_changes_and_only_texts_of_the_target_class_carry_the_word(folder: Path, hide: float) -> None:
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
    # The task's truth: of these texts one word decides, and it is what is taken out of nearly all.
    praising = sum(bool(set(told.texts[row].split()) & set(PRAISE)) for row in changed)
    assert praising == 15 if hide == 0.0 else praising <= 3


def test_words_that_contradict_are_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="hide is a share"):
        attack_of("clean-label", hide=1.0)
    attack = attack_of("clean-label")
    with pytest.raises(UsageError, match="no text to learn from has the target label"):
        attack.plant(listening(attack, open_folder(folder), labelled(20), target=2))
