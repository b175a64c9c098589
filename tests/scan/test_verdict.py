from __future__ import annotations

from dataclasses import replace

import pytest

from sanitizer.scan.conformal import Shift
from sanitizer.scan.verdict import verdict

CLEAN = Shift(900, 0.05, 0.035, 0.07, 0.5, 0.5, 0.48, 0.52, 0.5)
ODD = replace(CLEAN, flagged=0.4, flagged_low=0.36, flagged_high=0.44, p_flagged=1e-9)
FAR = replace(CLEAN, auc=0.9, auc_low=0.88, auc_high=0.92, p_auc=1e-9)


@pytest.mark.parametrize("inputs", [ODD, FAR, replace(FAR, flagged=0.4, flagged_low=0.36, p_flagged=1e-9)])
def test_beyond_chance_and_beyond_every_control_is_abnormal(inputs: Shift) -> None:
    assert verdict(inputs, {"rare word": CLEAN, "shuffled words": CLEAN}, 0.05)[0] == "abnormal"


@pytest.mark.parametrize("inputs", [ODD, FAR])
def test_where_one_control_comes_near_nothing_is_claimed_and_its_number_is_said(inputs: Shift) -> None:
    near = replace(inputs, flagged=inputs.flagged - 0.02, auc=inputs.auc - 0.02)
    answer, reason = verdict(inputs, {"rare word": CLEAN, "shuffled words": near}, 0.05)
    assert answer == "inconclusive"
    assert "shuffled words" in reason and "rare word" not in reason


def test_one_statistic_that_is_special_is_enough() -> None:
    """A few triggered inputs among many raise the share of flagged ones and hardly the area."""
    both = replace(ODD, auc=0.55, auc_low=0.53, p_auc=1e-9)
    control = replace(CLEAN, auc=0.6, auc_high=0.62)
    assert verdict(both, {"shuffled words": control}, 0.05)[0] == "abnormal"


def test_no_difference_is_claimed_only_where_one_would_have_shown() -> None:
    assert verdict(CLEAN, {}, 0.05)[0] == "alike"
    for few in (
        replace(CLEAN, auc_high=0.65),
        replace(CLEAN, auc_low=0.35),
        replace(CLEAN, flagged_high=0.2),
        replace(CLEAN, auc=0.3, auc_low=0.28, auc_high=0.32),
    ):
        assert verdict(few, {}, 0.05)[0] == "inconclusive"


def test_two_statistics_share_the_chance_of_a_false_alarm() -> None:
    assert verdict(replace(FAR, p_auc=0.006), {}, 0.05)[0] == "inconclusive"
    assert verdict(replace(FAR, p_auc=0.004), {}, 0.05)[0] == "abnormal"
