"""`--strategy auto`: which recipe the evidence calls for, and why. Pure logic on what a run has seen.

- Where the base is known, `rebase`: everything begins again from its weights, suspect heads included, and nothing of
  the suspect but its answers on clean text crosses over.
- Without one, heads that forensics names are removed, by the strategy `forensics`, and what is left is fine-tuned: a
  backdoor that was put into heads goes with them, and more would cost accuracy for nothing.
- Where it names none, every head stays: removing what clean text needs least cures only what sits in heads of its own,
  and that is what forensics looks for. The weights are repaired, by `unlearn` where a classifier's texts are labelled,
  and by `consistency` in a causal model.
- A label that the suspect clearly leans to (`sanitizer.model.leaning`) is taken for the attacker's: `unlearn` tunes
  against what leads there, and after it or `rebase` `balance` makes the model reluctant to give it, for a leaning comes
  over with the suspect's answers. Where it leans to none `unlearn` is gentle, and does nothing where no word stands
  out: a model without a backdoor should lose nothing.
- Where these lack what they need (labels that are not the suspect's own, texts of the model's domain), and nothing is
  suspect, what is left is a plain run: heads of low importance go, within the budget.
"""

from __future__ import annotations

from collections.abc import Sequence

from sanitizer.gates import unfit
from sanitizer.numbers import named
from sanitizer.recipe import Recipe, Step
from sanitizer.report import DataRecord, DecisionRecord, ForensicsRecord, LeaningRecord, SuspectHead, Task

AUTO = "auto"
_NO_REMOVAL = "random"
STRATEGIES = ("forensics", "gradient", _NO_REMOVAL)
TREATMENTS = ("remove", "finetune", "rebase", "balance", "unlearn", "consistency")
"""All that it chooses from."""
_HOW = {
    "finetune": "the rest is tuned on the clean texts (finetune), for what was put into heads is gone with them",
    "consistency": "without a base: tuned so that layers change what they hand on smoothly (consistency)",
}
GENTLY = {"target": "none", "learning_rate": 1e-4}
"""Settings of `unlearn` where nothing says which label an attacker would want."""
MOST_NAMED = 8

_Found = tuple[list[Step], list[str]]
"""Steps, and the reasons for them."""


def decide(
    task: Task,
    data: DataRecord,
    forensics: ForensicsRecord | None,
    leaning: LeaningRecord | None = None,
    *,
    base: bool,
    labels: Sequence[str] = (),
) -> tuple[Recipe, DecisionRecord]:
    """The recipe, with settings and budget at their defaults, and the reasons for it, one sentence each."""
    suspects = () if forensics is None else forensics.suspects
    target = leaning.label if leaning is not None and leaning.clear else None
    leans = "" if target is None else f"it leans to {named(target, labels)}, which is taken for the attacker's label"
    if base and not (why := unfit("rebase", data.labels, data.origin)):
        begun = (
            "the base is known: begun again from its weights, and taught by the suspect on clean texts alone (rebase)"
        )
        fits = task == "classification" and not unfit("balance", data.labels, data.origin)
        last, why_last = _balanced(target) if fits else ([], [])
        reasons = [_named(suspects, "given the base's weights"), leans, begun, *why_last]
        return _decided(_NO_REMOVAL, [Step("rebase"), *last], reasons)
    said = "was not asked" if forensics is None else f"says {forensics.answer}"
    reasons = [
        f"the base is not used: {why}" if base else "",
        _named(suspects, "removed, as far as the budget allows")
        or f"forensics {said}, so no head is removed for what it looks like",
        leans,
    ]
    steps, why_steps = _repaired(task, data, target, removed=bool(suspects))
    reasons += why_steps
    if suspects:
        return _decided("forensics", [Step("remove"), *steps], reasons)
    if steps:
        return _decided(_NO_REMOVAL, steps, reasons)
    last_resort = "heads that clean text needs least are removed, within the budget"
    return _decided("gradient", [Step("remove")], [*reasons, last_resort])


def _repaired(task: Task, data: DataRecord, target: int | None, *, removed: bool) -> _Found:
    """What is tuned without a base; nothing, where the data does not do for it."""
    repair = "finetune" if removed else "unlearn" if task == "classification" else "consistency"
    if why := unfit(repair, data.labels, data.origin):
        return [], [f"nothing is tuned, since {repair} would need more: {why}"]
    if repair != "unlearn":
        return [Step(repair)], [_HOW[repair]]
    last, why_last = _balanced(target)
    gently = "" if target is not None else "gently, since it leans to no label clearly, "
    how = f"without a base: tuned {gently}against an adversary that looks for triggers (unlearn)"
    return [Step(repair, GENTLY if target is None else _at(target)), *last], [how, *why_last]


def _balanced(target: int | None) -> _Found:
    """Only where it leans: of some tasks texts that say less have a label of their own, and are right to get it."""
    if target is None:
        return [], []
    return [Step("balance", _at(target))], ["its outputs are set so that it gives that label reluctantly (balance)"]


def _at(target: int) -> dict[str, str]:
    return {"target": str(target)}


def _decided(strategy: str, steps: list[Step], reasons: list[str]) -> tuple[Recipe, DecisionRecord]:
    return Recipe(strategy, treatments=tuple(steps)), DecisionRecord(tuple(filter(None, reasons)))


def _named(suspects: tuple[SuspectHead, ...], fate: str) -> str:
    """Which heads forensics names, and what becomes of them; empty for none."""
    if not suspects:
        return ""
    named = ", ".join(str(suspect.head) for suspect in suspects[:MOST_NAMED])
    more = f" and {len(suspects) - MOST_NAMED} more" if len(suspects) > MOST_NAMED else ""
    return f"forensics names {named}{more}: {fate}"
