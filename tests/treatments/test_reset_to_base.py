from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bases import based
from helpers.contexts import LABELS, TEXTS

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.base import Base
from sanitizer.model.batches import encode
from sanitizer.model.drift import distances
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


def reset(subject: Subject, base: Base, **settings: object) -> tuple[TreatmentRecord, list[str]]:
    material = Material(encode(subject, Part(TEXTS, LABELS)), torch.Generator().manual_seed(0), base=base)
    record = build("sanitizer.treatments", "reset_to_base", settings).apply(subject, PLAN, material)
    return record, material.states.remarks


def planted(path: Path) -> tuple[Subject, Base]:
    """The base itself, but for two heads that somebody has written over."""
    subject, base = based(path, seed=0)
    with torch.no_grad():
        for layer, head in ((0, 3), (2, 1)):
            rows = list(subject.anatomy.layers[layer].query(head).rows)
            subject.anatomy.layers[layer].query(head).module.weight[rows] += 1.0
    return subject, base


def test_planted_heads_are_found_and_are_the_bases_again(tmp_path: Path) -> None:
    subject, base = planted(tmp_path / "base")
    record, remarks = reset(subject, base, share=2 / 12)
    assert remarks == ["heads reset to the base's: L0.H3, L2.H1"]
    assert distances(subject, base) == ((0.0,) * 4,) * 3
    assert record.observed["heads"] == 2
    # Three roles of 8 rows of 32 and a bias each, and 8 columns of 32.
    assert record.observed["parameters_from_base"] == 2 * (3 * 8 * 33 + 8 * 32)
    assert record.observed["largest_distance"] > record.observed["smallest_distance"] == 0


def test_none_can_be_asked_for(tmp_path: Path) -> None:
    subject, base = planted(tmp_path / "base")
    before = distances(subject, base)
    record, remarks = reset(subject, base, share=0.0)
    assert distances(subject, base) == before
    assert remarks == ["heads reset to the base's: none"]
    assert record.observed["parameters_from_base"] == 0


def test_everything_of_the_inner_model_can_be_reset(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base")
    record, _ = reset(subject, base, heads="all", feed_forward=True, embeddings=True)
    parameters = dict(subject.model.named_parameters())
    assert all(torch.equal(parameters[name], tensor) for name, tensor in base.read(base.places))
    assert record.observed["parameters_from_base"] == subject.model.base_model.num_parameters()


def test_suspicious_heads_go_by_the_safety_score(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base")
    far = distances(subject, base)
    record, remarks = reset(subject, base, heads="suspicious", tau=0.5, alpha=1.0)
    named = {HeadId.parse(word) for word in remarks[0].partition(": ")[2].split(", ")}
    near = distances(subject, base)
    assert record.observed["heads"] == len(named) > 0
    for head in subject.anatomy.heads():
        assert near[head.layer][head.head] == (0.0 if head in named else far[head.layer][head.head])


def test_a_removed_head_is_not_brought_back(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base")
    subject.remove((HeadId(1, 2),), physically=False)
    _, remarks = reset(subject, base, heads="all")
    assert "L1.H2" not in remarks[0]
    layer = subject.anatomy.layers[1]
    assert layer.output.weight[:, list(layer.columns(2))].abs().max() == 0


@pytest.mark.parametrize("settings", [{"share": 1.5}, {"share": -0.1}, {"heads": "some"}, {"tau": 0.6}])
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "reset_to_base", settings)
