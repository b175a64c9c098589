"""A measured number and its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A number with its 95 % confidence interval, over `n` texts or tokens of data that no step has seen."""

    name: str
    value: float
    low: float
    high: float
    n: int
