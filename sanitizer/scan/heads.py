"""One look at a suspect: how alike its heads attend on clean text, how much the clean loss depends on each, whether any
looks planted; and where the whole model leans."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sanitizer.cleandata import Part
from sanitizer.model.alike import at_once, chunks
from sanitizer.model.base import Base
from sanitizer.model.batches import Batch, Encoded, batches, encode
from sanitizer.model.drift import distances
from sanitizer.model.forensics import examine
from sanitizer.model.importance import gate_importance
from sanitizer.model.leaning import leaning
from sanitizer.model.safety import judged
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import ScanRecord
from sanitizer.scan.ablation import ablation
from sanitizer.scan.flips import flips
from sanitizer.scan.similarity import similarity

INPUTS = 256
TOKENS = 128
LEANING_INPUTS = 1000
"""More say no more of where a model leans."""


def scan_heads(
    subject: Subject,
    part: Part,
    *,
    batch_size: int,
    ablate: bool = False,
    base: Base | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> ScanRecord:
    """Similarity, gradient importance, safety score and forensics over the first 256 texts.

    What a label stands for is not in every part of a text, so importance is that of the first 128 tokens of each.
    With `ablate`, and at the cost of about half a pass over these texts for each head, what accuracy changes by without
    it; `seed` is for the intervals, for the odd texts on which answers may flip and for the probes of forensics. `part`
    needs labels if the model is a classifier. How far heads are from those of a `base` is evidence for
    forensics, if none has been cut out. To which label a classifier leans is seen on all labelled texts of `part`, for
    few say little of that, up to 1000. Memory does not grow with the number of texts.
    """
    labels, prompts = (None if values is None else values[:INPUTS] for values in (part.labels, part.prompts))
    few = Part(part.texts[:INPUTS], labels, prompts)
    data = encode(subject, few, most_tokens=TOKENS)
    alike = similarity(subject, compared(subject, few.asked, batch_size=batch_size), progress=progress)
    importance = gate_importance(subject, batches(subject, data, size=batch_size), progress=progress)
    ablated = ablation(subject, data, size=batch_size, seed=seed, progress=progress) if ablate else ()
    turned = flips(subject, few.texts, batch_size=batch_size, most_tokens=TOKENS, seed=seed, progress=progress)
    generator = torch.Generator().manual_seed(seed)
    moved = None if base is None else distances(subject, base)
    planted = examine(subject, data, size=batch_size, generator=generator, moved=moved, progress=progress)
    leans = None
    if subject.task == "classification" and part.labels is not None:
        more = encode(subject, Part(part.texts[:LEANING_INPUTS], part.labels[:LEANING_INPUTS]), most_tokens=TOKENS)
        leans = leaning(subject, more, size=batch_size, generator=generator, progress=progress)
    return ScanRecord(
        similarity=alike.records,
        mean_similarity=alike.mean,
        importance=importance,
        safety=judged(alike.nearest, importance),
        inputs=len(few),
        ablation=ablated,
        flips=turned,
        cosines=alike.cosines,
        forensics=planted,
        leaning=leans,
    )


def compared(subject: Subject, texts: Sequence[str], *, batch_size: int) -> tuple[Batch, ...]:
    """Batches to compare heads on: whole texts in chunks of at most 128 tokens, of which 256, evenly spread."""
    found, _ = chunks(subject, texts, most_tokens=TOKENS)
    few = min(INPUTS, len(found))
    data = Encoded(tuple(found.rows[place * len(found) // few] for place in range(few)), None)
    return batches(subject, data, size=at_once(subject, max(map(data.length, range(few))), batch_size))
