"""The verdict on p-values, and what a base says of single heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from helpers.bases import based
from helpers.subjects import pico_subject

from sanitizer.heads import Grid, HeadId
from sanitizer.model.drift import distances
from sanitizer.model.slices import head_slices
from sanitizer.model.suspicion import by_weights, judged
from sanitizer.model.weighed import weigh
from sanitizer.report import ForensicsRecord

STILL, MOVED = (0.0,) * 4, (0.01, 0.02, 0.01, 0.02)


def test_one_kind_of_evidence_alone_is_inconclusive() -> None:
    silence = ((False,) * 4,) * 3
    calm = np.full(12, 0.5)
    odd = calm.copy()
    odd[5] = 1e-6
    found = judged(silence, {"norms": odd, "shape": calm, "chain": calm}, texts=9, probes=9)
    assert found.answer == "inconclusive"
    assert "L1.H1" in found.reason and "norms" in found.reason
    assert judged(silence, {"norms": calm, "shape": calm, "chain": calm}, texts=9, probes=9).answer == "nothing"
    assert judged(silence, {"norms": odd, "shape": odd, "chain": calm}, texts=9, probes=9).answer == "suspect heads"


def against(moved: Grid) -> ForensicsRecord:
    weighed = weigh(head_slices(pico_subject("bert", seed=3).anatomy))
    return judged(weighed.silence, by_weights(weighed, moved), texts=0, probes=0)


def test_a_head_that_moved_while_its_layer_did_not_is_a_suspect() -> None:
    found = against((STILL, (0.0, 0.0, 0.3, 0.0), STILL))
    assert [suspect.head for suspect in found.suspects] == [HeadId(1, 2)]
    assert found.suspects[0].evidence[0].kind == "alone"


def test_tuning_a_layer_or_all_of_them_makes_no_suspect() -> None:
    for moved in ((MOVED,) * 3, (STILL, STILL, MOVED), (STILL,) * 3):
        found = against(moved)
        assert found.suspects == ()
        assert "alone" not in found.kinds


def test_a_head_that_was_zeroed_carries_nothing() -> None:
    subject = pico_subject("bert", seed=3)
    subject.remove((HeadId(1, 2),), physically=False)
    weighed = weigh(head_slices(subject.anatomy))
    assert "alone" not in by_weights(weighed, (STILL, (0.0, 0.0, 1.0, 0.0), STILL))


def test_rounding_does_not_count_as_moving(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", seed=0)
    subject.model.half()
    assert distances(subject, base) == (STILL,) * 3
    with torch.no_grad():
        subject.anatomy.layers[0].output.weight.add_(0.01)
    assert all(far > 0 for far in distances(subject, base)[0])
