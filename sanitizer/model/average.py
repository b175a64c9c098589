"""The weights of a tuning, averaged over its steps: steadier than where the last step happened to end."""

from __future__ import annotations

import torch

from sanitizer.model.sharded import whole
from sanitizer.model.subject import Subject


class Average:
    """Exponential moving average of all weights, in float32 (Polyak averaging; early steps count for less).

    Each process keeps it whole: 4 bytes a weight, and where weights lie in shards they are put together at each step.
    """

    def __init__(self, subject: Subject, decay: float) -> None:
        self._subject, self._decay, self._steps = subject, decay, 0
        self._weights = {name: weight.detach().float().clone() for name, weight in self._named()}

    @torch.no_grad()
    def see(self) -> None:
        """Take the weights as they are now."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, weight in self._named():
            self._weights[name].lerp_(whole(weight).float(), 1 - decay)

    @torch.no_grad()
    def put_back(self) -> None:
        """Give the model the average, in its own dtype."""
        for name, weight in self._named():
            weight.copy_(self._weights[name])

    def _named(self) -> list[tuple[str, torch.nn.Parameter]]:
        return list(self._subject.model.named_parameters())
