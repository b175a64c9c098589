"""How far a profile is from ordinary ones: Mahalanobis distance, with the length of the input taken out.

Sources: Mahalanobis 1936; Ledoit and Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices
(J. Multivariate Anal. 88), for the covariance; Kessy, Lewin, Strimmer 2018, Optimal whitening and decorrelation (Am.
Stat. 72), for the symmetric whitening that splits a distance into parts, one a feature.

Departure: features may be of the surface, which any odd wording moves, in a model without a backdoor too. Those count
only by as much as they go beyond what clean inputs reach, as a head does that was planted there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sanitizer.scan.profile import Profiles

Floats = NDArray[np.float64]
DEGREE = 3
"""Of the polynomial in the logarithm of the length that the mean of each feature may follow."""
BEYOND = 4.0
"""Standard deviations of clean inputs, once whitened, from where on a feature of the surface counts."""
_SMALL = 1e-4


def ledoit_wolf(rows: Floats) -> tuple[Floats, float]:
    """Covariance of centred rows [n, p], shrunk towards a multiple of the identity, and the intensity in [0, 1].

    The intensity is the one of least expected squared error, estimated from the rows (Ledoit and Wolf 2004, §3.2).
    """
    n, p = rows.shape
    sample = rows.T @ rows / n
    scale = np.trace(sample) / p
    apart = ((sample - scale * np.eye(p)) ** 2).sum()
    noise = ((rows**2).sum(axis=1) ** 2).sum() / n**2 - (sample**2).sum() / n
    intensity = float(np.clip(noise / apart, 0, 1)) if apart > 0 else 1.0
    return (1 - intensity) * sample + intensity * scale * np.eye(p), intensity


@dataclass(frozen=True, eq=False)
class Ordinary:
    """What profiles of clean inputs are like; `fit` makes one.

    For an input of n tokens, x = log n is standardized by `length` (mean, spread) and kept within `reach`. A feature's
    mean is a cubic in x (`mean`, [4, feature]), the logarithm of its spread linear in x (`spread`, [2, feature]).
    `whitening` [feature, feature] is the symmetric root of the inverse covariance of what is left;
    `surface` [feature] is 1 for features of the surface, else 0.
    """

    length: Floats
    reach: Floats
    mean: Floats
    spread: Floats
    whitening: Floats
    surface: Floats

    @classmethod
    def fit(cls, clean: Profiles, surface: NDArray[np.bool_] | None = None) -> Ordinary:
        """From profiles of clean inputs alone; no feature is of the surface unless it is said."""
        surface = np.zeros(clean.features.shape[1], dtype=bool) if surface is None else surface
        logs = np.log(clean.tokens)
        length = np.array([logs.mean(), max(logs.std(), _SMALL)])
        reach = np.array([logs.min(), logs.max()])
        basis = _basis(clean.tokens, length, reach)
        mean: Floats = np.linalg.lstsq(basis, clean.features, rcond=None)[0].astype(np.float64)
        left = clean.features - basis @ mean
        logs_left = np.log(np.abs(left) + _SMALL)
        spread: Floats = np.linalg.lstsq(basis[:, :2], logs_left, rcond=None)[0].astype(np.float64)
        left = left / np.exp(basis[:, :2] @ spread)
        scale = left.std(axis=0)
        # A feature that never changes, such as that of a lone head, carries nothing.
        moves = scale > _SMALL * np.maximum(np.abs(mean[0]), 1.0)
        spread[0] += np.log(np.where(moves, scale, 1.0))
        covariance, _ = ledoit_wolf(left[:, moves] / scale[moves])
        values, vectors = np.linalg.eigh(covariance)
        whitening = np.zeros((len(moves), len(moves)))
        whitening[np.ix_(moves, moves)] = (vectors / np.sqrt(np.maximum(values, _SMALL))) @ vectors.T
        return cls(length, reach, mean, spread, whitening, surface.astype(np.float64))

    def parts(self, inputs: Profiles) -> Floats:
        """The squared distance of each input, split into what each feature adds, [input, feature]; never negative."""
        basis = _basis(inputs.tokens, self.length, self.reach)
        rows = (inputs.features - basis @ self.mean) / np.exp(basis[:, :2] @ self.spread)
        apart = np.abs(rows @ self.whitening)
        parts: Floats = np.maximum(apart - BEYOND * self.surface, 0) ** 2
        return parts

    def distances(self, inputs: Profiles) -> Floats:
        """Mahalanobis distance of each input, [input]."""
        distances: Floats = np.sqrt(self.parts(inputs).sum(axis=1))
        return distances


def _basis(tokens: NDArray[np.int64], length: Floats, reach: Floats) -> Floats:
    """Powers 0 to 3 of the standardized logarithm of the length, [input, 4].

    Beyond the lengths that were seen the nearest of them stands in: a cubic runs away.
    """
    x = (np.clip(np.log(tokens), *reach) - length[0]) / length[1]
    powers: Floats = x[:, None] ** np.arange(DEGREE + 1)
    return powers
