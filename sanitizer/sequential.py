"""Whether a sum over a finite population exceeds a bound, asked of as few members as will tell: no torch.

Source: test martingales for sampling without replacement, Waudby-Smith and Ramdas, NeurIPS 2020, arXiv 2006.04347;
Ville's inequality makes them valid at every look. Were the sum above its bound, the mean of the members not yet seen
would be at least mu; a bet against that multiplies the wealth by 1 + c (mu - x) / (high - mu) for a member x, which
gains on average only if it is wrong. Wealth of 1 / error rate refutes it. Several c are bet side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Verdict = Literal["within", "above"]

# A share of what a bet could lose at most. Members are mostly zero and rarely one: to be convinced that there are few
# takes bold bets on each, to be convinced that there are many takes small ones, since each hit pays (1 - mu) / mu.
FEW = (0.75,)
MANY = (0.02, 0.1, 0.4)


class Sequential:
    """Is the sum of whole numbers, each between known bounds, at most `bound`?

    Members are given in the order in which their bounds were; first those that were picked, then the rest at random.

    `verdict` is None until it is known: for certain, or with a bounded probability of being wrong, which is `within`
    for that verdict and `above` for the other (0: only for certain). After the last member it is always certain. A
    verdict, once given, stays.
    A higher bound is never answered "above" where a lower one is answered "within" on the same members.
    """

    def __init__(self, low: Sequence[int], high: Sequence[int], bound: int, *, within: float, above: float) -> None:
        self.verdict: Verdict | None = None
        self._left, self._low, self._high = len(low), sum(low), sum(high)
        self._bounds = list(zip(low, high, strict=True))[::-1]
        self._range: tuple[int, int] | None = None
        self._bound, self._within, self._above = bound, within, above
        self._few, self._many = [1.0] * len(FEW), [1.0] * len(MANY)
        self._look()

    def see(self, value: int, *, drawn: bool = True) -> None:
        """Take the next member, `drawn` at random from all that are left or picked, in which case it proves nothing."""
        low, high = self._bounds[-1]
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        if drawn and self.verdict is None:
            self._bet(value)
        self._bounds.pop()
        self._left, self._low, self._high = self._left - 1, self._low - low, self._high - high
        self._bound -= value
        self._look()

    def _bet(self, value: int) -> None:
        if self._range is None:
            lows, highs = zip(*self._bounds, strict=True)
            self._range = (min(lows), max(highs))
        least, most = self._range
        above, within = (self._bound + 1) / self._left, self._bound / self._left  # the least and the most mean
        if above < most:
            gain = (above - value) / (most - above)
            self._few = [wealth * (1 + bet * gain) for wealth, bet in zip(self._few, FEW, strict=True)]
        if within > least:
            gain = (value - within) / (within - least)
            self._many = [wealth * (1 + bet * gain) for wealth, bet in zip(self._many, MANY, strict=True)]

    def _look(self) -> None:
        if self.verdict is not None:
            return
        if self._high <= self._bound:
            self.verdict = "within"
        elif self._low > self._bound:
            self.verdict = "above"
        elif self._within * sum(self._few) >= len(self._few):
            self.verdict = "within"
        elif self._above * sum(self._many) >= len(self._many):
            self.verdict = "above"
