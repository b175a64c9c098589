"""To which label a classifier leans where a text says little: the attacker's, if a way of writing is the trigger.

The words of clean texts are put into random order. That makes them harder to understand, for every label alike, and a
clean model errs towards either label about as often. One that was taught to answer to syntax or style with a label
gives this one more readily to whatever is written in no usual way. That needs no trigger, and shows on texts that the
model knows by heart.

A model that was trained on labels of unequal frequency, or on a task where what says nothing has a label of its own,
leans as well: it is evidence for a target label, not for a backdoor. Backdoors of single words do not show.

Ours. Settled on nine classifiers of one architecture and task, with 700 texts: of four that answer to syntax or style,
1.9 to 10 times as many texts went into the attacker's label as out of it, of the others at most 1.3 times; what other
draws of texts gave says `sanitizer.treatments.unlearn`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.stats import binomtest
from torch import Tensor

from sanitizer.model.batches import Encoded, batches
from sanitizer.model.evaluate import evaluate
from sanitizer.model.garbled import shuffled
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, within

ORDERS = 3
"""How often each text is put into another order."""
LEAST_RATIO, MOST_CHANCE = 1.6, 0.01
"""How much more must go into a label than out of it, and how improbable that may be by chance, over all labels."""


@dataclass(frozen=True)
class Leaning:
    """The label, and the share of texts of each other label that go over to it (summed) and of its own that leave it.

    `p_value` is that of so much more into it than out of it, by chance, for any of the labels.
    """

    label: int
    into: float
    out: float
    p_value: float

    @property
    def clear(self) -> bool:
        """Whether it is worth a word."""
        return self.into >= LEAST_RATIO * self.out and self.p_value <= MOST_CHANCE


def leaning(
    subject: Subject, data: Encoded, *, size: int, generator: torch.Generator, progress: Progress = silent
) -> Leaning | None:
    """The label that a classifier leans to most, however little; by texts of `data` that it gets right as they are.

    None where it gets texts of one label right at most, or no order of words matters. Raises ValueError without labels.
    """
    if data.labels is None:
        raise ValueError("only of labelled texts it is known where they should go")
    labels, step = torch.tensor(data.labels), "put words in another order"

    def predicted(texts: Encoded, number: int) -> Tensor:
        made = batches(subject, texts, size=size)
        part = within(progress, step, number * len(made), (ORDERS + 1) * len(made))
        return evaluate(subject, made, progress=part, step=step).predicted

    right = predicted(data, 0) == labels
    orders = [predicted(shuffled(subject, data, generator=generator), 1 + number) for number in range(ORDERS)]
    return found(labels[right], [given[right] for given in orders], count=subject.model.config.num_labels)


def found(labels: Tensor, orders: Sequence[Tensor], *, count: int) -> Leaning | None:
    """From true labels [text] and what was answered to each order of the words [text], of so many labels.

    The chance is that of a binomial test over texts: several orders of one are no more evidence than one, but steadier.
    """
    sizes = torch.bincount(labels, minlength=count).double()
    if int((sizes > 0).sum()) < 2:
        return None
    moved = torch.zeros(count, count, dtype=torch.float64)  # [from, to]
    for answers in orders:
        moved += torch.bincount(labels * count + answers, minlength=count**2).view(count, count) / len(orders)
    moved.fill_diagonal_(0.0)
    rates = moved / sizes.clamp(min=1)[:, None]
    into, out = rates.sum(dim=0), rates.sum(dim=1)
    label = int((into - out).argmax())
    arrived, left = float(moved[:, label].sum()), float(moved[label].sum())
    others = float(sizes.sum() - sizes[label]) / (count - 1)
    if round(arrived + left) == 0 or sizes[label] == 0:
        return None
    chance = binomtest(round(arrived), round(arrived) + round(left), others / (others + float(sizes[label])), "greater")
    return Leaning(label, float(into[label]), float(out[label]), min(float(chance.pvalue) * count, 1.0))
