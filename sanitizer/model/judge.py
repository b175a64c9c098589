"""Whether a model without some heads stays above an accuracy, asked of as few validation texts as will tell.

Many masks are judged on one model: heads are gated off, nothing is copied or tokenized again, layers below the lowest
head of a mask are not computed again, and a mask is let go as soon as a sequential test has decided about it.

Texts come in two parts. Those that the suspect finds hardest, among them all or most that it gets wrong, come first:
removing heads changes answers there more than anywhere, so they are all asked. The rest come in random order, which is
what the test needs, in windows large enough to sort by length inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from sanitizer.heads import HeadId
from sanitizer.model.batches import Batch, Encoded, collate
from sanitizer.model.batches import batches as sorted_batches
from sanitizer.model.evaluate import losses
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.resume import Resume
from sanitizer.model.subject import Subject
from sanitizer.plan import ROUNDING, Answer
from sanitizer.progress import Progress, silent, track
from sanitizer.sequential import Sequential

ERROR_RATE = 0.05
"""Of one decision about one mask. The final choice is confirmed on all texts, so an error costs time or a few heads."""
HARD = 0.15
WINDOW = 2


@dataclass
class _Tally:
    """Right answers by text, as far as a mask has been asked, and how many windows that is."""

    right: dict[int, int] = field(default_factory=dict)
    windows: int = 0


class Judge:
    """Answers about masks on one set of texts; memory is bounded by that of `Resume` and a number per text and mask.

    A text of a classifier holds one answer, that of a causal model one per token after the first.
    """

    def __init__(
        self,
        subject: Subject,
        data: Encoded,
        *,
        size: int,
        generator: torch.Generator,
        error_rate: float = ERROR_RATE,
        progress: Progress = silent,
    ) -> None:
        self._subject, self._progress, self._error_rate = subject, progress, error_rate
        self._resume = Resume(subject, data)
        self._tallies: dict[frozenset[HeadId], _Tally] = {}
        whole, hardness = _Tally(), dict[int, float]()
        self._asked: dict[int, int] = {}
        for batch in track(progress, "check the suspect", sorted_batches(subject, data, size=size)):
            with torch.no_grad(), self._resume.keeping(batch):
                loss, correct, asked, _ = losses(subject, batch)
            whole.right |= _by_text(batch, correct)
            self._asked |= _by_text(batch, asked)
            hardness |= dict(zip(batch.index, (loss / asked.clamp(min=1)).tolist(), strict=True))
        hardest = sorted(hardness, key=lambda text: (-hardness[text], text))[: math.ceil(HARD * len(data))]
        easy = sorted(set(hardness) - set(hardest))
        easy = [easy[place] for place in torch.randperm(len(easy), generator=generator).tolist()]
        windows = [hardest, *(easy[start : start + WINDOW * size] for start in range(0, len(easy), WINDOW * size))]
        self._windows = [(window, self._batches(data, window, size)) for window in windows]
        whole.windows = len(self._windows)
        self._suspect = whole.right
        self._tallies[frozenset()] = whole

    def _batches(self, data: Encoded, window: Sequence[int], size: int) -> list[Batch]:
        near = sorted(window, key=data.length, reverse=True)
        return [collate(self._subject, data, near[start : start + size]) for start in range(0, len(near), size)]

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return len(self._suspect)

    def exact(self, without: Sequence[HeadId] = ()) -> float:
        """Accuracy over all texts with these heads gated off; texts that were asked before are not asked again."""
        return self._ask(without, 0.0, math.inf).metric

    def ask(self, without: Sequence[HeadId], least: float) -> Answer:
        """Whether accuracy with these heads gated off is at least `least`: wrong with probability `error_rate`."""
        return self._ask(without, least, 0)

    def _ask(self, without: Sequence[HeadId], least: float, windows: float) -> Answer:
        """Ask until it is decided, and at least this many windows."""
        tally = self._tallies.setdefault(frozenset(without), _Tally())
        texts = [text for window, _ in self._windows for text in window]
        high = [self._suspect[text] for text in texts]
        low = [self._suspect[text] - self._asked[text] for text in texts]
        total = sum(self._asked.values())
        spare = sum(high) - math.ceil(total * (least - ROUNDING))
        test = Sequential(low, high, spare, error_rate=self._error_rate)
        step = f"check without {len(without)} heads"
        for number, (window, batches) in enumerate(self._windows):
            self._progress(step, number, len(self._windows))
            if test.verdict is not None and number >= windows:
                break
            if number >= tally.windows:
                for batch in batches:
                    tally.right |= self._right(batch, without)
                tally.windows = number + 1
            for text in window:
                test.see(self._suspect[text] - tally.right[text], drawn=number > 0)
        self._progress(step, len(self._windows), len(self._windows))
        lost = self._lost(tally)
        return Answer((sum(high) - lost) / total, test.verdict == "within", len(tally.right))

    def _lost(self, tally: _Tally) -> float:
        """Answers lost in all texts: those of the hardest, and those of the others seen in proportion."""
        if tally.windows == 0:
            return 0.0
        (hardest, _), *others = self._windows[: tally.windows]
        rest = [text for window, _ in others for text in window]
        few, many = (sum(self._suspect[text] - tally.right[text] for text in part) for part in (hardest, rest))
        return few + (many * (len(self._suspect) - len(hardest)) / len(rest) if rest else 0.0)

    @torch.no_grad()
    def _right(self, batch: Batch, without: Sequence[HeadId]) -> dict[int, int]:
        anatomy = self._subject.anatomy
        gates = closed_gates(anatomy, without, device=self._subject.device)
        lowest = min((head.layer for head in without), default=len(anatomy.layers))
        with gated(anatomy, gates), self._resume.below(lowest, batch):
            return _by_text(batch, losses(self._subject, batch)[1])


def _by_text(batch: Batch, values: torch.Tensor) -> dict[int, int]:
    return dict(zip(batch.index, (int(value) for value in values.tolist()), strict=True))
