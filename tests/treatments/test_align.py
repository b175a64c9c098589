from __future__ import annotations

import pytest
import torch
from helpers.contexts import LABELS, TEXTS, digest
from helpers.pico import CAUSAL, CONFIGS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import logits
from sanitizer.model.material import Material
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import HeadClass, SafetyRecord
from sanitizer.treatments.align import Align, distance, followers

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)
FAST = {"epochs": 5, "learning_rate": 1e-2, "batch_size": 4, "weight_decay": 0.1}
ROW: tuple[HeadClass, ...] = ("suspicious", "trusted", "suspicious", "intermediate")
SAFETY = SafetyRecord(0.4, 0.45, ((0.0,) * 4,) * 3, (ROW, ROW, ("intermediate", "trusted", "suspicious", "suspicious")))
LEARNING = (HeadId(0, 0), HeadId(0, 2), HeadId(1, 0), HeadId(1, 2), HeadId(2, 2), HeadId(2, 3))


def material(subject: Subject, seed: int = 0) -> Material:
    labels = None if subject.task == "causal" else LABELS
    return Material(encode(subject, Part(TEXTS, labels)), torch.Generator().manual_seed(seed))


def aligned(subject: Subject) -> dict[str, float]:
    align: Align = build("sanitizer.treatments", "align", FAST)
    return align.align(subject, material(subject), SAFETY)


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_suspicious_heads_come_nearer_and_all_others_stay_bit_for_bit(family: str) -> None:
    subject = pico_subject(family)
    before = {name: weight.detach().clone() for name, weight in subject.model.named_parameters()}
    batch = batches(subject, material(subject).fit, size=8)[0]

    def blind() -> torch.Tensor:
        """What the heads answer that are not to learn."""
        with gated(subject.anatomy, closed_gates(subject.anatomy, LEARNING, device=subject.device)):
            return logits(subject, batch)

    answers = blind()
    observed = aligned(subject)
    assert observed["last_epoch_loss"] < observed["first_epoch_loss"]
    assert (observed["aligned_heads"], observed["layers"]) == (6, 3)
    assert torch.equal(blind(), answers)
    now = dict(subject.model.named_parameters())
    attention = {
        module.get_parameter("weight")
        for layer in subject.anatomy.layers
        for module in (*layer.projections(), layer.output)
    }
    for name, weight in now.items():
        if name.endswith("weight") and weight not in attention:
            assert torch.equal(weight, before[name]), name
    names = {weight: name for name, weight in now.items()}
    for layer in subject.anatomy.layers:
        for head in range(layer.heads):
            frozen = HeadId(layer.index, head) not in LEARNING
            mine = list(layer.query(head).rows)
            weight = layer.query(head).module.get_parameter("weight")
            assert frozen == torch.equal(
                layer.as_outputs(weight)[mine], layer.as_outputs(before[names[weight]])[mine]
            ), (layer.index, head)


def test_it_judges_the_heads_itself_and_the_same_seed_gives_the_same_weights() -> None:
    digests = set()
    for seed in (3, 3, 4):
        subject = pico_subject("bert")
        align = build("sanitizer.treatments", "align", {**FAST, "texts": 4, "inputs": "rare-words"})
        record = align.apply(subject, PLAN, material(subject, seed))
        assert record.observed["aligned_heads"] > 0
        assert record.parameters["inputs"] == "rare-words"
        digests.add(digest(subject))
    assert len(digests) == 2


def test_the_distance_is_a_sum_over_heads_and_a_mean_over_real_tokens() -> None:
    """Rows that look at one token each: heads 0 and 1 at the same, head 2 at another one; the last token is padding."""
    weights = torch.zeros(1, 3, 3, 3)
    weights[0, 0, :, 0] = weights[0, 1, :, 0] = weights[0, 2, :, 1] = 1.0
    real = torch.tensor([[1.0, 1.0, 0.0]])
    assert float(distance(weights, real, (2,), (0,))) == pytest.approx(2.0)
    assert float(distance(weights, real, (1,), (0,))) == 0.0
    # The mean of heads 0 and 2 is (1/2, 1/2): head 1 is (1/2, -1/2) away from it.
    assert float(distance(weights, real, (1,), (0, 2))) == pytest.approx(0.5)
    assert float(distance(weights, real, (1, 2), (0,))) == pytest.approx(2.0)
    weights[0, 2, 2] = 9.0
    assert float(distance(weights, real, (2,), (0,))) == pytest.approx(2.0)


def test_the_mean_that_is_followed_is_not_pulled() -> None:
    weights = torch.rand(2, 3, 4, 4, requires_grad=True)
    distance(weights, torch.ones(2, 4), (0,), (1, 2)).backward()
    assert weights.grad is not None
    assert weights.grad[:, 0].abs().sum() > 0
    assert not weights.grad[:, 1:].any()


def test_who_follows_whom() -> None:
    assert followers(ROW) == ((0, 2), (1,))
    assert followers(ROW, {0, 1}) == ((2,), (3,))
    assert followers(("suspicious", "intermediate")) == ((0,), (1,))
    assert followers(("suspicious", "suspicious")) == ((0, 1), ())
    assert followers(("trusted", "intermediate")) == ((), (0,))


def test_where_no_layer_has_both_nothing_is_done() -> None:
    subject = pico_subject("bert")
    before = digest(subject)
    classes: tuple[HeadClass, ...] = ("suspicious",) * 4
    none = SafetyRecord(0.4, 0.45, SAFETY.score, (classes, ("trusted",) * 4, ("intermediate",) * 4))
    assert Align().align(subject, material(subject), none) == {"aligned_heads": 0.0, "layers": 0.0}
    assert digest(subject) == before


def test_bad_parameters_are_refused() -> None:
    for wrong in ({"alpha": 2.0}, {"tau": 0.7}, {"texts": 0}, {"inserted": 0}, {"inputs": "triggers"}):
        with pytest.raises(UsageError):
            build("sanitizer.treatments", "align", wrong)


def test_causal_models_need_no_labels() -> None:
    subject = pico_subject(CAUSAL[0])
    record = build("sanitizer.treatments", "align", FAST).apply(subject, PLAN, material(subject))
    assert record.name == "align"
