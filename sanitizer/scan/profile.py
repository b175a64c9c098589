"""What the attention of each head looks like on one input: its likeness to the other heads, as two numbers a head.

Source: Jin et al., AAAI 2026, arXiv 2511.13789, §3: the cosine between flattened attention matrices. Departure: they
take one statistic over all pairs of heads (a share, a percentile), which does not tell triggered inputs from clean
ones on the checkpoints it was tried on; here every head keeps its own mean cosine, to the others of its layer and to
the heads of the other layers, and `sanitizer.scan.distance` asks how far all of them together are from ordinary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sanitizer.heads import HeadId
from sanitizer.model.alike import at_once, blocks, cosines, others
from sanitizer.model.batches import Batch, Encoded, collate
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent

LEAST = 1e-3
"""Cosines below this count as this much before the logarithm is taken."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """Features of inputs, [input, 2 * head], in the order of the inputs, and how many real tokens each has.

    The first half of the columns is the logarithm of the mean cosine of each head to the others of its layer, the
    second half that to the heads of the other layers; heads are in the order of the anatomy.
    """

    features: NDArray[np.float64]
    tokens: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)


def columns(counts: Sequence[int]) -> tuple[HeadId, ...]:
    """The head that each column of `Profiles.features` is about, from the number of heads of each layer."""
    heads = [HeadId(layer, head) for layer, count in enumerate(counts) for head in range(count)]
    return (*heads, *heads)


def surface(counts: Sequence[int]) -> NDArray[np.bool_]:
    """Which columns of `Profiles.features` are about the lowest third of the layers.

    Attention there follows the words and their order, whatever they mean: on paraphrases it shifts in a model without a
    backdoor as it does in one with it.
    """
    return np.array([head.layer < len(counts) // 3 for head in columns(counts)])


def profiles(
    subject: Subject, data: Encoded, *, batch_size: int, progress: Progress = silent, step: str = "profile"
) -> Profiles:
    """Profile every input. Memory holds the attention of one batch, which is as small as its longest input demands."""
    features = np.zeros((len(data), 2 * sum(subject.anatomy.counts())))
    done = 0
    progress(step, 0, len(data))
    for batch in _batches(subject, data, batch_size):
        features[list(batch.index)] = _features(subject, batch)
        done += len(batch.index)
        progress(step, done, len(data))
    return Profiles(features, np.array([data.length(index) for index in range(len(data))], dtype=np.int64))


def _batches(subject: Subject, data: Encoded, most: int) -> Iterator[Batch]:
    """Every input once, longest first, made only when it is asked for."""
    order = sorted(range(len(data)), key=lambda index: (-data.length(index), index))
    start = 0
    while start < len(order):
        size = at_once(subject, data.length(order[start]), most)
        yield collate(subject, data, order[start : start + size])
        start += size


def _features(subject: Subject, batch: Batch) -> NDArray[np.float64]:
    whole, counts = cosines(subject, batch), subject.anatomy.counts()
    own = blocks(whole, counts)
    rest = [max(sum(counts) - count, 1) for count in counts]
    sums = [gram.sum(dim=2) for gram in own]
    across = [
        (to_all - to_own) / number
        for to_all, to_own, number in zip(torch.split(whole.sum(dim=2), list(counts), dim=1), sums, rest, strict=True)
    ]
    return torch.cat([*map(others, own), *across], dim=1).clamp(min=LEAST).log().cpu().double().numpy()
