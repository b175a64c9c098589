"""Is a set of inputs abnormal for this model, more than control texts are? Pure logic over what was measured.

Abnormal is said of inputs and proves no backdoor: measured on a classifier without one, syntactic paraphrases of its
test texts came to an area under the curve of 0.70 (0.67 to 0.72), rare-word and style triggers to 0.51 and 0.55.
"""

from __future__ import annotations

from collections.abc import Mapping

from sanitizer.report import SetAnswer
from sanitizer.scan.conformal import Shift

SIGNIFICANT = 0.01
"""Chance of a false alarm over a clean set, shared by the two statistics."""
ALIKE = 0.6
"""An area under the curve whose whole interval lies between this and its mirror image is taken for no difference."""


def verdict(inputs: Shift, controls: Mapping[str, Shift], fpr: float) -> tuple[SetAnswer, str]:
    """The answer and its reason in a line.

    `abnormal`: the share of flagged inputs, or the distances as a whole, are beyond chance, and beyond every control.
    `alike`: neither is beyond chance, and the intervals are narrow enough to say so. Else `inconclusive`.
    """
    shares = {name: (one.flagged_low, one.flagged_high, one.flagged) for name, one in controls.items()}
    areas = {name: (one.auc_low, one.auc_high, one.auc) for name, one in controls.items()}
    found = (
        (inputs.p_flagged, inputs.flagged_low, "share of flagged inputs", inputs.flagged, shares),
        (inputs.p_auc, inputs.auc_low, "area under the curve", inputs.auc, areas),
    )
    matched = []
    for p_value, low, what, value, others in found:
        if p_value > SIGNIFICANT / len(found):
            continue
        above = [f"{name} {middle:.2f}" for name, (_, high, middle) in others.items() if high >= low]
        if not above:
            return "abnormal", f"{what} {value:.2f}: beyond chance (p = {p_value:.1g}) and beyond every control"
        matched.append(f"{what} {value:.2f} is beyond chance, but controls come near it: {', '.join(above)}")
    if matched:
        return "inconclusive", "; ".join(matched)
    if inputs.auc_low >= 1 - ALIKE and inputs.auc_high <= ALIKE and inputs.flagged_high <= 3 * fpr:
        return "alike", f"area under the curve {inputs.auc:.2f}, {100 * inputs.flagged:.1f} % flagged: as clean inputs"
    return "inconclusive", f"no difference beyond chance, but {inputs.n} inputs leave room for one"
