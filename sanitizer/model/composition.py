"""How strongly a head reads what heads of the layer before wrote: composition, from the weights alone.

Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits: with W_QK = W_Q^T W_K and W_OV = W_O W_V,
the composition of an earlier head 1 with a later head 2 is |W_QK2^T W_OV1| / (|W_QK2| |W_OV1|) through its queries,
|W_QK2 W_OV1| / (|W_QK2| |W_OV1|) through its keys, |W_OV2 W_OV1| / (|W_OV2| |W_OV1|) through its values, in Frobenius
norms. Departure: layer norms between them are left out, weights of theirs included.

Nothing of size hidden x hidden is made: |A M B|_F of low-rank factors is a trace over head_dim x head_dim matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from sanitizer.heads import Grid
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.outliers import deviations

LEAST = 1e-12

Links = Annotated[Tensor, "[kind, earlier head, later head]"]
Step = Annotated[Tensor, "[earlier head, later head]"]


def links(earlier: Sequence[HeadSlice], later: Sequence[HeadSlice]) -> Links:
    """Compositions through queries, keys and values, each in [0, 1]; 0 where a head writes or asks nothing at all."""
    write, value = (torch.stack([one.parts()[name] for one in earlier]) for name in ("output", "value"))
    query, key, read, out = (
        torch.stack([two.parts()[name] for two in later]) for name in ("query", "key", "value", "output")
    )
    spoken = value @ value.mT
    wrote = _product(write.mT @ write, spoken)
    found = []
    for left, right in ((key, query), (query, key), (out.mT, read)):
        # |left^T right write value|_F for each pair, where right write is head_dim x head_dim
        inner = torch.einsum("bdh,ahe->abde", right, write)
        outer = left @ left.mT
        strength = torch.einsum("abde,bdf,abfg,aeg->ab", inner, outer, inner, spoken).clamp(min=0).sqrt()
        whole = _product(outer, right @ right.mT)
        found.append(strength / (wrote[:, None] * whole[None, :]).clamp(min=LEAST))
    return torch.stack(found)


def standing_out(earlier: Sequence[HeadSlice], later: Sequence[HeadSlice]) -> Step:
    """How far each link between two layers stands out, by whichever kind it does so most.

    That is the robust deviation of its logarithm from those of the other links between them; one that is 0 does not
    stand out at all.
    """
    logs = links(earlier, later).log().nan_to_num(neginf=math.nan).flatten(1)
    apart = torch.tensor([deviations([kind.tolist()])[0] for kind in logs]).nan_to_num(nan=0.0).amax(dim=0)
    return apart.reshape(len(earlier), len(later))


def chains(steps: Sequence[Step], first: int) -> Grid:
    """For each head the strongest chain through it: the mean over the links of how far each stands out, [layer][head].

    A chain has one head of each layer, and a step (`standing_out`) leads from a layer to the next; the first has so
    many heads. 0 in a model of one layer.
    """
    if not steps:
        return ((0.0,) * first,)
    before, after = [torch.zeros(first)], [torch.zeros(steps[-1].shape[1])]
    for step in steps:
        before.append((before[-1][:, None] + step).amax(dim=0))
    for step in reversed(steps):
        after.insert(0, (step + after[0][None, :]).amax(dim=1))
    return tuple(tuple(((first + rest) / len(steps)).tolist()) for first, rest in zip(before, after, strict=True))


def _product(left: Tensor, right: Tensor) -> Tensor:
    """|A B|_F of each of a batch, from A^T A and B B^T."""
    return (left * right).sum(dim=(1, 2)).clamp(min=0).sqrt()
