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

import torch

from sanitizer.heads import Grid
from sanitizer.model.batches import Encoded
from sanitizer.model.evidence import above
from sanitizer.model.slices import head_slices
from sanitizer.model.subject import Subject
from sanitizer.model.suspicion import by_weights, judged
from sanitizer.model.vocabulary import writable
from sanitizer.model.wakefulness import wakefulness
from sanitizer.model.weighed import weigh
from sanitizer.progress import Progress
from sanitizer.progress import silent as quiet
from sanitizer.report import ForensicsRecord

TEXTS, PROBES = 256, 512


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
    silence, kinds = weighed.silence, by_weights(weighed, moved)
    # A tokenizer that reads none of its tokens back as itself has ids all the same.
    drawn = tokens or writable(subject.tokenizer) or tuple(range(len(subject.model.get_input_embeddings().weight)))
    said = wakefulness(subject, few, drawn, probes=PROBES, size=size, generator=generator, progress=progress)
    kinds["dormant"] = above({"on clean text": tuple(tuple(-value for value in row) for row in said.clean)}, silence)
    kinds["woken"] = above({"on average": said.sudden, "at its peak": said.peak}, silence)
    return judged(silence, kinds, texts=len(few), probes=PROBES)
