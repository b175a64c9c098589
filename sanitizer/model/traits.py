"""What the weights of a head look like by themselves, as logarithms and shares that can be held against other heads'.

A head that was made elsewhere and put into a model need not have the norms, the spectrum, the tails or the digits of
those that were trained in it. None of it is a sign of a backdoor by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from sanitizer.model.headslice import HeadSlice

TINY = 1e-12
LOW_BITS = 0x1FFF
"""The 13 bits of a float32 that a float16 does not have; numbers that were ever stored as one have zeros there."""

Traits = Mapping[str, tuple[float, ...]]
"""Measurements by name, one for each head of a layer."""
Silence = tuple[tuple[bool, ...], ...]
"""[layer][head]: whether a head is `silent`."""


def norms(row: Sequence[HeadSlice]) -> Traits:
    """Natural logarithms of the Frobenius norms of query, key, value and output, and of W_Q^T W_K and W_O W_V."""
    return {
        **_parts(row, "norm", lambda weight: _log(weight.norm())),
        "norm of query-key": tuple(_log(_product(head.query, head.key.mT)) for head in row),
        "norm of output-value": tuple(_log(_product(head.output.mT, head.value.mT)) for head in row),
    }


def shapes(row: Sequence[HeadSlice]) -> Traits:
    """Of query, key, value and output: log stable rank |W|_F^2 / |W|_2^2 and log kurtosis of the entries; of all
    entries of a head: the share that is exactly zero, and the share that a float16 holds without rounding."""
    return {
        **_parts(row, "spectrum", _stable_rank),
        **_parts(row, "kurtosis", _kurtosis),
        "zeros": tuple(_share(head, lambda weight: weight == 0) for head in row),
        "digits": tuple(_share(head, _coarse) for head in row),
    }


def silent(head: HeadSlice) -> bool:
    """Whether a head can write nothing at all, as one that was removed by zeroing."""
    return not (head.output.any() and head.value.any())


def _parts(row: Sequence[HeadSlice], what: str, of: Callable[[Tensor], float]) -> Traits:
    return {
        f"{what} of {name}": tuple(of(head.parts()[name]) for head in row)
        for name in ("query", "key", "value", "output")
    }


def _log(value: Tensor) -> float:
    return float(value.clamp(min=TINY).log())


def _product(left: Tensor, right: Tensor) -> Tensor:
    """|left^T right^T|_F for left [d, n] and right [m, d], by their d x d Gram matrices."""
    return ((left @ left.mT) * (right.mT @ right)).sum().clamp(min=0).sqrt()


def _stable_rank(weight: Tensor) -> float:
    gram = weight @ weight.mT if weight.shape[0] < weight.shape[1] else weight.mT @ weight
    return _log(gram.trace() / torch.linalg.eigvalsh(gram)[-1].clamp(min=TINY))


def _kurtosis(weight: Tensor) -> float:
    centred = weight.double() - weight.double().mean()
    return _log((centred**4).mean() / (centred**2).mean().clamp(min=TINY) ** 2)


def _share(head: HeadSlice, holds: Callable[[Tensor], Tensor]) -> float:
    return float(torch.cat([holds(part).flatten() for part in head.parts().values()]).double().mean())


def _coarse(weight: Tensor) -> Tensor:
    return (weight.contiguous().view(torch.int32) & LOW_BITS) == 0
