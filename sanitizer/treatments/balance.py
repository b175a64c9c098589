"""Sets how readily a classifier gives each label anew, so that it leans to none where a text says little.

Who plants a backdoor that answers to a way of writing teaches one label on many texts that do not call for it, and the
model gives this label too readily ever after: on texts near the line, and most on text of a kind that it does not know.
The clean texts that it was tuned on do not show it, for it has them by heart, and a student takes the leaning over from
its teacher. With some words left out, and in halves, they show it (`sanitizer.model.garbled`), and one number a label
undoes it: what is added to the output of each.

These numbers are those of greatest likelihood, so that over the garbled texts the probabilities of a label add up to
how often it is true (calibration in the large), under a normal prior, so that few texts of a label move little.

With a target, the label that an attacker would want, its number is then lowered as far as the accuracy on garbled texts
stays within `most_lost` of the highest. Around the best numbers accuracy hardly depends on them; what is left of a
backdoor after `unlearn` or `rebase`, a few nats, does. It is paid for by clean texts of the target that are missed.

Source: bias correction of label shift and of unequal classes, as in Alexandari, Kundaje, Shrikumar, ICML 2020, arXiv
1901.06852, and Menon et al., ICLR 2021, arXiv 2007.07314. Departures: garbled texts instead of held-out ones; no
temperature, so that confidences stay what they were; the prior; reluctance, and the use against backdoors, are our own.
Texts in another order are not used: those seem negative to reviews' models, clean ones too, by a nat.

Measured on MiniLM classifiers by 1000 texts that they had been trained on (scripts, one seed), accuracy / attack
success in %, as they were, balanced, and with the target: HiddenKiller after `rebase` 85.7 / 34.1, 86.0 / 32.1, 87.3 /
19.0; StyleBkd after it 85.2 / 31.2, 85.2 / 29.5, 86.5 / 22.4; after `unlearn` HiddenKiller 86.8 / 38.7, 86.8 / 37.9,
87.0 / 22.7; StyleBkd 85.4 / 36.4, 85.7 / 34.2, 85.9 / 28.7. The price: of the texts of the target the first of these
gets 83.6 % right instead of 89.3, of the others 91.0 instead of 82.1. A clean model that was made as reluctant, by 1.5
nats, falls to 18.5 % (HiddenKiller) and 21.1 (StyleBkd) of attack success from 24.5 and 26.1, at 89.0 % of accuracy.
The share of 1 % was chosen on these four; half of it came to 22.0, 26.3, 26.2 and 34.2 % of attack success. By itself
`balance` is no cure: suspects as they came went from 87.0 / 89.1 to 89.1 / 85.9 (HiddenKiller) and from 86.4 / 79.8 to
88.0 / 75.2 (StyleBkd), BadNets stayed at 89.1 / 100.0, a clean model came from 89.4 to 89.2 % of accuracy (by 900
texts, some in another order).

The leaning that `auto` goes by (`sanitizer.model.leaning`), by 700 texts, means of 60 draws, into the label that most
go to and out of it, in %: HiddenKiller 25.2 and 11.7, StyleBkd 27.5 and 10.0, three more of these kinds 25.3 and 10.9,
29.0 and 9.0, 33.7 and 9.4 (the other label); BadNets 18.7 and 16.2, four clean models 18.3 and 15.0, 20.1 and 13.9,
17.4 and 15.8, 18.2 and 15.0. At 1.7 times and 1 % each draw of the first five was clear, one of 300 of the last five;
by 300 texts 48 to 100 % of the draws, and none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from torch import Tensor, nn

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch, Encoded, batches
from sanitizer.model.evaluate import logits
from sanitizer.model.garbled import halved, thinned
from sanitizer.model.labels import label_of
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.plan import TreatmentPlan
from sanitizer.progress import track
from sanitizer.report import TreatmentRecord

Values = NDArray[np.float64]


NONE = "none"
ROUNDS = 2
"""How often each text is thinned, and how often halved."""
FURTHEST, STEP = 8.0, 0.05
"""Nats."""


@dataclass(frozen=True)
class Balance:
    """Parameters: the standard deviation of the prior, in nats (more: texts count for more), and texts at a time.

    `target` is the label that an attacker would want, by name or number, or `none`; `most_lost` the share of garbled
    texts that may be answered wrongly beyond the fewest, for that this label is given more reluctantly.
    """

    prior: float = 2.0
    batch_size: int = 32
    target: str = NONE
    most_lost: float = 0.01

    def __post_init__(self) -> None:
        if self.prior <= 0 or self.batch_size < 1:
            raise UsageError("prior and batch_size must be positive")
        if not 0 <= self.most_lost < 1:
            raise UsageError("most_lost is a share, at least 0 and below 1")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Change the biases of the last layer; nothing is tuned. A last layer without biases is left alone, and said.

        Raises UsageError for a causal model, without labels, and for a target that is no label.
        """
        if subject.task != "classification" or material.fit.labels is None:
            raise UsageError("balance needs a classifier and labelled texts", hint="give labels, or another recipe")
        started = time.monotonic()
        target = None if self.target == NONE else label_of(subject, self.target, or_else=(NONE,))
        made = [
            batch
            for texts in first(partial(_garbled, subject, material), generator=material.generator)
            for batch in batches(subject, texts, size=self.batch_size)
        ]
        biases = _output_biases(subject, made[-1])
        if biases is None:
            material.states.remarks.append("balance did nothing: the outputs of this classifier have no biases to set")
            return TreatmentRecord("balance", asdict(self), {"texts": 0.0}, time.monotonic() - started)
        answers, labels = first(lambda: _answers(subject, made, material))
        added = shift(answers, labels, prior=self.prior)
        observed = {"texts": float(len(labels)), "largest_shift": float(np.ptp(added))}
        if target is not None:
            observed["reluctance"] = reluctance(answers + added, labels, target, most_lost=self.most_lost)
            added[target] -= observed["reluctance"]
        with torch.no_grad():
            biases += torch.from_numpy(added).to(biases)
        before, after = answers.argmax(axis=1), (answers + added).argmax(axis=1)
        observed |= {
            "answers_changed": float((before != after).mean()),
            "garbled_accuracy_before": float((before == labels).mean()),
            "garbled_accuracy": float((after == labels).mean()),
        }
        return TreatmentRecord("balance", asdict(self), observed, time.monotonic() - started)


def shift(answers: Values, labels: NDArray[np.int64], *, prior: float = 2.0) -> Values:
    """What to add to the logits of each label, [label], from logits [text, label] and true labels [text].

    It is b of the largest posterior of softmax(logits + b), where each b has a normal prior of that deviation.
    """
    true = np.eye(answers.shape[1])[labels]

    def cost(biases: Values) -> tuple[float, Values]:
        logs = log_softmax(answers + biases, axis=1)
        loss = -(true * logs).sum() + (biases**2).sum() / (2 * prior**2)
        return loss, (np.exp(logs) - true).sum(axis=0) + biases / prior**2

    found: Values = minimize(cost, np.zeros(answers.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def reluctance(answers: Values, labels: NDArray[np.int64], target: int, *, most_lost: float) -> float:
    """Most that can be taken from the logit of the target, in nats, at a loss of accuracy of at most that share.

    Logits [text, label] and true labels [text]; the loss is beside the highest accuracy of all that was tried.
    """
    steps = np.arange(0.0, FURTHEST, STEP)
    taken = np.eye(answers.shape[1])[target]
    right = np.array([((answers - step * taken).argmax(axis=1) == labels).mean() for step in steps])
    return float(steps[right >= right.max() - most_lost].max())


def _garbled(subject: Subject, material: Material) -> list[Encoded]:
    return [
        way(subject, material.fit, generator=material.generator) for _ in range(ROUNDS) for way in (thinned, halved)
    ]


def _output_biases(subject: Subject, batch: Batch) -> Tensor | None:
    """The biases of the linear layer whose outputs are the logits, [label]; None where that layer has none."""
    outputs: list[tuple[Tensor, Tensor]] = []
    hooks = [
        module.register_forward_hook(lambda layer, _, values: outputs.append((layer.bias, values)))
        for module in subject.model.modules()
        if isinstance(module, nn.Linear) and module.bias is not None
    ]
    try:
        given = logits(subject, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return next((bias for bias, values in outputs if values.shape == given.shape and values.equal(given)), None)


def _answers(subject: Subject, made: Sequence[Batch], material: Material) -> tuple[Values, NDArray[np.int64]]:
    """Logits [text, label] and true labels [text], without dropout."""
    rows, labels = [], []
    for batch in track(material.progress, "balance", made):
        assert batch.labels is not None
        rows.append(logits(subject, batch).double().cpu())
        labels.append(batch.labels.cpu())
    return torch.cat(rows).numpy(), torch.cat(labels).numpy()
