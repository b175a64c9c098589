"""Early stopping: which epoch did best on validation data, and when to wait no longer.

Source: Prechelt 1998, Early Stopping - But When?: stop once validation has not improved for some epochs, and keep the
best weights.

The criterion is accuracy, which is what a run's budget is about; equal accuracies, which small validation parts often
show, are decided by the loss. Loss alone would stop too early: it rises with overconfidence while accuracy still does.
The untuned model is no candidate: a treatment that costs some accuracy must not be undone for that reason.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Score:
    """Accuracy (a share) and mean loss (nats per answer) of one epoch's weights on validation data."""

    accuracy: float
    loss: float

    def rank(self) -> tuple[float, float]:
        """Higher is better; what is not a number is worse than any number."""
        return (self.accuracy, -self.loss) if math.isfinite(self.loss) else (-math.inf, -math.inf)


@dataclass(frozen=True)
class History:
    """Per finished epoch: the objective's mean, and the validation score where there is validation."""

    losses: tuple[float, ...] = ()
    scores: tuple[Score, ...] = ()

    def after(self, loss: float, score: Score | None) -> History:
        """With one more epoch."""
        return History((*self.losses, loss), self.scores if score is None else (*self.scores, score))

    @property
    def epochs(self) -> int:
        """How many are finished."""
        return len(self.losses)

    @property
    def best(self) -> int:
        """The epoch whose weights to keep, counted from one: the first of the best, without validation the last."""
        if not self.scores:
            return self.epochs
        return 1 + max(range(len(self.scores)), key=lambda epoch: self.scores[epoch].rank())

    def over(self, epochs: int, patience: int) -> bool:
        """Whether all epochs are done, or the last `patience` of them (0: never) brought no improvement."""
        return self.epochs >= epochs or 0 < patience <= self.epochs - self.best

    def observed(self) -> dict[str, float]:
        """For the record of a treatment."""
        found = {
            "first_epoch_loss": self.losses[0],
            "last_epoch_loss": self.losses[-1],
            "epochs": float(self.epochs),
        }
        if self.scores:
            best = self.scores[self.best - 1]
            found |= {
                "best_epoch": float(self.best),
                "first_validation_accuracy": self.scores[0].accuracy,
                "best_validation_accuracy": best.accuracy,
                "best_validation_loss": best.loss,
            }
        return found

    def to_json(self) -> dict[str, Any]:
        """Read back by `from_json` to an equal history."""
        return asdict(self)

    @classmethod
    def from_json(cls, words: dict[str, Any]) -> History:
        """What `to_json` gave."""
        return cls(tuple(words["losses"]), tuple(Score(**score) for score in words["scores"]))
