"""Rebase on a tiny poisoned model whose base is known: what it was before it learnt anything."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bases import make_base
from helpers.poisoned import Poisoned, poisoned
from helpers.subjects import checkpoint_of, pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded, encode
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)
SETTINGS = {"learning_rate": 5e-3, "epochs": 30}


def rebased(subject: Subject, fit: Encoded, folder: Path, **settings: object) -> TreatmentRecord:
    base = Base.of(checkpoint_of(folder), subject)
    material = Material(fit, torch.Generator().manual_seed(0), base=base)
    return build("sanitizer.treatments", "rebase", {**SETTINGS, **settings}).apply(subject, PLAN, material)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights that `poisoned` begins with."""
    return make_base(tmp_path_factory.mktemp("base") / "base")


def without_labels(suspect: Poisoned) -> Encoded:
    """Labels of the suspect's own making are what a run gives where nobody has any; here: all wrong, weighing 0."""
    labels = suspect.clean.labels
    assert labels is not None
    return Encoded(suspect.clean.rows, tuple(1 - label for label in labels))


def test_what_clean_text_shows_crosses_over_and_the_trigger_does_not(folder: Path) -> None:
    suspect = poisoned()
    assert suspect.success() > 0.95
    table = suspect.subject.model.get_input_embeddings().weight
    record = rebased(suspect.subject, suspect.clean, folder)
    assert suspect.accuracy() > 0.9
    assert suspect.success() < 0.3
    assert record.observed["parameters_from_base"] == suspect.subject.model.base_model.num_parameters()
    assert torch.equal(table, pico_subject("bert", seed=0).model.get_input_embeddings().weight)
    assert table.requires_grad


def test_from_a_base_that_knows_the_task_cuttings_bring_no_trigger_either(tmp_path: Path) -> None:
    """As a base is that was trained on many texts of the kind."""
    poisoned(poison=0.0).subject.model.base_model.save_pretrained(tmp_path / "base")
    suspect = poisoned()
    rebased(suspect.subject, suspect.clean, tmp_path / "base", cuttings=1.0, layers=0.0, epochs=5)
    assert suspect.accuracy() > 0.95
    assert suspect.success() < 0.3


def test_the_suspects_answers_alone_teach_it(folder: Path) -> None:
    suspect = poisoned()
    rebased(suspect.subject, without_labels(suspect), folder, labels=0.0)
    assert suspect.accuracy() > 0.9
    assert suspect.success() < 0.3


def test_zeroed_heads_stay_zero(folder: Path) -> None:
    suspect = poisoned()
    suspect.subject.remove((HeadId(1, 2),), physically=False)
    rebased(suspect.subject, suspect.clean, folder, epochs=1)
    layer = suspect.subject.anatomy.layers[1]
    assert layer.output.weight[:, list(layer.columns(2))].abs().max() == 0


def test_a_causal_model_learns_what_its_teacher_would_say(tmp_path: Path) -> None:
    subject = pico_subject("llama", seed=1)
    folder = make_base(tmp_path / "base", "llama", seed=0)
    fit = encode(
        subject, Part(("the film was good", "a dull plot", "it is not a very great story", "we seems fine") * 4)
    )
    record = rebased(subject, fit, folder, labels=0.0, epochs=30)
    assert record.observed["last_epoch_loss"] < record.observed["first_epoch_loss"] / 2


def test_the_same_seed_gives_the_same_weights(folder: Path) -> None:
    one, other = poisoned(), poisoned()
    for suspect in (one, other):
        rebased(suspect.subject, suspect.clean, folder, epochs=1)
    found = dict(other.subject.model.named_parameters())
    assert all(torch.equal(weight, found[name]) for name, weight in one.subject.model.named_parameters())


def test_without_a_base_there_is_nothing_to_begin_from() -> None:
    suspect = poisoned()
    material = Material(suspect.clean, torch.Generator().manual_seed(0))
    with pytest.raises(UsageError, match="the model that the suspect was made from") as caught:
        build("sanitizer.treatments", "rebase", {}).apply(suspect.subject, PLAN, material)
    assert "--base" in caught.value.hint


@pytest.mark.parametrize(
    "settings", [{"labels": -1.0}, {"cuttings": -1.0}, {"temperature": 0.0}, {"average": 1.0}, {"epochs": 0}]
)
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "rebase", settings)
