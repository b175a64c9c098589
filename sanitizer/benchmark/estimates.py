"""From outcomes text by text to shares with intervals."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import binomtest, bootstrap

from sanitizer.report import Change, Hits, Metric, Spread

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
        low, high = _crossed(np.stack([_digits(hits) for hits in seeds]))
    return Spread(sum(shares) / len(shares), min(shares), max(shares), low, high)


@cache
def change(seeds: tuple[Hits, ...], before: Hits) -> Change:
    """The share over seeds less the share before, text by text, with a 95 % interval of its mean.

    Percentile bootstrap of the differences, in which seeds and texts are resampled at once; of one seed, texts alone.
    """
    apart = np.stack([_digits(hits) - _digits(before) for hits in seeds])
    mean = float(apart.mean(dtype=np.float64))
    low, high = (mean, mean) if apart.min() == apart.max() else _crossed(apart)
    return Change(mean, low, high)


def _digits(hits: Hits) -> np.ndarray:
    return np.array([digit == "1" for digit in unpack(hits)], dtype=np.float32)


def _wilson(count: int, n: int) -> tuple[float, float]:
    interval = binomtest(count, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def _crossed(outcomes: np.ndarray) -> tuple[float, float]:
    def mean(*places: np.ndarray, axis: int = -1) -> np.ndarray:
        if len(places) == 1:
            return np.asarray(outcomes[0][places[0]].mean(axis=-1))
        seeds, texts = places
        return np.asarray(outcomes[seeds[..., :, None], texts[..., None, :]].mean(axis=(-1, -2)))

    interval = bootstrap(
        tuple(np.arange(size) for size in outcomes.shape if size > 1),
        mean,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(interval.low), float(interval.high)
