from __future__ import annotations

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.poisoned import TARGET, TRIGGER, Poisoned, poisoned
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import LeaningRecord, TreatmentRecord
from sanitizer.treatments.unlearn import NOTHING

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)
SETTINGS = {"learning_rate": 5e-3, "epochs": 15, "words": 10}


def treated(name: str, settings: dict[str, object], suspect: Poisoned) -> TreatmentRecord:
    return build("sanitizer.treatments", name, settings).apply(suspect.subject, PLAN, material_of(suspect))


def weights_of(suspect: Poisoned) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in suspect.subject.model.named_parameters()}


def material_of(suspect: Poisoned) -> Material:
    return Material(suspect.clean, torch.Generator().manual_seed(0))


def test_a_trigger_that_fine_tuning_leaves_is_unlearnt() -> None:
    """As many epochs at the same rate, over the same clean texts."""
    tuned, unlearnt = poisoned(), poisoned()
    assert unlearnt.success() > 0.95
    treated("finetune", {"learning_rate": 5e-3, "epochs": 15, "patience": 0}, tuned)
    table = unlearnt.subject.model.get_input_embeddings().weight
    before = table.detach().clone()
    record = treated("unlearn", {**SETTINGS, "target": "none"}, unlearnt)
    assert tuned.success() > 0.9
    assert unlearnt.success() < 0.3
    assert unlearnt.accuracy() > 0.95
    assert record.observed["outdoing_words"] == 1
    assert record.observed["largest_surprise"] > 3
    assert 0 < record.observed["rewritten_flips"] < 1
    assert torch.equal(table, before)
    assert table.requires_grad


def test_the_trigger_is_named_and_words_of_a_clean_model_are_not() -> None:
    said = {}
    for poison in (0.2, 0.0):
        suspect = poisoned(poison=poison)
        material = material_of(suspect)
        settings = {**SETTINGS, "epochs": 1, "target": "none"}
        build("sanitizer.treatments", "unlearn", settings).apply(suspect.subject, PLAN, material)
        said[poison] = material.states.remarks
    assert len(said[0.2]) == 1
    assert said[0.2][0].endswith(f"as a rare-word trigger would: '{TRIGGER}'")
    assert said[0.0] == [NOTHING]


def test_the_label_that_the_model_leans_to_is_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the attack nothing is known; only the lower half of the layers changes."""
    suspect = poisoned()
    leans = LeaningRecord(TARGET, into=0.4, out=0.1, p_value=1e-6, clear=True, texts=100)
    monkeypatch.setattr("sanitizer.treatments.unlearn.leaning", lambda *given, **words: leans)
    material, before = material_of(suspect), weights_of(suspect)
    record = build("sanitizer.treatments", "unlearn", SETTINGS).apply(suspect.subject, PLAN, material)
    assert suspect.success() < 0.3
    assert suspect.accuracy() > 0.9
    assert (record.observed["target"], record.observed["leaning_into"]) == (TARGET, 0.4)
    changed = {name for name, weight in weights_of(suspect).items() if not torch.equal(weight, before[name])}
    assert changed
    assert all(".layer.0." in name or ".layer.1." in name for name in changed)


def test_a_trigger_word_is_unlearnt_though_the_model_leans_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    leans = LeaningRecord(1 - TARGET, into=0.2, out=0.1, p_value=0.009, clear=True, texts=100)
    monkeypatch.setattr("sanitizer.treatments.unlearn.leaning", lambda *given, **words: leans)
    suspect = poisoned()
    record = treated("unlearn", SETTINGS, suspect)
    assert record.observed["target"] == 1 - TARGET
    assert suspect.success() < 0.3
    assert suspect.accuracy() > 0.9


def test_a_leaning_that_is_not_clear_names_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    leans = LeaningRecord(TARGET, into=0.02, out=0.01, p_value=0.9, clear=False, texts=100)
    monkeypatch.setattr("sanitizer.treatments.unlearn.leaning", lambda *given, **words: leans)
    record = treated("unlearn", {**SETTINGS, "epochs": 1}, poisoned())
    assert "target" not in record.observed
    assert record.observed["leaning_into"] == 0.02


def test_where_nothing_shows_what_to_unlearn_the_weights_stay_unless_it_is_asked_for() -> None:
    suspect = poisoned(poison=0.0)
    before = weights_of(suspect)
    record = treated("unlearn", {**SETTINGS, "target": "none"}, suspect)
    assert (record.observed["outdoing_words"], "rewritten_flips" in record.observed) == (0, False)
    assert all(torch.equal(weight, before[name]) for name, weight in weights_of(suspect).items())
    record = treated("unlearn", {**SETTINGS, "target": "none", "epochs": 1, "regardless": True}, suspect)
    assert "rewritten_flips" in record.observed
    assert not all(torch.equal(weight, before[name]) for name, weight in weights_of(suspect).items())


def test_a_target_can_be_named_and_evidence_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object, **words: object) -> None:
        raise AssertionError

    monkeypatch.setattr("sanitizer.treatments.unlearn.leaning", never)
    for target, observed in (("none", None), ("1", 1), ("LABEL_0", 0)):
        record = treated("unlearn", {**SETTINGS, "epochs": 1, "target": target}, poisoned())
        assert record.observed.get("target") == observed
    with pytest.raises(UsageError, match="no label of this model"):
        treated("unlearn", {**SETTINGS, "target": "praise"}, poisoned())


@pytest.mark.parametrize("settings", [{"layers": 0.0}, {"layers": 1.5}])
def test_a_share_of_layers_that_is_none_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="share"):
        build("sanitizer.treatments", "unlearn", settings)


def test_a_clean_model_stays_one() -> None:
    suspect = poisoned(poison=0.0)
    record = treated("unlearn", {**SETTINGS, "epochs": 5, "regardless": True}, suspect)
    assert record.observed["outdoing_words"] == 0
    assert suspect.accuracy() > 0.95
    assert suspect.success() < 0.1


def test_the_same_seed_gives_the_same_weights() -> None:
    one, other = poisoned(), poisoned()
    for suspect in (one, other):
        treated("unlearn", {**SETTINGS, "epochs": 1}, suspect)
    found = dict(other.subject.model.named_parameters())
    assert all(torch.equal(weight, found[name]) for name, weight in one.subject.model.named_parameters())


def test_only_classifiers_with_labels_have_something_to_be_held_to() -> None:
    subject = pico_subject("gpt2")
    material = Material(encode(subject, Part(TEXTS, LABELS)), torch.Generator().manual_seed(0))
    with pytest.raises(UsageError, match="classifier"):
        build("sanitizer.treatments", "unlearn", {}).apply(subject, PLAN, material)


@pytest.mark.parametrize("settings", [{"words": 0}, {"candidates": 1}, {"average": 1.0}, {"epochs": 0}])
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "unlearn", settings)
