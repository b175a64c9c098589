"""What two models say to the same texts. Both are in memory, and a batch of each at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sanitizer.cleandata import CleanData, Part
from sanitizer.model.batches import Batch, collate, encode
from sanitizer.model.evaluate import Outcomes, evaluate, logits
from sanitizer.model.measure import measure, ratio, share
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track
from sanitizer.report import AnswersRecord, Metric, PairedMetric
from sanitizer.scan.ablation import paired_interval


@dataclass
class _Apart:
    """Running sums over logits, and which predictions were the same, text by text."""

    largest: float = 0.0
    total: float = 0.0
    count: int = 0
    same: list[Tensor] = field(default_factory=list)
    asked: list[Tensor] = field(default_factory=list)

    def see(self, left: Tensor, right: Tensor, rows: Tensor) -> None:
        """Logits of a batch [row, class], and how many rows each text has."""
        apart = (left.float() - right.float()).abs()
        self.largest = max(self.largest, float(apart.max()))
        self.total += float(apart.double().sum())
        self.count += apart.numel()
        alike = (left.argmax(dim=-1) == right.argmax(dim=-1)).float()
        self.same += [part.sum() for part in torch.split(alike.cpu(), rows.tolist())]
        self.asked += [number.float() for number in rows]


def compare_answers(
    left: Subject, right: Subject, data: CleanData, *, size: int, seed: int, progress: Progress = silent
) -> AnswersRecord:
    """Every text of the data. Labels are the data's own: nobody's predictions stand in for them."""
    part = everything(data)
    encoded = encode(left, part), encode(right, part)
    order = sorted(range(len(part)), key=lambda index: (-encoded[0].length(index), index))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    pairs = [(collate(left, encoded[0], chunk), collate(right, encoded[1], chunk)) for chunk in chunks]
    notes: list[str] = []
    apart = None
    if left.task != right.task:
        notes.append("one is a classifier and the other is not, so their answers are not compared")
    elif any(one["input_ids"] != other["input_ids"] for one, other in zip(*(e.rows for e in encoded), strict=True)):
        notes.append("the two read the texts as other tokens")
    if not notes or left.task == right.task == "classification":
        apart = _logits(left, right, pairs, notes, progress)
    metrics: tuple[PairedMetric, ...] = ()
    if left.task == right.task and (left.task == "causal" or part.labels is not None):
        outcomes = [
            evaluate(side, [pair[which] for pair in pairs], progress=progress, step=f"measure {word}")
            for which, (side, word) in enumerate(((left, "left"), (right, "right")))
        ]
        metrics = tuple(_paired(outcomes[0], outcomes[1], left, seed=seed))
    elif left.task == right.task:
        notes.append("the texts have no labels, so nothing says which answers are right")
    return AnswersRecord(
        data=data.provenance.name,
        sha256=data.provenance.sha256,
        texts=len(part),
        largest=None if apart is None else apart.largest,
        mean=None if apart is None else apart.total / apart.count,
        agreement=None if apart is None else _agreement(apart, left, seed),
        metrics=metrics,
        notes=(*data.provenance.notes, *notes),
    )


def everything(data: CleanData) -> Part:
    """The texts of all parts, which are as good as each other where nothing is fitted."""
    parts = (data.test, data.validation, data.fit)
    labels, prompts = (
        None if any(of is None for of in columns) else tuple(value for of in columns for value in of or ())
        for columns in ([part.labels for part in parts], [part.prompts for part in parts])
    )
    return Part(tuple(text for part in parts for text in part.texts), labels, prompts)


@torch.no_grad()
def _logits(
    left: Subject, right: Subject, pairs: Sequence[tuple[Batch, Batch]], notes: list[str], progress: Progress
) -> _Apart | None:
    apart = _Apart()
    for one, other in track(progress, "compare answers", pairs):
        ours, theirs = logits(left, one), logits(right, other)
        if ours.shape != theirs.shape:
            notes.append("the two have other classes, or another vocabulary")
            return None
        tokens = one.inputs["attention_mask"].sum(dim=1).cpu()
        apart.see(ours, theirs, torch.ones_like(tokens) if left.task == "classification" else tokens)
    return apart


def _agreement(apart: _Apart, left: Subject, seed: int) -> Metric:
    same, asked = torch.stack(apart.same), torch.stack(apart.asked)
    return share("agreement", same.bool()) if left.task == "classification" else ratio("agreement", same, asked, seed)


def _paired(left: Outcomes, right: Outcomes, subject: Subject, *, seed: int) -> list[PairedMetric]:
    """Accuracy and loss; of classifiers the interval of the change in accuracy is that of `paired_interval`."""
    pairs = list(zip(measure(left, subject.task, seed=seed), measure(right, subject.task, seed=seed), strict=True))
    if not torch.equal(left.asked, right.asked):
        return [PairedMetric(one, other, None) for one, other in pairs]
    right_now = right.correct - left.correct
    if subject.task == "classification":
        low, high = paired_interval(int((right_now > 0).sum()), int((right_now < 0).sum()), len(right_now))
        accuracy = Metric(pairs[0][0].name, float(right_now.double().mean()), low, high, len(right_now))
    else:
        accuracy = ratio(pairs[0][0].name, right_now, left.asked, seed)
    loss = ratio(pairs[1][0].name, right.loss - left.loss, left.asked, seed)
    return [PairedMetric(*pair, change) for pair, change in zip(pairs, (accuracy, loss), strict=True)]
