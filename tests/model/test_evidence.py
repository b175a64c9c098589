from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from sanitizer.model.evidence import above, combined, either

GRID = ((0.0, 1.0, 2.0, 3.0),) * 2 + ((0.0, 1.0, 2.0, 30.0),)
"""Medians 1.5, deviations -1.5 -0.5 0.5 1.5 and once 28.5; the median of their sizes is 1 in each layer and in all."""


HEARD = ((False,) * 4,) * 3


def test_p_values_by_hand() -> None:
    expected = student.sf(28.5 / 1.4826, 4)
    assert above({"one": GRID}, HEARD)[11] == pytest.approx(expected)
    assert either({"one": GRID}, HEARD)[11] == pytest.approx(2 * expected)
    assert above({"one": GRID, "same": GRID}, HEARD)[11] == pytest.approx(2 * expected), "Bonferroni"
    below = {"one": tuple(tuple(-value for value in row) for row in GRID)}
    assert above(below, HEARD)[11] > 0.99
    assert either(below, HEARD)[11] == pytest.approx(2 * expected)


def test_a_head_that_writes_nothing_is_never_a_suspect() -> None:
    silence = (*HEARD[:2], (False, False, False, True))
    assert either({"one": GRID}, silence)[11] == 1.0


def test_one_kind_of_evidence_is_not_enough_and_two_are() -> None:
    kinds = {name: np.array([1e-9, 1e-9, 0.4]) for name in "a"}
    kinds |= {"b": np.array([0.5, 1e-6, 0.5]), "c": np.array([0.9, 0.8, 0.6]), "d": np.array([1.0, 1.0, 1.0])}
    assert combined(kinds).tolist() == pytest.approx([1.0, 2e-6, 1.0])


@pytest.mark.parametrize("shared", [0.0, 0.9, 1.0])
def test_combined_p_values_are_valid_however_the_kinds_depend_on_each_other(shared: float) -> None:
    """At most a share p of p-values is below p, with kinds that are independent, correlated or the same."""
    generator = torch.Generator().manual_seed(0)
    common = torch.randn(20000, generator=generator)
    kinds = {}
    for name in "abcde":
        own = torch.randn(20000, generator=generator)
        mixed = shared**0.5 * common + (1 - shared) ** 0.5 * own
        kinds[name] = np.asarray(torch.special.ndtr(mixed), dtype=np.float64)
    found = combined(kinds)
    for level in (0.01, 0.05, 0.2):
        assert (found <= level).mean() <= level + 4 * (level / 20000) ** 0.5
