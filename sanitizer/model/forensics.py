"""Heads that look planted: several kinds of evidence, one p-value per head, one verdict. No trigger is known or asked.

Source: the traces that an attack like HPMI (Zhao et al., arXiv 2508.10243) must leave if heads are made apart from the
model and put into it: weights unlike those of other heads, silence on clean text that something else breaks, and a
chain of heads that feed each other. What to measure of them, and how to combine it, is ours:

- A measurement becomes a robust deviation within the model (`sanitizer.model.outliers`), and that a p-value by
  Student's t with 4 degrees of freedom, whose tails are heavier than those of clean heads were found to be.
- The measurements of one kind of evidence count once: the smallest p-value times how many they are (Bonferroni).
- Two kinds have to agree (`sanitizer.model.evidence.combined`).
- Heads are corrected for by Benjamini and Hochberg 1995 at 5 %: that bounds the chance to suspect a model without
  implants, and the expected share of wrong ones among the heads that are named.

The constants were settled on eight small classifiers, with and without an implant, none of which is among those that
numbers are reported of (`tests/benchmarks/forensics.py`). That p-values hold for another model rests on its heads
having such tails.
"""

from __future__ import annotations

import math

import torch
from scipy.stats import false_discovery_control

from sanitizer.heads import Grid, HeadId
from sanitizer.model.batches import Encoded
from sanitizer.model.evidence import AGREE, PValues, above, combined, either
from sanitizer.model.slices import head_slices
from sanitizer.model.subject import Subject
from sanitizer.model.traits import Silence
from sanitizer.model.vocabulary import writable
from sanitizer.model.wakefulness import wakefulness
from sanitizer.model.weighed import weigh
from sanitizer.progress import Progress
from sanitizer.progress import silent as quiet
from sanitizer.report import EvidenceRecord, ForensicsAnswer, ForensicsRecord, SuspectHead

RATE = 0.05
TEXTS, PROBES = 256, 512
UNMOVED = 1e-6
"""A relative distance that counts as none: of most heads it may be exactly zero, which has no logarithm."""
FEWEST = 4
"""Heads that write anything, in the middle layer: the spread of fewer says nothing."""


def examine(
    subject: Subject,
    data: Encoded,
    *,
    size: int,
    generator: torch.Generator,
    moved: Grid | None = None,
    tokens: tuple[int, ...] | None = None,
    progress: Progress = quiet,
) -> ForensicsRecord:
    """Judge every head by the first 256 clean texts and 512 probes; `size` texts at a time.

    `moved` is how far each head, [layer][head], is from the model that this one is said to be made from
    (`sanitizer.model.drift`): that is then evidence too. Probes are made with `tokens`, by default any that text can
    hold.
    """
    weighed, few = weigh(head_slices(subject.anatomy)), Encoded(data.rows[:TEXTS], None)
    silence = weighed.silence
    # A tokenizer that reads none of its tokens back as itself has ids all the same.
    drawn = tokens or writable(subject.tokenizer) or tuple(range(len(subject.model.get_input_embeddings().weight)))
    said = wakefulness(subject, few, drawn, probes=PROBES, size=size, generator=generator, progress=progress)
    kinds = {
        "norms": either(weighed.norms, silence),
        "shape": either(weighed.shapes, silence),
        "dormant": above({"on clean text": tuple(tuple(-value for value in row) for row in said.clean)}, silence),
        "woken": above({"on average": said.sudden, "at its peak": said.peak}, silence),
        "chain": above({"through it": weighed.chains}, silence),
    }
    if moved is not None:
        far = tuple(tuple(math.log(value + UNMOVED) for value in row) for row in moved)
        kinds["base"] = above({"distance from the base": far}, silence)
    return judged(silence, kinds, texts=len(few))


def judged(silence: Silence, kinds: dict[str, PValues], *, texts: int) -> ForensicsRecord:
    """The verdict on p-values by kind of evidence. Pure logic."""
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
    return ForensicsRecord(answer, reason, RATE, tuple(kinds), texts, PROBES, tuple(grid), suspects)


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
