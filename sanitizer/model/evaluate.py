"""What a model gets right on a set of batches, text by text, with some heads gated off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from sanitizer.heads import HeadId
from sanitizer.model.batches import Batch
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.subject import Subject
from sanitizer.model.team import gathered, team
from sanitizer.progress import Progress, silent, track


@dataclass(frozen=True)
class Outcomes:
    """Per text, in order of index: correct answers, answers asked, summed loss in nats, predicted label (or -1).

    A classifier is asked once per text; a causal model once per token after the first, or after the prompt if texts
    are prompts with their answers.
    """

    correct: Tensor
    asked: Tensor
    loss: Tensor
    predicted: Tensor

    @property
    def accuracy(self) -> float:
        """Share of correct answers."""
        return float(self.correct.double().sum() / self.asked.double().sum())

    @property
    def mean_loss(self) -> float:
        """Nats per answer."""
        return float(self.loss.sum() / self.asked.sum())


def losses(subject: Subject, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Forward one batch: summed loss, correct answers, answers asked and predicted label, each [batch]."""
    return losses_of(subject, batch, subject.model(**batch.inputs).logits)


def losses_of(subject: Subject, batch: Batch, logits: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same of logits that are there already."""
    if subject.task == "classification":
        predicted = logits.argmax(dim=-1)
        if batch.labels is None:
            nothing = torch.zeros(len(batch.index), device=logits.device)
            return nothing, nothing, nothing, predicted
        loss = cross_entropy(logits.float(), batch.labels, reduction="none")
        return loss, (predicted == batch.labels).float(), torch.ones_like(loss), predicted
    logits, target = logits[:, :-1], batch.inputs["input_ids"][:, 1:]
    counted = batch.inputs["attention_mask"][:, 1:].float()
    if batch.prompts is not None:
        counted = counted * (torch.arange(1, target.shape[1] + 1, device=target.device) >= batch.prompts[:, None])
    loss = cross_entropy(logits.float().transpose(1, 2), target, reduction="none") * counted
    correct = (logits.argmax(dim=-1) == target).float() * counted
    return loss.sum(dim=1), correct.sum(dim=1), counted.sum(dim=1), torch.full_like(target[:, 0], -1)


@torch.no_grad()
def evaluate(
    subject: Subject,
    batches: Sequence[Batch],
    *,
    without: Sequence[HeadId] = (),
    progress: Progress = silent,
    step: str = "evaluate",
) -> Outcomes:
    """Forward every batch, which may be some of the data's, with the heads `without` gated off.

    The processes of a team forward some of the batches each, and all of them get the same outcomes of all.
    """
    order = torch.tensor([index for batch in batches for index in batch.index]).argsort()
    now = team()
    mine = batches[now.rank :: now.size]

    def counted(step: str, done: int, total: int) -> None:
        progress(step, min(done * now.size, len(batches)), len(batches))

    with gated(subject.anatomy, closed_gates(subject.anatomy, without, device=subject.device)):
        rows = [
            torch.stack([column.float().cpu() for column in losses(subject, batch)])
            for batch in track(counted, step, mine)
        ]
        if len(mine) < -(-len(batches) // now.size):
            losses(subject, batches[-1])  # layers in shards are put together by all at once
    found = gathered(rows)
    every = [found[place % now.size][place // now.size] for place in range(len(batches))]
    loss, correct, asked, predicted = torch.cat(every, dim=1)[:, order]
    return Outcomes(correct=correct, asked=asked, loss=loss, predicted=predicted.long())


@torch.no_grad()
def logits(subject: Subject, batch: Batch) -> Tensor:
    """The logits of one batch at its real tokens, [row, class]: what a reload must reproduce."""
    values: Tensor = subject.model(**batch.inputs).logits
    return values if values.dim() == 2 else values[batch.inputs["attention_mask"].bool()]
