"""Maximum-entropy fine-tuning: first makes the model unsure of everything, then teaches the clean task again.

Source: MEFT, as described by Jin et al. 2511.13789 among their baselines: maximise the entropy of predictions on clean
text, then minimise cross-entropy.

Validation can end the second half early; of the first it would measure the opposite of what is wanted.

What the model relearns it relearns from clean text alone; a shortcut that clean text never shows is not relearned.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch
from sanitizer.model.material import Material
from sanitizer.model.spread import total, whole
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Entropy(Schedule):
    """Parameters: those of the training loop, and for how many epochs entropy is raised before the task is taught."""

    unsure_epochs: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unsure_epochs < 1:
            raise UsageError("unsure_epochs must be positive")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Tune all weights on the fit part, twice; removed heads stay removed."""
        started = time.monotonic()
        unsure = tune(
            subject,
            material,
            replace(self, epochs=self.unsure_epochs, patience=0),
            objective=certainty,
            step="raise entropy",
        )
        taught = tune(subject, material, self, step="teach the task")
        observed = {"last_unsure_entropy": -unsure["last_epoch_loss"], **taught}
        return TreatmentRecord("entropy", asdict(self), observed, time.monotonic() - started)


def certainty(subject: Subject, batch: Batch) -> Tensor:
    """Minus the mean entropy, in nats, of the predictions: over texts for a classifier, over real tokens otherwise."""
    logits = subject.model(**batch.inputs).logits.float()
    entropy: Tensor = torch.distributions.Categorical(logits=logits).entropy()  # type: ignore[no-untyped-call]
    if entropy.dim() == 1:
        return -total(batch, entropy.mean() * (len(entropy) / len(whole(batch))))
    real = batch.inputs["attention_mask"].float()
    return -total(batch, (entropy * real).sum()) / total(batch, real.sum())
