"""Internal consistency: tunes the model so that its layers change what they hand on smoothly, disturbed or not.

Source: CROW, Min et al., ICML 2025, arXiv 2411.12768: with h_l what layer l hands on, the roughness of a text is the
mean over layers and tokens of 1 - cos(h_l, h_{l+1}). The input embeddings are moved by e * sign of its gradient (FGSM),
and the loss is that of the task on the clean text plus a times the roughness of the moved one; e = 0.1, a = 5.5, 100
clean texts. A triggered text, the paper finds, makes layers jump; one that cannot jump cannot follow its trigger.

Departures: all weights are tuned instead of adapters (LoRA), at the rate of ordinary fine-tuning; padding does not
count; a classifier is tuned by its labels, which the paper, on generation, has no use for.

It needs no base, no trigger and no labels of its own. What it does to a classifier's backdoor is not known.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch
from sanitizer.model.hidden import hidden_states
from sanitizer.model.material import Material
from sanitizer.model.probes import some
from sanitizer.model.spread import Total, here, total
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, clean_loss, tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Consistency(Schedule):
    """Parameters: those of the training loop, `weight` (a) and `epsilon` (e) of the paper, and how many texts to use.

    Clean text does not show what it achieves, so by default validation does not end it early.
    """

    patience: int = 0
    weight: float = 5.5
    epsilon: float = 0.1
    texts: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight < 0 or self.epsilon < 0 or self.texts < 1:
            raise UsageError("weight and epsilon must not be negative, and texts must be positive")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Tune all weights on the fit part; removed heads stay removed. Raises UsageError for a model of one layer."""
        if len(subject.anatomy.layers) < 2:
            raise UsageError("consistency holds a layer against the next one, and this model has only one")
        started = time.monotonic()
        chosen = replace(material, fit=some(material.fit, self.texts, generator=material.generator))

        def objective(subject: Subject, batch: Batch) -> Tensor:
            moved = _Moved(subject)
            real = batch.inputs["attention_mask"]
            with moved, hidden_states(subject.anatomy) as states:
                task = clean_loss(subject, batch)
                over = partial(total, batch)
                (gradient,) = torch.autograd.grad(roughness(states, real, total=over), [moved.seen], retain_graph=True)
                states.clear()
                moved.by = self.epsilon * gradient.sign()
                subject.model(**batch.inputs)
                return task + self.weight * roughness(states, real, total=over)

        observed = tune(subject, chosen, self, objective=objective, step="smooth layers")
        return TreatmentRecord("consistency", asdict(self), observed, time.monotonic() - started)


def roughness(states: Sequence[Tensor], real: Tensor, *, total: Total = here) -> Tensor:
    """Mean of 1 - cos(h_l, h_{l+1}) over consecutive states [batch, token, width] and real tokens [batch, token].

    From 0, where no layer turns anything, to 2.
    """
    apart = [1 - cosine_similarity(one.float(), other.float(), dim=-1) for one, other in pairwise(states)]
    return total((torch.stack(apart).mean(dim=0) * real).sum()) / total(real.sum())


class _Moved:
    """Input embeddings as they are seen, and moved `by` something once it is set."""

    def __init__(self, subject: Subject) -> None:
        self._module: nn.Module = subject.model.get_input_embeddings()
        self.seen, self.by = torch.empty(0), torch.empty(0)

    def __enter__(self) -> None:
        self._handle = self._module.register_forward_hook(self._hook)

    def __exit__(self, *error: object) -> None:
        self._handle.remove()

    def _hook(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        if self.by.numel():
            return output + self.by
        self.seen = output if output.requires_grad else output.requires_grad_()
        return self.seen
