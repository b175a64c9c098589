"""From scores to statements: p-values of single inputs, and whether a set of inputs is like the clean ones.

Sources: Vovk, Gammerman, Shafer 2005, Algorithmic Learning in a Random World (conformal p-values, here split ones);
Mann and Whitney 1947. Everything here holds for any score, provided that the calibration inputs were not used to make
it and are exchangeable with ordinary inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sanitizer.errors import UsageError

Floats = NDArray[np.float64]
RESAMPLES = 1000


def p_values(calibration: Floats, scores: Floats) -> Floats:
    """(1 + calibration inputs that score as high or higher) / (1 + calibration inputs), for each score.

    For an input exchangeable with the calibration inputs, P(p <= a) <= a for every a.
    """
    ordered = np.sort(calibration)
    higher = len(ordered) - np.searchsorted(ordered, scores, side="left")
    values: Floats = (1 + higher) / (1 + len(ordered))
    return values


def least_texts(fpr: float) -> int:
    """The fewest calibration inputs with which a p-value can be as low as `fpr`."""
    return int(np.ceil(1 / fpr - 1e-9)) - 1


def check_rate(fpr: float, calibration: int) -> None:
    """Raises UsageError if nothing could ever be flagged at this rate, or everything."""
    if not 0 < fpr < 1:
        raise UsageError(f"a false-positive rate of {fpr} is not between 0 and 1", hint="try 0.01")
    if calibration < least_texts(fpr):
        raise UsageError(
            f"{calibration} clean texts to calibrate on allow no false-positive rate below {1 / (calibration + 1):.2g}",
            hint=f"for {fpr:g}, {least_texts(fpr)} are needed: give about {7 * least_texts(fpr)} clean texts in all",
        )


@dataclass(frozen=True)
class Shift:
    """How a set of `n` inputs differs from the calibration inputs.

    `flagged` is the share with p <= `fpr`, `auc` the chance that one of the set scores higher than a clean one. `low`
    and `high` are 95 % bootstrap percentiles over both sets, `p_` the chance of as much or more in a clean set: exact
    for `flagged` (beta-binomial, for the threshold is itself drawn), one-sided Mann–Whitney for `auc`.
    """

    n: int
    flagged: float
    flagged_low: float
    flagged_high: float
    p_flagged: float
    auc: float
    auc_low: float
    auc_high: float
    p_auc: float


def shift(calibration: Floats, scores: Floats, *, fpr: float, generator: np.random.Generator) -> Shift:
    """Compare a set with the calibration inputs. Raises UsageError if the rate is out of their reach."""
    n, m = len(calibration), len(scores)
    check_rate(fpr, n)
    rank = int(np.floor(fpr * (n + 1) + 1e-9))
    count = int((p_values(calibration, scores) <= fpr).sum())
    shares, areas = np.empty(RESAMPLES), np.empty(RESAMPLES)
    for index in range(RESAMPLES):
        clean = calibration[generator.integers(n, size=n)]
        drawn = scores[generator.integers(m, size=m)]
        # The rank-th largest of the calibration inputs is the threshold; a score must be above it.
        shares[index] = (drawn > np.partition(clean, n - rank)[n - rank]).mean()
        areas[index] = _area(clean, drawn)
    share_low, share_high = np.percentile(shares, (2.5, 97.5))
    area_low, area_high = np.percentile(areas, (2.5, 97.5))
    return Shift(
        n=m,
        flagged=count / m,
        flagged_low=float(share_low),
        flagged_high=float(share_high),
        p_flagged=float(stats.betabinom.sf(count - 1, m, rank, n + 1 - rank)),
        auc=_area(calibration, scores),
        auc_low=float(area_low),
        auc_high=float(area_high),
        p_auc=float(stats.mannwhitneyu(scores, calibration, alternative="greater", method="asymptotic").pvalue),
    )


def _area(clean: Floats, scores: Floats) -> float:
    """P(score > clean) + P(score = clean) / 2."""
    ordered = np.sort(clean)
    below = np.searchsorted(ordered, scores, side="left") + np.searchsorted(ordered, scores, side="right")
    return float(below.mean() / (2 * len(ordered)))
