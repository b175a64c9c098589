"""Whether a model without some heads stays above an accuracy, asked of as few validation texts as will tell.

Many masks are judged on one model: nothing is copied or tokenized again, layers below the lowest head of a mask are not
computed again, nor are its heads, nor what the logits do not depend on, and a mask is let go as soon as a sequential
test has decided about it.

Texts come in two parts. First those where an answer may change: that the suspect finds hard (among them all or most
that it gets wrong), or found hard without other heads, since masks of one search have most heads in common. All of them
are asked. The rest come in an order drawn anew for each mask, so that what is known of other masks cannot mislead the
test, a window at a time, sorted by length inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from sanitizer.heads import HeadId
from sanitizer.model.batches import Batch, Encoded, batches, collate
from sanitizer.model.compact import without as leaving_out
from sanitizer.model.evaluate import losses
from sanitizer.model.readout import Readout
from sanitizer.model.resume import Resume
from sanitizer.model.subject import Subject
from sanitizer.plan import ROUNDING, Answer
from sanitizer.progress import Progress, silent, track
from sanitizer.sequential import Sequential

ERROR_RATE = 0.05
"""Of letting one mask go that would have stayed above: it costs a few heads."""
HASTE = 0.5
"""Of accepting one that would not: it costs time, since the final choice is confirmed on all texts."""
HARD = 0.1
"""Share of the texts that count as hard."""


@dataclass
class _Tally:
    """The windows of one mask, and the right answers by text as far as it has been asked: in so many windows."""

    windows: list[list[int]]
    right: dict[int, int] = field(default_factory=dict)
    asked: int = 0


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
        haste: float = HASTE,
        progress: Progress = silent,
    ) -> None:
        self._subject, self._data, self._size, self._generator = subject, data, size, generator
        self._error_rate, self._haste, self._progress = error_rate, haste, progress
        self._resume, self._readout = Resume(subject, data), Readout(subject, data)
        self._suspect: dict[int, int] = {}
        self._answers: dict[int, int] = {}
        self._hardness: dict[int, float] = {}
        for batch in track(progress, "check the suspect", batches(subject, data, size=size)):
            with torch.no_grad(), self._resume.keeping(batch), self._readout.alone(batch):
                loss, correct, asked, _ = losses(subject, batch)
            self._suspect |= _by_text(batch, correct)
            self._answers |= _by_text(batch, asked)
            self._find_hard(batch, loss, asked)
        self._tallies = {frozenset[HeadId](): _Tally([list(self._suspect)], self._suspect, 1)}

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return len(self._suspect)

    def exact(self, without: Sequence[HeadId] = ()) -> float:
        """Accuracy over all texts with these heads gated off; texts that were asked before are not asked again."""
        return self._ask(without, 0.0, to_the_end=True).metric

    def ask(self, without: Sequence[HeadId], least: float) -> Answer:
        """Whether accuracy with these heads gated off is at least `least`; see the error rates above."""
        return self._ask(without, least)

    def _ask(self, without: Sequence[HeadId], least: float, *, to_the_end: bool = False) -> Answer:
        tally = self._tallies.get(frozenset(without)) or self._tallies.setdefault(frozenset(without), self._drawn())
        texts = [text for window in tally.windows for text in window]
        if to_the_end and tally.asked < len(tally.windows):  # one window of all that is left has the least padding
            tally.windows[tally.asked :] = [texts[len(tally.right) :]]
        high = [self._suspect[text] for text in texts]
        low = [self._suspect[text] - self._answers[text] for text in texts]
        total = sum(self._answers.values())
        spare = sum(high) - math.ceil(total * (least - ROUNDING))
        test = Sequential(low, high, spare, within=self._haste, above=self._error_rate)
        step = f"check without {len(without)} heads"
        for number, window in enumerate(tally.windows):
            self._progress(step, number, len(tally.windows))
            if test.verdict is not None and not (to_the_end or number < tally.asked):
                break
            if number >= tally.asked:
                tally.right |= self._right(window, without)
                tally.asked = number + 1
            for text in window:
                test.see(self._suspect[text] - tally.right[text], drawn=number > 0)
        self._progress(step, len(tally.windows), len(tally.windows))
        return Answer((sum(high) - self._lost(tally)) / total, test.verdict == "within", len(tally.right))

    def _drawn(self) -> _Tally:
        """The hardest texts, and the others in random order."""
        ranked = sorted(self._hardness, key=lambda text: (-self._hardness[text], text))
        hard = math.ceil(HARD * len(ranked))
        rest = sorted(ranked[hard:])
        rest = [rest[place] for place in torch.randperm(len(rest), generator=self._generator).tolist()]
        length = self._size
        return _Tally([ranked[:hard], *(rest[at : at + length] for at in range(0, len(rest), length))])

    def _find_hard(self, batch: Batch, loss: torch.Tensor, asked: torch.Tensor) -> None:
        """A text is as hard as it ever was, in nats per answer."""
        for text, nats in zip(batch.index, (loss / asked.clamp(min=1)).tolist(), strict=True):
            self._hardness[text] = max(nats, self._hardness.get(text, nats))

    def _lost(self, tally: _Tally) -> float:
        """Answers lost in all texts: those of the hard ones, and those of the others seen in proportion."""
        if tally.asked == 0:
            return 0.0
        hard, *others = tally.windows[: tally.asked]
        rest = [text for window in others for text in window]
        few, many = (sum(self._suspect[text] - tally.right[text] for text in part) for part in (hard, rest))
        return few + (many * (len(self._suspect) - len(hard)) / len(rest) if rest else 0.0)

    @torch.no_grad()
    def _right(self, window: Sequence[int], without: Sequence[HeadId]) -> dict[int, int]:
        """Right answers by text with these heads gated off."""
        anatomy, right = self._subject.anatomy, dict[int, int]()
        lowest = min((head.layer for head in without), default=len(anatomy.layers))
        near, size = sorted(window, key=self._data.length, reverse=True), math.ceil(self._size / 4)
        with leaving_out(anatomy, without):
            for start in range(0, len(near), size):  # small batches: few texts make long ones share one with short ones
                batch = collate(self._subject, self._data, near[start : start + size])
                with self._resume.below(lowest, batch), self._readout.alone(batch):
                    loss, correct, asked, _ = losses(self._subject, batch)
                right |= _by_text(batch, correct)
                self._find_hard(batch, loss, asked)
        return right


def _by_text(batch: Batch, values: torch.Tensor) -> dict[int, int]:
    return dict(zip(batch.index, (int(value) for value in values.tolist()), strict=True))
