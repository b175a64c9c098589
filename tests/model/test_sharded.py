"""A team tunes as one process does. Real processes, by gloo; the truth is the single process's result."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.together import CASES, Case, together, treated
from torch import Tensor

from sanitizer.model.states import States

NEAR = 2e-5
"""Sums are rounded in another order: a few units in the last place a step, which AdamW makes larger or smaller."""
KEYS = ("key.bias", "c_attn.bias")
"""A bias of keys moves all scores of a query alike: its gradient is but rounding, of which AdamW makes whole steps."""


def weights_and_observed(case: Case) -> tuple[dict[str, Tensor], dict[str, float]]:
    subject, observed = treated(case)
    return subject.model.state_dict(), observed


@pytest.mark.parametrize("name", CASES)
def test_a_team_tunes_as_one_process_does(name: str, tmp_path: Path) -> None:
    weights, observed = weights_and_observed(CASES[name])
    mine, other = together(weights_and_observed, CASES[name], folder=tmp_path)
    assert all(torch.equal(mine[0][weight], other[0][weight]) for weight in weights)
    apart = {weight: float((mine[0][weight] - weights[weight]).abs().max()) for weight in weights}
    print(name, sorted((v, k) for k, v in apart.items() if not k.endswith(KEYS))[-2:])
    assert max(far for weight, far in apart.items() if not weight.endswith(KEYS)) < NEAR
    assert mine[1] == other[1] == pytest.approx(observed, rel=1e-4)


def interrupted(case: Case, folder: Path) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if 2 * done > total:  # the first of two epochs is finished
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        treated(case, States(folder), progress=stop)


def continued(case: Case, folder: Path) -> tuple[dict[str, Tensor], list[str]]:
    states = States(folder)
    subject, _ = treated(case, states)
    return subject.model.state_dict(), states.remarks


@pytest.mark.parametrize("before", [1, 2])
def test_what_one_process_began_a_team_finishes_and_the_other_way_round(before: int, tmp_path: Path) -> None:
    case = CASES["finetune"]
    weights, _ = weights_and_observed(case)
    if before == 1:
        interrupted(case, tmp_path / "states")
        (found, remarks), _ = together(continued, case, tmp_path / "states", folder=tmp_path)
    else:
        together(interrupted, case, tmp_path / "states", folder=tmp_path)
        found, remarks = continued(case, tmp_path / "states")
    assert "continued from epoch 1 of 2" in remarks[0]
    assert "2 processes" in remarks[1]
    assert max(float((found[name] - weights[name]).abs().max()) for name in weights if not name.endswith(KEYS)) < NEAR
