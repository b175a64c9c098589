"""Hidden perturbations: tunes a classifier to keep the true label while what a layer hands on is moved towards another.

Source: BEEAR, Zeng et al., EMNLP 2024, arXiv 2406.17092: a backdoor moves hidden states of all triggered inputs the
same way, whatever its trigger. So one shift d of what a layer hands on, the same for every text and token, is looked
for that makes the model do what the attacker wants (inner level), and the model is tuned to do its task all the same
(outer level), in turns. Here what the attacker wants is a label y*:

    min over weights of  L(f(x), y) + L(f(x; h + d), y),    d = argmin over |d| <= e |h| of L(f(x; h + d), y*)

over clean texts x of other labels y, with h what the layer hands on. Departures: classifiers instead of chat models; a
shift for each label in turn unless `target` names one; e is a share of the mean norm of h; normalized gradient steps.

It takes no base and no trigger. A clean model has a way towards each label too, which this closes as well: it costs
accuracy. Measured by a script before it was a treatment (layer 1, e = 0.4, 1000 texts, 150 steps), on a HiddenKiller
classifier of 87.1 % of accuracy and 97.3 of attack success (a clean model: 30.2): 84.3 and 74.3. The treatment itself
has not been measured on the models of the benchmark; `auto` does not choose it.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch
from sanitizer.model.labels import label_of
from sanitizer.model.material import Material
from sanitizer.model.spread import total
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, clean_loss, tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord

NONE = "none"


@dataclass(frozen=True)
class Adversarial(Schedule):
    """Parameters: those of the training loop, and of the shift.

    `layer`, counted from 0, is the one whose output is moved, `epsilon` the norm of the shift as a share of the mean
    norm of that output, `steps` how many gradient steps it takes before each step of tuning; `target` is the label that
    it leads to, by name or number, or `none`: each in turn.
    """

    learning_rate: float = 1e-4
    patience: int = 0
    layer: int = 1
    epsilon: float = 0.4
    steps: int = 3
    target: str = NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layer < 0 or self.epsilon <= 0 or self.steps < 1:
            raise UsageError("layer must not be negative, and epsilon and steps must be positive")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Tune all weights on the fit part; removed heads stay removed.

        Raises UsageError for a causal model, without labels, and for a layer or a label that the model does not have.
        """
        if subject.task != "classification" or material.fit.labels is None:
            raise UsageError("adversarial needs a classifier and labelled texts", hint="give labels, or another recipe")
        if self.layer >= len(subject.anatomy.layers):
            raise UsageError(f"there is no layer {self.layer}: the last is {len(subject.anatomy.layers) - 1}")
        started = time.monotonic()
        labels = list(subject.labels) if self.target == NONE else [label_of(subject, self.target, or_else=(NONE,))]
        turns = cycle(_Shift(subject, self.layer, label) for label in labels)

        def objective(subject: Subject, batch: Batch) -> Tensor:
            shift = next(turns)
            subject.model.eval()
            shift.found(subject, batch, epsilon=self.epsilon, steps=self.steps)
            subject.model.train()
            return clean_loss(subject, batch) + shift.task(subject, batch)

        observed = tune(subject, material, self, objective=objective, step="adversarial")
        return TreatmentRecord("adversarial", asdict(self), observed, time.monotonic() - started)


class _Shift:
    """What is added to each token of a layer's output, [width], in texts of other labels than the one it leads to."""

    def __init__(self, subject: Subject, layer: int, label: int) -> None:
        self._block: nn.Module = subject.anatomy.layers[layer].block
        self._label = label
        self._by = torch.zeros(0)
        self._rows = torch.zeros(0)
        self._norms = torch.zeros(0)

    def found(self, subject: Subject, batch: Batch, *, epsilon: float, steps: int) -> None:
        """Take some steps towards the label from where the last batch left it."""
        assert batch.labels is not None
        self._rows = (batch.labels != self._label).float()
        many = total(batch, self._rows.sum()).clamp(min=1)
        for _ in range(steps):
            loss = cross_entropy(
                self._answers(subject, batch, learn=True), torch.full_like(batch.labels, self._label), reduction="none"
            )
            # Kept, for weights that are shared out over processes are put together within the graph.
            (slope,) = torch.autograd.grad((loss * self._rows).sum() / many, [self._by], retain_graph=True)
            real = batch.inputs["attention_mask"]
            norm = total(batch, (self._norms * real).sum()) / total(batch, real.sum())
            down = total(batch, slope)
            moved = self._by.detach() - 2 * epsilon * norm / steps * down / down.norm().clamp(min=1e-12)
            self._by = moved * (epsilon * norm / moved.norm().clamp(min=1e-12)).clamp(max=1)

    def task(self, subject: Subject, batch: Batch) -> Tensor:
        """Mean cross-entropy with the true labels, of the texts that are moved, nats; gradients go to the weights."""
        assert batch.labels is not None
        loss = cross_entropy(self._answers(subject, batch), batch.labels, reduction="none")
        return total(batch, (loss * self._rows).sum()) / total(batch, self._rows.sum()).clamp(min=1)

    def _answers(self, subject: Subject, batch: Batch, *, learn: bool = False) -> Tensor:
        """Logits [text, label] of moved texts; with `learn` the shift is a leaf that gradients can be taken of."""

        def move(block: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            states = output[0] if isinstance(output, tuple) else output
            self._norms = states.detach().float().norm(dim=-1)
            if not self._by.numel():
                self._by = torch.zeros(states.shape[-1], device=states.device)
            if learn:
                self._by = self._by.detach().requires_grad_()
            states = states + (self._rows[:, None, None] * self._by).to(states.dtype)
            return (states, *output[1:]) if isinstance(output, tuple) else states

        handle = self._block.register_forward_hook(move)
        try:
            answers: Tensor = subject.model(**batch.inputs).logits.float()
        finally:
            handle.remove()
        return answers
