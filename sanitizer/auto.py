"""`--strategy auto`: which recipe the evidence calls for, and why. Pure logic on what a run has seen.

- Heads that forensics names are removed, by the strategy `forensics`; otherwise every head stays, because removing what
  clean text needs least cures only what sits in heads of its own, and that is what forensics looks for.
- Then the weights that are left are repaired. From a known base, by `rebase`: it was never told the trigger, and
  nothing of the suspect but its answers on clean text crosses over. Without one, by `unlearn` where a classifier's
  texts are labelled, and by `consistency` in a causal model.
- Where none of these has what it needs (labels that are not the suspect's own, texts of the model's domain, a base),
  and nothing is suspect, what is left is a plain run: heads of low importance go, within the budget.
"""

from __future__ import annotations

from sanitizer.gates import unfit
from sanitizer.recipe import Recipe, Step
from sanitizer.report import DataRecord, DecisionRecord, ForensicsRecord, Task

AUTO = "auto"
_NO_REMOVAL = "random"
MOST_NAMED = 8


def decide(
    task: Task, data: DataRecord, forensics: ForensicsRecord | None, *, base: bool
) -> tuple[Recipe, DecisionRecord]:
    """The recipe, with settings and budget at their defaults, and the reasons for it, one sentence each."""
    reasons, steps = [], list[Step]()
    suspects = () if forensics is None else forensics.suspects
    if suspects:
        named = ", ".join(str(suspect.head) for suspect in suspects[:MOST_NAMED])
        more = f" and {len(suspects) - MOST_NAMED} more" if len(suspects) > MOST_NAMED else ""
        reasons.append(f"forensics names {named}{more}: removed, as far as the budget allows")
        steps.append(Step("remove"))
    else:
        said = "was not asked" if forensics is None else f"says {forensics.answer}"
        reasons.append(f"forensics {said}, so no head is removed for what it looks like")
    repair, why = _repair(task, data, base)
    reasons.append(why)
    steps += [Step(repair)] if repair else []
    if not steps:
        reasons.append("heads that clean text needs least are removed, within the budget")
        return Recipe("gradient", treatments=(Step("remove"),)), DecisionRecord(tuple(reasons))
    return Recipe("forensics" if suspects else _NO_REMOVAL, treatments=tuple(steps)), DecisionRecord(tuple(reasons))


def _repair(task: Task, data: DataRecord, base: bool) -> tuple[str, str]:
    """The treatment, empty for none, and why."""
    found = []
    if base:
        found.append(
            ("rebase", "the base is known: begun again from it, and taught by the suspect on clean texts alone")
        )
    if task == "classification":
        found.append(("unlearn", "no base is used: tuned against an adversary that looks for triggers"))
    else:
        found.append(("consistency", "no base is used, and a causal model has no labels to hold rewritten texts to"))
    for name, why in found:
        if not unfit(name, data.labels, data.origin):
            return name, f"{why} ({name})"
    name = found[0][0]
    return "", f"nothing is tuned, since {name} would need more: {unfit(name, data.labels, data.origin)}"
