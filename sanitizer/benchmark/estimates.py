"""From outcomes text by text to shares with intervals."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import binomtest, bootstrap

from sanitizer.report import Hits, Metric, Spread

RESAMPLES = 2000
_SEED = 0
"""Of the resampling, so that the same cells give the same table."""


def pack(outcomes: str) -> Hits:
    """`"1011…"`, a digit for each text, as a record. `unpack` reads it back."""
    padded = outcomes + "0" * (-len(outcomes) % 4)
    bits = f"{int(padded, 2):0{len(padded) // 4}x}" if padded else ""
    return Hits(outcomes.count("1"), len(outcomes), bits)


def unpack(hits: Hits) -> str:
    """The digits again."""
    return f"{int(hits.bits, 16):0{4 * len(hits.bits)}b}"[: hits.n] if hits.bits else ""


def share(name: str, hits: Hits) -> Metric:
    """A share of texts with Wilson's 95 % interval."""
    low, high = _wilson(hits.count, hits.n)
    return Metric(name, hits.count / hits.n, low, high, hits.n)


@cache
def spread(seeds: tuple[Hits, ...]) -> Spread:
    """The share over seeds that were measured on the same texts, with a 95 % interval of its mean.

    Over several seeds: percentile bootstrap, in which seeds and texts are resampled at once (their crossing stays as it
    was seen). Over one, or where every outcome is alike: Wilson's over the texts.
    """
    shares = [hits.count / hits.n for hits in seeds]
    total, texts = sum(hits.count for hits in seeds), seeds[0].n
    if len(seeds) == 1 or texts < 2 or total in (0, texts * len(seeds)):
        low, high = _wilson(round(total / len(seeds)), texts)
    else:
        low, high = _crossed(np.array([[digit == "1" for digit in unpack(hits)] for hits in seeds], dtype=np.float32))
    return Spread(sum(shares) / len(shares), min(shares), max(shares), low, high)


def _wilson(count: int, n: int) -> tuple[float, float]:
    interval = binomtest(count, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def _crossed(outcomes: np.ndarray) -> tuple[float, float]:
    def mean(seeds: np.ndarray, texts: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(outcomes[seeds[..., :, None], texts[..., None, :]].mean(axis=(-1, -2)))

    interval = bootstrap(
        tuple(np.arange(size) for size in outcomes.shape),
        mean,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(interval.low), float(interval.high)
