"""One look at all heads on clean text: how alike they attend, and how much the clean loss depends on each."""

from __future__ import annotations

from sanitizer.cleandata import Part
from sanitizer.model.alike import at_once
from sanitizer.model.batches import batches, encode
from sanitizer.model.importance import gate_importance
from sanitizer.model.safety import judged
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import ScanRecord
from sanitizer.scan.ablation import ablation
from sanitizer.scan.similarity import similarity

INPUTS = 256
TOKENS = 128


def scan_heads(
    subject: Subject,
    part: Part,
    *,
    batch_size: int,
    ablate: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> ScanRecord:
    """Similarity, gradient importance and safety score over the first 256 texts, each cut at 128 tokens.

    With `ablate`, and at the cost of about half a pass over these texts for each head, what accuracy changes by without
    it; `seed` is for the intervals. `part` needs labels if the model is a classifier. Memory does not grow with the
    number of texts.
    """
    few = Part(part.texts[:INPUTS], None if part.labels is None else part.labels[:INPUTS])
    data = encode(subject, few, most_tokens=TOKENS)
    size = at_once(subject, max(data.length(index) for index in range(len(data))), batch_size)
    alike = similarity(subject, batches(subject, data, size=size), progress=progress)
    importance = gate_importance(subject, batches(subject, data, size=batch_size), progress=progress)
    ablated = ablation(subject, data, size=batch_size, seed=seed, progress=progress) if ablate else ()
    return ScanRecord(alike.records, alike.mean, importance, judged(alike.nearest, importance), len(few), ablated)
