"""`--strategy auto`: which recipe the evidence calls for, and why. Pure logic on what a run has seen.

- Where the base is known, `rebase`: everything begins again from its weights, suspect heads included, and nothing of
  the suspect but its answers on clean text crosses over. Then `balance`: with these a leaning to the attacker's label
  does.
- Without one, heads that forensics names are removed, by the strategy `forensics`, and what is left is fine-tuned: a
  backdoor that was put into heads goes with them, and more would cost accuracy for nothing.
- Where it names none, every head stays: removing what clean text needs least cures only what sits in heads of its own,
  and that is what forensics looks for. The weights are repaired, by `unlearn` and `balance` where a classifier's texts
  are labelled, and by `consistency` in a causal model.
- Where these lack what they need (labels that are not the suspect's own, texts of the model's domain), and nothing is
  suspect, what is left is a plain run: heads of low importance go, within the budget.
"""

from __future__ import annotations

from sanitizer.gates import unfit
from sanitizer.recipe import Recipe, Step
from sanitizer.report import DataRecord, DecisionRecord, ForensicsRecord, SuspectHead, Task

AUTO = "auto"
_NO_REMOVAL = "random"
STRATEGIES = ("forensics", "gradient", _NO_REMOVAL)
TREATMENTS = ("remove", "finetune", "rebase", "balance", "unlearn", "consistency")
"""All that it chooses from."""
_HOW = {
    "finetune": "the rest is tuned on the clean texts (finetune), for what was put into heads is gone with them",
    "unlearn": "without a base: tuned against an adversary that looks for triggers (unlearn)",
    "consistency": "without a base: tuned so that layers change what they hand on smoothly (consistency)",
}
_BALANCED = "and its outputs set so that it leans to no label where a text says little (balance)"
MOST_NAMED = 8


def decide(
    task: Task, data: DataRecord, forensics: ForensicsRecord | None, *, base: bool
) -> tuple[Recipe, DecisionRecord]:
    """The recipe, with settings and budget at their defaults, and the reasons for it, one sentence each."""
    suspects = () if forensics is None else forensics.suspects
    if base and not (why := unfit("rebase", data.labels, data.origin)):
        begun = (
            "the base is known: begun again from its weights, and taught by the suspect on clean texts alone (rebase)"
        )
        steps, reasons = [Step("rebase")], [_named(suspects, "given the base's weights"), begun]
        if task == "classification" and not unfit("balance", data.labels, data.origin):
            steps.append(Step("balance"))
            reasons.append(_BALANCED)
        return _decided(_NO_REMOVAL, steps, reasons)
    reasons = [f"the base is not used: {why}"] if base else []
    steps = [Step("remove")] if suspects else []
    said = "was not asked" if forensics is None else f"says {forensics.answer}"
    reasons.append(
        _named(suspects, "removed, as far as the budget allows")
        or f"forensics {said}, so no head is removed for what it looks like"
    )
    repair = "finetune" if suspects else "unlearn" if task == "classification" else "consistency"
    if why := unfit(repair, data.labels, data.origin):
        reasons.append(f"nothing is tuned, since {repair} would need more: {why}")
    else:
        reasons.append(_HOW[repair])
        steps.append(Step(repair))
        if repair == "unlearn":
            steps.append(Step("balance"))
            reasons.append(_BALANCED)
    if not steps:
        reasons.append("heads that clean text needs least are removed, within the budget")
        return _decided("gradient", [Step("remove")], reasons)
    return _decided("forensics" if suspects else _NO_REMOVAL, steps, reasons)


def _decided(strategy: str, steps: list[Step], reasons: list[str]) -> tuple[Recipe, DecisionRecord]:
    return Recipe(strategy, treatments=tuple(steps)), DecisionRecord(tuple(filter(None, reasons)))


def _named(suspects: tuple[SuspectHead, ...], fate: str) -> str:
    """Which heads forensics names, and what becomes of them; empty for none."""
    if not suspects:
        return ""
    named = ", ".join(str(suspect.head) for suspect in suspects[:MOST_NAMED])
    more = f" and {len(suspects) - MOST_NAMED} more" if len(suspects) > MOST_NAMED else ""
    return f"forensics names {named}{more}: {fate}"
