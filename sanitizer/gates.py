"""What a run may do and what its result must show: treatments that fit the data, gates of publication, remarks."""

from __future__ import annotations

from collections.abc import Sequence

from sanitizer import needs
from sanitizer.cleandata import CleanData, DataOrigin, LabelSource
from sanitizer.numbers import named
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.recipe import Step
from sanitizer.report import BaseRecord, FiledBase, Gate, Metric, ScanRecord

ALIKE = 0.9
"""Cosine of a model's layers with those of its base: 0.99 and more after ordinary fine-tuning, near 0 for strangers."""


def fitting(steps: Sequence[Step], data: CleanData) -> tuple[tuple[Step, ...], list[str]]:
    """The steps to take, and what is left out and why: most learn from the data (see `sanitizer.needs`)."""
    taken, skipped = [], []
    for step in steps:
        why = unfit(step.name, data.labelled_by, data.provenance.origin)
        if why:
            skipped.append(f"{step.name} was left out: {why}")
        else:
            taken.append(step)
    return tuple(taken), skipped


def unfit(step: str, labels: LabelSource, origin: DataOrigin) -> str:
    """Why a treatment cannot learn from such data; empty if it can, or learns nothing."""
    if step in needs.NO_TUNING:
        return ""
    if labels == "suspect" and step not in needs.OWN_PREDICTIONS:
        return "tuning on the suspect's own predictions teaches it nothing"
    return "it needs clean data of the model's own domain" if origin == "embedded" else ""


def accuracy_budget(before: Metric, after: Metric, budget: Budget) -> Gate:
    """Whether held-out data is within the budget, by the rule that chose: absolute, or relative to the suspect.

    What is not a number has lost everything.
    """
    name, lost = f"{before.name} on held-out data", before.value - after.value
    if budget.min_accuracy is not None:
        detail = f"{name} is {100 * after.value:.2f} %, the floor is {100 * budget.min_accuracy:.2f}"
    elif lost <= 0:
        detail = f"{name} did not fall ({0.0 - 100 * lost:+.2f} points)"
    else:
        detail = f"{name} fell by {100 * lost:.2f} points, the budget is {100 * budget.max_accuracy_drop:.2f}"
    return Gate("accuracy budget", budget.holds(after.value, before.value), detail)


def load_back(apart: float, tolerance: float) -> Gate:
    """Whether the saved folder, opened again, answers as the model in memory did (largest difference, relative)."""
    return Gate("load-back", apart <= tolerance, f"logits of the saved folder differ by {apart:.1e}")


def remarks(plan: TreatmentPlan, budget: Budget) -> list[str]:
    """What a reader of the report must not miss."""
    if plan.remove:
        return []
    if budget.max_heads == 0:
        return ["every head was kept: the recipe or --max-heads lets none go"]
    if budget.min_accuracy is None:
        return [f"no head could be removed within a budget of {100 * budget.max_accuracy_drop:.2f} points of accuracy"]
    floor, own = 100 * budget.min_accuracy, 100 * plan.suspect
    return [f"no head could be removed above a floor of {floor:.2f} % of accuracy: with all of them it is {own:.2f}"]


def woken(before: ScanRecord, after: ScanRecord, labels: Sequence[str]) -> list[str]:
    """A remark for each control that turns more answers than before, by intervals (95 %) that do not overlap.

    Conservative: the texts are the same ones, and a paired test would see smaller differences.
    """
    return [
        f"{then.control}: changes {100 * then.changed.value:.1f} % of the answers, before the treatment "
        f"{100 * flip.changed.value:.1f} %, mostly to {named(then.label, labels)}: a treatment can wake a backdoor "
        "that slept"
        for flip, then in before.flips_beside(after)
        if then.changed.low > flip.changed.high
    ]


def leans(seen: ScanRecord, labels: Sequence[str]) -> tuple[str, ...]:
    """A remark on a suspect that clearly leans to a label."""
    if seen.leaning is None or not seen.leaning.clear:
        return ()
    return (
        f"the model leans to {named(seen.leaning.label, labels)}: where texts say less, "
        f"{100 * seen.leaning.into:.0f} % of the others go over to it and {100 * seen.leaning.out:.0f} % of its own "
        "leave it, as after a backdoor that answers to syntax or style, or after training on labels of unequal "
        "frequency",
    )


def left_out(surplus: tuple[str, ...], architecture: str) -> tuple[str, ...]:
    """A remark on tensors that no part of the model reads, if there are any."""
    if not surplus:
        return ()
    more = f" and {len(surplus) - 1} more" if len(surplus) > 1 else ""
    return (f"{architecture} has no place for the tensor {surplus[0]}{more}: left out of the result",)


def unlike(base: BaseRecord | FiledBase | None) -> tuple[str, ...]:
    """A remark on a base that the suspect was hardly made from."""
    if base is None or base.similarity >= ALIKE:
        return ()
    return (
        f"{base.name} may not be what this model was made from: the cosine of their layers is {base.similarity:.2f}, "
        f"of a model and its base usually above {ALIKE}",
    )
