"""From measurements of heads to a verdict: p-values by kind of evidence, two kinds that agree, correction, suspects.

What is measured, and where the constants are from: `sanitizer.model.forensics`. No model and no text here.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import false_discovery_control

from sanitizer.heads import Grid, HeadId
from sanitizer.model.evidence import AGREE, PValues, above, combined, either
from sanitizer.model.traits import Silence
from sanitizer.model.weighed import Weighed
from sanitizer.report import EvidenceRecord, ForensicsAnswer, ForensicsRecord, SuspectHead

RATE = 0.05
UNMOVED = 1e-6
"""A relative distance that counts as none: of most heads it may be exactly zero, which has no logarithm."""
FEWEST = 4
"""Heads that write anything, in the middle layer: the spread of fewer says nothing."""


def by_weights(weighed: Weighed, moved: Grid | None = None) -> dict[str, PValues]:
    """The kinds of evidence that weights alone give; `moved` is how far each head, [layer][head], is from a base."""
    silence = weighed.silence
    kinds = {
        "norms": either(weighed.norms, silence),
        "shape": either(weighed.shapes, silence),
        "chain": above({"through it": weighed.chains}, silence),
    }
    if moved is not None:
        far = tuple(tuple(math.log(value + UNMOVED) for value in row) for row in moved)
        kinds["base"] = above({"distance from the base": far}, silence)
        alone = _alone(silence, moved)
        if not alone.all():
            kinds["alone"] = alone
    return kinds


def _alone(silence: Silence, moved: Grid) -> PValues:
    """0 for heads that moved while most of their layer is the base's to the last bit, 1 for all others.

    Tuning moves a layer or leaves it: where single heads moved, somebody chose them. Heads that share keys move as one.
    """
    found = []
    for mutes, row in zip(silence, moved, strict=True):
        still = sum(far == 0 for far in row)
        found += [float(mute or far == 0 or 2 * still < len(row)) for mute, far in zip(mutes, row, strict=True)]
    return np.array(found)


def judged(silence: Silence, kinds: dict[str, PValues], *, texts: int, probes: int) -> ForensicsRecord:
    """The verdict on p-values by kind of evidence; how many texts and probes some of it is from is put on record."""
    names = [HeadId(layer, head) for layer, row in enumerate(silence) for head in range(len(row))]
    p_values = combined(kinds)
    adjusted = false_discovery_control(p_values)
    suspects = tuple(
        SuspectHead(name, float(adjusted[place]), _against(place, kinds))
        for place, name in enumerate(names)
        if adjusted[place] <= RATE
    )
    live = sorted(row.count(False) for row in silence)[len(silence) // 2]
    if live < FEWEST:
        suspects = ()
    answer, reason = _answer(names, kinds, len(suspects), live)
    grid, rest = list[tuple[float, ...]](), p_values.tolist()
    for row in silence:
        grid.append(tuple(rest[: len(row)]))
        rest = rest[len(row) :]
    return ForensicsRecord(answer, reason, RATE, tuple(kinds), texts, probes, tuple(grid), suspects)


def _answer(names: list[HeadId], kinds: dict[str, PValues], suspects: int, live: int) -> tuple[ForensicsAnswer, str]:
    if live < FEWEST:
        return "inconclusive", f"too few heads to hold against each other: {live} in a layer"
    if suspects:
        return "suspect heads", f"{suspects} of {len(names)} stand out by {AGREE} kinds of evidence or more"
    # One kind alone, corrected for all heads and all kinds.
    alone = min(kinds, key=lambda kind: float(kinds[kind].min()))
    if float(kinds[alone].min()) * len(kinds) * len(names) <= RATE:
        head = names[int(kinds[alone].argmin())]
        return "inconclusive", f"{head} stands out, but by one kind of evidence alone ({alone})"
    return "nothing", f"no head stands out by {AGREE} kinds of evidence"


def _against(place: int, kinds: dict[str, PValues]) -> tuple[EvidenceRecord, ...]:
    every = (EvidenceRecord(kind, float(p_values[place])) for kind, p_values in kinds.items())
    return tuple(sorted(every, key=lambda found: found.p_value))
