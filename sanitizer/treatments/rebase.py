"""Starts again from the base and distils the suspect's answers on clean texts into it.

What was done to the suspect since it was the base is thrown away, and only what clean texts show of it crosses over:
nobody asks what it does when its trigger is there. The student learns the suspect's answers (softened, Hinton et al.
2015, arXiv 1503.02531), the labels where they were given, and what each layer hands on at every token, which says more
about a text than its answer does (Sun et al. 2019, arXiv 1908.09355). With `cuttings` it also learns what the suspect
makes of parts of the texts (`sanitizer.model.cuttings`). A classifier's head, which no base has, begins as the
suspect's and learns with the rest; input embeddings stay the base's.

Source: knowledge distillation against backdoors as in Li et al., ICLR 2021 (NAD), arXiv 2101.05930, whose teacher is
the tuned suspect and whose student is the suspect; and starting from clean weights as in Fine-mixing, Zhang et al.,
Findings of EMNLP 2022, arXiv 2210.09545. To start from the base alone and let the suspect teach is our own.

Measured by `--strategy auto --base` (`cards/auto-with-base`), with `balance` after it where a label was leaned to, on
MiniLM classifiers with 1000 texts that they had been trained on, another draw for each seed, accuracy / attack success
in % (in brackets that in a clean model): BadNets 89.1 / 100.0 before, then 87.1 / 13.2 (10.4); HiddenKiller 87.0 / 89.1
before, then 88.4 / 21.7, 87.4 / 22.6 (24.5); StyleBkd 86.4 / 79.8 before, then 87.3 / 25.1, 87.0 / 23.1 (26.1); a model
without a backdoor 89.4 before, then 87.6. By itself, the first two seeds: BadNets 87.1 / 13.2, 86.7 / 14.7;
HiddenKiller 87.7 / 34.4, 86.1 / 42.9; StyleBkd 86.9 / 34.9, 86.1 / 35.7; no backdoor 87.6, 86.4. Six epochs instead of
ten gave less accuracy (86.5 and 86.1; 85.7, 84.6 and 85.4; 85.2 and 85.4) for 14.7 and 17.5, 34.1, 40.9 and 36.8, 31.3
and 36.4 of attack success; 14 gave 86.9 and 47.3 on HiddenKiller, where labels alone gave 83.2 and 26 (scripts, one
seed). `unlearn` after 10 epochs came to 85.2 and 30.9 on HiddenKiller, towards its target at 1e-4 to 85.4 and 33.1; on
StyleBkd it cost 2.8 points and gained 2.9. Ten was chosen on these models. Accuracy on texts that the suspect was
trained on falls much further than on others, for the student has not learnt them by heart; the gate of a run sees that.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from torch import Tensor

from sanitizer.errors import UsageError
from sanitizer.model.average import Average
from sanitizer.model.batches import Batch
from sanitizer.model.cuttings import Cuttings
from sanitizer.model.distil import divergence, unlikeness
from sanitizer.model.held import embeddings_held
from sanitizer.model.hidden import hidden_states
from sanitizer.model.material import Material
from sanitizer.model.spread import own, total, whole
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, mean_loss, tune
from sanitizer.model.twin import twin
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Rebase(Schedule):
    """Parameters: those of the training loop, and what the student learns from.

    `temperature` softens answers; `labels` weighs the labels, `cuttings` the suspect's answers on cuttings and `layers`
    what its layers hand on, each beside its answers on the texts, which weigh 1. `average` is the decay of the average
    of the weights over steps (0: none).
    """

    epochs: int = 10
    learning_rate: float = 1e-4
    patience: int = 0
    temperature: float = 2.0
    labels: float = 1.0
    layers: float = 3.0
    cuttings: float = 0.0
    average: float = 0.98

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.labels, self.cuttings, self.layers) < 0 or self.temperature <= 0:
            raise UsageError("labels, cuttings and layers must not be negative, and temperature must be positive")
        if not 0 <= self.average < 1:
            raise UsageError("average must be at least 0 and below 1")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Take the base's weights and tune all but the input embeddings on the fit part; removed heads stay removed.

        Holds the suspect beside the student meanwhile. Raises UsageError where no base was named.
        """
        started = time.monotonic()
        base = material.known_base
        teacher = twin(subject)
        numbers = base.put(subject)
        average = Average(subject, self.average)
        cut = Cuttings(subject, material.fit, generator=material.generator)
        rewrites = self.cuttings > 0 and subject.task == "classification"

        def objective(subject: Subject, batch: Batch) -> Tensor:
            average.see()
            loss = self._loss(subject, teacher, batch, labels=self.labels)
            if not rewrites:
                return loss
            return loss + self.cuttings * self._loss(subject, teacher, own(batch, cut.of(whole(batch))))

        # Interrupted, it begins anew: neither the teacher nor the average is kept.
        fresh = replace(material, states=States())
        with embeddings_held(subject):
            observed = tune(subject, fresh, self, objective=objective, step="rebase")
        average.see()
        average.put_back()
        subject.hold()
        return TreatmentRecord(
            "rebase", asdict(self), {"parameters_from_base": float(numbers), **observed}, time.monotonic() - started
        )

    def _loss(self, student: Subject, teacher: Subject, batch: Batch, *, labels: float = 0.0) -> Tensor:
        real = batch.inputs["attention_mask"]
        with hidden_states(teacher.anatomy) as theirs, torch.no_grad():
            wanted = teacher.model(**batch.inputs).logits
        with hidden_states(student.anatomy) as ours:
            answers = student.model(**batch.inputs).logits
        over = partial(total, batch)
        loss = divergence(answers, wanted, temperature=self.temperature, real=real, total=over)
        if labels:
            loss = loss + labels * mean_loss(student, batch, answers)
        return loss + self.layers * unlikeness(ours, theirs, real, total=over) if self.layers else loss
